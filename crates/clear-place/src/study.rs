//! The study area: which cells a statistic is about, and how a map of them did in the weeks that followed.
//!
//! In:    the areas of a city, or, where there are none, the incidents themselves; a cell's side.
//! Out:   a [`Study`]: plane, grid and the cells inside; maps over it with their accuracy.
//! Never: counts a cell outside the city: empty cells around it would make everything inside look hot.
//!
//! # How
//! A cell is of the study area if its middle is in an area of the layer; without a layer, if it is in the convex hull of the
//! incidents. The plane lies around the middle of the area, so that the same city has the same cells.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::accuracy::{Accuracy, accuracy};
use crate::areas::{Areas, Bounds};
use crate::clusters::hull;
use crate::density::{Kernel, Surface, density};
use crate::error::{Error, within};
use crate::grid::Grid;
use crate::hotspots::{Local, hot_spots};
use crate::point::{Degrees, Metres};
use crate::project::TransverseMercator;

/// Plane, grid and cells of a study area.
#[derive(Debug, Clone)]
pub struct Study {
    /// The point that the plane lies around.
    pub around: Degrees,
    plane: TransverseMercator,
    grid: Grid,
    /// The cells inside, ascending.
    cells: Vec<usize>,
}

/// A cell of a hot-spot map.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct HotCell {
    /// Its middle.
    pub at: Degrees,
    /// Incidents in it.
    pub count: u64,
    /// Gi*, its p and its false discovery rate.
    #[serde(flatten)]
    pub local: Local,
    /// Whether it is hot at the map's rate.
    pub hot: bool,
    /// Whether it is cold at the map's rate.
    pub cold: bool,
}

/// A hot-spot map: the cells that are hot or cold.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HotMap {
    /// Cells of the study area.
    pub cells: usize,
    /// Those that stand out, in the grid's order.
    pub marked: Vec<HotCell>,
    /// The accuracy of the hot ones in each of the following weeks.
    pub weeks: Vec<Accuracy>,
    /// The same for all of them together.
    pub following: Accuracy,
}

/// A cell of a density map.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct DenseCell {
    /// Its middle.
    pub at: Degrees,
    /// Incidents per square kilometre.
    pub per_square_km: f64,
    /// Whether it is among the densest, by which the accuracy is reckoned.
    pub densest: bool,
}

/// A density map: the cells above nothing.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DenseMap {
    /// Cells of the study area.
    pub cells: usize,
    /// Those above nothing, in the grid's order.
    pub dense: Vec<DenseCell>,
    /// The accuracy of the densest in each of the following weeks.
    pub weeks: Vec<Accuracy>,
    /// The same for all of them together.
    pub following: Accuracy,
}

impl Study {
    /// The study area of a layer, or of the incidents where there is no layer.
    ///
    /// # Errors
    /// As [`Grid::covering`]; [`Error::TooFew`] where there is neither a layer nor an incident.
    pub fn of(layer: Option<&Areas>, points: &[Degrees], cell_m: f64) -> Result<Study, Error> {
        let bounds = match layer {
            Some(areas) => areas.bounds(),
            None => Bounds::of(points.iter().copied()),
        };
        if bounds.is_nothing() {
            return Err(Error::TooFew { what: "incidents", found: 0, least: 1 });
        }
        let around = bounds.centre();
        let plane = TransverseMercator::around(around);
        // The sides of a box in degrees are bent on the plane: the middles of its sides reach farther than its corners.
        let (west, east) = (bounds.low.longitude, bounds.high.longitude);
        let (south, north) = (bounds.low.latitude, bounds.high.latitude);
        let edge = [
            (west, south),
            (around.longitude, south),
            (east, south),
            (west, north),
            (around.longitude, north),
            (east, north),
        ];
        let edge = edge.map(|(longitude, latitude)| plane.plane(Degrees { longitude, latitude }));
        let fold = |of: fn(&Metres) -> f64, pick: fn(f64, f64) -> f64, from: f64| edge.iter().map(of).fold(from, pick);
        let low = Metres { x: fold(|at| at.x, f64::min, f64::INFINITY), y: fold(|at| at.y, f64::min, f64::INFINITY) };
        let high =
            Metres { x: fold(|at| at.x, f64::max, f64::NEG_INFINITY), y: fold(|at| at.y, f64::max, f64::NEG_INFINITY) };
        let grid = Grid::covering(low, high, cell_m)?;
        let around_points = layer.is_none().then(|| {
            let plane_points: Vec<Metres> = points.iter().map(|point| plane.plane(*point)).collect();
            hull(&plane_points)
        });
        let taken: BTreeSet<usize> =
            points.iter().filter(|_| layer.is_none()).filter_map(|point| grid.cell_of(plane.plane(*point))).collect();
        let is_inside = |cell: &usize| {
            let middle = grid.centre(*cell);
            match (&around_points, layer) {
                (Some(hull), _) => in_hull(hull, middle) || taken.contains(cell),
                (None, Some(areas)) => areas.place_of(plane.degrees(middle)).is_some(),
                (None, None) => false,
            }
        };
        let cells = (0..grid.len()).filter(is_inside).collect();
        Ok(Study { around, plane, grid, cells })
    }

    /// The grid.
    pub fn grid(&self) -> Grid {
        self.grid
    }

    /// How many square kilometres it has.
    pub fn square_km(&self) -> f64 {
        self.cells.len() as f64 * self.grid.cell_m * self.grid.cell_m / 1e6
    }

    /// Points on its plane.
    pub fn plane(&self, points: &[Degrees]) -> Vec<Metres> {
        points.iter().map(|point| self.plane.plane(*point)).collect()
    }

    /// A point of its plane as degrees.
    pub fn degrees(&self, at: Metres) -> Degrees {
        self.plane.degrees(at)
    }

    /// The corners of the cell around a middle that one of its maps has given.
    pub fn corners(&self, middle: Degrees) -> [Degrees; 4] {
        cell_corners(self.around, self.grid.cell_m, middle)
    }

    /// Hot and cold cells of incidents at a false discovery rate, and how the hot ones did in the weeks that followed.
    ///
    /// # Errors
    /// As [`hot_spots`]; [`Error::Bounds`] for a rate that is not between 0.000001 and 0.5.
    pub fn hot_map(
        &self,
        points: &[Degrees],
        weeks: &[Vec<Degrees>],
        distance_m: f64,
        rate: f64,
    ) -> Result<HotMap, Error> {
        within("rate", rate, 1e-6, 0.5)?;
        let counts = self.counted(points);
        let middles: Vec<Metres> = self.cells.iter().map(|cell| self.grid.centre(*cell)).collect();
        let local = hot_spots(&middles, &counts, distance_m)?;
        let (by_week, following) = self.followed(weeks, |at| local.get(at).is_some_and(|local| local.is_hot(rate)));
        let cells = middles.iter().zip(&counts).zip(&local);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count")]
        let marked =
            cells.filter(|(_, local)| local.is_hot(rate) || local.is_cold(rate)).map(|((at, count), local)| HotCell {
                at: self.plane.degrees(*at),
                count: *count as u64,
                local: *local,
                hot: local.is_hot(rate),
                cold: local.is_cold(rate),
            });
        Ok(HotMap { cells: self.cells.len(), marked: marked.collect(), weeks: by_week, following })
    }

    /// The density of incidents, and how the densest `share` of the area did in the weeks that followed.
    ///
    /// # Errors
    /// As [`density`]; [`Error::Bounds`] for a share that is not between 0.001 and 0.5.
    pub fn dense_map(
        &self,
        points: &[Degrees],
        weeks: &[Vec<Degrees>],
        kernel: Kernel,
        bandwidth_m: f64,
        share: f64,
    ) -> Result<DenseMap, Error> {
        within("share", share, 0.001, 0.5)?;
        let Surface { values, .. } = density(&self.plane(points), kernel, bandwidth_m, self.grid)?;
        let values: Vec<f64> = self.cells.iter().map(|cell| values.get(*cell).copied().unwrap_or(0.0)).collect();
        let mut order: Vec<usize> = (0..values.len()).collect();
        let value = |at: usize| values.get(at).copied().unwrap_or(0.0);
        order.sort_by(|a, b| value(*b).total_cmp(&value(*a)).then(a.cmp(b)));
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of the cells")]
        let most = (share * values.len() as f64).ceil() as usize;
        let mut densest = vec![false; values.len()];
        for at in order.into_iter().take(most).filter(|at| value(*at) > 0.0) {
            if let Some(densest) = densest.get_mut(at) {
                *densest = true;
            }
        }
        let (by_week, following) = self.followed(weeks, |at| densest.get(at).copied().unwrap_or(false));
        let cells = self.cells.iter().zip(&values).zip(&densest);
        // A thousandth of an incident is nobody's.
        let dense = cells.filter(|((_, value), _)| **value >= 0.001).map(|((cell, value), densest)| DenseCell {
            at: self.plane.degrees(self.grid.centre(*cell)),
            per_square_km: (value * 1000.0).round() / 1000.0,
            densest: *densest,
        });
        Ok(DenseMap { cells: self.cells.len(), dense: dense.collect(), weeks: by_week, following })
    }

    /// Incidents in each cell of the study area.
    fn counted(&self, points: &[Degrees]) -> Vec<f64> {
        let all = self.grid.counted(&self.plane(points));
        self.cells.iter().map(|cell| all.get(*cell).copied().unwrap_or(0.0)).collect()
    }

    fn followed(&self, weeks: &[Vec<Degrees>], is_marked: impl Fn(usize) -> bool) -> (Vec<Accuracy>, Accuracy) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count")]
        let judged =
            |counts: &[f64]| accuracy(counts.iter().enumerate().map(|(at, count)| (is_marked(at), *count as u64)));
        let mut all = vec![0.0; self.cells.len()];
        let mut by_week = Vec::new();
        for week in weeks {
            let counts = self.counted(week);
            all.iter_mut().zip(&counts).for_each(|(sum, count)| *sum += count);
            by_week.push(judged(&counts));
        }
        (by_week, judged(&all))
    }
}

/// The corners of a square cell around a middle, on the plane around a point; from the south-west, counter-clockwise.
pub fn cell_corners(around: Degrees, cell_m: f64, middle: Degrees) -> [Degrees; 4] {
    let plane = TransverseMercator::around(around);
    let (at, half) = (plane.plane(middle), cell_m / 2.0);
    [(-half, -half), (half, -half), (half, half), (-half, half)]
        .map(|(x, y)| plane.degrees(Metres { x: at.x + x, y: at.y + y }))
}

/// Whether a point is in a convex ring that goes counter-clockwise.
fn in_hull(hull: &[Metres], point: Metres) -> bool {
    hull.len() >= 3
        && crate::areas::sides(hull).all(|(a, b)| (b.x - a.x) * (point.y - a.y) - (b.y - a.y) * (point.x - a.x) >= 0.0)
}
