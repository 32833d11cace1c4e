//! Incidents as they are filed: every single-valued field, what the first offence tells, and the parts of the date.

use std::io::{Read, Write};

use clear_record::{FieldClass, Incident, Kind, Label, Record, Version};
use jiff::civil::Time;

use super::{Derive, Layout, Rows, Set, SetColumn, SoqlType};
use crate::values::{Value, micros};

macro_rules! sources {
    ($($field:ident $name:literal $class:ident $layout:ident $holds:ident, $about:literal: $value:expr;)*) => {
        const COLUMNS: &[SetColumn] = &[$(SetColumn {
            field_name: stringify!($field),
            name: $name,
            soql_type: SoqlType::$holds,
            description: $about,
            class: FieldClass::$class,
            layout: Layout::$layout,
        },)*];
        /// The way to the value of each column.
        const VALUES: &[fn(&Incident) -> Option<Value>] = &[$($value,)*];
    };
}

sources! {
    case_number "Case Number" Operational Text Text, "The owner's case number; several rows can have one.": |i| text(i.case_number.as_deref());
    occurred_from "Occurred From" Operational Time FloatingTimestamp, "When it happened or began, on the city's clock.": |i| Some(Value::Time(micros(i.occurred_from)));
    occurred_to "Occurred To" Operational Time FloatingTimestamp, "When it ended.": |i| Some(Value::Time(micros(i.occurred_to?)));
    block "Block" Operational Text Text, "The address with its last two digits hidden.": |i| text(i.block.as_deref());
    location_description "Location Description" Operational Text Text, "Kind of place.": |i| text(i.location_description.as_deref());
    beat "Beat" Operational Text Text, "Beat, four digits.": |i| text(i.beat.as_deref());
    district "District" Operational Text Text, "Police district, three digits.": |i| text(i.district.as_deref());
    ward "Ward" Operational Few Number, "Ward number.": |i| number(i.ward);
    community_area "Community Area" Operational Few Number, "Community area number.": |i| number(i.community_area);
    arrest "Arrest" Operational Flag Checkbox, "Whether an arrest was made.": |i| Some(Value::Boolean(i.arrest?));
    domestic "Domestic" Operational Flag Checkbox, "Whether it was domestic.": |i| Some(Value::Boolean(i.domestic?));
    status "Status" Operational Text Text, "Where the report stands.": |i| text(i.status.map(|status| status.word()));
    updated_on "Updated On" Operational Time FloatingTimestamp, "When the source last changed it.": |i| Some(Value::Time(micros(i.updated_on?)));
    address "Address" Place Text Text, "Exact street address.": |i| text(i.address.as_deref());
    x_coordinate "X Coordinate" Place Number Number, "State plane x, US feet (EPSG:3435).": |i| number(i.x_coordinate);
    y_coordinate "Y Coordinate" Place Number Number, "State plane y, US feet (EPSG:3435).": |i| number(i.y_coordinate);
    latitude "Latitude" Place Number Number, "Latitude, degrees WGS 84.": |i| number(i.latitude);
    longitude "Longitude" Place Number Number, "Longitude, degrees WGS 84.": |i| number(i.longitude);
    iucr "IUCR" Operational Text Text, "Illinois Uniform Crime Reporting code of the first offence.": |i| text(Some(&i.offences.first()?.iucr));
    primary_type "Primary Type" Operational Text Text, "Primary type of the first offence.": |i| text(Some(&i.offences.first()?.primary_type));
    description "Description" Operational Text Text, "Secondary description of the first offence.": |i| text(i.offences.first()?.description.as_deref());
    fbi_code "FBI Code" Operational Text Text, "FBI classification of the first offence.": |i| text(i.offences.first()?.fbi_code.as_deref());
    year "Year" Operational Few Number, "The year in which it happened.": |i| number(Some(i.occurred_from.year()));
    month "Month" Operational Few Number, "The month in which it happened, 1 to 12.": |i| number(Some(i.occurred_from.month()));
    day "Day" Operational Time FloatingTimestamp, "The day on which it happened, at midnight.": |i| Some(Value::Time(micros(i.occurred_from.date().to_datetime(Time::midnight()))));
    hour "Hour" Operational Few Number, "The hour in which it happened, 0 to 23.": |i| number(Some(i.occurred_from.hour()));
    weekday "Weekday" Operational Few Number, "The day of the week on which it happened; 0 is Sunday.": |i| number(Some(i.occurred_from.weekday().to_sunday_zero_offset()));
}

/// Incidents, for those with a grant.
pub static INCIDENTS: Set = Set {
    id: "inci-dent",
    alias: "incidents",
    name: "Incidents",
    description: "Incidents as they are filed, one row for each, with the first offence; for askers with a grant.",
    public: false,
    kind: Kind::Incident,
    date: Some("occurred_from"),
    columns: COLUMNS,
};

/// One row for each incident.
#[derive(Debug, Clone, Copy, Default)]
pub struct Incidents;

impl Derive for Incidents {
    fn set(&self) -> &'static Set {
        &INCIDENTS
    }

    fn derive(&mut self, version: &Version, _: Option<&Label>) -> Vec<Rows> {
        if version.id.kind != Kind::Incident {
            return Vec::new();
        }
        let row = |incident: &Incident| VALUES.iter().map(|value| value(incident)).collect();
        let rows = match &version.record {
            Some(Record::Incident(incident)) => vec![row(incident)],
            _ => Vec::new(),
        };
        vec![Rows { id: version.id, label: version.label, rows }]
    }

    // A row follows from its own version alone.
    fn keep(&self, _: &mut dyn Write) -> std::io::Result<()> {
        Ok(())
    }

    fn restored(&self, _: &mut dyn Read) -> std::io::Result<Box<dyn Derive>> {
        Ok(Box::new(Incidents))
    }
}

fn text(text: Option<&str>) -> Option<Value> {
    Some(Value::Text(text?.to_owned()))
}

fn number(number: Option<impl Into<f64>>) -> Option<Value> {
    Some(Value::Number(number?.into()))
}

#[cfg(test)]
mod tests {
    use clear_record::Column;

    use super::*;

    #[test]
    fn declared_columns_are_as_declared_and_all_are_there() {
        for field in clear_record::fields(Kind::Incident) {
            let column = INCIDENTS.columns.iter().find(|column| column.field_name == field.name);
            let layout = match field.column() {
                Column::Utf8 => &[Layout::Text][..],
                Column::Int64 => &[Layout::Few],
                Column::Float64 => &[Layout::Number],
                Column::Boolean => &[Layout::Flag],
                Column::TimestampMicros => &[Layout::Time],
                Column::List | Column::Date32 | Column::FixedBinary16 => continue,
            };
            let column = column.unwrap_or_else(|| panic!("{} is not projected", field.name));
            assert!(layout.contains(&column.layout) && column.class == field.class, "{}", field.name);
        }
        for name in ["iucr", "primary_type", "description", "fbi_code"] {
            let field = clear_record::Offence::FIELDS.iter().find(|field| field.name == name);
            assert_eq!(field.map(|field| field.class), Some(FieldClass::Operational), "{name}");
        }
    }
}
