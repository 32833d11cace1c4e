//! What all signed notes of the register share: a heading, lines of `name: value`, signatures of persons.
//!
//! The form is C2SP signed-note with Ed25519 keys. The same bytes are signed, logged and published.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use clear_record::AccountId;
use signed_note::{Note, StandardVerifier, Verifier};

use crate::{BadOrder, KeyHolder};

/// The text of a signed note, without its signatures.
pub(crate) fn text(note: &str) -> Result<String, BadOrder> {
    let parsed = Note::from_bytes(note.as_bytes()).map_err(|error| BadOrder::NotANote(format!("{error:?}")))?;
    String::from_utf8(parsed.text().to_vec()).map_err(|error| BadOrder::NotANote(error.to_string()))
}

/// The lines of a note, taken one after the other.
pub(crate) struct Lines<'a> {
    lines: std::iter::Enumerate<std::str::Lines<'a>>,
}

impl<'a> Lines<'a> {
    pub(crate) fn of(text: &'a str, heading: &'static str) -> Result<Lines<'a>, BadOrder> {
        let mut lines = text.lines().enumerate();
        match lines.next() {
            Some((_, line)) if line == heading => Ok(Lines { lines }),
            _ => Err(BadOrder::Line { line: 1, expected: heading }),
        }
    }

    /// The value of the next line, which must have that name, and the line's number.
    pub(crate) fn text(&mut self, name: &'static str) -> Result<(usize, &'a str), BadOrder> {
        let (at, line) = self.lines.next().ok_or(BadOrder::Line { line: 0, expected: name })?;
        let rest = line.strip_prefix(name).and_then(|rest| rest.strip_prefix(": "));
        rest.map(|rest| (at + 1, rest)).ok_or(BadOrder::Line { line: at + 1, expected: name })
    }

    /// The same, read as something.
    pub(crate) fn value<T: FromStr<Err: fmt::Display>>(&mut self, name: &'static str) -> Result<T, BadOrder> {
        let (line, text) = self.text(name)?;
        read(line, text)
    }
}

pub(crate) fn read<T: FromStr<Err: fmt::Display>>(line: usize, text: &str) -> Result<T, BadOrder> {
    text.parse().map_err(|error: T::Err| BadOrder::Value { line, what: error.to_string() })
}

pub(crate) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Who signed a note, and what is wrong with each signature that does not count.
pub(crate) struct Signed {
    /// The different persons whose keys are good for it.
    pub(crate) signers: BTreeSet<AccountId>,
    problems: Vec<String>,
}

impl Signed {
    /// The signers, if there are enough of them.
    pub(crate) fn by(self, needed: usize) -> Result<Vec<AccountId>, BadOrder> {
        if self.signers.len() >= needed {
            return Ok(self.signers.into_iter().collect());
        }
        let problem = (!self.problems.is_empty()).then(|| self.problems.join("; "));
        Err(BadOrder::Signatures { needed, valid: self.signers.len(), problem })
    }
}

/// Checks each signature of a note against the keys that may sign it and those that have ended.
pub(crate) fn signed(note: &str, text: &str, allowed: &[&KeyHolder], ended: &[&KeyHolder]) -> Signed {
    let (mut signers, mut problems) = (BTreeSet::new(), Vec::new());
    let verifies = |key: &KeyHolder, signature: &signed_note::Signature| {
        StandardVerifier::new(&key.verifier).is_ok_and(|verifier| {
            verifier.name() == signature.name()
                && verifier.key_id() == signature.id()
                && verifier.verify(text.as_bytes(), signature.signature())
        })
    };
    for line in note.lines().filter(|line| line.starts_with("— ")) {
        let Ok(signature) = signed_note::Signature::from_bytes(line.as_bytes()) else {
            problems.push("a signature line does not read".to_owned());
            continue;
        };
        if let Some(key) = allowed.iter().find(|key| verifies(key, &signature)) {
            if !signers.insert(key.holder.clone()) {
                problems.push(format!("`{}` signed twice, which counts once", key.holder));
            }
        } else if let Some(key) = ended.iter().find(|key| verifies(key, &signature)) {
            problems.push(format!("the key of `{}` was revoked", key.holder));
        } else {
            problems.push(format!("`{}` is no key that may sign this", signature.name()));
        }
    }
    if signers.is_empty() && problems.is_empty() {
        problems.push("there is no signature".to_owned());
    }
    Signed { signers, problems }
}
