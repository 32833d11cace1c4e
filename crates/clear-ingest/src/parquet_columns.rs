//! The columns of a Parquet file as text.
//!
//! In:    an opened file.
//! Out:   the values of the wanted columns, row by row.
//! Never: reads a column that is not wanted; reads lists or structures, which have no one value in a row.
//!
//! # How
//! A row group at a time: each wanted column is read whole, then the rows are given. Dates and numbers are written as the
//! Parquet library writes them.

use std::borrow::Cow;
use std::fs::File;
use std::io;

use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::DataType;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use parquet::schema::types::ColumnDescPtr;

use crate::Error;

pub(crate) struct ParquetColumns {
    name: String,
    reader: SerializedFileReader<File>,
}

impl ParquetColumns {
    pub(crate) fn open(file: File, name: &str) -> Result<ParquetColumns, Error> {
        let reader = SerializedFileReader::new(file).map_err(|error| broken(name, error))?;
        Ok(ParquetColumns { name: name.to_owned(), reader })
    }

    pub(crate) fn names(&self) -> Vec<String> {
        let schema = self.reader.metadata().file_metadata().schema_descr();
        schema.columns().iter().map(|column| column.path().string()).collect()
    }

    pub(crate) fn read(self, wanted: &[usize], row: &mut dyn FnMut(&[Cow<'_, str>])) -> Result<(), Error> {
        let failed = |error| broken(&self.name, error);
        for group in 0..self.reader.num_row_groups() {
            let group = self.reader.get_row_group(group).map_err(failed)?;
            let rows = usize::try_from(group.metadata().num_rows()).unwrap_or_default();
            let mut columns = Vec::with_capacity(wanted.len());
            for column in wanted {
                let read = if *column < group.num_columns() {
                    let about = group.metadata().schema_descr().column(*column);
                    texts(group.get_column_reader(*column).map_err(failed)?, &about, rows).map_err(failed)?
                } else {
                    Texts::default()
                };
                columns.push(read);
            }
            for at in 0..rows {
                let values: Vec<Cow<'_, str>> = columns.iter().map(|column| column.get(at)).collect();
                row(&values);
            }
        }
        Ok(())
    }
}

fn broken(name: &str, error: parquet::errors::ParquetError) -> Error {
    Error::Read { name: name.to_owned(), line: 0, source: io::Error::other(error) }
}

/// A column's values end to end.
#[derive(Default)]
struct Texts {
    text: String,
    ends: Vec<usize>,
}

impl Texts {
    fn get(&self, row: usize) -> Cow<'_, str> {
        let start = row.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or_default();
        let end = self.ends.get(row).copied().unwrap_or(start);
        Cow::Borrowed(self.text.get(start..end).unwrap_or_default())
    }

    fn push(&mut self, value: &str) {
        self.text.push_str(value);
        self.ends.push(self.text.len());
    }
}

fn texts(reader: ColumnReader, about: &ColumnDescPtr, rows: usize) -> Result<Texts, parquet::errors::ParquetError> {
    let shown = |field: Field| match field {
        Field::Str(text) => text,
        Field::Null => String::new(),
        other => other.to_string(),
    };
    match reader {
        ColumnReader::ByteArrayColumnReader(reader) => {
            each(reader, about, rows, |value, out| out.push(&String::from_utf8_lossy(value.data())))
        }
        ColumnReader::FixedLenByteArrayColumnReader(reader) => {
            each(reader, about, rows, |value, out| out.push(&String::from_utf8_lossy(value.data())))
        }
        ColumnReader::BoolColumnReader(reader) => each(reader, about, rows, |value, out| out.push(&value.to_string())),
        ColumnReader::Int32ColumnReader(reader) => {
            each(reader, about, rows, |value, out| out.push(&shown(Field::convert_int32(about, *value))))
        }
        ColumnReader::Int64ColumnReader(reader) => {
            each(reader, about, rows, |value, out| out.push(&shown(Field::convert_int64(about, *value))))
        }
        ColumnReader::Int96ColumnReader(reader) => {
            each(reader, about, rows, |value, out| out.push(&shown(Field::convert_int96(about, *value))))
        }
        ColumnReader::FloatColumnReader(reader) => each(reader, about, rows, |value, out| out.push(&value.to_string())),
        ColumnReader::DoubleColumnReader(reader) => {
            each(reader, about, rows, |value, out| out.push(&value.to_string()))
        }
    }
}

/// Reads a whole column; a value whose definition level is below the column's is missing.
fn each<T: DataType>(
    mut reader: ColumnReaderImpl<T>,
    about: &ColumnDescPtr,
    rows: usize,
    mut show: impl FnMut(&T::T, &mut Texts),
) -> Result<Texts, parquet::errors::ParquetError> {
    if about.max_rep_level() > 0 {
        return Err(parquet::errors::ParquetError::General(format!("the column `{}` holds lists", about.path())));
    }
    let (mut values, mut levels) = (Vec::new(), Vec::new());
    let mut out = Texts::default();
    let mut read = 0;
    while read < rows {
        values.clear();
        levels.clear();
        let (records, ..) = reader.read_records(rows - read, Some(&mut levels), None, &mut values)?;
        if records == 0 {
            break;
        }
        read += records;
        let mut next = values.iter();
        if about.max_def_level() == 0 {
            next.for_each(|value| show(value, &mut out));
        } else {
            for level in &levels {
                match next.as_slice().first() {
                    Some(value) if *level == about.max_def_level() => {
                        next.next();
                        show(value, &mut out);
                    }
                    _ => out.push(""),
                }
            }
        }
    }
    Ok(out)
}
