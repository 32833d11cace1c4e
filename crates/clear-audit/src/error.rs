//! What can go wrong with the log itself.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::checkpoint::CheckpointFlaw;

/// Why the log could not be opened or read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The origin cannot stand in a checkpoint.
    #[error("`{origin}` cannot be a log's origin: write `installation/node`, without spaces or `+`")]
    Origin {
        /// What was given.
        origin: String,
    },
    /// Another process, or another part of this one, has the log open.
    #[error("the log in {} is in use by another process", path.display())]
    InUse {
        /// The log's folder.
        path: PathBuf,
    },
    /// A file could not be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file could not be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A log is there, its key is not. A new key would make the old checkpoints worthless, so none is made.
    #[error("the log has entries, but its key {} is missing", path.display())]
    KeyMissing {
        /// Where the key should be.
        path: PathBuf,
    },
    /// A key file holds something else, or a key for something else.
    #[error("{} {why}", path.display())]
    Key {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The system gave no randomness.
    #[error("the operating system gives no randomness")]
    Randomness,
    /// A frame was changed after it was written: what follows it was synced later.
    #[error("log damaged: entry {entry}, segment `{segment}`, offset {offset}")]
    Damaged {
        /// The entry that should stand there.
        entry: u64,
        /// The segment's file name.
        segment: String,
        /// Where in the segment, in bytes.
        offset: u64,
    },
    /// A segment between others is gone.
    #[error("log damaged: segment `{segment}` is missing")]
    SegmentMissing {
        /// Its file name.
        segment: String,
    },
    /// The checkpoint on disk is not one of this log's.
    #[error("the checkpoint on disk cannot be trusted")]
    Checkpoint {
        /// What is wrong with it.
        source: CheckpointFlaw,
    },
    /// The log has lost entries that its checkpoint covers.
    #[error("the checkpoint covers {checkpoint} entries, the log holds {frames}: entry {frames} is missing")]
    Shorter {
        /// The checkpoint's size.
        checkpoint: u64,
        /// How many entries there are.
        frames: u64,
    },
    /// The entries are not those that the checkpoint was signed over.
    #[error("the log's first {size} entries are not those of the checkpoint on disk")]
    Root {
        /// The checkpoint's size.
        size: u64,
    },
    /// The disclosure index cannot be used. It can be made again from the log.
    #[error("cannot use the disclosure index in {}; make it again with `openclear audit reindex`", path.display())]
    Index {
        /// Its folder.
        path: PathBuf,
        /// Why.
        source: Box<fjall::Error>,
    },
    /// The disclosure index stopped following the log.
    #[error("the disclosure index has stopped: {reason}")]
    Stopped {
        /// What stopped it.
        reason: Arc<str>,
    },
    /// A text cannot be signed.
    #[error("the text cannot be signed")]
    Note {
        /// Why.
        source: crate::note::NoteFlaw,
    },
    /// The log has a spool, and it is not where it was: entries may wait in it.
    #[error(
        "the log's spool in {} is not there; is its volume mounted? Entries may wait in it. Mount it, or name its new place with `--spool`. Only if it is lost for good: remove {}/spool, and what it held is lost (docs/recovery.md)",
        path.display(), log.display()
    )]
    SpoolMissing {
        /// Where it was.
        path: PathBuf,
        /// The log's folder.
        log: PathBuf,
    },
    /// The folder is the spool of another log.
    #[error("{} is the spool of another log; give each log a folder of its own", path.display())]
    SpoolTaken {
        /// Which.
        path: PathBuf,
    },
    /// The spool's note was changed.
    #[error("{} cannot be trusted", path.display())]
    SpoolNote {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        source: crate::note::NoteFlaw,
    },
    /// The log ends before the spool begins.
    #[error("the spool begins with entry {first}, but the log holds {size}: entry {size} was acknowledged and is gone")]
    SpoolAhead {
        /// The spool's first entry.
        first: u64,
        /// How many entries the log has.
        size: u64,
    },
    /// The log has something else where the spool's entry belongs.
    #[error("entry {entry} of the log is not the one that was promised for this place in the spool")]
    SpoolOther {
        /// Which.
        entry: u64,
    },
    /// A sealed entry could not be opened.
    #[error("entry {entry} cannot be opened: {why}")]
    Opening {
        /// Which.
        entry: u64,
        /// Why.
        why: &'static str,
    },
}

impl Error {
    pub(crate) fn read(path: &Path) -> impl FnOnce(io::Error) -> Error {
        let path = path.to_owned();
        move |source| Error::Read { path, source }
    }

    pub(crate) fn index(path: &Path) -> impl Fn(fjall::Error) -> Error {
        let path = path.to_owned();
        move |source| Error::Index { path: path.clone(), source: Box::new(source) }
    }

    pub(crate) fn write(path: &Path) -> impl FnOnce(io::Error) -> Error {
        let path = path.to_owned();
        move |source| Error::Write { path, source }
    }
}

/// Nothing can be logged, so nothing may be answered. Never retried: a disk that lost one write is not asked again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the log is down: {reason}")]
pub struct LogDown {
    reason: Arc<str>,
    passing: bool,
    kind: Option<io::ErrorKind>,
}

impl LogDown {
    pub(crate) fn new(reason: &str) -> LogDown {
        LogDown { reason: reason.into(), passing: false, kind: None }
    }

    /// Down for a while: the disk is slow, or too much waits for it.
    pub(crate) fn passing(reason: &str) -> LogDown {
        LogDown { passing: true, ..LogDown::new(reason) }
    }

    pub(crate) fn because(error: &dyn std::error::Error) -> LogDown {
        let mut reason = error.to_string();
        let mut cause = error.source();
        let mut kind = None;
        while let Some(error) = cause {
            reason.push_str(": ");
            reason.push_str(&error.to_string());
            kind = error.downcast_ref::<io::Error>().map(io::Error::kind).or(kind);
            cause = error.source();
        }
        LogDown { kind, ..LogDown::new(&reason) }
    }

    /// This, after the log had gone on somewhere else because of `before`.
    pub(crate) fn after(self, before: &LogDown) -> LogDown {
        LogDown { reason: format!("{}; and before that: {}", self.reason, before.reason).into(), ..self }
    }

    /// What ended the log, for the operator.
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// Whether it can be well again without a new start: the disk did not answer in time.
    pub fn is_passing(&self) -> bool {
        self.passing
    }

    /// What the disk said, without a path: words that anybody may read.
    pub fn in_public(&self) -> String {
        match self.kind {
            Some(kind) => format!("the log cannot be written: {kind}"),
            None => "the log cannot be written".to_owned(),
        }
    }
}
