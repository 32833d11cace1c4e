//! Proves statements about the rules for every possible question, or shows a question for which they do not hold.
//!
//! In:    [`CedarRules`], the solver cvc5 on this machine.
//! Out:   a [`Proof`]: [`Statement`]s, action by action, each proved, or refuted by a question in words, or in doubt; and
//!        its certificate ([`certify`], [`check`]).
//! Never: runs in a request, takes a doubt for a proof, says anything about more than the rules as modelled.
//!
//! # How
//! For each action, the rules and a statement become one question to the solver: is there a request that the statement
//! describes and the rules allow? *No* is the proof. *Yes* comes with the request, which is then put to the rules again.
//!
//! # Change here
//! What is stated: `claims.rs`.

#![expect(clippy::disallowed_methods, reason = "flows: solver")]

mod certificate;
mod claims;
mod words;

use std::io;
use std::process::Command;
use std::str::FromStr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use cedar_policy::{PolicySet, RequestEnv, Schema, SchemaFragment};
use cedar_policy_symcc::solver::LocalSolver;
use cedar_policy_symcc::{CedarSymCompiler, CompiledPolicy, CompiledPolicySet, Env};
use clear_rules::{CedarRules, SCHEMA};
use serde_json::Value;

pub use certificate::{BadCertificate, CERTIFICATE, Certificate, certify, check};
pub use claims::{Claim, claims};

/// What is stated about every action beside its claims.
const NEVER_ERRS: &str = "no rule can err, hence none can be skipped";
/// What is stated about the schema.
const WHOLE_PATH: &str = "every attribute that holds agencies is one that the statements about closures name";

/// Proves every statement for every action. Takes seconds; call it outside of any request and of any async task.
///
/// # Errors
/// [`Error`] where nothing could be asked of the solver at all. What the solver could not answer is a [`Statement`] that
/// is not proved.
pub fn prove(rules: &CedarRules) -> Result<Proof, Error> {
    prove_of(rules, &|_, _| true)
}

/// Proves those statements, by action and words, that are `wanted`. What it returns is no proof of the others.
///
/// # Errors
/// See [`prove`].
pub fn prove_of(rules: &CedarRules, wanted: &(dyn Fn(&str, &str) -> bool + Sync)) -> Result<Proof, Error> {
    let solver = solver()?;
    let environments = environments(rules.cedar().0);
    let next = AtomicUsize::new(0);
    let found: Mutex<Vec<Result<Vec<Statement>, Error>>> = Mutex::default();
    // Each worker drives one solver at a time.
    let workers = std::thread::available_parallelism().map_or(2, usize::from).clamp(1, 4);
    std::thread::scope(|scope| {
        for _ in 0..workers.min(environments.len()) {
            scope.spawn(|| {
                while let Some((action, environment)) = environments.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let of_action = about(rules, action, environment, wanted);
                    found.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(of_action);
                }
            });
        }
    });
    let found = found.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    let mut statements: Vec<Statement> =
        found.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
    if wanted(SCHEMA, WHOLE_PATH) {
        statements.push(whole_path(rules));
    }
    // In the order in which they are stated, whichever worker came first.
    let stated = stated(rules);
    statements.sort_by_key(|it| stated.iter().position(|(action, says)| it.action == *action && it.statement == *says));
    Ok(Proof { solver, rules: rules.texts().digest(), statements })
}

/// What is stated of these rules, by action, in order: what a certificate must list.
pub fn stated(rules: &CedarRules) -> Vec<(String, String)> {
    let of_action = |action: String| {
        let claims = claims(&action).into_iter().map(|claim| claim.says).chain([NEVER_ERRS.to_owned()]);
        claims.map(move |says| (action.clone(), says)).collect::<Vec<_>>()
    };
    let schema = (SCHEMA.to_owned(), WHOLE_PATH.to_owned());
    let actions = environments(rules.cedar().0).into_iter().map(|(action, _)| action);
    std::iter::once(schema).chain(actions.flat_map(of_action)).collect()
}

/// What was proved, of which rules, by which solver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// The solver's version.
    pub solver: String,
    /// The digest of rules and schema.
    pub rules: String,
    /// Every statement, by action.
    pub statements: Vec<Statement>,
}

impl Proof {
    /// Whether every statement is proved. No statements prove nothing.
    pub fn holds(&self) -> bool {
        !self.statements.is_empty() && self.statements.iter().all(|statement| statement.proved)
    }

    /// The statements that are not proved, with their numbers from 1.
    pub fn open(&self) -> impl Iterator<Item = (usize, &Statement)> {
        (1..).zip(&self.statements).filter(|(_, statement)| !statement.proved)
    }
}

/// One statement about one action, for every possible question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The action: `read_identity`.
    pub action: String,
    /// What is stated, in words.
    pub statement: String,
    /// Whether it holds for every possible question.
    pub proved: bool,
    /// A question for which it does not hold, in words, with the rules that allow it.
    pub counterexample: Option<String>,
    /// Why the solver could not say; the statement is not proved then.
    pub doubt: Option<String>,
}

/// A solver that cannot be used, or rules that cannot be modelled.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no solver.
    #[error("the solver `{program}` is not installed; `apt-get install cvc5` installs it, or set CVC5 to its path")]
    NoSolver {
        /// What was called.
        program: String,
        /// Why it did not start.
        source: io::Error,
    },
    /// The solver starts, but not as it should.
    #[error("the solver cannot be used: {0}")]
    Solver(String),
    /// The rules cannot be put to the solver.
    #[error("the rules for `{action}` cannot be modelled: {what}")]
    Model {
        /// For which action.
        action: String,
        /// Why.
        what: String,
    },
}

fn environments(schema: &Schema) -> Vec<(String, RequestEnv)> {
    let mut environments: Vec<(String, RequestEnv)> = schema
        .request_envs()
        .map(|environment| (AsRef::<str>::as_ref(environment.action().id()).to_owned(), environment))
        .collect();
    environments.sort_by(|(a, _), (b, _)| a.cmp(b));
    environments
}

/// Everything that is wanted about one action.
fn about(
    rules: &CedarRules,
    action: &str,
    environment: &RequestEnv,
    wanted: &(dyn Fn(&str, &str) -> bool + Sync),
) -> Result<Vec<Statement>, Error> {
    let claims: Vec<Claim> = claims(action).into_iter().filter(|claim| wanted(action, &claim.says)).collect();
    let mut statements = Vec::new();
    if claims.is_empty() && !wanted(action, NEVER_ERRS) {
        return Ok(statements);
    }
    // The solver's process is driven by a runtime of this thread's own: nothing else of the program waits for it.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::Solver(told(&error)))?;
    let (schema, policies) = rules.cedar();
    let model = |what: String| Error::Model { action: action.to_owned(), what };
    let compiled = CompiledPolicySet::compile(policies, environment, schema).map_err(|error| model(told(&error)))?;
    for claim in claims {
        let set = PolicySet::from_str(&format!("permit (principal, action, resource) when {{ {} }};", claim.described))
            .map_err(|error| model(told(&error)))?;
        let described = CompiledPolicySet::compile(&set, environment, schema).map_err(|error| model(told(&error)))?;
        let found = runtime.block_on(async {
            Ok::<_, Error>(compiler()?.check_disjoint_with_counterexample_opt(&compiled, &described).await)
        })?;
        statements.push(statement(rules, action, claim.says, found));
    }
    if wanted(action, NEVER_ERRS) {
        statements.push(runtime.block_on(never_errs(rules, action, environment))?);
    }
    Ok(statements)
}

/// No rule can err, so that no `forbid` can be skipped.
async fn never_errs(rules: &CedarRules, action: &str, environment: &RequestEnv) -> Result<Statement, Error> {
    let (schema, policies) = rules.cedar();
    let mut compiler = compiler()?;
    for policy in policies.policies() {
        let compiled = CompiledPolicy::compile(policy, environment, schema)
            .map_err(|error| Error::Model { action: action.to_owned(), what: told(&error) })?;
        let found = compiler.check_never_errors_with_counterexample_opt(&compiled).await;
        if !matches!(found, Ok(None)) {
            let mut statement = statement(rules, action, NEVER_ERRS.to_owned(), found);
            let rule = words::rule(rules, AsRef::<str>::as_ref(policy.id()));
            statement.counterexample = statement.counterexample.map(|words| format!("{rule} errs: {words}"));
            return Ok(statement);
        }
    }
    Ok(statement(rules, action, NEVER_ERRS.to_owned(), Ok(None)))
}

/// Whether the schema's asker holds agencies in attributes that nothing is stated of.
fn whole_path(rules: &CedarRules) -> Statement {
    let (strange, doubt) = match agency_attributes(rules.texts().get(SCHEMA).unwrap_or_default()) {
        Ok(names) => {
            let known = |name: &String| {
                claims::PARTS.iter().any(|(part, _)| part == name) || claims::WHOLES.contains(&name.as_str())
            };
            (names.into_iter().filter(|name| !known(name)).collect::<Vec<_>>(), None)
        }
        Err(what) => (Vec::new(), Some(what)),
    };
    let counterexample = (!strange.is_empty()).then(|| {
        format!("the asker's or the context's `{}` ({SCHEMA}) could hold an agency in a closure", strange.join("`, `"))
    });
    Statement {
        action: SCHEMA.to_owned(),
        statement: WHOLE_PATH.to_owned(),
        proved: counterexample.is_none() && doubt.is_none(),
        counterexample,
        doubt,
    }
}

/// The attributes of the asker, and of the context of any action, in whose types an agency stands somewhere.
fn agency_attributes(schema: &str) -> Result<Vec<String>, String> {
    let (schema, _) = SchemaFragment::from_cedarschema_str(schema).map_err(|error| told(&error))?;
    let schema = schema.to_json_value().map_err(|error| told(&error))?;
    let schema = schema.get("").ok_or("the schema has no words outside of a namespace")?;
    let asker = schema.pointer("/entityTypes/Asker/shape/attributes").and_then(Value::as_object);
    let asker = asker.ok_or("the schema has no `Asker` with attributes")?;
    let mut found: Vec<String> =
        asker.iter().filter(|(_, of)| holds_agency(schema, of, 0)).map(|(name, _)| name.clone()).collect();
    let actions = schema.pointer("/actions").and_then(Value::as_object).into_iter().flatten();
    for (_, action) in actions {
        let Some(context) = action.pointer("/appliesTo/context") else { continue };
        if holds_agency(schema, context, 0) {
            found.push("context".to_owned());
        }
    }
    found.dedup();
    Ok(found)
}

/// Whether an agency can stand in a value of that type: by name, in a set, in a record, behind a common type, or behind an
/// entity of another type, whose attributes a rule could follow.
fn holds_agency(schema: &Value, of: &Value, depth: usize) -> bool {
    // A type that contains itself is no type of ours; better too much than too little.
    if depth > 16 {
        return true;
    }
    let named = of.get("name").and_then(Value::as_str).or_else(|| of.get("type").and_then(Value::as_str));
    if named == Some("Agency") {
        return true;
    }
    let below = |of: &Value| holds_agency(schema, of, depth + 1);
    let common = named.and_then(|name| schema.get("commonTypes")?.get(name));
    let entity = named.and_then(|name| schema.get("entityTypes")?.get(name)?.get("shape"));
    let attributes = of.get("attributes").and_then(Value::as_object);
    of.get("element").is_some_and(below)
        || common.is_some_and(below)
        || entity.is_some_and(below)
        || attributes.is_some_and(|attributes| attributes.values().any(below))
}

fn statement(
    rules: &CedarRules,
    action: &str,
    statement: String,
    found: Result<Option<Env>, cedar_policy_symcc::err::Error>,
) -> Statement {
    let (proved, counterexample, doubt) = match found {
        Ok(None) => (true, None, None),
        Ok(Some(found)) => (false, Some(words::of(rules, &found)), None),
        Err(error) => (false, None, Some(told(&error))),
    };
    Statement { action: action.to_owned(), statement, proved, counterexample, doubt }
}

/// The solver's version, or why there is none.
///
/// # Errors
/// [`Error::NoSolver`], [`Error::Solver`].
pub fn solver() -> Result<String, Error> {
    let program = std::env::var("CVC5").unwrap_or_else(|_| "cvc5".to_owned());
    let said = Command::new(&program)
        .arg("--version")
        .output()
        .map_err(|source| Error::NoSolver { program: program.clone(), source })?;
    let said = String::from_utf8_lossy(&said.stdout);
    match said.lines().next() {
        Some(line) if line.contains("cvc5") => Ok(line.trim_start_matches("This is ").trim().to_owned()),
        _ => Err(Error::Solver(format!("`{program} --version` does not say that it is cvc5"))),
    }
}

/// A solver for one question: a doubt in one answer then touches no other.
fn compiler() -> Result<CedarSymCompiler<LocalSolver>, Error> {
    let solver = LocalSolver::cvc5().map_err(|error| Error::Solver(told(&error)))?;
    CedarSymCompiler::new(solver).map_err(|error| Error::Solver(told(&error)))
}

fn told(error: &dyn std::error::Error) -> String {
    let mut told = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        told = format!("{told}: {error}");
        cause = error.source();
    }
    told
}
