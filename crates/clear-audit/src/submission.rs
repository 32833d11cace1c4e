//! What a log sends to a witness: its newest checkpoint, and the proof that it only grew.
//!
//! <https://c2sp.org/tlog-witness>, the body of `add-checkpoint`.

use std::fmt;

use tlog_tiles::{Hash, prove_tree};

use crate::checkpoint::{self, Head};
use crate::verify::{self, Flaw, Source};

/// The specification's limit of proof lines.
const PROOF_MAX: usize = 63;

/// The body of an `add-checkpoint` request.
#[derive(Debug, Clone, PartialEq)]
pub struct Submission {
    /// The size that the witness knows, as the sender believes.
    pub(crate) old: u64,
    pub(crate) proof: Vec<Hash>,
    /// The signed note.
    pub(crate) checkpoint: String,
}

/// Why a body is not a submission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadSubmission {
    /// Bytes that are no text.
    #[error("the body is not UTF-8 text")]
    Text,
    /// The first line.
    #[error("the first line should be `old` and a size in decimal, like `old 0`")]
    Old,
    /// A line of the proof.
    #[error("line {line} should be a hash in base64, 32 bytes of it, or the empty line before the checkpoint")]
    Proof {
        /// Which, from 1.
        line: usize,
    },
    /// Too many of them.
    #[error("a consistency proof has at most {PROOF_MAX} lines")]
    Long,
    /// The rest of it.
    #[error("after the empty line there should be a signed checkpoint")]
    Checkpoint,
}

impl Submission {
    /// Reads a body. Signatures and proof are not checked here.
    ///
    /// # Errors
    /// The first part that is not as the specification has it.
    pub fn parse(body: &[u8]) -> Result<Submission, BadSubmission> {
        let text = std::str::from_utf8(body).map_err(|_| BadSubmission::Text)?;
        let (first, mut rest) = text.split_once('\n').ok_or(BadSubmission::Old)?;
        let digits = first.strip_prefix("old ").ok_or(BadSubmission::Old)?;
        let old: u64 = digits.parse().map_err(|_| BadSubmission::Old)?;
        if old.to_string() != digits {
            return Err(BadSubmission::Old);
        }
        let mut proof = Vec::new();
        for line in 2.. {
            let (hash, after) = rest.split_once('\n').ok_or(BadSubmission::Proof { line })?;
            rest = after;
            if hash.is_empty() {
                break;
            }
            if proof.len() == PROOF_MAX {
                return Err(BadSubmission::Long);
            }
            proof.push(Hash::parse_hash(hash).map_err(|_| BadSubmission::Proof { line })?);
        }
        checkpoint::read(rest.as_bytes()).ok_or(BadSubmission::Checkpoint)?;
        Ok(Submission { old, proof, checkpoint: rest.to_owned() })
    }

    /// The submission of a log's checkpoint to a witness that knows so many entries. The log may have grown since the
    /// checkpoint was made.
    ///
    /// # Errors
    /// A checkpoint that the log's key did not sign, or that the log does not reach; tiles that are missing or wrong.
    pub fn of(source: &dyn Source, vkey: &str, old: u64, note: &str) -> Result<Submission, Flaw> {
        let head = checkpoint::check(note.as_bytes(), vkey).map_err(|source| Flaw::Checkpoint { source })?;
        let newest = verify::fetch_head(source, vkey)?;
        if head.size > newest.size {
            return Err(Flaw::Lost { entry: newest.size, size: head.size });
        }
        let proof = if old == 0 || old >= head.size { vec![] } else { grown(source, &newest, old, head.size)? };
        Ok(Submission { old, proof, checkpoint: note.to_owned() })
    }
}

fn grown(source: &dyn Source, newest: &Head, old: u64, size: u64) -> Result<Vec<Hash>, Flaw> {
    verify::with_tiles(source, newest, |tree| prove_tree(size, old, tree))
}

impl fmt::Display for Submission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "old {}", self.old)?;
        self.proof.iter().try_for_each(|hash| writeln!(f, "{hash}"))?;
        write!(f, "\n{}", self.checkpoint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = "old 20852014\nPlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\njrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=\n5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=\n/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=\n\nexample.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n— example.com/behind-the-sofa opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=\n";

    #[test]
    fn gr22_the_example_of_the_specification_is_read_and_written() {
        let read = Submission::parse(EXAMPLE.as_bytes()).unwrap();
        assert_eq!((read.old, read.proof.len()), (20_852_014, 4));
        assert_eq!(read.to_string(), EXAMPLE);
    }

    #[test]
    fn what_is_no_submission_says_where() {
        let long = format!("old 1\n{}\n", "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n".repeat(64));
        for (body, expected) in [
            ("".to_owned(), BadSubmission::Old),
            ("old".to_owned(), BadSubmission::Old),
            (EXAMPLE.replacen("20852014", "020852014", 1), BadSubmission::Old),
            (EXAMPLE.replacen("20852014", "+1", 1), BadSubmission::Old),
            (EXAMPLE.replacen("old ", "old  ", 1), BadSubmission::Old),
            (EXAMPLE.replacen("kaw=", "kaw", 1), BadSubmission::Proof { line: 2 }),
            (EXAMPLE.replacen("/0=\n\n", "/0=\n", 1), BadSubmission::Proof { line: 6 }),
            (EXAMPLE.replacen("old 20852014\n", "old 20852014\r\n", 1), BadSubmission::Old),
            (long, BadSubmission::Long),
            ("old 0\n\n".to_owned(), BadSubmission::Checkpoint),
            (EXAMPLE.split("\n\n—").next().unwrap().to_owned(), BadSubmission::Checkpoint),
        ] {
            assert_eq!(Submission::parse(body.as_bytes()).unwrap_err(), expected, "{body}");
        }
        assert_eq!(Submission::parse(b"old 0\xff\n").unwrap_err(), BadSubmission::Text);
    }
}
