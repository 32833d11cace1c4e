//! Reads the log's frames at their places: in order for the tables, one by one for readers.

#![expect(clippy::disallowed_methods, reason = "stores: log-frames")]

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use tlog_tiles::record_hash;

use super::Opening;
use super::key::Key;
use super::postings::{Indexed, Place, Postings};
use crate::error::Error;
use crate::frame::{self, Frame, HEADER, SEGMENT_HEADER};
use crate::openings::{Alarm, Opened};
use crate::seal::{self, OpeningKey};
use crate::walk;

/// Entries that are noted in one batch.
const BATCH: usize = 4096;
/// How far two milestones are apart, entries.
const MILE: u64 = 1000;
/// What is read of a segment at once, bytes: at most, and for each entry that is awaited.
const AHEAD: usize = 1 << 20;
const AHEAD_EACH: usize = 1 << 10;

/// A place in the log, from which it reads on.
pub(super) struct Follower {
    log: PathBuf,
    place: Place,
    segment: Option<File>,
    /// What was read ahead, and where in the segment that begins.
    ahead: Vec<u8>,
    begins: u64,
    /// How much is read of a segment at once, bytes.
    at_once: usize,
}

impl Follower {
    pub(super) fn at(log: &Path, place: Place) -> Follower {
        Follower { log: log.to_owned(), place, segment: None, ahead: Vec::new(), begins: 0, at_once: AHEAD }
    }

    pub(super) fn next(&self) -> u64 {
        self.place.index
    }

    /// Notes the next entries, up to `upto`; says whether there were any.
    pub(super) fn follow(
        &mut self,
        postings: &Postings,
        key: &OpeningKey,
        upto: u64,
        alarm: &Alarm,
    ) -> Result<bool, Error> {
        // Behind the newest entry there is room, which nobody wants read.
        let awaited = usize::try_from(upto.saturating_sub(self.place.index)).unwrap_or(AHEAD);
        self.at_once = awaited.saturating_mul(AHEAD_EACH).min(AHEAD);
        let mut entries = Vec::new();
        while entries.len() < BATCH && self.place.index < upto {
            let Some((place, frame)) = self.step()? else { break };
            let mut indexed = match seal::open(Some(key), &frame.entry) {
                Ok(body) => match walk::leaf(place.index, [0; 32], &frame.entry, body.unwrap_or_default()).opened {
                    Opened::Event(event) => postings.indexed(place, &event),
                    _ => Indexed { place, hashes: Vec::new(), sole: None, quarter: None },
                },
                // An alarm, and listed for oversight; the log goes on behind it.
                Err(why) => {
                    alarm.raise(place.index, why);
                    let hashes = vec![postings.hash(&Key::Flawed)];
                    Indexed { place, hashes, sole: None, quarter: None }
                }
            };
            if place.index.is_multiple_of(MILE) {
                indexed.hashes.push(postings.hash(&Key::Milestone));
            }
            entries.push(indexed);
        }
        if entries.is_empty() {
            return Ok(false);
        }
        postings.write(&entries, self.place)?;
        Ok(true)
    }

    /// The next frame and its place; `None` where the log's volume does not have it yet.
    fn step(&mut self) -> Result<Option<(Place, Frame)>, Error> {
        if self.segment.is_none() {
            self.open_segment(self.place.segment.max(1))?;
        }
        let path = self.path();
        let read = Error::read(&path);
        let found = match self.frame().map_err(read)? {
            Some(found) => Some(found),
            // The end of a segment: the next one goes on.
            None if self.log.join(frame::segment_name(self.place.segment + 1)).is_file() => {
                self.place.offset = 0;
                self.open_segment(self.place.segment + 1)?;
                self.frame().map_err(Error::read(&self.path()))?
            }
            None => None,
        };
        let Some((frame, length)) = found.filter(|(frame, _)| frame.index == self.place.index) else {
            let path = self.path();
            let there = self.bytes(AHEAD).map_err(Error::read(&path))?;
            return if frame::is_room(there) { Ok(None) } else { Err(self.damaged()) };
        };
        let here = self.place;
        self.place = Place { index: here.index + 1, offset: here.offset + length, ..here };
        Ok(Some((here, frame)))
    }

    fn open_segment(&mut self, number: u32) -> Result<(), Error> {
        self.place.segment = number;
        let path = self.path();
        self.segment = Some(File::open(&path).map_err(Error::read(&path))?);
        self.ahead.clear();
        if self.place.offset == 0 {
            if frame::Reader::claimed_first(&path)? != Some(self.place.index) {
                return Err(self.damaged());
            }
            self.place.offset = SEGMENT_HEADER as u32;
        }
        Ok(())
    }

    /// The frame at this place and its length; `None` where none begins.
    fn frame(&mut self) -> io::Result<Option<(Frame, u32)>> {
        for _ in 0..2 {
            let length = frame::claimed_length(self.bytes(HEADER)?);
            let frame = length.map(|length| self.bytes(length).map(frame::decode)).transpose()?.flatten();
            if let Some(found) = frame.zip(length.and_then(|length| u32::try_from(length).ok())) {
                return Ok(Some(found));
            }
            // What was read ahead may be older than the frame.
            self.ahead.clear();
        }
        Ok(None)
    }

    /// Up to so many bytes from this place on.
    fn bytes(&mut self, count: usize) -> io::Result<&[u8]> {
        let at = u64::from(self.place.offset);
        let has = self.begins <= at && at + count as u64 <= self.begins + self.ahead.len() as u64;
        if !has && let Some(segment) = &self.segment {
            self.ahead.resize(count.max(self.at_once), 0);
            let read = read_at(segment, at, &mut self.ahead)?;
            self.ahead.truncate(read);
            self.begins = at;
        }
        let from = usize::try_from(at - self.begins).unwrap_or(usize::MAX);
        let rest = self.ahead.get(from..).unwrap_or_default();
        Ok(rest.get(..count).unwrap_or(rest))
    }

    fn path(&self) -> PathBuf {
        self.log.join(frame::segment_name(self.place.segment))
    }

    fn damaged(&self) -> Error {
        let Place { index, segment, offset } = self.place;
        Error::Damaged { entry: index, segment: frame::segment_name(segment), offset: u64::from(offset) }
    }
}

/// Fills the buffer from there on, as far as the file goes.
fn read_at(file: &File, mut at: u64, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match file.read_at(rest, at) {
            Ok(0) => break,
            Ok(read) => (filled, at) = (filled + read, at + read as u64),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// The frame at a place.
fn frame_at(log: &Path, place: Place) -> Result<Frame, Error> {
    let path = log.join(frame::segment_name(place.segment));
    let file = File::open(&path).map_err(Error::read(&path))?;
    let at = u64::from(place.offset);
    // Nearly every frame is shorter than this.
    let mut bytes = vec![0; 4096];
    let read = read_at(&file, at, &mut bytes).map_err(Error::read(&path))?;
    bytes.truncate(read);
    let found = match frame::claimed_length(&bytes) {
        Some(length) if length <= bytes.len() => frame::decode(bytes.get(..length).unwrap_or_default()),
        Some(length) => {
            let mut whole = vec![0; length];
            let read = read_at(&file, at, &mut whole).map_err(Error::read(&path))?;
            frame::decode(whole.get(..read).unwrap_or_default())
        }
        None => None,
    };
    found.filter(|frame| frame.index == place.index).ok_or_else(|| Error::Damaged {
        entry: place.index,
        segment: frame::segment_name(place.segment),
        offset: at,
    })
}

/// The entry at a place, opened and held against its leaf.
pub(super) fn entry(log: &Path, key: &OpeningKey, place: Place) -> Result<Opening, Error> {
    let frame = frame_at(log, place)?;
    opening(key, &frame).map_err(|why| Error::Opening { entry: place.index, why })
}

/// The hash of the leaf at a place.
pub(super) fn leaf(log: &Path, place: Place) -> Result<[u8; 32], Error> {
    Ok(record_hash(&frame_at(log, place)?.entry.leaf).0)
}

fn opening(key: &OpeningKey, frame: &Frame) -> Result<Opening, &'static str> {
    let body = seal::open(Some(key), &frame.entry)?.unwrap_or_default();
    let leaf = walk::leaf(frame.index, record_hash(&frame.entry.leaf).0, &frame.entry, body.clone());
    let salt = seal::salt(key, &frame.entry);
    Ok(Opening { index: frame.index, leaf: leaf.hash, salt, body, opened: leaf.opened })
}

/// Gives the entries of a range in order, at most `max`, reading from a place at or before it; what does not open with
/// why. Gives the first that was not read.
pub(super) fn read(
    log: &Path,
    key: &OpeningKey,
    begin: Place,
    range: Range<u64>,
    max: usize,
    each: &mut dyn FnMut(Place, Result<Opening, &'static str>),
) -> Result<u64, Error> {
    let (mut follower, mut given) = (Follower::at(log, begin), 0);
    while follower.next() < range.end && given < max {
        let Some((place, frame)) = follower.step()? else { break };
        if place.index >= range.start {
            each(place, opening(key, &frame));
            given += 1;
        }
    }
    Ok(follower.next().max(range.start))
}
