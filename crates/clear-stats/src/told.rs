//! An answer whose rows say which records they are made of.

use std::collections::BTreeSet;

use arrow::array::{AsArray as _, RecordBatch};
use arrow::datatypes::{Float64Type, SchemaRef};
use clear_record::RecordId;
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use futures_util::StreamExt as _;

use crate::engine::Fault;
use crate::shelf::{MARK, Shelf};

/// An answer on its way.
pub struct Told {
    shelf: Shelf,
    stream: SendableRecordBatchStream,
    schema: SchemaRef,
    /// The places of the columns that were asked for, and of those that number rows.
    own: Vec<usize>,
    marks: Vec<usize>,
}

/// Some of its rows.
pub struct Piece {
    /// The rows.
    pub batch: RecordBatch,
    /// The records that they are made of. A figure of many records names none.
    pub records: BTreeSet<RecordId>,
    /// Whether there were more than were wanted.
    pub cut: bool,
}

impl Told {
    pub(crate) fn new(shelf: Shelf, stream: SendableRecordBatchStream) -> Told {
        let whole = stream.schema();
        let (marks, own): (Vec<usize>, Vec<usize>) = (0..whole.fields().len())
            .partition(|at| whole.fields().get(*at).is_some_and(|of| of.name().starts_with(MARK)));
        let schema = whole.project(&own).map_or_else(|_| whole.clone(), SchemaRef::new);
        Told { shelf, stream, schema, own, marks }
    }

    /// What was asked for.
    pub fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    /// The next rows, at most so many; `None` at the end.
    ///
    /// # Errors
    /// What goes wrong while they are made, as [`Fault::of`] tells it.
    pub async fn next(&mut self, most: usize) -> Option<Result<Piece, Fault>> {
        let batch = self.stream.next().await?;
        Some(batch.and_then(|batch| self.piece(&batch, most)).map_err(Fault::of))
    }

    fn piece(&self, batch: &RecordBatch, most: usize) -> Result<Piece, DataFusionError> {
        let cut = batch.num_rows() > most;
        let batch = batch.slice(0, most.min(batch.num_rows()));
        let mut records = BTreeSet::new();
        for mark in &self.marks {
            let Some(numbers) = batch.columns().get(*mark).and_then(|column| column.as_primitive_opt::<Float64Type>())
            else {
                return Err(DataFusionError::Internal("the numbers of rows are no numbers".into()));
            };
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "made of a number of 32 bits")]
            let number = |number: f64| number as u32;
            records.extend(numbers.iter().flatten().filter_map(|it| self.shelf.record(number(it))));
        }
        Ok(Piece { batch: batch.project(&self.own)?, records, cut })
    }
}
