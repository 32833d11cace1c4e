use jiff::civil::DateTime;

use crate::label::words;
use crate::schema::record;

words! {
    /// Where an incident report stands.
    IncidentStatus {
        /// Reported, nothing decided.
        Open = "open",
        /// Cleared by arrest.
        ClearedByArrest = "cleared_by_arrest",
        /// Cleared by other means.
        ClearedOtherwise = "cleared_otherwise",
        /// Suspended until there is something to work on.
        Suspended = "suspended",
        /// Found not to have happened.
        Unfounded = "unfounded",
    }
}

record! {
    /// One offence of an incident (a NIBRS offence segment). Governed by the incident's label.
    Offence {
        /// Illinois Uniform Crime Reporting code, four characters.
        iucr: String, Operational;
        /// Primary type: `THEFT`.
        primary_type: String, Operational;
        /// Secondary description: `OVER $500`.
        description: Option<String>, Operational;
        /// FBI summary classification: `06`, `08B`.
        fbi_code: Option<String>, Operational;
    }
}

record! {
    /// An incident's envelope: what happened, when and where. Persons are involvements, words are narratives.
    Incident {
        /// The owner's case number (RD number). Repeats: a homicide has one row per victim.
        case_number: Option<String>, Operational;
        /// When it happened or began, on the city's clock; may be a best estimate.
        occurred_from: DateTime, Operational;
        /// When it ended.
        occurred_to: Option<DateTime>, Operational;
        /// Offences, the most serious first.
        #[serde(default)]
        offences: Vec<Offence>, Operational;
        /// Block: the address with its last two digits hidden, `031XX W CHICAGO AVE`.
        block: Option<String>, Operational;
        /// Kind of place: `STREET`, `RESIDENCE`.
        location_description: Option<String>, Operational;
        /// Beat, four digits with leading zero.
        beat: Option<String>, Operational;
        /// Police district, three digits with leading zeros.
        district: Option<String>, Operational;
        /// Ward number.
        ward: Option<u16>, Operational;
        /// Community area number.
        community_area: Option<u16>, Operational;
        /// Whether an arrest was made.
        arrest: Option<bool>, Operational;
        /// Whether it was domestic.
        domestic: Option<bool>, Operational;
        /// Where the report stands.
        status: Option<IncidentStatus>, Operational;
        /// When the source last changed it, on the city's clock.
        updated_on: Option<DateTime>, Operational;
        /// Exact street address.
        address: Option<String>, Place;
        /// State plane x, US feet (EPSG:3435), as the source gave it.
        x_coordinate: Option<f64>, Place;
        /// State plane y, US feet (EPSG:3435), as the source gave it.
        y_coordinate: Option<f64>, Place;
        /// Latitude, degrees WGS 84.
        latitude: Option<f64>, Place;
        /// Longitude, degrees WGS 84.
        longitude: Option<f64>, Place;
    }
}
