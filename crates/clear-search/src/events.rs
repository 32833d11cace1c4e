//! Events by time, newest first, and the codes of beats.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};
use std::io::{Read, Result, Write};

use clear_record::{FieldClass, Kind, RecordId, Sight, Snapshot};
use jiff::civil::{Date, DateTime};

use crate::rows::{Row, RowId, Rows};

/// Incidents, stops and arrests in the order in which they are shown.
#[derive(Default)]
pub(crate) struct Events {
    // Sorted by `order`; may hold rows that are gone.
    sorted: Vec<RowId>,
    // The newest arrivals, merged into the others when they are many: files come in no order.
    recent: BTreeSet<(Order, RowId)>,
    beats: HashMap<Box<str>, u32>,
}

impl Events {
    /// Writes them as [`read`](Events::read) takes them: the order is that of the rows, which are written elsewhere.
    pub(crate) fn write(&self, rows: &Rows, out: &mut impl Write) -> Result<()> {
        let all: Vec<RowId> = self.iter(rows).collect();
        all.write(out)?;
        self.beats.write(out)
    }

    pub(crate) fn read(from: &mut impl Read) -> Result<Events> {
        Ok(Events { sorted: Vec::read(from)?, recent: BTreeSet::new(), beats: HashMap::read(from)? })
    }
}

/// Seconds since 1970 on the city's clock.
pub(crate) fn seconds(at: DateTime) -> i64 {
    let midnight = i64::from(days(at.date())) * 86_400;
    midnight + i64::from(at.hour()) * 3_600 + i64::from(at.minute()) * 60 + i64::from(at.second())
}

/// Days since 1970.
pub(crate) fn days(date: Date) -> i32 {
    let (year, month) = (i32::from(date.year()), i32::from(date.month()));
    // Howard Hinnant's days_from_civil.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year - era * 400;
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + i32::from(date.day()) - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Newest first, then by id.
pub(crate) type Order = (Reverse<Option<i64>>, Option<RecordId>);

pub(crate) fn order(rows: &Rows, at: RowId) -> Order {
    let row = rows.get(at);
    (Reverse(row.and_then(|row| row.when)), row.map(|row| row.id))
}

impl Events {
    /// Four digits with leading zeros, as a code. Zero is no beat.
    pub(crate) fn beat(&mut self, beat: Option<&str>) -> u32 {
        let Some(beat) = beat.map(beat_text).filter(|beat| !beat.is_empty()) else { return 0 };
        let next = self.beats.len() as u32 + 1;
        *self.beats.entry(beat.into()).or_insert(next)
    }

    /// The code of a beat that somebody asks for; one that no record has is no row's.
    pub(crate) fn beat_asked(&self, beat: &str) -> u32 {
        self.beats.get(beat_text(beat).as_str()).copied().unwrap_or(u32::MAX)
    }

    /// The beat that has a code.
    pub(crate) fn beat_named(&self, code: u32) -> Option<String> {
        self.beats.iter().find(|(_, other)| **other == code).map(|(beat, _)| beat.to_string())
    }

    pub(crate) fn insert(&mut self, rows: &Rows, at: RowId) {
        self.recent.insert((order(rows, at), at));
        if self.recent.len() > 4_096 + self.sorted.len() / 8 {
            self.merge(rows);
        }
    }

    fn merge(&mut self, rows: &Rows) {
        let all: Vec<RowId> = self.iter(rows).collect();
        self.sorted = all;
        self.recent.clear();
    }

    /// Every event, newest first.
    pub(crate) fn iter<'a>(&'a self, rows: &'a Rows) -> impl Iterator<Item = RowId> + 'a {
        let live = |at: &&RowId| rows.get(**at).is_some();
        let mut sorted = self.sorted.iter().filter(live).peekable();
        let mut recent = self.recent.iter().map(|(_, at)| at).filter(live).peekable();
        std::iter::from_fn(move || match (sorted.peek(), recent.peek()) {
            (Some(a), Some(b)) if order(rows, **a) > order(rows, **b) => recent.next().copied(),
            (Some(_), _) => sorted.next().copied(),
            (None, _) => recent.next().copied(),
        })
    }

    /// The kinds that have a time and a beat.
    pub(crate) fn has(kind: Kind) -> bool {
        matches!(kind, Kind::Incident | Kind::Stop | Kind::Arrest)
    }
}

fn beat_text(beat: &str) -> String {
    let beat = beat.trim();
    if beat.is_empty() { String::new() } else { format!("{beat:0>4}").to_uppercase() }
}

/// The time of a row as the asker may see it.
pub(crate) fn when(row: &Row, sight: &Sight<'_>) -> Option<i64> {
    row.when.filter(|_| sight.opens(FieldClass::Operational, row.label, row.id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn days_count_from_1970() {
        for (day, expected) in [
            (date(1970, 1, 1), 0),
            (date(1969, 12, 31), -1),
            (date(2000, 2, 29), 11_016),
            (date(2000, 3, 1), 11_017),
            (date(2017, 9, 17), 17_426),
            (date(1900, 1, 1), -25_567),
        ] {
            assert_eq!(days(day), expected, "{day}");
        }
        assert_eq!(seconds(date(1970, 1, 2).at(1, 2, 3, 999)), 86_400 + 3_723);
    }
}
