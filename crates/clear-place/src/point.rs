//! Points, by the unit they are in.

use serde::{Deserialize, Serialize};

/// Mean radius of the Earth, metres (IUGG).
const EARTH_M: f64 = 6_371_008.8;

/// A point on Earth, degrees WGS 84.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Degrees {
    /// Longitude, degrees, east of Greenwich.
    pub longitude: f64,
    /// Latitude, degrees, north of the equator.
    pub latitude: f64,
}

/// A point in a plane, metres.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Metres {
    /// To the east, metres.
    pub x: f64,
    /// To the north, metres.
    pub y: f64,
}

/// A point in a plane, US survey feet (1200/3937 m).
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Feet {
    /// To the east, feet.
    pub x: f64,
    /// To the north, feet.
    pub y: f64,
}

impl Degrees {
    /// Whether it is a point on Earth and not the 0, 0 that stands for *missing*.
    pub fn is_known(self) -> bool {
        let on_earth = (-90.0..=90.0).contains(&self.latitude) && (-180.0..=180.0).contains(&self.longitude);
        on_earth && !(self.latitude == 0.0 && self.longitude == 0.0)
    }

    /// The great-circle distance, metres (haversine on a sphere; within half a per cent of the ellipsoid's).
    pub fn distance_m(self, other: Degrees) -> f64 {
        let (south, north) = (self.latitude.to_radians(), other.latitude.to_radians());
        let half = |from: f64, to: f64| ((to - from) / 2.0).sin().powi(2);
        let turned = half(self.longitude.to_radians(), other.longitude.to_radians());
        2.0 * EARTH_M * (half(south, north) + south.cos() * north.cos() * turned).sqrt().min(1.0).asin()
    }
}

impl Metres {
    /// The square of the distance, square metres.
    pub fn square_to(self, other: Metres) -> f64 {
        (self.x - other.x).powi(2) + (self.y - other.y).powi(2)
    }

    /// The distance, metres.
    pub fn distance_to(self, other: Metres) -> f64 {
        self.square_to(other).sqrt()
    }
}
