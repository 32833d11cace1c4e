//! Destroying an opening, where a law demands that what it says is expunged.
//!
//! In:    an entry's place and the legal basis.
//! Out:   an entry that says both, and the opening overwritten where it stood; the leaf, and with it the tree, stays.
//! Never: destroys before the entry that says so is on the disk; touches a leaf, or what was never sealed.
//!
//! # How
//! Overwriting can be broken off by a crash and would leave a frame that looks damaged. So the intent is noted first, in
//! `log/destroying`; then the entry is logged; then the opening is overwritten with zeros and the frame's checksum made
//! anew; then the note goes. At the next start an unfinished intent is finished where its entry is in the log, and
//! forgotten where it is not.
//!
//! # Change here
//! What may be destroyed: [`Log::destroy`]. What a destroyed frame looks like: `frame.rs`.

#![expect(clippy::disallowed_methods, reason = "stores: log-frames")]

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use clear_record::RequestId;
use serde::{Deserialize, Serialize};

use crate::error::{Error, LogDown};
use crate::event::{Event, What};
use crate::frame::{self, Frame, Kind, Reader, Step};
use crate::keys;
use crate::log::Log;
use crate::openings::{Alarm, Opened, Openings};
use crate::receipt::Receipt;
use crate::seal::{self, OpeningKey};
use crate::verify::Flaw;

/// The note of an unfinished destruction.
const NOTE: &str = "destroying";

/// Why an opening was not destroyed; nothing was changed then.
#[derive(Debug, thiserror::Error)]
pub enum DestroyError {
    /// The log has no such entry.
    #[error("the log has no entry {entry}: it has {size}")]
    NoEntry {
        /// Which.
        entry: u64,
        /// How many there are.
        size: u64,
    },
    /// The entry has no opening of an event, or one that must stay.
    #[error("entry {entry} {why}")]
    Kept {
        /// Which.
        entry: u64,
        /// Why it stays.
        why: &'static str,
    },
    /// No legal basis was given.
    #[error("say the legal basis: an order or a section of a law, without a name of the person that it protects")]
    Basis,
    /// The log cannot be read or written.
    #[error("the log cannot be read or written")]
    Log {
        /// Why.
        source: Error,
    },
    /// The log is down.
    #[error("the destruction cannot be logged")]
    Down {
        /// Why.
        source: LogDown,
    },
}

impl From<Error> for DestroyError {
    fn from(source: Error) -> DestroyError {
        DestroyError::Log { source }
    }
}

impl Log {
    /// Destroys the opening of an event. `said` says who does it, when, and in `why` on which legal basis; it is the event of
    /// the destruction's own entry, whose receipt this returns. Blocks until the opening is overwritten on the disk.
    ///
    /// Whoever reads openings in this moment can find the frame half overwritten: do it while nothing is served.
    ///
    /// # Errors
    /// See [`DestroyError`].
    ///
    /// # Panics
    /// Inside an async runtime's thread, which must not block.
    pub fn destroy(&self, entry: u64, said: &Event) -> Result<Receipt, DestroyError> {
        if said.why.as_deref().is_none_or(|basis| basis.trim().is_empty()) {
            return Err(DestroyError::Basis);
        }
        let (intent, ended) = self.intent(entry)?;
        write_note(self.folder(), &intent)?;
        let receipt = self.say(entry, ended, said)?;
        overwrite(self.folder(), &intent)?;
        end_note(self.folder())?;
        Ok(receipt)
    }

    /// Where the opening stands, if it may be destroyed; and the number of the request that its event ended, if it ended one.
    fn intent(&self, entry: u64) -> Result<(Intent, Option<RequestId>), DestroyError> {
        let size = self.synced_size();
        let kept = |why| Err(DestroyError::Kept { entry, why });
        let opened = self.openings(entry..entry.saturating_add(1))?.next().transpose()?;
        let ended = match opened.ok_or(DestroyError::NoEntry { entry, size })?.1 {
            Opened::Clear(_) => return kept("is a text for everybody; it has no opening"),
            // The register is folded from these: without one of them nobody's access can be worked out again.
            Opened::Sealed(_) => return kept("is of the register, which is ended and never destroyed"),
            Opened::Destroyed => return kept("has no opening any more"),
            Opened::Event(event) if event.what == What::Destroyed => {
                return kept("says that another one was destroyed; that must stay");
            }
            Opened::Event(event) => event.request.filter(|_| event.what.ends()),
        };
        let (segment, offset) = find(self.folder(), entry)?.ok_or(DestroyError::NoEntry { entry, size })?;
        Ok((Intent { entry, segment, offset, from: size }, ended))
    }

    /// The number of a request says nothing of anybody, and without it a start would take the request for one that a crash
    /// had left open.
    fn say(&self, entry: u64, request: Option<RequestId>, said: &Event) -> Result<Receipt, DestroyError> {
        let event = Event { what: What::Destroyed, entry: Some(entry), request, ..said.clone() };
        self.append(&event, None).wait_blocking().map_err(|source| DestroyError::Down { source })
    }
}

/// An opening that is about to be destroyed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Intent {
    entry: u64,
    segment: u32,
    /// Where the frame begins in its segment, in bytes.
    offset: u64,
    /// How many entries the log had: the one that says so is none of these.
    from: u64,
}

impl Intent {
    fn path(&self, log: &Path) -> PathBuf {
        log.join(frame::segment_name(self.segment))
    }
}

fn write_note(log: &Path, intent: &Intent) -> Result<(), Error> {
    let path = log.join(NOTE);
    keys::replace(&path, &serde_json::to_vec(intent).unwrap_or_default(), 0o600)?;
    keys::keep(&path)
}

fn end_note(log: &Path) -> Result<(), Error> {
    let path = log.join(NOTE);
    fs::remove_file(&path).map_err(Error::write(&path))?;
    keys::keep(&path)
}

/// The segment of an entry, and where in it the frame begins.
fn find(log: &Path, entry: u64) -> Result<Option<(u32, u64)>, Error> {
    for (number, path) in frame::segments(log)?.into_iter().rev() {
        let Some(first) = Reader::claimed_first(&path)?.filter(|first| *first <= entry) else { continue };
        let mut reader = Reader::open(&path, first)?;
        while let Step::Frame(frame, offset) = reader.step()? {
            if frame.index == entry {
                return Ok(Some((number, offset)));
            }
        }
    }
    Ok(None)
}

/// Overwrites the opening with zeros. Done twice, it is done once.
fn overwrite(log: &Path, intent: &Intent) -> Result<(), Error> {
    let path = intent.path(log);
    let damaged =
        || Error::Damaged { entry: intent.entry, segment: frame::segment_name(intent.segment), offset: intent.offset };
    let mut file = OpenOptions::new().read(true).write(true).open(&path).map_err(Error::read(&path))?;
    file.seek(SeekFrom::Start(intent.offset)).map_err(Error::read(&path))?;
    let mut head = Vec::new();
    // A frame's header and the longest leaf.
    file.by_ref().take(1 << 17).read_to_end(&mut head).map_err(Error::read(&path))?;
    let (entry, kept, bytes) = frame::without_opening(&head).ok_or_else(damaged)?;
    if entry != intent.entry {
        return Err(damaged());
    }
    file.write_all_at(&bytes, intent.offset + kept as u64).map_err(Error::write(&path))?;
    file.sync_all().map_err(Error::write(&path))
}

/// Looks for an unfinished destruction, before the frames are read. What was half overwritten is overwritten whole, so that
/// the frame reads again; the rest is for [`finish`].
///
/// # Errors
/// A note that does not read; a disk that fails.
pub(crate) fn found(log: &Path) -> Result<Option<Intent>, Error> {
    let path = log.join(NOTE);
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::read(&path)(error)),
    };
    let intent: Intent = serde_json::from_slice(&bytes)
        .map_err(|_| Error::Key { path, why: "is not the note of an unfinished destruction" })?;
    let reads = read_at(log, &intent)?.is_some_and(|frame| frame.index == intent.entry);
    if !reads {
        // What follows was synced after the entry that says so: overwriting had begun.
        overwrite(log, &intent)?;
    }
    Ok(Some(intent))
}

/// The frame at an intent's place; `None` where there is no good one.
fn read_at(log: &Path, intent: &Intent) -> Result<Option<Frame>, Error> {
    let path = intent.path(log);
    let mut file = fs::File::open(&path).map_err(Error::read(&path))?;
    file.seek(SeekFrom::Start(intent.offset)).map_err(Error::read(&path))?;
    frame::read_one(&mut file).map_err(Error::read(&path))
}

/// Finishes what [`found`] found, once the frames are known to be good: destroys the opening where the log says so, and
/// forgets the intent where it does not.
///
/// # Errors
/// A disk that fails.
pub(crate) fn finish(log: &Path, key: &OpeningKey, intent: &Intent, size: u64, alarm: &Alarm) -> Result<(), Error> {
    let mut openings = Openings::new(log, key.clone(), intent.from..size, alarm.clone())?;
    let said = openings.any(|opened| matches!(opened, Ok((_, Opened::Event(event))) if is_of(&event, intent.entry)));
    let gone = read_at(log, intent)?.is_some_and(|frame| seal::is_destroyed(&frame.entry));
    match (said, gone) {
        (true, false) => overwrite(log, intent)?,
        (true, true) | (false, false) => {}
        (false, true) => alarm.raise(intent.entry, "its opening was destroyed, and no entry says so"),
    }
    tracing::warn!(entry = intent.entry, said, "finished a destruction that was broken off");
    end_note(log)
}

fn is_of(event: &Event, entry: u64) -> bool {
    event.what == What::Destroyed && event.entry == Some(entry)
}

/// What a walk over all frames has seen of destroyed openings, and of entries that say so.
#[derive(Default)]
pub(crate) struct Destroyed {
    /// By the entry: whether its opening is gone, and which entry says that it is.
    seen: BTreeMap<u64, (bool, Option<u64>)>,
}

impl Destroyed {
    /// Looks at a frame with what it says.
    pub(crate) fn note(&mut self, frame: &Frame, body: Option<&[u8]>, keyed: bool) {
        // Without the key nobody knows what the entries say, this one included.
        if !keyed || frame.entry.kind != Kind::Sealed {
            return;
        }
        match body {
            None => self.seen.entry(frame.index).or_default().0 = true,
            Some(body) if mentions(body) => {
                if let Opened::Event(Event { what: What::Destroyed, entry: Some(entry), .. }) =
                    Opened::sealed(body.to_vec())
                    && entry < frame.index
                {
                    self.seen.entry(entry).or_default().1 = Some(frame.index);
                }
            }
            Some(_) => {}
        }
    }

    /// Checks that each destroyed opening has its entry, and each such entry its destroyed opening.
    pub(crate) fn check(&self) -> Result<(), Flaw> {
        for (entry, (gone, said)) in &self.seen {
            let why = match (gone, said) {
                (true, None) => "its opening was destroyed, and no entry says on which basis".to_owned(),
                (false, Some(said)) => format!("its opening is there, though entry {said} says that it was destroyed"),
                (true, Some(_)) | (false, None) => continue,
            };
            return Err(Flaw::Entry { entry: *entry, why });
        }
        Ok(())
    }
}

/// Whether an event's bytes can be those of a destruction: most are not, and reading JSON is most of a verification's time.
fn mentions(body: &[u8]) -> bool {
    const WHAT: &[u8] = b"\"what\":\"destroyed\"";
    body.windows(WHAT.len()).any(|window| window == WHAT)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{Folder, Options, verify, verify_folder};

    fn open(folder: &Path) -> Log {
        let options = Options {
            folder: folder.to_owned(),
            keys: folder.join("keys"),
            origin: "test/1".into(),
            checkpoint_every: Duration::ZERO,
            ..Options::default()
        };
        Log::open(options).unwrap().0
    }

    fn grown(folder: &Path) -> Log {
        let log = open(folder);
        for number in 0..9u64 {
            let event = Event { what: What::Asked, reason: Some(format!("Jane Roe {number}")), ..Event::default() };
            log.append(&event, None).wait_blocking().unwrap();
        }
        log.append_clear(b"an order", Some(1)).wait_blocking().unwrap();
        log.append_body(false, br#"{"entry":"affiliation"}"#, Some(2)).wait_blocking().unwrap();
        log
    }

    fn basis() -> Event {
        Event { why: Some("court order 26-1".into()), ..Event::default() }
    }

    fn flaw(folder: &Path, vkey: &str) -> String {
        verify_folder(folder, vkey).unwrap_err().to_string()
    }

    #[test]
    fn gr22_an_opening_is_destroyed_and_the_log_says_on_which_basis() {
        let folder = tempfile::tempdir().unwrap();
        let log = grown(folder.path());
        log.close().unwrap();
        let before = verify(&Folder(folder.path().join("log")), log.vkey()).unwrap();
        let sealed = fs::read(folder.path().join("log/frames-000001.log")).unwrap();

        let log = open(folder.path());
        let receipt = log.destroy(4, &basis()).unwrap();
        receipt.check(log.vkey()).unwrap();
        for (entry, event, why) in [
            (4, basis(), "has no opening any more"),
            (9, basis(), "text for everybody"),
            (10, basis(), "of the register"),
            (11, basis(), "must stay"),
            (99, basis(), "has no entry 99"),
            (3, Event::default(), "legal basis"),
            (3, Event { why: Some("  ".into()), ..Event::default() }, "legal basis"),
        ] {
            let error = log.destroy(entry, &event).unwrap_err().to_string();
            assert!(error.contains(why), "{entry}: {error}");
        }
        let opened: Vec<_> = log.openings(0..u64::MAX).unwrap().map(|opened| opened.unwrap().1).collect();
        assert_eq!((opened.len(), &opened[4]), (12, &Opened::Destroyed));
        assert!(matches!(&opened[5], Opened::Event(event) if event.reason.as_deref() == Some("Jane Roe 5")));
        let Opened::Event(said) = &opened[11] else { panic!("{:?}", opened[11]) };
        assert_eq!((said.what, said.entry, said.why.as_deref()), (What::Destroyed, Some(4), Some("court order 26-1")));
        log.close().unwrap();

        // The tree is the same: what was published of the entry still holds, and the log opens and verifies.
        let after = verify_folder(folder.path(), log.vkey()).unwrap();
        assert_eq!((after.size, after.opened), (12, 10));
        assert_eq!(crate::begins_with(&Folder(folder.path().join("log")), log.vkey(), 11, before.root).unwrap(), 12);
        assert_eq!(open(folder.path()).unopened(), None);
        // The bytes are gone.
        let now = fs::read(folder.path().join("log/frames-000001.log")).unwrap();
        let (_, offset) = find(&folder.path().join("log"), 4).unwrap().unwrap();
        let from = offset as usize + 43 + 33;
        assert!(
            now[from..from + 60].iter().all(|byte| *byte == 0) && sealed[from..from + 60].iter().any(|byte| *byte != 0)
        );
    }

    #[test]
    fn gr22_what_is_destroyed_without_an_entry_or_said_without_being_done_is_a_flaw() {
        let folder = tempfile::tempdir().unwrap();
        let log = grown(folder.path());
        let intent = log.intent(2).unwrap().0;
        log.close().unwrap();
        overwrite(log.folder(), &intent).unwrap();
        let said = flaw(folder.path(), log.vkey());
        assert!(said.contains("entry 2 is wrong: its opening was destroyed, and no entry says"), "{said}");

        let folder = tempfile::tempdir().unwrap();
        let log = grown(folder.path());
        log.say(2, None, &basis()).unwrap();
        log.close().unwrap();
        let said = flaw(folder.path(), log.vkey());
        assert!(said.contains("entry 2 is wrong: its opening is there, though entry 11 says"), "{said}");
    }

    #[test]
    fn gr24_a_destruction_that_a_crash_broke_off_is_finished_at_the_next_start() {
        // How far it got: the note; the entry; a part of the overwriting; all of it but the note's removal.
        for (reached, gone) in [(1, false), (2, true), (3, true), (4, true)] {
            let folder = tempfile::tempdir().unwrap();
            let log = grown(folder.path());
            let intent = log.intent(6).unwrap().0;
            write_note(log.folder(), &intent).unwrap();
            if reached >= 2 {
                log.say(6, None, &basis()).unwrap();
            }
            log.close().unwrap();
            let path = intent.path(log.folder());
            if reached == 3 {
                let file = OpenOptions::new().write(true).open(&path).unwrap();
                file.write_all_at(&[0; 40], intent.offset + 43 + 33).unwrap();
            }
            if reached == 4 {
                overwrite(log.folder(), &intent).unwrap();
            }
            let log = open(folder.path());
            let opened = log.openings(6..7).unwrap().next().unwrap().unwrap().1;
            assert_eq!(opened == Opened::Destroyed, gone, "{reached}");
            assert_eq!(log.unopened(), None);
            log.close().unwrap();
            verify_folder(folder.path(), log.vkey()).unwrap();
            assert!(!folder.path().join("log/destroying").exists());
        }
    }

    #[test]
    fn gr22_an_opening_that_does_not_open_is_an_alarm() {
        let folder = tempfile::tempdir().unwrap();
        let log = grown(folder.path());
        let (segment, offset) = find(log.folder(), 3).unwrap().unwrap();
        let path = log.folder().join(frame::segment_name(segment));
        // Somebody who knows the format changes an opening and makes the checksum anew.
        let frame = read_at(log.folder(), &Intent { entry: 3, segment, offset, from: 0 }).unwrap().unwrap();
        let mut entry = frame.entry;
        entry.opening[40] ^= 1;
        let mut bytes = Vec::new();
        frame::encode(&mut bytes, &entry, 3, frame.batch);
        let file = OpenOptions::new().write(true).open(&path).unwrap();
        file.write_all_at(&bytes, offset).unwrap();
        assert_eq!(log.unopened(), None);
        assert!(log.openings(0..9).unwrap().any(|opened| opened.is_err()));
        assert_eq!(log.unopened(), Some(3));
        log.close().unwrap();
        let said = flaw(folder.path(), log.vkey());
        assert!(said.contains("entry 3 is wrong: its opening was changed"), "{said}");
    }
}
