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

use std::sync::{Arc, LazyLock};

use clear_policy::Grant;
use clear_record::{FieldClass, Iucr, IUCR, Relation, Seq};
use arrow::array::{
    ArrayRef, BooleanArray, Float64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use clear_stats::sets::{CRIMES, Layout, SetColumn};
use clear_stats::SoqlType;
use jiff::Timestamp;
use jiff::civil::DateTime;
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

/// What is wrong with a question, as the open-data API tells it.
#[derive(Debug, Clone, PartialEq)]
pub struct SetFault {
    /// Its code: `query.soql.no-such-column`.
    pub code: String,
    /// In words.
    pub message: String,
    /// The details, the place among them.
    pub data: Map<String, Value>,
}

impl SetFault {
    /// A fault without a place.
    pub fn plain(message: String) -> SetFault {
        SetFault { code: "query.soql.bad-parse".to_owned(), message, data: Map::new() }
    }
}

impl std::fmt::Display for SetFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

/// A table of a given set: a value for each column as text, `None` for a null. What does not read as its column's type is
/// a null.
pub fn given_batch(set: &SetInfo, rows: &[Vec<Option<String>>]) -> RecordBatch {
    let text = |at: usize| rows.iter().map(move |row| row.get(at).cloned().flatten());
    let micros = |text: Option<String>| {
        let text = text?;
        let at = text.parse::<Timestamp>().ok().or_else(|| {
            let civil = text.parse::<DateTime>().ok().or_else(|| {
                Some(text.parse::<jiff::civil::Date>().ok()?.to_datetime(jiff::civil::Time::midnight()))
            })?;
            civil.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
        })?;
        Some(at.as_microsecond())
    };
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
            _ => Arc::new(text(at).collect::<StringArray>()),
        };
        (Field::new(column.field_name, array.data_type().clone(), true), array)
    };
    let (fields, arrays): (Vec<Field>, Vec<ArrayRef>) = set.columns.iter().enumerate().map(column).unzip();
    let schema = Arc::new(Schema::new(fields));
    // The columns were made of the same rows.
    RecordBatch::try_new(schema.clone(), arrays).unwrap_or_else(|_| RecordBatch::new_empty(schema))
}
