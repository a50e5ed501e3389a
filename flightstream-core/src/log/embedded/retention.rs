use std::sync::MutexGuard;

use fjall::{PersistMode, Readable as _};

use super::keys::PartitionId;
use super::partition::PartitionState;
use super::record_batch::RecordBatch;
use super::shared::Shared;
use super::varint::Malformed;
use crate::batch::{Offset, Raw, Record, TopicPartition};
use crate::log::lock::lock;
use crate::log::{Cleanup, LogError};
use crate::time::Timestamp;

/// How many batches one write removes, so that appends in between don't wait long.
const BATCHES_A_WRITE: usize = 256;

/// A partition that something may be removed from.
#[derive(Clone, Debug)]
pub(super) struct Cleanable {
    pub(super) partition: TopicPartition,
    pub(super) id: PartitionId,
    pub(super) cleanup: Cleanup,
}

/// What the start of a partition loses.
struct Expired {
    batches: Vec<Offset>,
    bytes: u64,
    start: Offset,
    is_all: bool,
}

impl Shared {
    /// Applies compaction and retention where it is due, or everywhere.
    pub(super) fn clean(&self, everywhere: bool) -> Result<(), LogError> {
        let _cleaning = lock(&self.cleaning);
        let cleanable: Vec<_> = self
            .catalog()
            .partitions()
            .map(|(partition, cleanup, known)| Cleanable {
                partition,
                id: known.id,
                cleanup,
            })
            .collect();
        for cleanable in cleanable {
            let cleanup = &cleanable.cleanup;
            let compacts = cleanup.compact.is_some()
                && (everywhere || self.state_of(&cleanable.partition)?.wants_compaction());
            if compacts {
                self.compact(&cleanable)?;
            }
            if cleanup.retention.is_some() || cleanup.retention_bytes.is_some() {
                self.expire(&cleanable)?;
            }
        }
        Ok(())
    }

    pub(super) fn state_of(&self, partition: &TopicPartition) -> Result<PartitionState, LogError> {
        Ok(self.catalog().partition(partition)?.state)
    }

    fn expire(&self, cleanable: &Cleanable) -> Result<(), LogError> {
        loop {
            let state = self.state_of(&cleanable.partition)?;
            let expired = self.expired(cleanable, &state)?;
            if expired.batches.is_empty() && expired.start <= state.start {
                return Ok(());
            }
            self.rewrite(cleanable, &expired.batches, &[], expired.start, |state| {
                state.start = state.start.max(expired.start);
                state.bytes = state.bytes.saturating_sub(expired.bytes);
                state.compacted_bytes = state.compacted_bytes.min(state.bytes);
            })?;
            if expired.is_all {
                return Ok(());
            }
        }
    }

    fn expired(&self, cleanable: &Cleanable, state: &PartitionState) -> Result<Expired, LogError> {
        let limit = cleanable.cleanup.retention_bytes.unwrap_or(u64::MAX);
        let oldest = oldest_kept(&cleanable.cleanup, state);
        let mut expired = Expired {
            batches: Vec::new(),
            bytes: 0,
            start: state.start,
            is_all: true,
        };
        if oldest.is_none() && state.bytes <= limit {
            return Ok(expired);
        }
        let unread = self.first_unread(&cleanable.partition, state);
        let keys = cleanable.id.batch_key(0)..cleanable.id.batch_key(state.end);
        let snapshot = self.storage.database.snapshot();
        for entry in snapshot.range(&self.storage.records, keys) {
            let batch = self.load(entry)?;
            let is_newest = batch.last().saturating_add(1) >= state.end;
            let is_over = state.bytes.saturating_sub(expired.bytes) > limit && !is_newest;
            let is_old = oldest.is_some_and(|oldest| batch.header.newest < oldest);
            if batch.last() >= unread || !(is_over || is_old) {
                let kept = self.first_kept(&batch, oldest)?.min(unread);
                expired.start = expired.start.max(kept);
                return Ok(expired);
            }
            expired.batches.push(batch.base);
            expired.bytes += batch.bytes.len() as u64;
            expired.start = batch.last().saturating_add(1);
            if expired.batches.len() >= BATCHES_A_WRITE {
                expired.is_all = false;
                return Ok(expired);
            }
        }
        expired.start = state.end;
        Ok(expired)
    }

    /// The first record that a group with a member has not committed: a reader that falls behind loses nothing.
    fn first_unread(&self, partition: &TopicPartition, state: &PartitionState) -> Offset {
        let groups = self.members.groups_reading(partition.topic());
        let catalog = self.catalog();
        let next = groups.iter().map(|group| {
            let committed = catalog.committed(group);
            committed.get(partition).copied().unwrap_or(state.start)
        });
        next.min().unwrap_or(Offset::MAX)
    }

    fn first_kept(
        &self,
        batch: &RecordBatch,
        oldest: Option<Timestamp>,
    ) -> Result<Offset, LogError> {
        let Some(oldest) = oldest else {
            return Ok(batch.base);
        };
        let records = self.records_of(batch)?;
        let kept = records.iter().find(|record| record.event_time >= oldest);
        Ok(kept.map_or(batch.base, |record| record.origin))
    }

    pub(super) fn records_of(&self, batch: &RecordBatch) -> Result<Vec<Record<Raw>>, LogError> {
        let mut records = Vec::new();
        batch
            .read(0, Offset::MAX, usize::MAX, &mut records)
            .map_err(|Malformed| self.unreadable())?;
        Ok(records)
    }

    /// Removes batches, puts others in their place and changes the partition's state, as a whole. Nothing from
    /// `changed_to` on may be affected.
    pub(super) fn rewrite(
        &self,
        cleanable: &Cleanable,
        removed: &[Offset],
        inserted: &[RecordBatch],
        changed_to: Offset,
        change: impl FnOnce(&mut PartitionState),
    ) -> Result<(), LogError> {
        let committing: MutexGuard<'_, ()> = self.lock_for_write()?;
        let mut state = self.state_of(&cleanable.partition)?;
        change(&mut state);
        let Cleanable { partition, id, .. } = cleanable;
        let storage = &self.storage;
        let mut batch = storage.database.batch();
        for base in removed {
            // One write must not hold a key twice.
            if !inserted.iter().any(|batch| batch.base == *base) {
                batch.remove(&storage.records, id.batch_key(*base));
            }
        }
        for inserted in inserted {
            let key = id.batch_key(inserted.base);
            batch.insert(&storage.records, key, inserted.bytes.clone());
        }
        batch.insert(&storage.meta, id.state_key(), state.encode());
        self.write(batch, Some(PersistMode::Buffer), &committing)?;
        self.catalog_mut()
            .publish_cleaned(partition, state, changed_to);
        Ok(())
    }
}

pub(super) fn oldest_kept(cleanup: &Cleanup, state: &PartitionState) -> Option<Timestamp> {
    Some(state.newest?.minus(cleanup.retention?))
}
