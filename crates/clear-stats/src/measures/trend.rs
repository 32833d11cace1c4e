//! A trend: month after month, and each beside the same month of the year before.

use std::collections::BTreeMap;

use jiff::ToSpan;
use jiff::civil::Date;

use crate::measures::board::{Compared, compared, settle};
use crate::measures::periods::Days;
use crate::measures::{By, Facts, Figure, Measure, Names, Sum, Tallied, Tally};

/// Months of a trend at most.
const MONTHS_MAX: usize = 240;

/// What to show the trend of.
#[derive(Debug, Clone, PartialEq)]
pub struct TrendAsk {
    /// The set.
    pub names: Names,
    /// These measures, in order.
    pub measures: Vec<&'static Measure>,
    /// What must hold of an incident.
    pub conditions: Vec<String>,
    /// The days that are shown. The year before is counted too, to be compared with.
    pub days: Days,
    /// The first and the last day of which there is anything.
    pub span: Option<Days>,
}

/// A trend.
#[derive(Debug, Clone, PartialEq)]
pub struct Trend {
    /// A series for each measure.
    pub series: Vec<Series>,
    /// How many comparisons were made, which the evidence is corrected for.
    pub compared: usize,
}

/// A measure, month after month.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// Which.
    pub measure: &'static Measure,
    /// The months in order, those without an incident too.
    pub months: Vec<Month>,
}

/// A month.
#[derive(Debug, Clone, PartialEq)]
pub struct Month {
    /// Its first day.
    pub first: Date,
    /// Its figure.
    pub figure: Figure,
    /// Whether only some of its days are counted.
    pub partial: bool,
    /// Beside the same month of the year before, where both are whole.
    pub last_year: Option<Compared>,
}

impl TrendAsk {
    /// The days that are counted: those that are shown, as far as there is anything, and the year before.
    fn counted(&self) -> Days {
        let from = self.shown().from.first_of_month();
        Days { from: from.checked_sub(1.year()).unwrap_or(from), to: self.shown().to }
    }

    fn shown(&self) -> Days {
        let Some(span) = self.span else { return self.days };
        Days { from: self.days.from.max(span.from), to: self.days.to.min(span.to) }
    }

    /// The table that it needs.
    pub fn tally(&self) -> Tally {
        self.names.tally(&[By::Year, By::Month], &self.conditions, self.counted())
    }

    /// Puts the trend together from its table.
    pub fn trend(&self, tallied: &Tallied) -> Trend {
        let mut sums: BTreeMap<(i16, i8), Vec<Sum>> = BTreeMap::new();
        for (values, count) in tallied {
            let part = |at: usize| values.get(at).and_then(|value| value.as_deref());
            let month = part(0).and_then(|year| year.parse().ok()).zip(part(1).and_then(|month| month.parse().ok()));
            let Some(month) = month else { continue };
            let facts = Facts::read(values, 2, self.names);
            let sums = sums.entry(month).or_insert_with(|| vec![Sum::default(); self.measures.len()]);
            for (sum, measure) in sums.iter_mut().zip(&self.measures) {
                sum.add(measure, &facts, *count);
            }
        }
        let shown = self.shown();
        let sum = |first: Date, at: usize| -> Sum {
            sums.get(&(first.year(), first.month())).and_then(|sums| sums.get(at)).copied().unwrap_or_default()
        };
        let days = |first: Date| Days { from: first, to: first.last_of_month() };
        let is_whole = |days: Days, known: Days| known.from <= days.from && days.to <= known.to;
        let known = self.span.unwrap_or(shown);
        let firsts: Vec<Date> =
            std::iter::successors(Some(shown.from.first_of_month()), |first| first.checked_add(1.month()).ok())
                .take_while(|first| *first <= shown.to)
                .take(MONTHS_MAX)
                .collect();
        let month = |at: usize, measure: &Measure, first: Date| {
            let (now, this) = (days(first), sum(first, at));
            let partial = !is_whole(now, shown);
            let before = first.checked_sub(1.year()).ok().filter(|it| !partial && is_whole(days(*it), known));
            let last_year =
                before.map(|before| compared(measure, (this, now.count()), (sum(before, at), days(before).count())));
            Month { first, figure: this.figure(measure), partial, last_year }
        };
        let mut series: Vec<Series> = self
            .measures
            .iter()
            .enumerate()
            .map(|(at, measure)| Series {
                measure,
                months: firsts.iter().map(|first| month(at, measure, *first)).collect(),
            })
            .collect();
        let mut all: Vec<&mut Compared> =
            series.iter_mut().flat_map(|it| &mut it.months).filter_map(|month| month.last_year.as_mut()).collect();
        settle(&mut all);
        let compared = all.len();
        Trend { series, compared }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measures::INCIDENTS;

    #[test]
    fn months_stand_beside_the_same_of_the_year_before() {
        let date = |text: &str| text.parse::<Date>().unwrap();
        let ask = TrendAsk {
            names: INCIDENTS,
            measures: vec![Measure::named("theft").unwrap()],
            conditions: vec![],
            days: Days { from: date("2019-01-01"), to: date("2019-12-31") },
            span: Some(Days { from: date("2018-02-01"), to: date("2019-04-10") }),
        };
        let within = "occurred_from between '2018-01-01T00:00:00' and '2019-04-10T23:59:59.999999'";
        assert_eq!(ask.tally().conditions, [within]);
        let row = |year: &str, month: &str, count| {
            let values = [year, month, "06", "false", "false", "open"].map(|word| Some(word.to_owned()));
            (values.to_vec(), count)
        };
        let trend = ask.trend(&vec![
            row("2018", "1", 5),
            row("2018", "2", 80),
            row("2018", "3", 20),
            row("2019", "1", 60),
            row("2019", "3", 22),
            row("2019", "4", 7),
        ]);
        let month = |it: &Month| {
            let beside =
                it.last_year.as_ref().map_or("-".into(), |it| format!("{} {}", it.then.count, it.says.words()));
            format!("{} {}{}: {beside}", it.first, it.figure.count, if it.partial { " so far" } else { "" })
        };
        assert_eq!(trend.compared, 2);
        assert_eq!(
            trend.series[0].months.iter().map(month).collect::<Vec<_>>(),
            [
                "2019-01-01 60: -",
                "2019-02-01 0: 80 fewer",
                "2019-03-01 22: 20 no evidence of change",
                "2019-04-01 7 so far: -",
            ]
        );
    }
}
