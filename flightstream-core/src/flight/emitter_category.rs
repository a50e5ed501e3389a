use std::fmt;
use std::str::FromStr;

use super::text::TextError;

/// What kind of aircraft or vehicle a transponder says it is in: a letter from A to D and a digit from 0 to 7.
///
/// A3 is an aircraft of 34 to 136 tonnes, A7 a rotorcraft, B1 a glider, C1 an emergency vehicle on the ground. A 0 says
/// that the kind is not known.
///
/// ```
/// use flightstream_core::flight::EmitterCategory;
///
/// let category: EmitterCategory = "A7".parse()?;
/// assert!(category.is_aircraft());
/// assert!("E1".parse::<EmitterCategory>().is_err());
/// # Ok::<(), flightstream_core::flight::TextError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EmitterCategory([u8; 2]);

impl EmitterCategory {
    /// From its two characters.
    ///
    /// # Errors
    /// If they are anything else.
    pub fn new(text: &str) -> Result<Self, TextError> {
        match text.trim_ascii().as_bytes() {
            [] => Err(TextError::Empty),
            [letter @ b'A'..=b'D', digit @ b'0'..=b'7'] => Ok(Self([*letter, *digit])),
            [_] => Err(TextError::TooShort { min: 2 }),
            [_, _] => Err(TextError::Character {
                allowed: "a letter from A to D and a digit from 0 to 7",
            }),
            _ => Err(TextError::TooLong { max: 2 }),
        }
    }

    /// Whether it is something that flies, and not a vehicle or an obstacle on the ground.
    #[must_use]
    pub const fn is_aircraft(self) -> bool {
        matches!(self.0, [b'A' | b'B', b'1'..=b'7'])
    }
}

impl FromStr for EmitterCategory {
    type Err = TextError;

    fn from_str(text: &str) -> Result<Self, TextError> {
        Self::new(text)
    }
}

impl fmt::Display for EmitterCategory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [letter, digit] = self.0.map(char::from);
        write!(f, "{letter}{digit}")
    }
}

impl fmt::Debug for EmitterCategory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl serde::Serialize for EmitterCategory {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for EmitterCategory {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        super::text::deserialize(deserializer)
    }
}
