//! Counts and sums by groups, over codes, on all cores.
//!
//! In:    a table and a [`Lens`]; a [`Grouping`]: a filter, keys, measures.
//! Out:   [`Groups`] in the order of their keys' values, or [`TooMany`] of them.
//! Never: decodes a value before its group is counted; gives an answer that depends on chunks, threads or hidden rows.
//!
//! # How
//! Each key turns a row into a small number: the code of a text, the day of a time. The numbers of all keys make one *slot*.
//! Where slots are few, they are places in a list; else they are looked up. Distinct values are bits by code where that is
//! small, else a set. Sums are [`Exact`]. Groups are put in order when all is counted, by value.
//!
//! [`TooMany`]: Outcome::TooMany

use std::collections::BTreeMap;
use std::hash::RandomState;
use std::sync::atomic::{AtomicUsize, Ordering};

use clear_cold::Error;
use hashbrown::{HashSet, HashTable};

use crate::exact::Exact;
use crate::lens::{Classes, Lens, Seen, bit};
use crate::predicate::{Part, Predicate};
use crate::store::{Bits, Data, Frozen, NO_TIME, Open, Zone, each_width, wide};
use crate::times::{Grain, date_of, days_of};
use crate::values::Value;

/// What to count by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    /// A column as it is.
    Column(usize),
    /// A part of a time.
    Time(usize, Grain),
}

impl Key {
    fn column(self) -> usize {
        match self {
            Key::Column(column) | Key::Time(column, _) => column,
        }
    }
}

/// What to tell of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Measure {
    /// How many rows.
    Rows,
    /// How many rows have a value.
    Present(usize),
    /// How many different values.
    Distinct(usize),
    /// The sum of numbers.
    Sum(usize),
    /// The mean of numbers.
    Mean(usize),
    /// The least value.
    Least(usize),
    /// The greatest value.
    Most(usize),
}

impl Measure {
    fn column(self) -> Option<usize> {
        match self {
            Measure::Rows => None,
            Measure::Present(column)
            | Measure::Distinct(column)
            | Measure::Sum(column)
            | Measure::Mean(column)
            | Measure::Least(column)
            | Measure::Most(column) => Some(column),
        }
    }
}

/// A question of counts.
#[derive(Debug, Clone)]
pub(crate) struct Grouping {
    pub(crate) filter: Option<Predicate>,
    pub(crate) keys: Vec<Key>,
    pub(crate) measures: Vec<Measure>,
}

/// Groups in the order of their keys' values, nulls last; a list for each key and each measure.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Groups {
    pub(crate) len: usize,
    pub(crate) keys: Vec<Vec<Option<Value>>>,
    pub(crate) measures: Vec<Vec<Option<Value>>>,
}

/// What came of it.
#[derive(Debug)]
pub(crate) enum Outcome {
    Groups(Groups),
    /// More groups, or more different values, than may be held in memory here.
    TooMany,
}

/// Groups that are held at most, and different values where they are no bits.
const GROUPS_MAX: usize = if cfg!(test) { 12 } else { 1 << 20 };
const DISTINCT_MAX: usize = 1 << 24;
/// Slots that are places in a list.
const DENSE_MAX: usize = if cfg!(test) { 64 } else { 1 << 18 };
/// Bits for different values, by all slots together.
const DISTINCT_BITS_MAX: usize = if cfg!(test) { 1 << 11 } else { 1 << 29 };
/// Days between the first and last of a time that is counted by its parts.
const DAYS_MAX: i64 = 400_000;
/// Rows whose slots are found at once: they stay in the nearest cache.
const BLOCK: usize = 2_048;

/// Runs a grouping. `None`: a time of it spans too many years to be counted so.
///
/// # Errors
/// When a column that is looked at cannot be read.
pub(crate) fn run(table: &Frozen, lens: &Lens, grouping: &Grouping, threads: usize) -> Result<Option<Outcome>, Error> {
    let reading = table.reading();
    let Some(plan) = Plan::of(table, grouping) else { return reading.done().map(|()| None) };
    let next = AtomicUsize::new(0);
    let work = || {
        let mut tally = Tally::new(&plan);
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(chunk) = table.open(at, &reading) else { break };
            tally.chunk(lens, at, &chunk);
            if tally.is_over() || reading.done().is_err() {
                break;
            }
        }
        tally
    };
    let mut tallies: Vec<Tally<'_>> = if threads < 2 || table.chunks.len() < 2 {
        vec![work()]
    } else {
        std::thread::scope(|scope| {
            let workers: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
            let mut tallies = vec![work()];
            tallies.extend(workers.into_iter().filter_map(|worker| worker.join().ok()));
            tallies
        })
    };
    reading.done()?;
    let Some(mut whole) = tallies.pop() else { return Ok(None) };
    for tally in tallies {
        // In either order the same: whether there are too many is asked of all of them together.
        if whole.is_over() || tally.is_over() {
            return Ok(Some(Outcome::TooMany));
        }
        whole.merge(tally);
    }
    if whole.is_over() {
        return Ok(Some(Outcome::TooMany));
    }
    Ok(Some(Outcome::Groups(whole.groups())))
}

/// A grouping, with what is known of its columns.
struct Plan<'a> {
    table: &'a Frozen,
    grouping: &'a Grouping,
    wanted: Classes,
    keys: Vec<KeyPlan>,
    /// The product of all keys' codes, if it is small.
    dense: Option<usize>,
}

/// How a key makes a number of a row.
struct KeyPlan {
    key: Key,
    /// One more than the greatest; `None` where numbers are of any size.
    codes: Option<usize>,
    days: Option<Days>,
}

/// What stands for each day of a time.
struct Days {
    first: i64,
    grain: Grain,
    /// The code of each day, from the first one on.
    of: Vec<u32>,
    values: Vec<Value>,
}

impl<'a> Plan<'a> {
    fn of(table: &'a Frozen, grouping: &'a Grouping) -> Option<Plan<'a>> {
        let class = |column: usize| table.set.columns.get(column).map_or(0, |column| bit(column.class));
        let columns = grouping.keys.iter().map(|key| key.column());
        let columns = columns.chain(grouping.measures.iter().filter_map(|measure| measure.column()));
        let wanted = columns.map(class).fold(0, |wanted, class| wanted | class)
            | grouping.filter.as_ref().map_or(0, |filter| filter.classes(table));
        let keys: Vec<KeyPlan> =
            grouping.keys.iter().map(|key| KeyPlan::of(table, grouping, *key)).collect::<Option<_>>()?;
        let dense = keys.iter().try_fold(1usize, |product, key| product.checked_mul(key.codes?));
        Some(Plan { table, grouping, wanted, keys, dense: dense.filter(|product| *product <= DENSE_MAX) })
    }
}

impl KeyPlan {
    fn of(table: &Frozen, grouping: &Grouping, key: Key) -> Option<KeyPlan> {
        match key {
            Key::Column(column) => {
                let codes = table.words(column).codes().max(1);
                let is_coded = !matches!(table.words(column), crate::store::Words::None);
                Some(KeyPlan { key, codes: is_coded.then_some(codes), days: None })
            }
            Key::Time(column, grain) => {
                let within = grouping.filter.as_ref().and_then(|filter| filter.times_of(column));
                let days = Days::of(table, column, grain, within.unwrap_or((i64::MIN, i64::MAX)))?;
                Some(KeyPlan { key, codes: Some(days.values.len() + 1), days: Some(days) })
            }
        }
    }

    fn value(&self, table: &Frozen, number: u64) -> Option<Value> {
        if let Some(days) = &self.days {
            return days.values.get((number as usize).checked_sub(1)?).cloned();
        }
        let Key::Column(column) = self.key else { return None };
        let cell = match table.set.columns.get(column)?.layout {
            crate::sets::Layout::Number => crate::store::Cell::Number(f64::from_bits(number)),
            crate::sets::Layout::Time => crate::store::Cell::Time(number as i64),
            _ => crate::store::Cell::Code(number as u32),
        };
        table.value(column, cell)
    }
}

impl Days {
    /// Of the days that rows can have whose time is within: nobody asks for another.
    fn of(table: &Frozen, column: usize, grain: Grain, within: (i64, i64)) -> Option<Days> {
        if let Some(parts) = grain.of_day() {
            return Some(Days {
                first: 0,
                grain,
                of: Vec::new(),
                values: (0..parts).map(|part| Value::Number(f64::from(part))).collect(),
            });
        }
        let mut span: Option<(i64, i64)> = None;
        for chunk in &table.chunks {
            if let Zone::Times(low, high) = chunk.zone(column) {
                let (first, last) = span.unwrap_or((low, high));
                span = Some((first.min(low), last.max(high)));
            }
        }
        let (low, high) = span.unwrap_or((0, 0));
        let (first, last) = (days_of(low.max(within.0)), days_of(high.min(within.1)));
        if last - first > DAYS_MAX {
            return None;
        }
        let mut values: Vec<Value> = Vec::new();
        let mut codes: BTreeMap<i64, u32> = BTreeMap::new();
        let mut of = Vec::new();
        let (mut date, mut before) = (date_of(first), None);
        for day in first..=last {
            let (number, value) = grain.of(day, date);
            let new = || {
                values.push(value);
                values.len() as u32
            };
            let code = match before {
                Some((same, code)) if same == number => code,
                _ if grain.passes() => new(),
                _ => *codes.entry(number).or_insert_with(new),
            };
            of.push(code);
            before = Some((number, code));
            date = date.tomorrow().unwrap_or(date);
        }
        Some(Days { first, grain, of, values })
    }

    fn code(&self, time: i64) -> u32 {
        if time == NO_TIME {
            return 0;
        }
        if self.grain.of_day().is_some() {
            return self.grain.part(time) + 1;
        }
        self.of.get((days_of(time) - self.first) as usize).copied().unwrap_or(0)
    }
}

/// Which rows of a chunk are counted.
enum Rows {
    All(usize),
    List(Vec<u16>),
}

/// The rows of one block.
#[derive(Clone, Copy)]
enum Block<'a> {
    Range(usize, usize),
    List(&'a [u16]),
}

impl Block<'_> {
    fn len(&self) -> usize {
        match self {
            Block::Range(from, to) => to - from,
            Block::List(rows) => rows.len(),
        }
    }
}

/// Runs words for each place of a block with the value of its row.
macro_rules! each_value {
    ($block:expr, $values:expr, $places:expr, |$place:ident, $value:ident| $body:expr) => {
        match $block {
            Block::Range(from, to) => {
                for ($place, $value) in $places.zip($values.get(from..to).unwrap_or_default().iter().copied()) {
                    $body
                }
            }
            Block::List(rows) => {
                for ($place, row) in $places.zip(rows) {
                    if let Some($value) = $values.get(usize::from(*row)).copied() {
                        $body
                    }
                }
            }
        }
    };
}

/// What one thread has counted.
struct Tally<'a> {
    plan: &'a Plan<'a>,
    slots: Slots,
    counts: Vec<u64>,
    measures: Vec<Kept>,
}

/// How numbers of keys become slots.
enum Slots {
    Dense,
    Hashed { table: HashTable<u32>, numbers: Vec<u64>, hasher: RandomState },
}

/// What is kept for one measure, by slot.
enum Kept {
    Rows,
    Present(Vec<u64>),
    Bits { words: usize, bits: Vec<u64> },
    Set(HashSet<(u32, u64)>),
    Sum(Vec<Option<Exact>>, Vec<u64>),
    Extreme(Vec<Option<Value>>),
}

impl<'a> Tally<'a> {
    fn new(plan: &'a Plan<'a>) -> Tally<'a> {
        let slots = match plan.dense {
            Some(_) => Slots::Dense,
            None => Slots::Hashed { table: HashTable::new(), numbers: Vec::new(), hasher: RandomState::new() },
        };
        let kept = |measure: &Measure| match measure {
            Measure::Rows => Kept::Rows,
            Measure::Present(_) => Kept::Present(Vec::new()),
            Measure::Distinct(column) => {
                let words = plan.table.words(*column).codes().div_ceil(64);
                match plan.dense {
                    Some(slots) if words > 0 && slots.saturating_mul(words * 64) <= DISTINCT_BITS_MAX => {
                        Kept::Bits { words, bits: vec![0; slots * words] }
                    }
                    _ => Kept::Set(HashSet::new()),
                }
            }
            Measure::Sum(_) | Measure::Mean(_) => Kept::Sum(Vec::new(), Vec::new()),
            Measure::Least(_) | Measure::Most(_) => Kept::Extreme(Vec::new()),
        };
        Tally {
            plan,
            slots,
            counts: vec![0; plan.dense.unwrap_or(0)],
            measures: plan.grouping.measures.iter().map(kept).collect(),
        }
    }

    /// Whether there is more than may be held.
    fn is_over(&self) -> bool {
        let groups = match &self.slots {
            Slots::Dense => 0,
            Slots::Hashed { table, .. } => table.len(),
        };
        let different = |kept: &Kept| if let Kept::Set(set) = kept { set.len() } else { 0 };
        groups > GROUPS_MAX || self.measures.iter().any(|kept| different(kept) > DISTINCT_MAX)
    }

    fn chunk(&mut self, lens: &Lens, at: usize, chunk: &Open) {
        let view = lens.view(self.plan.table, chunk, at, self.plan.wanted);
        if matches!(view.rows, Seen::None) {
            return;
        }
        let part = Part { table: self.plan.table, chunk, view: &view };
        let rows = match (&view.rows, &self.plan.grouping.filter) {
            (Seen::All, None) => Rows::All(chunk.rows),
            (_, filter) => {
                let rows: Bits = part.rows(filter.as_ref());
                let count = rows.count();
                if count == chunk.rows { Rows::All(count) } else { Rows::List(rows.rows().collect()) }
            }
        };
        let mut slots: Vec<u32> = Vec::with_capacity(BLOCK);
        match &rows {
            Rows::All(rows) => {
                for from in (0..*rows).step_by(BLOCK) {
                    self.block(&part, Block::Range(from, (from + BLOCK).min(*rows)), &mut slots);
                }
            }
            Rows::List(rows) => {
                rows.chunks(BLOCK).for_each(|rows| self.block(&part, Block::List(rows), &mut slots));
            }
        }
    }

    fn block(&mut self, part: &Part<'_>, block: Block<'_>, slots: &mut Vec<u32>) {
        slots.clear();
        slots.resize(block.len(), 0);
        match &mut self.slots {
            Slots::Dense => {
                let mut stride = 1;
                for key in &self.plan.keys {
                    add_codes(part, block, key, stride, slots);
                    stride *= key.codes.unwrap_or(1) as u32;
                }
            }
            Slots::Hashed { table, numbers, hasher } => {
                let width = self.plan.keys.len();
                let found: Vec<Vec<u64>> = self.plan.keys.iter().map(|key| numbers_of(part, block, key)).collect();
                let mut row: Vec<u64> = Vec::with_capacity(width);
                for (place, slot) in slots.iter_mut().enumerate() {
                    row.clear();
                    row.extend(found.iter().filter_map(|numbers| numbers.get(place).copied()));
                    *slot = slot_of(table, numbers, hasher, &row);
                }
                let most = table.len();
                if self.counts.len() < most {
                    self.counts.resize(most, 0);
                }
            }
        }
        for slot in slots.iter() {
            if let Some(count) = self.counts.get_mut(*slot as usize) {
                *count += 1;
            }
        }
        let groups = self.counts.len();
        for (kept, measure) in self.measures.iter_mut().zip(&self.plan.grouping.measures) {
            kept.block(part, block, *measure, slots, groups);
        }
    }

    fn merge(&mut self, other: Tally<'_>) {
        // Where each of the other's slots goes.
        let to: Vec<u32> = match (&mut self.slots, &other.slots) {
            (Slots::Hashed { table, numbers, hasher }, Slots::Hashed { numbers: others, .. }) => {
                let width = self.plan.keys.len().max(1);
                others.chunks(width).map(|row| slot_of(table, numbers, hasher, row)).collect()
            }
            _ => (0..other.counts.len() as u32).collect(),
        };
        let most = to.iter().max().map_or(0, |most| *most as usize + 1);
        if self.counts.len() < most {
            self.counts.resize(most, 0);
        }
        for (to, count) in to.iter().zip(&other.counts) {
            if let Some(place) = self.counts.get_mut(*to as usize) {
                *place += count;
            }
        }
        let groups = self.counts.len();
        let measures = self.measures.iter_mut().zip(other.measures).zip(&self.plan.grouping.measures);
        for ((kept, other), measure) in measures {
            kept.merge(other, &to, groups, *measure);
        }
    }

    fn groups(mut self) -> Groups {
        let width = self.plan.keys.len();
        if width == 0 && self.counts.is_empty() {
            self.counts.push(0);
        }
        // Nothing counted is a count too.
        let there = |slot: &usize| width == 0 || self.counts.get(*slot).is_some_and(|count| *count > 0);
        let slots: Vec<usize> = (0..self.counts.len()).filter(there).collect();
        let number = |slot: usize, at: usize| -> u64 {
            match &self.slots {
                Slots::Hashed { numbers, .. } => numbers.get(slot * width + at).copied().unwrap_or(0),
                Slots::Dense => {
                    let before: usize = self.plan.keys.iter().take(at).filter_map(|key| key.codes).product();
                    let codes = self.plan.keys.get(at).and_then(|key| key.codes).unwrap_or(1);
                    (slot / before.max(1) % codes.max(1)) as u64
                }
            }
        };
        let keyed = |slot: usize| -> Vec<Option<Value>> {
            let keys = self.plan.keys.iter().enumerate();
            keys.map(|(at, key)| key.value(self.plan.table, number(slot, at))).collect()
        };
        let mut rows: Vec<(Vec<Option<Value>>, usize)> = slots.into_iter().map(|slot| (keyed(slot), slot)).collect();
        rows.sort_by(|(one, _), (other, _)| {
            let orders = one.iter().zip(other).map(|(a, b)| match (a, b) {
                (Some(a), Some(b)) => a.compare(b),
                (a, b) => a.is_none().cmp(&b.is_none()),
            });
            orders.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then)
        });
        let order: Vec<usize> = rows.iter().map(|(_, slot)| *slot).collect();
        let mut keys: Vec<Vec<Option<Value>>> = vec![Vec::with_capacity(rows.len()); width];
        for (row, _) in rows {
            keys.iter_mut().zip(row).for_each(|(column, value)| column.push(value));
        }
        let told = self.measures.iter().zip(&self.plan.grouping.measures);
        let measures = told.map(|(kept, measure)| kept.told(*measure, &self.counts, &order)).collect();
        Groups { len: order.len(), keys, measures }
    }
}

fn slot_of(table: &mut HashTable<u32>, numbers: &mut Vec<u64>, hasher: &RandomState, row: &[u64]) -> u32 {
    use std::hash::BuildHasher as _;
    let width = row.len();
    let of = |slot: u32| numbers.get(slot as usize * width..(slot as usize + 1) * width).unwrap_or_default();
    let hash = hasher.hash_one(row);
    if let Some(slot) = table.find(hash, |slot| of(*slot) == row) {
        return *slot;
    }
    let slot = table.len() as u32;
    table.insert_unique(hash, slot, |slot| hasher.hash_one(of(*slot)));
    numbers.extend_from_slice(row);
    slot
}

/// Adds a key's codes, times its stride, to slots.
fn add_codes(part: &Part<'_>, block: Block<'_>, key: &KeyPlan, stride: u32, slots: &mut [u32]) {
    let column = key.key.column();
    let open = part.open(column);
    if matches!(open, Seen::None) {
        return;
    }
    match (part.chunk.data(column), &key.days) {
        (Data::Codes(codes), _) if open.is_all() => each_width!(codes, values => {
            each_value!(block, values, slots.iter_mut(), |slot, code| *slot += wide(code) * stride);
        }),
        (Data::Codes(codes), _) => {
            for_rows(block, |place, row| {
                if let Some(slot) = slots.get_mut(place)
                    && open.has(row)
                {
                    *slot += codes.get(row) * stride;
                }
            });
        }
        (Data::Times(times), Some(days)) if open.is_all() => {
            each_value!(block, times, slots.iter_mut(), |slot, time| *slot += days.code(time) * stride);
        }
        (Data::Times(times), Some(days)) => {
            for_rows(block, |place, row| {
                if let Some(slot) = slots.get_mut(place)
                    && open.has(row)
                {
                    *slot += times.get(row).map_or(0, |time| days.code(*time)) * stride;
                }
            });
        }
        _ => {}
    }
}

/// A key's numbers of a block: codes, or the bits of values.
fn numbers_of(part: &Part<'_>, block: Block<'_>, key: &KeyPlan) -> Vec<u64> {
    let column = key.key.column();
    let null = match part.chunk.data(column) {
        Data::Codes(_) | Data::Made => 0,
        Data::Numbers(_) => f64::NAN.to_bits(),
        Data::Times(_) if key.days.is_some() => 0,
        Data::Times(_) => NO_TIME as u64,
    };
    let mut numbers = vec![null; block.len()];
    let open = part.open(column);
    for_rows(block, |place, row| {
        if !open.has(row) {
            return;
        }
        let number = match (part.chunk.data(column), &key.days) {
            (Data::Codes(codes), _) => u64::from(codes.get(row)),
            (Data::Numbers(values), _) => match values.get(row) {
                Some(value) if !value.is_nan() => value.to_bits(),
                _ => null,
            },
            (Data::Times(times), Some(days)) => times.get(row).map_or(0, |time| u64::from(days.code(*time))),
            (Data::Times(times), None) => times.get(row).map_or(null, |time| *time as u64),
            (Data::Made, _) => null,
        };
        if let Some(place) = numbers.get_mut(place) {
            *place = number;
        }
    });
    numbers
}

fn for_rows(block: Block<'_>, mut each: impl FnMut(usize, usize)) {
    match block {
        Block::Range(from, to) => (from..to).enumerate().for_each(|(place, row)| each(place, row)),
        Block::List(rows) => rows.iter().enumerate().for_each(|(place, row)| each(place, usize::from(*row))),
    }
}

impl Kept {
    fn block(&mut self, part: &Part<'_>, block: Block<'_>, measure: Measure, slots: &[u32], groups: usize) {
        let Some(column) = measure.column() else { return };
        let open = part.open(column);
        if matches!(open, Seen::None) {
            return;
        }
        let data = part.chunk.data(column);
        match self {
            Kept::Rows => {}
            Kept::Present(counts) => {
                counts.resize(groups.max(counts.len()), 0);
                for_rows(block, |place, row| {
                    if open.has(row)
                        && data.cell(row).is_value()
                        && let Some(count) = slots.get(place).and_then(|slot| counts.get_mut(*slot as usize))
                    {
                        *count += 1;
                    }
                });
            }
            Kept::Bits { words, bits } => {
                let Data::Codes(codes) = data else { return };
                let words = *words;
                let mut take = |slot: u32, code: u32| {
                    if code != 0
                        && let Some(word) = bits.get_mut(slot as usize * words + code as usize / 64)
                    {
                        *word |= 1 << (code % 64);
                    }
                };
                if open.is_all() {
                    each_width!(codes, values => {
                        each_value!(block, values, slots.iter(), |slot, code| take(*slot, wide(code)));
                    });
                } else {
                    for_rows(block, |place, row| {
                        if open.has(row) {
                            take(slots.get(place).copied().unwrap_or(0), codes.get(row));
                        }
                    });
                }
            }
            Kept::Set(set) => for_rows(block, |place, row| {
                let cell = data.cell(row);
                if open.has(row) && cell.is_value() {
                    let number = match cell {
                        crate::store::Cell::Code(code) => u64::from(code),
                        crate::store::Cell::Number(number) => number.to_bits(),
                        crate::store::Cell::Time(time) => time as u64,
                        crate::store::Cell::Made => 0,
                    };
                    set.insert((slots.get(place).copied().unwrap_or(0), number));
                }
            }),
            Kept::Sum(sums, counts) => {
                sums.resize(groups.max(sums.len()), None);
                counts.resize(groups.max(counts.len()), 0);
                for_rows(block, |place, row| {
                    let Some(slot) = slots.get(place).map(|slot| *slot as usize).filter(|_| open.has(row)) else {
                        return;
                    };
                    let Some(number) = part.table.number(column, data.cell(row)) else { return };
                    if let Some((sum, count)) = sums.get_mut(slot).zip(counts.get_mut(slot)) {
                        sum.get_or_insert_default().add(number);
                        *count += 1;
                    }
                });
            }
            Kept::Extreme(values) => {
                values.resize(groups.max(values.len()), None);
                for_rows(block, |place, row| {
                    if !open.has(row) {
                        return;
                    }
                    let value = part.table.value(column, data.cell(row));
                    if let Some(kept) = slots.get(place).and_then(|slot| values.get_mut(*slot as usize)) {
                        keep_extreme(kept, value, measure);
                    }
                });
            }
        }
    }

    fn merge(&mut self, other: Kept, to: &[u32], groups: usize, measure: Measure) {
        let place = |slot: usize| to.get(slot).map_or(slot, |slot| *slot as usize);
        match (self, other) {
            (Kept::Present(counts), Kept::Present(others)) => {
                counts.resize(groups.max(counts.len()), 0);
                for (slot, other) in others.into_iter().enumerate() {
                    if let Some(count) = counts.get_mut(place(slot)) {
                        *count += other;
                    }
                }
            }
            (Kept::Bits { bits, .. }, Kept::Bits { bits: others, .. }) => {
                bits.iter_mut().zip(others).for_each(|(word, other)| *word |= other);
            }
            (Kept::Set(set), Kept::Set(others)) => {
                set.extend(others.into_iter().map(|(slot, number)| (place(slot as usize) as u32, number)));
            }
            (Kept::Sum(sums, counts), Kept::Sum(other_sums, other_counts)) => {
                sums.resize(groups.max(sums.len()), None);
                counts.resize(groups.max(counts.len()), 0);
                for (slot, (other, more)) in other_sums.into_iter().zip(other_counts).enumerate() {
                    if let Some((sum, count)) = sums.get_mut(place(slot)).zip(counts.get_mut(place(slot)))
                        && let Some(other) = other
                    {
                        sum.get_or_insert_default().merge(other);
                        *count += more;
                    }
                }
            }
            (Kept::Extreme(values), Kept::Extreme(others)) => {
                values.resize(groups.max(values.len()), None);
                for (slot, other) in others.into_iter().enumerate() {
                    if let Some(kept) = values.get_mut(place(slot)) {
                        keep_extreme(kept, other, measure);
                    }
                }
            }
            _ => {}
        }
    }

    /// What is told of each group, in the given order of slots.
    fn told(&self, measure: Measure, counts: &[u64], order: &[usize]) -> Vec<Option<Value>> {
        let count = |count: u64| Some(Value::Number(count as f64));
        let distinct: Vec<u64> = match self {
            Kept::Set(set) => {
                let mut distinct = vec![0; counts.len()];
                for (slot, _) in set {
                    if let Some(count) = distinct.get_mut(*slot as usize) {
                        *count += 1;
                    }
                }
                distinct
            }
            _ => Vec::new(),
        };
        let told = |slot: &usize| match self {
            Kept::Rows => count(counts.get(*slot).copied().unwrap_or(0)),
            Kept::Present(present) => count(present.get(*slot).copied().unwrap_or(0)),
            Kept::Bits { words, bits } => {
                let own = bits.get(slot * words..(slot + 1) * words).unwrap_or_default();
                count(own.iter().map(|word| u64::from(word.count_ones())).sum())
            }
            Kept::Set(_) => count(distinct.get(*slot).copied().unwrap_or(0)),
            Kept::Sum(sums, counts) => {
                let sum = sums.get(*slot).and_then(Option::as_ref)?.value();
                let rows = counts.get(*slot).copied().unwrap_or(0) as f64;
                Some(Value::Number(if matches!(measure, Measure::Mean(_)) { sum / rows } else { sum }))
            }
            Kept::Extreme(values) => values.get(*slot).cloned().flatten(),
        };
        order.iter().map(told).collect()
    }
}

fn keep_extreme(kept: &mut Option<Value>, value: Option<Value>, measure: Measure) {
    let Some(value) = value else { return };
    let better = kept.as_ref().is_none_or(|kept| {
        let order = value.compare(kept);
        if matches!(measure, Measure::Least(_)) { order.is_lt() } else { order.is_gt() }
    });
    if better {
        *kept = Some(value);
    }
}
