//! Released tables of arrests, stops and hot-file entries.
//!
//! In:    the projection's counts; the clock.
//! Out:   for each quarter that has been over for four weeks, one table for each of them, made once.
//! Never: makes a table again, or one that overlaps with another: two tables of one quarter would tell by their difference what
//!        each withholds.
//!
//! # How
//! A table goes through `suppress.rs` with all its margins, is kept on a card, and stays as it is, whatever is filed, corrected
//! or expunged later. The open-data language sees these tables and nothing else of such records.

use std::sync::{Arc, PoisonError, RwLock};

use clear_query::{ActivityTable, Quarter};
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};

use crate::desk::{Desk, Error};
use crate::suppress::{Counted, Told, told};

const KIND: &str = "activity";
const EVERYBODY: &str = "everybody";
/// Days after a quarter's end until it is released: late reports are in it by then.
const REST_DAYS: i64 = 28;

/// One released table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleasedActivity {
    /// What was counted: `arrests`.
    pub activity: String,
    /// The quarter: `2026-Q3`.
    pub period: String,
    /// When the table was made.
    pub made_at: Timestamp,
    /// A count below this is withheld.
    pub threshold: u64,
    /// The table.
    pub told: Told,
}

/// The tables that were released, oldest first.
#[derive(Default)]
pub(crate) struct Activities(RwLock<Arc<Vec<ReleasedActivity>>>);

impl Desk {
    /// The released tables of arrests, stops and hot files.
    pub fn released_activity(&self) -> Arc<Vec<ReleasedActivity>> {
        self.activities.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads what was released before.
    pub(crate) async fn open_activity(&self) -> Result<(), Error> {
        let mut known = Vec::new();
        for card in self.cards().list(KIND, Some(EVERYBODY)).await? {
            let read = serde_json::from_slice::<ReleasedActivity>(&card.body);
            known.push(read.map_err(|source| Error::Card { kind: KIND, source })?);
        }
        known.sort_by(|a, b| (&a.period, &a.activity).cmp(&(&b.period, &b.activity)));
        *self.activities.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(known);
        Ok(())
    }

    /// Releases the quarters that are due, each once.
    pub(crate) async fn release_activity(&self, threshold: u64) -> Result<(), Error> {
        let known = self.released_activity();
        let today = self.clock().to_zoned(self.time_zone()).date();
        let rested = today.checked_sub(REST_DAYS.days()).unwrap_or(today);
        let due = |quarter: Quarter| quarter < Quarter::of(rested);
        let tables = self.shelves().activity();
        let fresh = tables.into_iter().filter(|((activity, quarter), _)| {
            let is = |it: &ReleasedActivity| it.activity == *activity && it.period == quarter.to_string();
            due(*quarter) && !known.iter().any(is)
        });
        let mut released = false;
        for ((activity, quarter), table) in fresh {
            let made = ReleasedActivity {
                activity: activity.to_owned(),
                period: quarter.to_string(),
                made_at: self.clock(),
                threshold,
                told: told(&counted(&table), threshold),
            };
            let body = serde_json::to_vec(&made).map_err(|source| Error::Card { kind: KIND, source })?;
            let key = format!("{quarter}/{activity}");
            // Where another node was quicker, its table is the one that stands.
            match self.cards().put(KIND, &key, 0, Some(EVERYBODY), None, body).await {
                Ok(_) | Err(clear_store::Error::Conflict { .. }) => released = true,
                Err(error) => return Err(error.into()),
            }
        }
        if released { self.open_activity().await } else { Ok(()) }
    }
}

/// The table with a line for each district and a column for each detail.
fn counted(table: &ActivityTable) -> Counted {
    let mut columns: Vec<&'static str> = table.keys().map(|(_, detail)| *detail).collect();
    columns.sort_unstable();
    columns.dedup();
    let mut lines: Vec<&String> = table.keys().map(|(line, _)| line).collect();
    lines.dedup();
    let cell = |line: &String, column: &&'static str| table.get(&(line.clone(), *column)).copied().unwrap_or_default();
    let row = |line: &String| (line.clone(), columns.iter().map(|column| cell(line, column)).collect());
    Counted {
        columns: columns.iter().map(|column| (*column).to_owned()).collect(),
        rows: lines.into_iter().map(row).collect(),
    }
}
