//! Reads the log's entries back, opened: for oversight, the disclosure ledger, and tests.

use std::collections::VecDeque;
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::event::Event;
use crate::frame::{self, Kind, Reader, Step};
use crate::seal::{self, OpeningKey};

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
}

/// The entries of a range, in order.
pub struct Openings {
    segments: VecDeque<PathBuf>,
    reader: Option<Reader>,
    key: OpeningKey,
    range: Range<u64>,
}

impl Openings {
    pub(crate) fn new(log: &Path, key: OpeningKey, range: Range<u64>) -> Result<Openings, Error> {
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
        Ok(Openings { segments, reader, key, range })
    }

    fn step(&mut self) -> Result<Option<(u64, Opened)>, Error> {
        while let Some(reader) = &mut self.reader {
            if reader.next() >= self.range.end {
                return Ok(None);
            }
            match reader.step()? {
                Step::Frame(frame, _) if frame.index < self.range.start => {}
                Step::Frame(frame, _) => {
                    let entry = frame.index;
                    let body =
                        seal::open(Some(&self.key), &frame.entry).map_err(|why| Error::Opening { entry, why })?;
                    let body = body.unwrap_or_default();
                    let opened = match frame.entry.kind {
                        Kind::Clear | Kind::Digest => Opened::Clear(body),
                        Kind::Sealed => match serde_json::from_slice(&body) {
                            Ok(event) => Opened::Event(event),
                            Err(_) => Opened::Sealed(body),
                        },
                    };
                    return Ok(Some((entry, opened)));
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
