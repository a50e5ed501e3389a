use crate::batch::{Offset, TopicPartition};

/// How far an app is in a partition, from [`Running::partition_lags`](super::Running::partition_lags).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionLag {
    /// Which partition.
    pub partition: TopicPartition,
    /// The next offset that the app will read: what is before it is committed.
    pub position: Offset,
    /// The offset that the partition's next record will get.
    pub end: Offset,
}

impl PartitionLag {
    /// How many messages the app has not committed. Offsets that hold no message, as after compaction, count too.
    #[must_use]
    pub const fn messages(&self) -> u64 {
        self.end.saturating_sub(self.position)
    }
}
