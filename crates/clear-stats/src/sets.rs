//! The sets that are projected: what each one's columns are, and how rows are made of versions.
//!
//! In:    [`Version`]s in `seq` order.
//! Out:   rows of values, under the label of the record that they are of.
//! Never: reads anything but the version it is given and what it kept of earlier ones.
//!
//! # Change here
//! A set: a file in `sets/`, and its line in [`SETS`]. A column: its line in the set's own list.
//!
//! [`Version`]: clear_record::Version

mod crimes;
mod incidents;
mod plane;
mod published;

use std::io::{Read, Write};

use clear_record::{FieldClass, Kind, Label, LabelId, RecordId, Version};

pub use clear_soql::SoqlType;
pub use crimes::{CELL_FEET, Crimes, LAG_DAYS, PointKey, published_before};
pub use incidents::{INCIDENTS, Incidents};
pub use published::CRIMES;

use crate::values::Value;

/// How a column's values are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// Texts, by codes.
    Text,
    /// Numbers of which few are different, by codes: wards, years.
    Few,
    /// Numbers.
    Number,
    /// Yes or no.
    Flag,
    /// Times, microseconds since 1970.
    Time,
    /// Made of two other columns of numbers, by their places: longitude and latitude, degrees.
    Point {
        /// The column of longitudes.
        lon: usize,
        /// The column of latitudes.
        lat: usize,
    },
}

/// One column of a set.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SetColumn {
    /// Its name in questions and in JSON.
    pub field_name: &'static str,
    /// Its name for people.
    pub name: &'static str,
    /// Its type.
    pub soql_type: SoqlType,
    /// What it means.
    pub description: &'static str,
    /// What it tells: it is NULL where this class is closed, and unknown where it is closed on every label.
    pub class: FieldClass,
    /// How it is kept.
    pub layout: Layout,
}

/// One set: a table that can be asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Set {
    /// Its id in the open-data API: `ijzp-q8t2`.
    pub id: &'static str,
    /// Its name in addresses and questions.
    pub alias: &'static str,
    /// Its name for people.
    pub name: &'static str,
    /// What it holds.
    pub description: &'static str,
    /// Whether residents can ask it.
    pub public: bool,
    /// The kind of the records that its rows are of.
    pub kind: Kind,
    /// The column by which rows are kept in order.
    pub date: Option<&'static str>,
    /// The columns in order.
    pub columns: &'static [SetColumn],
}

impl Set {
    /// The column of that name, by its place.
    pub fn column(&self, field_name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.field_name == field_name)
    }

    pub(crate) fn date(&self) -> Option<usize> {
        self.column(self.date?)
    }

    /// The set of that id or alias.
    pub fn of(name: &str) -> Option<&'static Set> {
        SETS.iter().copied().find(|set| set.id == name || set.alias.eq_ignore_ascii_case(name))
    }
}

/// Every set there is.
pub const SETS: &[&Set] = &[&INCIDENTS, &CRIMES];

/// What a record's rows are now: all of them, in the order of their parts. None: the record has no row in the set.
#[derive(Debug, Clone, PartialEq)]
pub struct Rows {
    /// The record.
    pub id: RecordId,
    /// The record's label, which governs its rows.
    pub label: LabelId,
    /// A value for each column of the set, `None` for NULL.
    pub rows: Vec<Vec<Option<Value>>>,
}

/// How a set's rows follow from versions. The same versions in the same order give the same rows.
pub trait Derive: Send + Sync {
    /// Which set.
    fn set(&self) -> &'static Set;
    /// What a version changes; `label` is the value of its label, where it is at hand.
    fn derive(&mut self, version: &Version, label: Option<&Label>) -> Vec<Rows>;
    /// Writes what was kept of earlier versions, for a snapshot.
    ///
    /// # Errors
    /// When `out` takes no more.
    fn keep(&self, out: &mut dyn Write) -> std::io::Result<()> {
        let _ = out;
        Ok(())
    }

    /// One of the same settings that has kept what was written.
    ///
    /// # Errors
    /// When `from` ends, is no such thing, or was written under other settings.
    fn restored(&self, from: &mut dyn Read) -> std::io::Result<Box<dyn Derive>> {
        let _ = from;
        Err(clear_record::snapshot::not_a("set that is kept"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_well_declared() {
        for set in SETS {
            assert!(set.columns.len() <= 64 && set.description.len() > 20 && !set.name.is_empty());
            assert!(set.date.is_none_or(|date| set.column(date).is_some()));
            for (at, column) in set.columns.iter().enumerate() {
                assert_eq!(set.column(column.field_name), Some(at), "{} twice", column.field_name);
                assert!(column.description.len() > 8, "{}", column.field_name);
                let fits = match column.layout {
                    Layout::Text => column.soql_type == SoqlType::Text,
                    Layout::Few | Layout::Number => column.soql_type == SoqlType::Number,
                    Layout::Flag => column.soql_type == SoqlType::Checkbox,
                    Layout::Time => matches!(column.soql_type, SoqlType::FloatingTimestamp | SoqlType::FixedTimestamp),
                    Layout::Point { lon, lat } => [lon, lat].iter().all(|part| {
                        let part = set.columns.get(*part);
                        part.is_some_and(|part| part.layout == Layout::Number && part.class == column.class)
                    }),
                };
                assert!(fits, "{}", column.field_name);
            }
        }
    }
}
