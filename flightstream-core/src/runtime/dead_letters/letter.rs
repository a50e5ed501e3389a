use super::header;
use crate::batch::{Headers, Offset, Raw, Record, TopicPartition};

/// A refused record, as it lies in a dead-letter topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// Where it lies.
    pub partition: TopicPartition,
    /// Its offset there.
    pub offset: Offset,
    /// The reason's code, such as `malformed_json`; empty where it has none.
    pub reason: String,
    /// A sentence about this record; may be empty.
    pub message: String,
    /// The operator that refused it, such as `decode`.
    pub stage: String,
    /// Where it was read; `None` if it came from no topic.
    pub origin: Option<(TopicPartition, Offset)>,
    /// How often it was sent once more before.
    pub replays: u32,
    /// The record as it was read, without the headers that say why it is here. Its event time is the one that it had when
    /// it was refused.
    pub original: Record<Raw>,
}

impl DeadLetter {
    /// What a record of a dead-letter topic tells.
    #[must_use]
    pub fn of(partition: &TopicPartition, mut letter: Record<Raw>) -> Self {
        let text = |name| {
            let value = letter.headers.get(name)?;
            Some(String::from_utf8_lossy(value).into_owned())
        };
        let number = |name| text(name)?.parse().ok();
        let origin = || {
            let from = u32::try_from(number(header::PARTITION)?).ok()?;
            Some((
                TopicPartition::new(text(header::TOPIC)?, from),
                number(header::OFFSET)?,
            ))
        };
        let replays = number(header::REPLAYS).and_then(|replays| u32::try_from(replays).ok());
        let (reason, message, stage) = (
            text(header::REASON),
            text(header::MESSAGE),
            text(header::STAGE),
        );
        let origin = origin();
        let mut headers = Headers::default();
        for (name, value) in &letter.headers {
            if !name.starts_with(header::ERRORS) && name != header::REPLAYS {
                headers.push(name.as_str(), value.clone());
            }
        }
        let offset = letter.origin;
        letter.headers = headers;
        Self {
            partition: partition.clone(),
            offset,
            reason: reason.unwrap_or_default(),
            message: message.unwrap_or_default(),
            stage: stage.unwrap_or_default(),
            origin,
            replays: replays.unwrap_or(0),
            original: letter,
        }
    }

    /// The topic that it was read from.
    #[must_use]
    pub fn topic(&self) -> Option<&str> {
        self.origin.as_ref().map(|(partition, _)| partition.topic())
    }
}
