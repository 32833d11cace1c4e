//! `openclear index`: the projections that questions are answered from, made again from the ledger.

use std::path::PathBuf;

use anyhow::Context as _;
use clear_record::Seq;
use clear_store::Store;

use crate::End;
use crate::import::bar;

/// Make the search index and its like again from the ledger, or say what is kept of them.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  openclear index rebuild --dir records\n  openclear index status --dir records\n\nThe server must be stopped. A start does the same by itself whenever what was kept is missing, is another\nprogram's, is not whole, or is of another ledger; this command does it when you choose to."
)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Fold the whole ledger again, and keep what comes of it for the next start.
    #[command(after_help = "Example:\n  openclear index rebuild --dir records")]
    Rebuild(Folder),
    /// Say what is kept, and how far behind the ledger it is.
    #[command(after_help = "Example:\n  openclear index status --dir records")]
    Status(Folder),
}

/// Which installation.
#[derive(clap::Args)]
pub(crate) struct Folder {
    /// The data folder.
    #[arg(long, value_name = "DIR", default_value = "openclear-data")]
    pub(crate) dir: PathBuf,
    /// The PostgreSQL database that keeps the ledger, if the folder does not.
    #[arg(long, value_name = "URL", env = "OPENCLEAR_POSTGRES")]
    postgres: Option<String>,
}

impl Folder {
    pub(crate) async fn open(&self) -> anyhow::Result<Store> {
        let store = match &self.postgres {
            None => Store::folder(&self.dir).await,
            Some(url) => Store::postgres(url, &self.dir.join("keys")).await,
        };
        let store = store.with_context(|| format!("cannot open the installation in {}", self.dir.display()))?;
        Ok(store.keeping(crate::open::program))
    }
}

pub(crate) async fn run(args: Args) -> anyhow::Result<End> {
    match args.what {
        What::Rebuild(folder) => rebuild(&folder).await,
        What::Status(folder) => status(&folder).await,
    }
}

async fn rebuild(folder: &Folder) -> anyhow::Result<End> {
    let store = folder.open().await?;
    let bar = bar(0, "folding the ledger");
    let progress = |at: Seq, of: Seq| {
        bar.set_length(of.0);
        bar.set_position(at.0);
    };
    let kept = clear_respond::rebuild_projections(&store, progress).await.context("cannot fold the ledger again")?;
    bar.finish_and_clear();
    let folder = store.snapshots.folder().display().to_string();
    store.close().await;
    match kept {
        Some(kept) => println!("Folded {} versions; kept {} in {folder}.", kept.seq, mib(kept.bytes)),
        None => println!("The ledger is empty: there is nothing to keep."),
    }
    Ok(End::Done)
}

async fn status(folder: &Folder) -> anyhow::Result<End> {
    let store = folder.open().await?;
    let head = store.ledger.head().await?.seq;
    let newest = store.snapshots.newest()?;
    match &newest {
        None => println!("Nothing is kept: the next start folds {head} versions."),
        Some((of, _)) if Some(of.program) != crate::open::program() => {
            println!("What is kept was made by another build of the program: the next start folds {head} versions.");
        }
        Some((of, opening)) => {
            let behind = head.0.saturating_sub(of.seq.0);
            println!("Kept: {} up to version {}, {behind} behind the ledger.", mib(opening.length()), of.seq);
        }
    }
    store.close().await;
    Ok(if newest.is_some() { End::Done } else { End::Nothing })
}

pub(crate) fn mib(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / (1024.0 * 1024.0))
}
