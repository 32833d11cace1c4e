//! What changed since a moment: the list of it, and figures as they stood then.
//!
//! # How
//! Counts add up. Figures of a moment are those of now, less what the changed incidents count now, plus what they counted then;
//! so that only these are read again.
//!
//! INVARIANT (the stricter of both): what was once filed under another label is seen where today's label opens it and its own
//! does. What was expunged since is in no figure, also not in earlier ones.

use std::cmp::Reverse;
use std::collections::HashMap;

use clear_policy::Grant;
use clear_record::{LabelId, Record, RecordId, Seq, Sight, Version, fields};
use clear_stats::{Columns, Shelf};
use jiff::Timestamp;
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
        let (corrected, filed): (Vec<_>, Vec<_>) =
            shelves.changed(since, seq).await?.into_iter().partition(|(_, before)| *before);
        let ids = |all: Vec<(RecordId, bool)>| all.into_iter().map(|(id, _)| id).collect::<Vec<_>>();
        let Pair { now, then } = Pair::read(shelves, &sight, &ids(corrected), since, seq).await?;
        // A version that changed nothing of what may be seen is no change.
        let is_change = |now: &&Version| then.get(&now.id).is_none_or(|then| seen(then, &sight) != seen(now, &sight));
        let mut changed: Vec<(Option<i64>, RecordId)> =
            now.iter().filter(is_change).map(|now| (occurred(now, &sight), now.id)).collect();
        changed.extend(new(shelves, &sight, ids(filed), seq).await?);
        changed.sort_unstable_by_key(|(at, id)| (Reverse(*at), *id));
        let total = changed.len();
        let page: Vec<RecordId> =
            changed.into_iter().skip(self.offset.unwrap_or(0)).take(limit).map(|(_, id)| id).collect();
        let Pair { now, mut then } = Pair::read(shelves, &sight, &page, since, seq).await?;
        let changed: Vec<Changed> = now.into_iter().map(|now| Changed { then: then.remove(&now.id), now }).collect();
        let versions = changed.iter().flat_map(|it| std::iter::once(&it.now).chain(&it.then));
        let known = known(shelves, versions, grant, &ties);
        Ok(ChangesMatch { changed, total, known })
    }
}

/// The incidents of these that the asker may see, all of them filed since, with when they happened: as the projection has
/// it, so that no body is opened but of those that were corrected while this is asked.
async fn new(
    shelves: &Shelves,
    sight: &Sight<'_>,
    filed: Vec<RecordId>,
    upto: Seq,
) -> Result<Vec<(Option<i64>, RecordId)>, Error> {
    let (mut new, late) = {
        let folds = shelves.folds();
        let is_seen = |id: &RecordId| folds.label(*id).is_some_and(|label| sight.opens_any(label, *id));
        let is_now = |id: &RecordId| folds.places.get(id).is_some_and(|place| *place <= upto);
        let (now, late): (Vec<_>, Vec<_>) = filed.into_iter().filter(is_seen).partition(is_now);
        let dates = folds.columns.dates(&now, sight).map_err(Error::Cold)?;
        (dates.into_iter().zip(now).collect::<Vec<_>>(), late)
    };
    let late = shelves.read(&late, sight, upto).await?;
    let late = late.iter().filter(|version| sight.opens_any(version.label, version.id));
    new.extend(late.map(|version| (occurred(version, sight), version.id)));
    Ok(new)
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

/// Incidents as the asker may see them at two places in the ledger.
struct Pair {
    now: Vec<Version>,
    then: HashMap<RecordId, Version>,
}

impl Pair {
    /// These incidents, in their order.
    async fn read(
        shelves: &Shelves,
        sight: &Sight<'_>,
        ids: &[RecordId],
        since: Seq,
        upto: Seq,
    ) -> Result<Pair, Error> {
        let mut now = shelves.read(ids, sight, upto).await?;
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

/// When it happened, where the asker may read it: in the projection's measure.
fn occurred(version: &Version, sight: &Sight<'_>) -> Option<i64> {
    let Some(Record::Incident(incident)) = &version.record else { return None };
    let open = sight.opens(clear_record::FieldClass::Operational, version.label, version.id);
    open.then(|| clear_stats::micros(incident.occurred_from))
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
        let ids: Vec<RecordId> = shelves.changed(since, upto).await?.into_iter().map(|(id, _)| id).collect();
        let pair = Pair::read(shelves, sight, &ids, since, upto).await?;
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
