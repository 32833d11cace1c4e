//! The public checkpoint: how far strangers see, moved on at fixed times.
//!
//! In:    the log's own checkpoint, the time.
//! Out:   `log/public`, a checkpoint like the other; the tiles and bundles that it covers, and nothing beyond.
//! Never: moves between two of its times; tells by what is there and what is not how much comes after it.
//!
//! # How
//! The log signs a checkpoint of its own every second (`log/checkpoint`): recovery, anchor, witnesses and whoever may read
//! openings go by that one. At each moment that is a multiple of [`Public::every`] since 1970 the log fills itself up with
//! cover leaves (`cover.rs`) and what it then signs is the public one as well.
//!
//! What is served to strangers is a function of the public checkpoint's size alone: a part of a tile is cut from whatever
//! the disk has, so that it does not matter which parts the log's own checkpoints left there.

#![expect(clippy::disallowed_methods, reason = "stores: log-tiles")]

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;

use crate::checkpoint::{self, Head};
use crate::error::Error;
use crate::keys;
use crate::tiles::{TilePath, WIDTH, take_leaf};
use crate::verify::{self, Flaw, Folder};

/// The file of the public checkpoint, beside `checkpoint`.
const FILE: &str = "public";

/// When the public checkpoint moves on, and by how much at least.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Public {
    /// At every multiple of this since 1970. Zero is: with every checkpoint that has something new, which shows the growth
    /// as it happens; for tests.
    pub every: Duration,
    /// The smallest number of entries that it moves on by; the next ones are 4, 16, 64 … times as many.
    pub bucket: u64,
}

impl Default for Public {
    /// Every hour, by 256 entries or more.
    fn default() -> Public {
        Public { every: Duration::from_secs(3600), bucket: 256 }
    }
}

impl Public {
    /// Which of its times was the last at this moment.
    fn slot(&self, now: Timestamp) -> Option<i128> {
        let every = i128::try_from(self.every.as_nanos()).ok().filter(|every| *every > 0)?;
        Some(now.as_nanosecond().div_euclid(every))
    }

    /// The next of its times.
    pub(crate) fn next(&self, now: Timestamp) -> Option<Timestamp> {
        let next = (self.slot(now)? + 1).checked_mul(i128::try_from(self.every.as_nanos()).ok()?)?;
        Timestamp::from_nanosecond(next).ok()
    }
}

/// The pace of one open log.
pub(crate) struct Pace {
    public: Option<Public>,
    /// The time that was last kept, or the one that the log was opened after.
    slot: Option<i128>,
    /// The public checkpoint's size.
    size: u64,
}

impl Pace {
    /// A pace that begins now: the first public checkpoint is made at the next of its times, not at a start.
    pub(crate) fn new(public: Option<Public>, size: u64, now: Timestamp) -> Pace {
        Pace { public, slot: public.and_then(|public| public.slot(now)), size }
    }

    /// How long the next public checkpoint has time; `None` where none is made.
    pub(crate) fn due(&self, size: u64, now: Timestamp) -> Option<Duration> {
        let public = self.public?;
        let Some(slot) = public.slot(now) else { return (size != self.size).then_some(Duration::ZERO) };
        // A clock that was set back is at another time too; strangers are not left waiting until it has caught up.
        if self.slot != Some(slot) {
            return Some(Duration::ZERO);
        }
        let left = public.next(now)?.duration_since(now);
        Some(left.try_into().unwrap_or(Duration::ZERO))
    }

    /// How many cover leaves bring a log of so many entries to its next public size.
    pub(crate) fn covers(&self, size: u64) -> u64 {
        self.public.map_or(0, |public| crate::cover::count(size.saturating_sub(self.size), public.bucket))
    }

    /// Notes that the public checkpoint is of this size now.
    pub(crate) fn made(&mut self, size: u64, now: Timestamp) {
        self.size = size;
        self.slot = self.public.and_then(|public| public.slot(now));
    }
}

/// Reads the public checkpoint of a log that has these entries; where there is none yet, the log's own becomes it: all
/// that is there was published before there was a difference, or there is nothing yet.
///
/// # Errors
/// A checkpoint that is not this log's, or that its entries do not bear out.
pub(crate) fn open(log: &Path, vkey: &str, own: &str) -> Result<(String, u64), Error> {
    let path = log.join(FILE);
    let untrusted = |source| Error::Checkpoint { source };
    let text = match fs::read(&path) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            write(log, own)?;
            own.to_owned()
        }
        Err(error) => return Err(Error::read(&path)(error)),
    };
    let head = checkpoint::check(text.as_bytes(), vkey).map_err(untrusted)?;
    let newest = checkpoint::check(own.as_bytes(), vkey).map_err(untrusted)?;
    if head.size > newest.size {
        return Err(Error::Shorter { checkpoint: head.size, frames: newest.size });
    }
    match verify::holds(&Folder(log.to_owned()), &newest, head.size, head.root.0) {
        Ok(()) => Ok((text, head.size)),
        Err(_) => Err(Error::Root { size: head.size }),
    }
}

/// Checks that a folder's log begins with what its public checkpoint was signed over. A folder without one is of a copy.
///
/// # Errors
/// [`Flaw::Rewritten`], or what is wrong with the checkpoint.
pub(crate) fn check(log: &Path, vkey: &str, newest: &Head) -> Result<(), Flaw> {
    let Ok(text) = fs::read(log.join(FILE)) else { return Ok(()) };
    let head = checkpoint::check(&text, vkey).map_err(|source| Flaw::Checkpoint { source })?;
    if head.size > newest.size {
        return Err(Flaw::Rewritten { older: head.size, newer: newest.size });
    }
    verify::holds(&Folder(log.to_owned()), newest, head.size, head.root.0)
}

/// Puts a checkpoint in the public one's place.
///
/// # Errors
/// What could not be written.
pub(crate) fn write(log: &Path, text: &str) -> Result<(), Error> {
    keys::replace(&log.join(FILE), text.as_bytes(), 0o644)
}

/// A tile or bundle as a checkpoint of so many entries covers it; `None` for what it does not cover, and for what is no
/// path of a log.
///
/// # Errors
/// A file that is there and cannot be read.
pub(crate) fn tile(log: &Path, size: u64, path: &str) -> Result<Option<Vec<u8>>, Error> {
    let Some(place) = TilePath::parse(path) else { return Ok(None) };
    let hashes = size.checked_shr(8 * u32::from(place.level.unwrap_or(0))).unwrap_or(0);
    let covered = hashes.saturating_sub(place.number.saturating_mul(WIDTH));
    if u64::from(place.width) > covered {
        return Ok(None);
    }
    if place.is_whole() {
        return read(&log.join(path));
    }
    // While this looks, the part can grow whole: then it is gone and the whole one is there.
    for _ in 0..2 {
        if let Some(bytes) = read(&log.join(place.whole().to_string()))?.and_then(|bytes| cut(place, bytes)) {
            return Ok(Some(bytes));
        }
        for width in widths(log, place)?.into_iter().rev().filter(|width| *width >= place.width) {
            let wider = TilePath { width, ..place };
            if let Some(bytes) = read(&log.join(wider.to_string()))?.and_then(|bytes| cut(place, bytes)) {
                return Ok(Some(bytes));
            }
        }
    }
    Ok(None)
}

/// The first hashes or entries of a wider part; `None` where it does not have as many.
fn cut(place: TilePath, mut bytes: Vec<u8>) -> Option<Vec<u8>> {
    let width = usize::from(place.width);
    let length = match place.level {
        Some(_) => width * 32,
        None => {
            let mut rest = bytes.as_slice();
            for _ in 0..width {
                rest = take_leaf(rest)?.1;
            }
            bytes.len() - rest.len()
        }
    };
    (bytes.len() >= length).then(|| {
        bytes.truncate(length);
        bytes
    })
}

/// The widths of the parts that are on the disk, narrowest first.
fn widths(log: &Path, place: TilePath) -> Result<Vec<u16>, Error> {
    let folder = log.join(format!("{}.p", place.whole()));
    let items = match fs::read_dir(&folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        items => items.map_err(Error::read(&folder))?,
    };
    let mut widths: Vec<u16> =
        items.filter_map(|item| item.ok()?.file_name().to_str()?.parse().ok()).filter(|width| *width > 0).collect();
    widths.sort_unstable();
    Ok(widths)
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::read(path)(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn gr22_the_public_checkpoint_moves_at_its_times_and_not_at_a_start() {
        let hourly = Some(Public::default());
        let mut pace = Pace::new(hourly, 0, at(7200 + 600));
        assert_eq!(pace.due(5, at(7200 + 600)), Some(Duration::from_secs(3000)));
        assert_eq!(pace.due(5, at(10_799)), Some(Duration::from_secs(1)));
        assert_eq!(pace.due(0, at(10_800)), Some(Duration::ZERO), "with nothing new as well");
        assert_eq!(pace.covers(5), 251);
        pace.made(256, at(10_800));
        assert_eq!(pace.due(300, at(10_800)), Some(Duration::from_secs(3600)));
        assert_eq!(pace.covers(256), 256);
        assert_eq!(pace.due(300, at(7000)), Some(Duration::ZERO), "a clock that was set back");
        assert_eq!(Pace::new(None, 0, at(0)).due(5, at(1_000_000)), None);
        let at_once = Pace::new(Some(Public { every: Duration::ZERO, bucket: 1 }), 3, at(0));
        assert_eq!((at_once.due(3, at(5)), at_once.due(4, at(5))), (None, Some(Duration::ZERO)));
    }
}
