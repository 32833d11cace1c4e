//! What rules are given and what they say, whoever evaluates them.

use std::collections::BTreeSet;
use std::fmt;

use clear_record::{AgencyId, FieldClass, Kind, Label, Purpose, Relation, Role, UseCode};
use serde::Serialize;

use crate::Reads;

/// Everything about a question that rules may read beside the label. Nothing else influences a verdict, so its digest is
/// the key under which verdicts are remembered.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize)]
pub struct Slice {
    /// The asker's home agency; `None` for a resident.
    pub agency: Option<AgencyId>,
    /// What its home agency is, as the register's word.
    pub agency_kind: Option<&'static str>,
    /// The asker's roles.
    pub roles: BTreeSet<Role>,
    /// Every agency of the question: the union of the asker's own and of the five sets below.
    pub path: BTreeSet<AgencyId>,
    /// The agencies that the asker also belongs to.
    pub affiliations: BTreeSet<AgencyId>,
    /// The task force that it acts for, with its lead and members.
    pub task_force: BTreeSet<AgencyId>,
    /// On whose behalf it asks.
    pub beneficiaries: BTreeSet<AgencyId>,
    /// Agencies whose installations hand the question on.
    pub relays: BTreeSet<AgencyId>,
    /// Agencies that the answer is delivered to.
    pub recipients: BTreeSet<AgencyId>,
    /// Every agency of the path that some order closes this question to.
    pub closed: BTreeSet<AgencyId>,
    /// The stated purpose.
    pub purpose: Option<Purpose>,
    /// Whether the purpose is denied to everybody.
    pub purpose_denied: bool,
    /// The stated use code.
    pub use_code: Option<UseCode>,
    /// Whether somebody's life is in danger, as the asker stated under review (GR17).
    pub emergency: bool,
    /// How the asker stands to the records that are judged.
    pub relation: Relation,
    /// Field classes that the agreements in force open on this label, for the whole path.
    pub agreed: BTreeSet<FieldClass>,
}

/// What the rules open on one label.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Whom to ask, and nothing else.
    pub pointer: bool,
    /// Field classes that may be read.
    pub classes: BTreeSet<FieldClass>,
}

/// Something that may be done, beside reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Deed {
    /// File a record of this kind.
    File(Kind),
    /// Append this entry to the register; the name as in [`crate::Entry::name`].
    Govern(&'static str),
    /// Close a record tighter: seal it, blacken it, withdraw it.
    Handle,
    /// Open an inquiry.
    Inquire,
    /// Release what is held, and review what was flagged.
    Review,
    /// Keep the docket of compelled productions.
    Produce,
    /// Look at the state and health of the installation beyond what the public sees.
    Operate,
}

impl fmt::Display for Deed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Deed::File(kind) => write!(f, "file a record of kind {kind}"),
            Deed::Govern(entry) => write!(f, "enter `{entry}` in the register"),
            Deed::Handle => f.write_str("close a record tighter"),
            Deed::Inquire => f.write_str("open an inquiry"),
            Deed::Review => f.write_str("release or review a question"),
            Deed::Produce => f.write_str("keep the docket of productions"),
            Deed::Operate => f.write_str("see the installation's inner state"),
        }
    }
}

/// Rules that could not be evaluated. Always a denial, never a permit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the rules could not be evaluated: {0}")]
pub struct RuleFault(pub String);

/// The rules in force.
pub trait Rules: Send + Sync {
    /// What they open on a label.
    ///
    /// # Errors
    /// Any doubt of the evaluator; the caller denies.
    fn judge(&self, slice: &Slice, label: &Label) -> Result<Verdict, RuleFault>;

    /// Whether they permit a deed.
    ///
    /// # Errors
    /// Any doubt of the evaluator; the caller denies.
    fn permits(&self, slice: &Slice, deed: Deed) -> Result<bool, RuleFault>;

    /// The digest of rules and schema, hexadecimal.
    fn digest(&self) -> &str;

    /// The files that the digest is over, by name: for the log, which shows them to everybody.
    fn texts(&self) -> Vec<(String, String)> {
        Vec::new()
    }

    /// What [`Rules::judge`] can read of a question and a label to decide about the pointer (`0`) or the field class at that
    /// place of [`FieldClass::ALL`] (from `1`); the less, the more verdicts can be remembered.
    fn reads(&self, action: usize) -> Reads {
        let _ = action;
        Reads::everything()
    }
}
