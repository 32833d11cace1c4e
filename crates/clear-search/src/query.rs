//! The words of a search and of its answer.

use std::fmt;

use clear_record::{Kind, LabelId, RecordId, Sex};
use jiff::civil::{Date, Weekday};

use crate::facets::Facet;
use crate::places::Area;
use crate::prose::Wanted;

/// What to look for, what to keep of it, and which part of that to return.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// What to look for.
    pub terms: Terms,
    /// What to keep.
    pub filter: Filter,
    /// At most so many hits.
    pub limit: usize,
    /// After leaving out so many.
    pub offset: usize,
    /// Whether to count the hits by kind, year, beat and area.
    pub facets: bool,
}

impl Query {
    /// The first 20 hits for these terms, unfiltered.
    pub fn of(terms: Terms) -> Query {
        Query { terms, filter: Filter::default(), limit: 20, offset: 0, facets: false }
    }
}

/// What to look for.
#[derive(Clone, PartialEq)]
pub enum Terms {
    /// A person.
    Person(Who),
    /// A registration plate: whole, misread, a piece of three characters and more, or with wildcards; or a whole VIN.
    Plate(String),
    /// An address, a block, a range of houses, a street, or two that cross.
    Address(String),
    /// A case, event, booking, inventory, serial or warrant number.
    CaseNumber(String),
    /// Words of free text.
    Words(Wanted),
    /// One record.
    Id(RecordId),
    /// Whatever the filter keeps; incidents, unless the filter names kinds. Newest first.
    Incidents,
}

impl Terms {
    /// A person of this name.
    pub fn person(name: impl Into<String>) -> Terms {
        Terms::Person(Who { name: Some(name.into()), ..Who::default() })
    }

    /// Whoever has this telephone number.
    pub fn phone(number: impl Into<String>) -> Terms {
        Terms::Person(Who { phone: Some(number.into()), ..Who::default() })
    }
}

/// A person by any of these: what is given weighs, what is not is not asked.
///
/// A name, a number or a plate that does not match at all is made up for by another one that does. Born, address and
/// marks only weigh beside those, and find by themselves where none of those is asked.
#[derive(Clone, Default, PartialEq)]
pub struct Who {
    /// Name parts in any order; the last may be only begun.
    pub name: Option<String>,
    /// When they were born.
    pub born: Option<Born>,
    /// The owner's person identity number.
    pub identity_number: Option<String>,
    /// Telephone number.
    pub phone: Option<String>,
    /// Home address, its block or street.
    pub address: Option<String>,
    /// The whole plate of a vehicle whose registered owner they are.
    pub plate: Option<String>,
    /// Words of scars, marks and tattoos.
    pub marks: Option<String>,
}

impl Who {
    /// Whether a telephone number is all that is asked.
    fn is_a_telephone(&self) -> bool {
        self.phone.is_some() && Who { phone: None, ..self.clone() } == Who::default()
    }
}

/// When somebody was born, as well as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Born {
    /// On this day; day and month may have been swapped, or one of the three parts be wrong.
    On(Date),
    /// On one of these days, the first and the last among them.
    Between(Date, Date),
}

impl Born {
    /// In this year, or so many years before or after.
    pub fn about(year: i16, within_years: i16) -> Born {
        let clamped = |year: i16| year.clamp(1, 9_999);
        let from = Date::new(clamped(year.saturating_sub(within_years)), 1, 1);
        let to = Date::new(clamped(year.saturating_add(within_years)), 12, 31);
        Born::Between(from.unwrap_or(Date::MIN), to.unwrap_or(Date::MAX))
    }

    /// Of this age, in whole years, on a day; both ages among them.
    pub fn aged(from_years: i16, to_years: i16, on: Date) -> Born {
        let years = |years: i16| jiff::Span::new().years(i32::from(years.clamp(0, 1_000)));
        // Who turns so old today has that age; who turns one older tomorrow has it still.
        let oldest = on.checked_sub(years(to_years.saturating_add(1))).and_then(jiff::civil::Date::tomorrow);
        Born::Between(oldest.unwrap_or(Date::MIN), on.checked_sub(years(from_years)).unwrap_or(Date::MIN))
    }
}

/// What to keep. A field that is absent or not readable keeps nothing, as in SQL.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Filter {
    /// Occurred on this day or later.
    pub occurred_from: Option<Date>,
    /// Occurred on this day or earlier.
    pub occurred_to: Option<Date>,
    /// On this beat, leading zero or not.
    pub beat: Option<String>,
    /// Records of these kinds; all if empty.
    pub kinds: Vec<Kind>,
    /// Persons of this sex.
    pub sex: Option<Sex>,
    /// Persons born then; an age becomes this by [`Born::aged`].
    pub born: Option<Born>,
    /// Persons whose home address is on this street, block or in this area, as the address says it.
    pub home: Option<String>,
    /// In this district, leading zeros or not.
    pub district: Option<String>,
    /// In this community area.
    pub community_area: Option<u16>,
    /// At a position in this part of the map.
    pub area: Option<Area>,
    /// From one hour of the day, 0 to 23, up to another, which is not in it; over midnight if it is the smaller one.
    pub hours: Option<(u8, u8)>,
    /// On these days of the week; all if empty.
    pub weekdays: Vec<Weekday>,
}

/// The answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The asked part of the open hits by score, then newest, then id; after them every pointer by id.
    pub hits: Vec<Hit>,
    /// How many open hits there are before `limit` and `offset`; pointers are not counted.
    pub total: usize,
    /// Open hits by kind, year, beat and area, if the query asks for them; what no hit has is not named.
    pub facets: Vec<Facet>,
    /// What was perhaps meant, where something that was asked has no open row.
    pub suggested: Vec<Suggested>,
}

/// A spelling that was perhaps meant.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Suggested {
    /// What was asked, as it is compared.
    pub asked: String,
    /// What was perhaps meant.
    pub instead: String,
    /// How many open rows have that.
    pub count: usize,
}

/// One record that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// Which.
    pub id: RecordId,
    /// Its current label.
    pub label: LabelId,
    /// How well it matches, 0 to 1. Says nothing about other records. Every pointer has the same.
    pub score: f32,
    /// Why it matches; empty for a pointer.
    pub why: Vec<Why>,
    /// Whether only its owner may be shown.
    pub pointer: bool,
}

/// Why a record matches. `Display` says it in words.
#[derive(Clone, PartialEq)]
pub enum Why {
    /// A name part is the same.
    Name {
        /// The part as asked, normalised.
        asked: String,
    },
    /// A name part differs by letters.
    Misspelt {
        /// The part as asked.
        asked: String,
        /// The part as recorded.
        recorded: String,
        /// Letters added, left out, changed or swapped with their neighbour.
        edits: u8,
    },
    /// A recorded name part begins as asked.
    Begins {
        /// The part as asked.
        asked: String,
        /// The part as recorded.
        recorded: String,
    },
    /// One of the two is an initial of the other.
    Initial {
        /// The part as asked.
        asked: String,
        /// The part as recorded.
        recorded: String,
    },
    /// The same as one piece of a name of several, or as its pieces written together.
    Piece {
        /// The part as asked.
        asked: String,
    },
    /// A name part is the same as in an alias.
    Alias {
        /// The part as asked.
        asked: String,
    },
    /// One of the two is what somebody of the other name is called.
    Nickname {
        /// The part as asked.
        asked: String,
        /// The part as recorded.
        recorded: String,
    },
    /// The two are read alike.
    Sounds {
        /// The part as asked.
        asked: String,
        /// The part as recorded.
        recorded: String,
    },
    /// Like a spelling that was once recorded, and is known to be a typing error. What it is, is not said.
    TypingError {
        /// The part as asked.
        asked: String,
    },
    /// The date of birth is the same.
    Birth,
    /// Day and month of birth are swapped.
    BirthSwapped,
    /// Two of year, month and day of birth are the same.
    BirthNear,
    /// Born within the time that was asked.
    BirthWithin,
    /// The identity number is the same.
    IdentityNumber,
    /// The telephone number is the same.
    Phone,
    /// The registered owner of the vehicle with this plate.
    OwnerOf {
        /// The plate as asked.
        plate: String,
    },
    /// A word of scars, marks and tattoos.
    Mark {
        /// The word as recorded.
        recorded: String,
    },
    /// The plate is the same.
    Plate,
    /// The plate differs by one character.
    PlateMisread {
        /// The plate as recorded.
        recorded: String,
    },
    /// The plate differs by characters that look alike.
    PlateAlike {
        /// The plate as recorded.
        recorded: String,
    },
    /// The plate fits what was asked with wildcards.
    PlateFits {
        /// The plate as recorded.
        recorded: String,
    },
    /// The plate contains what was asked.
    PlateContains {
        /// The plate as recorded.
        recorded: String,
    },
    /// The vehicle identification number is the same.
    Vin,
    /// House number and street are the same.
    Address,
    /// Block and street are the same.
    Block,
    /// Another house number of the same hundred.
    SameBlock,
    /// The house number is between those that were asked.
    InRange,
    /// Both streets are named: they cross.
    Crossing,
    /// The street's name has more words than were asked.
    StreetPart {
        /// The street as recorded.
        recorded: String,
    },
    /// The street is of another kind than was asked: a place, not a street.
    StreetKind {
        /// The street as recorded.
        recorded: String,
    },
    /// No street has the name, and this one's differs by one letter.
    StreetMisspelt {
        /// The name as asked.
        asked: String,
        /// The street as recorded.
        recorded: String,
    },
    /// A field says it.
    Words {
        /// What was asked: `BURGLAR*`.
        asked: String,
        /// The field.
        field: &'static str,
    },
    /// The street is the same; no number was asked.
    Street,
    /// The number is the same.
    Number,
    /// The serial number is the same.
    Serial,
    /// The id is the same.
    Id,
    /// The filter keeps it.
    Kept,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Why::Name { asked } => write!(f, "name: {asked}"),
            Why::Misspelt { asked, recorded, edits: 1 } => write!(f, "one letter off: {asked}, recorded {recorded}"),
            Why::Misspelt { asked, recorded, edits } => write!(f, "{edits} letters off: {asked}, recorded {recorded}"),
            Why::Begins { asked, recorded } => write!(f, "begins with {asked}: {recorded}"),
            Why::Initial { asked, recorded } => write!(f, "initial: {asked}, recorded {recorded}"),
            Why::Piece { asked } => write!(f, "part of a joined name: {asked}"),
            Why::Alias { asked } => write!(f, "alias: {asked}"),
            Why::Nickname { asked, recorded } => write!(f, "nickname: {asked}, recorded {recorded}"),
            Why::Sounds { asked, recorded } => write!(f, "sounds alike: {asked}, recorded {recorded}"),
            Why::TypingError { asked } => write!(f, "once mistyped: {asked}"),
            Why::Birth => f.write_str("same date of birth"),
            Why::BirthSwapped => f.write_str("date of birth with day and month swapped"),
            Why::BirthNear => f.write_str("date of birth differs in one part"),
            Why::BirthWithin => f.write_str("born within that time"),
            Why::IdentityNumber => f.write_str("same identity number"),
            Why::Phone => f.write_str("same telephone number"),
            Why::OwnerOf { plate } => write!(f, "owner of the vehicle with plate {plate}"),
            Why::Mark { recorded } => write!(f, "mark: {recorded}"),
            Why::Plate => f.write_str("same plate"),
            Why::PlateMisread { recorded } => write!(f, "plate differs by one character: {recorded}"),
            Why::PlateAlike { recorded } => write!(f, "plate looks alike: {recorded}"),
            Why::PlateFits { recorded } => write!(f, "plate fits: {recorded}"),
            Why::PlateContains { recorded } => write!(f, "part of plate {recorded}"),
            Why::Vin => f.write_str("same vehicle identification number"),
            Why::Address => f.write_str("same address"),
            Why::Block => f.write_str("same block"),
            Why::SameBlock => f.write_str("another house of the same block"),
            Why::InRange => f.write_str("in the asked range"),
            Why::Crossing => f.write_str("streets cross here"),
            Why::Street => f.write_str("same street"),
            Why::StreetPart { recorded } => write!(f, "part of the name {recorded}"),
            Why::StreetKind { recorded } => write!(f, "recorded {recorded}"),
            Why::StreetMisspelt { asked, recorded } => write!(f, "{asked} read as {recorded}"),
            Why::Words { asked, field } => write!(f, "{field} says {asked}"),
            Why::Number => f.write_str("same number"),
            Why::Serial => f.write_str("same serial number"),
            Why::Id => f.write_str("same id"),
            Why::Kept => f.write_str("fits the filter"),
        }
    }
}

impl Why {
    /// Whether a pointer may come of it. A gray record is found by the names that a white one is found by, misspelt and
    /// aliases too; but never by a beginning, an initial or a piece of a plate, which would spell it out letter by letter.
    pub(crate) fn points(&self) -> bool {
        matches!(
            self,
            Why::Name { .. }
                | Why::Misspelt { .. }
                | Why::Alias { .. }
                | Why::Nickname { .. }
                | Why::Sounds { .. }
                | Why::TypingError { .. }
                | Why::Piece { .. }
                | Why::Birth
                | Why::IdentityNumber
                | Why::Plate
                | Why::Vin
                | Why::Number
                | Why::Serial
                | Why::Id
        )
    }
}

impl Terms {
    /// What it is read as, in a word: `person`, `plate`, `address`, `number`, `phone`, `words`, `id` or `incidents`.
    pub fn reading(&self) -> &'static str {
        match self {
            Terms::Person(who) if who.is_a_telephone() => "phone",
            Terms::Person(_) => "person",
            Terms::Plate(_) => "plate",
            Terms::Address(_) => "address",
            Terms::CaseNumber(_) => "number",
            Terms::Words(_) => "words",
            Terms::Id(_) => "id",
            Terms::Incidents => "incidents",
        }
    }
}

// What is asked and found of a person never reaches a log by accident.
impl fmt::Debug for Terms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Terms::Person(_) => f.write_str("Person(…)"),
            Terms::Plate(_) => f.write_str("Plate(…)"),
            Terms::Address(_) => f.write_str("Address(…)"),
            Terms::CaseNumber(_) => f.write_str("CaseNumber(…)"),
            Terms::Words(_) => f.write_str("Words(…)"),
            Terms::Id(id) => write!(f, "Id({id})"),
            Terms::Incidents => f.write_str("Incidents"),
        }
    }
}

impl fmt::Debug for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Who(…)")
    }
}

impl fmt::Debug for Suggested {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Suggested(…, {})", self.count)
    }
}

impl fmt::Debug for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Why(…)")
    }
}
