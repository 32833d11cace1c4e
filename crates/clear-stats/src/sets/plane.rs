//! State plane ↔ degrees, EPSG:3435, as `clear-place` projects it; where the city is, and nowhere else.

use clear_place::{Degrees, Feet, US_SURVEY_FOOT_M, from_feet, to_feet};

/// The central meridian, degrees, and how far from it a longitude may be: what lies beyond is a mistake of its writer.
const MERIDIAN: f64 = -(88.0 + 20.0 / 60.0);
const WIDE: f64 = 6.0;

/// Feet east and north of a place in degrees; `None` where it is no place of the state's.
pub(super) fn feet(latitude: f64, longitude: f64) -> Option<(f64, f64)> {
    let near = latitude.abs() < 85.0 && (longitude - MERIDIAN).abs() < WIDE;
    let Feet { x, y } = to_feet(Degrees { longitude, latitude });
    near.then_some((x, y))
}

/// Latitude and longitude, degrees, of a place in feet east and north; `None` where it is no place of the state's.
pub(super) fn degrees(x: f64, y: f64) -> Option<(f64, f64)> {
    let near = (x * US_SURVEY_FOOT_M - 300_000.0).abs() < 600_000.0 && (y * US_SURVEY_FOOT_M).abs() < 6_000_000.0;
    let Degrees { longitude, latitude } = from_feet(Feet { x, y });
    (near && latitude.is_finite() && longitude.is_finite()).then_some((latitude, longitude))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_nowhere_near_has_no_place() {
        // A row of the city's own file.
        let (latitude, longitude) = degrees(1_178_943.0, 1_903_134.0).unwrap();
        assert!((latitude - 41.889_497_462).abs() < 2e-6 && (longitude + 87.618_294_943).abs() < 2e-6);
        let (x, y) = feet(latitude, longitude).unwrap();
        assert!((x - 1_178_943.0).abs() < 0.01 && (y - 1_903_134.0).abs() < 0.01);
        for (latitude, longitude) in [(f64::NAN, -87.0), (41.0, 0.0), (90.0, -88.0)] {
            assert_eq!(feet(latitude, longitude), None);
        }
        assert_eq!((degrees(f64::INFINITY, 0.0), degrees(f64::NAN, 1.0), degrees(0.0, 1e12)), (None, None, None));
    }
}
