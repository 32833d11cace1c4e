//! Putting all rows in order, and putting columns aside, while rows come in.
//!
//! # How
//! Both work on a frozen table, without any lock, and their maker keeps writing meanwhile. Of a compaction, what is new is swapped in at
//! the end, and the rows that were written since it began are written once more: as many as came in, whatever the table has.
//! What is put aside is put aside for everybody who has the same columns, and nothing needs to be swapped.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use clear_cold::Error;

use super::{CHUNK_ROWS, Frozen, NOWHERE, Writer, empty_chunk};
use crate::store::Tier;
use crate::store::chunk::{Chunk, Data, GONE, Head, Key, gathered};
use crate::store::tier::Candidate;

/// Chunks that are made at once, where they need not be put aside.
const AT_ONCE: usize = 8;

/// A compaction, from its beginning to its end.
pub(crate) struct Compaction {
    /// Which one.
    id: u64,
    frozen: Arc<Frozen>,
    /// When it was frozen, as the tier counts expungements.
    moment: u64,
    /// The rows in order, and where each is, by its number; once they are made.
    made: Option<(Vec<Arc<Chunk>>, Vec<u32>)>,
    numbered: usize,
}

impl Compaction {
    /// Puts the rows in order. What comes of it is taken over by [`Writer::end_compaction`].
    ///
    /// # Errors
    /// When columns cannot be had back, or not be put aside.
    pub(crate) fn work(&mut self) -> Result<(), Error> {
        let table = &*self.frozen;
        let mut order = Order::of(&table.chunks)?;
        let mut places = vec![NOWHERE; self.numbered];
        let mut chunks: Vec<Arc<Chunk>> = Vec::new();
        let mut only_here: usize = table.chunks.iter().map(|chunk| chunk.bytes_only_here()).sum();
        loop {
            let mut rows: Vec<Vec<(usize, u16)>> = Vec::new();
            while rows.len() < AT_ONCE {
                let next = order.next(CHUNK_ROWS)?;
                if next.is_empty() {
                    break;
                }
                rows.push(next);
            }
            if rows.is_empty() {
                break;
            }
            for chunk in gathered(&table.chunks, &rows, table.set.date())? {
                for (row, number) in chunk.numbers.iter().enumerate() {
                    if let Some(place) = places.get_mut(*number as usize) {
                        *place = (chunks.len() * CHUNK_ROWS + row) as u32;
                    }
                }
                chunks.push(Arc::new(chunk));
            }
            let Some(tier) = &table.tier else { continue };
            let new = chunks.len() - rows.len()..;
            let new = chunks.get(new).unwrap_or_default();
            only_here += new.iter().map(|chunk| chunk.bytes_only_here()).sum::<usize>();
            if only_here > tier.budget() {
                for chunk in new {
                    only_here = only_here.saturating_sub(chunk.bytes_only_here());
                    if !tier.keep(table.set, chunk, self.moment)? {
                        // Something was expunged that is in these: all of it is thrown away.
                        return Ok(());
                    }
                }
            }
        }
        self.made = Some((chunks, places));
        Ok(())
    }
}

/// The rows of chunks in their order, some at a time.
struct Order<'a> {
    chunks: &'a [Arc<Chunk>],
    /// Chunks that were not begun, by their least key, the next one last.
    waiting: Vec<(Key, usize)>,
    next: BinaryHeap<Reverse<(Key, usize)>>,
    begun: Vec<Option<Begun>>,
}

struct Begun {
    order: Option<Arc<Vec<u16>>>,
    dates: Arc<Data>,
    at: usize,
}

impl<'a> Order<'a> {
    fn of(chunks: &'a [Arc<Chunk>]) -> Result<Order<'a>, Error> {
        let mut waiting = Vec::new();
        for (at, chunk) in chunks.iter().enumerate().filter(|(_, chunk)| chunk.rows > 0) {
            waiting.push((chunk.span()?.0, at));
        }
        waiting.sort_unstable_by(|one, other| other.cmp(one));
        Ok(Order { chunks, waiting, next: BinaryHeap::new(), begun: chunks.iter().map(|_| None).collect() })
    }

    fn next(&mut self, most: usize) -> Result<Vec<(usize, u16)>, Error> {
        let mut rows = Vec::with_capacity(most);
        while rows.len() < most {
            let soonest = self.next.peek().map(|Reverse((key, _))| *key);
            if let Some((least, at)) = self.waiting.last().copied()
                && soonest.is_none_or(|soonest| least <= soonest)
            {
                self.waiting.pop();
                let Some(chunk) = self.chunks.get(at) else { continue };
                let begun = Begun { order: chunk.order()?.cloned(), dates: chunk.dates()?, at: 0 };
                if let Some(place) = self.begun.get_mut(at) {
                    *place = Some(begun);
                }
                self.go_on(at);
                continue;
            }
            let Some(Reverse((_, at))) = self.next.pop() else { break };
            if let Some(Some(begun)) = self.begun.get_mut(at) {
                rows.push((at, begun.row()));
                begun.at += 1;
            }
            self.go_on(at);
        }
        Ok(rows)
    }

    /// Brings the next row of a chunk that is not gone into line.
    fn go_on(&mut self, at: usize) {
        let (Some(chunk), Some(place)) = (self.chunks.get(at), self.begun.get_mut(at)) else { return };
        let Some(begun) = place else { return };
        while begun.at < chunk.rows && chunk.labels.get(usize::from(begun.row())) == GONE {
            begun.at += 1;
        }
        if begun.at < chunk.rows {
            self.next.push(Reverse((chunk.key(usize::from(begun.row()), &begun.dates), at)));
        } else {
            *place = None;
        }
    }
}

impl Begun {
    fn row(&self) -> u16 {
        match &self.order {
            Some(order) => order.get(self.at).copied().unwrap_or(0),
            None => self.at as u16,
        }
    }
}

/// Chunks that may be put aside.
pub(crate) struct Settling {
    tier: Arc<Tier>,
    moment: u64,
    chunks: Vec<Candidate>,
}

impl Settling {
    pub(crate) fn of<'a>(tier: &Arc<Tier>, writers: impl Iterator<Item = &'a Writer>) -> Settling {
        let chunks = writers.flat_map(|writer| {
            let chunks = &writer.now.chunks;
            let of = |(at, chunk): (usize, &Arc<Chunk>)| Candidate {
                set: writer.now.set,
                is_last: at + 1 == chunks.len(),
                chunk: Arc::clone(chunk),
            };
            chunks.iter().enumerate().map(of)
        });
        Settling { tier: Arc::clone(tier), moment: tier.moment(), chunks: chunks.collect() }
    }

    /// Puts aside what has to be.
    ///
    /// # Errors
    /// When an object cannot be written.
    pub(crate) fn work(&self) -> Result<(), Error> {
        self.tier.settle(&self.chunks, self.moment)
    }
}

impl Writer {
    /// Begins to put all rows in order. What is written from now on is remembered, until the end.
    pub(crate) fn begin_compaction(&mut self) -> Compaction {
        static IDS: AtomicU64 = AtomicU64::new(0);
        let id = IDS.fetch_add(1, Ordering::Relaxed);
        self.compacting = Some((id, Vec::new()));
        let moment = self.now.tier.as_ref().map_or(0, |tier| tier.moment());
        Compaction { id, frozen: self.frozen(), moment, made: None, numbered: self.places.len() }
    }

    /// The chunks, old and new, that the end of a compaction writes.
    pub(crate) fn written_since(&self, compaction: &Compaction) -> Vec<Arc<Chunk>> {
        let (Some((_, written)), Some((chunks, places))) = (&self.compacting, &compaction.made) else {
            return Vec::new();
        };
        let mut at: BTreeSet<(bool, usize)> = BTreeSet::new();
        for number in written {
            at.extend(self.place(*number).map(|(at, _)| (false, at)));
            let new = places.get(*number as usize).filter(|place| **place != NOWHERE);
            at.extend(new.map(|place| (true, *place as usize / CHUNK_ROWS)));
        }
        let last = (!chunks.is_empty()).then(|| (true, chunks.len() - 1));
        let of = |(new, at): (bool, usize)| if new { chunks.get(at) } else { self.now.chunks.get(at) };
        at.into_iter().chain(last).filter_map(of).cloned().collect()
    }

    /// Takes over what a compaction made, and gives up the places of rows that are gone. Whether it did: not where it made nothing, is not
    /// the last one that was begun, or what was written since cannot be had back.
    pub(crate) fn end_compaction(&mut self, compaction: Compaction) -> bool {
        if self.compacting.as_ref().is_none_or(|(id, _)| *id != compaction.id) {
            return false;
        }
        let mut written = self.compacting.take().map(|(_, written)| written).unwrap_or_default();
        let Some((chunks, mut places)) = compaction.made else { return false };
        drop(compaction.frozen);
        written.sort_unstable();
        written.dedup();
        places.resize(self.places.len(), NOWHERE);
        let of = |places: &[u32], number: u32| {
            let place = places.get(number as usize).copied().filter(|place| *place != NOWHERE)? as usize;
            Some((place / CHUNK_ROWS, place % CHUNK_ROWS))
        };
        let tier = self.now.tier.clone();
        // All of it is there before anything is changed, and stays until that is done.
        for number in &written {
            let (old, new) = (of(&self.places, *number), of(&places, *number));
            let old = old.and_then(|(at, _)| self.now.chunks.get(at));
            let new = new.and_then(|(at, _)| chunks.get(at));
            if old.into_iter().chain(new).chain(chunks.last()).any(|chunk| chunk.thaw().is_err()) {
                return false;
            }
        }
        let _held = tier.as_ref().map(|tier| tier.hold());
        let is_there = |number: &u32| {
            let old = of(&self.places, *number).and_then(|(at, _)| self.now.chunks.get(at));
            let new = of(&places, *number).and_then(|(at, _)| chunks.get(at));
            old.into_iter().chain(new).all(|chunk| chunk.is_at_hand())
        };
        if !written.iter().all(is_there) || chunks.last().is_some_and(|last| !last.is_at_hand()) {
            return false;
        }
        let now = Arc::make_mut(&mut self.now);
        let before = std::mem::replace(&mut now.chunks, chunks);
        let mut refilled = Vec::new();
        for number in written {
            let old = of(&self.places, number).and_then(|(at, row)| Some((before.get(at)?, row)));
            match (old, of(&places, number)) {
                (None, None) => {}
                (None, Some((at, row))) => {
                    if let Some(chunk) = now.chunks.get_mut(at) {
                        Arc::make_mut(chunk).blank(row, now.set);
                    }
                    if let Some(place) = places.get_mut(number as usize) {
                        *place = NOWHERE;
                    }
                }
                (Some((from, row)), Some((at, to))) => {
                    let Some(chunk) = now.chunks.get_mut(at) else { continue };
                    let chunk = Arc::make_mut(chunk);
                    for column in 0..now.set.columns.len() {
                        chunk.put(to, column, from.cell(row, column));
                    }
                    let updated = from.updated.get(row).copied().unwrap_or_default();
                    chunk.relabel(to, from.labels.get(row), updated);
                }
                (Some((from, row)), None) => {
                    if now.chunks.last().is_none_or(|last| last.rows >= CHUNK_ROWS) {
                        now.chunks.push(Arc::new(empty_chunk(now.set)));
                    }
                    let at = now.chunks.len() - 1;
                    let Some(chunk) = now.chunks.get_mut(at) else { continue };
                    let chunk = Arc::make_mut(chunk);
                    let value = |of: &[u32]| of.get(row).copied().unwrap_or_default();
                    let head = Head {
                        number,
                        id: from.ids.get(row).copied().unwrap_or_default(),
                        label: from.labels.get(row),
                        created: value(&from.created),
                        updated: value(&from.updated),
                    };
                    chunk.push(head, (0..now.set.columns.len()).map(|column| from.cell(row, column)));
                    if let Some(place) = places.get_mut(number as usize) {
                        *place = (at * CHUNK_ROWS + chunk.rows - 1) as u32;
                    }
                    if chunk.rows >= CHUNK_ROWS {
                        refilled.push(at);
                    }
                }
            }
        }
        self.places = places;
        self.since_compaction = 0;
        for at in refilled {
            self.seal(at);
        }
        if let Some(tier) = &tier {
            tier.thawed();
        }
        true
    }
}
