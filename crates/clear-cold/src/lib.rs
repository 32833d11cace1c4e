//! Columns that do not fit in memory: sealed in a folder or a bucket, for as long as the process runs.
//!
//! In:    columns of codes, numbers or times, together as one [`Object`].
//! Out:   one column of it, bit for bit as it was given; or an [`Error`].
//! Never: gives a column that is not the one that was given; writes anything in clear; keeps a key outside the memory of the
//!        process; knows what a column means.
//!
//! # How
//! An object is a Parquet file whose columns are sealed one by one with AES-256-GCM, under a key that seals this object alone. Where
//! each column lies, and how it is read, stays in memory with the key: one range of the object is fetched for one column, opened
//! and decoded. So who keeps the objects sees ciphertext, and what an object says of itself is not asked.
//!
//! INVARIANT (cold is of one process): keys are in memory only. After an end, however it came, nothing opens what is left; a
//! start empties the place. [`Object::destroy`] takes the key away first: that its object cannot be deleted now opens nothing.
//!
//! # Change here
//! Where objects may lie: `place.rs`. How columns are written: `object.rs`. What is put aside and when: `clear-stats`. Why: docs/decisions/0065.

mod object;
mod place;

pub use object::{Object, Values};
pub use place::Place;

/// Why columns could not be put aside, or not be had back. None of them has a value or a name in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The place cannot be used at all.
    #[error("cannot use {place} for columns that do not fit in memory: {what}")]
    Place {
        /// The folder, or the bucket's address.
        place: String,
        /// What is wrong.
        what: String,
    },
    /// An object could not be written.
    #[error("columns that do not fit in memory cannot be put aside: {0}")]
    NotWritten(String),
    /// The place does not answer.
    #[error("columns that were put aside cannot be read back: {0}")]
    NoAnswer(String),
    /// An object is not there any more.
    #[error("columns that were put aside are gone")]
    Gone,
    /// An object is not what was written.
    #[error("columns that were put aside were changed")]
    Changed,
}
