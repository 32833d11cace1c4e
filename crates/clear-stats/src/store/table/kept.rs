//! A table as bytes and back. Whatever follows from its rows is made again.
//!
//! In:    a table, held as it is; or bytes, and the set whose rows they are.
//! Out:   bytes; or a [`Writer`] that goes on where the other stood.
//! Never: takes over a row or a code that the rest does not have.

use std::hash::BuildHasher;
use std::io::{Read, Result, Write};
use std::sync::Arc;

use clear_record::{Seq, Snapshot, snapshot};
use hashbrown::{HashMap, HashTable};

use super::{CHUNK_ROWS, Chunk, Data, Frozen, GONE, Index, NOWHERE, PIECE, Writer};
use crate::sets::Set;
use crate::store::column::Column;
use crate::store::{Tier, each_width, wide};

/// A table as it was when it was held: what is written to it meanwhile goes elsewhere.
pub(crate) struct Held {
    now: Arc<Frozen>,
    parts: HashMap<u32, u32>,
    many: HashMap<u128, u32>,
    since_compaction: usize,
}

impl Writer {
    pub(crate) fn held(&self) -> Held {
        let (parts, many) = (self.parts.clone(), self.many.clone());
        Held { now: self.frozen(), parts, many, since_compaction: self.since_compaction }
    }

    /// A writer of the rows of this set that were written. What has no room in memory is put aside as it comes.
    pub(crate) fn restored(set: &'static Set, tier: Option<&Arc<Tier>>, from: &mut impl Read) -> Result<Writer> {
        let mut writer = Writer::new(set);
        let now = Arc::make_mut(&mut writer.now);
        (now.seq, now.changed, now.most_labels) = <(Seq, Seq, u32)>::read(from)?;
        for words in &mut now.words {
            *words = words.read(from)?;
        }
        now.records = each(from, |from| Vec::read(from).map(Arc::new))?;
        now.tier = tier.cloned();
        let mut rows: Vec<Vec<u32>> = now.words.iter().map(|words| vec![0; words.codes().max(1)]).collect();
        now.chunks = each(from, |from| {
            let chunk = Arc::new(Chunk::read(set, from)?);
            rows.iter_mut().zip(&chunk.columns).try_for_each(|(rows, column)| count(column, rows))?;
            if let Some(tier) = tier {
                tier.admit(set, &chunk).map_err(std::io::Error::other)?;
            }
            Ok(chunk)
        })?;
        let pieces = now.records.iter().rev().skip(1).all(|piece| piece.len() == PIECE);
        let numbered = now.records.iter().map(|piece| piece.len()).sum();
        if !pieces || now.chunks.iter().rev().any(|chunk| chunk.rows > CHUNK_ROWS) {
            return Err(snapshot::not_a("table"));
        }
        writer.places = vec![NOWHERE; numbered];
        for (at, chunk) in now.chunks.iter().enumerate() {
            for (row, number) in chunk.numbers.iter().enumerate().filter(|(row, _)| chunk.labels.get(*row) != GONE) {
                let place =
                    writer.places.get_mut(*number as usize).ok_or_else(|| snapshot::not_a("row with a record"))?;
                *place = (at * CHUNK_ROWS + row) as u32;
                writer.rows += 1;
            }
        }
        writer.indices = now.words.iter().zip(rows).map(|(words, rows)| Index::of(words, rows)).collect();
        writer.parts = pairs(from)?;
        writer.many = pairs(from)?;
        writer.since_compaction = u64::read(from)? as usize;
        let (records, parts, hasher) = (&writer.now, &writer.parts, &writer.hasher);
        let hash = |number: &u32| {
            let raw = records.record(*number).map_or(0, |id| id.raw);
            hasher.hash_one((raw, parts.get(number).copied().unwrap_or(0)))
        };
        let mut numbers = HashTable::with_capacity(writer.rows);
        for number in (0..).zip(&writer.places).filter(|(_, place)| **place != NOWHERE).map(|(number, _)| number) {
            numbers.insert_unique(hash(&number), number, hash);
        }
        writer.numbers = numbers;
        Ok(writer)
    }
}

impl Held {
    pub(crate) fn write(&self, out: &mut impl Write) -> Result<()> {
        let now = &self.now;
        (now.seq, now.changed, now.most_labels).write(out)?;
        now.words.iter().try_for_each(|words| words.write(out))?;
        (now.records.len() as u64).write(out)?;
        now.records.iter().try_for_each(|piece| piece.write(out))?;
        (now.chunks.len() as u64).write(out)?;
        now.chunks.iter().try_for_each(|chunk| chunk.write(out))?;
        let parts: Vec<(u32, u32)> = self.parts.iter().map(|(number, part)| (*number, *part)).collect();
        let many: Vec<(u128, u32)> = self.many.iter().map(|(raw, rows)| (*raw, *rows)).collect();
        parts.write(out)?;
        many.write(out)?;
        (self.since_compaction as u64).write(out)
    }
}

/// As many as are said.
fn each<T, R: Read>(from: &mut R, mut read: impl FnMut(&mut R) -> Result<T>) -> Result<Vec<T>> {
    let count = u64::read(from)?;
    let mut all = Vec::new();
    for _ in 0..count {
        all.push(read(from)?);
    }
    Ok(all)
}

fn pairs<K: Snapshot + Eq + std::hash::Hash, V: Snapshot>(from: &mut impl Read) -> Result<HashMap<K, V>> {
    Ok(Vec::<(K, V)>::read(from)?.into_iter().collect())
}

/// Counts how many rows have each code of a column.
fn count(column: &Column, rows: &mut [u32]) -> Result<()> {
    let data = column.data_once().map_err(std::io::Error::other)?;
    let Data::Codes(codes) = &*data else { return Ok(()) };
    each_width!(codes, values => for code in values {
        let rows = rows.get_mut(wide(*code) as usize).ok_or_else(|| snapshot::not_a("code with a value"))?;
        *rows += 1;
    });
    Ok(())
}
