//! A board: the last 7 and 28 days and the year to date, beside what went before.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use crate::measures::periods::{Days, PERIODS, Window};
use crate::measures::{
    Bounds, By, Facts, Figure, Measure, Names, Sum, Tallied, Tally, Unit, corrected, ratio_bounds, same_rate,
    same_share,
};

/// Up to here a corrected p-value is taken for evidence.
pub const SIGNIFICANT: f64 = 0.05;
/// Rows of a board at most.
const ROWS_MAX: usize = 500;

/// What to put on a board.
#[derive(Debug, Clone, PartialEq)]
pub struct BoardAsk {
    /// The set.
    pub names: Names,
    /// These measures, in order.
    pub measures: Vec<&'static Measure>,
    /// A row for each value of this column, beside the row for all.
    pub by: Option<&'static str>,
    /// What must hold of an incident.
    pub conditions: Vec<String>,
    /// The last day.
    pub on: Date,
    /// The first day of which there is anything: what would be compared with days before it is not compared.
    pub first: Option<Date>,
    /// Residents by value of the column; `""` for all.
    pub residents: BTreeMap<String, u64>,
}

/// A board.
#[derive(Debug, Clone, PartialEq)]
pub struct Board {
    /// The periods, with their days.
    pub windows: Vec<Window>,
    /// The rows: each measure, for all, then for each value in order.
    pub rows: Vec<BoardRow>,
    /// How many comparisons were made, which the evidence is corrected for.
    pub compared: usize,
    /// How many rows are left out.
    pub left_out: usize,
}

/// A row of a board.
#[derive(Debug, Clone, PartialEq)]
pub struct BoardRow {
    /// Which measure.
    pub measure: &'static Measure,
    /// For which value of the column: `None` for all, `Some(None)` where there is none.
    pub value: Option<Option<String>>,
    /// A cell for each period.
    pub cells: Vec<Cell>,
}

/// A measure in a period.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// In the period itself.
    pub now: Figure,
    /// Beside as many days before.
    pub previous: Option<Compared>,
    /// Beside the same of last year.
    pub last_year: Option<Compared>,
}

/// What a comparison says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Says {
    /// There is no evidence that anything changed: the difference may be chance.
    NoEvidence,
    /// It is more than before.
    More,
    /// It is less than before.
    Fewer,
}

impl Says {
    /// For people.
    pub const fn words(self) -> &'static str {
        match self {
            Says::NoEvidence => "no evidence of change",
            Says::More => "more",
            Says::Fewer => "fewer",
        }
    }
}

/// A figure beside which another stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Compared {
    /// The earlier figure.
    pub then: Figure,
    /// How likely so great a difference is by chance alone.
    pub p: f64,
    /// The same, corrected for all comparisons of the board.
    pub corrected: f64,
    /// The later rate over the earlier, where both can be told; a share has none.
    pub ratio: Option<f64>,
    /// The bounds of the ratio.
    pub bounds: Option<Bounds>,
    /// What it says.
    pub says: Says,
}

type Sums = BTreeMap<Option<String>, Vec<Sum>>;

impl BoardAsk {
    fn windows(&self) -> Vec<Window> {
        let kept = |days: Days| self.first.is_none_or(|first| first <= days.from);
        let window = |window: Window| Window {
            previous: window.previous.filter(|days| kept(*days)),
            last_year: window.last_year.filter(|days| kept(*days)),
            ..window
        };
        PERIODS.iter().filter_map(|period| period.upto(self.on)).map(window).collect()
    }

    /// The tables that it needs, in the order in which [`BoardAsk::board`] takes them.
    pub fn tallies(&self) -> Vec<Tally> {
        let by: Vec<By> = self.by.map(By::Column).into_iter().collect();
        let spans = self.windows();
        let spans = spans.iter().flat_map(|it| [Some(it.now), it.previous, it.last_year]);
        spans.flatten().map(|days| self.names.tally(&by, &self.conditions, days)).collect()
    }

    /// Puts the board together from its tables.
    pub fn board(&self, tallied: Vec<Tallied>) -> Board {
        let windows = self.windows();
        let mut tables = tallied.into_iter().map(|table| self.sums(&table));
        let mut take = |days: Option<Days>| days.and_then(|days| Some((days, tables.next()?)));
        let spans: Vec<[Option<(Days, Sums)>; 3]> =
            windows.iter().map(|it| [take(Some(it.now)), take(it.previous), take(it.last_year)]).collect();
        let values: BTreeSet<&Option<String>> =
            spans.iter().flatten().flatten().flat_map(|(_, sums)| sums.keys()).collect();
        let mut values: Vec<&Option<String>> = values.into_iter().collect();
        values.sort_by(|one, other| in_order(one, other));
        let mut rows: Vec<BoardRow> = Vec::new();
        for (at, measure) in self.measures.iter().enumerate() {
            rows.push(self.row(&spans, at, measure, None));
            if self.by.is_some() {
                rows.extend(values.iter().map(|value| self.row(&spans, at, measure, Some((*value).clone()))));
            }
        }
        let left_out = rows.len().saturating_sub(ROWS_MAX);
        rows.truncate(ROWS_MAX);
        let compared = judge(&mut rows);
        Board { windows, rows, compared, left_out }
    }

    fn sums(&self, table: &Tallied) -> Sums {
        let before = usize::from(self.by.is_some());
        let mut sums = Sums::new();
        for (values, count) in table {
            let value = values.first().cloned().flatten().filter(|_| before == 1);
            let facts = Facts::read(values, before, self.names);
            let sums = sums.entry(value).or_insert_with(|| vec![Sum::default(); self.measures.len()]);
            for (sum, measure) in sums.iter_mut().zip(&self.measures) {
                sum.add(measure, &facts, *count);
            }
        }
        sums
    }

    fn row(
        &self,
        spans: &[[Option<(Days, Sums)>; 3]],
        at: usize,
        measure: &'static Measure,
        value: Option<Option<String>>,
    ) -> BoardRow {
        let residents = match &value {
            None => self.residents.get(""),
            Some(value) => value.as_ref().and_then(|value| self.residents.get(value)),
        };
        let sum = |sums: &Sums| -> Sum {
            let all = sums.iter().filter(|(known, _)| value.as_ref().is_none_or(|value| value == *known));
            all.filter_map(|(_, sums)| sums.get(at))
                .fold(Sum::default(), |one, other| Sum { part: one.part + other.part, whole: one.whole + other.whole })
        };
        let cell = |[now, previous, last_year]: &[Option<(Days, Sums)>; 3]| {
            let (days, now) = now.as_ref().map(|(days, sums)| (days.count(), sum(sums))).unwrap_or_default();
            let beside = |then: &Option<(Days, Sums)>| {
                then.as_ref().map(|(then, sums)| compared(measure, (now, days), (sum(sums), then.count())))
            };
            Cell {
                now: now.figure(measure).per_residents(residents.copied()),
                previous: beside(previous),
                last_year: beside(last_year),
            }
        };
        BoardRow { measure, cells: spans.iter().map(cell).collect(), value }
    }
}

pub(super) fn compared(measure: &Measure, (now, days): (Sum, u64), (then, then_days): (Sum, u64)) -> Compared {
    let figure = then.figure(measure);
    match measure.unit {
        Unit::Incidents => {
            let rate = |sum: Sum, days: u64| super::real(sum.part) / super::real(days.max(1));
            Compared {
                then: figure,
                p: same_rate(now.part, days, then.part, then_days),
                corrected: 1.0,
                ratio: (then.part > 0).then(|| rate(now, days) / rate(then, then_days)),
                bounds: ratio_bounds(now.part, days, then.part, then_days),
                says: if rate(now, days) > rate(then, then_days) { Says::More } else { Says::Fewer },
            }
        }
        Unit::Share => {
            let more = now.figure(measure).value > figure.value;
            Compared {
                then: figure,
                p: same_share(now.part, now.whole, then.part, then.whole),
                corrected: 1.0,
                ratio: None,
                bounds: None,
                says: if more { Says::More } else { Says::Fewer },
            }
        }
    }
}

/// Corrects every comparison for all of them, and takes back what is no evidence then. How many there are.
fn judge(rows: &mut [BoardRow]) -> usize {
    let mut all: Vec<&mut Compared> = rows
        .iter_mut()
        .flat_map(|row| &mut row.cells)
        .flat_map(|cell| [cell.previous.as_mut(), cell.last_year.as_mut()])
        .flatten()
        .collect();
    settle(&mut all);
    all.len()
}

pub(super) fn settle(all: &mut [&mut Compared]) {
    let p_values: Vec<f64> = all.iter().map(|compared| compared.p).collect();
    for (compared, corrected) in all.iter_mut().zip(corrected(&p_values)) {
        compared.corrected = corrected;
        if corrected > SIGNIFICANT {
            compared.says = Says::NoEvidence;
        }
    }
}

/// Numbers by their size, then texts, what is not known last.
fn in_order(one: &Option<String>, other: &Option<String>) -> Ordering {
    let key = |text: &Option<String>| {
        let number = text.as_ref().and_then(|text| text.parse::<f64>().ok());
        (text.is_none(), number.is_none(), number.unwrap_or_default())
    };
    let ((none, word, number), (other_none, other_word, other_number)) = (key(one), key(other));
    let by_kind = (none, word).cmp(&(other_none, other_word));
    by_kind.then(number.total_cmp(&other_number)).then_with(|| one.cmp(other))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measures::INCIDENTS;

    fn ask(by: Option<&'static str>, measures: &[&str]) -> BoardAsk {
        BoardAsk {
            names: INCIDENTS,
            measures: measures.iter().map(|name| Measure::named(name).unwrap()).collect(),
            by,
            conditions: vec!["ward = 2".into()],
            on: "2019-07-16".parse().unwrap(),
            first: None,
            residents: BTreeMap::new(),
        }
    }

    /// `beat fbi_code arrest domestic status count`, by lines.
    fn table(text: &str) -> Tallied {
        let line = |line: &str| {
            let words: Vec<&str> = line.split(' ').filter(|word| !word.is_empty()).collect();
            let (count, values) = words.split_last().unwrap();
            let values = values.iter().map(|word| (*word != "-").then(|| (*word).to_owned())).collect();
            (values, count.parse().unwrap())
        };
        text.split(';').map(str::trim).filter(|text| !text.is_empty()).map(line).collect()
    }

    fn said(compared: &Option<Compared>) -> String {
        let Some(it) = compared else { return "-".into() };
        format!("{} p {:.3} q {:.3} {}", it.then.count, it.p, it.corrected, it.says.words())
    }

    #[test]
    fn two_to_three_is_no_evidence_of_change() {
        let ask = ask(None, &["robbery"]);
        let counts = [3, 2, 5, 40, 12, 44, 900, 1_100];
        let tables = counts.iter().map(|count| table(&format!("03 false false open {count}; 06 true - - 9"))).collect();
        let board = ask.board(tables);
        assert_eq!((board.compared, board.left_out, board.rows.len()), (5, 0, 1));
        let cells: Vec<String> = board.rows[0]
            .cells
            .iter()
            .map(|cell| format!("{}: {} | {}", cell.now.count, said(&cell.previous), said(&cell.last_year)))
            .collect();
        assert_eq!(
            cells,
            [
                "3: 2 p 1.000 q 1.000 no evidence of change | 5 p 0.727 q 0.930 no evidence of change",
                "40: 12 p 0.000 q 0.000 more | 44 p 0.744 q 0.930 no evidence of change",
                "900: - | 1100 p 0.000 q 0.000 fewer",
            ]
        );
        let ratio = board.rows[0].cells[1].previous.as_ref().unwrap();
        assert!((ratio.ratio.unwrap() - 40.0 / 12.0).abs() < 1e-12 && ratio.bounds.unwrap().lower > 1.0);
    }

    #[test]
    fn a_board_asks_for_one_table_each_span() {
        let tallies = ask(Some("beat"), &["index", "clearance"]).tallies();
        assert_eq!(tallies.len(), 8);
        assert_eq!(
            tallies[0].by,
            [
                By::Column("beat"),
                By::Column("fbi_code"),
                By::Column("arrest"),
                By::Column("domestic"),
                By::Column("status")
            ]
        );
        assert_eq!(
            tallies[0].conditions,
            ["ward = 2", "occurred_from between '2019-07-10T00:00:00' and '2019-07-16T23:59:59.999999'"]
        );
        // What would be beside days before the first is not compared.
        let late = BoardAsk { first: Some("2019-01-01".parse().unwrap()), ..ask(None, &["index"]) };
        assert_eq!(late.tallies().len(), 5);
    }

    #[test]
    fn rows_are_by_value_in_order_with_their_rates() {
        let mut ask = ask(Some("beat"), &["theft", "clearance"]);
        ask.residents = BTreeMap::from([("0411".to_owned(), 50_000), (String::new(), 100_000)]);
        let now = "1121 06 true false cleared_by_arrest 2; 0411 06 false false open 3; - 06 - - unfounded 7; 0411 03 true - - 1";
        let board = ask.board(std::iter::repeat_n(table(now), 8).collect());
        let row = |row: &BoardRow| {
            let value = match &row.value {
                None => "all".to_owned(),
                Some(value) => value.clone().unwrap_or_else(|| "not known".into()),
            };
            let now = &row.cells[0].now;
            let of = now.of.map(|of| format!(" of {of}")).unwrap_or_default();
            let rate = now.rate.map(|(rate, _)| format!(", {rate} for 100,000")).unwrap_or_default();
            format!("{} {value}: {}{of}{rate}", row.measure.name, now.count)
        };
        assert_eq!(
            board.rows.iter().map(row).collect::<Vec<_>>(),
            [
                "theft all: 5, 5 for 100,000",
                "theft 0411: 3, 6 for 100,000",
                "theft 1121: 2",
                "theft not known: 0",
                "clearance all: 3 of 6",
                "clearance 0411: 1 of 4",
                "clearance 1121: 2 of 2",
                "clearance not known: 0 of 0",
            ]
        );
    }
}
