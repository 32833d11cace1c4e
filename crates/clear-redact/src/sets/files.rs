//! Files for people's own tools: Parquet, and workbooks.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use clear_query::SoqlType;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use rust_xlsxwriter::{ExcelDateTime, Format, Worksheet};

use super::cell::{self, Cell, Cells, Column};
use super::{SetError, SetField};

/// Rows of a row group: readers skip groups by their smallest and largest values.
const GROUP_ROWS: usize = 65_536;
/// Rows of a workbook. The format takes ten times as many; one is made in memory as a whole.
const BOOK_ROWS_MAX: usize = 100_000;

/// A Parquet file, sent while it is written.
pub(super) struct Parquet {
    schema: SchemaRef,
    writer: Option<ArrowWriter<Vec<u8>>>,
    rows: usize,
}

impl Parquet {
    pub(super) fn new() -> Parquet {
        Parquet { schema: Arc::new(Schema::empty()), writer: None, rows: 0 }
    }

    pub(super) fn head(&mut self, fields: &[SetField]) -> Result<Vec<u8>, SetError> {
        let field = |field: &SetField| {
            let data_type = match field.soql_type {
                SoqlType::Number => DataType::Float64,
                SoqlType::Checkbox => DataType::Boolean,
                SoqlType::FloatingTimestamp => DataType::Timestamp(TimeUnit::Microsecond, None),
                SoqlType::FixedTimestamp => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
                // Places are well-known text, which every tool reads.
                _ => DataType::Utf8,
            };
            Field::new(&field.name, data_type, true)
        };
        self.schema = Arc::new(Schema::new(fields.iter().map(field).collect::<Vec<_>>()));
        self.writer = Some(ArrowWriter::try_new(Vec::new(), self.schema.clone(), Some(properties()?))?);
        Ok(Vec::new())
    }

    pub(super) fn part(&mut self, columns: &[Column<'_>], rows: usize) -> Result<Vec<u8>, SetError> {
        let Some(writer) = &mut self.writer else { return Ok(Vec::new()) };
        let array = |(column, field): (&Column<'_>, &Arc<Field>)| -> Result<ArrayRef, SetError> {
            let array: ArrayRef = match &column.cells {
                Cells::Text(array) | Cells::Shape(array) => Arc::new(array.clone()),
                Cells::Float(array) => Arc::new(array.clone()),
                Cells::Integer(array) => Arc::new(array.clone()),
                Cells::Decimal(array) => Arc::new(array.clone()),
                Cells::Boolean(array) => Arc::new(array.clone()),
                Cells::Time(array) => Arc::new(array.clone()),
                Cells::Point(..) => {
                    let text = (0..rows).map(|row| match column.cell(row) {
                        Some(Cell::Point(x, y)) => Some(cell::well_known(x, y)),
                        _ => None,
                    });
                    Arc::new(text.collect::<StringArray>())
                }
            };
            arrow::compute::cast(&array, field.data_type()).map_err(|error| SetError::Layout(error.to_string()))
        };
        let arrays = columns.iter().zip(self.schema.fields()).map(array).collect::<Result<Vec<_>, _>>()?;
        let batch = RecordBatch::try_new(self.schema.clone(), arrays);
        writer.write(&batch.map_err(|error| SetError::Layout(error.to_string()))?)?;
        self.rows += rows;
        // The writer counts its bytes itself: what was taken is not missed.
        Ok(std::mem::take(writer.inner_mut()))
    }

    pub(super) fn end(&mut self) -> Result<Vec<u8>, SetError> {
        match self.writer.take() {
            Some(writer) => Ok(writer.into_inner()?),
            None => Ok(Vec::new()),
        }
    }
}

/// How every Parquet file that leaves is written.
pub(crate) fn properties() -> Result<WriterProperties, ParquetError> {
    Ok(WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?))
        .set_max_row_group_row_count(Some(GROUP_ROWS))
        // Names and versions of programs are nobody's business.
        .set_created_by("openclear".to_owned())
        .build())
}

/// A workbook with one sheet.
pub(super) struct Workbook {
    sheet: Worksheet,
    time: Format,
    next: u32,
}

impl Workbook {
    pub(super) fn new() -> Workbook {
        Workbook { sheet: Worksheet::new(), time: Format::new().set_num_format("yyyy-mm-dd hh:mm:ss"), next: 1 }
    }

    pub(super) fn head(&mut self, fields: &[SetField]) -> Result<(), SetError> {
        let bold = Format::new().set_bold();
        for (at, field) in (0u16..).zip(fields) {
            self.sheet.write_string_with_format(0, at, &field.title, &bold)?;
            if matches!(field.soql_type, SoqlType::FloatingTimestamp | SoqlType::FixedTimestamp) {
                self.sheet.set_column_width(at, 19)?;
            }
        }
        self.sheet.set_freeze_panes(1, 0)?;
        Ok(())
    }

    pub(super) fn row(&mut self, columns: &[Column<'_>], row: usize) -> Result<(), SetError> {
        if self.next as usize > BOOK_ROWS_MAX {
            return Err(SetError::TooManyRows(BOOK_ROWS_MAX));
        }
        let line = self.next;
        for (at, column) in (0u16..).zip(columns) {
            match column.cell(row) {
                None => {}
                Some(Cell::Text(text) | Cell::Json(text) | Cell::Shape(text)) => self.text(line, at, text)?,
                Some(Cell::Number(digits)) => match digits.parse::<f64>() {
                    Ok(number) => _ = self.sheet.write_number(line, at, number)?,
                    Err(_) => self.text(line, at, &digits)?,
                },
                Some(Cell::Boolean(yes)) => _ = self.sheet.write_boolean(line, at, yes)?,
                Some(Cell::Time(micros)) => {
                    let parts = cell::clock(micros);
                    let small = |part: i64| u8::try_from(part).unwrap_or_default();
                    let date = u16::try_from(parts.year)
                        .ok()
                        .and_then(|year| ExcelDateTime::from_ymd(year, small(parts.month), small(parts.day)).ok())
                        .and_then(|date| {
                            let seconds = f64::from(small(parts.second));
                            date.and_hms(u16::from(small(parts.hour)), small(parts.minute), seconds).ok()
                        });
                    // A workbook's calendar begins in 1900.
                    match date {
                        Some(date) => _ = self.sheet.write_datetime_with_format(line, at, &date, &self.time)?,
                        None => self.text(line, at, &cell::time(micros, column.field.soql_type))?,
                    }
                }
                Some(Cell::Point(x, y)) => self.text(line, at, &cell::well_known(x, y))?,
            }
        }
        self.next += 1;
        Ok(())
    }

    /// A cell takes 32,767 characters; what is longer ends there.
    fn text(&mut self, line: u32, at: u16, text: &str) -> Result<(), SetError> {
        let text: String = text.chars().take(32_767).collect();
        self.sheet.write_string(line, at, text)?;
        Ok(())
    }

    pub(super) fn end(&mut self) -> Result<Vec<u8>, SetError> {
        let mut book = rust_xlsxwriter::Workbook::new();
        // No moment of its own: the same rows are the same bytes.
        let properties =
            rust_xlsxwriter::DocProperties::new().set_creation_datetime(&ExcelDateTime::from_ymd(2000, 1, 1)?);
        book.set_properties(&properties);
        book.push_worksheet(std::mem::take(&mut self.sheet));
        Ok(book.save_to_buffer()?)
    }
}
