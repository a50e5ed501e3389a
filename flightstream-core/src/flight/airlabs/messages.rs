use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::answer::{Answer, AnswerError};
use crate::flight::Icao24;

/// One element of an answer's array: what becomes one message of the topic of raw flights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message<'a> {
    /// The message's key; `None` if the element is no object or has no good `hex`. It is still a message: decoding
    /// refuses it, so that it is counted and kept among the dead letters.
    pub hex: Option<Icao24>,
    /// The element's bytes exactly as they came.
    pub raw: &'a [u8],
}

/// Splits the body of an answer into messages: [`Answer::parse`] without the quota.
///
/// ```
/// use flightstream_core::flight::airlabs::messages;
///
/// let body = br#"{"response":[{"hex":"48ae23", "speed":828},{"speed":1},null]}"#;
/// let messages = messages(body)?;
/// assert_eq!(messages[0].hex.unwrap().to_string(), "48AE23");
/// assert_eq!(messages[0].raw, br#"{"hex":"48ae23", "speed":828}"#);
/// assert!(messages[1].hex.is_none() && messages[2].raw == b"null");
/// # Ok::<(), flightstream_core::flight::airlabs::AnswerError>(())
/// ```
///
/// # Errors
/// As [`Answer::parse`].
pub fn messages(body: &[u8]) -> Result<Vec<Message<'_>>, AnswerError> {
    Answer::parse(body).map(|answer| answer.messages)
}

pub(super) fn message(element: &RawValue) -> Message<'_> {
    let Hex(hex) = serde_json::from_str(element.get()).unwrap_or_default();
    Message {
        hex,
        raw: element.get().as_bytes(),
    }
}

/// The `hex` of an object; of a repeated one the last counts.
#[derive(Default)]
struct Hex(Option<Icao24>);

impl<'de> Deserialize<'de> for Hex {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct HexVisitor;

        impl<'de> Visitor<'de> for HexVisitor {
            type Value = Hex;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Hex, A::Error> {
                let mut hex = None;
                while let Some(name) = map.next_key::<Name>()? {
                    if matches!(name, Name::Hex) {
                        hex = match map.next_value::<serde_json::Value>()? {
                            serde_json::Value::String(text) => text.parse().ok(),
                            _ => None,
                        };
                    } else {
                        map.next_value::<IgnoredAny>()?;
                    }
                }
                Ok(Hex(hex))
            }
        }

        deserializer.deserialize_map(HexVisitor)
    }
}

/// A key, told apart without a copy of it.
enum Name {
    Hex,
    Other,
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameVisitor;

        impl Visitor<'_> for NameVisitor {
            type Value = Name;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }

            fn visit_str<E>(self, name: &str) -> Result<Name, E> {
                Ok(if name == "hex" {
                    Name::Hex
                } else {
                    Name::Other
                })
            }
        }

        deserializer.deserialize_identifier(NameVisitor)
    }
}
