//! The fuzz target's seeds, and twenty thousand texts that are nearly seeds, always the same ones.

#![allow(clippy::disallowed_methods, reason = "tests open what they look at")]

#[path = "../../../../fuzz/bodies/soql.rs"]
mod soql;

const ROUNDS: usize = 20_000;

#[test]
fn what_reads_prints_as_what_it_is_and_is_planned_or_refused() {
    let folder = format!("{}/../../fuzz/seeds/soql", env!("CARGO_MANIFEST_DIR"));
    let files = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{folder}: {error}"));
    let mut seeds: Vec<String> = files.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap()).collect();
    seeds.sort();
    assert!(seeds.len() > 3, "{folder}");
    for seed in &seeds {
        assert!(clear_soql::parse::query(seed).is_ok() || clear_soql::parse::expression(seed).is_ok(), "{seed}");
        soql::body(seed);
    }
    let mut state = 42u64;
    let mut next = |most: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % most.max(1)
    };
    const STRANGE: [&str; 16] =
        ["'", "\"", "`", "(", ")", "|>", "--", "/*", "*", "::", "@", ".", "1e400", "\0", "\u{301}", "🙂"];
    for _ in 0..ROUNDS {
        let mut text: Vec<char> = seeds[next(seeds.len())].chars().collect();
        for _ in 0..=next(4) {
            let at = next(text.len() + 1);
            match next(4) {
                0 => drop(text.splice(at..at, STRANGE[next(STRANGE.len())].chars())),
                1 if at < text.len() => drop(text.remove(at)),
                2 => text.truncate(at),
                _ => {
                    let other: Vec<char> = seeds[next(seeds.len())].chars().collect();
                    let from = next(other.len());
                    text.splice(at..at, other.into_iter().skip(from).take(12));
                }
            }
        }
        soql::body(&text.into_iter().collect::<String>());
    }
}
