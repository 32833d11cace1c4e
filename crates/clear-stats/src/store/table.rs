//! One set's rows: as readers hold them, and as the one writer keeps them.
//!
//! # How
//! A row that is written is first taken back into memory, with its chunk. Where that cannot be done, what was filed waits, and questions
//! about the set fail until it could be taken in; what is expunged does not wait.

mod compact;
mod kept;

use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use clear_cold::Error;
use clear_record::{LabelId, RecordId, Seq};
use hashbrown::{HashMap, HashTable};

use super::chunk::{CHUNK_ROWS, Cell, Chunk, Data, GONE, Head, Key, NO_TIME, Open, Reading};
use super::dictionary::{Index, Numbers, Texts, Words};
use super::tier::Tier;
use crate::sets::{Layout, Rows, Set};
use crate::values::Value;

pub(crate) use compact::{Compaction, Settling};

/// A set's rows at one `seq`. Whoever holds it keeps it as it is.
#[derive(Debug, Clone)]
pub(crate) struct Frozen {
    pub(crate) set: &'static Set,
    pub(crate) seq: Seq,
    /// The last one that changed a row.
    pub(crate) changed: Seq,
    pub(crate) chunks: Vec<Arc<Chunk>>,
    /// What the codes of each column stand for.
    pub(crate) words: Vec<Words>,
    /// The record of each row, by the row's number.
    records: Vec<Arc<Vec<u128>>>,
    /// One more than the highest label that a row ever had.
    pub(crate) most_labels: u32,
    /// What puts columns aside, where there is a budget for them.
    pub(crate) tier: Option<Arc<Tier>>,
    /// Why it does not have all rows that it should have.
    failed: Option<Error>,
}

/// What stands for the record of a row that was expunged.
const EXPUNGED: u128 = u128::MAX;

/// Row numbers in one piece of the list of records.
const PIECE: usize = 16_384;

impl Frozen {
    /// Begins a reading for one question.
    pub(crate) fn reading(&self) -> Reading {
        let reading = Reading::default();
        if let Some(error) = &self.failed {
            reading.failed(error.clone());
        }
        reading
    }

    /// A chunk, to be read.
    pub(crate) fn open(&self, at: usize, reading: &Reading) -> Option<Open> {
        Some(Open::of(self.chunks.get(at)?, reading))
    }

    /// The record that a row is of, by the row's number.
    pub(crate) fn record(&self, number: u32) -> Option<RecordId> {
        let piece = self.records.get(number as usize / PIECE)?;
        let raw = *piece.get(number as usize % PIECE)?;
        (raw != EXPUNGED).then_some(RecordId { kind: self.set.kind, raw })
    }

    /// The class of the column by which rows are ordered.
    pub(crate) fn date_class(&self) -> crate::lens::Classes {
        let column = self.set.date().and_then(|date| self.set.columns.get(date));
        column.map_or(0, |column| crate::lens::bit(column.class))
    }

    pub(crate) fn words(&self, column: usize) -> &Words {
        self.words.get(column).unwrap_or(&Words::None)
    }

    /// The number in a cell of this column.
    pub(crate) fn number(&self, column: usize, cell: Cell) -> Option<f64> {
        match (cell, self.words(column)) {
            (Cell::Code(code), Words::Number(numbers)) if code != 0 => Some(numbers.number(code)),
            (Cell::Number(number), _) if !number.is_nan() => Some(number),
            _ => None,
        }
    }

    /// The value of a cell of this column.
    pub(crate) fn value(&self, column: usize, cell: Cell) -> Option<Value> {
        match (cell, self.words(column)) {
            (Cell::Code(0) | Cell::Made | Cell::Time(NO_TIME), _) => None,
            (Cell::Code(code), Words::Text(texts)) => Some(Value::Text(texts.text(code).to_owned())),
            (Cell::Code(code), Words::Number(numbers)) => Some(Value::Number(numbers.number(code))),
            (Cell::Code(code), _) => Some(Value::Boolean(code == 2)),
            (Cell::Number(number), _) => (!number.is_nan()).then_some(Value::Number(number)),
            (Cell::Time(time), _) => Some(Value::Time(time)),
        }
    }
}

pub(crate) use kept::Held;

/// The one who writes a table.
pub(crate) struct Writer {
    now: Arc<Frozen>,
    /// Row numbers by record and part.
    numbers: HashTable<u32>,
    hasher: RandomState,
    /// Parts of records that have more than one row; the others are the first.
    parts: HashMap<u32, u32>,
    /// How many rows a record has, where it has more than one.
    many: HashMap<u128, u32>,
    /// Where each row is, by its number: chunk and row.
    places: Vec<u32>,
    indices: Vec<Index>,
    rows: usize,
    /// Rows that came into full chunks since the last compaction.
    since_compaction: usize,
    /// What was filed and cannot be taken in, in order: columns that it changes were put aside and do not come back.
    waiting: VecDeque<(Rows, u32)>,
    /// Whether rows are gone that only the ledger has: then nothing more is taken in.
    lost: bool,
    /// The compaction under way, and the rows that were written since it began.
    compacting: Option<(u64, Vec<u32>)>,
}

/// How often columns are taken back for one filing.
const THAWS_MAX: usize = 5;

/// About as many bytes has a value of a row.
const CELL_BYTES: usize = 4;

/// Records whose columns are taken back together.
const WAITED_AT_ONCE: usize = 100;

/// Records that wait at most.
const WAITING_MAX: usize = 100_000;

const NOWHERE: u32 = u32::MAX;

impl Writer {
    pub(crate) fn new(set: &'static Set) -> Writer {
        let words = set.columns.iter().map(|column| match column.layout {
            Layout::Text => Words::Text(Texts::default()),
            Layout::Few => Words::Number(Numbers::default()),
            Layout::Flag => Words::Flag,
            Layout::Number | Layout::Time | Layout::Point { .. } => Words::None,
        });
        let now = Frozen {
            set,
            seq: Seq::default(),
            changed: Seq::default(),
            chunks: Vec::new(),
            words: words.collect(),
            records: Vec::new(),
            most_labels: 0,
            tier: None,
            failed: None,
        };
        Writer {
            indices: now.words.iter().map(|_| Index::default()).collect(),
            now: Arc::new(now),
            numbers: HashTable::new(),
            hasher: RandomState::new(),
            parts: HashMap::new(),
            many: HashMap::new(),
            places: Vec::new(),
            rows: 0,
            since_compaction: 0,
            waiting: VecDeque::new(),
            lost: false,
            compacting: None,
        }
    }

    /// Lets columns be put aside.
    pub(crate) fn bounded(&mut self, tier: &Arc<Tier>) {
        Arc::make_mut(&mut self.now).tier = Some(Arc::clone(tier));
    }

    /// The rows as they are now.
    pub(crate) fn frozen(&self) -> Arc<Frozen> {
        Arc::clone(&self.now)
    }

    pub(crate) fn now(&self) -> &Frozen {
        &self.now
    }

    /// How many rows there are, hidden ones included.
    pub(crate) fn len(&self) -> usize {
        self.rows
    }

    /// How many rows there ever were: one more than the highest number.
    pub(crate) fn numbered(&self) -> usize {
        self.places.len()
    }

    /// Says how far the ledger was followed, and whether that changed something here.
    pub(crate) fn pass(&mut self, seq: Seq, changed: bool) {
        let now = Arc::make_mut(&mut self.now);
        now.seq = now.seq.max(seq);
        if changed {
            now.changed = now.changed.max(seq);
        }
    }

    /// The places of a record's rows.
    pub(crate) fn places_of(&self, id: RecordId) -> impl Iterator<Item = (usize, usize)> + '_ {
        let parts = if id.kind == self.now.set.kind { self.parts_of(id.raw) } else { 0 };
        (0..parts).filter_map(move |part| self.place(self.number_of(id.raw, part)?))
    }

    /// Where a row is, by its number: chunk and row.
    pub(crate) fn place(&self, number: u32) -> Option<(usize, usize)> {
        let place = *self.places.get(number as usize)?;
        (place != NOWHERE).then_some((place as usize / CHUNK_ROWS, place as usize % CHUNK_ROWS))
    }

    fn parts_of(&self, raw: u128) -> u32 {
        self.many.get(&raw).copied().unwrap_or(1)
    }

    fn number_of(&self, raw: u128, part: u32) -> Option<u32> {
        let is = |number: &u32| {
            self.now.record(*number).is_some_and(|id| id.raw == raw)
                && self.parts.get(number).copied().unwrap_or(0) == part
        };
        self.numbers.find(self.hasher.hash_one((raw, part)), is).copied()
    }

    /// Takes in what a record's rows are now; gives whether that is anything new.
    pub(crate) fn apply(&mut self, of: &Rows, at_second: u32) -> bool {
        if of.id.kind != self.now.set.kind || self.lost {
            return false;
        }
        if of.rows.is_empty() {
            self.waiting.retain(|(waiting, _)| waiting.id != of.id);
            self.nothing_waits();
        } else if !self.waiting.is_empty() {
            return self.wait(of, at_second);
        }
        match self.take_if_there(of, at_second) {
            Ok(changed) => changed,
            Err(error) if of.rows.is_empty() => {
                self.expunge_blindly(of.id);
                self.lose(error);
                true
            }
            Err(error) => {
                Arc::make_mut(&mut self.now).failed = Some(error);
                self.wait(of, at_second)
            }
        }
    }

    fn wait(&mut self, of: &Rows, at_second: u32) -> bool {
        self.waiting.push_back((of.clone(), at_second));
        if self.waiting.len() > WAITING_MAX {
            self.lose(Error::NoAnswer("too much was filed since the place for them went away".to_owned()));
        }
        true
    }

    /// Takes in what waits, as far as it can be. Gives whether nothing waits any more.
    pub(crate) fn take_waiting(&mut self) -> bool {
        while let Some((of, at_second)) = self.waiting.pop_front() {
            if let Err(error) = self.take_if_there(&of, at_second) {
                Arc::make_mut(&mut self.now).failed = Some(error);
                self.waiting.push_front((of, at_second));
                return false;
            }
            self.nothing_waits();
        }
        true
    }

    /// Lets questions be answered again, if nothing waits any more.
    fn nothing_waits(&mut self) {
        if self.waiting.is_empty() && !self.lost && self.now.failed.is_some() {
            Arc::make_mut(&mut self.now).failed = None;
        }
    }

    /// The chunks that are written when what waits first is taken in.
    pub(crate) fn waited_for(&self) -> impl Iterator<Item = &Arc<Chunk>> {
        self.waiting.iter().take(WAITED_AT_ONCE).flat_map(|(of, _)| self.written_by(of))
    }

    /// Whether something waits.
    pub(crate) fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Why questions fail.
    pub(crate) fn failed(&self) -> Option<&Error> {
        self.now.failed.as_ref()
    }

    /// Whether rows are gone that only the ledger has.
    pub(crate) fn is_lost(&self) -> bool {
        self.lost
    }

    /// Gives up all rows: what is there is not what was filed, and nothing here can mend it.
    pub(crate) fn lose(&mut self, error: Error) {
        let mut empty = Writer::new(self.now.set);
        let now = Arc::make_mut(&mut empty.now);
        (now.seq, now.changed) = (self.now.seq, self.now.seq);
        (now.tier, now.failed) = (self.now.tier.clone(), Some(error));
        empty.lost = true;
        *self = empty;
    }

    /// The chunks that are written when this is taken in.
    pub(crate) fn written_by(&self, of: &Rows) -> impl Iterator<Item = &Arc<Chunk>> {
        let parts =
            if of.id.kind == self.now.set.kind { self.parts_of(of.id.raw).max(of.rows.len() as u32) } else { 0 };
        let known = (0..parts).filter_map(|part| self.place(self.number_of(of.id.raw, part)?));
        let known = known.filter_map(|(at, _)| self.now.chunks.get(at));
        known.chain(self.now.chunks.last().filter(|_| !of.rows.is_empty()))
    }

    /// Takes in rows, once the chunks that are written are in memory.
    ///
    /// # Errors
    /// When they cannot be taken back; then nothing was changed.
    fn take_if_there(&mut self, of: &Rows, at_second: u32) -> Result<bool, Error> {
        let Some(tier) = self.now.tier.clone() else { return Ok(self.take(of, at_second)) };
        if tier.is_over() {
            self.lose(Error::NotWritten("twice the memory for columns is full".to_owned()));
            return Ok(true);
        }
        for _ in 0..THAWS_MAX {
            self.written_by(of).try_for_each(|chunk| chunk.thaw())?;
            // Whoever puts chunks aside may have been faster.
            let _held = tier.hold();
            if self.written_by(of).all(|chunk| chunk.is_at_hand()) {
                return Ok(self.take(of, at_second));
            }
        }
        Err(Error::NoAnswer("columns are put aside as fast as they are taken back".to_owned()))
    }

    /// Destroys what is aside of a record whose rows cannot be taken back.
    fn expunge_blindly(&self, id: RecordId) {
        let Some(tier) = &self.now.tier else { return };
        for number in (0..self.parts_of(id.raw)).filter_map(|part| self.number_of(id.raw, part)) {
            // That they are gone is what is wanted.
            drop(tier.expunge(self.now.set, number));
        }
    }

    /// Takes in rows whose chunks are in memory.
    fn take(&mut self, of: &Rows, at_second: u32) -> bool {
        let before = self.parts_of(of.id.raw);
        let now = of.rows.len() as u32;
        for (part, cells) in (0..).zip(&of.rows) {
            match self.number_of(of.id.raw, part).and_then(|number| self.place(number)) {
                Some((chunk, row)) => self.rewrite(chunk, row, of.label, cells, at_second),
                None => self.append(of.id.raw, part, of.label, cells, at_second),
            }
        }
        let is_there = |part: u32| self.number_of(of.id.raw, part).and_then(|number| self.place(number)).is_some();
        let changed = now > 0 || (now..before).any(is_there);
        for part in now..before {
            self.remove(of.id.raw, part);
        }
        if now > 1 {
            self.many.insert(of.id.raw, now);
        } else {
            self.many.remove(&of.id.raw);
        }
        changed
    }

    /// Notes for a compaction that a row was written.
    fn wrote(&mut self, number: u32) {
        if let Some((_, written)) = &mut self.compacting {
            written.push(number);
        }
    }

    fn rewrite(&mut self, chunk: usize, row: usize, label: LabelId, cells: &[Option<Value>], updated: u32) {
        let now = Arc::make_mut(&mut self.now);
        now.most_labels = now.most_labels.max(label.0.saturating_add(1));
        let Some(chunk) = now.chunks.get_mut(chunk) else { return };
        let chunk = Arc::make_mut(chunk);
        chunk.relabel(row, label, updated);
        for (column, (words, index)) in now.words.iter_mut().zip(&mut self.indices).enumerate() {
            let Some(declared) = now.set.columns.get(column) else { continue };
            let value = cells.get(column).and_then(Option::as_ref);
            let before = chunk.cell(row, column);
            // The new value first: one that stays must not be forgotten in between.
            let cell = cell_of(words, index, declared.layout, value);
            if let Cell::Code(code) = before {
                index.let_go(words, code);
            }
            chunk.put(row, column, cell);
        }
        if let Some(number) = chunk.numbers.get(row).copied() {
            self.wrote(number);
        }
    }

    fn append(&mut self, raw: u128, part: u32, label: LabelId, cells: &[Option<Value>], created: u32) {
        let Ok(number) = u32::try_from(self.places.len()) else { return };
        let set = self.now.set;
        let now = Arc::make_mut(&mut self.now);
        now.most_labels = now.most_labels.max(label.0.saturating_add(1));
        if now.chunks.last().is_none_or(|last| last.rows >= CHUNK_ROWS) {
            now.chunks.push(Arc::new(empty_chunk(set)));
        }
        if now.records.last().is_none_or(|piece| piece.len() >= PIECE) {
            now.records.push(Arc::new(Vec::with_capacity(PIECE)));
        }
        if let Some(piece) = now.records.last_mut() {
            Arc::make_mut(piece).push(raw);
        }
        let at = now.chunks.len() - 1;
        let Some(chunk) = now.chunks.get_mut(at) else { return };
        let chunk = Arc::make_mut(chunk);
        let cells: Vec<Cell> = (now.words.iter_mut().zip(&mut self.indices).zip(set.columns).enumerate())
            .map(|(column, ((words, index), declared))| {
                cell_of(words, index, declared.layout, cells.get(column).and_then(Option::as_ref))
            })
            .collect();
        let head = Head { number, id: row_id(raw, part), label, created, updated: created };
        chunk.push(head, cells.into_iter());
        let row = chunk.rows - 1;
        let full = chunk.rows >= CHUNK_ROWS;
        self.places.push((at * CHUNK_ROWS + row) as u32);
        self.rows += 1;
        if part > 0 {
            self.parts.insert(number, part);
        }
        let (records, parts, hasher) = (&self.now, &self.parts, &self.hasher);
        let hash = |number: &u32| {
            let raw = records.record(*number).map_or(0, |id| id.raw);
            hasher.hash_one((raw, parts.get(number).copied().unwrap_or(0)))
        };
        self.numbers.insert_unique(self.hasher.hash_one((raw, part)), number, hash);
        self.wrote(number);
        if let Some(tier) = &self.now.tier {
            tier.grew(set.columns.len() * CELL_BYTES);
        }
        if full {
            self.seal(at);
        }
    }

    fn remove(&mut self, raw: u128, part: u32) {
        let Some(number) = self.number_of(raw, part) else { return };
        let Some((at, row)) = self.place(number) else { return };
        if let Some(tier) = &self.now.tier {
            // INVARIANT (an expungement leaves nothing aside). Its chunk was taken back before.
            drop(tier.expunge(self.now.set, number));
        }
        self.wrote(number);
        let hash = self.hasher.hash_one((raw, part));
        if let Ok(entry) = self.numbers.find_entry(hash, |other| *other == number) {
            entry.remove();
        }
        self.parts.remove(&number);
        if let Some(place) = self.places.get_mut(number as usize) {
            *place = NOWHERE;
        }
        self.rows -= 1;
        let now = Arc::make_mut(&mut self.now);
        if let Some(place) = now
            .records
            .get_mut(number as usize / PIECE)
            .and_then(|piece| Arc::make_mut(piece).get_mut(number as usize % PIECE))
        {
            *place = EXPUNGED;
        }
        let Some(chunk) = now.chunks.get_mut(at) else { return };
        let chunk = Arc::make_mut(chunk);
        // Nothing of an expunged row stays in memory.
        for (column, (words, index)) in now.words.iter_mut().zip(&mut self.indices).enumerate() {
            if let Cell::Code(code) = chunk.cell(row, column) {
                index.let_go(words, code);
            }
        }
        chunk.blank(row, now.set);
        if chunk.gone * 16 > CHUNK_ROWS {
            self.seal(at);
        }
    }

    /// Puts a chunk's rows in order, without those that are gone. It was written just now, and is in memory.
    fn seal(&mut self, at: usize) {
        let now = Arc::make_mut(&mut self.now);
        let Some(chunk) = now.chunks.get_mut(at) else { return };
        let Ok(sorted) = chunk.sorted() else { return };
        *chunk = Arc::new(sorted);
        for (row, number) in chunk.numbers.iter().enumerate() {
            if let Some(place) = self.places.get_mut(*number as usize) {
                *place = (at * CHUNK_ROWS + row) as u32;
            }
        }
        self.since_compaction += chunk.rows;
    }

    /// Whether chunks overlap so much in their dates that putting all rows in order is worth its work.
    pub(crate) fn is_ragged(&self) -> bool {
        let chunks = &self.now.chunks;
        if chunks.len() < 3 || self.since_compaction * 4 < self.rows || self.compacting.is_some() {
            return false;
        }
        let Ok(mut spans) = chunks.iter().map(|chunk| chunk.span()).collect::<Result<Vec<(Key, Key)>, Error>>() else {
            return false;
        };
        spans.sort_unstable();
        let overlapping = spans.windows(2).filter(|two| matches!(two, [one, other] if other.0 < one.1)).count();
        overlapping * 4 > spans.len()
    }

    /// How much memory it takes, bytes.
    pub(crate) fn bytes(&self) -> usize {
        let index = |(index, words): (&Index, &Words)| index.bytes(words);
        self.now.chunks.iter().map(|chunk| chunk.bytes()).sum::<usize>()
            + self.indices.iter().zip(&self.now.words).map(index).sum::<usize>()
            + self.now.records.len() * PIECE * 16
            + self.places.capacity() * 4
            + self.numbers.capacity() * 5
    }
}

/// The cell of a value; one of another type is none.
fn cell_of(words: &mut Words, index: &mut Index, layout: Layout, value: Option<&Value>) -> Cell {
    match (layout, words, value) {
        (Layout::Text, Words::Text(texts), Some(Value::Text(text))) => Cell::Code(index.take_text(texts, text)),
        (Layout::Few, Words::Number(numbers), Some(Value::Number(number))) if number.is_finite() => {
            Cell::Code(index.take_number(numbers, one_zero(*number)))
        }
        (Layout::Flag, Words::Flag, Some(Value::Boolean(flag))) => Cell::Code(1 + u32::from(*flag)),
        (Layout::Number, _, Some(Value::Number(number))) if number.is_finite() => Cell::Number(one_zero(*number)),
        (Layout::Time, _, Some(Value::Time(time))) => Cell::Time(*time),
        (layout, ..) => nothing_of(layout),
    }
}

/// The cell that has no value.
fn nothing_of(layout: Layout) -> Cell {
    match layout {
        Layout::Text | Layout::Few | Layout::Flag => Cell::Code(0),
        Layout::Number => Cell::Number(f64::NAN),
        Layout::Time => Cell::Time(NO_TIME),
        Layout::Point { .. } => Cell::Made,
    }
}

impl Chunk {
    /// Leaves nothing of a row; its place is given up when the chunk is written anew.
    fn blank(&mut self, row: usize, set: &Set) {
        for (column, declared) in set.columns.iter().enumerate() {
            self.put(row, column, nothing_of(declared.layout));
        }
        self.relabel(row, GONE, 0);
        self.gone += 1;
    }
}

/// A chunk without rows.
fn empty_chunk(set: &Set) -> Chunk {
    let columns = set.columns.iter().map(|column| match column.layout {
        Layout::Text | Layout::Few | Layout::Flag => Data::Codes(super::Codes::default()),
        Layout::Number => Data::Numbers(Vec::new()),
        Layout::Time => Data::Times(Vec::new()),
        Layout::Point { .. } => Data::Made,
    });
    Chunk::new(columns.collect(), set.date())
}

/// Zero has two signs; two groups of one value would be made of it.
fn one_zero(number: f64) -> f64 {
    if number == 0.0 { 0.0 } else { number }
}

/// A row's `:id` as a number of 60 bits: the same on every node, and nothing of the record's own id can be read from it.
fn row_id(raw: u128, part: u32) -> u64 {
    // The finaliser of MurmurHash3 (public domain), over both halves and the part.
    let mix = |mut word: u64| {
        word ^= word >> 33;
        word = word.wrapping_mul(0xff51_afd7_ed55_8ccd);
        word ^= word >> 33;
        word = word.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
        word ^ word >> 33
    };
    let low = mix(raw as u64 ^ 0x9e37_79b9_7f4a_7c15);
    mix(low ^ mix((raw >> 64) as u64).rotate_left(32) ^ u64::from(part).wrapping_mul(0x2545_f491_4f6c_dd1d)) >> 4
}

/// `row-5nzk.2f3h~9q7c`: the text of a row's `:id`. Texts are in the order of the numbers.
pub(crate) fn row_id_text(id: u64) -> String {
    const SIGNS: &[u8; 32] = b"23456789abcdefghijkmnpqrstuvwxyz";
    let mut text = String::with_capacity(18);
    text.push_str("row-");
    for place in (0..12).rev() {
        let sign = SIGNS.get((id >> (place * 5) & 31) as usize).copied().unwrap_or(b'2');
        text.push(char::from(sign));
        match place {
            8 => text.push('.'),
            4 => text.push('~'),
            _ => {}
        }
    }
    text
}

/// The number of a row's `:id`, if this is the text of one.
#[cfg(test)]
fn row_id_of(text: &str) -> Option<u64> {
    let signs = text.strip_prefix("row-")?.bytes().filter(|sign| !matches!(sign, b'.' | b'~'));
    let place = |sign: u8| b"23456789abcdefghijkmnpqrstuvwxyz".iter().position(|known| *known == sign);
    let id = signs.map(place).try_fold(0u64, |id, place| id.checked_mul(32)?.checked_add(place? as u64))?;
    (row_id_text(id) == text).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn row_ids_are_written_and_read_in_order() {
        let ids: Vec<u64> = (0..1_000u128).map(|raw| row_id(raw << 70 | raw, (raw % 3) as u32)).collect();
        for id in &ids {
            assert_eq!(row_id_of(&row_id_text(*id)), Some(*id));
        }
        let mut sorted = ids.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(sorted.len(), 1_000);
        assert!(sorted.windows(2).all(|two| row_id_text(two[0]) < row_id_text(two[1])));
        for text in ["", "row-", "row-2222", "row-2222.2222~222", "ROW-2222.2222~2222", "row-22222222~2222.", "7"] {
            assert_eq!(row_id_of(text), None, "{text}");
        }
    }
}
