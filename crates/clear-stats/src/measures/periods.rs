//! Which days a board compares with which.

use jiff::ToSpan;
use jiff::civil::Date;

/// Days from one to another, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Days {
    /// The first.
    pub from: Date,
    /// The last.
    pub to: Date,
}

impl Days {
    /// How many.
    pub fn count(self) -> u64 {
        let days = self.from.until(self.to).map(|span| span.get_days()).unwrap_or_default();
        u64::try_from(days + 1).unwrap_or_default()
    }

    fn back(self, days: i32) -> Option<Days> {
        let back = |day: Date| day.checked_sub(days.days()).ok();
        Some(Days { from: back(self.from)?, to: back(self.to)? })
    }
}

/// A period of a board.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// Its name: `7_days`.
    pub name: &'static str,
    /// For people.
    pub title: &'static str,
    /// How many days it has; `None` since the first of January.
    days: Option<i32>,
}

/// The periods of a board. The same of last year is 52 weeks before, so that it has the same days of the week; since the
/// first of January it ends on the same date.
pub const PERIODS: &[Period] = &[
    Period { name: "7_days", title: "7 days", days: Some(7) },
    Period { name: "28_days", title: "28 days", days: Some(28) },
    Period { name: "year_to_date", title: "Year to date", days: None },
];

const LAST_YEAR_DAYS: i32 = 364;

/// A period up to a day, with what it is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The period.
    pub period: &'static Period,
    /// Its days.
    pub now: Days,
    /// As many days before; none for the year to date.
    pub previous: Option<Days>,
    /// The same of last year.
    pub last_year: Option<Days>,
}

impl Period {
    /// The period that ends on a day. `None` only at the ends of time.
    pub fn upto(&'static self, on: Date) -> Option<Window> {
        let Some(days) = self.days else {
            let now = Days { from: on.first_of_year(), to: on };
            let year_ago = |day: Date| day.checked_sub(1.year()).ok();
            let last_year = year_ago(now.from).zip(year_ago(on)).map(|(from, to)| Days { from, to });
            return Some(Window { period: self, now, previous: None, last_year });
        };
        let now = Days { from: on.checked_sub((days - 1).days()).ok()?, to: on };
        Some(Window { period: self, now, previous: now.back(days), last_year: now.back(LAST_YEAR_DAYS) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_end_on_a_day_and_are_compared_with_as_many_days() {
        let said =
            |days: Option<Days>| days.map_or("-".to_owned(), |it| format!("{}..{} ({})", it.from, it.to, it.count()));
        for (on, expected) in [
            (
                "2019-07-16",
                [
                    "2019-07-10..2019-07-16 (7) | 2019-07-03..2019-07-09 (7) | 2018-07-11..2018-07-17 (7)",
                    "2019-06-19..2019-07-16 (28) | 2019-05-22..2019-06-18 (28) | 2018-06-20..2018-07-17 (28)",
                    "2019-01-01..2019-07-16 (197) | - | 2018-01-01..2018-07-16 (197)",
                ],
            ),
            (
                "2016-02-29",
                [
                    "2016-02-23..2016-02-29 (7) | 2016-02-16..2016-02-22 (7) | 2015-02-24..2015-03-02 (7)",
                    "2016-02-02..2016-02-29 (28) | 2016-01-05..2016-02-01 (28) | 2015-02-03..2015-03-02 (28)",
                    "2016-01-01..2016-02-29 (60) | - | 2015-01-01..2015-02-28 (59)",
                ],
            ),
        ] {
            for (period, expected) in PERIODS.iter().zip(expected) {
                let it = period.upto(on.parse().unwrap()).unwrap();
                let all = [Some(it.now), it.previous, it.last_year].map(said).join(" | ");
                assert_eq!(all, expected, "{on} {}", period.name);
            }
        }
        assert!(PERIODS.iter().all(|period| period.upto(Date::MIN).is_none_or(|it| it.last_year.is_none())));
    }
}
