use jiff::civil::Date;

use crate::label::{Instrument, words};
use crate::schema::record;
use crate::{AgencyId, PersonId, PropertyId, VehicleId};

words! {
    /// What an entry warns of.
    HotTopic {
        /// A wanted person.
        WantedPerson = "wanted_person",
        /// A missing person.
        MissingPerson = "missing_person",
        /// A protected person: an order of protection names somebody who must keep away.
        Protection = "protection",
        /// A stolen vehicle or plate.
        StolenVehicle = "stolen_vehicle",
        /// A stolen gun, boat or other item.
        StolenProperty = "stolen_property",
    }
}

record! {
    /// A hot-file entry: wanted, missing, stolen; with the kind of instrument behind it (GR19).
    HotFile {
        /// What it warns of.
        topic: HotTopic, Operational;
        /// What stands behind it.
        instrument: Instrument, Operational;
        /// The agency that stands behind it and confirms.
        authority: AgencyId, Operational;
        /// The court's or agency's own number.
        reference: Option<String>, Operational;
        /// For what.
        offence: Option<String>, Operational;
        /// Which person.
        person: Option<PersonId>, Identity;
        /// Which vehicle.
        vehicle: Option<VehicleId>, Identity;
        /// Which item.
        property: Option<PropertyId>, Identity;
        /// When it was entered.
        entered_on: Date, Operational;
        /// When it was last validated (GR55).
        validated_on: Option<Date>, Operational;
        /// When it lapses unless validated again.
        lapses_on: Option<Date>, Operational;
        /// When it lapsed, not having been validated in time (GR55); since then it is a ground for nothing.
        lapsed_on: Option<Date>, Operational;
        /// A warning for officers.
        caution: Option<String>, Operational;
    }
}
