//! Measures the disclosure index: how fast it is built, how large it is, and how long a page of a list and a count take.
//!
//! ```text
//! cargo run --release -p clear-audit --example disclosures -- 50000000 FOLDER     (`make bench` runs it as `disclosures`)
//! ```
//!
//! The first number is of events of the log: every other one is a question (`asked`), and the one behind it its answer with three
//! records of one owner. Each stands in the index under all the keys that the program gives it. The folder is made and removed.
//!
//! A list shows the log's own entries, so that a page is found in the index and then read and opened, entry by entry. A log of so
//! many events is not made: the entries are those of a real log of 300,000, at random places, so what is measured of them is
//! reading and opening from memory, and not a disk's seeks.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a measurement ends at the first thing that is wrong")]
#![allow(clippy::disallowed_methods, reason = "a measurement in a folder of its own")]

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use clear_audit::{Disclosures, Event, Key, Log, Options, Place, Postings, What, Whose};
use clear_record::{AccountId, AgencyId, Kind, RecordId, RequestId};
use jiff::Timestamp;

const RECORDS: u64 = 5_000_000;
const AGENCIES: u64 = 60;
const OFFICERS: u64 = 15_000;
const CASES: u64 = 2_000_000;
const BATCH: usize = 4096;
const QUESTIONS: usize = 2000;

fn main() {
    let mut args = std::env::args().skip(1);
    let wanted: u64 = args.next().and_then(|text| text.parse().ok()).unwrap_or(1_000_000);
    let folder = args.next().unwrap_or_else(|| "disclosures-bench".into());
    let folder = Path::new(&folder);
    let (mut rng, names) = (Rng(42), Names::new());
    let log = Sealed::made(folder, &names, &mut rng);
    let postings = Postings::apart(&folder.join("tables"), [9; 32]).unwrap();
    let (mut index, mut keys, began) = (0u64, 0u64, Instant::now());
    while index < wanted {
        let mut entries = Vec::with_capacity(BATCH);
        while entries.len() < BATCH {
            for event in names.question(&mut rng, index) {
                let place = Place { index, segment: (index >> 17) as u32, offset: (index as u32) << 8 };
                let indexed = postings.indexed(place, &event);
                keys += indexed.keys() as u64;
                entries.push(indexed);
                index += 1;
            }
        }
        postings.write(&entries, Place { index, segment: 1, offset: 0 }).unwrap();
    }
    postings.sync().unwrap();
    let built = began.elapsed().as_secs_f64();
    println!(
        "| {index} events, every other one an answer with three records | {keys} keys | built in {built:.0} s | {:.0} events/s | {:.2} GB |",
        index as f64 / built,
        postings.disk_bytes().unwrap() as f64 / 1e9
    );
    println!(
        "\n| list of | newest 100 found: p50 ms | p99 ms | and their entries read and opened: p50 ms | p99 ms | count: p50 ms | p99 ms | places under it, mean |\n|---|---|---|---|---|---|---|---|"
    );
    let owner = &names.agencies[0];
    type Line<'a> = &'a dyn Fn(&mut Rng, &mut dyn FnMut(Whose<'_>, Key<'_>));
    let lines: [(&str, Line<'_>); 7] = [
        ("a record", &|rng, ask| ask(Whose::Anybodys, Key::Record(names.record(rng)))),
        ("a record of an owner", &|rng, ask| ask(Whose::Of(owner), Key::Record(names.record(rng)))),
        ("a record of an owner that is asked for daily", &|rng, ask| {
            ask(Whose::Of(owner), Key::Record(names.daily(rng)))
        }),
        ("an agency", &|rng, ask| ask(Whose::Anybodys, Key::Agency(&names.agencies[rng.below(AGENCIES) as usize]))),
        ("an officer", &|rng, ask| ask(Whose::Anybodys, Key::Account(&names.accounts[rng.below(OFFICERS) as usize]))),
        ("a case", &|rng, ask| ask(Whose::Anybodys, Key::Case(&names.case(rng)))),
        ("everything of an owner", &|_, ask| ask(Whose::Of(owner), Key::All)),
    ];
    for (name, line) in lines {
        let (mut found, mut pages, mut counts, mut under) = (Vec::new(), Vec::new(), Vec::new(), 0u64);
        let mut dice = Rng(7);
        for _ in 0..QUESTIONS {
            line(&mut rng, &mut |whose, key| {
                let began = Instant::now();
                let places = postings.newest(whose, &key, 0..u64::MAX, 100).unwrap();
                found.push(began.elapsed());
                log.open(places.len(), &mut dice);
                pages.push(began.elapsed());
                let began = Instant::now();
                under += postings.count(whose, &key, 0..u64::MAX).unwrap();
                counts.push(began.elapsed());
            });
        }
        println!(
            "| {name} | {} | {} | {} | {} | {} | {} | {} |",
            at(&mut found, 0.5),
            at(&mut found, 0.99),
            at(&mut pages, 0.5),
            at(&mut pages, 0.99),
            at(&mut counts, 0.5),
            at(&mut counts, 0.99),
            under / QUESTIONS as u64
        );
    }
    drop((postings, log));
    std::fs::remove_dir_all(folder).unwrap();
}

/// A real log, whose entries are read and opened as a list does.
struct Sealed {
    index: Disclosures,
    places: Vec<Place>,
    _log: Log,
}

/// So many entries it has.
const SEALED: u64 = 300_000;

impl Sealed {
    fn made(folder: &Path, names: &Names, rng: &mut Rng) -> Sealed {
        let options = Options {
            folder: folder.join("log"),
            keys: folder.join("log/keys"),
            origin: "bench/1".into(),
            checkpoint_every: Duration::from_secs(60),
            ..Options::default()
        };
        let (log, _) = Log::open(options).unwrap();
        let mut last = None;
        for index in (0..SEALED).step_by(2) {
            for event in names.question(rng, index) {
                last = Some(log.append(&event, None));
            }
        }
        last.unwrap().wait_blocking().unwrap();
        let began = Instant::now();
        let index = Disclosures::open(&log, &folder.join("index"));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(index.caught_up(SEALED, Duration::from_secs(600)));
        println!(
            "followed {SEALED} entries of a log, each read, opened and noted: {:.0} per second\n",
            SEALED as f64 / began.elapsed().as_secs_f64()
        );
        let places = index.newest(Whose::Anybodys, &Key::All, 0..u64::MAX, SEALED as usize).unwrap();
        Sealed { index, places, _log: log }
    }

    /// Reads and opens so many of its entries, each at a place of its own: what a page of a list costs beside finding it.
    fn open(&self, count: usize, rng: &mut Rng) {
        for _ in 0..count {
            let place = self.places[rng.below(self.places.len() as u64) as usize];
            drop(std::hint::black_box(self.index.entry(place).unwrap()));
        }
    }
}

fn at(times: &mut [Duration], share: f64) -> String {
    times.sort_unstable();
    let at = ((times.len() as f64 * share) as usize).min(times.len() - 1);
    format!("{:.3}", times[at].as_secs_f64() * 1000.0)
}

/// Who and what there is.
struct Names {
    agencies: Vec<AgencyId>,
    accounts: Vec<AccountId>,
    owner: BTreeMap<AgencyId, Vec<u32>>,
}

impl Names {
    fn new() -> Names {
        let agencies: Vec<AgencyId> = (0..AGENCIES).map(|it| format!("agency-{it}").parse().unwrap()).collect();
        let owner = BTreeMap::from([(agencies[0].clone(), Vec::new())]);
        Names { agencies, accounts: (0..OFFICERS).map(|it| format!("officer-{it}").parse().unwrap()).collect(), owner }
    }

    fn record(&self, rng: &mut Rng) -> RecordId {
        // A few are asked for again and again, most once in a while.
        let number = if rng.below(4) == 0 { rng.below(1000) } else { rng.below(RECORDS) };
        RecordId::derived(Kind::Person, &self.agencies[0], "bench", &number.to_string())
    }

    /// One of those that are asked for again and again.
    fn daily(&self, rng: &mut Rng) -> RecordId {
        RecordId::derived(Kind::Person, &self.agencies[0], "bench", &rng.below(1000).to_string())
    }

    fn case(&self, rng: &mut Rng) -> String {
        format!("JX-{}", rng.below(CASES))
    }

    /// A question and its answer: two events of the log.
    fn question(&self, rng: &mut Rng, index: u64) -> [Event; 2] {
        let agency = self.agencies[rng.below(AGENCIES) as usize].clone();
        let other = self.agencies[rng.below(AGENCIES) as usize].clone();
        let asked = Event {
            at: Timestamp::from_second(1_600_000_000 + index as i64 * 3).unwrap(),
            what: What::Asked,
            request: Some(RequestId::fresh()),
            account: Some(self.accounts[rng.below(OFFICERS) as usize].clone()),
            path: [agency.clone(), other].into(),
            agency: Some(agency),
            case: Some(self.case(rng)),
            question: Some("find {\"name\":\"somebody\"}".into()),
            ..Event::default()
        };
        let answered = Event {
            what: What::Answered,
            question: None,
            records: (0..3).map(|_| self.record(rng)).collect(),
            owners: self.owner.clone(),
            ..asked.clone()
        };
        [asked, answered]
    }
}

/// A generator for a measurement, with nothing to be secret (xorshift64*).
struct Rng(u64);

impl Rng {
    fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) % most
    }
}
