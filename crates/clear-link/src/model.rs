//! What each level of agreement is worth.
//!
//! In:    a [`Pattern`].
//! Out:   the natural logarithm of the odds that the two are one person, and each comparison's part in it.
//! Never: looks at a value.
#![expect(clippy::indexing_slicing, reason = "levels index the weights of their comparison; hot loop")]

use crate::compare::{MISSING, Pattern};
use crate::levels::Kind;
use crate::prepared::{Comparison, MOST};
use crate::role::Role;

/// Levels of a comparison at most.
pub(crate) const LEVELS: usize = 8;

/// The weights of every comparison.
#[derive(Debug, Clone)]
pub struct Model {
    pub(crate) weights: Vec<Weights>,
    /// ln of the odds that two rows taken at random are one person.
    pub(crate) ln_same: f32,
    /// ln of the odds that they are two people of one household.
    pub(crate) ln_home: f32,
}

/// One comparison's.
#[derive(Debug, Clone)]
pub(crate) struct Weights {
    pub(crate) role: Role,
    pub(crate) kind: Kind,
    pub(crate) shared: bool,
    /// Share of each level among pairs of one person, of strangers, of a household.
    pub(crate) m: [f32; LEVELS],
    pub(crate) u: [f32; LEVELS],
    pub(crate) h: [f32; LEVELS],
    /// Sum of 1/share of the rarer value over strangers' pairs at the level: what makes rarities add up to one.
    pub(crate) k: [f32; LEVELS],
    /// ln(m/u), or ln(m/k) to which the rarity is added.
    pub(crate) same: [f32; LEVELS],
    pub(crate) home: [f32; LEVELS],
}

impl Weights {
    pub(crate) fn settle(&mut self) {
        for (at, level) in self.kind.levels().iter().enumerate() {
            let among = if level.by_rarity { self.k[at] } else { self.u[at] };
            self.same[at] = (self.m[at] / among).ln();
            self.home[at] = if self.shared { (self.h[at] / among).ln() } else { 0.0 };
        }
    }
}

impl Model {
    /// ln odds of one person, and of a household, each against strangers.
    pub(crate) fn sums(&self, pattern: &Pattern) -> (f32, f32) {
        let (mut same, mut home) = (self.ln_same, self.ln_home);
        for (at, weights) in self.weights.iter().enumerate() {
            let level = pattern.level[at];
            if level == MISSING {
                continue;
            }
            let rarity = pattern.rarity[at];
            same += weights.same[level as usize] + rarity;
            if weights.shared {
                home += weights.home[level as usize] + rarity;
            }
        }
        (same, home)
    }

    pub(crate) fn score(&self, pattern: &Pattern) -> f32 {
        let (same, home) = self.sums(pattern);
        same - softplus(home)
    }
}

/// ln(1 + eˣ).
pub(crate) fn softplus(x: f32) -> f32 {
    if x > 20.0 { x } else { x.exp().ln_1p() }
}

/// The comparisons of a table with weights that say where estimation begins.
pub(crate) fn begin(comparisons: &[Comparison]) -> Vec<Weights> {
    assert!(comparisons.len() <= MOST);
    comparisons
        .iter()
        .map(|comparison| {
            let mut m = [0.0; LEVELS];
            comparison.kind.levels().iter().enumerate().for_each(|(at, level)| m[at] = level.start);
            Weights {
                role: comparison.role,
                kind: comparison.kind,
                shared: comparison.shared(),
                m,
                u: [0.0; LEVELS],
                h: [0.0; LEVELS],
                k: [1.0; LEVELS],
                same: [0.0; LEVELS],
                home: [0.0; LEVELS],
            }
        })
        .collect()
}
