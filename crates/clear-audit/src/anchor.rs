//! Is this log as far as it is known to be elsewhere? What an anchor file and witnesses know, held against the log.
//!
//! In:    a log's folder, and a checkpoint that somebody kept; or what a witness said.
//! Out:   nothing, where the log extends it; else a [`Contradiction`].
//! Never: takes an older log for a newer one, however whole it is in itself (S16: a restored backup).

#![expect(clippy::disallowed_methods, reason = "stores: guards")]

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use tlog_tiles::Hash;

use crate::checkpoint;
use crate::error::Error;
use crate::keys;
use crate::receipt::Receipt;
use crate::verify::{self, Flaw, Source};
use crate::views::{self, Evidence, Views};

/// A file outside the data folder that holds the log's newest checkpoint. Whoever restores a copy of the data folder does
/// not restore it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor(pub PathBuf);

impl Anchor {
    /// The checkpoint in the file; `None` where there is none.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn read(&self) -> Result<Option<String>, Error> {
        match fs::read_to_string(&self.0) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            text => text.map(Some).map_err(Error::read(&self.0)),
        }
    }

    /// Puts a checkpoint into the file. It is on the disk when this returns, whole.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn write(&self, note: &str) -> Result<(), Error> {
        keys::replace(&self.0, note.as_bytes(), 0o644)?;
        keys::keep(&self.0)
    }

    /// Moves the file aside, as evidence; gives its new place. `None` where there was none.
    ///
    /// # Errors
    /// A file that cannot be moved.
    pub fn move_aside(&self, now: Timestamp) -> Result<Option<PathBuf>, Error> {
        let mut aside = self.0.clone();
        aside.as_mut_os_string().push(format!(".until-{}", now.strftime("%Y%m%dT%H%M%SZ")));
        match fs::rename(&self.0, &aside) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            moved => {
                moved.map_err(Error::write(&self.0))?;
                keys::keep(&self.0)?;
                Ok(Some(aside))
            }
        }
    }

    /// Its folder, which must be there: a missing one is a volume that is not mounted.
    pub fn folder(&self) -> &Path {
        self.0.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
    }
}

/// What somebody knows of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Knows {
    /// A checkpoint, signed with the log's key.
    Checkpoint(String),
    /// It says that it cosigned so many entries; no signature shows it.
    Size(u64),
    /// It says that the log does not follow from the so many entries that it cosigned; no signature shows it.
    Otherwise(u64),
    /// It had a checkpoint, which is gone.
    Lost,
}

/// Why a log is not what it is known to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contradiction {
    /// Who knows otherwise: `anchor`, or a witness's name.
    pub who: String,
    /// How many entries they know, where they do.
    pub size: Option<u64>,
    /// Their root, where a signature shows it.
    pub root: Option<[u8; 32]>,
    /// How many entries the log has.
    pub ours: u64,
    /// Both views, where the log is not behind but another one.
    pub evidence: Option<Box<Evidence>>,
}

/// Holds a log's newest checkpoint against what somebody knows.
///
/// # Errors
/// A checkpoint that the log's key did not sign; tiles that cannot be read.
pub fn contradiction(
    log: &dyn Source,
    vkey: &str,
    who: &str,
    knows: &Knows,
    now: Timestamp,
) -> Result<Option<Contradiction>, Flaw> {
    let ours = verify::fetch_head(log, vkey)?.size;
    let found = |size, root, evidence| Contradiction { who: who.to_owned(), size, root, ours, evidence };
    let note = match knows {
        Knows::Checkpoint(note) => note,
        Knows::Size(size) => return Ok((*size > ours).then(|| found(Some(*size), None, None))),
        Knows::Otherwise(size) => return Ok(Some(found(Some(*size), None, None))),
        Knows::Lost => return Ok(Some(found(None, None, None))),
    };
    let head = checkpoint::check(note.as_bytes(), vkey).map_err(|source| Flaw::Checkpoint { source })?;
    let root = Some(head.root.0);
    if head.size > ours {
        return Ok(Some(found(Some(head.size), root, None)));
    }
    let path = "checkpoint".to_owned();
    let own = log.get(&path).map_err(|source| Flaw::Unread { path, source })?;
    match views::compare(note, &String::from_utf8_lossy(&own), vkey, log, who, now)? {
        Views::Same { .. } | Views::Grew { .. } => Ok(None),
        Views::Apart(evidence) => Ok(Some(found(Some(head.size), root, Some(evidence)))),
    }
}

impl Contradiction {
    /// The contradiction as a resumption names it: size, root and who, with `-` for what is not known.
    pub fn named(&self) -> String {
        let size = self.size.map_or_else(|| "-".to_owned(), |size| size.to_string());
        let root = self.root.map_or_else(|| "-".to_owned(), |root| Hash(root).to_string());
        format!("{size} {root} {}", self.who)
    }
}

impl fmt::Display for Contradiction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Contradiction { who, ours, .. } = self;
        match (self.size, &self.evidence) {
            (Some(size), Some(_)) => {
                write!(f, "{who} knows {size} entries that are not the beginning of this log's {ours}")
            }
            (Some(size), None) if size > *ours => write!(f, "{who} knows {size} entries, this log has {ours}"),
            (Some(size), None) => {
                write!(f, "{who} says that this log's {ours} entries do not begin with the {size} that it cosigned")
            }
            (None, _) => write!(f, "the checkpoint that {who} had is gone; this log has {ours} entries"),
        }
    }
}

/// Keeps a text that stands in the log, with its receipt, so that it is found again without reading the whole log.
///
/// # Errors
/// A folder that cannot be written.
pub fn keep_vouched(folder: &Path, text: &str, receipt: &Receipt) -> Result<(), Error> {
    fs::create_dir_all(folder).map_err(Error::write(folder))?;
    let name = |kind: &str| folder.join(format!("{}.{kind}", receipt.index()));
    keys::replace(&name("receipt"), receipt.to_header().as_bytes(), 0o644)?;
    // The text comes last: without its receipt it would not be believed.
    keys::replace(&name("note"), text.as_bytes(), 0o644)?;
    keys::keep(&name("note"))
}

/// The texts of a folder that the log vouches for: each has a receipt, and the log has its entry. Others are left out.
pub fn vouched(folder: &Path, log: &dyn Source, vkey: &str) -> Vec<String> {
    let files = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok).map(|file| file.path());
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).ok()?;
        let receipt = Receipt::parse(&fs::read_to_string(path.with_extension("receipt")).ok()?).ok()?;
        receipt.check(vkey).ok()?;
        receipt.included(log, vkey).ok()?;
        receipt.is_of(text.as_bytes()).then_some(text)
    };
    files.filter(|path| path.extension().is_some_and(|kind| kind == "note")).filter_map(read).collect()
}

/// What the anchor is called beside the witnesses.
pub const ANCHOR: &str = "anchor";

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{Event, Folder, Log, Options};

    fn log(folder: &Path) -> Log {
        let options = Options {
            folder: folder.to_owned(),
            keys: folder.join("keys"),
            origin: "test/1".into(),
            checkpoint_every: Duration::from_secs(3600),
            ..Options::default()
        };
        Log::open(options).unwrap().0
    }

    /// A log of that many entries, of which the first came from another's folder.
    fn grown(folder: &Path, to: u64) -> String {
        let log = log(folder);
        while log.size() < to {
            log.append(&Event::default(), None).wait_blocking().unwrap();
        }
        log.close().unwrap();
        fs::read_to_string(folder.join("log/checkpoint")).unwrap()
    }

    fn copy(from: &Path, to: &Path) {
        assert!(std::process::Command::new("cp").arg("-a").arg(from).arg(to).status().unwrap().success());
    }

    #[test]
    fn s16_a_log_that_is_behind_or_another_one_contradicts_its_anchor() {
        let folder = tempfile::tempdir().unwrap();
        let (one, copied) = (folder.path().join("one"), folder.path().join("copied"));
        fs::create_dir(&one).unwrap();
        let at_ten = grown(&one, 10);
        copy(&one, &copied);
        let at_thirty = grown(&one, 30);
        let vkey = fs::read_to_string(one.join("log.vkey")).unwrap();
        let said = |folder: &Path, knows: Knows| {
            let log = Folder(folder.join("log"));
            let found = contradiction(&log, &vkey, ANCHOR, &knows, Timestamp::UNIX_EPOCH).unwrap();
            found.map(|found| found.to_string())
        };
        let checkpoint = |note: &str| Knows::Checkpoint(note.to_owned());
        assert_eq!(said(&one, checkpoint(&at_ten)), None);
        assert_eq!(said(&one, checkpoint(&at_thirty)), None);
        assert_eq!(said(&one, Knows::Size(30)), None);
        let behind = "anchor knows 30 entries, this log has 10";
        assert_eq!(said(&copied, checkpoint(&at_thirty)).as_deref(), Some(behind));
        assert_eq!(said(&copied, Knows::Size(30)).as_deref(), Some(behind));
        assert!(said(&one, Knows::Lost).unwrap().contains("is gone"));
        // The copy went on by itself, and is longer by now than what is known.
        grown(&copied, 40);
        let apart = "anchor knows 30 entries that are not the beginning of this log's 40";
        assert_eq!(said(&copied, checkpoint(&at_thirty)).as_deref(), Some(apart));
        assert_eq!(said(&copied, checkpoint(&at_ten)), None);
        let log = Folder(copied.join("log"));
        let found = contradiction(&log, &vkey, ANCHOR, &checkpoint(&at_thirty), Timestamp::UNIX_EPOCH);
        let evidence = found.unwrap().unwrap().evidence.unwrap();
        assert!(evidence.proves && evidence.file_name().starts_with("two-views-30-40-"));
        let other = folder.path().join("other");
        fs::create_dir(&other).unwrap();
        let foreign = grown(&other, 3);
        let refused = contradiction(&log, &vkey, ANCHOR, &checkpoint(&foreign), Timestamp::UNIX_EPOCH).unwrap_err();
        assert!(matches!(refused, Flaw::Checkpoint { .. }));
    }

    #[test]
    fn a_text_is_believed_where_the_log_has_it() {
        let folder = tempfile::tempdir().unwrap();
        let log = log(folder.path());
        let (vkey, source) = (log.vkey().to_owned(), Folder(folder.path().join("log")));
        let kept = folder.path().join("kept");
        assert_eq!(vouched(&kept, &source, &vkey), Vec::<String>::new());
        let receipt = log.append_clear(b"it goes on\n", None).wait_blocking().unwrap();
        keep_vouched(&kept, "it goes on\n", &receipt).unwrap();
        assert_eq!(vouched(&kept, &source, &vkey), Vec::<String>::new(), "no checkpoint covers it yet");
        log.close().unwrap();
        assert_eq!(vouched(&kept, &source, &vkey), ["it goes on\n"]);
        fs::write(kept.join("0.note"), "it goes on and on\n").unwrap();
        assert_eq!(vouched(&kept, &source, &vkey), Vec::<String>::new());
    }

    #[test]
    fn an_anchor_is_replaced_whole_and_moved_aside_as_evidence() {
        let folder = tempfile::tempdir().unwrap();
        let anchor = Anchor(folder.path().join("anchor"));
        assert_eq!(anchor.read().unwrap(), None);
        assert_eq!(anchor.move_aside(Timestamp::UNIX_EPOCH).unwrap(), None);
        anchor.write("one\n").unwrap();
        anchor.write("two\n").unwrap();
        assert_eq!(anchor.read().unwrap().as_deref(), Some("two\n"));
        let aside = anchor.move_aside(Timestamp::UNIX_EPOCH).unwrap().unwrap();
        assert_eq!((anchor.read().unwrap(), fs::read_to_string(aside).unwrap().as_str()), (None, "two\n"));
        assert!(Anchor(folder.path().join("no/anchor")).write("x").is_err());
    }
}
