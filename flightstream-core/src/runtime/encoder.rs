use std::fmt::Display;
use std::io::Write as _;

use serde::Serialize;

use crate::batch::{Record, Rejection};

/// Turns a record into the key and value bytes that a topic stores.
pub trait Encoder<T> {
    /// Appends the bytes to the payload's buffers.
    ///
    /// # Errors
    /// If the value has no encoding; the record is then refused.
    fn encode(&mut self, record: &Record<T>, payload: &mut Payload<'_>) -> Result<(), Rejection>;
}

/// Where an [`Encoder`] puts a record's bytes.
#[derive(Debug)]
pub struct Payload<'a> {
    pub(crate) buffer: &'a mut Vec<u8>,
    pub(crate) key_end: Option<usize>,
    pub(crate) tombstone: bool,
}

impl Payload<'_> {
    /// Sets the key; without it the record keeps the one that it was read with. To be called before
    /// [`value`](Self::value).
    pub fn key(&mut self, key: impl Display) {
        // Writing into a Vec does not fail.
        let _ = write!(self.buffer, "{key}");
        self.key_end = Some(self.buffer.len());
    }

    /// The buffer to append the value's bytes to.
    pub fn value(&mut self) -> &mut Vec<u8> {
        self.buffer
    }

    /// Makes the record a tombstone, which deletes its key in a compacted topic.
    pub fn tombstone(&mut self) {
        self.tombstone = true;
    }
}

/// Key and value pairs: the key as text, the value as JSON.
#[derive(Clone, Copy, Debug, Default)]
pub struct Json;

impl<K: Display, V: Serialize> Encoder<(K, V)> for Json {
    fn encode(
        &mut self,
        record: &Record<(K, V)>,
        payload: &mut Payload<'_>,
    ) -> Result<(), Rejection> {
        payload.key(&record.value.0);
        write_json(&record.value.1, payload)
    }
}

/// Values as JSON, under the key that they were read with.
#[derive(Clone, Copy, Debug, Default)]
pub struct JsonValues;

impl<V: Serialize> Encoder<V> for JsonValues {
    fn encode(&mut self, record: &Record<V>, payload: &mut Payload<'_>) -> Result<(), Rejection> {
        write_json(&record.value, payload)
    }
}

fn write_json(value: &impl Serialize, payload: &mut Payload<'_>) -> Result<(), Rejection> {
    serde_json::to_writer(payload.value(), value)
        .map_err(|error| Rejection::new("not_encodable").with_detail(error))
}
