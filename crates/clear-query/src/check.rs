//! Check: a file of persons, plates or property numbers against the records, line by line.

mod read;

use std::collections::{BTreeMap, BTreeSet};

use clear_policy::Grant;
use clear_record::{Caution, Kind, RecordId, Seq, Version};
use clear_search::{Filter, Found, Query, Terms};
use serde::{Deserialize, Serialize};

use crate::find::{cautions, silent_hit};
use crate::known::{Known, known};
use crate::{Error, Question, Shelves, SilentHit};

pub use read::RefusedLine;

/// A file against the records. Under an inquiry like any question: its purpose, case and reason are those of every line.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// What each line is.
    pub of: CheckOf,
    /// The file: one on each line; or CSV whose first line names its columns; or JSON, an object on each line.
    pub file: String,
}

// The file names persons.
impl std::fmt::Debug for Check {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Check({}, …)", self.of.name())
    }
}

/// What the lines of a file are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckOf {
    /// Persons by name, with or without date of birth.
    Person,
    /// Vehicles by registration plate.
    Plate,
    /// Property by inventory or serial number.
    Property,
}

impl CheckOf {
    /// Each with its word.
    pub const ALL: [CheckOf; 3] = [CheckOf::Person, CheckOf::Plate, CheckOf::Property];

    /// The word.
    pub fn name(self) -> &'static str {
        match self {
            CheckOf::Person => "person",
            CheckOf::Plate => "plate",
            CheckOf::Property => "property",
        }
    }
}

/// How much one check may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CheckLimits {
    /// Lines of a file that say something.
    pub lines: usize,
    /// Characters of a file.
    pub file_chars: usize,
    /// Hits that are shown of one line.
    pub hits: usize,
}

/// The limits. A larger file is sent in parts, each with its own entry in the log.
pub const CHECK_LIMITS: CheckLimits = CheckLimits { lines: 500, file_chars: 100_000, hits: 5 };

/// What one line found.
pub struct CheckedLine {
    /// Its number in the file, from 1.
    pub line: usize,
    /// How it was read, in words.
    pub understood: String,
    /// How many records match, within the reach.
    pub total: usize,
    /// The best of them, and every pointer, with the reasons.
    pub hits: Vec<(RecordId, Vec<String>)>,
}

/// What a file found.
pub struct CheckMatch {
    /// What the lines are.
    pub of: CheckOf,
    /// Every line that was asked, in order.
    pub lines: Vec<CheckedLine>,
    /// Every line that was not, with the mend.
    pub refused: Vec<RefusedLine>,
    /// The versions that the hits are of.
    pub versions: BTreeMap<RecordId, Version>,
    /// What owners of black records that match let the asker be told; in order, each once.
    pub cautions: Vec<Caution>,
    /// What is known beside the hits.
    pub known: Known,
}

impl Check {
    fn query(&self, terms: Terms) -> Query {
        let kind = match self.of {
            CheckOf::Person => Kind::Person,
            CheckOf::Plate => Kind::Vehicle,
            CheckOf::Property => Kind::Property,
        };
        let filter = Filter { kinds: vec![kind], ..Filter::default() };
        Query { filter, limit: CHECK_LIMITS.hits, ..Query::of(terms) }
    }
}

impl Question for Check {
    type Match = CheckMatch;
    const NAME: &'static str = "check";

    async fn run(&self, shelves: &Shelves, grant: &Grant, seq: Seq) -> Result<CheckMatch, Error> {
        let read = read::lines(self)?;
        let ties = shelves.ties(grant);
        let sight = ties.sight(grant);
        let (mut lines, mut warned) = (Vec::with_capacity(read.asked.len()), Vec::new());
        {
            let folds = shelves.folds();
            for asked in read.asked {
                let query = self.query(asked.terms);
                let Found { hits, total, .. } = folds.index.find(&query, &sight);
                warned.extend(cautions(&folds, &query, grant, &sight));
                let hits = hits.into_iter().map(|hit| (hit.id, hit.why.iter().map(ToString::to_string).collect()));
                lines.push(CheckedLine { line: asked.line, understood: asked.understood, total, hits: hits.collect() });
            }
        }
        warned.sort_unstable();
        warned.dedup();
        let ids: BTreeSet<RecordId> = lines.iter().flat_map(|line| line.hits.iter().map(|(id, _)| *id)).collect();
        let versions = shelves.read(&ids.into_iter().collect::<Vec<_>>(), &sight, seq).await?;
        let known = known(shelves, versions.iter(), grant, &ties);
        let versions = versions.into_iter().map(|version| (version.id, version)).collect();
        Ok(CheckMatch { of: self.of, lines, refused: read.refused, versions, cautions: warned, known })
    }

    fn silent_hits(&self, shelves: &Shelves, grant: &Grant) -> Vec<SilentHit> {
        let Ok(read) = read::lines(self) else { return Vec::new() };
        let ties = shelves.ties(grant);
        let sight = ties.sight(grant);
        let folds = shelves.folds();
        let pointed = |terms: Terms| folds.pointed(&self.query(terms), &folds.black);
        let ids: BTreeSet<RecordId> = read.asked.into_iter().flat_map(|asked| pointed(asked.terms)).collect();
        ids.into_iter().filter_map(|id| silent_hit(&folds, &sight, id)).collect()
    }
}
