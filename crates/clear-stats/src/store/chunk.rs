//! Rows in columns, at most 65,536 of them, with their labels and what can be said of all of them.
//!
//! # How
//! What is said of all rows, and each row's head (number, id, label, when), is in memory. Columns may be put aside: a reader [`Open`]s a
//! chunk, and a column comes when it is first looked at; so what labels, zones or an earlier condition rule out is not fetched. That one
//! did not come is noted in the question's [`Reading`], which is asked before anything is answered.

mod kept;

use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use clear_cold::Error;
use clear_record::LabelId;

use super::column::{Column, MADE};
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
    pub(crate) columns: Vec<Arc<Column>>,
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
        let columns = columns.into_iter().map(|data| Arc::new(Column::of(data))).collect();
        Chunk { columns, zones, lacking, date, ..Chunk::default() }
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
            if let Some(data) = Column::edit(data) {
                data.put(row, cell);
            }
            zone.widen(cell);
            *lacking |= !cell.is_value();
        }
        self.forget_order();
    }

    /// Takes all columns back, before something is written.
    ///
    /// # Errors
    /// When one cannot be had back.
    pub(crate) fn thaw(&self) -> Result<(), Error> {
        self.columns.iter().try_for_each(Column::thaw)
    }

    /// Whether all columns are at hand.
    pub(crate) fn is_at_hand(&self) -> bool {
        self.columns.iter().all(|column| column.at_hand().is_some())
    }

    /// One value of a column that is at hand, as it is for whoever writes.
    pub(crate) fn cell(&self, row: usize, column: usize) -> Cell {
        let data = self.columns.get(column).and_then(|column| column.at_hand());
        data.map_or(Cell::Made, |data| data.cell(row))
    }

    /// Changes one value of a column that is at hand.
    pub(crate) fn put(&mut self, row: usize, column: usize, cell: Cell) {
        if self.cell(row, column) == cell {
            return;
        }
        let Some((data, zone)) = self.columns.get_mut(column).zip(self.zones.get_mut(column)) else { return };
        if let Some(data) = Column::edit(data) {
            data.put(row, cell);
        }
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
    ///
    /// # Errors
    /// When a column was put aside and cannot be had back.
    pub(crate) fn sorted(self: &Arc<Chunk>) -> Result<Chunk, Error> {
        let is_there = |row: &u16| self.labels.get(usize::from(*row)) != GONE;
        let rows: Vec<(usize, u16)> = match self.order()? {
            Some(order) => order.iter().copied().filter(is_there).map(|row| (0, row)).collect(),
            None => (0..self.rows).map(|row| row as u16).filter(is_there).map(|row| (0, row)).collect(),
        };
        let chunks = gathered(std::slice::from_ref(self), &[rows], self.date)?;
        let chunk = chunks.into_iter().next().unwrap_or_default();
        let _ = chunk.order.set(None);
        Ok(chunk)
    }

    /// How rows would have to stand to be in order; `None` where they are.
    ///
    /// # Errors
    /// When the dates were put aside and cannot be had back.
    pub(crate) fn order(&self) -> Result<Option<&Arc<Vec<u16>>>, Error> {
        if let Some(order) = self.order.get() {
            return Ok(order.as_ref());
        }
        let dates = self.dates()?;
        let keys: Vec<Key> = (0..self.rows).map(|row| self.key(row, &dates)).collect();
        let order = (!keys.is_sorted()).then(|| {
            let mut order: Vec<u16> = (0..self.rows).map(|row| row as u16).collect();
            order.sort_unstable_by_key(|row| keys.get(usize::from(*row)).copied());
            Arc::new(order)
        });
        Ok(self.order.get_or_init(|| order).as_ref())
    }

    /// The least and the most key of all its rows, hidden ones too: only to know which chunks to look into together.
    ///
    /// # Errors
    /// As [`Chunk::order`].
    pub(crate) fn span(&self) -> Result<(Key, Key), Error> {
        if let Some(span) = self.span.get() {
            return Ok(*span);
        }
        let order = self.order()?;
        let dates = self.dates()?;
        let key = |row: usize| self.key(row, &dates);
        let span = match order {
            Some(order) => {
                let key = |row: Option<&u16>| row.map_or(Key::default(), |row| key(usize::from(*row)));
                (key(order.first()), key(order.last()))
            }
            None => (key(0), key(self.rows.saturating_sub(1))),
        };
        Ok(*self.span.get_or_init(|| span))
    }

    /// The column by whose times rows are ordered.
    ///
    /// # Errors
    /// When it was put aside and cannot be had back.
    pub(crate) fn dates(&self) -> Result<Arc<Data>, Error> {
        match self.date.and_then(|date| self.columns.get(date)) {
            Some(column) => column.data(),
            None => Ok(Arc::clone(&MADE)),
        }
    }

    /// A row's place in the order of rows, by its date: none is after all.
    pub(crate) fn key(&self, row: usize, dates: &Data) -> Key {
        let time = match dates {
            Data::Times(times) => match times.get(row).copied().unwrap_or(NO_TIME) {
                NO_TIME => i64::MAX,
                time => time,
            },
            _ => 0,
        };
        (time, self.ids.get(row).copied().unwrap_or_default())
    }

    pub(crate) fn zone(&self, column: usize) -> Zone {
        self.zones.get(column).copied().unwrap_or(Zone::Any)
    }

    /// Whether every row is known to have a value, hidden ones included.
    pub(crate) fn lacks_none(&self, column: usize) -> bool {
        self.lacking.get(column) == Some(&false)
    }

    /// When one of its columns was last read.
    pub(crate) fn used(&self) -> u64 {
        self.columns.iter().map(|column| column.used()).max().unwrap_or(0)
    }

    /// Bytes of columns that are at hand and nowhere else.
    pub(crate) fn bytes_only_here(&self) -> usize {
        self.columns.iter().map(|column| column.bytes_only_here()).sum()
    }

    /// Bytes of columns that are at hand.
    pub(crate) fn bytes_of_columns(&self) -> usize {
        self.columns.iter().map(|column| column.bytes()).sum()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes_of_columns()
            + self.labels.of.bytes()
            + self.rows * (4 + 8 + 4 + 4)
            + self.order.get().and_then(Option::as_ref).map_or(0, |order| order.len() * 2)
    }

    fn forget_order(&mut self) {
        self.order = OnceLock::new();
        self.span = OnceLock::new();
    }
}

/// What went wrong with the columns of one question, if anything did. Clones are the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reading(Arc<OnceLock<Error>>);

impl Reading {
    /// Notes that something could not be read; the first counts.
    pub(crate) fn failed(&self, error: Error) {
        let _ = self.0.set(error);
    }

    /// Whether all was read that was looked at.
    ///
    /// # Errors
    /// What could not be read: then nothing that was made of it is an answer.
    pub(crate) fn done(&self) -> Result<(), Error> {
        self.0.get().map_or(Ok(()), |error| Err(error.clone()))
    }
}

/// A chunk that is being read. A column is fetched when it is first looked at, and kept until this is dropped.
#[derive(Debug)]
pub(crate) struct Open {
    chunk: Arc<Chunk>,
    columns: Box<[OnceLock<Arc<Data>>]>,
    reading: Reading,
}

impl Deref for Open {
    type Target = Chunk;

    fn deref(&self) -> &Chunk {
        &self.chunk
    }
}

impl Open {
    pub(crate) fn of(chunk: &Arc<Chunk>, reading: &Reading) -> Open {
        let columns = chunk.columns.iter().map(|_| OnceLock::new()).collect();
        Open { chunk: Arc::clone(chunk), columns, reading: reading.clone() }
    }

    /// What became of the question that it is read for.
    ///
    /// # Errors
    /// As [`Reading::done`].
    pub(crate) fn done(&self) -> Result<(), Error> {
        self.reading.done()
    }

    /// The values of a column; of one that cannot be read, none, and the [`Reading`] knows.
    pub(crate) fn data(&self, column: usize) -> &Data {
        let Some(place) = self.columns.get(column) else { return &Data::Made };
        place.get_or_init(|| self.fetched(column))
    }

    fn fetched(&self, column: usize) -> Arc<Data> {
        let Some(column) = self.chunk.columns.get(column) else { return Arc::clone(&MADE) };
        column.data().unwrap_or_else(|error| {
            self.reading.failed(error);
            Arc::clone(&MADE)
        })
    }

    fn dates(&self) -> &Data {
        self.chunk.date.map_or(&Data::Made, |date| self.data(date))
    }

    pub(crate) fn key(&self, row: usize) -> Key {
        self.chunk.key(row, self.dates())
    }

    /// How rows would have to stand to be in order; `None` where they are.
    pub(crate) fn order(&self) -> Option<&Arc<Vec<u16>>> {
        self.chunk.order().unwrap_or_else(|error| {
            self.reading.failed(error);
            None
        })
    }

    /// The rows whose date is within, both ends included: a range of rows where these stand in order.
    fn dated(&self, low: i64, high: i64) -> Option<std::ops::Range<usize>> {
        if self.order().is_some() {
            return None;
        }
        let Data::Times(times) = self.dates() else { return None };
        let after = |time: i64| if time == NO_TIME { i64::MAX } else { time };
        let from = times.partition_point(|time| after(*time) < low);
        let to = times.partition_point(|time| after(*time) <= high);
        Some(from..to.max(from))
    }

    /// The same for a column, where it is the one that rows are ordered by.
    pub(crate) fn date_range(&self, column: usize, low: i64, high: i64) -> Option<std::ops::Range<usize>> {
        (self.chunk.date == Some(column)).then(|| self.dated(low, high)).flatten()
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
}

/// Chunks of rows from several, each with the rows given for it, in their order. Of what is put aside, no more than one column of one
/// chunk is fetched at a time.
///
/// # Errors
/// When a column cannot be fetched.
pub(crate) fn gathered(
    from: &[Arc<Chunk>],
    rows: &[Vec<(usize, u16)>],
    date: Option<usize>,
) -> Result<Vec<Chunk>, Error> {
    // Where each source's rows go: chunk, row there, row here.
    let mut going: Vec<Vec<(u32, u16, u16)>> = vec![Vec::new(); from.len()];
    for (chunk, rows) in (0..).zip(rows) {
        for (to, (source, row)) in rows.iter().enumerate() {
            if let Some(going) = going.get_mut(*source) {
                going.push((chunk, to as u16, *row));
            }
        }
    }
    let columns = from.first().map_or(0, |first| first.columns.len());
    let mut data: Vec<Vec<Data>> = rows.iter().map(|_| Vec::with_capacity(columns)).collect();
    for column in 0..columns {
        let mut gathering: Option<Vec<Gathering>> = None;
        for (source, going) in from.iter().zip(&going).filter(|(_, going)| !going.is_empty()) {
            let Some(column) = source.columns.get(column) else { continue };
            let here = column.data()?;
            let to =
                gathering.get_or_insert_with(|| rows.iter().map(|rows| Gathering::of(&here, rows.len())).collect());
            for (chunk, row, from) in going {
                if let Some(to) = to.get_mut(*chunk as usize) {
                    to.put(usize::from(*row), here.cell(usize::from(*from)));
                }
            }
        }
        match gathering {
            Some(gathering) => {
                data.iter_mut().zip(gathering).for_each(|(data, column)| data.push(column.data()));
            }
            // There is no row at all.
            None => {
                let Some(column) = from.first().and_then(|first| first.columns.get(column)) else { continue };
                let here = column.data()?;
                data.iter_mut().for_each(|data| data.push(Gathering::of(&here, 0).data()));
            }
        }
    }
    let headed = data.into_iter().zip(rows).map(|(data, rows)| with_heads(Chunk::new(data, date), from, rows));
    Ok(headed.collect())
}

/// A chunk that has its columns, with everything else.
fn with_heads(mut chunk: Chunk, from: &[Arc<Chunk>], rows: &[(usize, u16)]) -> Chunk {
    for (at, (zone, lacking)) in chunk.zones.iter_mut().zip(&mut chunk.lacking).enumerate() {
        let data = chunk.columns.get(at).and_then(|column| column.at_hand()).unwrap_or_else(|| Arc::clone(&MADE));
        let each = |zone: &mut Zone, cell: Cell| {
            zone.widen(cell);
            !cell.is_value()
        };
        *lacking = match &*data {
            Data::Codes(codes) => super::codes::each_width!(codes, values => values.contains(&0)),
            Data::Numbers(numbers) => {
                numbers.iter().fold(false, |lacks, number| each(zone, Cell::Number(*number)) | lacks)
            }
            Data::Times(times) => times.iter().fold(false, |lacks, time| each(zone, Cell::Time(*time)) | lacks),
            Data::Made => true,
        };
    }
    let at = |(chunk, row): &(usize, u16)| Some((from.get(*chunk)?, usize::from(*row)));
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

/// A column that is being gathered.
enum Gathering {
    Codes(Vec<u32>),
    Numbers(Vec<f64>),
    Times(Vec<i64>),
    Made,
}

impl Gathering {
    fn of(like: &Data, rows: usize) -> Gathering {
        match like {
            Data::Codes(_) => Gathering::Codes(vec![0; rows]),
            Data::Numbers(_) => Gathering::Numbers(vec![f64::NAN; rows]),
            Data::Times(_) => Gathering::Times(vec![NO_TIME; rows]),
            Data::Made => Gathering::Made,
        }
    }

    fn put(&mut self, row: usize, cell: Cell) {
        match (self, cell) {
            (Gathering::Codes(codes), Cell::Code(code)) => set(codes, row, code),
            (Gathering::Numbers(numbers), Cell::Number(number)) => set(numbers, row, number),
            (Gathering::Times(times), Cell::Time(time)) => set(times, row, time),
            _ => {}
        }
    }

    fn data(self) -> Data {
        match self {
            Gathering::Codes(codes) => Data::Codes(Codes::of(codes)),
            Gathering::Numbers(numbers) => Data::Numbers(numbers),
            Gathering::Times(times) => Data::Times(times),
            Gathering::Made => Data::Made,
        }
    }
}

fn set<T>(values: &mut [T], row: usize, value: T) {
    if let Some(place) = values.get_mut(row) {
        *place = value;
    }
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
