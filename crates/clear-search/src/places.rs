//! Where rows are: positions in a grid, districts and community areas.

use std::collections::HashMap;

use clear_record::{FieldClass, Incident, Sight};

use crate::error::{Error, RADIUS_MAX_M};
use crate::rows::{Row, RowId};

/// Corners of one polygon.
const CORNERS_MAX: usize = 1_000;
/// A polygon is at most so wide and so high, degrees: about 110 km.
const SPAN_MAX_DEGREES: f64 = 1.0;
/// A cell of the grid, millionths of a degree: about 550 m from south to north.
const CELL: i32 = 5_000;
const NOWHERE: i32 = i32::MIN;
/// Mean radius of the Earth, metres (IUGG).
const EARTH_M: f64 = 6_371_008.8;

/// A point, degrees WGS 84.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Latitude, degrees.
    pub latitude: f64,
    /// Longitude, degrees.
    pub longitude: f64,
}

impl Point {
    fn is_on_earth(self) -> bool {
        (-90.0..=90.0).contains(&self.latitude) && (-180.0..=180.0).contains(&self.longitude)
    }
}

/// Part of the map. Made by [`Area::circle`] and [`Area::polygon`].
#[derive(Debug, Clone, PartialEq)]
pub struct Area(Shape);

#[derive(Debug, Clone, PartialEq)]
enum Shape {
    Circle { centre: Point, radius_m: f64 },
    Polygon(Vec<Point>),
}

impl Area {
    /// Everything within so many metres of a point.
    ///
    /// # Errors
    /// [`Error::Circle`] for a point that is not on Earth and a radius that is not within 1 m and 50 km.
    pub fn circle(centre: Point, radius_m: u32) -> Result<Area, Error> {
        let sound = centre.is_on_earth() && (1..=RADIUS_MAX_M).contains(&radius_m);
        if sound { Ok(Area(Shape::Circle { centre, radius_m: f64::from(radius_m) })) } else { Err(Error::Circle) }
    }

    /// Everything inside these corners, given in order; the last may repeat the first.
    ///
    /// # Errors
    /// [`Error::Polygon`] with fewer than three corners, more than 1,000, a side that crosses another, a corner that is
    /// not on Earth, or a size of more than one degree.
    pub fn polygon(mut corners: Vec<Point>) -> Result<Area, Error> {
        if corners.len() > 1 && corners.first() == corners.last() {
            corners.pop();
        }
        if !corners.iter().all(|corner| corner.is_on_earth()) {
            return Err(Error::Polygon("a corner is not on Earth: give latitude and longitude in degrees"));
        }
        if corners.len() < 3 {
            return Err(Error::Polygon("it has fewer than 3 corners"));
        }
        if corners.len() > CORNERS_MAX {
            return Err(Error::Polygon("it has more than 1000 corners"));
        }
        let (low, high) = bounds(&corners);
        if high.latitude - low.latitude > SPAN_MAX_DEGREES || high.longitude - low.longitude > SPAN_MAX_DEGREES {
            return Err(Error::Polygon("it is more than one degree wide or high"));
        }
        if crosses_itself(&corners) {
            return Err(Error::Polygon("its sides cross: give the corners in order around it"));
        }
        Ok(Area(Shape::Polygon(corners)))
    }

    fn contains(&self, point: Point) -> bool {
        match &self.0 {
            Shape::Circle { centre, radius_m } => distance_m(*centre, point) <= *radius_m,
            Shape::Polygon(corners) => sides(corners).fold(false, |inside, (a, b)| {
                // A ray to the east meets a side that spans the point's latitude, east of it.
                let spans = (a.latitude > point.latitude) != (b.latitude > point.latitude);
                let meets = || {
                    let share = (point.latitude - a.latitude) / (b.latitude - a.latitude);
                    point.longitude < a.longitude + share * (b.longitude - a.longitude)
                };
                inside != (spans && meets())
            }),
        }
    }

    fn bounds(&self) -> (Point, Point) {
        match &self.0 {
            Shape::Polygon(corners) => bounds(corners),
            Shape::Circle { centre, radius_m } => {
                let up = (radius_m / EARTH_M).to_degrees() * 1.001;
                // Towards a pole a degree of longitude is short; at one, all of them are near.
                let narrow = (centre.latitude.abs() + up).min(90.0).to_radians().cos();
                let aside = if narrow > 1e-6 { (up / narrow).min(360.0) } else { 360.0 };
                let at = |sign: f64| Point {
                    latitude: centre.latitude + sign * up,
                    longitude: centre.longitude + sign * aside,
                };
                (at(-1.0), at(1.0))
            }
        }
    }
}

fn bounds(corners: &[Point]) -> (Point, Point) {
    let start = (Point { latitude: 90.0, longitude: 180.0 }, Point { latitude: -90.0, longitude: -180.0 });
    corners.iter().fold(start, |(low, high), corner| {
        (
            Point { latitude: low.latitude.min(corner.latitude), longitude: low.longitude.min(corner.longitude) },
            Point { latitude: high.latitude.max(corner.latitude), longitude: high.longitude.max(corner.longitude) },
        )
    })
}

/// Great-circle distance, metres (haversine).
fn distance_m(a: Point, b: Point) -> f64 {
    let (north, south) = (a.latitude.to_radians(), b.latitude.to_radians());
    let half = |from: f64, to: f64| ((to - from) / 2.0).sin().powi(2);
    let turned = half(a.longitude.to_radians(), b.longitude.to_radians());
    2.0 * EARTH_M * (half(north, south) + north.cos() * south.cos() * turned).sqrt().min(1.0).asin()
}

fn sides(corners: &[Point]) -> impl Iterator<Item = (Point, Point)> + '_ {
    corners.iter().copied().zip(corners.iter().copied().cycle().skip(1))
}

fn crosses_itself(corners: &[Point]) -> bool {
    let sides: Vec<(Point, Point)> = sides(corners).collect();
    let turn = |a: Point, b: Point, c: Point| {
        (b.longitude - a.longitude) * (c.latitude - a.latitude)
            - (b.latitude - a.latitude) * (c.longitude - a.longitude)
    };
    let cross = |(a, b): (Point, Point), (c, d): (Point, Point)| {
        let apart = |p: f64, q: f64| p * q < 0.0;
        apart(turn(a, b, c), turn(a, b, d)) && apart(turn(c, d, a), turn(c, d, b))
    };
    sides.iter().enumerate().any(|(at, side)| sides.iter().skip(at + 1).any(|other| cross(*side, *other)))
}

/// Where rows are, ascending by row.
#[derive(Default)]
pub(crate) struct Places {
    rows: Vec<RowId>,
    at: Vec<(i32, i32)>,
    areas: Vec<(u16, u16)>,
    grid: HashMap<(i32, i32), Vec<RowId>>,
    districts: Vec<Box<str>>,
}

clear_record::snapshot!(Places { rows, at, areas, grid, districts });

/// A district as it is compared: three digits with leading zeros.
fn district_text(district: &str) -> String {
    let district = district.trim();
    if district.is_empty() { String::new() } else { format!("{district:0>3}").to_uppercase() }
}

fn millionths(degrees: f64) -> i32 {
    (degrees * 1e6).round() as i32
}

fn cell((latitude, longitude): (i32, i32)) -> (i32, i32) {
    (latitude.div_euclid(CELL), longitude.div_euclid(CELL))
}

impl Places {
    pub(crate) fn insert(&mut self, row: RowId, incident: &Incident) {
        let point = incident.latitude.zip(incident.longitude);
        let point = point.map(|(latitude, longitude)| Point { latitude, longitude });
        let at = point
            .filter(|point| point.is_on_earth())
            .map_or((NOWHERE, NOWHERE), |point| (millionths(point.latitude), millionths(point.longitude)));
        let district = incident.district.as_deref().map(|district| self.district(district)).unwrap_or_default();
        let community = incident.community_area.unwrap_or_default();
        if at.0 == NOWHERE && district == 0 && community == 0 {
            return;
        }
        if at.0 != NOWHERE {
            self.grid.entry(cell(at)).or_default().push(row);
        }
        self.rows.push(row);
        self.at.push(at);
        self.areas.push((district, community));
    }

    /// A district's number from 1. There are few, and they are public.
    fn district(&mut self, district: &str) -> u16 {
        let district = district_text(district);
        if district.is_empty() {
            return 0;
        }
        let at = self.districts.iter().position(|other| **other == *district).unwrap_or_else(|| {
            self.districts.push(district.into());
            self.districts.len() - 1
        });
        u16::try_from(at + 1).unwrap_or(u16::MAX)
    }

    pub(crate) fn remove(&mut self, row: RowId) {
        let Ok(at) = self.rows.binary_search(&row) else { return };
        if let (Some(point), Some(areas)) = (self.at.get_mut(at), self.areas.get_mut(at)) {
            let cell = cell(*point);
            (*point, *areas) = ((NOWHERE, NOWHERE), (0, 0));
            if let Some(rows) = self.grid.get_mut(&cell) {
                rows.retain(|other| *other != row);
                if rows.is_empty() {
                    self.grid.remove(&cell);
                }
            }
        }
    }

    fn of(&self, row: RowId) -> Option<((i32, i32), (u16, u16))> {
        let at = self.rows.binary_search(&row).ok()?;
        Some((*self.at.get(at)?, *self.areas.get(at)?))
    }

    /// Whether the row's position is in the area, as the asker may see it.
    pub(crate) fn is_in(&self, at: RowId, row: &Row, area: &Area, sight: &Sight<'_>) -> bool {
        let place = sight.opens(FieldClass::Place, row.label, row.id);
        let point = self.of(at).map(|(point, _)| point).filter(|point| place && point.0 != NOWHERE);
        point.is_some_and(|(latitude, longitude)| {
            area.contains(Point { latitude: f64::from(latitude) / 1e6, longitude: f64::from(longitude) / 1e6 })
        })
    }

    /// Rows that may be in the area, in no order.
    pub(crate) fn near(&self, area: &Area) -> Vec<RowId> {
        let (low, high) = area.bounds();
        let of = |point: Point| cell((millionths(point.latitude), millionths(point.longitude)));
        let (low, high) = (of(low), of(high));
        let wanted = |cell: &(i32, i32)| (low.0..=high.0).contains(&cell.0) && (low.1..=high.1).contains(&cell.1);
        let cells = (i64::from(high.0) - i64::from(low.0) + 1) * (i64::from(high.1) - i64::from(low.1) + 1);
        if cells < self.grid.len() as i64 {
            let inside = (low.0..=high.0).flat_map(|north| (low.1..=high.1).map(move |east| (north, east)));
            return inside.filter_map(|cell| self.grid.get(&cell)).flatten().copied().collect();
        }
        self.grid.iter().filter(|(cell, _)| wanted(cell)).flat_map(|(_, rows)| rows).copied().collect()
    }

    /// The codes of a row's district and its community area, 0 for none. Class operational.
    pub(crate) fn areas_of(&self, row: RowId) -> (u16, u16) {
        self.of(row).map(|(_, areas)| areas).unwrap_or_default()
    }

    /// The district that has a code.
    pub(crate) fn district_named(&self, code: u16) -> Option<String> {
        self.districts.get(usize::from(code).checked_sub(1)?).map(|district| district.to_string())
    }

    /// The community area of a row. Class operational.
    pub(crate) fn community_of(&self, row: RowId) -> Option<u16> {
        Some(self.areas_of(row).1).filter(|community| *community != 0)
    }

    /// Whether the row is in the district that somebody asks for.
    pub(crate) fn is_district(&self, row: RowId, asked: &str) -> bool {
        self.district_named(self.areas_of(row).0).is_some_and(|district| district == district_text(asked))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point((latitude, longitude): (f64, f64)) -> Point {
        Point { latitude, longitude }
    }

    #[test]
    fn distances_are_those_of_the_globe() {
        for (a, b, metres) in [
            ((41.88, -87.63), (41.88, -87.63), 0.0),
            // One degree of latitude; one of longitude at 60° is half of it.
            ((0.0, 0.0), (1.0, 0.0), 111_195.1),
            ((60.0, 10.0), (60.0, 11.0), 55_597.0),
            ((0.0, 179.5), (0.0, -179.5), 111_195.1),
        ] {
            let found = distance_m(point(a), point(b));
            assert!((found - metres).abs() < 5.0, "{a:?} {b:?}: {found}");
        }
    }

    #[test]
    fn polygons_are_checked() {
        let square = [(0.0, 0.0), (0.0, 0.1), (0.1, 0.1), (0.1, 0.0)];
        let polygon = |corners: &[(f64, f64)]| Area::polygon(corners.iter().copied().map(point).collect());
        let many: Vec<(f64, f64)> = (0..1_001).map(|at| (0.01 * f64::from(at) / 1_001.0, 0.0)).collect();
        for (corners, expected) in [
            (&square[..], None),
            (&[(0.0, 0.0), (0.0, 0.1), (0.1, 0.1), (0.0, 0.0)], None),
            (
                &[(0.0, 0.0), (0.1, 0.1), (0.0, 0.1), (0.1, 0.0)],
                Some("its sides cross: give the corners in order around it"),
            ),
            (&square[..2], Some("it has fewer than 3 corners")),
            (&[(0.0, 0.0), (0.0, 1.5), (0.1, 0.1)], Some("it is more than one degree wide or high")),
            (
                &[(0.0, 0.0), (0.0, f64::NAN), (0.1, 0.1)],
                Some("a corner is not on Earth: give latitude and longitude in degrees"),
            ),
            (
                &[(0.0, 0.0), (0.0, 200.0), (0.1, 0.1)],
                Some("a corner is not on Earth: give latitude and longitude in degrees"),
            ),
            (&many, Some("it has more than 1000 corners")),
        ] {
            let expected = expected.map(Error::Polygon);
            assert_eq!(polygon(corners).err(), expected);
        }
        let inside = polygon(&square).unwrap();
        for (at, expected) in
            [((0.05, 0.05), true), ((0.05, 0.15), false), ((-0.05, 0.05), false), ((0.05, -0.01), false)]
        {
            assert_eq!(inside.contains(point(at)), expected, "{at:?}");
        }
        for (centre, radius_m, sound) in [
            ((41.9, -87.6), 500, true),
            ((41.9, -87.6), 0, false),
            ((41.9, -87.6), 50_001, false),
            ((91.0, 0.0), 5, false),
            ((f64::INFINITY, 0.0), 5, false),
        ] {
            assert_eq!(Area::circle(point(centre), radius_m).is_ok(), sound);
        }
    }

    #[test]
    fn the_grid_finds_what_a_look_at_each_finds() {
        // Fixed points around a centre, some of them far away.
        let mut places = Places::default();
        let at = |row: u32| {
            point((41.88 + f64::from(row * 37 % 101) / 4_000.0, -87.63 + f64::from(row * 53 % 97) / 3_000.0))
        };
        let json = |point: Point| {
            format!(
                r#"{{"occurred_from":"2018-03-04T10:00:00","latitude":{},"longitude":{}}}"#,
                point.latitude, point.longitude
            )
        };
        for row in 0..500 {
            let record =
                clear_record::Record::from_bytes(clear_record::Kind::Incident, json(at(row)).as_bytes()).unwrap();
            let clear_record::Record::Incident(incident) = record else { panic!() };
            places.insert(row, &incident);
        }
        for radius_m in [1, 100, 900, 5_000, 50_000] {
            let area = Area::circle(at(7), radius_m).unwrap();
            let mut near: Vec<u32> = places.near(&area).into_iter().filter(|row| area.contains(at(*row))).collect();
            near.sort_unstable();
            let each: Vec<u32> = (0..500).filter(|row| area.contains(at(*row))).collect();
            assert!(!each.is_empty());
            assert_eq!(near, each, "{radius_m}");
        }
        (0..500).for_each(|row| places.remove(row));
        assert!(places.grid.is_empty() && places.at.iter().all(|at| at.0 == NOWHERE));
    }
}
