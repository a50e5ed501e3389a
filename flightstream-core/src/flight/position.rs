use std::fmt;

use thiserror::Error;

/// The earth's mean radius in metres.
const EARTH_RADIUS: f64 = 6_371_008.8;

/// A place on the earth in degrees (WGS 84): finite, latitude within ±90, longitude within ±180.
///
/// Both 180 and -180 are allowed and name the same meridian; they are kept as given. An unknown position is
/// `Option::None` wherever one can be unknown, never (0, 0).
///
/// ```
/// use flightstream_core::flight::Position;
///
/// let warsaw = Position::new(52.1657, 20.9671)?;
/// assert_eq!(warsaw.lat(), 52.1657);
/// assert_eq!(Position::known(Some(52.1657), Some(20.9671)), Some(warsaw));
/// assert_eq!(Position::known(Some(52.1657), None), None);
/// assert!(Position::new(f64::NAN, 0.0).is_err());
/// assert!(Position::new(90.1, 0.0).is_err());
/// # Ok::<(), flightstream_core::flight::PositionError>(())
/// ```
#[derive(Clone, Copy, PartialEq)]
pub struct Position {
    lat: f64,
    lon: f64,
}

/// Why two numbers are no position.
#[derive(Clone, Copy, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum PositionError {
    /// The latitude is not a finite number within ±90 degrees. Treat the position as unknown.
    #[error("latitude {0} is not within ±90 degrees")]
    Latitude(f64),
    /// The longitude is not a finite number within ±180 degrees. Treat the position as unknown.
    #[error("longitude {0} is not within ±180 degrees")]
    Longitude(f64),
}

impl Position {
    /// From latitude and longitude in degrees.
    ///
    /// # Errors
    /// If one of them is not finite or out of range.
    pub fn new(lat: f64, lon: f64) -> Result<Self, PositionError> {
        // NaN is in no range.
        if !(-90.0..=90.0).contains(&lat) {
            return Err(PositionError::Latitude(lat));
        }
        if !(-180.0..=180.0).contains(&lon) {
            return Err(PositionError::Longitude(lon));
        }
        Ok(Self { lat, lon })
    }

    /// From latitude and longitude in degrees if both are given and in range.
    #[must_use]
    pub fn known(lat: Option<f64>, lon: Option<f64>) -> Option<Self> {
        Self::new(lat?, lon?).ok()
    }

    /// Latitude in degrees, north positive.
    #[must_use]
    pub const fn lat(&self) -> f64 {
        self.lat
    }

    /// Longitude in degrees, east positive.
    #[must_use]
    pub const fn lon(&self) -> f64 {
        self.lon
    }

    /// Metres along the great circle on a sphere of the earth's mean radius: within 0.6 % of the ellipsoid's.
    ///
    /// ```
    /// use flightstream_core::flight::Position;
    ///
    /// let (warsaw, london) = (Position::new(52.1657, 20.9671)?, Position::new(51.4706, -0.4619)?);
    /// assert_eq!((warsaw.distance_to(london) / 1_000.0).round(), 1_470.0);
    /// # Ok::<(), flightstream_core::flight::PositionError>(())
    /// ```
    #[must_use]
    pub fn distance_to(&self, other: Self) -> f64 {
        let (from, to) = (self.lat.to_radians(), other.lat.to_radians());
        let half_lat = ((to - from) / 2.0).sin();
        let half_lon = ((other.lon - self.lon).to_radians() / 2.0).sin();
        let haversine = half_lat * half_lat + from.cos() * to.cos() * half_lon * half_lon;
        2.0 * EARTH_RADIUS * haversine.sqrt().min(1.0).asin()
    }
}

impl fmt::Debug for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "({}, {})", self.lat, self.lon)
    }
}

impl serde::Serialize for Position {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;

        let mut position = serializer.serialize_struct("Position", 2)?;
        position.serialize_field("lat", &self.lat)?;
        position.serialize_field("lon", &self.lon)?;
        position.end()
    }
}

impl<'de> serde::Deserialize<'de> for Position {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(serde::Deserialize)]
        struct Degrees {
            lat: f64,
            lon: f64,
        }

        let Degrees { lat, lon } = Degrees::deserialize(deserializer)?;
        Self::new(lat, lon).map_err(serde::de::Error::custom)
    }
}
