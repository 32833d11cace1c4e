//! `openclear policy`: check the rules, prove them, replay under others.

use std::path::PathBuf;

use crate::End;

/// Check the rules, or prove them.
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
    /// Prove the rules for every possible question, and leave a certificate beside them.
    Prove(crate::rules::Args),
    /// Decide the last days' questions again under a drafted order or other rules.
    Replay(crate::replay::Args),
}

pub(crate) fn run(args: Args) -> anyhow::Result<End> {
    let (rules, json) = match args.command {
        Command::Check { rules, json } => (rules, json),
        Command::Prove(args) => return crate::rules::prove(args),
        Command::Replay(args) => return crate::replay::run(args),
    };
    let report = clear_rules::check(rules.as_deref())?;
    if json {
        let policies: Vec<_> = report
            .policies
            .iter()
            .map(|p| serde_json::json!({"id": p.id, "why": p.why, "file": p.file, "line": p.line}))
            .collect();
        let problems: Vec<String> = report.problems.iter().map(ToString::to_string).collect();
        println!(
            "{:#}",
            serde_json::json!({"loads": problems.is_empty(), "digest": report.digest, "files": report.files, "policies": policies, "problems": problems})
        );
    } else {
        for policy in &report.policies {
            println!(
                "{:34} {:7} {}:{}\n    {}",
                policy.id,
                format!("{:?}", policy.effect).to_lowercase(),
                policy.file,
                policy.line,
                policy.why
            );
        }
        for problem in &report.problems {
            println!("PROBLEM {problem}");
        }
        println!("{} policies in {} files, digest {}.", report.policies.len(), report.files.len(), report.digest);
        println!(
            "{}",
            if report.problems.is_empty() { "They load." } else { "They do not load; nothing is served under them." }
        );
    }
    Ok(if report.problems.is_empty() { End::Done } else { End::Flawed })
}
