//! Lapsing: hot-file entries that nobody validated in time (GR55).

use clear_policy::Grant;
use clear_record::{FieldClass, RecordId, Seq};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::find::{FindMatch, FoundVersion};
use crate::known::known;
use crate::{Error, Question, Shelves};

/// Hot-file entries in force whose date to lapse is this day or earlier.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lapsing {
    /// The day.
    pub by: Date,
}

/// Entries that are answered at once; the rest come with the next question.
const LAPSING_MAX: usize = 500;

impl Question for Lapsing {
    type Match = FindMatch;
    const NAME: &'static str = "lapsing";

    async fn run(&self, shelves: &Shelves, grant: &Grant, seq: Seq) -> Result<FindMatch, Error> {
        let ties = shelves.ties(grant);
        let sight = ties.sight(grant);
        let ids: Vec<RecordId> = {
            let folds = shelves.folds();
            let due = folds.lapses.range(..=(self.by, RecordId { kind: clear_record::Kind::HotFile, raw: u128::MAX }));
            due.map(|(_, id)| *id)
                .filter(|id| folds.label(*id).is_some_and(|label| sight.opens(FieldClass::Operational, label, *id)))
                .collect()
        };
        let total = ids.len();
        let page: Vec<RecordId> = ids.into_iter().take(LAPSING_MAX).collect();
        let versions = shelves.read(&page, &sight, seq).await?;
        let known = known(shelves, versions.iter(), grant, &ties);
        let hits = versions
            .into_iter()
            .map(|version| FoundVersion { version, why: Vec::new(), snippets: Vec::new() })
            .collect();
        Ok(FindMatch {
            understood: format!("hot-file entries to lapse by {}", self.by),
            hits,
            total,
            known,
            ..FindMatch::default()
        })
    }
}
