//! Geometries: where points lie, what lies within what, how far apart, drawn with fewer points, put together.
//!
//! In:    [`Shape`]s, longitude before latitude, degrees.
//! Out:   answers; `None` where there is none, or where finding it would take more than [`STEPS_MAX`] steps.
//! Never: recurses; fails on rings that cross themselves: inside is what an odd number of border lines parts from the
//!        outside.
//!
//! # How
//! The border lines of a geometry are laid into slabs of latitude ([`Prepared`]), so that a point is compared with those of
//! its slab alone. Distances are on the sphere of the mean radius of the earth: between points by the haversine formula
//! (R. W. Sinnott, Virtues of the Haversine, Sky and Telescope 68, 1984), to lines on the plane that touches there.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use clear_soql::{Shape, SoqlType};
use geo::algorithm::bool_ops::unary_union;
use geo::algorithm::orient::{Direction, Orient};

/// The mean radius of the earth, metres (IUGG, GRS 80).
const EARTH_M: f64 = 6_371_008.8;

/// How many comparisons of two lines one answer may take.
const STEPS_MAX: usize = 50_000_000;

/// How many slabs a geometry is laid into at most.
const SLABS_MAX: usize = 4_096;

/// A coordinate beyond this is no place.
const COORDINATE_MAX: f64 = 1e7;

pub(super) type Position = [f64; 2];
type Edge = (Position, Position);

/// West, south, east, north.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Bounds {
    pub(super) west: f64,
    pub(super) south: f64,
    pub(super) east: f64,
    pub(super) north: f64,
}

impl Bounds {
    pub(super) const NOTHING: Bounds =
        Bounds { west: f64::INFINITY, south: f64::INFINITY, east: f64::NEG_INFINITY, north: f64::NEG_INFINITY };

    #[must_use]
    pub(super) fn with(self, [x, y]: Position) -> Bounds {
        Bounds { west: self.west.min(x), south: self.south.min(y), east: self.east.max(x), north: self.north.max(y) }
    }

    fn has(&self, [x, y]: Position) -> bool {
        self.west <= x && x <= self.east && self.south <= y && y <= self.north
    }

    fn meets(&self, other: &Bounds) -> bool {
        self.west <= other.east && other.west <= self.east && self.south <= other.north && other.south <= self.north
    }

    fn of_edge((a, b): Edge) -> Bounds {
        Bounds::NOTHING.with(a).with(b)
    }

    /// The box as a polygon, if there is one.
    pub(super) fn shape(self) -> Option<Shape> {
        let Bounds { west, south, east, north } = self;
        let ring = vec![[west, south], [east, south], [east, north], [west, north], [west, south]];
        (west <= east).then(|| Shape { kind: SoqlType::MultiPolygon, parts: vec![vec![ring]] })
    }
}

/// Whether every coordinate is a place.
pub(crate) fn is_sane([x, y]: Position) -> bool {
    x.abs() <= COORDINATE_MAX && y.abs() <= COORDINATE_MAX
}

/// A geometry of one point.
pub(super) fn point(position: Position) -> Shape {
    Shape { kind: SoqlType::Point, parts: vec![vec![vec![position]]] }
}

/// Every point, in order.
pub(super) fn positions(shape: &Shape) -> impl Iterator<Item = Position> + '_ {
    shape.parts.iter().flatten().flatten().copied()
}

fn is_area(shape: &Shape) -> bool {
    matches!(shape.kind, SoqlType::Polygon | SoqlType::MultiPolygon)
}

/// Every line between two neighbouring points; a polygon's rings are closed.
fn edges(shape: &Shape) -> Vec<Edge> {
    let mut edges = Vec::new();
    if matches!(shape.kind, SoqlType::Point | SoqlType::MultiPoint) {
        return edges;
    }
    for ring in shape.parts.iter().flatten() {
        edges.extend(ring.iter().copied().zip(ring.iter().copied().skip(1)));
        if let (true, Some(first), Some(last)) = (is_area(shape), ring.first(), ring.last())
            && first != last
        {
            edges.push((*last, *first));
        }
    }
    edges
}

/// Where a point lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Inside,
    Border,
    Outside,
}

/// A geometry that many others are compared with.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) shape: Arc<Shape>,
    pub(super) bounds: Bounds,
    edges: Vec<Edge>,
    /// The numbers of the edges that reach into each slab.
    slabs: Vec<Vec<u32>>,
    /// How many border lines points were compared with.
    seen: AtomicU64,
}

impl Prepared {
    pub(super) fn of(shape: Arc<Shape>) -> Prepared {
        let edges = edges(&shape);
        let bounds = positions(&shape).fold(Bounds::NOTHING, Bounds::with);
        let mut prepared = Prepared { shape, bounds, edges, slabs: Vec::new(), seen: AtomicU64::new(0) };
        // Many slabs make a question short; long upright lines stand in every slab, so that there may be too many.
        let mut count = prepared.edges.len().clamp(1, SLABS_MAX);
        let most = prepared.edges.len() * 8 + 1_024;
        loop {
            let entries: usize = prepared.edges.iter().map(|edge| prepared.reach(*edge, count).count()).sum();
            if entries <= most || count == 1 {
                break;
            }
            count /= 2;
        }
        let mut slabs = vec![Vec::new(); count];
        for (at, edge) in prepared.edges.iter().enumerate() {
            for slab in prepared.reach(*edge, count) {
                if let Some(slab) = slabs.get_mut(slab) {
                    slab.push(u32::try_from(at).unwrap_or(u32::MAX));
                }
            }
        }
        prepared.slabs = slabs;
        prepared
    }

    /// How many border lines points were compared with until now.
    pub(super) fn lines_seen(&self) -> u64 {
        self.seen.load(Ordering::Relaxed)
    }

    fn slab(&self, y: f64, count: usize) -> usize {
        let height = self.bounds.north - self.bounds.south;
        if height <= 0.0 {
            return 0;
        }
        let share = (y - self.bounds.south) / height * count as f64;
        (share.max(0.0) as usize).min(count - 1)
    }

    fn reach(&self, (a, b): Edge, count: usize) -> std::ops::RangeInclusive<usize> {
        let [_, y] = a;
        let [_, other] = b;
        self.slab(y.min(other), count)..=self.slab(y.max(other), count)
    }

    fn near(&self, slab: usize) -> impl Iterator<Item = Edge> + '_ {
        self.slabs.get(slab).into_iter().flatten().filter_map(|at| self.edges.get(*at as usize).copied())
    }

    /// Where a point lies, counting border lines to its east.
    pub(super) fn place(&self, position: Position) -> Place {
        if !self.bounds.has(position) {
            return Place::Outside;
        }
        let [x, y] = position;
        let mut inside = false;
        let slab = self.slab(y, self.slabs.len().max(1));
        self.seen.fetch_add(self.slabs.get(slab).map_or(0, Vec::len) as u64, Ordering::Relaxed);
        for (a, b) in self.near(slab) {
            if on(position, (a, b)) {
                return Place::Border;
            }
            let ([x1, y1], [x2, y2]) = (a, b);
            if (y1 > y) != (y2 > y) && x < (x2 - x1) * (y - y1) / (y2 - y1) + x1 {
                inside = !inside;
            }
        }
        if inside && is_area(&self.shape) { Place::Inside } else { Place::Outside }
    }

    /// Calls `see` with each of these lines and each of those that may meet it, until it says that it is enough.
    /// `None` where that takes too many steps.
    fn meeting(&self, others: &[Edge], mut see: impl FnMut(Edge, Edge) -> bool) -> Option<bool> {
        let mut steps = 0;
        for other in others {
            let reach = Bounds::of_edge(*other);
            if !self.bounds.meets(&reach) {
                continue;
            }
            for slab in self.reach(*other, self.slabs.len().max(1)) {
                for edge in self.near(slab) {
                    steps += 1;
                    if steps > STEPS_MAX {
                        return None;
                    }
                    if Bounds::of_edge(edge).meets(&reach) && see(*other, edge) {
                        return Some(true);
                    }
                }
            }
        }
        Some(false)
    }

    /// Whether the two have a place in common.
    pub(super) fn intersects(&self, shape: &Shape) -> Option<bool> {
        // Where either has no lines, every point is compared with every other.
        let (own, others) = (positions(&self.shape).count(), positions(shape).count());
        if self.edges.is_empty() && own.saturating_mul(others) > STEPS_MAX {
            return None;
        }
        if positions(shape).any(|position| self.touches(position)) {
            return Some(true);
        }
        let others = edges(shape);
        if self.meeting(&others, meet)? {
            return Some(true);
        }
        // One may lie wholly in the other.
        let Some(first) = positions(&self.shape).next() else { return Some(false) };
        if !is_area(shape) {
            if own.saturating_mul(others.len()) > STEPS_MAX {
                return None;
            }
            return Some(positions(&self.shape).any(|position| others.iter().any(|edge| on(position, *edge))));
        }
        Some(Prepared::of(Arc::new(shape.clone())).place(first) != Place::Outside)
    }

    /// Whether a point is one of this geometry's places.
    fn touches(&self, position: Position) -> bool {
        match self.shape.kind {
            SoqlType::Point | SoqlType::MultiPoint => positions(&self.shape).any(|own| own == position),
            _ => self.place(position) != Place::Outside,
        }
    }

    /// Whether a geometry lies in this polygon: every point of it, none of them on the border alone, no line across it.
    pub(super) fn contains(&self, shape: &Shape) -> Option<bool> {
        let mut inside = false;
        for position in positions(shape) {
            match self.place(position) {
                Place::Outside => return Some(false),
                Place::Inside => inside = true,
                Place::Border => {}
            }
        }
        let others = edges(shape);
        if self.meeting(&others, cross)? {
            return Some(false);
        }
        for ([x1, y1], [x2, y2]) in others {
            match self.place([(x1 + x2) / 2.0, (y1 + y2) / 2.0]) {
                Place::Outside => return Some(false),
                Place::Inside => inside = true,
                Place::Border => {}
            }
        }
        Some(inside)
    }

    /// Metres to another geometry; 0 where they meet.
    pub(super) fn distance_m(&self, shape: &Shape) -> Option<f64> {
        if self.shape.parts.is_empty() || shape.parts.is_empty() {
            return None;
        }
        if self.intersects(shape)? {
            return Some(0.0);
        }
        let others = edges(shape);
        let points = (positions(&self.shape).count(), positions(shape).count());
        if points.0.saturating_mul(points.1.max(others.len())) > STEPS_MAX {
            return None;
        }
        let mut least = f64::INFINITY;
        for (from, lines, to) in [(&*self.shape, &others, shape), (shape, &self.edges, &*self.shape)] {
            for position in positions(from) {
                for edge in lines {
                    least = least.min(to_edge_m(position, *edge));
                }
                if lines.is_empty() {
                    for other in positions(to) {
                        least = least.min(between_m(position, other));
                    }
                }
            }
        }
        Some(least)
    }
}

/// Twice the area of the triangle, more than 0 where it turns left.
fn turn([ax, ay]: Position, [bx, by]: Position, [cx, cy]: Position) -> f64 {
    (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
}

/// Whether a point lies on a line.
fn on(position: Position, edge: Edge) -> bool {
    Bounds::of_edge(edge).has(position) && turn(edge.0, edge.1, position) == 0.0
}

/// Whether two lines have a point in common.
fn meet(a: Edge, b: Edge) -> bool {
    cross(a, b) || on(a.0, b) || on(a.1, b) || on(b.0, a) || on(b.1, a)
}

/// Whether two lines go through each other.
fn cross(a: Edge, b: Edge) -> bool {
    let sides = |of: Edge, other: Edge| {
        let (first, second) = (turn(of.0, of.1, other.0), turn(of.0, of.1, other.1));
        (first > 0.0 && second < 0.0) || (first < 0.0 && second > 0.0)
    };
    sides(a, b) && sides(b, a)
}

/// Metres between two points on the sphere.
pub(crate) fn between_m([lon1, lat1]: Position, [lon2, lat2]: Position) -> f64 {
    let (lat1, lat2) = (lat1.to_radians(), lat2.to_radians());
    let half = ((lat2 - lat1) / 2.0).sin();
    let half_lon = ((lon2 - lon1).to_radians() / 2.0).sin();
    let square = half * half + lat1.cos() * lat2.cos() * half_lon * half_lon;
    2.0 * EARTH_M * square.sqrt().min(1.0).asin()
}

/// Metres from a point to a line, on the plane that touches the sphere there.
fn to_edge_m([lon, lat]: Position, (a, b): Edge) -> f64 {
    let metres = EARTH_M.to_radians();
    let plane = |[x, y]: Position| [(x - lon) * lat.to_radians().cos() * metres, (y - lat) * metres];
    let ([ax, ay], [bx, by]) = (plane(a), plane(b));
    let (dx, dy) = (bx - ax, by - ay);
    let length = dx * dx + dy * dy;
    let share = if length == 0.0 { 0.0 } else { (-(ax * dx + ay * dy) / length).clamp(0.0, 1.0) };
    (ax + share * dx).hypot(ay + share * dy)
}

/// Drawn with fewer points, none more than so many degrees off (D. H. Douglas and T. K. Peucker, Algorithms for the
/// reduction of the number of points, The Canadian Cartographer 10, 1973). A ring keeps four points.
pub(super) fn simplified(shape: &Shape, tolerance: f64) -> Option<Shape> {
    let area = is_area(shape);
    let mut steps = 0;
    let mut parts = Vec::new();
    for part in &shape.parts {
        let mut rings = Vec::new();
        for ring in part {
            let kept = fewer(ring, tolerance, &mut steps)?;
            rings.push(if area && kept.len() < 4 { ring.clone() } else { kept });
        }
        parts.push(rings);
    }
    Some(Shape { kind: shape.kind, parts })
}

/// As [`simplified`], unless lines would cross that do not: then as it is.
pub(super) fn simplified_untangled(shape: &Shape, tolerance: f64) -> Option<Shape> {
    let fewer = simplified(shape, tolerance)?;
    let prepared = Prepared::of(Arc::new(fewer));
    let crosses = prepared.meeting(&prepared.edges, cross)?;
    Some(if crosses { shape.clone() } else { (*prepared.shape).clone() })
}

fn fewer(line: &[Position], tolerance: f64, steps: &mut usize) -> Option<Vec<Position>> {
    if line.len() < 3 || tolerance <= 0.0 {
        return Some(line.to_vec());
    }
    let mut keep = vec![false; line.len()];
    let mut work = vec![(0, line.len() - 1)];
    while let Some((first, last)) = work.pop() {
        for end in [first, last] {
            if let Some(end) = keep.get_mut(end) {
                *end = true;
            }
        }
        let (Some(a), Some(b)) = (line.get(first), line.get(last)) else { continue };
        let within = line.get(first + 1..last).unwrap_or_default();
        *steps += within.len();
        if *steps > STEPS_MAX {
            return None;
        }
        let off = within.iter().map(|position| off_line(*position, (*a, *b)));
        let furthest = off.enumerate().max_by(|(_, a), (_, b)| a.total_cmp(b));
        if let Some((at, _)) = furthest.filter(|(_, off)| *off > tolerance) {
            work.push((first, first + 1 + at));
            work.push((first + 1 + at, last));
        }
    }
    Some(line.iter().zip(keep).filter(|(_, keep)| *keep).map(|(position, _)| *position).collect())
}

/// Degrees from a point to a line.
fn off_line([x, y]: Position, (a, b): Edge) -> f64 {
    let ([ax, ay], [bx, by]) = (a, b);
    let (dx, dy) = (bx - ax, by - ay);
    let length = dx * dx + dy * dy;
    let share = if length == 0.0 { 0.0 } else { (((x - ax) * dx + (y - ay) * dy) / length).clamp(0.0, 1.0) };
    (ax + share * dx - x).hypot(ay + share * dy - y)
}

/// Every point moved to the next corner of a grid; points that fall together are one.
pub(super) fn snapped(shape: &Shape, size: f64) -> Shape {
    if size <= 0.0 {
        return shape.clone();
    }
    // A tenth is no binary number, but ten is.
    let inverse = (1.0 / size).round();
    let exact = inverse >= 1.0 && (1.0 / inverse - size).abs() < f64::EPSILON;
    let snap = |value: f64| if exact { (value * inverse).round() / inverse } else { (value / size).round() * size };
    let ring = |ring: &Vec<Position>| {
        let mut snapped: Vec<Position> = ring.iter().map(|[x, y]| [snap(*x) + 0.0, snap(*y) + 0.0]).collect();
        snapped.dedup();
        snapped
    };
    let parts = shape.parts.iter().map(|part| part.iter().map(ring).collect()).collect();
    Shape { kind: shape.kind, parts }
}

/// The corners of the smallest polygon without a dent around all points, anticlockwise (A. M. Andrew, Another efficient
/// algorithm for convex hulls in two dimensions, Information Processing Letters 9, 1979).
pub(super) fn hull(mut points: Vec<Position>) -> Vec<Position> {
    points.sort_unstable_by(|[x, y], [x2, y2]| x.total_cmp(x2).then(y.total_cmp(y2)));
    points.dedup();
    if points.len() < 3 {
        return points;
    }
    let half = |points: &mut dyn Iterator<Item = Position>| {
        let mut chain: Vec<Position> = Vec::new();
        for next in points {
            while let [.., before, last] = chain.as_slice()
                && turn(*before, *last, next) <= 0.0
            {
                chain.pop();
            }
            chain.push(next);
        }
        chain.pop();
        chain
    };
    let mut lower = half(&mut points.iter().copied());
    lower.extend(half(&mut points.iter().rev().copied()));
    lower
}

/// A hull as a polygon; `None` for fewer than three corners.
pub(super) fn hull_shape(points: Vec<Position>) -> Option<Shape> {
    let mut ring = hull(points);
    if ring.len() < 3 {
        return None;
    }
    ring.extend(ring.first().copied());
    Some(Shape { kind: SoqlType::MultiPolygon, parts: vec![vec![ring]] })
}

/// All as one: points once each in order, lines side by side, polygons without lines between them.
pub(super) fn union(shapes: &[Arc<Shape>]) -> Option<Shape> {
    let kind = match shapes.first()?.kind {
        SoqlType::Point | SoqlType::MultiPoint => SoqlType::MultiPoint,
        SoqlType::Line | SoqlType::MultiLine => SoqlType::MultiLine,
        _ => SoqlType::MultiPolygon,
    };
    if kind == SoqlType::MultiPoint {
        let mut points: Vec<Position> = shapes.iter().flat_map(|shape| positions(shape)).collect();
        points.sort_unstable_by(|[x, y], [x2, y2]| x.total_cmp(x2).then(y.total_cmp(y2)));
        points.dedup();
        return Some(Shape { kind, parts: points.into_iter().map(|point| vec![vec![point]]).collect() });
    }
    let parts: Vec<Vec<Vec<Position>>> = shapes.iter().flat_map(|shape| shape.parts.iter().cloned()).collect();
    let together = Shape { kind, parts };
    if kind == SoqlType::MultiLine {
        return Some(together);
    }
    // Where very many lines cross, putting them together takes memory that grows with the crossings.
    let prepared = Prepared::of(Arc::new(together));
    let (mut crossings, most) = (0, prepared.edges.len() * 8 + 10_000);
    let tangled = prepared.meeting(&prepared.edges, |a, b| {
        crossings += usize::from(cross(a, b));
        crossings > most
    })?;
    if tangled {
        return None;
    }
    let polygons: Vec<geo::Polygon<f64>> = prepared.shape.parts.iter().filter_map(|part| polygon(part)).collect();
    let parts = unary_union(&polygons).0.into_iter().map(rings).collect();
    Some(Shape { kind, parts })
}

fn polygon(part: &[Vec<Position>]) -> Option<geo::Polygon<f64>> {
    let line = |ring: &Vec<Position>| -> geo::LineString<f64> { ring.iter().map(|[x, y]| (*x, *y)).collect() };
    let (outer, holes) = part.split_first()?;
    Some(geo::Polygon::new(line(outer), holes.iter().map(line).collect()).orient(Direction::Default))
}

fn rings(polygon: geo::Polygon<f64>) -> Vec<Vec<Position>> {
    let (outer, holes) = polygon.into_inner();
    std::iter::once(outer).chain(holes).map(|ring| ring.0.into_iter().map(|c| [c.x, c.y]).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(text: &str) -> Shape {
        clear_soql::types::shape(text).unwrap()
    }

    fn prepared(text: &str) -> Prepared {
        Prepared::of(Arc::new(shape(text)))
    }

    const SQUARE: &str = "POLYGON ((0 0, 4 0, 4 4, 0 4, 0 0), (1 1, 2 1, 2 2, 1 2, 1 1))";
    // A bow tie: its ring crosses itself in the middle.
    const BOW: &str = "POLYGON ((0 0, 4 4, 4 0, 0 4, 0 0))";

    #[test]
    fn points_lie_inside_on_the_border_or_outside() {
        for (area, position, place) in [
            (SQUARE, [3.0, 3.0], Place::Inside),
            (SQUARE, [1.5, 1.5], Place::Outside),
            (SQUARE, [0.0, 2.0], Place::Border),
            (SQUARE, [1.0, 1.5], Place::Border),
            (SQUARE, [5.0, 2.0], Place::Outside),
            (BOW, [0.5, 2.0], Place::Inside),
            (BOW, [2.0, 0.5], Place::Outside),
            (BOW, [2.0, 2.0], Place::Border),
            ("POLYGON EMPTY", [0.0, 0.0], Place::Outside),
        ] {
            assert_eq!(prepared(area).place(position), place, "{area} {position:?}");
        }
    }

    #[test]
    fn geometries_lie_within_and_meet() {
        for (area, other, within, meets) in [
            (SQUARE, "POINT (3 3)", true, true),
            (SQUARE, "POINT (0 2)", false, true),
            (SQUARE, "LINESTRING (2.5 2.5, 3 3)", true, true),
            (SQUARE, "LINESTRING (0.5 1.5, 3 1.5)", false, true),
            (SQUARE, "LINESTRING (-1 -1, 5 -1)", false, false),
            (SQUARE, "POLYGON ((2.5 2.5, 3 2.5, 3 3, 2.5 2.5))", true, true),
            (SQUARE, "POLYGON ((-1 -1, 9 -1, 9 9, -1 9, -1 -1))", false, true),
            (SQUARE, "POLYGON ((1.2 1.2, 1.4 1.2, 1.4 1.4, 1.2 1.2))", false, false),
        ] {
            let prepared = prepared(area);
            assert_eq!(prepared.contains(&shape(other)), Some(within), "within {other}");
            assert_eq!(prepared.intersects(&shape(other)), Some(meets), "meets {other}");
        }
    }

    #[test]
    fn distances_are_those_of_the_sphere() {
        // One degree of a meridian: the mean radius times pi over 180.
        assert!((between_m([0.0, 0.0], [0.0, 1.0]) - 111_195.08).abs() < 0.01);
        let near = |a: &str, b: &str, metres: f64| {
            let found = prepared(a).distance_m(&shape(b)).unwrap();
            assert!((found - metres).abs() <= metres * 1e-4 + 1e-9, "{a} {b}: {found}");
        };
        near("POINT (0 0)", "POINT (0 1)", 111_195.08);
        near("LINESTRING (-1 0, 1 0)", "POINT (0 0.01)", 1_111.95);
        near(SQUARE, "POINT (3 3)", 0.0);
        near(SQUARE, "POINT (3 4.01)", 1_111.95);
    }

    #[test]
    fn a_polygon_of_very_many_points_answers_fast_enough_to_be_asked_of_every_row() {
        let ring: Vec<Position> = (0..=100_000)
            .map(|at| f64::from(at % 100_000) * std::f64::consts::TAU / 100_000.0)
            .map(|angle| [angle.cos(), angle.sin()])
            .collect();
        let area = Prepared::of(Arc::new(Shape { kind: SoqlType::Polygon, parts: vec![vec![ring]] }));
        assert!(area.slabs.len() > 1_000);
        let most = area.slabs.iter().map(Vec::len).max().unwrap();
        assert!(most < 20_000, "the longest slab has {most} lines");
        assert_eq!(area.place([0.5, 0.5]), Place::Inside);
        assert_eq!(area.place([0.8, 0.8]), Place::Outside);
    }

    #[test]
    fn fewer_points_and_what_goes_together() {
        let line = shape("LINESTRING (0 0, 1 0.01, 2 0, 3 1)");
        assert_eq!(simplified(&line, 0.1).unwrap().to_string(), "LINESTRING (0 0, 2 0, 3 1)");
        assert_eq!(simplified(&line, 0.0).unwrap(), line);
        assert_eq!(snapped(&shape("POINT (-87.66 41.84)"), 0.1).to_string(), "POINT (-87.7 41.8)");
        let square = |x: f64| format!("POLYGON (({x} 0, {0} 0, {0} 2, {x} 2, {x} 0))", x + 2.0);
        let both = [Arc::new(shape(&square(0.0))), Arc::new(shape(&square(1.0)))];
        let both = union(&both).unwrap();
        assert_eq!(positions(&both).count(), 5);
        assert_eq!(
            positions(&both).fold(Bounds::NOTHING, Bounds::with),
            Bounds { west: 0.0, south: 0.0, east: 3.0, north: 2.0 }
        );
        let corners = hull(vec![[0.0, 0.0], [2.0, 0.0], [1.0, 0.5], [2.0, 2.0], [0.0, 2.0], [1.0, 0.0]]);
        assert_eq!(corners, [[0.0, 0.0], [2.0, 0.0], [2.0, 2.0], [0.0, 2.0]]);
        assert_eq!(hull_shape(vec![[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]]), None);
    }
}
