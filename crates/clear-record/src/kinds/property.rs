use jiff::civil::DateTime;

use crate::label::words;
use crate::schema::record;
use crate::{IncidentId, PersonId};

words! {
    /// Where an item stands.
    PropertyStatus {
        /// Reported stolen or lost.
        Stolen = "stolen",
        /// Held as evidence.
        Evidence = "evidence",
        /// Found.
        Found = "found",
        /// Given back.
        Returned = "returned",
        /// Destroyed by order.
        Destroyed = "destroyed",
    }
}

record! {
    /// An item of property or evidence.
    Property {
        /// Inventory number.
        inventory_number: Option<String>, Operational;
        /// Of which incident.
        incident: Option<IncidentId>, Operational;
        /// Where it stands.
        status: PropertyStatus, Operational;
        /// What it is.
        description: String, Operational;
        /// Serial number.
        serial_number: Option<String>, Identity;
        /// Whose it is.
        owner: Option<PersonId>, Identity;
        /// When it was taken in, on the city's clock.
        received_at: Option<DateTime>, Operational;
        /// Where it is kept.
        storage: Option<String>, Operational;
    }
}
