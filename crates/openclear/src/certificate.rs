//! `openclear certificate`: no access by an agency between two checkpoints, from the log; made, and run again.

#![expect(clippy::disallowed_methods, reason = "stores: papers")]

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clear_audit::{Flaw, Folder, Source};
use clear_record::AgencyId;
use clear_respond::{CertificateError, CertificateWish, Certified, Mark};

use crate::End;
use crate::audit::Http;
use crate::client::Server;
use crate::import::bar;
use crate::replay::watching;

/// Certify from the log that an agency had no access, or check such a certificate.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  openclear certificate --agency frs --dir demo --out certificate.txt\n  openclear certificate --agency frs --from 2026-07-01 --to 2026-10-01 --as demo/personas.json#oversight\n  openclear certificate --check certificate.txt --dir COPY --vkey log.vkey\n  openclear certificate --check certificate.txt --server https://clear.example --vkey log.vkey\n\n--from and --to: a number of entries, a date, a moment, `order` (since an order over the agency holds) or `newest`.\nWith --dir every entry is opened: the folder, or a copy of its log/ and keys/log-openings.key. Checking with a server\nneeds no account: signature, and that both checkpoints are in the public log.\nExit code 5: there was access (each is listed), or the certificate does not hold."
)]
pub(crate) struct Args {
    /// About whom.
    #[arg(long, value_name = "AGENCY", required_unless_present = "check", conflicts_with = "check")]
    agency: Option<AgencyId>,
    /// From which checkpoint on.
    #[arg(long, value_name = "MARK", default_value = "order")]
    from: Mark,
    /// Up to which checkpoint.
    #[arg(long, value_name = "MARK", default_value = "newest")]
    to: Mark,
    /// Check this certificate instead of making one.
    #[arg(long, value_name = "FILE")]
    check: Option<PathBuf>,
    /// A data folder, served or not, or a copy of one.
    #[arg(long, alias = "data", value_name = "DIR")]
    dir: Option<PathBuf>,
    /// The log's verifier key, or a file that holds it.
    #[arg(long, value_name = "KEY")]
    vkey: Option<String>,
    /// Write the certificate to this file.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: Server,
}

pub(crate) fn run(args: Args) -> anyhow::Result<End> {
    match (&args.check, &args.agency) {
        (Some(file), _) => check(&args, file),
        (None, Some(agency)) => make(&args, agency),
        (None, None) => bail!("say about whom: --agency, or --check FILE"),
    }
}

fn make(args: &Args, agency: &AgencyId) -> anyhow::Result<End> {
    let certified = match &args.dir {
        Some(dir) => {
            let wish = CertificateWish { agency: agency.clone(), from: args.from.clone(), to: args.to.clone() };
            let vkey = vkey(args, Some(dir))?;
            let bar = bar(0, "reading the log");
            let made = match dir.join("keys/log.key").is_file() {
                true => clear_respond::certify_and_sign(dir, &vkey, &wish, watching(&bar)),
                false => clear_respond::certify(dir, &vkey, &wish, watching(&bar)),
            };
            bar.finish_and_clear();
            match made {
                Ok(certified) => certified,
                Err(error @ CertificateError::Log(_)) => {
                    println!("No certificate: {:#}", anyhow::Error::from(error));
                    return Ok(End::Flawed);
                }
                Err(error) => return Err(error.into()),
            }
        }
        None => {
            let said =
                args.server.get(&format!("/api/v1/certificate?agency={agency}&from={}&to={}", args.from, args.to))?;
            if said.status >= 300 {
                return said.end();
            }
            serde_json::from_value(said.json()?).context("the server's answer is no certificate")?
        }
    };
    show(args, agency, &certified)
}

fn show(args: &Args, agency: &AgencyId, certified: &Certified) -> anyhow::Result<End> {
    if args.json {
        println!("{:#}", serde_json::to_value(certified)?);
    }
    match &certified.certificate {
        Some(text) => {
            match &args.out {
                Some(file) => {
                    std::fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))?;
                    eprintln!("Written to {}.", file.display());
                }
                None if !args.json => print!("{text}"),
                None => {}
            }
            if !text.contains("\n\n— ") {
                eprintln!("Not signed: the folder has no keys/log.key. Compare it with a signed one: --check.");
            }
            Ok(End::Done)
        }
        None => {
            if !args.json {
                println!("No certificate: the log shows {} accesses for {agency}.", certified.count);
                certified.accesses.iter().for_each(|access| println!("  {access}"));
            }
            Ok(End::Flawed)
        }
    }
}

fn check(args: &Args, file: &Path) -> anyhow::Result<End> {
    let note = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let vkey = vkey(args, args.dir.as_deref())?;
    let checked = match &args.dir {
        Some(dir) => {
            let bar = bar(0, "reading the log");
            let again = clear_respond::read_certificate(&note, &vkey).and_then(|claims| {
                let size = claims.in_log(&Folder(dir.join("log")), &vkey)?;
                claims.again(dir, &vkey, watching(&bar)).map(|()| (claims, size))
            });
            bar.finish_and_clear();
            again
        }
        None => clear_respond::read_certificate(&note, &vkey).and_then(|claims| {
            let source: &dyn Source = &Http(args.server.clone());
            claims.in_log(source, &vkey).map(|size| (claims, size))
        }),
    };
    match checked {
        Ok((claims, size)) => {
            println!(
                "The certificate about {} holds: signed by {}, and both checkpoints ({} and {}) are in its log of {size} entries.",
                claims.agency, claims.log, claims.from.0, claims.to.0
            );
            match args.dir.is_some() {
                true => println!("Worked out again from the openings: the same text, byte for byte."),
                false => println!("What it says of the entries needs the openings: a copy of the folder, and --dir."),
            }
            Ok(End::Done)
        }
        // What the log has said of itself is newer than what strangers see of it.
        Err(CertificateError::Log(flaw @ Flaw::NotYet { .. })) => {
            println!("Not to be checked yet against the log that is published: {flaw}");
            Ok(End::Flawed)
        }
        Err(error) => {
            println!("The certificate does NOT hold: {:#}", anyhow::Error::from(error));
            Ok(End::Flawed)
        }
    }
}

fn vkey(args: &Args, dir: Option<&Path>) -> anyhow::Result<String> {
    let text = match (&args.vkey, dir) {
        (Some(key), _) if Path::new(key).is_file() => {
            std::fs::read_to_string(key).with_context(|| format!("cannot read {key}"))?
        }
        (Some(key), _) => key.clone(),
        (None, Some(dir)) => {
            let path = dir.join("log.vkey");
            std::fs::read_to_string(&path)
                .with_context(|| format!("cannot read {}; give the key with --vkey", path.display()))?
        }
        (None, None) => {
            bail!("give the log's verifier key with --vkey; take it from a publication, not from the server")
        }
    };
    Ok(text.trim().to_owned())
}
