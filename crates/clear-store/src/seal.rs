//! Seals bodies and opens them again.
//!
//! In:    drafts with their places in the ledger; rows with their wrapped keys.
//! Out:   sealed bodies with wrapped keys; versions.
//! Never: keeps a key, reads or writes a file, gives `None` where a body does not open.
//!
//! # How
//! A body is an envelope (the source's own number for the record, then the record) under AES-256-GCM, with a key of
//! its own and the record's id and place as associated data, so that no body can stand in for another. A key seals
//! exactly one body, so that its nonce may be constant. The key is wrapped under its owner's key, by AES-256-GCM again,
//! with a random nonce.

use aes_gcm::aead::{Aead, AeadInOut, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use clear_record::{Record, RecordId};

use crate::Error;

/// The bytes of a key.
pub(crate) const KEY_LEN: usize = 32;
const NONCE_LEN: usize = 12;
const TAG_LEN: usize = 16;
/// A body begins with the number of its form and the attempt that its key belongs to.
const HEAD_LEN: usize = 1 + 8;
const FORM: u8 = 1;
/// How many random bytes one body needs: its key and the nonce of the wrapping.
pub(crate) const RANDOM_LEN: usize = KEY_LEN + NONCE_LEN;

/// What is inside a body.
#[derive(PartialEq)]
pub(crate) struct Contents {
    pub(crate) reference: Option<String>,
    pub(crate) record: Record,
}

/// What a body is bound to: another record's id or another place in the ledger does not open it.
fn bound_to(id: RecordId, seq: i64) -> [u8; 25] {
    let mut bytes = [0; 25];
    let (kind, rest) = bytes.split_at_mut(1);
    let (raw, place) = rest.split_at_mut(16);
    kind.copy_from_slice(&[id.kind.code()]);
    raw.copy_from_slice(&id.bytes());
    place.copy_from_slice(&seq.to_be_bytes());
    bytes
}

/// The bytes to seal, with room before and after for what sealing adds.
pub(crate) fn envelope(contents: &Contents) -> Vec<u8> {
    let reference = contents.reference.as_deref().map(str::as_bytes);
    let record = contents.record.to_bytes();
    let length = reference.map_or(0, <[u8]>::len);
    let mut bytes = Vec::with_capacity(HEAD_LEN + 5 + length + record.len() + TAG_LEN);
    bytes.resize(HEAD_LEN, 0);
    // No reference and an empty one are two things.
    bytes.push(u8::from(reference.is_some()));
    bytes.extend((u32::try_from(length).unwrap_or(u32::MAX)).to_be_bytes());
    bytes.extend(reference.unwrap_or_default());
    bytes.extend(record);
    bytes
}

fn read_envelope(id: RecordId, bytes: &[u8]) -> Option<Contents> {
    let (has_reference, rest) = bytes.split_first()?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let (reference, record) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
    let reference = match has_reference {
        0 => None,
        _ => Some(std::str::from_utf8(reference).ok()?.to_owned()),
    };
    Some(Contents { reference, record: Record::from_bytes(id.kind, record).ok()? })
}

/// Seals an envelope in place and gives the wrapped key. `random` is fresh for every body.
pub(crate) fn seal(
    owner: &Aes256Gcm,
    id: RecordId,
    seq: i64,
    attempt: i64,
    random: &[u8; RANDOM_LEN],
    envelope: &mut Vec<u8>,
) -> Result<Vec<u8>, Error> {
    let sealed = || Error::Sealed { id };
    let bound = bound_to(id, seq);
    let (key, nonce) = random.split_first_chunk::<KEY_LEN>().ok_or_else(sealed)?;
    let nonce: &[u8; NONCE_LEN] = nonce.first_chunk().ok_or_else(sealed)?;

    let (head, text) = envelope.split_at_mut_checked(HEAD_LEN).ok_or_else(sealed)?;
    let (form, place) = head.split_at_mut(1);
    form.copy_from_slice(&[FORM]);
    place.copy_from_slice(&attempt.to_be_bytes());
    let tag = Aes256Gcm::new(key.into())
        .encrypt_inout_detached(&Nonce::default(), &bound, text.into())
        .map_err(|_| sealed())?;
    envelope.extend_from_slice(&tag);

    let mut wrapped = Vec::with_capacity(NONCE_LEN + KEY_LEN + TAG_LEN);
    wrapped.extend_from_slice(nonce);
    wrapped.extend(owner.encrypt(nonce.into(), Payload { msg: key, aad: &bound }).map_err(|_| sealed())?);
    Ok(wrapped)
}

/// Which attempt's key opens this body.
pub(crate) fn attempt_of(body: &[u8]) -> Option<i64> {
    let (form, rest) = body.split_first()?;
    let attempt = rest.first_chunk::<8>()?;
    (*form == FORM).then(|| i64::from_be_bytes(*attempt))
}

/// Opens a body with its wrapped key. Anything that does not fit is `Error::Sealed`, whatever the cause.
pub(crate) fn open(
    owner: &Aes256Gcm,
    id: RecordId,
    seq: i64,
    wrapped: &[u8],
    mut body: Vec<u8>,
) -> Result<Contents, Error> {
    let opened = || {
        let bound = bound_to(id, seq);
        let (nonce, wrapped) = wrapped.split_first_chunk::<NONCE_LEN>()?;
        let key = owner.decrypt(nonce.into(), Payload { msg: wrapped, aad: &bound }).ok()?;
        let key: &[u8; KEY_LEN] = key.as_slice().try_into().ok()?;
        let rest = body.get_mut(HEAD_LEN..)?;
        let (text, tag) = rest.split_last_chunk_mut::<TAG_LEN>()?;
        let tag = (*tag).into();
        Aes256Gcm::new(key.into()).decrypt_inout_detached(&Nonce::default(), &bound, (&mut *text).into(), &tag).ok()?;
        read_envelope(id, text)
    };
    let mut opened = opened;
    opened().ok_or(Error::Sealed { id })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clear_record::{Kind, Narrative};

    fn contents(reference: Option<&str>) -> Contents {
        let about = RecordId { kind: Kind::Incident, raw: 7 };
        Contents {
            reference: reference.map(Into::into),
            record: Record::from(Narrative { about, title: None, text: "words".into() }),
        }
    }

    fn owner(byte: u8) -> Aes256Gcm {
        Aes256Gcm::new(&[byte; KEY_LEN].into())
    }

    const ID: RecordId = RecordId { kind: Kind::Narrative, raw: 1 };
    const OTHER: RecordId = RecordId { kind: Kind::Narrative, raw: 2 };

    #[test]
    fn what_was_sealed_opens_and_does_not_show() {
        for reference in [None, Some(""), Some("HX-1")] {
            let mut body = envelope(&contents(reference));
            let wrapped = seal(&owner(1), ID, 9, 5, &[3; RANDOM_LEN], &mut body).expect("seals");
            assert_eq!(attempt_of(&body), Some(5));
            assert!(!body.windows(5).any(|bytes| bytes == b"words"));
            assert!(!wrapped.windows(KEY_LEN).any(|bytes| bytes == [3; KEY_LEN]));
            assert!(open(&owner(1), ID, 9, &wrapped, body).is_ok_and(|opened| opened == contents(reference)));
        }
    }

    #[test]
    fn a_body_opens_only_where_it_was_sealed() {
        let mut body = envelope(&contents(None));
        let wrapped = seal(&owner(1), ID, 9, 5, &[3; RANDOM_LEN], &mut body).expect("seals");
        let opens = |owner: &Aes256Gcm, id, seq, change: usize, wrapped: &[u8]| {
            let mut body = body.clone();
            if let Some(byte) = body.get_mut(change) {
                *byte ^= 1;
            }
            open(owner, id, seq, wrapped, body).is_ok()
        };
        let none = usize::MAX;
        assert!(opens(&owner(1), ID, 9, none, &wrapped));
        assert!(!opens(&owner(2), ID, 9, none, &wrapped), "another owner's key");
        assert!(!opens(&owner(1), OTHER, 9, none, &wrapped), "another record");
        assert!(!opens(&owner(1), ID, 10, none, &wrapped), "another place");
        assert!(!opens(&owner(1), ID, 9, HEAD_LEN, &wrapped), "a changed body");
        assert!(!opens(&owner(1), ID, 9, body.len() - 1, &wrapped), "a changed tag");
        assert!(!opens(&owner(1), ID, 9, none, &[]), "no key");
        assert!(open(&owner(1), ID, 9, &wrapped, Vec::new()).is_err(), "no body");
    }
}
