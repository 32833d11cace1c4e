//! Proves statements about the rules for every possible question, or shows a question for which they do not hold.
//!
//! In:    [`CedarRules`], the solver cvc5 on this machine.
//! Out:   [`Statement`]s, action by action: proved, or a counterexample in words, or the solver's doubt.
//! Never: runs in a request, takes a doubt for a proof, says anything about more than the rules as modelled.
//!
//! # How
//! For each action, the rules and a statement become one question to the solver: is there a request that the statement
//! describes and the rules allow? *No* is the proof. *Yes* comes with the request, which is then put to the rules again.
//!
//! # Change here
//! What is stated: [`claims`].

use std::io;
use std::process::Command;
use std::str::FromStr;

use cedar_policy::{Authorizer, Entities, EntityUid, PolicySet, RequestEnv};
use cedar_policy_symcc::solver::LocalSolver;
use cedar_policy_symcc::{CedarSymCompiler, CompiledPolicy, CompiledPolicySet, Env};
use clear_record::FieldClass;
use clear_rules::CedarRules;

/// Proves every statement for every action. Runs for seconds, outside of any request.
///
/// # Errors
/// [`Error`] where nothing could be asked of the solver at all. What the solver could not answer is a [`Statement`] that
/// is not proved.
pub async fn prove(rules: &CedarRules) -> Result<Proof, Error> {
    let solver = solver()?;
    let (schema, policies) = rules.cedar();
    let mut environments: Vec<RequestEnv> = schema.request_envs().collect();
    environments.sort_by_key(|environment| environment.action().to_string());
    let mut statements = Vec::new();
    for environment in &environments {
        let action = AsRef::<str>::as_ref(environment.action().id()).to_owned();
        let model = |error: cedar_policy_symcc::err::Error| Error::Model { action: action.clone(), what: told(&error) };
        let compiled = CompiledPolicySet::compile(policies, environment, schema).map_err(model)?;
        for claim in claims(&action) {
            let set =
                PolicySet::from_str(&format!("permit (principal, action, resource) when {{ {} }};", claim.described))
                    .map_err(|error| Error::Model { action: action.clone(), what: told(&error) })?;
            let described = CompiledPolicySet::compile(&set, environment, schema).map_err(model)?;
            let found = compiler()?.check_disjoint_with_counterexample_opt(&compiled, &described).await;
            statements.push(statement(rules, &action, claim.says, found));
        }
        statements.push(never_errs(rules, &action, environment).await?);
    }
    Ok(Proof { solver, rules: rules.texts().digest(), statements })
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

struct Claim {
    says: String,
    /// The questions that the statement is about, as a condition of Cedar's.
    described: String,
}

/// What is stated about an action. Each claim describes questions that no rule may allow.
fn claims(action: &str) -> Vec<Claim> {
    let claim = |says: &str, described: &str| Claim { says: says.to_owned(), described: described.to_owned() };
    let mut claims = vec![
        claim("a path that meets a closure is allowed by no rule", "principal.path.containsAny(principal.closed)"),
        claim("a purpose that is denied to everybody is allowed by no rule", "context.purpose_denied"),
        claim("an asker without an agency is allowed nothing", "!(principal has agency)"),
    ];
    let class = FieldClass::ALL.iter().find(|class| action == format!("read_{}", class.word()));
    if let Some(class) = class {
        let unless = match class {
            FieldClass::Operational | FieldClass::Source => " && !principal.roles.contains(Role::\"oversight\")",
            _ => "",
        };
        claims.push(claim(
            &format!(
                "{class} is read only where agreements open it for the whole path{}",
                if unless.is_empty() { "" } else { ", or by oversight" }
            ),
            &format!("!context.agreed.contains(Class::\"{class}\"){unless}"),
        ));
    }
    if class.is_some() || action == "point" {
        claims.push(claim(
            "a black record shows nothing to anybody but its owner's clerks and oversight",
            "resource.handling == Handling::\"black\" && !principal.roles.contains(Role::\"oversight\") && \
             !(principal has agency && resource.owners == [principal.agency] && principal.roles.contains(Role::\"clerk\"))",
        ));
    }
    claims
}

/// No rule can err, so that no `forbid` can be skipped.
async fn never_errs(rules: &CedarRules, action: &str, environment: &RequestEnv) -> Result<Statement, Error> {
    let says = "no rule can err, hence none can be skipped";
    let (schema, policies) = rules.cedar();
    let mut compiler = compiler()?;
    for policy in policies.policies() {
        let compiled = CompiledPolicy::compile(policy, environment, schema)
            .map_err(|error| Error::Model { action: action.to_owned(), what: told(&error) })?;
        let found = compiler.check_never_errors_with_counterexample_opt(&compiled).await;
        if !matches!(found, Ok(None)) {
            let mut statement = statement(rules, action, says.to_owned(), found);
            statement.counterexample = statement.counterexample.map(|words| format!("`{}` errs: {words}", policy.id()));
            return Ok(statement);
        }
    }
    Ok(statement(rules, action, says.to_owned(), Ok(None)))
}

fn statement(
    rules: &CedarRules,
    action: &str,
    statement: String,
    found: Result<Option<Env>, cedar_policy_symcc::err::Error>,
) -> Statement {
    let (proved, counterexample, doubt) = match found {
        Ok(None) => (true, None, None),
        Ok(Some(found)) => (false, Some(words(rules, &found)), None),
        Err(error) => (false, None, Some(told(&error))),
    };
    Statement { action: action.to_owned(), statement, proved, counterexample, doubt }
}

/// The question that was found, and the rules that allow it.
fn words(rules: &CedarRules, found: &Env) -> String {
    let response = Authorizer::new().is_authorized(&found.request, rules.cedar().1, &found.entities);
    let allowed: Vec<String> = response
        .diagnostics()
        .reason()
        .filter_map(|id| rules.policies().iter().find(|policy| policy.id == AsRef::<str>::as_ref(id)))
        .map(|policy| format!("`{}` ({}:{})", policy.id, policy.file, policy.line))
        .collect();
    let described = [("the asker", found.request.principal()), ("the label", found.request.resource())];
    let described: Vec<String> = described
        .into_iter()
        .filter_map(|(who, uid)| Some(format!("{who} has {}", attributes(&found.entities, uid?)?)))
        .collect();
    let context = found.request.context().and_then(|context| context.to_json_value().ok());
    let context =
        context.map(|context| format!("; the context is {}", short(&context.to_string()))).unwrap_or_default();
    let allowed = if allowed.is_empty() { "-".to_owned() } else { allowed.join(", ") };
    format!("decided by {allowed}: {}{context}", described.join("; "))
}

fn attributes(entities: &Entities, uid: &EntityUid) -> Option<String> {
    let entity = entities.get(uid)?.to_json_value().ok()?;
    let attributes = entity.get("attrs")?.as_object()?;
    let all: Vec<String> =
        attributes.iter().map(|(name, value)| format!("{name} {}", short(&value.to_string()))).collect();
    (!all.is_empty()).then(|| all.join(", "))
}

/// An entity as its type and id: `{"__entity":{"type":"Role","id":"clerk"}}` is `Role clerk`.
fn short(json: &str) -> String {
    let mut text = json.replace("{\"__entity\":{\"type\":\"", "").replace("\",\"id\":\"", " ").replace("\"}}", "");
    text.retain(|letter| letter != '"');
    text
}

/// The solver's version, or why there is none.
fn solver() -> Result<String, Error> {
    let program = std::env::var("CVC5").unwrap_or_else(|_| "cvc5".to_owned());
    let said = Command::new(&program)
        .arg("--version")
        .output()
        .map_err(|source| Error::NoSolver { program: program.clone(), source })?;
    let said = String::from_utf8_lossy(&said.stdout);
    match said.lines().next() {
        Some(line) if line.contains("cvc5") => Ok(line.trim_start_matches("This is ").to_owned()),
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
