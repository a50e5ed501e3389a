use bytes::Bytes;

use crate::time::Timestamp;

/// One record: a value with what it was read with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record<T> {
    /// The key it has in its topic.
    pub key: Option<Bytes>,
    /// The value.
    pub value: T,
    /// When what it tells of happened. Until [`Records::event_time`](crate::Records::event_time) sets it, the time
    /// that the log stored with it.
    pub event_time: Timestamp,
    /// Headers, passed through untouched.
    pub headers: Headers,
    /// The offset it was read from, in the partition that the batch's [`Span`](super::Span) names.
    pub origin: Offset,
}

/// A position in a partition.
pub type Offset = u64;

impl<T> Record<T> {
    /// A record with neither key nor headers.
    #[must_use]
    pub fn new(value: T, event_time: Timestamp) -> Self {
        Self {
            key: None,
            value,
            event_time,
            headers: Headers::default(),
            origin: 0,
        }
    }

    /// Takes the value out and leaves the rest.
    #[must_use]
    pub fn take_value(self) -> (T, Record<()>) {
        let Self {
            key,
            value,
            event_time,
            headers,
            origin,
        } = self;
        (
            value,
            Record {
                key,
                value: (),
                event_time,
                headers,
                origin,
            },
        )
    }

    /// The same record with another value.
    #[must_use]
    pub fn with_value<U>(self, value: U) -> Record<U> {
        let Self {
            key,
            value: _,
            event_time,
            headers,
            origin,
        } = self;
        Record {
            key,
            value,
            event_time,
            headers,
            origin,
        }
    }
}

/// What a log stores as a value: bytes, or nothing (a *tombstone*, which deletes its key in a compacted topic).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Raw(pub Option<Bytes>);

impl Raw {
    /// The bytes, unless it is a tombstone.
    #[must_use]
    pub fn as_bytes(&self) -> Option<&[u8]> {
        self.0.as_deref()
    }
}

impl<B: Into<Bytes>> From<B> for Raw {
    fn from(bytes: B) -> Self {
        Self(Some(bytes.into()))
    }
}

/// A record's headers: names with bytes, in order, names may repeat.
///
/// Most records have none, so the empty list takes no memory of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(
    clippy::box_collection,
    reason = "one word where there are no headers, as in nearly every record"
)]
pub struct Headers(Option<Box<Vec<(String, Bytes)>>>);

impl Headers {
    /// Adds a header at the end.
    pub fn push(&mut self, name: impl Into<String>, value: impl Into<Bytes>) {
        self.0
            .get_or_insert_default()
            .push((name.into(), value.into()));
    }

    /// The value of the last header of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Bytes> {
        self.iter()
            .rev()
            .find(|(header, _)| header == name)
            .map(|(_, value)| value)
    }

    /// All headers, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, (String, Bytes)> {
        self.as_slice().iter()
    }

    /// All headers, in order.
    #[must_use]
    pub fn as_slice(&self) -> &[(String, Bytes)] {
        self.0.as_deref().map_or(&[], Vec::as_slice)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.as_deref().map_or(0, Vec::len)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<'a> IntoIterator for &'a Headers {
    type Item = &'a (String, Bytes);
    type IntoIter = std::slice::Iter<'a, (String, Bytes)>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
