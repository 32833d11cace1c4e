//! Vector tiles: areas, cells and points as Mapbox Vector Tiles, version 2.1.
//!
//! In:    a tile's address, features in degrees with properties.
//! Out:   the tile's bytes.
//! Never: writes a feature that is not in the tile or its edge; a position more exact than the tile's own grid.
//!
//! # How
//! Web Mercator tiles from the north-west (the scheme of EPSG:3857 in OGC 17-083r4); 4,096 units a side. Degrees become units of the
//! tile; shapes are clipped to it and 64 units around (Sutherland & Hodgman, CACM 17, 1974), thinned by Douglas and Peucker
//! (1973), rounded, and wound as the specification wants: outer rings with positive area, holes with negative. Many points
//! of a tile are counted in cells of a 64th of its side, so that a tile has a bounded size.
//!
//! # Change here
//! What the bytes are: `tile/wire.rs`. What of a shape is kept: [`Thinned`].

mod wire;

use serde::{Deserialize, Serialize};

use crate::areas::{Bounds, Ring, Shape, sides};
use crate::point::Degrees;

pub use wire::{Layer, Value};

/// Units from side to side of a tile.
pub const EXTENT: u32 = 4096;
const EXTENT_F: f64 = 4096.0;
/// Units around a tile that shapes go on for, so that no side shows at its edge.
const BUFFER: f64 = 64.0;
/// How far a thinned line may be from the line, units: an eighth of a pixel of a tile of 512.
const THIN: f64 = 1.0;
/// The deepest zoom.
pub const ZOOM_MAX: u8 = 20;
/// Cells from side to side in which many points are counted.
const CELLS_ASIDE: u32 = 64;
/// Beyond this latitude Web Mercator has no tiles.
const LATITUDE_MAX: f64 = 85.051_128_779_806_59;

/// The address of a tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tile {
    /// Zoom: 2^z tiles from side to side.
    pub z: u8,
    /// From the west.
    pub x: u32,
    /// From the north.
    pub y: u32,
}

/// A position in a tile, units from its north-west corner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unit {
    /// To the east.
    pub x: i32,
    /// To the south.
    pub y: i32,
}

type Place = (f64, f64);

/// A point of a tile's layer: one incident, or several that are counted together.
#[derive(Debug, Clone, PartialEq)]
pub struct Dot {
    /// Where.
    pub at: Unit,
    /// How many of the points it stands for.
    pub count: u32,
    /// The number of the one point that it is, if it is one.
    pub one: Option<usize>,
}

impl Tile {
    /// The tile, if there is one of that address.
    pub fn new(z: u8, x: u32, y: u32) -> Option<Tile> {
        let most = 1u32.checked_shl(u32::from(z))?;
        (z <= ZOOM_MAX && x < most && y < most).then_some(Tile { z, x, y })
    }

    /// The box that it shows, with `units` more on each side.
    pub fn bounds(self, units: f64) -> Bounds {
        let side = f64::from(self.z).exp2();
        let longitude = |x: f64| x / side * 360.0 - 180.0;
        let latitude = |y: f64| (std::f64::consts::PI * (1.0 - 2.0 * y / side)).sinh().atan().to_degrees();
        let (x, y, more) = (f64::from(self.x), f64::from(self.y), units / EXTENT_F);
        Bounds {
            low: Degrees { longitude: longitude(x - more), latitude: latitude(y + 1.0 + more) },
            high: Degrees { longitude: longitude(x + 1.0 + more), latitude: latitude(y - more) },
        }
    }

    /// The box of what is drawn, its edge included.
    pub fn reach(self) -> Bounds {
        self.bounds(BUFFER)
    }

    /// The tile of this zoom that a point is in.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "held between 0 and 2^20")]
    pub fn of(z: u8, point: Degrees) -> Option<Tile> {
        let side = f64::from(z).exp2();
        let (x, y) = mercator(point);
        let at = |share: f64| (share * side).floor().clamp(0.0, side - 1.0) as u32;
        Tile::new(z, at(x), at(y))
    }

    fn place(self, point: Degrees) -> Place {
        let side = f64::from(self.z).exp2();
        let (x, y) = mercator(point);
        ((x * side - f64::from(self.x)) * EXTENT_F, (y * side - f64::from(self.y)) * EXTENT_F)
    }

    /// A shape's rings in the tile: each outer ring, then its holes. Nothing, where it is not in the tile.
    pub fn rings(self, shape: &Shape) -> Vec<Vec<Unit>> {
        shape.polygons.iter().flat_map(|polygon| self.polygon(polygon)).collect()
    }

    fn polygon(self, rings: &[Ring]) -> Vec<Vec<Unit>> {
        let mut drawn = Vec::new();
        for (at, ring) in rings.iter().enumerate() {
            let is_outer = at == 0;
            let places: Vec<Place> = ring.iter().map(|corner| self.place(*corner)).collect();
            match wound(thinned_ring(&clipped(places)), is_outer) {
                Some(ring) => drawn.push(ring),
                // Without its outside a hole is nothing.
                None if is_outer => return drawn,
                None => {}
            }
        }
        drawn
    }

    /// A point in the tile, or none where it is outside.
    pub fn unit(self, point: Degrees) -> Option<Unit> {
        let (x, y) = self.place(point);
        let inside = |at: f64| (-BUFFER..EXTENT_F + BUFFER).contains(&at);
        (point.is_known() && inside(x) && inside(y)).then(|| rounded((x, y)))
    }

    /// Points of the tile: each by itself where there are at most `most`, else counted in cells. In a fixed order.
    pub fn dots(self, points: &[Degrees], most: usize) -> Vec<Dot> {
        let units: Vec<(usize, Unit)> =
            points.iter().enumerate().filter_map(|(at, point)| Some((at, self.unit(*point)?))).collect();
        if units.len() <= most {
            return units.into_iter().map(|(at, unit)| Dot { at: unit, count: 1, one: Some(at) }).collect();
        }
        self.counted(&points.iter().map(|point| (*point, 1)).collect::<Vec<_>>())
    }

    /// Points of the tile, each of so many, counted in cells. In a fixed order.
    pub fn counted(self, points: &[(Degrees, u64)]) -> Vec<Dot> {
        let side = i32::try_from(EXTENT / CELLS_ASIDE).unwrap_or(1);
        let mut cells: std::collections::BTreeMap<(i32, i32), (u64, Unit)> = std::collections::BTreeMap::new();
        for (point, count) in points {
            let Some(unit) = self.unit(*point) else { continue };
            cells.entry((unit.y.div_euclid(side), unit.x.div_euclid(side))).or_insert((0, unit)).0 += count;
        }
        let dot = |((row, column), (count, unit)): ((i32, i32), (u64, Unit))| {
            // One stands where it is, several in the middle of their cell.
            let middle = Unit { x: column * side + side / 2, y: row * side + side / 2 };
            let at = if count == 1 { unit } else { middle };
            Dot { at, count: u32::try_from(count).unwrap_or(u32::MAX), one: None }
        };
        cells.into_iter().map(dot).collect()
    }
}

/// A point in Web Mercator, 0 to 1 from the north-west.
fn mercator(point: Degrees) -> Place {
    let latitude = point.latitude.clamp(-LATITUDE_MAX, LATITUDE_MAX).to_radians();
    let y = 0.5 - latitude.tan().asinh() / std::f64::consts::TAU;
    (point.longitude / 360.0 + 0.5, y)
}

#[expect(clippy::cast_possible_truncation, reason = "a tile's units with its edge")]
fn rounded((x, y): Place) -> Unit {
    Unit { x: x.round() as i32, y: y.round() as i32 }
}

/// What of a ring is within the tile and its edge: cut by one side after the other.
fn clipped(ring: Vec<Place>) -> Vec<Place> {
    let (low, high) = (-BUFFER, EXTENT_F + BUFFER);
    let cuts: [(fn(Place) -> f64, f64, f64); 4] =
        [(|(x, _)| x, low, 1.0), (|(x, _)| x, high, -1.0), (|(_, y)| y, low, 1.0), (|(_, y)| y, high, -1.0)];
    cuts.into_iter().fold(ring, |ring, (of, limit, sign)| {
        // Most rings of a tile are wholly in it.
        if ring.iter().all(|place| (of(*place) - limit) * sign >= 0.0) {
            return ring;
        }
        let mut kept = Vec::new();
        for (a, b) in sides(&ring) {
            let (from, to) = ((of(a) - limit) * sign, (of(b) - limit) * sign);
            if from >= 0.0 {
                kept.push(a);
            }
            if (from >= 0.0) != (to >= 0.0) {
                let share = from / (from - to);
                kept.push((a.0 + share * (b.0 - a.0), a.1 + share * (b.1 - a.1)));
            }
        }
        kept
    })
}

/// A closed line thinned: first and the corner farthest from it stay, and what is farther than [`THIN`] between.
fn thinned_ring(ring: &[Place]) -> Vec<Unit> {
    let units = thin_ring(ring, THIN).into_iter().map(rounded);
    let mut kept: Vec<Unit> = Vec::new();
    for unit in units {
        if kept.last() != Some(&unit) {
            kept.push(unit);
        }
    }
    if kept.len() > 1 && kept.first() == kept.last() {
        kept.pop();
    }
    kept
}

/// A closed line with fewer corners, none of those left out farther than `most` from it (Douglas & Peucker).
pub(crate) fn thin_ring(ring: &[Place], most: f64) -> Vec<Place> {
    let Some(first) = ring.first() else { return Vec::new() };
    let square = |a: Place, b: Place| (a.0 - b.0).powi(2) + (a.1 - b.1).powi(2);
    let far = ring.iter().enumerate().max_by(|a, b| square(*a.1, *first).total_cmp(&square(*b.1, *first)));
    let far = far.map_or(0, |(at, _)| at);
    let mut line: Vec<Place> = ring.to_vec();
    line.push(*first);
    let mut kept = vec![false; line.len()];
    let mut spans = vec![(0, far), (far, line.len() - 1)];
    // A stack of our own: a ring of 100,000 corners must not use up the machine's.
    while let Some((from, to)) = spans.pop() {
        for end in [from, to] {
            if let Some(kept) = kept.get_mut(end) {
                *kept = true;
            }
        }
        let (Some(a), Some(b)) = (line.get(from), line.get(to)) else { continue };
        let between = line.iter().enumerate().skip(from + 1).take(to.saturating_sub(from + 1));
        let farthest = between.map(|(at, place)| (at, apart(*place, *a, *b))).max_by(|a, b| a.1.total_cmp(&b.1));
        if let Some((at, distance)) = farthest
            && distance > most
        {
            spans.push((from, at));
            spans.push((at, to));
        }
    }
    let mut kept: Vec<Place> = line.into_iter().zip(kept).filter(|(_, kept)| *kept).map(|(place, _)| place).collect();
    kept.pop();
    kept
}

/// How far a place is from a line between two others.
fn apart(place: Place, a: Place, b: Place) -> f64 {
    let (dx, dy) = (b.0 - a.0, b.1 - a.1);
    let length = dx * dx + dy * dy;
    let share =
        if length > 0.0 { (((place.0 - a.0) * dx + (place.1 - a.1) * dy) / length).clamp(0.0, 1.0) } else { 0.0 };
    (place.0 - a.0 - share * dx).hypot(place.1 - a.1 - share * dy)
}

/// A ring in its direction; `None` where nothing of it is left.
fn wound(mut ring: Vec<Unit>, is_outer: bool) -> Option<Vec<Unit>> {
    let twice: i64 = sides(&ring).map(|(a, b)| i64::from(a.x) * i64::from(b.y) - i64::from(b.x) * i64::from(a.y)).sum();
    if ring.len() < 3 || twice == 0 {
        return None;
    }
    // With y to the south, a positive sum is clockwise on the screen, as outer rings are to be.
    if (twice > 0) != is_outer {
        ring.reverse();
    }
    Some(ring)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::areas::shape_of_wkt;

    #[test]
    fn tiles_hold_what_they_show() {
        let at = Degrees { longitude: -87.629_8, latitude: 41.878_1 };
        for (z, x, y) in [(0, 0, 0), (10, 262, 380), (14, 4203, 6089)] {
            let tile = Tile::of(z, at).unwrap();
            assert_eq!((tile.x, tile.y), (x, y), "zoom {z}");
            assert!(tile.bounds(0.0).holds(at) && tile.unit(at).is_some());
        }
        assert!(Tile::new(3, 8, 0).is_none() && Tile::new(21, 0, 0).is_none() && Tile::new(200, 0, 0).is_none());
        assert_eq!(Tile::of(10, at).unwrap().unit(Degrees { longitude: 0.0, latitude: 0.0 }), None);
    }

    #[test]
    fn shapes_are_cut_thinned_and_wound() {
        // A tile in the middle of a square that is larger than it: the tile with its edge remains.
        let shape = shape_of_wkt("POLYGON ((-89 41, -87 41, -87 43, -89 43, -89 41), (-88.6 42.0, -88.6 42.01, -88.59 42.01, -88.59 42.0, -88.6 42.0))").unwrap();
        let tile = Tile::of(10, Degrees { longitude: -88.2, latitude: 41.5 }).unwrap();
        let rings = tile.rings(&shape);
        let mut corners = rings.first().unwrap().clone();
        corners.sort_by_key(|at| (at.x, at.y));
        let unit = |x, y| Unit { x, y };
        assert_eq!(
            (rings.len(), corners),
            (1, vec![unit(-64, -64), unit(-64, 4160), unit(4160, -64), unit(4160, 4160)])
        );
        let area = |ring: &[Unit]| -> i64 {
            sides(ring).map(|(a, b)| i64::from(a.x) * i64::from(b.y) - i64::from(b.x) * i64::from(a.y)).sum()
        };
        let whole = Tile::of(6, Degrees { longitude: -88.2, latitude: 41.5 }).unwrap().rings(&shape);
        assert_eq!(whole.iter().map(|ring| area(ring).signum()).collect::<Vec<_>>(), [1, -1], "outside and hole");
        assert!(Tile::of(10, Degrees { longitude: 10.0, latitude: 41.5 }).unwrap().rings(&shape).is_empty());
    }

    #[test]
    fn many_points_are_counted_in_cells_and_none_is_lost() {
        let tile = Tile::of(10, Degrees { longitude: -87.63, latitude: 41.88 }).unwrap();
        let points: Vec<Degrees> = (0..500)
            .map(|at| Degrees {
                longitude: -87.70 + f64::from(at % 25) * 0.001,
                latitude: 41.85 + f64::from(at / 25) * 0.001,
            })
            .collect();
        let inside = points.iter().filter(|point| tile.unit(**point).is_some()).count();
        let (each, counted) = (tile.dots(&points, 1_000), tile.dots(&points, 100));
        assert_eq!(each.len(), inside);
        assert!(counted.len() < each.len() && counted.iter().all(|dot| dot.one.is_none()));
        let twice: Vec<(Degrees, u64)> = points.iter().map(|point| (*point, 2)).collect();
        assert_eq!(tile.counted(&twice).iter().map(|dot| dot.count as usize).sum::<usize>(), 2 * inside);
        assert_eq!(counted.iter().map(|dot| dot.count as usize).sum::<usize>(), inside);
    }

    #[test]
    fn a_ring_of_very_many_corners_is_thinned_without_a_deep_stack() {
        let ring: Vec<Place> =
            (0..100_000).map(|at| (f64::from(at).cos() * 1000.0, f64::from(at).sin() * 1000.0)).collect();
        assert!(thin_ring(&ring, 1.0).len() > 1_000);
        let line: Vec<Place> = (0..100_000).map(|at| (f64::from(at), 0.0)).collect();
        assert_eq!(thin_ring(&line, 0.5).len(), 2);
        assert!(thin_ring(&[], 1.0).is_empty());
    }
}
