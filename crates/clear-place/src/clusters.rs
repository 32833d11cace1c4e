//! Nearest-neighbour hierarchical clusters: groups of incidents that lie closer together than chance has it, and groups of those.
//!
//! In:    points on a plane, the size of the study area, how sure to be, the least number of points of a cluster.
//! Out:   clusters of each order with centre, members, ellipse and hull.
//! Never: joins by anything but distance.
//!
//! # How
//! After Levine (*CrimeStat* manual, chapter 6; the algorithm also in *Crime mapping and the CrimeStat program*, Geographical
//! Analysis 38, 2006). For N points on an area A, the mean distance to the nearest neighbour under randomness is
//! d = 0.5 √(A/N) with standard error 0.26136 / √(N²/A) (Clark & Evans, Ecology 35, 1954). Pairs closer than
//! d − t · error are *near* (t from the one-sided level). The point with most near points forms a cluster with them, then the
//! next among those left; clusters below the least number fall apart. The centres of one order are the points of the next, with its own threshold,
//! until none forms. The ellipse is the standard deviational ellipse (Yuill, 1971, with Levine's correction: axes times √2,
//! n − 2 degrees of freedom).
//!
//! Ties are broken by place, from the south-west, so that the order of the points does not matter.

use serde::{Deserialize, Serialize};

use crate::error::{Error, within};
use crate::grid::Near;
use crate::point::Metres;

/// How sure one is that a pair is nearer than chance, with Student's t of a large sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Half of random pairs of neighbours would be nearer.
    Half,
    /// One in ten.
    Tenth,
    /// One in twenty.
    #[default]
    Twentieth,
    /// One in a hundred.
    Hundredth,
    /// One in a thousand.
    Thousandth,
}

impl Level {
    /// The one-sided normal quantile.
    fn t(self) -> f64 {
        match self {
            Level::Half => 0.0,
            Level::Tenth => 1.281_551_565_544_6,
            Level::Twentieth => 1.644_853_626_951_473,
            Level::Hundredth => 2.326_347_874_040_841,
            Level::Thousandth => 3.090_232_306_167_813,
        }
    }
}

/// An ellipse.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Ellipse {
    /// Half the long axis, metres.
    pub major_m: f64,
    /// Half the short axis, metres.
    pub minor_m: f64,
    /// The long axis, degrees clockwise from north, 0 to 180.
    pub bearing_degrees: f64,
}

/// One cluster.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cluster {
    /// 1: of incidents; 2: of clusters of the first order; and so on.
    pub order: u32,
    /// How many incidents.
    pub incidents: usize,
    /// The mean of its points.
    pub centre: Metres,
    /// Where its points spread; `None` where they all lie on a line or there are too few.
    pub ellipse: Option<Ellipse>,
    /// The corners of its convex hull, counter-clockwise.
    pub hull: Vec<Metres>,
}

/// The clusters with the threshold of each order.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Clusters {
    /// Below how many metres a pair was near, for each order that was tried.
    pub thresholds_m: Vec<f64>,
    /// The clusters: those of the first order, largest first, then the second …
    pub clusters: Vec<Cluster>,
}

const POINTS_MAX: u64 = 200_000;
const PAIRS_MAX: u64 = 50_000_000;
const ORDERS_MAX: u32 = 6;

/// A point of some order: where it is, how many incidents, and which.
struct Member {
    at: Metres,
    points: Vec<Metres>,
}

/// The clusters of points on a study area of so many square kilometres.
///
/// # Errors
/// [`Error::Bounds`] for an area or least number out of bounds, [`Error::TooMany`] above 200,000 points or 50 million near pairs.
pub fn clusters(points: &[Metres], square_km: f64, level: Level, least: usize) -> Result<Clusters, Error> {
    within("square_km", square_km, 0.001, 1e8)?;
    within("least", least as f64, 2.0, 10_000.0)?;
    if points.len() as u64 > POINTS_MAX {
        return Err(Error::TooMany { what: "incidents", found: points.len() as u64, most: POINTS_MAX });
    }
    let mut members: Vec<Member> = points.iter().map(|point| Member { at: *point, points: vec![*point] }).collect();
    let mut found = Clusters { thresholds_m: Vec::new(), clusters: Vec::new() };
    for order in 1..=ORDERS_MAX {
        if members.len() < 2 {
            break;
        }
        let threshold_m = threshold_m(members.len(), square_km, level);
        found.thresholds_m.push(threshold_m);
        // Of clusters, as few as two make one of the next order; of incidents, as many as were asked for.
        let groups = grouped(members, threshold_m, if order == 1 { least } else { 2 })?;
        let mut clusters: Vec<Cluster> = groups.iter().map(|group| cluster(order, group)).collect();
        clusters.sort_by(|a, b| {
            b.incidents
                .cmp(&a.incidents)
                .then(a.centre.y.total_cmp(&b.centre.y))
                .then(a.centre.x.total_cmp(&b.centre.x))
        });
        found.clusters.extend(clusters);
        members = groups;
    }
    Ok(found)
}

/// Below how many metres a pair is nearer than chance has it; 0 where no pair can be.
pub fn threshold_m(points: usize, square_km: f64, level: Level) -> f64 {
    let (n, area) = (points as f64, square_km * 1e6);
    (0.5 * (area / n).sqrt() - level.t() * 0.261_36 / (n * n / area).sqrt()).max(0.0)
}

fn grouped(mut members: Vec<Member>, threshold_m: f64, least: usize) -> Result<Vec<Member>, Error> {
    members.sort_by(|a, b| a.at.y.total_cmp(&b.at.y).then(a.at.x.total_cmp(&b.at.x)));
    let places: Vec<Metres> = members.iter().map(|member| member.at).collect();
    let near = Near::new(&places, threshold_m);
    let mut neighbours: Vec<Vec<u32>> = Vec::with_capacity(places.len());
    let mut pairs: u64 = 0;
    for (at, place) in places.iter().enumerate() {
        let mut found = Vec::new();
        near.each(*place, threshold_m, |other, _| {
            if other != at {
                found.push(u32::try_from(other).unwrap_or(u32::MAX));
            }
        });
        pairs += found.len() as u64;
        if pairs > PAIRS_MAX {
            return Err(Error::TooMany { what: "near pairs", found: pairs, most: PAIRS_MAX });
        }
        found.sort_unstable();
        neighbours.push(found);
    }
    let mut order: Vec<(usize, usize)> = neighbours.iter().map(Vec::len).enumerate().collect();
    order.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    let mut taken = vec![false; places.len()];
    let is_taken = |taken: &[bool], at: usize| taken.get(at).copied().unwrap_or(true);
    let mut groups = Vec::new();
    for (seed, _) in order {
        if is_taken(&taken, seed) {
            continue;
        }
        let near = neighbours.get(seed).into_iter().flatten().map(|at| *at as usize);
        let group: Vec<usize> = std::iter::once(seed).chain(near.filter(|at| !is_taken(&taken, *at))).collect();
        if group.len() < least {
            continue;
        }
        let mut points = Vec::new();
        let (mut x, mut y) = (0.0, 0.0);
        for at in &group {
            if let Some(taken) = taken.get_mut(*at) {
                *taken = true;
            }
            if let Some(member) = members.get_mut(*at) {
                (x, y) = (x + member.at.x, y + member.at.y);
                points.append(&mut member.points);
            }
        }
        let size = group.len() as f64;
        groups.push(Member { at: Metres { x: x / size, y: y / size }, points });
    }
    Ok(groups)
}

fn cluster(order: u32, group: &Member) -> Cluster {
    Cluster {
        order,
        incidents: group.points.len(),
        centre: group.at,
        ellipse: ellipse(&group.points),
        hull: hull(&group.points),
    }
}

/// The standard deviational ellipse of points.
pub fn ellipse(points: &[Metres]) -> Option<Ellipse> {
    let n = points.len() as f64;
    if points.len() < 3 {
        return None;
    }
    let (mean_x, mean_y) =
        (points.iter().map(|point| point.x).sum::<f64>() / n, points.iter().map(|point| point.y).sum::<f64>() / n);
    let (mut xx, mut yy, mut xy) = (0.0, 0.0, 0.0);
    for point in points {
        let (x, y) = (point.x - mean_x, point.y - mean_y);
        (xx, yy, xy) = (xx + x * x, yy + y * y, xy + x * y);
    }
    // The axes are the scatter's own directions; the angle is the long one's, clockwise from north.
    let half_difference = (xx - yy) / 2.0;
    let root = half_difference.hypot(xy);
    let (long, short) = (f64::midpoint(xx, yy) + root, f64::midpoint(xx, yy) - root);
    let axis = |square: f64| (2.0 * square.max(0.0) / (n - 2.0)).sqrt();
    let (major_m, minor_m) = (axis(long), axis(short));
    if minor_m <= 1e-9 * major_m.max(1.0) {
        return None;
    }
    let from_east = 0.5 * (2.0 * xy).atan2(xx - yy);
    let bearing_degrees = (90.0 - from_east.to_degrees()).rem_euclid(180.0);
    Some(Ellipse { major_m, minor_m, bearing_degrees })
}

/// The convex hull, counter-clockwise from the south-west (Andrew's monotone chain, 1979).
pub fn hull(points: &[Metres]) -> Vec<Metres> {
    let mut sorted = points.to_vec();
    sorted.sort_by(|a, b| a.x.total_cmp(&b.x).then(a.y.total_cmp(&b.y)));
    sorted.dedup();
    if sorted.len() < 3 {
        return sorted;
    }
    let mut hull = chain(sorted.iter().copied());
    hull.pop();
    let mut upper = chain(sorted.iter().rev().copied());
    upper.pop();
    hull.append(&mut upper);
    hull
}

fn chain(points: impl Iterator<Item = Metres>) -> Vec<Metres> {
    let mut chain: Vec<Metres> = Vec::new();
    for point in points {
        while let [.., a, b] = chain.as_slice() {
            if (b.x - a.x) * (point.y - a.y) - (b.y - a.y) * (point.x - a.x) > 0.0 {
                break;
            }
            chain.pop();
        }
        chain.push(point);
    }
    chain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(x: f64, y: f64) -> Metres {
        Metres { x, y }
    }

    /// So many points on a small circle.
    fn around(x: f64, y: f64, points: u32) -> Vec<Metres> {
        (0..points).map(|n| at(x + 20.0 * f64::from(n).cos(), y + 20.0 * f64::from(n).sin())).collect()
    }

    #[test]
    fn groups_and_groups_of_groups_are_found_in_whatever_order_they_come() {
        let mut points = Vec::new();
        // Two towns of three groups each, far apart, and a few points alone.
        for (x, y) in
            [(1000.0, 1000.0), (1700.0, 1000.0), (1000.0, 1700.0), (9000.0, 9000.0), (9700.0, 9000.0), (9000.0, 9700.0)]
        {
            points.extend(around(x, y, 12));
        }
        points.extend([at(5000.0, 200.0), at(200.0, 8000.0), at(9500.0, 300.0)]);
        let found = clusters(&points, 100.0, Level::Twentieth, 6).unwrap();
        let orders = |order| {
            found
                .clusters
                .iter()
                .filter(|cluster| cluster.order == order)
                .map(|cluster| cluster.incidents)
                .collect::<Vec<_>>()
        };
        assert_eq!((orders(1), orders(2)), (vec![12; 6], vec![36, 36]));
        // 0.5 √(A/N) − 1.645 · 0.26136 / √(N²/A) for 75 points on 100 km².
        assert!((found.thresholds_m[0] - 520.03).abs() < 0.01, "{:?}", found.thresholds_m);
        points.reverse();
        assert_eq!(clusters(&points, 100.0, Level::Twentieth, 6).unwrap(), found);
        assert!(found.clusters.iter().all(|cluster| cluster.ellipse.is_some() && cluster.hull.len() >= 3));
    }

    #[test]
    fn nothing_clusters_where_there_is_nothing() {
        for points in [vec![], vec![at(1.0, 1.0)], vec![at(0.0, 0.0), at(9000.0, 9000.0)]] {
            assert!(clusters(&points, 100.0, Level::Twentieth, 2).unwrap().clusters.is_empty());
        }
        assert!(clusters(&[], 0.0, Level::Half, 5).is_err() && clusters(&[], 1.0, Level::Half, 1).is_err());
        // All on one spot: one cluster, no ellipse, a hull of one corner.
        let found = clusters(&vec![at(5.0, 5.0); 30], 1.0, Level::Twentieth, 10).unwrap();
        assert_eq!(
            found
                .clusters
                .iter()
                .map(|cluster| (cluster.incidents, cluster.ellipse, cluster.hull.len()))
                .collect::<Vec<_>>(),
            [(30, None, 1)]
        );
    }
}
