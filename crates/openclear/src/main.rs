//! The binary: wiring, configuration, the operator's commands. Holds no logic of its own.
//!
//! In:    arguments, a data folder, a server's address.
//! Out:   text or JSON on standard output, messages on standard error, an exit code.
//! Never: decides, redacts or logs; every record that it shows came through `clear-respond`.
//!
//! # Change here
//! A command: one file here and one line in [`Command`].

#![expect(clippy::indexing_slicing, reason = "reading JSON by name gives null where there is none")]

mod ask;
mod audit;
mod bench;
mod books;
mod certificate;
mod client;
mod code;
mod demo;
mod export;
mod founding;
mod geography;
mod guards;
mod import;
mod index;
mod link;
mod open;
mod policy;
mod rates;
mod register;
mod replay;
mod report;
mod resume;
mod rules;
mod serve;
mod stats;
mod story;
mod token;
mod views;
mod witness;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Police records with cut-offs that hold.
///
/// Exit codes: 0 done; 1 something went wrong; 2 wrong arguments; 3 refused (the text says why); 4 nothing found;
/// 5 a check failed.
#[derive(Parser)]
#[command(
    name = "openclear",
    version,
    max_term_width = 110,
    after_help = "Begin with `openclear demo`: an invented city, ready to try."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Start an invented city on this machine, ready to try.
    Demo(demo::Args),
    /// Found an installation in an empty folder or database.
    Init(founding::Args),
    /// Serve an installation.
    Serve(serve::Args),
    /// Bring in a file.
    Import(import::Args),
    /// Make the search index and its like again from the ledger, or say what is kept of them.
    Index(index::Args),
    /// Fold the sets of analysis and open data again, by themselves, or say how much there is to fold.
    Stats(stats::Args),
    /// Find which rows of one or two files are the same person.
    Link(link::Args),
    /// Look at the register, or enter something in it.
    Register(register::Args),
    /// Issue an API token for an account, for a program.
    Token(token::Args),
    /// Ask a running server.
    Ask(ask::Args),
    /// Check a log.
    Audit(audit::Args),
    /// Watch somebody else's log, and cosign it.
    Witness(witness::Args),
    /// Check the rules.
    Policy(policy::Args),
    /// Certify from the log that an agency had no access, or check such a certificate.
    Certificate(certificate::Args),
    /// Report the log's counts of a quarter or a year, or make a release of them again.
    Report(report::Args),
    /// Print the one-time code of a demonstration's persona.
    Code(code::Args),
    /// Measure this build.
    #[command(hide = true)]
    Bench(bench::Args),
}

/// A way to end that is not an error of ours.
#[derive(Debug)]
pub(crate) enum End {
    /// Done.
    Done,
    /// Refused by the server, which said why.
    Refused,
    /// Nothing was found.
    Nothing,
    /// A check failed.
    Flawed,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let filter =
        tracing_subscriber::EnvFilter::try_from_env("OPENCLEAR_LOG").unwrap_or_else(|_| "warn,clear_web=info".into());
    // Before anything is in memory, whatever the command: keys and records are in it later.
    if let Err(error) = clear_web::no_core_dumps() {
        eprintln!("openclear: core dumps cannot be switched off ({error}); switch them off for this account");
    }
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    match run(cli.command) {
        Ok(End::Done) => ExitCode::SUCCESS,
        Ok(End::Refused) => ExitCode::from(3),
        Ok(End::Nothing) => ExitCode::from(4),
        Ok(End::Flawed) => ExitCode::from(5),
        Err(error) => {
            eprintln!("openclear: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> anyhow::Result<End> {
    let runtime = || tokio::runtime::Builder::new_multi_thread().enable_all().build();
    match command {
        Command::Demo(args) => runtime()?.block_on(demo::run(args)),
        Command::Init(args) => runtime()?.block_on(founding::run(args)),
        Command::Serve(args) => runtime()?.block_on(serve::run(args)),
        Command::Import(args) => runtime()?.block_on(import::run(args)),
        Command::Token(args) => runtime()?.block_on(token::run(args)),
        Command::Index(args) => runtime()?.block_on(index::run(args)),
        Command::Stats(args) => runtime()?.block_on(stats::run(args)),
        Command::Link(args) => link::run(args),
        Command::Register(args) => register::run(args),
        Command::Ask(args) => ask::run(args),
        Command::Audit(args) => audit::run(args),
        Command::Witness(args) => runtime()?.block_on(witness::run(args)),
        Command::Policy(args) => policy::run(args),
        Command::Certificate(args) => certificate::run(args),
        Command::Report(args) => report::run(args),
        Command::Code(args) => code::run(args),
        Command::Bench(args) => runtime()?.block_on(bench::run(args)),
    }
}
