//! The first rows by some order: the newest hundred of a kind; and all of them, in `all`.
//!
//! In:    a table, a [`Lens`], a filter, an order, how many.
//! Out:   the first rows in that order; ties in the order of date and `:id`.
//! Never: sorts more than it gives; looks into a chunk that can have none of them.

mod all;

use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::sync::Arc;

use clear_cold::Error;

use crate::lens::{Classes, Lens, View, bit};
use crate::predicate::{Part, Predicate};
use crate::scan::{NO_DATE, Run};
use crate::store::{Bits, Chunk, Data, Frozen, Key, NO_TIME, Open, Words, Zone};

pub(crate) use all::All;

/// First rows that are kept at most.
pub(crate) const TOP_MAX: usize = 1 << 17;

/// What rows are put in order by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum By {
    /// A column's values.
    Column(usize),
    /// The row's `:id`.
    Id,
}

/// One step of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Step {
    pub(crate) by: By,
    pub(crate) descending: bool,
    pub(crate) nulls_first: bool,
}

/// A question of first rows.
#[derive(Debug, Clone)]
pub(crate) struct Top {
    pub(crate) filter: Option<Predicate>,
    pub(crate) order: Vec<Step>,
    pub(crate) most: usize,
}

/// Chunks that may be kept open, although none of their rows is among the first any more, where columns have a budget.
const HELD_MAX: usize = 16;

/// A step that is ready: it makes a number of each row, in the order of the step.
struct Ready {
    step: Step,
    /// For texts and few numbers, the place of each code's value in the order of values, from 1.
    ranks: Option<Vec<u32>>,
}

/// The first rows, as runs in order.
///
/// # Errors
/// When a column that is looked at cannot be read.
pub(crate) fn run(table: &Frozen, lens: &Lens, top: &Top, wanted: Classes) -> Result<Vec<Run>, Error> {
    let reading = table.reading();
    let steps: Vec<Ready> = top.order.iter().map(|step| Ready::of(table, *step)).collect();
    let wanted = wanted | looked_at(table, top);
    // Chunks in the order of the best that they may have, so that the others need not be looked into.
    let best = |(at, chunk): (usize, &Arc<Chunk>)| {
        let of = |first: &Ready| first.best(chunk, lens.is_open(chunk, at, class(table, &first.step)));
        (steps.first().map_or(0, of), at)
    };
    let mut chunks: Vec<(u64, usize)> = table.chunks.iter().enumerate().map(best).collect();
    chunks.sort_unstable();
    let mut first: BinaryHeap<(Vec<u64>, Key, usize, u16)> = BinaryHeap::new();
    let mut views: BTreeMap<usize, (Arc<Open>, Arc<View>)> = BTreeMap::new();
    for (best, at) in chunks {
        let last = |first: &BinaryHeap<(Vec<u64>, Key, usize, u16)>| {
            (first.len() >= top.most).then(|| first.peek().and_then(|(steps, ..)| steps.first().copied())).flatten()
        };
        if top.most == 0 || last(&first).is_some_and(|last| best > last) {
            break;
        }
        let Some(chunk) = table.open(at, &reading).map(Arc::new) else { continue };
        let view = Arc::new(lens.view(table, &chunk, at, wanted));
        let part = Part { table, chunk: &chunk, view: &view };
        let mut rows = part.rows(top.filter.as_ref());
        if let (Some(leading), Some(last)) = (steps.first(), last(&first)) {
            leading.narrow(&part, last, &mut rows);
        }
        if rows.is_empty() {
            continue;
        }
        let dated = table.set.date().map(|date| part.open(date));
        let key = |row: usize| {
            let (date, id) = chunk.key(row);
            (if dated.is_none_or(|dated| dated.has(row)) { date } else { NO_DATE }, id)
        };
        let mut row_steps: Vec<u64> = Vec::with_capacity(steps.len());
        for row in rows.rows() {
            let at_row = usize::from(row);
            row_steps.clear();
            if let Some(leading) = steps.first() {
                let number = leading.number(&part, at_row);
                if last(&first).is_some_and(|last| number > last) {
                    continue;
                }
                row_steps.push(number);
                row_steps.extend(steps.iter().skip(1).map(|step| step.number(&part, at_row)));
            }
            let candidate = (row_steps.clone(), key(at_row), at, row);
            if first.len() < top.most {
                first.push(candidate);
            } else if first.peek().is_some_and(|worst| candidate < *worst) {
                first.pop();
                first.push(candidate);
            }
        }
        views.insert(at, (chunk, view));
        if table.tier.is_some() && views.len() > HELD_MAX {
            let shown: BTreeSet<usize> = first.iter().map(|(.., at, _)| *at).collect();
            views.retain(|at, _| shown.contains(at));
        }
        reading.done()?;
    }
    let mut runs: Vec<Run> = Vec::new();
    for (.., chunk, row) in first.into_sorted_vec() {
        match runs.last_mut().filter(|last| last.chunk == chunk) {
            Some(last) => last.rows.push(row),
            None => {
                let Some((open, view)) = views.get(&chunk) else { continue };
                runs.push(Run { chunk, open: Arc::clone(open), view: Arc::clone(view), rows: vec![row] });
            }
        }
    }
    reading.done().map(|()| runs)
}

fn class(table: &Frozen, step: &Step) -> Classes {
    match step.by {
        By::Column(column) => table.set.columns.get(column).map_or(0, |column| bit(column.class)),
        By::Id => 0,
    }
}

/// The classes of the columns that order and filter look at.
fn looked_at(table: &Frozen, top: &Top) -> Classes {
    table.date_class()
        | top.order.iter().fold(0, |wanted, step| wanted | class(table, step))
        | top.filter.as_ref().map_or(0, |filter| filter.classes(table))
}

impl Ready {
    fn of(table: &Frozen, step: Step) -> Ready {
        let ranks = match step.by {
            By::Column(column) => match table.words(column) {
                Words::Text(texts) => {
                    let texts: Vec<&str> = texts.iter().collect();
                    Some(ranks(&texts))
                }
                Words::Number(numbers) => {
                    let ordered: Vec<u64> = numbers.iter().map(ordered).collect();
                    Some(ranks(&ordered))
                }
                Words::Flag => Some(vec![0, 1, 2]),
                Words::None => None,
            },
            By::Id => None,
        };
        Ready { step, ranks }
    }

    fn number(&self, part: &Part<'_>, row: usize) -> u64 {
        let value = match self.step.by {
            By::Id => part.chunk.ids.get(row).map(|id| id + 1),
            By::Column(column) if !part.open(column).has(row) => None,
            By::Column(column) => match (part.chunk.data(column), &self.ranks) {
                (Data::Codes(codes), Some(ranks)) => match codes.get(row) {
                    0 => None,
                    code => ranks.get(code as usize).map(|rank| u64::from(*rank)),
                },
                (Data::Numbers(numbers), _) => numbers.get(row).filter(|number| !number.is_nan()).map(|n| ordered(*n)),
                (Data::Times(times), _) => times.get(row).filter(|time| **time != NO_TIME).map(|time| timed(*time)),
                _ => None,
            },
        };
        self.directed(value)
    }

    /// Drops rows whose number is beyond the last one that is kept, many at once.
    fn narrow(&self, part: &Part<'_>, last: u64, rows: &mut Bits) {
        match self.step.by {
            By::Id => rows.narrow(&part.chunk.ids, |id| self.directed(Some(id + 1)) <= last),
            By::Column(column) if part.open(column).is_all() => {
                if let Data::Times(times) = part.chunk.data(column) {
                    let number = |time: i64| self.directed((time != NO_TIME).then(|| timed(time)));
                    rows.narrow(times, |time| number(time) <= last);
                }
            }
            By::Column(_) => {}
        }
    }

    /// The least number that a row of the chunk may have; `open`: the column may be read on all of them.
    fn best(&self, chunk: &Chunk, open: bool) -> u64 {
        let By::Column(column) = self.step.by else { return 0 };
        if self.step.nulls_first && !(open && chunk.lacks_none(column)) {
            return 0;
        }
        let (low, high) = match chunk.zone(column) {
            Zone::Numbers(low, high) => (ordered(low), ordered(high)),
            Zone::Times(low, high) => (timed(low), timed(high)),
            Zone::Any => return 0,
        };
        self.directed(Some(if self.step.descending { high } else { low }))
    }

    /// Numbers are never the least nor the most: NULL is.
    fn directed(&self, value: Option<u64>) -> u64 {
        match value {
            None if self.step.nulls_first => 0,
            None => u64::MAX,
            Some(value) if self.step.descending => u64::MAX - value.clamp(1, u64::MAX - 1),
            Some(value) => value.clamp(1, u64::MAX - 1),
        }
    }
}

/// The place of each value in the order of values, from 1.
fn ranks<T: Ord>(values: &[T]) -> Vec<u32> {
    let mut order: Vec<u32> = (0..values.len() as u32).collect();
    order.sort_unstable_by_key(|at| values.get(*at as usize));
    let mut ranks = vec![0; values.len()];
    for (rank, at) in (1..).zip(order) {
        if let Some(place) = ranks.get_mut(at as usize) {
            *place = rank;
        }
    }
    ranks
}

/// A number as one that is ordered alike.
fn ordered(number: f64) -> u64 {
    let bits = number.to_bits();
    if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }
}

fn timed(time: i64) -> u64 {
    time as u64 ^ 1 << 63
}
