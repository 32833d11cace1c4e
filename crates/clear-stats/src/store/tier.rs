//! What of the columns is in memory, where there is a budget for them.
//!
//! In:    a [`Place`] and a number of bytes; chunks, as they fill up and are used.
//! Out:   columns that are at hand or put aside, never more than the budget at hand (what readers hold beside).
//! Never: lets go of a value that is nowhere else; keeps one aside that was expunged.
//!
//! # How
//! A projection that fits the budget stays in memory. When it grows beyond, whole chunks are put aside, those first that were not used
//! for longest, until half of the budget is free of what is only in memory. What is put aside can be let go: columns one by one, in the
//! order of a clock with a second chance, as others are read. Heads of chunks (labels, ids, numbers, zones) always stay.
//!
//! INVARIANT (an expungement leaves nothing aside): [`Tier::expunge`] destroys every object that has the row, whichever version of a chunk
//! it is of, before the row goes. No object is made meanwhile (`turn`), and none afterwards of what was frozen before (`expunged`).

use std::collections::{HashSet, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, Weak};

use clear_cold::{Error, Object, Place};

use super::chunk::Chunk;
use super::column::{Aside, CLOCK, Column};
use crate::sets::Set;

/// The budget for columns, and where the others go.
#[derive(Debug)]
pub(crate) struct Tier {
    place: Place,
    /// Bytes of columns that may be at hand.
    budget: AtomicUsize,
    cached: Mutex<Cached>,
    /// Objects that somebody could still read.
    kept: Mutex<Vec<Kept>>,
    /// Held while an object is made, and while something is expunged.
    turn: Mutex<()>,
    /// Held by a writer, while it counts on what it has thawed; whoever lets columns go has it alone, or lets nothing go.
    writing: RwLock<()>,
    /// How often something was expunged.
    expunged: AtomicU64,
    /// Bytes that came to be only in memory since that was last looked at.
    grown: AtomicUsize,
    /// Whether so much is only in memory, and cannot be put aside, that no more may come.
    over: AtomicBool,
}

/// Columns that are at hand and aside as well.
#[derive(Debug, Default)]
struct Cached {
    bytes: usize,
    /// How many there may be.
    most: usize,
    /// Each with its size, and when it had been used when it came into line.
    line: VecDeque<(Weak<Column>, usize, u64)>,
}

/// One object: which rows of which set it has, by their numbers, and whose columns.
#[derive(Debug)]
struct Kept {
    object: Weak<Object>,
    set: &'static str,
    numbers: Arc<Vec<u32>>,
    columns: Vec<Weak<Column>>,
}

impl Kept {
    fn has(&self, set: &str, number: u32) -> bool {
        self.set == set && self.numbers.contains(&number)
    }
}

/// A chunk that may be put aside.
#[derive(Debug)]
pub(crate) struct Candidate {
    /// Of which set.
    pub(crate) set: &'static Set,
    /// Whether it is being filled.
    pub(crate) is_last: bool,
    pub(crate) chunk: Arc<Chunk>,
}

impl Tier {
    pub(crate) fn new(place: Place, budget: usize) -> Tier {
        Tier {
            place,
            budget: AtomicUsize::new(budget),
            cached: Mutex::new(Cached { most: budget, ..Cached::default() }),
            kept: Mutex::default(),
            turn: Mutex::default(),
            writing: RwLock::default(),
            expunged: AtomicU64::new(0),
            grown: AtomicUsize::new(1),
            over: AtomicBool::new(false),
        }
    }

    /// A moment of expungements: what was frozen at one may be put aside as long as it is still that one.
    pub(crate) fn moment(&self) -> u64 {
        self.expunged.load(Ordering::SeqCst)
    }

    /// Bytes of all objects that somebody could still read.
    pub(crate) fn bytes_aside(&self) -> u64 {
        lock(&self.kept).iter().filter_map(|kept| kept.object.upgrade()).map(|object| object.bytes()).sum()
    }

    pub(crate) fn budget(&self) -> usize {
        self.budget.load(Ordering::Relaxed)
    }

    #[cfg(test)]
    pub(crate) fn rebudget(&self, budget: usize) {
        self.budget.store(budget, Ordering::Relaxed);
    }

    /// Notes that a column was read back.
    pub(crate) fn took(&self, column: &Arc<Column>, bytes: usize) {
        let mut cached = lock(&self.cached);
        cached.bytes += bytes;
        cached.line.push_back((Arc::downgrade(column), bytes, column.used()));
        self.shrink(&mut cached);
    }

    /// Keeps columns at hand that are, as long as a writer holds this.
    pub(crate) fn hold(&self) -> RwLockReadGuard<'_, ()> {
        self.writing.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn shrink(&self, cached: &mut Cached) {
        // Whoever waited here would hold the line of those for whom the writer waits. The next one lets go.
        if let Ok(_alone) = self.writing.try_write() {
            cached.shrink();
        }
    }

    /// Notes that columns are only in memory.
    pub(crate) fn grew(&self, bytes: usize) {
        self.grown.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Notes that a column is only in memory again.
    pub(crate) fn thawed(&self) {
        self.grew(1);
    }

    /// Whether chunks may have to be put aside.
    pub(crate) fn has_grown(&self) -> bool {
        self.grown.load(Ordering::Relaxed) > 0
    }

    /// Whether it cannot wait.
    pub(crate) fn is_pressing(&self) -> bool {
        self.grown.load(Ordering::Relaxed) > self.budget() / 2
    }

    /// Whether twice the budget is in memory, because nothing can be put aside.
    pub(crate) fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    /// Puts chunks aside until what is only in memory is half of the budget at most, if it is more than the whole. They are all
    /// chunks that there are, as they were at a moment of expungements.
    ///
    /// # Errors
    /// When an object cannot be written; what was put aside before is.
    pub(crate) fn settle(self: &Arc<Tier>, chunks: &[Candidate], moment: u64) -> Result<(), Error> {
        self.place.sweep();
        lock(&self.kept).retain(|kept| kept.object.strong_count() > 0);
        let grown = self.grown.swap(0, Ordering::Relaxed);
        let mut only_here: usize = chunks.iter().map(|of| of.chunk.bytes_only_here()).sum();
        let settled = if only_here + self.at_hand_too() > self.budget() {
            self.put_aside(chunks, &mut only_here, moment)
        } else {
            Ok(())
        };
        if settled.is_err() {
            self.grew(grown.max(1));
        }
        self.over.store(settled.is_err() && only_here / 2 > self.budget(), Ordering::Relaxed);
        let mut cached = lock(&self.cached);
        cached.most = self.budget().saturating_sub(only_here);
        cached.tidy();
        self.shrink(&mut cached);
        settled
    }

    fn at_hand_too(&self) -> usize {
        let mut cached = lock(&self.cached);
        cached.tidy();
        cached.bytes
    }

    fn put_aside(self: &Arc<Tier>, chunks: &[Candidate], only_here: &mut usize, moment: u64) -> Result<(), Error> {
        if *only_here <= self.budget() / 2 {
            return Ok(());
        }
        // The last one is being filled: it goes when nothing else is left to go.
        let mut order: Vec<(bool, u64, &Candidate)> =
            chunks.iter().map(|of| (of.is_last, of.chunk.used(), of)).collect();
        order.sort_by_key(|(last, used, _)| (*last, *used));
        for (.., Candidate { set, chunk, .. }) in order {
            if *only_here <= self.budget() / 2 {
                break;
            }
            let bytes = chunk.bytes_only_here();
            if bytes > 0 && self.keep(set, chunk, moment)? {
                *only_here = only_here.saturating_sub(bytes);
                self.shrink(&mut lock(&self.cached));
            }
        }
        CLOCK.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// Puts one chunk's columns aside; they stay at hand until they are let go. Whether it did: not where something was
    /// expunged meanwhile.
    ///
    /// # Errors
    /// When the object cannot be written.
    pub(crate) fn keep(self: &Arc<Tier>, set: &Set, chunk: &Chunk, moment: u64) -> Result<bool, Error> {
        // What needs the dates is found before they go.
        chunk.span()?;
        let _turn = lock(&self.turn);
        if self.moment() != moment {
            return Ok(false);
        }
        let mut columns = Vec::new();
        let mut values = Vec::new();
        for column in chunk.columns.iter().filter(|column| !column.is_aside()) {
            let Some(copy) = column.at_hand().and_then(|data| data.values()) else { continue };
            columns.push(column);
            values.push(copy);
        }
        if columns.is_empty() || chunk.rows == 0 {
            return Ok(false);
        }
        let object = Arc::new(self.place.keep(values)?);
        lock(&self.kept).push(Kept {
            object: Arc::downgrade(&object),
            set: set.alias,
            numbers: Arc::clone(&chunk.numbers),
            columns: columns.iter().map(|column| Arc::downgrade(column)).collect(),
        });
        let mut cached = lock(&self.cached);
        for (place, column) in columns.into_iter().enumerate() {
            column.put_aside(Aside { tier: Arc::clone(self), object: Arc::clone(&object), place });
            let bytes = column.bytes();
            cached.bytes += bytes;
            cached.line.push_back((Arc::downgrade(column), bytes, column.used()));
        }
        Ok(true)
    }

    /// Takes in a chunk that is read from a snapshot: into memory, as long as half of the budget is free of others.
    ///
    /// # Errors
    /// When the object cannot be written.
    pub(crate) fn admit(self: &Arc<Tier>, set: &Set, chunk: &Chunk) -> Result<(), Error> {
        let bytes = chunk.bytes_only_here();
        if self.grown.load(Ordering::Relaxed).saturating_add(bytes) <= self.budget() / 2 {
            self.grew(bytes);
            return Ok(());
        }
        self.keep(set, chunk, self.moment())?;
        let mut cached = lock(&self.cached);
        cached.most = self.budget() / 2;
        self.shrink(&mut cached);
        Ok(())
    }

    #[cfg(test)]
    pub(crate) fn objects_of(&self, rows: &[(&str, u32)]) -> Vec<Weak<Object>> {
        let kept = lock(&self.kept);
        let has =
            |kept: &&Kept| kept.object.strong_count() > 0 && rows.iter().any(|(set, number)| kept.has(set, *number));
        kept.iter().filter(has).map(|kept| kept.object.clone()).collect()
    }

    /// Destroys every object that has a row, after taking its columns back for whoever still reads them.
    ///
    /// # Errors
    /// When columns could not be had back: the objects are destroyed all the same, and these columns are gone.
    pub(crate) fn expunge(&self, set: &Set, number: u32) -> Result<(), Error> {
        let _turn = lock(&self.turn);
        self.expunged.fetch_add(1, Ordering::SeqCst);
        let mut thawed = Ok(());
        lock(&self.kept).retain(|kept| {
            let Some(object) = kept.object.upgrade() else { return false };
            if !kept.has(set.alias, number) {
                return true;
            }
            for column in kept.columns.iter().filter_map(Weak::upgrade) {
                thawed = std::mem::replace(&mut thawed, Ok(())).and(column.thaw());
            }
            object.destroy();
            false
        });
        thawed
    }
}

impl Cached {
    /// Lets columns go until no more are here than may be.
    fn shrink(&mut self) {
        // Each may have its second chance once.
        let mut turns = self.line.len() * 2;
        while self.bytes > self.most && turns > 0 {
            turns -= 1;
            let Some((column, bytes, used)) = self.line.pop_front() else { break };
            match column.upgrade().filter(|column| column.is_aside()) {
                Some(column) if column.used() > used && turns >= self.line.len() => {
                    let used = column.used();
                    self.line.push_back((Arc::downgrade(&column), bytes, used));
                }
                Some(column) if !column.let_go() => self.line.push_back((Arc::downgrade(&column), bytes, used)),
                _ => self.bytes = self.bytes.saturating_sub(bytes),
            }
        }
    }

    /// Forgets those that are not both any more.
    fn tidy(&mut self) {
        let mut known = HashSet::new();
        let is_both = |column: Arc<Column>| column.is_aside() && column.at_hand().is_some();
        self.line.retain(|(column, ..)| known.insert(column.as_ptr()) && column.upgrade().is_some_and(is_both));
        self.bytes = self.line.iter().map(|(_, bytes, _)| bytes).sum();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
