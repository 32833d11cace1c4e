//! The roles that a column can play.
//!
//! In:    a role's name, as `--map ROLE=COLUMN` has it.
//! Out:   a [`Role`].
//! Never: knows a column's name: which column plays which role, the caller says.
//!
//! # Change here
//! A role: a line of the list below, and a comparison of it in `levels.rs`.

use std::fmt;

macro_rules! roles {
    ($($(#[$doc:meta])* $variant:ident $name:literal,)*) => {
        /// What a column says about a person. Any of them may be absent.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Role { $($(#[$doc])* $variant,)* }

        impl Role {
            /// Every role, in order.
            pub const ALL: &'static [Role] = &[$(Role::$variant,)*];

            /// Its name in a map of columns.
            pub fn name(self) -> &'static str {
                match self { $(Role::$variant => $name,)* }
            }

            /// The role of this name.
            pub fn named(name: &str) -> Option<Role> {
                match name { $($name => Some(Role::$variant),)* _ => None }
            }
        }
    };
}

roles! {
    /// First name.
    GivenName "given_name",
    /// Middle name or initial.
    MiddleName "middle_name",
    /// Family name.
    Surname "surname",
    /// Jr, Sr, III.
    Suffix "suffix",
    /// The whole name; read where the parts are absent, and for names that the parts leave out.
    FullName "full_name",
    /// Date of birth, in any usual order of its parts.
    DateOfBirth "date_of_birth",
    /// Sex or gender.
    Sex "sex",
    /// Race or ethnicity as recorded.
    Race "race",
    /// House number.
    StreetNumber "street_number",
    /// Street, with or without the house number.
    Address "address",
    /// Second line of an address.
    Address2 "address2",
    /// City or suburb.
    City "city",
    /// State or province.
    State "state",
    /// Postal code.
    Postcode "postcode",
    /// Telephone number.
    Phone "phone",
    /// Email address.
    Email "email",
    /// An identity number, whole or in part.
    IdNumber "id_number",
    /// Place of birth.
    BirthPlace "birth_place",
    /// Occupation.
    Occupation "occupation",
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
