//! Evaluates the rules: what an asker may see of a label, and what it may do.
//!
//! In:    policies and their schema as text, a [`clear_policy::Slice`], a [`clear_record::Label`] or a [`clear_policy::Deed`].
//! Out:   a [`clear_policy::Verdict`], yes or no, or a [`clear_policy::RuleFault`], which the caller takes for no.
//! Never: skips a rule that cannot be evaluated, loads a rule that the schema does not fit, names an agency.
//!
//! # How
//! The rules are Cedar policies. Cedar skips a `forbid` that errs; here any error denies. Each question gets a slice of its
//! own, built whole and checked against the schema, so that nothing that a rule reads can be missing from it.
//!
//! # Change here
//! Who may do what: a policy in `policies/`, and `tests/it/matrix.golden` shows what it changed. A word that rules may
//! read: `policies/schema.cedarschema` and `judge.rs`.

mod judge;
mod load;
mod reads;
mod texts;

pub use judge::CedarRules;
pub use load::{Effect, Policy, Problem, Report, check};
pub use texts::{CERTIFICATE, SCHEMA, Texts};

/// Rules that did not load.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or folder could not be read.
    #[error("cannot read the rules in `{}`; give the folder that holds `{SCHEMA}` and the `.cedar` files", path.display())]
    Read {
        /// Which.
        path: std::path::PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// What stands in the files cannot be taken; every problem is listed.
    #[error("the rules do not load:\n{}", lines(.0))]
    Invalid(Vec<Problem>),
}

fn lines(problems: &[Problem]) -> String {
    problems.iter().map(Problem::to_string).collect::<Vec<_>>().join("\n")
}
