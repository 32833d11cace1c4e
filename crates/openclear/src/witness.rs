//! `openclear witness`: watch somebody else's log. And the client with which a node asks witnesses.

#![expect(clippy::disallowed_methods, reason = "stores: papers; flows: witnesses")]

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clear_audit::{CosignerKey, Folder, Knows, Log, Submission, Witness, signed_text};
use clear_web::Tls;

use crate::End;
use crate::serve::Signals;

/// Watch somebody else's log: cosign each checkpoint that only grew, and keep what shows two views.
#[derive(clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = "Example:\n  openclear witness key --dir witness --name witness.example/oversight\n  openclear witness --dir witness --log 'port-meridian/node-1+0a1b2c3d+AQ…' --listen 0.0.0.0:8090\n\nIt needs no installation and sees no entry. docs/witnesses.md says what its signature shows and what not."
)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    /// The witness's folder: its key, and what it cosigned. Never restore an older copy of it.
    #[arg(long, value_name = "DIR", required = true)]
    dir: Option<PathBuf>,
    /// The verifier key of a log to watch, or a file that holds such keys; several times for several.
    #[arg(long = "log", value_name = "VKEY", required = true)]
    logs: Vec<String>,
    /// The address and port to listen on.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8090")]
    listen: SocketAddr,
    /// Serve HTTPS with this certificate and its chain (PEM).
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// The certificate's private key (PEM, without a passphrase).
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Make the witness's key; prints the verifier key, to be published.
    #[command(after_help = "Example:\n  openclear witness key --dir witness --name witness.example/oversight")]
    Key {
        /// The witness's folder; made where it is missing.
        #[arg(long, value_name = "DIR")]
        dir: PathBuf,
        /// Its name: an address without `https://`.
        #[arg(long)]
        name: String,
    },
}

pub(crate) async fn run(args: Args) -> anyhow::Result<End> {
    if let Some(Command::Key { dir, name }) = &args.command {
        println!("{}", Witness::make_key(dir, name)?);
        eprintln!("This is the verifier key, to be published. The private one stays in {}.", dir.display());
        return Ok(End::Done);
    }
    let tls = match (&args.tls_cert, &args.tls_key) {
        (Some(certificate), Some(key)) => Some(Tls::load(certificate, key)?),
        _ => None,
    };
    let dir = args.dir.context("--dir says which folder the witness is in")?;
    let keys: Vec<String> = args.logs.iter().map(|log| keys(log)).collect::<anyhow::Result<Vec<_>>>()?.concat();
    let witness = Witness::open(&dir, &keys)?;
    let listener = clear_web::listen(args.listen).await?;
    let mut signals = Signals::catch()?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    println!("Witness {} on {scheme}://{}", witness.name(), listener.local_addr()?);
    for log in witness.watched() {
        match log.newest {
            Some((size, at)) => println!("  {}: {size} entries, cosigned {at}", log.origin),
            None => println!("  {}: nothing cosigned yet", log.origin),
        }
    }
    let stop = async move { signals.asked().await };
    clear_web::serve_witness(witness, Arc::new(jiff::Timestamp::now), listener, tls, stop).await;
    eprintln!("Stopped cleanly.");
    Ok(End::Done)
}

/// A key, or those of a file, one a line.
fn keys(text: &str) -> anyhow::Result<Vec<String>> {
    if !Path::new(text).is_file() {
        return Ok(vec![text.trim().to_owned()]);
    }
    let file = std::fs::read_to_string(text).with_context(|| format!("cannot read {text}"))?;
    let lines = file.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    Ok(lines.map(str::to_owned).collect())
}

/// What a witness made of a checkpoint.
pub(crate) enum Told {
    /// It is cosigned: the note with the witness's line.
    Cosigned(String),
    /// The witness knows more of this log by now, and the log has that too.
    Passed,
    /// It contradicts what the witness knows.
    Knows(Knows),
    /// The witness will not have it, whatever the log does.
    Refused(String),
}

/// A witness, as a log asks it.
pub(crate) struct Client {
    agent: ureq::Agent,
    url: String,
    key: CosignerKey,
}

impl Client {
    pub(crate) fn new(url: &str, key: CosignerKey) -> anyhow::Result<Client> {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(Duration::from_secs(3)))
            .timeout_global(Some(Duration::from_secs(10)));
        Ok(Client { agent: config.build().into(), url: url.to_owned(), key })
    }

    pub(crate) fn name(&self) -> &str {
        self.key.name()
    }

    /// Asks for a cosignature. `known` is the size that the witness is believed to know, and is corrected.
    pub(crate) fn tell(&self, log: &Log, note: &str, known: &mut u64) -> anyhow::Result<Told> {
        let size: u64 = note.lines().nth(1).and_then(|line| line.parse().ok()).context("the checkpoint has no size")?;
        let source = Folder(log.folder().to_owned());
        // Twice: once as it is believed, once as the witness then says. More would be a witness that makes fun of us.
        for _ in 0..3 {
            if *known > size {
                *known = 0;
            }
            let submission = Submission::of(&source, log.vkey(), *known, note)?;
            let (status, body) = self.send(&submission.to_string())?;
            match status {
                200 => {
                    let (line, _) = self.key.check(&signed_text(note)?, &body)?;
                    *known = size;
                    return Ok(Told::Cosigned(format!("{note}{line}")));
                }
                409 => {
                    let said: u64 = body.trim().parse().context("the witness answered 409 without a size")?;
                    if said > log.synced_size() {
                        return self.knows(log, Knows::Size(said));
                    } else if said == size && *known == size {
                        return self.knows(log, Knows::Otherwise(said));
                    }
                    *known = said;
                    if said > size {
                        return Ok(Told::Passed);
                    }
                }
                422 => return self.knows(log, Knows::Otherwise(*known)),
                400 | 403 | 404 => {
                    let said = body.lines().next().unwrap_or_default();
                    return Ok(Told::Refused(format!("it answered {status}: {said}")));
                }
                status => bail!("it answered {status}"),
            }
        }
        bail!("it says another size each time it is asked")
    }

    /// What the witness knows, with the log's own signature where the witness can show it.
    fn knows(&self, log: &Log, claim: Knows) -> anyhow::Result<Told> {
        let url = format!("{}/checkpoint/{}", self.url, log.origin());
        let shown =
            self.agent.get(&url).call().ok().filter(|response| response.status() == 200).and_then(|mut shown| {
                let note = shown.body_mut().with_config().limit(64 << 10).read_to_string().ok()?;
                self.key.check(&signed_text(&note).ok()?, &note).ok()?;
                clear_audit::open_note(&note, log.vkey()).ok()?;
                Some(note)
            });
        Ok(Told::Knows(shown.map_or(claim, Knows::Checkpoint)))
    }

    fn send(&self, body: &str) -> anyhow::Result<(u16, String)> {
        let sent = self.agent.post(format!("{}/add-checkpoint", self.url)).content_type("text/plain").send(body);
        let mut response = sent.with_context(|| format!("{} cannot be reached", self.url))?;
        let body =
            response.body_mut().with_config().limit(64 << 10).read_to_string().context("its answer broke off")?;
        Ok((response.status().as_u16(), body))
    }
}
