//! The whole log as a holder of its openings has it: lines that were read from the log's keeper, each held against its leaf.
//!
//! In:    JSON lines, one for each entry from the first on, as `/api/v1/log/openings` gives them to oversight.
//! Out:   the entries, opened, and counted into the tree; or the first line that does not fit.
//! Never: believes a line: what it says must hash to its leaf, and the leaves to a root that the log's key signed, which the
//!        caller compares.
//!
//! # How
//! As [`Walk`](crate::Walk), without the keeper's frames and keys. A line whose opening was destroyed has its leaf alone, which the
//! root bears out all the same.
//!
//! # Change here
//! What a leaf is: `seal.rs`. What a line has: `OpeningLine` of `clear-respond`.

use std::io::{BufRead, Lines};

use serde::Deserialize;
use tlog_tiles::{Hash, record_hash};

use crate::openings::Opened;
use crate::seal;
use crate::tree::Edge;
use crate::verify::Flaw;
use crate::walk::{Leaf, Walk};

/// The log from its first entry, whoever gives it.
pub trait Entries: Iterator<Item = Result<Leaf, Flaw>> {
    /// How many entries were given so far.
    fn size(&self) -> u64;

    /// The RFC 6962 root over them.
    fn root(&self) -> [u8; 32];
}

impl Entries for Walk {
    fn size(&self) -> u64 {
        Walk::size(self)
    }

    fn root(&self) -> [u8; 32] {
        Walk::root(self)
    }
}

/// The entries of a holder's lines.
///
/// INVARIANT (a walk leaves nothing out): as for [`Walk`].
pub struct Given<R> {
    lines: Lines<R>,
    edge: Edge,
    ended: bool,
}

/// A line. What else it has is for other readers.
#[derive(Deserialize)]
struct Line {
    entry: u64,
    leaf: String,
    salt: Option<String>,
    body: Option<String>,
    #[serde(default)]
    destroyed: bool,
    flaw: Option<String>,
}

impl<R: BufRead> Given<R> {
    /// The entries of these lines, which begin with entry 0.
    pub fn of(lines: R) -> Given<R> {
        Given { lines: lines.lines(), edge: Edge::default(), ended: false }
    }

    fn step(&mut self) -> Result<Option<Leaf>, Flaw> {
        let entry = self.edge.size();
        let wrong = |why: String| Flaw::Entry { entry, why };
        let text = loop {
            match self.lines.next() {
                None => return Ok(None),
                Some(Err(error)) => return Err(wrong(format!("its line cannot be read: {error}"))),
                Some(Ok(line)) if line.trim().is_empty() => {}
                Some(Ok(line)) => break line,
            }
        };
        let line: Line =
            serde_json::from_str(&text).map_err(|error| wrong(format!("its line does not read: {error}")))?;
        if line.entry != entry {
            return Err(wrong(format!("its line is missing; the one there is of entry {}", line.entry)));
        }
        if let Some(flaw) = line.flaw {
            return Err(wrong(format!("the log's keeper could not open it: {flaw}")));
        }
        let told = bytes(&line.leaf).ok_or_else(|| wrong("its leaf is no hash".to_owned()))?;
        let (opened, hash) = match (line.body, line.salt) {
            _ if line.destroyed => (Opened::Destroyed, told),
            (None, _) => {
                return Err(wrong("its line does not give it whole: only oversight has every entry".to_owned()));
            }
            (Some(body), None) => {
                let hash = record_hash(&seal::clear_leaf(body.as_bytes())).0;
                (Opened::Clear(body.into_bytes()), hash)
            }
            (Some(body), Some(salt)) => {
                let salt = bytes(&salt).ok_or_else(|| wrong("its random bytes are not 32".to_owned()))?;
                let hash = record_hash(&seal::sealed_leaf(&salt, body.as_bytes())).0;
                (Opened::sealed(body.into_bytes()), hash)
            }
        };
        if hash != told {
            return Err(wrong("what its line says is not what its leaf was made of".to_owned()));
        }
        self.edge.push(Hash(hash), |_| Ok::<(), Flaw>(()))?;
        Ok(Some(Leaf { index: entry, hash, commitment: None, outbox: 0, opened }))
    }
}

impl<R: BufRead> Entries for Given<R> {
    fn size(&self) -> u64 {
        self.edge.size()
    }

    fn root(&self) -> [u8; 32] {
        self.edge.root().0
    }
}

impl<R: BufRead> Iterator for Given<R> {
    type Item = Result<Leaf, Flaw>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let step = self.step().transpose();
        self.ended = !matches!(step, Some(Ok(_)));
        step
    }
}

/// 32 bytes in hexadecimal.
fn bytes(hex: &str) -> Option<[u8; 32]> {
    let mut found = [0; 32];
    if hex.len() != 64 || !hex.is_ascii() {
        return None;
    }
    for (byte, at) in found.iter_mut().zip((0..64).step_by(2)) {
        *byte = u8::from_str_radix(hex.get(at..at + 2)?, 16).ok()?;
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(entry: u64, body: &str, salt: Option<[u8; 32]>) -> String {
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let leaf = match salt {
            Some(salt) => seal::sealed_leaf(&salt, body.as_bytes()),
            None => seal::clear_leaf(body.as_bytes()),
        };
        let salt = salt.map(|salt| hex(&salt));
        serde_json::json!({"entry": entry, "leaf": hex(&record_hash(&leaf).0), "salt": salt, "body": body, "whole": true})
            .to_string()
    }

    #[test]
    fn gr28_lines_are_held_against_their_leaves_one_after_the_other() {
        let good = [
            line(0, r#"{"at":"2026-06-01T12:00:00Z","what":"started"}"#, Some([7; 32])),
            line(1, "an order", None),
            line(2, &"long ".repeat(20_000), None),
        ];
        let mut given = Given::of(good.join("\n").leak().as_bytes());
        let leaves: Vec<Leaf> = given.by_ref().map(Result::unwrap).collect();
        assert!(matches!(&leaves[0].opened, Opened::Event(event) if event.what == crate::What::Started));
        assert_eq!(leaves[1].opened, Opened::Clear(b"an order".to_vec()));
        let mut edge = Edge::default();
        leaves.iter().for_each(|leaf| edge.push(tlog_tiles::Hash(leaf.hash), |_| Ok::<(), ()>(())).unwrap());
        assert_eq!((Entries::size(&given), Entries::root(&given)), (3, edge.root().0));
        let with = |at: usize, line: String| {
            let mut lines = good.to_vec();
            lines[at] = line;
            lines.join("\n")
        };
        for (text, said) in [
            (with(1, good[1].replace("an order", "an odder")), "entry 1 is wrong: what its line says is not"),
            (with(0, good[0].replace("0707", "0708")), "entry 0 is wrong: what its line says is not"),
            (with(1, line(2, "an order", None)), "entry 1 is wrong: its line is missing; the one there is of entry 2"),
            (with(2, r#"{"entry":2,"leaf":"00"}"#.into()), "entry 2 is wrong: its leaf is no hash"),
            (with(0, "{".into()), "entry 0 is wrong: its line does not read"),
            (with(0, format!(r#"{{"entry":0,"leaf":"{}"}}"#, "00".repeat(32))), "does not give it whole"),
            (with(0, format!(r#"{{"entry":0,"leaf":"{}","flaw":"x"}}"#, "00".repeat(32))), "could not open it"),
        ] {
            let flaw = Given::of(text.as_bytes()).find_map(Result::err).unwrap().to_string();
            assert!(flaw.contains(said), "{flaw}");
        }
    }
}
