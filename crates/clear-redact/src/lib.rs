//! What of a match may leave.
//!
//! In:    what `clear-query` found, and the [`Grant`] it was found under.
//! Out:   [`Disclosed<T>`]: the answer, its bytes, the ids it tells of, and a salted digest of the bytes.
//! Never: adds anything that was not found; reads a store.
//!
//! # How
//! Field by field: a field leaves only where its class is open on its record's label. A reference leaves only where the
//! record that it names may be known. A pointer leaves as whom to ask. The bytes are made here, once, so that what is
//! logged is what is sent.
//!
//! # Change here
//! What a kind of answer looks like: `answers.rs`. How a record's title is made: `shown.rs`.

mod answers;
mod changed;
mod checked;
mod linked;
mod measured;
mod places;
mod rows;
mod sets;
mod shown;
mod table;

pub use answers::{
    Alert, AlsoRead, Begins, CountedTable, FacetCount, Found, FoundFacet, FoundHit, FoundSnippet, Meant, Opened,
    OpenedRecord, RelatedRecord, SamePersonRecord, SnippetPiece,
};
pub use changed::{ChangedField, ChangedIncident, ChangedList};
pub use checked::{Checked, CheckedHit, LineChecked, LineRefused};
pub use linked::{Because, ExpandedNode, LinkChart, LinkedNode, NodeLink};
pub use measured::{
    MeasureSaid, Measured, MeasuredBoard, MeasuredCell, MeasuredChange, MeasuredDays, MeasuredFigure, MeasuredHours,
    MeasuredMonth, MeasuredPeriod, MeasuredRate, MeasuredRow, MeasuredSeries, MeasuredTrend,
};
pub use rows::{Form, Writer, Written};
pub use sets::{FORMS, SetError, SetField, SetForm, SetLayout, SetWriter};
pub use shown::{Pointer, Sharing, Shown};
pub use table::{SqlColumn, SqlTable};

use clear_policy::Grant;
use clear_query::{Matches, Question};
use clear_record::RecordId;
use serde::Serialize;
use sha2::{Digest, Sha256};

/// A match that knows what of it may leave under a grant.
pub trait Redact {
    /// The answer's shape on the wire.
    type Out: Serialize + Send + Sync + 'static;

    /// Reduces the match to what may leave.
    fn redact(self, grant: &Grant) -> Reduced<Self::Out>;

    /// The answer's bytes: JSON, unless it is a file.
    ///
    /// # Errors
    /// When it cannot be written so, which no answer of ours should do.
    fn write(out: &Self::Out) -> Result<Vec<u8>, Error> {
        Ok(serde_json::to_vec(out)?)
    }
}

/// An answer together with the records that it tells of. A step on the way to [`Disclosed`].
pub struct Reduced<T> {
    pub(crate) out: T,
    pub(crate) told: Vec<RecordId>,
}

/// What may leave. Only this crate makes one.
pub struct Disclosed<T> {
    out: T,
    bytes: Vec<u8>,
    told: Vec<RecordId>,
    digest: String,
}

/// An answer that could not be written down.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// As JSON.
    #[error("cannot write the answer as JSON")]
    Json(#[from] serde_json::Error),
    /// As a Parquet file.
    #[error("cannot write the answer as Parquet")]
    Parquet(#[from] parquet::errors::ParquetError),
}

/// Reduces what was found to what may leave.
///
/// # Errors
/// When the answer cannot be written, which no answer of ours should do.
pub fn apply<Q: Question>(grant: &Grant, matches: Matches<Q>) -> Result<Disclosed<<Q::Match as Redact>::Out>, Error>
where
    Q::Match: Redact,
{
    let Reduced { out, mut told } = matches.into_found().redact(grant);
    let bytes = Q::Match::write(&out)?;
    told.sort_unstable();
    told.dedup();
    Ok(Disclosed { digest: salted_digest(&bytes), out, bytes, told })
}

impl<T> Disclosed<T> {
    /// The answer, for a page.
    pub fn get(&self) -> &T {
        &self.out
    }

    /// The answer's bytes, the same for every asker with the same question and Sight at the same `seq`.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The records that it tells of.
    pub fn told(&self) -> &[RecordId] {
        &self.told
    }

    /// The salt (16 bytes) and the SHA-256 of salt and body, in hexadecimal, for the log and the receipt. Salted, because an unsalted digest of a body outlives its
    /// expungement (GR44): whoever guesses the body could confirm it.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The answer's bytes, given away.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

fn salted_digest(bytes: &[u8]) -> String {
    let mut salt = [0u8; 16];
    // Without randomness the digest would be unsalted; an empty one says nothing instead.
    if getrandom::fill(&mut salt).is_err() {
        return String::new();
    }
    let mut hash = Sha256::new();
    hash.update(salt);
    hash.update(bytes);
    let hex = |bytes: &[u8]| -> String { bytes.iter().map(|byte| format!("{byte:02x}")).collect() };
    format!("{}{}", hex(&salt), hex(&hash.finalize()))
}
