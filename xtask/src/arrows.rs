//! The arrows between our crates: drawn from `cargo metadata`, and refused where the design has none.
//!
//! In:    `cargo metadata`, the table [`STEPS`], the lists [`MISSING`] and [`ALONE`].
//! Out:   the table and the graph in ARCHITECTURE.md, or an objection for each arrow that should not be.
//! Never: takes a development dependency for an arrow; tests may stand anywhere.
//!
//! # Change here
//! A new arrow is a decision: write it down in docs/decisions, then add it to [`STEPS`].

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Result, bail};
use cargo_metadata::{DependencyKind, MetadataCommand};

use crate::page::{self, Mode};

/// One crate of the road, in the order of the road.
struct Step {
    name: &'static str,
    /// Which of ours it may depend on, beside `clear-record`, which is open to all.
    may_use: &'static [&'static str],
    /// Its never-line.
    never: &'static str,
}

const STEPS: &[Step] = &[
    Step { name: "clear-record", may_use: &[], never: "does IO" },
    Step { name: "clear-soql", may_use: &[], never: "sees a row" },
    Step { name: "clear-ingest", may_use: &[], never: "decides who may file" },
    Step { name: "clear-store", may_use: &[], never: "shows what is not logged" },
    Step { name: "clear-audit", may_use: &[], never: "knows policy or store" },
    Step { name: "clear-names", may_use: &[], never: "does IO" },
    Step { name: "clear-link", may_use: &["clear-names"], never: "reads the store" },
    Step { name: "clear-search", may_use: &["clear-names"], never: "returns a record" },
    Step { name: "clear-cold", may_use: &[], never: "writes in clear, keeps a key beyond the process" },
    Step {
        name: "clear-stats",
        may_use: &["clear-cold", "clear-soql", "clear-place"],
        never: "lets an asker's expression see a hidden row",
    },
    Step { name: "clear-place", may_use: &[], never: "does IO, says anything about a person" },
    Step { name: "clear-graph", may_use: &[], never: "returns a record" },
    Step { name: "clear-policy", may_use: &[], never: "does IO, asks the time, knows Cedar" },
    Step { name: "clear-rules", may_use: &["clear-policy"], never: "opens what a closure has shut" },
    Step { name: "clear-proof", may_use: &["clear-policy", "clear-rules"], never: "runs in a request" },
    Step { name: "clear-identity", may_use: &["clear-store"], never: "judges what an asker may see" },
    Step {
        name: "clear-query",
        may_use: &[
            "clear-soql",
            "clear-policy",
            "clear-store",
            "clear-search",
            "clear-stats",
            "clear-link",
            "clear-place",
            "clear-graph",
        ],
        never: "runs without a grant",
    },
    Step { name: "clear-redact", may_use: &["clear-policy", "clear-query"], never: "adds anything" },
    Step {
        name: "clear-respond",
        may_use: &[
            "clear-identity",
            "clear-place",
            "clear-policy",
            "clear-query",
            "clear-redact",
            "clear-store",
            "clear-audit",
            "clear-ingest",
        ],
        never: "knows HTTP",
    },
    Step { name: "clear-jobs", may_use: &["clear-respond"], never: "reads by a road of its own" },
    Step {
        name: "clear-web",
        may_use: &["clear-respond", "clear-jobs", "clear-audit", "clear-place"],
        never: "reaches store, search, stats, redact",
    },
    Step { name: "clear-testkit", may_use: &["clear-policy", "clear-ingest"], never: "makes up a real person" },
    // The binary wires everything, so its arrows say nothing and are not listed.
    Step { name: "openclear", may_use: EVERYTHING, never: "holds logic" },
    Step { name: "xtask", may_use: &["clear-soql"], never: "is part of a release" },
];

const EVERYTHING: &[&str] = &["*"];

/// Arrows that are missing on purpose, each with what would be lost. Kept apart from [`STEPS`], so that a careless line
/// there is not enough.
const MISSING: &[(&str, &str, &str)] = &[
    ("clear-web", "clear-store", "pages would show what no grant has opened"),
    ("clear-web", "clear-search", "pages would show what no grant has opened"),
    ("clear-web", "clear-stats", "pages would show what no grant has opened"),
    ("clear-web", "clear-query", "a question would run that no decision has seen"),
    ("clear-web", "clear-redact", "pages could make a `Disclosed` of their own"),
    ("clear-jobs", "clear-store", "jobs are askers like everybody"),
    ("clear-jobs", "clear-query", "jobs are askers like everybody"),
    ("clear-policy", "clear-store", "a decision could not be replayed years later"),
    ("clear-policy", "clear-rules", "the register must have the last word without the rules"),
    ("clear-audit", "clear-policy", "evidence would depend on what it is evidence about"),
    ("clear-audit", "clear-store", "evidence would depend on what it is evidence about"),
    ("clear-link", "clear-store", "projections are folds over versions and can be rebuilt"),
    ("clear-graph", "clear-store", "projections are folds over versions and can be rebuilt"),
    ("clear-search", "clear-store", "projections are folds over versions and can be rebuilt"),
    ("clear-stats", "clear-store", "projections are folds over versions and can be rebuilt"),
    ("clear-respond", "clear-web", "the roads know no HTTP"),
    ("clear-respond", "clear-proof", "no solver runs in a request"),
    ("clear-respond", "clear-rules", "the roads know rules as a trait only"),
];

/// Crates of others that stay behind one border, with who may name them.
const ALONE: &[(&str, &[&str], &str)] = &[
    ("any_ascii", &["clear-names"], "one spelling for names of every script"),
    ("cedar-policy", &["clear-rules", "clear-proof"], "the rule engine"),
    ("cedar-policy-symcc", &["clear-proof"], "the symbolic compiler"),
    ("datafusion", &["clear-stats"], "the analysis engine"),
    ("object_store", &["clear-cold"], "the only way to a bucket"),
    ("sqlx", &["clear-store"], "the only way to a database"),
    ("axum", &["clear-web"], "the only server"),
    ("hyper", &["clear-web"], "the only server"),
    ("hyper-util", &["clear-web"], "the only server"),
    ("socket2", &["clear-web"], "the gate stands at the socket"),
    ("rustix", &["clear-web"], "the gate stands at the socket"),
    ("tokio-rustls", &["clear-web"], "the gate stands beneath TLS"),
    (
        "ureq",
        &["openclear"],
        "the operator's client of the own API, and a log's of its witnesses; never part of an answer",
    ),
    ("tlog_tiles", &["clear-audit"], "the log's hashes and proofs"),
    ("fjall", &["clear-audit"], "the tables of the disclosure index"),
    ("argon2", &["clear-identity"], "passwords"),
    ("totp-rs", &["clear-identity"], "one-time codes"),
];

/// One of our crates as `cargo metadata` sees it.
struct Crate {
    name: String,
    what: String,
    ours: BTreeSet<String>,
    others: BTreeSet<String>,
}

/// Draws the arrows, after refusing those that should not be.
pub(crate) fn run(root: &Path, mode: Mode) -> Result<()> {
    let crates = workspace(root)?;
    let objections = objections(&crates);
    if !objections.is_empty() {
        bail!("{}", objections.join("\n"));
    }
    let path = root.join("ARCHITECTURE.md");
    let page = page::between(&page::read(&path)?, "arrows", &drawn(&crates))?;
    page::settle(&path, &page, mode, "arrows")
}

fn workspace(root: &Path) -> Result<Vec<Crate>> {
    // Without dependencies: their declarations are enough, and nothing is fetched.
    let metadata = MetadataCommand::new().manifest_path(root.join("Cargo.toml")).no_deps().exec()?;
    Ok(metadata
        .packages
        .iter()
        .map(|package| {
            let normal = || package.dependencies.iter().filter(|dependency| dependency.kind == DependencyKind::Normal);
            let names = |ours: bool| normal().filter(|d| d.path.is_some() == ours).map(|d| d.name.clone()).collect();
            Crate {
                name: package.name.to_string(),
                what: package.description.clone().unwrap_or_default(),
                ours: names(true),
                others: names(false),
            }
        })
        .collect())
}

fn objections(crates: &[Crate]) -> Vec<String> {
    let mut objections = Vec::new();
    for Crate { name, ours, others, .. } in crates {
        let Some(step) = STEPS.iter().find(|step| step.name == name) else {
            objections.push(format!("{name} is not in the table of steps in xtask/src/arrows.rs"));
            continue;
        };
        for target in ours.iter().filter(|target| *target != "clear-record") {
            if let Some((.., why)) = MISSING.iter().find(|(from, to, _)| from == name && to == target) {
                objections.push(format!("{name} → {target} is missing on purpose: {why}"));
            } else if step.may_use != EVERYTHING && !step.may_use.contains(&target.as_str()) {
                objections.push(format!("{name} → {target} is a new arrow: decide it in docs/decisions first"));
            }
        }
        for (other, only, what) in ALONE.iter().filter(|(other, ..)| others.contains(*other)) {
            if !only.contains(&name.as_str()) {
                objections.push(format!("{name} names {other} ({what}), which belongs to {} alone", only.join(", ")));
            }
        }
    }
    let known: BTreeSet<&str> = crates.iter().map(|known| known.name.as_str()).collect();
    for step in STEPS.iter().filter(|step| !known.contains(step.name)) {
        objections.push(format!("{} is in the table of steps and not in the workspace", step.name));
    }
    objections
}

fn drawn(crates: &[Crate]) -> String {
    let by_name: BTreeMap<&str, &Crate> = crates.iter().map(|known| (known.name.as_str(), known)).collect();
    let steps = || STEPS.iter().filter_map(|step| by_name.get(step.name).map(|found| (step, *found)));
    let mut text = String::from("| crate | what it is | depends on | never |\n|---|---|---|---|\n");
    for (step, found) in steps() {
        let uses = match step.may_use {
            EVERYTHING => "all".to_owned(),
            _ => listed(found),
        };
        // `Disclosed<T>` would vanish from the page as an unknown tag.
        let what = found.what.trim().trim_end_matches('.').replace('<', "&lt;");
        let _ = writeln!(text, "| `{}` | {what} | {uses} | {} |", step.name, step.never);
    }
    text.push_str("\n```mermaid\ngraph LR\n");
    for (step, found) in steps().filter(|(step, _)| step.may_use != EVERYTHING) {
        for target in found.ours.iter().filter(|target| *target != "clear-record") {
            let _ = writeln!(text, "  {} --> {}", short(step.name), short(target));
        }
    }
    text.push_str("```\n");
    text
}

fn listed(found: &Crate) -> String {
    let names: Vec<&str> = found.ours.iter().map(|name| short(name)).collect();
    if names.is_empty() { "–".to_owned() } else { names.join(", ") }
}

fn short(name: &str) -> &str {
    name.strip_prefix("clear-").unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The objections to the design's own crates plus one arrow or engine.
    fn objected(from: &str, to: &str) -> String {
        let mut crates: Vec<Crate> = STEPS
            .iter()
            .map(|step| Crate {
                name: step.name.to_owned(),
                what: String::new(),
                ours: step.may_use.iter().filter(|name| **name != "*").map(|name| (*name).to_owned()).collect(),
                others: BTreeSet::new(),
            })
            .collect();
        if let Some(found) = crates.iter_mut().find(|known| known.name == from) {
            let ours = to.starts_with("clear-") || to == "openclear";
            if ours {
                found.ours.insert(to.to_owned())
            } else {
                found.others.insert(to.to_owned())
            };
        }
        objections(&crates).join("; ")
    }

    #[test]
    fn arrows_of_the_design_pass_and_others_are_refused_with_a_reason() {
        assert_eq!(objected("clear-web", "clear-record"), "");
        assert_eq!(objected("openclear", "clear-store"), "");
        assert_eq!(objected("clear-rules", "cedar-policy"), "");
        assert_eq!(
            objected("clear-web", "clear-store"),
            "clear-web → clear-store is missing on purpose: pages would show what no grant has opened"
        );
        assert_eq!(
            objected("clear-ingest", "clear-policy"),
            "clear-ingest → clear-policy is a new arrow: decide it in docs/decisions first"
        );
        assert_eq!(
            objected("clear-policy", "cedar-policy"),
            "clear-policy names cedar-policy (the rule engine), which belongs to clear-rules, clear-proof alone"
        );
    }

    #[test]
    fn no_arrow_is_both_allowed_and_missing() {
        for (from, to, _) in MISSING {
            let step = STEPS.iter().find(|step| step.name == *from).unwrap();
            assert!(!step.may_use.contains(to), "{from} → {to}");
        }
    }

    #[test]
    fn a_crate_that_no_step_names_is_noticed() {
        let stray =
            Crate { name: "clear-new".into(), what: String::new(), ours: BTreeSet::new(), others: BTreeSet::new() };
        assert!(objections(&[stray]).iter().any(|objection| objection.starts_with("clear-new is not in the table")));
    }
}
