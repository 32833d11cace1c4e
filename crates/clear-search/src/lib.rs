//! Finds records by name, plate, address, number, place, time and free text.
//!
//! In:    [`Version`]s in `seq` order, by [`Index::apply`]; a [`Query`] and the asker's [`Sight`].
//! Out:   [`Found`]: ids with label, score and reasons, in a total order; never more.
//! Never: returns a record; reads a store; lets a hidden record or field touch an answer, its order, scores or total.
//!
//! # How
//! Every posting leads to a row with its label, and the label is tested before anything else of the row is looked at:
//! INVARIANT (a hidden row is as if absent). Scores are absolute (how well this row matches), never relative to other
//! rows, because a statistic over hidden rows is a hidden row; those of free text rest on statistics of what is open. The index is a fold: drop it, apply the versions again,
//! and the answers are the same.
//!
//! # Change here
//! What a name match is worth: `quality` in `find/meaning.rs`. How text is normalised: the crate `clear-names`. What is
//! indexed of a kind: `Index::insert`. What the search box recognises: `understand.rs`.
//!
//! [`Version`]: clear_record::Version
//! [`Sight`]: clear_record::Sight

mod address;
mod column;
mod error;
mod events;
mod facets;
mod facts;
mod find;
mod index;
mod keys;
mod names;
mod pairs;
mod persons;
mod places;
mod plates;
mod prose;
mod query;
mod rows;
pub mod spelling;
mod suggest;
mod text;
mod tokens;
mod typing;
mod understand;
mod words;

pub use error::Error;
pub use facets::Facet;
pub use index::Index;
pub use places::{Area, Point};
pub use plates::Pattern;
pub use prose::{Piece, Snippet, Wanted, field_names, snippets};
pub use query::{Born, Filter, Found, Hit, Query, Suggested, Terms, Who, Why};
pub use suggest::Suggestion;
pub use understand::{Understood, read_date, understand};
