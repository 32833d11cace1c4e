//! `openclear register resume`: let a log go on that is behind what is known of it elsewhere, by the founders' word.

#![expect(clippy::disallowed_methods, reason = "stores: papers")]

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clear_audit::keep_vouched;
use clear_respond::{ResumeError, resume, resumption};
use jiff::Timestamp;

use crate::End;
use crate::guards::{Given, resumptions};
use crate::open::Place;

/// Let a log go on that is behind its anchor or a witness, as after an old backup was restored: by the founding quorum.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    guards: Given,
    /// Why, in a sentence for everybody.
    #[arg(long)]
    text: Option<String>,
    /// Only print what is to be signed, for `openclear register sign` on the founders' own machines.
    #[arg(long, requires = "text", conflicts_with_all = ["keys", "note"])]
    draft: bool,
    /// The founders' private keys.
    #[arg(long = "key", value_name = "FILE", requires = "text", conflicts_with = "note")]
    keys: Vec<PathBuf>,
    /// The note that the founders have signed.
    #[arg(long, value_name = "FILE", conflicts_with = "text")]
    note: Option<PathBuf>,
}

pub(crate) async fn run(args: Args) -> anyhow::Result<End> {
    let dir = &args.place.dir;
    let parts = args.place.parts().await?;
    let guards = crate::guards::Guards::given(dir, &args.guards)?;
    let (asked, log, folder) = (guards.clone(), parts.log.clone(), dir.clone());
    let found = tokio::task::spawn_blocking(move || asked.contradictions(&folder, &log)).await??;
    if found.is_empty() {
        bail!(ResumeError::InStep);
    }
    for contradiction in &found {
        eprintln!("{contradiction}.");
    }
    let register = clear_respond::founded(&parts.store).await.context("cannot read the register")?;
    let founding = register.founding().context("there is no installation in the store")?;
    let note = match (&args.note, &args.text) {
        (Some(note), _) => std::fs::read_to_string(note).with_context(|| format!("cannot read {}", note.display()))?,
        (None, Some(text)) => {
            let draft = resumption(founding.name.clone(), &parts.log, &found, text.clone()).to_string();
            if args.draft {
                print!("{draft}");
                return Ok(End::Done);
            }
            crate::register::sign(&draft, &args.keys)?
        }
        (None, None) => bail!("say why with --text, and sign with --key; or give what was signed with --note"),
    };
    let receipt = match resume(&parts.store, &parts.log, &note, &found, Timestamp::now()).await {
        Ok(receipt) => receipt,
        Err(error @ (ResumeError::Log(_) | ResumeError::Register(_))) => return Err(error.into()),
        Err(refused) => {
            eprintln!("Not resumed: {refused}.");
            return Ok(End::Refused);
        }
    };
    keep_vouched(&resumptions(dir), &note, &receipt)?;
    let aside = guards.move_anchor(dir, &parts.log)?;
    let log = parts.log.clone();
    tokio::task::spawn_blocking(move || log.close()).await??;
    println!("The log goes on; the founders' note is entry {} of it, for everybody.", receipt.index());
    if let Some(aside) = aside {
        println!("The old anchor is kept as evidence: {}", aside.display());
    }
    println!("Look what is missing, and enter it again: orders first. Then: openclear serve --dir {}", dir.display());
    Ok(End::Done)
}
