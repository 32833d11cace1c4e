//! Projections as they were when they were last kept: sealed, and gone with the next expungement.
//!
//! In:    bytes of projections as they come, and what they are [`Of`].
//! Out:   the same bytes, as long as the whole of them is there, as it was written, and nothing was expunged since.
//! Never: gives a byte that was not checked; keeps a key that opens what was expunged; is needed: what it holds can be
//!        folded again.
//!
//! # How
//! A snapshot is a file of pieces, each sealed with AES-256-GCM under a key that seals nothing else, with the piece's
//! number and whether it is the last one in the nonce (STREAM; Hoang, Reyhanitabar, Rogaway and Vizár, *Online
//! authenticated-encryption and its nonce-reuse misuse-resistance*, 2015): no piece can be left out, repeated or moved. The
//! key is a file beside the records' keys. Key and snapshot have one name; the key is durable before the snapshot has it.
//!
//! INVARIANT (no snapshot outlives an expungement): [`Snapshots::destroy`] deletes every key before an expungement is
//! acknowledged, and one that is being written is thrown away when it is older than the last expungement. Between the two
//! there is no gap: a key is made before the projections are read, and the expungement's place is set before keys are
//! destroyed, so that a snapshot of before meets one or the other.
//!
//! # Change here
//! When projections are kept, and what is in them: `clear-query`. Why they are: docs/decisions/0061.

#![expect(clippy::disallowed_methods, reason = "stores: snapshots")]

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aes_gcm::Aes256Gcm;
use aes_gcm::aead::{AeadInOut, KeyInit};
use clear_record::snapshot::not_a;
use clear_record::{RecordId, Seq, Snapshot};
use jiff::Timestamp;

use crate::seal::KEY_LEN;
use crate::{Error, files};

/// Plain bytes of a piece; the last one has fewer.
const PIECE: usize = 1 << 20;
const TAG_LEN: usize = 16;
/// What a file begins with, and what its pieces are bound to.
const FORM: &[u8; 8] = b"snapsh\x001";

/// The place for snapshots of one installation. Clones are the same place.
#[derive(Clone)]
pub struct Snapshots {
    folder: PathBuf,
    keys: PathBuf,
    /// Gives a digest of the program that folds. Without one, nothing is kept and nothing read.
    program: Option<Program>,
    /// The place of the last expungement of this process.
    expunged: Arc<AtomicU64>,
}

/// Gives a digest of the program, which changes with whatever changes a projection; `None` where it cannot be told. Asked only
/// when there is a snapshot or is to be one, because it may read the whole program.
pub type Program = fn() -> Option<[u8; 32]>;

/// What a snapshot is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Of {
    /// A digest of the program that folded it. Another one may fold otherwise.
    pub program: [u8; 32],
    /// How far it has followed the ledger.
    pub seq: Seq,
    /// The ledger's version there: another one has other ids, and other moments.
    pub last: Option<(RecordId, Timestamp)>,
}

impl Snapshot for Of {
    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        self.program.to_vec().write(out)?;
        self.seq.write(out)?;
        self.last.write(out)
    }

    fn read(from: &mut impl Read) -> io::Result<Of> {
        let program = Vec::<u8>::read(from)?.try_into().map_err(|_| not_a("digest"))?;
        Ok(Of { program, seq: Seq::read(from)?, last: Option::read(from)? })
    }
}

impl Snapshots {
    /// A place that keeps snapshots in one folder and their keys in another. Nothing is made before something is kept.
    pub(crate) fn at(folder: &Path, keys: &Path) -> Snapshots {
        Snapshots { folder: folder.to_owned(), keys: keys.to_owned(), program: None, expunged: Arc::default() }
    }

    /// The same place for a program.
    #[must_use]
    pub fn of_program(&self, program: Program) -> Snapshots {
        Snapshots { program: Some(program), ..self.clone() }
    }

    /// The digest of the program; `None` where nothing is to be kept.
    pub fn program(&self) -> Option<[u8; 32]> {
        self.program.and_then(|program| program())
    }

    /// Where they are.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Keeps what `fill` writes, which it begins to read only when it is called, and forgets every other snapshot. `fill`
    /// gives how far the projections stood. Gives the snapshot's length in bytes, or `None` where something was expunged
    /// meanwhile that it still held: then it is gone. Blocks.
    ///
    /// # Errors
    /// When a file cannot be written: then there is no new snapshot, and an old one stays.
    pub fn keep(&self, fill: impl FnOnce(&mut Sealing) -> io::Result<Seq>) -> Result<Option<u64>, Error> {
        let mut sealing = self.begin()?;
        let name = sealing.name.clone();
        let part = self.part_path(&name);
        let filled = fill(&mut sealing).map_err(|source| Error::File { doing: "write", path: part, source });
        let kept = filled.and_then(|seq| self.end(sealing, seq));
        if kept.is_err() {
            // What is half is in the way of the disk, and its key of nobody. That this may fail as well changes nothing.
            drop(self.forget(|other| other == name));
        }
        kept
    }

    fn begin(&self) -> Result<Sealing, Error> {
        files::make_private_folder(&self.folder)?;
        files::make_private_folder(&self.keys)?;
        let mut random = [0; KEY_LEN + 8];
        getrandom::fill(&mut random).map_err(|source| Error::Randomness { source })?;
        let (key, name) = random.split_first_chunk::<KEY_LEN>().unwrap_or((&[0; KEY_LEN], &[]));
        let name = name.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let key_path = self.key_path(&name);
        let fault = |doing, path: &Path| {
            let path = path.to_owned();
            move |source| Error::File { doing, path, source }
        };
        let mut file = files::create_private(&key_path)?;
        file.write_all(key).and_then(|()| file.sync_all()).map_err(fault("write", &key_path))?;
        files::sync_folder(&key_path)?;
        let path = self.part_path(&name);
        let mut file = files::create_private(&path)?;
        file.write_all(FORM).map_err(fault("write", &path))?;
        Ok(Sealing {
            file,
            name,
            cipher: Aes256Gcm::new(key.into()),
            piece: Vec::with_capacity(PIECE + TAG_LEN),
            number: 0,
            bytes: 0,
        })
    }

    fn end(&self, mut sealing: Sealing, seq: Seq) -> Result<Option<u64>, Error> {
        let path = self.part_path(&sealing.name);
        let fault = |doing| {
            let path = path.clone();
            move |source| Error::File { doing, path, source }
        };
        sealing.seal(true).and_then(|()| sealing.file.sync_all()).map_err(fault("write"))?;
        let whole = self.path(&sealing.name);
        let renamed = std::fs::rename(&path, &whole);
        // INVARIANT (no snapshot outlives an expungement). One may have deleted the file before it had its name.
        if self.expunged.load(Ordering::SeqCst) > seq.0 {
            self.destroy()?;
            return Ok(None);
        }
        renamed.map_err(fault("rename"))?;
        files::sync_folder(&whole)?;
        self.forget(|name| name != sealing.name)?;
        Ok(Some(sealing.bytes))
    }

    /// The newest snapshot, at its first byte, with what it is of; `None` where there is none that opens. Blocks.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn newest(&self) -> Result<Option<(Of, Opening)>, Error> {
        let mut found: Option<(Of, Opening)> = None;
        for name in self.names(&self.folder, "", ".snapshot")? {
            match self.open(&name) {
                Ok((of, opening)) if found.as_ref().is_none_or(|(other, _)| other.seq < of.seq) => {
                    found = Some((of, opening));
                }
                Ok(_) => {}
                Err(error) => tracing::warn!(%error, "a snapshot of the projections does not open, and is not taken"),
            }
        }
        Ok(found)
    }

    fn open(&self, name: &str) -> io::Result<(Of, Opening)> {
        let key: [u8; KEY_LEN] = std::fs::read(self.key_path(name))?.try_into().map_err(|_| not_a("key"))?;
        let mut file = File::open(self.path(name))?;
        let mut form = [0; FORM.len()];
        file.read_exact(&mut form)?;
        if form != *FORM {
            return Err(not_a("snapshot of this form"));
        }
        let bytes = file.metadata()?.len();
        let cipher = Aes256Gcm::new(&key.into());
        let mut opening = Opening { file, cipher, piece: Vec::new(), at: 0, number: 0, ended: false, bytes };
        let of = Of::read(&mut opening)?;
        Ok((of, opening))
    }

    /// Destroys every snapshot: their keys first, each overwritten where it stands. Blocks.
    ///
    /// # Errors
    /// When a file cannot be deleted.
    pub fn destroy(&self) -> Result<(), Error> {
        self.forget(|_| true)
    }

    /// The same for what was expunged at this place of the ledger.
    pub(crate) fn destroy_for(&self, seq: Seq) -> Result<(), Error> {
        self.expunged.fetch_max(seq.0, Ordering::SeqCst);
        self.destroy()
    }

    fn forget(&self, which: impl Fn(&str) -> bool) -> Result<(), Error> {
        let gone = |error: &io::Error| error.kind() == ErrorKind::NotFound;
        let fault = |path: &Path| {
            let path = path.to_owned();
            move |source| Error::File { doing: "destroy", path, source }
        };
        for name in self.names(&self.keys, KEY_PREFIX, ".key")?.into_iter().filter(|name| which(name)) {
            let path = self.key_path(&name);
            let zeros = OpenOptions::new().write(true).open(&path);
            let wiped = zeros.and_then(|mut file| file.write_all(&[0; KEY_LEN]).and_then(|()| file.sync_all()));
            wiped.or_else(|error| if gone(&error) { Ok(()) } else { Err(error) }).map_err(fault(&path))?;
            std::fs::remove_file(&path)
                .or_else(|error| if gone(&error) { Ok(()) } else { Err(error) })
                .map_err(fault(&path))?;
            files::sync_folder(&path)?;
        }
        for ending in [".snapshot", ".part"] {
            for name in self.names(&self.folder, "", ending)?.into_iter().filter(|name| which(name)) {
                let path = self.folder.join(format!("{name}{ending}"));
                std::fs::remove_file(&path)
                    .or_else(|error| if gone(&error) { Ok(()) } else { Err(error) })
                    .map_err(fault(&path))?;
            }
        }
        Ok(())
    }

    /// What stands between two parts of the names of a folder's files.
    fn names(&self, folder: &Path, before: &str, after: &str) -> Result<Vec<String>, Error> {
        let fault = |source| Error::File { doing: "read the folder", path: folder.to_owned(), source };
        let entries = match std::fs::read_dir(folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(fault)?,
        };
        let mut names = Vec::new();
        for entry in entries {
            let name = entry.map_err(fault)?.file_name();
            let name = name.to_str().and_then(|name| name.strip_prefix(before)?.strip_suffix(after));
            names.extend(name.map(str::to_owned));
        }
        Ok(names)
    }

    fn key_path(&self, name: &str) -> PathBuf {
        self.keys.join(format!("{KEY_PREFIX}{name}.key"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.snapshot"))
    }

    fn part_path(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.part"))
    }
}

const KEY_PREFIX: &str = "snapshot-";

/// The nonce of a piece: its number, and whether it is the last.
fn nonce(number: u64, last: bool) -> [u8; 12] {
    let mut nonce = [0; 12];
    let (flag, rest) = nonce.split_at_mut(4);
    flag.copy_from_slice(&u32::from(last).to_be_bytes());
    rest.copy_from_slice(&number.to_be_bytes());
    nonce
}

/// A snapshot that is being written: takes plain bytes.
pub struct Sealing {
    file: File,
    name: String,
    cipher: Aes256Gcm,
    piece: Vec<u8>,
    number: u64,
    bytes: u64,
}

impl Sealing {
    fn seal(&mut self, last: bool) -> io::Result<()> {
        let tag = self
            .cipher
            .encrypt_inout_detached((&nonce(self.number, last)).into(), FORM, self.piece.as_mut_slice().into())
            .map_err(|_| io::Error::other("a piece of the snapshot could not be sealed"))?;
        self.piece.extend_from_slice(&tag);
        self.file.write_all(&self.piece)?;
        self.bytes += self.piece.len() as u64;
        self.number += 1;
        self.piece.clear();
        Ok(())
    }
}

impl Write for Sealing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.piece.len() == PIECE {
            self.seal(false)?;
        }
        let taken = bytes.len().min(PIECE - self.piece.len());
        self.piece.extend_from_slice(bytes.get(..taken).unwrap_or_default());
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A snapshot that is being read: gives plain bytes, none before its whole piece was checked.
pub struct Opening {
    file: File,
    cipher: Aes256Gcm,
    piece: Vec<u8>,
    at: usize,
    number: u64,
    ended: bool,
    bytes: u64,
}

impl Opening {
    /// How many bytes the file has.
    pub fn length(&self) -> u64 {
        self.bytes
    }

    /// Whether everything was read: the last piece was there, and nothing of it is left.
    pub fn is_over(&self) -> bool {
        self.at == self.piece.len() && self.ended
    }

    /// Opens the next piece; `false` where the last one was opened before.
    fn next_piece(&mut self) -> io::Result<bool> {
        if self.ended {
            return Ok(false);
        }
        self.piece.clear();
        self.at = 0;
        self.piece.reserve_exact(PIECE + TAG_LEN);
        let read = (&mut self.file).take((PIECE + TAG_LEN) as u64).read_to_end(&mut self.piece)?;
        // A piece in the middle is full; whether a full one is the last, only its nonce says.
        let last = read < PIECE + TAG_LEN || self.rest()? == 0;
        let changed = || io::Error::new(ErrorKind::InvalidData, "the snapshot is cut off, or was changed");
        let (text, tag) = self.piece.split_last_chunk_mut::<TAG_LEN>().ok_or_else(changed)?;
        let tag = (*tag).into();
        self.cipher
            .decrypt_inout_detached((&nonce(self.number, last)).into(), FORM, (&mut *text).into(), &tag)
            .map_err(|_| changed())?;
        self.piece.truncate(read - TAG_LEN);
        self.number += 1;
        self.ended = last;
        Ok(true)
    }

    /// How many bytes of the file are behind what was read.
    fn rest(&self) -> io::Result<u64> {
        let read = FORM.len() as u64 + (self.number + 1) * (PIECE + TAG_LEN) as u64;
        Ok(self.file.metadata()?.len().saturating_sub(read))
    }
}

impl Read for Opening {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.at == self.piece.len() && !self.next_piece()? {
            return Ok(0);
        }
        let rest = self.piece.get(self.at..).unwrap_or_default();
        let given = rest.len().min(out.len());
        if let (Some(to), Some(from)) = (out.get_mut(..given), rest.get(..given)) {
            to.copy_from_slice(from);
        }
        self.at += given;
        Ok(given)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clear_record::Kind;

    fn of(seq: u64) -> Of {
        let id = RecordId { kind: Kind::Person, raw: seq.into() };
        Of { program: [7; 32], seq: Seq(seq), last: Some((id, Timestamp::UNIX_EPOCH)) }
    }

    fn place(dir: &Path) -> Snapshots {
        Snapshots::at(&dir.join("projections"), &dir.join("keys"))
    }

    fn keep(place: &Snapshots, seq: u64, bytes: &[u8]) -> Option<u64> {
        let fill = |out: &mut Sealing| of(seq).write(out).and_then(|()| out.write_all(bytes)).map(|()| Seq(seq));
        place.keep(fill).unwrap()
    }

    fn kept(place: &Snapshots) -> Option<(Of, io::Result<Vec<u8>>)> {
        let (of, mut opening) = place.newest().unwrap()?;
        let mut bytes = Vec::new();
        let read = opening.read_to_end(&mut bytes).map(|_| bytes);
        Some((of, read))
    }

    fn files(dir: &Path) -> usize {
        ["projections", "keys"].iter().map(|name| std::fs::read_dir(dir.join(name)).unwrap().count()).sum()
    }

    #[test]
    fn what_was_kept_is_read_back_and_replaces_what_was_kept_before() {
        let dir = tempfile::tempdir().unwrap();
        let place = place(dir.path());
        assert!(kept(&place).is_none());
        // Less than a piece, a piece to the byte and around it, and several.
        let head = {
            let mut bytes = Vec::new();
            of(1).write(&mut bytes).unwrap();
            bytes.len()
        };
        for (seq, length) in (1..).zip([0, 1, PIECE - head - 1, PIECE - head, PIECE - head + 1, 3 * PIECE + 5]) {
            let bytes: Vec<u8> = (0..length).map(|at| (at * 7) as u8).collect();
            assert!(keep(&place, seq, &bytes).is_some());
            let (of_kept, read) = kept(&place).unwrap();
            assert_eq!((of_kept, read.unwrap().len()), (of(seq), length), "{length}");
            assert_eq!(files(dir.path()), 2, "one snapshot and one key");
        }
    }

    #[test]
    fn what_could_not_be_filled_leaves_what_was_kept_before() {
        let dir = tempfile::tempdir().unwrap();
        let place = place(dir.path());
        keep(&place, 1, b"first");
        assert!(place.keep(|out| out.write_all(b"half").and_then(|()| Err(io::Error::other("no")))).is_err());
        assert_eq!((kept(&place).unwrap().1.unwrap().as_slice(), files(dir.path())), (&b"first"[..], 2));
    }

    #[test]
    fn what_was_changed_cut_or_put_together_is_not_read() {
        let dir = tempfile::tempdir().unwrap();
        let place = place(dir.path());
        keep(&place, 1, &vec![5; 2 * PIECE]);
        let path = std::fs::read_dir(dir.path().join("projections")).unwrap().next().unwrap().unwrap().path();
        let whole = std::fs::read(&path).unwrap();
        let sealed = PIECE + TAG_LEN;
        let flipped = |at: usize| {
            let mut bytes = whole.clone();
            bytes[at] ^= 1;
            bytes
        };
        let swapped =
            [&whole[..8], &whole[8 + sealed..8 + 2 * sealed], &whole[8..8 + sealed], &whole[8 + 2 * sealed..]].concat();
        for (what, bytes) in [
            ("first byte", flipped(0)),
            ("first piece", flipped(100)),
            ("last byte", flipped(whole.len() - 1)),
            ("cut within a piece", whole[..whole.len() - 1].to_vec()),
            ("cut between pieces", whole[..8 + 2 * sealed].to_vec()),
            ("cut to nothing", Vec::new()),
            ("longer", [&whole[..], &[0]].concat()),
            ("swapped", swapped),
        ] {
            std::fs::write(&path, bytes).unwrap();
            assert!(kept(&place).is_none_or(|(_, read)| read.is_err()), "{what}");
        }
        std::fs::write(&path, &whole).unwrap();
        assert!(kept(&place).unwrap().1.is_ok());
    }

    /// INVARIANT (no snapshot outlives an expungement).
    #[test]
    fn an_expungement_leaves_no_key_and_no_snapshot_of_before() {
        let dir = tempfile::tempdir().unwrap();
        let place = place(dir.path());
        keep(&place, 5, b"before");
        place.destroy_for(Seq(6)).unwrap();
        assert_eq!((kept(&place).is_none(), files(dir.path())), (true, 0), "kept before");
        assert_eq!(keep(&place, 5, b"of before, begun after"), None);
        assert_eq!((kept(&place).is_none(), files(dir.path())), (true, 0), "begun after");
        let under_way = place.keep(|out| {
            of(6).write(out)?;
            place.destroy_for(Seq(7)).unwrap();
            Ok(Seq(6))
        });
        assert_eq!(under_way.unwrap(), None);
        assert_eq!((kept(&place).is_none(), files(dir.path())), (true, 0), "under way");
        assert!(keep(&place, 7, b"after").is_some());
        assert_eq!(kept(&place).unwrap().1.unwrap(), b"after");
    }
}
