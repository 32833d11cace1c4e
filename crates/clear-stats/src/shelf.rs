//! A shelf: one set as one asker sees it, for an engine that runs the asker's expressions.
//!
//! In:    a table at one `seq`, and the asker's lens on it.
//! Out:   a table provider whose schema has readable columns only, and whose rows are the visible ones.
//! Never: runs an expression of the asker's that could fail before hidden rows are gone; tells a statistic.
//!
//! # How
//! INVARIANT (hidden rows end in the leaf): `provider.rs` gives rows by [`Scan`](crate::scan::Scan) alone. A filter that is
//! put into the plan by a rule would not be enough: planners reorder predicates, and `1/(x-5)` or a cast tells of a hidden row.
//! Filters that come down into the leaf are only those of `convert.rs`, which cannot fail.
//!
//! What is asked most is not run row by row: `quick.rs` knows counts by groups and first rows by an order where they stand
//! directly on a shelf, and answers them from codes. Which records an answer is made of, `trace.rs` has the plan carry along.
//!
//! # Change here
//! A kind of predicate that the leaf runs: `convert.rs`. A kind of question that is quick: `quick.rs`. How a type is laid out:
//! `arrays.rs`.

mod arrays;
mod convert;
mod coverage;
mod provider;
mod quick;
#[cfg(test)]
pub(crate) mod tests;
mod trace;

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use clear_cold::Error;
use clear_record::{FieldClass, RecordId, Seq};

use crate::lens::{Classes, Lens, Seen, bit};
use crate::sets::{Set, SetColumn, SoqlType};
use crate::store::{Frozen, NO_TIME, Open, Reading};

pub(crate) use arrays::Source;
pub use coverage::Covered;
pub(crate) use provider::ShelfTable;
pub(crate) use quick::{QuickPlanner, QuickRule};
pub(crate) use trace::carried;

/// One set at one `seq`, as one asker sees it. It owns what it needs, and nothing that comes in later changes it.
#[derive(Clone)]
pub struct Shelf {
    table: Arc<Frozen>,
    lens: Arc<Lens>,
    columns: Arc<[(Source, SetColumn)]>,
    schema: SchemaRef,
}

impl std::fmt::Debug for Shelf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Shelf({} at {})", self.table.set.alias, self.table.seq)
    }
}

/// Columns that every set has.
const SYSTEM: &[(Source, SetColumn)] = &[
    system(Source::Id, ":id", SoqlType::Text, "The row's own id; it stays while the row is corrected."),
    system(Source::Created, ":created_at", SoqlType::FixedTimestamp, "When the row was first recorded."),
    system(Source::Updated, ":updated_at", SoqlType::FixedTimestamp, "When the row was last recorded."),
];

/// The column of a shelf that numbers its rows, and the beginning of its names in a plan.
pub(crate) const MARK: &str = "\u{1}row";

const fn system(
    source: Source,
    name: &'static str,
    soql_type: SoqlType,
    description: &'static str,
) -> (Source, SetColumn) {
    let column = SetColumn {
        field_name: name,
        name,
        soql_type,
        description,
        class: FieldClass::Operational,
        layout: crate::sets::Layout::Time,
    };
    (source, column)
}

impl Shelf {
    pub(crate) fn new(table: Arc<Frozen>, lens: Lens) -> Shelf {
        let own = table.set.columns.iter().enumerate().map(|(at, column)| (Source::Column(at), *column));
        let all = SYSTEM.iter().copied().chain(own);
        // Whoever sees a row may name it.
        let columns: Arc<[(Source, SetColumn)]> =
            all.filter(|(source, column)| *source == Source::Id || lens.knows(column.class)).collect();
        let schema = arrays::schema(&columns);
        Shelf { table, lens: Arc::new(lens), columns, schema }
    }

    /// The same rows, with a last column that numbers them: for plans, never for askers.
    #[must_use]
    pub(crate) fn numbered(mut self) -> Shelf {
        let number = system(Source::Number, MARK, SoqlType::Number, "The row's number.");
        self.columns = self.columns.iter().copied().chain([number]).collect();
        self.schema = arrays::schema(&self.columns);
        self
    }

    /// The record of a row, by its number.
    pub(crate) fn record(&self, number: u32) -> Option<RecordId> {
        self.table.record(number)
    }

    /// Holds back the rows whose date is this or later, microseconds since 1970 on the city's clock, and those that have none.
    #[must_use]
    pub fn before(mut self, micros: i64) -> Shelf {
        if let Some(date) = self.table.set.date() {
            self.lens = Arc::new(self.lens.as_ref().clone().held_back(micros, date));
        }
        self
    }

    /// Which set it is of.
    pub fn set(&self) -> &'static Set {
        self.table.set
    }

    /// How far the ledger had been followed.
    pub fn seq(&self) -> Seq {
        self.table.seq
    }

    /// The last `seq` that changed a row of the set.
    pub fn changed(&self) -> Seq {
        self.table.changed
    }

    /// The columns that the asker can read on some label, those that every set has first: all that a question may name.
    pub fn columns(&self) -> impl Iterator<Item = &SetColumn> {
        self.columns.iter().map(|(_, column)| column)
    }

    /// How many rows there are for the asker.
    ///
    /// # Errors
    /// When columns that are looked at were put aside and do not come back; so with all that follow.
    pub fn rows(&self) -> Result<usize, Error> {
        let reading = self.table.reading();
        let rows = self.visible(&reading).map(|(chunk, seen)| seen.bits(chunk.rows).count()).sum();
        reading.done().map(|()| rows)
    }

    /// When a row that the asker sees was last recorded, seconds since 1970.
    ///
    /// # Errors
    /// As [`Shelf::rows`].
    pub fn updated(&self) -> Result<Option<u32>, Error> {
        let reading = self.table.reading();
        let newest = |(chunk, seen): (Open, Seen)| {
            let of = |row: u16| chunk.updated.get(usize::from(row)).copied();
            seen.bits(chunk.rows).rows().filter_map(of).max()
        };
        let updated = self.visible(&reading).filter_map(newest).max();
        reading.done().map(|()| updated)
    }

    /// The earliest and the latest date of rows that the asker sees, microseconds since 1970.
    ///
    /// # Errors
    /// As [`Shelf::rows`].
    pub fn dates(&self) -> Result<Option<(i64, i64)>, Error> {
        let reading = self.table.reading();
        let dates = self.dates_read(&reading);
        reading.done().map(|()| dates)
    }

    fn dates_read(&self, reading: &Reading) -> Option<(i64, i64)> {
        let date = self.table.set.date()?;
        let class = self.table.set.columns.get(date).map_or(0, |column| bit(column.class));
        let mut span: Option<(i64, i64)> = None;
        for at in 0..self.table.chunks.len() {
            let Some(chunk) = self.table.open(at, reading) else { continue };
            let view = self.lens.view(&self.table, &chunk, at, class);
            let crate::store::Data::Times(times) = chunk.data(date) else { continue };
            let Some(column) = self.table.set.columns.get(date) else { continue };
            for row in view.class(column.class).bits(chunk.rows).rows() {
                let Some(time) = times.get(usize::from(row)).copied().filter(|time| *time != NO_TIME) else { continue };
                let (first, last) = span.unwrap_or((time, time));
                span = Some((first.min(time), last.max(time)));
            }
        }
        span
    }

    /// The visible rows in order, as batches of some columns; the columns that every set has are left out unless they are
    /// named.
    pub(crate) fn batches(
        &self,
        columns: Option<&[&str]>,
    ) -> (SchemaRef, impl Iterator<Item = Result<arrow::array::RecordBatch, ArrowError>> + use<>) {
        let is_wanted = |source: Source, column: &SetColumn| match columns {
            Some(columns) => columns.contains(&column.field_name),
            None => matches!(source, Source::Column(_)),
        };
        let wanted: Vec<(Source, SetColumn)> =
            self.columns.iter().filter(|(source, column)| is_wanted(*source, column)).copied().collect();
        let schema = arrays::schema(&wanted);
        let sources: Vec<Source> = wanted.iter().map(|(source, _)| *source).collect();
        let classes = self.classes(&sources);
        let mut scan = crate::scan::Scan::new(Arc::clone(&self.table), Arc::clone(&self.lens), None, classes);
        let mut batches = arrays::Batches::new(self.clone(), sources, Arc::clone(&schema));
        let next = move || match scan.next(provider::BATCH_ROWS) {
            Ok(runs) => (!runs.is_empty()).then(|| batches.batch(&runs)),
            Err(error) => Some(Err(ArrowError::ExternalError(Box::new(error)))),
        };
        (schema, std::iter::from_fn(next))
    }

    fn visible(&self, reading: &Reading) -> impl Iterator<Item = (Open, Seen)> {
        (0..self.table.chunks.len()).filter_map(move |at| {
            let chunk = self.table.open(at, reading)?;
            let seen = self.lens.view(&self.table, &chunk, at, 0).rows;
            Some((chunk, seen))
        })
    }

    pub(crate) fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    pub(crate) fn table(&self) -> &Arc<Frozen> {
        &self.table
    }

    pub(crate) fn leaf(&self) -> crate::columns::Leaf<'_> {
        crate::columns::Leaf { table: &self.table, lens: &self.lens }
    }

    pub(crate) fn lens(&self) -> &Arc<Lens> {
        &self.lens
    }

    /// The column of that name, by its place in the schema.
    pub(crate) fn source_of(&self, name: &str) -> Option<(Source, SetColumn)> {
        self.columns.iter().find(|(_, column)| column.field_name == name).copied()
    }

    pub(crate) fn source_at(&self, at: usize) -> Option<(Source, SetColumn)> {
        self.columns.get(at).copied()
    }

    /// The classes of some columns.
    pub(crate) fn classes(&self, sources: &[Source]) -> Classes {
        sources.iter().fold(0, |classes, source| classes | self.class_of(*source))
    }

    fn class_of(&self, source: Source) -> Classes {
        match source {
            Source::Column(column) => self.table.set.columns.get(column).map_or(0, |column| bit(column.class)),
            Source::Created | Source::Updated => bit(FieldClass::Operational),
            Source::Id | Source::Number => 0,
        }
    }
}
