//! `openclear register draft`, `put-in-force`, `export` and `verify`: orders and the register as files.

#![expect(clippy::disallowed_methods, reason = "stores: papers")]

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clear_audit::{Folder, Source};
use serde_json::json;

use crate::End;
use crate::audit::Http;
use crate::client::Server;

/// Draft a cut-off order: its text, to be looked at and signed.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  openclear register draft --agency frs --covers family --number 2026-1 --text 'Access ends.' --as demo/personas.json#steward > order.txt\n\nThe closure, every agency by name, is printed beside it."
)]
pub(crate) struct Draft {
    /// The agency.
    #[arg(long)]
    agency: String,
    /// The order's number.
    #[arg(long)]
    number: String,
    /// `under`: the agency and everything under it; `family`: also its parents and their other parts.
    #[arg(long, default_value = "under", value_parser = ["under", "family"])]
    covers: String,
    /// `installation`, or the id of the owner whose records are closed.
    #[arg(long, default_value = "installation")]
    scope: String,
    /// The order's public text.
    #[arg(long)]
    text: String,
    #[command(flatten)]
    server: Server,
}

pub(crate) fn draft(args: &Draft) -> anyhow::Result<End> {
    let scope = if args.scope == "installation" { args.scope.clone() } else { format!("owner {}", args.scope) };
    let wish =
        json!({"agency": args.agency, "number": args.number, "covers": args.covers, "scope": scope, "text": args.text});
    let said = args.server.post("/api/v1/register/cut-offs/preview", &wish)?;
    if said.status >= 300 {
        return said.end();
    }
    let preview = said.json()?;
    let closure = preview["closure"].as_array().map(Vec::as_slice).unwrap_or_default();
    eprintln!("The order would cut off {} agencies, permanently:", closure.len());
    for agency in closure {
        eprintln!("  {:20} {}", agency[0].as_str().unwrap_or_default(), agency[1].as_str().unwrap_or_default());
    }
    eprintln!("Count and digest: {} {}", preview["count"], preview["digest"].as_str().unwrap_or_default());
    print!("{}", preview["text"].as_str().unwrap_or_default());
    Ok(End::Done)
}

/// Put a signed order in force.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  openclear register sign --key chief.key order.txt > one.txt\n  openclear register sign --key counsel.key one.txt > signed.txt\n  openclear register put-in-force signed.txt --as demo/personas.json#steward"
)]
pub(crate) struct Force {
    /// The signed order.
    file: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: Server,
}

pub(crate) fn put_in_force(args: &Force) -> anyhow::Result<End> {
    let note = std::fs::read_to_string(&args.file).with_context(|| format!("cannot read {}", args.file.display()))?;
    let said = args.server.post("/api/v1/register/cut-offs", &json!({"note": note}))?;
    if said.status >= 300 {
        eprintln!("{} is not in force:", args.file.display());
        return said.end();
    }
    let taken = said.json()?;
    if args.json {
        println!("{taken:#}");
        return Ok(End::Done);
    }
    println!(
        "Order {} holds since {} ({} ms). {} connections reset.",
        taken["number"].as_str().unwrap_or_default(),
        taken["holds_since"].as_str().unwrap_or_default(),
        taken["milliseconds"],
        taken["connections"]
    );
    Ok(End::Done)
}

/// The register as one signed file. Needs no account: it is public.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  openclear register export --out register.txt")]
pub(crate) struct Export {
    /// Write it to this file.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    server: Server,
}

pub(crate) fn export(args: &Export) -> anyhow::Result<End> {
    let said = args.server.get("/register/export")?;
    if said.status >= 300 {
        return said.end();
    }
    match &args.out {
        Some(file) => std::fs::write(file, &said.body).with_context(|| format!("cannot write {}", file.display()))?,
        None => print!("{}", String::from_utf8_lossy(&said.body)),
    }
    Ok(End::Done)
}

/// Check an exported register: its signature, every entry, every order's signatures.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  openclear register verify register.txt --vkey log.vkey\n  openclear register verify register.txt --vkey log.vkey --log https://clear.example\n\nWith --log also that each entry that is given as a commitment stands in the log's tree.\nExit code 5 when something does not fit; the text names the line."
)]
pub(crate) struct Verify {
    /// The exported file.
    file: PathBuf,
    /// The log's verifier key, or a file that holds it.
    #[arg(long, value_name = "KEY")]
    vkey: String,
    /// The log: a server's address, or a data folder.
    #[arg(long, value_name = "LOG")]
    log: Option<String>,
}

pub(crate) fn verify(args: &Verify) -> anyhow::Result<End> {
    let note = std::fs::read_to_string(&args.file).with_context(|| format!("cannot read {}", args.file.display()))?;
    let vkey = match Path::new(&args.vkey).is_file() {
        true => std::fs::read_to_string(&args.vkey).with_context(|| format!("cannot read {}", args.vkey))?,
        false => args.vkey.clone(),
    };
    let checked = match clear_respond::check_export(&note, vkey.trim()) {
        Ok(checked) => checked,
        Err(flaw) => {
            println!("NOT the register of this log: {:#}", anyhow::Error::from(flaw));
            return Ok(End::Flawed);
        }
    };
    let register = &checked.register;
    let count = |number: usize, one: &str, many: &str| format!("{number} {}", if number == 1 { one } else { many });
    println!("The register of {} as it was at {}, version {}:", checked.log, checked.at, register.version());
    println!(
        "  {}, {}, {}; every signature is good.",
        count(register.agencies().count(), "agency", "agencies"),
        count(register.agreements().count(), "agreement", "agreements"),
        count(register.orders().len(), "order", "orders"),
    );
    for order in register.orders() {
        let signers: Vec<&str> = order.signers.iter().map(|signer| signer.as_str()).collect();
        println!("  order {}: {} and {}", order.draft.number, order.draft.agency, signers.join(", "));
    }
    println!(
        "  {} as commitments: who belongs where, which words are looked for, which person is suspended.",
        count(checked.withheld.len(), "entry is given", "entries are given")
    );
    let Some(log) = &args.log else { return Ok(End::Done) };
    let source: Box<dyn Source> = match log.starts_with("http://") || log.starts_with("https://") {
        true => Box::new(Http(Server { url: log.clone(), token: None })),
        false => Box::new(Folder(Path::new(log).join("log"))),
    };
    for (leaf, hash) in &checked.withheld {
        let found = clear_audit::has_leaf(source.as_ref(), vkey.trim(), *leaf, *hash);
        if let Err(flaw @ clear_audit::Flaw::NotYet { .. }) = found {
            println!("Not yet in the log that is published: {flaw}");
            return Ok(End::Flawed);
        }
        if let Err(flaw) = found {
            println!("NOT in the log: the entry given as leaf {leaf}: {:#}", anyhow::Error::from(flaw));
            return Ok(End::Flawed);
        }
    }
    println!("  Each of them stands in the log at its place.");
    Ok(End::Done)
}
