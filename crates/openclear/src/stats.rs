//! `openclear stats`: the sets that analysis and open data are answered from, folded again.

use std::time::Instant;

use anyhow::Context as _;
use clear_record::Seq;
use clear_respond::Room;

use crate::End;
use crate::import::bar;
use crate::index::{Folder, mib};
use crate::open::size;

/// Fold the sets of analysis and open data again, by themselves, or say how much there is to fold.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  openclear stats rebuild --dir records\n  openclear stats rebuild --dir records --analysis-memory 512MiB\n  openclear stats status --dir records\n\nThe server must be stopped. A start takes the sets from what `openclear index` keeps, or folds them; this says how long\nfolding takes, and how much memory they need, with and without a limit. Rows leave by a question of an asker alone: as Parquet, CSV or GeoJSON over HTTP."
)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Fold them from the whole ledger; say rows, time and memory.
    #[command(after_help = "Example:\n  openclear stats rebuild --dir records --analysis-memory 512MiB")]
    Rebuild(Rebuild),
    /// Say how much there is to fold.
    #[command(after_help = "Example:\n  openclear stats status --dir records")]
    Status(Folder),
}

#[derive(clap::Args)]
struct Rebuild {
    #[command(flatten)]
    folder: Folder,
    /// Keep at most so much of their columns in memory, like `2GiB`; put the others aside, sealed.
    #[arg(long, value_name = "SIZE", env = "OPENCLEAR_ANALYSIS_MEMORY", value_parser = size)]
    analysis_memory: Option<usize>,
    /// Put aside there what has no room: a folder, or `s3://bucket/prefix`. Without it, in the data folder.
    #[arg(long, value_name = "PLACE", env = "OPENCLEAR_ANALYSIS_PLACE", requires = "analysis_memory")]
    analysis_place: Option<String>,
}

pub(crate) async fn run(args: Args) -> anyhow::Result<End> {
    match args.what {
        What::Rebuild(rebuild) => self::rebuild(&rebuild).await,
        What::Status(folder) => status(&folder).await,
    }
}

async fn rebuild(args: &Rebuild) -> anyhow::Result<End> {
    let store = args.folder.open().await?;
    let bar = bar(0, "folding the sets");
    let progress = |at: Seq, of: Seq| {
        bar.set_length(of.0);
        bar.set_position(at.0);
    };
    let place = || args.folder.dir.join("analysis-cold").display().to_string();
    let bound = args
        .analysis_memory
        .map(|memory_bytes| Room { memory_bytes, place: Some(args.analysis_place.clone().unwrap_or_else(place)) });
    let began = Instant::now();
    let folded = clear_respond::rebuild_sets(&store, bound, progress).await.context("cannot fold the sets again")?;
    let seconds = began.elapsed().as_secs_f64();
    bar.finish_and_clear();
    store.close().await;
    let rows: Vec<String> = folded.rows.iter().map(|(set, rows)| format!("{rows} rows of {set}")).collect();
    let memory = mib(folded.bytes_in_memory as u64);
    print!("Folded up to version {} in {seconds:.1} s: {}; {memory} in memory", folded.seq, rows.join(", "));
    match folded.bytes_aside {
        0 => println!("."),
        aside => println!(", {} put aside.", mib(aside)),
    }
    Ok(End::Done)
}

async fn status(folder: &Folder) -> anyhow::Result<End> {
    let store = folder.open().await?;
    let head = store.ledger.head().await?.seq;
    store.close().await;
    println!(
        "The ledger has {head} versions. Sets are kept with the other projections: openclear index status says how far."
    );
    Ok(if head == Seq::default() { End::Nothing } else { End::Done })
}
