use bytes::Bytes;

use crate::batch::{Offset, Raw, Record};
use crate::runtime::dead_letters::header;

/// A refused record, as it is in the dead-letter topic.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reject {
    /// The partition that it was read from.
    pub partition: u32,
    /// The offset that it was read at.
    pub offset: Offset,
    /// The operator that refused it, such as `decode`.
    pub stage: String,
    /// The reason's code, such as `malformed_json`.
    pub reason: String,
    /// A sentence about this record.
    pub detail: String,
    /// The key that it was read with.
    pub key: Option<Bytes>,
    /// The value that it was read with.
    pub value: Option<Bytes>,
}

impl Reject {
    pub(super) fn new(letter: &Record<Raw>) -> Self {
        let text = |name| {
            let value = letter.headers.get(name).map(|value| &**value);
            String::from_utf8_lossy(value.unwrap_or_default()).into_owned()
        };
        Self {
            partition: text(header::PARTITION).parse().unwrap_or_default(),
            offset: text(header::OFFSET).parse().unwrap_or_default(),
            stage: text(header::STAGE),
            reason: text(header::REASON),
            detail: text(header::MESSAGE),
            key: letter.key.clone(),
            value: letter.value.0.clone(),
        }
    }
}
