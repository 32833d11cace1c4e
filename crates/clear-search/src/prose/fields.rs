//! The free text of each kind of record. Add a field here, and it is searched, cut into snippets and documented.

use std::borrow::Cow;

use clear_record::{FieldClass, Kind, Record};

/// One field of free text.
pub(crate) struct Field {
    /// Its name in a question, `marks:dragon`, and in an answer.
    pub(crate) name: &'static str,
    /// In which kind of record.
    pub(crate) kind: Kind,
    /// The class by which it is open or closed.
    pub(crate) class: FieldClass,
    /// Whether many records have the same text, which is then kept once.
    pub(crate) repeats: bool,
    /// What it says in a record of its kind.
    pub(crate) text: for<'r> fn(&'r Record) -> Option<Cow<'r, str>>,
}

/// A field's place in [`FIELDS`].
pub(crate) type FieldId = u8;

macro_rules! field {
    ($name:literal, $kind:ident, $class:ident, $repeats:literal, $record:ident => $text:expr) => {
        Field {
            name: $name,
            kind: Kind::$kind,
            class: FieldClass::$class,
            repeats: $repeats,
            text: |record| match record {
                Record::$kind($record) => $text,
                _ => None,
            },
        }
    };
}

/// Every field. Two with one name are asked together.
pub(crate) const FIELDS: &[Field] = &[
    field!("narrative", Narrative, Narrative, false, narrative => Some(Cow::from(&narrative.text))),
    field!("title", Narrative, Operational, true, narrative => narrative.title.as_deref().map(Cow::from)),
    field!("reason", Stop, Narrative, false, stop => stop.reason.as_deref().map(Cow::from)),
    field!("marks", Person, Biometric, false, person => person.marks.as_deref().map(Cow::from)),
    field!("caution", Person, Operational, false, person => person.caution.as_deref().map(Cow::from)),
    field!("caution", HotFile, Operational, false, entry => entry.caution.as_deref().map(Cow::from)),
    field!("property", Property, Operational, false, property => Some(Cow::from(&property.description))),
    field!("offence", Incident, Operational, true, incident => {
        let words = incident.offences.iter().flat_map(|it| [Some(it.primary_type.as_str()), it.description.as_deref()]);
        joined(words)
    }),
    field!("offence", Arrest, Operational, true, arrest => {
        joined(arrest.charges.iter().flat_map(|charge| [Some(charge.statute.as_str()), charge.description.as_deref()]))
    }),
    field!("offence", HotFile, Operational, true, entry => entry.offence.as_deref().map(Cow::from)),
    field!("place", Incident, Operational, true, incident => incident.location_description.as_deref().map(Cow::from)),
    field!("vehicle", Vehicle, Operational, true, vehicle => {
        let year = vehicle.model_year.map(|year| year.to_string());
        joined([year.as_deref(), vehicle.colour.as_deref(), vehicle.make.as_deref(), vehicle.model.as_deref()])
    }),
];

/// The words, if there are any. A full stop between them keeps a snippet readable.
fn joined<'a>(words: impl IntoIterator<Item = Option<&'a str>>) -> Option<Cow<'static, str>> {
    let words: Vec<&str> = words.into_iter().flatten().filter(|word| !word.is_empty()).collect();
    (!words.is_empty()).then(|| Cow::from(words.join(" · ")))
}

/// The fields with their places.
pub(crate) fn fields() -> impl Iterator<Item = (FieldId, &'static Field)> {
    (0..).zip(FIELDS)
}

pub(crate) fn field(id: FieldId) -> Option<&'static Field> {
    FIELDS.get(usize::from(id))
}

/// The names, each once, in order.
pub fn field_names() -> Vec<&'static str> {
    let mut names: Vec<&str> = Vec::new();
    for field in FIELDS {
        if !names.contains(&field.name) {
            names.push(field.name);
        }
    }
    names
}
