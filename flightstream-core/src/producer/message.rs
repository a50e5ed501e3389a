use std::borrow::Cow;

use bytes::Bytes;
use serde::Deserialize;

use crate::batch::{Raw, Record};
use crate::flight::Icao24;
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
}

impl Message {
    /// Takes key and event time from a message's JSON. Nothing is wrong with a message that has neither: it is sent
    /// all the same, and decoding refuses it.
    #[must_use]
    pub fn from_json(value: Bytes) -> Self {
        let (hex, event_time) = match serde_json::from_slice::<Envelope<'_>>(&value) {
            Ok(envelope) => (
                envelope.hex.and_then(|hex| hex.parse().ok()),
                envelope.updated.map(Timestamp::from_seconds),
            ),
            Err(_) => (None, None),
        };
        let key = hex.map(|hex: Icao24| Bytes::from(hex.to_string()));
        Self {
            key,
            value,
            event_time,
        }
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
