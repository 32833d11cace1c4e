//! Figures on demand, never a timed test: `cargo nextest run -p clear-search --release --run-ignored only --no-capture`.

use std::time::Instant;

use clear_record::Kind;
use clear_search::{Index, Query, Terms};

use crate::{all, id, record, version};

/// A small deterministic generator (SplitMix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Skewed as names are: a few are common, most are rare.
    fn skewed(&mut self, most: u64) -> u64 {
        let unit = (self.next() >> 11) as f64 / (1u64 << 53) as f64;
        ((most as f64).powf(unit) as u64).min(most) - 1
    }

    fn name(&self, seed: u64, family: bool) -> String {
        let mut random = Random(seed * 2 + u64::from(family));
        (0..2 + random.next() % 2 + u64::from(family))
            .map(|_| {
                let (onset, core) = (random.next() as usize % 20, random.next() as usize % 8);
                ["B", "C", "D", "F", "G", "H", "J", "K", "L", "M", "N", "P", "R", "S", "T", "V", "W", "ST", "BR", "TH"]
                    [onset]
                    .to_owned()
                    + ["A", "E", "I", "O", "U", "AN", "ER", "IN"][core]
            })
            .collect()
    }
}

#[test]
#[ignore = "figures, not a test; minutes in a debug build"]
fn figures_for_persons() {
    let count: u64 = std::env::var("PERSONS").ok().and_then(|count| count.parse().ok()).unwrap_or(300_000);
    let mut random = Random(7);
    let mut index = Index::new();
    let mut asked = Vec::new();
    let memory = || {
        std::fs::read_to_string("/proc/self/statm")
            .unwrap_or_default()
            .split(' ')
            .nth(1)
            .and_then(|pages| pages.parse::<u64>().ok())
            .unwrap_or(0)
            * 4096
    };
    let before = memory();
    let start = Instant::now();
    for seq in 1..=count {
        let (given, family) = (random.skewed(5_000), random.skewed(80_000));
        let (given, family) = (random.name(given, false), random.name(family, true));
        let json = format!(
            r#"{{"given_name":"{given}","family_name":"{family}","date_of_birth":"19{:02}-0{}-1{}"}}"#,
            random.next() % 100,
            1 + random.next() % 9,
            random.next() % 10
        );
        index.apply(&version(
            seq,
            id(Kind::Person, u128::from(random.next()) << 64 | u128::from(seq)),
            0,
            Some(record(Kind::Person, &json)),
        ));
        if seq % (count / 2_000).max(1) == 0 {
            let mut misspelt: Vec<char> = family.chars().collect();
            let at = 1 + random.next() as usize % (misspelt.len() - 2);
            misspelt.swap(at, at + 1);
            asked.push((seq, format!("{} {given}", misspelt.into_iter().collect::<String>())));
        }
    }
    println!("{count} persons in {:.1?}, {} bytes each", start.elapsed(), (memory() - before) / count);
    let mut times = Vec::new();
    let mut recalled = 0;
    for (seq, name) in &asked {
        let start = Instant::now();
        let found = index.find(
            &Query {
                limit: 100_000,
                ..Query::of(Terms::Person { name: Some(name.clone()), date_of_birth: None, identity_number: None })
            },
            &all(),
        );
        times.push(start.elapsed());
        recalled += usize::from(found.hits.iter().any(|hit| hit.id.raw as u64 == *seq));
    }
    times.sort();
    println!(
        "{} misspelt names: p50 {:.1?}, p99 {:.1?}, found {recalled}",
        asked.len(),
        times[times.len() / 2],
        times[times.len() * 99 / 100]
    );
}
