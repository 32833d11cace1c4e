//! The ledger, which is the system of record, and the cards, which are its working notes.
//!
//! In:    [`Batch`]es of drafts with their labels, register entries and outbox rows; cards.
//! Out:   [`Version`]s with their bodies opened, [`Label`]s, register entries, outbox rows; cards.
//! Never: shows what is not logged (that is the caller's `upto`), decides who may see what, or keeps a body unsealed.
//!
//! # How
//! Two engines, SQLite in a folder and PostgreSQL, each with its own SQL, and one conformance suite for both
//! (`tests/it/`). A commit takes the head row's lock, so that `seq` is commit order, dense, without gaps:
//! INVARIANT (seq is commit order). Every body is sealed under a key of its own, which lies in a key store apart:
//! INVARIANT (a key is durable before its body). Destroying the key expunges the body, wherever copies of it lie.
//!
//! # Change here
//! What both engines do alike: `seal.rs`, `keys.rs`, `intern.rs`. SQL: `sqlite.rs` and `postgres.rs`, both in the same
//! commit, with a line in the conformance suite. A new column: `sql/`, and the layout's number in both engines.

use std::fmt;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use clear_record::{Draft, Kind, Label, LabelId, RecordId, Seq, Version};
use jiff::Timestamp;

mod batch;
mod book;
mod cards;
mod cores;
mod engine;
mod error;
mod files;
mod intern;
mod keys;
mod lite;
mod postgres;
mod seal;
mod snapshots;
mod sqlite;

pub use error::{Cause, Error};
pub use snapshots::{Of, Opening, Program, Sealing, Snapshots};

/// The system of record: append-only, bitemporal, sealed. Times are kept to the microsecond.
#[async_trait]
pub trait Ledger: Send + Sync {
    /// Takes the lead: every older [`Fence`] is refused from now on.
    ///
    /// # Errors
    /// When the ledger cannot be written.
    async fn lead(&self) -> Result<Fence, Error>;

    /// Takes a batch in one transaction: all of it or nothing.
    ///
    /// # Errors
    /// [`Error::Fenced`] when somebody else leads, [`Error::RegisterMoved`] when the register is not at
    /// `expects_register`, [`Error::Full`] and [`Error::Unreachable`] when the engine cannot write.
    async fn commit(&self, fence: &Fence, batch: Batch) -> Result<Committed, Error>;

    /// How far the ledger is.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    async fn head(&self) -> Result<Head, Error>;

    /// The versions with `after < seq <= upto`, in that order, at most `max`, with their bodies opened.
    ///
    /// # Errors
    /// [`Error::Sealed`] when a body that was not expunged does not open.
    async fn follow(&self, after: Seq, upto: Seq, max: usize) -> Result<Vec<Version>, Error>;

    /// The same, of records of these kinds alone. Fewer than `max` means that there are no more.
    ///
    /// # Errors
    /// As [`follow`](Ledger::follow).
    async fn follow_kinds(&self, kinds: &[Kind], after: Seq, upto: Seq, max: usize) -> Result<Vec<Version>, Error> {
        let (mut found, mut at) = (Vec::new(), after);
        while found.len() < max {
            let versions = self.follow(at, upto, max).await?;
            let Some(last) = versions.last() else { break };
            at = last.seq;
            found.extend(versions.into_iter().filter(|version| kinds.contains(&version.id.kind)));
        }
        found.truncate(max);
        Ok(found)
    }

    /// The records of a kind that have a version with `after < seq <= upto`, each with whether it had one before. No body
    /// is opened.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    async fn changed(&self, kind: Kind, after: Seq, upto: Seq) -> Result<Vec<(RecordId, bool)>, Error>;

    /// The newest version of each record as of a moment, in the order of `ids`; a record without one is left out.
    ///
    /// # Errors
    /// [`Error::Sealed`] when a body that was not expunged does not open.
    async fn read(&self, ids: &[RecordId], as_of: AsOf) -> Result<Vec<Version>, Error>;

    /// The versions of these records at these places, in the order of `places`; one that is not there is left out.
    ///
    /// # Errors
    /// As [`read`](Ledger::read).
    async fn read_at(&self, places: &[(RecordId, Seq)]) -> Result<Vec<Version>, Error> {
        let mut versions = Vec::with_capacity(places.len());
        for (id, seq) in places {
            let found = self.read(&[*id], AsOf { seq: *seq, valid: None }).await?;
            versions.extend(found.into_iter().filter(|version| version.seq == *seq));
        }
        Ok(versions)
    }

    /// Every version of a record with `seq <= upto`, oldest first.
    ///
    /// # Errors
    /// [`Error::Sealed`] when a body that was not expunged does not open.
    async fn history(&self, id: RecordId, upto: Seq) -> Result<Vec<Version>, Error>;

    /// Every label; the place in the list is the [`LabelId`].
    ///
    /// # Errors
    /// When the ledger cannot be read.
    async fn labels(&self) -> Result<Vec<Label>, Error>;

    /// The register's entries after a version, in order, each with its version (dense, from 1).
    ///
    /// # Errors
    /// When the ledger cannot be read.
    async fn register(&self, after: u64) -> Result<Vec<(u64, Vec<u8>)>, Error>;

    /// What was committed and is not yet said to be in the log, in order. After a restart this may repeat rows that
    /// are in the log: compare by number.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    async fn unlogged(&self) -> Result<Vec<Outbox>, Error>;

    /// Says that the outbox is in the log up to this number. The rows go in the next commit's transaction.
    ///
    /// # Errors
    /// None today; an engine may have to write this down.
    async fn logged(&self, upto: u64) -> Result<(), Error>;

    /// Destroys the keys of every version of a record, empties their bodies, and appends one version without a body,
    /// by which followers learn of it. Doing it twice is doing it once, apart from the outbox rows.
    ///
    /// # Errors
    /// As [`commit`](Ledger::commit). After any error: do it again.
    async fn expunge(
        &self,
        fence: &Fence,
        id: RecordId,
        recorded_at: Timestamp,
        outbox: Vec<OutboxBody>,
    ) -> Result<Committed, Error>;
}

/// Small keyed notes that change: accounts, sessions, jobs, numbers. Written by compare-and-swap.
#[async_trait]
pub trait Cards: Send + Sync {
    /// A card, if it is there.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn get(&self, kind: &str, key: &str) -> Result<Option<Card>, Error>;

    /// Writes a card where its revision is still `if_revision` (0: where there is none). Gives the new revision, which
    /// is greater than any revision given before.
    ///
    /// # Errors
    /// [`Error::Conflict`] when the revision is another.
    async fn put(
        &self,
        kind: &str,
        key: &str,
        if_revision: u64,
        owner: Option<&str>,
        due: Option<Timestamp>,
        body: Vec<u8>,
    ) -> Result<u64, Error>;

    /// The cards of a kind, of one owner if one is given, by key.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn list(&self, kind: &str, owner: Option<&str>) -> Result<Vec<Card>, Error>;

    /// Takes the card that has been due longest, pushing `due` to `lease_until` in the same step, so that nobody else
    /// takes it before then. `None` when nothing is due.
    ///
    /// # Errors
    /// When the store cannot be written.
    async fn claim(&self, kind: &str, now: Timestamp, lease_until: Timestamp) -> Result<Option<Card>, Error>;

    /// Deletes a card where its revision is still `if_revision`.
    ///
    /// # Errors
    /// [`Error::Conflict`] when the revision is another or the card is gone.
    async fn delete(&self, kind: &str, key: &str, if_revision: u64) -> Result<(), Error>;
}

/// The right to write, until somebody else takes the lead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fence {
    epoch: u64,
}

/// What one transaction takes.
#[derive(Clone)]
pub struct Batch {
    /// When we knew it: the `recorded_at` of every version.
    pub recorded_at: Timestamp,
    /// The versions, in the order in which they get their `seq`.
    pub drafts: Vec<Draft>,
    /// Entries to append to the register.
    pub register: Vec<Vec<u8>>,
    /// The register's version at which the filing was decided.
    pub expects_register: u64,
    /// What the log must have before any of it is visible.
    pub outbox: Vec<OutboxBody>,
}

/// One thing for the log to take.
#[derive(Clone, PartialEq, Eq)]
pub struct OutboxBody {
    /// Whether it may stand in the log in clear.
    pub clear: bool,
    /// The bytes.
    pub body: Vec<u8>,
}

/// What a transaction did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// The `seq` of the first version, up to one past the last.
    pub seqs: Range<u64>,
    /// The register's version afterwards.
    pub register: u64,
    /// The number of the first outbox row, up to one past the last.
    pub outbox: Range<u64>,
    /// Labels that the ledger had not met before.
    pub new_labels: Vec<(LabelId, Label)>,
    /// The label of each version of the batch, in its order.
    pub label_of: Vec<LabelId>,
}

/// How far the ledger is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The last version's place.
    pub seq: Seq,
    /// The register's version.
    pub register: u64,
    /// The last outbox row's number.
    pub outbox: u64,
}

/// The moment that a reader asks about: what we knew, and of what was true when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AsOf {
    /// What we knew: versions up to here.
    pub seq: Seq,
    /// What was true: versions valid from this moment or earlier. `None`: whichever is newest.
    pub valid: Option<Timestamp>,
}

/// A row of the outbox.
#[derive(Clone, PartialEq, Eq)]
pub struct Outbox {
    /// Its number: dense, from 1, in commit order.
    pub number: u64,
    /// The last `seq` of its transaction: visible once this row is in the log.
    pub upto: Seq,
    /// The register's version after its transaction.
    pub register: u64,
    /// Whether it may stand in the log in clear.
    pub clear: bool,
    /// The bytes.
    pub body: Vec<u8>,
}

/// A note.
#[derive(Clone, PartialEq, Eq)]
pub struct Card {
    /// Its key within its kind.
    pub key: String,
    /// Its revision, to be given back when it is written.
    pub revision: u64,
    /// Whose it is, if anybody's.
    pub owner: Option<String>,
    /// When it wants attention, if ever.
    pub due: Option<Timestamp>,
    /// The bytes.
    pub body: Vec<u8>,
}

// What holds people's data is printed by its numbers alone.
impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut batch = f.debug_struct("Batch");
        batch
            .field("drafts", &self.drafts.len())
            .field("register", &self.register.len())
            .field("outbox", &self.outbox.len());
        batch.field("expects_register", &self.expects_register).finish_non_exhaustive()
    }
}

impl fmt::Debug for OutboxBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutboxBody").field("clear", &self.clear).field("bytes", &self.body.len()).finish()
    }
}

impl fmt::Debug for Outbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbox")
            .field("number", &self.number)
            .field("upto", &self.upto)
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Card {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Card").field("key", &self.key).field("revision", &self.revision).finish_non_exhaustive()
    }
}

/// A ledger with its cards.
#[derive(Clone)]
pub struct Store {
    /// The system of record.
    pub ledger: Arc<dyn Ledger>,
    /// The working notes.
    pub cards: Arc<dyn Cards>,
    /// Projections as they were last kept.
    pub snapshots: Snapshots,
    closing: Arc<dyn Close>,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Store")
    }
}

impl Store {
    /// Opens the store in a data folder, which is made where it is missing: SQLite, for this process alone. The keys
    /// are in `keys/` beneath it, snapshots in `projections/`.
    ///
    /// # Errors
    /// [`Error::InUse`] when another process has it; [`Error::File`] when the folder cannot be written.
    pub async fn folder(dir: &Path) -> Result<Store, Error> {
        let engine = Arc::new(sqlite::open(dir).await?);
        let snapshots = Snapshots::at(&dir.join("projections"), &dir.join("keys"));
        let book = Arc::new(book::open(Arc::clone(&engine), &dir.join("keys"), snapshots.clone()).await?);
        Ok(Store {
            ledger: Arc::clone(&book) as Arc<dyn Ledger>,
            cards: Arc::clone(&engine) as Arc<dyn Cards>,
            snapshots,
            closing: Arc::new((book, engine)),
        })
    }

    /// Opens the store on a PostgreSQL server, with the key store in a local folder, which every process on that
    /// ledger shares. Snapshots are in `projections/` beside it.
    ///
    /// # Errors
    /// [`Error::Unreachable`] when the server is not there; [`Error::Address`] when the address does not read.
    pub async fn postgres(url: &str, keys_folder: &Path) -> Result<Store, Error> {
        let engine = Arc::new(postgres::open(url).await?);
        let snapshots = Snapshots::at(&keys_folder.with_file_name("projections"), keys_folder);
        let book = Arc::new(book::open(Arc::clone(&engine), keys_folder, snapshots.clone()).await?);
        Ok(Store {
            ledger: Arc::clone(&book) as Arc<dyn Ledger>,
            cards: Arc::clone(&engine) as Arc<dyn Cards>,
            snapshots,
            closing: Arc::new((book, engine)),
        })
    }

    /// The same store, which keeps snapshots that this program makes, and reads no others.
    #[must_use]
    pub fn keeping(mut self, program: Program) -> Store {
        self.snapshots = self.snapshots.of_program(program);
        self
    }

    /// Closes the store after what is under way; calls after it fail. Dropping every clone does the same, only not
    /// waiting for it. The folder is free once every clone is dropped.
    pub async fn close(self) {
        self.closing.close().await;
    }
}

/// What is left to do at the end.
#[async_trait]
trait Close: Send + Sync {
    async fn close(&self);
}

#[async_trait]
impl Close for (Arc<book::Book<sqlite::Folder>>, Arc<sqlite::Folder>) {
    async fn close(&self) {
        self.0.close_keys().await;
        self.1.close().await;
    }
}

#[async_trait]
impl Close for (Arc<book::Book<postgres::Server>>, Arc<postgres::Server>) {
    async fn close(&self) {
        self.0.close_keys().await;
        self.1.close().await;
    }
}
