//! Rows of a shelf as Arrow arrays.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, BooleanBuilder, Float64Array, Float64Builder, RecordBatch, RecordBatchOptions,
    StringViewArray, StringViewBuilder, StructArray, TimestampMicrosecondArray, TimestampMicrosecondBuilder,
    UInt32Array,
};
use arrow::buffer::NullBuffer;
use arrow::compute::{cast, take};
use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef};
use arrow::error::ArrowError;
use clear_record::FieldClass;

use super::Shelf;
use crate::scan::Run;
use crate::sets::{Layout, SetColumn, SoqlType};
use crate::store::{Data, Frozen, NO_TIME, Open, Words, row_id_text};
use crate::values::Value;

/// Where a column of a shelf comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Source {
    /// The set's column at this place.
    Column(usize),
    /// The row's `:id`.
    Id,
    /// When it was first recorded.
    Created,
    /// When it was last recorded.
    Updated,
    /// Its number in the table: which record it is of.
    Number,
}

/// Dictionaries of at most so many texts become arrays of which values are taken.
const TAKEN_MAX: usize = 1 << 17;

pub(super) fn schema(columns: &[(Source, SetColumn)]) -> SchemaRef {
    let field = |(source, column): &(Source, SetColumn)| {
        Field::new(column.field_name, data_type(column.soql_type), *source != Source::Id)
    };
    Arc::new(Schema::new(columns.iter().map(field).collect::<Vec<_>>()))
}

/// How a type of the open-data API is laid out.
pub(crate) fn data_type(soql_type: SoqlType) -> DataType {
    crate::soql::layout(soql_type)
}

fn point_fields() -> Fields {
    Fields::from(vec![Field::new("x", DataType::Float64, true), Field::new("y", DataType::Float64, true)])
}

/// Makes batches of one shelf's rows.
pub(super) struct Batches {
    shelf: Shelf,
    sources: Vec<Source>,
    schema: SchemaRef,
    /// Dictionaries as arrays, by column.
    texts: HashMap<usize, ArrayRef>,
}

impl Batches {
    pub(super) fn new(shelf: Shelf, sources: Vec<Source>, schema: SchemaRef) -> Batches {
        Batches { shelf, sources, schema, texts: HashMap::new() }
    }

    /// One batch of these rows.
    pub(super) fn batch(&mut self, runs: &[Run]) -> Result<RecordBatch, ArrowError> {
        let rows = runs.iter().map(|run| run.rows.len()).sum();
        let sources = self.sources.clone();
        let arrays: Vec<ArrayRef> =
            sources.into_iter().map(|source| self.array(source, runs, rows)).collect::<Result<_, _>>()?;
        // What could not be read looks like nothing.
        runs.iter().try_for_each(|run| run.open.done()).map_err(|error| ArrowError::ExternalError(Box::new(error)))?;
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(Arc::clone(&self.schema), arrays, &options)
    }

    fn array(&mut self, source: Source, runs: &[Run], rows: usize) -> Result<ArrayRef, ArrowError> {
        let table = Arc::clone(self.shelf.table());
        match source {
            Source::Id => {
                let mut ids = StringViewBuilder::with_capacity(rows);
                for (chunk, row, _) in each_row(runs, None) {
                    ids.append_value(row_id_text(chunk.ids.get(row).copied().unwrap_or_default()));
                }
                Ok(Arc::new(ids.finish()))
            }
            Source::Number => {
                let number = |(chunk, row, _): (&Open, usize, bool)| chunk.numbers.get(row).copied().map(f64::from);
                Ok(Arc::new(each_row(runs, None).map(number).collect::<Float64Array>()))
            }
            Source::Created | Source::Updated => {
                let mut times = TimestampMicrosecondBuilder::with_capacity(rows);
                for (chunk, row, open) in each_row(runs, Some(FieldClass::Operational)) {
                    let column = if source == Source::Created { &chunk.created } else { &chunk.updated };
                    times.append_option(column.get(row).filter(|_| open).map(|second| i64::from(*second) * 1_000_000));
                }
                Ok(Arc::new(times.finish().with_timezone("UTC")))
            }
            Source::Column(column) => self.column(&table, column, runs, rows),
        }
    }

    fn column(&mut self, table: &Frozen, column: usize, runs: &[Run], rows: usize) -> Result<ArrayRef, ArrowError> {
        let Some(declared) = table.set.columns.get(column) else {
            return Err(ArrowError::SchemaError("no such column".into()));
        };
        let each = || each_row(runs, Some(declared.class));
        Ok(match (declared.layout, table.words(column)) {
            (Layout::Text, Words::Text(texts)) if table.words(column).codes() <= TAKEN_MAX => {
                let codes: UInt32Array = each().map(|(chunk, row, open)| code(chunk, column, row, open)).collect();
                let values = self.texts.entry(column).or_insert_with(|| {
                    // Codes begin at one; where there is no text at all, all are NULL.
                    let texts = texts.iter().chain((texts.iter().next().is_none()).then_some(""));
                    Arc::new(texts.map(Some).collect::<StringViewArray>())
                });
                take(values, &codes, None)?
            }
            (Layout::Text, Words::Text(texts)) => {
                let mut values = StringViewBuilder::with_capacity(rows);
                for (chunk, row, open) in each() {
                    values.append_option(code(chunk, column, row, open).map(|code| texts.text(code)));
                }
                Arc::new(values.finish())
            }
            (Layout::Few, Words::Number(numbers)) => {
                let value = |(chunk, row, open): (&Open, usize, bool)| {
                    code(chunk, column, row, open).map(|code| numbers.number(code))
                };
                Arc::new(each().map(value).collect::<Float64Array>())
            }
            (Layout::Flag, _) => {
                let mut flags = BooleanBuilder::with_capacity(rows);
                for (chunk, row, open) in each() {
                    flags.append_option(code(chunk, column, row, open).map(|code| code == 2));
                }
                Arc::new(flags.finish())
            }
            (Layout::Number, _) => {
                let mut numbers = Float64Builder::with_capacity(rows);
                for (chunk, row, open) in each() {
                    numbers.append_option(number(chunk, column, row).filter(|_| open));
                }
                Arc::new(numbers.finish())
            }
            (Layout::Time, _) => {
                let mut times = TimestampMicrosecondBuilder::with_capacity(rows);
                for (chunk, row, open) in each() {
                    let time = if let Data::Times(times) = chunk.data(column) { times.get(row).copied() } else { None };
                    times.append_option(time.filter(|time| open && *time != NO_TIME));
                }
                let times = times.finish();
                match declared.soql_type {
                    SoqlType::FixedTimestamp => Arc::new(times.with_timezone("UTC")),
                    _ => Arc::new(times),
                }
            }
            (Layout::Point { lon, lat }, _) => {
                let (mut x, mut y) = (Vec::with_capacity(rows), Vec::with_capacity(rows));
                let mut there = Vec::with_capacity(rows);
                for (chunk, row, open) in each() {
                    let point = number(chunk, lon, row).zip(number(chunk, lat, row)).filter(|_| open);
                    there.push(point.is_some());
                    let (lon, lat) = point.unwrap_or_default();
                    x.push(lon);
                    y.push(lat);
                }
                let parts: Vec<ArrayRef> = vec![Arc::new(Float64Array::from(x)), Arc::new(Float64Array::from(y))];
                Arc::new(StructArray::try_new(point_fields(), parts, Some(NullBuffer::from(there)))?)
            }
            (Layout::Text | Layout::Few, _) => {
                return Err(ArrowError::SchemaError("a coded column has no dictionary".into()));
            }
        })
    }
}

/// The rows of runs, each with its chunk, and whether a class is open on it.
fn each_row(runs: &[Run], class: Option<FieldClass>) -> impl Iterator<Item = (&Open, usize, bool)> {
    runs.iter().flat_map(move |run| {
        let open = class.map(|class| run.view.class(class));
        run.rows.iter().map(move |row| {
            let row = usize::from(*row);
            (&*run.open, row, open.is_none_or(|open| open.has(row)))
        })
    })
}

fn code(chunk: &Open, column: usize, row: usize, open: bool) -> Option<u32> {
    match chunk.data(column) {
        Data::Codes(codes) if open => Some(codes.get(row)).filter(|code| *code != 0),
        _ => None,
    }
}

fn number(chunk: &Open, column: usize, row: usize) -> Option<f64> {
    match chunk.data(column) {
        Data::Numbers(numbers) => numbers.get(row).copied().filter(|number| !number.is_nan()),
        _ => None,
    }
}

/// Values as an array of the wanted type.
pub(super) fn of_values(values: &[Option<Value>], wanted: &DataType) -> Result<ArrayRef, ArrowError> {
    let number = |value: &Option<Value>| if let Some(Value::Number(number)) = value { Some(*number) } else { None };
    let time = |value: &Option<Value>| if let Some(Value::Time(time)) = value { Some(*time) } else { None };
    let array: ArrayRef = match wanted {
        DataType::Utf8View | DataType::Utf8 | DataType::LargeUtf8 => {
            let text =
                |value: &Option<Value>| if let Some(Value::Text(text)) = value { Some(text.clone()) } else { None };
            Arc::new(values.iter().map(text).collect::<StringViewArray>())
        }
        DataType::Boolean => {
            let flag = |value: &Option<Value>| if let Some(Value::Boolean(flag)) = value { Some(*flag) } else { None };
            Arc::new(values.iter().map(flag).collect::<BooleanArray>())
        }
        DataType::Timestamp(_, zone) => {
            let times: TimestampMicrosecondArray = values.iter().map(time).collect();
            match zone {
                Some(zone) => Arc::new(times.with_timezone(Arc::clone(zone))),
                None => Arc::new(times),
            }
        }
        _ => Arc::new(values.iter().map(number).collect::<Float64Array>()),
    };
    if array.data_type() == wanted { Ok(array) } else { cast(&array, wanted) }
}
