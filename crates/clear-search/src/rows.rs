//! One row for each record: its id, label and, for events, when and where. Columns, because there are millions.

use std::io::{Read, Result, Write};

use clear_record::{Kind, LabelId, RecordId, Snapshot};
use hashbrown::HashTable;

use crate::column::Column;

/// A row's number. A corrected record gets a new one, so that postings stay sorted by appending.
pub(crate) type RowId = u32;

/// What every row says.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    pub(crate) id: RecordId,
    pub(crate) label: LabelId,
    /// Seconds since 1970 on the city's clock. Class operational.
    pub(crate) when: Option<i64>,
    /// Code of the beat. Class operational.
    pub(crate) beat: u32,
}

/// All rows. A removed row's place stays empty.
#[derive(Default)]
pub(crate) struct Rows {
    raw: Vec<u128>,
    kind: Vec<Option<Kind>>,
    label: Vec<LabelId>,
    when: Column<Option<i64>>,
    beat: Column<u32>,
    // Row numbers, found by the hash of their ids: the ids themselves are in the columns.
    by_id: HashTable<RowId>,
}

/// Ids are random or digests, mostly; the table looks at the lowest and the highest bits.
fn hash(id: RecordId) -> u64 {
    let [high, low] = [id.raw >> 64, id.raw & u128::from(u64::MAX)].map(|half| half as u64);
    let mixed = (high ^ low.rotate_left(23) ^ u64::from(id.kind.code())).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed ^ mixed >> 32
}

fn id_at(raw: &[u128], kind: &[Option<Kind>], at: RowId) -> Option<RecordId> {
    Some(RecordId { kind: (*kind.get(at as usize)?)?, raw: *raw.get(at as usize)? })
}

impl Rows {
    pub(crate) fn get(&self, at: RowId) -> Option<Row> {
        let (id, label) = self.key(at)?;
        Some(Row { id, label, when: self.when.get(at), beat: self.beat.get(at) })
    }

    /// Id and label alone.
    pub(crate) fn key(&self, at: RowId) -> Option<(RecordId, LabelId)> {
        Some((id_at(&self.raw, &self.kind, at)?, *self.label.get(at as usize)?))
    }

    pub(crate) fn of(&self, id: RecordId) -> Option<RowId> {
        self.by_id.find(hash(id), |at| id_at(&self.raw, &self.kind, *at) == Some(id)).copied()
    }

    pub(crate) fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Adds a row; the record must have none.
    pub(crate) fn insert(&mut self, row: Row) -> RowId {
        let at = RowId::try_from(self.raw.len()).unwrap_or(RowId::MAX);
        self.raw.push(row.id.raw);
        self.kind.push(Some(row.id.kind));
        self.label.push(row.label);
        self.when.set(at, row.when);
        self.beat.set(at, row.beat);
        let (raw, kind) = (&self.raw, &self.kind);
        let hashed = |at: &RowId| id_at(raw, kind, *at).map_or(0, hash);
        self.by_id.insert_unique(hash(row.id), at, hashed);
        at
    }

    pub(crate) fn remove(&mut self, at: RowId) {
        let Some((id, _)) = self.key(at) else { return };
        if let Ok(entry) = self.by_id.find_entry(hash(id), |other| *other == at) {
            entry.remove();
        }
        let place = at as usize;
        // Nothing of an expunged record stays behind, not even its id.
        if let (Some(raw), Some(kind), Some(label)) =
            (self.raw.get_mut(place), self.kind.get_mut(place), self.label.get_mut(place))
        {
            (*raw, *kind, *label) = (0, None, LabelId(0));
        }
        self.when.set(at, None);
        self.beat.set(at, 0);
    }

    /// Bytes held.
    pub(crate) fn bytes(&self) -> usize {
        self.raw.capacity() * size_of::<u128>()
            + self.kind.capacity() * size_of::<Option<Kind>>()
            + self.label.capacity() * size_of::<LabelId>()
            + self.when.bytes()
            + self.beat.bytes()
            + self.by_id.allocation_size()
    }
}

// The table of ids is made again: it is found by the ids themselves.
impl Snapshot for Rows {
    fn write(&self, out: &mut impl Write) -> Result<()> {
        self.raw.write(out)?;
        let codes: Vec<u8> = self.kind.iter().map(|kind| kind.map_or(u8::MAX, Kind::code)).collect();
        codes.write(out)?;
        let labels: Vec<u32> = self.label.iter().map(|label| label.0).collect();
        labels.write(out)?;
        self.when.write(out)?;
        self.beat.write(out)
    }

    fn read(from: &mut impl Read) -> Result<Rows> {
        let raw: Vec<u128> = Vec::read(from)?;
        let kind: Vec<Option<Kind>> = Vec::<u8>::read(from)?.into_iter().map(Kind::from_code).collect();
        let label = Vec::<u32>::read(from)?.into_iter().map(LabelId).collect();
        let mut by_id = HashTable::with_capacity(kind.iter().flatten().count());
        let hashed = |at: &RowId| id_at(&raw, &kind, *at).map_or(0, hash);
        for at in 0..raw.len() as RowId {
            if id_at(&raw, &kind, at).is_some() {
                by_id.insert_unique(hashed(&at), at, hashed);
            }
        }
        let (when, beat) = (Column::read(from)?, Column::read(from)?);
        Ok(Rows { raw, kind, label, when, beat, by_id })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_with_the_same_hash_are_two_records() {
        let id = |raw| RecordId { kind: Kind::Person, raw };
        let a = id(0);
        let b = id((1u128 << 64) | u128::from(1u64.rotate_right(23)));
        assert_eq!(hash(a), hash(b));
        let mut rows = Rows::default();
        let row = |id| Row { id, label: LabelId(0), when: None, beat: 0 };
        let first = rows.insert(row(a));
        let second = rows.insert(row(b));
        assert_eq!((rows.of(a), rows.of(b)), (Some(first), Some(second)));
        rows.remove(first);
        assert_eq!((rows.of(a), rows.of(b)), (None, Some(second)));
        let third = rows.insert(row(a));
        rows.remove(second);
        assert_eq!((rows.of(a), rows.of(b)), (Some(third), None));
        assert_eq!(rows.len(), 1);
    }
}
