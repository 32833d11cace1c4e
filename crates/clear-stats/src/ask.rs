//! One question over shelves and given tables: the way from text to rows.
//!
//! In:    the tables that may be asked, the one that is asked first; a question.
//! Out:   fields and a stream of batches, or a [`Fault`] of the asker's.
//! Never: gives the engine a table that is neither a shelf nor given by the caller.

use std::sync::Arc;

use arrow::array::RecordBatch;
use clear_soql::plan::{Field, Schema, Table};
use datafusion::catalog::TableProvider;
use datafusion::datasource::{MemTable, provider_as_source};
use datafusion::error::DataFusionError;

use crate::engine::Engine;
use crate::shelf::Shelf;
use crate::soql::{self, Answer, Asked, Fault, Planned};

/// A table that a question may ask.
#[derive(Debug, Clone)]
pub enum Asking {
    /// A set of records, as one asker sees it.
    Shelf(Shelf),
    /// Rows that the caller gives, to be seen by whoever asks.
    Given {
        /// What it may be called: its id, its alias.
        names: Vec<String>,
        /// Its columns; a column `:id` tells its rows apart.
        fields: Vec<Field>,
        /// Its rows, in the layout of [`soql::layout`].
        rows: RecordBatch,
    },
}

impl Asking {
    fn table(&self) -> Table {
        match self {
            Asking::Shelf(shelf) => Table {
                names: vec![shelf.set().id.to_owned(), shelf.set().alias.to_owned()],
                fields: shelf.columns().map(|column| Field::new(column.field_name, column.soql_type)).collect(),
            },
            Asking::Given { names, fields, .. } => Table { names: names.clone(), fields: fields.clone() },
        }
    }

    fn provider(self) -> Result<Arc<dyn TableProvider>, DataFusionError> {
        match self {
            Asking::Shelf(shelf) => Ok(Engine::table(shelf)),
            Asking::Given { rows, .. } => Ok(Arc::new(MemTable::try_new(rows.schema(), vec![vec![rows]])?)),
        }
    }
}

/// Reads and types a question about these tables; `limit` is how many rows there are at most where it does not say.
///
/// # Errors
/// What is wrong with it, with its code and place; it depends on the question and the columns alone.
pub fn planned(tables: &[Asking], asked: &Asked, limit: Option<u64>) -> Result<Planned, Fault> {
    let mut planned = soql::planned(asked, &Schema { tables: tables.iter().map(Asking::table).collect() })?;
    if let Some(limit) = limit {
        planned.limited(limit);
    }
    Ok(planned)
}

/// Answers a question that was [`planned`] over the same tables.
///
/// # Errors
/// What the engine cannot do, and a question that needs more memory than there is.
pub async fn ask(engine: &Engine, tables: Vec<Asking>, planned: &Planned) -> Result<Answer, Fault> {
    let providers: Vec<Arc<dyn TableProvider>> =
        tables.into_iter().map(Asking::provider).collect::<Result<_, _>>().map_err(Fault::of)?;
    let sources: Vec<_> = providers.into_iter().map(provider_as_source).collect();
    let session = engine.session(Vec::new()).map_err(Fault::of)?;
    soql::answer(&session, planned, &sources).await
}
