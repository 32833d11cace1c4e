//! What the register says, entry by entry. Entries are appended, never changed; the register is their fold.

use std::collections::{BTreeMap, BTreeSet};

use clear_record::{AccountId, AgencyId, EventKind, FieldClass, Kind, Purpose, UseCode};
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
    /// Gives public notice of an agency that shall be registered: known from now on, without access.
    Announcement(Announcement),
    /// Registers an announced agency, by a second person, after the notice.
    Admission(Admission),
    /// Dates and scopes a task force (GR10).
    TaskForce(TaskForce),
    /// Enrols an agency in a task force.
    Member(Member),
    /// Engages a vendor, for an owner and a time (GR13).
    Vendor(Vendor),
    /// Words whose appearance in a reason makes the system ask back.
    Terms(Terms),
    /// Says that an account's affiliations are declared in full; due every year.
    Attestation(Attestation),
    /// Ends a person's signing key that is not a founding key.
    KeyEnd(KeyEnd),
    /// Replaces or ends a founding key. The note is signed by the quorum of the founding keys.
    Succession {
        /// The succession as a signed note.
        note: String,
    },
    /// Suspends an agency, an account or a device. The note is signed with one key.
    Suspension {
        /// The suspension as a signed note.
        note: String,
    },
    /// Ends a suspension early.
    SuspensionEnd(SuspensionEnd),
    /// Cuts an agency off. The signed note is the order; everything else is read from it.
    CutOff {
        /// The order as a signed note (C2SP signed-note).
        note: String,
    },
    /// Ends a cut-off, where the founding document gives that power. The note is signed by the quorum.
    Ending {
        /// The ending order as a signed note.
        note: String,
    },
    /// Declares a flow of data out of the installation.
    Flow(Flow),
}

impl Entry {
    /// Whether everybody may read it. What says who belongs where, or which words are looked for, stands in the public
    /// log as a commitment only.
    pub fn is_public(&self) -> bool {
        match self {
            Entry::Affiliation(_) | Entry::Attestation(_) | Entry::Terms(_) => false,
            // An agency's suspension is public, a person's is not.
            Entry::Suspension { note } => note.contains("\nover: agency "),
            _ => true,
        }
    }

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
            Entry::Announcement(_) => "announcement",
            Entry::Admission(_) => "admission",
            Entry::TaskForce(_) => "task_force",
            Entry::Member(_) => "member",
            Entry::Vendor(_) => "vendor",
            Entry::Terms(_) => "terms",
            Entry::Attestation(_) => "attestation",
            Entry::KeyEnd(_) => "key_end",
            Entry::Succession { .. } => "succession",
            Entry::Suspension { .. } => "suspension",
            Entry::SuspensionEnd(_) => "suspension_end",
            Entry::CutOff { .. } => "cut_off",
            Entry::Ending { .. } => "ending",
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
    /// How many days an announced agency waits before it can be admitted.
    #[serde(default = "notice_days")]
    pub notice_days: u16,
    /// The power of the quorum to end a cut-off; absent: nobody ever has it, and nothing later gives it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_cut_offs: Option<EndingPower>,
}

/// A week, unless the founding document says otherwise.
pub(crate) fn notice_days() -> u16 {
    7
}

/// The power to end a cut-off by a later, published order of the quorum (GR03).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndingPower {
    /// How many days lie between the order and its effect, at least.
    pub notice_days: u16,
    /// The legal basis.
    pub legal_basis: String,
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
    /// Where it has authority: `city of Port Meridian`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jurisdiction: Option<String>,
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
    /// The legal basis on which a question for it waits for a second person; absent: it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<String>,
    /// The kinds of event that open an inquiry for it, each with its use code, where the event itself says none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub events: BTreeMap<EventKind, UseCode>,
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

/// Public notice of a new agency. Edges and closures hold from here on; access does not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Announcement {
    /// The agency.
    pub agency: Agency,
    /// Who announced it; the desk writes the asker's own account here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<AccountId>,
    /// When; the desk's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
}

/// The second person's word that an announced agency is what it says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Admission {
    /// Which.
    pub agency: AgencyId,
    /// Who admitted it; the desk writes the asker's own account here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<AccountId>,
    /// When; the desk's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
}

/// A task force: a scoped and dated identity that never widens a member (GR10).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskForce {
    /// Its own agency in the register, of the kind `task_force`.
    pub agency: AgencyId,
    /// Which agency leads it.
    pub lead: AgencyId,
    /// For which purposes it exists.
    pub purposes: BTreeSet<Purpose>,
    /// From when.
    pub from: Timestamp,
    /// Until when, exclusive.
    pub until: Timestamp,
    /// SHA-256 of the executed document, hexadecimal.
    pub document: String,
}

/// An agency's membership in a task force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// Which task force.
    pub task_force: AgencyId,
    /// Which agency.
    pub agency: AgencyId,
    /// From when.
    pub from: Timestamp,
    /// Until when, exclusive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// A vendor's engagement: maintenance, a pilot. Its accounts are under the same rules as everybody's, and without an
/// engagement in force they open nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vendor {
    /// The contract's number; the same number again is a new version.
    pub number: String,
    /// Which vendor: an agency of the kind `vendor`.
    pub vendor: AgencyId,
    /// Which owner engaged it.
    pub owner: AgencyId,
    /// For what, in a sentence.
    pub work: String,
    /// From when.
    pub from: Timestamp,
    /// Until when, exclusive.
    pub until: Timestamp,
    /// SHA-256 of the executed document, hexadecimal.
    pub document: String,
}

/// Words that make the system ask back when they stand in a reason: of an agency that is cut off, or of a denied purpose.
/// They are not published, because whoever knows them avoids them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    /// Their number; the same number again replaces the words.
    pub number: String,
    /// The agency that they point at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<AgencyId>,
    /// Or the purpose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<Purpose>,
    /// The words and phrases.
    pub words: BTreeSet<String>,
}

/// The yearly statement of an account's holder that all affiliations are declared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attestation {
    /// Whose; the desk writes the asker's own account here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// When; the desk's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
}

/// The end of a person's signing key: what it signed stays signed, what it signs from now on counts nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyEnd {
    /// Whose.
    pub holder: AccountId,
    /// Why: lost, stolen, rotated, left.
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
