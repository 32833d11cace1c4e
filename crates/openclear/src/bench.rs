//! `openclear bench`: measure this build. `make bench` runs it and writes the table of docs/performance.md.

#![expect(clippy::disallowed_methods, reason = "stores: measurements")]

mod analysis;
mod ask;
mod decide;
mod enforce;
mod gate;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use clear_identity::{Credential, Proven};
use clear_ingest::{Options, Row, chicago_crimes};
use clear_record::{Inquiry, Origin, Person, Standing};
use clear_respond::{Desk, NewAccount};
use clear_testkit::story;

use crate::End;
use crate::founding::found;
use crate::import::chicago_crimes_file;
use crate::open::Place;

/// Measure this build.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Decide: cached, cold, and after a change of the register, beside plain Cedar.
    Decide {
        /// Taken and not used: nothing is written.
        #[arg(long)]
        dir: Option<PathBuf>,
        /// How many labels.
        #[arg(long, default_value_t = 20_000)]
        labels: usize,
    },
    /// Search under a Sight, beside a store that holds only what the Sight shows.
    Enforce {
        /// Taken and not used: nothing is written.
        #[arg(long)]
        dir: Option<PathBuf>,
        /// How many persons there are.
        #[arg(long, default_value_t = 200_000)]
        persons: usize,
        /// How many labels.
        #[arg(long, default_value_t = 2_000)]
        labels: usize,
        /// How many questions.
        #[arg(long, default_value_t = 5_000)]
        questions: usize,
    },
    /// Load crime files: parse alone, then the whole road, then the projections.
    Load {
        /// An empty folder.
        #[arg(long)]
        dir: PathBuf,
        /// The files.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Ask for persons, misspelt and otherwise wrong, through the whole road; then start again.
    Ask(ask::Args),
    /// Ask the questions of analysis through HTTP, beside their peers; then put residents on the map.
    Analysis(analysis::Args),
    /// The residents of `analysis`, in a process of their own.
    #[command(hide = true)]
    Citizens,
    /// Cut an agency off while sessions and streaming answers are open.
    Gate(gate::Args),
    /// The clients of `gate`, in a process of their own.
    #[command(hide = true)]
    GateClients,
}

pub(crate) async fn run(args: Args) -> anyhow::Result<End> {
    match args.what {
        What::Analysis(args) => analysis::run(args).await?,
        What::Citizens => analysis::residents()?,
        What::Gate(args) => gate::run(args).await?,
        What::GateClients => gate::clients().await?,
        What::Decide { dir: _, labels } => decide::run(labels)?,
        What::Enforce { dir: _, persons, labels, questions } => enforce::run(persons, labels, questions)?,
        What::Load { dir, files } => load(&dir.clone(), &files).await?,
        What::Ask(args) => ask::run(&args).await?,
    }
    Ok(End::Done)
}

const EMPTY: Person = Person {
    family_name: None,
    given_name: None,
    middle_name: None,
    aliases: Vec::new(),
    misspellings: Vec::new(),
    date_of_birth: None,
    identity_number: None,
    sex: None,
    race: None,
    height_cm: None,
    weight_kg: None,
    marks: None,
    address: None,
    phone: None,
    caution: None,
};

/// One measured step, printed as a row of the table.
struct Step {
    name: String,
    began: Instant,
    cpu: Duration,
}

impl Step {
    fn begin(name: impl Into<String>) -> Step {
        Step { name: name.into(), began: Instant::now(), cpu: cpu_time() }
    }

    fn end(self, rows: usize, unit: &str) {
        let wall = self.began.elapsed().as_secs_f64();
        let cpu = cpu_time().saturating_sub(self.cpu).as_secs_f64();
        let rate = rows as f64 / wall;
        println!("| {} | {rows} {unit} | {wall:.2} | {cpu:.2} | {rate:.0} | {} |", self.name, peak_mib());
    }
}

fn heading() {
    println!("| step | what | wall s | CPU s | per second | peak MiB so far |\n|---|---|---|---|---|---|");
}

/// CPU time of this process: user and system, in ticks of 1/100 s (proc(5)).
pub(crate) fn cpu_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|text| text.parse::<u64>().ok()).unwrap_or(0);
    Duration::from_millis((ticks(11) + ticks(12)) * 10)
}

pub(crate) fn peak_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap_or(0) / 1024
}

async fn desk(dir: &std::path::Path) -> anyhow::Result<(Arc<Desk>, Proven<Standing>, Proven<Standing>)> {
    if dir.join("ledger.db").exists() {
        bail!("{} is not empty", dir.display());
    }
    let desk = Place::folder(dir).open().await?;
    found(&desk, dir, &story::register()).await?;
    let mut askers = Vec::new();
    for name in ["importer", "officer"] {
        let persona = story::personas().into_iter().find(|persona| persona.persona == name).context("a persona")?;
        let roles = persona.roles.iter().copied().collect();
        let account = NewAccount {
            id: persona.account.clone(),
            name: persona.name,
            agency: persona.agency,
            roles,
            password: None,
            now: desk.clock(),
        };
        desk.enrol(account).await?;
        let expires = desk.clock() + jiff::SignedDuration::from_hours(24);
        let token = desk.issue_token(&persona.account, "bench", expires).await?;
        askers.push(desk.prove(Credential::Token(&token)).await?);
    }
    let officer = askers.pop().context("an officer")?;
    let importer = askers.pop().context("an importer")?;
    Ok((desk, importer, officer))
}

async fn load(dir: &std::path::Path, files: &[PathBuf]) -> anyhow::Result<()> {
    let (desk, importer, officer) = desk(dir).await?;
    heading();
    let step = Step::begin("parse and check");
    let mut rows = 0;
    for path in files {
        let (Some(owner), Some(author)) = (importer.agency.clone(), importer.account.clone()) else {
            bail!("no account")
        };
        let options = Options { owner, author, time_zone: desk.time_zone(), now: desk.clock() };
        for row in chicago_crimes::open(path, options)? {
            rows += usize::from(matches!(row?, Row::Draft(_)));
        }
    }
    step.end(rows, "rows");
    let step = Step::begin("whole road: parse, check, decide, seal, store, log, sync");
    let mut filed = 0;
    for path in files {
        filed += chicago_crimes_file(&desk, &importer, path, &mut std::io::sink(), &mut |_| ()).await?.filed;
    }
    step.end(filed, "rows");
    let step = Step::begin("last projections, and a first count");
    let question = clear_respond::Counts { by: vec!["year".into()], ..clear_respond::Counts::default() };
    let request = desk.request(&officer, inquiry(&officer), origin(), None, question);
    let answer = clear_respond::answer(&desk, request)
        .await
        .map_err(|refusal| anyhow::anyhow!("{}", crate::import::words(&refusal)))?;
    step.end(usize::try_from(answer.get().total)?, "rows");
    desk.close().await?;
    drop(desk);
    let step = Step::begin("start again: recover, open, fold everything");
    let again = Place::folder(dir).open().await?;
    step.end(filed, "rows");
    again.close().await?;
    Ok(())
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

fn origin() -> Origin {
    Origin { address: "local".into(), session: None }
}

fn inquiry(standing: &Standing) -> Inquiry {
    Inquiry {
        purpose: Some("criminal_investigation".into()),
        use_code: Some("C".into()),
        case: Some("HX000000".into()),
        // A reason that says something: a vague one is put before a reviewer, and that waits for the disk first.
        reason: Some("garage burglary, a neighbour gave the name".into()),
        on_behalf_of: standing.agency.clone().map(|agency| [agency].into()),
        ..Inquiry::default()
    }
}
