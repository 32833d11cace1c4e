//! `openclear audit`: check a log, in a folder or over HTTP.

#![expect(clippy::disallowed_methods, reason = "stores: papers")]

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clear_audit::{Folder, Source, SourceError, verify, verify_folder};

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
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Check a receipt: that the log promised the entry, and that its tree has it.
    #[command(
        after_help = "Example:\n  openclear audit receipt receipt.txt --log http://127.0.0.1:8080 --vkey demo/log.vkey\n\nWithout --log only the promise's signature is checked."
    )]
    Receipt {
        /// The receipt's text, or a file that holds it.
        receipt: String,
        /// The log's address, or a data folder.
        #[arg(long, value_name = "LOG")]
        log: Option<String>,
        /// The log's verifier key, or a file that holds it.
        #[arg(long, value_name = "KEY")]
        vkey: String,
    },
}

fn text_or_file(text: &str) -> anyhow::Result<String> {
    match Path::new(text).is_file() {
        true => std::fs::read_to_string(text).with_context(|| format!("cannot read {text}")),
        false => Ok(text.to_owned()),
    }
}

fn receipt(text: &str, log: Option<&str>, vkey: &str) -> anyhow::Result<End> {
    let vkey = text_or_file(vkey)?;
    let checked = clear_audit::Receipt::parse(text_or_file(text)?.trim())
        .and_then(|receipt| receipt.check(vkey.trim()).map(|()| receipt));
    let receipt = match checked {
        Ok(receipt) => receipt,
        Err(flaw) => {
            println!("NOT a receipt of this log: {flaw}");
            return Ok(End::Flawed);
        }
    };
    println!("Promised by {} as entry {}.", receipt.origin(), receipt.index());
    let Some(log) = log else { return Ok(End::Done) };
    let source: Box<dyn Source> = match log.starts_with("http://") || log.starts_with("https://") {
        true => Box::new(Http(Server { url: log.to_owned(), token: None })),
        false => Box::new(Folder(Path::new(log).join("log"))),
    };
    match receipt.included(source.as_ref(), vkey.trim()) {
        Ok(size) => {
            println!("The log has it: included under the checkpoint of {size} entries.");
            Ok(End::Done)
        }
        Err(flaw) => {
            println!("NOT in the log: {flaw}");
            Ok(End::Flawed)
        }
    }
}

pub(crate) struct Http(pub(crate) Server);

impl Source for Http {
    fn get(&self, path: &str) -> Result<Vec<u8>, SourceError> {
        let said =
            self.0.get(&format!("/log/{path}")).map_err(|error| SourceError::Failed(format!("{error:#}").into()))?;
        match said.status {
            200 => Ok(said.body),
            404 => Err(SourceError::Missing),
            status => Err(SourceError::Failed(format!("the server answered {status}").into())),
        }
    }
}

pub(crate) fn run(args: Args) -> anyhow::Result<End> {
    let (log, vkey, json) = match args.command {
        Command::Verify { log, vkey, json } => (log, vkey, json),
        Command::Receipt { receipt: text, log, vkey } => return receipt(&text, log.as_deref(), &vkey),
    };
    let remote = log.starts_with("http://") || log.starts_with("https://");
    let folder = PathBuf::from(&log);
    let server = Server { url: log.clone(), token: None };
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
                println!("NOT whole: {flaw}");
            }
            Ok(End::Flawed)
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
