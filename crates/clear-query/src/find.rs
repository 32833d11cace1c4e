//! Find: persons, plates, addresses, telephones, words, cases, incidents.

use clear_policy::Grant;
use clear_record::{Caution, Handling, LabelId, RecordId, Seq, Sex, Sight, Version};
use clear_search::{Born, Facet, Pattern, Query, Snippet, Suggested, Suggestion, Terms, Wanted, Who};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::known::{Known, known};
use crate::narrow;
use crate::shelves::Folds;
use crate::{Error, Question, Shelves, SilentHit};

/// What to look for. Say one of `text`, `name`, `plate`, `address`, `phone`, `words`, `case_number`, `identity_number`
/// or `id`, or none of them with dates, hours, a beat or an area to list incidents.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Find {
    /// Whatever the asker typed; the answer says how it was understood.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Which of the readings of `text` is meant, if not the likeliest: `person`, `plate`, `address`, `number`, `phone`
    /// or `words`, as the answer offers them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_as: Option<String>,
    /// A person's name, in any order, misspelt or partial.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// With a name: the date of birth; a wrong one makes a worse hit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date_of_birth: Option<Date>,
    /// Persons born then alone: a year, `1980`; a year about, `1980~2`; or two days, `1980-03-01..1981-02-28`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub born: Option<String>,
    /// Persons of this age alone, in years today: `34` or `30-40`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub age: Option<String>,
    /// Persons of this sex alone: `M`, `F` or `U`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sex: Option<Sex>,
    /// Persons whose home address is on this block or street alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub home: Option<String>,
    /// Words of scars, marks and tattoos, of a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub marks: Option<String>,
    /// The owner's person identity number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity_number: Option<String>,
    /// A registration plate, a part of one, or one with wildcards: `AB?12*`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plate: Option<String>,
    /// An address, a block, a street, or two streets that cross.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// A telephone number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Words of free text: `burglary "rear door" -garage`, `knife OR gun`, `burglar*`, `marks:dragon`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
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
    /// Records of this kind alone: `incident`, `person`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Incidents in this district.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub district: Option<String>,
    /// Incidents in this community area.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub community_area: Option<u16>,
    /// Incidents around this point, latitude and longitude in degrees: `41.88,-87.63`. With `radius_m`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub near: Option<String>,
    /// How far around it, 1 to 50,000 metres.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub radius_m: Option<u32>,
    /// Incidents inside these corners, in order around it: `41.8,-87.6;41.9,-87.6;41.9,-87.7`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub polygon: Option<String>,
    /// Incidents from one full hour of the day to another: `22-2`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hours: Option<String>,
    /// Incidents on these days of the week: `sat,sun`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weekdays: Option<String>,
    /// Whether to count the hits by kind, year, beat, district and community area.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub facets: Option<bool>,
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
/// A licence's barcode is longer than what somebody types.
const BARCODE_MAX_CHARS: usize = 4_000;
/// Offered of what begins as typed, of each kind.
const BEGINS_MAX: usize = 5;

/// How a question was understood.
struct Read {
    terms: Terms,
    /// In words.
    how: String,
    /// The other readings, with their words.
    others: Vec<(Terms, String)>,
    /// A mistake without which it would have been read otherwise.
    note: Option<String>,
}

impl Read {
    fn of(terms: Terms, how: &str) -> Read {
        Read { terms, how: how.to_owned(), others: Vec::new(), note: None }
    }

    /// What was typed, read as the likeliest or as what the asker says.
    fn typed(text: &str, read_as: Option<&str>) -> Result<Read, Error> {
        let understood = clear_search::understand(text);
        let mut readings = vec![(understood.terms, understood.how)];
        readings.extend(understood.others);
        let at = match read_as {
            None => 0,
            Some(wanted) => readings.iter().position(|(terms, _)| terms.reading() == wanted).ok_or_else(|| {
                let offered: Vec<&str> = readings.iter().map(|(terms, _)| terms.reading()).collect();
                Error::Question(format!("this text can be read as {}", offered.join(", ")))
            })?,
        };
        let (terms, how) = readings.remove(at);
        Ok(Read { terms, how, others: readings, note: understood.note })
    }
}

impl Find {
    /// What was said, and how it was understood.
    fn read(&self, at: Timestamp) -> Result<Read, Error> {
        let said =
            |text: &Option<String>| text.as_ref().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        let texts = [
            &self.text,
            &self.name,
            &self.plate,
            &self.address,
            &self.phone,
            &self.words,
            &self.case_number,
            &self.identity_number,
            &self.home,
            &self.marks,
        ];
        let most = |text: &str| if text.trim_start().starts_with('@') { BARCODE_MAX_CHARS } else { TEXT_MAX_CHARS };
        if texts.iter().any(|text| text.as_ref().is_some_and(|text| text.chars().count() > most(text))) {
            return Err(Error::Question(format!("a search text has at most {TEXT_MAX_CHARS} characters")));
        }
        let mistaken = |error: clear_search::Error| Error::Question(error.to_string());
        let mut found: Vec<Read> = Vec::new();
        if let Some(text) = said(&self.text) {
            found.push(Read::typed(&text, said(&self.read_as).as_deref())?);
        }
        let mut who = Who {
            name: said(&self.name),
            born: self.date_of_birth.map(Born::On),
            identity_number: said(&self.identity_number),
            marks: said(&self.marks),
            ..Who::default()
        };
        let mut others = (said(&self.plate), said(&self.address), said(&self.phone));
        if who != Who::default() {
            // Beside a person these are the person's own.
            (who.plate, who.address, who.phone) = std::mem::take(&mut others);
            found.push(Read::of(Terms::Person(who), "a person"));
        }
        let (plate, address, phone) = others;
        if let Some(plate) = plate {
            Pattern::read(&plate).map_err(mistaken)?;
            found.push(Read::of(Terms::Plate(plate), "a plate"));
        }
        if let Some(address) = address {
            found.push(Read::of(Terms::Address(address), "an address"));
        }
        if let Some(phone) = phone {
            found.push(Read::of(Terms::phone(phone), "a telephone number"));
        }
        if let Some(words) = said(&self.words) {
            found.push(Read::of(Terms::Words(Wanted::read(&words).map_err(mistaken)?), "words of a text"));
        }
        if let Some(number) = said(&self.case_number) {
            found.push(Read::of(Terms::CaseNumber(number), "a case number"));
        }
        if let Some(id) = self.id {
            found.push(Read::of(Terms::Id(id), "a record id"));
        }
        match found.len() {
            0 if narrow::of_persons(self) => {
                let born = narrow::born(self, at)?;
                let who = Who { born, address: said(&self.home), ..Who::default() };
                let nobody = "beside sex say a name, born, age or home: half of all persons have it";
                if who == Who::default() {
                    return Err(Error::Question(nobody.into()));
                }
                Ok(Read::of(Terms::Person(who), "persons by birth and home"))
            }
            0 if narrow::narrows(self) => Ok(Read::of(Terms::Incidents, "incidents by date and beat")),
            0 => Err(Error::Question(
                "say what to look for: text, name, plate, address, phone, marks, words, case_number, identity_number, id, or \
                 born, age, home, from, to, hours, weekdays, beat, district, community_area, near, polygon"
                    .into(),
            )),
            1 => found.pop().ok_or_else(|| Error::Question("say what to look for".into())),
            _ => Err(Error::Question(
                "say one thing to look for at a time: text, name, plate, address, phone, words, case_number or id"
                    .into(),
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
    /// The pieces of its texts that show what was found.
    pub snippets: Vec<Snippet>,
}

/// What was found.
#[derive(Default)]
pub struct FindMatch {
    /// How the question was understood.
    pub understood: String,
    /// How else it could be, in a word and in words.
    pub also: Vec<(&'static str, String)>,
    /// A mistake without which it would have been understood otherwise, and how to mend it.
    pub note: Option<String>,
    /// The hits of this page, best first.
    pub hits: Vec<FoundVersion>,
    /// How many there are in all, within the reach.
    pub total: usize,
    /// The open hits, counted by their properties.
    pub facets: Vec<Facet>,
    /// What was perhaps meant.
    pub suggested: Vec<Suggested>,
    /// What begins as typed, where nothing was found.
    pub begins: Vec<Suggestion>,
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
        let Read { terms, how: understood, others, note } = self.read(grant.at())?;
        let limit = self.limit.unwrap_or(LIMIT_DEFAULT);
        if limit > LIMIT_MAX {
            return Err(Error::Question(format!("limit is at most {LIMIT_MAX}; use offset for more")));
        }
        let filter = narrow::filter(self, grant.at())?;
        let (offset, facets) = (self.offset.unwrap_or(0), self.facets.unwrap_or(false));
        let query = Query { terms, filter, limit, offset, facets };
        let (found, cautions, begins) = {
            let folds = shelves.folds();
            let found = folds.index.find(&query, &sight);
            let typed = self.text.as_deref().filter(|_| found.hits.is_empty() && offset == 0);
            let begins = typed.map(|typed| folds.index.suggest(typed, BEGINS_MAX, &sight)).unwrap_or_default();
            let cautions = cautions(&folds, &query, grant, &sight);
            (found, cautions, begins)
        };
        let ids: Vec<RecordId> = found.hits.iter().map(|hit| hit.id).collect();
        let versions = shelves.read(&ids, &sight, seq).await?;
        let mut why: std::collections::HashMap<RecordId, Vec<String>> =
            found.hits.iter().map(|hit| (hit.id, hit.why.iter().map(ToString::to_string).collect())).collect();
        let known = known(shelves, versions.iter(), grant, &ties);
        let hit = |version: Version| {
            let snippets = snippets(&query.terms, &version, &sight);
            FoundVersion { why: why.remove(&version.id).unwrap_or_default(), snippets, version }
        };
        let hits = versions.into_iter().map(hit).collect();
        let also = others.into_iter().map(|(terms, how)| (terms.reading(), how)).collect();
        let clear_search::Found { total, facets, suggested, .. } = found;
        Ok(FindMatch { understood, also, note, hits, total, facets, suggested, begins, cautions, known })
    }

    fn silent_hits(&self, shelves: &Shelves, grant: &Grant) -> Vec<SilentHit> {
        let Ok(Read { terms, .. }) = self.read(grant.at()) else { return Vec::new() };
        let ties = shelves.ties(grant);
        let sight = ties.sight(grant);
        let folds = shelves.folds();
        let ids = folds.pointed(&Query::of(terms), &folds.black);
        ids.into_iter().filter_map(|id| silent_hit(&folds, &sight, id)).collect()
    }
}

/// What a record's open texts say of the words that were asked.
fn snippets(terms: &Terms, version: &Version, sight: &Sight<'_>) -> Vec<Snippet> {
    let (Terms::Words(wanted), Some(record)) = (terms, &version.record) else { return Vec::new() };
    clear_search::snippets(record, wanted, |class| sight.opens(class, version.label, version.id))
}

/// What is said to an asker who would have hit black records: only what their owners attached, only where the match
/// names the record as a gray one's must, and only to whom the owner opens anything at all.
pub(crate) fn cautions(folds: &Folds, query: &Query, grant: &Grant, sight: &Sight<'_>) -> Vec<Caution> {
    let cautioned = folds.relations.cautioned();
    if cautioned.is_empty() {
        return Vec::new();
    }
    let open = |id: &RecordId| {
        let Some(label) = folds.label(*id) else { return false };
        let Some(value) = folds.label_values.get(label.0 as usize) else { return false };
        let any = grant.reach(clear_record::Relation::Any);
        let partner = numbered(folds).any(|(number, other)| other.owners == value.owners && any.opens_any(number));
        partner && !sight.shows(label, *id)
    };
    let hits = folds.pointed(&Query::of(query.terms.clone()), cautioned);
    let mut cautions: Vec<Caution> =
        hits.iter().filter(|id| open(id)).filter_map(|id| folds.relations.caution(*id)).collect();
    cautions.sort_unstable();
    cautions.dedup();
    cautions
}

pub(crate) fn numbered(folds: &Folds) -> impl Iterator<Item = (LabelId, &clear_record::Label)> {
    (0u32..).map(LabelId).zip(folds.label_values.iter())
}

/// A black record that the asker does not see, as its owner is told of it.
pub(crate) fn silent_hit(folds: &Folds, sight: &Sight<'_>, id: RecordId) -> Option<SilentHit> {
    let label = folds.label(id)?;
    let value = folds.label_values.get(label.0 as usize)?;
    let silent = value.handling == Handling::Black && !sight.shows(label, id);
    silent.then(|| SilentHit { id, owners: value.owners.clone() })
}
