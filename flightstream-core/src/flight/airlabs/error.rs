use std::fmt;

use thiserror::Error;

/// An error that Airlabs answers with, usually with HTTP status 200: look for it before anything else.
///
/// The message that comes with the code is not kept, because nothing says that it never quotes the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum AirlabsError {
    /// The key is not known. Stop, and correct the key.
    #[error("Airlabs does not know the API key: correct it")]
    UnknownApiKey,
    /// The key has expired. Stop, and renew it.
    #[error("the Airlabs API key has expired: renew it")]
    ExpiredApiKey,
    /// The URL names no method of the API. Stop, and correct the URL.
    #[error("Airlabs does not know the method: correct the URL")]
    UnknownMethod,
    /// A parameter is wrong. Stop, and correct it; `_fields` must hold no blanks.
    #[error(
        "Airlabs refuses the parameters: correct them (the list of fields must hold no blanks)"
    )]
    WrongParams,
    /// Nothing matches the filters at present. Ask again later.
    #[error("Airlabs finds nothing that matches the filters")]
    NotFound,
    /// Too many calls this minute. Wait for the next one.
    #[error("the Airlabs quota of this minute is used up")]
    MinuteLimitExceeded,
    /// Too many calls this hour. Wait for the next one.
    #[error("the Airlabs quota of this hour is used up")]
    HourLimitExceeded,
    /// Too many calls this month. Stop; asking more seldom or a larger plan helps.
    #[error("the Airlabs quota of this month is used up: ask more seldom, or take a larger plan")]
    MonthLimitExceeded,
    /// Airlabs failed. Ask again, with a growing pause.
    #[error("Airlabs failed")]
    InternalError,
    /// An error with a code that is not known here. Ask again, with a growing pause.
    #[error("Airlabs answers with an error that is not known here")]
    Other,
}

/// What to do after an [`AirlabsError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Retry {
    /// Ask again when the next minute begins.
    NextMinute,
    /// Ask again when the next hour begins.
    NextHour,
    /// Ask again with a growing, randomised pause.
    BackOff,
    /// Do not ask again: somebody has to change something.
    Stop,
}

impl AirlabsError {
    /// From the `code` of the answer.
    #[must_use]
    pub fn from_code(code: &str) -> Self {
        match code {
            "unknown_api_key" => Self::UnknownApiKey,
            "expired_api_key" => Self::ExpiredApiKey,
            "unknown_method" => Self::UnknownMethod,
            "wrong_params" => Self::WrongParams,
            "not_found" => Self::NotFound,
            "minute_limit_exceeded" => Self::MinuteLimitExceeded,
            "hour_limit_exceeded" => Self::HourLimitExceeded,
            "month_limit_exceeded" => Self::MonthLimitExceeded,
            "internal_error" => Self::InternalError,
            _ => Self::Other,
        }
    }

    /// What to do.
    #[must_use]
    pub const fn retry(self) -> Retry {
        match self {
            Self::MinuteLimitExceeded => Retry::NextMinute,
            Self::HourLimitExceeded => Retry::NextHour,
            Self::NotFound | Self::InternalError | Self::Other => Retry::BackOff,
            Self::UnknownApiKey
            | Self::ExpiredApiKey
            | Self::UnknownMethod
            | Self::WrongParams
            | Self::MonthLimitExceeded => Retry::Stop,
        }
    }
}

impl fmt::Display for Retry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NextMinute => "ask again in the next minute",
            Self::NextHour => "ask again in the next hour",
            Self::BackOff => "ask again after a growing pause",
            Self::Stop => "stop asking",
        })
    }
}
