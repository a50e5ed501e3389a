use std::fmt;
use std::str::FromStr;

use super::text::TextError;

/// A transponder code: four octal digits, such as `7000`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Squawk(u16);

impl Squawk {
    /// Unlawful interference.
    pub const UNLAWFUL_INTERFERENCE: Self = Self(0o7500);
    /// Radio failure.
    pub const RADIO_FAILURE: Self = Self(0o7600);
    /// General emergency.
    pub const EMERGENCY: Self = Self(0o7700);

    /// From four octal digits.
    ///
    /// # Errors
    /// If it is anything else.
    pub fn new(text: &str) -> Result<Self, TextError> {
        let text = text.trim_ascii();
        if text.is_empty() {
            return Err(TextError::Empty);
        }
        if text.len() < 4 {
            return Err(TextError::TooShort { min: 4 });
        }
        if text.len() > 4 {
            return Err(TextError::TooLong { max: 4 });
        }
        let allowed = "the digits 0 to 7";
        let mut code = 0;
        for digit in text.bytes() {
            match digit {
                b'0'..=b'7' => code = code << 3 | u16::from(digit - b'0'),
                _ => return Err(TextError::Character { allowed }),
            }
        }
        Ok(Self(code))
    }

    /// The code as a number of 12 bits: `7700` is `0o7700`.
    #[must_use]
    pub const fn code(self) -> u16 {
        self.0
    }

    /// The four digits.
    pub(super) fn digits(self) -> [u8; 4] {
        [9, 6, 3, 0].map(|shift| b'0' + (self.0 >> shift & 7) as u8)
    }

    /// Whether it is one of the three distress codes. A single such report is nearly always an error: ask for several in
    /// a row from an airborne aircraft before you raise an alarm.
    #[must_use]
    pub fn is_distress(self) -> bool {
        [
            Self::UNLAWFUL_INTERFERENCE,
            Self::RADIO_FAILURE,
            Self::EMERGENCY,
        ]
        .contains(&self)
    }
}

impl FromStr for Squawk {
    type Err = TextError;

    fn from_str(text: &str) -> Result<Self, TextError> {
        Self::new(text)
    }
}

impl fmt::Display for Squawk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04o}", self.0)
    }
}

impl fmt::Debug for Squawk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl serde::Serialize for Squawk {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Squawk {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        super::text::deserialize(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_octal_digits_and_nothing_else() {
        assert_eq!(Squawk::new("0021").unwrap().to_string(), "0021");
        assert!(Squawk::new("7700").unwrap().is_distress());
        assert!(!Squawk::new("7000").unwrap().is_distress());
        for text in ["", "770", "77000", "7708", "-700", "77é"] {
            assert!(Squawk::new(text).is_err(), "{text}");
        }
    }
}
