//! How the installation is, part by part, for monitors and for whoever is called.
//!
//! In:    the log, the ledger, the clock, and what other parts have put on the board.
//! Out:   a [`Health`]: what is well, what is degraded, what is down, since when, in words that anybody may read.
//! Never: tells a path, an address or a name: those are in the operator's log.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use clear_audit::{Health as LogHealth, SpoolReady};
use jiff::{SignedDuration, Timestamp};

use crate::desk::{Desk, Error, chain};

/// So far the machine's clock may be behind the newest entry of the log at a start.
pub const CLOCK_BEHIND: SignedDuration = SignedDuration::from_mins(10);

/// Entries of the spool are counted in steps of this: the log's growth must not show strangers when somebody was asked about.
const COUNTED: u64 = 256;

/// How a part is. The worst of its parts is how the whole is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// As it should be.
    Well,
    /// It works, by something that was meant for emergencies, or with something missing: somebody must come.
    Degraded,
    /// Nothing is answered.
    Down,
}

impl State {
    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            State::Well => "well",
            State::Degraded => "degraded",
            State::Down => "down",
        }
    }
}

/// One part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Its name, like `log`.
    pub name: &'static str,
    /// How it is.
    pub state: State,
    /// What there is to say, for anybody.
    pub says: String,
    /// Since when.
    pub since: Option<Timestamp>,
    /// How many entries are concerned, at most.
    pub entries: Option<u64>,
}

impl Part {
    /// A part with something to say.
    pub fn new(name: &'static str, state: State, says: impl Into<String>) -> Part {
        Part { name, state, says: says.into(), since: None, entries: None }
    }
}

/// All parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// In the order in which one looks at them.
    pub parts: Vec<Part>,
}

impl Health {
    /// The worst.
    pub fn state(&self) -> State {
        self.parts.iter().map(|part| part.state).max().unwrap_or(State::Well)
    }
}

/// What other parts say of themselves: witnesses, indexes.
#[derive(Default)]
pub(crate) struct Board(Mutex<BTreeMap<&'static str, Part>>);

impl Desk {
    /// How everything is.
    pub async fn health(&self) -> Health {
        let mut parts = self.log_parts();
        parts.push(match self.ledger_answers().await {
            Ok(()) => Part::new("ledger", State::Well, "it answers"),
            Err(error) => {
                tracing::error!("the ledger does not answer: {}", chain(&error));
                Part::new("ledger", State::Down, "it does not answer")
            }
        });
        parts.push(match self.register().founding() {
            Some(_) => Part::new("register", State::Well, "the installation is founded"),
            None => Part::new("register", State::Down, "the installation is not founded: run `openclear init`"),
        });
        parts.push(match self.clock_behind() {
            Some(behind) if behind > SignedDuration::from_mins(1) => Part::new(
                "clock",
                State::Degraded,
                format!(
                    "the machine's clock is {} s behind the newest entry: the time of decisions stands still",
                    behind.as_secs()
                ),
            ),
            _ => Part::new("clock", State::Well, "it goes forward"),
        });
        parts.extend(self.board().0.lock().unwrap_or_else(PoisonError::into_inner).values().cloned());
        Health { parts }
    }

    /// Puts a part on the board, or takes its place there: how a witness or an index is.
    pub fn tell(&self, part: Part) {
        self.board().0.lock().unwrap_or_else(PoisonError::into_inner).insert(part.name, part);
    }

    /// How the log, its spool and its openings are. This asks no disk.
    pub fn log_parts(&self) -> Vec<Part> {
        let log = self.public_log();
        let (part, mut spool) = match log.health() {
            LogHealth::Well => {
                (Part::new("log", State::Well, "every event is on the disk before its answer leaves"), None)
            }
            LogHealth::Slow { waiting } => {
                let says = format!(
                    "the disk has not answered for {} s: questions are refused until it does",
                    waiting.as_secs()
                );
                (Part::new("log", State::Down, says), None)
            }
            LogHealth::Spooling(degraded) => {
                let says = format!("{}; the spool took over", degraded.reason.in_public());
                let spool = Part {
                    since: Some(degraded.since),
                    entries: Some(degraded.entries.next_multiple_of(COUNTED)),
                    ..Part::new(
                        "spool",
                        State::Degraded,
                        "it is in use; the next start brings its entries into the log",
                    )
                };
                (Part { since: Some(degraded.since), ..Part::new("log", State::Degraded, says) }, Some(spool))
            }
            LogHealth::Down(down) => {
                (Part::new("log", State::Down, format!("{}: nothing is answered", down.in_public())), None)
            }
        };
        let ready = || match log.spool() {
            SpoolReady::None => {
                Part::new("spool", State::Well, "there is none: if the log's volume fails, nothing is answered")
            }
            SpoolReady::Ready => Part::new("spool", State::Well, "it stands ready on another volume"),
            SpoolReady::SameVolume => {
                Part::new("spool", State::Degraded, "it is on the log's own volume: when that fails, both fail")
            }
        };
        // Which one, the operator's log says: its number would tell strangers how far the log had grown when.
        let openings = match log.unopened() {
            None => Part::new("openings", State::Well, "every entry that was read could be opened"),
            Some(_) => Part::new(
                "openings",
                State::Degraded,
                "an entry of the log cannot be opened: somebody changed it, or its key; `openclear audit verify` names it",
            ),
        };
        vec![part, spool.take().unwrap_or_else(ready), openings]
    }

    /// Refuses a start whose clock is behind the log's newest entry: what it would log would say a wrong time, and what a date
    /// has ended would seem to hold.
    ///
    /// # Errors
    /// [`Error::ClockBehind`].
    pub fn check_clock(&self) -> Result<(), Error> {
        match self.clock_behind() {
            Some(behind) if behind > CLOCK_BEHIND => Err(Error::ClockBehind { behind_s: behind.as_secs() }),
            _ => Ok(()),
        }
    }

    /// Starts all the same, and says so in the log: time stands still until the clock has caught up.
    ///
    /// # Errors
    /// When the log cannot be written.
    pub async fn accept_clock(&self) -> Result<(), Error> {
        if let Err(behind) = self.check_clock() {
            let why = Some(format!("started at the operator's word although {behind}"));
            self.note(clear_audit::What::Configured, None, "local", why).await?;
        }
        Ok(())
    }
}
