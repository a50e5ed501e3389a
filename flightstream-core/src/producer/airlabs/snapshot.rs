use bytes::Bytes;

use crate::flight::Icao24;
use crate::flight::airlabs::{Answer, Quota};
use crate::time::Timestamp;

/// What one call brought. Nothing of the envelope is left, which repeats the key and the caller's address.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Snapshot {
    /// The flights, in the order of the answer.
    pub messages: Vec<RawMessage>,
    /// The caller's plan, if the answer tells.
    pub quota: Option<Quota>,
    /// When the answer was complete.
    pub received: Timestamp,
    /// Whether the answer was not UTF-8: the bytes that are not were replaced by U+FFFD.
    pub is_repaired: bool,
}

/// One element of an answer: one message of the topic of raw flights.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawMessage {
    /// The aircraft. `None` if the element names none: it is sent all the same, and ends among the dead letters.
    pub hex: Option<Icao24>,
    /// The element as it came.
    pub raw: Bytes,
}

impl RawMessage {
    /// The message's key: the address in upper case.
    #[must_use]
    pub fn key(&self) -> Option<Bytes> {
        self.hex.map(Icao24::key)
    }
}

impl Snapshot {
    /// Copies the elements, so that the envelope does not live on in memory next to them.
    pub(super) fn new(answer: &Answer<'_>, received: Timestamp, is_repaired: bool) -> Self {
        let messages = answer.messages.iter().map(|message| RawMessage {
            hex: message.hex,
            raw: Bytes::copy_from_slice(message.raw),
        });
        Self {
            messages: messages.collect(),
            quota: answer.quota,
            received,
            is_repaired,
        }
    }
}
