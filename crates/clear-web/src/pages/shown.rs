//! Records in words: fields with the dictionary's names, in the dictionary's order.

use std::collections::BTreeMap;

use clear_record::{Field, FieldClass, FieldType, Instrument, Kind, fields};
use clear_respond::{Alert, Shown};
use serde_json::Value;

use crate::app::App;

/// A record's kind in words.
pub(crate) fn kind_words(kind: &str) -> &'static str {
    match Kind::from_name(kind) {
        Some(Kind::Person) => "Person",
        Some(Kind::Incident) => "Incident",
        Some(Kind::Involvement) => "Involvement",
        Some(Kind::Narrative) => "Narrative",
        Some(Kind::Arrest) => "Arrest",
        Some(Kind::Stop) => "Stop",
        Some(Kind::Vehicle) => "Vehicle",
        Some(Kind::Property) => "Property",
        Some(Kind::HotFile) => "Hot file",
        Some(Kind::Assignment) => "Assignment",
        Some(Kind::Referral) => "Referral",
        Some(Kind::Restriction) => "Restriction",
        Some(Kind::Judgement) => "Judgement",
        None => "Record",
    }
}

/// Several records of a kind, in words.
pub(crate) fn kinds_words(kind: &str) -> &'static str {
    match Kind::from_name(kind) {
        Some(Kind::Person) => "People",
        Some(Kind::Incident) => "Incidents",
        Some(Kind::Involvement) => "Who took part",
        Some(Kind::Narrative) => "Narratives",
        Some(Kind::Arrest) => "Arrests",
        Some(Kind::Stop) => "Stops",
        Some(Kind::Vehicle) => "Vehicles",
        Some(Kind::Property) => "Property and evidence",
        Some(Kind::HotFile) => "Hot-file entries",
        Some(Kind::Assignment) => "Who works on it",
        Some(Kind::Referral) => "Referred to",
        Some(Kind::Restriction) => "How it is handled",
        Some(Kind::Judgement) => "Whether it is the same person",
        None => "Records",
    }
}

/// What a class of fields tells, as a heading.
fn class_words(class: FieldClass) -> &'static str {
    match class {
        FieldClass::Operational => "What is recorded",
        FieldClass::Place => "Where",
        FieldClass::Identity => "Identity",
        FieldClass::Contact => "Contact",
        FieldClass::Biometric => "Description",
        FieldClass::Narrative => "In words",
        FieldClass::Protected => "Protected",
        FieldClass::Source => "Source",
    }
}

/// The fields that a card shows.
fn on_card(kind: &str) -> &'static [&'static str] {
    match Kind::from_name(kind) {
        Some(Kind::Person) => &["date_of_birth", "sex", "height_cm", "address", "identity_number", "caution"],
        Some(Kind::Incident) => &["occurred_from", "location_description", "beat", "arrest", "status"],
        Some(Kind::Involvement) => &["person", "vehicle", "age_years", "injury"],
        Some(Kind::Narrative) => &["text"],
        Some(Kind::Arrest) => &["arrested_at", "charges", "beat"],
        Some(Kind::Stop) => &["stopped_at", "beat", "outcome", "searched"],
        Some(Kind::Vehicle) => &["model_year", "vin", "owner"],
        Some(Kind::Property) => &["status", "received_at", "storage"],
        Some(Kind::HotFile) => &["person", "vehicle", "property", "offence", "reference", "entered_on", "authority"],
        Some(Kind::Assignment) => &["account", "supervisor", "from", "until"],
        Some(Kind::Referral) => &["agency", "from", "until", "reason"],
        Some(Kind::Judgement) => &["verdict", "one", "other", "reason"],
        Some(Kind::Restriction) => &["handling", "reason", "second_person", "until", "caution"],
        None => &[],
    }
}

/// Text that may lead to a record.
pub(crate) struct Words {
    pub(crate) text: String,
    /// The record that it names.
    pub(crate) record: Option<String>,
}

/// One field in words.
pub(crate) struct Line {
    pub(crate) label: String,
    pub(crate) doc: &'static str,
    pub(crate) values: Vec<Words>,
    /// Long text gets a paragraph of its own.
    pub(crate) long: bool,
}

/// Fields of one class.
pub(crate) struct Group {
    pub(crate) title: &'static str,
    pub(crate) lines: Vec<Line>,
}

/// A record on a card.
pub(crate) struct Card {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) kind_words: &'static str,
    pub(crate) title: String,
    pub(crate) originator: String,
    pub(crate) lines: Vec<Line>,
    pub(crate) why: Vec<String>,
}

/// A hot-file entry with what an officer does on it.
pub(crate) struct Warning {
    /// `confirm`, `information` or `none`: how it looks.
    pub(crate) look: &'static str,
    /// What to do, large.
    pub(crate) action: &'static str,
    /// What that means, in a sentence.
    pub(crate) meaning: &'static str,
    pub(crate) instrument: &'static str,
    pub(crate) card: Card,
}

/// A card of a record.
pub(crate) fn card(app: &App, shown: &Shown, why: Vec<String>) -> Card {
    let lines = on_card(shown.kind).iter().filter_map(|name| {
        let field = dictionary(shown.kind).iter().find(|field| field.name == *name)?;
        line(app, field, shown.fields.get(*name)?)
    });
    Card {
        id: shown.id.clone(),
        kind: shown.kind.to_owned(),
        kind_words: kind_words(shown.kind),
        title: capital(&shown.title),
        originator: agency(app, &shown.originator),
        lines: lines.collect(),
        why,
    }
}

/// Every open field of a record, by class.
pub(crate) fn groups(app: &App, shown: &Shown) -> Vec<Group> {
    let classes = FieldClass::ALL.iter().map(|class| {
        let open = dictionary(shown.kind).iter().filter(|field| field.class == *class);
        let lines = open.filter_map(|field| line(app, field, shown.fields.get(field.name)?)).collect();
        Group { title: class_words(*class), lines }
    });
    classes.filter(|group| !group.lines.is_empty()).collect()
}

/// A hot-file entry beside a record.
pub(crate) fn warning(app: &App, alert: &Alert) -> Warning {
    warn(alert.instrument, alert.action, card(app, &alert.shown, vec![]))
}

/// The warning that a hot-file entry itself is, when its instrument is open.
pub(crate) fn own_warning(app: &App, shown: &Shown) -> Option<Warning> {
    let instrument = Instrument::from_word(shown.fields.get("instrument")?.as_str()?)?;
    (shown.kind == Kind::HotFile.name())
        .then(|| warn(instrument.title(), instrument.action(), card(app, shown, vec![])))
}

fn warn(instrument: &'static str, action: &'static str, card: Card) -> Warning {
    let (look, meaning) = match action {
        "confirm first" => ("confirm", "A hit is not yet a ground. Confirm with the authority before you act."),
        "information" => ("information", "For your information. It is not a ground to stop or hold anybody."),
        // What we do not know is shown like what no judge has signed.
        _ => ("none", "No judge signed this. It is not a ground to stop, hold, search or delay anybody."),
    };
    Warning { look, action, meaning, instrument, card }
}

/// An agency's name, or its id where the register has none.
pub(crate) fn agency(app: &App, id: &str) -> String {
    id.parse().ok().and_then(|id| app.desk.agency_name(&id)).unwrap_or_else(|| id.to_owned())
}

fn dictionary(kind: &str) -> &'static [Field] {
    Kind::from_name(kind).map(fields).unwrap_or_default()
}

fn line(app: &App, field: &Field, value: &Value) -> Option<Line> {
    let values = words(app, &field.holds, value);
    let long = matches!(field.holds, FieldType::Text) && values.iter().any(|words| words.text.chars().count() > 120);
    (!values.is_empty()).then(|| Line { label: label(field.name), doc: field.doc.trim(), values, long })
}

/// References get the titles of the records that they name, where those are on the same page; the page's own record is
/// left out.
pub(crate) fn name_references(lines: &mut Vec<Line>, titles: &BTreeMap<String, String>, own: &str) {
    for line in lines.iter_mut() {
        line.values.retain(|words| words.record.as_deref() != Some(own));
        for words in &mut line.values {
            if let Some(title) = words.record.as_ref().and_then(|id| titles.get(id)) {
                words.text.clone_from(title);
            }
        }
    }
    lines.retain(|line| !line.values.is_empty());
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| format!("{}{}", first.to_uppercase(), letters.as_str())).unwrap_or_default()
}

/// A field's name for people: `date_of_birth` is "Date of birth".
fn label(name: &str) -> String {
    let unit =
        [("_cm", " (cm)"), ("_kg", " (kg)"), ("_years", " (years)")].into_iter().find(|(end, _)| name.ends_with(end));
    let (stem, unit) = unit.map_or((name, ""), |(end, unit)| (name.trim_end_matches(end), unit));
    let spaced = stem.replace('_', " ");
    format!("{}{unit}", capital(&spaced))
}

fn words(app: &App, holds: &FieldType, value: &Value) -> Vec<Words> {
    let plain = |text: String| vec![Words { text, record: None }];
    match (holds, value) {
        (_, Value::Null) => vec![],
        (FieldType::List(item), Value::Array(values)) => {
            values.iter().flat_map(|value| words(app, item, value)).collect()
        }
        (FieldType::Group(fields), Value::Object(map)) => {
            let parts = fields.iter().filter_map(|field| {
                let text = words(app, &field.holds, map.get(field.name)?)
                    .into_iter()
                    .map(|words| words.text)
                    .collect::<Vec<_>>()
                    .join(", ");
                // Codes stand behind their words, with their names.
                Some(match field.name {
                    "iucr" => format!("IUCR {text}"),
                    "fbi_code" => format!("FBI {text}"),
                    _ => text,
                })
            });
            let mut parts: Vec<String> = parts.collect();
            if parts.first().is_some_and(|first| first.starts_with("IUCR")) {
                parts.rotate_left(1);
            }
            plain(parts.join(" · "))
        }
        (FieldType::Reference(of), Value::String(id)) => {
            let kind = of.map(Kind::name).or_else(|| id.parse().ok().map(|id: clear_record::RecordId| id.kind.name()));
            vec![Words { text: kind.map_or("Record", kind_words).to_owned(), record: Some(id.clone()) }]
        }
        (FieldType::Agency, Value::String(id)) => plain(agency(app, id)),
        (FieldType::Code(_), Value::String(word)) => plain(word.replace('_', " ")),
        (FieldType::DateTime, Value::String(text)) => plain(text.strip_suffix(":00").unwrap_or(text).replace('T', " ")),
        (_, Value::String(text)) => plain(text.clone()),
        (_, Value::Bool(yes)) => plain(if *yes { "yes" } else { "no" }.to_owned()),
        (_, other) => plain(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_fields_read_like_words() {
        assert_eq!(label("date_of_birth"), "Date of birth");
        assert_eq!(label("height_cm"), "Height (cm)");
        assert_eq!(label("age_years"), "Age (years)");
    }

    #[test]
    fn every_field_on_a_card_is_in_the_dictionary() {
        for kind in Kind::ALL {
            for name in on_card(kind.name()) {
                assert!(fields(kind).iter().any(|field| field.name == *name), "{kind}.{name}");
            }
        }
    }
}
