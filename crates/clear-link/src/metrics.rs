//! How good an answer is, against a truth that was not used to find it.
//!
//! In:    clusters or scored pairs, and the true person of each row.
//! Out:   precision, recall and F1, counted over pairs.
//! Never: changes an answer.

use hashbrown::HashMap;

use crate::Scored;

/// Pairs counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Quality {
    /// Pairs that are said and true.
    pub right: u64,
    /// Pairs that are said.
    pub said: u64,
    /// Pairs that are true.
    pub truth: u64,
}

impl Quality {
    /// Share of what is said that is true.
    pub fn precision(&self) -> f64 {
        self.right as f64 / self.said.max(1) as f64
    }

    /// Share of what is true that is said.
    pub fn recall(&self) -> f64 {
        self.right as f64 / self.truth.max(1) as f64
    }

    /// Their harmonic mean.
    pub fn f1(&self) -> f64 {
        2.0 * self.right as f64 / (self.said + self.truth).max(1) as f64
    }
}

/// A truth: the true person of each row, and in which file it is.
pub struct Truth<'a> {
    /// The true person of each row.
    pub persons: &'a [u32],
    /// The first row of the second file, if there is one: then pairs across files are counted, and no others.
    pub split: Option<u32>,
}

impl Truth<'_> {
    /// Clusters against the truth: every pair of rows in a cluster is said.
    pub fn of_clusters(&self, clusters: &[u32]) -> Quality {
        Quality {
            right: self.count(clusters.iter().zip(self.persons).map(|(cluster, person)| (*cluster, *person))),
            said: self.count(clusters.iter().map(|cluster| (*cluster, 0))),
            truth: self.count(self.persons.iter().map(|person| (*person, 0))),
        }
    }

    /// Pairs of rows with the same key.
    fn count(&self, keys: impl Iterator<Item = (u32, u32)>) -> u64 {
        let mut groups: HashMap<(u32, u32), (u64, u64)> = HashMap::new();
        for (row, key) in keys.enumerate() {
            let (first, second) = groups.entry(key).or_default();
            if self.split.is_some_and(|split| row >= split as usize) {
                *second += 1;
            } else {
                *first += 1;
            }
        }
        match self.split {
            Some(_) => groups.values().map(|(first, second)| first * second).sum(),
            None => groups.values().map(|(all, _)| all * (all - 1) / 2).sum(),
        }
    }

    fn counts(&self, pair: &Scored) -> bool {
        self.split.is_none_or(|split| pair.a < split && pair.b >= split)
    }

    fn is_right(&self, pair: &Scored) -> bool {
        let person = |row: u32| self.persons.get(row as usize);
        person(pair.a) == person(pair.b)
    }

    /// Pairs at least this probable, against the truth.
    pub fn of_pairs(&self, pairs: &[Scored], probability: f32) -> Quality {
        let ln_odds = (probability / (1.0 - probability)).ln();
        let said = pairs.iter().filter(|pair| pair.ln_odds >= ln_odds && self.counts(pair));
        let (mut right, mut all) = (0, 0);
        for pair in said {
            all += 1;
            right += u64::from(self.is_right(pair));
        }
        Quality { right, said: all, truth: self.of_clusters(self.persons).truth }
    }

    /// The best that any threshold gives, and the threshold in log odds. Pairs of equal odds stand or fall together.
    pub fn best_of_pairs(&self, pairs: &[Scored]) -> (f32, Quality) {
        let mut sorted: Vec<(f32, bool)> =
            pairs.iter().filter(|pair| self.counts(pair)).map(|pair| (pair.ln_odds, self.is_right(pair))).collect();
        sorted.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
        let mut at = Quality { truth: self.of_clusters(self.persons).truth, ..Quality::default() };
        let mut best = (f32::INFINITY, at);
        for equal in sorted.chunk_by(|a, b| a.0 == b.0) {
            at.said += equal.len() as u64;
            at.right += equal.iter().filter(|(_, right)| *right).count() as u64;
            if at.f1() > best.1.f1() {
                best = (equal.first().map_or(0.0, |pair| pair.0), at);
            }
        }
        best
    }
}
