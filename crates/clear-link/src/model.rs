//! What each level of agreement is worth.
//!
//! In:    a [`Pattern`].
//! Out:   the natural logarithm of the odds that the two are one person, and each comparison's part in it.
//! Never: looks at a value.
#![expect(clippy::indexing_slicing, reason = "levels index the weights of their comparison; hot loop")]

use crate::compare::{MISSING, Pattern};
use crate::levels::{Kind, Level, shared_at_home};
use crate::prepared::{Comparison, MOST};
use crate::role::Role;

/// Levels of a comparison at most.
pub(crate) const LEVELS: usize = 9;

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
    /// Whether the model does not know the role, so that it says nothing.
    pub(crate) muted: bool,
    /// Share of each level among pairs of one person, of strangers, of a household.
    pub(crate) m: [f32; LEVELS],
    pub(crate) u: [f32; LEVELS],
    pub(crate) h: [f32; LEVELS],
    /// Sum of 1/share of the rarer value over strangers' pairs at the level: what makes rarities add up to one.
    pub(crate) k: [f32; LEVELS],
    /// Of one person's pairs at the level: how many are slips, which lead from a common value to any like it, however rare.
    /// The others are ways to write it, which are met as often as the two values are common.
    pub(crate) slips: [f32; LEVELS],
    /// ln(m) and ln(h), to which what the values say is added.
    pub(crate) same: [f32; LEVELS],
    pub(crate) home: [f32; LEVELS],
    says: [Says; LEVELS],
}

/// What the values of a pair say beside its level, against strangers.
#[derive(Debug, Clone, Copy)]
enum Says {
    /// This, and the rarity.
    Rarity(f32),
    /// The logarithm of the first times 1/share of the rarer value, and the second.
    Either(f32, f32),
}

impl Weights {
    /// Weights that say nothing.
    fn silent(role: Role, kind: Kind) -> Weights {
        Weights { muted: true, ..Weights::new(role, kind) }
    }

    pub(crate) fn settle(&mut self) {
        for at in 0..self.kind.levels().len() {
            let again = self.kind == Kind::Surname && self.kind.exchanged() == Some(at);
            self.same[at] = if again { 0.0 } else { self.m[at].ln() };
            self.home[at] = self.h[at].ln();
            self.says[at] = match (self.kind.levels()[at].by_rarity, self.kind.has_slips(at)) {
                (false, _) => Says::Rarity(-self.u[at].ln()),
                (true, false) => Says::Rarity(-self.k[at].ln()),
                (true, true) => Says::Either(self.slips[at] / self.k[at], (1.0 - self.slips[at]) / self.u[at]),
            };
        }
    }

    /// What the values say: ln of how much oftener one person's pairs of this level have them than strangers'.
    pub(crate) fn says(&self, level: usize, rarity: f32) -> f32 {
        match self.says[level] {
            Says::Rarity(flat) => flat + rarity,
            Says::Either(rare, flat) => (rare * rarity.exp() + flat).ln(),
        }
    }

    /// The probability that one person's pair at a level is a slip.
    pub(crate) fn is_slip(&self, level: usize, rarity: f32) -> f32 {
        match self.says[level] {
            Says::Rarity(_) => 1.0,
            Says::Either(rare, flat) => {
                let rare = rare * rarity.exp();
                rare / (rare + flat)
            }
        }
    }
}

impl Model {
    /// ln odds of one person, and of a household, each against strangers.
    pub(crate) fn sums(&self, pattern: &Pattern) -> (f32, f32) {
        let (mut same, mut home) = (self.ln_same, self.ln_home);
        for (at, weights) in self.weights.iter().enumerate() {
            let level = pattern.level[at];
            if level == MISSING || weights.muted {
                continue;
            }
            let says = weights.says(level as usize, pattern.rarity[at]);
            same += weights.same[level as usize] + says;
            if weights.shared {
                home += weights.home[level as usize] + says;
            }
        }
        (same - pattern.company, home - pattern.company)
    }

    pub(crate) fn score(&self, pattern: &Pattern) -> f32 {
        let (same, home) = self.sums(pattern);
        same - softplus(home)
    }
}

/// A level as it is shown to people.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ShownLevel {
    /// In words.
    pub name: &'static str,
    /// How often two rows of one person are so.
    pub share: f32,
    /// log2 of the Bayes factor, of a value of middling rarity.
    pub bits: f32,
}

impl Model {
    /// Natural logarithm of the odds, before any evidence, that two rows taken at random are one person.
    pub fn ln_odds_before(&self) -> f32 {
        self.ln_same
    }

    /// Every comparison's levels.
    pub fn shown(&self) -> Vec<(Role, Vec<ShownLevel>)> {
        let of = |weights: &Weights| {
            let level = |(at, level): (usize, &Level)| ShownLevel {
                name: level.name,
                share: weights.m[at],
                bits: (weights.m[at] / weights.u[at].max(f32::MIN_POSITIVE)).log2(),
            };
            (weights.role, weights.kind.levels().iter().enumerate().map(level).collect())
        };
        self.weights.iter().filter(|weights| !weights.muted).map(of).collect()
    }
}

/// Sums over pairs of rows, comparison by comparison.
#[derive(Default)]
pub(crate) struct Sums {
    same: [f32; MOST],
    home: [f32; MOST],
    pairs: [f32; MOST],
    company: f32,
    all: f32,
}

impl Model {
    pub(crate) fn add(&self, pattern: &Pattern, sums: &mut Sums) {
        sums.company += pattern.company;
        sums.all += 1.0;
        for (at, weights) in self.weights.iter().enumerate() {
            let level = pattern.level[at];
            if level == MISSING || weights.muted {
                continue;
            }
            let says = weights.says(level as usize, pattern.rarity[at]);
            sums.pairs[at] += 1.0;
            sums.same[at] += weights.same[level as usize] + says;
            if weights.shared {
                sums.home[at] += weights.home[level as usize] + says;
            }
        }
    }

    /// The log odds where each comparison says its mean.
    pub(crate) fn of_means(&self, sums: &Sums) -> f32 {
        let company = sums.company / sums.all.max(1.0);
        let (mut same, mut home) = (self.ln_same - company, self.ln_home - company);
        for (at, pairs) in sums.pairs.iter().enumerate().filter(|(_, pairs)| **pairs > 0.0) {
            same += sums.same[at] / pairs;
            home += sums.home[at] / pairs;
        }
        same - softplus(home)
    }
}

/// ln(1 + eˣ).
pub(crate) fn softplus(x: f32) -> f32 {
    if x > 20.0 { x } else { x.exp().ln_1p() }
}

impl Weights {
    /// Weights that say where estimation begins.
    pub(crate) fn new(role: Role, kind: Kind) -> Weights {
        let mut m = [0.0; LEVELS];
        kind.levels().iter().enumerate().for_each(|(at, level)| m[at] = level.start);
        Weights {
            role,
            kind,
            shared: shared_at_home(role),
            muted: false,
            m,
            u: [0.0; LEVELS],
            h: [0.0; LEVELS],
            k: [1.0; LEVELS],
            slips: [0.5; LEVELS],
            same: [0.0; LEVELS],
            home: [0.0; LEVELS],
            says: [Says::Rarity(0.0); LEVELS],
        }
    }
}

impl Model {
    /// A model that knows nothing and joins nothing.
    pub(crate) fn silent() -> Model {
        Model { weights: Vec::new(), ln_same: f32::MIN, ln_home: f32::MIN }
    }

    /// The same weights for the comparisons of a table. A role that the model does not know says nothing.
    pub(crate) fn fitted_to(&self, comparisons: &[Comparison]) -> Model {
        let of = |comparison: &Comparison| {
            let known =
                self.weights.iter().find(|weights| weights.role == comparison.role && weights.kind == comparison.kind);
            known.cloned().unwrap_or_else(|| Weights::silent(comparison.role, comparison.kind))
        };
        Model { weights: comparisons.iter().map(of).collect(), ..self.clone() }
    }
}
/// The comparisons of a table with weights that say where estimation begins.
pub(crate) fn begin(comparisons: &[Comparison]) -> Vec<Weights> {
    comparisons.iter().map(|comparison| Weights::new(comparison.role, comparison.kind)).collect()
}
