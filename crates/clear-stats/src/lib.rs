//! Counts incidents by their columns, under a Sight.
//!
//! In:    [`Version`]s in `seq` order, by [`Columns::apply`]; a [`Counts`] and the asker's [`Sight`].
//! Out:   a [`Table`] in a total order, or an [`Error`] with the open-data API's code and the place in the question.
//! Never: lets an expression of the asker's see a hidden row or an unreadable value; names a column that the asker
//!        cannot read on any label; returns a record.
//!
//! # How
//! INVARIANT (hidden rows end in the leaf): a row goes through `Leaf::row` before anything else. A row that no
//! class opens is dropped there, and a value whose class is closed on its row is NULL there. Types and names are
//! checked before the first row is read, so that errors depend on the question and the Sight alone.
//!
//! Text is coded by dictionaries over all labels; a code never leaves this crate, and groups are ordered by value.
//! DataFusion takes the place of this engine when analysis grows; the shelf, the errors and the answers stay.
//!
//! # Change here
//! A derived column: `COLUMNS` in `columns.rs`. What a condition may say: `filter.rs`.
//!
//! [`Version`]: clear_record::Version
//! [`Sight`]: clear_record::Sight

mod columns;
mod count;
mod error;
mod filter;
pub mod measures;
mod page;
mod values;

use clear_record::{Column, Kind};

pub use columns::{Columns, Measured};
pub use count::{Counts, Table};
pub use error::Error;
pub use page::{Page, Place};

/// The columnar schema of a kind of record, in declared order, as analysis engines lay it out.
pub fn schema(kind: Kind) -> Vec<(&'static str, Column)> {
    clear_record::fields(kind).iter().map(|field| (field.name, field.column())).collect()
}
