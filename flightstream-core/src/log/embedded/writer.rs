use std::collections::BTreeMap;
use std::fmt;
use std::mem;

use super::EmbeddedLog;
use super::commit::Share;
use super::record_batch::BatchWriter;
use super::stored_record::stored_size;
use crate::batch::{Offset, Raw, Record, TopicPartition};
use crate::log::router::Router;
use crate::log::{Isolation, LogError, Writer};

/// A writer of an embedded log.
pub(super) struct EmbeddedWriter {
    log: EmbeddedLog,
    isolation: Isolation,
    router: Router,
    uncommitted: BTreeMap<TopicPartition, Unplaced>,
}

/// Records in their stored form that have no offset yet.
#[derive(Default)]
struct Unplaced {
    batches: BatchWriter,
    count: Offset,
}

impl EmbeddedWriter {
    pub(super) fn new(log: EmbeddedLog, isolation: Isolation) -> Self {
        Self {
            log,
            isolation,
            router: Router::default(),
            uncommitted: BTreeMap::new(),
        }
    }

    fn take_shares(&mut self) -> Vec<Share> {
        mem::take(&mut self.uncommitted)
            .into_iter()
            .map(|(partition, unplaced)| Share {
                partition,
                batches: unplaced.batches.finish(),
            })
            .collect()
    }
}

impl Writer for EmbeddedWriter {
    fn append(&mut self, topic: &str, records: Vec<Record<Raw>>) -> Result<(), LogError> {
        let shared = self.log.shared();
        shared.failure.check()?;
        let partitions = shared.catalog().topic(topic)?.spec.partitions;
        let limit = shared.options.max_record_bytes;
        if let Some(size) = records.iter().map(stored_size).find(|size| *size > limit) {
            return Err(LogError::RecordTooLarge {
                topic: topic.to_owned(),
                size,
                limit,
            });
        }
        for (number, records) in self.router.route(topic, partitions, records) {
            let partition = TopicPartition::new(topic, number);
            let unplaced = self.uncommitted.entry(partition).or_default();
            unplaced
                .batches
                .expect(records.iter().map(stored_size).sum());
            for record in records {
                unplaced.batches.push(unplaced.count, &record);
                unplaced.count += 1;
            }
        }
        match self.isolation {
            Isolation::Immediate => {
                let shares = self.take_shares();
                self.log.shared().commit(shares, "", &[], false)
            }
            Isolation::Transactional => Ok(()),
        }
    }

    fn commit(
        &mut self,
        group: &str,
        offsets: &[(TopicPartition, Offset)],
    ) -> Result<(), LogError> {
        let shares = self.take_shares();
        self.log.shared().commit(shares, group, offsets, true)
    }

    fn abort(&mut self) {
        self.uncommitted.clear();
    }
}

impl fmt::Debug for EmbeddedWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmbeddedWriter")
            .field("isolation", &self.isolation)
            .finish_non_exhaustive()
    }
}
