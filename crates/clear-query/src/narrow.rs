//! What a search keeps: days, hours, weekdays, beats, areas and shapes on the map, as they are written in a question.

use clear_record::Kind;
use clear_search::{Area, Born, Filter, Point, read_date};
use jiff::civil::Weekday;
use jiff::{Timestamp, tz};

use crate::{Error, Find};

const WEEKDAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];

/// The filter that a question says.
///
/// # Errors
/// [`Error::Question`] with what is wrong and how it is written.
pub(crate) fn filter(find: &Find, at: Timestamp) -> Result<Filter, Error> {
    if let (Some(from), Some(to)) = (find.from, find.to)
        && from > to
    {
        return Err(wrong(format!("from ({from}) is after to ({to})")));
    }
    let kinds = match said(&find.kind) {
        None => Vec::new(),
        Some(kind) => vec![kind_named(kind)?],
    };
    Ok(Filter {
        occurred_from: find.from,
        occurred_to: find.to,
        beat: said(&find.beat).map(str::to_owned),
        kinds,
        sex: find.sex,
        born: born(find, at)?,
        home: said(&find.home).map(str::to_owned),
        district: said(&find.district).map(str::to_owned),
        community_area: find.community_area,
        area: area(find)?,
        hours: said(&find.hours).map(hours).transpose()?,
        weekdays: said(&find.weekdays).map(weekdays).transpose()?.unwrap_or_default(),
    })
}

/// Whether a question keeps only some of what it finds.
pub(crate) fn narrows(find: &Find) -> bool {
    let texts = [&find.beat, &find.kind, &find.district, &find.near, &find.polygon, &find.hours, &find.weekdays];
    find.from.is_some()
        || find.to.is_some()
        || find.community_area.is_some()
        || texts.iter().any(|text| said(text).is_some())
}

/// Whether it keeps only some persons.
pub(crate) fn of_persons(find: &Find) -> bool {
    find.sex.is_some() || [&find.born, &find.age, &find.home].iter().any(|text| said(text).is_some())
}

/// When the persons were born that a question keeps, `at` being today.
///
/// # Errors
/// [`Error::Question`] with how it is written.
pub(crate) fn born(find: &Find, at: Timestamp) -> Result<Option<Born>, Error> {
    let number = |text: &str| text.trim().parse::<i16>().ok().filter(|number| (0..=9_999).contains(number));
    match (said(&find.born), said(&find.age)) {
        (None, None) => Ok(None),
        (Some(_), Some(_)) => Err(wrong("say born or age, not both".into())),
        (Some(text), None) => {
            let days = || text.split_once("..").and_then(|(from, to)| Some((read_date(from)?, read_date(to)?)));
            let about = || text.split_once('~').and_then(|(year, within)| Some((number(year)?, number(within)?)));
            let born = match (days(), about(), number(text).filter(|year| *year >= 1_800), read_date(text)) {
                (Some((from, to)), ..) if from <= to => Some(Born::Between(from, to)),
                (None, Some((year, within)), ..) => Some(Born::about(year, within)),
                (None, None, Some(year), _) => Some(Born::about(year, 0)),
                (None, None, None, Some(day)) => Some(Born::Between(day, day)),
                _ => None,
            };
            let how = "born is a year (1980), a year about (1980~2), a day, or two days (1980-03-01..1981-02-28)";
            born.map(Some).ok_or_else(|| wrong(how.into()))
        }
        (None, Some(text)) => {
            let (from, to) = text.split_once('-').unwrap_or((text, text));
            let ages = number(from).zip(number(to)).filter(|(from, to)| from <= to && *to <= 150);
            let (from, to) = ages.ok_or_else(|| wrong("age is in whole years: 34, or 30-40".into()))?;
            Ok(Some(Born::aged(from, to, at.to_zoned(tz::TimeZone::UTC).date())))
        }
    }
}

fn said(text: &Option<String>) -> Option<&str> {
    text.as_deref().map(str::trim).filter(|text| !text.is_empty())
}

fn wrong(what: String) -> Error {
    Error::Question(what)
}

fn kind_named(name: &str) -> Result<Kind, Error> {
    Kind::ALL.into_iter().find(|kind| kind.name() == name).ok_or_else(|| {
        let names: Vec<&str> = Kind::ALL.iter().map(|kind| kind.name()).collect();
        wrong(format!("kind is one of {}", names.join(", ")))
    })
}

fn area(find: &Find) -> Result<Option<Area>, Error> {
    let area = match (said(&find.near), find.radius_m, said(&find.polygon)) {
        (None, None, None) => return Ok(None),
        (Some(centre), Some(radius_m), None) => Area::circle(point(centre)?, radius_m),
        (None, None, Some(corners)) => {
            let corners = corners.split(';').map(str::trim).filter(|corner| !corner.is_empty());
            Area::polygon(corners.map(point).collect::<Result<Vec<Point>, Error>>()?)
        }
        (_, _, Some(_)) => return Err(wrong("say near with radius_m, or polygon, not both".into())),
        (..) => return Err(wrong("near and radius_m are said together: near=41.88,-87.63 and radius_m=500".into())),
    };
    area.map(Some).map_err(|error| wrong(error.to_string()))
}

/// `41.88,-87.63`: latitude first.
fn point(text: &str) -> Result<Point, Error> {
    let read = |text: &str| text.trim().parse::<f64>().ok();
    let point = text.split_once(',').and_then(|(north, east)| read(north).zip(read(east)));
    point
        .map(|(latitude, longitude)| Point { latitude, longitude })
        .ok_or_else(|| wrong("a point is a latitude and a longitude in degrees: 41.88,-87.63".into()))
}

/// `22-2`: from ten in the evening until two.
fn hours(text: &str) -> Result<(u8, u8), Error> {
    let read = |text: &str| text.trim().parse::<u8>().ok();
    let hours = text.split_once('-').and_then(|(from, to)| read(from).zip(read(to)));
    hours
        .filter(|(from, to)| *from < 24 && *to <= 24 && from != to)
        .ok_or_else(|| wrong("hours are from one full hour to another, 0 to 24: 22-2".into()))
}

/// `sat,sun`.
fn weekdays(text: &str) -> Result<Vec<Weekday>, Error> {
    let day = |name: &str| {
        let name = name.trim().to_ascii_lowercase();
        let known = WEEKDAYS.iter().find(|(short, _)| name.len() >= 3 && name.starts_with(short));
        known
            .map(|(_, day)| *day)
            .ok_or_else(|| wrong("weekdays are mon, tue, wed, thu, fri, sat, sun: sat,sun".into()))
    };
    text.split(',').map(day).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_read_or_refused_with_its_mend() {
        let text = |text: &str| Some(text.to_owned());
        for (find, expected) in [
            (Find { hours: text("22-2"), ..Find::default() }, Ok(())),
            (Find { hours: text("0-24"), ..Find::default() }, Ok(())),
            (
                Find { hours: text("20-25"), ..Find::default() },
                Err("hours are from one full hour to another, 0 to 24: 22-2"),
            ),
            (Find { hours: text("20-24"), ..Find::default() }, Ok(())),
            (
                Find { hours: text("7"), ..Find::default() },
                Err("hours are from one full hour to another, 0 to 24: 22-2"),
            ),
            (Find { weekdays: text("Sat, sunday"), ..Find::default() }, Ok(())),
            (
                Find { weekdays: text("x"), ..Find::default() },
                Err("weekdays are mon, tue, wed, thu, fri, sat, sun: sat,sun"),
            ),
            (Find { near: text("41.88,-87.63"), radius_m: Some(500), ..Find::default() }, Ok(())),
            (
                Find { near: text("41.88,-87.63"), ..Find::default() },
                Err("near and radius_m are said together: near=41.88,-87.63 and radius_m=500"),
            ),
            (
                Find { near: text("north"), radius_m: Some(5), ..Find::default() },
                Err("a point is a latitude and a longitude in degrees: 41.88,-87.63"),
            ),
            (
                Find { near: text("41.88,-87.63"), radius_m: Some(60_000), ..Find::default() },
                Err("a circle has a latitude, a longitude and a radius of 1 to 50000 metres"),
            ),
            (Find { polygon: text("41.8,-87.6;41.9,-87.6;41.9,-87.7;"), ..Find::default() }, Ok(())),
            (
                Find { polygon: text("0,0;0.1,0.1;0,0.1;0.1,0"), ..Find::default() },
                Err("this polygon cannot be searched: its sides cross: give the corners in order around it"),
            ),
            (Find { kind: text("stop"), ..Find::default() }, Ok(())),
        ] {
            let read = filter(&find, Timestamp::UNIX_EPOCH).map(|_| ()).map_err(|error| error.to_string());
            assert_eq!(read, expected.map_err(str::to_owned), "{find:?}");
            assert!(narrows(&find));
        }
        assert!(!narrows(&Find { text: text("smith"), beat: text(" "), ..Find::default() }));
    }

    #[test]
    fn birth_and_age_are_read_as_people_write_them() {
        let at = "2026-06-15T12:00:00Z".parse().expect("a time");
        let read = |birth: &str, age: &str| {
            let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
            match born(&Find { born: text(birth), age: text(age), ..Find::default() }, at) {
                Ok(Some(Born::Between(from, to))) => format!("{from}..{to}"),
                Ok(other) => format!("{other:?}"),
                Err(error) => error.to_string(),
            }
        };
        for (birth, age, expected) in [
            ("1980", "", "1980-01-01..1980-12-31"),
            ("1980~2", "", "1978-01-01..1982-12-31"),
            ("1980-03-01..1981-02-28", "", "1980-03-01..1981-02-28"),
            ("3/1/1980", "", "1980-03-01..1980-03-01"),
            ("", "34", "1991-06-16..1992-06-15"),
            ("", "30-40", "1985-06-16..1996-06-15"),
            (
                "1981-02-28..1980-03-01",
                "",
                "born is a year (1980), a year about (1980~2), a day, or two days (1980-03-01..1981-02-28)",
            ),
            (
                "00/00/0000",
                "",
                "born is a year (1980), a year about (1980~2), a day, or two days (1980-03-01..1981-02-28)",
            ),
            ("", "40-30", "age is in whole years: 34, or 30-40"),
            ("", "old", "age is in whole years: 34, or 30-40"),
            ("1980", "34", "say born or age, not both"),
        ] {
            assert_eq!(read(birth, age), expected, "{birth} {age}");
        }
    }
}
