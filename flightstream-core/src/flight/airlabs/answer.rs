use std::fmt;

#[cfg(feature = "files")]
use bytes::Bytes;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use thiserror::Error;

use super::error::AirlabsError;
use super::messages::{Message, message};
use super::quota::{Quota, Request};

const LARGEST_BODY: usize = 64 * 1024 * 1024;
/// Many times the aircraft that are in the air: an element may be of two bytes and takes many times that in memory.
const MOST_MESSAGES: usize = 500_000;

/// What one call brought: the messages, and what the envelope says about the quota.
///
/// It borrows the elements from the body and keeps nothing else of it: the envelope repeats the API key and the caller's
/// address, and neither is read.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer<'a> {
    /// The elements of `response`, in order.
    pub messages: Vec<Message<'a>>,
    /// The caller's plan, if the envelope tells.
    pub quota: Option<Quota>,
}

/// Why a body is no answer with flights. None of these holds any of the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AnswerError {
    /// Airlabs answers with an error. [`AirlabsError::retry`] says what to do.
    #[error(transparent)]
    Airlabs(#[from] AirlabsError),
    /// The body is no JSON: cut off, or from something between here and Airlabs. Ask again, with a growing pause.
    #[error("the answer is no well-formed JSON")]
    Malformed,
    /// It is JSON with neither `response` nor `error` nor `hex`. See whether the URL is right.
    #[error("the answer holds neither flights nor an error")]
    Unexpected,
    /// It is larger than 64 MiB, many times what the API sends. See whether the URL is right.
    #[error("the answer is larger than {LARGEST_BODY} bytes")]
    TooLarge,
    /// It has more than 500,000 elements, many times what the API sends. See whether the URL is right.
    #[error("the answer has more than {MOST_MESSAGES} elements")]
    TooMany,
}

impl<'a> Answer<'a> {
    /// Reads a body in any of the forms that Airlabs uses: an envelope with an array or with one object in it, a bare
    /// array, or a single object. An `error` counts before anything else, whatever the HTTP status was.
    ///
    /// ```
    /// use flightstream_core::flight::airlabs::{AirlabsError, Answer, AnswerError, Retry};
    ///
    /// let body = br#"{"error":{"message":"...","code":"hour_limit_exceeded"}}"#;
    /// let Err(AnswerError::Airlabs(error)) = Answer::parse(body) else { panic!() };
    /// assert_eq!(error.retry(), Retry::NextHour);
    /// ```
    ///
    /// # Errors
    /// If it is an error, or nothing that Airlabs sends. One bad element does not spoil the others.
    pub fn parse(body: &'a [u8]) -> Result<Self, AnswerError> {
        check_size(body)?;
        match body.trim_ascii_start().first() {
            Some(b'[') => Ok(Self {
                messages: elements(body)?,
                quota: None,
            }),
            Some(b'{') => {
                let envelope: Envelope<'a> = json(body)?;
                let messages = match envelope.flights(body)? {
                    Flights::Array(array) => elements(array)?,
                    Flights::One(flight) => vec![message(flight)],
                };
                Ok(Self {
                    messages,
                    quota: envelope.quota,
                })
            }
            _ => {
                json::<IgnoredAny>(body)?;
                Err(AnswerError::Unexpected)
            }
        }
    }
}

/// Whether bytes may be an answer of the API as a whole, or a part of one, which must be shown and passed on nowhere: its
/// envelope repeats the API key and the caller's address. They need not be well-formed, nor be JSON.
///
/// ```
/// use flightstream_core::flight::airlabs::may_be_answer;
///
/// assert!(may_be_answer(br#"{"request":{"key":{"api_key":"#));
/// assert!(!may_be_answer(br#"{"hex":"48AE23","speed":828}"#));
/// ```
#[must_use]
pub fn may_be_answer(bytes: &[u8]) -> bool {
    let mut texts = bytes.split(|byte| *byte == b'"');
    texts.any(|text| matches!(text, b"api_key" | b"request" | b"response"))
}

/// The flights of an answer that is an object as one JSON array, byte for byte: whoever reads it element by element holds
/// no more than that, however many there are.
///
/// # Errors
/// As [`Answer::parse`].
#[cfg(feature = "files")]
pub(crate) fn flights(body: &Bytes) -> Result<Bytes, AnswerError> {
    check_size(body)?;
    Ok(match json::<Envelope<'_>>(body)?.flights(body)? {
        Flights::Array(array) => body.slice_ref(array),
        Flights::One(flight) => [b"[", flight.get().as_bytes(), b"]"].concat().into(),
    })
}

fn check_size(body: &[u8]) -> Result<(), AnswerError> {
    match body.len() > LARGEST_BODY {
        true => Err(AnswerError::TooLarge),
        false => Ok(()),
    }
}

fn elements(array: &[u8]) -> Result<Vec<Message<'_>>, AnswerError> {
    let Elements { messages, is_whole } = json(array)?;
    match is_whole {
        true => Ok(messages),
        false => Err(AnswerError::TooMany),
    }
}

/// The elements of an array, up to [`MOST_MESSAGES`].
struct Elements<'a> {
    messages: Vec<Message<'a>>,
    is_whole: bool,
}

impl<'de> Deserialize<'de> for Elements<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ElementsVisitor;

        impl<'de> Visitor<'de> for ElementsVisitor {
            type Value = Elements<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut messages = Vec::new();
                while messages.len() < MOST_MESSAGES {
                    let Some(element) = seq.next_element()? else {
                        break;
                    };
                    messages.push(message(element));
                }
                let mut is_whole = true;
                while seq.next_element::<IgnoredAny>()?.is_some() {
                    is_whole = false;
                }
                Ok(Elements { messages, is_whole })
            }
        }

        deserializer.deserialize_seq(ElementsVisitor)
    }
}

fn json<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, AnswerError> {
    serde_json::from_slice(body).map_err(|_| AnswerError::Malformed)
}

/// What an envelope holds.
enum Flights<'a> {
    Array(&'a [u8]),
    One(&'a RawValue),
}

#[derive(Default)]
struct Envelope<'a> {
    response: Option<&'a RawValue>,
    error: Option<AirlabsError>,
    quota: Option<Quota>,
    has_hex: bool,
    has_request: bool,
}

impl<'a> Envelope<'a> {
    fn flights(&self, body: &'a [u8]) -> Result<Flights<'a>, AnswerError> {
        if let Some(error) = self.error {
            return Err(error.into());
        }
        match self.response {
            Some(response) if response.get().starts_with('[') => {
                Ok(Flights::Array(response.get().as_bytes()))
            }
            Some(response) if response.get().starts_with('{') => Ok(Flights::One(response)),
            // With the request beside it, it would be handed on with the key.
            None if self.has_hex && !self.has_request => Ok(Flights::One(json(body)?)),
            Some(_) | None => Err(AnswerError::Unexpected),
        }
    }
}

impl<'de> Deserialize<'de> for Envelope<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EnvelopeVisitor;

        impl<'de> Visitor<'de> for EnvelopeVisitor {
            type Value = Envelope<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an answer")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut envelope = Envelope::default();
                while let Some(name) = map.next_key::<String>()? {
                    match name.as_str() {
                        "response" => envelope.response = Some(map.next_value()?),
                        "error" => envelope.error = error(map.next_value()?),
                        "request" => {
                            envelope.quota = quota(map.next_value()?);
                            envelope.has_request = true;
                        }
                        name => {
                            envelope.has_hex |= name == "hex";
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                Ok(envelope)
            }
        }

        deserializer.deserialize_map(EnvelopeVisitor)
    }
}

fn error(error: &RawValue) -> Option<AirlabsError> {
    if matches!(error.get(), "null" | "false") {
        return None;
    }
    let code = serde_json::from_str::<serde_json::Value>(error.get()).ok();
    let code = code.as_ref().and_then(|error| error.get("code")?.as_str());
    Some(code.map_or(AirlabsError::Other, AirlabsError::from_code))
}

fn quota(request: &RawValue) -> Option<Quota> {
    let Request(quota) = serde_json::from_str(request.get()).ok()?;
    (!quota.is_empty()).then_some(quota)
}
