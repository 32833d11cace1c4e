//! `openclear import`: bring in a file.

#![expect(clippy::disallowed_methods, reason = "stores: imports, papers")]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use clear_identity::{Credential, Proven};
use clear_ingest::{Options, Row, chicago_crimes};
use clear_record::{Draft, Inquiry, Origin, Standing};
use clear_respond::{Desk, Filing, Refusal};
use indicatif::{ProgressBar, ProgressStyle};

use crate::End;
use crate::client::token;
use crate::open::Place;

/// Bring in a file.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    source: Source,
}

#[derive(clap::Subcommand)]
enum Source {
    /// The city's crime files: CSV, gzip or zstd, "Crimes - 2001 to Present" in either spelling of its headers.
    #[command(
        after_help = "Example:\n  openclear import chicago-crimes --dir records --as oct_… crimes_2018.csv.zst\n\nLoad a file again at any time: rows that are known word for word are left out, changed ones become a new version.\nRows that do not read are written to REJECTIONS (standard error unless said), with line, field and reason."
    )]
    ChicagoCrimes(ChicagoCrimes),
}

#[derive(clap::Args)]
struct ChicagoCrimes {
    #[command(flatten)]
    place: Place,
    /// Who files: an API token of an account with the role `service`, or FILE#PERSONA of a demonstration.
    #[arg(long = "as", value_name = "TOKEN", env = "OPENCLEAR_TOKEN")]
    token: String,
    /// The files.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Write rejected rows here, a line each.
    #[arg(long, value_name = "FILE")]
    rejections: Option<PathBuf>,
    /// Print the figures as JSON.
    #[arg(long)]
    json: bool,
}

/// Rows that are committed at once.
const BATCH_ROWS: usize = 20_000;

/// What a load did.
#[derive(Debug, Default, Clone, Copy, serde::Serialize)]
pub(crate) struct Loaded {
    pub(crate) filed: usize,
    pub(crate) unchanged: usize,
    pub(crate) rejected: usize,
}

pub(crate) async fn run(args: Args) -> anyhow::Result<End> {
    let Source::ChicagoCrimes(args) = args.source;
    // A file that cannot be read at all is said before anything is opened or changed.
    for file in &args.files {
        drop(chicago_crimes_probe(file)?);
    }
    let desk = args.place.open().await?;
    let asker = desk.prove(Credential::Token(&token(&args.token)?)).await?;
    let mut rejections: Box<dyn std::io::Write> = match &args.rejections {
        Some(path) => {
            Box::new(std::fs::File::create(path).with_context(|| format!("cannot write {}", path.display()))?)
        }
        None => Box::new(std::io::stderr()),
    };
    let mut all = Loaded::default();
    for file in &args.files {
        let loaded = chicago_crimes_file(&desk, &asker, file, rejections.as_mut(), &mut |_| ()).await?;
        all.filed += loaded.filed;
        all.unchanged += loaded.unchanged;
        all.rejected += loaded.rejected;
    }
    desk.close().await?;
    if args.json {
        println!("{}", serde_json::to_string(&all)?);
    } else {
        println!("{} rows filed, {} known already, {} rejected.", all.filed, all.unchanged, all.rejected);
    }
    Ok(End::Done)
}

fn chicago_crimes_probe(path: &Path) -> anyhow::Result<std::fs::File> {
    std::fs::File::open(path).with_context(|| format!("cannot read {}", path.display()))
}

/// Loads one file. `seen` is told of every draft before it is filed, batch by batch.
pub(crate) async fn chicago_crimes_file(
    desk: &Arc<Desk>,
    asker: &Proven<Standing>,
    path: &Path,
    rejections: &mut dyn std::io::Write,
    seen: &mut dyn FnMut(&[Draft]),
) -> anyhow::Result<Loaded> {
    let (Some(owner), Some(author)) = (asker.agency.clone(), asker.account.clone()) else {
        bail!("an import needs an account");
    };
    let zone = desk.time_zone();
    let reader = chicago_crimes::open(path, Options { owner, author, time_zone: zone, now: desk.clock() })?;
    let bar = bar(reader.total_bytes().unwrap_or_default(), &path.file_name().unwrap_or_default().to_string_lossy());
    let mut loaded = Loaded::default();
    let mut reader = reader;
    loop {
        let mut batch = Vec::with_capacity(BATCH_ROWS);
        for row in reader.by_ref() {
            match row? {
                Row::Draft(draft) => batch.push(draft),
                Row::Rejection(rejection) => {
                    loaded.rejected += 1;
                    bar.suspend(|| writeln!(rejections, "{rejection}: {}", rejection.row))?;
                }
            }
            if batch.len() >= BATCH_ROWS {
                break;
            }
        }
        if batch.is_empty() {
            break;
        }
        seen(&batch);
        let (filed, unchanged) = file(desk, asker, batch).await?;
        loaded.filed += filed;
        loaded.unchanged += unchanged;
        bar.set_position(reader.bytes_read());
        bar.set_message(format!("{} rows", loaded.filed + loaded.unchanged));
    }
    bar.finish_and_clear();
    Ok(loaded)
}

/// Files drafts through the write road. Returns how many were filed and how many were known.
pub(crate) async fn file(
    desk: &Arc<Desk>,
    asker: &Proven<Standing>,
    drafts: Vec<Draft>,
) -> anyhow::Result<(usize, usize)> {
    let origin = Origin { address: "local".into(), session: asker.session().map(str::to_owned) };
    let request = desk.request(asker, Inquiry::default(), origin, None, Filing::Records(drafts));
    match clear_respond::accept(desk, request).await {
        Ok(accepted) => Ok((accepted.filed.len(), accepted.unchanged)),
        Err(refusal) => bail!("the filing was refused: {}", words(&refusal)),
    }
}

/// A refusal in words.
pub(crate) fn words(refusal: &Refusal) -> String {
    match refusal {
        Refusal::Denied { denial, .. } => denial.to_string(),
        Refusal::Wrong { what, .. } => what.clone(),
        Refusal::Cut(denial) => denial.to_string(),
        Refusal::Failed => "something went wrong; the reason is in the server's messages above".into(),
        Refusal::LogDown => {
            "nothing can be logged, so nothing is taken (is the disk full?); what was filed before is safe".into()
        }
    }
}

/// A progress bar over bytes.
pub(crate) fn bar(total: u64, name: &str) -> ProgressBar {
    let bar = ProgressBar::new(total);
    if let Ok(style) = ProgressStyle::with_template("  {prefix:24} {bar:30} {percent:>3} %  {msg}  {eta}") {
        bar.set_style(style);
    }
    bar.set_prefix(name.to_owned());
    bar
}
