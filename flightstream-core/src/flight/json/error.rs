use thiserror::Error;

use crate::batch::Rejection;

/// Why a message cannot be decoded. It goes to the dead-letter topic under [`DecodeError::reason`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// It is no JSON: cut off, not UTF-8, empty, or not of the source at all. See what wrote it.
    #[error("the message is no well-formed JSON")]
    MalformedJson,
    /// It is JSON but no object, such as a row of Airlabs' `_view=array`. Ask for objects.
    #[error("the message is JSON but no object")]
    NotAnObject,
    /// It has no `hex`, so nothing tells which aircraft it is about. Ask the source for that field.
    #[error("the message has no hex")]
    NoHex,
    /// Its `hex` is not six hexadecimal digits.
    #[error("the message's hex is not six hexadecimal digits in quotes")]
    BadHex,
    /// It has no time: no `updated` (Airlabs) or `now` (readsb) that is Unix time. Ask the source for that field.
    #[error("the message has no time: its updated or now is not Unix time")]
    NoTime,
    /// It is larger than [`Limits::size`](super::Limits::size) allows. Split answers into messages first.
    #[error("the message is larger than {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// It is nested deeper than [`Limits::depth`](super::Limits::depth) allows.
    #[error("the message is nested deeper than {limit} levels")]
    TooDeep {
        /// The limit in levels.
        limit: usize,
    },
}

impl DecodeError {
    /// The reason's code: it labels counters and dead letters.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::MalformedJson => "malformed_json",
            Self::NotAnObject => "not_an_object",
            Self::NoHex => "no_hex",
            Self::BadHex => "bad_hex",
            Self::NoTime => "no_time",
            Self::TooLarge { .. } => "too_large",
            Self::TooDeep { .. } => "too_deep",
        }
    }
}

impl From<DecodeError> for Rejection {
    fn from(error: DecodeError) -> Self {
        Self::new(error.reason()).with_detail(error)
    }
}
