//! A table that a query made, as it goes over the wire.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use clear_policy::Grant;
use clear_query::{SqlForm, SqlMatch};
use parquet::arrow::ArrowWriter;
use parquet::errors::ParquetError;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::rows::line;
use crate::{Error, Redact, Reduced, sets};

/// A table that a query made of the incidents that the asker may see.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct SqlTable {
    /// The columns, in order.
    pub columns: Vec<SqlColumn>,
    /// The rows: a value for each column, null where there is none.
    #[schema(value_type = Vec<Vec<Object>>)]
    pub rows: Vec<Vec<Value>>,
    /// Whether there are more than the limit.
    pub more: bool,
    #[serde(skip)]
    form: SqlForm,
    #[serde(skip)]
    typed: Option<(SchemaRef, Vec<RecordBatch>)>,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct SqlColumn {
    /// Its name.
    pub name: String,
    /// `text`, `number`, `checkbox` or `floating_timestamp`.
    pub holds: &'static str,
}

impl Redact for SqlMatch {
    type Out = SqlTable;

    fn redact(self, _grant: &Grant) -> Reduced<SqlTable> {
        // The engine saw what the asker may see; it says which records each row is made of.
        let SqlMatch { columns, rows, more, told, form, typed } = self;
        let columns = columns.into_iter().map(|(name, holds)| SqlColumn { name, holds }).collect();
        Reduced { out: SqlTable { columns, rows, more, form, typed }, told: told.into_iter().collect() }
    }

    fn write(out: &SqlTable) -> Result<Vec<u8>, Error> {
        match (out.form, &out.typed) {
            (SqlForm::Table, _) => Ok(serde_json::to_vec(out)?),
            (SqlForm::Ndjson, _) => out.lines(),
            (SqlForm::Parquet, Some((schema, batches))) => file(out, schema, batches),
            (SqlForm::Csv | SqlForm::Parquet, _) => Ok(out.sheet()),
        }
    }
}

impl SqlTable {
    fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|column| column.name.as_str())
    }

    fn lines(&self) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::new();
        for row in &self.rows {
            let object: Map<String, Value> = self.names().map(str::to_owned).zip(row.iter().cloned()).collect();
            serde_json::to_writer(&mut bytes, &object)?;
            bytes.push(b'\n');
        }
        Ok(bytes)
    }

    fn sheet(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        line(&mut bytes, self.names());
        for row in &self.rows {
            let cells = row.iter().map(|value| match value {
                Value::Null => String::new(),
                Value::String(text) => text.clone(),
                value => value.to_string(),
            });
            line(&mut bytes, cells);
        }
        bytes
    }
}

/// The rows with their types, as a Parquet file. What that format has no type for is written as text.
fn file(table: &SqlTable, schema: &SchemaRef, batches: &[RecordBatch]) -> Result<Vec<u8>, Error> {
    let is_plain = |of: &DataType| {
        let named = matches!(of, DataType::Boolean | DataType::Timestamp(..) | DataType::Date32 | DataType::Date64);
        named || of.is_numeric() && *of != DataType::Float16 || of.is_string()
    };
    let field = |field: &FieldRef| match is_plain(field.data_type()) {
        true => field.clone(),
        false => Arc::new(Field::new(field.name(), DataType::Utf8, true)),
    };
    let plain = SchemaRef::new(Schema::new(schema.fields().iter().map(field).collect::<Vec<_>>()));
    let mut writer = ArrowWriter::try_new(Vec::new(), plain.clone(), Some(sets::parquet_properties()?))?;
    let mut rows = table.rows.iter();
    for batch in batches {
        let told: Vec<&Vec<Value>> = rows.by_ref().take(batch.num_rows()).collect();
        let as_text =
            |at: usize| -> StringArray { told.iter().map(|row| row.get(at).and_then(Value::as_str)).collect() };
        let columns = batch.columns().iter().enumerate().map(|(at, column)| match is_plain(column.data_type()) {
            true => column.clone(),
            false => Arc::new(as_text(at)) as ArrayRef,
        });
        writer.write(&RecordBatch::try_new(plain.clone(), columns.collect()).map_err(ParquetError::from)?)?;
    }
    Ok(writer.into_inner()?)
}
