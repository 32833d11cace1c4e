//! The bytes on disk: segments of frames, each frame one entry.
//!
//! A frame says which entry it is and with which entry its *batch* began (what was written and synced together). A
//! broken frame with nothing but its own batch after it was never acknowledged as a whole: a torn tail. A broken frame
//! with a later batch after it was once synced: somebody or something changed it.
//!
//! Behind the last frame stand zeros: *room* that the log has reserved, because a file that grows costs more to sync than one
//! that is overwritten. INVARIANT (zeros are the end where nothing stands behind them): a frame whose beginning is zeros is
//! broken like any other as long as anything else follows. The room is cut when the segment or the log ends; what a crash
//! leaves of it is cut at the next start. How many frames there must be, zeros do not say: the checkpoint does, and the next
//! segment's first entry.

#![expect(clippy::disallowed_methods, reason = "stores: log-frames")]

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::error::Error;

/// The largest body that an entry can have, in bytes.
pub(crate) const MAX_BODY: usize = 64 << 20;
/// The bytes of a segment before its first frame.
pub(crate) const SEGMENT_HEADER: usize = 32;

/// How much room is reserved at once, in bytes: as much as the segment has, so that a little log stays little, and no more
/// than a sync writes in a few milliseconds.
const ROOM: std::ops::RangeInclusive<u64> = 64 << 10..=1 << 20;
static ZEROS: [u8; 1 << 20] = [0; 1 << 20];

const SEGMENT_MAGIC: &[u8; 16] = b"OpenCLEAR log 1\n";
const MAGIC: &[u8; 4] = b"CLF1";
/// The bytes of a frame before its leaf.
pub(crate) const HEADER: usize = 4 + 4 + 1 + 8 + 8 + 8 + 2;
const SUM: usize = 8;
const MAX_FRAME: usize = MAX_BODY + 70_000;

/// How an entry's leaf shows its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The leaf is a salted commitment; the opening is encrypted.
    Sealed = 1,
    /// The leaf is the text itself; there is no opening.
    Clear = 2,
    /// The leaf is the digest of a text too long for a leaf; the opening is the text.
    Digest = 3,
}

impl Kind {
    pub(crate) fn from_code(code: u8) -> Option<Kind> {
        [Kind::Sealed, Kind::Clear, Kind::Digest].into_iter().find(|kind| *kind as u8 == code)
    }
}

/// An entry before it has a place.
pub(crate) struct Entry {
    pub(crate) kind: Kind,
    /// The number of the outbox row that it logs; 0 is none.
    pub(crate) outbox: u64,
    pub(crate) leaf: Vec<u8>,
    pub(crate) opening: Vec<u8>,
}

/// An entry in its place.
pub(crate) struct Frame {
    pub(crate) index: u64,
    /// The first entry of the batch that it was synced with.
    pub(crate) batch: u64,
    pub(crate) entry: Entry,
}

/// Appends the frame of `entry` to `out`.
pub(crate) fn encode(out: &mut Vec<u8>, entry: &Entry, index: u64, batch: u64) {
    let start = out.len();
    let length = HEADER + entry.leaf.len() + entry.opening.len() + SUM;
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&(length as u32).to_be_bytes());
    out.push(entry.kind as u8);
    out.extend_from_slice(&index.to_be_bytes());
    out.extend_from_slice(&batch.to_be_bytes());
    out.extend_from_slice(&entry.outbox.to_be_bytes());
    out.extend_from_slice(&(entry.leaf.len() as u16).to_be_bytes());
    out.extend_from_slice(&entry.leaf);
    out.extend_from_slice(&entry.opening);
    let sum = checksum(out.get(start..).unwrap_or_default());
    out.extend_from_slice(&sum);
}

/// What a frame becomes when its opening is destroyed: `head` is what the file has from the frame's beginning on, at least
/// as far as its leaf. Gives the entry, and what to write at which distance from the frame's beginning.
///
/// The bytes before are not touched, so that this can be done again after a crash has left it half done.
pub(crate) fn without_opening(head: &[u8]) -> Option<(u64, usize, Vec<u8>)> {
    let length = claimed_length(head)?;
    let mut cursor = Cursor(head);
    cursor.take(8)?;
    if Kind::from_code(u8::from_be_bytes(cursor.array()?)) != Some(Kind::Sealed) {
        return None;
    }
    let index = u64::from_be_bytes(cursor.array()?);
    cursor.take(16)?;
    let kept = HEADER + u16::from_be_bytes(cursor.array()?) as usize;
    let mut frame = head.get(..kept)?.to_vec();
    frame.resize(length.checked_sub(SUM).filter(|end| *end >= kept)?, 0);
    let sum = checksum(&frame);
    frame.extend_from_slice(&sum);
    Some((index, kept, frame.split_off(kept)))
}

/// The first bytes of a segment whose first entry is `first`.
pub(crate) fn segment_header(first: u64) -> Vec<u8> {
    let mut header = SEGMENT_MAGIC.to_vec();
    header.extend_from_slice(&first.to_be_bytes());
    let sum = checksum(&header);
    header.extend_from_slice(&sum);
    header
}

/// The room that is reserved behind frames that end there, in a segment of at most so many bytes.
pub(crate) fn room(end: u64, segment_bytes: u64) -> &'static [u8] {
    let room = end.clamp(*ROOM.start(), *ROOM.end()).min(segment_bytes.saturating_sub(end));
    usize::try_from(room).ok().and_then(|room| ZEROS.get(..room)).unwrap_or_default()
}

/// Whether nothing but reserved room stands here.
pub(crate) fn is_room(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| *byte == 0)
}

/// A checksum against accidents. Against intent there are the tree and its signed checkpoint.
fn checksum(bytes: &[u8]) -> [u8; SUM] {
    let digest = Sha256::digest(bytes);
    let mut sum = [0; SUM];
    sum.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
    sum
}

struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }
}

/// The length that a frame's first bytes claim, if they can be a frame's.
pub(crate) fn claimed_length(header: &[u8]) -> Option<usize> {
    let mut cursor = Cursor(header);
    if cursor.array()? != *MAGIC {
        return None;
    }
    let length = u32::from_be_bytes(cursor.array()?) as usize;
    (HEADER + SUM..=MAX_FRAME).contains(&length).then_some(length)
}

/// The frame that these bytes are, exactly; `None` where anything is wrong with them.
pub(crate) fn decode(bytes: &[u8]) -> Option<Frame> {
    if claimed_length(bytes)? != bytes.len() {
        return None;
    }
    let (body, sum) = bytes.split_at_checked(bytes.len() - SUM)?;
    if checksum(body) != sum {
        return None;
    }
    let mut cursor = Cursor(body);
    cursor.take(8)?;
    let [code] = cursor.array()?;
    let kind = Kind::from_code(code)?;
    let index = u64::from_be_bytes(cursor.array()?);
    let batch = u64::from_be_bytes(cursor.array()?);
    let outbox = u64::from_be_bytes(cursor.array()?);
    let leaf_length = u16::from_be_bytes(cursor.array()?) as usize;
    let leaf = cursor.take(leaf_length)?.to_vec();
    let opening = cursor.0.to_vec();
    (batch <= index).then_some(Frame { index, batch, entry: Entry { kind, outbox, leaf, opening } })
}

/// Reads one frame; `None` where what stands there is none.
pub(crate) fn read_one(file: &mut File) -> io::Result<Option<Frame>> {
    let mut bytes = Vec::new();
    file.by_ref().take(HEADER as u64).read_to_end(&mut bytes)?;
    let Some(length) = claimed_length(&bytes) else { return Ok(None) };
    file.by_ref().take(length.saturating_sub(bytes.len()) as u64).read_to_end(&mut bytes)?;
    Ok(decode(&bytes))
}

/// The file name of a segment; they count from 1.
pub(crate) fn segment_name(number: u32) -> String {
    format!("frames-{number:06}.log")
}

/// The segments of a log's folder, in order, without a gap.
///
/// # Errors
/// An unreadable folder; a segment missing between others.
pub(crate) fn segments(log: &Path) -> Result<Vec<(u32, PathBuf)>, Error> {
    let mut found = Vec::new();
    for item in std::fs::read_dir(log).map_err(Error::read(log))? {
        let item = item.map_err(Error::read(log))?;
        let name = item.file_name();
        let number = name
            .to_str()
            .and_then(|name| name.strip_prefix("frames-")?.strip_suffix(".log")?.parse::<u32>().ok())
            .filter(|number| *number > 0);
        if let Some(number) = number {
            found.push((number, item.path()));
        }
    }
    found.sort();
    for (expected, (number, _)) in (1..).zip(&found) {
        if *number != expected {
            return Err(Error::SegmentMissing { segment: segment_name(expected) });
        }
    }
    Ok(found)
}

/// What stands at a reader's place.
pub(crate) enum Step {
    /// A good frame, and where it begins.
    Frame(Frame, u64),
    /// The end of the segment: of the file, or of all that is not room.
    End,
    /// Something that is not the next frame, and where it begins.
    Bad(u64),
}

/// What stands at a place where no good frame was read.
pub(crate) enum Broken {
    /// It was once synced: a good frame of a later batch stands after it.
    Changed,
    /// Its batch was never acknowledged as a whole: so many bytes, without the room behind them.
    Torn(u64),
    /// The next frame, by now: it was being written while it was read.
    Written,
}

/// Reads one segment, frame by frame.
pub(crate) struct Reader {
    path: PathBuf,
    file: BufReader<File>,
    offset: u64,
    next: u64,
    started: bool,
}

impl Reader {
    /// A reader of the segment whose first entry should be `next`.
    pub(crate) fn open(path: &Path, next: u64) -> Result<Reader, Error> {
        let file = File::open(path).map_err(Error::read(path))?;
        Ok(Reader {
            path: path.to_owned(),
            file: BufReader::with_capacity(1 << 18, file),
            offset: 0,
            next,
            started: false,
        })
    }

    /// The first entry that the segment's header claims; `None` where the header is broken.
    pub(crate) fn claimed_first(path: &Path) -> Result<Option<u64>, Error> {
        let mut header = Vec::new();
        let file = File::open(path).map_err(Error::read(path))?;
        file.take(SEGMENT_HEADER as u64).read_to_end(&mut header).map_err(Error::read(path))?;
        let first = header.get(16..24).and_then(|bytes| Some(u64::from_be_bytes(bytes.try_into().ok()?)));
        Ok(first.filter(|first| segment_header(*first) == header))
    }

    /// The next entry's index.
    pub(crate) fn next(&self) -> u64 {
        self.next
    }

    /// The segment's file name.
    pub(crate) fn name(&self) -> String {
        self.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    }

    /// How far the good frames reach, in bytes.
    pub(crate) fn reached(&self) -> u64 {
        self.offset
    }

    /// Reads on from where it is, and what was read ahead again.
    pub(crate) fn look_again(&mut self) -> Result<(), Error> {
        self.file.seek(SeekFrom::Start(self.offset)).map(drop).map_err(Error::read(&self.path))
    }

    /// Reads what stands at the reader's place and goes past it.
    pub(crate) fn step(&mut self) -> Result<Step, Error> {
        let path = self.path.clone();
        self.try_step().map_err(Error::read(&path))
    }

    fn try_step(&mut self) -> io::Result<Step> {
        if !self.started {
            let header = self.take(SEGMENT_HEADER)?;
            if header != segment_header(self.next) {
                return Ok(Step::Bad(0));
            }
            self.started = true;
            self.offset = SEGMENT_HEADER as u64;
        }
        let mut bytes = self.take(HEADER)?;
        let offset = self.offset;
        if is_room(&bytes) {
            return Ok(if self.only_room_follows()? { Step::End } else { Step::Bad(offset) });
        }
        let Some(length) = claimed_length(&bytes) else { return Ok(Step::Bad(offset)) };
        let rest = length.saturating_sub(bytes.len());
        bytes.reserve(rest.min(1 << 16));
        self.file.by_ref().take(rest as u64).read_to_end(&mut bytes)?;
        match decode(&bytes) {
            Some(frame) if frame.index == self.next => {
                self.next += 1;
                self.offset += bytes.len() as u64;
                Ok(Step::Frame(frame, offset))
            }
            _ => Ok(Step::Bad(offset)),
        }
    }

    /// Up to `count` bytes; fewer at the end of the file. Never allocates more than the file has.
    fn take(&mut self, count: usize) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::with_capacity(count.min(1 << 16));
        self.file.by_ref().take(count as u64).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Reads to the end of the file; whether nothing but room stands there.
    fn only_room_follows(&mut self) -> io::Result<bool> {
        loop {
            let ahead = self.file.fill_buf()?;
            if ahead.is_empty() || !is_room(ahead) {
                return Ok(ahead.is_empty());
            }
            let length = ahead.len();
            self.file.consume(length);
        }
    }

    /// What stands at `offset`, where the last step found no good frame.
    pub(crate) fn broken(&self, offset: u64) -> Result<Broken, Error> {
        self.try_broken(offset).map_err(Error::read(&self.path))
    }

    fn try_broken(&self, offset: u64) -> io::Result<Broken> {
        let mut rest = Vec::new();
        let mut file = File::open(&self.path)?;
        file.seek(SeekFrom::Start(offset))?;
        file.read_to_end(&mut rest)?;
        let later = frames_within(&rest).any(|frame| frame.batch > self.next);
        // A log that runs may have written this batch, synced it and written the next while it was read. Then the frame is
        // there now: a batch is only begun when the one before is on the disk.
        file.seek(SeekFrom::Start(offset))?;
        if read_one(&mut file)?.is_some_and(|frame| frame.index == self.next) {
            return Ok(Broken::Written);
        }
        let torn = rest.iter().rposition(|byte| *byte != 0).map_or(0, |last| last as u64 + 1);
        Ok(if later { Broken::Changed } else { Broken::Torn(torn) })
    }
}

/// The good frames anywhere among these bytes.
fn frames_within(bytes: &[u8]) -> impl Iterator<Item = Frame> {
    bytes.windows(MAGIC.len()).enumerate().filter(|(_, window)| *window == MAGIC).filter_map(|(at, _)| {
        let candidate = bytes.get(at..)?;
        claimed_length(candidate).and_then(|length| decode(candidate.get(..length)?))
    })
}

/// Whether there is one good frame anywhere in this file.
///
/// # Errors
/// It cannot be read.
pub(crate) fn holds_a_frame(path: &Path) -> Result<bool, Error> {
    let bytes = std::fs::read(path).map_err(Error::read(path))?;
    Ok(frames_within(&bytes).next().is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_are_the_end_only_where_nothing_stands_behind_them() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("frames-000001.log");
        let said = |frames: &[(u64, u64)], behind: &[u8]| {
            let mut bytes = segment_header(0);
            for (index, batch) in frames {
                let entry = Entry { kind: Kind::Clear, outbox: 0, leaf: vec![2, b'x'], opening: Vec::new() };
                encode(&mut bytes, &entry, *index, *batch);
            }
            bytes.extend_from_slice(behind);
            std::fs::write(&path, &bytes).unwrap();
            let mut reader = Reader::open(&path, 0).unwrap();
            let mut good = 0;
            loop {
                match reader.step().unwrap() {
                    Step::Frame(..) => good += 1,
                    Step::End => return format!("{good}, end at {}", reader.reached()),
                    Step::Bad(offset) => {
                        return match reader.broken(offset).unwrap() {
                            Broken::Changed => format!("{good}, changed"),
                            Broken::Torn(torn) => format!("{good}, torn {torn}"),
                            Broken::Written => format!("{good}, written"),
                        };
                    }
                }
            }
        };
        let mut later = Vec::new();
        let entry = Entry { kind: Kind::Clear, outbox: 0, leaf: vec![2, b'x'], opening: Vec::new() };
        encode(&mut later, &entry, 3, 3);
        let mut same = Vec::new();
        encode(&mut same, &entry, 3, 2);
        let zeros = |count: usize, behind: &[u8]| [&vec![0; count], behind].concat();
        for (behind, expected) in [
            (zeros(0, b""), "2, end at 122"),
            (zeros(1, b""), "2, end at 122"),
            (zeros(HEADER, b""), "2, end at 122"),
            (zeros(700_000, b""), "2, end at 122"),
            (zeros(700_000, b"x"), "2, torn 700001"),
            (zeros(10, b"x"), "2, torn 11"),
            // The frame of entry 2, zeroed, and behind it one of its own batch: a torn batch. One of a later batch: a change.
            (zeros(45, &same), "2, torn 90"),
            (zeros(45, &[same.clone(), vec![0; 5000]].concat()), "2, torn 90"),
            (zeros(45, &later), "2, changed"),
            (zeros(400_000, &later), "2, changed"),
        ] {
            assert_eq!(said(&[(0, 0), (1, 0)], &behind), expected);
        }
        assert_eq!(said(&[], &[0; 9000]), "0, end at 32");
    }

    #[test]
    fn room_is_as_large_as_what_there_is_and_ends_with_the_segment() {
        for (end, segment, reserved) in [
            (32, 64 << 20, 64 << 10),
            (100_000, 64 << 20, 100_000),
            (5 << 20, 64 << 20, 1 << 20),
            ((64 << 20) - 5, 64 << 20, 5),
            (64 << 20, 64 << 20, 0),
            (70 << 20, 64 << 20, 0),
            (900, 2000, 1100),
        ] {
            assert_eq!(room(end, segment).len(), reserved, "{end} of {segment}");
        }
    }

    #[test]
    fn a_frame_reads_back_and_no_changed_byte_does() {
        let entry = Entry { kind: Kind::Sealed, outbox: 7, leaf: vec![1, 2, 3], opening: vec![4; 100] };
        let mut bytes = Vec::new();
        encode(&mut bytes, &entry, 9, 8);
        let frame = decode(&bytes).unwrap();
        assert_eq!((frame.index, frame.batch, frame.entry.outbox), (9, 8, 7));
        assert_eq!((frame.entry.leaf, frame.entry.opening), (entry.leaf, entry.opening));
        for at in 0..bytes.len() {
            for bit in 0..8 {
                let mut changed = bytes.clone();
                changed[at] ^= 1 << bit;
                assert!(decode(&changed).is_none(), "byte {at} bit {bit}");
            }
        }
    }
}
