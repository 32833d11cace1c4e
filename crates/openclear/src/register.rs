//! `openclear register`: look at the register, or enter something in it.

#![expect(clippy::disallowed_methods, reason = "stores: papers")]

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clear_record::{AccountId, AgencyId, DeviceId};
use serde_json::{Value, json};

use crate::End;
use crate::client::{Said, Server};

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
    /// Print the form of an entry as JSON, to be filled in and entered.
    #[command(
        after_help = "Example:\n  openclear register form agreement > agreement.json\n\nWithout a name it lists every entry that there is."
    )]
    Form {
        /// The entry: `agreement`, `announcement` …
        entry: Option<String>,
    },
    /// Suspend an agency, an account or a device: one key, at once, reversible, over by itself after at most 14 days.
    #[command(
        after_help = "Example:\n  openclear register suspend --agency narcotics --reason 'under review' --key chief.key --as demo/personas.json#steward"
    )]
    Suspend(Suspend),
    /// Replace a founding key, or end it: by the keys of the other founders.
    #[command(
        after_help = "Example:\n  openclear register succeed --holder chief --successor new-chief --agency pmpd --verifier FILE --text 'Retired.' \\\n    --key counsel.key --key board-chair.key --as demo/personas.json#steward"
    )]
    Succeed(Succeed),
    /// End a cut-off by the founding quorum, where the founding document gives that power.
    #[command(
        after_help = "Example:\n  openclear register end --order 2026-1 --number E-2027-1 --holds-from 2027-06-01T00:00:00Z --text 'The council ends it.' \\\n    --key chief.key --key counsel.key --as demo/personas.json#steward"
    )]
    End(Ending),
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
    /// Draft a cut-off order: its text, to be looked at and signed.
    Draft(crate::export::Draft),
    /// Put a signed order in force.
    PutInForce(crate::export::Force),
    /// Let a log go on that is behind its anchor or a witness: by the founding quorum, on the data folder itself.
    #[command(
        after_help = "Example:\n  openclear register resume --dir records --text 'The disk was lost; the backup of Sunday is the newest.' \\\n    --key chief.key --key counsel.key\n\nOr with keys that stay on their holders' machines:\n  openclear register resume --dir records --text '…' --draft > resume.txt\n  openclear register sign --key chief.key resume.txt > signed.txt\n  openclear register resume --dir records --note signed.txt"
    )]
    Resume(Box<crate::resume::Args>),
    /// The register as one signed file. Needs no account: it is public.
    Export(crate::export::Export),
    /// Check an exported register: its signature, every entry, every order's signatures.
    Verify(crate::export::Verify),
}

#[derive(clap::Args)]
struct Suspend {
    #[command(flatten)]
    over: OverArgs,
    /// Why.
    #[arg(long)]
    reason: String,
    /// For how many days.
    #[arg(long, default_value_t = 14, value_parser = clap::value_parser!(u8).range(1..=14))]
    days: u8,
    /// The private key that signs: a founder's, or one of an owner's.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    #[command(flatten)]
    server: Server,
}

#[derive(clap::Args)]
#[group(required = true, multiple = false)]
struct OverArgs {
    /// An agency and everything under it.
    #[arg(long)]
    agency: Option<AgencyId>,
    /// One account.
    #[arg(long)]
    account: Option<AccountId>,
    /// One device.
    #[arg(long)]
    device: Option<DeviceId>,
}

#[derive(clap::Args)]
struct Succeed {
    /// Whose founding key ends.
    #[arg(long)]
    holder: AccountId,
    /// Who holds one from now on; absent: nobody.
    #[arg(long, requires = "agency", requires = "verifier")]
    successor: Option<AccountId>,
    /// For which agency the successor signs.
    #[arg(long)]
    agency: Option<AgencyId>,
    /// The file with the successor's verifier key.
    #[arg(long, value_name = "FILE")]
    verifier: Option<PathBuf>,
    /// Why, in a sentence.
    #[arg(long)]
    text: String,
    /// The private keys of the other founders.
    #[arg(long = "key", value_name = "FILE", required = true)]
    keys: Vec<PathBuf>,
    #[command(flatten)]
    server: Server,
}

#[derive(clap::Args)]
struct Ending {
    /// The order that ends.
    #[arg(long)]
    order: String,
    /// The ending's own number.
    #[arg(long)]
    number: String,
    /// From when the order closes nothing any more.
    #[arg(long)]
    holds_from: jiff::Timestamp,
    /// The public text.
    #[arg(long)]
    text: String,
    /// The founders' private keys.
    #[arg(long = "key", value_name = "FILE", required = true)]
    keys: Vec<PathBuf>,
    #[command(flatten)]
    server: Server,
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
            let said = post(&server, &entries)?;
            if said.status >= 300
                && let Some(number) = refused_entry(&said)
            {
                eprintln!(
                    "{}:{}: entry {number} is not taken, and so none of the file.",
                    file.display(),
                    line_of(&text, number)
                );
            }
            said.end()
        }
        Command::Form { entry } => form(entry.as_deref()),
        Command::Suspend(args) => suspend(&args),
        Command::Succeed(args) => succeed(&args),
        Command::End(args) => end(&args),
        Command::Sign { keys, text } => {
            let text = std::fs::read_to_string(&text).with_context(|| format!("cannot read {}", text.display()))?;
            print!("{}", sign(&text, &keys)?);
            Ok(End::Done)
        }
        Command::CutOff(order) => cut_off(&order),
        Command::Draft(args) => crate::export::draft(&args),
        Command::PutInForce(args) => crate::export::put_in_force(&args),
        // The one command of these that works on the data folder: nothing is served that could be asked.
        Command::Resume(args) => tokio::runtime::Runtime::new()?.block_on(crate::resume::run(*args)),
        Command::Export(args) => crate::export::export(&args),
        Command::Verify(args) => crate::export::verify(&args),
    }
}

/// The form of an entry, filled in with examples.
fn form(entry: Option<&str>) -> anyhow::Result<End> {
    let Some(entry) = entry else {
        for form in clear_policy::FORMS {
            println!("{:15} {}", form.entry, form.title);
        }
        return Ok(End::Done);
    };
    let form = clear_policy::form(entry).with_context(|| {
        format!("there is no entry `{entry}`; `openclear register form` lists those that there are")
    })?;
    eprintln!("{}\n{}", form.title, form.about);
    for field in form.fields {
        eprintln!("  {:20} {}{}", field.name, field.label, if field.needed { "" } else { " (if any)" });
    }
    println!("{:#}", form.example());
    Ok(End::Done)
}

fn suspend(args: &Suspend) -> anyhow::Result<End> {
    let now = jiff::Timestamp::now();
    let over = match &args.over {
        OverArgs { agency: Some(agency), .. } => clear_policy::Over::Agency(agency.clone()),
        OverArgs { account: Some(account), .. } => clear_policy::Over::Account(account.clone()),
        OverArgs { device: Some(device), .. } => clear_policy::Over::Device(device.clone()),
        _ => bail!("say who is suspended: --agency, --account or --device"),
    };
    let (installation, _) = installation(&args.server)?;
    let draft = clear_policy::SuspensionDraft {
        installation,
        number: format!("S-{}", now.strftime("%Y%m%d-%H%M%S%.3f").to_string().replace('.', "-")),
        over,
        from: now,
        until: now + jiff::SignedDuration::from_hours(i64::from(args.days) * 24),
        reason: args.reason.clone(),
    };
    let note = sign(&draft.to_string(), std::slice::from_ref(&args.key))?;
    let said = enter(&args.server, &json!([{"entry": "suspension", "note": note}]))?;
    if matches!(said, End::Done) {
        println!("Suspension {} until {}.", draft.number, draft.until);
    }
    Ok(said)
}

fn succeed(args: &Succeed) -> anyhow::Result<End> {
    let successor = match (&args.successor, &args.agency, &args.verifier) {
        (Some(holder), Some(agency), Some(verifier)) => {
            let text = std::fs::read_to_string(verifier);
            let text = text.with_context(|| format!("cannot read the verifier key {}", verifier.display()))?;
            let (holder, agency) = (holder.clone(), agency.clone());
            Some(clear_policy::KeyHolder { holder, agency, verifier: text.trim().to_owned() })
        }
        _ => None,
    };
    let (installation, register) = installation(&args.server)?;
    let (holder, text) = (args.holder.clone(), args.text.clone());
    let draft = clear_policy::Succession { installation, holder, successor, register, text };
    let note = sign(&draft.to_string(), &args.keys)?;
    enter(&args.server, &json!([{"entry": "succession", "note": note}]))
}

fn end(args: &Ending) -> anyhow::Result<End> {
    let (installation, register) = installation(&args.server)?;
    let draft = clear_policy::Ending {
        installation,
        number: args.number.clone(),
        order: args.order.clone(),
        issued_at: jiff::Timestamp::now(),
        holds_from: args.holds_from,
        register,
        text: args.text.clone(),
    };
    let note = sign(&draft.to_string(), &args.keys)?;
    enter(&args.server, &json!([{"entry": "ending", "note": note}]))
}

/// The installation's name and its register's version, as signed notes name them.
fn installation(server: &Server) -> anyhow::Result<(AgencyId, u64)> {
    let register = server.get("/api/v1/register")?.json()?;
    let name = register["name"].as_str().unwrap_or_default().parse().context("the server's register has no name")?;
    Ok((name, register["version"].as_u64().context("the server's register has no version")?))
}

fn enter(server: &Server, entries: &Value) -> anyhow::Result<End> {
    post(server, entries)?.end()
}

fn post(server: &Server, entries: &Value) -> anyhow::Result<Said> {
    let said = server.post("/api/v1/register/entries", entries)?;
    if said.status < 300 {
        println!("Entered. The register is at version {}.", said.json()?["register"]);
    }
    Ok(said)
}

/// Which entry, counted from 1, a refusal names.
fn refused_entry(said: &Said) -> Option<usize> {
    let json = said.json().ok()?;
    let (_, rest) = json["message"].as_str()?.split_once("entry ")?;
    rest.split_once(':')?.0.parse().ok()
}

/// The line on which an entry of a file begins: a list of objects, or one object.
fn line_of(text: &str, entry: usize) -> usize {
    let list = usize::from(text.trim_start().starts_with('['));
    let (mut depth, mut count, mut line) = (0, 0, 1);
    let (mut quoted, mut escaped) = (false, false);
    for c in text.chars() {
        match c {
            '\n' => line += 1,
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '{' | '[' if !quoted => {
                count += usize::from(c == '{' && depth == list);
                depth += 1;
                if count == entry {
                    return line;
                }
            }
            '}' | ']' if !quoted => depth -= 1,
            _ => {}
        }
    }
    1
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

pub(crate) fn sign(text: &str, files: &[PathBuf]) -> anyhow::Result<String> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_of_a_file_is_found_by_its_line() {
        let text = "[\n {\"a\": \"x { \\\" [\",\n  \"b\": [{}]},\n\n {\"c\": {}}, {\"d\": 1}\n]\n";
        assert_eq!([1, 2, 3, 4].map(|entry| line_of(text, entry)), [2, 5, 5, 1]);
        assert_eq!(line_of("\n{\n\"a\": 1}", 1), 2);
    }
}
