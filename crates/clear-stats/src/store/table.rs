//! One set's rows: as readers hold them, and as the one writer keeps them.

mod kept;

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use clear_record::{LabelId, RecordId, Seq};
use hashbrown::{HashMap, HashTable};

use super::chunk::{CHUNK_ROWS, Cell, Chunk, Data, GONE, Head, Key, NO_TIME, gathered};
use super::dictionary::{Index, Numbers, Texts, Words};
use crate::sets::{Layout, Rows, Set};
use crate::values::Value;

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
}

/// What stands for the record of a row that was expunged.
const EXPUNGED: u128 = u128::MAX;

/// Row numbers in one piece of the list of records.
const PIECE: usize = 16_384;

impl Frozen {
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
}

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
        }
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
        if of.id.kind != self.now.set.kind {
            return false;
        }
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

    fn rewrite(&mut self, chunk: usize, row: usize, label: LabelId, cells: &[Option<Value>], updated: u32) {
        let now = Arc::make_mut(&mut self.now);
        now.most_labels = now.most_labels.max(label.0.saturating_add(1));
        let Some(chunk) = now.chunks.get_mut(chunk) else { return };
        let chunk = Arc::make_mut(chunk);
        chunk.relabel(row, label, updated);
        for (column, (words, index)) in now.words.iter_mut().zip(&mut self.indices).enumerate() {
            let value = cells.get(column).and_then(Option::as_ref);
            let before = chunk.data(column).cell(row);
            // The new value first: one that stays must not be forgotten in between.
            let cell = cell_of(words, index, chunk.data(column), value);
            if let Cell::Code(code) = before {
                index.let_go(words, code);
            }
            chunk.put(row, column, cell);
        }
    }

    fn append(&mut self, raw: u128, part: u32, label: LabelId, cells: &[Option<Value>], created: u32) {
        let Ok(number) = u32::try_from(self.places.len()) else { return };
        let set = self.now.set;
        let now = Arc::make_mut(&mut self.now);
        now.most_labels = now.most_labels.max(label.0.saturating_add(1));
        if now.chunks.last().is_none_or(|last| last.rows >= CHUNK_ROWS) {
            let columns = set.columns.iter().map(|column| match column.layout {
                Layout::Text | Layout::Few | Layout::Flag => Data::Codes(super::Codes::default()),
                Layout::Number => Data::Numbers(Vec::new()),
                Layout::Time => Data::Times(Vec::new()),
                Layout::Point { .. } => Data::Made,
            });
            now.chunks.push(Arc::new(Chunk::new(columns.collect(), set.date())));
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
        let cells: Vec<Cell> = (now.words.iter_mut().zip(&mut self.indices).enumerate())
            .map(|(column, (words, index))| {
                cell_of(words, index, chunk.data(column), cells.get(column).and_then(Option::as_ref))
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
        if full {
            self.seal(at);
        }
    }

    fn remove(&mut self, raw: u128, part: u32) {
        let Some(number) = self.number_of(raw, part) else { return };
        let Some((at, row)) = self.place(number) else { return };
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
        // Nothing of an expunged row stays in memory; its place is given up when the chunk is written anew.
        for (column, (words, index)) in now.words.iter_mut().zip(&mut self.indices).enumerate() {
            if let Cell::Code(code) = chunk.data(column).cell(row) {
                index.let_go(words, code);
            }
            let cell = cell_of(words, index, chunk.data(column), None);
            chunk.put(row, column, cell);
        }
        chunk.relabel(row, GONE, 0);
        chunk.gone += 1;
        if chunk.gone * 16 > CHUNK_ROWS {
            self.seal(at);
        }
    }

    /// Puts a chunk's rows in order, without those that are gone.
    fn seal(&mut self, at: usize) {
        let now = Arc::make_mut(&mut self.now);
        let Some(chunk) = now.chunks.get_mut(at) else { return };
        *chunk = Arc::new(chunk.sorted());
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
        if chunks.len() < 3 || self.since_compaction * 4 < self.rows {
            return false;
        }
        let mut spans: Vec<(Key, Key)> = chunks.iter().map(|chunk| chunk.span()).collect();
        spans.sort_unstable();
        let overlapping = spans.windows(2).filter(|two| matches!(two, [one, other] if other.0 < one.1)).count();
        overlapping * 4 > spans.len()
    }

    /// Puts all rows in order and gives up the places of those that are gone.
    pub(crate) fn compact(&mut self) {
        let now = Arc::make_mut(&mut self.now);
        let chunks: Vec<&Chunk> = now.chunks.iter().map(|chunk| &**chunk).collect();
        let mut keys: Vec<(Key, u32)> = Vec::with_capacity(self.rows);
        for (at, chunk) in chunks.iter().enumerate() {
            let there = (0..chunk.rows).filter(|row| chunk.labels.get(*row) != GONE);
            keys.extend(there.map(|row| (chunk.key(row), (at * CHUNK_ROWS + row) as u32)));
        }
        keys.sort_unstable();
        let date = now.set.date();
        let sorted: Vec<Arc<Chunk>> = keys
            .chunks(CHUNK_ROWS)
            .map(|keys| {
                let place =
                    |(_, place): &(Key, u32)| (*place as usize / CHUNK_ROWS, (*place as usize % CHUNK_ROWS) as u16);
                Arc::new(gathered(&chunks, &keys.iter().map(place).collect::<Vec<_>>(), date))
            })
            .collect();
        now.chunks = sorted;
        for (at, chunk) in now.chunks.iter().enumerate() {
            for (row, number) in chunk.numbers.iter().enumerate() {
                if let Some(place) = self.places.get_mut(*number as usize) {
                    *place = (at * CHUNK_ROWS + row) as u32;
                }
            }
        }
        self.since_compaction = 0;
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
fn cell_of(words: &mut Words, index: &mut Index, data: &Data, value: Option<&Value>) -> Cell {
    match (data, words, value) {
        (Data::Codes(_), Words::Text(texts), Some(Value::Text(text))) => Cell::Code(index.take_text(texts, text)),
        (Data::Codes(_), Words::Number(numbers), Some(Value::Number(number))) if number.is_finite() => {
            Cell::Code(index.take_number(numbers, one_zero(*number)))
        }
        (Data::Codes(_), Words::Flag, Some(Value::Boolean(flag))) => Cell::Code(1 + u32::from(*flag)),
        (Data::Codes(_), ..) => Cell::Code(0),
        (Data::Numbers(_), _, Some(Value::Number(number))) if number.is_finite() => Cell::Number(one_zero(*number)),
        (Data::Numbers(_), ..) => Cell::Number(f64::NAN),
        (Data::Times(_), _, Some(Value::Time(time))) => Cell::Time(*time),
        (Data::Times(_), ..) => Cell::Time(NO_TIME),
        (Data::Made, ..) => Cell::Made,
    }
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
