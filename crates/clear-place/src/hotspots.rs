//! Hot spots: places with more around them than chance puts there, by Getis and Ord's Gi*.
//!
//! In:    a count for each place, where the places are, how far *around* reaches.
//! Out:   for each place its z, its p, and the false discovery rate at which it is hot or cold.
//! Never: calls a place hot by its p alone: thousands of places are tested at once, and one in twenty would be.
//!
//! # How
//! Gi* = (Σⱼ wᵢⱼ xⱼ − X̄ Wᵢ) / (S √((n Σⱼ wᵢⱼ² − Wᵢ²) / (n − 1))), wᵢⱼ = 1 within the distance and for the place itself, else 0;
//! S² = Σ x² / n − X̄² (Ord & Getis, *Local spatial autocorrelation statistics*, Geographical Analysis 27, 1995, eq. 14*). Under
//! no clustering it is nearly standard normal; p is two-sided. The rates are Benjamini and Hochberg's, as Caldas de Castro and
//! Singer (*Controlling the false discovery rate*, Geographical Analysis 38, 2006) advise for local statistics.
//!
//! A place is an area of the map. There is no such statistic of persons here, and none is made of it.

use serde::Serialize;

use crate::chance::{discovery_rates, normal_beyond};
use crate::error::{Error, within};
use crate::grid::Near;
use crate::point::Metres;

/// One place's statistic.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Local {
    /// Gi* as a standard score: above 0 more than expected, below 0 less.
    pub z: f64,
    /// How often chance gives one as far from 0.
    pub p: f64,
    /// The smallest false discovery rate at which it counts as hot or cold.
    pub rate: f64,
}

impl Local {
    /// Whether it is a hot spot at a false discovery rate.
    pub fn is_hot(&self, rate: f64) -> bool {
        self.z > 0.0 && self.rate <= rate
    }

    /// Whether it is a cold spot at a false discovery rate.
    pub fn is_cold(&self, rate: f64) -> bool {
        self.z < 0.0 && self.rate <= rate
    }
}

/// Pairs of neighbours.
const PAIRS_MAX: u64 = 200_000_000;

/// Gi* of each place. Where all counts are the same, or all places are neighbours, z is 0 and p is 1.
///
/// # Errors
/// [`Error::Bounds`] for a distance below 10 m or above 20 km, [`Error::TooFew`] with fewer than three places,
/// [`Error::TooMany`] above 200 million pairs of neighbours.
pub fn hot_spots(places: &[Metres], counts: &[f64], distance_m: f64) -> Result<Vec<Local>, Error> {
    let distance_m = within("distance_m", distance_m, 10.0, 20_000.0)?;
    let n = places.len() as f64;
    if places.len() < 3 || places.len() != counts.len() {
        return Err(Error::TooFew { what: "places", found: places.len().min(counts.len()) as u64, least: 3 });
    }
    let mean = counts.iter().sum::<f64>() / n;
    let spread = (counts.iter().map(|count| count * count).sum::<f64>() / n - mean * mean).max(0.0).sqrt();
    // So little above nothing is rounding.
    let is_flat = spread <= 1e-12 * mean.abs();
    let near = Near::new(places, distance_m);
    let mut pairs: u64 = 0;
    let mut scores = Vec::with_capacity(places.len());
    for place in places {
        let (mut around, mut neighbours) = (0.0, 0.0);
        near.each(*place, distance_m, |other, _| {
            around += counts.get(other).copied().unwrap_or(0.0);
            neighbours += 1.0;
            pairs += 1;
        });
        if pairs > PAIRS_MAX {
            return Err(Error::TooMany { what: "pairs of neighbours", found: pairs, most: PAIRS_MAX });
        }
        let freedom = (n * neighbours - neighbours * neighbours) / (n - 1.0);
        scores.push(if is_flat || freedom <= 0.0 {
            0.0
        } else {
            (around - mean * neighbours) / (spread * freedom.sqrt())
        });
    }
    let p_values: Vec<f64> = scores.iter().map(|z| normal_beyond(*z)).collect();
    let rates = discovery_rates(&p_values);
    let local = scores.into_iter().zip(p_values).zip(rates);
    Ok(local.map(|((z, p), rate)| Local { z, p, rate }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_flat_has_no_hot_spot() {
        let places: Vec<Metres> =
            (0..25).map(|at| Metres { x: f64::from(at % 5) * 100.0, y: f64::from(at / 5) * 100.0 }).collect();
        let p = |counts: &[f64], distance_m| {
            hot_spots(&places, counts, distance_m).unwrap().iter().map(|local| local.p).fold(1.0, f64::min)
        };
        assert_eq!(p(&[3.0; 25], 150.0), 1.0);
        let mut one = [1.0; 25];
        one[12] = 40.0;
        assert_eq!(p(&one, 10_000.0), 1.0, "all are neighbours of all");
        assert!(p(&one, 50.0) < 1e-4);
        assert!(hot_spots(&places[..2], &[1.0, 2.0], 100.0).is_err() && hot_spots(&places, &one, f64::NAN).is_err());
    }
}
