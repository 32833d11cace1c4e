//! What can be wrong with what was given.

use thiserror::Error;

/// Why there is no answer. Every one is about what was given, and says how to mend it.
#[derive(Debug, Error)]
pub enum Error {
    /// A file of areas that does not read.
    #[error("the areas do not read as GeoJSON")]
    GeoJson(#[from] serde_json::Error),
    /// A text that is no polygon.
    #[error("the shape does not read as WKT: {0}")]
    Wkt(&'static str),
    /// A file that reads and is no collection of areas.
    #[error("{0}")]
    Areas(String),
    /// A grid of too many cells.
    #[error("{cells} cells are too many; {most} are the most: take larger cells or a smaller area")]
    Cells {
        /// How many it would have.
        cells: u64,
        /// How many it may have.
        most: u64,
    },
    /// A setting that is out of its bounds.
    #[error("{what} is {given}; it should be between {low} and {high}")]
    Bounds {
        /// Its name, with its unit.
        what: &'static str,
        /// What was given.
        given: f64,
        /// The least.
        low: f64,
        /// The most.
        high: f64,
    },
    /// More pairs or points than a test may take.
    #[error("{found} {what} are too many; {most} are the most: take fewer incidents or a shorter distance")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many there are, as far as was counted.
        found: u64,
        /// How many there may be.
        most: u64,
    },
    /// Fewer than a statistic needs.
    #[error("{found} {what} are too few; {least} are needed")]
    TooFew {
        /// Of what.
        what: &'static str,
        /// How many there are.
        found: u64,
        /// How many are needed.
        least: u64,
    },
}

/// A setting within its bounds.
pub(crate) fn within(what: &'static str, given: f64, low: f64, high: f64) -> Result<f64, Error> {
    if (low..=high).contains(&given) { Ok(given) } else { Err(Error::Bounds { what, given, low, high }) }
}
