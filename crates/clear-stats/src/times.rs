//! Times on the city's clock: microseconds since 1970, and the parts of a date that are counted by.

use jiff::civil::{Date, DateTime};

use crate::values::Value;

/// Microseconds of a day.
pub(crate) const DAY: i64 = 86_400_000_000;

/// Microseconds since 1970 on the city's clock.
pub fn micros(at: DateTime) -> i64 {
    let midnight = i64::from(days(at.date())) * DAY;
    let seconds = i64::from(at.hour()) * 3_600 + i64::from(at.minute()) * 60 + i64::from(at.second());
    midnight + seconds * 1_000_000 + i64::from(at.subsec_nanosecond()) / 1_000
}

/// The day that a time is in, counted from 1970.
pub(crate) fn days_of(micros: i64) -> i64 {
    micros.div_euclid(DAY)
}

fn days(date: Date) -> i32 {
    Date::constant(1970, 1, 1).until(date).map_or(0, |span| span.get_days())
}

/// The date of a day that is counted from 1970; what is beyond the calendar is its end.
pub(crate) fn date_of(day: i64) -> Date {
    let span = jiff::Span::new().try_days(day);
    let date = span.and_then(|span| Date::constant(1970, 1, 1).checked_add(span));
    date.unwrap_or(if day < 0 { Date::MIN } else { Date::MAX })
}

/// A part of a time that is counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Grain {
    /// The time its year, month or day began.
    Year,
    Month,
    Day,
    /// The number of its year, month, day, weekday (0 is Sunday), ISO week.
    YearNumber,
    MonthNumber,
    DayNumber,
    Weekday,
    Week,
    /// The number of its hour, minute, second.
    Hour,
    Minute,
    Second,
}

impl Grain {
    /// How many values there are, for parts that every day has alike.
    pub(crate) fn of_day(self) -> Option<u32> {
        match self {
            Grain::Hour => Some(24),
            Grain::Minute | Grain::Second => Some(60),
            _ => None,
        }
    }

    /// The part of a time, for parts that every day has alike.
    pub(crate) fn part(self, micros: i64) -> u32 {
        let second = micros.rem_euclid(DAY) / 1_000_000;
        (match self {
            Grain::Hour => second / 3_600,
            Grain::Minute => second / 60 % 60,
            Grain::Second => second % 60,
            _ => 0,
        }) as u32
    }

    /// Whether a part that has ended never comes again.
    pub(crate) fn passes(self) -> bool {
        matches!(self, Grain::Year | Grain::Month | Grain::Day)
    }

    /// The part that a day has, which is counted from 1970 and has this date: as a number that only it has, and as a value.
    pub(crate) fn of(self, day: i64, date: Date) -> (i64, Value) {
        let began = |day: i64| (day, Value::Time(day * DAY));
        let number = |number: i64| (number, Value::Number(number as f64));
        match self {
            Grain::Day => began(day),
            Grain::Month => began(day - i64::from(date.day()) + 1),
            Grain::Year => began(day - i64::from(date.day_of_year()) + 1),
            Grain::YearNumber => number(date.year().into()),
            Grain::MonthNumber => number(date.month().into()),
            Grain::DayNumber => number(date.day().into()),
            Grain::Weekday => number(date.weekday().to_sunday_zero_offset().into()),
            Grain::Week => number(date.iso_week_date().week().into()),
            Grain::Hour | Grain::Minute | Grain::Second => number(0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{DAY, Grain, date_of, days};
    use crate::values::Value;

    #[test]
    fn a_part_begins_where_the_calendar_says() {
        for day in -30_000..60_000 {
            let date = date_of(day);
            let began = |grain: Grain| match grain.of(day, date) {
                (number, Value::Time(micros)) if micros == number * DAY => number,
                other => panic!("{day}: {other:?}"),
            };
            assert_eq!(began(Grain::Day), day);
            assert_eq!(began(Grain::Month), i64::from(days(date.first_of_month())), "{date}");
            assert_eq!(began(Grain::Year), i64::from(days(date.first_of_year())), "{date}");
        }
    }
}
