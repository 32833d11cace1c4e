//! What a leaf shows, and what it hides.
//!
//! The tree is public. An event's leaf is therefore only a commitment: SHA-256 over a tag, 32 fresh random bytes and the
//! event. Without the random bytes nobody can test a guess about the event. They and the event are the *opening*, which
//! is encrypted beside the leaf under a key of its own, derived from the log's opening key and the leaf: so one opening
//! can be shown without any other, and no nonce is ever used twice.

use aes_gcm::aead::{Aead, AeadInOut, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use sha2::{Digest, Sha256};

use crate::error::Error;
use crate::frame::{Entry, Kind};

const COMMITMENT_TAG: &[u8] = b"OpenCLEAR log commitment 1\0";
const OPENING_TAG: &[u8] = b"OpenCLEAR log opening 1\0";
/// The number of the opening key that this version writes with; a later key gets a later number.
const KEY_NUMBER: u8 = 1;
const SALT: usize = 32;
const TAG: usize = 16;
/// A leaf's length must fit the 16 bits of a C2SP entry bundle; one byte is the tag.
const MAX_CLEAR: usize = u16::MAX as usize - 1;

/// The key that openings are encrypted under.
#[derive(Clone)]
pub(crate) struct OpeningKey(pub(crate) [u8; 32]);

impl OpeningKey {
    fn cipher(&self, leaf: &[u8]) -> Aes256Gcm {
        // The master key has a fixed length, and the output is only ever a key: a plain hash is a sound derivation.
        let key: [u8; 32] =
            Sha256::new().chain_update(OPENING_TAG).chain_update(self.0).chain_update(leaf).finalize().into();
        Aes256Gcm::new(&key.into())
    }
}

/// Seals an event's bytes; gives the entry and the salt of its commitment.
///
/// # Errors
/// No randomness.
pub(crate) fn sealed(key: &OpeningKey, body: &[u8], outbox: u64) -> Result<(Entry, [u8; SALT]), Error> {
    let mut salt = [0; SALT];
    getrandom::fill(&mut salt).map_err(|_| Error::Randomness)?;
    let leaf = sealed_leaf(&salt, body);
    let mut opening = Vec::with_capacity(1 + SALT + body.len() + TAG);
    opening.push(KEY_NUMBER);
    opening.extend_from_slice(&salt);
    opening.extend_from_slice(body);
    // The key is this leaf's alone, and the leaf has 256 random bits in it: a constant nonce is used once.
    let plain = opening.get_mut(1..).unwrap_or_default();
    let tag = key.cipher(&leaf).encrypt_inout_detached(&Nonce::default(), &[KEY_NUMBER], plain.into());
    opening.extend_from_slice(&tag.map_err(|_| Error::Randomness)?);
    Ok((Entry { kind: Kind::Sealed, outbox, leaf, opening }, salt))
}

/// The entry of a text for everybody.
pub(crate) fn clear(text: &[u8], outbox: u64) -> Entry {
    if text.len() <= MAX_CLEAR {
        Entry { kind: Kind::Clear, outbox, leaf: clear_leaf(text), opening: Vec::new() }
    } else {
        Entry { kind: Kind::Digest, outbox, leaf: clear_leaf(text), opening: text.to_vec() }
    }
}

/// The leaf of a sealed body under this salt.
pub(crate) fn sealed_leaf(salt: &[u8], body: &[u8]) -> Vec<u8> {
    let commitment = Sha256::new().chain_update(COMMITMENT_TAG).chain_update(salt).chain_update(body).finalize();
    let mut leaf = vec![Kind::Sealed as u8];
    leaf.extend_from_slice(&commitment);
    leaf
}

/// The leaf of a clear text: the text, or its digest where it is longer than a leaf can be.
pub(crate) fn clear_leaf(text: &[u8]) -> Vec<u8> {
    if text.len() <= MAX_CLEAR {
        [&[Kind::Clear as u8], text].concat()
    } else {
        let mut leaf = vec![Kind::Digest as u8];
        leaf.extend_from_slice(&Sha256::digest(text));
        leaf
    }
}

/// The random bytes that an entry's commitment was made with; `None` for an entry without them, and where [`open`] says
/// what is wrong.
pub(crate) fn salt(key: &OpeningKey, entry: &Entry) -> Option<[u8; SALT]> {
    let (_, sealed) = entry.opening.split_first().filter(|_| entry.kind == Kind::Sealed)?;
    let payload = Payload { msg: sealed, aad: &[KEY_NUMBER] };
    let plain = key.cipher(&entry.leaf).decrypt(&Nonce::default(), payload).ok()?;
    plain.first_chunk().copied()
}

/// What is wrong with an opening; the sentence of an error.
pub(crate) type Why = &'static str;

/// Whether a sealed entry's opening was destroyed: overwritten with zeros, which no key number is.
pub(crate) fn is_destroyed(entry: &Entry) -> bool {
    entry.kind == Kind::Sealed && !entry.opening.is_empty() && entry.opening.iter().all(|byte| *byte == 0)
}

/// Opens an entry and holds it against its leaf. Without a key, a sealed entry gives `None`; so does one whose opening
/// was destroyed.
///
/// # Errors
/// The sentence that says what does not fit.
pub(crate) fn open(key: Option<&OpeningKey>, entry: &Entry) -> Result<Option<Vec<u8>>, Why> {
    let (tag, content) = entry.leaf.split_first().ok_or("its leaf is empty")?;
    if Kind::from_code(*tag) != Some(entry.kind) {
        return Err("its leaf is of another kind than its frame says");
    }
    match entry.kind {
        Kind::Clear if entry.opening.is_empty() => Ok(Some(content.to_vec())),
        Kind::Clear => Err("a clear entry has no opening, this one does"),
        Kind::Digest if clear_leaf(&entry.opening) == entry.leaf => Ok(Some(entry.opening.clone())),
        Kind::Digest => Err("its text is not the one of its leaf"),
        Kind::Sealed if is_destroyed(entry) => Ok(None),
        Kind::Sealed => {
            let Some(key) = key else { return Ok(None) };
            let (number, sealed) = entry.opening.split_first().ok_or("its opening is empty")?;
            if *number != KEY_NUMBER {
                return Err("its opening is under a key that is not here");
            }
            let plain = key
                .cipher(&entry.leaf)
                .decrypt(&Nonce::default(), Payload { msg: sealed, aad: &[KEY_NUMBER] })
                .map_err(|_| "its opening was changed, or is under another key")?;
            let (salt, body) = plain.split_at_checked(SALT).ok_or("its opening is too short")?;
            if sealed_leaf(salt, body) != entry.leaf {
                return Err("its opening is not the one of its leaf");
            }
            Ok(Some(body.to_vec()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_under_its_key_alone() {
        let key = OpeningKey([3; 32]);
        let (entry, salt) = sealed(&key, b"who asked", 0).unwrap();
        assert_eq!(open(Some(&key), &entry), Ok(Some(b"who asked".to_vec())));
        assert_eq!(sealed_leaf(&salt, b"who asked"), entry.leaf);
        assert_eq!(open(None, &entry), Ok(None));
        assert!(open(Some(&OpeningKey([4; 32])), &entry).is_err());
        let other = sealed(&key, b"who asked", 0).unwrap().0;
        assert_ne!(entry.leaf, other.leaf, "the same event twice is two leaves");
        let swapped = Entry { opening: other.opening, ..entry };
        assert!(open(Some(&key), &swapped).is_err());
    }

    #[test]
    fn a_clear_text_of_any_length_is_an_entry() {
        for (length, kind) in [(0, Kind::Clear), (MAX_CLEAR, Kind::Clear), (MAX_CLEAR + 1, Kind::Digest)] {
            let text = vec![b'x'; length];
            let entry = clear(&text, 0);
            assert_eq!(entry.kind, kind);
            assert_eq!(open(None, &entry), Ok(Some(text)));
        }
        let mut entry = clear(&vec![b'x'; MAX_CLEAR + 1], 0);
        entry.opening[5] = b'y';
        assert!(open(None, &entry).is_err());
    }
}
