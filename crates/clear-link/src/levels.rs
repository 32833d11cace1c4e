//! How two records' values are compared: the one list of comparisons and of their levels.
//!
//! In:    a role.
//! Out:   the comparison that it belongs to, and its levels from the strongest down.
//! Never: holds what a data set says: the odds here are where estimation begins.
//!
//! # Change here
//! A level: a line here, and the arm that returns it in `compare.rs`.

use crate::role::Role;

/// One way in which two values can agree, or fail to.
#[derive(Debug, Clone, Copy)]
pub struct Level {
    /// In words.
    pub name: &'static str,
    /// Where the estimation begins: how often two records of one person are so.
    pub start: f32,
    /// Whether an agreement on a rare value says more than one on a common value.
    pub by_rarity: bool,
}

const fn rare(name: &'static str, start: f32) -> Level {
    Level { name, start, by_rarity: true }
}

const fn flat(name: &'static str, start: f32) -> Level {
    Level { name, start, by_rarity: false }
}

/// What is compared, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Given names, with nicknames, and with what stands in the other name's place.
    Given,
    /// Family names, whole or in part.
    Surname,
    /// Every other name.
    Middle,
    /// Dates.
    Date,
    /// Jr and Sr, which a record has or leaves out.
    Suffix,
    /// Values that are the same or not.
    Exact,
    /// Words.
    Text,
    /// Numbers and identifiers.
    Number,
    /// Postal codes.
    Postcode,
    /// Street and house number together.
    Street,
}

impl Kind {
    /// The level at which two names are exchanged.
    pub(crate) fn exchanged(self) -> Option<usize> {
        match self {
            Kind::Given => Some(GIVEN_EXCHANGED),
            Kind::Surname => Some(SURNAME_EXCHANGED),
            _ => None,
        }
    }

    /// Whether pairs at the level are slips or ways to write: not where the values are the same, or exchanged as they are.
    pub(crate) fn has_slips(self, level: usize) -> bool {
        level > 0 && self.levels().get(level).is_some_and(|level| level.by_rarity) && self.exchanged() != Some(level)
    }

    /// The levels, strongest first; the last is disagreement.
    pub fn levels(self) -> &'static [Level] {
        match self {
            Kind::Given => GIVEN,
            Kind::Surname => SURNAME,
            Kind::Middle => MIDDLE,
            Kind::Date => DATE,
            Kind::Suffix => SUFFIX,
            Kind::Exact => EXACT,
            Kind::Text => TEXT,
            Kind::Number => NUMBER,
            Kind::Postcode => POSTCODE,
            Kind::Street => STREET,
        }
    }

    /// The comparison of a role; `None` for roles that are part of another's.
    pub fn of(role: Role) -> Option<Kind> {
        Some(match role {
            Role::GivenName => Kind::Given,
            Role::Surname => Kind::Surname,
            Role::MiddleName => Kind::Middle,
            Role::FullName | Role::StreetNumber => return None,
            Role::DateOfBirth => Kind::Date,
            Role::Suffix => Kind::Suffix,
            Role::Sex | Role::Race | Role::State => Kind::Exact,
            Role::Address | Role::Address2 => Kind::Street,
            Role::City | Role::BirthPlace | Role::Occupation => Kind::Text,
            Role::Postcode => Kind::Postcode,
            Role::Phone | Role::IdNumber | Role::Email => Kind::Number,
        })
    }
}

/// Whether two people of one household often share it, so that it says little between them.
pub(crate) fn shared_at_home(role: Role) -> bool {
    matches!(
        role,
        Role::GivenName
            | Role::Surname
            | Role::Suffix
            | Role::Address
            | Role::Address2
            | Role::City
            | Role::State
            | Role::Postcode
            | Role::Phone
            | Role::Race
            | Role::BirthPlace
            | Role::DateOfBirth
    )
}

/// The level at which a given name is exchanged with a family name, and the family name's own. It is one mistake: a family
/// name is so whenever the given name is, so its share among pairs of one person is not counted a second time.
pub(crate) const GIVEN_EXCHANGED: usize = 5;
/// The two are exchanged, and one of them or both are written otherwise: then the family name's comparison says nothing.
pub(crate) const GIVEN_NEARLY: usize = 7;
/// See [`GIVEN_EXCHANGED`].
pub(crate) const SURNAME_EXCHANGED: usize = 4;

const GIVEN: &[Level] = &[
    rare("same", 0.70),
    rare("nickname", 0.04),
    rare("one edit", 0.08),
    rare("close or sounds alike", 0.04),
    flat("initial or short form", 0.02),
    rare("exchanged with the family name", 0.02),
    rare("in another name's place", 0.02),
    flat("exchanged with the family name, nearly", 0.005),
    flat("different", 0.08),
];
const SURNAME: &[Level] = &[
    rare("same", 0.76),
    rare("one edit", 0.08),
    rare("close or sounds alike", 0.04),
    rare("a part of it is the same", 0.02),
    rare("exchanged with the given name", 0.02),
    rare("in another name's place", 0.02),
    flat("different", 0.06),
];
const MIDDLE: &[Level] = &[rare("same", 0.80), flat("initial", 0.06), rare("close", 0.06), flat("different", 0.08)];
const DATE: &[Level] = &[
    rare("same", 0.84),
    rare("one digit", 0.07),
    rare("day and month exchanged", 0.01),
    flat("two of three parts", 0.03),
    flat("year", 0.02),
    flat("different", 0.03),
];
const SUFFIX: &[Level] = &[rare("same", 0.70), flat("one has none", 0.28), flat("different", 0.02)];
const EXACT: &[Level] = &[rare("same", 0.95), flat("different", 0.05)];
const TEXT: &[Level] = &[rare("same", 0.80), rare("close", 0.06), rare("a word of it", 0.04), flat("different", 0.10)];
const NUMBER: &[Level] = &[rare("same", 0.80), rare("one edit", 0.08), flat("different", 0.12)];
const POSTCODE: &[Level] =
    &[rare("same", 0.78), rare("one edit", 0.08), flat("same area", 0.05), flat("different", 0.09)];
const STREET: &[Level] = &[
    rare("same", 0.66),
    rare("close", 0.12),
    rare("same street", 0.05),
    rare("close street, same number", 0.03),
    flat("different", 0.14),
];
