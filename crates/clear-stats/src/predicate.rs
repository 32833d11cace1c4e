//! Conditions that cannot fail, run over whole chunks: the only ones that are asked inside the leaf.
//!
//! In:    a [`Predicate`]; a chunk, and its [`View`].
//! Out:   the visible rows for which it is true.
//! Never: looks at a value that the view does not have; fails, whatever a value is.
//!
//! # How
//! Three-valued as in SQL. A leaf of a predicate is neither true nor false where its column is NULL or closed. `narrow` asks
//! for the rows where a predicate is *definitely* true, or definitely false; `AND OR NOT` are intersections, unions and the
//! other question. A test of a coded column is run once over the dictionary, then looked up by code.

use std::sync::Arc;

use clear_soql::Infix;

use crate::lens::{Classes, Seen, View, bit};
use crate::soql::between_m;
use crate::store::{Bits, Cell, Data, Frozen, Open, Zone, each_width};
use crate::values::Value;

/// A condition over the columns of one table.
#[derive(Debug, Clone)]
pub(crate) enum Predicate {
    /// The same for every row; `None` is NULL.
    Constant(Option<bool>),
    /// What each code of a column says.
    Coded(usize, Arc<[bool]>),
    /// A number within, both ends included.
    Numbers(usize, f64, f64),
    /// A time within, both ends included.
    Times(usize, i64, i64),
    /// A point in a box, edges included: its longitude and latitude.
    Box {
        lon: usize,
        lat: usize,
        west: f64,
        east: f64,
        south: f64,
        north: f64,
    },
    /// A point within so many metres of another, which may be so only in a box around that.
    Circle {
        lon: usize,
        lat: usize,
        centre: [f64; 2],
        metres: f64,
        /// West, south, east, north.
        reach: [f64; 4],
    },
    /// No value, or none that may be read.
    Null(usize),
    /// Two columns of one type.
    Pair(usize, Infix, usize),
    Not(Box<Predicate>),
    And(Vec<Predicate>),
    Or(Vec<Predicate>),
}

impl Predicate {
    /// All of them, as one: ranges of one column are one range, and what leaves the fewest rows for the least work is asked
    /// first.
    pub(crate) fn all_of(predicates: Vec<Predicate>) -> Predicate {
        let mut flat: Vec<Predicate> = Vec::new();
        let mut left = predicates;
        left.reverse();
        while let Some(next) = left.pop() {
            match next {
                Predicate::And(all) => left.extend(all.into_iter().rev()),
                next => match flat.iter_mut().find_map(|one| one.within(&next).map(|both| (one, both))) {
                    Some((one, both)) => *one = both,
                    None => flat.push(next),
                },
            }
        }
        flat.sort_by_key(Predicate::work);
        if flat.len() == 1 { flat.pop().unwrap_or(Predicate::Constant(Some(true))) } else { Predicate::And(flat) }
    }

    /// Both of two ranges of one column. A row that is in neither, or has no value, is as it was.
    fn within(&self, other: &Predicate) -> Option<Predicate> {
        match (self, other) {
            (Predicate::Numbers(one, low, high), Predicate::Numbers(other, other_low, other_high)) if one == other => {
                Some(Predicate::Numbers(*one, low.max(*other_low), high.min(*other_high)))
            }
            (Predicate::Times(one, low, high), Predicate::Times(other, other_low, other_high)) if one == other => {
                Some(Predicate::Times(*one, *low.max(other_low), *high.min(other_high)))
            }
            _ => None,
        }
    }

    fn work(&self) -> u8 {
        match self {
            Predicate::Constant(_) | Predicate::Times(..) => 0,
            Predicate::Coded(..) => 1,
            Predicate::Numbers(..) | Predicate::Null(_) => 2,
            Predicate::Box { .. } => 3,
            Predicate::Not(of) => of.work() + 1,
            Predicate::Circle { .. } | Predicate::And(_) | Predicate::Or(_) => 4,
            Predicate::Pair(..) => 5,
        }
    }

    /// The classes of the columns that it looks at.
    pub(crate) fn classes(&self, table: &Frozen) -> Classes {
        let class = |column: &usize| table.set.columns.get(*column).map_or(0, |column| bit(column.class));
        match self {
            Predicate::Constant(_) => 0,
            Predicate::Coded(column, _)
            | Predicate::Numbers(column, ..)
            | Predicate::Times(column, ..)
            | Predicate::Null(column) => class(column),
            Predicate::Box { lon, lat, .. } | Predicate::Circle { lon, lat, .. } => class(lon) | class(lat),
            Predicate::Pair(one, _, other) => class(one) | class(other),
            Predicate::Not(of) => of.classes(table),
            Predicate::And(all) | Predicate::Or(all) => {
                all.iter().fold(0, |classes, predicate| classes | predicate.classes(table))
            }
        }
    }

    /// From when to when a column's time is wherever it is true; `None` where it does not say.
    pub(crate) fn times_of(&self, column: usize) -> Option<(i64, i64)> {
        match self {
            Predicate::Times(of, low, high) if *of == column => Some((*low, *high)),
            Predicate::And(all) => {
                let said = all.iter().filter_map(|predicate| predicate.times_of(column));
                said.reduce(|(low, high), (other_low, other_high)| (low.max(other_low), high.min(other_high)))
            }
            _ => None,
        }
    }

    /// Keeps the rows for which it is definitely true, or definitely false.
    pub(crate) fn narrow(&self, wanted: bool, part: &Part<'_>, rows: &mut Bits) {
        // What there is no row for is not looked at, and so not fetched.
        if rows.is_empty() {
            return;
        }
        match (self, wanted) {
            (Predicate::Constant(value), _) => {
                if *value != Some(wanted) {
                    rows.clear();
                }
            }
            (Predicate::Not(of), _) => of.narrow(!wanted, part, rows),
            (Predicate::And(all), true) | (Predicate::Or(all), false) => {
                for predicate in all {
                    predicate.narrow(wanted, part, rows);
                }
            }
            (Predicate::And(all), false) | (Predicate::Or(all), true) => {
                let mut left = rows.clone();
                for predicate in all {
                    let mut those = left.clone();
                    predicate.narrow(wanted, part, &mut those);
                    left.and_not(&those);
                }
                rows.and_not(&left);
            }
            (Predicate::Null(column), _) => {
                let mut present = part.chunk.present(*column);
                part.open(*column).narrow(&mut present);
                if wanted { rows.and_not(&present) } else { rows.and(&present) }
            }
            (Predicate::Coded(column, passing), _) => {
                part.open(*column).narrow(rows);
                if rows.is_empty() {
                    return;
                }
                let passes = |code: usize| passing.get(code).is_some_and(|passes| *passes == wanted) && code != 0;
                if let Data::Codes(codes) = part.chunk.data(*column) {
                    each_width!(codes, values => rows.narrow(values, |code| passes(code as usize)));
                }
            }
            (Predicate::Numbers(column, low, high), _) => {
                part.open(*column).narrow(rows);
                if rows.is_empty() {
                    return;
                }
                narrow_numbers(part.chunk, *column, *low, *high, wanted, rows);
            }
            (Predicate::Times(column, low, high), _) => {
                part.open(*column).narrow(rows);
                if rows.is_empty() {
                    return;
                }
                match part.chunk.zone(*column) {
                    Zone::Times(least, most) if wanted && (most < *low || least > *high) => return rows.clear(),
                    Zone::Any => return rows.clear(),
                    _ => {}
                }
                if let Some(range) = part.chunk.date_range(*column, *low, *high).filter(|_| wanted) {
                    rows.and(&Bits::range(part.chunk.rows, range));
                    if *high < i64::MAX {
                        return;
                    }
                }
                if let Data::Times(times) = part.chunk.data(*column) {
                    let (low, high) = (*low, *high);
                    let none = crate::store::NO_TIME;
                    rows.narrow(times, |time| time != none && (time >= low && time <= high) == wanted);
                }
            }
            (Predicate::Box { lon, lat, west, east, south, north }, _) => {
                part.open(*lon).narrow(rows);
                part.open(*lat).narrow(rows);
                if rows.is_empty() {
                    return;
                }
                if wanted {
                    narrow_numbers(part.chunk, *lat, *south, *north, true, rows);
                    narrow_numbers(part.chunk, *lon, *west, *east, true, rows);
                } else {
                    let (Data::Numbers(lons), Data::Numbers(lats)) = (part.chunk.data(*lon), part.chunk.data(*lat))
                    else {
                        return rows.clear();
                    };
                    let within = |row: usize| {
                        let (lon, lat) = (lons.get(row).copied()?, lats.get(row).copied()?);
                        let there = !lon.is_nan() && !lat.is_nan();
                        there.then_some(lon >= *west && lon <= *east && lat >= *south && lat <= *north)
                    };
                    rows.retain(|row| within(row) == Some(false));
                }
            }
            (Predicate::Circle { lon, lat, centre, metres, reach }, _) => {
                part.open(*lon).narrow(rows);
                part.open(*lat).narrow(rows);
                let [west, south, east, north] = *reach;
                if wanted {
                    narrow_numbers(part.chunk, *lat, south, north, true, rows);
                    narrow_numbers(part.chunk, *lon, west, east, true, rows);
                }
                if rows.is_empty() {
                    return;
                }
                let (Data::Numbers(lons), Data::Numbers(lats)) = (part.chunk.data(*lon), part.chunk.data(*lat)) else {
                    return rows.clear();
                };
                let within = |row: usize| {
                    let (lon, lat) = (lons.get(row).copied()?, lats.get(row).copied()?);
                    (!lon.is_nan() && !lat.is_nan()).then(|| between_m([lon, lat], *centre) <= *metres)
                };
                rows.retain(|row| within(row) == Some(wanted));
            }
            (Predicate::Pair(one, infix, other), _) => {
                part.open(*one).narrow(rows);
                part.open(*other).narrow(rows);
                rows.retain(|row| self.compared(*one, *infix, *other, part.table, part.chunk, row) == Some(wanted));
            }
        }
    }

    /// What it says of one row, where the given classes are open.
    pub(crate) fn of(&self, table: &Frozen, chunk: &Open, row: usize, open: Classes) -> Option<bool> {
        let is_open = |column: usize| table.set.columns.get(column).is_some_and(|column| open & bit(column.class) != 0);
        let cell = |column: usize| if is_open(column) { chunk.data(column).cell(row) } else { Cell::Made };
        match self {
            Predicate::Constant(value) => *value,
            Predicate::Coded(column, passing) => match cell(*column) {
                Cell::Code(code) if code != 0 => passing.get(code as usize).copied(),
                _ => None,
            },
            Predicate::Numbers(column, low, high) => match cell(*column) {
                Cell::Number(number) if !number.is_nan() => Some(number >= *low && number <= *high),
                _ => None,
            },
            Predicate::Times(column, low, high) => match cell(*column) {
                Cell::Time(time) if time != crate::store::NO_TIME => Some(time >= *low && time <= *high),
                _ => None,
            },
            Predicate::Box { lon, lat, west, east, south, north } => match (cell(*lon), cell(*lat)) {
                (Cell::Number(lon), Cell::Number(lat)) if !lon.is_nan() && !lat.is_nan() => {
                    Some(lon >= *west && lon <= *east && lat >= *south && lat <= *north)
                }
                _ => None,
            },
            Predicate::Circle { lon, lat, centre, metres, .. } => match (cell(*lon), cell(*lat)) {
                (Cell::Number(lon), Cell::Number(lat)) if !lon.is_nan() && !lat.is_nan() => {
                    Some(between_m([lon, lat], *centre) <= *metres)
                }
                _ => None,
            },
            Predicate::Null(column) => Some(table.value(*column, cell(*column)).is_none()),
            Predicate::Pair(one, infix, other) => {
                if !is_open(*one) || !is_open(*other) {
                    return None;
                }
                self.compared(*one, *infix, *other, table, chunk, row)
            }
            Predicate::Not(of) => of.of(table, chunk, row, open).map(|value| !value),
            Predicate::And(all) => all_of(all.iter().map(|predicate| predicate.of(table, chunk, row, open))),
            Predicate::Or(all) => {
                all_of(all.iter().map(|predicate| predicate.of(table, chunk, row, open).map(|value| !value)))
                    .map(|value| !value)
            }
        }
    }

    fn compared(
        &self,
        one: usize,
        infix: Infix,
        other: usize,
        table: &Frozen,
        chunk: &Open,
        row: usize,
    ) -> Option<bool> {
        let value = |column: usize| table.value(column, chunk.data(column).cell(row));
        Some(holds(infix, value(one)?.compare(&value(other)?)))
    }
}

/// `AND` of values, of which some are not known.
fn all_of(values: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut all = Some(true);
    for value in values {
        match value {
            Some(false) => return Some(false),
            None => all = None,
            Some(true) => {}
        }
    }
    all
}

fn narrow_numbers(chunk: &Open, column: usize, low: f64, high: f64, wanted: bool, rows: &mut Bits) {
    match chunk.zone(column) {
        Zone::Numbers(least, most) if wanted && (most < low || least > high) => return rows.clear(),
        Zone::Any => return rows.clear(),
        _ if rows.is_empty() => return,
        _ => {}
    }
    let Data::Numbers(numbers) = chunk.data(column) else { return rows.clear() };
    // A number that is none passes neither comparison.
    match wanted {
        true => rows.narrow(numbers, |number| number >= low && number <= high),
        false => rows.narrow(numbers, |number| number < low || number > high),
    }
}

/// Whether two values that compare so are in that relation.
pub(crate) fn holds(infix: Infix, order: std::cmp::Ordering) -> bool {
    match infix {
        Infix::Equal => order.is_eq(),
        Infix::NotEqual => order.is_ne(),
        Infix::Less => order.is_lt(),
        Infix::LessEqual => order.is_le(),
        Infix::Greater => order.is_gt(),
        Infix::GreaterEqual => order.is_ge(),
        _ => false,
    }
}

/// The relation with its sides turned round.
pub(crate) fn turned(infix: Infix) -> Infix {
    match infix {
        Infix::Less => Infix::Greater,
        Infix::LessEqual => Infix::GreaterEqual,
        Infix::Greater => Infix::Less,
        Infix::GreaterEqual => Infix::LessEqual,
        other => other,
    }
}

/// One chunk as one asker sees it.
pub(crate) struct Part<'a> {
    pub(crate) table: &'a Frozen,
    pub(crate) chunk: &'a Open,
    pub(crate) view: &'a View,
}

impl Part<'_> {
    /// The rows on which a column may be read.
    pub(crate) fn open(&self, column: usize) -> &Seen {
        self.table.set.columns.get(column).map_or(&Seen::None, |column| self.view.class(column.class))
    }

    /// The visible rows for which a predicate is true; all visible ones without it.
    pub(crate) fn rows(&self, filter: Option<&Predicate>) -> Bits {
        let mut rows = self.view.rows.bits(self.chunk.rows);
        if let Some(filter) = filter {
            filter.narrow(true, self, &mut rows);
        }
        rows
    }
}

/// How one column's values compare to a constant.
pub(crate) fn compare(table: &Frozen, column: usize, infix: Infix, value: &Value) -> Option<Predicate> {
    use crate::sets::Layout;
    let negated = |predicate| Predicate::Not(Box::new(predicate));
    Some(match (table.set.columns.get(column)?.layout, value) {
        (Layout::Text, Value::Text(wanted)) => {
            coded_text(table, column, |text| holds(infix, text.cmp(wanted.as_str())))
        }
        (Layout::Few, Value::Number(wanted)) => {
            coded_number(table, column, |number| number.partial_cmp(wanted).is_some_and(|order| holds(infix, order)))
        }
        (Layout::Flag, Value::Boolean(wanted)) => {
            let passing = [false, true].map(|flag| holds(infix, flag.cmp(wanted)));
            let [no, yes] = passing;
            Predicate::Coded(column, Arc::new([false, no, yes]))
        }
        (Layout::Number, Value::Number(wanted)) => {
            // Zero has one sign here.
            let wanted = if *wanted == 0.0 { 0.0 } else { *wanted };
            match infix {
                Infix::Equal => Predicate::Numbers(column, wanted, wanted),
                Infix::NotEqual => negated(Predicate::Numbers(column, wanted, wanted)),
                Infix::Less => Predicate::Numbers(column, f64::NEG_INFINITY, wanted.next_down()),
                Infix::LessEqual => Predicate::Numbers(column, f64::NEG_INFINITY, wanted),
                Infix::Greater => Predicate::Numbers(column, wanted.next_up(), f64::INFINITY),
                Infix::GreaterEqual => Predicate::Numbers(column, wanted, f64::INFINITY),
                _ => return None,
            }
        }
        (Layout::Time, Value::Time(wanted)) => {
            let (least, most) = (i64::MIN + 1, i64::MAX);
            match infix {
                Infix::Equal => Predicate::Times(column, *wanted, *wanted),
                Infix::NotEqual => negated(Predicate::Times(column, *wanted, *wanted)),
                Infix::Less => Predicate::Times(column, least, wanted.saturating_sub(1)),
                Infix::LessEqual => Predicate::Times(column, least, *wanted),
                Infix::Greater => Predicate::Times(column, wanted.saturating_add(1), most),
                Infix::GreaterEqual => Predicate::Times(column, *wanted, most),
                _ => return None,
            }
        }
        _ => return None,
    })
}

/// A test of a text column, run once over its dictionary. No test here can fail, so that a text that only hidden rows
/// have leaves no trace.
pub(crate) fn coded_text(table: &Frozen, column: usize, passes: impl Fn(&str) -> bool) -> Predicate {
    match table.words(column) {
        crate::store::Words::Text(texts) => Predicate::Coded(column, texts.iter().map(passes).collect()),
        _ => Predicate::Constant(None),
    }
}

/// A test of a column of few numbers, run once over its dictionary.
pub(crate) fn coded_number(table: &Frozen, column: usize, passes: impl Fn(f64) -> bool) -> Predicate {
    match table.words(column) {
        crate::store::Words::Number(numbers) => {
            Predicate::Coded(column, numbers.iter().map(|number| !number.is_nan() && passes(number)).collect())
        }
        _ => Predicate::Constant(None),
    }
}
