//! Near repeats: whether an incident is soon followed by others nearby, more often than chance has it.
//!
//! In:    where and when incidents were; the widths of the bands of distance and days; a seed.
//! Out:   for each band of distance and of days how many pairs there are, how many are expected, their ratio and p.
//! Never: links incidents to a person; says which incident will be repeated.
//!
//! # How
//! Knox (*The detection of space–time interactions*, Applied Statistics 13, 1964) counts pairs that are near in both; what is
//! expected comes from shuffling the dates among the places, as Johnson et al. (*Space–time patterns of risk*, Journal of
//! Quantitative Criminology 23, 2007) and Ratcliffe's near repeat calculator do. p = (1 + shuffles with as many pairs or more) /
//! (1 + shuffles); the seed stands in the answer, so that anybody gets the same. As the table has many cells, each also
//! has its false discovery rate.

use serde::Serialize;

use crate::chance::{Seeded, discovery_rates};
use crate::error::{Error, within};
use crate::grid::Near;
use crate::point::Metres;

/// What counts as near.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Bands {
    /// The width of a band of distance, metres. The first band is the same place, within a metre.
    pub distance_m: f64,
    /// How many bands of distance, the first not counted.
    pub distances: usize,
    /// The width of a band of time, days.
    pub days: u32,
    /// How many bands of time. A pair of one day is in the first.
    pub times: usize,
}

/// One cell of the table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cell {
    /// Beyond so many metres.
    pub from_m: f64,
    /// Up to so many metres.
    pub to_m: f64,
    /// From so many days.
    pub from_days: u32,
    /// Up to so many days, included.
    pub to_days: u32,
    /// Pairs there are.
    pub observed: u64,
    /// Pairs that a shuffle has on average.
    pub expected: f64,
    /// Observed over expected; `None` where none are expected.
    pub ratio: Option<f64>,
    /// How often chance gives as many.
    pub p: f64,
    /// The smallest false discovery rate at which it stands out.
    pub rate: f64,
}

/// The whole table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NearRepeat {
    /// How many incidents.
    pub incidents: usize,
    /// How many shuffles.
    pub shuffles: u32,
    /// The seed they were made with.
    pub seed: u64,
    /// The cells, by distance and then by days.
    pub cells: Vec<Cell>,
}

/// A place counts as the same within so many metres.
const SAME_PLACE_M: f64 = 1.0;
const BANDS_MAX: usize = 12;
/// Pairs times shuffles.
const WORK_MAX: u64 = 3_000_000_000;

/// Knox's table.
///
/// # Errors
/// [`Error::Bounds`] for bands out of bounds, [`Error::TooFew`] with fewer than ten incidents, [`Error::TooMany`] where near
/// pairs and shuffles would take minutes.
pub fn near_repeat(
    places: &[Metres],
    days: &[i32],
    bands: Bands,
    shuffles: u32,
    seed: u64,
) -> Result<NearRepeat, Error> {
    within("band_m", bands.distance_m, 10.0, 5_000.0)?;
    within("bands", bands.distances as f64, 1.0, BANDS_MAX as f64)?;
    within("band_days", f64::from(bands.days), 1.0, 365.0)?;
    within("bands_days", bands.times as f64, 1.0, BANDS_MAX as f64)?;
    within("shuffles", f64::from(shuffles), 19.0, 9_999.0)?;
    if places.len() < 10 || places.len() != days.len() {
        return Err(Error::TooFew { what: "incidents", found: places.len().min(days.len()) as u64, least: 10 });
    }
    let pairs = pairs(places, &bands, shuffles)?;
    let width = bands.times;
    let cells = (bands.distances + 1) * width;
    let observed = counted(&pairs, days, &bands, cells);
    let (mut sums, mut as_many) = (vec![0u64; cells], vec![0u32; cells]);
    let (mut random, mut shuffled) = (Seeded::new(seed), days.to_vec());
    for _ in 0..shuffles {
        random.shuffle(&mut shuffled);
        let found = counted(&pairs, &shuffled, &bands, cells);
        for (((sum, more), found), observed) in sums.iter_mut().zip(&mut as_many).zip(&found).zip(&observed) {
            *sum += found;
            *more += u32::from(found >= observed);
        }
    }
    let p_values: Vec<f64> = as_many.iter().map(|more| f64::from(more + 1) / f64::from(shuffles + 1)).collect();
    let rates = discovery_rates(&p_values);
    let cell = |(at, ((observed, sum), (p, rate))): (usize, ((u64, u64), (f64, f64)))| {
        let (distance, time) = (at / width, at % width);
        let expected = sum as f64 / f64::from(shuffles);
        let days_at = |band: usize| u32::try_from(band).unwrap_or(u32::MAX).saturating_mul(bands.days);
        Cell {
            from_m: if distance == 0 { 0.0 } else { (distance - 1) as f64 * bands.distance_m },
            to_m: if distance == 0 { SAME_PLACE_M } else { distance as f64 * bands.distance_m },
            from_days: if time == 0 { 0 } else { days_at(time) + 1 },
            to_days: days_at(time + 1),
            observed,
            expected,
            ratio: (expected > 0.0).then(|| observed as f64 / expected),
            p,
            rate,
        }
    };
    let columns = observed.into_iter().zip(sums).zip(p_values.into_iter().zip(rates));
    let cells = columns.enumerate().map(cell).collect();
    Ok(NearRepeat { incidents: places.len(), shuffles, seed, cells })
}

/// A pair that is near in space: two incidents and the band.
struct Pair(u32, u32, u8);

fn pairs(places: &[Metres], bands: &Bands, shuffles: u32) -> Result<Vec<Pair>, Error> {
    let reach_m = bands.distance_m * bands.distances as f64;
    let most = WORK_MAX / u64::from(shuffles.max(1));
    let near = Near::new(places, reach_m);
    let mut pairs = Vec::new();
    for (at, place) in (0u32..).zip(places) {
        near.each(*place, reach_m, |other, square| {
            let other = u32::try_from(other).unwrap_or(u32::MAX);
            if other > at && (pairs.len() as u64) <= most {
                let distance = square.sqrt();
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most twelve bands")]
                let band =
                    if distance <= SAME_PLACE_M { 0 } else { (distance / bands.distance_m).ceil().max(1.0) as u8 };
                pairs.push(Pair(at, other, band));
            }
        });
        if pairs.len() as u64 > most {
            return Err(Error::TooMany { what: "near pairs", found: pairs.len() as u64, most });
        }
    }
    Ok(pairs)
}

fn counted(pairs: &[Pair], days: &[i32], bands: &Bands, cells: usize) -> Vec<u64> {
    let mut counts = vec![0u64; cells];
    for Pair(one, other, band) in pairs {
        let (Some(one), Some(other)) = (days.get(*one as usize), days.get(*other as usize)) else { continue };
        let apart = one.abs_diff(*other);
        // A pair of one day, and of as many days as the band is wide, is in the first.
        let time = (apart.saturating_sub(1) / bands.days.max(1)) as usize;
        if time < bands.times
            && let Some(count) = counts.get_mut(usize::from(*band) * bands.times + time)
        {
            *count += 1;
        }
    }
    counts
}
