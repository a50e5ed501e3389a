use std::collections::VecDeque;

use super::keys::PartitionId;
use super::record_batch::RecordBatch;
use crate::batch::Offset;

/// The newest record batches of a partition, in memory as they were appended.
#[derive(Debug, Default)]
pub(super) struct Tail(VecDeque<RecordBatch>);

/// Which tails hold how much, in the order it was appended.
#[derive(Debug)]
pub(super) struct TailBudget {
    order: VecDeque<(PartitionId, Offset, usize)>,
    bytes: usize,
    limit: usize,
}

impl Tail {
    pub(super) fn push(&mut self, batch: RecordBatch) {
        self.0.push_back(batch);
    }

    /// The batches from the one that holds `from` on; `None` when that one is not here any more.
    pub(super) fn since(&self, from: Offset) -> Option<impl Iterator<Item = &RecordBatch>> {
        let first = self.0.partition_point(|batch| batch.last() < from);
        let begins = self.0.front()?.base;
        (begins <= from).then(|| self.0.range(first..))
    }

    /// Forgets the batches that begin before `offset`.
    pub(super) fn forget_before(&mut self, offset: Offset) {
        while self.0.front().is_some_and(|batch| batch.base < offset) {
            self.0.pop_front();
        }
    }
}

impl TailBudget {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            order: VecDeque::new(),
            bytes: 0,
            limit,
        }
    }

    /// Notes a batch and names those that have to go for it: each the partition and the offset up to which to
    /// forget.
    pub(super) fn admit(
        &mut self,
        partition: PartitionId,
        batch: &RecordBatch,
    ) -> Vec<(PartitionId, Offset)> {
        self.order
            .push_back((partition, batch.last(), batch.bytes.len()));
        self.bytes += batch.bytes.len();
        let mut evicted = Vec::new();
        while self.bytes > self.limit {
            let Some((partition, last, size)) = self.order.pop_front() else {
                break;
            };
            self.bytes -= size;
            evicted.push((partition, last.saturating_add(1)));
        }
        evicted
    }
}
