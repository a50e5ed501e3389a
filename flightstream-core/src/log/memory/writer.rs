use std::fmt;
use std::mem;

use super::MemoryLog;
use super::state::Share;
use crate::batch::{Offset, Raw, Record, TopicPartition};
use crate::log::router::Router;
use crate::log::{Isolation, LogError, Writer};

/// A writer of a memory log.
pub(super) struct MemoryWriter {
    log: MemoryLog,
    isolation: Isolation,
    router: Router,
    uncommitted: Vec<Share>,
}

impl MemoryWriter {
    pub(super) fn new(log: MemoryLog, isolation: Isolation) -> Self {
        Self {
            log,
            isolation,
            router: Router::default(),
            uncommitted: Vec::new(),
        }
    }

    fn take(&mut self, shares: Vec<Share>) -> Result<(), LogError> {
        match self.isolation {
            Isolation::Immediate => self.store(shares, "", &[]),
            Isolation::Transactional => {
                self.uncommitted.extend(shares);
                Ok(())
            }
        }
    }

    fn store(
        &self,
        shares: Vec<Share>,
        group: &str,
        offsets: &[(TopicPartition, Offset)],
    ) -> Result<(), LogError> {
        let wakers = self.log.state().commit(shares, group, offsets)?;
        for wakers in wakers {
            wakers.wake_all();
        }
        Ok(())
    }
}

impl Writer for MemoryWriter {
    fn append(&mut self, topic: &str, records: Vec<Record<Raw>>) -> Result<(), LogError> {
        let partitions = self.log.state().partitions(topic)?;
        let shares = self
            .router
            .route(topic, partitions, records)
            .into_iter()
            .map(|(number, records)| Share {
                partition: TopicPartition::new(topic, number),
                records,
            });
        let shares = shares.collect();
        self.take(shares)
    }

    fn append_to(
        &mut self,
        partition: &TopicPartition,
        records: Vec<Record<Raw>>,
    ) -> Result<(), LogError> {
        self.log.state().partition(partition)?;
        self.take(vec![Share {
            partition: partition.clone(),
            records,
        }])
    }

    fn commit(
        &mut self,
        group: &str,
        offsets: &[(TopicPartition, Offset)],
    ) -> Result<(), LogError> {
        let shares = mem::take(&mut self.uncommitted);
        self.store(shares, group, offsets)
    }

    fn abort(&mut self) {
        self.uncommitted.clear();
    }
}

impl fmt::Debug for MemoryWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryWriter")
            .field("isolation", &self.isolation)
            .finish_non_exhaustive()
    }
}
