//! Why two rows are, or are not, one person.
//!
//! In:    two rows and a model.
//! Out:   a [`Waterfall`]: from the odds before any evidence, field by field, to the odds after it.
//! Never: says anything that the score does not contain: the parts add up to it.
#![expect(clippy::indexing_slicing, reason = "levels index the weights of their comparison")]

use std::f32::consts::LN_2;
use std::fmt;

use crate::compare::{MISSING, Pattern};
use crate::model::{Model, softplus};
use crate::prepared::Prepared;
use crate::role::Role;

/// One field's part.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// What was compared.
    pub role: Role,
    /// How the two agree, in words; `None` where one of them says nothing.
    pub level: Option<&'static str>,
    /// log2 of the Bayes factor: 1 doubles the odds, -1 halves them.
    pub bits: f32,
}

/// From the odds before to the odds after.
#[derive(Debug, Clone, PartialEq)]
pub struct Waterfall {
    /// log2 of the odds that two rows taken at random are one person.
    pub before: f32,
    /// Field by field.
    pub steps: Vec<Step>,
    /// What is taken off because strangers, too, have these names together oftener than each alone; never positive.
    pub company: f32,
    /// What is taken off because two people of one household would look so, too; never positive.
    pub household: f32,
    /// log2 of the odds: the sum of all.
    pub after: f32,
}

pub(crate) fn waterfall(prepared: &Prepared, model: &Model, a: u32, b: u32) -> Waterfall {
    let mut pattern = Pattern::default();
    prepared.compare(a, b, &mut pattern);
    let step = |at: usize| {
        let weights = &model.weights[at];
        let level = pattern.level[at];
        if level == MISSING || weights.muted {
            return Step { role: weights.role, level: None, bits: 0.0 };
        }
        let bits = (weights.same[level as usize] + weights.says(level as usize, pattern.rarity[at])) / LN_2;
        Step { role: weights.role, level: Some(weights.kind.levels()[level as usize].name), bits }
    };
    let (same, home) = model.sums(&pattern);
    Waterfall {
        before: model.ln_same / LN_2,
        steps: (0..model.weights.len()).map(step).collect(),
        company: -pattern.company / LN_2,
        household: -softplus(home) / LN_2,
        after: (same - softplus(home)) / LN_2,
    }
}

impl fmt::Display for Waterfall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:>+7.1}  before", self.before)?;
        for step in &self.steps {
            if let Some(level) = step.level {
                writeln!(f, "{:>+7.1}  {}: {level}", step.bits, step.role)?;
            }
        }
        if self.company < -0.05 {
            writeln!(f, "{:>+7.1}  many have these names together", self.company)?;
        }
        if self.household < -0.05 {
            writeln!(f, "{:>+7.1}  two people of one household would look alike, too", self.household)?;
        }
        write!(f, "{:>+7.1}  after", self.after)
    }
}
