//! Reads the log's entries back, opened: for oversight, the disclosure ledger, and tests.

use std::collections::VecDeque;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::de::IgnoredAny;
use tlog_tiles::record_hash;

use crate::error::Error;
use crate::event::Event;
use crate::frame::{self, Reader, Step};
use crate::seal::{self, OpeningKey};
use crate::walk::{self, Leaf};

/// What an entry says.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "one exists at a time; nearly all are events")]
pub enum Opened {
    /// An event.
    Event(Event),
    /// A text for everybody.
    Clear(Vec<u8>),
    /// Sealed bytes that are no event of this version.
    Sealed(Vec<u8>),
    /// The opening was destroyed, on a legal basis that a later entry states.
    Destroyed,
}

impl Opened {
    /// What sealed bytes say.
    pub(crate) fn sealed(body: Vec<u8>) -> Opened {
        // An event always says what and when. Without this look, every JSON object would read as an empty event.
        #[derive(serde::Deserialize)]
        struct Named {
            #[serde(rename = "at")]
            _at: IgnoredAny,
            #[serde(rename = "what")]
            _what: IgnoredAny,
        }
        let named = serde_json::from_slice::<Named>(&body);
        match named.and_then(|_| serde_json::from_slice(&body)) {
            Ok(event) => Opened::Event(event),
            Err(_) => Opened::Sealed(body),
        }
    }
}

/// The entries of a range, in order.
pub struct Openings {
    segments: VecDeque<PathBuf>,
    reader: Option<Reader>,
    key: OpeningKey,
    range: Range<u64>,
    alarm: Alarm,
}

/// The first entry that could not be opened, for whoever watches; shared by all readers of a log.
#[derive(Clone)]
pub(crate) struct Alarm(Arc<AtomicU64>);

impl Alarm {
    pub(crate) fn quiet() -> Alarm {
        Alarm(Arc::new(AtomicU64::new(u64::MAX)))
    }

    pub(crate) fn raise(&self, entry: u64, why: &str) {
        tracing::error!(entry, why, "an entry of the log cannot be opened");
        self.0.fetch_min(entry, Ordering::Relaxed);
    }

    pub(crate) fn raised(&self) -> Option<u64> {
        Some(self.0.load(Ordering::Relaxed)).filter(|entry| *entry != u64::MAX)
    }
}

impl Openings {
    pub(crate) fn new(log: &Path, key: OpeningKey, range: Range<u64>, alarm: Alarm) -> Result<Openings, Error> {
        let mut segments: VecDeque<PathBuf> = frame::segments(log)?.into_iter().map(|(_, path)| path).collect();
        let mut first = 0;
        // A segment is needed unless the next one still begins at or before the range.
        while let Some(next) = segments.get(1) {
            match Reader::claimed_first(next)? {
                Some(next) if next <= range.start => first = next,
                _ => break,
            }
            segments.pop_front();
        }
        let reader = match segments.pop_front() {
            Some(path) if !range.is_empty() => Some(Reader::open(&path, first)?),
            _ => None,
        };
        Ok(Openings { segments, reader, key, range, alarm })
    }

    /// Gives the entries that stand for outbox rows only: filings and the register. The others are not even opened.
    pub fn of_outbox(self) -> impl Iterator<Item = Result<Leaf, Error>> {
        let mut openings = self;
        std::iter::from_fn(move || openings.step_leaf(|entry| entry.outbox != 0).transpose())
    }

    fn step(&mut self) -> Result<Option<(u64, Opened)>, Error> {
        Ok(self.step_leaf(|_| true)?.map(|leaf| (leaf.index, leaf.opened)))
    }

    fn step_leaf(&mut self, wanted: impl Fn(&frame::Entry) -> bool) -> Result<Option<Leaf>, Error> {
        while let Some(reader) = &mut self.reader {
            if reader.next() >= self.range.end {
                return Ok(None);
            }
            match reader.step()? {
                Step::Frame(frame, _) if frame.index < self.range.start || !wanted(&frame.entry) => {}
                Step::Frame(frame, _) => {
                    let entry = frame.index;
                    let body = seal::open(Some(&self.key), &frame.entry).map_err(|why| {
                        self.alarm.raise(entry, why);
                        Error::Opening { entry, why }
                    })?;
                    let hash = record_hash(&frame.entry.leaf).0;
                    return Ok(Some(walk::leaf(entry, hash, &frame.entry, body.unwrap_or_default())));
                }
                Step::End => {
                    let next = reader.next();
                    self.reader = self.segments.pop_front().map(|path| Reader::open(&path, next)).transpose()?;
                }
                Step::Bad(offset) => {
                    return Err(Error::Damaged { entry: reader.next(), segment: reader.name(), offset });
                }
            }
        }
        Ok(None)
    }
}

impl Iterator for Openings {
    type Item = Result<(u64, Opened), Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let step = self.step().transpose();
        if !matches!(step, Some(Ok(_))) {
            self.reader = None;
        }
        step
    }
}
