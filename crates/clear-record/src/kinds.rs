//! One file per kind of record. A new kind is a file here and a line in [`kinds!`].

mod arrest;
mod assignment;
mod hot_file;
mod incident;
mod involvement;
mod judgement;
mod narrative;
mod person;
mod property;
mod referral;
mod restriction;
mod stop;
mod vehicle;

pub use arrest::{Arrest, Charge};
pub use assignment::Assignment;
pub use hot_file::{HotFile, HotTopic};
pub use incident::{Incident, IncidentStatus, Offence};
pub use involvement::{Involvement, Part};
pub use judgement::{Judgement, Verdict};
pub use narrative::Narrative;
pub use person::{Person, Race, Sex};
pub use property::{Property, PropertyStatus};
pub use referral::Referral;
pub use restriction::Restriction;
pub use stop::{Stop, StopOutcome};
pub use vehicle::Vehicle;

use crate::{Field, Kind, RecordId};

/// Contents that do not fit their kind, with the place.
#[derive(Debug, thiserror::Error)]
#[error("{kind} does not read: {what}")]
pub struct BadRecord {
    /// Which kind was expected.
    pub kind: Kind,
    /// What was wrong, with field, line and column where known.
    pub what: String,
}

macro_rules! kinds {
    ($($kind:ident,)*) => {
        /// A record of any kind.
        #[derive(Debug, Clone, PartialEq)]
        #[allow(missing_docs, reason = "each variant is the record of the same name")]
        pub enum Record {
            $($kind($kind),)*
        }

        impl Record {
            /// Which kind it is.
            pub fn kind(&self) -> Kind {
                match self { $(Record::$kind(_) => Kind::$kind,)* }
            }

            /// Its contents as JSON, fields in declared order, absent ones left out.
            pub fn to_json(&self) -> serde_json::Map<String, serde_json::Value> {
                let value = match self { $(Record::$kind(record) => serde_json::to_value(record),)* };
                match value {
                    Ok(serde_json::Value::Object(map)) => map,
                    // Every kind is a struct of plain values, which serialises to an object.
                    _ => serde_json::Map::new(),
                }
            }

            /// Its contents as the ledger stores them.
            pub fn to_bytes(&self) -> Vec<u8> {
                let bytes = match self { $(Record::$kind(record) => serde_json::to_vec(record),)* };
                bytes.unwrap_or_default()
            }

            /// Reads contents of a kind.
            ///
            /// # Errors
            /// Unknown or missing fields and wrong values, with the place.
            pub fn from_bytes(kind: Kind, bytes: &[u8]) -> Result<Record, BadRecord> {
                match kind {
                    $(Kind::$kind => serde_json::from_slice(bytes).map(Record::$kind),)*
                }
                .map_err(|error| BadRecord { kind, what: error.to_string() })
            }
        }

        $(impl From<$kind> for Record {
            fn from(record: $kind) -> Record {
                Record::$kind(record)
            }
        })*

        /// The fields of a kind, in declared order.
        pub const fn fields(kind: Kind) -> &'static [Field] {
            match kind { $(Kind::$kind => $kind::FIELDS,)* }
        }

        /// What a kind is, for the dictionary.
        pub const fn doc(kind: Kind) -> &'static str {
            match kind { $(Kind::$kind => $kind::DOC,)* }
        }
    };
}

kinds! { Person, Incident, Involvement, Narrative, Arrest, Stop, Vehicle, Property, HotFile, Assignment, Referral, Restriction, Judgement, }

impl Record {
    /// The records that this one is a part of: it must be at least as strictly labelled as each of them.
    pub fn wholes(&self) -> Vec<RecordId> {
        match self {
            Record::Involvement(involvement) => vec![involvement.incident.id()],
            Record::Narrative(narrative) => vec![narrative.about],
            Record::Property(property) => property.incident.map(Into::into).into_iter().collect(),
            Record::Assignment(assignment) => vec![assignment.incident.id()],
            Record::Referral(referral) => vec![referral.record],
            Record::Judgement(judgement) => vec![judgement.one.id(), judgement.other.id()],
            Record::Person(_)
            | Record::Incident(_)
            | Record::Arrest(_)
            | Record::Stop(_)
            | Record::Vehicle(_)
            | Record::HotFile(_)
            | Record::Restriction(_) => Vec::new(),
        }
    }

    /// Every record that this one names, for pages and links.
    pub fn names(&self) -> Vec<RecordId> {
        fn ids<const N: usize>(ids: [Option<RecordId>; N]) -> Vec<RecordId> {
            ids.into_iter().flatten().collect()
        }
        match self {
            Record::Person(_) | Record::Incident(_) => Vec::new(),
            Record::Involvement(r) => ids([Some(r.incident.id()), r.person.map(Into::into), r.vehicle.map(Into::into)]),
            Record::Narrative(r) => vec![r.about],
            Record::Arrest(r) => ids([Some(r.person.id()), r.incident.map(Into::into)]),
            Record::Stop(r) => ids([r.person.map(Into::into), r.vehicle.map(Into::into)]),
            Record::Vehicle(r) => ids([r.owner.map(Into::into)]),
            Record::Property(r) => ids([r.incident.map(Into::into), r.owner.map(Into::into)]),
            Record::HotFile(r) => {
                ids([r.person.map(Into::into), r.vehicle.map(Into::into), r.property.map(Into::into)])
            }
            Record::Assignment(r) => vec![r.incident.id()],
            Record::Referral(r) => vec![r.record],
            Record::Restriction(r) => vec![r.record],
            Record::Judgement(r) => vec![r.one.id(), r.other.id()],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json_schema;

    #[test]
    fn contents_read_back_and_unknown_fields_are_refused_with_their_name() {
        let narrative = Narrative { about: RecordId { kind: Kind::Incident, raw: 7 }, title: None, text: "x".into() };
        let record = Record::from(narrative);
        assert_eq!(Record::from_bytes(Kind::Narrative, &record.to_bytes()).expect("reads back"), record);
        let error =
            Record::from_bytes(Kind::Vehicle, br#"{"plate":"A","colour_of_driver":"x"}"#).expect_err("unknown field");
        assert!(error.to_string().contains("colour_of_driver"), "{error}");
    }

    #[test]
    fn debug_never_prints_contents() {
        let record = Record::from(Narrative {
            about: RecordId { kind: Kind::Incident, raw: 7 },
            title: None,
            text: "secret".into(),
        });
        assert!(!format!("{record:?}").contains("secret"));
    }

    #[test]
    fn gr18_no_field_for_citizenship_immigration_status_or_birthplace() {
        for kind in Kind::ALL {
            let schema = json_schema(kind).to_string().to_lowercase();
            for word in ["citizen", "immigra", "birthplace", "place_of_birth", "birth_place", "nationality", "alien"] {
                assert!(!schema.contains(word), "{kind}: {word}");
            }
        }
    }

    #[test]
    fn every_field_says_what_it_means() {
        for kind in Kind::ALL {
            assert!(!doc(kind).trim().is_empty());
            for field in fields(kind) {
                assert!(field.doc.trim().len() > 8, "{kind}.{}", field.name);
            }
        }
    }
}
