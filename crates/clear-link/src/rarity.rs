//! How rare each value is.
//!
//! In:    how often each value occurs.
//! Out:   ln(1 / share) of a value, or of the rarer of two.
//! Never: calls a value rarer than one of all rows: a value that was not counted counts as seen once.

use crate::table::NONE;

/// Counts of values, and the logarithm of one over each value's share.
#[derive(Default, Clone)]
pub(crate) struct Rarity {
    counts: Vec<u32>,
    ln: Vec<f32>,
    total: u32,
}

impl Rarity {
    /// Counts a value. [`Rarity::settle`] makes it felt.
    pub(crate) fn add(&mut self, code: u32) {
        self.add_many(code, 1);
    }

    pub(crate) fn add_many(&mut self, code: u32, times: u32) {
        if code == NONE {
            return;
        }
        if self.counts.len() <= code as usize {
            self.counts.resize(code as usize + 1, 0);
        }
        if let Some(count) = self.counts.get_mut(code as usize) {
            *count += times;
            self.total += times;
        }
    }

    /// The same with shares of so many rows, where a row can have several values.
    pub(crate) fn settle_of(&mut self, values: usize, rows: u32) {
        self.total = rows;
        self.settle(values);
    }

    /// Computes the logarithms, of `values` values at least.
    pub(crate) fn settle(&mut self, values: usize) {
        if self.counts.len() < values {
            self.counts.resize(values, 0);
        }
        let total = self.total.max(1) as f32;
        self.ln = self.counts.iter().map(|count| (total / (*count).max(1) as f32).ln()).collect();
    }

    /// Takes the logarithms from elsewhere: what is rare is declared, not counted.
    pub(crate) fn declare(&mut self, ln: Vec<f32>) {
        self.ln = ln;
    }

    pub(crate) fn counts(&self) -> &[u32] {
        &self.counts
    }

    pub(crate) fn count(&self, code: u32) -> u32 {
        self.counts.get(code as usize).copied().unwrap_or(0)
    }

    /// ln(1 / share) of a value.
    pub(crate) fn one(&self, code: u32) -> f32 {
        self.ln.get(code as usize).copied().unwrap_or_else(|| (self.total.max(1) as f32).ln())
    }

    /// ln(1 / share) of the rarer of two.
    pub(crate) fn ln(&self, a: u32, b: u32) -> f32 {
        self.one(a).max(self.one(b))
    }
}
