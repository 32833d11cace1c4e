//! `openclear policy`: check the rules.

use std::path::PathBuf;

use crate::End;

/// Check the rules.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Check that rules load, and list them with their reasons.
    #[command(after_help = "Example:\n  openclear policy check\n  openclear policy check --rules my-rules --json")]
    Check {
        /// The rules' folder; absent: those that are built in.
        #[arg(long, value_name = "DIR")]
        rules: Option<PathBuf>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

pub(crate) fn run(args: Args) -> anyhow::Result<End> {
    let Command::Check { rules, json } = args.command;
    let report = clear_rules::check(rules.as_deref())?;
    if json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        print!("{report}");
    }
    Ok(if report.loads() { End::Done } else { End::Flawed })
}
