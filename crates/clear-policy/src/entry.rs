//! What the register says, entry by entry. Entries are appended, never changed; the register is their fold.

use std::collections::BTreeSet;

use clear_record::{AccountId, AgencyId, FieldClass, Kind, Purpose, UseCode};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One entry. JSON, tagged by `entry`; unknown fields are refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "entry", rename_all = "snake_case")]
pub enum Entry {
    /// Founds the installation. Always the first entry, and only that.
    Installation(Installation),
    /// Registers an agency.
    Agency(Agency),
    /// Draws an edge between two agencies.
    Edge(Edge),
    /// Makes known a person's signing key.
    Key(KeyHolder),
    /// Declares a purpose.
    Purpose(DeclaredPurpose),
    /// Declares a use code.
    UseCode(DeclaredUseCode),
    /// Records an executed agreement.
    Agreement(Agreement),
    /// Declares that an account's holder also belongs to another agency.
    Affiliation(Affiliation),
    /// Suspends an agency or an account.
    Suspension(Suspension),
    /// Ends a suspension early.
    SuspensionEnd(SuspensionEnd),
    /// Cuts an agency off. The signed note is the order; everything else is read from it.
    CutOff {
        /// The order as a signed note (C2SP signed-note).
        note: String,
    },
    /// Declares a flow of data out of the installation.
    Flow(Flow),
}

impl Entry {
    /// The name used in rules, logs and pages.
    pub fn name(&self) -> &'static str {
        match self {
            Entry::Installation(_) => "installation",
            Entry::Agency(_) => "agency",
            Entry::Edge(_) => "edge",
            Entry::Key(_) => "key",
            Entry::Purpose(_) => "purpose",
            Entry::UseCode(_) => "use_code",
            Entry::Agreement(_) => "agreement",
            Entry::Affiliation(_) => "affiliation",
            Entry::Suspension(_) => "suspension",
            Entry::SuspensionEnd(_) => "suspension_end",
            Entry::CutOff { .. } => "cut_off",
            Entry::Flow(_) => "flow",
        }
    }
}

/// The founding document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Installation {
    /// Its short name, also the first part of the log's origin.
    pub name: AgencyId,
    /// Its title for people.
    pub title: String,
    /// The city's time zone (IANA).
    pub time_zone: String,
    /// At least three founding keys, of different persons.
    pub founding_keys: Vec<KeyHolder>,
    /// How many of them sign an order for the whole installation; two at least.
    pub quorum: usize,
    /// Whom a refused asker may write to.
    pub legal_contact: String,
}

/// A person's signing key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyHolder {
    /// Whose: one person, one account.
    pub holder: AccountId,
    /// For which agency the holder signs.
    pub agency: AgencyId,
    /// The verifier key, as C2SP signed-note writes it: `name+hash+base64`.
    pub verifier: String,
}

/// What an agency is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the variants are the words")]
pub enum AgencyKind {
    Owner,
    Local,
    State,
    Federal,
    TaskForce,
    Oversight,
    Press,
    Vendor,
    Parent,
}

impl AgencyKind {
    /// The word used in rules and pages.
    pub const fn word(self) -> &'static str {
        match self {
            AgencyKind::Owner => "owner",
            AgencyKind::Local => "local",
            AgencyKind::State => "state",
            AgencyKind::Federal => "federal",
            AgencyKind::TaskForce => "task_force",
            AgencyKind::Oversight => "oversight",
            AgencyKind::Press => "press",
            AgencyKind::Vendor => "vendor",
            AgencyKind::Parent => "parent",
        }
    }
}

/// An agency: data, like everything that the register says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agency {
    /// Its id.
    pub id: AgencyId,
    /// Its name for people.
    pub name: String,
    /// What it is.
    pub kind: AgencyKind,
    /// Originating agency identifier (ORI), nine characters, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ori: Option<String>,
    /// The agency it is a part of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<AgencyId>,
    /// The agency it continues.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub predecessor: Option<AgencyId>,
    /// Whom to ask about its records.
    pub contact: String,
}

/// What an edge means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EdgeKind {
    /// `from` is the parent of `to`.
    Parent,
    /// `from` is the predecessor of `to`.
    Predecessor,
}

/// An edge between agencies: ended, never removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edge {
    /// What it means.
    pub kind: EdgeKind,
    /// The parent or predecessor.
    pub from: AgencyId,
    /// The child or successor.
    pub to: AgencyId,
    /// When it ended. An entry with an end closes the open edge of the same kind and ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
}

/// A purpose that may be stated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeclaredPurpose {
    /// Its code: `criminal_investigation`.
    pub code: Purpose,
    /// In words.
    pub title: String,
    /// The legal basis on which it is denied to every agency (GR06); absent: not denied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub denied: Option<String>,
}

/// A use code that may be stated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeclaredUseCode {
    /// Its code: `C`.
    pub code: UseCode,
    /// In words.
    pub title: String,
}

/// An executed, dated agreement (GR01): what one owner shares with one agency. Sharing is opt-in, partner by partner and
/// data class by data class (GR12): an empty list opens nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agreement {
    /// Its number; the same number again is a new version that replaces it.
    pub number: String,
    /// Whose records.
    pub owner: AgencyId,
    /// For whom.
    pub agency: AgencyId,
    /// Which data classes.
    pub kinds: BTreeSet<Kind>,
    /// Which field classes.
    pub classes: BTreeSet<FieldClass>,
    /// For which purposes.
    pub purposes: BTreeSet<Purpose>,
    /// For which use codes.
    pub use_codes: BTreeSet<UseCode>,
    /// From when.
    pub from: Timestamp,
    /// Until when, exclusive; absent: until ended by a new version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// SHA-256 of the executed document, hexadecimal.
    pub document: String,
    /// Who signed it, by office.
    pub signatories: Vec<String>,
}

/// A person's second hat: declared per person and agency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Affiliation {
    /// Whose.
    pub account: AccountId,
    /// To which agency.
    pub agency: AgencyId,
    /// From when.
    pub from: Timestamp,
    /// Until when, exclusive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// A suspension: one authorised person, at once, reversible, ends by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suspension {
    /// Its number.
    pub number: String,
    /// The agency; or absent when an account is suspended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agency: Option<AgencyId>,
    /// The account; or absent when an agency is suspended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// From when.
    pub from: Timestamp,
    /// Until when, exclusive; at most 14 days later.
    pub until: Timestamp,
    /// Why.
    pub reason: String,
}

/// Ends a suspension before its time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SuspensionEnd {
    /// Which.
    pub number: String,
    /// When.
    pub at: Timestamp,
}

/// Data that leaves the installation by a declared flow, and whether a cut-off reaches it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flow {
    /// Its name.
    pub name: String,
    /// What leaves.
    pub fields: String,
    /// On which legal basis.
    pub legal_basis: String,
    /// Who is known to read it downstream.
    pub readers: Vec<String>,
    /// Whether a cut-off reaches it.
    pub reached: bool,
    /// What that means, in a sentence.
    pub note: String,
}
