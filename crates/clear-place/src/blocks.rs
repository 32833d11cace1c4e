//! Where an address is: by the blocks that incidents have been recorded on.
//!
//! In:    blocks with a position each, as the asker may see them; a street and a number.
//! Out:   where it is, how that is known, and how far off it may be.
//! Never: gives a house its own position: a block is as near as it gets, so that no answer tells more than the block did.
//!
//! # How
//! A block's position is the median of those recorded on it. A number on a known block is there. Between two known blocks
//! of the street it is interpolated, if they are at most [`GAP_MAX`] numbers apart: house numbers of a city with a grid go up
//! evenly. A street is found by direction, name and kind; if none has them all, by name and kind, then by name, as long as only
//! one street is meant.
//!
//! # Change here
//! How an address is taken apart is the search's to say: it comes here as [`Street`] and number.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::point::Degrees;

/// Blocks that are farther apart than so many house numbers say nothing of what is between.
pub const GAP_MAX: u32 = 800;

/// A street in one spelling.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Street {
    /// The name: `MADISON`, `79TH`.
    pub name: String,
    /// The kind: `ST`, `AVE`; empty if none is said.
    pub kind: String,
    /// Direction before the name: `W`; empty if none is said.
    pub before: String,
    /// Direction behind the kind; empty if none is said.
    pub after: String,
}

/// How an address was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// Incidents were recorded on the block.
    Block,
    /// Between two blocks of the street.
    Between,
    /// No number was given: the middle of the street's known blocks.
    Street,
}

/// An address on the map.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Located {
    /// Where.
    pub at: Degrees,
    /// How that is known.
    pub how: How,
    /// Within so many metres, as far as the blocks say: half the way between those it was read from.
    pub within_m: f64,
    /// The street as it is recorded.
    pub street: String,
    /// The block, its first number; `None` without a number.
    pub hundred: Option<u32>,
    /// What of the street was not as asked: `direction`, `kind`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub differs: Vec<&'static str>,
}

/// Blocks by street and hundred.
#[derive(Debug, Default)]
pub struct Blocks {
    learnt: BTreeMap<Street, BTreeMap<u32, Vec<Degrees>>>,
    settled: BTreeMap<Street, BTreeMap<u32, Degrees>>,
    names: BTreeMap<String, BTreeSet<Street>>,
}

impl std::fmt::Display for Street {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let parts = [&self.before, &self.name, &self.kind, &self.after];
        f.write_str(&parts.into_iter().filter(|part| !part.is_empty()).cloned().collect::<Vec<_>>().join(" "))
    }
}

impl Blocks {
    /// Takes in where something on a block was: the street and any number of the block.
    pub fn learn(&mut self, street: Street, number: u32, at: Degrees) {
        if at.is_known() && !street.name.is_empty() {
            self.learnt.entry(street).or_default().entry(number / 100 * 100).or_default().push(at);
        }
    }

    /// Settles each block's position: to be called once, before the first question.
    pub fn settle(&mut self) {
        for (street, blocks) in std::mem::take(&mut self.learnt) {
            self.names.entry(street.name.clone()).or_default().insert(street.clone());
            let settled = self.settled.entry(street).or_default();
            for (hundred, places) in blocks {
                if let Some(at) = middle(&places) {
                    settled.insert(hundred, at);
                }
            }
        }
    }

    /// How many blocks are known.
    pub fn len(&self) -> usize {
        self.settled.values().map(BTreeMap::len).sum()
    }

    /// Whether no block is known.
    pub fn is_empty(&self) -> bool {
        self.settled.is_empty()
    }

    /// Where a number on a street is; `None` where the blocks do not say.
    pub fn locate(&self, asked: &Street, number: Option<u32>) -> Option<Located> {
        let same = |a: &str, b: &str| a.is_empty() || b.is_empty() || a == b;
        let of_name = || self.names.get(&asked.name).into_iter().flatten();
        // The whole street first, then with another kind, then with another direction; never with both.
        let tries: [(&[&'static str], &dyn Fn(&Street) -> bool); 4] = [
            (&[], &|street| street == asked),
            (&[], &|street| {
                same(&street.before, &asked.before)
                    && same(&street.kind, &asked.kind)
                    && same(&street.after, &asked.after)
            }),
            (&["kind"], &|street| same(&street.before, &asked.before) && same(&street.after, &asked.after)),
            (&["direction"], &|street| same(&street.kind, &asked.kind)),
        ];
        for (differs, fits) in tries {
            let streets: Vec<&Street> = of_name().filter(|street| fits(street)).collect();
            if streets.is_empty() {
                continue;
            }
            // Where the street is known and the number is not, another street is no answer.
            let mut found = streets.into_iter().filter_map(|street| self.on(street, number));
            return match (found.next(), found.next()) {
                (Some(located), None) => Some(Located { differs: differs.to_vec(), ..located }),
                _ => None,
            };
        }
        None
    }

    fn on(&self, street: &Street, number: Option<u32>) -> Option<Located> {
        let blocks = self.settled.get(street)?;
        let located = |at, how, within_m, hundred| Located {
            at,
            how,
            within_m,
            street: street.to_string(),
            hundred,
            differs: Vec::new(),
        };
        let Some(number) = number else {
            let places: Vec<Degrees> = blocks.values().copied().collect();
            let at = middle(&places)?;
            let far = places.iter().map(|place| place.distance_m(at)).fold(0.0, f64::max);
            return Some(located(at, How::Street, far, None));
        };
        let hundred = number / 100 * 100;
        if let Some(at) = blocks.get(&hundred) {
            return Some(located(*at, How::Block, BLOCK_M, Some(hundred)));
        }
        let (below, above) = (blocks.range(..hundred).next_back()?, blocks.range(hundred..).next()?);
        let gap = above.0 - below.0;
        if gap > GAP_MAX {
            return None;
        }
        let share = f64::from(hundred - below.0) / f64::from(gap);
        let at = Degrees {
            longitude: below.1.longitude + share * (above.1.longitude - below.1.longitude),
            latitude: below.1.latitude + share * (above.1.latitude - below.1.latitude),
        };
        Some(located(at, How::Between, below.1.distance_m(*above.1) / 2.0, Some(hundred)))
    }
}

/// Half of a block of an eighth of a mile and the shift within it, metres.
const BLOCK_M: f64 = 200.0;

/// The median of each coordinate: one position that was typed wrongly does not move it.
fn middle(places: &[Degrees]) -> Option<Degrees> {
    let median = |of: fn(&Degrees) -> f64| {
        let mut sorted: Vec<f64> = places.iter().map(of).collect();
        sorted.sort_by(f64::total_cmp);
        sorted.get(sorted.len() / 2).copied()
    };
    Some(Degrees { longitude: median(|place| place.longitude)?, latitude: median(|place| place.latitude)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn street(text: &str) -> Street {
        let words: Vec<&str> = text.split(' ').collect();
        let part = |at: usize| words.get(at).map(|word| (*word).trim_matches('-').to_owned()).unwrap_or_default();
        Street { before: part(0), name: part(1), kind: part(2), after: String::new() }
    }

    #[test]
    fn addresses_are_located_by_their_blocks() {
        let mut blocks = Blocks::default();
        let at = |latitude| Degrees { longitude: -87.6, latitude };
        for (name, number, latitude) in [
            ("N STATE ST", 0, 41.88),
            ("N STATE ST", 100, 41.90),
            ("N STATE ST", 199, 41.90),
            // Typed wrongly once.
            ("N STATE ST", 150, 45.0),
            ("N STATE ST", 500, 41.98),
            ("S STATE ST", 100, 41.80),
            ("N STATE PKWY", 1300, 41.91),
            ("W OAK ST", 0, 41.70),
            ("W OAK ST", 4000, 41.74),
            ("W OAK ST", 100, 0.0),
        ] {
            let longitude = if latitude == 0.0 { 0.0 } else { -87.6 };
            blocks.learn(street(name), number, Degrees { longitude, latitude });
        }
        blocks.settle();
        let found = |name: &str, number| match blocks.locate(&street(name), number) {
            None => "nowhere".to_owned(),
            Some(it) => format!(
                "{:.3} {:?} {}{}",
                it.at.latitude,
                it.how,
                it.street,
                it.differs.iter().map(|what| format!(" ({what})")).collect::<String>()
            ),
        };
        for (name, number, expected) in [
            ("N STATE ST", Some(134), "41.900 Block N STATE ST"),
            ("N STATE ST", Some(310), "41.940 Between N STATE ST"),
            ("N STATE ST", Some(700), "nowhere"),
            ("W OAK ST", Some(2000), "nowhere"),
            ("N STATE -", Some(134), "41.900 Block N STATE ST"),
            ("- STATE ST", Some(134), "nowhere"),
            ("N STATE AVE", Some(134), "41.900 Block N STATE ST (kind)"),
            ("- STATE ST", Some(510), "41.980 Block N STATE ST"),
            ("E OAK ST", Some(0), "41.700 Block W OAK ST (direction)"),
            ("W OAK ST", None, "41.740 Street W OAK ST"),
            ("W ELM ST", Some(1), "nowhere"),
        ] {
            assert_eq!(found(name, number), expected, "{name} {number:?}");
        }
        assert_eq!(blocks.len(), 7);
        assert!(Blocks::default().locate(&street("N STATE ST"), None).is_none());
        let _ = at(0.0);
    }
}
