//! Counts: how many incidents, by which columns.

use clear_policy::Grant;
use clear_record::Seq;
use serde::{Deserialize, Serialize};

use crate::{Error, Question, Shelves};

/// How many incidents, grouped and filtered.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Counts {
    /// Columns to group by: `primary_type`, `beat`, `year`, `month` …
    pub by: Vec<String>,
    /// A condition in SoQL: `arrest = true AND beat = '0411'`.
    #[serde(rename = "where", skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// How many rows, 1,000 unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
}

/// The table that was counted.
pub struct Counted {
    /// The table, within the reach.
    pub table: clear_stats::Table,
}

const LIMIT_DEFAULT: usize = 1_000;
const COLUMNS_MAX: usize = 8;

impl Question for Counts {
    type Match = Counted;
    const NAME: &'static str = "counts";

    async fn run(&self, shelves: &Shelves, grant: &Grant, _seq: Seq) -> Result<Counted, Error> {
        if self.by.len() > COLUMNS_MAX {
            return Err(Error::Question(format!("group by at most {COLUMNS_MAX} columns")));
        }
        let filter = match &self.condition {
            Some(text) => {
                Some(clear_soql::parse::expression(text).map_err(|error| Error::Question(error.to_string()))?)
            }
            None => None,
        };
        let counts =
            clear_stats::Counts { group_by: self.by.clone(), filter, limit: self.limit.unwrap_or(LIMIT_DEFAULT) };
        let ties = shelves.ties(grant);
        let shelf = shelves.folds().columns.shelf("incidents", &ties.sight(grant));
        let table = shelf.map_or_else(|| Ok(clear_stats::Table::default()), |shelf| shelf.count(&counts));
        table.map(|table| Counted { table }).map_err(Error::of_stats)
    }
}
