use crate::label::words;
use crate::schema::record;
use crate::{IncidentId, PersonId, VehicleId};

words! {
    /// The part that somebody or something played in an incident.
    Part {
        /// Victim.
        Victim = "victim",
        /// Suspect, not charged.
        Suspect = "suspect",
        /// Offender, charged.
        Offender = "offender",
        /// Witness.
        Witness = "witness",
        /// Who reported it.
        Complainant = "complainant",
        /// A vehicle that was used or seen.
        Vehicle = "vehicle",
    }
}

record! {
    /// One person's or vehicle's part in one incident. A record of its own, because a victim needs a stricter label.
    Involvement {
        /// In which incident.
        incident: IncidentId, Operational;
        /// Which part.
        part: Part, Operational;
        /// Which person.
        person: Option<PersonId>, Identity;
        /// Which vehicle.
        vehicle: Option<VehicleId>, Identity;
        /// Age at the event, years.
        age_years: Option<u16>, Biometric;
        /// Injury as recorded.
        injury: Option<String>, Protected;
    }
}
