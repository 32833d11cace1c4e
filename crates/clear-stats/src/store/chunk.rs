//! Rows in columns, at most 65,536 of them, with their labels and what can be said of all of them.

mod kept;

use std::sync::{Arc, OnceLock};

use clear_record::LabelId;

use super::{Codes, bits::Bits};

/// Rows of a full chunk; few in this crate's own tests, so that they have many chunks.
pub(crate) const CHUNK_ROWS: usize = if cfg!(test) { 16 } else { 65_536 };

/// The label of a row that was expunged: no sight opens it.
pub(crate) const GONE: LabelId = LabelId(u32::MAX);

/// The values of one column in one chunk.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Data {
    /// Codes of the table's dictionary.
    Codes(Codes),
    /// Finite numbers; NULL is not-a-number.
    Numbers(Vec<f64>),
    /// Microseconds since 1970; NULL is the least of all.
    Times(Vec<i64>),
    /// Made of other columns.
    Made,
}

/// The time that stands for NULL.
pub(crate) const NO_TIME: i64 = i64::MIN;

/// One value of a column as it is stored.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Cell {
    Code(u32),
    Number(f64),
    Time(i64),
    Made,
}

impl Cell {
    pub(crate) fn is_value(self) -> bool {
        match self {
            Cell::Code(code) => code != 0,
            Cell::Number(number) => !number.is_nan(),
            Cell::Time(time) => time != NO_TIME,
            Cell::Made => false,
        }
    }
}

/// The least and the most of a column; rows that are hidden or gone may lie between.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Zone {
    Numbers(f64, f64),
    Times(i64, i64),
    /// Nothing is known, or there is no value.
    Any,
}

impl Zone {
    fn widen(&mut self, cell: Cell) {
        match (&mut *self, cell) {
            (_, Cell::Number(number)) if number.is_nan() => {}
            (_, Cell::Time(NO_TIME)) => {}
            (Zone::Numbers(low, high), Cell::Number(number)) => {
                *low = low.min(number);
                *high = high.max(number);
            }
            (Zone::Times(low, high), Cell::Time(time)) => {
                *low = (*low).min(time);
                *high = (*high).max(time);
            }
            (zone @ Zone::Any, Cell::Number(number)) => *zone = Zone::Numbers(number, number),
            (zone @ Zone::Any, Cell::Time(time)) => *zone = Zone::Times(time, time),
            _ => {}
        }
    }
}

/// The labels of a chunk's rows.
#[derive(Debug, Clone, Default)]
pub(crate) struct Labels {
    /// Every label that a row has, or had.
    pub(crate) known: Vec<LabelId>,
    /// For each row, the place of its label among these.
    pub(crate) of: Arc<Codes>,
}

impl Labels {
    fn set(&mut self, row: usize, label: LabelId) {
        let at = self.known.iter().position(|known| *known == label).unwrap_or_else(|| {
            self.known.push(label);
            self.known.len() - 1
        });
        if row >= self.len() || self.of.get(row) as usize != at {
            Arc::make_mut(&mut self.of).set(row, at as u32);
        }
    }

    fn len(&self) -> usize {
        super::codes::each_width!(&*self.of, values => values.len())
    }

    pub(crate) fn get(&self, row: usize) -> LabelId {
        self.known.get(self.of.get(row) as usize).copied().unwrap_or(GONE)
    }
}

/// Where a row stands in the order in which shelves give rows.
pub(crate) type Key = (i64, u64);

/// Rows in columns.
#[derive(Debug, Clone, Default)]
pub(crate) struct Chunk {
    pub(crate) rows: usize,
    /// How many of them were expunged.
    pub(crate) gone: usize,
    /// Each row's number in the table, in the order in which rows were first filed.
    pub(crate) numbers: Arc<Vec<u32>>,
    /// Each row's `:id`.
    pub(crate) ids: Arc<Vec<u64>>,
    /// When each row was first and last recorded, seconds since 1970.
    pub(crate) created: Arc<Vec<u32>>,
    pub(crate) updated: Arc<Vec<u32>>,
    pub(crate) labels: Labels,
    pub(crate) columns: Vec<Arc<Data>>,
    pub(crate) zones: Vec<Zone>,
    /// The columns where some row has, or had, no value.
    lacking: Vec<bool>,
    /// The column by whose times rows are ordered.
    date: Option<usize>,
    /// How rows would have to stand to be in order; `None` where they are.
    order: OnceLock<Option<Arc<Vec<u16>>>>,
    /// The least and the most key of its rows.
    span: OnceLock<(Key, Key)>,
}

/// What a row has beside its columns.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Head {
    pub(crate) number: u32,
    pub(crate) id: u64,
    pub(crate) label: LabelId,
    pub(crate) created: u32,
    pub(crate) updated: u32,
}

impl Chunk {
    pub(crate) fn new(columns: Vec<Data>, date: Option<usize>) -> Chunk {
        let (zones, lacking) = (vec![Zone::Any; columns.len()], vec![false; columns.len()]);
        Chunk { columns: columns.into_iter().map(Arc::new).collect(), zones, lacking, date, ..Chunk::default() }
    }

    /// Adds a row.
    pub(crate) fn push(&mut self, head: Head, cells: impl Iterator<Item = Cell>) {
        let row = self.rows;
        self.rows += 1;
        Arc::make_mut(&mut self.numbers).push(head.number);
        Arc::make_mut(&mut self.ids).push(head.id);
        Arc::make_mut(&mut self.created).push(head.created);
        Arc::make_mut(&mut self.updated).push(head.updated);
        self.labels.set(row, head.label);
        for (((data, zone), lacking), cell) in
            self.columns.iter_mut().zip(&mut self.zones).zip(&mut self.lacking).zip(cells)
        {
            Arc::make_mut(data).put(row, cell);
            zone.widen(cell);
            *lacking |= !cell.is_value();
        }
        self.forget_order();
    }

    /// Changes one value; says what was there.
    pub(crate) fn put(&mut self, row: usize, column: usize, cell: Cell) {
        let Some((data, zone)) = self.columns.get_mut(column).zip(self.zones.get_mut(column)) else { return };
        if data.cell(row) == cell {
            return;
        }
        Arc::make_mut(data).put(row, cell);
        zone.widen(cell);
        if let Some(lacking) = self.lacking.get_mut(column) {
            *lacking |= !cell.is_value();
        }
        if self.date == Some(column) {
            self.forget_order();
        }
    }

    pub(crate) fn relabel(&mut self, row: usize, label: LabelId, updated: u32) {
        self.labels.set(row, label);
        if self.updated.get(row) != Some(&updated)
            && let Some(place) = Arc::make_mut(&mut self.updated).get_mut(row)
        {
            *place = updated;
        }
    }

    /// The rows in their order, as a chunk that stands in order.
    pub(crate) fn sorted(&self) -> Chunk {
        let order: Vec<u16> = match self.order() {
            Some(order) => order.iter().copied().filter(|row| self.labels.get(usize::from(*row)) != GONE).collect(),
            None => (0..self.rows).filter(|row| self.labels.get(*row) != GONE).map(|row| row as u16).collect(),
        };
        let chunk = gathered(&[self], &order.iter().map(|row| (0, *row)).collect::<Vec<_>>(), self.date);
        let _ = chunk.order.set(None);
        chunk
    }

    /// How rows would have to stand to be in order; `None` where they are.
    pub(crate) fn order(&self) -> Option<&Arc<Vec<u16>>> {
        let make = || {
            let keys: Vec<Key> = (0..self.rows).map(|row| self.key(row)).collect();
            if keys.is_sorted() {
                return None;
            }
            let mut order: Vec<u16> = (0..self.rows).map(|row| row as u16).collect();
            order.sort_unstable_by_key(|row| keys.get(usize::from(*row)).copied());
            Some(Arc::new(order))
        };
        self.order.get_or_init(make).as_ref()
    }

    pub(crate) fn key(&self, row: usize) -> Key {
        (self.time(row), self.ids.get(row).copied().unwrap_or_default())
    }

    /// A row's date in the order of rows: none is after all.
    fn time(&self, row: usize) -> i64 {
        match self.date.and_then(|date| self.columns.get(date)).map(|data| &**data) {
            Some(Data::Times(times)) => match times.get(row).copied().unwrap_or(NO_TIME) {
                NO_TIME => i64::MAX,
                time => time,
            },
            _ => 0,
        }
    }

    /// The least and the most key of all its rows, hidden ones too: only to know which chunks to look into together.
    pub(crate) fn span(&self) -> (Key, Key) {
        *self.span.get_or_init(|| match self.order() {
            Some(order) => {
                let key = |row: Option<&u16>| row.map_or(Key::default(), |row| self.key(usize::from(*row)));
                (key(order.first()), key(order.last()))
            }
            None => (self.key(0), self.key(self.rows.saturating_sub(1))),
        })
    }

    /// The rows whose date is within, both ends included: a range of rows where these stand in order.
    pub(crate) fn dated(&self, low: i64, high: i64) -> Option<std::ops::Range<usize>> {
        if self.order().is_some() {
            return None;
        }
        let Some(Data::Times(times)) = self.date.and_then(|date| self.columns.get(date)).map(|data| &**data) else {
            return None;
        };
        let after = |time: i64| if time == NO_TIME { i64::MAX } else { time };
        let from = times.partition_point(|time| after(*time) < low);
        let to = times.partition_point(|time| after(*time) <= high);
        Some(from..to.max(from))
    }

    /// The same for a column, where it is the one that rows are ordered by.
    pub(crate) fn date_range(&self, column: usize, low: i64, high: i64) -> Option<std::ops::Range<usize>> {
        (self.date == Some(column)).then(|| self.dated(low, high)).flatten()
    }

    pub(crate) fn data(&self, column: usize) -> &Data {
        self.columns.get(column).map_or(&Data::Made, |data| &**data)
    }

    pub(crate) fn zone(&self, column: usize) -> Zone {
        self.zones.get(column).copied().unwrap_or(Zone::Any)
    }

    /// The rows where a column has a value.
    pub(crate) fn present(&self, column: usize) -> Bits {
        match self.data(column) {
            Data::Codes(codes) => super::codes::each_width!(codes, values => Bits::of(values, |code| code != 0)),
            Data::Numbers(numbers) => Bits::of(numbers, |number| !number.is_nan()),
            Data::Times(times) => Bits::of(times, |time| time != NO_TIME),
            Data::Made => Bits::none(self.rows),
        }
    }

    /// Whether every row is known to have a value, hidden ones included.
    pub(crate) fn is_full(&self, column: usize) -> bool {
        self.lacking.get(column) == Some(&false)
    }

    pub(crate) fn bytes(&self) -> usize {
        let data = |data: &Arc<Data>| match &**data {
            Data::Codes(codes) => codes.bytes(),
            Data::Numbers(numbers) => numbers.capacity() * 8,
            Data::Times(times) => times.capacity() * 8,
            Data::Made => 0,
        };
        self.columns.iter().map(data).sum::<usize>()
            + self.labels.of.bytes()
            + self.rows * (4 + 8 + 4 + 4)
            + self.order.get().and_then(Option::as_ref).map_or(0, |order| order.len() * 2)
    }

    fn forget_order(&mut self) {
        self.order = OnceLock::new();
        self.span = OnceLock::new();
    }
}

/// A chunk of rows from several, in the order given.
pub(crate) fn gathered(from: &[&Chunk], rows: &[(usize, u16)], date: Option<usize>) -> Chunk {
    let columns = from.first().map_or(0, |first| first.columns.len());
    let data = (0..columns).map(|column| gathered_data(from, rows, column)).collect();
    let mut chunk = Chunk::new(data, date);
    for (column, (zone, lacking)) in chunk.zones.iter_mut().zip(&mut chunk.lacking).enumerate() {
        let data = chunk.columns.get(column).map_or(&Data::Made, |data| &**data);
        let each = |zone: &mut Zone, cell: Cell| {
            zone.widen(cell);
            !cell.is_value()
        };
        *lacking = match data {
            Data::Codes(codes) => super::codes::each_width!(codes, values => values.contains(&0)),
            Data::Numbers(numbers) => {
                numbers.iter().fold(false, |lacks, number| each(zone, Cell::Number(*number)) | lacks)
            }
            Data::Times(times) => times.iter().fold(false, |lacks, time| each(zone, Cell::Time(*time)) | lacks),
            Data::Made => true,
        };
    }
    let at = |(chunk, row): &(usize, u16)| Some((*from.get(*chunk)?, usize::from(*row)));
    let column = |of: fn(&Chunk) -> &Arc<Vec<u32>>| -> Arc<Vec<u32>> {
        Arc::new(rows.iter().filter_map(at).filter_map(|(from, row)| of(from).get(row).copied()).collect())
    };
    chunk.numbers = column(|chunk| &chunk.numbers);
    chunk.created = column(|chunk| &chunk.created);
    chunk.updated = column(|chunk| &chunk.updated);
    chunk.ids = Arc::new(rows.iter().filter_map(at).filter_map(|(from, row)| from.ids.get(row).copied()).collect());
    for (to, (from, row)) in rows.iter().filter_map(at).enumerate() {
        chunk.labels.set(to, from.labels.get(row));
    }
    chunk.rows = rows.len();
    chunk
}

/// The values of one column from several chunks, in the order given.
fn gathered_data(from: &[&Chunk], rows: &[(usize, u16)], column: usize) -> Data {
    match from.first().map_or(&Data::Made, |first| first.data(column)) {
        Data::Codes(_) => {
            let parts: Vec<Option<&Codes>> = from
                .iter()
                .map(|chunk| if let Data::Codes(codes) = chunk.data(column) { Some(codes) } else { None })
                .collect();
            let code = |(part, row): &(usize, u16)| {
                parts.get(*part).copied().flatten().map_or(0, |codes| codes.get(usize::from(*row)))
            };
            Data::Codes(Codes::of(rows.iter().map(code).collect()))
        }
        Data::Numbers(_) => {
            let parts: Vec<&[f64]> = from
                .iter()
                .map(|chunk| if let Data::Numbers(numbers) = chunk.data(column) { numbers.as_slice() } else { &[] })
                .collect();
            Data::Numbers(taken(&parts, rows, f64::NAN))
        }
        Data::Times(_) => {
            let parts: Vec<&[i64]> = from
                .iter()
                .map(|chunk| if let Data::Times(times) = chunk.data(column) { times.as_slice() } else { &[] })
                .collect();
            Data::Times(taken(&parts, rows, NO_TIME))
        }
        Data::Made => Data::Made,
    }
}

fn taken<T: Copy>(parts: &[&[T]], rows: &[(usize, u16)], none: T) -> Vec<T> {
    let of = |(part, row): &(usize, u16)| {
        parts.get(*part).and_then(|values| values.get(usize::from(*row))).copied().unwrap_or(none)
    };
    rows.iter().map(of).collect()
}

impl Data {
    pub(crate) fn cell(&self, row: usize) -> Cell {
        match self {
            Data::Codes(codes) => Cell::Code(codes.get(row)),
            Data::Numbers(numbers) => Cell::Number(numbers.get(row).copied().unwrap_or(f64::NAN)),
            Data::Times(times) => Cell::Time(times.get(row).copied().unwrap_or(NO_TIME)),
            Data::Made => Cell::Made,
        }
    }

    fn put(&mut self, row: usize, cell: Cell) {
        match (self, cell) {
            (Data::Codes(codes), Cell::Code(code)) => codes.set(row, code),
            (Data::Numbers(numbers), Cell::Number(number)) => put(numbers, row, number),
            (Data::Times(times), Cell::Time(time)) => put(times, row, time),
            _ => {}
        }
    }
}

fn put<T>(values: &mut Vec<T>, row: usize, value: T) {
    match values.get_mut(row) {
        Some(place) => *place = value,
        None => values.push(value),
    }
}
