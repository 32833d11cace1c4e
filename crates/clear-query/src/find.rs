//! Find: persons, plates, addresses, cases, incidents.

use clear_policy::Grant;
use clear_record::{Caution, Handling, LabelId, LabelSet, RecordId, Seq, Sight, Version};
use clear_search::{Born, Filter, Query, Terms, Who};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::known::{Known, known};
use crate::shelves::Folds;
use crate::{Error, Question, Shelves, SilentHit};

/// What to look for. Say one of `text`, `name`, `plate`, `address`, `case_number`, `identity_number` or `id`, or none
/// of them with dates or a beat to list incidents.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Find {
    /// Whatever the asker typed; the answer says how it was understood.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// A person's name, in any order, misspelt or partial.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// With a name: the date of birth.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date_of_birth: Option<Date>,
    /// The owner's person identity number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity_number: Option<String>,
    /// A registration plate or a part of one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plate: Option<String>,
    /// An address or block.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// A case number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub case_number: Option<String>,
    /// A record's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<RecordId>,
    /// Incidents from this day on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Date>,
    /// Incidents up to and including this day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<Date>,
    /// Incidents on this beat.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub beat: Option<String>,
    /// How many hits, 20 unless said, 200 at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
    /// How many hits to leave out first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<usize>,
}

const LIMIT_DEFAULT: usize = 20;
const LIMIT_MAX: usize = 200;
/// Longer texts are refused rather than searched.
const TEXT_MAX_CHARS: usize = 200;

impl Find {
    /// The terms that were said, and in words how they were understood.
    fn terms(&self) -> Result<(Terms, String), Error> {
        let said =
            |text: &Option<String>| text.as_ref().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        let texts = [&self.text, &self.name, &self.plate, &self.address, &self.case_number, &self.identity_number];
        if texts.iter().any(|text| text.as_ref().is_some_and(|text| text.chars().count() > TEXT_MAX_CHARS)) {
            return Err(Error::Question(format!("a search text has at most {TEXT_MAX_CHARS} characters")));
        }
        let mut found: Vec<(Terms, String)> = Vec::new();
        if let Some(text) = said(&self.text) {
            let understood = clear_search::understand(&text);
            found.push((understood.terms, understood.how));
        }
        if self.name.is_some() || self.date_of_birth.is_some() || self.identity_number.is_some() {
            let who = Who {
                name: said(&self.name),
                born: self.date_of_birth.map(Born::On),
                identity_number: said(&self.identity_number),
                ..Who::default()
            };
            found.push((Terms::Person(who), "a person".into()));
        }
        if let Some(plate) = said(&self.plate) {
            found.push((Terms::Plate(plate), "a plate".into()));
        }
        if let Some(address) = said(&self.address) {
            found.push((Terms::Address(address), "an address".into()));
        }
        if let Some(number) = said(&self.case_number) {
            found.push((Terms::CaseNumber(number), "a case number".into()));
        }
        if let Some(id) = self.id {
            found.push((Terms::Id(id), "a record id".into()));
        }
        match found.len() {
            0 if self.from.is_some() || self.to.is_some() || self.beat.is_some() => {
                Ok((Terms::Incidents, "incidents by date and beat".into()))
            }
            0 => Err(Error::Question(
                "say what to look for: text, name, plate, address, case_number, identity_number, id, or from, to, beat"
                    .into(),
            )),
            1 => found.pop().ok_or_else(|| Error::Question("say what to look for".into())),
            _ => Err(Error::Question(
                "say one thing to look for at a time: text, name, plate, address, case_number or id".into(),
            )),
        }
    }
}

/// A hit with its record's version.
pub struct FoundVersion {
    /// The version that was found.
    pub version: Version,
    /// Why it matched, in words; empty for a pointer.
    pub why: Vec<String>,
}

/// What was found.
pub struct FindMatch {
    /// How the question was understood.
    pub understood: String,
    /// The hits of this page, best first.
    pub hits: Vec<FoundVersion>,
    /// How many there are in all, within the reach.
    pub total: usize,
    /// What owners of black records that match let the asker be told; in order, each once.
    pub cautions: Vec<Caution>,
    /// What is known beside the hits.
    pub known: Known,
}

impl Question for Find {
    type Match = FindMatch;
    const NAME: &'static str = "find";

    async fn run(&self, shelves: &Shelves, grant: &Grant, seq: Seq) -> Result<FindMatch, Error> {
        let ties = shelves.ties(grant);
        let sight = ties.sight(grant);
        let (terms, understood) = self.terms()?;
        let limit = self.limit.unwrap_or(LIMIT_DEFAULT);
        if limit > LIMIT_MAX {
            return Err(Error::Question(format!("limit is at most {LIMIT_MAX}; use offset for more")));
        }
        if let (Some(from), Some(to)) = (self.from, self.to)
            && from > to
        {
            return Err(Error::Question(format!("from ({from}) is after to ({to})")));
        }
        let filter =
            Filter { occurred_from: self.from, occurred_to: self.to, beat: self.beat.clone(), ..Filter::default() };
        let query = Query { terms, filter, limit, offset: self.offset.unwrap_or(0) };
        let (found, cautions) = {
            let folds = shelves.folds();
            (folds.index.find(&query, &sight), cautions(&folds, &query, grant, &sight))
        };
        let ids: Vec<RecordId> = found.hits.iter().map(|hit| hit.id).collect();
        let versions = shelves.read(&ids, &sight, seq).await?;
        let mut why: std::collections::HashMap<RecordId, Vec<String>> =
            found.hits.iter().map(|hit| (hit.id, hit.why.iter().map(ToString::to_string).collect())).collect();
        let known = known(shelves, versions.iter(), grant, &ties);
        let hits = versions
            .into_iter()
            .map(|version| FoundVersion { why: why.remove(&version.id).unwrap_or_default(), version })
            .collect();
        Ok(FindMatch { understood, hits, total: found.total, cautions, known })
    }

    fn silent_hits(&self, shelves: &Shelves, grant: &Grant) -> Vec<SilentHit> {
        let Ok((terms, _)) = self.terms() else { return Vec::new() };
        let ties = shelves.ties(grant);
        let sight = ties.sight(grant);
        let folds = shelves.folds();
        let black = numbered(&folds).filter(|(_, label)| label.handling == Handling::Black);
        let ids = folds.pointed(&Query::of(terms), None, black.map(|(number, _)| number).collect());
        ids.into_iter().filter_map(|id| silent_hit(&folds, &sight, id)).collect()
    }
}

/// What is said to an asker who would have hit black records: only what their owners attached, only where the match
/// names the record as a gray one's must, and only to whom the owner opens anything at all.
fn cautions(folds: &Folds, query: &Query, grant: &Grant, sight: &Sight<'_>) -> Vec<Caution> {
    let cautioned = folds.relations.cautioned();
    if cautioned.is_empty() {
        return Vec::new();
    }
    let all: LabelSet = numbered(folds).map(|(number, _)| number).collect();
    let open = |id: &RecordId| {
        let Some(label) = folds.labels.get(id) else { return false };
        let Some(value) = folds.label_values.get(label.0 as usize) else { return false };
        let any = grant.reach(clear_record::Relation::Any);
        let partner = numbered(folds).any(|(number, other)| other.owners == value.owners && any.opens_any(number));
        partner && !sight.shows(*label, *id)
    };
    let hits = folds.pointed(&Query::of(query.terms.clone()), Some(cautioned), all);
    let mut cautions: Vec<Caution> =
        hits.iter().filter(|id| open(id)).filter_map(|id| folds.relations.caution(*id)).collect();
    cautions.sort_unstable();
    cautions.dedup();
    cautions
}

fn numbered(folds: &Folds) -> impl Iterator<Item = (LabelId, &clear_record::Label)> {
    (0u32..).map(LabelId).zip(folds.label_values.iter())
}

/// A black record that the asker does not see, as its owner is told of it.
pub(crate) fn silent_hit(folds: &Folds, sight: &Sight<'_>, id: RecordId) -> Option<SilentHit> {
    let label = folds.labels.get(&id)?;
    let value = folds.label_values.get(label.0 as usize)?;
    let silent = value.handling == Handling::Black && !sight.shows(*label, id);
    silent.then(|| SilentHit { id, owners: value.owners.clone() })
}
