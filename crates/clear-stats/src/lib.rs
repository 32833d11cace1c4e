//! Analysis under a Sight: the columnar projection, and the engine that runs questions over it.
//!
//! In:    [`Version`]s in `seq` order, by [`Columns::apply`]; a question and the asker's [`Sight`].
//! Out:   tables in a total order, streams of record batches, or an [`Error`] with the open-data API's code and place.
//! Never: lets an expression of the asker's see a hidden row or an unreadable value; names a column that the asker
//!        cannot read on any label; returns a record.
//!
//! # How
//! [`sets`] says which tables there are and how rows follow from versions. `store` keeps them in chunks of 65,536 rows: codes
//! of dictionaries, numbers, times, each with the label that governs it. A reader holds a table as it was at one `seq`.
//!
//! INVARIANT (hidden rows end in the leaf): a `lens` says which rows and values of a chunk exist for an asker, and everything
//! reads chunks through it: `group` (counts by groups), `top` (first rows by an order), `scan` (all rows in order), and so
//! the [`Shelf`] that an engine is given. Names and types are checked against a shelf's own columns, so that errors depend on the
//! question and the Sight alone.
//!
//! # Change here
//! A set or a column: `sets/`. What a condition of counts and rows may say: `filter.rs`. What is quick: `shelf/quick.rs`. What
//! a session of the engine can do: `engine.rs`.
//!
//! [`Version`]: clear_record::Version
//! [`Sight`]: clear_record::Sight

mod ask;
mod columns;
mod count;
mod engine;
mod error;
mod exact;
mod filter;
mod group;
mod lens;
pub mod measures;
mod page;
mod parquet;
mod predicate;
mod scan;
pub mod sets;
mod shelf;
pub mod soql;
mod spots;
mod store;
mod times;
mod told;
mod top;
mod values;
mod width;

use clear_record::{Column, Kind};

pub use ask::{Asking, ask, planned};
pub use columns::{Columns, Compacting, Held, Settling, Thawing};
pub use count::{Counts, Table};
pub use engine::{Engine, Fault, Limits, NoEngine};
pub use error::Error;
pub use page::{Page, Place, Window};
pub use parquet::{NotWritten, parquet};
pub use shelf::{Covered, Shelf};
pub use spots::{Box4, Crowd, Spot, Spots};
pub use times::micros;
pub use told::{Piece, Told};
pub use values::Value;

/// Where columns go that do not fit in memory, and why they do not come back.
pub use clear_cold::{Error as ColdError, Place as ColdPlace};

/// What the engine's answers are made of.
pub use arrow::record_batch::RecordBatch;
pub use datafusion::execution::SendableRecordBatchStream;

/// The columnar schema of a kind of record, in declared order, as analysis engines lay it out.
pub fn schema(kind: Kind) -> Vec<(&'static str, Column)> {
    clear_record::fields(kind).iter().map(|field| (field.name, field.column())).collect()
}
