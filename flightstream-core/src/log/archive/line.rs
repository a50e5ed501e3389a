use std::borrow::Cow;
use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::batch::{Headers, Offset, Raw, Record};
use crate::time::Timestamp;

/// The form that is written.
pub(super) const FORM: u32 = 1;
/// Larger text is written as base64: it takes up to six times as much room in JSON.
pub(super) const LARGEST_TEXT: usize = 1 << 20;
/// A header without content is a few characters here and many times that in memory.
const MOST_HEADERS: usize = 1024;

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
    #[serde(
        borrow,
        default,
        deserialize_with = "headers",
        skip_serializing_if = "Vec::is_empty"
    )]
    headers: Vec<(Cow<'a, str>, Content<'a>)>,
}

/// Bytes, as text if they are.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Content<'a> {
    Text(Cow<'a, str>),
    Binary { base64: Cow<'a, str> },
}

/// By hand: what serde derives would hold whatever stands there before it looks at it.
impl<'de: 'a, 'a> Deserialize<'de> for Content<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ContentVisitor;

        #[derive(Deserialize)]
        struct Binary<'a> {
            #[serde(borrow)]
            base64: Cow<'a, str>,
        }

        impl<'de> Visitor<'de> for ContentVisitor {
            type Value = Content<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text or an object with base64")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Content::Text(text.into()))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Content::Text(text.to_owned().into()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                let Binary { base64 } = Binary::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Content::Binary { base64 })
            }
        }

        deserializer.deserialize_any(ContentVisitor)
    }
}

fn headers<'de, D>(deserializer: D) -> Result<Vec<(Cow<'de, str>, Content<'de>)>, D::Error>
where
    D: Deserializer<'de>,
{
    struct HeadersVisitor;

    impl<'de> Visitor<'de> for HeadersVisitor {
        type Value = Vec<(Cow<'de, str>, Content<'de>)>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("headers")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            let mut headers = Vec::new();
            while let Some(header) = seq.next_element()? {
                if headers.len() == MOST_HEADERS {
                    let message = format_args!("it has more than {MOST_HEADERS} headers");
                    return Err(A::Error::custom(message));
                }
                headers.push(header);
            }
            Ok(headers)
        }
    }

    deserializer.deserialize_seq(HeadersVisitor)
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
            Ok(text) if bytes.len() <= LARGEST_TEXT => Self::Text(text.into()),
            _ => Self::Binary {
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
