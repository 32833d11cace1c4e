//! What other people's implementations say: `tests/known/place.json`, made by `scripts/crosscheck/place.py`.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

use clear_place::{
    Bands, Degrees, Grid, Kernel, Metres, density, ellipse, from_feet, hot_spots, hull, near_repeat, nested_means,
    normal_above, to_feet,
};
use serde_json::Value;

fn known() -> Value {
    serde_json::from_str(include_str!("known/place.json")).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect()
}

fn points(known: &Value) -> (Vec<Metres>, Vec<i32>) {
    let rows: Vec<Vec<f64>> = known["points"].as_array().unwrap().iter().map(numbers).collect();
    (rows.iter().map(|row| Metres { x: row[0], y: row[1] }).collect(), rows.iter().map(|row| row[2] as i32).collect())
}

/// The grid of the script: so many square cells from 0, 0.
fn grid(cell_m: f64, columns: usize) -> Grid {
    Grid { corner: Metres { x: 0.0, y: 0.0 }, cell_m, columns, rows: columns }
}

#[test]
fn the_state_plane_is_that_of_proj() {
    for row in known()["projection"].as_array().unwrap().iter().map(numbers) {
        let at = Degrees { longitude: row[0], latitude: row[1] };
        let feet = to_feet(at);
        // The script rounds to a hundred-thousandth of a foot; between 37° and 42.5° the series is far below a millimetre.
        assert!((feet.x - row[2]).abs() < 2e-5 && (feet.y - row[3]).abs() < 2e-5, "{at:?}: {feet:?} {row:?}");
        let back = from_feet(feet);
        assert!((back.longitude - row[0]).abs() < 1e-11 && (back.latitude - row[1]).abs() < 1e-11, "{back:?} {row:?}");
    }
}

#[test]
fn densities_are_those_of_kdepy() {
    let known = known();
    let (points, _) = points(&known);
    let cell_m = known["density"]["cell_m"].as_f64().unwrap();
    for (name, kernel) in [("quartic", Kernel::Quartic), ("gaussian", Kernel::Gaussian)] {
        let theirs = &known["density"]["kernels"][name];
        let bandwidth_m = theirs["bandwidth_m"].as_f64().unwrap();
        let ours = density(&points, kernel, bandwidth_m, grid(cell_m, 12)).unwrap();
        let theirs = numbers(&theirs["per_square_km"]);
        assert_eq!(ours.values.len(), theirs.len());
        for (at, (ours, theirs)) in ours.values.iter().zip(&theirs).enumerate() {
            // KDEpy adds a ten-millionth of a millionth, so that no density is 0; ours ends six bandwidths away.
            assert!((ours - theirs).abs() < 1e-5, "{name} {at}: {ours} {theirs}");
        }
    }
}

#[test]
fn hot_spots_are_those_of_esda_and_rates_those_of_scipy() {
    let known = &known()["hot_spots"];
    let grid = grid(known["cell_m"].as_f64().unwrap(), known["columns"].as_u64().unwrap() as usize);
    let places: Vec<Metres> = (0..grid.len()).map(|cell| grid.centre(cell)).collect();
    let found = hot_spots(&places, &numbers(&known["counts"]), known["distance_m"].as_f64().unwrap()).unwrap();
    let (z, p, rates) = (numbers(&known["z"]), numbers(&known["p"]), numbers(&known["rate"]));
    assert!(found.iter().any(|local| local.is_hot(0.05)) && found.iter().any(|local| !local.is_hot(0.05)));
    for (at, local) in found.iter().enumerate() {
        assert!((local.z - z[at]).abs() < 1e-9, "{at}: {local:?} {}", z[at]);
        assert!((local.p - p[at]).abs() < 1e-12 + 1e-9 * p[at], "{at}: {local:?} {}", p[at]);
        assert!((local.rate - rates[at]).abs() < 1e-12 + 1e-9 * rates[at], "{at}: {local:?} {}", rates[at]);
    }
}

#[test]
fn near_repeats_are_those_of_pointpats() {
    let known = known();
    let (points, days) = points(&known);
    for theirs in known["near_repeat"].as_array().unwrap() {
        let (distance_m, tau) = (theirs["delta_m"].as_f64().unwrap(), theirs["tau_days"].as_u64().unwrap() as u32);
        let bands = Bands { distance_m, distances: 1, days: tau, times: 1 };
        let ours = near_repeat(&points, &days, bands, 1_999, 1).unwrap();
        // Theirs counts from 0 metres on: ours has the same place apart.
        let pairs: u64 = ours.cells.iter().map(|cell| cell.observed).sum();
        assert_eq!(pairs, theirs["pairs"].as_u64().unwrap(), "{theirs}");
        let (expected, theirs) =
            (ours.cells.iter().map(|cell| cell.expected).sum::<f64>(), theirs["expected"].as_f64().unwrap());
        assert!((expected - theirs).abs() < 0.03 * theirs, "{expected} by shuffling, {theirs} by reckoning");
    }
    let bands = Bands { distance_m: 100.0, distances: 3, days: 7, times: 3 };
    let once = near_repeat(&points, &days, bands, 199, 7).unwrap();
    assert_eq!(once, near_repeat(&points, &days, bands, 199, 7).unwrap(), "the seed decides");
    let first = once.cells.iter().find(|cell| cell.from_m == 0.0 && cell.to_m == 100.0 && cell.from_days == 0).unwrap();
    assert!(first.ratio.unwrap() > 1.2 && first.p < 0.05, "the repeats that were put there: {first:?}");
}

#[test]
fn ellipse_and_hull_are_those_of_pointpats() {
    let known = known();
    let (points, _) = points(&known);
    let theirs = &known["shapes"]["ellipse"];
    let ours = ellipse(&points).unwrap();
    let of = |name: &str| theirs[name].as_f64().unwrap();
    assert!(
        (ours.major_m - of("major_m")).abs() < 1e-6 && (ours.minor_m - of("minor_m")).abs() < 1e-6,
        "{ours:?} {theirs}"
    );
    let mut corners: Vec<[i64; 2]> =
        hull(&points).iter().map(|at| [(at.x * 10.0).round() as i64, (at.y * 10.0).round() as i64]).collect();
    let tenths = |row: Vec<f64>| [(row[0] * 10.0).round() as i64, (row[1] * 10.0).round() as i64];
    let mut others: Vec<[i64; 2]> =
        known["shapes"]["hull"].as_array().unwrap().iter().map(numbers).map(tenths).collect();
    corners.sort_unstable();
    others.sort_unstable();
    others.dedup();
    assert_eq!(corners, others);
}

#[test]
fn tails_of_the_normal_are_those_of_scipy() {
    for row in known()["normal_above"].as_array().unwrap().iter().map(numbers) {
        let ours = normal_above(row[0]);
        assert!((ours - row[1]).abs() <= 1e-12 * row[1], "{row:?} {ours}");
    }
}

#[test]
fn nested_means_are_those_of_numpy() {
    let known = &known()["nested_means"];
    let classes = nested_means(&numbers(&known["values"]), known["divisions"].as_u64().unwrap() as u32).unwrap();
    let theirs = numbers(&known["limits"]);
    assert_eq!(classes.limits.len(), theirs.len());
    assert!(classes.limits.iter().zip(&theirs).all(|(ours, theirs)| (ours - theirs).abs() < 1e-9), "{classes:?}");
}
