//! An address taken apart: numbers, and one street or two that cross.
//!
//! The rules, in the order in which they are applied: docs/search-text.md.

use std::io::{Read, Result, Write};

use clear_record::Snapshot;
use clear_record::snapshot::not_a;

use crate::text;

const DIRECTIONS: [(&str, &str); 8] = [
    ("NORTH", "N"),
    ("SOUTH", "S"),
    ("EAST", "E"),
    ("WEST", "W"),
    ("NORTHEAST", "NE"),
    ("NORTHWEST", "NW"),
    ("SOUTHEAST", "SE"),
    ("SOUTHWEST", "SW"),
];

/// Kinds of street with their short form (USPS Publication 28, appendix C1, the common ones).
const KINDS: [(&str, &str); 58] = [
    ("ALLEY", "ALY"),
    ("ARCADE", "ARC"),
    ("AVENUE", "AVE"),
    ("AV", "AVE"),
    ("AVEN", "AVE"),
    ("BOULEVARD", "BLVD"),
    ("BLV", "BLVD"),
    ("BL", "BLVD"),
    ("BOUL", "BLVD"),
    ("BRIDGE", "BRG"),
    ("BYPASS", "BYP"),
    ("CAUSEWAY", "CSWY"),
    ("CENTER", "CTR"),
    ("CIRCLE", "CIR"),
    ("CIRC", "CIR"),
    ("COURT", "CT"),
    ("CRT", "CT"),
    ("CRESCENT", "CRES"),
    ("CROSSING", "XING"),
    ("DRIVE", "DR"),
    ("DRV", "DR"),
    ("EXPRESSWAY", "EXPY"),
    ("EXPWY", "EXPY"),
    ("XPY", "EXPY"),
    ("EXTENSION", "EXT"),
    ("FREEWAY", "FWY"),
    ("GARDENS", "GDNS"),
    ("GROVE", "GRV"),
    ("HIGHWAY", "HWY"),
    ("HGWY", "HWY"),
    ("HILL", "HL"),
    ("LANE", "LN"),
    ("LOOP", "LOOP"),
    ("MALL", "MALL"),
    ("PARKWAY", "PKWY"),
    ("PKY", "PKWY"),
    ("PWY", "PKWY"),
    ("PARK", "PARK"),
    ("PATH", "PATH"),
    ("PIKE", "PIKE"),
    ("PLACE", "PL"),
    ("PLAZA", "PLZ"),
    ("ROAD", "RD"),
    ("ROUTE", "RTE"),
    ("ROW", "ROW"),
    ("SQUARE", "SQ"),
    ("SQR", "SQ"),
    ("STREET", "ST"),
    ("STR", "ST"),
    ("TERRACE", "TER"),
    ("TERR", "TER"),
    ("TOLLWAY", "TOLL"),
    ("TRAIL", "TRL"),
    ("TURNPIKE", "TPKE"),
    ("VIADUCT", "VIA"),
    ("WALK", "WALK"),
    ("WAY", "WAY"),
    ("WY", "WAY"),
];

/// What follows is inside the house.
const UNITS: [&str; 16] = [
    "APT",
    "APARTMENT",
    "UNIT",
    "SUITE",
    "STE",
    "FLOOR",
    "FL",
    "FLR",
    "RM",
    "ROOM",
    "BSMT",
    "BASEMENT",
    "REAR",
    "LOT",
    "BLDG",
    "BUILDING",
];

const ONES: [(&str, u32); 19] = [
    ("FIRST", 1),
    ("SECOND", 2),
    ("THIRD", 3),
    ("FOURTH", 4),
    ("FIFTH", 5),
    ("SIXTH", 6),
    ("SEVENTH", 7),
    ("EIGHTH", 8),
    ("NINTH", 9),
    ("TENTH", 10),
    ("ELEVENTH", 11),
    ("TWELFTH", 12),
    ("THIRTEENTH", 13),
    ("FOURTEENTH", 14),
    ("FIFTEENTH", 15),
    ("SIXTEENTH", 16),
    ("SEVENTEENTH", 17),
    ("EIGHTEENTH", 18),
    ("NINETEENTH", 19),
];

const TENS: [(&str, &str, u32); 8] = [
    ("TWENTY", "TWENTIETH", 20),
    ("THIRTY", "THIRTIETH", 30),
    ("FORTY", "FORTIETH", 40),
    ("FIFTY", "FIFTIETH", 50),
    ("SIXTY", "SIXTIETH", 60),
    ("SEVENTY", "SEVENTIETH", 70),
    ("EIGHTY", "EIGHTIETH", 80),
    ("NINETY", "NINETIETH", 90),
];

/// An address taken apart.
#[derive(Debug, PartialEq, Default)]
pub(crate) struct Address {
    /// The house number or numbers.
    pub(crate) numbers: Option<Numbers>,
    /// One street; two, if they cross; none, if the text names none.
    pub(crate) streets: Vec<Street>,
}

/// House numbers from one to another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Numbers {
    pub(crate) low: u32,
    pub(crate) high: u32,
}

impl Numbers {
    pub(crate) fn is_one(self) -> bool {
        self.low == self.high
    }

    pub(crate) fn meets(self, other: Numbers) -> bool {
        self.low <= other.high && other.low <= self.high
    }

    /// The hundred in which the first number is.
    pub(crate) fn hundred(self) -> Numbers {
        let low = self.low / 100 * 100;
        Numbers { low, high: low.saturating_add(99) }
    }
}

/// A street in one spelling.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(crate) struct Street {
    /// Direction before the name: `W`.
    pub(crate) before: Option<&'static str>,
    /// `MADISON`, `79TH`, `LAKE SHORE`.
    pub(crate) name: String,
    /// `ST`, `AVE`.
    pub(crate) kind: Option<&'static str>,
    /// Direction after the kind.
    pub(crate) after: Option<&'static str>,
}

impl Snapshot for Street {
    fn write(&self, out: &mut impl Write) -> Result<()> {
        self.name.write(out)?;
        [self.before, self.kind, self.after].iter().try_for_each(|word| word.map(str::to_owned).write(out))
    }

    fn read(from: &mut impl Read) -> Result<Street> {
        let name = String::read(from)?;
        // A word is one of the lists', whatever bytes come.
        let mut word = |list: &[(&'static str, &'static str)]| match Option::<String>::read(from)? {
            None => Ok(None),
            Some(text) => match list.iter().find(|(_, short)| *short == text) {
                Some((_, short)) => Ok(Some(*short)),
                None => Err(not_a("part of a street")),
            },
        };
        Ok(Street { name, before: word(&DIRECTIONS)?, kind: word(&KINDS)?, after: word(&DIRECTIONS)? })
    }
}

impl std::fmt::Display for Street {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let parts = [self.before, Some(self.name.as_str()), self.kind, self.after];
        f.write_str(&parts.into_iter().flatten().collect::<Vec<_>>().join(" "))
    }
}

fn direction(word: &str) -> Option<&'static str> {
    DIRECTIONS.iter().find(|(long, short)| word == *long || word == *short).map(|(_, short)| *short)
}

fn kind(word: &str) -> Option<&'static str> {
    KINDS.iter().find(|(long, short)| word == *long || word == *short).map(|(_, short)| *short)
}

/// Whether a folded word is the kind of a street.
pub(crate) fn is_street_kind(word: &str) -> bool {
    kind(word).is_some()
}

fn is_digits(word: &str) -> bool {
    !word.is_empty() && word.len() <= 7 && word.bytes().all(|byte| byte.is_ascii_digit())
}

/// Takes an address apart.
pub(crate) fn address(text: &str) -> Address {
    let mut address = Address::default();
    let mut words = words(text);
    if let [first, of, ..] = words.as_slice()
        && matches!(first.as_str(), "CORNER" | "INTERSECTION")
        && of == "OF"
    {
        words.drain(..2);
    }
    let mut sides = words.split(|word| matches!(word.as_str(), "&" | "/" | "@" | "AT" | "AND"));
    let (first, second) = (sides.next().unwrap_or_default(), sides.next().filter(|side| !side.is_empty()));
    // Two streets cross; more are a text that is no address.
    let second = second.filter(|_| sides.next().is_none());
    match second {
        Some(second) if !first.is_empty() => {
            address.streets.extend([first, second].into_iter().filter_map(street));
        }
        _ => {
            let side = if first.is_empty() { second.unwrap_or_default() } else { first };
            let (numbers, rest) = numbers(side);
            (address.numbers, address.streets) = (numbers, street(rest).into_iter().collect());
        }
    }
    address
}

/// The words of the street part; signs of a crossing are words of their own.
fn words(text: &str) -> Vec<String> {
    // What follows a number sign is a unit; what follows a comma is unit, city and postcode.
    let street = text.split('#').next().unwrap_or_default();
    let street = street.split([',', ';']).map(str::trim).find(|part| !part.is_empty()).unwrap_or_default();
    let mut words: Vec<String> = Vec::new();
    for run in street.split_whitespace().take(24) {
        if run.split_once('/').is_some_and(|(over, under)| is_digits(over) && is_digits(under)) {
            continue;
        }
        let mut word = String::new();
        for c in run.chars().take(60) {
            if is_sign(c) {
                words.extend(folded(&std::mem::take(&mut word)));
                words.push(c.to_string());
            } else {
                word.push(c);
            }
        }
        words.extend(folded(&word));
    }
    words
}

fn is_sign(c: char) -> bool {
    matches!(c, '&' | '/' | '@')
}

/// A word in one spelling, with its hyphens, if it has a letter or digit.
fn folded(word: &str) -> Option<String> {
    let parts = word.split(['-', '–', '—']).map(text::number).filter(|part| !part.is_empty());
    let word = parts.collect::<Vec<_>>().join("-");
    (!word.is_empty()).then_some(word)
}

/// The numbers at the beginning, and the rest.
fn numbers(words: &[String]) -> (Option<Numbers>, &[String]) {
    let Some((first, rest)) = words.split_first() else { return (None, words) };
    let Some(mut numbers) = number(first) else { return (None, words) };
    let (block, rest) = match rest {
        [word, of, rest @ ..] if matches!(word.as_str(), "BLOCK" | "BLK") && of == "OF" => (true, rest),
        [word, rest @ ..] if matches!(word.as_str(), "BLOCK" | "BLK") => (true, rest),
        rest => (false, rest),
    };
    // `79 ST` is a street and not a house.
    let named = rest.iter().any(|word| kind(word).is_none()) || rest.len() > 1;
    if !named && is_digits(first) {
        return (None, words);
    }
    if block && numbers.is_one() {
        numbers = numbers.hundred();
    }
    (Some(numbers), rest)
}

/// `3134`, `031XX`, `4700-4750`, `4700-50`, `3134A`.
fn number(word: &str) -> Option<Numbers> {
    let one = |text: &str| is_digits(text).then(|| text.parse::<u32>().ok()).flatten();
    if let Some(number) = one(word) {
        return Some(Numbers { low: number, high: number });
    }
    let digits = word.trim_end_matches('X');
    let hidden = word.len() - digits.len();
    if (1..=4).contains(&hidden) && one(digits).is_some() {
        let each = 10u32.pow(u32::try_from(hidden).ok()?);
        let low = one(digits)?.checked_mul(each)?;
        return Some(Numbers { low, high: low.checked_add(each - 1)? });
    }
    if let Some((low, high)) = word.split_once('-') {
        let from = one(low)?;
        let to = match low.len().checked_sub(high.len()) {
            // The second number leaves out what both have in front.
            Some(front) => one(&format!("{}{high}", low.get(..front)?)),
            None => one(high),
        }?;
        return Some(if to >= from { Numbers { low: from, high: to } } else { Numbers { low: from, high: from } });
    }
    let mut chars = word.chars();
    let last = chars.next_back()?;
    let lettered = last.is_ascii_alphabetic() && !matches!(last, 'N' | 'S' | 'E' | 'W');
    one(chars.as_str()).filter(|_| lettered).map(|number| Numbers { low: number, high: number })
}

/// A street, if the words have a name.
fn street(words: &[String]) -> Option<Street> {
    let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
    // A unit ends the street, unless it is how the street begins; `2ND FLOOR` begins with its number.
    if let Some(unit) = words.iter().skip(1).position(|word| UNITS.contains(word)).map(|at| at + 1) {
        let floor = unit > 1 && words.get(unit - 1).is_some_and(|word| ordinal(word).is_some());
        words.truncate(if floor { unit - 1 } else { unit });
    }
    let mut street = Street::default();
    // `NORTH AVE` is a name and no direction.
    let names = |rest: &[&str]| rest.iter().any(|word| kind(word).is_none() && direction(word).is_none());
    if let [first, rest @ ..] = words.as_slice()
        && let Some(before) = direction(first)
        && (names(rest) || rest.first().is_some_and(|next| direction(next).is_some()) && rest.len() > 1)
    {
        street.before = Some(before);
        words.remove(0);
    }
    if let [_, middle @ .., last] = words.as_slice()
        && let Some(after) = direction(last)
        && middle.last().is_some_and(|word| kind(word).is_some())
    {
        street.after = Some(after);
        words.pop();
    }
    if let [_, .., last] = words.as_slice()
        && let Some(kind) = kind(last)
    {
        street.kind = Some(kind);
        words.pop();
    }
    street.name = name(&words);
    (!street.name.is_empty()).then_some(street)
}

/// A name in one spelling: ordinals as figures, `SAINT` as `ST`.
fn name(words: &[&str]) -> String {
    let mut parts: Vec<String> = Vec::new();
    let apart: Vec<&str> = words.iter().flat_map(|word| word.split('-')).filter(|word| !word.is_empty()).collect();
    let mut rest = apart.as_slice();
    while let [first, others @ ..] = rest {
        let tens = TENS.iter().find(|(word, ..)| word == first).map(|(.., tens)| *tens);
        let ones = others.first().and_then(|next| ONES.iter().take(9).find(|(word, _)| word == next));
        if let (Some(tens), Some((_, ones))) = (tens, ones) {
            parts.push(figures(tens + ones));
            rest = others.get(1..).unwrap_or_default();
            continue;
        }
        parts.push(match ordinal(first) {
            Some(number) => figures(number),
            None if apart.len() == 1 && is_digits(first) => figures(first.parse().unwrap_or_default()),
            None if *first == "SAINT" => "ST".to_owned(),
            None => (*first).to_owned(),
        });
        rest = others;
    }
    parts.join(" ")
}

/// `79TH`, `FIRST`, `TWENTIETH` as numbers.
fn ordinal(word: &str) -> Option<u32> {
    let spelt = ONES.iter().find(|(spelt, _)| *spelt == word).map(|(_, number)| *number);
    let tens = || TENS.iter().find(|(_, spelt, _)| *spelt == word).map(|(.., number)| *number);
    let figures = || {
        let digits = ["ST", "ND", "RD", "TH"].iter().find_map(|end| word.strip_suffix(end))?;
        is_digits(digits).then(|| digits.parse().ok()).flatten()
    };
    spelt.or_else(tens).or_else(figures)
}

fn figures(number: u32) -> String {
    let end = match (number % 100, number % 10) {
        (11..=13, _) => "TH",
        (_, 1) => "ST",
        (_, 2) => "ND",
        (_, 3) => "RD",
        _ => "TH",
    };
    format!("{number}{end}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_one_spelling() {
        let spelt = |text: &str| {
            let Address { numbers, streets } = address(text);
            let numbers = match numbers {
                None => "-".to_owned(),
                Some(numbers) if numbers.is_one() => numbers.low.to_string(),
                Some(Numbers { low, high }) => format!("{low}..{high}"),
            };
            let part = |part: Option<&str>| part.unwrap_or("_").to_owned();
            let street = |it: &Street| format!("{}/{}/{}/{}", part(it.before), it.name, part(it.kind), part(it.after));
            format!("{numbers} {}", streets.iter().map(street).collect::<Vec<_>>().join(" x "))
        };
        for (text, expected) in [
            // Units, city and postcode are left out.
            ("3134 West Chicago Avenue, Apt 2, Chicago IL", "3134 W/CHICAGO/AVE/_"),
            ("12 N State St #5", "12 N/STATE/ST/_"),
            ("12345 S Torrence Ave Unit 7", "12345 S/TORRENCE/AVE/_"),
            ("12 N State St 2nd Floor", "12 N/STATE/ST/_"),
            ("12 N. State St. Suite 400", "12 N/STATE/ST/_"),
            ("12 1/2 N State St", "12 N/STATE/ST/_"),
            ("12A N State St", "12 N/STATE/ST/_"),
            // Blocks and ranges.
            ("031XX W CHICAGO AVE", "3100..3199 W/CHICAGO/AVE/_"),
            ("31xx w chicago av", "3100..3199 W/CHICAGO/AVE/_"),
            ("000XX N STATE ST", "0..99 N/STATE/ST/_"),
            ("0000X W TERMINAL ST", "0..9 W/TERMINAL/ST/_"),
            ("4700 block of S Western Blvd", "4700..4799 S/WESTERN/BLVD/_"),
            ("4712 blk S Western Blvd", "4700..4799 S/WESTERN/BLVD/_"),
            ("4700-4750 S Western", "4700..4750 S/WESTERN/_/_"),
            ("4700-50 S Western", "4700..4750 S/WESTERN/_/_"),
            ("4700–4698 S Western", "4700 S/WESTERN/_/_"),
            // Directions that are names, and after the kind.
            ("1600 W North Ave", "1600 W/NORTH/AVE/_"),
            ("North Avenue", "- _/NORTH/AVE/_"),
            ("1600 Pennsylvania Ave NW", "1600 _/PENNSYLVANIA/AVE/NW"),
            ("South Shore Drive", "- S/SHORE/DR/_"),
            // Numbers that are names.
            ("100 E 79 St", "100 E/79TH/ST/_"),
            ("79 st", "- _/79TH/ST/_"),
            ("E 079TH ST", "- E/79TH/ST/_"),
            ("Seventy-Ninth Street", "- _/79TH/ST/_"),
            ("Twenty Second Place", "- _/22ND/PL/_"),
            ("First Ave", "- _/1ST/AVE/_"),
            ("113th", "- _/113TH/_/_"),
            // Crossings.
            ("Madison & State", "- _/MADISON/_/_ x _/STATE/_/_"),
            ("W Madison St/N State St", "- W/MADISON/ST/_ x N/STATE/ST/_"),
            ("79th at Cottage Grove", "- _/79TH/_/_ x _/COTTAGE/GRV/_"),
            ("Corner of Madison and State", "- _/MADISON/_/_ x _/STATE/_/_"),
            ("Madison @ State", "- _/MADISON/_/_ x _/STATE/_/_"),
            ("Madison &", "- _/MADISON/_/_"),
            // Names of several words, or of a kind.
            ("Lake Shore Drive", "- _/LAKE SHORE/DR/_"),
            ("Saint Lawrence Ave", "- _/ST LAWRENCE/AVE/_"),
            ("Avenue B", "- _/AVENUE B/_/_"),
            ("Broadway", "- _/BROADWAY/_/_"),
            // Nothing.
            ("", "- "),
            ("#5", "- "),
            ("3134", "- _/3134TH/_/_"),
            ("99999999999999999999 Main St", "- _/99999999999999999999 MAIN/ST/_"),
            ("🙂 / 🙂", "- "),
        ] {
            assert_eq!(spelt(text), expected, "{text}");
        }
    }
}
