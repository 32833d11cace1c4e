//! Estimates a model from the rows themselves, without labels.
//!
//! In:    a [`Prepared`] table and its candidate pairs.
//! Out:   a [`Model`].
//! Never: reads a truth; depends on the order of the rows.
#![expect(clippy::indexing_slicing, reason = "levels index the weights of their comparison; hot loop")]
#![expect(clippy::needless_range_loop, reason = "one number indexes several lists of the same comparison")]

use crate::compare::{MISSING, Pattern};
use crate::dict::mix;
use crate::levels::Kind;
use crate::model::{self, LEVELS, Model, Weights, softplus};
use crate::prepared::{MOST, Prepared};
use crate::role::Role;
use crate::table::NONE;

const RANDOM_PAIRS: u64 = 100_000;
const VALUE_PAIRS: u64 = 40_000;
const EM_PAIRS: usize = 200_000;
/// Share of the pairs of one person that the pairs of households must exceed.
const HOME_NEEDS: f64 = 0.01;
const ROUNDS: usize = 10;

pub(crate) fn estimate(prepared: &Prepared, pairs: &[u64]) -> Model {
    let rows = f64::from(prepared.rows);
    let all_pairs = (rows * (rows - 1.0) / 2.0).max(1.0);
    let mut model = Model {
        weights: model::begin(&prepared.comparisons),
        ln_same: (rows.max(1.0) / all_pairs).ln() as f32,
        ln_home: (0.3 * rows.max(1.0) / all_pairs).ln() as f32,
    };
    strangers(prepared, &mut model, None);
    for weights in &mut model.weights {
        for at in 0..LEVELS {
            weights.h[at] = if matches!(weights.role, Role::DateOfBirth | Role::GivenName) {
                0.9 * weights.u[at] + 0.1 * weights.m[at]
            } else if weights.shared {
                weights.m[at]
            } else {
                weights.u[at]
            };
        }
        weights.settle();
    }
    let stride = pairs.len().div_ceil(EM_PAIRS).max(1);
    let seen = |pair: &u64| {
        let mut pattern = Pattern::default();
        prepared.compare((pair >> 32) as u32, *pair as u32, &mut pattern);
        pattern
    };
    let sample: Vec<Pattern> = pairs.iter().step_by(stride).map(seen).collect();
    let scale = stride as f64 / all_pairs;
    for _ in 0..ROUNDS {
        maximise(&mut model, &sample, scale, 0.0);
    }
    let first = model.clone();
    strangers(prepared, &mut model, Some(&first));
    for _ in 0..ROUNDS {
        maximise(&mut model, &sample, scale, HOME_NEEDS);
    }
    model
}

/// One round of expectation and maximisation. The pairs that are no candidates count as strangers.
fn maximise(model: &mut Model, sample: &[Pattern], scale: f64, home_needs: f64) {
    let mut same = [[0.0_f64; LEVELS]; MOST];
    let mut home = [[0.0_f64; LEVELS]; MOST];
    let mut slips = [[0.0_f64; LEVELS]; MOST];
    let (mut all_same, mut all_home) = (0.0_f64, 0.0_f64);
    for seen in sample {
        let (s, h) = model.sums(seen);
        let most = s.max(h).max(0.0);
        let (es, eh, er) = ((s - most).exp(), (h - most).exp(), (-most).exp());
        let total = es + eh + er;
        let (ps, ph) = (f64::from(es / total), f64::from(eh / total));
        all_same += ps;
        all_home += ph;
        if ps + ph < 1e-6 {
            continue;
        }
        for (at, weights) in model.weights.iter().enumerate() {
            let level = seen.level[at] as usize;
            if seen.level[at] != MISSING {
                same[at][level] += ps;
                home[at][level] += ph;
                slips[at][level] += ps * f64::from(weights.is_slip(level, seen.rarity[at]));
            }
        }
    }
    for (at, weights) in model.weights.iter_mut().enumerate() {
        let levels = weights.kind.levels();
        let (total_s, total_h): (f64, f64) = (same[at].iter().sum(), home[at].iter().sum());
        let prior = 20.0_f64;
        for (level, declared) in levels.iter().enumerate() {
            let start = f64::from(declared.start);
            weights.m[level] = ((same[at][level] + prior * start) / (total_s + prior)) as f32;
            weights.slips[level] = ((slips[at][level] + prior / 2.0) / (same[at][level] + prior)) as f32;
            if weights.shared {
                let start = f64::from(weights.h[level]);
                weights.h[level] = ((home[at][level] + prior * start) / (total_h + prior)).max(1e-6) as f32;
            }
        }
        weights.settle();
    }
    model.ln_same = (all_same * scale).max(1e-12).ln() as f32;
    // A household class that so few pairs need is made of typing errors: one person's rows that differ in two fields.
    let all_home = (all_home - home_needs * all_same).max(0.0);
    model.ln_home = (all_home * scale).max(1e-15).ln() as f32;
}

/// How often strangers agree: from pairs taken at random, those left out that `known` takes for one person.
fn strangers(prepared: &Prepared, model: &mut Model, known: Option<&Model>) {
    let rows = u64::from(prepared.rows.max(1));
    let mut random = Random(7);
    let mut counts = [[0.5_f64; LEVELS]; MOST];
    let mut pattern = Pattern::default();
    for _ in 0..if prepared.rows > 1 { RANDOM_PAIRS } else { 0 } {
        let (i, j) = (random.below(rows), random.below(rows));
        if i == j {
            continue;
        }
        prepared.compare(i as u32, j as u32, &mut pattern);
        let weight = known.map_or(1.0, |known| stranger(known, &pattern));
        for at in 0..prepared.comparisons.len() {
            let level = pattern.level[at];
            if level != MISSING {
                counts[at][level as usize] += weight;
            }
        }
    }
    for at in 0..prepared.comparisons.len() {
        let weights = &mut model.weights[at];
        let levels = weights.kind.levels().len();
        let total: f64 = counts[at][..levels].iter().sum();
        for level in 0..levels {
            weights.u[level] = (counts[at][level] / total) as f32;
        }
        by_value(prepared, at, weights, known, &mut random);
    }
}

/// The normalisers of rarity: each value once instead of as often as it occurs, so that rare agreements are seen.
fn by_value(prepared: &Prepared, at: usize, weights: &mut Weights, known: Option<&Model>, random: &mut Random) {
    let comparison = prepared.comparisons[at];
    let (slot, rarity) = match (comparison.kind, prepared.given, prepared.surname, prepared.rest) {
        (Kind::Given, Some(slot), ..) => (slot, &prepared.words.given),
        (Kind::Surname, _, Some(slot), _) => (slot, &prepared.words.surname),
        (Kind::Middle, .., Some(slot)) => (slot, &prepared.words.any),
        (Kind::Given | Kind::Surname | Kind::Middle, ..) => return,
        _ => {
            let field = &prepared.fields[comparison.field];
            field.both.as_ref().map_or((field.slot, &field.rarity), |both| (both.slot, &both.rarity))
        }
    };
    let rows = u64::from(prepared.rows.max(1));
    let mut first: Vec<u32> = vec![NONE; rarity.counts().len()];
    for row in 0..prepared.rows {
        let code = prepared.row(row)[slot];
        if code != NONE && first[code as usize] == NONE {
            first[code as usize] = row;
        }
    }
    first.retain(|row| *row != NONE);
    if first.len() < 2 {
        return;
    }
    let values = first.len() as f64;
    let mut sums = [0.0_f64; LEVELS];
    let mut tried = 0.0_f64;
    let mut pattern = Pattern::default();
    for _ in 0..VALUE_PAIRS {
        let i = random.below(rows) as u32;
        let j = first[random.below(first.len() as u64) as usize];
        let (a, b) = (prepared.row(i)[slot], prepared.row(j)[slot]);
        if a == NONE {
            continue;
        }
        tried += 1.0;
        if a == b {
            continue;
        }
        let (level, _) = prepared.compare_one(&comparison, prepared.row(i), prepared.row(j));
        if level == MISSING || !weights.kind.levels()[level as usize].by_rarity {
            continue;
        }
        // Each pair of values is met from both sides; the side with the commoner first is counted twice instead.
        let sides = match rarity.count(b).cmp(&rarity.count(a)) {
            std::cmp::Ordering::Less => 2.0,
            std::cmp::Ordering::Equal => 1.0,
            std::cmp::Ordering::Greater => 0.0,
        };
        if sides > 0.0 {
            let weight = known.map_or(1.0, |known| {
                prepared.compare(i, j, &mut pattern);
                stranger(known, &pattern)
            });
            sums[level as usize] += sides * weight;
        }
    }
    for (level, declared) in weights.kind.levels().iter().enumerate() {
        // Exchanged names are equal word for word, as at the first level: their rarities add up to one.
        if declared.by_rarity && level > 0 && weights.kind.exchanged() != Some(level) {
            weights.k[level] = ((sums[level] + 0.5) / tried.max(1.0) * values) as f32;
        }
    }
}

fn stranger(known: &Model, pattern: &Pattern) -> f64 {
    let (same, _) = known.sums(pattern);
    1.0 / (1.0 + f64::from(softplus(same)).exp_m1().max(0.0))
}

/// A fixed stream of numbers (SplitMix64), so that the same rows give the same model.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        ((u128::from(mix(self.0, 0x51)) * u128::from(most)) >> 64) as u64
    }
}
