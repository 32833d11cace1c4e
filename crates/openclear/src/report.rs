//! `openclear report`: the log's counts of a quarter or a year as files, and releases made again.
//!
//! In:    a data folder with its keys; or a release's text, the openings that a holder has and the public log.
//! Out:   a page to print and a CSV; whether a release is borne out by the log.
//! Never: needs a running server; writes into the data folder.

#![expect(clippy::disallowed_methods, reason = "stores: papers")]

use std::io::BufReader;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clear_audit::Given;
use clear_respond::{Period, Recomputed, Release, find_release, recompute, recompute_from, report_of_folder};

use crate::End;

/// Report the log's counts, or make a release of them again.
#[derive(clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Example:\n  openclear report --quarter 2026-Q3 --dir records --html q3.html --csv q3.csv\n  openclear report --year 2026 --dir records\n  openclear report recompute --dir records --release 4\n\nA report is in full and needs the key that opens the log's entries; what everybody gets is a release, on /transparency."
)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    /// The quarter: 2026-Q3.
    #[arg(long, value_name = "QUARTER", conflicts_with = "year", required_unless_present = "year")]
    quarter: Option<Period>,
    /// The year: 2026.
    #[arg(long, value_name = "YEAR")]
    year: Option<Period>,
    /// The data folder, or a copy of it with `log`, `log.vkey` and `keys/log-openings.key`.
    #[arg(long, value_name = "DIR", default_value = "openclear-data")]
    dir: PathBuf,
    /// Write a page to print.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Write a CSV; absent and no --html: it is printed.
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Make a release again from the log's openings and compare.
    Recompute(Recompute),
}

/// Make a release again from the log's openings and compare.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  openclear report recompute --dir records\n  curl -o 4.json http://127.0.0.1:8080/api/v1/transparency/releases/4\n  openclear report recompute --dir copy --file 4.json --vkey published.vkey\n  openclear report recompute --openings openings.ndjson --log http://127.0.0.1:8080 --file 4.json --vkey published.vkey\n\n`openings.ndjson` has a line for each entry from the first on, as oversight reads them from /api/v1/log/openings: each is held\nagainst its leaf, and all of them against the public log. No folder and no key of the operator's is needed.\nExit code 5 when the log does not bear it out."
)]
struct Recompute {
    /// The data folder, or a copy of it with `log`, `log.vkey` and `keys/log-openings.key`.
    #[arg(long, value_name = "DIR", default_value = "openclear-data")]
    dir: PathBuf,
    /// The release's number in the log; absent: the newest.
    #[arg(long, value_name = "N", conflicts_with = "file")]
    release: Option<u64>,
    /// A release's text, as it was published.
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// A file with the log's verifier key; absent: the folder's own.
    #[arg(long, value_name = "FILE")]
    vkey: Option<PathBuf>,
    /// The openings that a holder has, a JSON line for each entry from the first on; instead of a folder with keys.
    #[arg(long, value_name = "FILE", requires_all = ["log", "file", "vkey"], conflicts_with = "release")]
    openings: Option<PathBuf>,
    /// The public log, which the openings are held against: an address, or a folder with its files.
    #[arg(long, value_name = "URL|DIR", requires = "openings")]
    log: Option<String>,
}

pub(crate) fn run(args: Args) -> anyhow::Result<End> {
    if let Some(Command::Recompute(args)) = &args.command {
        return again(args);
    }
    let period = args.quarter.or(args.year).context("say --quarter or --year")?;
    let report = report_of_folder(&args.dir, &vkey(&args.dir, None)?, period)
        .with_context(|| format!("cannot count the log in {}", args.dir.display()))?;
    if let Some(path) = &args.csv {
        std::fs::write(path, report.csv()).with_context(|| format!("cannot write {}", path.display()))?;
        eprintln!("Written: {}", path.display());
    } else if args.html.is_none() {
        print!("{}", report.csv());
    }
    if let Some(path) = &args.html {
        let page = clear_web::report_html(report).context("cannot draw the report")?;
        std::fs::write(path, page).with_context(|| format!("cannot write {}", path.display()))?;
        eprintln!("Written: {}", path.display());
    }
    Ok(End::Done)
}

fn again(args: &Recompute) -> anyhow::Result<End> {
    let vkey = vkey(&args.dir, args.vkey.as_deref())?;
    let (text, release) = match &args.file {
        Some(path) => {
            let text = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
            let release = Release::read(&text).with_context(|| format!("{} is no release", path.display()))?;
            (text, release)
        }
        None => match find_release(&args.dir, &vkey, args.release)? {
            Some(found) => found,
            None => {
                eprintln!("There is no such release in the log of {}.", args.dir.display());
                return Ok(End::Nothing);
            }
        },
    };
    let (number, period) = (release.head.openclear_release, &release.head.period);
    let again = match (&args.openings, &args.log) {
        (Some(path), Some(log)) => {
            let file = std::fs::File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
            let source = crate::audit::source(log, None);
            match recompute_from(Given::of(BufReader::new(file)), &*source, &vkey, &text, &release) {
                Err(flaw @ (clear_audit::Flaw::Entry { .. } | clear_audit::Flaw::Rewritten { .. })) => {
                    println!("Release {number} of {period} is NOT borne out by these openings: {flaw}.");
                    return Ok(End::Flawed);
                }
                again => again?,
            }
        }
        _ => recompute(&args.dir, &vkey, &text, &release)?,
    };
    let flaw = match again {
        Recomputed::Same { entry } => {
            println!(
                "Release {number} of {period} is borne out to the byte: entries {} to {} of the log, published as entry {entry}.",
                release.head.first_entry, release.head.end_entry
            );
            return Ok(End::Done);
        }
        Recomputed::NotInLog => "its text is not in the log".to_owned(),
        Recomputed::OtherLog => "the checkpoint that it carries is not this log's".to_owned(),
        Recomputed::Gap { expected } => {
            format!("it counts from entry {}, and the one before it ended at {expected}", release.head.first_entry)
        }
        Recomputed::Differs { told, counted, destroyed } => format!(
            "it says `{told}` and the log gives `{counted}`; the openings of {destroyed} of its entries are destroyed"
        ),
    };
    println!("Release {number} of {period} is NOT borne out: {flaw}.");
    Ok(End::Flawed)
}

fn vkey(dir: &Path, named: Option<&Path>) -> anyhow::Result<String> {
    let path = named.map_or_else(|| dir.join("log.vkey"), Path::to_owned);
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(text.trim().to_owned())
}
