//! State plane ↔ degrees: EPSG:3435, NAD 83 / Illinois East in US survey feet.
//!
//! Transverse Mercator on GRS 80 after J. P. Snyder, *Map Projections: A Working Manual*, USGS Professional Paper 1395
//! (1987), pages 60 to 64; parameters from the EPSG registry. NAD 83 and WGS 84 are taken for the same, as the city does:
//! they differ by about a metre.

/// Semi-major axis, metres, and inverse flattening of GRS 80.
const A: f64 = 6_378_137.0;
const F: f64 = 1.0 / 298.257_222_101;
const E2: f64 = F * (2.0 - F);
/// Scale on the central meridian.
const K0: f64 = 0.999_975;
/// The origin, degrees: 36°40' N, 88°20' W.
const LATITUDE_0: f64 = 36.0 + 40.0 / 60.0;
const LONGITUDE_0: f64 = -(88.0 + 20.0 / 60.0);
/// False easting, metres.
const EASTING_0: f64 = 300_000.0;
/// A US survey foot, metres.
const FOOT: f64 = 1200.0 / 3937.0;
/// How far from the central meridian a longitude may be: beyond, the series means nothing. Degrees.
const WIDE: f64 = 6.0;

/// Length of the meridian from the equator, metres.
fn meridian(latitude: f64) -> f64 {
    let (e4, e6) = (E2 * E2, E2 * E2 * E2);
    A * ((1.0 - E2 / 4.0 - 3.0 * e4 / 64.0 - 5.0 * e6 / 256.0) * latitude
        - (3.0 * E2 / 8.0 + 3.0 * e4 / 32.0 + 45.0 * e6 / 1024.0) * (2.0 * latitude).sin()
        + (15.0 * e4 / 256.0 + 45.0 * e6 / 1024.0) * (4.0 * latitude).sin()
        - (35.0 * e6 / 3072.0) * (6.0 * latitude).sin())
}

/// Feet east and north of a place in degrees; `None` where the projection does not reach.
pub(super) fn feet(latitude: f64, longitude: f64) -> Option<(f64, f64)> {
    if !(latitude.abs() < 85.0 && (longitude - LONGITUDE_0).abs() < WIDE) {
        return None;
    }
    let (phi, lambda) = (latitude.to_radians(), (longitude - LONGITUDE_0).to_radians());
    let ep2 = E2 / (1.0 - E2);
    let n = A / (1.0 - E2 * phi.sin().powi(2)).sqrt();
    let (t, c, a) = (phi.tan().powi(2), ep2 * phi.cos().powi(2), lambda * phi.cos());
    let east = K0
        * n
        * (a + (1.0 - t + c) * a.powi(3) / 6.0 + (5.0 - 18.0 * t + t * t + 72.0 * c - 58.0 * ep2) * a.powi(5) / 120.0);
    let north = K0
        * (meridian(phi) - meridian(LATITUDE_0.to_radians())
            + n * phi.tan()
                * (a * a / 2.0
                    + (5.0 - t + 9.0 * c + 4.0 * c * c) * a.powi(4) / 24.0
                    + (61.0 - 58.0 * t + t * t + 600.0 * c - 330.0 * ep2) * a.powi(6) / 720.0));
    Some(((east + EASTING_0) / FOOT, north / FOOT))
}

/// Latitude and longitude, degrees, of a place in feet east and north; `None` where the projection does not reach.
pub(super) fn degrees(x: f64, y: f64) -> Option<(f64, f64)> {
    let (east, north) = (x * FOOT - EASTING_0, y * FOOT);
    if !(east.abs() < 600_000.0 && north.abs() < 6_000_000.0) {
        return None;
    }
    let m = meridian(LATITUDE_0.to_radians()) + north / K0;
    let e1 = (1.0 - (1.0 - E2).sqrt()) / (1.0 + (1.0 - E2).sqrt());
    let mu = m / (A * (1.0 - E2 / 4.0 - 3.0 * E2 * E2 / 64.0 - 5.0 * E2 * E2 * E2 / 256.0));
    let phi1 = mu
        + (3.0 * e1 / 2.0 - 27.0 * e1.powi(3) / 32.0) * (2.0 * mu).sin()
        + (21.0 * e1 * e1 / 16.0 - 55.0 * e1.powi(4) / 32.0) * (4.0 * mu).sin()
        + (151.0 * e1.powi(3) / 96.0) * (6.0 * mu).sin()
        + (1097.0 * e1.powi(4) / 512.0) * (8.0 * mu).sin();
    let ep2 = E2 / (1.0 - E2);
    let (sin, cos, tan) = (phi1.sin(), phi1.cos(), phi1.tan());
    let (c1, t1) = (ep2 * cos * cos, tan * tan);
    let n1 = A / (1.0 - E2 * sin * sin).sqrt();
    let r1 = A * (1.0 - E2) / (1.0 - E2 * sin * sin).powf(1.5);
    let d = east / (n1 * K0);
    let latitude = phi1
        - (n1 * tan / r1)
            * (d * d / 2.0 - (5.0 + 3.0 * t1 + 10.0 * c1 - 4.0 * c1 * c1 - 9.0 * ep2) * d.powi(4) / 24.0
                + (61.0 + 90.0 * t1 + 298.0 * c1 + 45.0 * t1 * t1 - 252.0 * ep2 - 3.0 * c1 * c1) * d.powi(6) / 720.0);
    let longitude = (d - (1.0 + 2.0 * t1 + c1) * d.powi(3) / 6.0
        + (5.0 - 2.0 * c1 + 28.0 * t1 - 3.0 * c1 * c1 + 8.0 * ep2 + 24.0 * t1 * t1) * d.powi(5) / 120.0)
        / cos;
    let place = (latitude.to_degrees(), LONGITUDE_0 + longitude.to_degrees());
    (place.0.is_finite() && place.1.is_finite()).then_some(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows of the city's own file, which has both.
    const KNOWN: [(f64, f64, f64, f64); 3] = [
        (1_178_943.0, 1_903_134.0, 41.889_497_462, -87.618_294_943),
        (1_166_099.0, 1_874_550.0, 41.811_344_308, -87.666_278_625),
        (1_140_228.0, 1_870_076.0, 41.799_578_775, -87.761_282_372),
    ];

    #[test]
    fn feet_and_degrees_are_the_citys() {
        for (x, y, latitude, longitude) in KNOWN {
            let (lat, lon) = degrees(x, y).unwrap();
            assert!((lat - latitude).abs() < 2e-6 && (lon - longitude).abs() < 2e-6, "{lat} {lon}");
            let (east, north) = feet(lat, lon).unwrap();
            assert!((east - x).abs() < 0.01 && (north - y).abs() < 0.01, "{east} {north}");
        }
        for (latitude, longitude) in [(f64::NAN, -87.0), (41.0, 0.0), (90.0, -88.0)] {
            assert_eq!(feet(latitude, longitude), None);
        }
        assert_eq!((degrees(f64::INFINITY, 0.0), degrees(f64::NAN, 1.0), degrees(0.0, 1e12)), (None, None, None));
    }
}
