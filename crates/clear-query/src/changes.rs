//! What changed since a moment: the list of it, and figures as they stood then.
//!
//! # How
//! Counts add up. Figures of a moment are those of now, less what the changed incidents count now, plus what they counted then;
//! so that only these are read again.
//!
//! INVARIANT (the stricter of both): what was once filed under another label is seen where today's label opens it and its own
//! does. What was expunged since is in no figure, also not in earlier ones.

use std::collections::{BTreeSet, HashMap};

use clear_policy::Grant;
use clear_record::{Kind, LabelId, Record, RecordId, Seq, Sight, Version, fields};
use clear_stats::{Columns, Shelf};
use jiff::Timestamp;
use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};

use crate::known::{Known, known};
use crate::{Error, Question, Shelves};

/// Incidents that were filed or corrected since a moment.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Changes {
    /// Since when: a moment, `2019-07-16T00:00:00Z`, or a place in the ledger, as a receipt has it.
    pub since: String,
    /// How many, 50 unless said, 500 at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
    /// How many to leave out first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<usize>,
}

const LIMIT_DEFAULT: usize = 50;
const LIMIT_MAX: usize = 500;
/// Versions that are gone through at most. The distance is no secret: receipts say where one is.
const BACK_MAX: u64 = 100_000;
/// Versions that are read at once.
const FOLLOW_MAX: usize = 20_000;

/// An incident that changed.
pub struct Changed {
    /// As it is now.
    pub now: Version,
    /// As it was; `None` where there was none, or none of the asker's.
    pub then: Option<Version>,
}

/// What changed.
pub struct ChangesMatch {
    /// These, the newest incidents first.
    pub changed: Vec<Changed>,
    /// How many there are.
    pub total: usize,
    /// What is known beside them.
    pub known: Known,
}

impl Question for Changes {
    type Match = ChangesMatch;
    const NAME: &'static str = "changes";

    async fn run(&self, shelves: &Shelves, grant: &Grant, seq: Seq) -> Result<ChangesMatch, Error> {
        let limit = self.limit.unwrap_or(LIMIT_DEFAULT);
        if limit > LIMIT_MAX {
            return Err(wrong(format!("limit is at most {LIMIT_MAX}; use offset for more")));
        }
        let since = moment(shelves, &self.since, "since", seq).await?;
        let ties = shelves.ties(grant);
        let sight = ties.sight(grant);
        let Pair { now, mut then } = Pair::read(shelves, &sight, since, seq).await?;
        let mut changed: Vec<Changed> =
            now.into_iter().map(|now| Changed { then: then.remove(&now.id), now }).collect();
        // A version that changed nothing of what may be seen is no change.
        changed.retain(|it| it.then.as_ref().is_none_or(|then| seen(then, &sight) != seen(&it.now, &sight)));
        changed.sort_by_cached_key(|it| (std::cmp::Reverse(occurred(&it.now, &sight)), it.now.id));
        let total = changed.len();
        let changed: Vec<Changed> = changed.into_iter().skip(self.offset.unwrap_or(0)).take(limit).collect();
        let versions = changed.iter().flat_map(|it| std::iter::once(&it.now).chain(&it.then));
        let known = known(shelves, versions, grant, &ties);
        Ok(ChangesMatch { changed, total, known })
    }
}

fn wrong(what: String) -> Error {
    Error::Question(what)
}

/// The place in the ledger that is meant.
///
/// # Errors
/// [`Error::Question`] where the text says none, or one that is not there yet or too far back.
pub(crate) async fn moment(shelves: &Shelves, text: &str, field: &str, visible: Seq) -> Result<Seq, Error> {
    let text = text.trim();
    let seq = match (text.parse::<u64>(), text.parse::<Timestamp>()) {
        (Ok(seq), _) if seq > visible.0 => {
            return Err(wrong(format!("{field} names a version that is not in the log")));
        }
        (Ok(seq), _) => Seq(seq),
        (_, Ok(at)) => shelves.seq_at(at, visible).await?,
        _ => {
            let how = "is a moment like 2019-07-16T00:00:00Z, or a place in the ledger as a receipt has it";
            return Err(wrong(format!("{field} {how}")));
        }
    };
    if visible.0 - seq.0 > BACK_MAX {
        return Err(wrong(format!("{field} is more than {BACK_MAX} versions ago; say a later one")));
    }
    Ok(seq)
}

/// The incidents that have versions between two places in the ledger, as the asker may see them at both.
struct Pair {
    now: Vec<Version>,
    then: HashMap<RecordId, Version>,
}

impl Pair {
    async fn read(shelves: &Shelves, sight: &Sight<'_>, since: Seq, upto: Seq) -> Result<Pair, Error> {
        let mut ids: BTreeSet<RecordId> = BTreeSet::new();
        let mut at = since;
        while at < upto {
            let versions = shelves.follow(at, upto, FOLLOW_MAX).await?;
            let Some(last) = versions.last() else { break };
            at = last.seq;
            ids.extend(versions.iter().map(|version| version.id).filter(|id| id.kind == Kind::Incident));
        }
        let ids: Vec<RecordId> = ids.into_iter().collect();
        let mut now = shelves.read(&ids, sight, upto).await?;
        now.retain(|version| sight.opens_any(version.label, version.id));
        let labels: HashMap<RecordId, LabelId> = now.iter().map(|version| (version.id, version.label)).collect();
        let ids: Vec<RecordId> = now.iter().map(|version| version.id).collect();
        let then = shelves.current(&ids, since).await?;
        let then = then.into_iter().filter_map(|then| {
            let current = *labels.get(&then.id)?;
            Some((then.id, stricter(then, current, sight)?))
        });
        Ok(Pair { then: then.collect(), now })
    }
}

/// An older version without the fields that today's label closes; none where it closes what a record must have.
fn stricter(mut version: Version, current: LabelId, sight: &Sight<'_>) -> Option<Version> {
    let record = version.record.take()?;
    if !sight.opens_any(version.label, version.id) {
        return None;
    }
    let (kind, mut json) = (record.kind(), record.to_json());
    for field in fields(kind).iter().filter(|field| !sight.opens(field.class, current, version.id)) {
        json.remove(field.name);
    }
    let bytes = serde_json::to_vec(&json).ok()?;
    version.record = Some(Record::from_bytes(kind, &bytes).ok()?);
    Some(version)
}

/// What of a version may be seen.
fn seen(version: &Version, sight: &Sight<'_>) -> serde_json::Map<String, serde_json::Value> {
    let Some(record) = &version.record else { return serde_json::Map::new() };
    let mut json = record.to_json();
    for field in fields(record.kind()).iter().filter(|field| !sight.opens(field.class, version.label, version.id)) {
        json.remove(field.name);
    }
    json
}

fn occurred(version: &Version, sight: &Sight<'_>) -> Option<DateTime> {
    let Some(Record::Incident(incident)) = &version.record else { return None };
    sight.opens(clear_record::FieldClass::Operational, version.label, version.id).then_some(incident.occurred_from)
}

/// What counts otherwise than it did: the changed incidents as they are, and as they were.
pub(crate) struct Since {
    /// Up to which version the figures of now must be.
    pub(crate) upto: Seq,
    now: Columns,
    then: Columns,
}

impl Since {
    /// Reads what changed since a place in the ledger.
    pub(crate) async fn read(shelves: &Shelves, sight: &Sight<'_>, since: Seq, upto: Seq) -> Result<Since, Error> {
        let pair = Pair::read(shelves, sight, since, upto).await?;
        let columns = |mut versions: Vec<Version>| {
            versions.sort_unstable_by_key(|version| version.seq);
            let mut columns = Columns::new();
            versions.iter().for_each(|version| columns.apply(version));
            columns
        };
        Ok(Since { upto, now: columns(pair.now), then: columns(pair.then.into_values().collect()) })
    }

    /// The changed rows as they are and as they were, as the asker sees them.
    pub(crate) fn shelves(&self, sight: &Sight<'_>) -> Option<(Shelf, Shelf)> {
        Some((self.now.shelf("incidents", sight)?, self.then.shelf("incidents", sight)?))
    }
}
