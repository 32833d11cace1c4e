//! Kernel density: how thick incidents lie around each place.
//!
//! In:    points on a plane, a kernel, its bandwidth, a grid.
//! Out:   a [`Surface`]: incidents per square kilometre at the middle of each cell.
//! Never: chooses a bandwidth unseen: the surface says which it was made with.
//!
//! # How
//! λ(s) = Σ k(‖s − sᵢ‖ / h) / h², with h the bandwidth in metres (Silverman, *Density Estimation for Statistics and Data
//! Analysis*, 1986, §4.2). The *quartic* kernel is k(u) = 3/π (1 − u²)² for u < 1, the one that crime mapping uses
//! (Bailey & Gatrell, *Interactive Spatial Data Analysis*, 1995, §3.4); the *Gaussian* is k(u) = exp(−u²/2) / 2π, here cut
//! off at six bandwidths, beyond which lies less than a ten-millionth. No correction for edges: beyond the city nothing is
//! recorded, and a surface falls towards its border.
//!
//! Points at one place are taken together, because a block's incidents share its coordinates.

use std::collections::HashMap;
use std::f64::consts::PI;

use serde::{Deserialize, Serialize};

use crate::error::{Error, within};
use crate::grid::Grid;
use crate::point::Metres;

/// The shape of the hill that each incident is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kernel {
    /// Ends at the bandwidth.
    #[default]
    Quartic,
    /// The bandwidth is its standard deviation.
    Gaussian,
}

/// A value for each cell of a grid.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Surface {
    /// The grid.
    pub grid: Grid,
    /// The kernel.
    pub kernel: Kernel,
    /// The bandwidth, metres.
    pub bandwidth_m: f64,
    /// Incidents per square kilometre, cell by cell from the south-west.
    pub values: Vec<f64>,
}

/// Additions of one surface.
const WORK_MAX: u64 = 2_000_000_000;

impl Kernel {
    /// At how many bandwidths it ends.
    fn reach(self) -> f64 {
        match self {
            Kernel::Quartic => 1.0,
            Kernel::Gaussian => 6.0,
        }
    }

    /// Its height at the square of a distance in bandwidths.
    fn height(self, square: f64) -> f64 {
        match self {
            Kernel::Quartic if square < 1.0 => 3.0 / PI * (1.0 - square).powi(2),
            Kernel::Quartic => 0.0,
            Kernel::Gaussian => (-square / 2.0).exp() / (2.0 * PI),
        }
    }
}

/// The density of points over a grid.
///
/// # Errors
/// [`Error::Bounds`] for a bandwidth below 10 m or above 20 km; [`Error::TooMany`] where bandwidth, cells and points together
/// would take minutes.
pub fn density(points: &[Metres], kernel: Kernel, bandwidth_m: f64, grid: Grid) -> Result<Surface, Error> {
    let bandwidth_m = within("bandwidth_m", bandwidth_m, 10.0, 20_000.0)?;
    let mut places: HashMap<(u64, u64), (Metres, f64)> = HashMap::new();
    for point in points {
        places.entry((point.x.to_bits(), point.y.to_bits())).or_insert((*point, 0.0)).1 += 1.0;
    }
    let reach_m = kernel.reach() * bandwidth_m;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a bounded number of cells")]
    let window = (((2.0 * reach_m / grid.cell_m) + 1.0).powi(2) as u64).min(grid.len() as u64);
    let work = window.saturating_mul(places.len() as u64);
    if work > WORK_MAX {
        return Err(Error::TooMany { what: "additions", found: work, most: WORK_MAX });
    }
    // A fixed order of addition: the same points give the same bits.
    let mut places: Vec<(Metres, f64)> = places.into_values().collect();
    places.sort_by(|(a, _), (b, _)| a.y.total_cmp(&b.y).then(a.x.total_cmp(&b.x)));
    let mut values = vec![0.0; grid.len()];
    for (place, weight) in places {
        let (first_column, columns) = window_of(place.x - grid.corner.x, reach_m, grid.cell_m);
        let (first_row, rows) = window_of(place.y - grid.corner.y, reach_m, grid.cell_m);
        for (row, line) in values.chunks_mut(grid.columns.max(1)).enumerate().skip(first_row).take(rows) {
            let y = grid.corner.y + (row as f64 + 0.5) * grid.cell_m;
            for (column, value) in line.iter_mut().enumerate().skip(first_column).take(columns) {
                let x = grid.corner.x + (column as f64 + 0.5) * grid.cell_m;
                let square = place.square_to(Metres { x, y }) / (bandwidth_m * bandwidth_m);
                *value += weight * kernel.height(square);
            }
        }
    }
    let per_square_km = 1e6 / (bandwidth_m * bandwidth_m);
    values.iter_mut().for_each(|value| *value *= per_square_km);
    Ok(Surface { grid, kernel, bandwidth_m, values })
}

/// The first cell whose middle may be within reach, and how many.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "held to what a grid can have")]
fn window_of(from_corner: f64, reach_m: f64, cell_m: f64) -> (usize, usize) {
    let first = ((from_corner - reach_m) / cell_m - 0.5).floor().clamp(0.0, 1e9);
    let last = ((from_corner + reach_m) / cell_m).floor().clamp(-1.0, 1e9);
    (first as usize, (last - first + 1.0).max(0.0) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(x: f64, y: f64) -> Metres {
        Metres { x, y }
    }

    #[test]
    fn a_surface_holds_each_incident_once() {
        let grid = Grid { corner: at(0.0, 0.0), cell_m: 20.0, columns: 200, rows: 200 };
        let points = [at(2000.0, 2000.0), at(2100.0, 1900.0), at(2000.0, 2000.0)];
        for (kernel, bandwidth_m) in [(Kernel::Quartic, 500.0), (Kernel::Gaussian, 150.0)] {
            let surface = density(&points, kernel, bandwidth_m, grid).unwrap();
            let all: f64 = surface.values.iter().sum::<f64>() * 20.0 * 20.0 / 1e6;
            assert!((all - 3.0).abs() < 0.01, "{kernel:?}: {all}");
            let turned = density(&[points[2], points[1], points[0]], kernel, bandwidth_m, grid).unwrap();
            assert_eq!(surface, turned, "in whatever order they come");
        }
    }

    #[test]
    fn settings_out_of_bounds_are_refused() {
        let grid = Grid { corner: at(0.0, 0.0), cell_m: 100.0, columns: 10, rows: 10 };
        for (bandwidth_m, what) in [(1.0, "bandwidth_m is 1"), (f64::NAN, "bandwidth_m is NaN"), (1e9, "bandwidth_m")] {
            assert!(density(&[], Kernel::Quartic, bandwidth_m, grid).unwrap_err().to_string().contains(what));
        }
        let fine = Grid { corner: at(0.0, 0.0), cell_m: 10.0, columns: 500, rows: 500 };
        let many: Vec<Metres> = (0..100_000).map(|n| at(f64::from(n) / 10.0, 0.0)).collect();
        assert!(
            density(&many, Kernel::Gaussian, 20_000.0, fine)
                .unwrap_err()
                .to_string()
                .contains("additions are too many")
        );
        for (low, high, cell_m) in [
            (at(0.0, 0.0), at(1e6, 1e6), 10.0),
            (at(0.0, 0.0), at(f64::NAN, 1.0), 10.0),
            (at(0.0, 0.0), at(1.0, 1.0), 0.0),
        ] {
            assert!(Grid::covering(low, high, cell_m).is_err());
        }
    }
}
