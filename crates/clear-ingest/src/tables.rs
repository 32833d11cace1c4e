//! Tables of any columns: CSV and Parquet files, for the linker.
//!
//! In:    a path: CSV (comma, semicolon or tab; plain, gzip or Zstandard) or Parquet.
//! Out:   the names of its columns, and of the columns that are wanted each row's values as text.
//! Never: guesses what a column means; holds a whole CSV file.
//!
//! # How
//! The first bytes say what a file is. The delimiter is whichever of the three is most often in the header line, outside
//! quotes. Names of columns are trimmed, as some files have blanks after their commas. A value that is no UTF-8 is read with
//! its bad bytes replaced; a row that is too short lacks its last values.
//!
//! # Change here
//! A delimiter: `DELIMITERS`. A type of Parquet column: `parquet_columns.rs`.

#![expect(clippy::disallowed_methods, reason = "stores: imports")]

use std::borrow::Cow;
use std::fs::File;
use std::io::{BufRead, Read};
use std::path::Path;

use crate::Error;
use crate::input::unpacked;
use crate::parquet_columns::ParquetColumns;

const DELIMITERS: [u8; 3] = [b',', b';', b'\t'];
const BUFFER_BYTES: usize = 256 * 1024;

/// An opened table.
pub struct Table {
    name: String,
    columns: Vec<String>,
    rows: Rows,
}

enum Rows {
    Csv(Box<csv::Reader<Box<dyn Read + Send>>>),
    Parquet(ParquetColumns),
}

/// Opens a table and reads the names of its columns.
///
/// # Errors
/// When it cannot be opened, is of a format that is not read here, or has no header.
pub fn open(path: &Path) -> Result<Table, Error> {
    let name = path.display().to_string();
    let failed = |source| Error::Open { path: path.to_owned(), source };
    let mut magic = [0; 4];
    let about = std::fs::metadata(path).map_err(failed)?;
    if about.is_file() && File::open(path).and_then(|mut file| file.read_exact(&mut magic)).is_ok() && magic == *b"PAR1"
    {
        let file = File::open(path).map_err(failed)?;
        let parquet = ParquetColumns::open(file, &name)?;
        return Ok(Table { name, columns: parquet.names(), rows: Rows::Parquet(parquet) });
    }
    let mut input = unpacked(path)?;
    let broken = |source| Error::Read { name: name.clone(), line: 0, source };
    let head = input.fill_buf().map_err(broken)?;
    let mark = if head.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    let delimiter = delimiter(head.get(mark..).unwrap_or_default());
    input.consume(mark);
    let boxed: Box<dyn Read + Send> = Box::new(input);
    let mut reader =
        csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).buffer_capacity(BUFFER_BYTES).from_reader(boxed);
    let header = reader.byte_headers().map_err(|error| of_csv(&name, error))?;
    let columns: Vec<String> = header.iter().map(|name| String::from_utf8_lossy(name).trim().to_owned()).collect();
    if columns.iter().all(String::is_empty) {
        return Err(Error::Empty { name });
    }
    Ok(Table { name, columns, rows: Rows::Csv(Box::new(reader)) })
}

impl Table {
    /// The names of the columns, in order.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Reads every row; `row` is given the values of the wanted columns in the order in which they are wanted, the empty
    /// text for a value that is missing. A number of a column that is not there gives missing values.
    ///
    /// # Errors
    /// When the file breaks off.
    pub fn read(self, wanted: &[usize], row: &mut dyn FnMut(&[Cow<'_, str>])) -> Result<(), Error> {
        match self.rows {
            Rows::Parquet(parquet) => parquet.read(wanted, row),
            Rows::Csv(mut reader) => {
                let mut record = csv::ByteRecord::new();
                while reader.read_byte_record(&mut record).map_err(|error| of_csv(&self.name, error))? {
                    let values: Vec<Cow<'_, str>> = wanted
                        .iter()
                        .map(|column| String::from_utf8_lossy(record.get(*column).unwrap_or_default()))
                        .collect();
                    row(&values);
                }
                Ok(())
            }
        }
    }
}

fn of_csv(name: &str, error: csv::Error) -> Error {
    let line = error.position().map_or(0, csv::Position::line);
    Error::Read { name: name.to_owned(), line, source: std::io::Error::from(error) }
}

/// The delimiter that the header line has most of, outside quotes.
fn delimiter(head: &[u8]) -> u8 {
    let mut counts = [0_usize; DELIMITERS.len()];
    let mut quoted = false;
    for byte in head {
        if *byte == b'\n' && !quoted {
            break;
        }
        if *byte == b'"' {
            quoted = !quoted;
        }
        for (count, delimiter) in counts.iter_mut().zip(DELIMITERS) {
            *count += usize::from(!quoted && *byte == delimiter);
        }
    }
    let most = counts.iter().max().copied().unwrap_or_default();
    counts.iter().zip(DELIMITERS).find(|(count, _)| **count == most).map_or(b',', |(_, delimiter)| delimiter)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8], wanted: &[usize]) -> (Vec<String>, Vec<Vec<String>>) {
        let folder = tempfile_folder();
        let path = folder.join(format!("table-{}", bytes.len()));
        std::fs::write(&path, bytes).unwrap();
        let table = open(&path).unwrap();
        let columns = table.columns().to_vec();
        let mut rows = Vec::new();
        table.read(wanted, &mut |row| rows.push(row.iter().map(|value| value.to_string()).collect())).unwrap();
        std::fs::remove_file(&path).unwrap();
        (columns, rows)
    }

    fn tempfile_folder() -> std::path::PathBuf {
        let folder = std::env::temp_dir().join(format!("openclear-tables-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        folder
    }

    #[test]
    fn a_file_is_read_as_it_is_written() {
        for (bytes, columns, row) in [
            (&b"id,a\n1,x\n"[..], ["id", "a"], ["1", "x"]),
            (b"\xef\xbb\xbfid;a\n1;\"x;y\"\n", ["id", "a"], ["1", "x;y"]),
            (b"id, a\n1, x\n", ["id", "a"], ["1", " x"]),
            (b"id\ta\r\n1\t\r\n", ["id", "a"], ["1", ""]),
            (b"\"i,d\";a\n1\n", ["i,d", "a"], ["1", ""]),
            (b"id,a\n1,\"x\ny\"\n", ["id", "a"], ["1", "x\ny"]),
            (b"id,a\n1,\xff\0\n", ["id", "a"], ["1", "\u{fffd}\0"]),
        ] {
            let (found, rows) = read(bytes, &[0, 1]);
            assert_eq!(found, columns);
            assert_eq!(rows, [row.map(str::to_owned).to_vec()]);
        }
    }
}
