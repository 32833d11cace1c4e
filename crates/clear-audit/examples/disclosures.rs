//! Measures the disclosure index: how fast it is built, how large it is, and how long a page of a list and a count take.
//!
//! ```text
//! cargo run --release -p clear-audit --example disclosures -- 50000000 FOLDER
//! ```
//!
//! The first number is of postings (an answer with three records of one owner stands under eight keys). The folder is made and removed.
//! At the end the newest hundred entries of a real log are read and opened, because a list shows the log's own entries.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a measurement ends at the first thing that is wrong")]
#![allow(clippy::disallowed_methods, reason = "a measurement in a folder of its own")]

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use clear_audit::{Disclosures, Event, Key, Log, Options, Place, Postings, What, Whose};
use clear_record::{AccountId, AgencyId, Kind, RecordId};
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
    let postings = Postings::apart(&folder.join("tables"), [9; 32]).unwrap();
    let (mut index, mut written, began) = (0u64, 0u64, Instant::now());
    while written < wanted {
        let mut entries = Vec::with_capacity(BATCH);
        while entries.len() < BATCH {
            // An asked event stands before each disclosure.
            index += 2;
            let place = Place { index, segment: (index >> 17) as u32, offset: (index as u32) << 8 };
            entries.push(postings.indexed(place, &names.event(&mut rng, index)));
            written += 8;
        }
        postings.write(&entries, Place { index: index + 1, segment: 1, offset: 0 }).unwrap();
    }
    postings.sync().unwrap();
    let built = began.elapsed().as_secs_f64();
    let events = index / 2;
    println!(
        "| {written} postings of {events} disclosures | built in {built:.0} s | {:.0} postings/s | {:.0} events/s | {:.2} GB |",
        written as f64 / built,
        events as f64 / built,
        postings.disk_bytes().unwrap() as f64 / 1e9
    );
    println!(
        "\n| key | newest 100: p50 ms | p99 ms | count: p50 ms | p99 ms | places under it, mean |\n|---|---|---|---|---|---|"
    );
    let owner = &names.agencies[0];
    type Line<'a> = &'a dyn Fn(&mut Rng, &mut dyn FnMut(Whose<'_>, Key<'_>));
    let lines: [(&str, Line<'_>); 6] = [
        ("record", &|rng, ask| ask(Whose::Anybodys, Key::Record(names.record(rng)))),
        ("record of an owner", &|rng, ask| ask(Whose::Of(owner), Key::Record(names.record(rng)))),
        ("agency", &|rng, ask| ask(Whose::Anybodys, Key::Agency(&names.agencies[rng.below(AGENCIES) as usize]))),
        ("officer", &|rng, ask| ask(Whose::Anybodys, Key::Account(&names.accounts[rng.below(OFFICERS) as usize]))),
        ("case", &|rng, ask| ask(Whose::Anybodys, Key::Case(&names.case(rng)))),
        ("everything of an owner", &|_, ask| ask(Whose::Of(owner), Key::All)),
    ];
    for (name, line) in lines {
        let (mut pages, mut counts, mut under) = (Vec::new(), Vec::new(), 0u64);
        for _ in 0..QUESTIONS {
            line(&mut rng, &mut |whose, key| {
                let began = Instant::now();
                std::hint::black_box(postings.newest(whose, &key, 0..u64::MAX, 100).unwrap());
                pages.push(began.elapsed());
                let began = Instant::now();
                under += postings.count(whose, &key, 0..u64::MAX).unwrap();
                counts.push(began.elapsed());
            });
        }
        println!(
            "| {name} | {} | {} | {} | {} | {} |",
            at(&mut pages, 0.5),
            at(&mut pages, 0.99),
            at(&mut counts, 0.5),
            at(&mut counts, 0.99),
            under / QUESTIONS as u64
        );
    }
    drop(postings);
    entries(folder, &names, &mut rng);
    std::fs::remove_dir_all(folder).unwrap();
}

/// Lists of a real log, with the entries read and opened.
fn entries(folder: &Path, names: &Names, rng: &mut Rng) {
    let options = Options {
        folder: folder.join("log"),
        keys: folder.join("log/keys"),
        origin: "bench/1".into(),
        checkpoint_every: Duration::from_secs(60),
        ..Options::default()
    };
    let (log, _) = Log::open(options).unwrap();
    let count = 300_000;
    let pending: Vec<_> = (0..count).map(|index| log.append(&names.event(rng, index), None)).collect();
    pending.into_iter().last().unwrap().wait_blocking().unwrap();
    let began = Instant::now();
    let index = Disclosures::open(&log, &folder.join("index"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(index.caught_up(count, Duration::from_secs(600)));
    println!(
        "\nfollowed {count} entries of a log, each read, opened and noted: {:.0} per second",
        count as f64 / began.elapsed().as_secs_f64()
    );
    let mut times = Vec::new();
    for _ in 0..200 {
        let agency = &names.agencies[rng.below(AGENCIES) as usize];
        let began = Instant::now();
        let places = index.newest(Whose::Anybodys, &Key::Agency(agency), 0..rng.below(count) + 1, 100).unwrap();
        places.into_iter().for_each(|place| drop(index.entry(place).unwrap()));
        times.push(began.elapsed());
    }
    println!("a page of 100 from the sealed entries: p50 {} ms, p99 {} ms", at(&mut times, 0.5), at(&mut times, 0.99));
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

    fn case(&self, rng: &mut Rng) -> String {
        format!("JX-{}", rng.below(CASES))
    }

    fn event(&self, rng: &mut Rng, index: u64) -> Event {
        let agency = self.agencies[rng.below(AGENCIES) as usize].clone();
        let other = self.agencies[rng.below(AGENCIES) as usize].clone();
        Event {
            at: Timestamp::from_second(1_600_000_000 + index as i64 * 3).unwrap(),
            what: What::Answered,
            account: Some(self.accounts[rng.below(OFFICERS) as usize].clone()),
            path: [agency.clone(), other].into(),
            agency: Some(agency),
            case: Some(self.case(rng)),
            records: (0..3).map(|_| self.record(rng)).collect(),
            owners: self.owner.clone(),
            ..Event::default()
        }
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
