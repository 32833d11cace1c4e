//! Every parser over its seeds, and over many bytes that are nearly them. The long run is `make soak`.

use std::fs;
use std::path::Path;

use clear_audit::parsers::PARSERS;

/// A small generator with a fixed seed: every run tries the same bytes.
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

#[test]
fn gr22_no_bytes_break_a_parser() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds");
    for (name, parser) in PARSERS {
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
        let (mut random, mut read) = (Random(0x000C_1EA2), 0);
        for round in 0..20_000 {
            let bytes = mutate(&corpus[round % corpus.len()], &corpus[random.below(corpus.len())], &mut random);
            match parser(&bytes) {
                Ok(was) => read += usize::from(was),
                Err(promise) => panic!("{name}: {promise}\n{bytes:02x?}"),
            }
        }
        assert!(read < 20_000, "{name} takes everything");
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
