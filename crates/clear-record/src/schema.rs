//! One declaration per field, and everything that is made from it.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use serde_json::{Map, Value, json};

use crate::{AgencyId, FieldClass, Kind, RecordId};

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum FieldType {
    /// Text in UTF-8.
    Text,
    /// A whole number.
    Integer,
    /// A decimal number.
    Decimal,
    /// Yes or no.
    Boolean,
    /// A calendar date.
    Date,
    /// A date and time on the city's own clock, without a zone.
    DateTime,
    /// A moment, UTC.
    Timestamp,
    /// The id of a record of this kind, or of any.
    Reference(Option<Kind>),
    /// The id of an agency.
    Agency,
    /// One of these words.
    Code(&'static [&'static str]),
    /// Several of one type.
    List(&'static FieldType),
    /// A group of fields.
    Group(&'static [Field]),
}

/// How a field is laid out in the columnar projection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// UTF-8 text, dictionary-coded.
    Utf8,
    /// 64-bit signed integer.
    Int64,
    /// 64-bit float.
    Float64,
    /// One bit.
    Boolean,
    /// Days since 1970-01-01.
    Date32,
    /// Microseconds since 1970-01-01, without a zone for local times.
    TimestampMicros,
    /// 16 bytes.
    FixedBinary16,
    /// Several values; the projection takes the first and keeps the rest in the ledger.
    List,
}

/// One field of a record, as its `record!` line declared it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Field {
    /// The field's name in APIs, schemas and columns.
    pub name: &'static str,
    /// What it tells, for the rules.
    pub class: FieldClass,
    /// What it holds.
    pub holds: FieldType,
    /// Whether it may be absent.
    pub optional: bool,
    /// What it means, one paragraph.
    pub doc: &'static str,
}

impl Field {
    /// Its column in the projection.
    pub fn column(&self) -> Column {
        match self.holds {
            FieldType::Text | FieldType::Code(_) | FieldType::Agency => Column::Utf8,
            FieldType::Integer => Column::Int64,
            FieldType::Decimal => Column::Float64,
            FieldType::Boolean => Column::Boolean,
            FieldType::Date => Column::Date32,
            FieldType::DateTime | FieldType::Timestamp => Column::TimestampMicros,
            FieldType::Reference(_) => Column::FixedBinary16,
            FieldType::List(_) | FieldType::Group(_) => Column::List,
        }
    }
}

/// A Rust type that can be a record's field.
pub trait FieldValue {
    /// What it holds.
    const TYPE: FieldType;
    /// Whether it may be absent.
    const OPTIONAL: bool = false;
    /// Whether this value is absent, and so left out of JSON.
    fn is_absent(&self) -> bool {
        false
    }
}

macro_rules! field_values {
    ($($rust:ty => $holds:expr,)*) => {$(
        impl FieldValue for $rust { const TYPE: FieldType = $holds; }
    )*};
}

field_values! {
    String => FieldType::Text,
    i64 => FieldType::Integer,
    u16 => FieldType::Integer,
    f64 => FieldType::Decimal,
    bool => FieldType::Boolean,
    Date => FieldType::Date,
    DateTime => FieldType::DateTime,
    Timestamp => FieldType::Timestamp,
    RecordId => FieldType::Reference(None),
    AgencyId => FieldType::Agency,
    crate::AccountId => FieldType::Text,
    crate::PersonId => FieldType::Reference(Some(Kind::Person)),
    crate::IncidentId => FieldType::Reference(Some(Kind::Incident)),
    crate::VehicleId => FieldType::Reference(Some(Kind::Vehicle)),
    crate::PropertyId => FieldType::Reference(Some(Kind::Property)),
}

impl<T: FieldValue> FieldValue for Option<T> {
    const TYPE: FieldType = T::TYPE;
    const OPTIONAL: bool = true;
    fn is_absent(&self) -> bool {
        self.is_none()
    }
}

impl<T: FieldValue> FieldValue for Vec<T> {
    const TYPE: FieldType = FieldType::List(&T::TYPE);
    const OPTIONAL: bool = true;
    fn is_absent(&self) -> bool {
        self.is_empty()
    }
}

/// Declares a record (or a group of fields inside one): one line per field with its type, class and meaning.
macro_rules! record {
    (
        $(#[doc = $doc:literal])+
        $name:ident {
            $(
                $(#[doc = $fdoc:literal])+
                $(#[serde($($serde:tt)*)])?
                $field:ident: $ty:ty, $class:ident;
            )*
        }
    ) => {
        $(#[doc = $doc])+
        #[derive(Clone, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            $(
                $(#[doc = $fdoc])+
                $(#[serde($($serde)*)])?
                #[serde(skip_serializing_if = "crate::FieldValue::is_absent")]
                pub $field: $ty,
            )*
        }

        impl $name {
            /// What this is, for the dictionary.
            pub const DOC: &'static str = concat!($($doc,)+);
            /// The fields in declared order.
            pub const FIELDS: &'static [crate::Field] = &[
                $(crate::Field {
                    name: stringify!($field),
                    class: crate::FieldClass::$class,
                    holds: <$ty as crate::FieldValue>::TYPE,
                    optional: <$ty as crate::FieldValue>::OPTIONAL,
                    doc: concat!($($fdoc,)+),
                },)*
            ];
        }

        impl crate::FieldValue for $name {
            const TYPE: crate::FieldType = crate::FieldType::Group($name::FIELDS);
        }

        // Contents never reach a log by accident.
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    };
}
pub(crate) use record;

fn type_schema(holds: &FieldType) -> Value {
    match holds {
        FieldType::Text => json!({"type": "string"}),
        FieldType::Integer => json!({"type": "integer"}),
        FieldType::Decimal => json!({"type": "number"}),
        FieldType::Boolean => json!({"type": "boolean"}),
        FieldType::Date => json!({"type": "string", "format": "date"}),
        FieldType::DateTime => {
            json!({"type": "string", "format": "local-date-time", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d"})
        }
        FieldType::Timestamp => json!({"type": "string", "format": "date-time"}),
        FieldType::Reference(None) => json!({"type": "string", "pattern": "^[a-z]{3}_[0-9a-hjkmnp-tv-z]{26}$"}),
        FieldType::Reference(Some(kind)) => {
            let sample = RecordId { kind: *kind, raw: 0 }.to_string();
            let prefix = sample.split('_').next().unwrap_or_default();
            json!({"type": "string", "pattern": format!("^{prefix}_[0-9a-hjkmnp-tv-z]{{26}}$")})
        }
        FieldType::Agency => json!({"type": "string", "pattern": "^[a-z0-9-]{1,40}$"}),
        FieldType::Code(words) => json!({"enum": words}),
        FieldType::List(item) => json!({"type": "array", "items": type_schema(item)}),
        FieldType::Group(fields) => object_schema(fields),
    }
}

fn object_schema(fields: &[Field]) -> Value {
    let properties: Map<String, Value> = fields
        .iter()
        .map(|field| {
            let mut schema = type_schema(&field.holds);
            if let Value::Object(map) = &mut schema {
                map.insert("description".into(), field.doc.trim().into());
                map.insert("x-field-class".into(), field.class.word().into());
            }
            (field.name.to_owned(), schema)
        })
        .collect();
    let required: Vec<&str> = fields.iter().filter(|field| !field.optional).map(|field| field.name).collect();
    json!({"type": "object", "additionalProperties": false, "properties": properties, "required": required})
}

/// The JSON Schema (2020-12) of a kind, for `docs/schema/`.
pub fn json_schema(kind: Kind) -> Value {
    let mut schema = object_schema(crate::fields(kind));
    if let Value::Object(map) = &mut schema {
        map.insert("$schema".into(), "https://json-schema.org/draft/2020-12/schema".into());
        map.insert("title".into(), kind.name().into());
        map.insert("description".into(), crate::doc(kind).trim().into());
    }
    schema
}
