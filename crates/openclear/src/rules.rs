//! The rules of a folder: proved before they are served under, and read again when the operator says so.
//!
//! In:    a folder of rules, its certificate, the keys that count here; or the solver.
//! Out:   rules that are in force, or the statement that is not proved, with a question that shows it.
//! Never: serves under rules of which a statement is refuted or in doubt, changes anything where the new ones do not load.
//!
//! # How
//! Rules come in by one of four doors: they are those that are built in, of which a test proves every statement; a
//! certificate beside them is signed by a key that counts and names exactly these; they can only shut more than rules that
//! are in force; or the solver proves them now. `SIGHUP` reads the folder again.

#![expect(clippy::disallowed_methods, reason = "stores: rules, papers")]

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use clear_proof::{CERTIFICATE, Proof};
use clear_respond::Desk;
use clear_rules::CedarRules;
use tokio::signal::unix::{SignalKind, signal};

use crate::End;
use crate::open::Place;

/// Prove the rules for every possible question.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  openclear policy prove\n  openclear policy prove --rules my-rules --key records/keys/log.key --certificate my-rules/proof.note\n\nNeeds the solver cvc5 (apt-get install cvc5; CVC5=PATH for another). A statement that is not proved comes with a question\nthat shows why, and exit code 5. A server takes rules with a certificate that is signed with its log's key, or with the\nkey whose verifier it was given with --rules-key. What is proved are the rules as modelled, never the system."
)]
pub(crate) struct Args {
    /// The rules' folder; absent: those that are built in.
    #[arg(long, value_name = "DIR")]
    rules: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// Write the certificate of a proof that holds; a server looks for `proof.note` in the rules' folder.
    #[arg(long, value_name = "FILE", requires = "key")]
    certificate: Option<PathBuf>,
    /// The private key that signs the certificate: a signed-note key, as the log's (`keys/log.key`) or a person's.
    #[arg(long, value_name = "FILE", requires = "certificate")]
    key: Option<PathBuf>,
}

/// `openclear policy prove`.
pub(crate) fn prove(args: Args) -> anyhow::Result<End> {
    let rules = match &args.rules {
        None => CedarRules::embedded()?,
        Some(dir) => CedarRules::load(dir)?,
    };
    let proof = clear_proof::prove(&rules)?;
    if args.json {
        let statements: Vec<_> = proof
            .statements
            .iter()
            .map(|it| {
                serde_json::json!({
                    "action": it.action, "statement": it.statement, "proved": it.proved,
                    "counterexample": it.counterexample, "doubt": it.doubt,
                })
            })
            .collect();
        println!(
            "{:#}",
            serde_json::json!({"holds": proof.holds(), "rules": proof.rules, "solver": proof.solver, "statements": statements})
        );
    } else {
        for it in &proof.statements {
            println!("{:10} {:17} {}", if it.proved { "proved" } else { "NOT PROVED" }, it.action, it.statement);
            for (what, words) in [("shown by", &it.counterexample), ("in doubt", &it.doubt)] {
                if let Some(words) = words {
                    println!("           {what}: {words}");
                }
            }
        }
        let open = proof.open().count();
        println!(
            "{} statements, {open} not proved. Rules {}, solver {}. This is about the rules as modelled.",
            proof.statements.len(),
            proof.rules,
            proof.solver
        );
    }
    if let (Some(path), Some(key)) = (&args.certificate, &args.key)
        && proof.holds()
    {
        let key = fs::read_to_string(key).with_context(|| format!("cannot read {}", key.display()))?;
        let note = clear_proof::certify(&rules, &proof, &key)?;
        fs::write(path, note).with_context(|| format!("cannot write {}", path.display()))?;
        eprintln!("Certificate: {}", path.display());
    }
    Ok(if proof.holds() { End::Done } else { End::Flawed })
}

/// The rules of a place, if they may be served under.
pub(crate) async fn load(place: &Place) -> anyhow::Result<Arc<CedarRules>> {
    let embedded = CedarRules::embedded().context("the built-in rules do not load")?;
    let Some(dir) = &place.rules else { return Ok(Arc::new(embedded)) };
    let rules = CedarRules::load(dir).context("the rules do not load; nothing is served without them")?;
    let (rules, why) = admitted(rules, place, embedded).await?;
    eprintln!("Rules of {}: {why}.", dir.display());
    Ok(rules)
}

/// Reads the rules again whenever the process gets a hang-up signal, until it ends.
///
/// # Errors
/// When the signal cannot be caught.
pub(crate) fn reload_on_hangup(
    desk: Arc<Desk>,
    place: Place,
    mut in_force: Arc<CedarRules>,
    mut settings: BTreeMap<String, String>,
) -> anyhow::Result<impl Future<Output = ()> + Send + 'static> {
    let mut hangup = signal(SignalKind::hangup())?;
    Ok(async move {
        while hangup.recv().await.is_some() {
            match reload(&desk, &place, &in_force).await {
                Ok(rules) => {
                    in_force = rules;
                    settings.insert("rules".to_owned(), desk.rules_digest());
                    if let Err(error) = desk.configured(&settings, "read again").await {
                        eprintln!("The log does not say that the configuration was read again: {error}");
                    }
                }
                Err(error) => {
                    eprintln!("The rules in force stay: {error:#}");
                    if let Err(error) = desk.not_configured("read again", &format!("{error:#}")).await {
                        eprintln!("The log does not say that the configuration was read again: {error}");
                    }
                }
            }
        }
    })
}

async fn reload(desk: &Desk, place: &Place, in_force: &Arc<CedarRules>) -> anyhow::Result<Arc<CedarRules>> {
    let dir =
        place.rules.as_ref().context("the rules are those that are built in; start with --rules to change them")?;
    let rules = CedarRules::load(dir)?;
    let before = CedarRules::of(in_force.texts().clone())?;
    let (rules, why) = admitted(rules, place, before).await?;
    desk.change_rules(rules.clone(), why.clone()).await?;
    eprintln!("Rules of {} are in force: {why}.", dir.display());
    if why == TIGHTER {
        // They hold already; whether everything is still proved of them is for the operator to know.
        let proved = rules.clone();
        tokio::task::spawn_blocking(move || match clear_proof::prove(&proved) {
            Ok(proof) => match unproved(&proof) {
                None => eprintln!("The tightened rules are proved by {}.", proof.solver),
                Some(open) => eprintln!("The tightened rules are in force, but {open}"),
            },
            Err(error) => eprintln!("The tightened rules are in force and not proved: {error}"),
        });
    }
    Ok(rules)
}

const TIGHTER: &str = "they only shut more than those before";

/// Lets rules in by one of the doors, and says by which.
async fn admitted(rules: CedarRules, place: &Place, before: CedarRules) -> anyhow::Result<(Arc<CedarRules>, String)> {
    let rules = Arc::new(rules);
    let digest = rules.texts().digest();
    if digest == clear_rules::Texts::embedded().digest() {
        return Ok((rules, "they are those that are built in".to_owned()));
    }
    let certificate = place.rules.as_ref().map(|dir| dir.join(CERTIFICATE)).filter(|path| path.exists());
    let refused = match certificate {
        None => None,
        Some(path) => {
            let note = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
            match clear_proof::check(&rules, &note, &keys(place)?) {
                Ok(good) => return Ok((rules, format!("proved by {}, certified by {}", good.solver, good.signed_by))),
                Err(bad) => Some(bad),
            }
        }
    };
    if rules.tighten(&before) {
        return Ok((rules, TIGHTER.to_owned()));
    }
    let proving = rules.clone();
    let proof = match tokio::task::spawn_blocking(move || clear_proof::prove(&proving)).await? {
        Ok(proof) => proof,
        Err(error) => {
            let refused = refused.map(|bad| format!("{bad}; ")).unwrap_or_default();
            bail!(
                "cannot load: {refused}the rules are not proved ({error}); prove them elsewhere with `openclear policy prove --rules DIR --key KEY --certificate DIR/{CERTIFICATE}`"
            );
        }
    };
    match unproved(&proof) {
        None => Ok((rules, format!("proved now by {}", proof.solver))),
        Some(open) => bail!("cannot load: {open}"),
    }
}

/// The first statement that is not proved.
fn unproved(proof: &Proof) -> Option<String> {
    let (number, it) = proof.open().next()?;
    let why = it.counterexample.as_ref().or(it.doubt.as_ref()).map(String::as_str).unwrap_or_default();
    let others = match proof.open().count() {
        1 => String::new(),
        open => format!(" ({} more are not proved)", open - 1),
    };
    Some(format!("statement {number} is not proved: {}: {}: {why}{others}", it.action, it.statement))
}

/// The verifier keys whose certificates count here.
fn keys(place: &Place) -> anyhow::Result<Vec<String>> {
    let mut keys = Vec::new();
    // The log's own key, once the installation has one.
    let log = place.dir.join("log.vkey");
    for path in place.rules_key.iter().chain(log.exists().then_some(&log)) {
        let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        keys.extend(text.lines().map(str::to_owned).filter(|line| !line.trim().is_empty()));
    }
    Ok(keys)
}
