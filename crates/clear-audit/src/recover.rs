//! Opening is recovery: there is no other way in, so the way after a crash is walked every day.

#![expect(clippy::disallowed_methods, reason = "stores: log-frames")]

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::panic::resume_unwind;
use std::path::Path;

use crate::checkpoint::Head;
use crate::error::Error;
use crate::frame::{self, Broken, Reader, SEGMENT_HEADER, Step};
use crate::tree::Tree;

/// So many segments are read at once at most; each takes about 20 MiB.
const SCANS: usize = 8;

/// What recovery found.
pub(crate) struct Found {
    pub(crate) tree: Tree,
    /// The newest segment: its number, the open file, its length. The number is 0 where there is none.
    pub(crate) segment: u32,
    pub(crate) file: Option<File>,
    pub(crate) length: u64,
    pub(crate) outbox: Outbox,
    pub(crate) cut_bytes: u64,
    pub(crate) mended: Vec<String>,
}

/// Scans the frames, cuts a torn tail, folds the tree, holds it against the checkpoint, writes missing tiles.
///
/// # Errors
/// A frame changed after it was synced; a checkpoint that the frames do not bear out; a disk that fails.
pub(crate) fn recover(log: &Path, head: Option<&Head>) -> Result<Found, Error> {
    let segments = frame::segments(log)?;
    let newest = segments.len();
    let mut found = Found {
        tree: Tree::recovering(log),
        segment: 0,
        file: None,
        length: 0,
        outbox: Outbox::default(),
        cut_bytes: 0,
        mended: Vec::new(),
    };
    check_head(head, &found.tree)?;
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(SCANS);
    for (at, several) in segments.chunks(threads).enumerate() {
        // Each byte is read and summed on all cores; the tree is folded in order.
        let scanned: Vec<_> = std::thread::scope(|scope| {
            let scans: Vec<_> = several.iter().map(|(_, path)| scope.spawn(move || scan(path))).collect();
            // A panic here is ours; it must not pass for a broken segment.
            scans.into_iter().map(|scan| scan.join().unwrap_or_else(|panic| resume_unwind(panic))).collect()
        });
        for ((place, (number, path)), scanned) in (at * threads + 1..).zip(several).zip(scanned) {
            let scanned = match scanned? {
                Some(scanned) if scanned.first == found.tree.size() => scanned,
                // Not the segment that belongs here, or its header is broken.
                _ => Scanned { bad: Some(0), ..Scanned::empty(found.tree.size()) },
            };
            let next = scanned.first + scanned.leaves.len() as u64;
            for leaf in &scanned.leaves {
                found.tree.push(leaf)?;
                check_head(head, &found.tree)?;
            }
            found.outbox.then(&scanned.outbox);
            if let Some(offset) = scanned.bad {
                // What a checkpoint covers was acknowledged, and is no torn tail either.
                let covered = head.is_some_and(|head| head.size > next);
                match Reader::open(path, next)?.broken(offset)? {
                    Broken::Torn(bytes) if place == newest && !covered => found.cut_bytes = bytes,
                    // A disk that reads well at a second look is not to be cut.
                    _ => return Err(Error::Damaged { entry: next, segment: frame::segment_name(*number), offset }),
                }
            }
            if place == newest {
                found.settle(*number, path, &scanned)?;
            }
        }
    }
    if let Some(head) = head.filter(|head| head.size > found.tree.size()) {
        return Err(Error::Shorter { checkpoint: head.size, frames: found.tree.size() });
    }
    found.tree.mend_parts()?;
    found.tree.publish()?;
    found.mended = found.tree.recovered();
    File::open(log).and_then(|folder| folder.sync_all()).map_err(Error::write(log))?;
    Ok(found)
}

/// The numbers of the outbox's rows, in the order of the log: dense, from 1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Outbox {
    first: u64,
    /// The highest; 0 is none.
    pub(crate) last: u64,
    /// The first that is missing between two.
    gap: Option<u64>,
}

impl Outbox {
    /// Looks at an entry's number; 0 is none.
    pub(crate) fn note(&mut self, number: u64) {
        if number == 0 {
            return;
        }
        if self.first == 0 {
            self.first = number;
        } else if number > self.last + 1 {
            self.gap.get_or_insert(self.last + 1);
        }
        self.last = self.last.max(number);
    }

    /// Goes on with the numbers of what comes behind.
    pub(crate) fn then(&mut self, behind: &Outbox) {
        self.note(behind.first);
        self.gap = self.gap.or(behind.gap);
        self.last = self.last.max(behind.last);
    }

    /// The first row that the log lacks though it has a later one.
    pub(crate) fn missing(&self) -> Option<u64> {
        if self.first > 1 { Some(1) } else { self.gap }
    }
}

/// What one segment holds.
struct Scanned {
    first: u64,
    leaves: Vec<Vec<u8>>,
    outbox: Outbox,
    /// Where the last batch begins.
    batch_start: u64,
    /// Where the good frames end.
    end: u64,
    /// Where something stands that is no frame of this segment.
    bad: Option<u64>,
}

impl Scanned {
    fn empty(first: u64) -> Scanned {
        Scanned { first, leaves: Vec::new(), outbox: Outbox::default(), batch_start: 0, end: 0, bad: None }
    }
}

/// Reads a segment to its end or to the first thing wrong with it; `None` where its header is broken.
fn scan(path: &Path) -> Result<Option<Scanned>, Error> {
    let Some(first) = Reader::claimed_first(path)? else { return Ok(None) };
    let (mut reader, mut scanned) = (Reader::open(path, first)?, Scanned::empty(first));
    loop {
        match reader.step()? {
            Step::Frame(frame, offset) => {
                if frame.batch == frame.index {
                    scanned.batch_start = offset;
                }
                scanned.outbox.note(frame.entry.outbox);
                scanned.leaves.push(frame.entry.leaf);
            }
            Step::End => return Ok(Some(Scanned { end: reader.reached(), ..scanned })),
            Step::Bad(offset) => return Ok(Some(Scanned { end: offset, bad: Some(offset), ..scanned })),
        }
    }
}

fn check_head(head: Option<&Head>, tree: &Tree) -> Result<(), Error> {
    match head {
        Some(head) if head.size == tree.size() && head.root != tree.root() => Err(Error::Root { size: head.size }),
        _ => Ok(()),
    }
}

impl Found {
    /// Cuts the newest segment's torn tail and what room it has, and makes sure that what is left is on the disk.
    fn settle(&mut self, number: u32, path: &Path, scanned: &Scanned) -> Result<(), Error> {
        let write = || Error::write(path);
        let mut file = OpenOptions::new().read(true).write(true).open(path).map_err(write())?;
        if let Some(offset) = scanned.bad {
            tracing::warn!(segment = number, offset, bytes = self.cut_bytes, "cut the torn tail of the log");
            if offset < SEGMENT_HEADER as u64 {
                self.segment = number.saturating_sub(1);
                return fs::remove_file(path).map_err(write());
            }
        }
        file.set_len(scanned.end).map_err(write())?;
        // INVARIANT (what is counted is on the disk): after a failed sync the cache can show bytes that the disk never
        // got, and a second sync would not write them. So the last batch is written again, byte for byte, and synced.
        let batch_start = scanned.batch_start;
        let start = if batch_start <= SEGMENT_HEADER as u64 { 0 } else { batch_start };
        let mut last = Vec::new();
        file.seek(SeekFrom::Start(start)).map_err(Error::read(path))?;
        file.read_to_end(&mut last).map_err(Error::read(path))?;
        file.seek(SeekFrom::Start(start)).map_err(write())?;
        file.write_all(&last).map_err(write())?;
        file.sync_all().map_err(write())?;
        (self.segment, self.file, self.length) = (number, Some(file), scanned.end);
        Ok(())
    }
}
