//! Links a table: from rows to scored pairs to clusters.
//!
//! In:    a [`Table`]; if wanted a [`Model`] learnt before; people's decisions about pairs of rows.
//! Out:   [`Linked`]: a cluster for each row, the scored pairs, the model, and a reason for every join.
//! Never: reads a truth; joins two rows that a decision parts.
//!
//! # How
//! Candidates by rarity (`block`), weights by estimation without labels (`estimate`), groups by the log odds of their
//! fields together (`agglomerate`). Everything is a function of what the rows say, with fixed seeds: they are put in an order
//! of their own first (`order`), and back at the end.

use hashbrown::{HashMap, HashSet};

use crate::agglomerate::{self, Decided};
use crate::block::{self, Found};
use crate::company::Company;
use crate::compare::Pattern;
use crate::estimate;
use crate::explain::{self, Waterfall};
use crate::model::{Model, Sums};
use crate::order::{self, Copies, Ordered};
use crate::prepared::Prepared;
use crate::table::Table;

/// Pairs below these log odds are forgotten: one in fifty-five.
pub(crate) const KEPT: f32 = -4.0;

/// Rows of a group that are compared when it is weighed.
const SPOKESMEN: usize = 48;

/// Rows that are fetched from memory together, so that their fetches overlap.
const TOUCHED: usize = 32;

/// What the linker is told beside the rows.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Weights learnt before; without them they are estimated from the rows.
    pub model: Option<Model>,
    /// Pairs of rows that a person decided to be one person.
    pub same: Vec<(u32, u32)>,
    /// Pairs of rows that a person decided to be two persons. It outranks `same`.
    pub different: Vec<(u32, u32)>,
}

/// Two rows and how likely they are one person.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scored {
    /// The row that comes first.
    pub a: u32,
    /// The other.
    pub b: u32,
    /// Natural logarithm of the odds.
    pub ln_odds: f32,
}

impl Scored {
    /// The probability that they are one person.
    pub fn probability(&self) -> f32 {
        1.0 / (1.0 + (-self.ln_odds).exp())
    }
}

/// Rows that say letter by letter what another says. They were not compared: what holds of that row holds of them, so each of
/// its pairs stands for one of theirs as well.
#[derive(Debug, Clone, PartialEq)]
pub struct Copied {
    /// The row that was compared.
    pub of: u32,
    /// The others.
    pub rows: Vec<u32>,
    /// Log odds that two of them are one person.
    pub ln_odds: f32,
}

/// A linked table.
pub struct Linked {
    /// For each row the smallest row of its cluster.
    pub clusters: Vec<u32>,
    /// Pairs that were compared and are not hopeless, in order.
    pub pairs: Vec<Scored>,
    /// Rows that were not compared because they are copies of one that was.
    pub copied: Vec<Copied>,
    /// How many pairs were compared.
    pub compared: usize,
    /// How they were found.
    pub found: Found,
    pub(crate) model: Model,
    pub(crate) prepared: Prepared,
}

/// Links the rows. `done` is told the name of each stage when it is done, for a clock.
pub fn link(table: Table, options: &Options, done: &mut dyn FnMut(&'static str)) -> Linked {
    let decided = options.same.iter().chain(&options.different);
    let decided: HashSet<u32> = decided.flat_map(|(a, b)| [*a, *b]).collect();
    let Ordered { table, given, copies } = order::ordered(table, &decided);
    let mut prepared = Prepared::of(table);
    prepared.company = Company::of(&prepared);
    done("prepare");
    let (pairs, found) = block::pairs(&prepared);
    done("candidates");
    let model = match &options.model {
        Some(model) => model.fitted_to(&prepared.comparisons),
        None => estimate::estimate(&prepared, &pairs),
    };
    done("estimate");
    let mut pattern = Pattern::default();
    let mut scored = Vec::new();
    for few in pairs.chunks(TOUCHED) {
        prepared.touch(few.iter().map(|pair| *pair as u32));
        for pair in few {
            let (a, b) = ((pair >> 32) as u32, *pair as u32);
            prepared.compare(a, b, &mut pattern);
            let ln_odds = model.score(&pattern);
            if ln_odds > KEPT {
                scored.push(Scored { a, b, ln_odds });
            }
        }
    }
    let compared = pairs.len();
    drop(pairs);
    done("score");
    let decided = decisions(options, &given, &decided);
    let clusters = agglomerate::clusters(prepared.rows, &scored, &decided, &mut |a, b| {
        together(&prepared, &model, a, b, &mut pattern)
    });
    let linked = Linked { clusters, pairs: scored, copied: Vec::new(), compared, found, model, prepared };
    let linked = as_given(linked, &given, &copies);
    done("cluster");
    linked
}

/// Decisions about the rows in their own order.
fn decisions(options: &Options, given: &[u32], decided: &HashSet<u32>) -> Decided {
    let rows = (0..).zip(given).filter(|(_, row)| decided.contains(*row));
    let ordered: HashMap<u32, u32> = rows.map(|(at, row)| (*row, at)).collect();
    let of = |pairs: &[(u32, u32)]| -> Vec<(u32, u32)> {
        // Of a row that is not there nothing can be decided.
        pairs.iter().filter_map(|(a, b)| Some((*ordered.get(a)?, *ordered.get(b)?))).collect()
    };
    Decided::of(&of(&options.same), &of(&options.different))
}

/// What was found, in the numbers of the rows as they were given, with those that were left out as copies.
fn as_given(linked: Linked, given: &[u32], copies: &[Copies]) -> Linked {
    let Linked { clusters, mut pairs, mut copied, compared, mut found, model, prepared } = linked;
    let of = |row: u32| given.get(row as usize).copied().unwrap_or(row);
    for pair in &mut pairs {
        let (a, b) = (of(pair.a), of(pair.b));
        (pair.a, pair.b) = (a.min(b), a.max(b));
    }
    let left_out = copies.iter().map(|copies| copies.rows.len()).sum::<usize>();
    found.copies = left_out;
    let mut least: Vec<u32> = vec![u32::MAX; clusters.len()];
    let mut take = |cluster: u32, row: u32| {
        if let Some(least) = least.get_mut(cluster as usize) {
            *least = row.min(*least);
        }
    };
    let cluster_of = |row: u32| clusters.get(row as usize).copied().unwrap_or(row);
    (0..).zip(given).for_each(|(at, row)| take(cluster_of(at), *row));
    let mut pattern = Pattern::default();
    let mut joined: Vec<(u32, &Copies)> = Vec::new();
    for copies in copies {
        prepared.compare(copies.of, copies.of, &mut pattern);
        // Weights that were learnt where nobody is met twice know nothing of one person's rows.
        let ln_odds = model.score(&pattern).max(copies.tells);
        if ln_odds > 0.0 {
            copies.rows.iter().for_each(|row| take(cluster_of(copies.of), *row));
            joined.push((cluster_of(copies.of), copies));
        }
        copied.push(Copied { of: of(copies.of), rows: copies.rows.clone(), ln_odds });
    }
    let mut of_given: Vec<u32> = (0..(given.len() + left_out) as u32).collect();
    let mut put = |row: u32, cluster: u32| {
        if let (Some(slot), Some(least)) = (of_given.get_mut(row as usize), least.get(cluster as usize)) {
            *slot = *least;
        }
    };
    (0..).zip(given).for_each(|(at, row)| put(*row, cluster_of(at)));
    for (cluster, copies) in joined {
        copies.rows.iter().for_each(|copy| put(*copy, cluster));
    }
    pairs.sort_unstable_by_key(|pair| (pair.a, pair.b));
    let prepared = prepared.in_given_order(given, copies.iter().map(|copies| (copies.of, copies.rows.as_slice())));
    Linked { clusters: of_given, pairs, copied, compared, found, model, prepared }
}

/// Log odds that two groups are one person. Each field speaks once, with the mean over those pairs of rows that have it:
/// so a row that says little neither joins nor parts groups that say much, and the odds before any evidence count once.
///
/// Of a group of more than [`SPOKESMEN`] rows so many speak, evenly taken: a million equal rows cost a million times that.
pub(crate) fn together(prepared: &Prepared, model: &Model, a: &[u32], b: &[u32], pattern: &mut Pattern) -> f32 {
    let mut sums = Sums::default();
    for x in a.iter().step_by(a.len().div_ceil(SPOKESMEN).max(1)) {
        for y in b.iter().step_by(b.len().div_ceil(SPOKESMEN).max(1)) {
            prepared.compare(*x, *y, pattern);
            model.add(pattern, &mut sums);
        }
    }
    model.of_means(&sums)
}

impl Linked {
    /// The weights that were used.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// Why two rows have the odds that they have.
    pub fn explain(&self, a: u32, b: u32) -> Waterfall {
        explain::waterfall(&self.prepared, &self.model, a, b)
    }

    /// Log odds of two groups of rows together; what decided whether they were joined.
    pub fn together(&self, a: &[u32], b: &[u32]) -> f32 {
        together(&self.prepared, &self.model, a, b, &mut Pattern::default())
    }
}
