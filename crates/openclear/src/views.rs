//! `openclear audit compare`: two checkpoints of one log. Do they agree?

#![expect(clippy::disallowed_methods, reason = "stores: papers")]

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clear_audit::{Folder, Source, Views};
use jiff::Timestamp;

use crate::End;
use crate::audit::{source, text_or_file};

/// Compare two checkpoints of a log.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// A file with a checkpoint, a data folder, or a server's address.
    one: String,
    /// The other.
    other: String,
    /// The log's verifier key, or a file that holds it.
    #[arg(long, value_name = "KEY")]
    vkey: String,
    /// Where the tiles of the longer one are, where neither of the two is a log itself: an address or a data folder.
    #[arg(long, value_name = "LOG")]
    log: Option<String>,
    /// The folder for the evidence.
    #[arg(long, value_name = "DIR", default_value = "evidence")]
    evidence: PathBuf,
}

pub(crate) fn compare(args: &Args) -> anyhow::Result<End> {
    let vkey = text_or_file(&args.vkey)?;
    let (one, other) = (Seen::at(&args.one)?, Seen::at(&args.other)?);
    let longer = if one.size() > other.size() { &one } else { &other };
    let given = args.log.as_deref().map(|log| source(log, None));
    let tiles = match given.as_deref().or(longer.tiles.as_deref()) {
        Some(tiles) => tiles,
        // Two roots over the same entries need no tiles.
        None if one.size() == other.size() => &Folder(PathBuf::new()),
        None => bail!("say with --log where the entries between the two are: a server's address, or a data folder"),
    };
    match clear_audit::compare(&one.note, &other.note, vkey.trim(), tiles, "openclear audit compare", Timestamp::now())
    {
        Ok(Views::Same { size }) => println!("The same: {size} entries."),
        Ok(Views::Grew { from, to }) => println!("They agree: the {to} entries begin with the {from}."),
        Ok(Views::Apart(evidence)) => {
            let path = evidence.keep(&args.evidence)?;
            println!("TWO VIEWS: {}.\nThe evidence is in {}", evidence.what, path.display());
            return Ok(End::Flawed);
        }
        Err(flaw) => {
            println!("NOT comparable: {:#}", anyhow::Error::from(flaw));
            return Ok(End::Flawed);
        }
    }
    Ok(End::Done)
}

/// A checkpoint, and the log that it was seen at, if it was.
struct Seen {
    note: String,
    tiles: Option<Box<dyn Source>>,
}

impl Seen {
    fn at(place: &str) -> anyhow::Result<Seen> {
        if Path::new(place).is_file() {
            let note = std::fs::read_to_string(place).with_context(|| format!("cannot read {place}"))?;
            return Ok(Seen { note, tiles: None });
        }
        let tiles = source(place, None);
        let note = tiles
            .get("checkpoint")
            .with_context(|| format!("there is no checkpoint at {place}; give a file, a data folder or an address"))?;
        Ok(Seen { note: String::from_utf8_lossy(&note).into_owned(), tiles: Some(tiles) })
    }

    fn size(&self) -> u64 {
        self.note.lines().nth(1).and_then(|size| size.parse().ok()).unwrap_or(0)
    }
}
