use std::sync::Arc;

use super::keys::PartitionId;
use super::record_batch::RecordBatch;
use super::tail::Tail;
use crate::batch::Offset;
use crate::log::wakers::Wakers;
use crate::time::Timestamp;

/// One partition as the log keeps it in memory.
#[derive(Debug)]
pub(super) struct Partition {
    pub(super) id: PartitionId,
    pub(super) state: PartitionState,
    pub(super) tail: Tail,
    pub(super) wakers: Arc<Wakers>,
}

/// What is stored about a partition besides its records, with each commit that changes it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct PartitionState {
    /// The first offset that can be read.
    pub(super) start: Offset,
    /// The offset that the next record gets. It never shrinks, whatever is removed.
    pub(super) end: Offset,
    /// The largest timestamp there ever was.
    pub(super) newest: Option<Timestamp>,
    /// Stored bytes of its record batches.
    pub(super) bytes: u64,
    /// The end of what compaction has been through.
    pub(super) compacted_to: Offset,
    /// Stored bytes before `compacted_to` when compaction was last through.
    pub(super) compacted_bytes: u64,
    /// Before it, compaction may have removed tombstones.
    pub(super) tombstones_from: Offset,
}

const STATE_LEN: usize = 7 * 8 + 1;
/// Without `tombstones_from`, as it was stored at first.
const SHORT_STATE_LEN: usize = 6 * 8 + 1;

impl Partition {
    pub(super) fn new(id: PartitionId, state: PartitionState) -> Self {
        Self {
            id,
            state,
            tail: Tail::default(),
            wakers: Arc::default(),
        }
    }
}

impl PartitionState {
    /// Gives a batch the next offsets.
    pub(super) fn assign(&mut self, batch: RecordBatch, commit_base: Offset) -> RecordBatch {
        let base = commit_base.saturating_add(batch.base);
        let batch = RecordBatch { base, ..batch };
        self.end = batch.last().saturating_add(1);
        self.newest = self.newest.max(Some(batch.header.newest));
        self.bytes = self.bytes.saturating_add(batch.bytes.len() as u64);
        batch
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(STATE_LEN);
        bytes.push(u8::from(self.newest.is_some()));
        let newest = self.newest.unwrap_or_default().as_millis();
        for number in [
            self.start,
            self.end,
            newest.cast_unsigned(),
            self.bytes,
            self.compacted_to,
            self.compacted_bytes,
            self.tombstones_from,
        ] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        bytes
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let (has_newest, mut rest) = bytes.split_first()?;
        let mut next = || {
            let (number, after) = rest.split_first_chunk::<8>()?;
            rest = after;
            Some(u64::from_le_bytes(*number))
        };
        let start = next()?;
        let end = next()?;
        let newest = Timestamp::from_millis(next()?.cast_signed());
        let (stored_bytes, compacted_to, compacted_bytes) = (next()?, next()?, next()?);
        let state = Self {
            start,
            end,
            newest: (*has_newest == 1).then_some(newest),
            bytes: stored_bytes,
            compacted_to,
            compacted_bytes,
            tombstones_from: next().unwrap_or(compacted_to),
        };
        let is_whole = [STATE_LEN, SHORT_STATE_LEN].contains(&bytes.len());
        (is_whole && start <= end).then_some(state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_comes_back() {
        let state = PartitionState {
            start: 3,
            end: 9,
            newest: Some(Timestamp::from_millis(-5)),
            bytes: 100,
            compacted_to: 4,
            compacted_bytes: 40,
            tombstones_from: 2,
        };
        assert_eq!(PartitionState::decode(&state.encode()), Some(state));
        let short = &state.encode()[..SHORT_STATE_LEN];
        let tombstones_from = PartitionState::decode(short).map(|state| state.tombstones_from);
        assert_eq!(tombstones_from, Some(4));
        let empty = PartitionState::default();
        assert_eq!(PartitionState::decode(&empty.encode()), Some(empty));
        assert_eq!(PartitionState::decode(&empty.encode()[1..]), None);
    }
}
