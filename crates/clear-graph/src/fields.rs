//! The fields that link: one list.

use clear_record::{
    ArrestId, FieldClass, HotFileId, IncidentId, InvolvementId, Kind, NarrativeId, PersonId, PropertyId, Record,
    RecordId, StopId, VehicleId,
};

/// Records that are nodes of a chart.
pub const THINGS: [Kind; 7] =
    [Kind::Person, Kind::Incident, Kind::Arrest, Kind::Stop, Kind::Vehicle, Kind::Property, Kind::HotFile];

/// Records that say nothing but how others belong together: on a chart each is a link between those.
pub const JOINTS: [Kind; 2] = [Kind::Involvement, Kind::Judgement];

macro_rules! shared {
    ($($(#[$doc:meta])* $name:ident = $word:literal,)*) => {
        /// A value that several records may have.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Shared { $($(#[$doc])* $name,)* }

        impl Shared {
            /// Each, in order.
            pub const ALL: &'static [Shared] = &[$(Shared::$name,)*];

            /// Its word in a question: `plate` of `plate:AB12345`.
            pub const fn word(self) -> &'static str {
                match self { $(Shared::$name => $word,)* }
            }

            /// The one of that word.
            pub fn from_word(word: &str) -> Option<Shared> {
                match word { $($word => Some(Shared::$name),)* _ => None }
            }
        }
    };
}

shared! {
    /// A registration plate.
    Plate = "plate",
    /// A vehicle identification number.
    Vin = "vin",
    /// A house on a street; a block or a street alone links nothing.
    Address = "address",
    /// A telephone number.
    Phone = "phone",
    /// An owner's person identity number.
    IdentityNumber = "identity_number",
    /// An item's serial number.
    SerialNumber = "serial_number",
}

/// How a field of a record leads to something else.
#[derive(Clone, Copy)]
pub(crate) enum Reads {
    /// It names a record. `part` says that the record is a part of the one that it names.
    Id { id: fn(&Record) -> Option<RecordId>, part: bool },
    /// It has a value that others may share.
    Text(Shared, fn(&Record) -> Option<&str>),
}

/// A field that links.
pub(crate) struct Field {
    pub(crate) kind: Kind,
    pub(crate) name: &'static str,
    /// What it tells: the edge exists for an asker where this class is open on its record's label.
    pub(crate) class: FieldClass,
    pub(crate) reads: Reads,
}

/// A value of a reference field.
trait Naming {
    fn named(&self) -> Option<RecordId>;
}

impl<T: Naming> Naming for Option<T> {
    fn named(&self) -> Option<RecordId> {
        self.as_ref().and_then(Naming::named)
    }
}

macro_rules! naming {
    ($($id:ty,)*) => {$(
        impl Naming for $id {
            fn named(&self) -> Option<RecordId> {
                Some((*self).into())
            }
        }
    )*};
}

naming! {
    RecordId, PersonId, IncidentId, InvolvementId, NarrativeId, ArrestId, StopId, VehicleId, PropertyId, HotFileId,
}

macro_rules! fields {
    ($($kind:ident.$field:ident $class:ident $(as $as:ident)? $(is $shared:ident)?;)*) => {
        &[$(Field {
            kind: Kind::$kind,
            name: stringify!($field),
            class: FieldClass::$class,
            reads: fields!(@reads $kind $field $($as)? $(= $shared)?),
        },)*]
    };
    (@reads $kind:ident $field:ident $as:ident) => {
        Reads::Id { id: |record| match record { Record::$kind(it) => it.$field.named(), _ => None }, part: fields!(@$as) }
    };
    (@reads $kind:ident $field:ident = $shared:ident) => {
        Reads::Text(Shared::$shared, |record| match record { Record::$kind(it) => it.$field.as_deref(), _ => None })
    };
    (@part) => { true };
    (@other) => { false };
}

/// Every field that links. Tests hold names, classes and parts to the declarations of the records.
pub(crate) const FIELDS: &[Field] = fields! {
    Involvement.incident Operational as part;
    Involvement.person Identity as other;
    Involvement.vehicle Identity as other;
    Narrative.about Operational as part;
    Arrest.person Identity as other;
    Arrest.incident Operational as other;
    Stop.person Identity as other;
    Stop.vehicle Identity as other;
    Vehicle.owner Identity as other;
    Property.incident Operational as part;
    Property.owner Identity as other;
    HotFile.person Identity as other;
    HotFile.vehicle Identity as other;
    HotFile.property Identity as other;
    Assignment.incident Operational as part;
    Referral.record Operational as part;
    Restriction.record Operational as other;
    Judgement.one Identity as part;
    Judgement.other Identity as part;
    Vehicle.plate Identity is Plate;
    Vehicle.vin Identity is Vin;
    Person.address Contact is Address;
    Person.phone Contact is Phone;
    Person.identity_number Identity is IdentityNumber;
    Incident.address Place is Address;
    Arrest.address Place is Address;
    Property.serial_number Identity is SerialNumber;
};

/// The records that a record names, each with the class of the field that names it.
pub fn names(record: &Record) -> Vec<(RecordId, FieldClass)> {
    let named = |field: &Field| match field.reads {
        Reads::Id { id, .. } => Some((id(record)?, field.class)),
        Reads::Text(..) => None,
    };
    of_kind(record.kind()).filter_map(|(_, field)| named(field)).collect()
}

/// The fields of a kind, each with its number in the list.
pub(crate) fn of_kind(kind: Kind) -> impl Iterator<Item = (u8, &'static Field)> {
    (0u8..).zip(FIELDS).filter(move |(_, field)| field.kind == kind)
}

/// The field of that number.
pub(crate) fn field(number: u8) -> Option<&'static Field> {
    FIELDS.get(usize::from(number))
}

#[cfg(test)]
mod tests {
    use clear_record::{FieldType, fields};

    use super::*;

    #[test]
    fn every_reference_is_in_the_list_with_its_class() {
        for kind in Kind::ALL {
            for declared in fields(kind).iter().filter(|field| matches!(field.holds, FieldType::Reference(_))) {
                let listed = FIELDS.iter().find(|field| field.kind == kind && field.name == declared.name);
                let listed = listed.unwrap_or_else(|| panic!("{kind}.{} is not in the list", declared.name));
                assert!(
                    matches!(listed.reads, Reads::Id { .. }) && listed.class == declared.class,
                    "{kind}.{}",
                    declared.name
                );
            }
        }
        for listed in FIELDS {
            let declared = fields(listed.kind).iter().find(|field| field.name == listed.name);
            assert_eq!(declared.map(|field| field.class), Some(listed.class), "{}.{}", listed.kind, listed.name);
        }
        assert!(FIELDS.len() < 256);
    }

    #[test]
    fn parts_are_the_parts_of_the_records() {
        let id = |kind| RecordId { kind, raw: 7 }.to_string();
        let (person, incident) = (id(Kind::Person), id(Kind::Incident));
        for (kind, json) in [
            (Kind::Involvement, format!(r#"{{"incident":"{incident}","part":"victim","person":"{person}"}}"#)),
            (Kind::Narrative, format!(r#"{{"about":"{incident}","text":"x"}}"#)),
            (
                Kind::Arrest,
                format!(r#"{{"person":"{person}","incident":"{incident}","arrested_at":"2019-01-01T00:00:00"}}"#),
            ),
            (
                Kind::Property,
                format!(r#"{{"incident":"{incident}","status":"found","description":"x","owner":"{person}"}}"#),
            ),
            (Kind::Judgement, format!(r#"{{"one":"{person}","other":"{person}","verdict":"same","reason":"x"}}"#)),
            (Kind::Assignment, format!(r#"{{"incident":"{incident}","account":"a","from":"2019-01-01T00:00:00Z"}}"#)),
            (Kind::Referral, format!(r#"{{"record":"{person}","agency":"a","from":"2019-01-01T00:00:00Z"}}"#)),
        ] {
            let record = Record::from_bytes(kind, json.as_bytes()).unwrap_or_else(|error| panic!("{error}"));
            let named = |parts: bool| -> Vec<RecordId> {
                let ids = of_kind(kind).filter_map(|(_, field)| match field.reads {
                    Reads::Id { id, part } => id(&record).filter(|_| part || !parts),
                    Reads::Text(..) => None,
                });
                ids.collect()
            };
            assert_eq!((named(true), named(false)), (record.wholes(), record.names()), "{kind}");
        }
    }
}
