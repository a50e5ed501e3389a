use std::borrow::Cow;
use std::convert::Infallible;
use std::fmt;

use bytes::Bytes;

use super::{Headers, Offset};
use crate::time::Timestamp;

/// Why an operator refuses a record: a code to count by and a sentence to read.
///
/// Error types convert into it, so an operator's closure returns its own error and `?` works in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    reason: Cow<'static, str>,
    detail: String,
}

impl Rejection {
    /// A rejection with a `reason` out of a small fixed set (it labels a counter), such as `"no_position"`.
    #[must_use]
    pub fn new(reason: impl Into<Cow<'static, str>>) -> Self {
        Self {
            reason: reason.into(),
            detail: String::new(),
        }
    }

    /// Adds a sentence about this one record. It must hold no secret.
    #[must_use]
    pub fn with_detail(mut self, detail: impl fmt::Display) -> Self {
        self.detail = detail.to_string();
        self
    }

    /// The code.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// The sentence; empty when the code says it all.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }
}

impl From<Infallible> for Rejection {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.detail.is_empty() {
            f.write_str(&self.reason)
        } else {
            write!(f, "{}: {}", self.reason, self.detail)
        }
    }
}

/// A record that an operator refused, on its way to the dead-letter topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// The original key, as read.
    pub key: Option<Bytes>,
    /// The original value, as read; `None` where the batch did not come from a log.
    pub value: Option<Bytes>,
    /// The original headers.
    pub headers: Headers,
    /// The record's time when it was refused.
    pub event_time: Timestamp,
    /// Offset it was read from, in the partition of the batch's span.
    pub origin: Offset,
    /// The operator that refused it, such as `"decode"`.
    pub stage: &'static str,
    /// Why.
    pub rejection: Rejection,
    /// Whether it is only counted and gets no dead letter, which is its stage's policy
    /// [`OnFailure::Skip`](crate::OnFailure::Skip).
    pub is_skipped: bool,
}
