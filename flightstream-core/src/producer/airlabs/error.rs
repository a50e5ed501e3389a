use std::error::Error;
use std::time::Duration;

use thiserror::Error;

use super::schedule::Failure;
use crate::flight::airlabs::{AirlabsError, Retry};

/// Why a call brought no flights. None of these holds the URL, the key, or any of the answer.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RequestError {
    /// Airlabs answers with an error of its own. [`AirlabsError::retry`] says what to do.
    #[error("{error}")]
    Airlabs {
        /// The error.
        error: AirlabsError,
        /// How long the server wants not to be asked, if it says.
        retry_after: Option<Duration>,
    },
    /// HTTP 429: too many calls, from Airlabs or from something in front of it. Ask again after the pause that it names,
    /// otherwise after a growing one.
    #[error("the server says that there are too many calls (HTTP 429)")]
    TooManyRequests {
        /// How long the server wants not to be asked, if it says.
        retry_after: Option<Duration>,
    },
    /// The server failed. Ask again after a growing pause.
    #[error("the server failed (HTTP {status})")]
    Server {
        /// The HTTP status.
        status: u16,
        /// How long the server wants not to be asked, if it says.
        retry_after: Option<Duration>,
    },
    /// The server refuses the call and will refuse it again. Correct the key (401, 403) or the base URL.
    #[error("the server refuses the call (HTTP {status}): correct the API key or the base URL")]
    Refused {
        /// The HTTP status.
        status: u16,
    },
    /// The server sends the caller elsewhere. It is not followed, since the key would go there too: correct the base URL.
    #[error(
        "the server redirects the call (HTTP {status}), which would hand the API key on: correct \
         the base URL"
    )]
    Redirected {
        /// The HTTP status.
        status: u16,
    },
    /// No connection: no network, an unknown host, a refused connection, a bad certificate. Ask again after a growing
    /// pause.
    #[error("cannot connect to the server: {cause}")]
    Connect {
        /// What the system says.
        cause: String,
    },
    /// The answer was not complete in time. Ask again after a growing pause, or allow more time.
    #[error("the answer did not come within {} s", .timeout.as_secs_f32())]
    TimedOut {
        /// The time allowed.
        timeout: Duration,
    },
    /// The connection broke before the answer was complete. Ask again after a growing pause.
    #[error("the connection broke before the answer was complete: {cause}")]
    Interrupted {
        /// What the system says.
        cause: String,
    },
    /// The answer is larger than allowed. See whether the base URL is right, or ask for less.
    #[error("the answer is larger than {limit} bytes")]
    TooLarge {
        /// The limit.
        limit: usize,
    },
    /// The answer has more elements than there are aircraft. See whether the base URL is right.
    #[error("the answer has too many elements: see whether the base URL is right")]
    TooMany,
    /// The answer is no JSON: cut off, or from something between here and Airlabs. Ask again after a growing pause.
    #[error("the answer is no well-formed JSON")]
    Malformed,
    /// The answer is JSON with neither flights nor an error. See whether the base URL is right.
    #[error("the answer holds neither flights nor an error: see whether the base URL is right")]
    Unexpected,
}

impl RequestError {
    /// A code for counters.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Airlabs { error, .. } => match error {
                AirlabsError::UnknownApiKey => "unknown_api_key",
                AirlabsError::ExpiredApiKey => "expired_api_key",
                AirlabsError::UnknownMethod => "unknown_method",
                AirlabsError::WrongParams => "wrong_params",
                AirlabsError::NotFound => "not_found",
                AirlabsError::MinuteLimitExceeded => "minute_limit_exceeded",
                AirlabsError::HourLimitExceeded => "hour_limit_exceeded",
                AirlabsError::MonthLimitExceeded => "month_limit_exceeded",
                AirlabsError::InternalError => "internal_error",
                AirlabsError::Other => "unknown_error",
            },
            Self::TooManyRequests { .. } => "too_many_requests",
            Self::Server { .. } => "server_failed",
            Self::Refused { .. } => "refused",
            Self::Redirected { .. } => "redirected",
            Self::Connect { .. } => "cannot_connect",
            Self::TimedOut { .. } => "timed_out",
            Self::Interrupted { .. } => "interrupted",
            Self::TooLarge { .. } => "too_large",
            Self::TooMany => "too_many",
            Self::Malformed => "malformed_answer",
            Self::Unexpected => "unexpected_answer",
        }
    }

    /// What to do.
    #[must_use]
    pub const fn retry(&self) -> Retry {
        match self {
            Self::Airlabs { error, .. } => error.retry(),
            Self::Refused { .. } | Self::Redirected { .. } => Retry::Stop,
            _ => Retry::BackOff,
        }
    }

    /// The same for a [`Schedule`](super::Schedule).
    #[must_use]
    pub const fn failure(&self) -> Failure {
        let retry_after = match self {
            Self::Airlabs { retry_after, .. }
            | Self::TooManyRequests { retry_after }
            | Self::Server { retry_after, .. } => *retry_after,
            _ => None,
        };
        Failure {
            retry: self.retry(),
            retry_after,
            has_arrived: !matches!(self, Self::Connect { .. }),
        }
    }
}

/// Why a client cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The base URL cannot be used. Correct it; the usual one is [`BASE_URL`](super::BASE_URL).
    #[error("the base URL of Airlabs {why}")]
    BaseUrl {
        /// What is wrong with it.
        why: &'static str,
    },
    /// The HTTP client cannot start: no threads left, or no TLS.
    #[error("the HTTP client cannot start: {cause}")]
    Start {
        /// What the system says.
        cause: String,
    },
}

/// The last of an error's sources: what the system said, without the wrapping around it, in which a URL may stand.
pub(super) fn root_cause(error: &(dyn Error + 'static)) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
