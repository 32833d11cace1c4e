//! `openclear register`: look at the register, or enter something in it.

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use crate::End;
use crate::client::Server;

/// Look at the register, or enter something in it.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Who has access, who is cut off, what that does not cover. Needs no account: it is public.
    #[command(after_help = "Example:\n  openclear register list")]
    List {
        #[command(flatten)]
        server: Server,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Enter entries: agencies, edges, agreements, affiliations, purposes, flows.
    #[command(
        after_help = "Example:\n  openclear register enter agreement.json --as demo/personas.json#steward\n\nThe file holds one entry or a list of them; all are taken or none. docs/register.md describes each kind."
    )]
    Enter {
        /// A JSON file.
        file: PathBuf,
        #[command(flatten)]
        server: Server,
    },
    /// Suspend an agency: at once, reversible, ends by itself after at most 14 days.
    #[command(
        after_help = "Example:\n  openclear register suspend --agency narcotics --reason 'under review' --as demo/personas.json#steward"
    )]
    Suspend {
        /// The agency.
        #[arg(long)]
        agency: String,
        /// Why.
        #[arg(long)]
        reason: String,
        /// For how many days.
        #[arg(long, default_value_t = 14, value_parser = clap::value_parser!(u8).range(1..=14))]
        days: u8,
        #[command(flatten)]
        server: Server,
    },
    /// Sign the text of an order with one key or several, on a machine of your own.
    #[command(
        after_help = "Example:\n  openclear register sign --key counsel.key order.txt > signed.txt\n\nA file that is signed already gets one more signature."
    )]
    Sign {
        /// The private keys.
        #[arg(long = "key", value_name = "FILE", required = true)]
        keys: Vec<PathBuf>,
        /// The order's text, as the preview shows it, or a signed note.
        text: PathBuf,
    },
    /// Cut an agency off: two keys of different persons, at once, permanent.
    #[command(
        after_help = "Example:\n  openclear register cut-off --agency frs --covers family --number 2026-1 --text 'By order of the city council.' \\\n    --key chief.key --key counsel.key --as demo/personas.json#steward\n\nThe closure is shown, every agency by name, and asked for again as its count and digest before anything is signed."
    )]
    CutOff(CutOff),
}

#[derive(clap::Args)]
struct CutOff {
    /// The agency.
    #[arg(long)]
    agency: String,
    /// The order's number; absent: year and the next free number.
    #[arg(long)]
    number: Option<String>,
    /// `under`: the agency and everything under it; `family`: also its parents and their other parts.
    #[arg(long, default_value = "under", value_parser = ["under", "family"])]
    covers: String,
    /// `installation`, or the id of the owner whose records are closed.
    #[arg(long, default_value = "installation")]
    scope: String,
    /// The order's public text.
    #[arg(long)]
    text: String,
    /// The private keys that sign, of different persons.
    #[arg(long = "key", value_name = "FILE", required = true)]
    keys: Vec<PathBuf>,
    /// The closure's count and digest, re-typed; absent: asked for.
    #[arg(long, value_name = "'COUNT DIGEST'")]
    confirm: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: Server,
}

pub(crate) fn run(args: Args) -> anyhow::Result<End> {
    match args.command {
        Command::List { server, json } => list(&server, json),
        Command::Enter { file, server } => {
            let text = std::fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
            let entries: Value = serde_json::from_str(&text).with_context(|| format!("in {}", file.display()))?;
            let entries = if entries.is_array() { entries } else { json!([entries]) };
            enter(&server, &entries)
        }
        Command::Suspend { agency, reason, days, server } => {
            let now = jiff::Timestamp::now();
            let until = now + jiff::SignedDuration::from_hours(i64::from(days) * 24);
            let number = format!("S-{}", now.strftime("%Y%m%d-%H%M%S"));
            enter(
                &server,
                &json!([{"entry": "suspension", "number": number, "agency": agency, "from": now, "until": until, "reason": reason}]),
            )
        }
        Command::Sign { keys, text } => {
            let text = std::fs::read_to_string(&text).with_context(|| format!("cannot read {}", text.display()))?;
            print!("{}", sign(&text, &keys)?);
            Ok(End::Done)
        }
        Command::CutOff(order) => cut_off(&order),
    }
}

fn enter(server: &Server, entries: &Value) -> anyhow::Result<End> {
    let said = server.post("/api/v1/register/entries", entries)?;
    if said.status < 300 {
        println!("Entered. The register is at version {}.", said.json()?["register"]);
    }
    said.end()
}

fn list(server: &Server, as_json: bool) -> anyhow::Result<End> {
    let said = server.get("/api/v1/register")?;
    let register = said.json()?;
    if as_json {
        println!("{register:#}");
        return said.end();
    }
    println!("{} — register version {}", register["installation"].as_str().unwrap_or_default(), register["version"]);
    for agency in register["agencies"].as_array().into_iter().flatten() {
        let text = |name: &str| agency[name].as_str().unwrap_or_default();
        println!(
            "  {:9} {:20} {:36} {}",
            text("access"),
            text("id"),
            text("name"),
            agency["order"].as_str().map(|n| format!("order {n}")).unwrap_or_default()
        );
    }
    for order in register["orders"].as_array().into_iter().flatten() {
        println!(
            "Order {}: {}",
            order["number"].as_str().unwrap_or_default(),
            order["text"].as_str().unwrap_or_default()
        );
    }
    said.end()
}

fn sign(text: &str, files: &[PathBuf]) -> anyhow::Result<String> {
    let read = |path: &PathBuf| {
        std::fs::read_to_string(path).with_context(|| format!("cannot read the key {}", path.display()))
    };
    let keys: Vec<String> = files.iter().map(read).collect::<anyhow::Result<_>>()?;
    Ok(clear_policy::sign(text, &keys.iter().map(String::as_str).collect::<Vec<_>>())?)
}

fn cut_off(order: &CutOff) -> anyhow::Result<End> {
    let register = order.server.get("/api/v1/register")?.json()?;
    let number = order.number.clone().unwrap_or_else(|| {
        let orders = register["orders"].as_array().map_or(0, Vec::len);
        format!("{}-{}", jiff::Timestamp::now().strftime("%Y"), orders + 1)
    });
    let scope = if order.scope == "installation" { order.scope.clone() } else { format!("owner {}", order.scope) };
    let draft =
        json!({"agency": order.agency, "number": number, "covers": order.covers, "scope": scope, "text": order.text});
    let said = order.server.post("/api/v1/register/cut-offs/preview", &draft)?;
    if said.status >= 300 {
        return said.end();
    }
    let preview = said.json()?;
    let closure = preview["closure"].as_array().map(Vec::as_slice).unwrap_or_default();
    eprintln!("The order cuts off {} agencies, permanently:", closure.len());
    for agency in closure {
        eprintln!("  {:20} {}", agency[0].as_str().unwrap_or_default(), agency[1].as_str().unwrap_or_default());
    }
    let expected = format!("{} {}", preview["count"], preview["digest"].as_str().unwrap_or_default());
    let typed = match &order.confirm {
        Some(typed) => typed.clone(),
        None => {
            eprint!("Type the count and the digest ({expected}) to sign: ");
            let mut line = String::new();
            std::io::stdin().read_line(&mut line)?;
            line
        }
    };
    if typed.split_whitespace().collect::<Vec<_>>() != expected.split_whitespace().collect::<Vec<_>>() {
        bail!("`{}` is not `{expected}`: nothing was signed. If the closure changed, look at it again.", typed.trim());
    }
    let text = preview["text"].as_str().context("the server sent no text to sign")?;
    let note = sign(text, &order.keys)?;
    let said = order.server.post("/api/v1/register/cut-offs", &json!({"note": note}))?;
    if said.status >= 300 {
        return said.end();
    }
    let taken = said.json()?;
    if order.json {
        println!("{taken:#}");
    } else {
        println!(
            "Order {number} holds since {} ({} ms). {} connections reset. Everybody else: unchanged.",
            taken["holds_since"].as_str().unwrap_or_default(),
            taken["milliseconds"],
            taken["connections"]
        );
    }
    Ok(End::Done)
}
