//! How the log is, in words for whoever watches it.

use std::time::Duration;

use jiff::Timestamp;

use crate::error::LogDown;

/// How the log is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// Entries are appended.
    Well,
    /// The disk has not answered for a while. What was asked meanwhile is refused; it goes on when the disk does.
    Slow {
        /// How long it has not.
        waiting: Duration,
    },
    /// The log's volume has failed, and entries go to the spool. Only a new start brings them into the log.
    Spooling(Degraded),
    /// Nothing can be logged any more, until a new start.
    Down(LogDown),
}

/// Since when and why the spool is in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Degraded {
    /// What the log's volume failed with, paths included: for the operator.
    pub reason: LogDown,
    /// When: the time of the newest event by then.
    pub since: Timestamp,
    /// How many entries are in the spool.
    pub entries: u64,
}

/// Whether a spool stands ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpoolReady {
    /// None was given.
    None,
    /// On another volume.
    Ready,
    /// It is on the log's own volume, and helps against little.
    SameVolume,
}
