//! Questions in the open-data language about sets.
//!
//! In:    a set, what is asked of it, a grant.
//! Out:   the fields of the answer, then its rows in batches; or what is wrong with the question, with its code and place.
//! Never: lets an engine see more than the sight; runs a question that was not checked as a whole before.
//!
//! # How
//! Sets of *records* are shelves over the projection, under the sight of whoever asks: for the public sets that is
//! everybody. *Given* sets are small tables that somebody else makes of what is public: the register, the log, the code
//! table. One language joins them all.
//!
//! # Change here
//! A public set: [`public_sets`]. The crimes set's rows: `clear-stats`'s `sets/crimes.rs`.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, LazyLock, PoisonError};

use arrow::array::{
    Array, ArrayRef, BooleanArray, Float64Array, RecordBatch, StringViewArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{Field, Schema};
use clear_policy::Grant;
use clear_record::{AgencyId, FieldClass, IUCR, Iucr, Label, Relation, Seq};
use clear_soql::Detail;
use clear_stats::sets::{CRIMES, Layout, SetColumn, SoqlType};
use clear_stats::{Asking, soql};
use futures_util::StreamExt;
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{Error, Shelves};

/// Where a set's rows come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetSource {
    /// From records, under a sight.
    Records,
    /// From whoever asks the question for somebody: contents that are public as they are.
    Given,
}

/// What is told of a set.
#[derive(Debug)]
pub struct SetInfo {
    /// Its id, four letters or digits twice.
    pub id: &'static str,
    /// Its name in addresses.
    pub alias: &'static str,
    /// Its name for people.
    pub name: &'static str,
    /// What it holds, and what is to be minded.
    pub description: &'static str,
    /// What a row is.
    pub row_label: &'static str,
    /// Words by which it is found.
    pub tags: &'static [&'static str],
    /// Where its rows come from.
    pub source: SetSource,
    /// Its columns in order; the first identifies a row.
    pub columns: &'static [SetColumn],
}

macro_rules! columns {
    ($($name:ident $title:literal $soql_type:ident $doc:literal;)*) => {
        &[$(SetColumn {
            field_name: stringify!($name),
            name: $title,
            soql_type: SoqlType::$soql_type,
            description: $doc,
            class: FieldClass::Operational,
            layout: Layout::Text,
        },)*]
    };
}

static SETS: LazyLock<Vec<SetInfo>> = LazyLock::new(|| {
    vec![
        SetInfo {
            id: CRIMES.id,
            alias: CRIMES.alias,
            name: CRIMES.name,
            description: CRIMES.description,
            row_label: "Incident; of homicides, victim",
            tags: &["crime", "incidents", "police", "public safety"],
            source: SetSource::Records,
            columns: CRIMES.columns,
        },
        SetInfo {
            id: "cvrg-mnth",
            alias: "coverage",
            name: "Crimes: coverage",
            description: "How many rows of the crimes set each agency has for each month, and when the newest of them came, so that a feed that is partial or late is seen.",
            row_label: "Agency and month",
            tags: &["coverage", "crime", "data quality"],
            source: SetSource::Given,
            columns: columns! {
                agency "Agency" Text "The agency whose incidents are counted.";
                month "Month" FloatingTimestamp "The first day of the month in which they occurred.";
                rows "Rows" Number "How many rows of the crimes set these are.";
                last_load "Last Load" FixedTimestamp "When the newest version of one of them was taken in.";
            },
        },
        SetInfo {
            id: "accs-list",
            alias: "access",
            name: "Access",
            description: "Who has access to police data here, under which agreement, to which classes and for which purposes. A row for each agreement, and one for each agency without any.",
            row_label: "Agreement of an agency",
            tags: &["access", "accountability", "agreements"],
            source: SetSource::Given,
            columns: columns! {
                agency "Agency" Text "The agency's id.";
                name "Name" Text "Its name.";
                kind "Kind" Text "What it is.";
                parent "Parent" Text "The agency that it is a part of.";
                access "Access" Text "owner, access, suspended, cut off, announced or none.";
                cut_off "Cut-Off" Text "The order that cut it off.";
                agreement "Agreement" Text "The agreement's number.";
                owner "Owner" Text "Whose records it opens.";
                from_date "From" FloatingTimestamp "Since when.";
                until_date "Until" FloatingTimestamp "Until when; empty without an end.";
                kinds "Kinds" Text "Which kinds of records.";
                classes "Classes" Text "Which field classes.";
                purposes "Purposes" Text "For which purposes.";
                document "Document" Text "SHA-256 of the executed document.";
            },
        },
        SetInfo {
            id: "ctff-ordr",
            alias: "cut-offs",
            name: "Cut-offs",
            description: "Every cut-off order, with every agency that it covers by now. A row for each order and agency.",
            row_label: "Order and agency",
            tags: &["access", "accountability", "cut-off"],
            source: SetSource::Given,
            columns: columns! {
                cut_off "Order" Text "The order's number.";
                issued_at "Issued" FixedTimestamp "When it was issued.";
                named "Named" Text "The agency that it names.";
                scope "Scope" Text "Whose records it closes.";
                covers "Covers" Text "An agency that it covers.";
                ended_from "Ended" Text "From when the founding quorum has ended it.";
                contact "Contact" Text "Whom the agency may write to.";
                text "Text" Text "Its public text.";
            },
        },
        SetInfo {
            id: "rlsd-cnts",
            alias: "released",
            name: "Released counts",
            description: "How often police data was asked for, by whom, for what, how it ended, and what was denied: the releases' tables as they stand in the log. Small counts are withheld, together with those that would tell them.",
            row_label: "Cell of a released table",
            tags: &["access", "accountability", "requests"],
            source: SetSource::Given,
            columns: columns! {
                release "Release" Number "The release's number.";
                period "Period" Text "The period that it counts.";
                table_name "Table" Text "by_purpose, by_end, denials, holds or reviews.";
                line "Line" Text "The table's line: an agency, or several put together.";
                column "Column" Text "The table's column; several put together are joined by a plus sign.";
                count "Count" Number "How many; empty where it is withheld.";
            },
        },
        SetInfo {
            id: "rlsd-actv",
            alias: "activity",
            name: "Released tables: arrests, stops, hot files",
            description: "How many arrests, stops and hot-file entries there were in a quarter, by district and by one detail. Each table was made once, four weeks after its quarter, and stays as it is; small counts are withheld, together with those that would tell them.",
            row_label: "Cell of a released table",
            tags: &["arrests", "stops", "hot files"],
            source: SetSource::Given,
            columns: columns! {
                activity "Activity" Text "arrests, stops or hot files.";
                period "Period" Text "The quarter.";
                line "Line" Text "The district, or what a hot-file entry warns of; several put together are joined by a plus sign.";
                detail "Detail" Text "Of arrests, whether for a reported incident; of stops, the outcome; of hot files, the instrument behind them.";
                count "Count" Number "How many; empty where it is withheld.";
                threshold "Threshold" Number "A count below this is small.";
                released_at "Released" FixedTimestamp "When the table was made.";
            },
        },
        SetInfo {
            id: "c7ck-438e",
            alias: "iucr",
            name: "IUCR codes",
            description: "Illinois Uniform Crime Reporting codes: the table by which the crimes set's codes mean what they mean, in the version that this program carries.",
            row_label: "Code",
            tags: &["codes", "crime", "iucr"],
            source: SetSource::Given,
            columns: columns! {
                iucr "IUCR" Text "Four characters, leading zero kept.";
                primary_description "Primary Description" Text "The primary type.";
                secondary_description "Secondary Description" Text "The description.";
                index_code "Index Code" Text "I for an index offence, N for another.";
            },
        },
    ]
});

/// The sets that everybody can ask, the crimes first.
pub fn public_sets() -> impl Iterator<Item = &'static SetInfo> {
    SETS.iter()
}

/// The public set of an id or alias, in any case.
pub fn set_named(name: &str) -> Option<&'static SetInfo> {
    SETS.iter().find(|set| set.id.eq_ignore_ascii_case(name) || set.alias.eq_ignore_ascii_case(name))
}

/// The set that a given set counts the rows of, if it counts one.
pub fn covered_set(set: &SetInfo) -> Option<&'static SetInfo> {
    (set.alias == "coverage").then(|| set_named(CRIMES.alias)).flatten()
}

/// The rows of the code table, for its set.
pub fn iucr_rows() -> Vec<Vec<Option<String>>> {
    let text = |text: &str| Some(text.to_owned());
    let row = |row: &Iucr| {
        vec![text(row.code), text(row.primary), text(row.secondary), text(if row.index { "I" } else { "N" })]
    };
    IUCR.iter().map(row).collect()
}

/// What is asked of a set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SetAsked {
    /// A whole question in one text.
    Whole {
        /// The text.
        query: String,
        /// Rows where it names no limit; all of them if `None`.
        limit: Option<u64>,
    },
    /// Clause by clause.
    Clauses(SetClauses),
}

/// The clauses of a question, each as it was written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SetClauses {
    /// What is selected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub select: Option<String>,
    /// The condition.
    #[serde(rename = "where", skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// Columns with the value that they must have.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub equal: Vec<(String, String)>,
    /// What is grouped by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// The condition on groups.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub having: Option<String>,
    /// What is ordered by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<String>,
    /// Words to be found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub search: Option<String>,
    /// How many rows at most; all of them if `None`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    /// How many rows are left out before the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
}

impl SetAsked {
    /// As the engine reads it, and how many rows come where it does not say.
    fn read(&self) -> (soql::Asked, Option<u64>) {
        match self {
            SetAsked::Whole { query, limit } => (soql::Asked::Whole(query.clone()), *limit),
            SetAsked::Clauses(it) => {
                let clauses = soql::Clauses {
                    select: it.select.clone(),
                    filter: it.condition.clone(),
                    equal: it.equal.clone(),
                    group: it.group.clone(),
                    having: it.having.clone(),
                    order: it.order.clone(),
                    search: it.search.clone(),
                    limit: it.limit.map(|limit| limit.to_string()),
                    offset: it.offset.map(|offset| offset.to_string()),
                };
                (soql::Asked::Clauses(clauses), None)
            }
        }
    }

    /// Whether it may name other sets than the one that it is asked of.
    fn may_join(&self) -> bool {
        matches!(self, SetAsked::Whole { query, .. } if query.contains('@'))
    }
}

/// What is wrong with a question, as the open-data API tells it.
#[derive(Debug, Clone, PartialEq)]
pub struct SetFault {
    /// Its code: `query.soql.no-such-column`.
    pub code: String,
    /// In words, as the envelope has them.
    pub message: String,
    /// The details, the place among them.
    pub data: Map<String, Value>,
}

impl SetFault {
    pub(crate) fn of(fault: &soql::Fault) -> SetFault {
        let mut data = Map::new();
        for (name, detail) in fault.details() {
            let value = match detail {
                Detail::Text(text) => json!(text),
                Detail::Number(number) => json!(number),
            };
            data.insert(name.to_owned(), value);
        }
        if let Some(at) = fault.position() {
            data.insert("position".to_owned(), json!({"row": at.row, "column": at.column, "line": at.marked()}));
        }
        SetFault { code: fault.code().to_owned(), message: fault.message(), data }
    }

    /// What is wrong, without the code before it and the place behind it.
    pub fn plainly(&self) -> &str {
        let text = self.message.split_once("; ").map_or(self.message.as_str(), |(_, text)| text);
        text.split_once("; position: ").map_or(text, |(text, _)| text)
    }
}

impl std::fmt::Display for SetFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

/// Rows of an answer, batch by batch.
pub struct SetRows {
    answer: soql::Answer,
}

impl SetRows {
    /// Begins an answer about a set, under a grant, over everything up to `visible`. Rows dated from `before` on are left
    /// out of sets of records. `given` makes the given sets' tables.
    ///
    /// # Errors
    /// [`Error::Set`] when the question is wrong, else what went wrong with us.
    pub async fn begin(
        shelves: &Shelves,
        grant: &Grant,
        visible: Seq,
        set: &'static SetInfo,
        asked: &SetAsked,
        before: Option<DateTime>,
        given: &(dyn Fn(&'static SetInfo) -> Result<RecordBatch, Error> + Sync),
    ) -> Result<SetRows, Error> {
        shelves.catch_up(visible).await?;
        let others = public_sets().filter(|other| other.id != set.id && asked.may_join());
        let mut tables: Vec<Asking> = Vec::new();
        for set in std::iter::once(set).chain(others) {
            tables.extend(asking(shelves, grant, set, before, given)?);
        }
        let (question, limit) = asked.read();
        let wrong = Error::of_set;
        let planned = clear_stats::planned(&tables, &question, limit).map_err(wrong)?;
        let answer = clear_stats::ask(shelves.engine()?, tables, &planned).await.map_err(wrong)?;
        Ok(SetRows { answer })
    }

    /// The fields of its rows, in order.
    pub fn fields(&self) -> &[soql::Field] {
        &self.answer.fields
    }

    /// The next rows; `None` at the end.
    ///
    /// # Errors
    /// [`Error::Set`] when the question needs more than it gets.
    pub async fn next(&mut self) -> Result<Option<RecordBatch>, Error> {
        match self.answer.batches.next().await {
            None => Ok(None),
            Some(Ok(batch)) => Ok(Some(batch)),
            Some(Err(error)) => Err(Error::of_set(soql::Fault::running(error))),
        }
    }
}

/// A set as a table of a question; `None` where there is no such set in the projection.
fn asking(
    shelves: &Shelves,
    grant: &Grant,
    set: &'static SetInfo,
    before: Option<DateTime>,
    given: &(dyn Fn(&'static SetInfo) -> Result<RecordBatch, Error> + Sync),
) -> Result<Option<Asking>, Error> {
    Ok(match set.source {
        SetSource::Records => {
            let ties = shelves.ties(grant);
            let shelf = shelves.folds().columns.shelf(set.alias, &ties.sight(grant));
            shelf.map(|shelf| {
                Asking::Shelf(match before {
                    Some(before) => shelf.before(clear_stats::micros(before)),
                    None => shelf,
                })
            })
        }
        SetSource::Given => {
            let rows = given(set)?;
            let system = SYSTEM.iter().map(|(name, soql_type)| soql::Field::new(name, *soql_type));
            let own = set.columns.iter().map(|column| soql::Field::new(column.field_name, column.soql_type));
            let names = vec![set.id.to_owned(), set.alias.to_owned()];
            Some(Asking::Given { names, fields: system.chain(own).collect(), rows })
        }
    })
}

/// The system's columns of given sets.
const SYSTEM: [(&str, SoqlType); 3] =
    [(":id", SoqlType::Text), (":created_at", SoqlType::FixedTimestamp), (":updated_at", SoqlType::FixedTimestamp)];

/// What the projection holds of a set, for a grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetHeld {
    /// Changes with its rows and with what the grant shows of them, and with nothing else.
    pub version: String,
    /// When a visible row was last recorded.
    pub updated_at: Option<Timestamp>,
}

/// The newest [`SetHeld`] of a set, with what it was made of.
pub(crate) type Held = BTreeMap<&'static str, SetHeld>;

impl Shelves {
    /// What the projection holds of a set of records under a grant.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub async fn set_held(
        &self,
        set: &'static SetInfo,
        grant: &Grant,
        visible: Seq,
        before: DateTime,
    ) -> Result<SetHeld, Error> {
        self.catch_up(visible).await?;
        let ties = self.ties(grant);
        let sight = ties.sight(grant);
        let Some(shelf) = self.folds().columns.shelf(set.alias, &sight) else {
            return Ok(SetHeld { version: String::new(), updated_at: None });
        };
        let mut reach = DefaultHasher::new();
        grant.reach(Relation::Any).hash(&mut reach);
        // Rows that were tightened just now are hidden, although the table does not know it yet.
        let hidden = if sight.is_by_row() { self.tightenings() } else { 0 };
        let version = format!("{} {:x} {hidden} {before}", shelf.changed().0, reach.finish());
        let known = self.held.lock().unwrap_or_else(PoisonError::into_inner).get(set.id).cloned();
        if let Some(known) = known.filter(|known| known.version == version) {
            return Ok(known);
        }
        let updated = shelf.before(clear_stats::micros(before)).updated()?;
        let updated_at = updated.and_then(|seconds| Timestamp::from_second(i64::from(seconds)).ok());
        let held = SetHeld { version, updated_at };
        self.held.lock().unwrap_or_else(PoisonError::into_inner).insert(set.id, held.clone());
        Ok(held)
    }

    /// How many rows of the crimes set each agency has in each month, as far as a grant shows them, in order.
    ///
    /// # Errors
    /// When the set's dates were put aside and do not come back.
    pub fn coverage(&self, grant: &Grant, before: DateTime, labels: &[Label]) -> Result<Vec<Covered>, Error> {
        let ties = self.ties(grant);
        let shelf = self.folds().columns.shelf(CRIMES.alias, &ties.sight(grant));
        let Some(shelf) = shelf else { return Ok(Vec::new()) };
        let mut covered: BTreeMap<(AgencyId, Date), (u64, u32)> = BTreeMap::new();
        for it in shelf.before(clear_stats::micros(before)).coverage()? {
            for agency in labels.get(it.label.0 as usize).iter().flat_map(|label| &label.owners) {
                let (rows, updated) = covered.entry((agency.clone(), it.month)).or_default();
                *rows += it.rows;
                *updated = (*updated).max(it.updated);
            }
        }
        let told = |((agency, month), (rows, updated))| Covered {
            agency,
            month,
            rows,
            last_load: Timestamp::from_second(i64::from(updated)).ok(),
        };
        Ok(covered.into_iter().map(told).collect())
    }
}

/// An agency's rows of a month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Covered {
    /// The agency.
    pub agency: AgencyId,
    /// The first day of the month.
    pub month: Date,
    /// How many rows.
    pub rows: u64,
    /// When the newest version of one of them was taken in.
    pub last_load: Option<Timestamp>,
}

/// Whether values of a type have an order.
pub fn is_ordered(soql_type: SoqlType) -> bool {
    matches!(soql_type, SoqlType::Text | SoqlType::Number | SoqlType::FloatingTimestamp | SoqlType::FixedTimestamp)
}

/// A table of a given set: a value for each column as text, `None` for a null. What does not read as its column's type is
/// a null. Before them stand the system's columns: a row is known by its place.
pub fn given_batch(set: &SetInfo, rows: &[Vec<Option<String>>]) -> RecordBatch {
    let text = |at: usize| rows.iter().map(move |row| row.get(at).cloned().flatten());
    let column = |(at, column): (usize, &SetColumn)| -> (Field, ArrayRef) {
        let array: ArrayRef = match column.soql_type {
            SoqlType::Number => {
                let number = |text: Option<String>| text?.parse::<f64>().ok().filter(|it| it.is_finite());
                Arc::new(text(at).map(number).collect::<Float64Array>())
            }
            SoqlType::Checkbox => Arc::new(text(at).map(|text| Some(text? == "true")).collect::<BooleanArray>()),
            SoqlType::FloatingTimestamp => Arc::new(text(at).map(micros).collect::<TimestampMicrosecondArray>()),
            SoqlType::FixedTimestamp => {
                Arc::new(text(at).map(micros).collect::<TimestampMicrosecondArray>().with_timezone("UTC"))
            }
            _ => Arc::new(text(at).collect::<StringViewArray>()),
        };
        (Field::new(column.field_name, array.data_type().clone(), true), array)
    };
    let ids = (0..rows.len()).map(|row| Some(format!("row-{row:04}.{:04}-{:04}", row / 10_000, 0)));
    let ids: ArrayRef = Arc::new(ids.collect::<StringViewArray>());
    let never: ArrayRef =
        Arc::new(std::iter::repeat_n(None, rows.len()).collect::<TimestampMicrosecondArray>().with_timezone("UTC"));
    let system = SYSTEM.iter().map(|(name, soql_type)| {
        let array = if *soql_type == SoqlType::Text { ids.clone() } else { never.clone() };
        (Field::new(*name, array.data_type().clone(), true), array)
    });
    let (fields, arrays): (Vec<Field>, Vec<ArrayRef>) =
        system.chain(set.columns.iter().enumerate().map(column)).unzip();
    let schema = Arc::new(Schema::new(fields));
    // The columns were made of the same rows.
    RecordBatch::try_new(schema.clone(), arrays).unwrap_or_else(|_| RecordBatch::new_empty(schema))
}

/// A moment, or a time or day on the city's clock, in microseconds since 1970.
fn micros(text: Option<String>) -> Option<i64> {
    let text = text?;
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at.as_microsecond());
    }
    let civil = text.parse::<DateTime>().ok();
    let civil = civil.or_else(|| Some(text.parse::<Date>().ok()?.to_datetime(jiff::civil::Time::midnight())));
    civil.map(clear_stats::micros)
}
