//! The projection: one row for each incident, and the leaf through which rows are read.

use std::collections::HashMap;

use clear_record::{Column, FieldClass, Incident, Kind, LabelId, Reach, Record, RecordId, Seq, Sight, Version};

use crate::values::{Cell, Type, Value, Values, micros};

/// A column that can be counted by and filtered on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Measured {
    /// Its name in questions.
    pub name: &'static str,
    /// What it tells: it is NULL where this class is closed, and unknown where it is closed on every label.
    pub class: FieldClass,
    /// How it is laid out.
    pub column: Column,
}

/// A column with the way to its value.
struct Source {
    measured: Measured,
    value: fn(&Incident) -> Option<Value>,
}

macro_rules! columns {
    ($($name:ident $class:ident $column:ident: $value:expr;)*) => {
        [$(Source {
            measured: Measured { name: stringify!($name), class: FieldClass::$class, column: Column::$column },
            value: $value,
        },)*]
    };
}

fn text(text: Option<&str>) -> Option<Value> {
    Some(Value::Text(text?.to_owned()))
}

fn number(number: Option<impl Into<f64>>) -> Option<Value> {
    Some(Value::Number(number?.into()))
}

/// Every column, with what the first and most serious offence tells and the parts of the date. A test holds the
/// classes and layouts of declared fields to their declaration.
const COLUMNS: [Source; 27] = columns! {
    case_number Operational Utf8: |i| text(i.case_number.as_deref());
    occurred_from Operational TimestampMicros: |i| Some(Value::Time(micros(i.occurred_from)));
    occurred_to Operational TimestampMicros: |i| Some(Value::Time(micros(i.occurred_to?)));
    block Operational Utf8: |i| text(i.block.as_deref());
    location_description Operational Utf8: |i| text(i.location_description.as_deref());
    beat Operational Utf8: |i| text(i.beat.as_deref());
    district Operational Utf8: |i| text(i.district.as_deref());
    ward Operational Int64: |i| number(i.ward);
    community_area Operational Int64: |i| number(i.community_area);
    arrest Operational Boolean: |i| Some(Value::Boolean(i.arrest?));
    domestic Operational Boolean: |i| Some(Value::Boolean(i.domestic?));
    status Operational Utf8: |i| text(i.status.map(|status| status.word()));
    updated_on Operational TimestampMicros: |i| Some(Value::Time(micros(i.updated_on?)));
    address Place Utf8: |i| text(i.address.as_deref());
    x_coordinate Place Float64: |i| number(i.x_coordinate);
    y_coordinate Place Float64: |i| number(i.y_coordinate);
    latitude Place Float64: |i| number(i.latitude);
    longitude Place Float64: |i| number(i.longitude);
    iucr Operational Utf8: |i| text(Some(&i.offences.first()?.iucr));
    primary_type Operational Utf8: |i| text(Some(&i.offences.first()?.primary_type));
    description Operational Utf8: |i| text(i.offences.first()?.description.as_deref());
    fbi_code Operational Utf8: |i| text(i.offences.first()?.fbi_code.as_deref());
    year Operational Int64: |i| number(Some(i.occurred_from.year()));
    month Operational Int64: |i| number(Some(i.occurred_from.month()));
    day Operational TimestampMicros: |i| Some(Value::Time(micros(i.occurred_from.date().at(0, 0, 0, 0))));
    hour Operational Int64: |i| number(Some(i.occurred_from.hour()));
    weekday Operational Int64: |i| number(Some(i.occurred_from.weekday().to_sunday_zero_offset()));
};

/// The columnar projection of incidents. Drop it, apply the same versions again, and it answers the same.
pub struct Columns {
    seq: Seq,
    // Where each incident's row is.
    rows: HashMap<u128, u32>,
    ids: Vec<u128>,
    labels: Vec<LabelId>,
    values: Vec<Values>,
    /// One more than the highest label that a row ever had.
    most_labels: u32,
}

impl Default for Columns {
    fn default() -> Columns {
        Columns::new()
    }
}

impl Columns {
    /// A projection of nothing.
    pub fn new() -> Columns {
        let values = COLUMNS.iter().map(|source| Values::new(source.measured.column)).collect();
        Columns {
            seq: Seq::default(),
            rows: HashMap::new(),
            ids: Vec::new(),
            labels: Vec::new(),
            values,
            most_labels: 0,
        }
    }

    /// Takes in one version; they come in `seq` order, each incident's newest counts. A version seen before changes
    /// nothing, except that an expunged one removes its row whenever it comes. Other kinds only move `seq`.
    pub fn apply(&mut self, version: &Version) {
        let expunged = version.record.is_none();
        if version.id.kind == Kind::Incident && expunged {
            self.remove(version.id.raw);
        }
        if version.seq <= self.seq {
            return;
        }
        self.seq = version.seq;
        if let Some(Record::Incident(incident)) = &version.record {
            self.insert(version.id.raw, version.label, incident);
        }
    }

    /// How far it has followed the ledger.
    pub fn seq(&self) -> Seq {
        self.seq
    }

    /// How many incidents it holds, hidden ones included: for operators, never for askers.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// The columns that an asker can read on some label, in order. Others do not exist for the asker.
    pub fn readable(sight: &Sight<'_>) -> impl Iterator<Item = Measured> {
        COLUMNS.iter().map(|source| source.measured).filter(|measured| sight.knows(measured.class))
    }

    fn insert(&mut self, id: u128, label: LabelId, incident: &Incident) {
        self.most_labels = self.most_labels.max(label.0.saturating_add(1));
        let row = match self.rows.get(&id) {
            Some(row) => *row as usize,
            None => {
                self.rows.insert(id, u32::try_from(self.ids.len()).unwrap_or(u32::MAX));
                self.ids.push(id);
                self.labels.push(label);
                self.ids.len() - 1
            }
        };
        if let Some(place) = self.labels.get_mut(row) {
            *place = label;
        }
        for (values, source) in self.values.iter_mut().zip(&COLUMNS) {
            values.set(row, (source.value)(incident));
        }
    }

    fn remove(&mut self, id: u128) {
        let Some(row) = self.rows.remove(&id) else { return };
        let at = row as usize;
        self.ids.swap_remove(at);
        self.labels.swap_remove(at);
        self.values.iter_mut().for_each(|values| values.swap_remove(at));
        if let Some(moved) = self.ids.get(at) {
            self.rows.insert(*moved, row);
        }
    }

    /// The only way to a row.
    pub(crate) fn leaf<'a>(&'a self, sight: &'a Sight<'a>) -> Leaf<'a> {
        let masks = (0..self.most_labels).map(|label| mask_of(sight.any(), LabelId(label))).collect();
        Leaf { columns: self, sight, masks }
    }
}

/// Rows and values as one asker may see them.
pub(crate) struct Leaf<'a> {
    columns: &'a Columns,
    sight: &'a Sight<'a>,
    /// By label, what labels alone open: one bit for each readable column; `None` where the row is hidden.
    masks: Vec<Option<u32>>,
}

/// One visible row.
#[derive(Clone, Copy)]
pub(crate) struct Shown {
    row: usize,
    mask: u32,
}

/// One bit for each column that a reach opens on a label; `None` where it opens no class at all.
fn mask_of(reach: &Reach, label: LabelId) -> Option<u32> {
    // A pointer shows whom to ask; counting it would tell more.
    let open = |at: usize| COLUMNS.get(at).is_some_and(|source| reach.opens(source.measured.class, label));
    reach.opens_any(label).then(|| (0..COLUMNS.len()).filter(|at| open(*at)).fold(0, |mask, at| mask | 1 << at))
}

impl<'a> Leaf<'a> {
    /// The readable column of that name, by number.
    pub(crate) fn column(&self, name: &str) -> Option<usize> {
        let named = |source: &Source| source.measured.name == name && self.sight.knows(source.measured.class);
        COLUMNS.iter().position(named)
    }

    pub(crate) fn name(&self, column: usize) -> &'static str {
        COLUMNS.get(column).map_or("", |source| source.measured.name)
    }

    /// INVARIANT (hidden rows end in the leaf): a row by number, if the asker may see it.
    fn row(&self, row: usize) -> Option<Shown> {
        let label = *self.columns.labels.get(row)?;
        let mask = *self.masks.get(label.0 as usize)?;
        if !self.sight.is_by_row() {
            return Some(Shown { row, mask: mask? });
        }
        let id = RecordId { kind: Kind::Incident, raw: *self.columns.ids.get(row)? };
        let beyond = self.sight.beyond(id)?.filter_map(|reach| mask_of(reach, label));
        let mask = mask.into_iter().chain(beyond).reduce(|mask, more| mask | more)?;
        Some(Shown { row, mask })
    }

    /// The rows that the asker may see.
    pub(crate) fn rows(&self) -> impl Iterator<Item = Shown> + '_ {
        (0..self.columns.len()).filter_map(|row| self.row(row))
    }

    /// The rows that the asker may see of a range of row numbers, each with its number and id.
    pub(crate) fn rows_in(&self, range: std::ops::Range<usize>) -> impl Iterator<Item = (Shown, usize, u128)> + '_ {
        range.filter_map(|row| Some((self.row(row)?, row, *self.columns.ids.get(row)?)))
    }

    /// INVARIANT (hidden rows end in the leaf): a value is NULL where its class is closed on its row's label.
    pub(crate) fn cell(&self, shown: Shown, column: usize) -> Cell {
        if shown.mask >> column & 1 == 0 { None } else { self.columns.values.get(column)?.cell(shown.row) }
    }

    /// The values of a column, to translate its cells and ask for its type; never to list them.
    pub(crate) fn values(&self, column: usize) -> Option<&'a Values> {
        self.columns.values.get(column)
    }

    pub(crate) fn holds(&self, column: usize) -> Type {
        self.values(column).map_or(Type::Text, |values| values.holds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declared_columns_are_as_declared_and_all_are_there() {
        for field in clear_record::fields(Kind::Incident) {
            let measured = COLUMNS.iter().map(|source| source.measured).find(|measured| measured.name == field.name);
            match (field.column(), measured) {
                (Column::List, None) => {}
                (column, Some(measured)) => {
                    assert_eq!((measured.class, measured.column), (field.class, column), "{}", field.name)
                }
                (_, None) => panic!("{} is not projected", field.name),
            }
        }
        let offence =
            |name: &str| clear_record::Offence::FIELDS.iter().find(|field| field.name == name).map(|field| field.class);
        for name in ["iucr", "primary_type", "description", "fbi_code"] {
            assert_eq!(offence(name), Some(FieldClass::Operational), "{name}");
        }
        assert!(COLUMNS.len() <= 32, "a mask has 32 bits");
    }
}
