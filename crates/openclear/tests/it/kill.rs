//! `kill -9` at random points: what was acknowledged is there and logged, what was not is absent or whole, and no answer left
//! without its event.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use clear_audit::{Receipt, What};
use clear_record::{Record, RecordId, Seq};
use clear_testkit::rng::Rng;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::bed::{Ask, Bed, ask, run, spawn, stdout};

/// A filing that was acknowledged.
struct Acked {
    plate: String,
    id: RecordId,
    receipt: Receipt,
}

/// What the filers know at the end.
#[derive(Default)]
struct Book {
    sent: usize,
    acked: Vec<Acked>,
    /// Batches of the register by number: whether they were acknowledged.
    batches: BTreeMap<usize, bool>,
    /// Answers that were received whole.
    answers: Vec<Answer>,
    asked: usize,
}

/// An answer that somebody has.
struct Answer {
    /// The request's number.
    number: String,
    /// What was received.
    body: Vec<u8>,
    /// Where an answer in one piece has its receipt; that of a stream comes behind its body.
    receipt: Option<Receipt>,
}

const FILERS: usize = 4;

/// Kills the server `kills` times while it is filed to, and checks.
fn play(bed: &Bed, kills: usize, seed: u64) {
    println!("seed {seed}, {kills} kills");
    let began = Instant::now();
    let mut rng = Rng::new(seed);
    let book = Arc::new(Mutex::new(Book::default()));
    let number = Arc::new(AtomicUsize::new(0));
    let mut starting = Duration::ZERO;
    for round in 0..kills {
        // Every tenth is killed while it starts: recovery is interrupted too.
        if round % 10 == 9 {
            let args = [vec!["serve".to_owned()], bed.place(), vec!["--port".to_owned(), "0".to_owned()]].concat();
            let mut child = spawn(&args, &bed.beside("said"));
            std::thread::sleep(Duration::from_millis(rng.below(300)));
            child.kill().unwrap();
            child.wait().unwrap();
            continue;
        }
        let server = bed.serve();
        starting += server.took;
        if round % 20 == 10 {
            let verified = run(&["audit", "verify", &server.url, "--vkey", bed.dir.join("log.vkey").to_str().unwrap()]);
            assert_eq!(verified.status.code(), Some(0), "round {round} of seed {seed}: {}", stdout(&verified));
            the_last_ones_are_there(bed, &server.url, &book.lock().unwrap(), round);
        }
        let filers: Vec<_> = (0..FILERS)
            .map(|filer| {
                let (url, book, number) = (server.url.clone(), book.clone(), number.clone());
                let token = bed.person(if filer == 0 { "steward" } else { "clerk" }).token.clone();
                std::thread::spawn(move || file_until_it_ends(filer == 0, &url, &token, &book, &number))
            })
            .collect();
        let askers: Vec<_> = [false, true]
            .map(|streamed| {
                let (url, book) = (server.url.clone(), book.clone());
                let question = match streamed {
                    false => bed.find("officer", &json!({"plate": bed.cast().plate})),
                    true => {
                        let rows = json!({"inquiry": bed.inquiry("officer"), "question": {"from": "2018-10-01"}});
                        bed.as_who("officer", Ask::post("/api/v1/rows?format=ndjson", &rows))
                    }
                };
                std::thread::spawn(move || ask_until_it_ends(streamed, &url, &question, &book))
            })
            .into();
        // Every other one is killed at any moment; the others when something was taken, however busy the machine is.
        let (before, begun) = (book.lock().unwrap().acked.len(), Instant::now());
        while round % 2 == 1 && book.lock().unwrap().acked.len() < before + 4 && begun.elapsed().as_secs() < 10 {
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_millis(rng.below(200)));
        server.kill();
        for thread in filers.into_iter().chain(askers) {
            thread.join().unwrap();
        }
    }
    let took = began.elapsed();
    let server = bed.serve();
    let (status, said) = server.stop();
    assert!(status.success(), "{said}");
    let book = book.lock().unwrap();
    let filed = check(bed, &book);
    println!(
        "{} filings sent, {} acknowledged, {filed} in the ledger; {} batches of the register; {took:?} in all, {:?} a start",
        book.sent,
        book.acked.len(),
        book.batches.len(),
        starting / u32::try_from(kills - kills / 10).unwrap()
    );
    println!("{} questions asked, {} answers received whole", book.asked, book.answers.len());
    // Otherwise the delays are wrong for this machine, and nothing was tried.
    assert!(book.answers.len() >= kills / 2 && book.asked > book.answers.len(), "too few answers to mean anything");
    assert!(book.acked.len() >= kills && book.sent > book.acked.len(), "too few filings to mean anything");
}

fn file_until_it_ends(governs: bool, url: &str, token: &str, book: &Mutex<Book>, number: &AtomicUsize) {
    loop {
        let number = number.fetch_add(1, Ordering::SeqCst);
        let filing = if governs { batch(number) } else { Ask::post("/api/v1/records/vehicle", &vehicle(number)) };
        {
            let mut book = book.lock().unwrap();
            book.sent += 1;
            if governs {
                book.batches.insert(number, false);
            }
        }
        // An answer that broke off is none.
        let Ok(said) = ask(url, &filing.with("authorization", &format!("Bearer {token}"))) else { return };
        assert_eq!(said.status, 201, "{}", said.text());
        let mut book = book.lock().unwrap();
        if governs {
            book.batches.insert(number, true);
        } else {
            let id = said.json()["id"].as_str().unwrap().parse().unwrap();
            let receipt = Receipt::parse(said.header("x-clear-receipt").unwrap()).unwrap();
            book.acked.push(Acked { plate: plate(number), id, receipt });
        }
    }
}

fn ask_until_it_ends(streamed: bool, url: &str, question: &Ask, book: &Mutex<Book>) {
    loop {
        book.lock().unwrap().asked += 1;
        // An answer that broke off is none.
        let Ok(said) = ask(url, question) else { return };
        assert_eq!(said.status, 200, "{}", said.text());
        let number = said.header("x-clear-request").unwrap().to_owned();
        let receipt = (!streamed).then(|| Receipt::parse(said.header("x-clear-receipt").unwrap()).unwrap());
        book.lock().unwrap().answers.push(Answer { number, body: said.body, receipt });
    }
}

/// Whether a digest is of these bytes: 16 random ones, and SHA-256 over them and the answer, hexadecimal.
fn is_of(digest: &str, body: &[u8]) -> bool {
    let Some((salt, hash)) = digest.split_at_checked(32) else { return false };
    let salt: Vec<u8> = (0..32).step_by(2).map(|at| u8::from_str_radix(&salt[at..at + 2], 16).unwrap()).collect();
    let is = Sha256::new().chain_update(salt).chain_update(body).finalize();
    is.iter().map(|byte| format!("{byte:02x}")).collect::<String>() == hash
}

fn plate(number: usize) -> String {
    format!("K{number:06}")
}

fn vehicle(number: usize) -> Value {
    json!({"plate": plate(number), "plate_state": "PM", "make": "Ford", "model": "Focus", "colour": "blue", "model_year": 2012})
}

fn codes(number: usize) -> [String; 3] {
    ["a", "b", "c"].map(|part| format!("K{number}{part}"))
}

/// Three entries that are taken together or not at all.
fn batch(number: usize) -> Ask {
    let entries: Vec<Value> = codes(number)
        .iter()
        .map(|code| json!({"entry": "use_code", "code": code, "title": format!("Use {code}")}))
        .collect();
    Ask::post("/api/v1/register/entries", &Value::Array(entries))
}

/// The newest acknowledged filings, over HTTP.
fn the_last_ones_are_there(bed: &Bed, url: &str, book: &Book, round: usize) {
    for acked in book.acked.iter().rev().take(20) {
        let said = ask(url, &bed.open_record("clerk", acked.id)).unwrap();
        assert_eq!(said.status, 200, "round {round}: {} was acknowledged: {}", acked.plate, said.text());
        assert_eq!(said.json()["record"]["shown"]["fields"]["plate"], acked.plate.as_str());
    }
}

/// The whole ledger against the whole log against what the filers know. Returns how many filings the ledger has.
fn check(bed: &Bed, book: &Book) -> usize {
    let verified = run(&["audit", "verify", bed.dir.to_str().unwrap()]);
    assert_eq!(verified.status.code(), Some(0), "{}", stdout(&verified));
    let vkey = std::fs::read_to_string(bed.dir.join("log.vkey")).unwrap();
    let events = bed.events();
    let (versions, codes_there) = tokio::runtime::Runtime::new().unwrap().block_on(async {
        let (desk, store) = bed.open().await;
        let upto = store.ledger.head().await.unwrap().seq;
        let versions = store.ledger.follow(Seq(0), upto, usize::MAX >> 1).await.unwrap();
        assert_eq!(versions.len() as u64, upto.0, "seq is dense");
        let codes: BTreeSet<String> = desk.use_codes().into_iter().map(|(code, _)| code).collect();
        desk.close().await.unwrap();
        drop(desk);
        store.close().await;
        (versions, codes)
    });

    // Every version is whole, there once, and filed by exactly one event of the log.
    let mut by_plate: HashMap<String, RecordId> = HashMap::new();
    for version in versions.iter().filter(|version| !bed.was_there(version.id)) {
        let Some(Record::Vehicle(record)) = &version.record else { panic!("{} is half there", version.id) };
        let plate = record.plate.clone().unwrap();
        let whole = Record::from_bytes(
            clear_record::Kind::Vehicle,
            &serde_json::to_vec(&vehicle(plate[1..].parse().unwrap())).unwrap(),
        )
        .unwrap();
        assert!(version.record.as_ref() == Some(&whole), "{plate} is half there");
        assert!(by_plate.insert(plate.clone(), version.id).is_none(), "{plate} is there twice");
    }
    let mut filed: HashMap<RecordId, Vec<u64>> = HashMap::new();
    for (index, event) in events.iter().filter(|(_, event)| event.what == What::Filed) {
        let new = event.records.iter().filter(|record| !bed.was_there(**record));
        new.for_each(|record| filed.entry(*record).or_default().push(*index));
    }
    for (plate, id) in &by_plate {
        assert_eq!(filed.get(id).map(Vec::len), Some(1), "{plate} is in the ledger and not once in the log");
    }
    assert_eq!(filed.len(), by_plate.len(), "the log has filings that the ledger lacks");

    // What was acknowledged is there, and its receipt names its entry.
    for acked in &book.acked {
        assert_eq!(by_plate.get(&acked.plate), Some(&acked.id), "{} was acknowledged and is not there", acked.plate);
        acked.receipt.check(vkey.trim()).unwrap();
        assert_eq!(filed[&acked.id], [acked.receipt.index()], "{}", acked.plate);
    }
    for (number, acknowledged) in &book.batches {
        let there = codes(*number).iter().filter(|code| codes_there.contains(*code)).count();
        assert!(
            there == 3 || (there == 0 && !acknowledged),
            "batch {number}, acknowledged: {acknowledged}, has {there} of its 3 entries"
        );
    }

    // No answer left without its event: what somebody has whole is in the log, by the same digest.
    let mut by_request: HashMap<&str, Vec<(u64, What, &str)>> = HashMap::new();
    let mut rows_of: HashMap<u64, usize> = HashMap::new();
    for (index, event) in &events {
        rows_of.insert(*index, usize::try_from(event.count.unwrap_or_default()).unwrap());
        if let (Some(request), what @ (What::Answered | What::Batch)) = (&event.request, event.what) {
            let digest = event.digest.as_deref().unwrap_or_default();
            by_request.entry(request.as_str()).or_default().push((*index, what, digest));
        }
    }
    for answer in &book.answers {
        let logged = by_request.get(answer.number.as_str()).map(Vec::as_slice).unwrap_or_default();
        let left = match (&answer.receipt, logged) {
            (Some(receipt), [(index, What::Answered, digest)]) => {
                receipt.check(vkey.trim()).unwrap();
                receipt.index() == *index && receipt.digest() == Some(digest) && is_of(digest, &answer.body)
            }
            // A stream leaves batch by batch, a line for each row, and its end is logged behind the last.
            (None, [batches @ .., (_, What::Answered, _)]) => {
                let mut lines = answer.body.split_inclusive(|byte| *byte == b'\n');
                let of = |(index, what, digest): &(u64, What, &str)| {
                    let rows: Vec<u8> = lines.by_ref().take(rows_of[index]).flatten().copied().collect();
                    *what == What::Batch && is_of(digest, &rows)
                };
                !batches.is_empty() && batches.iter().all(of) && lines.next().is_none()
            }
            _ => false,
        };
        assert!(left, "{} left otherwise than the log has it: {logged:?}", answer.number);
    }

    // And each request has one end, by the next start where it was killed.
    let mut open: BTreeMap<String, usize> = BTreeMap::new();
    for (_, event) in &events {
        let Some(request) = &event.request else { continue };
        match event.what {
            What::Asked => assert!(open.insert(request.to_string(), 0).is_none(), "{request} was asked twice"),
            what if what.ends() => {
                *open.get_mut(request.as_str()).unwrap_or_else(|| panic!("{request} ended unasked")) += 1
            }
            _ => {}
        }
    }
    let odd: Vec<_> = open.iter().filter(|(_, ends)| **ends != 1).collect();
    assert!(odd.is_empty(), "requests with none or two ends: {odd:?}");
    by_plate.len()
}

#[test]
fn kill_nine() {
    let kills = std::env::var("OPENCLEAR_KILLS").map_or(200, |text| text.parse().unwrap());
    play(&Bed::city(), kills, 9);
}

#[test]
fn kill_nine_on_postgres() {
    let server = clear_testkit::postgres::Server::start().unwrap_or_else(|error| panic!("{error}"));
    play(&Bed::city_on(&server.url()), 20, 29);
}
