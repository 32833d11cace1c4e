//! One row for each record: its id, label and, for events, when and where. Columns, because there are millions.

use std::collections::HashMap;

use clear_record::{Kind, LabelId, RecordId};

/// A row's number. A corrected record gets a new one, so that postings stay sorted by appending.
pub(crate) type RowId = u32;

/// No time known.
const NEVER: i64 = i64::MIN;

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
    when: Vec<i64>,
    beat: Vec<u32>,
    by_id: HashMap<u64, RowId>,
    // Two ids with the same short form are rarer than disks that lie, but must not be mistaken for each other.
    clashes: HashMap<RecordId, RowId>,
    live: usize,
}

fn short(id: RecordId) -> u64 {
    let [high, low] = [id.raw >> 64, id.raw & u128::from(u64::MAX)].map(|half| half as u64);
    high ^ low.rotate_left(23) ^ u64::from(id.kind.code())
}

impl Rows {
    pub(crate) fn get(&self, at: RowId) -> Option<Row> {
        let at = at as usize;
        let kind = (*self.kind.get(at)?)?;
        let when = Some(*self.when.get(at)?).filter(|when| *when != NEVER);
        Some(Row {
            id: RecordId { kind, raw: *self.raw.get(at)? },
            label: *self.label.get(at)?,
            when,
            beat: *self.beat.get(at)?,
        })
    }

    pub(crate) fn of(&self, id: RecordId) -> Option<RowId> {
        let is = |at: &RowId| self.get(*at).is_some_and(|row| row.id == id);
        self.by_id.get(&short(id)).copied().filter(is).or_else(|| self.clashes.get(&id).copied())
    }

    pub(crate) fn len(&self) -> usize {
        self.live
    }

    pub(crate) fn insert(&mut self, row: Row) -> RowId {
        let at = RowId::try_from(self.raw.len()).unwrap_or(RowId::MAX);
        self.raw.push(row.id.raw);
        self.kind.push(Some(row.id.kind));
        self.label.push(row.label);
        self.when.push(row.when.unwrap_or(NEVER));
        self.beat.push(row.beat);
        if *self.by_id.entry(short(row.id)).or_insert(at) != at {
            self.clashes.insert(row.id, at);
        }
        self.live += 1;
        at
    }

    pub(crate) fn remove(&mut self, at: RowId) {
        let Some(row) = self.get(at) else { return };
        if self.clashes.remove(&row.id).is_none() {
            self.by_id.remove(&short(row.id));
        }
        let place = at as usize;
        if let (Some(raw), Some(kind), Some(when), Some(beat)) =
            (self.raw.get_mut(place), self.kind.get_mut(place), self.when.get_mut(place), self.beat.get_mut(place))
        {
            // Nothing of an expunged record stays behind, not even its id.
            (*raw, *kind, *when, *beat) = (0, None, NEVER, 0);
        }
        self.live -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_with_the_same_short_form_are_two_records() {
        let id = |raw| RecordId { kind: Kind::Person, raw };
        let a = id(0);
        let b = id((1u128 << 64) | u128::from(1u64.rotate_right(23)));
        assert_eq!(short(a), short(b));
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
