//! From texts to rules. Everything that is wrong is listed; anything that is wrong keeps all of it from loading.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::str::FromStr;

use cedar_policy::{PolicyId, PolicySet, Schema, ValidationMode, Validator};
use miette::Diagnostic;

use crate::{CedarRules, Error, SCHEMA, Texts};

/// Checks the rules of a folder, or those that the program brings along, and lists what they say and what is wrong.
///
/// # Errors
/// [`Error::Read`] where the folder cannot be read, [`Error::Invalid`] where it holds files of another kind.
pub fn check(dir: Option<&Path>) -> Result<Report, Error> {
    let texts = dir.map_or_else(|| Ok(Texts::embedded()), Texts::read)?;
    let (report, compiled) = compile(&texts);
    match compiled.map(|compiled| CedarRules::probe(texts, compiled, report.clone())) {
        Some(Err(Error::Invalid(problems))) => Ok(Report { problems, ..report }),
        Some(Err(error)) => Err(error),
        Some(Ok(_)) | None => Ok(report),
    }
}

/// What the rules say, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The files that were read.
    pub files: Vec<String>,
    /// The policies, by file and place.
    pub policies: Vec<Policy>,
    /// The digest of all texts.
    pub digest: String,
    /// What is wrong; nothing loads unless this is empty.
    pub problems: Vec<Problem>,
}

/// One policy, as it introduces itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Its id, unique among all files.
    pub id: String,
    /// Why it is there, in a sentence.
    pub why: String,
    /// What it does.
    pub effect: Effect,
    /// The file that it stands in.
    pub file: String,
    /// The line on which it begins, from 1.
    pub line: usize,
}

/// What a policy does where it applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It permits.
    Permit,
    /// It forbids, whatever is permitted.
    Forbid,
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Effect::Permit => "permit",
            Effect::Forbid => "forbid",
        })
    }
}

/// What is wrong, where, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What is wrong and what to do.
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.file, self.line, self.column, self.what)
    }
}

pub(crate) struct Compiled {
    pub(crate) schema: Schema,
    pub(crate) policies: PolicySet,
}

/// Reads, names and validates every policy.
pub(crate) fn compile(texts: &Texts) -> (Report, Option<Compiled>) {
    let mut report = Report {
        files: texts.iter().map(|(name, _)| name.to_owned()).collect(),
        policies: Vec::new(),
        digest: texts.digest(),
        problems: Vec::new(),
    };
    let policies = named(texts, &mut report);
    let schema = schema(texts, &mut report);
    if let Some(schema) = &schema {
        validate(texts, schema, &policies, &mut report);
    }
    if policies.is_empty() {
        report.problems.push(problem(
            SCHEMA,
            "",
            0,
            "there are no policies beside it; nothing would ever be permitted",
        ));
    }
    let compiled = schema.filter(|_| report.problems.is_empty()).map(|schema| Compiled { schema, policies });
    (report, compiled)
}

/// The policies of all files under the ids that they give themselves.
fn named(texts: &Texts, report: &mut Report) -> PolicySet {
    let mut policies = PolicySet::new();
    for (file, text) in texts.iter().filter(|(name, _)| *name != SCHEMA) {
        let parsed = match PolicySet::from_str(text) {
            Ok(parsed) => parsed,
            Err(errors) => {
                let all: Vec<_> = errors.iter().map(|error| problem(file, text, offset(error), &told(error))).collect();
                report.problems.extend(all);
                continue;
            }
        };
        if parsed.num_of_templates() > 0 {
            report.problems.push(problem(
                file,
                text,
                0,
                "holds a template (`?principal` or `?resource`); write the condition out",
            ));
        }
        let mut places: Vec<_> = parsed.policies().map(|policy| (begins(text, policy), policy)).collect();
        places.sort_by_key(|(at, _)| *at);
        for (at, policy) in places {
            let said = |key| policy.annotation(key).map(str::trim).filter(|text| !text.is_empty());
            let (Some(id), Some(why)) = (said("id"), said("why")) else {
                report.problems.push(problem(
                    file,
                    text,
                    at,
                    "the policy lacks `@id(\"…\")` or `@why(\"…\")`; give it both",
                ));
                continue;
            };
            if let Some(other) = report.policies.iter().find(|other| other.id == id) {
                let what = format!("the id `{id}` is taken by {}:{}; choose another", other.file, other.line);
                report.problems.push(problem(file, text, at, &what));
                continue;
            }
            let effect = match policy.effect() {
                cedar_policy::Effect::Permit => Effect::Permit,
                cedar_policy::Effect::Forbid => Effect::Forbid,
            };
            if let Err(error) = policies.add(policy.new_id(PolicyId::new(id))) {
                report.problems.push(problem(file, text, at, &told(&error)));
                continue;
            }
            let line = place(text, at).0;
            report.policies.push(Policy {
                id: id.to_owned(),
                why: why.to_owned(),
                effect,
                file: file.to_owned(),
                line,
            });
        }
    }
    policies
}

fn schema(texts: &Texts, report: &mut Report) -> Option<Schema> {
    let Some(text) = texts.get(SCHEMA) else {
        report.problems.push(problem(
            SCHEMA,
            "",
            0,
            "is not in the folder; copy it from the rules that come with the program",
        ));
        return None;
    };
    match Schema::from_cedarschema_str(text) {
        Ok((schema, warnings)) => {
            report.problems.extend(warnings.map(|warning| problem(SCHEMA, text, offset(&warning), &told(&warning))));
            Some(schema)
        }
        Err(error) => {
            report.problems.push(problem(SCHEMA, text, offset(&error), &told(&error)));
            None
        }
    }
}

/// Strictly, and warnings count: a policy that can never apply, or that hides letters of another script, is a mistake.
fn validate(texts: &Texts, schema: &Schema, policies: &PolicySet, report: &mut Report) {
    let result = Validator::new(schema.clone()).validate(policies, ValidationMode::Strict);
    let files: BTreeMap<String, String> =
        report.policies.iter().map(|policy| (policy.id.clone(), policy.file.clone())).collect();
    let mut found = |id: &PolicyId, diagnostic: &dyn Diagnostic| {
        let id = AsRef::<str>::as_ref(id);
        let file = files.get(id).map_or("", String::as_str);
        let what = format!("policy `{id}`: {}", told(diagnostic));
        report.problems.push(problem(file, texts.get(file).unwrap_or_default(), offset(diagnostic), &what));
    };
    for error in result.validation_errors() {
        found(error.policy_id(), error);
    }
    for warning in result.validation_warnings() {
        found(warning.policy_id(), warning);
    }
}

/// Where in its file a policy begins: at its own `@id`, or at its text where it has none.
fn begins(text: &str, policy: &cedar_policy::Policy) -> usize {
    let named = policy.annotation("id").and_then(|id| text.find(&format!("@id(\"{id}\")")));
    named.or_else(|| text.find(policy.to_string().trim())).unwrap_or(0)
}

fn problem(file: &str, text: &str, offset: usize, what: &str) -> Problem {
    let (line, column) = place(text, offset);
    Problem { file: file.to_owned(), line, column, what: what.to_owned() }
}

/// Line and column, both from 1, of a byte of the text.
fn place(text: &str, offset: usize) -> (usize, usize) {
    let before: String = text.char_indices().take_while(|(at, _)| *at < offset).map(|(_, letter)| letter).collect();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (line, column)
}

fn offset(diagnostic: &dyn Diagnostic) -> usize {
    diagnostic.labels().and_then(|mut labels| labels.next()).map_or(0, |label| label.offset())
}

/// The message with its causes and its advice.
fn told(diagnostic: &dyn Diagnostic) -> String {
    let mut told = diagnostic.to_string();
    let mut cause = std::error::Error::source(diagnostic);
    while let Some(error) = cause {
        told = format!("{told}: {error}");
        cause = error.source();
    }
    match diagnostic.help() {
        Some(help) => format!("{told} ({help})"),
        None => told,
    }
}
