//! What rules are given and what they say, whoever evaluates them.

use std::collections::BTreeSet;
use std::fmt;

use clear_record::{AgencyId, FieldClass, Kind, Label, Purpose, Role, UseCode};
use serde::Serialize;

/// Everything about a question that rules may read beside the label. Nothing else influences a verdict, so its digest is
/// the key under which verdicts are remembered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Slice {
    /// The asker's home agency; `None` for a resident.
    pub agency: Option<AgencyId>,
    /// What its home agency is, as the register's word.
    pub agency_kind: Option<&'static str>,
    /// The asker's roles.
    pub roles: BTreeSet<Role>,
    /// Every agency of the question.
    pub path: BTreeSet<AgencyId>,
    /// Every agency of the path that some order closes this question to.
    pub closed: BTreeSet<AgencyId>,
    /// The stated purpose.
    pub purpose: Option<Purpose>,
    /// Whether the purpose is denied to everybody.
    pub purpose_denied: bool,
    /// The stated use code.
    pub use_code: Option<UseCode>,
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
    /// Look at the state and health of the installation beyond what the public sees.
    Operate,
}

impl fmt::Display for Deed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Deed::File(kind) => write!(f, "file a record of kind {kind}"),
            Deed::Govern(entry) => write!(f, "enter `{entry}` in the register"),
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
}
