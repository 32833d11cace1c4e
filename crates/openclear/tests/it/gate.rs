//! The gate under load (S12): sessions, streaming answers and readers that do not read, and an order in the middle.
//!
//! Over HTTP/1.1 and HTTP/2, in the clear and with TLS, on a server in this process whose gate keeps a trace. The clients
//! are written out: their kernels take little, and they read when the test says so.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead as _, Write as _};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clear_audit::What;
use clear_identity::Credential;
use clear_ingest::{Row, chicago_crimes};
use clear_policy::KeyPair;
use clear_record::{AgencyId, Draft, Inquiry, Origin};
use clear_respond::{Desk, Filing, Noted};
use clear_store::Store;
use clear_testkit::story;
use clear_web::{Config, Tls};
use h2::client::SendRequest;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpSocket;
use tokio::sync::{oneshot, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::bed::{Bed, sample};

/// How many sessions are open, and how many answers stream; of those one in four is for the closure, one in four of the
/// others is read without a pause. The long run has `OPENCLEAR_SESSIONS` sessions, and a tenth as many streams.
fn size() -> (usize, usize) {
    let sessions = std::env::var("OPENCLEAR_SESSIONS").map_or(300, |text| text.parse().unwrap());
    (sessions, (sessions / 40 * 4).max(40))
}

const ROWS: usize = 1_000;
const CLOSURE: [&str; 2] = ["cut_off", "sister"];
const OTHERS: [&str; 3] = ["officer", "partner", "sheriff"];
/// What a client's kernel may take of an answer before its reader does.
const RECEIVE_BYTES: u32 = 16 * 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Http {
    One,
    Two,
}

#[test]
fn s12_gr02_gr04_an_order_among_streams_over_http_1() {
    run(Http::One, false);
}

#[test]
fn s12_gr02_gr04_an_order_among_streams_over_http_1_with_tls() {
    run(Http::One, true);
}

#[test]
fn s12_gr02_gr04_an_order_among_streams_over_http_2() {
    run(Http::Two, false);
}

#[test]
fn s12_gr02_gr04_an_order_among_streams_over_http_2_with_tls() {
    run(Http::Two, true);
}

/// What the process that holds the sessions is told in its environment, and says and reads on its streams.
const HELD: &str = "OPENCLEAR_GATE_HELD";
const OPEN: &str = "gate: all are open";
const SEEN: &str = "gate: all saw it";

fn run(http: Http, tls: bool) {
    if let Ok(told) = std::env::var(HELD) {
        return tokio::runtime::Runtime::new().unwrap().block_on(hold(&serde_json::from_str(&told).unwrap()));
    }
    tokio::runtime::Runtime::new().unwrap().block_on(order_among_streams(http, tls));
}

async fn order_among_streams(http: Http, tls: bool) {
    let (sessions_open, streams_begun) = size();
    // Here are the server's end of everything, and the streams' other end.
    assert!(
        clear_web::raise_open_files() > (sessions_open + 2 * streams_begun) as u64 + 100,
        "too few files may be open"
    );
    let city = City::open(http, tls).await;
    // What everybody gets when no order comes.
    let mut whole: BTreeMap<&str, Vec<u8>> = BTreeMap::new();
    for who in OTHERS.into_iter().chain(["cut_off"]) {
        let mut session = city.session().await;
        let mut answer = session.rows(&city.door, who).await.unwrap();
        assert_eq!(answer.status, 200, "{who}");
        let body = answer.rest().await.unwrap();
        assert!(body.len() > 600_000, "{who} has {} bytes: not long enough to be cut", body.len());
        assert_eq!(body.iter().filter(|byte| **byte == b'\n').count(), ROWS, "{who}");
        whole.insert(who, body);
    }
    let whole = Arc::new(whole);

    // Sessions that have asked something and stay open, in a process of their own: one process may not open the files of
    // both ends of ten thousand.
    let mut sessions = Sessions::open(&city, sessions_open);
    // Ten thousand at once are a crowd at the door, which is another test's.
    let door = Arc::new(tokio::sync::Semaphore::new(CROWD));
    // Somebody has connected and said nothing yet.
    let mut silent = city.session().await;

    // Answers that have begun; nobody reads on until the order is there, but for every fourth of the others.
    let (ordered, wait) = watch::channel(false);
    let mut reading = JoinSet::new();
    let running = Arc::new(tokio::sync::Semaphore::new(0));
    for at in 0..streams_begun {
        let (city, whole, mut wait, running) = (city.clone(), whole.clone(), wait.clone(), running.clone());
        let door = door.clone();
        let who = if at % 4 == 0 { "cut_off" } else { OTHERS[at % 3] };
        let pauses = at % 4 != 3;
        reading.spawn(async move {
            let through = door.acquire_owned().await.unwrap();
            let mut session = city.session().await;
            let mut answer = session.rows(&city.door, who).await.unwrap();
            assert_eq!(answer.status, 200, "{who}");
            drop(through);
            let mut body = answer.more().await.unwrap().expect("a first part");
            running.add_permits(1);
            if pauses {
                wait.wait_for(|ordered| *ordered).await.unwrap();
            }
            let end = loop {
                match answer.more().await {
                    Ok(Some(more)) => body.extend(more),
                    Ok(None) => break Ok(()),
                    Err(error) => break Err(error.kind()),
                }
            };
            let same = if end.is_ok() { body == whole[who] } else { whole[who].starts_with(&body) };
            (who, end, same, body.len())
        });
    }
    let _ = running.acquire_many(u32::try_from(streams_begun).unwrap()).await.unwrap();

    let closed = city.cut_off_frs().await;
    ordered.send(true).unwrap();

    let streams = reading.join_all().await;
    let of_closure = |who: &&str| CLOSURE.contains(who);
    let bound = sessions_open * 2 / 5 + streams_begun / 4;
    assert_eq!(closed["connections"], bound, "every connection of the closure was reset, and no other: {closed}");
    for (who, end, same, bytes) in &streams {
        match of_closure(who) {
            true => assert_eq!(*end, Err(io::ErrorKind::ConnectionReset), "{who} got {bytes} bytes"),
            false => assert_eq!(*end, Ok(()), "{who} got {bytes} bytes"),
        }
        assert!(same, "{who}: {bytes} bytes differ from those without an order");
    }
    assert_eq!(streams.iter().filter(|(who, ..)| of_closure(who)).count(), streams_begun / 4);

    // Sessions: those of the closure are gone, and a new connection with the same credential gets the order.
    sessions.see_the_order();
    for who in CLOSURE {
        let mut again = city.session().await;
        for session in [&mut again, &mut silent] {
            let mut answer = session.rows(&city.door, who).await.unwrap();
            let body: Value = serde_json::from_slice(&answer.rest().await.unwrap()).unwrap();
            assert_eq!((answer.status, &body["order"]["number"]), (403, &json!("2026-1")), "{who}: {body}");
        }
    }

    trace_shows_no_byte_after(&city);
    log_has_one_end_for_each(city).await;
}

/// How many clients come at once.
const CROWD: usize = 64;

/// Who has a session, by its number.
fn holder(at: usize) -> &'static str {
    CLOSURE.into_iter().chain(OTHERS).nth(at % 5).unwrap()
}

/// Holds sessions open that have asked something, until the order has come; then sees who still has an answer.
async fn hold(told: &Value) {
    let (door, sessions) = (Arc::new(Door::from(&told["door"])), told["sessions"].as_u64().unwrap() as usize);
    let say = |word: &str| {
        let mut out = io::stdout().lock();
        writeln!(out, "\n{word}").and_then(|()| out.flush()).unwrap();
    };
    let ask = async |door: &Door, session: &mut Session, who: &str| {
        let question = json!({"inquiry": door.inquiry(who), "question": {"case_number": "ZZ000000"}});
        session.ask(door, who, "/api/v1/find", &question).await.unwrap().finish().await.unwrap()
    };
    let crowd = Arc::new(tokio::sync::Semaphore::new(CROWD));
    let mut opening = JoinSet::new();
    for who in (0..sessions).map(holder) {
        let (door, crowd) = (door.clone(), crowd.clone());
        opening.spawn(async move {
            let _through = crowd.acquire().await.unwrap();
            let mut session = door.session().await;
            let status = ask(&door, &mut session, who).await;
            assert!(status == 200 || who == "sister", "{who}: {status}");
            (who, session)
        });
    }
    let mut held: Vec<(&str, Session)> = opening.join_all().await;
    say(OPEN);
    tokio::task::spawn_blocking(|| io::stdin().read_line(&mut String::new()).unwrap()).await.unwrap();
    for (who, session) in &mut held {
        match CLOSURE.contains(who) {
            true => assert_eq!(session.end().await, io::ErrorKind::ConnectionReset, "{who}"),
            false => assert_eq!(ask(&door, session, who).await, 200, "{who}"),
        }
    }
    say(SEEN);
}

/// The process that holds the sessions.
struct Sessions {
    child: std::process::Child,
    said: io::Lines<io::BufReader<std::process::ChildStdout>>,
}

impl Sessions {
    /// Starts it; returns when all are open.
    fn open(city: &City, sessions: usize) -> Sessions {
        let told = json!({"sessions": sessions, "door": city.door.told(city.certificate.as_deref())});
        let (http, tls) = (city.door.http, city.door.tls.is_some());
        let name = match (http, tls) {
            (Http::One, false) => "gate::s12_gr02_gr04_an_order_among_streams_over_http_1",
            (Http::One, true) => "gate::s12_gr02_gr04_an_order_among_streams_over_http_1_with_tls",
            (Http::Two, false) => "gate::s12_gr02_gr04_an_order_among_streams_over_http_2",
            (Http::Two, true) => "gate::s12_gr02_gr04_an_order_among_streams_over_http_2_with_tls",
        };
        let mut child = std::process::Command::new(std::env::current_exe().unwrap())
            .args([name, "--exact", "--nocapture"])
            .env(HELD, told.to_string())
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let said = io::BufReader::new(child.stdout.take().unwrap()).lines();
        let mut sessions = Sessions { child, said };
        sessions.wait_for(OPEN);
        sessions
    }

    /// Says that the order has come; returns when every session has seen what it should.
    fn see_the_order(&mut self) {
        self.child.stdin.take().unwrap().write_all(b"ordered\n").unwrap();
        self.wait_for(SEEN);
        assert!(self.child.wait().unwrap().success());
    }

    fn wait_for(&mut self, word: &str) {
        let said = self.said.by_ref().map(Result::unwrap).any(|line| line == word);
        assert!(said, "the sessions' process ended before it said `{word}`");
    }
}

/// No write for the closure has a number above the acknowledgement's.
fn trace_shows_no_byte_after(city: &City) {
    let closure: BTreeSet<AgencyId> = CLOSURE.iter().map(|who| city.bed.person(who).agency.parse().unwrap()).collect();
    let notes: Vec<Noted> = city.desk.gate().trace().notes().into_iter().map(|(_, noted)| noted).collect();
    let bound: BTreeSet<u64> = notes
        .iter()
        .filter_map(|noted| match noted {
            Noted::Bound { connection, path, .. } if !path.is_disjoint(&closure) => Some(*connection),
            _ => None,
        })
        .collect();
    let acknowledged: Vec<usize> = (0..notes.len())
        .filter(|at| matches!(&notes[*at], Noted::Acknowledged { why, .. } if why == "2026-1"))
        .collect();
    assert_eq!(acknowledged.len(), 1);
    let bytes = |notes: &[Noted], of_closure: bool| -> usize {
        let wrote = notes.iter().map(|noted| match noted {
            Noted::Wrote { connection, bytes, bound: true } if bound.contains(connection) == of_closure => *bytes,
            _ => 0,
        });
        wrote.sum()
    };
    let (before, after) = notes.split_at(acknowledged[0]);
    assert!(bytes(before, true) > 0 && bytes(before, false) > 0, "everybody was being answered");
    assert_eq!(bytes(after, true), 0, "bytes for the closure after the acknowledgement");
    assert!(bytes(after, false) > 5_000_000, "everybody else went on");
}

/// Every stream was asked once, left its batches, and ended once.
async fn log_has_one_end_for_each(city: City) {
    let bed = city.close().await;
    let events = bed.events();
    let mut streams: BTreeMap<String, Vec<&clear_audit::Event>> = BTreeMap::new();
    for (_, event) in &events {
        let Some(request) = event.request.as_ref().map(ToString::to_string) else { continue };
        if event.what == What::Asked && event.question.as_ref().is_some_and(|question| question.starts_with("rows ")) {
            assert!(streams.insert(request, vec![]).is_none(), "asked twice");
        } else if let Some(stream) = streams.get_mut(&request) {
            stream.push(event);
        }
    }
    let (mut cut, mut answered, mut denied) = (0, 0, 0);
    for (request, events) in &streams {
        let (last, parts) = events.split_last().unwrap();
        let (batches, withheld): (Vec<&clear_audit::Event>, Vec<_>) =
            parts.iter().copied().partition(|event| event.what == What::Batch);
        // A part that was in the log when the order came did not leave, and the log says so.
        let is_withheld = |batch: &clear_audit::Event| withheld.iter().any(|event| event.digest == batch.digest);
        assert!(withheld.iter().all(|event| event.what == What::Withheld), "{request}: {events:?}");
        assert!(withheld.is_empty() || last.what == What::Cut, "{request}: {events:?}");
        assert!(batches.iter().all(|event| event.records.len() as u64 == event.count.unwrap()), "{request}");
        let rows: u64 = batches.iter().filter(|batch| !is_withheld(batch)).map(|event| event.count.unwrap()).sum();
        assert!(last.what == What::Denied || last.count == Some(rows), "{request}: {rows} rows, {last:?}");
        let frs = last.agency.as_ref().is_some_and(|agency| agency.as_str() == bed.person("cut_off").agency);
        match last.what {
            What::Answered => {
                assert_eq!((rows, last.count), (ROWS as u64, Some(ROWS as u64)), "{request}");
                answered += 1;
            }
            What::Cut => {
                assert!(frs && rows > 0 && rows < ROWS as u64, "{request}: {rows} rows");
                let why = last.why.as_deref().unwrap();
                assert!(why.starts_with("cut_off: ") && why.contains("2026-1"), "{request}: {why}");
                cut += 1;
            }
            What::Denied => denied += 1,
            what => panic!("{request} ended {what:?}"),
        }
    }
    let streams_begun = size().1;
    assert_eq!(
        (cut, answered, denied),
        (streams_begun / 4, streams_begun * 3 / 4 + OTHERS.len() + 1, CLOSURE.len() * 2)
    );
}

/// A server that runs, and what ends it.
type Serving = (oneshot::Sender<()>, JoinHandle<Result<(), clear_web::Error>>);

/// A served city, and how to come to it.
struct Inner {
    bed: Bed,
    desk: Arc<Desk>,
    store: Store,
    door: Door,
    certificate: Option<String>,
    stop: std::sync::Mutex<Option<Serving>>,
}

/// How clients come in, and as whom.
#[derive(Clone)]
struct Door {
    address: SocketAddr,
    http: Http,
    tls: Option<TlsConnector>,
    /// Each persona's token and inquiry.
    people: BTreeMap<String, (String, Value)>,
}

#[derive(Clone)]
struct City(Arc<Inner>);

impl std::ops::Deref for City {
    type Target = Inner;
    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl City {
    async fn open(http: Http, tls: bool) -> City {
        // Founding has a runtime of its own.
        let bed = tokio::task::spawn_blocking(Bed::bare).await.unwrap();
        let (desk, store) = bed.open().await;
        desk.gate().trace();
        file_incidents(&bed, &desk).await;
        let mut config = Config {
            connections_max: 4 * (size().0 + size().1),
            // On a busy machine a run may take longer than an idle session may last.
            head_timeout: Duration::from_secs(600),
            ..Config::default()
        };
        let (mut connector, mut pem) = (None, None);
        if tls {
            let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
            let (certificate, key) = (bed.beside("certificate.pem"), bed.beside("key.pem"));
            std::fs::write(&certificate, made.cert.pem()).unwrap();
            std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
            config.tls = Some(Tls::load(&certificate, &key).unwrap());
            connector = Some(trusting(CertificateDer::from_pem_slice(made.cert.pem().as_bytes()).unwrap(), http));
            pem = Some(made.cert.pem());
        }
        let listener = clear_web::listen("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let served = tokio::spawn(clear_web::serve(desk.clone(), listener, config, async {
            let _ = stopped.await;
        }));
        let stop = std::sync::Mutex::new(Some((stop, served)));
        let everybody = CLOSURE.into_iter().chain(OTHERS).chain(["steward"]);
        let person = |who: &str| (who.to_owned(), (bed.person(who).token.clone(), bed.inquiry(who)));
        let people = everybody.map(person).collect();
        let door = Door { address, http, tls: connector, people };
        City(Arc::new(Inner { bed, desk, store, door, certificate: pem, stop }))
    }

    /// A connection on which nothing was asked yet.
    async fn session(&self) -> Session {
        self.door.session().await
    }

    /// Cuts off the story's agency and its family; gives the acknowledgement.
    async fn cut_off_frs(&self) -> Value {
        let mut steward = self.session().await;
        let draft = json!({"agency": "frs", "number": "2026-1", "covers": "family", "text": "By order of the City Council, access ends."});
        let mut answer = steward.ask(&self.door, "steward", "/api/v1/register/cut-offs/preview", &draft).await.unwrap();
        let preview: Value = serde_json::from_slice(&answer.rest().await.unwrap()).unwrap();
        let keys: Vec<KeyPair> = story::fixed_keys(&story::register());
        let text = preview["text"].as_str().unwrap_or_else(|| panic!("{preview}"));
        let note = clear_policy::sign(text, &[&keys[0].private, &keys[1].private]).unwrap();
        let began = Instant::now();
        let mut answer =
            steward.ask(&self.door, "steward", "/api/v1/register/cut-offs", &json!({"note": note})).await.unwrap();
        let said: Value = serde_json::from_slice(&answer.rest().await.unwrap()).unwrap();
        assert_eq!(answer.status, 201, "{said}");
        assert!(began.elapsed() < Duration::from_secs(20), "the order waited for somebody: {:?}", began.elapsed());
        said
    }

    /// Ends the server and the desk; gives the bed, whose log may be read now.
    async fn close(self) -> Bed {
        let (stop, served) = self.stop.lock().unwrap().take().unwrap();
        stop.send(()).unwrap();
        served.await.unwrap().unwrap();
        self.desk.close().await.unwrap();
        let Inner { bed, desk, store, .. } =
            Arc::try_unwrap(self.0).unwrap_or_else(|_| panic!("somebody still has the city"));
        drop(desk);
        store.close().await;
        bed
    }
}

impl Door {
    fn inquiry(&self, who: &str) -> &Value {
        &self.people[who].1
    }

    /// A connection on which nothing was asked yet.
    async fn session(&self) -> Session {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(RECEIVE_BYTES).unwrap();
        let stream = socket.connect(self.address).await.unwrap();
        let wire: Wire = match &self.tls {
            None => Box::new(stream),
            Some(tls) => Box::new(tls.connect("localhost".try_into().unwrap(), stream).await.unwrap()),
        };
        match self.http {
            Http::One => Session::One(Reader { wire, read: Vec::new() }),
            Http::Two => {
                let (sender, connection) = h2::client::handshake(wire).await.unwrap();
                Session::Two(sender, tokio::spawn(connection))
            }
        }
    }

    /// The same door from another process: what [`Door::told`] says.
    fn from(told: &Value) -> Door {
        let http = if told["http"] == 2 { Http::Two } else { Http::One };
        let tls = told["certificate"]
            .as_str()
            .map(|pem| trusting(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap(), http));
        let people = serde_json::from_value(told["people"].clone()).unwrap();
        Door { address: told["address"].as_str().unwrap().parse().unwrap(), http, tls, people }
    }

    fn told(&self, certificate: Option<&str>) -> Value {
        let http = if self.http == Http::Two { 2 } else { 1 };
        json!({"http": http, "certificate": certificate, "people": self.people, "address": self.address.to_string()})
    }
}

async fn file_incidents(bed: &Bed, desk: &Arc<Desk>) {
    let asker = desk.prove(Credential::Token(&bed.person("importer").token)).await.unwrap();
    let options = clear_ingest::Options {
        owner: asker.agency.clone().unwrap(),
        author: asker.account.clone().unwrap(),
        time_zone: desk.time_zone(),
        now: desk.clock(),
    };
    let rows = chicago_crimes::open(sample(), options).unwrap();
    let drafts = rows.filter_map(|row| match row.unwrap() {
        Row::Draft(draft) => Some(draft),
        Row::Rejection(_) => None,
    });
    // A row of the file that stands there twice is one incident.
    let mut ids = BTreeSet::new();
    let drafts: Vec<Draft> = drafts.filter(|draft| ids.insert(draft.id)).take(ROWS).collect();
    let request = desk.request(&asker, Inquiry::default(), Origin::default(), None, Filing::Records(drafts));
    clear_respond::accept(desk, request).await.unwrap();
}

fn trusting(certificate: CertificateDer<'static>, http: Http) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(certificate).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![if http == Http::Two { b"h2".to_vec() } else { b"http/1.1".to_vec() }];
    TlsConnector::from(Arc::new(config))
}

trait Both: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Both for T {}
type Wire = Box<dyn Both>;

/// A connection of a client's.
enum Session {
    One(Reader),
    Two(SendRequest<bytes::Bytes>, JoinHandle<Result<(), h2::Error>>),
}

impl Session {
    /// A stream of every incident there is.
    async fn rows(&mut self, door: &Door, who: &str) -> io::Result<Answer<'_>> {
        let question = json!({"inquiry": door.inquiry(who), "question": {"from": "2001-01-01"}});
        self.ask(door, who, "/api/v1/rows", &question).await
    }

    /// Sends a question; the answer's head has come when this returns.
    async fn ask(&mut self, door: &Door, who: &str, path: &str, body: &Value) -> io::Result<Answer<'_>> {
        let token = format!("Bearer {}", door.people[who].0);
        let body = serde_json::to_vec(body).unwrap();
        match self {
            Session::One(reader) => {
                let head = format!(
                    "POST {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: {token}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
                    body.len()
                );
                reader.wire.write_all(&[head.into_bytes(), body].concat()).await?;
                reader.wire.flush().await?;
                let status = reader.line().await?;
                let status = status.split(' ').nth(1).unwrap().parse().unwrap();
                let mut left = Left::Bytes(0);
                loop {
                    let line = reader.line().await?.to_ascii_lowercase();
                    match line.split_once(": ") {
                        Some(("content-length", length)) => left = Left::Bytes(length.parse().unwrap()),
                        Some(("transfer-encoding", "chunked")) => left = Left::Chunk(0),
                        Some(_) => {}
                        None => break,
                    }
                }
                Ok(Answer { status, body: Body::One(reader, left) })
            }
            Session::Two(sender, _) => {
                std::future::poll_fn(|cx| sender.poll_ready(cx)).await.map_err(broken)?;
                let request = http::Request::post(format!("http://localhost{path}"))
                    .header("authorization", token)
                    .header("content-type", "application/json")
                    .body(())
                    .unwrap();
                let (response, mut sending) = sender.send_request(request, false).map_err(broken)?;
                sending.send_data(body.into(), true).map_err(broken)?;
                let response = response.await.map_err(broken)?;
                Ok(Answer { status: response.status().as_u16(), body: Body::Two(response.into_body()) })
            }
        }
    }

    /// How the other end has ended the connection.
    async fn end(&mut self) -> io::ErrorKind {
        match self {
            Session::One(reader) => match reader.fill().await {
                Ok(()) => panic!("it goes on: {}", String::from_utf8_lossy(&reader.read)),
                Err(error) => error.kind(),
            },
            Session::Two(_, connection) => match connection.await.unwrap() {
                Ok(()) => panic!("it ended in order"),
                Err(error) => broken(error).kind(),
            },
        }
    }
}

fn broken(error: h2::Error) -> io::Error {
    if error.is_io() { error.into_io().unwrap() } else { io::Error::other(error) }
}

/// An answer whose head has come.
struct Answer<'a> {
    status: u16,
    body: Body<'a>,
}

enum Body<'a> {
    One(&'a mut Reader, Left),
    Two(h2::RecvStream),
}

/// What is left of an answer over HTTP/1.1.
enum Left {
    Bytes(usize),
    Chunk(usize),
    Nothing,
}

impl Answer<'_> {
    /// Some more of the body; `None` at its end.
    async fn more(&mut self) -> io::Result<Option<Vec<u8>>> {
        match &mut self.body {
            Body::Two(body) => {
                let Some(data) = body.data().await else { return Ok(None) };
                let data = data.map_err(broken)?;
                // Only now may the other end send more.
                body.flow_control().release_capacity(data.len()).map_err(broken)?;
                Ok(Some(data.to_vec()))
            }
            Body::One(reader, left) => {
                let most = match left {
                    Left::Nothing | Left::Bytes(0) => return Ok(None),
                    Left::Bytes(most) => *most,
                    Left::Chunk(0) => {
                        let size = reader.line().await?;
                        let size = usize::from_str_radix(&size, 16).unwrap_or_else(|_| panic!("a chunk of {size}"));
                        if size == 0 {
                            while !reader.line().await?.is_empty() {}
                            *left = Left::Nothing;
                            return Ok(None);
                        }
                        size
                    }
                    Left::Chunk(most) => *most,
                };
                if reader.read.is_empty() {
                    reader.fill().await?;
                }
                let some = most.min(reader.read.len());
                let data: Vec<u8> = reader.read.drain(..some).collect();
                match left {
                    Left::Chunk(rest) => {
                        *rest = most - some;
                        if *rest == 0 {
                            reader.line().await?;
                        }
                    }
                    _ => *left = Left::Bytes(most - some),
                }
                Ok(Some(data))
            }
        }
    }

    /// The rest of the body.
    async fn rest(&mut self) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        while let Some(more) = self.more().await? {
            body.extend(more);
        }
        Ok(body)
    }

    /// Reads to the end; gives the status.
    async fn finish(mut self) -> io::Result<u16> {
        self.rest().await?;
        Ok(self.status)
    }
}

/// What came over HTTP/1.1 and was not used yet.
struct Reader {
    wire: Wire,
    read: Vec<u8>,
}

impl Reader {
    async fn fill(&mut self) -> io::Result<()> {
        let mut some = [0; 8 * 1024];
        let count = self.wire.read(&mut some).await?;
        self.read.extend(&some[..count]);
        if count == 0 { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
    }

    async fn line(&mut self) -> io::Result<String> {
        loop {
            if let Some(at) = self.read.windows(2).position(|two| two == b"\r\n") {
                let line: Vec<u8> = self.read.drain(..at + 2).take(at).collect();
                return Ok(String::from_utf8(line).unwrap());
            }
            self.fill().await?;
        }
    }
}
