//! A log that is behind what is known of it elsewhere, and the founders who let it go on (S16).
//!
//! In:    the store and the log, before any desk is opened; what contradicts the log; the founders' note.
//! Out:   the note as an entry in clear, and an event beside it.
//! Never: appends anything before the quorum's signatures, the log's size and all contradictions are those of the note.

use clear_audit::{Contradiction, Event, Log, LogDown, Receipt, What};
use clear_policy::{BadOrder, Entry, Register, Resumption};
use clear_record::AgencyId;
use clear_store::Store;
use jiff::Timestamp;

use crate::desk::Error;

/// Why a log does not go on.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say what each is")]
pub enum ResumeError {
    #[error("nothing contradicts this log: there is nothing to resume")]
    InStep,
    #[error(transparent)]
    Note(#[from] BadOrder),
    #[error("the note is of the log `{said}`; this one is `{is}`")]
    OtherLog { said: String, is: String },
    #[error("the note lets the log go on at {said} entries with the root {root}; it has {is} with the root {is_root}")]
    OtherSize { said: u64, root: String, is: u64, is_root: String },
    #[error("the note goes on against `{said}`; what is known elsewhere is `{is}`: draft it again")]
    OtherContradiction { said: String, is: String },
    #[error("the register in the store cannot be read")]
    Register(#[source] Error),
    #[error("the log cannot be written")]
    Log(#[from] LogDown),
}

/// Lets a log go on by a note that the founding quorum signed.
///
/// # Errors
/// See [`ResumeError`]; nothing was appended then.
pub async fn resume(
    store: &Store,
    log: &Log,
    note: &str,
    contradictions: &[Contradiction],
    now: Timestamp,
) -> Result<Receipt, ResumeError> {
    if contradictions.is_empty() {
        return Err(ResumeError::InStep);
    }
    let register = founded(store).await.map_err(ResumeError::Register)?;
    let said = Resumption::check(note, &register)?;
    let is = resumption(said.installation.clone(), log, contradictions, said.text.clone());
    if said.origin != is.origin {
        return Err(ResumeError::OtherLog { said: said.origin, is: is.origin });
    }
    if (said.size, &said.root) != (is.size, &is.root) {
        return Err(ResumeError::OtherSize { said: said.size, root: said.root, is: is.size, is_root: is.root });
    }
    if said.against != is.against {
        let listed = |against: &[String]| against.join("; ");
        return Err(ResumeError::OtherContradiction { said: listed(&said.against), is: listed(&is.against) });
    }
    let receipt = log.append_clear(note.as_bytes(), None).wait().await?;
    let why = Some(format!("{} against {}", said.text, is.against.join("; ")));
    let event = Event { what: What::Resumed, at: now, why, address: Some("local".to_owned()), ..Event::default() };
    log.append(&event, None).wait().await?;
    log.publish().await?;
    Ok(receipt)
}

/// The resumption that the founders would have to sign for a log as it is.
pub fn resumption(installation: AgencyId, log: &Log, contradictions: &[Contradiction], text: String) -> Resumption {
    let checkpoint = log.checkpoint();
    let mut lines = checkpoint.lines();
    let mut line = || lines.next().unwrap_or_default().to_owned();
    let (origin, size, root) = (line(), line(), line());
    let against = contradictions.iter().map(Contradiction::named).collect();
    Resumption { installation, origin, size: size.parse().unwrap_or(0), root, against, text }
}

/// The register in a store, without a desk: before anything may be appended.
///
/// # Errors
/// A store that cannot be read, or an entry that does not read.
pub async fn founded(store: &Store) -> Result<Register, Error> {
    let mut register = Register::new();
    for (version, bytes) in store.ledger.register(0).await? {
        let unreadable = |what: String| Error::Register { version, what };
        let entry: Entry = serde_json::from_slice(&bytes).map_err(|error| unreadable(error.to_string()))?;
        register.apply(&entry).map_err(|error| unreadable(error.to_string()))?;
    }
    Ok(register)
}
