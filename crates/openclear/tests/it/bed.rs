//! What the tests stand on: a founded folder with accounts and a small city, the server process, and how it is asked.

use std::collections::HashMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use clear_audit::{Event, Log, Opened};
use clear_identity::Credential;
use clear_ingest::{Row, chicago_crimes};
use clear_policy::KeyPair;
use clear_record::{Draft, IncidentId, Inquiry, Origin, Record, RecordId};
use clear_respond::{Desk, Filing, NewAccount, Parts};
use clear_rules::CedarRules;
use clear_store::Store;
use clear_testkit::{city, story};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tempfile::TempDir;

/// The password of every account of the bed.
pub(crate) const PASSWORD: &str = "a harbour, eleven gulls and no wind";
/// The city that the bed's people are made with.
const SEED: u64 = 1042;
/// How many incidents of the sample the bed has.
const INCIDENTS: usize = 150;

/// The askers of every table, in its order. `anonymous` has no account.
pub(crate) const ASKERS: [&str; 9] =
    ["anonymous", "stranger", "partner", "cut_off", "sister", "officer", "clerk", "steward", "oversight"];

/// The sample of the public extract.
pub(crate) fn sample() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/sample/chicago-crimes-2018-10-01-to-2018-11-11.csv.zst")
}

/// A founded installation in a folder of its own.
pub(crate) struct Bed {
    folder: TempDir,
    pub(crate) dir: PathBuf,
    pub(crate) postgres: Option<String>,
    people: HashMap<&'static str, Person>,
    pub(crate) cast: Option<city::Cast>,
    /// Everything that was filed at the beginning, by id.
    pub(crate) filed: HashMap<RecordId, Record>,
}

/// Somebody with an account.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) account: String,
    pub(crate) agency: String,
    pub(crate) token: String,
    /// A token that has ended.
    pub(crate) old_token: String,
    /// The second factor; programs have none.
    pub(crate) factor: Option<String>,
}

impl Bed {
    /// The whole of it: the story's register, an account with a password for each persona, people around 150 incidents.
    pub(crate) fn city() -> Bed {
        Bed::found(None, true)
    }

    /// The register, and accounts without passwords; no record.
    pub(crate) fn bare() -> Bed {
        Bed::found(None, false)
    }

    /// The same, with the ledger in PostgreSQL.
    pub(crate) fn bare_on(postgres: &str) -> Bed {
        Bed::found(Some(postgres.to_owned()), false)
    }

    /// The whole of it, with the ledger in PostgreSQL.
    pub(crate) fn city_on(postgres: &str) -> Bed {
        Bed::found(Some(postgres.to_owned()), true)
    }

    /// Whether the founding filed it.
    pub(crate) fn was_there(&self, id: RecordId) -> bool {
        self.filed.contains_key(&id)
    }

    fn found(postgres: Option<String>, whole: bool) -> Bed {
        let folder = TempDir::new().unwrap();
        let dir = folder.path().join("data");
        let mut bed = Bed { folder, dir, postgres, people: HashMap::new(), cast: None, filed: HashMap::new() };
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            // Founded ten days ago, so that a token can have ended since, and a notice can have run.
            let (desk, store) = bed.open_at(Arc::new(|| Timestamp::now() - SignedDuration::from_hours(240))).await;
            desk.found(&story::entries()).await.unwrap();
            for persona in story::personas() {
                let password = (whole && !persona.service).then(|| PASSWORD.to_owned());
                let roles = persona.roles.iter().copied().collect();
                let account = NewAccount {
                    id: persona.account.clone(),
                    name: persona.name.clone(),
                    agency: persona.agency.clone(),
                    roles,
                    password,
                    now: desk.clock(),
                };
                let enrolled = desk.enrol(account).await.unwrap();
                let token = async |last: SignedDuration| {
                    desk.issue_token(&persona.account, "test", desk.clock() + last).await.unwrap()
                };
                let person = Person {
                    account: persona.account.to_string(),
                    agency: persona.agency.to_string(),
                    token: token(SignedDuration::from_hours(24 * 30)).await,
                    old_token: token(SignedDuration::from_hours(1)).await,
                    factor: enrolled.second_factor.map(|factor| factor.secret_base32.reveal().to_owned()),
                };
                bed.people.insert(persona.persona.leak(), person);
            }
            if whole {
                bed.fill(&desk).await;
            }
            desk.close().await.unwrap();
            drop(desk);
            store.close().await;
        });
        bed
    }

    async fn fill(&mut self, desk: &Arc<Desk>) {
        let importer = self.person("importer").token.clone();
        let asker = desk.prove(Credential::Token(&importer)).await.unwrap();
        let (owner, author) = (asker.agency.clone().unwrap(), asker.account.clone().unwrap());
        let options = clear_ingest::Options {
            owner: owner.clone(),
            author: author.clone(),
            time_zone: desk.time_zone(),
            now: desk.clock(),
        };
        let rows = chicago_crimes::open(sample(), options).unwrap().take(INCIDENTS);
        let drafts: Vec<Draft> = rows
            .filter_map(|row| match row.unwrap() {
                Row::Draft(draft) => Some(draft),
                Row::Rejection(_) => None,
            })
            .collect();
        let incidents: Vec<_> = drafts
            .iter()
            .filter_map(|draft| match &draft.record {
                Record::Incident(incident) => Some((IncidentId::try_from(draft.id).unwrap(), incident.clone())),
                _ => None,
            })
            .collect();
        let plan = city::Plan { owner, author, administrative: "frs".parse().unwrap(), time_zone: desk.time_zone() };
        let city = city::generate(SEED, &incidents, &plan).unwrap();
        for batch in [drafts, city.drafts] {
            self.filed.extend(batch.iter().map(|draft| (draft.id, draft.record.clone())));
            let request = desk.request(&asker, Inquiry::default(), Origin::default(), None, Filing::Records(batch));
            clear_respond::accept(desk, request).await.unwrap();
        }
        self.cast = Some(city.cast);
    }

    /// Opens the installation in this process; nobody else may have it.
    pub(crate) async fn open(&self) -> (Arc<Desk>, Store) {
        self.open_at(Arc::new(Timestamp::now)).await
    }

    pub(crate) async fn open_at(&self, clock: clear_respond::Clock) -> (Arc<Desk>, Store) {
        let store = match &self.postgres {
            None => Store::folder(&self.dir).await.unwrap(),
            Some(url) => Store::postgres(url, &self.dir.join("keys")).await.unwrap(),
        };
        let (log, recovered) = self.log();
        let parts =
            Parts { store: store.clone(), log, recovered, rules: Arc::new(CedarRules::embedded().unwrap()), clock };
        (Arc::new(Desk::open(parts).await.unwrap()), store)
    }

    /// Opens the log alone.
    pub(crate) fn log(&self) -> (Log, clear_audit::Recovered) {
        let options = clear_audit::Options {
            folder: self.dir.clone(),
            keys: self.dir.join("keys"),
            origin: "port-meridian/node-1".into(),
            checkpoint_every: Duration::from_millis(50),
            ..clear_audit::Options::default()
        };
        Log::open(options).unwrap()
    }

    /// Every event of the log with its place; nobody else may have it open.
    pub(crate) fn events(&self) -> Vec<(u64, Event)> {
        let (log, recovered) = self.log();
        let openings = log.openings(0..recovered.size).unwrap();
        openings
            .map(|opened| opened.unwrap())
            .filter_map(|(index, opened)| match opened {
                Opened::Event(event) => Some((index, event)),
                _ => None,
            })
            .collect()
    }

    pub(crate) fn person(&self, persona: &str) -> &Person {
        self.people.get(persona).unwrap_or_else(|| panic!("nobody plays `{persona}`"))
    }

    pub(crate) fn cast(&self) -> &city::Cast {
        self.cast.as_ref().unwrap()
    }

    /// A place for files beside the data folder.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The arguments that name the installation.
    pub(crate) fn place(&self) -> Vec<String> {
        let mut args = vec!["--dir".to_owned(), self.dir.display().to_string()];
        if let Some(url) = &self.postgres {
            args.extend(["--postgres".to_owned(), url.clone()]);
        }
        args
    }

    /// Serves the installation by the real binary, on a port that is free. Everybody sees the log as it grows.
    pub(crate) fn serve(&self) -> Server {
        self.serve_at_pace("0s", 1)
    }

    /// The same, with a public checkpoint that moves on at its times only.
    pub(crate) fn serve_at_pace(&self, every: &str, bucket: u64) -> Server {
        let said = self.beside("said");
        let pace = ["--port", "0", "--public-every", every, "--public-bucket", &bucket.to_string()].map(str::to_owned);
        let args = [vec!["serve".to_owned()], self.place(), pace.to_vec()].concat();
        Server::start(&args, &said).unwrap_or_else(|said| panic!("no server: {said}"))
    }

    /// What an asker states as its inquiry.
    pub(crate) fn inquiry(&self, who: &str) -> Value {
        let purpose = if who == "oversight" { "oversight" } else { "criminal_investigation" };
        let case = self.cast.as_ref().map_or("JB100001", |cast| &cast.case_number);
        let agency = self.people.get(who).map_or("pmpd", |person| &person.agency);
        json!({"purpose": purpose, "use_code": "C", "case": case, "reason": "stop E-1042", "on_behalf_of": [agency]})
    }

    /// Drafts an order as the steward and signs it with two founders' keys.
    pub(crate) fn signed_order(&self, server: &Server, agency: &str, covers: &str, number: &str) -> String {
        let draft = json!({"agency": agency, "number": number, "covers": covers, "text": "By order of the City Council, access ends."});
        let preview = server.ask(&self.as_who("steward", Ask::post("/api/v1/register/cut-offs/preview", &draft)));
        assert_eq!(preview.status, 200, "{}", preview.text());
        let keys: Vec<KeyPair> = story::fixed_keys(&story::register());
        clear_policy::sign(preview.json()["text"].as_str().unwrap(), &[&keys[0].private, &keys[1].private]).unwrap()
    }

    /// Cuts off the story's agency and its family.
    pub(crate) fn cut_off_frs(&self, server: &Server) {
        let note = self.signed_order(server, "frs", "family", "2026-1");
        let said = server.ask(&self.as_who("steward", Ask::post("/api/v1/register/cut-offs", &json!({"note": note}))));
        assert_eq!(said.status, 201, "{}", said.text());
    }

    /// The same question, asked by that persona's token.
    pub(crate) fn as_who(&self, who: &str, ask: Ask) -> Ask {
        match who {
            "anonymous" => ask,
            who => ask.with("authorization", &format!("Bearer {}", self.person(who).token)),
        }
    }

    /// Files an incident of the sample's time that has a place, as the officer.
    pub(crate) fn file_placed(&self, server: &Server, case_number: &str, primary: &str) {
        let incident = json!({
            "case_number": case_number, "occurred_from": "2018-10-20T12:00:00",
            "offences": [{"iucr": "1010", "primary_type": primary, "fbi_code": "09"}],
            "block": "031XX W CHICAGO AVE", "beat": "1122", "district": "011", "latitude": 41.8957, "longitude": -87.7055,
        });
        let ask = Ask::post("/api/v1/records/incident", &incident).under(&self.inquiry("officer"));
        let said = server.ask(&self.as_who("officer", ask));
        assert_eq!(said.status, 201, "{}", said.text());
    }

    /// A search under the asker's own inquiry.
    pub(crate) fn find(&self, who: &str, question: &Value) -> Ask {
        self.as_who(who, Ask::post("/api/v1/find", &json!({"inquiry": self.inquiry(who), "question": question})))
    }

    /// A record, opened under the asker's own inquiry.
    pub(crate) fn open_record(&self, who: &str, id: impl std::fmt::Display) -> Ask {
        self.as_who(who, Ask::get(&format!("/api/v1/records/{id}")).under(&self.inquiry(who)))
    }

    /// A session of that persona, by password and code. Each account's code works once, so `turn` (0, 1 or 2) takes
    /// the one of the step before, of this step, or of the next; all three are right at any moment.
    pub(crate) fn code(&self, who: &str, turn: i64) -> String {
        let factor = self.person(who).factor.as_deref().unwrap();
        let at = Timestamp::now() + SignedDuration::from_secs(30 * (turn - 1));
        clear_identity::one_time_code(factor, at).unwrap().reveal().to_owned()
    }
}

/// A request.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) method: &'static str,
    pub(crate) path: String,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
}

impl Ask {
    pub(crate) fn get(path: &str) -> Ask {
        Ask { method: "GET", path: path.to_owned(), headers: vec![], body: None }
    }

    pub(crate) fn post(path: &str, json: &Value) -> Ask {
        Ask::post_bytes(path, "application/json", serde_json::to_vec(json).unwrap())
    }

    pub(crate) fn post_bytes(path: &str, content_type: &str, body: Vec<u8>) -> Ask {
        Ask { method: "POST", path: path.to_owned(), headers: vec![], body: Some(body) }
            .with("content-type", content_type)
    }

    pub(crate) fn form(path: &str, fields: &[(&str, &str)]) -> Ask {
        let pairs: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={}", percent(value))).collect();
        Ask::post_bytes(path, "application/x-www-form-urlencoded", pairs.join("&").into_bytes())
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Ask {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The inquiry in headers.
    pub(crate) fn under(mut self, inquiry: &Value) -> Ask {
        for (part, header) in [
            ("purpose", "x-inquiry-purpose"),
            ("use_code", "x-inquiry-use-code"),
            ("case", "x-inquiry-case"),
            ("reason", "x-inquiry-reason"),
        ] {
            if let Some(value) = inquiry[part].as_str() {
                self = self.with(header, value);
            }
        }
        let agencies: Vec<&str> =
            inquiry["on_behalf_of"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        if agencies.is_empty() { self } else { self.with("x-inquiry-on-behalf-of", &agencies.join(",")) }
    }

    /// The request's bytes on the wire, for clients that behave badly.
    pub(crate) fn wire(&self) -> Vec<u8> {
        let body = self.body.clone().unwrap_or_default();
        let headers: String = self.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let head = format!(
            "{} {} HTTP/1.1\r\nhost: localhost\r\n{headers}content-length: {}\r\n\r\n",
            self.method,
            self.path,
            body.len()
        );
        [head.into_bytes(), body].concat()
    }
}

/// Percent-encoding for a query or a form.
pub(crate) fn percent(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(byte).collect()
}

/// An answer.
#[derive(Clone)]
pub(crate) struct Said {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Said {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{} is no JSON: {error}: {}", self.status, self.text()))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The request's number, as in the log.
    pub(crate) fn number(&self) -> Option<&str> {
        self.header("x-clear-request")
    }

    pub(crate) fn is_page(&self) -> bool {
        self.header("content-type").is_some_and(|value| value.starts_with("text/html"))
    }

    /// The `code` of a refusal.
    pub(crate) fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }
}

/// Asks, on a connection of its own: one connection carries one standing.
pub(crate) fn ask(url: &str, ask: &Ask) -> Result<Said, ureq::Error> {
    let config =
        ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0).max_redirects_will_error(false);
    let agent: ureq::Agent =
        config.max_idle_connections(0).timeout_global(Some(Duration::from_secs(60))).build().into();
    let mut request = ureq::http::Request::builder().method(ask.method).uri(format!("{url}{}", ask.path));
    for (name, value) in &ask.headers {
        request = request.header(name, value);
    }
    let mut response = match &ask.body {
        Some(body) => agent.run(request.body(body.as_slice()).unwrap())?,
        None => agent.run(request.body(()).unwrap())?,
    };
    let headers = response
        .headers()
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
    let headers = headers.collect();
    let status = response.status().as_u16();
    Ok(Said { status, headers, body: response.body_mut().with_config().limit(64 << 20).read_to_vec()? })
}

/// A server process. Killed when dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) url: String,
    said: PathBuf,
    /// From the start of the process until it listened.
    pub(crate) took: Duration,
}

static LINES: AtomicUsize = AtomicUsize::new(0);

impl Server {
    /// Starts the binary and waits until it says where it listens; otherwise what it said instead.
    pub(crate) fn start(args: &[String], said: &Path) -> Result<Server, String> {
        Server::start_under(args, said, &[])
    }

    /// The same, with variables of the environment set.
    pub(crate) fn start_under(args: &[String], said: &Path, set: &[(&str, &str)]) -> Result<Server, String> {
        let began = Instant::now();
        let mut child = spawn_under(args, said, set);
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        loop {
            match lines.next() {
                Some(Ok(line)) => {
                    if let Some((_, rest)) = line.split_once("http://127.0.0.1:") {
                        let port: String = rest.chars().take_while(char::is_ascii_digit).collect();
                        // What else it says is read, so that it never waits for a reader.
                        std::thread::spawn(move || LINES.fetch_add(lines.count(), Ordering::Relaxed));
                        return Ok(Server {
                            child,
                            url: format!("http://127.0.0.1:{port}"),
                            said: said.to_owned(),
                            took: began.elapsed(),
                        });
                    }
                }
                _ => {
                    let status = child.wait().unwrap();
                    return Err(format!("{status}: {}", fs::read_to_string(said).unwrap_or_default()));
                }
            }
        }
    }

    pub(crate) fn ask(&self, what: &Ask) -> Said {
        ask(&self.url, what).unwrap_or_else(|error| {
            panic!("{} {}: {error}; the server said: {}", what.method, what.path, self.stderr())
        })
    }

    /// What it has said on standard error so far.
    pub(crate) fn stderr(&self) -> String {
        fs::read_to_string(&self.said).unwrap_or_default()
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// SIGKILL: nothing is tidied up.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Ctrl-C, and waits for the end.
    pub(crate) fn stop(mut self) -> (ExitStatus, String) {
        signal(self.child.id(), "INT");
        let status = self.child.wait().unwrap();
        (status, self.stderr())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The process, with its standard output in our hands and its messages in a file.
pub(crate) fn spawn(args: &[String], said: &Path) -> Child {
    spawn_under(args, said, &[])
}

fn spawn_under(args: &[String], said: &Path, set: &[(&str, &str)]) -> Child {
    let stderr = fs::File::create(said).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_openclear"));
    command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(stderr);
    quiet(&mut command).envs(set.iter().copied()).spawn().unwrap()
}

/// Runs a command of the binary to its end.
pub(crate) fn run(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_openclear"));
    quiet(command.args(args).stdin(Stdio::null())).output().unwrap()
}

/// Settings of whoever runs the tests do not reach the binary.
fn quiet(command: &mut Command) -> &mut Command {
    for name in ["OPENCLEAR_POSTGRES", "OPENCLEAR_URL", "OPENCLEAR_TOKEN", "OPENCLEAR_LOG", "OPENCLEAR_PASSWORD"] {
        command.env_remove(name);
    }
    command
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub(crate) fn signal(process: u32, name: &str) {
    let sent = Command::new("kill").args([format!("-{name}"), process.to_string()]).status().unwrap();
    assert!(sent.success(), "cannot send {name} to {process}");
}

/// Waits until something holds; says what did not when it never does.
pub(crate) fn until(what: &str, within: Duration, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + within;
    while !holds() {
        assert!(Instant::now() < end, "not within {within:?}: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The ids of records that a text names.
pub(crate) fn ids_in(text: &str) -> Vec<RecordId> {
    text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
        .filter_map(|word| word.parse().ok())
        .collect()
}
