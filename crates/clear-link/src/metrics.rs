//! How good an answer is, against a truth that was not used to find it.
//!
//! In:    clusters or scored pairs, and the true person of each row.
//! Out:   precision, recall and F1, counted over all pairs of rows, those of copies too.
//! Never: changes an answer.

use std::borrow::Cow;

use hashbrown::HashMap;

use crate::link::KEPT;
use crate::{Copied, Scored};

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

    fn say(&mut self, told: &Told) {
        self.right += told.right;
        self.said += told.all;
    }

    /// Their harmonic mean.
    pub fn f1(&self) -> f64 {
        2.0 * self.right as f64 / (self.said + self.truth).max(1) as f64
    }
}

/// Pairs of rows that are said with the same odds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Told {
    /// Natural logarithm of the odds.
    pub ln_odds: f32,
    /// How many of them are true.
    pub right: u64,
    /// How many there are.
    pub all: u64,
}

impl Told {
    /// The probability that they are one person.
    pub fn probability(&self) -> f32 {
        1.0 / (1.0 + (-self.ln_odds).exp())
    }
}

/// Rows that say the same: how many of each person, in the first file and in the second.
#[derive(Debug, Clone, Default)]
struct Crowd {
    persons: HashMap<u32, [u64; 2]>,
    rows: [u64; 2],
}

impl Crowd {
    fn of(rows: impl IntoIterator<Item = (u32, [u64; 2])>) -> Crowd {
        let mut crowd = Crowd::default();
        for (person, [first, second]) in rows {
            for counts in [crowd.persons.entry(person).or_default(), &mut crowd.rows] {
                *counts = [counts[0] + first, counts[1] + second];
            }
        }
        crowd
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

    /// Every pair that is said, by its odds: those that were compared, and those of rows that were not because they are copies of
    /// one that was. Each with how many pairs of rows it stands for, and how many of them are true.
    pub fn told(&self, pairs: &[Scored], copied: &[Copied]) -> Vec<Told> {
        let crowds: HashMap<u32, Crowd> = copied.iter().map(|copied| (copied.of, self.crowd(copied))).collect();
        let alone = |row: u32| Cow::Owned(Crowd::of([self.one(row)]));
        let crowd = |row: u32| crowds.get(&row).map_or_else(|| alone(row), Cow::Borrowed);
        let mut told: Vec<Told> = Vec::with_capacity(pairs.len() + copied.len());
        for Scored { a, b, ln_odds } in pairs {
            let (right, all) = if crowds.contains_key(a) || crowds.contains_key(b) {
                self.across(&crowd(*a), &crowd(*b))
            } else {
                let same = self.persons.get(*a as usize) == self.persons.get(*b as usize);
                let counts = self.split.is_none_or(|split| (*a < split) != (*b < split));
                (u64::from(same && counts), u64::from(counts))
            };
            told.push(Told { ln_odds: *ln_odds, right, all });
        }
        for copied in copied.iter().filter(|copied| copied.ln_odds > KEPT) {
            let (right, all) = crowds.get(&copied.of).map(|crowd| self.within(crowd)).unwrap_or_default();
            told.push(Told { ln_odds: copied.ln_odds, right, all });
        }
        told.retain(|told| told.all > 0);
        told
    }

    /// A row's true person, and the row on the side where it stands.
    fn one(&self, row: u32) -> (u32, [u64; 2]) {
        let second = self.split.is_some_and(|split| row >= split);
        let person = self.persons.get(row as usize).copied().unwrap_or(u32::MAX);
        (person, if second { [0, 1] } else { [1, 0] })
    }

    fn crowd(&self, copied: &Copied) -> Crowd {
        Crowd::of(std::iter::once(copied.of).chain(copied.rows.iter().copied()).map(|row| self.one(row)))
    }

    /// Pairs of one row here and one there: those of one person, and all.
    fn across(&self, a: &Crowd, b: &Crowd) -> (u64, u64) {
        let (a, b) = if a.persons.len() <= b.persons.len() { (a, b) } else { (b, a) };
        let pairs = |a: [u64; 2], b: [u64; 2]| match self.split {
            Some(_) => a[0] * b[1] + a[1] * b[0],
            None => (a[0] + a[1]) * (b[0] + b[1]),
        };
        let of = |person: &u32| b.persons.get(person).copied().unwrap_or_default();
        let right = a.persons.iter().map(|(person, rows)| pairs(*rows, of(person))).sum();
        (right, pairs(a.rows, b.rows))
    }

    /// Pairs within a crowd: those of one person, and all.
    fn within(&self, crowd: &Crowd) -> (u64, u64) {
        let pairs = |[first, second]: [u64; 2]| match self.split {
            Some(_) => first * second,
            None => (first + second) * (first + second).saturating_sub(1) / 2,
        };
        (crowd.persons.values().map(|rows| pairs(*rows)).sum(), pairs(crowd.rows))
    }

    /// Pairs at least this probable, against the truth.
    pub fn of_pairs(&self, told: &[Told], probability: f32) -> Quality {
        let ln_odds = (probability / (1.0 - probability)).ln();
        let mut quality = Quality { truth: self.of_clusters(self.persons).truth, ..Quality::default() };
        told.iter().filter(|told| told.ln_odds >= ln_odds).for_each(|told| quality.say(told));
        quality
    }

    /// The best that any threshold gives, and the threshold in log odds. Pairs of equal odds stand or fall together.
    pub fn best_of_pairs(&self, told: &[Told]) -> (f32, Quality) {
        let mut sorted: Vec<&Told> = told.iter().collect();
        sorted.sort_unstable_by(|a, b| b.ln_odds.total_cmp(&a.ln_odds));
        let mut at = Quality { truth: self.of_clusters(self.persons).truth, ..Quality::default() };
        let mut best = (f32::INFINITY, at);
        for equal in sorted.chunk_by(|a, b| a.ln_odds == b.ln_odds) {
            equal.iter().for_each(|told| at.say(told));
            if at.f1() > best.1.f1() {
                best = (equal.first().map_or(0.0, |told| told.ln_odds), at);
            }
        }
        best
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counted by hand. Rows 0 to 3 say the same; 0, 1, 2 are person 7, 3 is person 8. Row 4 is person 7, row 5 is person 8.
    const PERSONS: [u32; 6] = [7, 7, 7, 8, 7, 8];

    fn told(truth: &Truth<'_>) -> Vec<Told> {
        let pairs = [Scored { a: 0, b: 4, ln_odds: 3.0 }, Scored { a: 4, b: 5, ln_odds: -1.0 }];
        truth.told(&pairs, &[Copied { of: 0, rows: vec![1, 2, 3], ln_odds: 5.0 }])
    }

    #[test]
    fn a_pair_of_a_row_counts_for_each_of_its_copies() {
        let truth = Truth { persons: &PERSONS, split: None };
        let told = told(&truth);
        // Of the four copies six pairs, of which 0-1, 0-2, 1-2 are true; with row 4 four, of which three are; 4-5 is false.
        // True are six pairs of person 7's four rows, and 3-5.
        for (probability, right, said) in [(0.99, 3, 6), (0.9, 6, 10), (0.5, 6, 10), (0.2, 6, 11)] {
            assert_eq!(truth.of_pairs(&told, probability), Quality { right, said, truth: 7 }, "{probability}");
        }
        assert_eq!(truth.best_of_pairs(&told), (3.0, Quality { right: 6, said: 10, truth: 7 }));
    }

    #[test]
    fn of_two_files_only_pairs_across_them_count() {
        // Rows 0 and 1 are the first file's.
        let truth = Truth { persons: &PERSONS, split: Some(2) };
        let told = told(&truth);
        // Of the copies 0-2, 0-3, 1-2, 1-3, of which two are true; with row 4 two, 0-4 and 1-4, both true; 4-5 is within a file.
        // True are 0-2, 0-4, 1-2, 1-4.
        for (probability, right, said) in [(0.99, 2, 4), (0.9, 4, 6), (0.2, 4, 6)] {
            assert_eq!(truth.of_pairs(&told, probability), Quality { right, said, truth: 4 }, "{probability}");
        }
    }

    #[test]
    fn copies_that_are_hopeless_say_nothing() {
        let truth = Truth { persons: &PERSONS, split: None };
        assert_eq!(truth.told(&[], &[Copied { of: 0, rows: vec![1, 2, 3], ln_odds: -9.0 }]), []);
    }
}
