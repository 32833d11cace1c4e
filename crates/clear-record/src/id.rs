//! Typed ids. A bare number or string never crosses a crate border.

use std::fmt;
use std::fmt::Write as _;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// An id that could not be read, with what was wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {expected}")]
pub struct BadId {
    /// What was given.
    pub text: String,
    /// What would have been right.
    pub expected: &'static str,
}

/// The place of a version in the ledger: commit order, from 1. Zero is "before everything".
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seq(pub u64);

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// What a record is, which is also its data class in agreements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "each variant is the record kind of the same name")]
pub enum Kind {
    Person,
    Incident,
    Involvement,
    Narrative,
    Arrest,
    Stop,
    Vehicle,
    Property,
    HotFile,
    Assignment,
    Referral,
    Restriction,
    Judgement,
}

impl Kind {
    /// Every kind, in the order of the data dictionary.
    pub const ALL: [Kind; 13] = [
        Kind::Person,
        Kind::Incident,
        Kind::Involvement,
        Kind::Narrative,
        Kind::Arrest,
        Kind::Stop,
        Kind::Vehicle,
        Kind::Property,
        Kind::HotFile,
        Kind::Assignment,
        Kind::Referral,
        Kind::Restriction,
        Kind::Judgement,
    ];

    /// The name used in APIs, agreements and URLs: `hot_file`.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Person => "person",
            Kind::Incident => "incident",
            Kind::Involvement => "involvement",
            Kind::Narrative => "narrative",
            Kind::Arrest => "arrest",
            Kind::Stop => "stop",
            Kind::Vehicle => "vehicle",
            Kind::Property => "property",
            Kind::HotFile => "hot_file",
            Kind::Assignment => "assignment",
            Kind::Referral => "referral",
            Kind::Restriction => "restriction",
            Kind::Judgement => "judgement",
        }
    }

    /// The kind of that name.
    pub fn from_name(name: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.name() == name)
    }

    const fn prefix(self) -> &'static str {
        match self {
            Kind::Person => "per",
            Kind::Incident => "inc",
            Kind::Involvement => "inv",
            Kind::Narrative => "nar",
            Kind::Arrest => "arr",
            Kind::Stop => "stp",
            Kind::Vehicle => "veh",
            Kind::Property => "prp",
            Kind::HotFile => "hot",
            Kind::Assignment => "asg",
            Kind::Referral => "ref",
            Kind::Restriction => "rst",
            Kind::Judgement => "jdg",
        }
    }

    /// A small number for storage; never changes once given.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The kind with that storage number.
    pub fn from_code(code: u8) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.code() == code)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

fn write_base32(f: &mut fmt::Formatter<'_>, raw: u128) -> fmt::Result {
    for place in (0..26u32).rev() {
        let digit = ((raw >> (place * 5)) & 31) as usize;
        let digit = ALPHABET.get(digit).copied().unwrap_or_default();
        f.write_char(char::from(digit))?;
    }
    Ok(())
}

fn read_base32(text: &str) -> Option<u128> {
    if text.len() != 26 {
        return None;
    }
    let mut raw: u128 = 0;
    for (place, byte) in text.bytes().enumerate() {
        let digit = ALPHABET.iter().position(|candidate| *candidate == byte)? as u128;
        if place == 0 && digit > 7 {
            return None;
        }
        raw = (raw << 5) | digit;
    }
    Some(raw)
}

/// The id of any record: its kind and 128 bits, written `per_4zq…` (Crockford's base 32).
///
/// Ids are random, or derived from the source's own number where the source must be loadable twice; never in
/// sequence, because a sequence tells how many hidden records lie between two visible ones.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordId {
    /// What the record is.
    pub kind: Kind,
    /// The 128 bits.
    pub raw: u128,
}

impl RecordId {
    /// A fresh random id.
    ///
    /// # Panics
    /// Where the operating system has no randomness to give; nothing can be filed then.
    #[expect(clippy::expect_used, reason = "without randomness no id is unique and no key is secret")]
    pub fn fresh(kind: Kind) -> RecordId {
        let mut bytes = [0u8; 16];
        getrandom::fill(&mut bytes).expect("the operating system gives randomness");
        RecordId { kind, raw: u128::from_be_bytes(bytes) }
    }

    /// The id that this source's number always gets, per owner: loading a file twice files nothing twice.
    pub fn derived(kind: Kind, owner: &AgencyId, source: &str, number: &str) -> RecordId {
        let mut hash = Sha256::new();
        for part in [kind.name(), owner.as_str(), source, number] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        let digest: [u8; 32] = hash.finalize().into();
        let mut raw = [0u8; 16];
        raw.copy_from_slice(digest.split_at(16).0);
        RecordId { kind, raw: u128::from_be_bytes(raw) }
    }

    /// The 16 bytes for storage.
    pub fn bytes(self) -> [u8; 16] {
        self.raw.to_be_bytes()
    }
}

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.prefix())?;
        f.write_str("_")?;
        write_base32(f, self.raw)
    }
}

impl fmt::Debug for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for RecordId {
    type Err = BadId;

    fn from_str(text: &str) -> Result<RecordId, BadId> {
        let bad = || BadId {
            text: text.chars().take(60).collect(),
            expected: "a record id like `inc_0123…` (26 characters after the underscore)",
        };
        let (prefix, rest) = text.split_once('_').ok_or_else(bad)?;
        let kind = Kind::ALL.into_iter().find(|kind| kind.prefix() == prefix).ok_or_else(bad)?;
        let raw = read_base32(rest).ok_or_else(bad)?;
        Ok(RecordId { kind, raw })
    }
}

impl Serialize for RecordId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for RecordId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<RecordId, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

macro_rules! record_ids {
    ($($(#[$doc:meta])* $name:ident = $kind:ident,)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(RecordId);

        impl $name {
            /// The kind that every id of this type has.
            pub const KIND: Kind = Kind::$kind;
            /// The id as one of any kind.
            pub fn id(self) -> RecordId {
                self.0
            }
            /// A fresh random id.
            pub fn fresh() -> $name {
                $name(RecordId::fresh(Kind::$kind))
            }
        }

        impl From<$name> for RecordId {
            fn from(id: $name) -> RecordId {
                id.0
            }
        }

        impl TryFrom<RecordId> for $name {
            type Error = BadId;
            fn try_from(id: RecordId) -> Result<$name, BadId> {
                if id.kind == Kind::$kind {
                    Ok($name(id))
                } else {
                    Err(BadId { text: id.to_string(), expected: concat!("the id of a record of kind ", stringify!($kind)) })
                }
            }
        }

        impl FromStr for $name {
            type Err = BadId;
            fn from_str(text: &str) -> Result<$name, BadId> {
                text.parse::<RecordId>()?.try_into()
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<$name, D::Error> {
                RecordId::deserialize(deserializer)?.try_into().map_err(serde::de::Error::custom)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }
    )*};
}

record_ids! {
    /// The id of a person record.
    PersonId = Person,
    /// The id of an incident.
    IncidentId = Incident,
    /// The id of an involvement.
    InvolvementId = Involvement,
    /// The id of a narrative.
    NarrativeId = Narrative,
    /// The id of an arrest.
    ArrestId = Arrest,
    /// The id of a stop.
    StopId = Stop,
    /// The id of a vehicle.
    VehicleId = Vehicle,
    /// The id of a property item.
    PropertyId = Property,
    /// The id of a hot-file entry.
    HotFileId = HotFile,
    /// The id of an assignment.
    AssignmentId = Assignment,
    /// The id of a referral.
    ReferralId = Referral,
    /// The id of a restriction.
    RestrictionId = Restriction,
    /// The id of a judgement.
    JudgementId = Judgement,
}

/// A short name that is safe in a URL, a log line and a file name: `a-z 0-9 -`, 1 to 40 characters.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Text(String);

impl Text {
    fn new(text: &str, expected: &'static str) -> Result<Text, BadId> {
        let fits = (1..=40).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        if fits { Ok(Text(text.to_owned())) } else { Err(BadId { text: text.chars().take(60).collect(), expected }) }
    }
}

macro_rules! short_names {
    ($($(#[$doc:meta])* $name:ident: $expected:literal,)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(Text);

        impl $name {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0.0
            }
        }

        impl FromStr for $name {
            type Err = BadId;
            fn from_str(text: &str) -> Result<$name, BadId> {
                Text::new(text, $expected).map($name)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<$name, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    )*};
}

short_names! {
    /// An agency of the register.
    AgencyId: "an agency id (a-z, 0-9 and -, at most 40 characters)",
    /// An account: one person's or one service's, never shared.
    AccountId: "an account id (a-z, 0-9 and -, at most 40 characters)",
    /// One question or filing, as it stands in the log and in a receipt.
    RequestId: "a request id (a-z, 0-9 and -, at most 40 characters)",
    /// An opened inquiry: why somebody asks, stated once.
    InquiryId: "an inquiry's number (a-z, 0-9 and -, at most 40 characters)",
    /// A question that waits for a second person.
    HoldId: "a hold's number (a-z, 0-9 and -, at most 40 characters)",
    /// Something that waits for a reviewer.
    ReviewId: "a review's number (a-z, 0-9 and -, at most 40 characters)",
    /// A machine that an account works on.
    DeviceId: "a device id (a-z, 0-9 and -, at most 40 characters)",
}

macro_rules! fresh {
    ($($name:ident,)*) => {$(
        impl $name {
            /// A fresh random one.
            pub fn fresh() -> $name {
                // Any kind serves: only the 26 characters after the underscore are kept.
                let text = RecordId::fresh(Kind::Person).to_string();
                $name(Text(text.split_once('_').map_or_else(String::new, |(_, rest)| rest.to_owned())))
            }
        }
    )*};
}

fresh! { RequestId, InquiryId, HoldId, DeviceId, }

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_as_it_was_written() {
        for kind in Kind::ALL {
            for raw in [0, 1, u128::MAX, 0x0123_4567_89ab_cdef_0123_4567_89ab_cdef] {
                let id = RecordId { kind, raw };
                assert_eq!(id.to_string().parse(), Ok(id));
            }
            assert_eq!(Kind::from_code(kind.code()), Some(kind));
            assert_eq!(Kind::from_name(kind.name()), Some(kind));
        }
    }

    #[test]
    fn wrong_ids_are_refused() {
        for text in [
            "",
            "per",
            "per_",
            "per_1",
            "xxx_00000000000000000000000000",
            "per_z0000000000000000000000000",
            "per_0000000000000000000000000O",
        ] {
            assert!(text.parse::<RecordId>().is_err(), "{text}");
        }
        assert!("inc_00000000000000000000000000".parse::<PersonId>().is_err());
        assert!("Police".parse::<AgencyId>().is_err());
    }

    #[test]
    fn the_same_number_of_two_owners_is_two_records() {
        let [a, b]: [AgencyId; 2] = ["a", "b"].map(|name| name.parse().expect("a good id"));
        let id = |owner| RecordId::derived(Kind::Incident, owner, "file", "7");
        assert_eq!(id(&a), id(&a));
        assert_ne!(id(&a), id(&b));
    }
}
