//! Areas: beats, districts, community areas, and which of them a point is in.
//!
//! In:    GeoJSON or WKT, as a city publishes them; points.
//! Out:   [`Areas`]: shapes with code and name; for a point, the area that it is in.
//! Never: puts a point into two areas of one layer that share a side, or between them.
//!
//! # How
//! A point is inside where a ray to the east meets the sides an odd number of times, a side counting from its lower end and
//! without its upper one (Sunday's and Franklin's form of the crossing number): neighbours that share a side's corners share
//! no point. A grid over the layer holds for each cell the areas whose box meets it, so that few are tried.
//!
//! # Change here
//! Another format of shapes: a function beside [`Areas::geojson`]. How many cells the grid has: [`CELLS_ASIDE`].

mod wkt;

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::error::Error;
use crate::point::Degrees;
use crate::project::TransverseMercator;

pub use wkt::shape_of_wkt;

/// Cells of the grid from side to side.
const CELLS_ASIDE: usize = 64;
/// Corners of all shapes of a layer.
const CORNERS_MAX: usize = 2_000_000;

/// A closed line; the last corner is not the first again.
pub type Ring = Vec<Degrees>;

/// A shape: polygons, each its outer ring and then its holes.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Shape {
    /// The polygons.
    pub polygons: Vec<Vec<Ring>>,
}

/// A box, degrees.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    /// The south-west corner.
    pub low: Degrees,
    /// The north-east corner.
    pub high: Degrees,
}

/// One area of a layer.
#[derive(Debug, Clone, PartialEq)]
pub struct Area {
    /// Its code as records have it: `0411`, `004`, `31`.
    pub code: String,
    /// Its name for people; its code where it has none.
    pub name: String,
    /// Its shape.
    pub shape: Shape,
    /// The box around it.
    pub bounds: Bounds,
    /// Its size, square kilometres.
    pub square_km: f64,
}

/// A layer of areas. Made once, asked often.
#[derive(Debug, Clone)]
pub struct Areas {
    areas: Vec<Area>,
    bounds: Bounds,
    cells: Vec<Vec<u16>>,
}

/// What of a feature's properties is the code and what the name.
#[derive(Debug, Clone, Copy)]
pub struct Properties<'a> {
    /// The property that holds the code.
    pub code: &'a str,
    /// Codes are filled up to so many digits with zeros in front.
    pub digits: usize,
    /// The property that holds the name, if any.
    pub name: Option<&'a str>,
}

impl Bounds {
    /// The box of nothing.
    pub const NOTHING: Bounds = Bounds {
        low: Degrees { longitude: f64::INFINITY, latitude: f64::INFINITY },
        high: Degrees { longitude: f64::NEG_INFINITY, latitude: f64::NEG_INFINITY },
    };

    /// The box with a point taken in.
    pub fn with(self, point: Degrees) -> Bounds {
        Bounds {
            low: Degrees {
                longitude: self.low.longitude.min(point.longitude),
                latitude: self.low.latitude.min(point.latitude),
            },
            high: Degrees {
                longitude: self.high.longitude.max(point.longitude),
                latitude: self.high.latitude.max(point.latitude),
            },
        }
    }

    /// The box around points.
    pub fn of(points: impl IntoIterator<Item = Degrees>) -> Bounds {
        points.into_iter().fold(Bounds::NOTHING, Bounds::with)
    }

    /// Whether it holds no point.
    pub fn is_nothing(self) -> bool {
        !(self.low.longitude <= self.high.longitude && self.low.latitude <= self.high.latitude)
    }

    /// Whether the point is in it, its sides included.
    pub fn holds(self, point: Degrees) -> bool {
        (self.low.longitude..=self.high.longitude).contains(&point.longitude)
            && (self.low.latitude..=self.high.latitude).contains(&point.latitude)
    }

    /// Whether two boxes share a point.
    pub fn meets(self, other: Bounds) -> bool {
        self.low.longitude <= other.high.longitude
            && other.low.longitude <= self.high.longitude
            && self.low.latitude <= other.high.latitude
            && other.low.latitude <= self.high.latitude
    }

    /// The middle.
    pub fn centre(self) -> Degrees {
        Degrees {
            longitude: f64::midpoint(self.low.longitude, self.high.longitude),
            latitude: f64::midpoint(self.low.latitude, self.high.latitude),
        }
    }
}

impl Shape {
    /// All its rings.
    pub fn rings(&self) -> impl Iterator<Item = &Ring> {
        self.polygons.iter().flatten()
    }

    /// The box around it.
    pub fn bounds(&self) -> Bounds {
        Bounds::of(self.rings().flatten().copied())
    }

    /// Whether a point is inside. Of two shapes that share a side, one holds a point on it.
    pub fn holds(&self, point: Degrees) -> bool {
        self.rings().fold(false, |inside, ring| inside != is_odd(ring, point))
    }

    /// Its size, square kilometres, on a plane around its middle.
    pub fn square_km(&self) -> f64 {
        let bounds = self.bounds();
        if bounds.is_nothing() {
            return 0.0;
        }
        let plane = TransverseMercator::around(bounds.centre());
        let of_ring = |ring: &Ring| -> f64 {
            let corners: Vec<_> = ring.iter().map(|corner| plane.plane(*corner)).collect();
            let twice: f64 = sides(&corners).map(|(a, b)| a.x * b.y - b.x * a.y).sum();
            twice.abs() / 2e6
        };
        let of_polygon = |rings: &Vec<Ring>| -> f64 {
            let mut sizes = rings.iter().map(of_ring);
            sizes.next().unwrap_or(0.0) - sizes.sum::<f64>()
        };
        self.polygons.iter().map(of_polygon).sum()
    }
}

/// Each side of a ring, from one corner to the next.
pub(crate) fn sides<T: Copy>(ring: &[T]) -> impl Iterator<Item = (T, T)> + '_ {
    ring.iter().copied().zip(ring.iter().copied().cycle().skip(1))
}

fn is_odd(ring: &[Degrees], point: Degrees) -> bool {
    sides(ring).fold(false, |inside, (a, b)| {
        let spans = (a.latitude > point.latitude) != (b.latitude > point.latitude);
        if !spans {
            return inside;
        }
        // Always reckoned from the lower end, so that a side that two areas share gives both the same number.
        let (a, b) = if a.latitude <= b.latitude { (a, b) } else { (b, a) };
        let share = (point.latitude - a.latitude) / (b.latitude - a.latitude);
        inside != (point.longitude < a.longitude + share * (b.longitude - a.longitude))
    })
}

impl Areas {
    /// A layer. Areas of the same code become one, in the order of their codes.
    ///
    /// # Errors
    /// [`Error::Areas`] with more than 65,535 areas or two million corners, or a corner that is not on Earth.
    pub fn new(shapes: impl IntoIterator<Item = (String, String, Shape)>) -> Result<Areas, Error> {
        let mut by_code: BTreeMap<String, (String, Shape)> = BTreeMap::new();
        for (code, name, shape) in shapes {
            let held = by_code.entry(code).or_insert_with(|| (name, Shape::default()));
            held.1.polygons.extend(shape.polygons);
        }
        let corners: usize = by_code.values().flat_map(|(_, shape)| shape.rings()).map(Vec::len).sum();
        if by_code.len() > usize::from(u16::MAX) || corners > CORNERS_MAX {
            return Err(Error::Areas(format!("{} areas with {corners} corners are too many", by_code.len())));
        }
        let areas: Vec<Area> = by_code
            .into_iter()
            .map(|(code, (name, shape))| Area {
                code,
                name,
                bounds: shape.bounds(),
                square_km: shape.square_km(),
                shape,
            })
            .collect();
        if let Some(area) = areas.iter().find(|area| area.shape.rings().flatten().any(|corner| !is_on_earth(*corner))) {
            return Err(Error::Areas(format!("a corner of `{}` is not on Earth: give degrees WGS 84", area.code)));
        }
        let boxes = areas.iter().filter(|area| !area.bounds.is_nothing());
        let bounds = boxes.fold(Bounds::NOTHING, |all, area| all.with(area.bounds.low).with(area.bounds.high));
        let mut held = Areas { areas, bounds, cells: Vec::new() };
        held.cells = held.celled();
        Ok(held)
    }

    /// A layer from a GeoJSON feature collection of polygons and multipolygons (RFC 7946).
    ///
    /// # Errors
    /// [`Error::GeoJson`] and [`Error::Areas`], with the feature that is wrong.
    pub fn geojson(text: &[u8], properties: Properties<'_>) -> Result<Areas, Error> {
        let Collection { features } = serde_json::from_slice(text)?;
        let of_feature = |(at, feature): (usize, Feature)| {
            let what = |what: &str| Error::Areas(format!("feature {}: {what}", at + 1));
            let word = |name: &str| match feature.properties.as_ref()?.get(name)? {
                Value::String(text) => Some(text.trim().to_owned()),
                Value::Number(number) => Some(number.to_string()),
                _ => None,
            };
            let code = word(properties.code).ok_or_else(|| what(&format!("no property `{}`", properties.code)))?;
            let code = format!("{code:0>width$}", width = properties.digits);
            let name = properties.name.and_then(word).unwrap_or_else(|| code.clone());
            let shape = match &feature.geometry {
                Some(Geometry::Polygon { coordinates }) => shape_of(std::slice::from_ref(coordinates)),
                Some(Geometry::MultiPolygon { coordinates }) => shape_of(coordinates),
                None => Shape::default(),
            };
            Ok((code, name, shape))
        };
        let shapes: Vec<_> = features.into_iter().enumerate().map(of_feature).collect::<Result<_, Error>>()?;
        Areas::new(shapes)
    }

    /// The layer as GeoJSON, with `code` and `name`, seven decimals of a degree (a centimetre).
    pub fn to_geojson(&self) -> Value {
        let rounded = |degrees: f64| Value::from((degrees * 1e7).round() / 1e7);
        let corner = |corner: &Degrees| Value::from(vec![rounded(corner.longitude), rounded(corner.latitude)]);
        let ring = |ring: &Ring| Value::from(ring.iter().chain(ring.first()).map(corner).collect::<Vec<_>>());
        let polygon = |rings: &Vec<Ring>| Value::from(rings.iter().map(ring).collect::<Vec<_>>());
        let feature = |area: &Area| {
            serde_json::json!({
                "type": "Feature",
                "properties": {"code": area.code, "name": area.name},
                "geometry": {
                    "type": "MultiPolygon",
                    "coordinates": area.shape.polygons.iter().map(polygon).collect::<Vec<_>>()
                },
            })
        };
        serde_json::json!({
            "type": "FeatureCollection",
            "features": self.areas.iter().map(feature).collect::<Vec<_>>()
        })
    }

    /// The areas, in the order of their codes.
    pub fn all(&self) -> &[Area] {
        &self.areas
    }

    /// The box around all of them.
    pub fn bounds(&self) -> Bounds {
        self.bounds
    }

    /// The area that a point is in. Where areas overlap, the first by code.
    pub fn of(&self, point: Degrees) -> Option<&Area> {
        self.place_of(point).and_then(|at| self.areas.get(at))
    }

    /// The same as a number into [`Areas::all`].
    pub fn place_of(&self, point: Degrees) -> Option<usize> {
        let (column, row) = self.cell_of(point)?;
        let tried = self.cells.get(row * CELLS_ASIDE + column)?.iter().map(|at| usize::from(*at));
        let holds = |area: &Area| area.bounds.holds(point) && area.shape.holds(point);
        tried.into_iter().find(|at| self.areas.get(*at).is_some_and(holds))
    }

    /// The area of a code.
    pub fn by_code(&self, code: &str) -> Option<&Area> {
        self.areas.binary_search_by(|area| area.code.as_str().cmp(code)).ok().and_then(|at| self.areas.get(at))
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of the box, at most 64 cells")]
    fn cell_of(&self, point: Degrees) -> Option<(usize, usize)> {
        if !self.bounds.holds(point) {
            return None;
        }
        let cell = |at: f64, low: f64, high: f64| {
            let share = if high > low { (at - low) / (high - low) } else { 0.0 };
            ((share * CELLS_ASIDE as f64) as usize).min(CELLS_ASIDE - 1)
        };
        let Bounds { low, high } = self.bounds;
        Some((cell(point.longitude, low.longitude, high.longitude), cell(point.latitude, low.latitude, high.latitude)))
    }

    fn celled(&self) -> Vec<Vec<u16>> {
        let mut cells = vec![Vec::new(); CELLS_ASIDE * CELLS_ASIDE];
        for (at, area) in (0u16..).zip(&self.areas) {
            let ends = self.cell_of(area.bounds.low).zip(self.cell_of(area.bounds.high));
            let Some(((west, south), (east, north))) = ends else { continue };
            for row in south..=north {
                for column in west..=east {
                    if let Some(cell) = cells.get_mut(row * CELLS_ASIDE + column) {
                        cell.push(at);
                    }
                }
            }
        }
        cells
    }
}

fn is_on_earth(point: Degrees) -> bool {
    (-90.0..=90.0).contains(&point.latitude) && (-180.0..=180.0).contains(&point.longitude)
}

#[derive(Deserialize)]
struct Collection {
    features: Vec<Feature>,
}

#[derive(Deserialize)]
struct Feature {
    properties: Option<Map<String, Value>>,
    geometry: Option<Geometry>,
}

/// A position may have a height behind; it is left out.
type Position = Vec<f64>;

#[derive(Deserialize)]
#[serde(tag = "type")]
enum Geometry {
    Polygon { coordinates: Vec<Vec<Position>> },
    MultiPolygon { coordinates: Vec<Vec<Vec<Position>>> },
}

fn shape_of(polygons: &[Vec<Vec<Position>>]) -> Shape {
    let corner = |position: &Position| match position.as_slice() {
        [longitude, latitude, ..] => Some(Degrees { longitude: *longitude, latitude: *latitude }),
        _ => None,
    };
    let ring = |positions: &Vec<Position>| closed(positions.iter().filter_map(corner).collect());
    let polygon = |rings: &Vec<Vec<Position>>| rings.iter().map(ring).filter(|ring| ring.len() >= 3).collect();
    Shape { polygons: polygons.iter().map(polygon).filter(|rings: &Vec<Ring>| !rings.is_empty()).collect() }
}

/// A ring without its first corner said again at the end.
pub(crate) fn closed(mut ring: Ring) -> Ring {
    if ring.len() > 1 && ring.first() == ring.last() {
        ring.pop();
    }
    ring
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(longitude: f64, latitude: f64) -> Degrees {
        Degrees { longitude, latitude }
    }

    fn square(code: &str, west: f64, south: f64) -> (String, String, Shape) {
        let wkt = format!(
            "POLYGON (({west} {south}, {e} {south}, {e} {n}, {west} {n}, {west} {south}))",
            e = west + 1.0,
            n = south + 1.0
        );
        (code.to_owned(), code.to_owned(), shape_of_wkt(&wkt).unwrap())
    }

    #[test]
    fn a_point_on_a_shared_side_is_in_one_area() {
        let areas = Areas::new([
            square("a", 0.0, 10.0),
            square("b", 1.0, 10.0),
            square("c", 0.0, 11.0),
            square("d", 1.0, 11.0),
        ])
        .unwrap();
        let of = |longitude, latitude| areas.of(at(longitude, latitude)).map_or("-", |area| area.code.as_str());
        for (longitude, latitude, expected) in [
            (0.5, 10.5, "a"),
            (1.5, 10.5, "b"),
            (1.0, 10.5, "b"),
            (0.5, 11.0, "c"),
            (1.0, 11.0, "d"),
            (0.0, 10.0, "a"),
            (2.0, 11.5, "-"),
            (-0.1, 10.5, "-"),
            (f64::NAN, 10.5, "-"),
        ] {
            assert_eq!(of(longitude, latitude), expected, "{longitude} {latitude}");
        }
    }

    #[test]
    fn holes_are_outside_and_parts_belong_together() {
        let wkt = "MULTIPOLYGON (((0 10, 4 10, 4 14, 0 14, 0 10), (1 11, 2 11, 2 12, 1 12, 1 11)), ((5 10, 6 10, 6 11, 5 11, 5 10)))";
        let shape = shape_of_wkt(wkt).unwrap();
        for (longitude, latitude, inside) in
            [(0.5, 10.5, true), (1.5, 11.5, false), (5.5, 10.5, true), (4.5, 10.5, false)]
        {
            assert_eq!(shape.holds(at(longitude, latitude)), inside, "{longitude} {latitude}");
        }
        let whole = shape_of_wkt("POLYGON ((0 10, 4 10, 4 14, 0 14, 0 10))").unwrap().square_km();
        let rest = shape_of_wkt("POLYGON ((5 10, 6 10, 6 11, 5 11, 5 10))").unwrap().square_km();
        let hole = shape_of_wkt("POLYGON ((1 11, 2 11, 2 12, 1 12, 1 11))").unwrap().square_km();
        assert!((shape.square_km() - (whole + rest - hole)).abs() < 1e-3 * whole);
        // A degree square at 10.5° N: 110.6 by 109.5 km.
        assert!((rest - 12_100.0).abs() < 50.0, "{rest}");
    }

    #[test]
    fn what_is_no_shape_is_refused() {
        for (text, what) in [
            ("", "no bracket"),
            ("POINT (1 2)", "neither"),
            ("POLYGON ((1 2, 3 4", "missing"),
            ("POLYGON ((1 2, 3 4, 5 6)) x", "behind"),
            ("POLYGON (((1 2)))", "too many"),
            ("POLYGON ((1 2, a b, 5 6))", "longitude and latitude"),
            ("POLYGON ((1 2, inf 3, 5 6))", "longitude and latitude"),
            ("POLYGON )", "no bracket"),
        ] {
            let error = shape_of_wkt(text).unwrap_err().to_string();
            assert!(error.contains(what), "{text}: {error}");
        }
        let geojson = |text: &str| {
            let read = Areas::geojson(text.as_bytes(), Properties { code: "beat", digits: 4, name: None });
            read.map(|areas| areas.all().iter().map(|area| area.code.clone()).collect::<Vec<_>>().join(","))
                .map_err(|error| error.to_string())
        };
        let feature = |properties: &str| {
            format!(
                r#"{{"type":"FeatureCollection","features":[{{"type":"Feature","properties":{properties},"geometry":{{"type":"Polygon","coordinates":[[[0,1],[1,1],[1,2],[0,1]]]}}}}]}}"#
            )
        };
        assert_eq!(geojson(&feature(r#"{"beat":"411"}"#)), Ok("0411".to_owned()));
        assert_eq!(geojson(&feature(r#"{"beat":411}"#)), Ok("0411".to_owned()));
        assert_eq!(geojson(&feature("{}")), Err("feature 1: no property `beat`".to_owned()));
        assert!(
            geojson("{").is_err()
                && geojson(r#"{"features":[{"geometry":{"type":"Point","coordinates":[1,2]}}]}"#).is_err()
        );
        let far = feature(r#"{"beat":"1"}"#).replace("[1,1]", "[400,1]");
        assert_eq!(geojson(&far), Err("a corner of `0001` is not on Earth: give degrees WGS 84".to_owned()));
    }

    #[test]
    fn a_layer_reads_what_it_writes() {
        let areas = Areas::new([square("a", 0.25, 10.0), square("b", 1.25, 10.0)]).unwrap();
        let text = serde_json::to_vec(&areas.to_geojson()).unwrap();
        let again = Areas::geojson(&text, Properties { code: "code", digits: 0, name: Some("name") }).unwrap();
        assert_eq!(again.all(), areas.all());
    }
}
