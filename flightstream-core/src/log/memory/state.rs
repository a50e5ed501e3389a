use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::partition::Partition;
use crate::batch::{Offset, Raw, Record, TopicPartition};
use crate::log::wakers::Wakers;
use crate::log::{LogError, OffsetRange, TopicSpec};

/// Everything a memory log holds, under one lock, so that a commit shows up as a whole.
#[derive(Default)]
pub(super) struct State {
    topics: BTreeMap<String, Topic>,
    groups: HashMap<String, BTreeMap<TopicPartition, Offset>>,
}

struct Topic {
    spec: TopicSpec,
    partitions: Vec<Partition>,
}

/// Records for one partition.
pub(super) struct Share {
    pub(super) partition: TopicPartition,
    pub(super) records: Vec<Record<Raw>>,
}

impl State {
    pub(super) fn create_topic(&mut self, spec: &TopicSpec) -> Result<(), LogError> {
        spec.validate()?;
        if let Some(topic) = self.topics.get(&spec.name) {
            if topic.spec.partitions == spec.partitions {
                return Ok(());
            }
            return Err(LogError::TopicDiffers {
                topic: spec.name.clone(),
                existing: topic.spec.partitions,
                wanted: spec.partitions,
            });
        }
        let topic = Topic {
            spec: spec.clone(),
            partitions: (0..spec.partitions)
                .map(|_| Partition::new(spec.cleanup))
                .collect(),
        };
        self.topics.insert(spec.name.clone(), topic);
        Ok(())
    }

    pub(super) fn topics(&self) -> Vec<TopicSpec> {
        self.topics
            .values()
            .map(|topic| topic.spec.clone())
            .collect()
    }

    pub(super) fn partitions(&self, topic: &str) -> Result<u32, LogError> {
        Ok(self.topic(topic)?.spec.partitions)
    }

    pub(super) fn offsets(&self, topic: &str) -> Result<Vec<OffsetRange>, LogError> {
        let partitions = &self.topic(topic)?.partitions;
        Ok(partitions.iter().map(Partition::offsets).collect())
    }

    pub(super) fn committed(&self, group: &str) -> BTreeMap<TopicPartition, Offset> {
        self.groups.get(group).cloned().unwrap_or_default()
    }

    pub(super) fn partition(&self, partition: &TopicPartition) -> Result<&Partition, LogError> {
        let topic = self.topic(partition.topic())?;
        usize::try_from(partition.partition())
            .ok()
            .and_then(|index| topic.partitions.get(index))
            .ok_or_else(|| unknown_partition(partition, topic.spec.partitions))
    }

    /// Appends what `shares` holds and sets the group's offsets, all or nothing. The returned wakers are to be
    /// called once the lock is released.
    pub(super) fn commit(
        &mut self,
        shares: Vec<Share>,
        group: &str,
        offsets: &[(TopicPartition, Offset)],
    ) -> Result<Vec<Arc<Wakers>>, LogError> {
        for partition in shares.iter().map(|share| &share.partition) {
            self.partition(partition)?;
        }
        for (partition, _) in offsets {
            self.partition(partition)?;
        }
        let mut wakers = Vec::with_capacity(shares.len());
        for share in shares {
            if let Some(partition) = self.partition_mut(&share.partition) {
                partition.append(share.records);
                wakers.push(partition.wakers());
            }
        }
        if !offsets.is_empty() {
            let committed = self.groups.entry(group.to_owned()).or_default();
            committed.extend(offsets.iter().cloned());
        }
        Ok(wakers)
    }

    pub(super) fn clean(&mut self) {
        for partition in self.topics.values_mut().flat_map(|t| &mut t.partitions) {
            partition.clean();
        }
    }

    fn topic(&self, topic: &str) -> Result<&Topic, LogError> {
        self.topics
            .get(topic)
            .ok_or_else(|| LogError::UnknownTopic {
                topic: topic.to_owned(),
            })
    }

    fn partition_mut(&mut self, partition: &TopicPartition) -> Option<&mut Partition> {
        let index = usize::try_from(partition.partition()).ok()?;
        let topic = self.topics.get_mut(partition.topic())?;
        topic.partitions.get_mut(index)
    }
}

fn unknown_partition(partition: &TopicPartition, partitions: u32) -> LogError {
    LogError::UnknownPartition {
        topic: partition.topic().to_owned(),
        partition: partition.partition(),
        partitions,
    }
}
