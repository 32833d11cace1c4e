//! The signed statement of size and root: a C2SP checkpoint as a signed note.

use signed_note::{Note, Signer, StandardVerifier, VerifierList};
use tlog_tiles::{Checkpoint, Hash};

/// Larger sizes are refused: no log of ours is, and the arithmetic of proofs stays far from its end.
const MAX_SIZE: u64 = 1 << 48;

/// What is wrong with a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointFlaw {
    /// The verifier key cannot be read.
    #[error("the verifier key cannot be read; it looks like `origin+hash+base64`")]
    VerifierKey,
    /// It is no signed note with a tree head.
    #[error("it is not a signed checkpoint")]
    Malformed,
    /// It is not signed by the log's key.
    #[error("it is not signed by the key of `{name}`")]
    Signature {
        /// The name of the verifier key.
        name: String,
    },
    /// It speaks of another log.
    #[error("it is of the log `{found}`, not `{expected}`")]
    Origin {
        /// The verifier key's name.
        expected: String,
        /// The checkpoint's first line.
        found: String,
    },
}

/// A checkpoint whose signature was checked.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Head {
    pub(crate) origin: String,
    pub(crate) size: u64,
    pub(crate) root: Hash,
}

/// The checkpoint's text, signed.
pub(crate) fn sign(signer: &dyn Signer, size: u64, root: Hash) -> Result<String, CheckpointFlaw> {
    let checkpoint = Checkpoint::new(signer.name(), size, root, "").map_err(|_| CheckpointFlaw::Malformed)?;
    let mut note = Note::new(&checkpoint.to_bytes(), &[]).map_err(|_| CheckpointFlaw::Malformed)?;
    note.add_sigs(&[signer]).map_err(|_| CheckpointFlaw::Malformed)?;
    String::from_utf8(note.to_bytes()).map_err(|_| CheckpointFlaw::Malformed)
}

/// The verifier of this key.
pub(crate) fn verifier(vkey: &str) -> Result<StandardVerifier, CheckpointFlaw> {
    StandardVerifier::new(vkey.trim()).map_err(|_| CheckpointFlaw::VerifierKey)
}

/// Whether a text is a checkpoint over so many entries with this root, signed with this key.
pub fn is_checkpoint_over(text: &str, vkey: &str, size: u64, root: [u8; 32]) -> bool {
    check(text.as_bytes(), vkey).is_ok_and(|head| head.size == size && head.root.0 == root)
}

/// What a checkpoint says, signed by whomever.
pub(crate) fn read(text: &[u8]) -> Option<Head> {
    let note = Note::from_bytes(text).ok()?;
    let checkpoint = Checkpoint::from_bytes(note.text()).ok()?;
    Some(Head { origin: checkpoint.origin().to_owned(), size: checkpoint.size(), root: *checkpoint.hash() })
}

/// Reads a checkpoint and checks its signature.
pub(crate) fn check(text: &[u8], vkey: &str) -> Result<Head, CheckpointFlaw> {
    use signed_note::Verifier;
    let verifier = verifier(vkey)?;
    let name = verifier.name().to_owned();
    let note = Note::from_bytes(text).map_err(|_| CheckpointFlaw::Malformed)?;
    let checkpoint = Checkpoint::from_bytes(note.text()).map_err(|_| CheckpointFlaw::Malformed)?;
    if checkpoint.origin() != name {
        return Err(CheckpointFlaw::Origin { expected: name, found: checkpoint.origin().to_owned() });
    }
    let signatures = note.verify(&VerifierList::new(vec![Box::new(verifier)]));
    if signatures.is_err() || checkpoint.size() > MAX_SIZE {
        return Err(CheckpointFlaw::Signature { name });
    }
    Ok(Head { origin: name, size: checkpoint.size(), root: *checkpoint.hash() })
}
