use crate::PersonId;
use crate::schema::record;

record! {
    /// A vehicle as one source knew it.
    Vehicle {
        /// Registration plate, as read.
        plate: Option<String>, Identity;
        /// State of the plate, two letters.
        plate_state: Option<String>, Identity;
        /// Vehicle identification number.
        vin: Option<String>, Identity;
        /// Make, as registered.
        make: Option<String>, Operational;
        /// Model, as registered.
        model: Option<String>, Operational;
        /// Model year.
        model_year: Option<u16>, Operational;
        /// Colour, in a word.
        colour: Option<String>, Operational;
        /// Registered owner.
        owner: Option<PersonId>, Identity;
    }
}
