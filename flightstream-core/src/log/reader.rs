use std::fmt::Debug;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::wakers::Wakers;
use super::{LogError, PartitionReader};
use crate::batch::{Offset, Raw, Record, TopicPartition};

/// What a [`Reader`] needs of a partition.
pub(super) trait Readable: Send + Sync + Debug {
    /// The records from `from` on, at most `max_records`; empty at the end.
    fn read(&self, from: Offset, max_records: usize) -> Result<Vec<Record<Raw>>, LogError>;

    /// The offset after the last record.
    fn end(&self) -> Result<Offset, LogError>;
}

/// Reads a partition that lives in this process.
#[derive(Debug)]
pub(super) struct Reader<P> {
    partition: P,
    topic_partition: TopicPartition,
    position: Offset,
    wakers: Arc<Wakers>,
    id: u64,
}

impl<P: Readable> Reader<P> {
    pub(super) fn new(
        partition: P,
        topic_partition: TopicPartition,
        position: Offset,
        wakers: Arc<Wakers>,
    ) -> Self {
        let id = wakers.new_reader();
        Self {
            partition,
            topic_partition,
            position,
            wakers,
            id,
        }
    }

    fn fetch(&mut self, max_records: usize) -> Result<Vec<Record<Raw>>, LogError> {
        // Before the read, so that what is appended meanwhile is not taken for read.
        let end = self.partition.end()?;
        let records = self.partition.read(self.position, max_records.max(1))?;
        self.position = match records.last() {
            Some(last) => last.origin.saturating_add(1),
            // Compaction has removed what was left.
            None => self.position.max(end),
        };
        Ok(records)
    }
}

impl<P: Readable> PartitionReader for Reader<P> {
    fn topic_partition(&self) -> &TopicPartition {
        &self.topic_partition
    }

    fn poll_fetch(
        &mut self,
        cx: &mut Context<'_>,
        max_records: usize,
    ) -> Poll<Result<Vec<Record<Raw>>, LogError>> {
        let records = self.fetch(max_records)?;
        if !records.is_empty() {
            return Poll::Ready(Ok(records));
        }
        // What is appended between the first look and the registration would wake nobody, hence the second look.
        self.wakers.register(self.id, cx.waker());
        let records = self.fetch(max_records)?;
        if records.is_empty() {
            return Poll::Pending;
        }
        self.wakers.remove(self.id);
        Poll::Ready(Ok(records))
    }

    fn end(&self) -> Result<Offset, LogError> {
        self.partition.end()
    }

    fn position(&self) -> Offset {
        self.position
    }

    fn seek(&mut self, position: Offset) {
        self.position = position;
    }
}

impl<P> Drop for Reader<P> {
    fn drop(&mut self) {
        self.wakers.remove(self.id);
    }
}
