//! Persons, written down and read back, so that a start does not fold every person again.
//!
//! In:    a [`Write`] to save to, a [`Read`] to load from; both in memory or on a disk that the caller seals.
//! Out:   bytes with a version, the `seq` they are at and a checksum; or an index with the persons of such bytes.
//! Never: opens a file; writes anything of a record that was removed; gives half of what it read.
//!
//! # How
//! What is kept of each person is written in columns: id, label, words, dates, numbers. What leads from words to persons is
//! made again while reading, which is quicker than reading it. Other kinds of records, and what of a person is kept
//! beside this part (its address), are not in it: they come by [`Index::apply`](crate::Index::apply), to which persons
//! whose version is not newer than the snapshot cost next to nothing.
//!
//! # Change here
//! A field more: one column in [`save`] and [`load`], and the next [`FORMAT`].

use std::io::{self, Read, Write};

use clear_record::{Kind, LabelId, RecordId, Seq};

use crate::names::{put_together, taken_apart};
use crate::persons::{Persons, Saved};
use crate::rows::{Row, Rows};

/// The first bytes, and the version of what follows. A snapshot of another version is not read: the ledger has it all.
const MAGIC: [u8; 8] = *b"CLRPERS\n";
const FORMAT: u32 = 1;

/// Why a snapshot was not taken. In every case: fold the ledger from its beginning.
#[derive(Debug, thiserror::Error)]
pub enum NotTaken {
    /// It cannot be read.
    #[error("cannot read the snapshot of persons")]
    Read(#[source] io::Error),
    /// It is of another version of this program, or no snapshot.
    #[error("the snapshot of persons has another format")]
    Format,
    /// It is damaged.
    #[error("the snapshot of persons is damaged")]
    Damaged,
}

/// Writes every live person.
pub(crate) fn save(seq: Seq, rows: &Rows, persons: &Persons, out: &mut impl Write) -> io::Result<()> {
    let mut out = Out { out, sum: SEED, buffer: Vec::with_capacity(PIECE_BYTES) };
    out.bytes(&MAGIC)?;
    out.bytes(&FORMAT.to_le_bytes())?;
    out.bytes(&seq.0.to_le_bytes())?;
    let live: Vec<(u32, RecordId, LabelId)> = (0..persons.len() as u32)
        .filter_map(|number| rows.key(persons.row(number)).map(|(id, label)| (number, id, label)))
        .collect();
    // Places of words are numbered again, so that no gap tells of a word that is gone.
    let tokens = &persons.names.tokens;
    let mut renumbered = vec![0u32; tokens.places()];
    let places: Vec<u32> = (0..tokens.places() as u32).filter(|place| !tokens.bytes(*place).is_empty()).collect();
    out.count(places.len())?;
    for (new, place) in (0u32..).zip(&places) {
        if let Some(slot) = renumbered.get_mut(*place as usize) {
            *slot = new;
        }
        out.text(tokens.bytes(*place))?;
    }
    out.count(live.len())?;
    for (number, id, label) in live {
        out.bytes(&id.raw.to_le_bytes())?;
        out.bytes(&label.0.to_le_bytes())?;
        let Saved { seq, words, birth, sex, identity_number, phone, marks } = persons.saved(number);
        out.bytes(&seq.to_le_bytes())?;
        out.bytes(&birth.to_le_bytes())?;
        out.bytes(&[sex])?;
        out.bytes(&identity_number.to_le_bytes())?;
        out.bytes(&phone.to_le_bytes())?;
        out.bytes(&[words.len() as u8])?;
        for word in words {
            let (place, role) = taken_apart(word);
            let place = renumbered.get(place as usize).copied().unwrap_or_default();
            out.bytes(&put_together(place, role).to_le_bytes())?;
        }
        let marks = marks.get(..marks.len().min(usize::from(u8::MAX))).unwrap_or_default();
        out.bytes(&[marks.len() as u8])?;
        for mark in marks {
            out.text(mark.as_bytes())?;
        }
    }
    let sum = out.sum_so_far();
    out.bytes(&sum.to_le_bytes())?;
    out.flush()
}

/// Reads persons back: the `seq` they are at, their rows, and all that they are found by.
pub(crate) fn load(input: &mut impl Read) -> Result<(Seq, Rows, Persons), NotTaken> {
    let mut input = In { input, sum: SEED, held: Vec::new(), at: 0 };
    if input.array::<8>()? != MAGIC || u32::from_le_bytes(input.array()?) != FORMAT {
        return Err(NotTaken::Format);
    }
    let seq = Seq(u64::from_le_bytes(input.array()?));
    let (mut rows, mut persons) = (Rows::default(), Persons::default());
    let words = input.count()?;
    for _ in 0..words {
        let text = input.text()?;
        let sound = !text.is_empty() && text.len() <= 63 && text.iter().all(u8::is_ascii_alphanumeric);
        let text = std::str::from_utf8(&text).ok().filter(|_| sound).ok_or(NotTaken::Damaged)?;
        persons.names.tokens.restore(text).ok_or(NotTaken::Damaged)?;
    }
    persons.names.tokens.rebuild();
    for _ in 0..input.count()? {
        let id = RecordId { kind: Kind::Person, raw: u128::from_le_bytes(input.array()?) };
        let label = LabelId(u32::from_le_bytes(input.array()?));
        let mut saved = Saved {
            seq: u32::from_le_bytes(input.array()?),
            birth: u32::from_le_bytes(input.array()?),
            sex: u8::from_le_bytes(input.array()?),
            identity_number: u64::from_le_bytes(input.array()?),
            phone: u64::from_le_bytes(input.array()?),
            ..Saved::default()
        };
        let [count] = input.array()?;
        for _ in 0..count {
            let word = u32::from_le_bytes(input.array()?);
            if taken_apart(word).0 as usize >= words {
                return Err(NotTaken::Damaged);
            }
            saved.words.push(word);
        }
        let [count] = input.array()?;
        for _ in 0..count {
            saved.marks.push(String::from_utf8(input.text()?).map_err(|_| NotTaken::Damaged)?);
        }
        if rows.of(id).is_some() {
            return Err(NotTaken::Damaged);
        }
        let row = rows.insert(Row { id, label, when: None, beat: 0 });
        persons.restore(row, &saved);
    }
    let sum = input.sum_so_far();
    if u64::from_le_bytes(input.array()?) != sum {
        return Err(NotTaken::Damaged);
    }
    persons.settle();
    Ok((seq, rows, persons))
}

/// The checksum tells damage. It tells no forgery: who seals the file does.
const SEED: u64 = 0xcbf2_9ce4_8422_2325;

fn mixed(sum: u64, bytes: &[u8]) -> u64 {
    let word = |chunk: &[u8]| chunk.iter().rev().fold(0u64, |word, byte| word << 8 | u64::from(*byte));
    bytes.chunks(8).fold(sum, |sum, chunk| {
        (sum ^ word(chunk) ^ (chunk.len() as u64) << 56).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29)
    })
}

const PIECE_BYTES: usize = 1 << 16;

struct Out<'a, W> {
    out: &'a mut W,
    sum: u64,
    buffer: Vec<u8>,
}

impl<W: Write> Out<'_, W> {
    fn bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.sum = mixed(self.sum, bytes);
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= PIECE_BYTES { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.write_all(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }

    fn count(&mut self, count: usize) -> io::Result<()> {
        self.bytes(&(count as u64).to_le_bytes())
    }

    fn text(&mut self, text: &[u8]) -> io::Result<()> {
        let text = text.get(..text.len().min(usize::from(u8::MAX))).unwrap_or_default();
        self.bytes(&[text.len() as u8])?;
        self.bytes(text)
    }

    fn sum_so_far(&self) -> u64 {
        self.sum
    }
}

struct In<'a, R> {
    input: &'a mut R,
    sum: u64,
    held: Vec<u8>,
    at: usize,
}

impl<R: Read> In<'_, R> {
    /// The next so many bytes, of which there are never many.
    fn take(&mut self, count: usize) -> Result<&[u8], NotTaken> {
        if self.held.len() - self.at < count {
            self.held.drain(..self.at);
            self.at = 0;
            let had = self.held.len();
            self.held.resize(had + PIECE_BYTES, 0);
            let mut filled = had;
            while filled < count {
                match self.input.read(self.held.get_mut(filled..).unwrap_or_default()) {
                    Ok(0) => break,
                    Ok(read) => filled += read,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => return Err(NotTaken::Read(error)),
                }
            }
            self.held.truncate(filled);
        }
        let taken = self.held.get(self.at..self.at + count).ok_or(NotTaken::Damaged)?;
        self.at += count;
        self.sum = mixed(self.sum, taken);
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], NotTaken> {
        self.take(N)?.try_into().map_err(|_| NotTaken::Damaged)
    }

    fn count(&mut self) -> Result<usize, NotTaken> {
        usize::try_from(u64::from_le_bytes(self.array()?)).map_err(|_| NotTaken::Damaged)
    }

    fn text(&mut self) -> Result<Vec<u8>, NotTaken> {
        let [length] = self.array()?;
        Ok(self.take(usize::from(length))?.to_vec())
    }

    fn sum_so_far(&self) -> u64 {
        self.sum
    }
}
