//! Where records come from and go to: topics of partitions, consumer groups, and one atomic commit.
//!
//! The trait [`Log`] has Kafka's vocabulary and Kafka's guarantees, so that a pipeline doesn't see whether it runs
//! on the [`memory`] log (tests), the `embedded` log (a laptop, feature `embedded`) or a Kafka cluster (`kafka`, feature
//! `kafka`).
//!
//! All calls are made from the runtime's own threads and may block, except the `poll_` methods, which never do.

#[cfg(feature = "files")]
pub mod archive;
#[cfg(all(feature = "embedded", not(loom)))]
pub mod embedded;
mod error;
#[cfg(feature = "kafka")]
pub mod kafka;
mod lock;
mod members;
pub mod memory;
mod partitioner;
mod pending;
mod reader;
mod router;
mod topic;
mod wakers;

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::task::{Context, Poll};

pub use self::error::LogError;
pub use self::partitioner::{murmur2, partition_for_key};
pub(crate) use self::pending::Pending;
pub use self::topic::{Cleanup, Compaction, TopicSpec};
use crate::batch::{Offset, Raw, Record, TopicPartition};

/// A set of topics.
pub trait Log: Send + Sync + Debug {
    /// Creates a topic, or checks that the existing one has that many partitions.
    ///
    /// # Errors
    /// [`LogError::TopicDiffers`] if it exists with another number of partitions.
    fn create_topic(&self, spec: &TopicSpec) -> Result<(), LogError>;

    /// The topics there are, with their settings, by name.
    ///
    /// # Errors
    /// If the log cannot be read.
    fn topics(&self) -> Result<Vec<TopicSpec>, LogError>;

    /// The first offset and the offset after the last record of each partition of a topic, by partition number.
    ///
    /// # Errors
    /// [`LogError::UnknownTopic`].
    fn offsets(&self, topic: &str) -> Result<Vec<OffsetRange>, LogError>;

    /// The offset after the last record that was written to each partition of a topic, by partition number. Where
    /// transactions become visible some time after their commit, those are counted that are not visible yet.
    ///
    /// # Errors
    /// [`LogError::UnknownTopic`].
    fn ends(&self, topic: &str) -> Result<Vec<Offset>, LogError> {
        let ranges = self.offsets(topic)?.into_iter();
        Ok(ranges.map(|range| range.end).collect())
    }

    /// What a group has committed of a topic: the next offset to read of each partition, absent where it never
    /// committed.
    ///
    /// # Errors
    /// If the log cannot be read.
    fn committed(
        &self,
        group: &str,
        topic: &str,
    ) -> Result<BTreeMap<TopicPartition, Offset>, LogError>;

    /// Joins a group (or reads on its own, see [`Start`]) and waits to be assigned partitions.
    ///
    /// # Errors
    /// [`LogError::UnknownTopic`]; [`LogError::GroupBusy`] where only one member is possible.
    fn subscribe(&self, subscription: &Subscription) -> Result<Box<dyn Subscriber>, LogError>;

    /// A reader of one partition that belongs to no group.
    ///
    /// # Errors
    /// [`LogError::UnknownTopic`] or [`LogError::UnknownPartition`].
    fn partition_reader(
        &self,
        partition: &TopicPartition,
        from: Offset,
    ) -> Result<Box<dyn PartitionReader>, LogError>;

    /// A writer. With [`Isolation::Transactional`] what it appends becomes visible at its commit, as a whole.
    ///
    /// # Errors
    /// If the log refuses the writer.
    fn writer(&self, isolation: Isolation) -> Result<Box<dyn Writer>, LogError>;

    /// Reads up to `max_records` records of a partition from `from` on, without a group; empty at the end.
    ///
    /// # Errors
    /// [`LogError::UnknownTopic`], or if the log cannot be read.
    fn read(
        &self,
        partition: &TopicPartition,
        from: Offset,
        max_records: usize,
    ) -> Result<Vec<Record<Raw>>, LogError>;

    /// The offset from which on compaction has removed no tombstone yet, if the log knows: who has read everything before
    /// it, and reads on, learns of every removal.
    ///
    /// # Errors
    /// [`LogError::UnknownTopic`] or [`LogError::UnknownPartition`].
    fn tombstones_from(&self, partition: &TopicPartition) -> Result<Option<Offset>, LogError> {
        let _ = partition;
        Ok(None)
    }
}

/// The offsets that a partition holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OffsetRange {
    /// The first offset that can be read.
    pub start: Offset,
    /// The offset that the next record will get.
    pub end: Offset,
}

/// What to read, as whom, from where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// The consumer group.
    pub group: String,
    /// The topic.
    pub topic: String,
    /// Where to begin.
    pub start: Start,
}

/// Where a subscription begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Start {
    /// Where the group has committed; at the first record where it never has.
    #[default]
    Committed,
    /// At the first record, every time: for views that are rebuilt at start.
    Earliest,
}

/// A member of a consumer group.
pub trait Subscriber: Send {
    /// The next change of what this member is assigned.
    ///
    /// # Errors
    /// If the membership is lost for good.
    fn poll_assignment(&mut self, cx: &mut Context<'_>) -> Poll<Result<Assignment, LogError>>;
}

/// A change of what a group member is assigned.
#[non_exhaustive]
pub enum Assignment {
    /// These partitions are now this member's, each at its start position.
    Assigned(Vec<Box<dyn PartitionReader>>),
    /// These partitions will go to another member: finish, commit and drop their readers.
    Revoked(Vec<TopicPartition>),
    /// These partitions are no longer this member's and others may have them already: drop their readers, and commit
    /// nothing of them.
    Lost(Vec<TopicPartition>),
}

impl Debug for Assignment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Assigned(readers) => f
                .debug_list()
                .entries(readers.iter().map(|reader| reader.topic_partition()))
                .finish(),
            Self::Revoked(partitions) => f.debug_tuple("Revoked").field(partitions).finish(),
            Self::Lost(partitions) => f.debug_tuple("Lost").field(partitions).finish(),
        }
    }
}

/// Reads one partition from a position on.
pub trait PartitionReader: Send {
    /// The partition.
    fn topic_partition(&self) -> &TopicPartition;

    /// The next records, at least one and at most `max_records`, in offset order; pending while there is none (the
    /// waker is called when one is appended). A transactional writer's records show up once they are committed.
    ///
    /// # Errors
    /// If the partition cannot be read.
    fn poll_fetch(
        &mut self,
        cx: &mut Context<'_>,
        max_records: usize,
    ) -> Poll<Result<Vec<Record<Raw>>, LogError>>;

    /// The offset after the last record there is, to compute the lag.
    ///
    /// # Errors
    /// If the partition cannot be read.
    fn end(&self) -> Result<Offset, LogError>;

    /// The position: the offset that the next fetch begins at (or after, where offsets have gaps).
    fn position(&self) -> Offset;

    /// Moves to another position, so that what was read but not committed is read again.
    fn seek(&mut self, position: Offset);
}

/// When what a writer appends can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Isolation {
    /// At once.
    Immediate,
    /// When it is committed, together with the offsets: all or nothing.
    Transactional,
}

/// Appends records and commits offsets.
pub trait Writer: Send {
    /// Appends records to a topic. Each goes to the partition that its key hashes to
    /// ([`partition_for_key`]: the same one that a Java producer chooses); those without a key take turns.
    /// `Record::event_time` is stored as the record's timestamp; `Record::origin` is not looked at.
    ///
    /// # Errors
    /// [`LogError::UnknownTopic`]; or if the log cannot store them, in which case none of them is acknowledged.
    fn append(&mut self, topic: &str, records: Vec<Record<Raw>>) -> Result<(), LogError>;

    /// Appends records to one partition, whatever their keys: a changelog follows the partition whose state it keeps.
    ///
    /// # Errors
    /// As [`append`](Self::append), and [`LogError::UnknownPartition`].
    fn append_to(
        &mut self,
        partition: &TopicPartition,
        records: Vec<Record<Raw>>,
    ) -> Result<(), LogError>;

    /// Makes everything appended so far durable and sets the group's offsets (each the next offset to read). For a
    /// transactional writer both happen as a whole or not at all.
    ///
    /// # Errors
    /// If the log cannot store it; nothing is committed then.
    fn commit(&mut self, group: &str, offsets: &[(TopicPartition, Offset)])
    -> Result<(), LogError>;

    /// Forgets what a transactional writer has appended since its last commit. Does nothing to an immediate one.
    fn abort(&mut self);
}
