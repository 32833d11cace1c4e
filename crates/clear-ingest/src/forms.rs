//! One record as JSON, from a form or the API.
//!
//! In:    JSON of a kind's schema, who files it, when, and the id where it corrects a record.
//! Out:   a [`Draft`], or a [`FormError`] with the field's path and what is wrong there.
//! Never: looks at other records, so that nothing it says depends on what the filer may not see; accepts a field that
//!        the schema does not have; repeats a value in an error.
//!
//! # How
//! The record's own reader decides. Only when it refuses, `fault` walks the JSON along the schema to say *where*.
//! Then the checks at entry (GR31), one function per kind.
//!
//! # Change here
//! A check: the kind's arm in `check`. What a field may hold: its `record!` in clear-record.

use std::collections::BTreeSet;
use std::fmt;

use clear_record::{
    AccountId, AgencyId, Draft, Field, FieldType, HotTopic, Instrument, Kind, Method, Part, Provenance, Record,
    RecordId,
};
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use serde_json::{Map, Value};

use crate::chicago_crimes::latest_clock;

/// The oldest age that is taken for possible, years.
pub const OLDEST_YEARS: u16 = 125;

/// The longest text of one field, bytes.
pub const LONGEST_TEXT_BYTES: usize = 100_000;

/// Why a form does not become a draft.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct FormError {
    /// The kind of record that was expected.
    pub kind: Kind,
    /// The path of the field at fault: `charges[1].statute`; `None` when it is the whole form.
    pub field: Option<String>,
    /// What is wrong, as the end of a sentence that begins with the field.
    pub reason: String,
}

impl fmt::Display for FormError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.field {
            Some(field) => write!(f, "{}: `{field}` {}", self.kind, self.reason),
            None => write!(f, "{}: {}", self.kind, self.reason),
        }
    }
}

/// Reads one record. It is valid from `now`; with an `id` it is the next version of that record, without one it gets
/// a fresh id.
///
/// # Errors
/// The form does not fit the kind's schema, or says what cannot be. The text names the field.
pub fn read(
    kind: Kind,
    json: &[u8],
    owner: &AgencyId,
    author: &AccountId,
    now: Timestamp,
    id: Option<RecordId>,
) -> Result<Draft, FormError> {
    let refused = |(field, reason): Fault| FormError { kind, field, reason };
    if let Some(id) = id.filter(|id| id.kind != kind) {
        return Err(refused((None, format!("the record to correct is of the kind {}", id.kind))));
    }
    let record = match Record::from_bytes(kind, json) {
        Ok(record) => record,
        Err(bad) => return Err(refused(fault(kind, json).unwrap_or((None, bad.what)))),
    };
    texts(&Value::Object(record.to_json()), "").and_then(|()| check(&record, now)).map_err(refused)?;
    Ok(Draft {
        id: id.unwrap_or_else(|| RecordId::fresh(kind)),
        label: crate::label(owner, &record),
        valid_from: now,
        provenance: Provenance {
            agency: owner.clone(),
            author: author.clone(),
            method: Method::Filed,
            source: "form".to_owned(),
            reference: None,
            derived: BTreeSet::new(),
        },
        record,
    })
}

/// The fields that a form names and leaves empty, as `null` or an empty list: what a correction takes out of its record.
pub fn emptied(draft: &Draft, json: &[u8]) -> BTreeSet<String> {
    let named: Map<String, Value> = serde_json::from_slice(json).unwrap_or_default();
    let held = draft.record.to_json();
    named.into_iter().map(|(field, _)| field).filter(|field| !held.contains_key(field)).collect()
}

/// The age on a day, years; `None` when the day lies before the birth or the age beyond [`OLDEST_YEARS`]. For the
/// check of a person against an event (GR31), which needs both records.
pub fn age_on(date_of_birth: Date, day: Date) -> Option<u16> {
    let had_birthday = (day.month(), day.day()) >= (date_of_birth.month(), date_of_birth.day());
    let years = day.year() - date_of_birth.year() - i16::from(!had_birthday);
    u16::try_from(years).ok().filter(|years| *years <= OLDEST_YEARS)
}

/// A field's path, and what is wrong there.
type Fault = (Option<String>, String);

fn at(field: &str, reason: impl Into<String>) -> Result<(), Fault> {
    Err((Some(field.to_owned()), reason.into()))
}

/// What of a record cannot be (GR31).
fn check(record: &Record, now: Timestamp) -> Result<(), Fault> {
    let clock = latest_clock(now);
    let past = |field: &str, when: DateTime| if when > clock { at(field, "lies in the future") } else { Ok(()) };
    let past_day = |field: &str, day: Date| if day > clock.date() { at(field, "lies in the future") } else { Ok(()) };
    let within = |field: &str, number: Option<f64>, least: f64, most: f64| match number {
        Some(number) if !(least..=most).contains(&number) => at(field, format!("is not between {least} and {most}")),
        _ => Ok(()),
    };
    match record {
        Record::Person(person) => {
            if let Some(birth) = person.date_of_birth {
                past_day("date_of_birth", birth)?;
                if age_on(birth, clock.date()).is_none() {
                    at("date_of_birth", format!("lies more than {OLDEST_YEARS} years back"))?;
                }
            }
            within("height_cm", person.height_cm.map(f64::from), 25.0, 275.0)?;
            within("weight_kg", person.weight_kg.map(f64::from), 1.0, 650.0)
        }
        Record::Incident(incident) => {
            past("occurred_from", incident.occurred_from)?;
            if let Some(end) = incident.occurred_to {
                past("occurred_to", end)?;
                if end < incident.occurred_from {
                    at("occurred_to", "lies before `occurred_from`")?;
                }
            }
            within("latitude", incident.latitude, -90.0, 90.0)?;
            within("longitude", incident.longitude, -180.0, 180.0)
        }
        Record::Involvement(involvement) => {
            match (involvement.part, involvement.person, involvement.vehicle) {
                (Part::Vehicle, None, Some(_)) => {}
                (Part::Vehicle, Some(_), _) => at("person", "has no place where the part is `vehicle`")?,
                (Part::Vehicle, None, None) => at("vehicle", "is missing where the part is `vehicle`")?,
                (_, _, Some(_)) => at("vehicle", "has a place only where the part is `vehicle`")?,
                (_, _, None) => {}
            }
            within("age_years", involvement.age_years.map(f64::from), 0.0, f64::from(OLDEST_YEARS))
        }
        Record::Narrative(narrative) => match narrative.about.kind {
            Kind::Incident | Kind::Arrest | Kind::Stop => Ok(()),
            kind => at(
                "about",
                format!("names a record of the kind {kind}; a narrative is about an incident, arrest or stop"),
            ),
        },
        Record::Arrest(arrest) => past("arrested_at", arrest.arrested_at),
        Record::Stop(stop) => past("stopped_at", stop.stopped_at),
        Record::Vehicle(vehicle) => {
            // Next year's models are sold this year.
            within("model_year", vehicle.model_year.map(f64::from), 1885.0, f64::from(clock.year()) + 1.0)?;
            let letters =
                |text: &str, length: usize| text.len() == length && text.bytes().all(|byte| byte.is_ascii_uppercase());
            if vehicle.plate_state.as_deref().is_some_and(|state| !letters(state, 2)) {
                at("plate_state", "is not two capital letters")?;
            }
            let number = |text: &str| {
                text.len() <= 17 && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
            };
            if vehicle.vin.as_deref().is_some_and(|vin| !number(vin)) {
                at("vin", "is not at most 17 capital letters and digits")?;
            }
            Ok(())
        }
        Record::Property(property) => property.received_at.map_or(Ok(()), |when| past("received_at", when)),
        Record::HotFile(entry) => {
            past_day("entered_on", entry.entered_on)?;
            for (field, day) in [("validated_on", entry.validated_on), ("lapses_on", entry.lapses_on)] {
                if day.is_some_and(|day| day < entry.entered_on) {
                    at(field, "lies before `entered_on`")?;
                }
            }
            if let Some(day) = entry.validated_on {
                past_day("validated_on", day)?;
            }
            let subject = match entry.topic {
                HotTopic::WantedPerson | HotTopic::MissingPerson | HotTopic::Protection => {
                    ("person", entry.person.is_some())
                }
                HotTopic::StolenVehicle => ("vehicle", entry.vehicle.is_some()),
                HotTopic::StolenProperty => ("property", entry.property.is_some()),
            };
            if let (field, false) = subject {
                at(field, format!("is missing where the topic is `{}`", entry.topic))?;
            }
            // An instrument that does not carry its topic would be shown with the wrong action (GR19).
            let carries = match entry.topic {
                HotTopic::WantedPerson => matches!(
                    entry.instrument,
                    Instrument::JudicialWarrant | Instrument::Administrative | Instrument::Civil | Instrument::Detainer
                ),
                HotTopic::MissingPerson => entry.instrument == Instrument::Missing,
                HotTopic::Protection => entry.instrument == Instrument::ProtectionOrder,
                HotTopic::StolenVehicle | HotTopic::StolenProperty => entry.instrument == Instrument::Stolen,
            };
            if carries { Ok(()) } else { at("instrument", format!("does not go with the topic `{}`", entry.topic)) }
        }
        Record::Assignment(assignment) => ends_after(assignment.from, assignment.until),
        Record::Referral(referral) => {
            if matches!(referral.record.kind, Kind::Assignment | Kind::Referral | Kind::Restriction | Kind::Judgement) {
                at(
                    "record",
                    format!("names a record of the kind {}, which is referred to nobody", referral.record.kind),
                )?;
            }
            ends_after(referral.from, referral.until)
        }
        Record::Judgement(judgement) => {
            if judgement.one == judgement.other {
                at("other", "is the same record as `one`")
            } else {
                Ok(())
            }
        }
        // Not a form: it would say what the label does not do.
        Record::Restriction(_) => Err((None, "is set on the record itself, at its `handling`".to_owned())),
    }
}

fn ends_after(from: Timestamp, until: Option<Timestamp>) -> Result<(), Fault> {
    if until.is_some_and(|until| until < from) { at("until", "lies before `from`") } else { Ok(()) }
}

/// A text says something, is not endless, and holds no control characters.
fn texts(value: &Value, path: &str) -> Result<(), Fault> {
    match value {
        Value::String(text) if text.trim().is_empty() => at(path, "is blank: leave it out instead"),
        Value::String(text) if text.len() > LONGEST_TEXT_BYTES => {
            at(path, format!("is longer than {LONGEST_TEXT_BYTES} bytes"))
        }
        Value::String(text)
            if text.chars().any(|letter| letter.is_control() && !matches!(letter, '\n' | '\r' | '\t')) =>
        {
            at(path, "holds a control character")
        }
        Value::Array(items) => {
            items.iter().enumerate().try_for_each(|(place, item)| texts(item, &format!("{path}[{place}]")))
        }
        Value::Object(map) => map.iter().try_for_each(|(name, item)| texts(item, &joined(path, name))),
        _ => Ok(()),
    }
}

fn joined(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// The first place where a form departs from its kind's schema; `None` when the walk finds none.
fn fault(kind: Kind, json: &[u8]) -> Option<Fault> {
    match serde_json::from_slice::<Value>(json) {
        Err(error) => {
            let place = format!("line {}, column {}", error.line(), error.column());
            let what = if error.is_eof() { "ends too early" } else { "is not JSON" };
            Some((None, format!("the form {what}, at {place}")))
        }
        Ok(Value::Object(form)) => group_fault(clear_record::fields(kind), &form, ""),
        Ok(_) => Some((None, "the form is not a JSON object".to_owned())),
    }
}

fn group_fault(fields: &[Field], form: &Map<String, Value>, path: &str) -> Option<Fault> {
    for (name, value) in form {
        let Some(field) = fields.iter().find(|field| field.name == name) else {
            let shown: String = name.chars().take(60).collect();
            return Some((Some(joined(path, &shown)), "is not a field of this kind".to_owned()));
        };
        let absent = value.is_null() && field.optional && !matches!(field.holds, FieldType::List(_));
        if !absent && let Some(fault) = value_fault(&field.holds, value, &joined(path, name)) {
            return Some(fault);
        }
    }
    let missing = fields.iter().find(|field| !field.optional && !form.contains_key(field.name))?;
    Some((Some(joined(path, missing.name)), "is missing".to_owned()))
}

fn value_fault(holds: &FieldType, value: &Value, path: &str) -> Option<Fault> {
    let text = value.as_str();
    let (fits, expected) = match holds {
        FieldType::Text => (value.is_string(), "is not a text".to_owned()),
        // Every whole number of the schema is of 16 bits without sign, but for `i64`, which no field uses yet.
        FieldType::Integer => (
            value.as_u64().is_some_and(|number| number <= u64::from(u16::MAX)),
            "is not a whole number from 0 to 65535".to_owned(),
        ),
        FieldType::Decimal => (value.is_number(), "is not a number".to_owned()),
        FieldType::Boolean => (value.is_boolean(), "is neither true nor false".to_owned()),
        FieldType::Date => {
            (text.is_some_and(|text| text.parse::<Date>().is_ok()), "is not a date like `2018-11-01`".to_owned())
        }
        FieldType::DateTime => (
            text.is_some_and(|text| text.parse::<DateTime>().is_ok()),
            "is not a local date and time like `2018-11-01T12:00:00`".to_owned(),
        ),
        FieldType::Timestamp => (
            text.is_some_and(|text| text.parse::<Timestamp>().is_ok()),
            "is not a moment like `2018-11-01T12:00:00Z`".to_owned(),
        ),
        FieldType::Reference(of) => {
            let id = text.and_then(|text| text.parse::<RecordId>().ok());
            let what = of.map_or_else(|| "any record".to_owned(), |kind| format!("a record of the kind {kind}"));
            (id.is_some_and(|id| of.is_none_or(|kind| kind == id.kind)), format!("is not the id of {what}"))
        }
        FieldType::Agency => {
            (text.is_some_and(|text| text.parse::<AgencyId>().is_ok()), "is not an agency id".to_owned())
        }
        FieldType::Code(words) => {
            (text.is_some_and(|text| words.contains(&text)), format!("is none of {}", words.join(", ")))
        }
        FieldType::List(item) => match value {
            Value::Array(items) => {
                return items
                    .iter()
                    .enumerate()
                    .find_map(|(place, value)| value_fault(item, value, &format!("{path}[{place}]")));
            }
            _ => (false, "is not a list".to_owned()),
        },
        FieldType::Group(fields) => match value {
            Value::Object(form) => return group_fault(fields, form, path),
            _ => (false, "is not a JSON object".to_owned()),
        },
    };
    if fits { None } else { Some((Some(path.to_owned()), expected)) }
}
