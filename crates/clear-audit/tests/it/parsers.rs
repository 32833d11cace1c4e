//! Every parser over its seeds, and for a minute over bytes that are nearly them: other ones in each run, and the same ones
//! again under the seed that a failure names. Under a fuzzer that sees the branches taken: `make soak`.

use std::collections::hash_map::RandomState;
use std::fs;
use std::hash::{BuildHasher, Hasher};
use std::path::Path;
use std::time::{Duration, Instant};

use clear_audit::parsers::{PARSERS, Parser};

/// A small generator (xorshift64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }
}

/// Bytes that are nearly these: bits turned, parts dropped, doubled, moved, taken from another seed.
fn mutate(seed: &[u8], other: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..=random.below(4) {
        let at = random.below(bytes.len() + 1);
        let length = random.below(40).min(bytes.len() - at);
        match random.below(8) {
            0 | 1 if at < bytes.len() => bytes[at] ^= 1 << random.below(8),
            2 => drop(bytes.drain(at..at + length)),
            3 => {
                let part = bytes[at..at + length].to_vec();
                let to = random.below(bytes.len() + 1);
                bytes.splice(to..to, part);
            }
            4 => bytes.truncate(at),
            5 => {
                let from = random.below(other.len() + 1);
                let part = other[from..(from + length).min(other.len())].to_vec();
                bytes.splice(at..at + length, part);
            }
            6 => {
                const PIECES: [&[u8]; 8] =
                    [b"\n", b"\n\n", b"0", b"18446744073709551616", b"-", "— ".as_bytes(), b"\0", b"\xff\xff"];
                bytes.splice(at..at, PIECES[random.below(8)].iter().copied());
            }
            _ => bytes.insert(at, random.next() as u8),
        }
    }
    bytes
}

/// How long each parser is tried, seconds; `OPENCLEAR_FUZZ_SECONDS` says otherwise.
const SECONDS: u64 = 60;
/// So many bytes that were read are remembered, to be mutated on.
const REMEMBERED: usize = 200;

fn set(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|value| value.parse().unwrap_or_else(|_| panic!("{name} should be a number")))
}

/// The seeds of a parser, each read or refused as its name says.
fn corpus(name: &str, parser: Parser) -> Vec<Vec<u8>> {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds");
    let mut files: Vec<_> = fs::read_dir(seeds.join(name))
        .unwrap_or_else(|error| panic!("fuzz/seeds/{name}: {error}"))
        .map(|item| item.unwrap().path())
        .collect();
    files.sort();
    let corpus: Vec<Vec<u8>> = files.iter().map(|file| fs::read(file).unwrap()).collect();
    assert!(corpus.len() >= 2, "{name} has {} seeds", corpus.len());
    for (file, seed) in files.iter().zip(&corpus) {
        // A seed whose name begins with `not-` is one that must be refused.
        let wanted = !file.file_name().unwrap().to_string_lossy().starts_with("not-");
        assert_eq!(parser(seed), Ok(wanted), "{}", file.display());
    }
    corpus
}

/// Tries mutants of the seeds, and of those among them that were read, for as long as is set.
fn fuzz(name: &str) {
    let parser = PARSERS.iter().find(|(known, _)| *known == name).unwrap_or_else(|| panic!("no parser {name}")).1;
    let mut corpus = corpus(name, parser);
    let seeds = corpus.len();
    let random_seed = || RandomState::new().build_hasher().finish() | 1;
    let seed = set("OPENCLEAR_FUZZ_SEED").unwrap_or_else(random_seed);
    let until = Duration::from_secs(set("OPENCLEAR_FUZZ_SECONDS").unwrap_or(SECONDS));
    let (mut random, began, mut read, mut refused) = (Random(seed), Instant::now(), 0u64, 0u64);
    while began.elapsed() < until || read + refused < 20_000 {
        let (one, other) = (random.below(corpus.len()), random.below(corpus.len()));
        let bytes = mutate(&corpus[one], &corpus[other], &mut random);
        if corpus.contains(&bytes) {
            continue;
        }
        match parser(&bytes) {
            Ok(true) => {
                read += 1;
                if corpus.len() < seeds + REMEMBERED {
                    corpus.push(bytes);
                } else {
                    // One goes for each that comes, so that it wanders on; the seeds stay.
                    let place = seeds + random.below(REMEMBERED);
                    corpus[place] = bytes;
                }
            }
            Ok(false) => refused += 1,
            Err(promise) => panic!("{name}: {promise}\nOPENCLEAR_FUZZ_SEED={seed}\n{}", bytes.escape_ascii()),
        }
    }
    println!("{name}: {read} read, {refused} refused; OPENCLEAR_FUZZ_SEED={seed}");
    // One that takes everything, or nothing that is nearly right, was not tried.
    assert!(read > 100 && refused > 100, "{name}: {read} read, {refused} refused; OPENCLEAR_FUZZ_SEED={seed}");
}

// A test for each, so that they run beside each other.

#[test]
fn gr22_no_bytes_break_the_parser_of_receipts() {
    fuzz("receipt");
}

#[test]
fn gr22_no_bytes_break_the_parser_of_checkpoints() {
    fuzz("checkpoint");
}

#[test]
fn gr22_no_bytes_break_the_parser_of_tile_paths() {
    fuzz("tile_path");
}

#[test]
fn gr22_no_bytes_break_the_parser_of_bundles() {
    fuzz("bundle");
}

#[test]
fn gr22_no_bytes_break_the_parser_of_notes() {
    fuzz("note");
}

#[test]
fn gr22_no_bytes_break_the_parser_of_proofs() {
    fuzz("proof");
}

#[test]
fn gr22_no_bytes_break_the_parser_of_submissions() {
    fuzz("submission");
}

#[test]
fn every_parser_is_fuzzed_in_every_run() {
    for (name, _) in PARSERS {
        assert!(include_str!("parsers.rs").contains(&format!("fuzz(\"{name}\");")), "{name}");
    }
}

#[test]
fn every_parser_has_a_fuzz_target_and_the_other_way_round() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz");
    let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
    for (name, _) in PARSERS {
        let target = fs::read_to_string(folder.join(format!("fuzz_targets/{name}.rs"))).unwrap();
        assert!(
            target.contains(&format!("parsers::{name}(")) && manifest.contains(&format!("name = \"{name}\"")),
            "{name}"
        );
    }
    for target in fs::read_dir(folder.join("fuzz_targets")).unwrap() {
        let path = target.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let known = PARSERS.iter().any(|(parser, _)| *parser == name);
        assert_eq!(known, fs::read_to_string(&path).unwrap().contains("clear_audit::parsers::"), "{name}");
    }
}
