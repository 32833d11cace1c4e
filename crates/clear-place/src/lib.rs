//! Where things happen: projection, areas, spatial statistics, addresses on the map, tiles and pictures.
//!
//! In:    points, shapes and counts that their asker may see; GeoJSON and WKT as text.
//! Out:   the area of a point; surfaces, hot spots, near repeats, clusters, classes, with how accurate they are; where a block
//!        is; vector tiles; maps as SVG and PNG.
//! Never: does IO; knows a label, a record or a person: what it is given, it may tell all of. Scores places, never persons.
//!
//! # How
//! Everything is a function of its arguments: the same points give the same bits, in whatever order they come, and what
//! needs chance has its seed in the answer. Sizes are bounded before the work begins; what is too large is refused with what
//! to change. Each statistic's module says its formula, its source and its units; `scripts/crosscheck/place.py` compares them with
//! other people's implementations, and `tests/known` holds what those said.
//!
//! # Change here
//! A statistic: one file here, its known answers in the script, its line in docs/place.md. Another state plane: `project.rs`.

mod accuracy;
mod areas;
mod blocks;
mod chance;
mod classes;
mod clusters;
mod density;
mod error;
mod geography;
mod grid;
mod hotspots;
mod near_repeat;
mod picture;
mod point;
mod project;
mod study;
mod tile;

pub use accuracy::{Accuracy, accuracy};
pub use areas::{Area, Areas, Bounds, Properties, Ring, Shape, shape_of_wkt};
pub use blocks::{Blocks, GAP_MAX, How, Located, Street};
pub use chance::{Seeded, discovery_rates, normal_above, normal_beyond};
pub use classes::{Classes, nested_means};
pub use clusters::{Cluster, Clusters, Ellipse, Level, clusters, ellipse, hull, threshold_m};
pub use density::{Kernel, Surface, density};
pub use error::Error;
pub use geography::{Geography, LayerName};
pub use grid::{CELLS_MAX, Grid};
pub use hotspots::{Local, hot_spots};
pub use near_repeat::{Bands, Cell, NearRepeat, near_repeat};
pub use picture::{COLD, Colour, Entry, HOT, LINE, NEITHER, POINT, Picture, ramp};
pub use point::{Degrees, Feet, Metres};
pub use project::{ILLINOIS_EAST, TransverseMercator, US_SURVEY_FOOT_M, from_feet, to_feet};
pub use study::{DenseCell, DenseMap, HotCell, HotMap, Study, cell_corners};
pub use tile::{Dot, EXTENT, Layer, Tile, Unit, Value, ZOOM_MAX};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
