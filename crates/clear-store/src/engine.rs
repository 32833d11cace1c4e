//! What an engine does: rows in, rows out, under the head row's lock. What the rows mean stands in `book.rs`.

use async_trait::async_trait;
use clear_record::{Kind, RecordId};

use crate::Error;

/// The newest layout that this program knows, in every database.
pub(crate) const LAYOUT: i64 = 1;

/// The head row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HeadRow {
    pub(crate) epoch: i64,
    pub(crate) seq: i64,
    pub(crate) register: i64,
    pub(crate) outbox: i64,
}

/// A version's row. Without a body it was expunged.
pub(crate) struct Row {
    pub(crate) seq: i64,
    pub(crate) id: RecordId,
    pub(crate) label: i64,
    pub(crate) origin: i64,
    pub(crate) valid_from: i64,
    pub(crate) recorded_at: i64,
    pub(crate) body: Option<Vec<u8>>,
}

/// An outbox row.
pub(crate) struct OutboxRow {
    pub(crate) number: i64,
    pub(crate) upto: i64,
    pub(crate) register: i64,
    pub(crate) clear: i64,
    pub(crate) body: Vec<u8>,
}

/// Long values that rows name by a dense number from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Names {
    Labels,
    Origins,
}

/// The columns of a version as they come from the engine.
pub(crate) type VersionColumns = (i64, Vec<u8>, i64, i64, i64, i64, Option<Vec<u8>>);

/// A version's row from its columns.
pub(crate) fn row(
    place: &str,
    (seq, id, label, origin, valid_from, recorded_at, body): VersionColumns,
) -> Result<Row, Error> {
    let id = id_from(&id, place)?;
    Ok(Row { seq, id, label, origin, valid_from, recorded_at, body })
}

/// An id as it is stored: the kind's number and the 16 bytes.
pub(crate) fn id_bytes(id: RecordId) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(17);
    bytes.push(id.kind.code());
    bytes.extend(id.bytes());
    bytes
}

/// An id as it was stored.
pub(crate) fn id_from(bytes: &[u8], place: &str) -> Result<RecordId, Error> {
    let read = || {
        let (code, raw) = bytes.split_first()?;
        Some(RecordId { kind: Kind::from_code(*code)?, raw: u128::from_be_bytes(raw.try_into().ok()?) })
    };
    read().ok_or_else(|| Error::Damaged { place: place.to_owned(), what: "a version without a readable id".to_owned() })
}

/// A database that keeps the ledger's rows.
#[async_trait]
pub(crate) trait Engine: Send + Sync + 'static {
    /// A transaction that holds the head row.
    type Tx: Tx;

    /// Begins a transaction, waits for the head row's lock and reads it.
    async fn begin(&self) -> Result<(Self::Tx, HeadRow), Error>;
    async fn head(&self) -> Result<HeadRow, Error>;
    /// Where the rows are, in words for an error.
    fn place(&self) -> &str;
    /// The ledger's own name, given once at its making.
    fn ledger(&self) -> &[u8];
    async fn follow(&self, after: i64, upto: i64, max: i64) -> Result<Vec<Row>, Error>;
    async fn follow_kinds(&self, kinds: &[Kind], after: i64, upto: i64, max: i64) -> Result<Vec<Row>, Error>;
    /// The ids of a kind in these rows, each with whether there is an earlier row of it.
    async fn changed(&self, kind: Kind, after: i64, upto: i64) -> Result<Vec<(RecordId, bool)>, Error>;
    async fn read(&self, ids: &[RecordId], upto: i64, valid: i64) -> Result<Vec<Row>, Error>;
    /// The rows at these places, in no order.
    async fn at(&self, seqs: &[i64]) -> Result<Vec<Row>, Error>;
    async fn history(&self, id: RecordId, upto: i64) -> Result<Vec<Row>, Error>;
    async fn names(&self, which: Names, from: i64) -> Result<Vec<(i64, String)>, Error>;
    async fn register(&self, after: i64) -> Result<Vec<(i64, Vec<u8>)>, Error>;
    async fn outbox(&self, after: i64) -> Result<Vec<OutboxRow>, Error>;
}

/// A transaction that holds the head row. Dropped without `end`, it leaves nothing behind.
#[async_trait]
pub(crate) trait Tx: Send {
    async fn names(&mut self, which: Names, from: i64) -> Result<Vec<(i64, String)>, Error>;
    async fn add_names(&mut self, which: Names, rows: &[(i64, String)]) -> Result<(), Error>;
    async fn add_versions(&mut self, rows: Vec<Row>) -> Result<(), Error>;
    async fn add_register(&mut self, rows: Vec<(i64, Vec<u8>)>) -> Result<(), Error>;
    async fn add_outbox(&mut self, rows: Vec<OutboxRow>) -> Result<(), Error>;
    async fn forget_outbox(&mut self, upto: i64) -> Result<(), Error>;
    async fn history(&mut self, id: RecordId) -> Result<Vec<Row>, Error>;
    async fn empty_bodies(&mut self, id: RecordId) -> Result<(), Error>;
    /// Writes the head row and commits.
    async fn end(self, head: HeadRow) -> Result<(), Error>;
}
