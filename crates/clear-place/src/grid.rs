//! A grid of square cells on the plane, and points by cell.

use std::collections::HashMap;

use serde::Serialize;

use crate::error::{Error, within};
use crate::point::Metres;

/// Cells of one grid.
pub const CELLS_MAX: u64 = 250_000;

/// Square cells, row by row from the south-west.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Grid {
    /// The south-west corner, metres.
    pub corner: Metres,
    /// The side of a cell, metres.
    pub cell_m: f64,
    /// Cells from west to east.
    pub columns: usize,
    /// Cells from south to north.
    pub rows: usize,
}

impl Grid {
    /// The grid that covers the box from `low` to `high`. Its lines lie on multiples of the cell's side, so that grids of
    /// different boxes on one plane have the same cells.
    ///
    /// # Errors
    /// [`Error::Bounds`] for a cell below 10 m or above 20 km; [`Error::Cells`] above 250,000 cells.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "whole numbers, compared with the most first"
    )]
    pub fn covering(low: Metres, high: Metres, cell_m: f64) -> Result<Grid, Error> {
        let cell_m = within("cell_m", cell_m, 10.0, 20_000.0)?;
        let (west, south) = ((low.x / cell_m).floor(), (low.y / cell_m).floor());
        let (columns, rows) = ((high.x / cell_m).floor() - west + 1.0, (high.y / cell_m).floor() - south + 1.0);
        let cells = columns * rows;
        if !cells.is_finite() || cells < 1.0 {
            return Err(Error::TooFew { what: "points", found: 0, least: 1 });
        }
        if cells > CELLS_MAX as f64 {
            return Err(Error::Cells { cells: cells as u64, most: CELLS_MAX });
        }
        let corner = Metres { x: west * cell_m, y: south * cell_m };
        Ok(Grid { corner, cell_m, columns: columns as usize, rows: rows as usize })
    }

    /// How many cells there are.
    pub fn len(&self) -> usize {
        self.columns * self.rows
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number of the cell that a point is in.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "not negative, and compared with the sides"
    )]
    pub fn cell_of(&self, point: Metres) -> Option<usize> {
        let (column, row) =
            (((point.x - self.corner.x) / self.cell_m).floor(), ((point.y - self.corner.y) / self.cell_m).floor());
        let inside = column >= 0.0 && row >= 0.0 && column < self.columns as f64 && row < self.rows as f64;
        inside.then(|| row as usize * self.columns + column as usize)
    }

    /// The middle of a cell.
    pub fn centre(&self, cell: usize) -> Metres {
        let (column, row) = (cell % self.columns.max(1), cell / self.columns.max(1));
        Metres {
            x: self.corner.x + (column as f64 + 0.5) * self.cell_m,
            y: self.corner.y + (row as f64 + 0.5) * self.cell_m,
        }
    }

    /// How many points are in each cell.
    pub fn counted(&self, points: &[Metres]) -> Vec<f64> {
        let mut counts = vec![0.0; self.len()];
        for point in points {
            if let Some(count) = self.cell_of(*point).and_then(|cell| counts.get_mut(cell)) {
                *count += 1.0;
            }
        }
        counts
    }
}

/// Points by squares of a side, to find those that are near.
pub(crate) struct Near<'a> {
    points: &'a [Metres],
    side: f64,
    squares: HashMap<(i64, i64), Vec<u32>>,
}

impl<'a> Near<'a> {
    /// For questions about so many metres around.
    pub(crate) fn new(points: &'a [Metres], radius_m: f64) -> Near<'a> {
        let side = radius_m.max(1.0);
        let mut squares: HashMap<(i64, i64), Vec<u32>> = HashMap::new();
        for (at, point) in (0u32..).zip(points) {
            squares.entry(square(*point, side)).or_default().push(at);
        }
        Near { points, side, squares }
    }

    /// Each point within the radius, itself included, with its number and the square of its distance.
    pub(crate) fn each(&self, around: Metres, radius_m: f64, mut take: impl FnMut(usize, f64)) {
        #[expect(clippy::cast_possible_truncation, reason = "a radius of few squares")]
        let reach = (radius_m / self.side).ceil().clamp(1.0, 1e6) as i64;
        let (column, row) = square(around, self.side);
        let most = radius_m * radius_m;
        for row in row - reach..=row + reach {
            for column in column - reach..=column + reach {
                for at in self.squares.get(&(column, row)).into_iter().flatten() {
                    let at = *at as usize;
                    let Some(point) = self.points.get(at) else { continue };
                    let square = around.square_to(*point);
                    if square <= most {
                        take(at, square);
                    }
                }
            }
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a city's coordinates over at least a metre")]
fn square(point: Metres, side: f64) -> (i64, i64) {
    ((point.x / side).floor() as i64, (point.y / side).floor() as i64)
}
