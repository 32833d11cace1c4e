//! The whole log from its first entry, opened and counted into the tree: for whoever must be sure that nothing is left out.

use std::path::Path;

use tlog_tiles::record_hash;

use crate::error::Error;
use crate::frame::Kind;
use crate::keys;
use crate::openings::Opened;
use crate::seal;
use crate::tree::Edge;
use crate::verify::{Flaw, Frames};

/// An entry in its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Leaf {
    /// Its place, from 0.
    pub index: u64,
    /// Its hash in the tree.
    pub hash: [u8; 32],
    /// The commitment that its leaf is; a clear entry has none.
    pub commitment: Option<[u8; 32]>,
    /// The number of the ledger's outbox row that it stands for; 0 is none.
    pub outbox: u64,
    /// What it says.
    pub opened: Opened,
}

/// The entries of a data folder's log in order, each opened, and held against its leaf by its opening.
///
/// INVARIANT (a walk leaves nothing out): it gives every entry from the first on or ends in an error, and its root is
/// that of the entries that it gave; whoever compares the root with a checkpoint's knows that these are all.
pub struct Walk {
    frames: Frames,
    edge: Edge,
    upto: u64,
}

impl Walk {
    /// A walk over the first `upto` entries. They must be under the folder's checkpoint, which the caller has looked at
    /// with [`published`](crate::published).
    ///
    /// # Errors
    /// A folder that cannot be read, or has no opening key.
    pub fn open(dir: &Path, upto: u64) -> Result<Walk, Flaw> {
        let keys = dir.join("keys");
        let key = keys::openings_key(&keys)?;
        let key = key.ok_or_else(|| Error::KeyMissing { path: keys.join(keys::OPENINGS) })?;
        let frames = Frames::open(&dir.join("log"), Some(key), upto)?;
        Ok(Walk { frames, edge: Edge::default(), upto })
    }

    /// The RFC 6962 root over the entries given so far.
    pub fn root(&self) -> [u8; 32] {
        self.edge.root().0
    }

    /// How many entries were given so far.
    pub fn size(&self) -> u64 {
        self.edge.size()
    }

    fn step(&mut self) -> Result<Option<Leaf>, Flaw> {
        let entry = self.edge.size();
        if entry >= self.upto {
            return Ok(None);
        }
        let (frame, body) = self.frames.next_opened()?.ok_or(Flaw::Lost { entry, size: self.upto })?;
        let hash = record_hash(&frame.entry.leaf);
        self.edge.push(hash, |_| Ok::<(), Flaw>(()))?;
        Ok(Some(leaf(frame.index, hash.0, &frame.entry, body.unwrap_or_default())))
    }
}

/// The hash in the tree of a sealed entry with this commitment, for whoever knows no more of it.
pub fn leaf_of_commitment(commitment: &[u8; 32]) -> [u8; 32] {
    record_hash(&[&[Kind::Sealed as u8], commitment.as_slice()].concat()).0
}

/// An opened entry.
pub(crate) fn leaf(index: u64, hash: [u8; 32], entry: &crate::frame::Entry, body: Vec<u8>) -> Leaf {
    let (commitment, opened) = match entry.kind {
        Kind::Clear | Kind::Digest => (None, Opened::Clear(body)),
        Kind::Sealed => {
            let commitment = entry.leaf.split_first().and_then(|(_, commitment)| commitment.try_into().ok());
            let opened = if seal::is_destroyed(entry) { Opened::Destroyed } else { Opened::sealed(body) };
            (commitment, opened)
        }
    };
    Leaf { index, hash, commitment, outbox: entry.outbox, opened }
}

impl Iterator for Walk {
    type Item = Result<Leaf, Flaw>;

    fn next(&mut self) -> Option<Self::Item> {
        let step = self.step().transpose();
        if matches!(step, Some(Err(_))) {
            self.upto = 0;
        }
        step
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Event, Folder, Log, Options, What, begins_with, has_leaf, open_note, published, sign_note};
    use std::time::Duration;

    fn log(folder: &Path) -> Log {
        let options = Options {
            folder: folder.to_owned(),
            keys: folder.join("keys"),
            origin: "test/1".into(),
            checkpoint_every: Duration::ZERO,
            ..Options::default()
        };
        Log::open(options).unwrap().0
    }

    #[test]
    fn a_walk_gives_every_entry_and_its_roots_are_the_logs() {
        let folder = tempfile::tempdir().unwrap();
        let log = log(folder.path());
        for number in 0..600u64 {
            let pending = match number % 3 {
                0 => log.append_clear(format!("entry {number}").as_bytes(), Some(number + 1)),
                1 => log.append_body(false, br#"{"entry":"affiliation","account":"a"}"#, Some(number + 1)),
                _ => log.append(&Event { what: What::Asked, ..Event::default() }, None),
            };
            pending.wait_blocking().unwrap();
        }
        log.close().unwrap();
        let (source, vkey) = (Folder(folder.path().join("log")), log.vkey());
        let head = published(&source, vkey).unwrap();
        let mut walk = Walk::open(folder.path(), head.size).unwrap();
        let mut roots = vec![walk.root()];
        while let Some(leaf) = walk.next() {
            let leaf = leaf.unwrap();
            assert_eq!(leaf.index + 1, walk.size());
            assert_eq!(has_leaf(&source, vkey, leaf.index, leaf.hash).unwrap(), 600);
            match leaf.index % 3 {
                0 => assert!(matches!(leaf.opened, Opened::Clear(_)) && leaf.commitment.is_none()),
                // What is sealed and no event does not read as an empty one.
                1 => {
                    assert!(matches!(leaf.opened, Opened::Sealed(_)));
                    assert_eq!(leaf_of_commitment(&leaf.commitment.unwrap()), leaf.hash);
                }
                _ => assert!(matches!(leaf.opened, Opened::Event(_)) && leaf.outbox == 0),
            }
            roots.push(walk.root());
        }
        assert_eq!(roots.last(), Some(&head.root));
        for size in [0, 1, 2, 255, 256, 257, 512, 599, 600] {
            assert_eq!(begins_with(&source, vkey, size as u64, roots[size]).unwrap(), 600, "{size}");
            assert!(begins_with(&source, vkey, size as u64, roots[(size + 1) % 601]).is_err(), "{size}");
        }
        assert!(begins_with(&source, vkey, 601, roots[600]).is_err());
    }

    #[test]
    fn a_changed_opening_ends_the_walk_at_its_entry() {
        let folder = tempfile::tempdir().unwrap();
        let log = log(folder.path());
        for _ in 0..5 {
            log.append(&Event { what: What::Asked, ..Event::default() }, None).wait_blocking().unwrap();
        }
        log.close().unwrap();
        let path = folder.path().join("log/frames-000001.log");
        let mut bytes = std::fs::read(&path).unwrap();
        let last = bytes.len() - 20;
        bytes[last] ^= 1;
        std::fs::write(&path, bytes).unwrap();
        let outcomes: Vec<_> = Walk::open(folder.path(), 5).unwrap().collect();
        assert_eq!(outcomes.len(), 5);
        assert_eq!(outcomes[4].as_ref().unwrap_err().entry(), Some(4));
        assert!(Walk::open(folder.path(), 6).unwrap().any(|outcome| outcome.is_err()), "more than there is");
        std::fs::remove_file(folder.path().join("keys/log-openings.key")).unwrap();
        assert!(Walk::open(folder.path(), 5).is_err());
    }

    #[test]
    fn a_signed_text_reads_back_and_a_changed_one_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (log, other) = (log(folder.path()), tempfile::tempdir().unwrap());
        let text = "a heading of its own\nand a line\n";
        let note = log.sign_note(text).unwrap();
        assert_eq!(note, sign_note(folder.path(), text).unwrap(), "the same bytes again");
        assert_eq!(open_note(&note, log.vkey()).unwrap(), text);
        assert!(open_note(&note.replace("a line", "b line"), log.vkey()).is_err());
        assert!(open_note(text, log.vkey()).is_err());
        let stranger = super::tests::log(other.path());
        assert!(open_note(&note, stranger.vkey()).is_err());
        for heading in ["test/1\n5\nAAAA\n", "OpenCLEAR receipt 1\n", "no line end"] {
            assert!(log.sign_note(heading).is_err(), "{heading}");
        }
    }
}
