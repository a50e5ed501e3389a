use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::SearchError;

const EARTH_RADIUS_METRES: f64 = 6_371_008.771_4;
/// The finest level of `geotile_grid`; a coarser tile's number is this level's shifted right.
pub(crate) const FINEST_TILE: u8 = 29;

/// A point on the globe, in degrees.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GeoPoint {
    /// Latitude, −90 to 90.
    pub lat: f64,
    /// Longitude, −180 to 180.
    pub lon: f64,
}

impl GeoPoint {
    /// Reads Elasticsearch's forms `{"lat": 1, "lon": 2}`, `[2, 1]` and `"1,2"`.
    pub(crate) fn from_value(value: &Value) -> Option<Self> {
        let point = match value {
            Value::Object(_) => Self::deserialize(value).ok()?,
            Value::Array(pair) => match pair.as_slice() {
                [lon, lat] => Self {
                    lat: lat.as_f64()?,
                    lon: lon.as_f64()?,
                },
                _ => return None,
            },
            Value::String(text) => Self::from_text(text)?,
            Value::Null | Value::Bool(_) | Value::Number(_) => return None,
        };
        point.checked()
    }

    /// Reads `"lat,lon"`.
    pub(crate) fn from_text(text: &str) -> Option<Self> {
        let (lat, lon) = text.split_once(',')?;
        Some(Self {
            lat: lat.trim().parse().ok()?,
            lon: lon.trim().parse().ok()?,
        })
    }

    /// The point if it is on the globe (NaN is not).
    pub(crate) fn checked(self) -> Option<Self> {
        (self.lat.abs() <= 90.0 && self.lon.abs() <= 180.0).then_some(self)
    }

    /// The great-circle distance in metres.
    #[must_use]
    pub fn distance(self, other: Self) -> f64 {
        let (a, b) = (self.lat.to_radians(), other.lat.to_radians());
        let half_lat = ((b - a) / 2.0).sin();
        let half_lon = ((other.lon - self.lon).to_radians() / 2.0).sin();
        let h = half_lat * half_lat + a.cos() * b.cos() * half_lon * half_lon;
        2.0 * EARTH_RADIUS_METRES * h.sqrt().min(1.0).asin()
    }

    /// Column and row of the point's tile at level [`FINEST_TILE`].
    pub(crate) fn tile(self) -> (u32, u32) {
        let tiles = f64::from(1_u32 << FINEST_TILE);
        let last = (1_u32 << FINEST_TILE) - 1;
        let sin = self.lat.to_radians().sin();
        let x = (self.lon + 180.0) / 360.0;
        let y = 0.5 - ((1.0 + sin) / (1.0 - sin)).ln() / (4.0 * std::f64::consts::PI);
        // A float-to-integer cast saturates, so the poles (y = ±∞) end in the outermost rows.
        (
            ((x * tiles).floor() as u32).min(last),
            ((y * tiles).floor() as u32).min(last),
        )
    }
}

/// A box in degrees, borders included. It spans the antimeridian where `left` is greater than `right`.
///
/// ```
/// use flightstream_core::search::{BoundingBox, GeoPoint};
///
/// let pacific = BoundingBox::new(60.0, 170.0, -60.0, -150.0).unwrap();
/// assert!(pacific.contains(GeoPoint { lat: 0.0, lon: 179.0 }));
/// assert!(pacific.contains(GeoPoint { lat: 0.0, lon: -179.0 }));
/// assert!(!pacific.contains(GeoPoint { lat: 0.0, lon: 0.0 }));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BoundingBox {
    /// Northern border, a latitude.
    pub top: f64,
    /// Western border, a longitude.
    pub left: f64,
    /// Southern border, a latitude.
    pub bottom: f64,
    /// Eastern border, a longitude.
    pub right: f64,
}

impl BoundingBox {
    /// A checked box.
    ///
    /// # Errors
    /// [`SearchError::IllegalArgument`] if a border is not on the globe or the top is below the bottom.
    pub fn new(top: f64, left: f64, bottom: f64, right: f64) -> Result<Self, SearchError> {
        for lat in [top, bottom] {
            if lat.is_nan() || lat.abs() > 90.0 {
                return Err(SearchError::illegal(format!(
                    "illegal latitude value [{lat}]"
                )));
            }
        }
        for lon in [left, right] {
            if lon.is_nan() || lon.abs() > 180.0 {
                return Err(SearchError::illegal(format!(
                    "illegal longitude value [{lon}]"
                )));
            }
        }
        if top < bottom {
            return Err(SearchError::illegal(format!(
                "top is below bottom corner: {top} vs. {bottom}"
            )));
        }
        Ok(Self {
            top,
            left,
            bottom,
            right,
        })
    }

    /// Whether the point is inside or on the border.
    #[must_use]
    #[inline]
    pub fn contains(&self, point: GeoPoint) -> bool {
        let lat = (point.lat <= self.top) & (point.lat >= self.bottom);
        let west = point.lon >= self.left;
        let east = point.lon <= self.right;
        lat & if self.left <= self.right {
            west & east
        } else {
            west | east
        }
    }

    pub(crate) fn from_value(what: &str, value: Value) -> Result<Self, SearchError> {
        let mut body = super::body::Body::new(what, value)?;
        let mut corner = |name: &str| -> Result<Option<GeoPoint>, SearchError> {
            body.take(name)
                .map(|v| {
                    GeoPoint::from_value(&v).ok_or_else(|| {
                        SearchError::parsing(format!("[{what}] failed to parse point [{name}]"))
                    })
                })
                .transpose()
        };
        let corners = (
            corner("top_left")?,
            corner("bottom_right")?,
            corner("top_right")?,
            corner("bottom_left")?,
        );
        let bounds = match corners {
            (Some(a), Some(b), None, None) => Self::new(a.lat, a.lon, b.lat, b.lon)?,
            (None, None, Some(a), Some(b)) => Self::new(a.lat, b.lon, b.lat, a.lon)?,
            (None, None, None, None) => Self::new(
                body.need_f64("top")?,
                body.need_f64("left")?,
                body.need_f64("bottom")?,
                body.need_f64("right")?,
            )?,
            _ => {
                return Err(SearchError::parsing(format!(
                    "[{what}] needs two opposite corners"
                )));
            }
        };
        body.finish()?;
        Ok(bounds)
    }

    pub(crate) fn to_value(self) -> Value {
        json!({
            "top_left": { "lat": self.top, "lon": self.left },
            "bottom_right": { "lat": self.bottom, "lon": self.right },
        })
    }
}
