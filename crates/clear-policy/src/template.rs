//! A register in a file, before it has keys: what `openclear init --register` loads into an empty installation.
//!
//! Keys and signatures cannot stand in a file that everybody has, so a template names the founders, and the orders
//! that they sign at the founding.

use clear_record::{AccountId, AgencyId};
use jiff::Timestamp;
use serde::Deserialize;

use crate::order::closure_digest;
use crate::{BadEntry, Covers, EndingPower, Entry, Installation, KeyPair, OrderDraft, Register, Scope, sign};

/// A register without keys.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Template {
    /// The founding document, without keys.
    pub installation: Founding,
    /// Entries in order.
    pub entries: Vec<Entry>,
    /// Orders that the founders sign when the installation is founded.
    #[serde(default)]
    pub orders: Vec<OrderTemplate>,
}

/// A founding document without keys.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Founding {
    /// Its short name.
    pub name: AgencyId,
    /// Its title for people.
    pub title: String,
    /// The city's time zone (IANA).
    pub time_zone: String,
    /// How many founders sign an order for the whole installation.
    pub quorum: usize,
    /// Whom a refused asker may write to.
    pub legal_contact: String,
    /// How many days an announced agency waits before it can be admitted.
    #[serde(default = "crate::entry::notice_days")]
    pub notice_days: u16,
    /// The power of the quorum to end a cut-off; absent: nobody ever has it.
    #[serde(default)]
    pub ends_cut_offs: Option<EndingPower>,
    /// Who the founders are: at least three persons.
    pub founders: Vec<Founder>,
}

/// A founder.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Founder {
    /// Whose key.
    pub holder: AccountId,
    /// For which agency.
    pub agency: AgencyId,
}

/// An order without signatures.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrderTemplate {
    /// Its number.
    pub number: String,
    /// The agency that it names.
    pub agency: AgencyId,
    /// `under` or `family`.
    pub covers: String,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// Its public text.
    pub text: String,
    /// Whom the agency may write to.
    pub contact: String,
}

/// A template that cannot be founded.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say what each is")]
pub enum BadTemplate {
    #[error("the register file does not read: {0}")]
    Json(#[from] serde_json::Error),
    #[error("entry {number} ({name}) is not taken")]
    Entry { number: usize, name: &'static str, source: BadEntry },
    #[error("order {number}: `covers` is `{covers}` and should be `under` or `family`")]
    Covers { number: String, covers: String },
    #[error("order {number} cannot be signed")]
    Key { number: String, source: crate::BadKey },
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// What is wrong, with line and column.
    pub fn parse(json: &str) -> Result<Template, BadTemplate> {
        Ok(serde_json::from_str(json)?)
    }

    /// The entries that found the installation with these keys, one per founder; checked as they will be taken.
    ///
    /// # Errors
    /// The first entry that is not taken.
    pub fn found(&self, keys: &[KeyPair]) -> Result<Vec<Entry>, BadTemplate> {
        let mut register = Register::new();
        let mut taken = Vec::new();
        let mut take = |register: &mut Register, entry: Entry| {
            let number = taken.len() + 1;
            register.apply(&entry).map_err(|source| BadTemplate::Entry { number, name: entry.name(), source })?;
            taken.push(entry);
            Ok::<_, BadTemplate>(())
        };
        let founding = &self.installation;
        let installation = Installation {
            name: founding.name.clone(),
            title: founding.title.clone(),
            time_zone: founding.time_zone.clone(),
            founding_keys: keys.iter().map(|key| key.holder.clone()).collect(),
            quorum: founding.quorum,
            legal_contact: founding.legal_contact.clone(),
            notice_days: founding.notice_days,
            ends_cut_offs: founding.ends_cut_offs.clone(),
        };
        take(&mut register, Entry::Installation(installation))?;
        for entry in &self.entries {
            take(&mut register, entry.clone())?;
        }
        for order in &self.orders {
            let note = self.signed(order, &register, keys)?;
            take(&mut register, Entry::CutOff { note })?;
        }
        Ok(taken)
    }

    fn signed(&self, order: &OrderTemplate, register: &Register, keys: &[KeyPair]) -> Result<String, BadTemplate> {
        let covers = match order.covers.as_str() {
            "under" => Covers::Under,
            "family" => Covers::Family,
            _ => return Err(BadTemplate::Covers { number: order.number.clone(), covers: order.covers.clone() }),
        };
        let closure = register.closure(&order.agency, covers, order.issued_at);
        let draft = OrderDraft {
            installation: self.installation.name.clone(),
            number: order.number.clone(),
            agency: order.agency.clone(),
            covers,
            scope: Scope::Installation,
            issued_at: order.issued_at,
            register: register.version(),
            closure_count: closure.len(),
            closure_digest: closure_digest(&closure),
            contact: order.contact.clone(),
            text: order.text.clone(),
        };
        let private: Vec<&str> = keys.iter().take(self.installation.quorum).map(|key| key.private.as_str()).collect();
        sign(&draft.to_string(), &private).map_err(|source| BadTemplate::Key { number: order.number.clone(), source })
    }
}
