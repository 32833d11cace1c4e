//! The hours of a week: when it happens.

use crate::measures::periods::Days;
use crate::measures::{By, Facts, Figure, Measure, Names, Sum, Tallied, Tally};

/// What to show the hours of.
#[derive(Debug, Clone, PartialEq)]
pub struct HoursAsk {
    /// The set.
    pub names: Names,
    /// The measure.
    pub measure: &'static Measure,
    /// What must hold of an incident.
    pub conditions: Vec<String>,
    /// On which days.
    pub days: Days,
}

/// The hours of a week. What is recorded with a whole night for its time counts at its beginning, and what has no time at
/// midnight: the first hour of a day is to be read with care.
#[derive(Debug, Clone, PartialEq)]
pub struct Hours {
    /// For each day of the week from Sunday on, a figure for each hour from midnight on.
    pub weekdays: Vec<Vec<Figure>>,
    /// All days together, by hour.
    pub by_hour: Vec<Figure>,
    /// All hours together, by day of the week.
    pub by_weekday: Vec<Figure>,
    /// Everything together.
    pub all: Figure,
}

impl HoursAsk {
    /// The table that it needs.
    pub fn tally(&self) -> Tally {
        self.names.tally(&[By::Weekday, By::Hour], &self.conditions, self.days)
    }

    /// Puts the hours together from their table.
    pub fn hours(&self, tallied: &Tallied) -> Hours {
        let mut sums = [[Sum::default(); 24]; 7];
        for (values, count) in tallied {
            let number = |at: usize| values.get(at).and_then(|value| value.as_deref()?.parse::<usize>().ok());
            let place = number(0).zip(number(1)).and_then(|(day, hour)| sums.get_mut(day)?.get_mut(hour));
            if let Some(sum) = place {
                sum.add(self.measure, &Facts::read(values, 2, self.names), *count);
            }
        }
        let total = |sums: &mut dyn Iterator<Item = Sum>| {
            let sum = sums
                .fold(Sum::default(), |one, other| Sum { part: one.part + other.part, whole: one.whole + other.whole });
            sum.figure(self.measure)
        };
        let hour = |hour: usize| total(&mut sums.iter().filter_map(|day| day.get(hour)).copied());
        Hours {
            weekdays: sums.iter().map(|day| day.iter().map(|sum| sum.figure(self.measure)).collect()).collect(),
            by_hour: (0..24).map(hour).collect(),
            by_weekday: sums.iter().map(|day| total(&mut day.iter().copied())).collect(),
            all: total(&mut sums.iter().flatten().copied()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measures::INCIDENTS;

    #[test]
    fn hours_and_days_add_up() {
        let ask = HoursAsk {
            names: INCIDENTS,
            measure: Measure::named("theft").unwrap(),
            conditions: vec!["beat = '0411'".into()],
            days: Days { from: "2019-01-01".parse().unwrap(), to: "2019-12-31".parse().unwrap() },
        };
        assert_eq!(ask.tally().by[..2], [By::Weekday, By::Hour]);
        let row = |weekday: &str, hour: &str, code: &str, count| {
            let values = [weekday, hour, code, "false", "false", "open"].map(|word| Some(word.to_owned()));
            (values.to_vec(), count)
        };
        let hours = ask.hours(&vec![
            row("0", "0", "06", 2),
            row("6", "23", "06", 5),
            row("6", "0", "06", 1),
            row("9", "1", "06", 7),
            row("6", "23", "03", 9),
        ]);
        assert_eq!((hours.all.count, hours.by_hour[0].count, hours.by_weekday[6].count), (8, 3, 6));
        assert_eq!(hours.weekdays[6][23].count, 5);
    }
}
