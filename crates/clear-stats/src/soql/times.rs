//! Parts of times: microseconds in, calendar fields out (proleptic Gregorian calendar, ISO 8601 weeks).
//!
//! In:    microseconds since 1970-01-01T00:00 on some clock.
//! Out:   fields, and the beginnings of days, months and years.
//! Never: knows what time it is.

const DAY: i64 = 86_400_000_000;

/// Year, month and day of that many days since 1970-01-01. Years are counted from March, so that the leap day is last.
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let before = year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    before + ((month + 9) % 12 * 153 + 2) / 5 + day - 1 - 719_468
}

/// A part of a time.
#[derive(Debug, Clone, Copy)]
pub(super) enum Part {
    Year,
    Month,
    Day,
    Hour,
    Minute,
    Second,
    /// 0 is Sunday.
    Weekday,
    IsoWeek,
    IsoYear,
}

/// That part.
pub(super) fn part(micros: i64, part: Part) -> i64 {
    let day = micros.div_euclid(DAY);
    let second = micros.rem_euclid(DAY) / 1_000_000;
    match part {
        Part::Year => civil(day).0,
        Part::Month => civil(day).1,
        Part::Day => civil(day).2,
        Part::Hour => second / 3_600,
        Part::Minute => second / 60 % 60,
        Part::Second => second % 60,
        // 1970-01-01 was a Thursday.
        Part::Weekday => (day + 4).rem_euclid(7),
        Part::IsoWeek => iso(day).1,
        Part::IsoYear => iso(day).0,
    }
}

/// A week belongs to the year of its Thursday.
fn iso(day: i64) -> (i64, i64) {
    let from_monday = (day + 3).rem_euclid(7);
    let thursday = day - from_monday + 3;
    let year = civil(thursday).0;
    (year, (thursday - days(year, 1, 1)) / 7 + 1)
}

/// The beginning of the year, month or day; any other part is the time itself.
pub(super) fn beginning(micros: i64, of: Part) -> i64 {
    let day = micros.div_euclid(DAY);
    let (year, month, _) = civil(day);
    match of {
        Part::Year => days(year, 1, 1) * DAY,
        Part::Month => days(year, month, 1) * DAY,
        Part::Day => day * DAY,
        _ => micros,
    }
}

/// How many days the calendar of the first is ahead of that of the second.
pub(super) fn days_between(first: i64, second: i64) -> i64 {
    first.div_euclid(DAY) - second.div_euclid(DAY)
}

/// `2017-09-17T23:57:00.000`.
pub(super) fn shown(micros: i64) -> String {
    let (year, month, day) = civil(micros.div_euclid(DAY));
    let within = micros.rem_euclid(DAY) / 1_000;
    let (hour, minute) = (within / 3_600_000, within / 60_000 % 60);
    let (second, milli) = (within / 1_000 % 60, within % 1_000);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn micros(text: &str) -> i64 {
        clear_soql::types::floating(text).unwrap()
    }

    #[test]
    fn fields_are_those_of_the_calendar() {
        for (text, weekday, iso_year, iso_week) in [
            ("2017-09-17", 0, 2017, 37),
            ("2016-01-01", 5, 2015, 53),
            ("2018-12-31", 1, 2019, 1),
            ("2021-01-03", 0, 2020, 53),
            ("2000-02-29", 2, 2000, 9),
            ("1969-12-31", 3, 1970, 1),
            ("0001-01-01", 1, 1, 1),
        ] {
            let at = micros(text);
            let of = |of| part(at, of);
            assert_eq!(
                (of(Part::Weekday), of(Part::IsoYear), of(Part::IsoWeek)),
                (weekday, iso_year, iso_week),
                "{text}"
            );
            assert_eq!(shown(at), format!("{text}T00:00:00.000"));
        }
        let at = micros("1969-12-31T23:58:07.250");
        assert_eq!(shown(at), "1969-12-31T23:58:07.250");
        assert_eq!(
            [part(at, Part::Hour), part(at, Part::Minute), part(at, Part::Second), part(at, Part::Day)],
            [23, 58, 7, 31]
        );
        assert_eq!(shown(beginning(at, Part::Year)), "1969-01-01T00:00:00.000");
        assert_eq!(shown(beginning(at, Part::Month)), "1969-12-01T00:00:00.000");
        assert_eq!(days_between(micros("2017-09-17T00:00"), micros("2017-09-01T23:59")), 16);
    }
}
