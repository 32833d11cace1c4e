//! The columns of the public set "Crimes - 2001 to Present", as programs that read it elsewhere know them.
//!
//! How rows follow from versions, and what is left out of them: `crimes.rs`.

use clear_record::{FieldClass, Kind};

use super::{Layout, Set, SetColumn, SoqlType};

macro_rules! columns {
    ($($field:ident $name:literal $layout:expr, $holds:ident, $about:literal;)*) => {
        &[$(SetColumn {
            field_name: stringify!($field),
            name: $name,
            soql_type: SoqlType::$holds,
            description: $about,
            class: FieldClass::Operational,
            layout: $layout,
        },)*]
    };
}

/// The public set of crimes: the block's point instead of a place, no person and no words, so that all is operational.
pub static CRIMES: Set = Set {
    id: "ijzp-q8t2",
    alias: "crimes",
    name: "Crimes - 2001 to Present",
    description: "Reported incidents of crime, one row for each, and for homicides one for each victim; the most recent \
                  seven days are left out.",
    public: true,
    kind: Kind::Incident,
    date: Some("date"),
    columns: columns! {
        id "ID" Layout::Number, Number, "The row's number.";
        case_number "Case Number" Layout::Text, Text, "The case number; a homicide has a row for each victim.";
        date "Date" Layout::Time, FloatingTimestamp, "When it happened; sometimes an estimate.";
        block "Block" Layout::Text, Text, "The address with its last two digits hidden.";
        iucr "IUCR" Layout::Text, Text, "Illinois Uniform Crime Reporting code.";
        primary_type "Primary Type" Layout::Text, Text, "What the code stands for.";
        description "Description" Layout::Text, Text, "The second part of what the code stands for.";
        location_description "Location Description" Layout::Text, Text, "Kind of place.";
        arrest "Arrest" Layout::Flag, Checkbox, "Whether an arrest was made.";
        domestic "Domestic" Layout::Flag, Checkbox, "Whether it was domestic.";
        beat "Beat" Layout::Text, Text, "Beat, four digits.";
        district "District" Layout::Text, Text, "Police district, three digits.";
        ward "Ward" Layout::Few, Number, "Ward number.";
        community_area "Community Area" Layout::Text, Text, "Community area number.";
        fbi_code "FBI Code" Layout::Text, Text, "FBI classification.";
        x_coordinate "X Coordinate" Layout::Number, Number, "State plane x of the block's point, US feet (EPSG:3435).";
        y_coordinate "Y Coordinate" Layout::Number, Number, "State plane y of the block's point, US feet (EPSG:3435).";
        year "Year" Layout::Few, Number, "The year in which it happened.";
        updated_on "Updated On" Layout::Time, FloatingTimestamp, "When it was last changed.";
        latitude "Latitude" Layout::Number, Number, "Latitude of the block's point, degrees WGS 84.";
        longitude "Longitude" Layout::Number, Number, "Longitude of the block's point, degrees WGS 84.";
        location "Location" Layout::Point { lon: 20, lat: 19 }, Point, "The block's point.";
    },
};
