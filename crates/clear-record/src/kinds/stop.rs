use jiff::civil::DateTime;

use crate::label::words;
use crate::schema::record;
use crate::{PersonId, VehicleId};

words! {
    /// How a stop ended.
    StopOutcome {
        /// Nothing followed.
        Released = "released",
        /// A warning.
        Warning = "warning",
        /// A citation.
        Citation = "citation",
        /// An arrest.
        Arrest = "arrest",
    }
}

record! {
    /// An investigatory or traffic stop.
    Stop {
        /// Event number from dispatch: `E-1042`.
        event_number: Option<String>, Operational;
        /// When, on the city's clock.
        stopped_at: DateTime, Operational;
        /// Beat of the stop.
        beat: Option<String>, Operational;
        /// Block of the stop.
        block: Option<String>, Operational;
        /// Why, in the officer's words: the facts of reasonable suspicion.
        reason: Option<String>, Narrative;
        /// Who was stopped.
        person: Option<PersonId>, Identity;
        /// Which vehicle.
        vehicle: Option<VehicleId>, Identity;
        /// Whether a search was made.
        searched: Option<bool>, Operational;
        /// How it ended.
        outcome: Option<StopOutcome>, Operational;
    }
}
