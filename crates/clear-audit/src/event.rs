//! What happened, in the fields that an audit record must have (NIST SP 800-53 AU-3; GR21).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use clear_record::{
    AccountId, AgencyId, DeviceId, HoldId, InquiryId, Purpose, RecordId, RequestId, Role, Seq, UseCode,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One event. Everything that does not apply is left out of its JSON.
///
/// Build it as a struct literal with `..Event::default()`; the time is the caller's.
///
/// INVARIANT (a decision can be replayed from the log): the *asked* event holds everything that a decision is a function
/// of; register, rules and labels by version, digest and number. Entries of older versions lack what was added since;
/// they read with it empty.
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
    /// What the account is for.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub roles: BTreeSet<Role>,
    /// The machine that the credential is bound to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceId>,
    /// The number of the order that had ended the credential.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_by: Option<String>,
    /// Every agency of the question, as the register said when this was logged.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub path: BTreeSet<AgencyId>,
    /// The opened inquiry that it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inquiry: Option<InquiryId>,
    /// The task force that the asker acted for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task_force: Option<AgencyId>,
    /// Agencies whose installations handed the question on.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub relays: BTreeSet<AgencyId>,
    /// Agencies that an answer or a production goes to.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub recipients: BTreeSet<AgencyId>,
    /// What the asker said when asked back whether this was for somebody else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub for_them: Option<bool>,
    /// Imminent danger to somebody's life, in the asker's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub emergency: Option<String>,
    /// The hold that a second person released.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub released: Option<HoldId>,
    /// Whether it was asked under a standing analytic inquiry.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub analytic: bool,
    /// The number of the order that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<String>,
    /// The docket of a compelled production.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub docket: Option<String>,
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
    /// Whose records those are: of each owner, the places of its records in `records`; an empty list is all of them. As
    /// the labels said when they were disclosed, so that the log alone tells an owner who saw what was its own then.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub owners: BTreeMap<AgencyId, Vec<u32>>,
    /// How many rows or records.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// The register's version that it was decided under.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub register: Option<u64>,
    /// The digest of the rules that it was decided under.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rules: Option<String>,
    /// How many labels were in use when it was decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels: Option<u64>,
    /// How far into the ledger the answer saw.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seq: Option<Seq>,
    /// The entry of the log that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entry: Option<u64>,
    /// The salted digest of the disclosed body, in lowercase hex.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}

impl Event {
    /// Whether it says that records left, or are about to: an answer, a part of one, a production.
    pub fn discloses(&self) -> bool {
        matches!(self.what, What::Answered | What::Batch | What::Production) && !self.records.is_empty()
    }

    /// Every agency that it says something left for, or on whose path: the asker's, the path's, the recipients; each may
    /// come more than once.
    pub fn agencies(&self) -> impl Iterator<Item = &AgencyId> {
        self.agency.iter().chain(&self.path).chain(&self.recipients).chain(self.on_behalf_of.iter().flatten())
    }

    /// Whether all its records are this owner's.
    pub fn is_all_of(&self, owner: &AgencyId) -> bool {
        self.owners.len() == 1 && self.owners.get(owner).is_some_and(Vec::is_empty)
    }

    /// The records of it that are this owner's.
    pub fn records_of(&self, owner: &AgencyId) -> Vec<RecordId> {
        let Some(places) = self.owners.get(owner) else { return Vec::new() };
        let every = places.is_empty();
        (0u32..)
            .zip(&self.records)
            .filter(|(at, _)| every || places.binary_search(at).is_ok())
            .map(|(_, id)| *id)
            .collect()
    }
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
    /// What is logged as answered, or as a batch, did not leave: an order came between.
    Withheld,
    /// A hold was released, or refused, by a second person.
    Released,
    /// An inquiry was opened, handed over or ended.
    Inquiry,
    /// Somebody looked at what waited for review.
    Reviewed,
    /// Somebody was told of something without asking: an owner of a silent hit, a supervisor of an emergency.
    Alerted,
    /// A step of a compelled production: `docket` is its number, `recipients` who demanded it, `why` which step it was,
    /// `records` what left.
    Production,
    /// Records were filed.
    Filed,
    /// Somebody signed in.
    SignIn,
    /// Somebody was not let in.
    SignInRefused,
    /// Somebody said of what was done in the own name: that was not me. The account is shut with it.
    Disputed,
    /// The register changed. With an `order`: its gate holds from here on.
    Register,
    /// The rules changed; `rules` is their digest from here on.
    Rules,
    /// Questions of the log were decided again under a changed register or changed rules, to see what would change.
    Replayed,
    /// A witness or the anchor does not keep up, refuses, or is in step again: `why` says which.
    WitnessAlarm,
    /// The founding quorum let a log go on that is behind what is known of it elsewhere; the note stands before it.
    Resumed,
    /// The log's volume failed and the spool took over; `why` says with what. It is the first entry after the failed batch.
    Degraded,
    /// The entries of a spool, `count` of them, came back into the log.
    Spooled,
    /// The configuration changed.
    Configured,
    /// The process began to serve.
    Started,
    /// The process ended in order.
    Stopped,
    /// Nothing happened: an entry that fills a public checkpoint up to its size, so that its growth does not show when
    /// somebody was asked about. Counted nowhere.
    Cover,
    /// The opening of an `entry` is destroyed; `why` is the legal basis.
    Destroyed,
}

impl What {
    /// Whether this ends a request. Every *asked* has exactly one end; that of a filing is *filed*.
    pub fn ends(self) -> bool {
        match self {
            What::Answered | What::Denied | What::Held | What::Failed | What::Cut | What::Crashed | What::Filed => true,
            What::Asked
            | What::Batch
            | What::Withheld
            | What::Released
            | What::Inquiry
            | What::Reviewed
            | What::Alerted
            | What::Production
            | What::Rules
            | What::Replayed
            | What::SignIn
            | What::SignInRefused
            | What::Disputed
            | What::Register
            | What::WitnessAlarm
            | What::Resumed
            | What::Degraded
            | What::Spooled
            | What::Configured
            | What::Started
            | What::Stopped
            | What::Cover
            | What::Destroyed => false,
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
