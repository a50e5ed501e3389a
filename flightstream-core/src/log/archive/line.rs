use std::borrow::Cow;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::batch::{Headers, Offset, Raw, Record};
use crate::time::Timestamp;

/// The form that is written.
pub(super) const FORM: u32 = 1;

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Head<'a> {
    pub(super) archive: u32,
    #[serde(borrow)]
    pub(super) topic: Cow<'a, str>,
    pub(super) partitions: u32,
}

/// The last line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tail {
    pub(super) records: u64,
}

/// A record's line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Line<'a> {
    pub(super) partition: u32,
    offset: Offset,
    time: i64,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    key: Option<Content<'a>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    value: Option<Content<'a>>,
    #[serde(borrow, default, skip_serializing_if = "Vec::is_empty")]
    headers: Vec<(Cow<'a, str>, Content<'a>)>,
}

/// Bytes, as text if they are.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum Content<'a> {
    Text(#[serde(borrow)] Cow<'a, str>),
    Binary { base64: Cow<'a, str> },
}

impl<'a> Line<'a> {
    pub(super) fn of(partition: u32, record: &'a Record<Raw>) -> Self {
        let header =
            |(name, value): &'a (String, Bytes)| (Cow::Borrowed(name.as_str()), Content::of(value));
        Self {
            partition,
            offset: record.origin,
            time: record.event_time.as_millis(),
            key: record.key.as_deref().map(Content::of),
            value: record.value.as_bytes().map(Content::of),
            headers: record.headers.iter().map(header).collect(),
        }
    }

    /// The record to append.
    pub(super) fn record(self) -> Result<Record<Raw>, String> {
        let value = self.value.map(Content::bytes).transpose()?;
        let mut headers = Headers::default();
        for (name, value) in self.headers {
            headers.push(name, value.bytes()?);
        }
        Ok(Record {
            key: self.key.map(Content::bytes).transpose()?,
            headers,
            ..Record::new(Raw(value), Timestamp::from_millis(self.time))
        })
    }
}

impl<'a> Content<'a> {
    fn of(bytes: &'a [u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::Text(text.into()),
            Err(_) => Self::Binary {
                base64: BASE64_STANDARD.encode(bytes).into(),
            },
        }
    }

    fn bytes(self) -> Result<Bytes, String> {
        match self {
            Self::Text(text) => Ok(text.into_owned().into()),
            Self::Binary { base64 } => BASE64_STANDARD
                .decode(base64.as_bytes())
                .map(Bytes::from)
                .map_err(|error| format!("bad base64: {error}")),
        }
    }
}
