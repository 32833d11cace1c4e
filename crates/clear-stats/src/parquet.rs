//! A shelf as a Parquet file: what one asker sees, for tools of its own.
//!
//! In:    a [`Shelf`], and something that takes bytes.
//! Out:   a file of the Apache Parquet format, version 2, rows in the order of the shelf, with statistics by row group.
//! Never: opens a file; writes what the asker does not see: statistics are those of visible rows.
//!
//! # How
//! Rows are in the order of their dates and row groups are of [`GROUP_ROWS`], so that a reader skips groups by their dates.
//! Texts are dictionary-coded by the writer, pages are compressed with Zstandard.

use std::io::Write;

use arrow::error::ArrowError;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};

use crate::Shelf;

/// Rows of one row group.
const GROUP_ROWS: usize = 131_072;

/// A file that could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write a Parquet file")]
pub struct NotWritten(#[source] Box<dyn std::error::Error + Send + Sync>);

impl From<ParquetError> for NotWritten {
    fn from(error: ParquetError) -> NotWritten {
        NotWritten(Box::new(error))
    }
}

impl From<ArrowError> for NotWritten {
    fn from(error: ArrowError) -> NotWritten {
        NotWritten(Box::new(error))
    }
}

/// Writes a shelf's rows, all its own columns or those named; gives how many rows there were.
///
/// # Errors
/// When the bytes cannot be taken.
pub fn parquet(shelf: &Shelf, columns: Option<&[&str]>, to: impl Write + Send) -> Result<u64, NotWritten> {
    let (schema, batches) = shelf.batches(columns);
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
        .set_max_row_group_row_count(Some(GROUP_ROWS))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        // Names and versions of programs are nobody's business.
        .set_created_by("OpenCLEAR".to_owned())
        .build();
    let mut writer = ArrowWriter::try_new(to, schema, Some(properties))?;
    let mut rows = 0;
    for batch in batches {
        let batch = batch?;
        rows += batch.num_rows() as u64;
        writer.write(&batch)?;
    }
    writer.close()?;
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use clear_record::{FieldClass, LabelId, LabelSet, PerClass, Reach, Sight};
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

    use super::*;
    use crate::shelf::tests::forty;

    #[test]
    fn a_file_has_what_the_asker_sees_and_no_more() {
        let labels: LabelSet = [LabelId(0)].into_iter().collect();
        let opens = |class| if class == FieldClass::Operational { labels.clone() } else { LabelSet::empty() };
        let reach = Reach { pointer: LabelSet::empty(), class: PerClass::from_fn(opens) };
        let shelf = forty().shelf("incidents", &Sight::of(&reach)).unwrap();
        let mut file = Vec::new();
        assert_eq!(parquet(&shelf, None, &mut file).unwrap(), 40);
        let reader = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(file.clone())).unwrap();
        let names: Vec<String> = reader.schema().fields().iter().map(|field| field.name().clone()).collect();
        assert!(
            names.contains(&"beat".into()) && !names.contains(&"latitude".into()) && !names.contains(&":id".into())
        );
        let mut rows = 0;
        let mut beats = std::collections::BTreeSet::new();
        for batch in reader.build().unwrap() {
            let batch = batch.unwrap();
            rows += batch.num_rows();
            let beat =
                arrow::compute::cast(batch.column_by_name("beat").unwrap(), &arrow::datatypes::DataType::Utf8).unwrap();
            let beat = beat.as_any().downcast_ref::<arrow::array::StringArray>().unwrap();
            beats.extend(beat.iter().flatten().map(str::to_owned));
        }
        assert_eq!((rows, beats.len()), (40, 3));
        // Texts that only hidden rows have are not in it.
        let nothing = Reach::nothing();
        let hidden = forty().shelf("incidents", &Sight::of(&nothing)).unwrap();
        let mut file = Vec::new();
        assert_eq!(parquet(&hidden, None, &mut file).unwrap(), 0);
        assert!(!file.windows(4).any(|word| word == b"0411"));
    }
}
