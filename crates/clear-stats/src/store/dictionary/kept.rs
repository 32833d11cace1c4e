//! Dictionaries as bytes and back; the way from a value to its code is made again.
//!
//! In:    what the codes of a column stand for; or bytes, and how many rows have each code.
//! Out:   bytes; or the dictionary, and the [`Index`] of whoever writes to it.
//! Never: keeps how a hash was made: it is another one in each process.

use std::hash::BuildHasher;
use std::io::{Read, Result, Write};
use std::sync::Arc;

use clear_record::Snapshot;
use hashbrown::HashTable;

use super::{Index, Numbers, SEGMENT, Segment, Texts, Words};

clear_record::snapshot!(Segment { bytes, ends });

impl Words {
    pub(crate) fn write(&self, out: &mut impl Write) -> Result<()> {
        match self {
            Words::Text(texts) => {
                (texts.len as u64).write(out)?;
                texts.segments.iter().try_for_each(|segment| segment.write(out))
            }
            Words::Number(numbers) => numbers.0.write(out),
            Words::Flag | Words::None => Ok(()),
        }
    }

    /// The same words as were written, of a column like this one.
    pub(crate) fn read(&self, from: &mut impl Read) -> Result<Words> {
        Ok(match self {
            Words::Text(_) => {
                let len = u64::read(from)? as usize;
                let mut segments = Vec::new();
                for _ in 0..len.div_ceil(SEGMENT) {
                    segments.push(Arc::new(Segment::read(from)?));
                }
                Words::Text(Texts { segments, len })
            }
            Words::Number(_) => Words::Number(Numbers(Arc::new(Vec::read(from)?))),
            Words::Flag => Words::Flag,
            Words::None => Words::None,
        })
    }
}

impl Index {
    /// The index of these words, given how many rows have each code.
    pub(crate) fn of(words: &Words, rows: Vec<u32>) -> Index {
        let mut index = Index::default();
        let codes = match words {
            Words::Text(texts) => texts.len,
            Words::Number(numbers) => numbers.0.len(),
            Words::Flag | Words::None => 0,
        };
        if codes == 0 {
            return index;
        }
        index.rows = rows;
        index.rows.resize(codes, 0);
        if let Some(null) = index.rows.first_mut() {
            *null = 1;
        }
        let (used, free): (Vec<u32>, Vec<u32>) =
            (1..codes as u32).partition(|code| index.rows.get(*code as usize) > Some(&0));
        index.free = free;
        match words {
            Words::Text(texts) => {
                let hash = |code: &u32| index.hasher.hash_one(texts.text(*code));
                let mut table = HashTable::with_capacity(used.len());
                used.iter().for_each(|code| _ = table.insert_unique(hash(code), *code, hash));
                index.texts = table;
            }
            Words::Number(numbers) => {
                index.numbers = used.into_iter().map(|code| (numbers.number(code).to_bits(), code)).collect();
            }
            Words::Flag | Words::None => {}
        }
        index
    }
}
