//! The fuzz targets' seeds, and twenty thousand texts that are nearly seeds, always the same ones.

#![allow(clippy::disallowed_methods, reason = "tests open what they look at")]

use clear_record::Sight;
use clear_search::{Index, Query, Wanted, understand};

const ROUNDS: usize = 20_000;

fn seeds(target: &str) -> Vec<(String, String)> {
    let folder = format!("{}/../../fuzz/seeds/{target}", env!("CARGO_MANIFEST_DIR"));
    let mut seeds: Vec<(String, String)> = std::fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{folder}: {error}"))
        .map(|entry| {
            let entry = entry.unwrap();
            (entry.file_name().into_string().unwrap(), std::fs::read_to_string(entry.path()).unwrap())
        })
        .collect();
    seeds.sort();
    assert!(seeds.len() > 3, "{folder}");
    seeds
}

/// Runs over every seed, then over seeds with characters taken from each other, doubled, dropped and replaced.
fn nearly(seeds: &[(String, String)], mut run: impl FnMut(&str)) {
    let mut state = 42u64;
    let mut next = |most: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % most.max(1)
    };
    const STRANGE: [char; 12] = ['"', '*', '(', ')', '-', ':', '/', '@', '\u{1e}', '\0', '\u{301}', '🙂'];
    for (_, seed) in seeds {
        run(seed);
    }
    for _ in 0..ROUNDS {
        let mut text: Vec<char> = seeds[next(seeds.len())].1.chars().collect();
        for _ in 0..=next(4) {
            let at = next(text.len());
            match next(4) {
                0 => text.insert(at, STRANGE[next(STRANGE.len())]),
                1 if !text.is_empty() => drop(text.remove(at)),
                2 if !text.is_empty() => text[at] = STRANGE[next(STRANGE.len())],
                _ => {
                    let other: Vec<char> = seeds[next(seeds.len())].1.chars().collect();
                    let from = next(other.len());
                    text.splice(at..at, other.into_iter().skip(from).take(8));
                }
            }
        }
        run(&text.into_iter().collect::<String>());
    }
}

#[test]
fn the_box_understands_every_text_in_one_way() {
    let (index, all) = (Index::new(), crate::all());
    nearly(&seeds("search_box"), |text| {
        let understood = understand(text);
        assert!(understood == understand(text), "{text:?}");
        let others = understood.others.into_iter().map(|(terms, _)| terms);
        for terms in others.chain([understood.terms]) {
            assert_eq!(index.find(&Query::of(terms), &Sight::of(&all)).total, 0, "{text:?}");
        }
    });
}

#[test]
fn a_question_for_words_reads_or_is_refused() {
    let seeds = seeds("search_words");
    for (name, seed) in &seeds {
        assert_eq!(Wanted::read(seed).is_err(), name.starts_with("not-"), "{name}");
    }
    let mut read = 0;
    nearly(&seeds, |text| read += usize::from(Wanted::read(text).is_ok()));
    assert!(read > ROUNDS / 4 && read < ROUNDS, "{read}");
}
