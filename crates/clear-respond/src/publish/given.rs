//! The given sets: what is public by itself, as tables.
//!
//! In:    the public register, the releases, the code table, the projection's coverage.
//! Out:   a table for each given set, and a text that changes with it.
//! Never: anything that the public pages do not tell.

use arrow::array::RecordBatch;
use clear_query::{SetInfo, given_batch, iucr_rows};
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use crate::desk::Desk;

/// When the code table that this program carries was taken over from the city.
const IUCR_AS_OF: &str = "2024-01-01T00:00:00Z";

type Rows = Vec<Vec<Option<String>>>;

impl Desk {
    /// The table of a given set.
    pub(super) fn given(&self, set: &'static SetInfo) -> Result<RecordBatch, clear_query::Error> {
        let rows = if set.alias == "coverage" { self.coverage()? } else { self.given_rows(set) };
        Ok(given_batch(set, &rows))
    }

    /// A text that changes with a given set's contents, and when it last changed, as far as its contents tell.
    pub(super) fn given_version(&self, set: &'static SetInfo) -> (String, Timestamp) {
        let rows = self.given_rows(set);
        let mut hash = Sha256::new();
        for cell in rows.iter().flatten() {
            let text = cell.as_deref().unwrap_or("\0");
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text.as_bytes());
        }
        let version: String = hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        let now = self.clock();
        // The newest moment that stands in it; what is dated ahead has not happened.
        let moments = rows.iter().flatten().flatten().filter_map(|text| moment(text)).filter(|at| *at <= now);
        let newest = moments.max().unwrap_or(Timestamp::UNIX_EPOCH);
        let as_of = IUCR_AS_OF.parse().unwrap_or(Timestamp::UNIX_EPOCH);
        let updated_at = match set.alias {
            "iucr" => as_of,
            "released" => self.releases().last().map_or(as_of, |release| release.release.head.made_at),
            _ => newest.max(as_of),
        };
        (version, updated_at)
    }

    fn given_rows(&self, set: &'static SetInfo) -> Rows {
        match set.alias {
            "access" => self.access(),
            "cut-offs" => self.cut_offs(),
            "released" => self.released(),
            "activity" => self.activity_rows(),
            "iucr" => iucr_rows(),
            _ => Vec::new(),
        }
    }

    fn coverage(&self) -> Result<Rows, clear_query::Error> {
        let Ok(grant) = self.everybodys_grant() else { return Ok(Vec::new()) };
        let before = clear_query::published_before(self.clock().to_zoned(self.time_zone()).date());
        let labels = self.labels();
        let covered = self.shelves().coverage(&grant, before, &labels)?;
        let row = |it: clear_query::Covered| {
            vec![
                Some(it.agency.to_string()),
                Some(it.month.to_string()),
                Some(it.rows.to_string()),
                it.last_load.map(|at| at.to_string()),
            ]
        };
        Ok(covered.into_iter().map(row).collect())
    }

    fn access(&self) -> Rows {
        let mut rows = Rows::new();
        for it in self.public_register().agencies {
            let about = [Some(it.id), Some(it.name), Some(it.kind), it.parent, Some(it.access), it.order];
            if it.agreements.is_empty() {
                rows.push(about.iter().cloned().chain(std::iter::repeat_n(None, 8)).collect());
            }
            for agreement in it.agreements {
                let rest = [
                    Some(agreement.number),
                    Some(agreement.owner),
                    Some(agreement.from),
                    agreement.until,
                    Some(agreement.kinds.join("; ")),
                    Some(agreement.classes.join("; ")),
                    Some(agreement.purposes.join("; ")),
                    Some(agreement.document),
                ];
                rows.push(about.iter().cloned().chain(rest).collect());
            }
        }
        rows
    }

    fn cut_offs(&self) -> Rows {
        let line = |order: &crate::PublicOrder, covered: &String| {
            vec![
                Some(order.number.clone()),
                Some(order.issued_at.clone()),
                Some(order.agency.clone()),
                Some(order.scope.clone()),
                Some(covered.clone()),
                order.ended_from.clone(),
                Some(order.contact.clone()),
                Some(order.text.clone()),
            ]
        };
        let orders = self.public_register().orders;
        orders.iter().flat_map(|order| order.closure.iter().map(move |covered| line(order, covered))).collect()
    }

    fn activity_rows(&self) -> Rows {
        let mut rows = Rows::new();
        for it in self.released_activity().iter() {
            for (line, cells) in it.told.rows.iter().zip(&it.told.cells) {
                for (column, cell) in it.told.columns.iter().zip(cells) {
                    rows.push(vec![
                        Some(it.activity.clone()),
                        Some(it.period.clone()),
                        Some(line.of.join(" + ")),
                        Some(column.of.join(" + ")),
                        cell.map(|count| count.to_string()),
                        Some(it.threshold.to_string()),
                        Some(it.made_at.to_string()),
                    ]);
                }
            }
        }
        rows
    }

    fn released(&self) -> Rows {
        let mut rows = Rows::new();
        for published in self.releases().iter() {
            let head = &published.release.head;
            for (name, told) in published.release.tables() {
                for (line, cells) in told.rows.iter().zip(&told.cells) {
                    for (column, cell) in told.columns.iter().zip(cells) {
                        rows.push(vec![
                            Some(head.openclear_release.to_string()),
                            Some(head.period.clone()),
                            Some(name.to_owned()),
                            Some(line.of.join(" + ")),
                            Some(column.of.join(" + ")),
                            cell.map(|count| count.to_string()),
                        ]);
                    }
                }
            }
        }
        rows
    }
}

/// A moment or a day that a cell tells.
fn moment(text: &str) -> Option<Timestamp> {
    if text.len() < 10 || text.len() > 40 || !text.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    text.parse::<Timestamp>().ok().or_else(|| {
        let day = text.parse::<jiff::civil::Date>().ok()?;
        day.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
    })
}
