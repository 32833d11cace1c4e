//! A cut-off with sessions and streaming answers open (bar P6): how long until it is acknowledged, and what leaves after.
//!
//! The server runs in this process, its clients in another one, so that the processor's time and the open files of the two
//! are counted apart. The gate's trace numbers every write that is handed to the kernel, and the acknowledgement.

#![expect(clippy::disallowed_methods, reason = "stores: measurements; flows: measurements")]

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use clear_record::AgencyId;
use clear_respond::{Credential, Desk, NewAccount, Noted};
use clear_testkit::story;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use super::{cpu_time, ms, peak_mib};
use crate::import::chicago_crimes_file;
use crate::open::Place;

/// What is measured, and with how much open.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// An empty folder.
    #[arg(long)]
    dir: PathBuf,
    /// Open sessions.
    #[arg(long, default_value_t = 10_000)]
    sessions: usize,
    /// Streaming answers.
    #[arg(long, default_value_t = 1_000)]
    streams: usize,
    /// Rows of each streaming answer.
    #[arg(long, default_value_t = 2_000)]
    rows: usize,
    /// A file of crimes.
    file: PathBuf,
}

/// One in so many sessions and streams is of the closure.
const CLOSURE_SHARE: usize = 10;
/// One in so many streams is begun and not read before the order is there.
const SLOW_SHARE: usize = 5;
const CLOSURE: [&str; 1] = ["cut_off"];
const OTHERS: [&str; 3] = ["officer", "partner", "sheriff"];

/// What the clients are told.
#[derive(Serialize, Deserialize)]
struct Task {
    address: SocketAddr,
    sessions: usize,
    streams: usize,
    rows: usize,
    people: BTreeMap<String, Person>,
}

#[derive(Clone, Serialize, Deserialize)]
struct Person {
    token: String,
    agency: AgencyId,
}

/// What the clients saw.
#[derive(Default, Serialize, Deserialize)]
struct Seen {
    /// Streams of others that came whole, byte for byte as without an order.
    same: usize,
    /// Streams of others that did not.
    different: usize,
    /// Streams of the closure that ended in a reset, with a beginning of what there is without an order.
    cut: usize,
    /// Streams of the closure that ended in another way.
    not_cut: usize,
    /// Idle sessions of the closure that were reset.
    sessions_reset: usize,
    /// Idle sessions of others that still answer.
    sessions_alive: usize,
    /// Idle sessions that are otherwise than they should be.
    sessions_wrong: usize,
    bytes: u64,
}

pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    let files = clear_web::raise_open_files();
    let people_wanted = OTHERS.iter().chain(&CLOSURE).chain(&["importer", "steward"]).copied();
    let (desk, people) = founded(&args.dir, people_wanted).await?;
    let importer = people.get("importer").context("an importer")?;
    let importer = desk.prove(Credential::Token(&importer.token)).await?;
    chicago_crimes_file(&desk, &importer, &args.file, &mut std::io::sink(), &mut |_| ()).await?;
    desk.gate().trace();
    let listener = clear_web::listen("127.0.0.1:0".parse()?).await?;
    let address = listener.local_addr()?;
    let config = clear_web::Config {
        connections_max: args.sessions + args.streams + 64,
        head_timeout: Duration::from_secs(3_600),
        ..clear_web::Config::default()
    };
    let served = tokio::spawn(clear_web::serve(desk.clone(), listener, config, std::future::pending()));

    let task =
        Task { address, sessions: args.sessions, streams: args.streams, rows: args.rows, people: people.clone() };
    let mut clients = tokio::process::Command::new(std::env::current_exe()?)
        .args(["bench", "gate-clients"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let mut to = clients.stdin.take().context("the clients' input")?;
    let mut from = BufReader::new(clients.stdout.take().context("the clients' output")?).lines();
    to.write_all(format!("{}\n", serde_json::to_string(&task)?).as_bytes()).await?;
    let began = (Instant::now(), cpu_time());
    if from.next_line().await?.as_deref() != Some("ready") {
        bail!("the clients did not come to be ready");
    }
    let open = desk.gate().connections();
    let ready = (began.0.elapsed(), cpu_time().saturating_sub(began.1), resident_mib());

    let (client_ms, said) = order(address, people.get("steward").context("a steward")?).await?;
    to.write_all(b"ordered\n").await?;
    let seen: Seen = serde_json::from_str(&from.next_line().await?.context("what the clients saw")?)?;
    let whole = (began.0.elapsed(), cpu_time().saturating_sub(began.1));
    let closure: BTreeSet<AgencyId> =
        CLOSURE.iter().filter_map(|who| people.get(*who)).map(|person| person.agency.clone()).collect();
    let traced = traced(&desk, &closure).context("the trace has no acknowledgement")?;

    println!("| what | measured |\n|---|---|");
    println!("| open connections at the order (open files allowed: {files}) | {open} |");
    println!("| of them reset, as the acknowledgement says | {} |", said["connections"]);
    println!("| acknowledged, from the request's head (server) | {} ms |", said["milliseconds"]);
    println!("| acknowledged, from sending to the answer (client) | {client_ms:.2} ms |");
    println!("| of that, shutting and resetting the closure's connections | {:.2} ms |", ms(traced.gate));
    println!("| bytes handed to the kernel for the closure, before | {} |", traced.closure_before);
    println!("| bytes handed to the kernel for the closure, after the acknowledgement | {} |", traced.closure_after);
    println!("| bytes handed to the kernel for others, after it | {} |", traced.others_after);
    println!(
        "| others' streams, byte for byte as without an order | {} of {} |",
        seen.same,
        seen.same + seen.different
    );
    println!("| the closure's streams that ended in a reset | {} of {} |", seen.cut, seen.cut + seen.not_cut);
    println!("| the closure's idle sessions that were reset | {} |", seen.sessions_reset);
    println!("| others' idle sessions that still answer | {} |", seen.sessions_alive);
    println!("| sessions that are otherwise than they should be | {} |", seen.sessions_wrong);
    println!(
        "| until all was open: wall, processor (server) | {:.1} s, {:.1} s |",
        ready.0.as_secs_f64(),
        ready.1.as_secs_f64()
    );
    println!(
        "| until all was read: wall, processor (server) | {:.1} s, {:.1} s |",
        whole.0.as_secs_f64(),
        whole.1.as_secs_f64()
    );
    println!("| sent by streams, as the clients read it | {:.1} MB |", seen.bytes as f64 / 1e6);
    println!("| memory of the server at the order; at most | {} MiB; {} MiB |", ready.2, peak_mib());
    served.abort();
    desk.close().await?;
    let wrong = seen.different + seen.not_cut + seen.sessions_wrong + traced.closure_after;
    if wrong > 0 {
        bail!("the gate did not hold");
    }
    Ok(())
}

async fn founded(
    dir: &Path,
    wanted: impl Iterator<Item = &'static str>,
) -> anyhow::Result<(Arc<Desk>, BTreeMap<String, Person>)> {
    if dir.join("ledger.db").exists() {
        bail!("{} is not empty", dir.display());
    }
    let desk = Place::folder(dir).open().await?;
    // With the story's fixed keys: the order is signed here.
    desk.found(&story::entries()).await?;
    let mut people = BTreeMap::new();
    for who in wanted {
        let persona = story::personas().into_iter().find(|persona| persona.persona == who).context("a persona")?;
        let (account, agency) = (persona.account.clone(), persona.agency.clone());
        let new = NewAccount {
            id: persona.account,
            name: persona.name,
            agency: persona.agency,
            roles: persona.roles.into_iter().collect(),
            password: None,
            now: desk.clock(),
        };
        desk.enrol(new).await?;
        let token = desk.issue_token(&account, "bench", desk.clock() + jiff::SignedDuration::from_hours(24)).await?;
        people.insert(who.to_owned(), Person { token, agency });
    }
    Ok((desk, people))
}

/// Drafts, signs and enters the order; gives the milliseconds from sending to the answer, and the acknowledgement.
async fn order(address: SocketAddr, steward: &Person) -> anyhow::Result<(f64, Value)> {
    let wish = json!({"number": "bench/1", "agency": "frs", "covers": "family", "text": "Access ends."});
    let preview = ask(address, steward, "/api/v1/register/cut-offs/preview", &wish).await?;
    let keys = story::fixed_keys(&story::register());
    let keys: Vec<&str> = keys.iter().take(2).map(|key| key.private.as_str()).collect();
    let text = preview["text"].as_str().with_context(|| preview.to_string())?;
    let note = json!({"note": clear_policy::sign(text, &keys)?});
    let began = Instant::now();
    let said = ask(address, steward, "/api/v1/register/cut-offs", &note).await?;
    let took = ms(began.elapsed());
    if said["connections"].is_null() {
        bail!("the order was not taken: {said}");
    }
    Ok((took, said))
}

/// What the trace says.
struct Traced {
    gate: Duration,
    closure_before: usize,
    closure_after: usize,
    others_after: usize,
}

fn traced(desk: &Desk, closure: &BTreeSet<AgencyId>) -> Option<Traced> {
    let notes = desk.gate().trace().notes();
    let bound: BTreeSet<u64> = notes
        .iter()
        .filter_map(|(_, noted)| match noted {
            Noted::Bound { connection, path, .. } if !path.is_disjoint(closure) => Some(*connection),
            _ => None,
        })
        .collect();
    let at = notes.iter().position(|(_, noted)| matches!(noted, Noted::Acknowledged { .. }))?;
    let first = notes.iter().find(|(_, noted)| matches!(noted, Noted::Reset { .. }))?.0;
    let (before, after) = notes.split_at(at);
    let bytes = |notes: &[(Instant, Noted)], of_closure: bool| -> usize {
        let wrote = notes.iter().map(|(_, noted)| match noted {
            Noted::Wrote { connection, bytes, bound: true } if bound.contains(connection) == of_closure => *bytes,
            _ => 0,
        });
        wrote.sum()
    };
    Some(Traced {
        gate: after.first()?.0 - first,
        closure_before: bytes(before, true),
        closure_after: bytes(after, true),
        others_after: bytes(after, false),
    })
}

/// The clients' process: opens what the task says, says `ready`, waits for `ordered`, and says what it saw.
pub(crate) async fn clients() -> anyhow::Result<()> {
    clear_web::raise_open_files();
    let task: Task = serde_json::from_str(&said().await?)?;
    let task = Arc::new(task);
    // What everybody gets while there is no order.
    let mut whole: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for who in OTHERS.iter().chain(&CLOSURE) {
        let mut stream = begin(&task, who, false).await?;
        let mut body = Vec::new();
        stream.read_to_end(&mut body).await?;
        whole.insert((*who).to_owned(), body);
    }
    let whole = Arc::new(whole);
    let turns = Arc::new(Semaphore::new(64));
    let mut opening = JoinSet::new();
    for at in 0..task.sessions {
        let (task, turns) = (task.clone(), turns.clone());
        opening.spawn(async move {
            let _turn = turns.acquire().await?;
            let who = who(at);
            let mut stream = TcpStream::connect(task.address).await?;
            idle(&task, who, &mut stream).await?;
            anyhow::Ok((who, stream))
        });
    }
    let mut sessions = Vec::new();
    while let Some(session) = opening.join_next().await {
        sessions.push(session??);
    }
    let (ordered, wait) = watch::channel(false);
    let begun = Arc::new(Semaphore::new(0));
    let mut reading = JoinSet::new();
    for at in 0..task.streams {
        let (task, whole, begun, mut wait) = (task.clone(), whole.clone(), begun.clone(), wait.clone());
        reading.spawn(async move {
            let (who, slow) = (who(at), at % SLOW_SHARE == 0);
            let mut stream = begin(&task, who, slow).await?;
            begun.add_permits(1);
            if slow {
                wait.wait_for(|ordered| *ordered).await?;
            }
            let expected = whole.get(who).context("what it should be")?;
            let (mut at, mut same, mut part) = (0, true, vec![0; 64 * 1024]);
            let end = loop {
                match stream.read(&mut part).await {
                    Ok(0) => break Ok(()),
                    Ok(count) => {
                        same &= expected.get(at..at + count) == part.get(..count);
                        at += count;
                    }
                    Err(error) => break Err(error.kind()),
                }
            };
            anyhow::Ok((who, end, same, at == expected.len(), at))
        });
    }
    let _all = begun.acquire_many(u32::try_from(task.streams)?).await?;
    println!("ready");
    if said().await? != "ordered" {
        bail!("there was no order");
    }
    ordered.send(true)?;
    let mut seen = Seen::default();
    while let Some(read) = reading.join_next().await {
        let (who, end, same, all, bytes) = read??;
        seen.bytes += bytes as u64;
        let count = match (CLOSURE.contains(&who), end) {
            (true, Err(std::io::ErrorKind::ConnectionReset)) if same && !all => &mut seen.cut,
            (true, _) => &mut seen.not_cut,
            (false, Ok(())) if same && all => &mut seen.same,
            (false, _) => &mut seen.different,
        };
        *count += 1;
    }
    for (who, mut stream) in sessions {
        let count = match CLOSURE.contains(&who) {
            true => match stream.read(&mut [0]).await {
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => &mut seen.sessions_reset,
                _ => &mut seen.sessions_wrong,
            },
            false => match idle(&task, who, &mut stream).await {
                Ok(()) => &mut seen.sessions_alive,
                Err(_) => &mut seen.sessions_wrong,
            },
        };
        *count += 1;
    }
    println!("{}", serde_json::to_string(&seen)?);
    Ok(())
}

/// The next line from the measuring process.
async fn said() -> anyhow::Result<String> {
    let line = tokio::task::spawn_blocking(|| std::io::stdin().lines().next());
    Ok(line.await?.context("nothing more is said")??)
}

/// Whose the session or stream of that number is.
fn who(at: usize) -> &'static str {
    if at % CLOSURE_SHARE == 1 { CLOSURE[0] } else { OTHERS.get(at % OTHERS.len()).copied().unwrap_or(OTHERS[0]) }
}

fn inquiry(person: &Person) -> Value {
    json!({"purpose": "criminal_investigation", "use_code": "C", "case": "HX000000", "reason": "measurement", "on_behalf_of": [person.agency]})
}

/// A streaming answer, read up to the end of its head. A slow reader's kernel takes little.
async fn begin(task: &Task, who: &str, slow: bool) -> anyhow::Result<TcpStream> {
    let person = task.people.get(who).context("a person")?;
    let socket = TcpSocket::new_v4()?;
    if slow {
        socket.set_recv_buffer_size(16 * 1024)?;
    }
    let mut stream = socket.connect(task.address).await?;
    let question = json!({"inquiry": inquiry(person), "question": {"from": "2001-01-01", "limit": task.rows}});
    send(&mut stream, person, "/api/v1/rows", &question, "connection: close\r\n").await?;
    let status = head(&mut stream).await?.0;
    if status != 200 {
        bail!("a stream for {who} was answered {status}");
    }
    Ok(stream)
}

/// A question on a session that stays open.
async fn idle(task: &Task, who: &str, stream: &mut TcpStream) -> anyhow::Result<()> {
    let person = task.people.get(who).context("a person")?;
    let question = json!({"inquiry": inquiry(person), "question": {"case_number": "ZZ000000"}});
    send(stream, person, "/api/v1/find", &question, "").await?;
    let (status, length) = head(stream).await?;
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    if status != 200 {
        bail!("a question of {who} was answered {status}");
    }
    Ok(())
}

/// One question on a connection of its own.
async fn ask(address: SocketAddr, person: &Person, path: &str, body: &Value) -> anyhow::Result<Value> {
    let mut stream = TcpStream::connect(address).await?;
    send(&mut stream, person, path, body, "").await?;
    let (_, length) = head(&mut stream).await?;
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    Ok(serde_json::from_slice(&body)?)
}

async fn send(stream: &mut TcpStream, person: &Person, path: &str, body: &Value, more: &str) -> anyhow::Result<()> {
    let body = serde_json::to_vec(body)?;
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\n{more}content-length: {}\r\n\r\n",
        person.token,
        body.len()
    );
    Ok(stream.write_all(&[head.into_bytes(), body].concat()).await?)
}

/// Reads a head and nothing behind it; gives the status and the body's length.
async fn head(stream: &mut TcpStream) -> anyhow::Result<(u16, usize)> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let head = String::from_utf8(head)?.to_ascii_lowercase();
    let status = head.split(' ').nth(1).context("a status")?.parse()?;
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    Ok((status, length.map_or(Ok(0), str::parse)?))
}

/// Memory of this process now (proc(5)).
fn resident_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap_or(0) / 1024
}
