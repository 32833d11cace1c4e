//! What happened, in the fields that an audit record must have (NIST SP 800-53 AU-3; GR21).

use std::collections::BTreeSet;
use std::fmt;

use clear_record::{AccountId, AgencyId, Purpose, RecordId, RequestId, Seq, UseCode};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One event. Everything that does not apply is left out of its JSON.
///
/// Build it as a struct literal with `..Event::default()`; the time is the caller's.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Event {
    /// When, in UTC.
    pub at: Timestamp,
    /// The request that it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<RequestId>,
    /// What happened.
    pub what: What,
    /// Who did it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// For which home agency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agency: Option<AgencyId>,
    /// On whose behalf, as declared; absent is "not said".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_behalf_of: Option<BTreeSet<AgencyId>>,
    /// From which network address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// In which session; not its secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// The declared purpose.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purpose: Option<Purpose>,
    /// The declared use code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub use_code: Option<UseCode>,
    /// The case, incident or event number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub case: Option<String>,
    /// The reason in the asker's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What was asked: the question's canonical JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub question: Option<String>,
    /// Why it was denied, held or failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// The records that were disclosed or filed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub records: Vec<RecordId>,
    /// How many rows or records.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// The register's version that it was decided under.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub register: Option<u64>,
    /// How far into the ledger the answer saw.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seq: Option<Seq>,
    /// The salted digest of the disclosed body, in lowercase hex.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}

// INVARIANT (people's data has no Debug): an event names persons in its question and reason.
impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Event({:?}", self.what)?;
        if let Some(request) = &self.request {
            write!(f, " {request}")?;
        }
        f.write_str(")")
    }
}

/// What happened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// A request came in; nothing is decided yet.
    #[default]
    Asked,
    /// Something left: an answer, whole.
    Answered,
    /// Refused.
    Denied,
    /// Nothing leaves until a second person has released it.
    Held,
    /// Broken by an error of ours.
    Failed,
    /// Ended by an order, half-way.
    Cut,
    /// Asked before a crash and found without an end afterwards.
    Crashed,
    /// A part of a streamed answer is about to leave.
    Batch,
    /// Records were filed.
    Filed,
    /// Somebody signed in.
    SignIn,
    /// Somebody was not let in.
    SignInRefused,
    /// The register changed.
    Register,
    /// The configuration changed.
    Configured,
    /// The process began to serve.
    Started,
    /// The process ended in order.
    Stopped,
}

impl What {
    /// Whether this ends a request. Every *asked* has exactly one end; that of a filing is *filed*.
    pub fn ends(self) -> bool {
        match self {
            What::Answered | What::Denied | What::Held | What::Failed | What::Cut | What::Crashed | What::Filed => true,
            What::Asked
            | What::Batch
            | What::SignIn
            | What::SignInRefused
            | What::Register
            | What::Configured
            | What::Started
            | What::Stopped => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_apply_is_left_out() {
        let event = Event { what: What::Denied, why: Some("no agreement".into()), ..Event::default() };
        let json = serde_json::to_string(&event).unwrap();
        assert_eq!(json, r#"{"at":"1970-01-01T00:00:00Z","what":"denied","why":"no agreement"}"#);
        assert_eq!(serde_json::from_str::<Event>(&json).unwrap(), event);
    }

    #[test]
    fn debug_shows_no_question() {
        let event = Event { question: Some("Jane Roe".into()), reason: Some("x".into()), ..Event::default() };
        assert_eq!(format!("{event:?}"), "Event(Asked)");
    }
}
