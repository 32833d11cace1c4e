use jiff::civil::DateTime;

use crate::schema::record;
use crate::{IncidentId, PersonId};

record! {
    /// One charge of an arrest. Governed by the arrest's label.
    Charge {
        /// Statute: `720 ILCS 5/16-1`.
        statute: String, Operational;
        /// In words.
        description: Option<String>, Operational;
    }
}

record! {
    /// An arrest and its booking.
    Arrest {
        /// Who was arrested.
        person: PersonId, Identity;
        /// For which incident.
        incident: Option<IncidentId>, Operational;
        /// When, on the city's clock.
        arrested_at: DateTime, Operational;
        /// Central booking number.
        booking_number: Option<String>, Operational;
        /// Charges, the gravest first.
        #[serde(default)]
        charges: Vec<Charge>, Operational;
        /// Beat of the arrest.
        beat: Option<String>, Operational;
        /// Exact address of the arrest.
        address: Option<String>, Place;
    }
}
