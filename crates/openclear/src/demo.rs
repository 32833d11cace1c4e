//! `openclear demo`: an invented city with real incidents, ready to try.

#![expect(clippy::disallowed_methods, reason = "stores: demonstration")]

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use clear_identity::Credential;
use clear_record::{AgencyId, Incident, IncidentId, Record};
use clear_respond::{Desk, NewAccount};
use clear_testkit::{city, story};
use serde_json::{Value, json};

use crate::End;
use crate::founding::{found, keys_folder};
use crate::import::{bar, chicago_crimes_file, file};
use crate::open::Place;
use crate::serve::{Signals, until_asked_to_stop};

/// Start an invented city on this machine, ready to try.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  openclear demo\n  openclear demo --dir /tmp/city --port 9090\n  openclear demo --story\n\nThe incidents are real rows of a public extract, without persons; every person is invented. A second start reuses the\nfolder. DIR/personas.json holds each persona's sign-in and API token, for scripts."
)]
pub(crate) struct Args {
    /// The folder; made where it is missing.
    #[arg(long, value_name = "DIR", default_value = "demo")]
    dir: PathBuf,
    /// The port on this machine.
    #[arg(long, value_name = "N", default_value_t = 8080)]
    port: u16,
    /// A folder on another volume, where the log goes on when its own volume fails.
    #[arg(long, value_name = "DIR")]
    spool: Option<PathBuf>,
    /// Play the story against a server of its own in a fresh folder, and end.
    #[arg(long)]
    story: bool,
}

/// Somebody who tries things out does not wait an hour for the next public checkpoint.
const PUBLIC: clear_audit::Public = clear_audit::Public { every: std::time::Duration::from_secs(5), bucket: 4 };
/// The seed of the invented city: everybody's demonstration is the same.
const SEED: u64 = 1042;
/// The sample of the public extract, so that the binary needs no other file.
static SAMPLE: &[u8] = include_bytes!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../data/sample/chicago-crimes-2018-10-01-to-2018-11-11.csv.zst"
));

pub(crate) async fn run(args: Args) -> anyhow::Result<End> {
    if args.story {
        return crate::story::run(&args.dir, args.port).await;
    }
    // The port is taken first: a long load that ends in "port in use" helps nobody.
    let listener = clear_web::listen(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), args.port)).await?;
    let (desk, guide) = city_with(&args.dir, args.spool).await?;
    let signals = Signals::catch()?;
    println!("{}", guide.text(&format!("http://{}", listener.local_addr()?), &args.dir));
    let token = persona(&args.dir, "keeper")?["token"].as_str().unwrap_or_default().to_owned();
    let keeper = crate::serve::keeper(&desk, &token, "records_service", "C").await?;
    let (config, releases) = (crate::serve::config(None), crate::books::Releases::demonstration());
    // No anchor: whoever deletes this folder to begin anew would find a server that refuses to. The log's page says that a
    // rollback cannot be noticed here.
    until_asked_to_stop(desk, listener, config, Some(keeper), releases, signals, None).await
}

/// What the demonstration tells its user.
#[derive(serde::Serialize, serde::Deserialize, Clone)]
pub(crate) struct Guide {
    /// A misspelt name that finds the story's person.
    pub(crate) misspelt: String,
    /// The plate of the stop.
    pub(crate) plate: String,
    /// The case number of an incident of the story.
    pub(crate) case_number: String,
    /// The event number of the stop.
    pub(crate) event_number: String,
    /// The story's person.
    pub(crate) person: String,
    /// The closure's count and digest, as the cut-off command wants them re-typed.
    pub(crate) closure: String,
}

/// Opens the demonstration's folder, filling it when it is new.
pub(crate) async fn city(dir: &Path) -> anyhow::Result<(Arc<Desk>, Guide)> {
    city_with(dir, None).await
}

async fn city_with(dir: &Path, spool: Option<PathBuf>) -> anyhow::Result<(Arc<Desk>, Guide)> {
    let guide_file = dir.join("guide.json");
    // The guide is written last: a folder without one was left half-filled by an interrupted start.
    if dir.join("ledger.db").exists() && !guide_file.exists() {
        println!(
            "The last start was interrupted while it filled {}; filling it again from the beginning.",
            dir.display()
        );
        for name in ["ledger.db", "ledger.db-wal", "ledger.db-shm", "personas.json", "log.vkey"] {
            drop(std::fs::remove_file(dir.join(name)));
        }
        for name in ["log", "keys", "keys-of-founders"] {
            drop(std::fs::remove_dir_all(dir.join(name)));
        }
    }
    let template = story::register();
    let origin = format!("{}/node-1", template.installation.name);
    let place = Place { origin, public: Some(PUBLIC), spool, ..Place::folder(dir) };
    crate::geography::ship(dir)?;
    let desk = place.open().await?;
    if guide_file.exists() {
        let text = std::fs::read_to_string(&guide_file)?;
        println!("Using the city in {}.", dir.display());
        return Ok((
            desk,
            serde_json::from_str(&text).context("guide.json does not read; delete the folder to begin anew")?,
        ));
    }
    println!("Filling {}: 30,000 real incidents, an invented city around them.", dir.display());
    found(&desk, dir, &template).await?;
    personas(&desk, dir).await?;
    let guide = fill(&desk, dir).await?;
    let closure = closure(&desk)?;
    let guide = Guide { closure, ..guide };
    std::fs::write(&guide_file, serde_json::to_string_pretty(&guide)?)?;
    Ok((desk, guide))
}

async fn personas(desk: &Desk, dir: &Path) -> anyhow::Result<()> {
    let mut written = Vec::new();
    let expires = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24 * 365);
    for persona in story::personas() {
        let password = (!persona.service).then(random_words).transpose()?;
        let account = NewAccount {
            id: persona.account.clone(),
            name: persona.name.clone(),
            agency: persona.agency.clone(),
            roles: persona.roles.iter().copied().collect(),
            password: password.clone(),
            now: desk.clock(),
        };
        let enrolled = desk.enrol(account).await?;
        let token = desk.issue_token(&persona.account, "demonstration", expires).await?;
        let mut entry = json!({
            "persona": persona.persona,
            "name": persona.name,
            "account": persona.account,
            "agency": persona.agency,
            "roles": persona.roles,
            "token": token,
        });
        if let (Some(password), Some(second)) = (password, &enrolled.second_factor) {
            entry["sign_in"] = json!({"account": persona.account, "password": password});
            entry["password"] = password.into();
            entry["totp_secret"] = second.secret_base32.reveal().into();
            entry["otpauth_url"] = second.otpauth_url.reveal().into();
        }
        written.push(entry);
    }
    let path = dir.join("personas.json");
    std::fs::write(&path, serde_json::to_string_pretty(&written)?)
        .with_context(|| format!("cannot write {}", path.display()))
}

/// A password that a person can type: six groups of random letters and digits.
fn random_words() -> anyhow::Result<String> {
    let mut bytes = [0u8; 12];
    getrandom::fill(&mut bytes).context("the operating system gives no randomness")?;
    let groups: Vec<String> =
        bytes.chunks(2).map(|pair| pair.iter().map(|byte| format!("{byte:02x}")).collect()).collect();
    Ok(groups.join("-"))
}

async fn fill(desk: &Arc<Desk>, dir: &Path) -> anyhow::Result<Guide> {
    let importer =
        story::personas().into_iter().find(|persona| persona.service).context("the story has an importer")?;
    let token = crate::client::token(&format!("{}#{}", dir.join("personas.json").display(), importer.persona))?;
    let asker = desk.prove(Credential::Token(&token)).await?;
    let sample = dir.join("sample.csv.zst");
    std::fs::write(&sample, SAMPLE)?;
    let mut incidents: Vec<(IncidentId, Incident)> = Vec::new();
    let mut keep = |drafts: &[clear_record::Draft]| {
        for draft in drafts {
            if let (Record::Incident(incident), Ok(id)) = (&draft.record, IncidentId::try_from(draft.id)) {
                incidents.push((id, incident.clone()));
            }
        }
    };
    let loaded = chicago_crimes_file(desk, &asker, &sample, &mut std::io::stderr(), &mut keep).await?;
    drop(std::fs::remove_file(&sample));
    println!("  {} incidents from the public extract, {} rejected.", loaded.filed, loaded.rejected);
    let administrative: AgencyId = CUT_OFF.parse()?;
    let owner = asker.agency.clone().context("the importer has an agency")?;
    let plan = city::Plan { owner, author: importer.account, administrative, time_zone: desk.time_zone() };
    let city = city::generate(SEED, &incidents, &plan)?;
    let bar = bar(city.drafts.len() as u64, "invented city");
    let mut drafts = city.drafts;
    while !drafts.is_empty() {
        let rest = drafts.split_off(drafts.len().min(5_000));
        let batch = std::mem::replace(&mut drafts, rest);
        let count = batch.len() as u64;
        file(desk, &asker, batch).await?;
        bar.inc(count);
    }
    bar.finish_and_clear();
    println!("  {} records of invented people, vehicles, stops, arrests, evidence and warrants.", bar.position());
    let cast = city.cast;
    Ok(Guide {
        misspelt: cast.misspelt,
        plate: cast.plate,
        case_number: cast.case_number,
        event_number: cast.event_number,
        person: cast.person.to_string(),
        closure: String::new(),
    })
}

/// The agency that the story cuts off: data of the story, like every agency.
pub(crate) const CUT_OFF: &str = "frs";

fn closure(desk: &Desk) -> anyhow::Result<String> {
    let agency = CUT_OFF.parse()?;
    let (covers, scope) = (clear_policy::Covers::Family, clear_policy::Scope::Installation);
    let (_, preview) = clear_respond::order_preview(desk, "preview", &agency, covers, scope, None, "preview")?;
    Ok(format!("{} {}", preview.count, preview.digest))
}

impl Guide {
    fn text(&self, url: &str, dir: &Path) -> String {
        let dir_text = dir.display();
        let people: String = crate::client::personas(&dir.join("personas.json"))
            .unwrap_or_default()
            .iter()
            .filter(|persona| persona.get("password").is_some())
            .map(|persona| {
                let text = |name: &str| persona[name].as_str().unwrap_or_default();
                format!("  {:10} {:20} {:32} {}\n", text("persona"), text("account"), text("password"), text("name"))
            })
            .collect();
        let keys = keys_folder(dir);
        let keys = keys.display();
        let url_option = if url.ends_with(":8080") { String::new() } else { format!(" --url {url}") };
        let exe = std::env::current_exe().map(|path| path.display().to_string()).unwrap_or_else(|_| "openclear".into());
        format!(
            "\nOpenCLEAR is serving the invented city of Port Meridian.\n\n\
             Look at\n  {url}/            pages\n  {url}/register    who has access, who is cut off (needs no account)\n  \
             {url}/api/v1/docs the API\n  {url}/log         the log\n\n\
             Sign in as         account              password                         who\n{people}  \
             One-time code of each: {exe} code PERSONA --dir {dir_text}\n  API tokens: {dir_text}/personas.json\n\n\
             Try, in another terminal\n\n\
             1. An officer looks for a person, misspelt:\n  {exe} ask person --name '{name}' --purpose criminal_investigation --use-code C \\\n    \
             --case {case} --reason 'witness statement' --as {dir_text}/personas.json#officer{url_option}\n\n\
             2. A partner agency asks the same:\n  {exe} ask person --name '{name}' --purpose criminal_investigation --use-code C \\\n    \
             --case {case} --reason 'joint case' --as {dir_text}/personas.json#partner{url_option}\n\n\
             3. Cut one agency off, then ask 2 again (the same bytes, with --json) and as it (--as {dir_text}/personas.json#cut_off):\n  \
             {exe} register cut-off --agency {cut_off} --covers family --text 'By order of the City Council of Port Meridian.' \\\n    \
             --key {keys}/chief.key --key {keys}/counsel.key --confirm '{closure}' --as {dir_text}/personas.json#steward{url_option}\n\n\
             Ctrl-C ends it.\n",
            name = self.misspelt,
            case = self.case_number,
            closure = self.closure,
            cut_off = CUT_OFF,
        )
    }
}

/// The JSON of one persona.
pub(crate) fn persona(dir: &Path, name: &str) -> anyhow::Result<Value> {
    let personas = crate::client::personas(&dir.join("personas.json"))?;
    personas
        .into_iter()
        .find(|persona| persona["persona"] == name)
        .with_context(|| format!("there is no persona `{name}`"))
}
