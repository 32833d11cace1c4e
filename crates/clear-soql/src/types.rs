//! The types of the language, and what a text in a query may stand for.
//!
//! In:    the text of a literal.
//! Out:   the types that it can be read as, and its value as one of them.
//! Never: asks the time or a zone: a time without a zone is the city's clock.

use crate::wkt::{self, Shape};

macro_rules! types {
    ($($(#[$doc:meta])* $name:ident = $word:literal;)*) => {
        /// A type, as columns have them and `X-SODA2-Types` tells them.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum SoqlType { $($(#[$doc])* $name,)* }

        impl SoqlType {
            /// Every type, in the order in which a text is taken for one.
            pub const ALL: &'static [SoqlType] = &[$(SoqlType::$name,)*];

            /// Its name in the language and in headers: `floating_timestamp`.
            pub const fn word(self) -> &'static str {
                match self { $(SoqlType::$name => $word,)* }
            }
        }
    };
}

types! {
    /// Text.
    Text = "text";
    /// A number; 64 bits, binary (decision 0046).
    Number = "number";
    /// Yes or no.
    Checkbox = "checkbox";
    /// A time on the city's clock.
    FloatingTimestamp = "floating_timestamp";
    /// A moment, in UTC.
    FixedTimestamp = "fixed_timestamp";
    /// A longitude and a latitude, degrees, WGS 84.
    Point = "point";
    /// Points.
    MultiPoint = "multipoint";
    /// A line of points.
    Line = "line";
    /// Lines.
    MultiLine = "multiline";
    /// A ring and its holes.
    Polygon = "polygon";
    /// Polygons.
    MultiPolygon = "multipolygon";
    /// An address on the web.
    Url = "url";
    /// A JSON value.
    Json = "json";
}

impl SoqlType {
    /// The type of that name, if there is one. Names of older portals are known too.
    pub fn named(word: &str) -> Option<SoqlType> {
        let word = match word {
            "boolean" => "checkbox",
            "calendar_date" => "floating_timestamp",
            "date" => "fixed_timestamp",
            word => word,
        };
        SoqlType::ALL.iter().copied().find(|soql_type| soql_type.word() == word)
    }
}

impl std::fmt::Display for SoqlType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.word())
    }
}

/// A set of types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Types(u16);

impl Types {
    /// Every type.
    pub const ANY: Types = Types(u16::MAX);
    /// What has an order: text, number, yes or no, times.
    pub const ORDERED: Types = Types::of(&[
        SoqlType::Text,
        SoqlType::Number,
        SoqlType::Checkbox,
        SoqlType::FloatingTimestamp,
        SoqlType::FixedTimestamp,
        SoqlType::Url,
    ]);
    /// What has an order and is no yes or no.
    pub const SIZED: Types = Types::of(&[
        SoqlType::Text,
        SoqlType::Number,
        SoqlType::FloatingTimestamp,
        SoqlType::FixedTimestamp,
        SoqlType::Url,
    ]);
    /// Times.
    pub const TIME: Types = Types::of(&[SoqlType::FloatingTimestamp, SoqlType::FixedTimestamp]);
    /// Points.
    pub const POINTS: Types = Types::of(&[SoqlType::Point, SoqlType::MultiPoint]);
    /// Lines.
    pub const LINES: Types = Types::of(&[SoqlType::Line, SoqlType::MultiLine]);
    /// Polygons.
    pub const POLYGONS: Types = Types::of(&[SoqlType::Polygon, SoqlType::MultiPolygon]);
    /// Every geometry.
    pub const GEO: Types = Types(Types::POINTS.0 | Types::LINES.0 | Types::POLYGONS.0);

    /// The set of those.
    pub const fn of(types: &[SoqlType]) -> Types {
        let mut bits = 0;
        let mut rest = types;
        while let Some((first, others)) = rest.split_first() {
            bits |= 1 << (*first as u16);
            rest = others;
        }
        Types(bits)
    }

    /// The set of one.
    pub const fn one(soql_type: SoqlType) -> Types {
        Types(1 << (soql_type as u16))
    }

    /// Those in both.
    #[must_use]
    pub const fn and(self, other: Types) -> Types {
        Types(self.0 & other.0)
    }

    /// Those in either.
    #[must_use]
    pub const fn or(self, other: Types) -> Types {
        Types(self.0 | other.0)
    }

    /// Whether none is in it.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether that one is in it.
    pub const fn has(self, soql_type: SoqlType) -> bool {
        self.0 & (1 << (soql_type as u16)) != 0
    }

    /// The first in the order of [`SoqlType::ALL`].
    pub fn first(self) -> Option<SoqlType> {
        SoqlType::ALL.iter().copied().find(|soql_type| self.has(*soql_type))
    }
}

/// What a text literal can be read as, text among them.
pub(crate) fn readings(text: &str) -> Types {
    let mut types = Types::of(&[SoqlType::Text, SoqlType::Url]);
    let mut add = |soql_type: SoqlType, reads: bool| {
        if reads {
            types = types.or(Types::one(soql_type));
        }
    };
    add(SoqlType::Number, number(text).is_some());
    add(SoqlType::Checkbox, checkbox(text).is_some());
    add(SoqlType::FloatingTimestamp, floating(text).is_some());
    add(SoqlType::FixedTimestamp, fixed(text).is_some());
    if let Some(soql_type) = wkt::kind(text) {
        add(soql_type, wkt::read(text).is_some());
    }
    types
}

/// A finite number as a text writes it, with or without sign.
pub fn number(text: &str) -> Option<f64> {
    let text = text.trim();
    // What Rust reads beyond digits (`inf`, `nan`) is no number here.
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.' | b'e' | b'E'));
    if !plain {
        return None;
    }
    text.parse::<f64>().ok().filter(|number| number.is_finite())
}

/// Yes or no as a text writes it.
pub fn checkbox(text: &str) -> Option<bool> {
    let text = text.trim();
    let is = |words: [&str; 3]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
    match () {
        () if is(["true", "t", "1"]) => Some(true),
        () if is(["false", "f", "0"]) => Some(false),
        () => None,
    }
}

/// A geometry as a text writes it (OGC 06-103r4, well-known text, two dimensions).
pub fn shape(text: &str) -> Option<Shape> {
    wkt::read(text)
}

const DAY: i64 = 86_400_000_000;

/// A time on the city's clock as a text writes it, microseconds since 1970-01-01T00:00 on that clock: `2017`, `2017-09`,
/// `2017-09-17`, `2017-09-17T23:57`, `2017-09-17 23:57:00.000`. A zone does not belong here.
pub fn floating(text: &str) -> Option<i64> {
    let (micros, rest) = local(text.trim())?;
    rest.is_empty().then_some(micros)
}

/// A moment as a text writes it, microseconds since 1970 UTC; without a zone it is UTC.
pub fn fixed(text: &str) -> Option<i64> {
    let (micros, rest) = local(text.trim())?;
    let offset = match rest.as_bytes() {
        [] | [b'Z' | b'z'] => 0,
        [sign @ (b'+' | b'-'), h1, h2, after @ ..] => {
            let two = |a: &u8, b: &u8| Some(i64::from(digit(*a)?) * 10 + i64::from(digit(*b)?));
            let minutes = match after {
                [] => 0,
                [b':', m1, m2] | [m1, m2] => two(m1, m2)?,
                _ => return None,
            };
            let minutes = two(h1, h2)? * 60 + minutes;
            if minutes > 18 * 60 {
                return None;
            }
            if *sign == b'-' { -minutes } else { minutes }
        }
        _ => return None,
    };
    Some(micros - offset * 60_000_000)
}

fn digit(byte: u8) -> Option<u8> {
    byte.is_ascii_digit().then(|| byte - b'0')
}

/// Takes so many digits.
fn digits(text: &str, count: usize) -> Option<(i64, &str)> {
    let (head, rest) = text.split_at_checked(count)?;
    if !head.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some((head.parse().ok()?, rest))
}

/// A date and perhaps a time, and what stands behind it.
fn local(text: &str) -> Option<(i64, &str)> {
    let (year, mut rest) = digits(text, 4)?;
    let (mut month, mut day) = (1, 1);
    if let Some(after) = rest.strip_prefix('-') {
        (month, rest) = digits(after, 2)?;
        if let Some(after) = rest.strip_prefix('-') {
            (day, rest) = digits(after, 2)?;
        }
    }
    if !(1..=12).contains(&month) || day < 1 || day > days_in(year, month) {
        return None;
    }
    let midnight = days_since_1970(year, month, day) * DAY;
    let Some(after) = rest.strip_prefix(['T', 't', ' ']) else { return Some((midnight, rest)) };
    let (hour, after) = digits(after, 2)?;
    let (minute, mut rest) = digits(after.strip_prefix(':')?, 2)?;
    let (mut second, mut micros) = (0, 0);
    if let Some(after) = rest.strip_prefix(':') {
        (second, rest) = digits(after, 2)?;
        if let Some(after) = rest.strip_prefix('.') {
            let len = after.bytes().take_while(u8::is_ascii_digit).count();
            let (fraction, behind) = after.split_at_checked(len)?;
            let six: String = fraction.chars().chain("000000".chars()).take(6).collect();
            micros = six.parse().ok()?;
            rest = behind;
        }
    }
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    Some((midnight + ((hour * 60 + minute) * 60 + second) * 1_000_000 + micros, rest))
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 in the proleptic Gregorian calendar. Years are counted from March, so that the leap day is last.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let month_from_march = (month + 9) % 12;
    let before_year = year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    before_year + (month_from_march * 153 + 2) / 5 + day - 1 - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_read_as_times_or_not_at_all() {
        let cases = [
            ("1970-01-01", Some(0)),
            ("1970-01-02T00:00:00.000001", Some(DAY + 1)),
            ("1969-12-31 23:59:59", Some(-1_000_000)),
            ("2000-02-29", Some(11_016 * DAY)),
            ("2017", Some(17_167 * DAY)),
            ("2017-09", Some(17_410 * DAY)),
            ("2017-09-17T23:57", Some(17_426 * DAY + (23 * 60 + 57) * 60_000_000)),
            ("2017-02-29", None),
            ("2017-13-01", None),
            ("2017-00-01", None),
            ("2017-09-17T24:00:00", None),
            ("2017-09-17Z", None),
            ("yesterday", None),
            ("", None),
            ("éééé", None),
        ];
        for (text, micros) in cases {
            assert_eq!(floating(text), micros, "{text}");
        }
        for (text, micros) in [
            ("1970-01-01T01:00:00Z", Some(3_600_000_000)),
            ("1970-01-01T00:00:00-06:00", Some(21_600_000_000)),
            ("1970-01-01T00:00:00+0130", Some(-5_400_000_000)),
            ("1970-01-01T00:00:00+99", None),
            ("1970-01-01", Some(0)),
        ] {
            assert_eq!(fixed(text), micros, "{text}");
        }
    }

    #[test]
    fn a_text_can_be_read_as_several_types() {
        let readings = |text: &str| -> String {
            SoqlType::ALL.iter().filter(|t| readings(text).has(**t)).map(|t| t.word()).collect::<Vec<_>>().join(" ")
        };
        for (text, types) in [
            ("theft", "text url"),
            ("0411", "text number floating_timestamp fixed_timestamp url"),
            ("-1.5e3", "text number url"),
            ("inf", "text url"),
            ("1", "text number checkbox url"),
            ("true", "text checkbox url"),
            ("2017-09-17", "text floating_timestamp fixed_timestamp url"),
            ("POINT (-87.6 41.8)", "text point url"),
            ("point(-87.6)", "text url"),
        ] {
            assert_eq!(readings(text), types, "{text}");
        }
    }
}
