use crate::flight::Text;
use crate::time::Timestamp;

/// Messages in the order in which they were made, their bytes in one buffer that is used again.
#[derive(Clone, Debug, Default)]
pub struct Messages {
    bytes: Vec<u8>,
    entries: Vec<Entry>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    key: Key,
    start: usize,
    end: usize,
    event_time: Timestamp,
}

/// Six hexadecimal digits, after `~` if the address is not ICAO's.
pub(super) type Key = Text<7>;

/// One message, ready for the topic `flight`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message<'a> {
    /// The aircraft's address, as in the field `hex`.
    pub key: &'a str,
    /// JSON, but for the defects [`Truncated`](super::Defect::Truncated) and
    /// [`Malformed`](super::Defect::Malformed).
    pub value: &'a [u8],
    /// The time in the field `updated`, in whole seconds: when the aircraft was where the message says.
    pub event_time: Timestamp,
}

impl Messages {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Forgets them and keeps the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.entries.clear();
    }

    /// The messages, oldest report first.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Message<'_>> {
        self.entries.iter().map(|entry| Message {
            key: entry.key.as_str(),
            value: self.bytes.get(entry.start..entry.end).unwrap_or_default(),
            event_time: entry.event_time,
        })
    }

    /// Adds one whose bytes `write` appends.
    pub(super) fn push(
        &mut self,
        key: Key,
        event_time: Timestamp,
        write: impl FnOnce(&mut Vec<u8>),
    ) {
        let start = self.bytes.len();
        write(&mut self.bytes);
        self.entries.push(Entry {
            key,
            start,
            end: self.bytes.len(),
            event_time,
        });
    }

    /// Adds the last one once more.
    pub(super) fn repeat(&mut self) {
        self.entries.extend(self.entries.last().copied());
    }
}
