//! Transverse Mercator: degrees to a plane and back; the state plane of Illinois East, EPSG:3435.
//!
//! In:    degrees, or coordinates of the plane.
//! Out:   the other.
//! Never: shifts a datum: NAD 83 is taken for WGS 84, as the EPSG registry's null transformation 1188 does (within 4 m; the
//!        city's own files do the same).
//!
//! # How
//! Krüger's series to the fourth power of the third flattening, as IOGP's guidance note 373-7-2 gives them for method 9807
//! ("JHS formulas", from the Finnish JHS 154): below a millimetre within 40° of the central meridian. EPSG:3435's
//! parameters are those of the EPSG registry: GRS 80, latitude of origin 36°40′ N, central meridian 88°20′ W, scale
//! 0.999975, false easting 300,000 m, unit the US survey foot.
//!
//! # Change here
//! Another zone of the state plane that is a transverse Mercator: one constant beside [`ILLINOIS_EAST`].

use crate::point::{Degrees, Feet, Metres};

/// Metres in a US survey foot.
pub const US_SURVEY_FOOT_M: f64 = 1200.0 / 3937.0;

/// Semi-major axis of GRS 80, metres, and its inverse flattening. WGS 84's differs by a tenth of a millimetre.
const GRS80_AXIS_M: f64 = 6_378_137.0;
const GRS80_INVERSE_FLATTENING: f64 = 298.257_222_101;

/// NAD 83 / Illinois East (ftUS), EPSG:3435, as metres: [`to_feet`] and [`from_feet`] speak its unit.
pub const ILLINOIS_EAST: TransverseMercator = TransverseMercator {
    latitude_of_origin: 36.0 + 40.0 / 60.0,
    central_meridian: -(88.0 + 20.0 / 60.0),
    scale: 0.999_975,
    false_easting_m: 300_000.0,
    false_northing_m: 0.0,
};

/// A transverse Mercator projection on GRS 80.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TransverseMercator {
    latitude_of_origin: f64,
    central_meridian: f64,
    scale: f64,
    false_easting_m: f64,
    false_northing_m: f64,
}

/// A point in EPSG:3435, US survey feet.
pub fn to_feet(at: Degrees) -> Feet {
    let Metres { x, y } = ILLINOIS_EAST.plane(at);
    Feet { x: x / US_SURVEY_FOOT_M, y: y / US_SURVEY_FOOT_M }
}

/// A point of EPSG:3435 as degrees.
pub fn from_feet(at: Feet) -> Degrees {
    ILLINOIS_EAST.degrees(Metres { x: at.x * US_SURVEY_FOOT_M, y: at.y * US_SURVEY_FOOT_M })
}

impl TransverseMercator {
    /// A plane for measuring around a point, with true scale there: within 40 km of it, a metre is wrong by 0.02 mm.
    pub fn around(centre: Degrees) -> TransverseMercator {
        TransverseMercator {
            latitude_of_origin: centre.latitude,
            central_meridian: centre.longitude,
            scale: 1.0,
            false_easting_m: 0.0,
            false_northing_m: 0.0,
        }
    }

    /// Degrees to the plane, metres.
    pub fn plane(&self, at: Degrees) -> Metres {
        let (xi, eta) = series(conformal(at.latitude, at.longitude - self.central_meridian), &FORWARD, 1.0);
        let origin = series(conformal(self.latitude_of_origin, 0.0), &FORWARD, 1.0).0;
        let radius = self.scale * rectifying_m();
        Metres { x: self.false_easting_m + radius * eta, y: self.false_northing_m + radius * (xi - origin) }
    }

    /// The plane, metres, to degrees.
    pub fn degrees(&self, at: Metres) -> Degrees {
        let radius = self.scale * rectifying_m();
        let origin = series(conformal(self.latitude_of_origin, 0.0), &FORWARD, 1.0).0;
        let (xi, eta) = ((at.y - self.false_northing_m) / radius + origin, (at.x - self.false_easting_m) / radius);
        let (xi, eta) = series((xi, eta), &INVERSE, -1.0);
        let beta = (xi.sin() / eta.cosh()).asin();
        let isometric = beta.tan().asinh();
        let e = eccentricity();
        // Each turn gains three digits: eight leave nothing to gain.
        let latitude = (0..8).fold(isometric, |psi, _| isometric + e * (e * psi.tanh()).atanh()).sinh().atan();
        let longitude = self.central_meridian + (eta.tanh() / beta.cos()).clamp(-1.0, 1.0).asin().to_degrees();
        Degrees { longitude, latitude: latitude.to_degrees() }
    }
}

const N: f64 = {
    let f = 1.0 / GRS80_INVERSE_FLATTENING;
    f / (2.0 - f)
};
const N2: f64 = N * N;
const N3: f64 = N2 * N;
const N4: f64 = N2 * N2;

const FORWARD: [f64; 4] = [
    N / 2.0 - 2.0 / 3.0 * N2 + 5.0 / 16.0 * N3 + 41.0 / 180.0 * N4,
    13.0 / 48.0 * N2 - 3.0 / 5.0 * N3 + 557.0 / 1440.0 * N4,
    61.0 / 240.0 * N3 - 103.0 / 140.0 * N4,
    49_561.0 / 161_280.0 * N4,
];

const INVERSE: [f64; 4] = [
    N / 2.0 - 2.0 / 3.0 * N2 + 37.0 / 96.0 * N3 - 1.0 / 360.0 * N4,
    1.0 / 48.0 * N2 + 1.0 / 15.0 * N3 - 437.0 / 1440.0 * N4,
    17.0 / 480.0 * N3 - 37.0 / 840.0 * N4,
    4397.0 / 161_280.0 * N4,
];

/// The radius of the sphere with the ellipsoid's meridian, metres.
fn rectifying_m() -> f64 {
    GRS80_AXIS_M / (1.0 + N) * (1.0 + N2 / 4.0 + N4 / 64.0)
}

fn eccentricity() -> f64 {
    let f = 1.0 / GRS80_INVERSE_FLATTENING;
    (f * (2.0 - f)).sqrt()
}

/// Latitude and difference of longitude, degrees, on the conformal sphere in its transverse aspect.
fn conformal(latitude: f64, longitude: f64) -> (f64, f64) {
    let (latitude, longitude) = (latitude.to_radians(), longitude.to_radians());
    let e = eccentricity();
    let isometric = latitude.tan().asinh() - e * (e * latitude.sin()).atanh();
    let beta = isometric.sinh().atan();
    let eta = (beta.cos() * longitude.sin()).atanh();
    ((beta.sin() * eta.cosh()).clamp(-1.0, 1.0).asin(), eta)
}

fn series((xi, eta): (f64, f64), terms: &[f64; 4], sign: f64) -> (f64, f64) {
    let times = [2.0, 4.0, 6.0, 8.0];
    terms.iter().zip(times).fold((xi, eta), |(x, e), (term, times)| {
        (
            x + sign * term * (times * xi).sin() * (times * eta).cosh(),
            e + sign * term * (times * xi).cos() * (times * eta).sinh(),
        )
    })
}
