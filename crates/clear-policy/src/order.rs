//! Cut-off orders: drafted, shown, signed by two persons, permanent.
//!
//! An order is a signed note (C2SP signed-note). Its text is lines of `name: value` that a citizen can read, and the
//! same bytes are signed, logged, published and shown to the agency that it cuts off.

use std::collections::BTreeSet;
use std::fmt;

use clear_record::{AccountId, AgencyId};
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use crate::note::{Lines, one_line, read, signed, text};
use crate::{KeyHolder, Register};

const HEADING: &str = "OpenCLEAR cut-off order, version 1";

/// Whose data the order closes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Every record of the installation; signed with founding keys.
    Installation,
    /// One owner's records; signed with that owner's keys.
    Owner(AgencyId),
}

/// How far the order reaches over the edges of the register.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Covers {
    /// The agency and everything under it: its children and successors, and theirs.
    Under,
    /// Its whole family: every agency connected to it by any parent or predecessor edge.
    Family,
}

impl Covers {
    /// The word in the order's text.
    pub const fn word(self) -> &'static str {
        match self {
            Covers::Under => "under",
            Covers::Family => "family",
        }
    }
}

/// An order before it is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderDraft {
    /// The installation's name.
    pub installation: AgencyId,
    /// The order's number.
    pub number: String,
    /// The agency that it names.
    pub agency: AgencyId,
    /// How far it reaches.
    pub covers: Covers,
    /// Whose data it closes.
    pub scope: Scope,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// The register's version that it was drafted at; an order drafted at another is refused.
    pub register: u64,
    /// How many agencies it covers, re-typed by the signers.
    pub closure_count: usize,
    /// The digest of the closure, re-typed by the signers.
    pub closure_digest: String,
    /// Whom the agency may write to.
    pub contact: String,
    /// The public text, one paragraph.
    pub text: String,
}

/// A signed order, as the register keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// What was signed.
    pub draft: OrderDraft,
    /// Who signed: different persons.
    pub signers: Vec<AccountId>,
    /// The signed note.
    pub note: String,
}

/// An order that cannot be taken, with the reason. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say what each is")]
pub enum BadOrder {
    #[error("this is not a signed note: {0}")]
    NotANote(String),
    #[error("line {line} of the note should be `{expected}: …`")]
    Line { line: usize, expected: &'static str },
    #[error("line {line} of the note: {what}")]
    Value { line: usize, what: String },
    #[error("the note is for the installation `{0}`, not for this one")]
    OtherInstallation(AgencyId),
    #[error("the register does not know the agency `{0}`; `openclear register list` shows those that it knows")]
    UnknownAgency(AgencyId),
    #[error("an order with the number {0} is already in the register")]
    Replayed(String),
    #[error("the order was issued at {issued}, before the newest order in the register ({newest}); draft it again")]
    Older { issued: Timestamp, newest: Timestamp },
    #[error("the register has no order {0}")]
    NoOrder(String),
    #[error("the founding document gives nobody the power to end a cut-off: it is permanent")]
    NoPower,
    #[error("the order {0} has been ended already")]
    Ended(String),
    #[error(
        "the founding document wants {days} days of notice between its entry here, or its issue, and its effect, which is {from}"
    )]
    Notice { days: u16, from: Timestamp },
    #[error("`{0}` holds no founding key")]
    NoFounder(AccountId),
    #[error(
        "after this there would be fewer than three founding keys of different persons, or fewer than the quorum needs; name a new key"
    )]
    TooFewFounders,
    #[error("the new key is not a verifier key (`name+hash+base64`), or somebody's already")]
    NewKey,
    #[error("a suspension lasts at most 14 days and ends after it begins; this one is from {from} to {until}")]
    Long { from: Timestamp, until: Timestamp },
    #[error("there is a suspension {0} already; give this one another number")]
    KnownSuspension(String),
    #[error(
        "the order was drafted at version {drafted} of the register, which is now at {is}; draft it again and look at the closure"
    )]
    Stale { drafted: u64, is: u64 },
    #[error(
        "the closure has {is} agencies and digest {digest}, but the order says {said} and {said_digest}; draft it again and look at the closure"
    )]
    OtherClosure { is: usize, digest: String, said: usize, said_digest: String },
    #[error("the closure holds `{0}`, which owns records here; an owner cannot be cut off from its own installation")]
    HoldsOwner(AgencyId),
    #[error(
        "the suspension covers `{0}`, which owns records here or oversees it; suspend its accounts or devices instead"
    )]
    SuspendsOwner(AgencyId),
    #[error(
        "the note is dated {dated}, which is ahead of this server's clock ({now}); look at the clock where it was drafted, and draft it again"
    )]
    Ahead { dated: Timestamp, now: Timestamp },
    #[error("the note needs {needed} signatures of different persons who may sign it, and has {valid}{}", .problem.as_ref().map(|p| format!(" ({p})")).unwrap_or_default())]
    Signatures { needed: usize, valid: usize, problem: Option<String> },
}

/// The digest of a closure: SHA-256 over its agency ids in order, each followed by a newline; the first 16 hexadecimal
/// digits, so that two people can read it to each other.
pub fn closure_digest(closure: &BTreeSet<AgencyId>) -> String {
    let mut hash = Sha256::new();
    for agency in closure {
        hash.update(agency.as_str());
        hash.update("\n");
    }
    hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

impl fmt::Display for OrderDraft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scope = match &self.scope {
            Scope::Installation => "installation".to_owned(),
            Scope::Owner(owner) => format!("owner {owner}"),
        };
        writeln!(f, "{HEADING}")?;
        writeln!(f, "installation: {}", self.installation)?;
        writeln!(f, "number: {}", self.number)?;
        writeln!(f, "agency: {}", self.agency)?;
        writeln!(f, "covers: {}", self.covers.word())?;
        writeln!(f, "scope: {scope}")?;
        writeln!(f, "issued: {}", self.issued_at)?;
        writeln!(f, "register: {}", self.register)?;
        writeln!(f, "closure: {} {}", self.closure_count, self.closure_digest)?;
        writeln!(f, "contact: {}", one_line(&self.contact))?;
        writeln!(f, "text: {}", one_line(&self.text))
    }
}

impl OrderDraft {
    /// Reads the text of an order.
    ///
    /// # Errors
    /// The line that is not as it should be.
    pub fn parse(text: &str) -> Result<OrderDraft, BadOrder> {
        let mut lines = Lines::of(text, HEADING)?;
        let installation = lines.value("installation")?;
        let (line, number) = lines.text("number")?;
        if number.trim().is_empty() || number.len() > 60 {
            return Err(BadOrder::Value { line, what: "the number is empty or longer than 60 characters".into() });
        }
        let agency = lines.value("agency")?;
        let covers = match lines.text("covers")? {
            (_, word) if word == Covers::Under.word() => Covers::Under,
            (_, word) if word == Covers::Family.word() => Covers::Family,
            (line, word) => {
                return Err(BadOrder::Value { line, what: format!("`{word}` should be `under` or `family`") });
            }
        };
        let (line, scope) = lines.text("scope")?;
        let scope = match scope.split_once(' ') {
            None if scope == "installation" => Scope::Installation,
            Some(("owner", owner)) => Scope::Owner(read(line, owner)?),
            _ => {
                return Err(BadOrder::Value {
                    line,
                    what: format!("`{scope}` should be `installation` or `owner ID`"),
                });
            }
        };
        let issued_at = lines.value("issued")?;
        let register = lines.value("register")?;
        let (line, closure) = lines.text("closure")?;
        let (count, closure_digest) =
            closure.split_once(' ').ok_or(BadOrder::Value { line, what: "should be a count and a digest".into() })?;
        let closure_count = read(line, count)?;
        let (_, contact) = lines.text("contact")?;
        let (_, text) = lines.text("text")?;
        Ok(OrderDraft {
            installation,
            number: number.to_owned(),
            agency,
            covers,
            scope,
            issued_at,
            register,
            closure_count,
            closure_digest: closure_digest.to_owned(),
            contact: contact.to_owned(),
            text: text.to_owned(),
        })
    }

    /// Checks everything about an order but its signatures against the register as it is.
    ///
    /// # Errors
    /// See [`BadOrder`].
    pub fn check(&self, register: &Register) -> Result<(), BadOrder> {
        let founding = register.founding().ok_or_else(|| BadOrder::OtherInstallation(self.installation.clone()))?;
        if founding.name != self.installation {
            return Err(BadOrder::OtherInstallation(self.installation.clone()));
        }
        if register.agency(&self.agency).is_none() {
            return Err(BadOrder::UnknownAgency(self.agency.clone()));
        }
        if register.orders().iter().any(|order| order.draft.number == self.number) {
            return Err(BadOrder::Replayed(self.number.clone()));
        }
        if self.register != register.version() {
            return Err(BadOrder::Stale { drafted: self.register, is: register.version() });
        }
        let newest = register.orders().iter().map(|order| order.draft.issued_at).max();
        if let Some(newest) = newest.filter(|newest| self.issued_at < *newest) {
            return Err(BadOrder::Older { issued: self.issued_at, newest });
        }
        let closure = register.closure(&self.agency, self.covers, self.issued_at);
        let digest = closure_digest(&closure);
        if closure.len() != self.closure_count || digest != self.closure_digest {
            return Err(BadOrder::OtherClosure {
                is: closure.len(),
                digest,
                said: self.closure_count,
                said_digest: self.closure_digest.clone(),
            });
        }
        if let Some(owner) = closure.iter().find(|agency| register.is_owner(agency)) {
            return Err(BadOrder::HoldsOwner(owner.clone()));
        }
        Ok(())
    }
}

impl Order {
    /// Reads a signed order and checks everything about it against the register as it is.
    ///
    /// # Errors
    /// See [`BadOrder`]; the register is not changed here.
    pub fn check(note: &str, register: &Register) -> Result<Order, BadOrder> {
        let text = text(note)?;
        let draft = OrderDraft::parse(&text)?;
        draft.check(register)?;
        let founding = register.founding().ok_or_else(|| BadOrder::OtherInstallation(draft.installation.clone()))?;
        let (needed, allowed): (usize, Vec<&KeyHolder>) = match &draft.scope {
            Scope::Installation => (founding.quorum.max(2), register.founding_keys().iter().collect()),
            Scope::Owner(owner) if register.is_owner(owner) => {
                (2, register.keys().into_iter().filter(|key| key.agency == *owner).collect())
            }
            Scope::Owner(owner) => return Err(BadOrder::UnknownAgency(owner.clone())),
        };
        let ended = register.ended_keys();
        let signers = signed(note, &text, &allowed, &ended).by(needed)?;
        Ok(Order { draft, signers, note: note.to_owned() })
    }
}
