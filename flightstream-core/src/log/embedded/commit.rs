use std::sync::MutexGuard;
use std::thread;
use std::time::Duration;

use fjall::{OwnedWriteBatch, PersistMode};

use super::failure::storage_error;
use super::keys::{self, PartitionId};
use super::options::Durability;
use super::partition::PartitionState;
use super::record_batch::RecordBatch;
use super::shared::Shared;
use crate::batch::{Offset, TopicPartition};
use crate::log::LogError;
use crate::log::lock::lock;

/// How long a writer waits before it looks again whether fjall has caught up.
const CATCH_UP: Duration = Duration::from_millis(2);

/// Batches for one partition, their offsets counting from 0.
#[derive(Debug)]
pub(super) struct Share {
    pub(super) partition: TopicPartition,
    pub(super) batches: Vec<RecordBatch>,
}

/// A share at its place in its partition.
struct Placed {
    partition: TopicPartition,
    id: PartitionId,
    state: PartitionState,
    batches: Vec<RecordBatch>,
}

impl Shared {
    /// Stores records and group offsets as a whole, then shows them and wakes who waits for them.
    pub(super) fn commit(
        &self,
        shares: Vec<Share>,
        group: &str,
        offsets: &[(TopicPartition, Offset)],
        is_final: bool,
    ) -> Result<(), LogError> {
        let committing = self.lock_for_write()?;
        let placed = self.place(shares)?;
        let mut batch = self.storage.database.batch();
        for share in &placed {
            for stored in &share.batches {
                let key = share.id.batch_key(stored.base);
                batch.insert(&self.storage.records, key, stored.bytes.clone());
            }
            let key = share.id.state_key();
            batch.insert(&self.storage.meta, key, share.state.encode());
        }
        {
            let catalog = self.catalog();
            for (partition, offset) in offsets {
                let key = catalog.partition(partition)?.id.group_key(group);
                batch.insert(&self.storage.meta, key, offset.to_le_bytes().to_vec());
            }
        }
        let mode = match self.options.durability {
            Durability::EveryCommit if is_final => PersistMode::SyncData,
            _ => PersistMode::Buffer,
        };
        if placed.is_empty() && offsets.is_empty() {
            return self.persist(mode);
        }
        self.write(batch, Some(mode), &committing)?;
        let mut wakers = Vec::with_capacity(placed.len());
        {
            let mut catalog = self.catalog_mut();
            for share in placed {
                wakers.extend(catalog.publish(&share.partition, share.state, share.batches));
            }
            for (partition, offset) in offsets {
                catalog.set_offset(group, partition.clone(), *offset);
            }
        }
        drop(committing);
        for wakers in wakers {
            wakers.wake_all();
        }
        Ok(())
    }

    /// Gives each batch its offsets.
    fn place(&self, shares: Vec<Share>) -> Result<Vec<Placed>, LogError> {
        let catalog = self.catalog();
        let mut all: Vec<Placed> = Vec::with_capacity(shares.len());
        for Share { partition, batches } in shares {
            if batches.is_empty() {
                continue;
            }
            let known = catalog.partition(&partition)?;
            let mut state = known.state;
            let base = state.end;
            let batches = batches
                .into_iter()
                .map(|batch| state.assign(batch, base))
                .collect();
            all.push(Placed {
                partition,
                id: known.id,
                state,
                batches,
            });
        }
        Ok(all)
    }

    /// The right to write, once fjall has room for it.
    pub(super) fn lock_for_write(&self) -> Result<MutexGuard<'_, ()>, LogError> {
        let committing = lock(&self.committing);
        self.failure.check()?;
        // fjall itself would wait without end for a flush that can't succeed, on a full disk for instance.
        while self.is_behind() {
            self.persist(PersistMode::Buffer)?;
            thread::sleep(CATCH_UP);
        }
        Ok(committing)
    }

    fn is_behind(&self) -> bool {
        [&self.storage.records, &self.storage.meta]
            .iter()
            .any(|keyspace| {
                keyspace.sealed_memtable_count() >= 2 || keyspace.l0_table_count() >= 16
            })
    }

    /// Commits a batch of fjall's with the number of the commit. The guard shows that nobody else does.
    pub(super) fn write(
        &self,
        mut batch: OwnedWriteBatch,
        mode: Option<PersistMode>,
        _committing: &MutexGuard<'_, ()>,
    ) -> Result<(), LogError> {
        let commit = self.next_commit();
        batch.insert(
            &self.storage.meta,
            keys::LAST_COMMIT,
            commit.to_le_bytes().to_vec(),
        );
        batch.durability(mode).commit().map_err(|error| {
            self.failure
                .note(storage_error("write", self.path(), &error))
        })?;
        self.set_last_commit(commit);
        Ok(())
    }

    fn persist(&self, mode: PersistMode) -> Result<(), LogError> {
        self.storage.database.persist(mode).map_err(|error| {
            self.failure
                .note(storage_error("write", self.path(), &error))
        })
    }
}
