use std::borrow::Cow;

use bytes::Bytes;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::batch::{Raw, Record};
use crate::flight::Icao24;
use crate::flight::airlabs;
use crate::time::Timestamp;

/// One message as a source sent it, with what has to be known to send it on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The aircraft's address as a key; `None` where the message has no good one.
    pub key: Option<Bytes>,
    /// The message's bytes.
    pub value: Bytes,
    /// Its event time, if it tells.
    pub event_time: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    hex: Option<Cow<'a, str>>,
    updated: Option<i64>,
    request: Option<IgnoredAny>,
    response: Option<IgnoredAny>,
    error: Option<IgnoredAny>,
}

impl Envelope<'_> {
    /// Whether these are the fields of an API's answer.
    fn is_answer(&self) -> bool {
        let has_failed = self.error.is_some() && self.hex.is_none();
        self.request.is_some() || self.response.is_some() || has_failed
    }
}

impl Message {
    /// Takes key and event time from a message's JSON. Nothing is wrong with a message that has neither: it is sent
    /// all the same, and decoding refuses it.
    #[must_use]
    pub fn from_json(value: Bytes) -> Self {
        Self::read(value).0
    }

    /// The same, unless it is an answer of the API as a whole or what is left of one: that is given back.
    #[cfg(feature = "files")]
    pub(crate) fn unless_answer(value: Bytes) -> Result<Self, Bytes> {
        match Self::read(value) {
            (message, false) => Ok(message),
            (message, true) => Err(message.value),
        }
    }

    /// The message, and whether it is no message but an answer of the API.
    fn read(value: Bytes) -> (Self, bool) {
        let (hex, event_time, is_answer) = match serde_json::from_slice::<Envelope<'_>>(&value) {
            Ok(envelope) => {
                let is_answer = envelope.is_answer();
                let hex = envelope.hex.and_then(|hex| hex.parse().ok());
                let event_time = envelope.updated.map(Timestamp::from_seconds);
                (hex, event_time, is_answer)
            }
            Err(_) => (None, None, airlabs::may_be_answer(&value)),
        };
        let key = hex.map(|hex: Icao24| Bytes::from(hex.to_string()));
        let message = Self {
            key,
            value,
            event_time,
        };
        (message, is_answer)
    }

    /// The record to append. Without an event time of its own it gets `otherwise`.
    #[must_use]
    pub fn into_record(self, otherwise: Timestamp) -> Record<Raw> {
        let event_time = self.event_time.unwrap_or(otherwise);
        Record {
            key: self.key,
            ..Record::new(Raw(Some(self.value)), event_time)
        }
    }
}
