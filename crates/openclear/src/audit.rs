//! `openclear audit`: check a log, in a folder or over HTTP; check a receipt; destroy an opening.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clear_audit::{
    DestroyError, Event, Flaw, Folder, Log, Options, Proof, Receipt, Source, SourceError, verify, verify_folder,
};

use crate::End;
use crate::client::Server;

/// Check a log.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Check that a log is whole: every entry, every tile, the signed checkpoint.
    #[command(
        after_help = "Example:\n  openclear audit verify demo\n  openclear audit verify http://127.0.0.1:8080 --vkey demo/log.vkey\n\nTake the verifier key from a publication, not from the server that you check.\nExit code 5 when something does not fit; the text names the entry."
    )]
    Verify {
        /// A data folder, or a server's address.
        log: String,
        /// The log's verifier key, or a file that holds it. A data folder has its own in log.vkey.
        #[arg(long, value_name = "KEY")]
        vkey: Option<String>,
        /// Check the log as it grows, as one who may: an owner's steward, an oversight body. Otherwise: what is public of it.
        #[arg(long = "as", value_name = "TOKEN")]
        token: Option<String>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Make the disclosure index again from the log. The server must not be running.
    #[command(
        after_help = "Example:\n  openclear audit reindex --dir records\n\nThe index follows the log by itself; this is for when it was lost or has stopped. Nothing of the log is changed."
    )]
    Reindex {
        /// The data folder.
        #[arg(long, value_name = "DIR", default_value = "openclear-data")]
        dir: PathBuf,
        /// The log's spool, where it has one.
        #[arg(long, value_name = "DIR")]
        spool: Option<PathBuf>,
    },
    /// Compare two checkpoints of a log: is one the beginning of the other? If not, keep what shows it.
    #[command(
        after_help = "Example:\n  openclear audit compare monday.checkpoint http://127.0.0.1:8080 --vkey log.vkey\n\nEach is a file with a checkpoint, a data folder, or an address. Two files need --log for the entries between them.\nExit code 5 when they are two views; the evidence file then holds both, and the proof."
    )]
    Compare(crate::views::Args),
    /// Check a receipt: that the log promised the entry, and that its tree has it.
    #[command(
        after_help = "Example:\n  openclear audit check receipt.txt --log http://127.0.0.1:8080 --vkey demo/log.vkey\n  openclear audit check receipt.txt --proof receipt.tlog-proof --vkey demo/log.vkey\n  openclear audit check receipt.txt --opening event.json --vkey demo/log.vkey\n\nWithout --log and --proof only the promise's signature is checked. A proof needs no network: see `openclear audit proof`.\nTake the verifier key from a publication, not from the server that you check.\nExit code 5 when something does not fit, or when the entry is not public yet; the text says when it will be."
    )]
    Check {
        /// The receipt's text, or a file that holds it.
        receipt: String,
        /// The log: a server's address, or a data folder.
        #[arg(long, value_name = "LOG", conflicts_with = "proof")]
        log: Option<String>,
        /// A proof that `openclear audit proof` wrote, instead of the log.
        #[arg(long, value_name = "FILE")]
        proof: Option<PathBuf>,
        /// What the entry is said to be: a file with the event's JSON, or with the text of an order.
        #[arg(long, value_name = "FILE")]
        opening: Option<PathBuf>,
        /// The log's verifier key, or a file that holds it.
        #[arg(long, value_name = "KEY")]
        vkey: String,
        /// Look at the log as it grows, as one who may: an owner's steward, an oversight body.
        #[arg(long = "as", value_name = "TOKEN", requires = "log")]
        token: Option<String>,
    },
    /// Write the proof that the log has a receipt's entry, to be checked later without any network.
    #[command(
        after_help = "Example:\n  openclear audit proof receipt.txt --log http://127.0.0.1:8080 --vkey demo/log.vkey --out receipt.tlog-proof\n\nThe file is as c2sp.org/tlog-proof has it: place, hashes, signed checkpoint."
    )]
    Proof {
        /// The receipt's text, or a file that holds it.
        receipt: String,
        /// The log: a server's address, or a data folder.
        #[arg(long, value_name = "LOG")]
        log: String,
        /// The log's verifier key, or a file that holds it.
        #[arg(long, value_name = "KEY")]
        vkey: String,
        /// Where to write it; to standard output unless said.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Destroy what an entry says, on a legal basis, while nothing is served. Its leaf stays, and an entry says so.
    #[command(
        after_help = "Example:\n  openclear audit destroy --dir records --entry 4711 --basis '20 ILCS 2630/5.2, order of 2026-03-01'\n\nThe basis stands in the log for those who may read openings: write no name of the person that it protects.\nThis does not reach copies: destroy the entry in each backup too, or let the backup run out (docs/log.md)."
    )]
    Destroy {
        /// The data folder.
        #[arg(long, value_name = "DIR", default_value = "openclear-data")]
        dir: PathBuf,
        /// The entry's place in the log, from 0.
        #[arg(long, value_name = "N")]
        entry: u64,
        /// The order or the section of a law that demands it.
        #[arg(long, value_name = "TEXT")]
        basis: String,
    },
}

/// Throws the index away and lets it follow the whole log.
fn reindex(dir: &Path, spool: Option<PathBuf>) -> anyhow::Result<End> {
    let (log, _) = crate::open::Place { spool, ..crate::open::Place::folder(dir) }.log()?;
    let folder = dir.join("disclosures");
    if folder.exists() {
        std::fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    let (index, size) = (clear_audit::Disclosures::open(&log, &folder), log.synced_size());
    let bar = indicatif::ProgressBar::new(size);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    while index.state()? > 0 {
        runtime.block_on(index.caught_up(size, std::time::Duration::from_millis(500)));
        bar.set_position(index.upto());
    }
    bar.finish_and_clear();
    println!("The disclosure index has all {size} entries of the log.");
    drop(index);
    log.close().context("cannot close the log")?;
    Ok(End::Done)
}

pub(crate) fn text_or_file(text: &str) -> anyhow::Result<String> {
    match Path::new(text).is_file() {
        true => std::fs::read_to_string(text).with_context(|| format!("cannot read {text}")),
        false => Ok(text.to_owned()),
    }
}

/// Where a log is read: a server's address, or a folder.
pub(crate) fn source(log: &str, token: Option<String>) -> Box<dyn Source> {
    match is_address(log) {
        true => Box::new(Http(Server { url: log.to_owned(), token })),
        // A data folder has the log in it; a copy of the published files is one.
        false if Path::new(log).join("log").is_dir() => Box::new(Folder(Path::new(log).join("log"))),
        false => Box::new(Folder(PathBuf::from(log))),
    }
}

fn is_address(log: &str) -> bool {
    log.starts_with("http://") || log.starts_with("https://")
}

/// A receipt that the log signed; else says what is wrong with it.
fn promised(text: &str, vkey: &str) -> anyhow::Result<Option<Receipt>> {
    let checked = Receipt::parse(text_or_file(text)?.trim()).and_then(|receipt| receipt.check(vkey).map(|()| receipt));
    match checked {
        Ok(receipt) => {
            println!("Promised by {} as entry {}.", receipt.origin(), receipt.index());
            Ok(Some(receipt))
        }
        Err(flaw) => {
            println!("NOT a receipt of this log: {flaw}");
            Ok(None)
        }
    }
}

/// How a check of a receipt against the log ended.
fn said(outcome: Result<u64, Flaw>) -> End {
    match outcome {
        Ok(size) => {
            println!("The log has it: included under the checkpoint of {size} entries.");
            End::Done
        }
        Err(flaw @ Flaw::NotYet { .. }) => {
            println!("Not yet in the log that is published: {flaw}");
            End::Flawed
        }
        Err(flaw) => {
            println!("NOT in the log: {:#}", anyhow::Error::from(flaw));
            End::Flawed
        }
    }
}

fn check(
    text: &str,
    vkey: &str,
    opening: Option<&Path>,
    log: Option<Box<dyn Source>>,
    proof: Option<&Path>,
) -> anyhow::Result<End> {
    let vkey = text_or_file(vkey)?;
    let Some(receipt) = promised(text, vkey.trim())? else { return Ok(End::Flawed) };
    if let Some(file) = opening {
        let body = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
        // Whoever saved it in an editor has a line end more.
        let is_of = receipt.is_of(&body) || body.strip_suffix(b"\n").is_some_and(|body| receipt.is_of(body));
        if !is_of {
            println!("NOT what the entry says: {} has another commitment.", file.display());
            return Ok(End::Flawed);
        }
        println!("The entry says what {} says.", file.display());
    }
    match (log, proof) {
        (Some(source), _) => Ok(said(receipt.included(source.as_ref(), vkey.trim()))),
        (None, Some(file)) => {
            let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
            match Proof::parse(&text) {
                Ok(proof) => Ok(said(proof.check(&receipt, vkey.trim()))),
                Err(flaw) => {
                    println!("NOT a proof: {flaw}");
                    Ok(End::Flawed)
                }
            }
        }
        (None, None) => Ok(End::Done),
    }
}

fn proof(text: &str, log: &str, vkey: &str, out: Option<&Path>) -> anyhow::Result<End> {
    let vkey = text_or_file(vkey)?;
    let checked =
        Receipt::parse(text_or_file(text)?.trim()).and_then(|receipt| receipt.check(vkey.trim()).map(|()| receipt));
    let receipt = match checked {
        Ok(receipt) => receipt,
        Err(flaw) => {
            eprintln!("NOT a receipt of this log: {flaw}");
            return Ok(End::Flawed);
        }
    };
    match (Proof::of(&receipt, source(log, None).as_ref(), vkey.trim()), out) {
        (Ok(proof), Some(file)) => {
            std::fs::write(file, proof.to_string()).with_context(|| format!("cannot write {}", file.display()))?;
            println!(
                "Written to {}: check it with `openclear audit check RECEIPT --proof {}`.",
                file.display(),
                file.display()
            );
            Ok(End::Done)
        }
        (Ok(proof), None) => {
            print!("{proof}");
            Ok(End::Done)
        }
        (Err(flaw), _) => {
            eprintln!("No proof: {:#}", anyhow::Error::from(flaw));
            Ok(End::Flawed)
        }
    }
}

fn destroy(dir: &Path, entry: u64, basis: &str) -> anyhow::Result<End> {
    let origin = crate::open::known_origin(dir).with_context(|| format!("there is no log in {}", dir.display()))?;
    let options = Options {
        folder: dir.to_owned(),
        keys: dir.join("keys"),
        origin,
        checkpoint_every: std::time::Duration::from_secs(1),
        ..Options::default()
    };
    let (log, _) = Log::open(options).context("cannot open the log; is it being served?")?;
    let said = Event {
        at: jiff::Timestamp::now(),
        address: Some("local".to_owned()),
        why: Some(basis.to_owned()),
        ..Event::default()
    };
    let destroyed = log.destroy(entry, &said);
    log.close().context("cannot close the log")?;
    match destroyed {
        Ok(receipt) => {
            println!("The opening of entry {entry} is destroyed; entry {} says so.", receipt.index());
            println!("{}", receipt.to_header());
            Ok(End::Done)
        }
        Err(error @ (DestroyError::NoEntry { .. } | DestroyError::Kept { .. } | DestroyError::Basis)) => {
            eprintln!("Refused: {error}");
            Ok(End::Refused)
        }
        Err(error) => Err(error).context("cannot destroy the opening"),
    }
}

pub(crate) struct Http(pub(crate) Server);

impl Source for Http {
    fn get(&self, path: &str) -> Result<Vec<u8>, SourceError> {
        // Whoever may, reads the log as it grows.
        let folder = if self.0.token.is_some() { "/api/v1/log" } else { "/log" };
        let said = self
            .0
            .get(&format!("{folder}/{path}"))
            .map_err(|error| SourceError::Failed(format!("{error:#}").into()))?;
        match said.status {
            200 => Ok(said.body),
            404 => Err(SourceError::Missing),
            status => Err(SourceError::Failed(format!("the server answered {status}").into())),
        }
    }

    fn next_checkpoint(&self) -> Option<jiff::Timestamp> {
        self.0.get("/log/checkpoint").ok()?.next_checkpoint?.parse().ok()
    }
}

pub(crate) fn run(args: Args) -> anyhow::Result<End> {
    match args.command {
        Command::Verify { log, vkey, token, json } => verify_log(log, vkey, token, json),
        Command::Reindex { dir, spool } => reindex(&dir, spool),
        Command::Check { receipt, log, proof, opening, vkey, token } => {
            let log = log.map(|log| source(&log, token));
            check(&receipt, &vkey, opening.as_deref(), log, proof.as_deref())
        }
        Command::Proof { receipt, log, vkey, out } => proof(&receipt, &log, &vkey, out.as_deref()),
        Command::Compare(args) => crate::views::compare(&args),
        Command::Destroy { dir, entry, basis } => destroy(&dir, entry, &basis),
    }
}

fn verify_log(log: String, vkey: Option<String>, token: Option<String>, json: bool) -> anyhow::Result<End> {
    let (remote, folder) = (is_address(&log), PathBuf::from(&log));
    let server = Server { url: log.clone(), token };
    let vkey = match vkey {
        Some(key) if Path::new(&key).is_file() => std::fs::read_to_string(&key)?,
        Some(key) => key,
        None if remote => {
            eprintln!(
                "Note: the verifier key comes from the server itself; give --vkey from a publication to rely on the result."
            );
            String::from_utf8(server.get("/log.vkey")?.body).context("the server's verifier key is not text")?
        }
        None => {
            let path = folder.join("log.vkey");
            std::fs::read_to_string(&path)
                .with_context(|| format!("cannot read {}; give the key with --vkey", path.display()))?
        }
    };
    let outcome = match remote {
        true => verify(&Http(server), vkey.trim()),
        false if folder.join("log").is_dir() => verify_folder(&folder, vkey.trim()),
        false if folder.join("checkpoint").is_file() => verify(&Folder(folder), vkey.trim()),
        false => bail!("{log} is neither a data folder (with log/ in it) nor an address"),
    };
    match outcome {
        Ok(verified) => {
            if json {
                println!(
                    "{}",
                    serde_json::json!({"whole": true, "origin": verified.origin, "size": verified.size, "root": hex(&verified.root)})
                );
            } else {
                println!(
                    "The log {} is whole: {} entries, root {}.",
                    verified.origin,
                    verified.size,
                    hex(&verified.root)
                );
                println!(
                    "This shows what was logged and that it was not changed since; not that nothing went round the log."
                );
            }
            Ok(End::Done)
        }
        Err(flaw) => {
            if json {
                println!("{}", serde_json::json!({"whole": false, "flaw": flaw.to_string()}));
            } else {
                println!("NOT whole: {:#}", anyhow::Error::from(flaw));
            }
            Ok(End::Flawed)
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
