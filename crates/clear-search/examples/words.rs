//! How long free text takes: `cargo run --release -p clear-search --example words -- 200000`, under `/usr/bin/time -v`.
//!
//! Narratives of 150 words whose frequencies fall as 1/rank over 30,000 words, and incidents with one of 300 offences. Prints
//! the time of a fold and of each kind of question, over every label and over half of them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    missing_docs,
    reason = "a measurement"
)]

use std::time::Duration;

use clear_record::{
    AccountId, AgencyId, Kind, LabelId, LabelSet, Method, PerClass, Provenance, Reach, Record, RecordId, Seq, Sight,
    Version,
};
use clear_search::{Index, Query, Terms, Wanted};
use jiff::Timestamp;

const WORDS: usize = 150;
const VOCABULARY: u64 = 30_000;
const LABELS: u32 = 20;

/// The same numbers each time.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }

    /// A word whose frequency falls with its rank.
    fn word(&mut self) -> String {
        let share = self.next(1_000_000) as f64 / 1e6;
        let rank = (VOCABULARY as f64).powf(share) as u64;
        let mut letters = String::new();
        let mut rest = rank * 7_919 + 17;
        while rest > 0 {
            letters.push((b'a' + (rest % 26) as u8) as char);
            rest /= 26;
        }
        letters
    }
}

/// What this process has used of a processor, whoever else uses it.
fn used() -> Duration {
    let text = std::fs::read_to_string("/proc/self/schedstat").unwrap();
    Duration::from_nanos(text.split(' ').next().unwrap().parse().unwrap())
}

fn version(seq: u64, kind: Kind, json: &str) -> Version {
    let agency: AgencyId = "police".parse().unwrap();
    let author: AccountId = "clerk".parse().unwrap();
    let provenance = Provenance {
        agency,
        author,
        method: Method::Filed,
        source: "api".into(),
        reference: None,
        derived: Default::default(),
    };
    let now = Timestamp::UNIX_EPOCH;
    Version {
        seq: Seq(seq),
        id: RecordId { kind, raw: u128::from(seq) },
        label: LabelId(seq as u32 % LABELS),
        valid_from: now,
        recorded_at: now,
        provenance,
        record: Some(Record::from_bytes(kind, json.as_bytes()).unwrap()),
    }
}

fn main() {
    let narratives: u64 = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(20_000);
    let mut numbers = Numbers(7);
    let mut index = Index::new();
    let mut folding = Duration::ZERO;
    for seq in 1..=narratives {
        let text: Vec<String> = (0..WORDS).map(|_| numbers.word()).collect();
        let narrative = format!(r#"{{"about":"inc_00000000000000000000000007","text":"{}"}}"#, text.join(" "));
        let offence = numbers.next(300);
        let incident = format!(
            r#"{{"occurred_from":"2018-03-04T10:00:00","offences":[{{"iucr":"1","primary_type":"THEFT","description":"KIND {offence}"}}]}}"#
        );
        let versions = [version(seq * 2, Kind::Narrative, &narrative), version(seq * 2 + 1, Kind::Incident, &incident)];
        let began = used();
        versions.iter().for_each(|version| index.apply(version));
        folding += used() - began;
    }
    println!("{narratives} narratives and as many incidents: folded in {:.1} CPU s", folding.as_secs_f64());
    let reach = |most: u32| {
        let labels: LabelSet = (0..most).map(LabelId).collect();
        Reach { pointer: LabelSet::empty(), class: PerClass::from_fn(|_| labels.clone()) }
    };
    let (frequent, rare) = (numbers.word(), "xyzzyq".to_owned());
    let middle: Vec<String> = (0..3).map(|_| numbers.word()).collect();
    for (name, asked) in [
        ("a word", frequent.clone()),
        ("three words", middle.join(" ")),
        ("one of three", middle.join(" OR ")),
        ("two in order", format!("\"{} {}\"", middle[0], middle[1])),
        ("in every incident", "theft".to_owned()),
        ("meant, not there", rare),
    ] {
        let query = Query::of(Terms::Words(Wanted::read(&asked).unwrap()));
        for (whose, most) in [("all", LABELS), ("half", LABELS / 2)] {
            let (reach, rounds) = (reach(most), 10);
            let began = used();
            let mut total = 0;
            for _ in 0..rounds {
                total = index.find(&query, &Sight::of(&reach)).total;
            }
            let each = (used() - began).as_secs_f64() * 1e3 / f64::from(rounds);
            println!("{name:20} {whose:5} {total:9} hits {each:9.2} CPU ms");
        }
    }
}
