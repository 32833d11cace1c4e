//! Names that keep company: who is called Linh is oftener called Nguyen than others are.
//!
//! In:    the names of all rows.
//! Out:   by how much strangers agree on several names oftener than if one name said nothing of another.
//! Never: tells more than [`CIRCLES`] circles of names apart, so that what one person's rows repeat is not learnt as company.
//!
//! # How
//! Circles of names are learnt from the different combinations of names alone, by expectation-maximisation: in a circle, one
//! name says nothing of another (latent classes, Lazarsfeld and Henry 1968). A name that few combinations have belongs to
//! all circles alike.
#![expect(clippy::indexing_slicing, reason = "codes index the lists that are as long as the dictionary; hot loop")]

use hashbrown::HashSet;

use crate::dict::mix;
use crate::prepared::{Prepared, REST};
use crate::table::NONE;

/// How many circles are told apart.
const CIRCLES: usize = 8;
/// Combinations that are learnt from, at most.
const LEARNT: usize = 60_000;
const ROUNDS: usize = 20;
/// Combinations in which a name is taken to be met in all circles alike, before it is met in any.
const ALIKE: f32 = 5.0;
/// Words of a combination at most.
const WORDS: usize = 2 + 2 + REST;

type Shares = [f32; CIRCLES];

/// The circles.
#[derive(Default)]
pub(crate) struct Company {
    share: Shares,
    /// Of each word: how much oftener a circle has it than all rows have.
    of: Vec<Shares>,
}

impl Company {
    pub(crate) fn of(prepared: &Prepared) -> Company {
        let mut seen = HashSet::new();
        let mut combinations: Vec<[u32; WORDS]> = Vec::new();
        let stride = (prepared.rows as usize).div_ceil(2 * LEARNT).max(1);
        for row in (0..prepared.rows).step_by(stride) {
            let words = words(prepared, prepared.row(row), true);
            if words[1] != NONE && combinations.len() < LEARNT && seen.insert(words) {
                combinations.push(words);
            }
        }
        let mut company = Company { share: [1.0 / CIRCLES as f32; CIRCLES], of: Vec::new() };
        company.of = (0..prepared.words.len() as u64)
            .map(|word| std::array::from_fn(|circle| 0.5 + (mix(word, circle as u64) >> 40) as f32 / (1 << 24) as f32))
            .collect();
        for _ in 0..ROUNDS {
            company.learn(&combinations);
        }
        company
    }

    fn learn(&mut self, combinations: &[[u32; WORDS]]) {
        let mut met: Vec<Shares> = vec![[0.0; CIRCLES]; self.of.len()];
        let mut all = [1.0_f32; CIRCLES];
        for words in combinations {
            let (mut circles, sum) = self.circles(words);
            circles.iter_mut().for_each(|circle| *circle /= sum);
            for circle in 0..CIRCLES {
                all[circle] += circles[circle];
            }
            for word in words.iter().take_while(|word| **word != NONE) {
                for circle in 0..CIRCLES {
                    met[*word as usize][circle] += circles[circle];
                }
            }
        }
        let sum: f32 = all.iter().sum();
        self.share = all.map(|share| share / sum);
        for (of, met) in self.of.iter_mut().zip(&met) {
            let count: f32 = met.iter().sum();
            for circle in 0..CIRCLES {
                let share = self.share[circle];
                of[circle] = (met[circle] + ALIKE * share) / ((count + ALIKE) * share);
            }
        }
    }

    /// How probable each circle makes these words, beside how probable they are alone; and the sum.
    fn circles(&self, words: &[u32]) -> (Shares, f32) {
        let mut circles = self.share;
        for word in words.iter().take_while(|word| **word != NONE) {
            // A word that came later has no circle.
            if let Some(of) = self.of.get(*word as usize) {
                for circle in 0..CIRCLES {
                    circles[circle] *= of[circle];
                }
            }
        }
        (circles, circles.iter().sum())
    }

    /// ln of how much oftener strangers have these names together than if one said nothing of another; with the other names of
    /// the row, if they agree too.
    pub(crate) fn ln(&self, prepared: &Prepared, row: &[u32], rest: bool) -> f32 {
        if self.of.is_empty() { 0.0 } else { self.circles(&words(prepared, row, rest)).1.max(1.0).ln() }
    }
}

/// The words of a row's names, the rest nothing.
fn words(prepared: &Prepared, row: &[u32], rest: bool) -> [u32; WORDS] {
    let mut words = [NONE; WORDS];
    let mut at = 0;
    let mut add = |word: u32| {
        if word != NONE && !words[..at].contains(&word) {
            words[at] = word;
            at += 1;
        }
    };
    prepared.given.into_iter().for_each(|slot| add(row[slot]));
    if let Some(surname) = prepared.surname.map(|slot| row[slot]).filter(|surname| *surname != NONE) {
        match prepared.words.pieces(surname) {
            [NONE, _] => add(surname),
            pieces => pieces.into_iter().for_each(&mut add),
        }
    }
    if let Some(slot) = prepared.rest.filter(|_| rest) {
        row[slot..slot + REST].iter().for_each(|word| add(*word));
    }
    words
}
