use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// A part of the earth: degrees WGS84, written `south,west,north,east` as the API wants it.
///
/// ```
/// use flightstream_core::producer::airlabs::BoundingBox;
///
/// let poland: BoundingBox = "49, 14.1, 54.9, 24.2".parse()?;
/// assert_eq!(poland.to_string(), "49,14.1,54.9,24.2");
/// assert!("54.9,14.1,49,24.2".parse::<BoundingBox>().is_err());
/// # Ok::<(), flightstream_core::producer::airlabs::BoundingBoxError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BoundingBox {
    south: f64,
    west: f64,
    north: f64,
    east: f64,
}

/// Why four numbers are no bounding box.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BoundingBoxError {
    /// It is not four numbers with commas between them.
    #[error("a bounding box is four numbers: south,west,north,east in degrees")]
    Form,
    /// A latitude is outside -90 to 90 or a longitude outside -180 to 180.
    #[error("a latitude must be within -90 and 90 degrees, a longitude within -180 and 180")]
    Range,
    /// South is not below north.
    #[error("south must be below north: the order is south,west,north,east")]
    SouthNorth,
    /// West is not below east. The API documents no box across the date line: take one on each side.
    #[error(
        "west must be below east: the order is south,west,north,east (across 180 degrees, use two \
         boxes)"
    )]
    WestEast,
}

impl BoundingBox {
    /// From degrees, in the API's order.
    ///
    /// # Errors
    /// If one is out of range or the box would be empty.
    pub fn new(south: f64, west: f64, north: f64, east: f64) -> Result<Self, BoundingBoxError> {
        let is_lat = |degrees| (-90.0..=90.0).contains(&degrees);
        let is_lng = |degrees| (-180.0..=180.0).contains(&degrees);
        if !(is_lat(south) && is_lat(north) && is_lng(west) && is_lng(east)) {
            Err(BoundingBoxError::Range)
        } else if south >= north {
            Err(BoundingBoxError::SouthNorth)
        } else if west >= east {
            Err(BoundingBoxError::WestEast)
        } else {
            Ok(Self {
                south,
                west,
                north,
                east,
            })
        }
    }
}

impl FromStr for BoundingBox {
    type Err = BoundingBoxError;

    fn from_str(text: &str) -> Result<Self, BoundingBoxError> {
        let mut numbers = text.split(',').map(|number| number.trim().parse());
        let mut number = || {
            let number: Option<Result<f64, _>> = numbers.next();
            number.and_then(Result::ok).ok_or(BoundingBoxError::Form)
        };
        let (south, west, north, east) = (number()?, number()?, number()?, number()?);
        if numbers.next().is_some() {
            return Err(BoundingBoxError::Form);
        }
        Self::new(south, west, north, east)
    }
}

impl fmt::Display for BoundingBox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            south,
            west,
            north,
            east,
        } = self;
        write!(f, "{south},{west},{north},{east}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_box_is_told_what_is_wrong() {
        use BoundingBoxError::{Form, Range, SouthNorth, WestEast};
        for (text, error) in [
            ("", Form),
            ("1,2,3", Form),
            ("1,2,3,4,5", Form),
            ("1,2,x,4", Form),
            ("-91,2,3,4", Range),
            ("1,2,3,181", Range),
            ("1,2,NaN,4", Range),
            ("1,2,inf,4", Range),
            ("3,2,1,4", SouthNorth),
            ("1,2,1,4", SouthNorth),
            ("1,170,3,-170", WestEast),
        ] {
            assert_eq!(text.parse::<BoundingBox>(), Err(error), "{text:?}");
        }
    }
}
