//! Two views of one log: do they agree? If not, what shows it.
//!
//! In:    two signed checkpoints of a log, and the tiles of the longer one.
//! Out:   [`Views`]; where they disagree, [`Evidence`]: both as they were signed, and the proof that one is not the
//!        beginning of the other.
//! Never: takes a proof that leads nowhere for a disagreement: anybody can send one.

#![expect(clippy::disallowed_methods, reason = "stores: guards")]

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use sha2::{Digest, Sha256};
use tlog_tiles::{EMPTY_HASH, Hash, node_hash, prove_tree, tree_hash};

use crate::checkpoint::{self, Head};
use crate::error::Error;
use crate::keys;
use crate::verify::{self, Flaw, Source};

/// What two checkpoints of a log are to each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Views {
    /// The same entries.
    Same {
        /// How many.
        size: u64,
    },
    /// One is the beginning of the other.
    Grew {
        /// The shorter one's size.
        from: u64,
        /// The longer one's size.
        to: u64,
    },
    /// The log's key signed two histories.
    Apart(Box<Evidence>),
}

/// Two checkpoints that one key signed and that cannot both be of one log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// The log.
    pub origin: String,
    /// What is wrong, in a sentence.
    pub what: String,
    /// Whether this alone shows that the log's key signed two histories.
    pub proves: bool,
    /// When it was found.
    pub found_at: Timestamp,
    /// By whom.
    pub found_by: String,
    /// The shorter checkpoint, or the one that was known first, as it was signed.
    pub first: String,
    /// The other one, as it was signed.
    pub second: String,
    /// The consistency proof from the first size to the second one, in the order of RFC 6962; empty for equal sizes.
    pub proof: Vec<[u8; 32]>,
}

/// Compares two checkpoints. `tiles` are those of the longer one; equal sizes need none.
///
/// # Errors
/// A checkpoint that the key did not sign; tiles that are missing or wrong.
pub fn compare(
    one: &str,
    other: &str,
    vkey: &str,
    tiles: &dyn Source,
    found_by: &str,
    now: Timestamp,
) -> Result<Views, Flaw> {
    let head = |note: &str| checkpoint::check(note.as_bytes(), vkey).map_err(|source| Flaw::Checkpoint { source });
    let (mut first, mut second) = ((head(one)?, one), (head(other)?, other));
    if first.0.size > second.0.size {
        std::mem::swap(&mut first, &mut second);
    }
    let ((shorter, first), (longer, second)) = (first, second);
    if shorter.size == longer.size && shorter.root == longer.root {
        return Ok(Views::Same { size: longer.size });
    }
    let evidence = |what: String, proof: Vec<Hash>| {
        Views::Apart(Box::new(Evidence {
            origin: longer.origin.clone(),
            what,
            proves: true,
            found_at: now,
            found_by: found_by.to_owned(),
            first: first.to_owned(),
            second: second.to_owned(),
            proof: proof.into_iter().map(|hash| hash.0).collect(),
        }))
    };
    if shorter.size == longer.size {
        return Ok(evidence(two_roots(shorter.size), vec![]));
    }
    let (beginning, proof) = beginning(tiles, &longer, shorter.size)?;
    if beginning == shorter.root {
        return Ok(Views::Grew { from: shorter.size, to: longer.size });
    }
    Ok(evidence(rewritten(&shorter, &longer, beginning), proof))
}

/// The root of a log's first entries, and the proof that they are its beginning.
fn beginning(tiles: &dyn Source, longer: &Head, size: u64) -> Result<(Hash, Vec<Hash>), Flaw> {
    if size == 0 {
        return Ok((EMPTY_HASH, vec![]));
    }
    verify::with_tiles(tiles, longer, |tree| Ok((tree_hash(size, tree)?, prove_tree(longer.size, size, tree)?)))
}

pub(crate) fn two_roots(size: u64) -> String {
    format!("the log's key signed two different roots over {size} entries")
}

pub(crate) fn rewritten(shorter: &Head, longer: &Head, beginning: Hash) -> String {
    format!(
        "the {} entries of the second checkpoint do not begin with the {} of the first: their beginning has the root {beginning}, as the proof shows, and the first was signed over {}",
        longer.size, shorter.size, shorter.root
    )
}

/// The roots of the first `old` and of all `new` entries that a consistency proof leads to (RFC 9162, section 2.1.4.2).
/// `None` for a proof that leads nowhere, and for one that takes the older root for granted.
pub(crate) fn leads_to(proof: &[Hash], old: u64, new: u64) -> Option<(Hash, Hash)> {
    if old == 0 || old >= new || old.is_power_of_two() {
        return None;
    }
    let (mut first, mut second) = (old - 1, new - 1);
    while first & 1 == 1 {
        (first, second) = (first >> 1, second >> 1);
    }
    let (start, rest) = proof.split_first()?;
    let (mut older, mut newer) = (*start, *start);
    for hash in rest {
        if second == 0 {
            return None;
        }
        if first & 1 == 1 || first == second {
            (older, newer) = (node_hash(*hash, older), node_hash(*hash, newer));
            while first & 1 == 0 && first != 0 {
                (first, second) = (first >> 1, second >> 1);
            }
        } else {
            newer = node_hash(newer, *hash);
        }
        (first, second) = (first >> 1, second >> 1);
    }
    (second == 0).then_some((older, newer))
}

impl Evidence {
    /// A file name that tells what it is about; the same evidence has the same name, whenever it is found.
    pub fn file_name(&self) -> String {
        let size = |note: &str| note.lines().nth(1).unwrap_or_default().parse::<u64>().unwrap_or_default();
        let kind = if self.proves { "two-views" } else { "does-not-follow" };
        let mut hash = Sha256::new();
        let body = |note: &str| note.split("\n\n").next().unwrap_or_default().to_owned();
        hash.update(body(&self.first));
        hash.update([0]);
        // What proves nothing by itself is kept once for each pair of sizes, or anybody could fill a disk with it.
        if self.proves {
            hash.update(body(&self.second));
        } else {
            hash.update(size(&self.second).to_be_bytes());
        }
        let digest: String = hash.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect();
        format!("{kind}-{}-{}-{digest}.txt", size(&self.first), size(&self.second))
    }

    /// Writes it into a folder, which is made where it is missing; gives the file. What is there already stays.
    ///
    /// # Errors
    /// A folder that cannot be written.
    pub fn keep(&self, folder: &Path) -> Result<PathBuf, Error> {
        fs::create_dir_all(folder).map_err(Error::write(folder))?;
        let path = folder.join(self.file_name());
        if !path.exists() {
            keys::replace(&path, self.to_string().as_bytes(), 0o644)?;
            keys::keep(&path)?;
        }
        Ok(path)
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "OpenCLEAR evidence of two views of a log, version 1")?;
        writeln!(f, "log: {}", self.origin)?;
        writeln!(f, "what: {}", self.what)?;
        writeln!(f, "found: {} by {}", self.found_at, self.found_by)?;
        writeln!(f, "\n--- the first checkpoint, as it was signed\n{}", self.first.trim_end())?;
        writeln!(f, "\n--- the second checkpoint, as it was signed\n{}", self.second.trim_end())?;
        writeln!(f, "\n--- the consistency proof between their sizes (RFC 6962, section 2.1.2)")?;
        self.proof.iter().try_for_each(|hash| writeln!(f, "{}", Hash(*hash)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tlog_tiles::{HashReader, record_hash, stored_hashes_for_record_hash};

    use super::*;

    /// All hashes of a tree in memory.
    #[derive(Default)]
    struct All(Vec<Hash>);

    impl All {
        fn of(leaves: impl Iterator<Item = u64>) -> All {
            let mut all = All::default();
            for (at, leaf) in leaves.enumerate() {
                let hashes = stored_hashes_for_record_hash(at as u64, record_hash(&leaf.to_be_bytes()), &all).unwrap();
                all.0.extend(hashes);
            }
            all
        }
    }

    impl HashReader for All {
        fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Hash>, tlog_tiles::Error> {
            Ok(indexes.iter().map(|index| self.0[*index as usize]).collect())
        }
    }

    proptest! {
        // A right proof leads to both roots, whatever the sizes; a changed one does not.
        #[test]
        fn gr22_a_proof_leads_to_the_roots_that_it_was_made_for(old in 1u64..300, more in 1u64..300, flip in any::<prop::sample::Index>()) {
            let new = old + more;
            let all = All::of(0..new);
            let proof = prove_tree(new, old, &all).unwrap();
            let roots = (tree_hash(old, &all).unwrap(), tree_hash(new, &all).unwrap());
            if old.is_power_of_two() {
                prop_assert_eq!(leads_to(&proof, old, new), None);
            } else {
                prop_assert_eq!(leads_to(&proof, old, new), Some(roots));
                let mut wrong = proof;
                let at = flip.index(wrong.len());
                wrong[at].0[0] ^= 1;
                prop_assert_ne!(leads_to(&wrong, old, new), Some(roots));
                wrong.pop();
                prop_assert!(leads_to(&wrong, old, new).is_none_or(|led| led != roots));
            }
        }
    }
}
