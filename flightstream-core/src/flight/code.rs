//! The codes of airports, airlines, aircraft and flights, each a type of its own.

use std::fmt;
use std::str::FromStr;

use super::text::{Text, TextError};

macro_rules! code {
    ($(#[$doc:meta])* $name:ident, $min:literal..=$max:literal, $upper:literal, $allowed:literal, $is_allowed:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Text<$max>);

        impl $name {
            /// From text; blanks around it are cut.
            ///
            /// # Errors
            /// If its length or one of its characters does not fit.
            pub fn new(text: &str) -> Result<Self, TextError> {
                let text = text.trim_ascii();
                if text.len() > $max {
                    return Err(TextError::TooLong { max: $max });
                }
                if text.is_empty() {
                    return Err(TextError::Empty);
                }
                if text.len() < $min {
                    return Err(TextError::TooShort { min: $min });
                }
                let mut bytes = [0_u8; $max];
                for (to, from) in bytes.iter_mut().zip(text.bytes()) {
                    *to = if $upper { from.to_ascii_uppercase() } else { from };
                    let is_allowed: fn(&u8) -> bool = $is_allowed;
                    if !is_allowed(to) {
                        return Err(TextError::Character { allowed: $allowed });
                    }
                }
                Ok(Self(Text::from_ascii(bytes)))
            }

            /// The code as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                self.0.as_str()
            }

            /// The code's bytes: ASCII.
            #[must_use]
            pub fn as_bytes(&self) -> &[u8] {
                self.0.as_bytes()
            }
        }

        impl FromStr for $name {
            type Err = TextError;

            fn from_str(text: &str) -> Result<Self, TextError> {
                Self::new(text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                super::text::deserialize(deserializer)
            }
        }
    };
}

code!(
    /// An airport's IATA code, such as `WAW`.
    AirportIata, 3..=3, true, "letters and digits", u8::is_ascii_alphanumeric
);
code!(
    /// An airport's ICAO location indicator, such as `EPWA`; national identifiers of the same form are accepted.
    AirportIcao, 3..=4, true, "letters, digits and '-'", |byte| byte.is_ascii_alphanumeric() || *byte == b'-'
);
code!(
    /// An airline's IATA designator, such as `LO`. Not unique: join airlines by [`AirlineIcao`].
    AirlineIata, 2..=2, true, "letters and digits", u8::is_ascii_alphanumeric
);
code!(
    /// An airline's ICAO designator, such as `LOT`.
    AirlineIcao, 3..=3, true, "letters and digits", u8::is_ascii_alphanumeric
);
code!(
    /// An aircraft type designator of ICAO Doc 8643, such as `B38M`.
    AircraftType, 2..=4, true, "letters and digits", u8::is_ascii_alphanumeric
);
code!(
    /// A two-letter country code, nearly ISO 3166-1 alpha-2.
    Country, 2..=2, true, "letters", u8::is_ascii_alphabetic
);
code!(
    /// A flight's number within its airline: mostly digits, with letters possible (`19T`), so never an integer.
    FlightNumber, 1..=6, true, "letters and digits", u8::is_ascii_alphanumeric
);
code!(
    /// A flight's code, airline and number: `LO281` or `LOT281`.
    FlightCode, 2..=9, true, "letters and digits", u8::is_ascii_alphanumeric
);
code!(
    /// An aircraft's registration (tail number), such as `SP-LRA`. Not a key: service vehicles share `SERV`.
    Registration, 1..=11, true, "printable ASCII", |byte| byte.is_ascii_graphic() || *byte == b' '
);
code!(
    /// What an aircraft calls itself on the radio and in its transponder, such as `LOT281`: at most eight characters,
    /// the padding blanks of the transponder cut.
    Callsign, 1..=8, true, "letters and digits", u8::is_ascii_alphanumeric
);
