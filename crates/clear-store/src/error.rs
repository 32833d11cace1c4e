//! What can go wrong with the store: what, where, and the mend. The cause is in `source`.

use std::path::PathBuf;

use clear_record::{Kind, RecordId};

/// A cause from the engine below; operators read it in the chain, askers never do.
pub type Cause = Box<dyn std::error::Error + Send + Sync + 'static>;

/// Why the store could not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Another process holds the folder.
    #[error("the folder `{}` is in use by another process: stop that process, or give this one a folder of its own", folder.display())]
    InUse {
        /// The data folder.
        folder: PathBuf,
    },
    /// A file or folder of the store could not be read or written.
    #[error("cannot {doing} `{}`: see that it exists and that this account may read and write it", path.display())]
    File {
        /// What was being done.
        doing: &'static str,
        /// To which file or folder.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// No room is left. Nothing of the batch was kept.
    #[error("no room is left where {place} is kept, and nothing was written: make room and try again")]
    Full {
        /// Which database.
        place: String,
        /// What the engine said.
        source: Cause,
    },
    /// The database server is not there, or went away. What was being written may or may not have been kept: ask
    /// [`head`](crate::Ledger::head) before writing it again.
    #[error("the database at `{url}` cannot be reached: start it, or correct its address; the next call tries again")]
    Unreachable {
        /// Its address, without the password.
        url: String,
        /// What the engine said.
        source: Cause,
    },
    /// The address of a database does not read.
    #[error("the address of the database does not read: it should be like `postgres://user@host:5432/database`")]
    Address {
        /// What the engine said. It never repeats the address, which may hold a password.
        source: Cause,
    },
    /// Somebody else has written for too long.
    #[error("{place} stayed locked by another writer for too long, and nothing was written: try again")]
    Busy {
        /// Which database.
        place: String,
        /// What the engine said.
        source: Cause,
    },
    /// The engine refused a statement.
    #[error("{place} refused to {doing}")]
    Database {
        /// What was being done.
        doing: &'static str,
        /// Which database.
        place: String,
        /// What the engine said.
        source: Cause,
    },
    /// The database was written by a newer version of this program.
    #[error(
        "{place} has layout {found} and this program knows layouts up to {known}: run the newer program that wrote it"
    )]
    Newer {
        /// Which database.
        place: String,
        /// The layout it has.
        found: i64,
        /// The newest layout this program knows.
        known: i64,
    },
    /// Somebody leads after us: this process must not write any more.
    #[error(
        "this process led in epoch {held} and another leads now in epoch {is}: nothing was written; stop this process or let it take the lead again"
    )]
    Fenced {
        /// Our epoch.
        held: u64,
        /// The ledger's epoch.
        is: u64,
    },
    /// The register changed between the decision and the commit.
    #[error(
        "the register moved from version {expected} to {is} since the decision, and nothing was written: decide again"
    )]
    RegisterMoved {
        /// The version the decision was made at.
        expected: u64,
        /// The version now.
        is: u64,
    },
    /// A draft's contents are of another kind than its id.
    #[error("{id} cannot hold a record of kind `{is}`, and nothing was written: file it under an id of its own kind")]
    Kind {
        /// The draft's id.
        id: RecordId,
        /// What its contents are.
        is: Kind,
    },
    /// A body does not open, and it was not expunged.
    #[error(
        "the contents of {id} do not open: its key is missing or its body was changed; restore the key store and the ledger from the same backup"
    )]
    Sealed {
        /// Which record.
        id: RecordId,
    },
    /// The key store beside this ledger is another's, or empty.
    #[error("the key store in `{}` does not belong to this ledger: restore the key store that was kept with it", folder.display())]
    OtherKeys {
        /// The key store's folder.
        folder: PathBuf,
    },
    /// An owner's key was there and is gone, or is not a key.
    #[error("the owner's key `{}` is missing or is not 32 bytes: restore it from its backup; without it the owner's records cannot be read", path.display())]
    OwnerKey {
        /// Where it should be.
        path: PathBuf,
    },
    /// A key was to be destroyed and traces of it may remain.
    #[error("the keys of {id} were deleted but their journal in `{}` is still in use: expunge it again", folder.display())]
    KeysLinger {
        /// Which record.
        id: RecordId,
        /// The key store's folder.
        folder: PathBuf,
    },
    /// A row that this program cannot have written.
    #[error("{place} holds {what}, which this program does not write: restore it from a backup")]
    Damaged {
        /// Which database.
        place: String,
        /// What was found.
        what: String,
    },
    /// The card is not at the revision that the writer had read.
    #[error("the card `{key}` of kind `{kind}` changed since it was read: read it again and decide again")]
    Conflict {
        /// The card's kind.
        kind: String,
        /// Its key.
        key: String,
    },
    /// The operating system gives no randomness, without which no key is secret.
    #[error("the operating system gives no randomness, so that nothing can be sealed")]
    Randomness {
        /// What it said.
        source: getrandom::Error,
    },
    /// A sealing task did not end.
    #[error("a sealing task did not end: the process is stopping or a core has failed")]
    Stopped {
        /// What the runtime said.
        source: tokio::task::JoinError,
    },
}
