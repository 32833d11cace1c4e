//! The receipt: the log's signed promise that this entry stands at this place.

use std::fmt;

use base64::prelude::*;
use clear_record::RequestId;
use signed_note::{Signer, Verifier};
use tlog_tiles::{Hash, record_hash};

use crate::checkpoint;
use crate::error::LogDown;
use crate::seal;
use crate::verify::{self, Flaw, Source};

pub(crate) const TITLE: &str = "OpenCLEAR receipt 1";
const SIGNATURE: usize = 64;

/// A receipt. Only the log makes one, and only for an entry that is on the disk.
///
/// Its statement is a text of seven lines: title, origin, index, leaf hash, salt, request, digest; `-` for what there is
/// none of. The signature is Ed25519 over that text by the key of the checkpoints, so it is also a signed note.
#[derive(Clone, PartialEq)]
pub struct Receipt {
    statement: Statement,
    signature: Vec<u8>,
}

#[derive(Clone, PartialEq)]
pub(crate) struct Statement {
    pub(crate) origin: String,
    pub(crate) index: u64,
    pub(crate) leaf: Hash,
    pub(crate) salt: Option<[u8; 32]>,
    pub(crate) request: Option<RequestId>,
    pub(crate) digest: Option<String>,
}

/// Why a receipt is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptFlaw {
    /// It is no receipt.
    #[error("this is not a receipt")]
    Malformed,
    /// The verifier key cannot be read.
    #[error("the verifier key cannot be read; it looks like `origin+hash+base64`")]
    VerifierKey,
    /// It names another log than the verifier key does.
    #[error("the receipt is of another log")]
    Origin,
    /// It is not signed by the log's key.
    #[error("the receipt is not signed by the log's key")]
    Signature,
}

impl Receipt {
    pub(crate) fn sign(signer: &dyn Signer, statement: Statement) -> Result<Receipt, LogDown> {
        let signature = signer.sign(statement.to_string().as_bytes()).map_err(|error| LogDown::because(&error))?;
        Ok(Receipt { statement, signature })
    }

    /// Checks the signature with the log's verifier key.
    ///
    /// # Errors
    /// Which part of it is wrong.
    pub fn check(&self, vkey: &str) -> Result<(), ReceiptFlaw> {
        let verifier = checkpoint::verifier(vkey).map_err(|_| ReceiptFlaw::VerifierKey)?;
        if verifier.name() != self.statement.origin {
            return Err(ReceiptFlaw::Origin);
        }
        let holds = verifier.verify(self.statement.to_string().as_bytes(), &self.signature);
        if holds { Ok(()) } else { Err(ReceiptFlaw::Signature) }
    }

    /// Checks that the log, as it is published, has this entry at this place; gives the checkpoint's size.
    ///
    /// # Errors
    /// [`Flaw::NotYet`] where the newest checkpoint does not reach the entry; otherwise what is wrong with the log.
    pub fn included(&self, source: &dyn Source, vkey: &str) -> Result<u64, Flaw> {
        verify::included(source, vkey, self.statement.index, self.statement.leaf)
    }

    /// Whether this body is what the receipt's entry says: the event's bytes, or the clear text.
    pub fn is_of(&self, body: &[u8]) -> bool {
        let leaf = match &self.statement.salt {
            Some(salt) => seal::sealed_leaf(salt, body),
            None => seal::clear_leaf(body),
        };
        record_hash(&leaf) == self.statement.leaf
    }

    /// The request that it is about.
    pub fn request(&self) -> Option<&RequestId> {
        self.statement.request.as_ref()
    }

    /// The digest of the disclosed body that the event named, in lowercase hex.
    pub fn digest(&self) -> Option<&str> {
        self.statement.digest.as_deref()
    }

    /// The entry's place in the log, from 0.
    pub fn index(&self) -> u64 {
        self.statement.index
    }

    /// The entry's leaf hash in the tree.
    pub fn leaf(&self) -> [u8; 32] {
        self.statement.leaf.0
    }

    /// The random bytes of the entry's commitment; a clear entry has none.
    pub fn salt(&self) -> Option<&[u8; 32]> {
        self.statement.salt.as_ref()
    }

    /// The log's origin.
    pub fn origin(&self) -> &str {
        &self.statement.origin
    }

    /// The receipt as one word for an HTTP header: base64url of statement and signature.
    pub fn to_header(&self) -> String {
        let mut bytes = self.statement.to_string().into_bytes();
        bytes.extend_from_slice(&self.signature);
        BASE64_URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads what [`Receipt::to_header`] wrote. The signature is not checked yet: [`Receipt::check`].
    ///
    /// # Errors
    /// [`ReceiptFlaw::Malformed`].
    pub fn parse(text: &str) -> Result<Receipt, ReceiptFlaw> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text.trim()).map_err(|_| ReceiptFlaw::Malformed)?;
        let (text, signature) = bytes.split_last_chunk::<SIGNATURE>().ok_or(ReceiptFlaw::Malformed)?;
        let text = std::str::from_utf8(text).map_err(|_| ReceiptFlaw::Malformed)?;
        let statement = Statement::parse(text).ok_or(ReceiptFlaw::Malformed)?;
        Ok(Receipt { statement, signature: signature.to_vec() })
    }
}

impl fmt::Debug for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Receipt({} entry {})", self.statement.origin, self.statement.index)
    }
}

impl fmt::Display for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{TITLE}\n{}\n{}\n{}", self.origin, self.index, self.leaf)?;
        match &self.salt {
            Some(salt) => writeln!(f, "{}", BASE64_STANDARD.encode(salt))?,
            None => writeln!(f, "-")?,
        }
        match &self.request {
            Some(request) => writeln!(f, "{request}")?,
            None => writeln!(f, "-")?,
        }
        writeln!(f, "{}", self.digest.as_deref().unwrap_or("-"))
    }
}

impl Statement {
    fn parse(text: &str) -> Option<Statement> {
        let lines: Vec<&str> = text.strip_suffix('\n')?.split('\n').collect();
        let [TITLE, origin, index, leaf, salt, request, digest] = lines.as_slice() else { return None };
        let absent = |text: &&&str| **text != "-";
        let statement = Statement {
            origin: (*origin).to_owned(),
            index: index.parse().ok()?,
            leaf: Hash::parse_hash(leaf).ok()?,
            salt: match Some(salt).filter(absent) {
                None => None,
                Some(salt) => Some(BASE64_STANDARD.decode(salt).ok()?.try_into().ok()?),
            },
            request: match Some(request).filter(absent) {
                None => None,
                Some(request) => Some(request.parse().ok()?),
            },
            digest: match Some(digest).filter(absent) {
                None => None,
                Some(digest) => Some(hex(digest)?.to_owned()),
            },
        };
        // One statement has one spelling.
        (statement.to_string() == text).then_some(statement)
    }
}

/// The text, if it is a digest in lowercase hex. Anything else could break the statement's lines.
pub(crate) fn hex(text: &str) -> Option<&str> {
    let fits = (1..=128).contains(&text.len()) && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    fits.then_some(text)
}
