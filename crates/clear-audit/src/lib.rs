//! The tamper-evident log: what was asked, what left, who ordered what.
//!
//! In:    an [`Event`], or a text for everybody; from any thread.
//! Out:   a [`Receipt`], once the entry is on the disk; tiles and a signed checkpoint that outsiders can check.
//! Never: knows policy or store; rewrites an entry; answers before the disk has it; goes on after a failed write.
//!
//! # How
//! An append is sealed on the caller's thread and queued. One thread takes all that is waiting, writes it with one
//! write and one `fdatasync`, wakes the waiters, and folds the new leaves into an RFC 6962 tree, published as
//! [tlog-tiles](https://c2sp.org/tlog-tiles) under a [checkpoint](https://c2sp.org/tlog-checkpoint). While it syncs, the
//! next batch gathers. The *frames* are the log; tiles and checkpoint can be written again from them.
//!
//! # Change here
//! What an event says: `event.rs`. Bytes on disk: `frame.rs`, and the table in README.md. What a leaf hides: `seal.rs`.
//! What a checker looks at: `verify.rs`. When strangers see it: `public.rs`.

#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "tests open what they look at"))]

mod anchor;
mod checkpoint;
mod cosign;
mod cover;
mod destroy;
mod disclosures;
mod error;
mod event;
mod frame;
mod given;
mod health;
mod keys;
mod kinds;
mod log;
mod note;
mod openings;
pub mod parsers;
mod proof;
mod public;
mod receipt;
mod recover;
mod seal;
mod spool;
mod submission;
mod tiles;
mod tree;
mod verify;
mod views;
mod walk;
mod watch;
mod witness;

pub use anchor::{ANCHOR, Anchor, Contradiction, Knows, contradiction, keep_vouched, vouched};
pub use checkpoint::{CheckpointFlaw, is_checkpoint_over};
pub use cosign::{CosignFlaw, Cosigner, CosignerKey, joined, signed_text};
pub use destroy::DestroyError;
pub use disclosures::{Disclosures, Indexed, Key, Opening, Place, Postings, Whose};
pub use error::{Error, LogDown};
pub use event::{Event, What};
pub use given::{Entries, Given};
pub use health::{Degraded, Health, SpoolReady};
pub use kinds::{Part, log_events_page};
pub use log::{Log, Options, Pending, Recovered};
pub use note::{NoteFlaw, open_note, sign_note};
pub use openings::{Opened, Openings};
pub use proof::{Proof, ProofFlaw};
pub use public::Public;
pub use receipt::{Receipt, ReceiptFlaw};
pub use submission::{BadSubmission, Submission};
pub use verify::{Flaw, Folder, Published, Source, SourceError, Verified};
pub use verify::{begins_with, extends, has_leaf, published, verify, verify_folder};
pub use views::{Evidence, Views, compare};
pub use walk::{Leaf, Walk, leaf_of_commitment};
pub use watch::{Watch, Watcher};
pub use witness::{Added, Watched, Witness, WitnessError};
