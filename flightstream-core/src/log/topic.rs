use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::LogError;

/// Each takes memory and space of its own, and Kafka's brokers advise some thousands.
const MOST_PARTITIONS: u32 = 10_000;

/// A topic's name and settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicSpec {
    /// The name: letters, digits, `.`, `_` and `-`, at most 249 of them (Kafka's rule).
    pub name: String,
    /// How many partitions, from 1 to 10,000.
    pub partitions: u32,
    /// What is removed over time.
    pub cleanup: Cleanup,
}

/// Which record of a key compaction keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Compaction {
    /// The last one, as Kafka does.
    LastOffset,
    /// The one with the newest event time, of equal ones the last: a report that comes late supersedes nothing.
    NewestEventTime,
}

/// How a topic is kept from growing for ever. The embedded log keeps what a group with a member has not
/// committed yet, however old or much it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cleanup {
    /// Keep only one record of each key (`cleanup.policy=compact`).
    pub compact: Option<Compaction>,
    /// Remove records whose timestamp is this much older than the newest in their partition.
    pub retention: Option<Duration>,
    /// Remove the oldest records of a partition beyond this many stored bytes.
    pub retention_bytes: Option<u64>,
}

impl TopicSpec {
    /// A topic that keeps everything.
    #[must_use]
    pub fn new(name: impl Into<String>, partitions: u32) -> Self {
        Self {
            name: name.into(),
            partitions,
            cleanup: Cleanup::default(),
        }
    }

    /// The same, compacted by key: the last record of each stays.
    #[must_use]
    pub fn compacted(mut self) -> Self {
        self.cleanup.compact = Some(Compaction::LastOffset);
        self
    }

    /// The same, compacted by key: the record with the newest event time of each stays, in whatever order they came.
    #[must_use]
    pub fn compacted_by_event_time(mut self) -> Self {
        self.cleanup.compact = Some(Compaction::NewestEventTime);
        self
    }

    /// The same, with records removed when they are `age` older than the newest of their partition.
    #[must_use]
    pub fn retention(mut self, age: Duration) -> Self {
        self.cleanup.retention = Some(age);
        self
    }

    /// The same, with the oldest records of a partition removed beyond `bytes`.
    #[must_use]
    pub fn retention_bytes(mut self, bytes: u64) -> Self {
        self.cleanup.retention_bytes = Some(bytes);
        self
    }

    /// Checks name and partition count.
    ///
    /// # Errors
    /// [`LogError::InvalidTopic`].
    pub fn validate(&self) -> Result<(), LogError> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        let why = if self.name.is_empty() || self.name.len() > 249 {
            "a name has 1 to 249 characters"
        } else if !self.name.chars().all(allowed) {
            "a name has only ASCII letters, digits, '.', '_' and '-'"
        } else if self.name == "." || self.name == ".." {
            "'.' and '..' are not names"
        } else if self.partitions == 0 {
            "it needs at least one partition"
        } else if self.partitions > MOST_PARTITIONS {
            "it can have 10,000 partitions at most"
        } else {
            return Ok(());
        };
        Err(LogError::InvalidTopic {
            topic: self.name.clone(),
            why,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_kafkas_rule() {
        assert!(TopicSpec::new("flight-enriched", 4).validate().is_ok());
        for name in ["", ".", "..", "a b", "é", &"x".repeat(250)] {
            assert!(TopicSpec::new(name, 1).validate().is_err(), "{name:?}");
        }
    }

    #[test]
    fn partitions_are_one_to_ten_thousand() {
        for (partitions, is_good) in [(0, false), (1, true), (10_000, true), (10_001, false)] {
            let topic = TopicSpec::new("flight", partitions);
            assert_eq!(topic.validate().is_ok(), is_good, "{partitions}");
        }
    }
}
