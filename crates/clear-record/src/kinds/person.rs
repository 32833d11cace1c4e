use jiff::civil::Date;

use crate::label::words;
use crate::schema::record;

words! {
    /// Sex as recorded (NIBRS data element).
    Sex {
        /// Male.
        Male = "M",
        /// Female.
        Female = "F",
        /// Not known.
        Unknown = "U",
    }
}

words! {
    /// Race as recorded (NIBRS data element, with the city's addition).
    Race {
        /// White.
        White = "W",
        /// Black or African American.
        Black = "B",
        /// American Indian or Alaska Native.
        Native = "I",
        /// Asian.
        Asian = "A",
        /// Native Hawaiian or Other Pacific Islander.
        Pacific = "P",
        /// Hispanic or Latino, which the city records here.
        Hispanic = "H",
        /// Not known.
        Unknown = "U",
    }
}

record! {
    /// A person as one source knew them at one moment. Which persons are the same is the linker's question.
    Person {
        /// Family name as the source wrote it.
        family_name: Option<String>, Identity;
        /// Given name as the source wrote it.
        given_name: Option<String>, Identity;
        /// Middle name or initial.
        middle_name: Option<String>, Identity;
        /// Other names that the person used; never a typing error.
        #[serde(default)]
        aliases: Vec<String>, Identity;
        /// Spellings of the person's names that are known to be typing errors: found by, never shown as an alias.
        #[serde(default)]
        misspellings: Vec<String>, Identity;
        /// Date of birth.
        date_of_birth: Option<Date>, Identity;
        /// The owner's person identity number, given at the first arrest.
        identity_number: Option<String>, Identity;
        /// Sex as recorded.
        sex: Option<Sex>, Biometric;
        /// Race as recorded.
        race: Option<Race>, Biometric;
        /// Height, centimetres.
        height_cm: Option<u16>, Biometric;
        /// Weight, kilograms.
        weight_kg: Option<u16>, Biometric;
        /// Scars, marks and tattoos, in words.
        marks: Option<String>, Biometric;
        /// Home address.
        address: Option<String>, Contact;
        /// Telephone number.
        phone: Option<String>, Contact;
        /// A warning for officers who meet the person; expires with the record's next version.
        caution: Option<String>, Operational;
    }
}
