//! How whole a set is: rows by label and month, and when the newest came.

use std::collections::BTreeMap;

use clear_cold::Error;
use clear_record::LabelId;
use jiff::civil::Date;

use crate::lens::bit;
use crate::shelf::Shelf;
use crate::store::{Data, NO_TIME};

/// The rows of one month under one label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Covered {
    /// The label, which says whose they are.
    pub label: LabelId,
    /// The first day of the month, on the city's clock.
    pub month: Date,
    /// How many rows.
    pub rows: u64,
    /// When the newest version of one of them was recorded, seconds since 1970.
    pub updated: u32,
}

/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;

impl Shelf {
    /// The visible rows by label and month, in order. Rows without a date are left out.
    ///
    /// # Errors
    /// When the dates were put aside and do not come back.
    pub fn coverage(&self) -> Result<Vec<Covered>, Error> {
        let Some(date) = self.table.set.date() else { return Ok(Vec::new()) };
        let Some(column) = self.table.set.columns.get(date) else { return Ok(Vec::new()) };
        let reading = self.table.reading();
        let mut counts: BTreeMap<(LabelId, Date), (u64, u32)> = BTreeMap::new();
        // Rows stand by date, so that most days come many times in a row.
        let mut last: Option<(i64, Date)> = None;
        for at in 0..self.table.chunks.len() {
            reading.done()?;
            let Some(chunk) = self.table.open(at, &reading) else { continue };
            let view = self.lens.view(&self.table, &chunk, at, bit(column.class));
            let Data::Times(times) = chunk.data(date) else { continue };
            for row in view.class(column.class).bits(chunk.rows).rows() {
                let row = usize::from(row);
                let Some(time) = times.get(row).copied().filter(|time| *time != NO_TIME) else { continue };
                let day = time.div_euclid(DAY);
                let month = match last {
                    Some((known, month)) if known == day => month,
                    _ => {
                        let since = jiff::Span::new().try_days(day);
                        let date = since.and_then(|since| Date::constant(1970, 1, 1).checked_add(since));
                        let Ok(date) = date else { continue };
                        last = Some((day, date.first_of_month()));
                        date.first_of_month()
                    }
                };
                let updated = chunk.updated.get(row).copied().unwrap_or(0);
                let (rows, newest) = counts.entry((chunk.labels.get(row), month)).or_default();
                *rows += 1;
                *newest = (*newest).max(updated);
            }
        }
        reading.done()?;
        let covered = |((label, month), (rows, updated))| Covered { label, month, rows, updated };
        Ok(counts.into_iter().map(covered).collect())
    }
}
