//! The project's chores, so that the Makefile stays thin and a chore is written in one language.
//!
//! In:    the source tree, `cargo metadata`, the declarations of `clear-record`.
//! Out:   generated pages and schemas, or the list of what is out of date; the runs of tests, lints and measures.
//! Never: is part of a release; touches anything outside the source tree and the target folder.
//!
//! # Change here
//! A check: one file with a `fn …(root, Mode) -> Result<()>` and one line in [`CHECKS`].
#![allow(clippy::disallowed_methods, reason = "chores of the source tree, no part of a release")]

mod arrows;
mod bench;
mod borders;
mod decisions;
mod dictionary;
mod fronts;
mod islands;
mod page;
mod requirements;
mod run;
mod soak;
mod soql;
mod stores;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::{Parser, Subcommand};
use page::Mode;

type Check = fn(&Path, Mode) -> Result<()>;

/// What `cargo xtask check` looks at, in order. `tests/it` runs each of them as a test of its own.
const CHECKS: &[(&str, Check)] = &[
    ("arrows", arrows::run),
    ("borders", borders::run),
    ("decisions", decisions::run),
    ("dictionary", dictionary::run),
    ("fronts", fronts::run),
    ("islands", islands::run),
    ("requirements", requirements::run),
    ("soql", soql::run),
    ("stores", stores::run),
];

#[derive(Parser)]
#[command(name = "cargo xtask", about = "The project's chores", disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Draw the arrows between our crates into ARCHITECTURE.md, and refuse one that the design does not have
    Arrows {
        /// Change nothing; fail where something is out of date
        #[arg(long)]
        check: bool,
    },
    /// Write docs/dictionary.md and docs/schema/ from the record declarations
    Dictionary {
        /// Change nothing; fail where something is out of date
        #[arg(long)]
        check: bool,
    },
    /// List in docs/requirements.md which test shows which requirement
    Requirements {
        /// Change nothing; fail where something is out of date
        #[arg(long)]
        check: bool,
    },
    /// Write the tables of docs/soql.md from the list of functions
    Soql {
        /// Change nothing; fail where something is out of date
        #[arg(long)]
        check: bool,
    },
    /// Write docs/stores-and-flows.md from the registry, and refuse what opens a file or a socket and is not in it
    Stores {
        /// Change nothing; fail where something is out of date
        #[arg(long)]
        check: bool,
    },
    /// Make the islands' bundles with npm
    Islands {
        /// Change nothing; fail where the bundles made again are others
        #[arg(long)]
        check: bool,
    },
    /// Run every check, or the one named; change nothing
    Check {
        /// One of: arrows, borders, decisions, dictionary, fronts, islands, requirements, soql, stores
        name: Option<String>,
    },
    /// Run every test: documentation examples, then all others
    Test,
    /// Check formatting, lints and, where cargo-deny is installed, licences and advisories
    Lint,
    /// Measure the demo build and print a line for each measure
    Bench {
        /// Only these measures
        names: Vec<String>,
    },
    /// Fuzz each parser for a while
    Soak {
        /// How long each, in seconds
        #[arg(long, default_value_t = 60)]
        seconds: u64,
    },
}

fn main() -> ExitCode {
    match run(Cli::parse().chore) {
        Ok(()) => ExitCode::SUCCESS,
        // One line for whoever reads it, never a backtrace: what failed is a page or a test.
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(chore: Chore) -> Result<()> {
    let root = root()?;
    match chore {
        Chore::Arrows { check } => arrows::run(&root, Mode::of(check)),
        Chore::Dictionary { check } => dictionary::run(&root, Mode::of(check)),
        Chore::Requirements { check } => requirements::run(&root, Mode::of(check)),
        Chore::Soql { check } => soql::run(&root, Mode::of(check)),
        Chore::Stores { check } => stores::run(&root, Mode::of(check)),
        Chore::Islands { check } => islands::make(&root, Mode::of(check)),
        Chore::Check { name } => check(&root, name.as_deref()),
        Chore::Test => run::test(&root),
        Chore::Lint => run::lint(&root),
        Chore::Bench { names } => bench::run(&root, &names),
        Chore::Soak { seconds } => soak::run(&root, seconds),
    }
}

fn check(root: &Path, name: Option<&str>) -> Result<()> {
    let chosen: Vec<_> = CHECKS.iter().filter(|(known, _)| name.is_none_or(|name| name == *known)).collect();
    if chosen.is_empty() {
        let known: Vec<&str> = CHECKS.iter().map(|(name, _)| *name).collect();
        bail!("no check of that name; there are: {}", known.join(", "));
    }
    // All of them run, so that one call names everything that is out of date.
    let mut failed = 0;
    for (name, check) in chosen {
        match check(root, Mode::Check) {
            Ok(()) => println!("{name}: ok"),
            Err(error) => {
                failed += 1;
                println!("{name}: FAILED\n{error:#}");
            }
        }
    }
    if failed > 0 {
        bail!("{failed} of the checks failed");
    }
    Ok(())
}

/// The source tree that this xtask was built from.
fn root() -> Result<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    Ok(here.parent().context("xtask stands in the source tree")?.to_owned())
}
