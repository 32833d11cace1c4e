//! What every parser of bytes that somebody else wrote must hold, for any bytes at all: for the fuzz targets, and for the
//! tests that replay their seeds.
//!
//! In:    bytes.
//! Out:   whether they were read; or the sentence of the promise that does not hold for them.
//! Never: is called by the log itself.

use signed_note::Note;
use tlog_tiles::Checkpoint;

use crate::checkpoint;
use crate::proof::Proof;
use crate::receipt::Receipt;
use crate::submission::Submission;
use crate::tiles::{TilePath, push_leaf, take_leaf};

/// One parser: gives whether the bytes were read, or the promise that they break.
pub type Parser = fn(&[u8]) -> Result<bool, String>;

/// Every parser of this crate by the name of its fuzz target and its folder of seeds.
pub const PARSERS: &[(&str, Parser)] = &[
    ("receipt", receipt),
    ("checkpoint", checkpoint),
    ("tile_path", tile_path),
    ("bundle", bundle),
    ("note", note),
    ("proof", proof),
    ("submission", submission),
];

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_default()
}

fn holds(promise: bool, what: &str) -> Result<bool, String> {
    if promise { Ok(true) } else { Err(what.to_owned()) }
}

/// A receipt reads back as it was written.
///
/// # Errors
/// The promise that does not hold.
pub fn receipt(bytes: &[u8]) -> Result<bool, String> {
    let Ok(receipt) = Receipt::parse(text(bytes)) else { return Ok(false) };
    holds(receipt.to_header() == text(bytes).trim(), "a receipt is written as it was read")?;
    holds(Receipt::parse(&receipt.to_header()) == Ok(receipt), "a receipt reads back as it was written")
}

/// A checkpoint's text is the only one that says the same, and nobody's key but the log's makes it one.
///
/// # Errors
/// The promise that does not hold.
pub fn checkpoint(bytes: &[u8]) -> Result<bool, String> {
    const STRANGER: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    if checkpoint::check(bytes, STRANGER).is_ok() {
        return Err("a checkpoint is one under its own log's key alone".to_owned());
    }
    let Ok(note) = Note::from_bytes(bytes) else { return Ok(false) };
    let Ok(said) = Checkpoint::from_bytes(note.text()) else { return Ok(false) };
    let again = Checkpoint::from_bytes(&said.to_bytes());
    let same = again
        .is_ok_and(|again| (again.origin(), again.size(), again.hash()) == (said.origin(), said.size(), said.hash()));
    holds(same, "a checkpoint reads back as it was written")
}

/// A tile's place has one spelling, and no spelling leads out of the log.
///
/// # Errors
/// The promise that does not hold.
pub fn tile_path(bytes: &[u8]) -> Result<bool, String> {
    let path = text(bytes);
    let Some(place) = TilePath::parse(path) else { return Ok(false) };
    holds(place.to_string() == path, "a tile's place has one spelling")?;
    holds(path.starts_with("tile/") && !path.contains(".."), "a tile's path stays in the log")
}

/// A bundle's entries, put together again, are its bytes.
///
/// # Errors
/// The promise that does not hold.
pub fn bundle(bytes: &[u8]) -> Result<bool, String> {
    let (mut rest, mut again) = (bytes, Vec::new());
    while let Some((leaf, left)) = take_leaf(rest) {
        push_leaf(&mut again, leaf);
        rest = left;
    }
    let read = rest.is_empty() && !bytes.is_empty();
    again.extend_from_slice(rest);
    holds(again == bytes, "a bundle's entries are its bytes")?;
    Ok(read)
}

/// A signed note reads back as it was written.
///
/// # Errors
/// The promise that does not hold.
pub fn note(bytes: &[u8]) -> Result<bool, String> {
    let Ok(note) = Note::from_bytes(bytes) else { return Ok(false) };
    let again = Note::from_bytes(&note.to_bytes());
    holds(note.to_bytes() == bytes, "a note is written as it was read")?;
    holds(again.is_ok_and(|again| again.text() == note.text()), "a note's text reads back as it was written")
}

/// A proof reads back as it was written.
///
/// # Errors
/// The promise that does not hold.
pub fn proof(bytes: &[u8]) -> Result<bool, String> {
    let Ok(proof) = Proof::parse(text(bytes)) else { return Ok(false) };
    // A line of somebody else's, which the format allows behind the title, is not kept.
    let extra = |(at, line): &(usize, &str)| *at == 1 && line.starts_with("extra ");
    let lines = text(bytes).split_inclusive('\n').enumerate().filter(|line| !extra(line));
    let read: String = lines.map(|(_, line)| line).collect();
    holds(proof.to_string() == read, "a proof is written as it was read")?;
    holds(Proof::parse(&proof.to_string()) == Ok(proof), "a proof reads back as it was written")
}

/// A submission to a witness is written as it was read, byte for byte.
///
/// # Errors
/// The promise that does not hold.
pub fn submission(bytes: &[u8]) -> Result<bool, String> {
    let Ok(submission) = Submission::parse(bytes) else { return Ok(false) };
    holds(submission.to_string().as_bytes() == bytes, "a submission is written as it was read")
}
