//! The proof that a receipt's entry is under a checkpoint, as a file: checked years later, without any network.
//!
//! In:    a receipt and a published log; or the file.
//! Out:   the file, in the format of <https://c2sp.org/tlog-proof>; or that it shows the receipt's entry.
//! Never: trusts what the file says of itself; only what its checkpoint's signature and the hashes bear out.

use std::fmt;

use tlog_tiles::{Hash, check_record};

use crate::checkpoint;
use crate::receipt::Receipt;
use crate::verify::{self, Flaw, Source};

const TITLE: &str = "c2sp.org/tlog-proof@v1";
/// No tree has a longer path.
const MAX_PATH: usize = 64;

/// A checkpoint, an entry's place, and the hashes from its leaf up to the checkpoint's root.
#[derive(Debug, Clone, PartialEq)]
pub struct Proof {
    index: u64,
    path: Vec<Hash>,
    checkpoint: String,
}

/// Why a text is no proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("line {line} is not that of a proof: {what}")]
pub struct ProofFlaw {
    /// Which line, from 1.
    pub line: usize,
    /// What should stand there.
    pub what: &'static str,
}

impl Proof {
    /// Makes the proof that a published log has a receipt's entry, under its newest checkpoint.
    ///
    /// # Errors
    /// [`Flaw::NotYet`], [`Flaw::NotIncluded`], or what is wrong with the log.
    pub fn of(receipt: &Receipt, source: &dyn Source, vkey: &str) -> Result<Proof, Flaw> {
        let found = verify::inclusion(source, vkey, receipt.index(), Hash(receipt.leaf()))?;
        let checkpoint = String::from_utf8_lossy(&found.checkpoint).into_owned();
        Ok(Proof { index: receipt.index(), path: found.path, checkpoint })
    }

    /// Checks that this shows the receipt's entry under a checkpoint that the log signed; gives the checkpoint's size.
    ///
    /// # Errors
    /// [`Flaw::Checkpoint`], or [`Flaw::NotIncluded`] where it shows another entry or none.
    pub fn check(&self, receipt: &Receipt, vkey: &str) -> Result<u64, Flaw> {
        let head =
            checkpoint::check(self.checkpoint.as_bytes(), vkey).map_err(|source| Flaw::Checkpoint { source })?;
        let (entry, leaf) = (receipt.index(), Hash(receipt.leaf()));
        let within = self.index == entry && entry < head.size;
        let shows = within && check_record(&self.path, head.size, head.root, entry, leaf).is_ok();
        if shows { Ok(head.size) } else { Err(Flaw::NotIncluded { entry }) }
    }

    /// The hashes from the leaf's neighbour up to below the root.
    pub fn path(&self) -> Vec<[u8; 32]> {
        self.path.iter().map(|hash| hash.0).collect()
    }

    /// The signed checkpoint in it, as the log published it.
    pub fn checkpoint(&self) -> &str {
        &self.checkpoint
    }

    /// Reads a proof. Nothing in it is checked yet: [`Proof::check`].
    ///
    /// # Errors
    /// The first line that is not as the format wants it.
    pub fn parse(text: &str) -> Result<Proof, ProofFlaw> {
        let flaw = |line, what| ProofFlaw { line, what };
        let mut lines = (1..).zip(text.split_inclusive('\n'));
        let mut rest = text;
        let mut last = 0;
        let mut line = |what| {
            last += 1;
            let (number, line) = lines.next().ok_or(flaw(last, what))?;
            rest = rest.get(line.len()..).unwrap_or_default();
            let line = line.strip_suffix('\n').ok_or(flaw(number, "a line end"))?;
            Ok::<_, ProofFlaw>((number, line, rest))
        };
        if line("the title `c2sp.org/tlog-proof@v1`")?.1 != TITLE {
            return Err(flaw(1, "the title `c2sp.org/tlog-proof@v1`"));
        }
        let (mut number, mut said, _) = line("`index` and a number")?;
        // What others put beside it is not signed and says nothing here.
        if said.starts_with("extra ") {
            (number, said, _) = line("`index` and a number")?;
        }
        let index = said.strip_prefix("index ").and_then(|digits| {
            let index: u64 = digits.parse().ok()?;
            (index.to_string() == digits).then_some(index)
        });
        let index = index.ok_or(flaw(number, "`index` and a number"))?;
        let mut path = Vec::new();
        loop {
            let (number, said, rest) = line("a hash, or an empty line")?;
            if said.is_empty() {
                return Ok(Proof { index, path, checkpoint: rest.to_owned() });
            }
            let hash = Hash::parse_hash(said).ok().filter(|hash| hash.to_string() == said);
            path.push(hash.ok_or(flaw(number, "a hash in base64, or an empty line"))?);
            if path.len() > MAX_PATH {
                return Err(flaw(number, "an empty line: no tree is so deep"));
            }
        }
    }
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{TITLE}\nindex {}", self.index)?;
        self.path.iter().try_for_each(|hash| writeln!(f, "{hash}"))?;
        write!(f, "\n{}", self.checkpoint)
    }
}
