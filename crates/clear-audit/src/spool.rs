//! The spool: where entries go when the log's own volume has failed, and how they come back into the log.
//!
//! In:    frames as the log's thread made them, numbered as the log would have numbered them; a folder on another volume.
//! Out:   a second file of frames, synced before its waiters are woken; at the next start the same frames in the log.
//! Never: rewrites a frame; gives an entry another place than the one that was promised; is removed before the log has it.
//!
//! # How
//! `spool.frames` is a segment of the log that lives elsewhere: its first entry is the one after the last that the log's
//! volume is known to have. What stood in the failed batch is its beginning. The log that comes back may hold a part of that
//! beginning; it can hold nothing else, because nothing but the spool is appended to it before anybody listens. So an entry's
//! place is known when it is spooled, its receipt names it, and a merge that a crash has interrupted is merely continued.
//! `spool.note` says, signed, how far the spool was synced: what it covers is no torn tail.
//!
//! The log's folder remembers where its spool is (`log/spool`): a log whose spool is not there does not open.
//!
//! # Change here
//! What an operator sees and does: docs/recovery.md. Why the place is promised: docs/decisions/0018.

#![expect(clippy::disallowed_methods, reason = "stores: log-spool")]

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use signed_note::StandardSigner;

use crate::error::Error;
use crate::frame::{self, Broken, Entry, Frame, Reader, SEGMENT_HEADER, Step};
use crate::keys;
use crate::note;

const FRAMES: &str = "spool.frames";
const NOTE: &str = "spool.note";
const NAME: &str = "spool.id";
const REMEMBERED: &str = "spool";
const HEADING: &str = "OpenCLEAR spool 1";

/// A folder that stands ready to take over.
#[derive(Debug, Clone)]
pub(crate) struct Spool {
    folder: PathBuf,
    /// Whether it is on the log's own volume, where it helps against little.
    pub(crate) same_volume: bool,
}

/// The spool in use.
pub(crate) struct Spooling {
    pub(crate) path: PathBuf,
    file: File,
}

impl Spool {
    /// Takes over: what is in `frames` goes to the spool, whose first entry is `first`.
    ///
    /// # Errors
    /// The spool cannot be written either.
    pub(crate) fn begin(&self, first: u64, frames: &[u8]) -> Result<Spooling, Error> {
        let path = self.folder.join(FRAMES);
        let begin = || -> io::Result<File> {
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
            file.write_all(&frame::segment_header(first))?;
            file.write_all(frames)?;
            file.sync_all()?;
            File::open(&self.folder)?.sync_all()?;
            Ok(file)
        };
        let file = begin().map_err(Error::write(&path))?;
        Ok(Spooling { path, file })
    }

    /// Writes down, signed, that the spool is synced up to this entry.
    ///
    /// # Errors
    /// It cannot be written.
    pub(crate) fn note(&self, signer: &StandardSigner, upto: u64) -> Result<(), Error> {
        let text = format!("{HEADING}\n{}\n{upto}\n", signed_note::Signer::name(signer));
        let text = note::signed(signer, &text).map_err(|source| Error::Note { source })?;
        keys::replace(&self.folder.join(NOTE), text.as_bytes(), 0o600)
    }
}

impl Spooling {
    /// One write, one sync.
    ///
    /// # Errors
    /// What the disk says; it is not asked again.
    pub(crate) fn write(&mut self, frames: &[u8]) -> Result<(), Error> {
        self.file.write_all(frames).and_then(|()| self.file.sync_data()).map_err(Error::write(&self.path))
    }
}

/// What waits in a spool for its log.
pub(crate) struct Waiting {
    folder: PathBuf,
    first: u64,
    reader: Reader,
    /// How far the spool was synced for certain.
    covered: u64,
}

/// The folder of the log's spool as the log remembers it, or the one given now, if it is the same spool elsewhere; then the
/// one given now, if it is another.
///
/// # Errors
/// The remembered one is not there; the one given is another log's.
pub(crate) fn folders(log: &Path, given: Option<&Path>, origin: &str) -> Result<Vec<PathBuf>, Error> {
    let mut folders = Vec::new();
    let given_name = given.map(name_in).transpose()?.flatten();
    if let Some((path, name)) = remembered(log)? {
        let there = name_in(&path)?;
        if there.as_deref() == Some(name.as_str()) {
            folders.push(path);
        } else if given_name.as_deref() != Some(name.as_str()) {
            return Err(Error::SpoolMissing { path, log: log.to_owned() });
        }
    }
    if let Some(given) = given {
        let (path, foreign) = (given.to_owned(), |name: &String| name.lines().next() != Some(&heading(origin)));
        if given_name.as_ref().is_some_and(foreign) {
            return Err(Error::SpoolTaken { path });
        }
        if !folders.contains(&path) {
            folders.push(path);
        }
    }
    Ok(folders)
}

/// What waits in this folder.
///
/// # Errors
/// It cannot be read, or was changed.
pub(crate) fn waiting(folder: &Path, vkey: &str) -> Result<Option<Waiting>, Error> {
    let path = folder.join(FRAMES);
    let covered = covered(folder, vkey)?;
    let length = match fs::metadata(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound && covered == 0 => return Ok(None),
        found => found.map_err(Error::read(&path))?.len(),
    };
    let damaged = |entry| Error::Damaged { entry, segment: FRAMES.to_owned(), offset: 0 };
    match Reader::claimed_first(&path)? {
        Some(first) => {
            Ok(Some(Waiting { folder: folder.to_owned(), first, reader: Reader::open(&path, first)?, covered }))
        }
        // The very first write of the takeover was torn: nobody was told that it had succeeded.
        None if covered == 0 && (length < SEGMENT_HEADER as u64 || !frame::holds_a_frame(&path)?) => {
            fs::remove_file(&path).map_err(Error::write(&path))?;
            Ok(None)
        }
        None => Err(damaged(covered)),
    }
}

impl Waiting {
    /// The first entry's place.
    pub(crate) fn first(&self) -> u64 {
        self.first
    }

    /// The next entry; `None` at the end, or at a tail that was never acknowledged.
    ///
    /// # Errors
    /// A frame that was changed after it was synced.
    pub(crate) fn next(&mut self) -> Result<Option<Frame>, Error> {
        let entry = self.reader.next();
        let damaged = |offset| Error::Damaged { entry, segment: FRAMES.to_owned(), offset };
        match self.reader.step()? {
            Step::Frame(frame, _) => Ok(Some(frame)),
            Step::Bad(offset) => match self.reader.broken(offset)? {
                Broken::Torn(_) if entry >= self.covered => Ok(None),
                _ => Err(damaged(offset)),
            },
            Step::End if entry < self.covered => Err(damaged(self.reader.reached())),
            Step::End => Ok(None),
        }
    }

    /// Ends the spool: the log has it all. A second copy would be one more place that an expungement must reach.
    ///
    /// # Errors
    /// It cannot be removed.
    pub(crate) fn end(self) -> Result<(), Error> {
        // The note first: frames without one are merged once more, a note without frames is an alarm.
        for name in [NOTE, FRAMES] {
            let path = self.folder.join(name);
            match fs::remove_file(&path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                result => result.map_err(Error::write(&path))?,
            }
            sync(&self.folder)?;
        }
        Ok(())
    }
}

/// The entries that the log has from a place on, to be held against the spool's.
pub(crate) struct There {
    segments: std::vec::IntoIter<PathBuf>,
    reader: Option<Reader>,
    from: u64,
}

impl There {
    /// The log's own entries from `from` on.
    ///
    /// # Errors
    /// A folder that cannot be read.
    pub(crate) fn from(log: &Path, from: u64) -> Result<There, Error> {
        let (mut kept, mut first) = (Vec::new(), 0);
        for (_, path) in frame::segments(log)?.into_iter().rev() {
            let claimed = Reader::claimed_first(&path)?.unwrap_or(0);
            kept.push(path);
            if claimed <= from {
                first = claimed;
                break;
            }
        }
        kept.reverse();
        let mut segments = kept.into_iter();
        let reader = segments.next().map(|path| Reader::open(&path, first)).transpose()?;
        Ok(There { segments, reader, from })
    }

    /// The next entry; `None` at the end.
    pub(crate) fn next(&mut self) -> Result<Option<Entry>, Error> {
        while let Some(reader) = &mut self.reader {
            match reader.step()? {
                Step::Frame(frame, _) if frame.index < self.from => {}
                Step::Frame(frame, _) => return Ok(Some(frame.entry)),
                Step::End => {
                    let next = reader.next();
                    self.reader = self.segments.next().map(|path| Reader::open(&path, next)).transpose()?;
                }
                Step::Bad(offset) => {
                    return Err(Error::Damaged { entry: reader.next(), segment: reader.name(), offset });
                }
            }
        }
        Ok(None)
    }
}

/// Makes a folder ready to take over, and lets the log remember it. Without a folder the log forgets the one it had.
///
/// # Errors
/// Either folder cannot be written.
pub(crate) fn arm(log: &Path, folder: Option<&Path>, origin: &str) -> Result<Option<Spool>, Error> {
    let memory = log.join(REMEMBERED);
    let Some(folder) = folder else {
        return match fs::remove_file(&memory) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Error::write(&memory)(error)),
            _ => Ok(None),
        };
    };
    fs::create_dir_all(folder).map_err(Error::write(folder))?;
    let folder = folder.canonicalize().map_err(Error::read(folder))?;
    let name = match name_in(&folder)? {
        Some(name) => name,
        None => {
            let mut random = [0; 16];
            getrandom::fill(&mut random).map_err(|_| Error::Randomness)?;
            let digits: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
            let name = format!("{}\n{digits}\n", heading(origin));
            keys::replace(&folder.join(NAME), name.as_bytes(), 0o600)?;
            sync(&folder)?;
            name
        }
    };
    if remembered(log)?.as_ref() != Some(&(folder.clone(), name.clone())) {
        keys::replace(&memory, format!("{}\n{name}", folder.display()).as_bytes(), 0o600)?;
        sync(log)?;
    }
    let device = |path: &Path| fs::metadata(path).map(|found| found.dev()).map_err(Error::read(path));
    let same_volume = device(log)? == device(&folder)?;
    if same_volume {
        tracing::warn!(spool = %folder.display(), "the spool is on the log's own volume: when that fails, both fail");
    }
    Ok(Some(Spool { folder, same_volume }))
}

fn heading(origin: &str) -> String {
    format!("The spool of the log {origin}")
}

/// The path and the name that the log remembers.
fn remembered(log: &Path) -> Result<Option<(PathBuf, String)>, Error> {
    let path = log.join(REMEMBERED);
    let Some(text) = read(&path)? else { return Ok(None) };
    match text.split_once('\n') {
        Some((folder, name)) if !folder.is_empty() => Ok(Some((PathBuf::from(folder), name.to_owned()))),
        _ => Err(Error::Key { path, why: "does not say where the log's spool is" }),
    }
}

fn name_in(folder: &Path) -> Result<Option<String>, Error> {
    read(&folder.join(NAME))
}

/// How far the spool's note says that it was synced; 0 without one.
fn covered(folder: &Path, vkey: &str) -> Result<u64, Error> {
    let path = folder.join(NOTE);
    let Some(text) = read(&path)? else { return Ok(0) };
    let text = note::open_note(&text, vkey).map_err(|source| Error::SpoolNote { path: path.clone(), source })?;
    let upto = text.strip_prefix(HEADING).and_then(|rest| rest.lines().nth(2)?.parse().ok());
    upto.ok_or(Error::Key { path, why: "is not the note of a spool" })
}

fn read(path: &Path) -> Result<Option<String>, Error> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::read(path)(error)),
    }
}

fn sync(folder: &Path) -> Result<(), Error> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(Error::write(folder))
}
