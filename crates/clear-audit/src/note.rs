//! Texts signed with the log's key that are neither checkpoint nor receipt: certificates, the register's export.
//!
//! A checkpoint's first line is the log's origin and a receipt's is its title; a text whose first line is either is not
//! signed here, so that no signature can be taken for another's.

#![expect(clippy::disallowed_methods, reason = "stores: log-keys")]

use std::path::Path;

use signed_note::{Note, Signer, StandardSigner, VerifierList};

use crate::checkpoint;
use crate::error::Error;
use crate::keys;
use crate::receipt;

/// What is wrong with a signed text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteFlaw {
    /// The verifier key cannot be read.
    #[error("the verifier key cannot be read; it looks like `origin+hash+base64`")]
    VerifierKey,
    /// It is no signed note.
    #[error("this is not a signed note: lines of text, an empty line, and a line that begins with `— `")]
    Malformed,
    /// It is not signed by that key, or its text was changed afterwards.
    #[error("the text is not what the key of `{name}` signed")]
    Signature {
        /// The name of the verifier key.
        name: String,
    },
    /// The text looks like something else that the key signs.
    #[error("the text cannot be signed: it must be lines, and its first line must be a heading of its own")]
    NotSignable,
}

/// Reads a signed text and checks its signature; gives the text.
///
/// # Errors
/// Which part of it is wrong.
pub fn open_note(note: &str, vkey: &str) -> Result<String, NoteFlaw> {
    let verifier = checkpoint::verifier(vkey).map_err(|_| NoteFlaw::VerifierKey)?;
    let name = signed_note::Verifier::name(&verifier).to_owned();
    let note = Note::from_bytes(note.as_bytes()).map_err(|_| NoteFlaw::Malformed)?;
    let text = std::str::from_utf8(note.text()).map_err(|_| NoteFlaw::Malformed)?.to_owned();
    note.verify(&VerifierList::new(vec![Box::new(verifier)])).map_err(|_| NoteFlaw::Signature { name })?;
    Ok(text)
}

/// Signs a text with the log's key in a data folder.
///
/// # Errors
/// No key there; a text that cannot be signed.
pub fn sign_note(dir: &Path, text: &str) -> Result<String, Error> {
    let path = dir.join("keys").join(keys::SIGNING);
    let key = std::fs::read_to_string(&path).map_err(Error::read(&path))?;
    let signer = StandardSigner::new(key.trim()).map_err(|_| Error::Key { path, why: "is not a note signing key" })?;
    signed(&signer, text).map_err(|source| Error::Note { source })
}

pub(crate) fn signed(signer: &dyn Signer, text: &str) -> Result<String, NoteFlaw> {
    let heading = text.lines().next().unwrap_or_default();
    if heading == signer.name() || heading == receipt::TITLE || !text.ends_with('\n') {
        return Err(NoteFlaw::NotSignable);
    }
    let mut note = Note::new(text.as_bytes(), &[]).map_err(|_| NoteFlaw::NotSignable)?;
    note.add_sigs(&[signer]).map_err(|_| NoteFlaw::NotSignable)?;
    String::from_utf8(note.to_bytes()).map_err(|_| NoteFlaw::NotSignable)
}
