use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::keys::{self, PartitionId};
use super::partition::{Partition, PartitionState};
use super::record_batch::RecordBatch;
use super::storage::Storage;
use super::tail::TailBudget;
use crate::batch::{Offset, TopicPartition};
use crate::log::wakers::Wakers;
use crate::log::{Cleanup, Compaction, LogError, TopicSpec};

/// What the log knows without looking into its files: topics, partitions, group offsets and the newest records.
/// Everything in it is committed; a commit changes it as a whole.
#[derive(Debug)]
pub(super) struct Catalog {
    topics: BTreeMap<String, Topic>,
    groups: BTreeMap<String, BTreeMap<TopicPartition, Offset>>,
    tails: TailBudget,
}

#[derive(Debug)]
pub(super) struct Topic {
    pub(super) id: u32,
    pub(super) spec: TopicSpec,
    pub(super) partitions: Vec<Partition>,
}

/// A topic's id and settings as stored.
#[derive(Debug, Serialize, Deserialize)]
struct StoredTopic {
    id: u32,
    partitions: u32,
    compact: Option<Compaction>,
    retention_ms: Option<u64>,
    retention_bytes: Option<u64>,
}

impl Catalog {
    /// Reads everything. An `Err(Some)` says what doesn't fit.
    pub(super) fn load(
        storage: &Storage,
        tail_bytes: usize,
    ) -> Result<Result<Self, String>, fjall::Error> {
        let mut catalog = Self {
            topics: BTreeMap::new(),
            groups: BTreeMap::new(),
            tails: TailBudget::new(tail_bytes),
        };
        for entry in storage.meta.prefix(keys::TOPICS) {
            let (key, value) = entry.into_inner()?;
            let Some(topic) = decode_topic(&key, &value) else {
                return Ok(Err(String::from("a topic's settings are unreadable")));
            };
            catalog.topics.insert(topic.spec.name.clone(), topic);
        }
        for topic in catalog.topics.values_mut() {
            for partition in &mut topic.partitions {
                if let Some(stored) = storage.meta.get(partition.id.state_key())? {
                    let Some(state) = PartitionState::decode(&stored) else {
                        let name = &topic.spec.name;
                        return Ok(Err(format!("a partition of {name:?} is unreadable")));
                    };
                    partition.state = state;
                }
            }
        }
        for entry in storage.meta.prefix(keys::GROUPS) {
            let (key, value) = entry.into_inner()?;
            if catalog.load_group(&key, &value).is_none() {
                return Ok(Err(String::from("a group's offset is unreadable")));
            }
        }
        Ok(Ok(catalog))
    }

    fn load_group(&mut self, key: &[u8], value: &[u8]) -> Option<()> {
        let (id, group) = keys::partition_of(key)?;
        let group = std::str::from_utf8(group).ok()?;
        let offset = Offset::from_le_bytes(value.try_into().ok()?);
        let topic = self.topics.values().find(|topic| topic.id == id.topic)?;
        let partition = TopicPartition::new(topic.spec.name.as_str(), id.partition);
        self.set_offset(group, partition, offset);
        Some(())
    }

    pub(super) fn specs(&self) -> Vec<TopicSpec> {
        self.topics.values().map(|t| t.spec.clone()).collect()
    }

    pub(super) fn topic(&self, name: &str) -> Result<&Topic, LogError> {
        self.topics.get(name).ok_or_else(|| LogError::UnknownTopic {
            topic: name.to_owned(),
        })
    }

    /// A new topic, not yet in the catalog, with what to store of it.
    pub(super) fn new_topic(&self, spec: &TopicSpec) -> (Topic, Vec<u8>) {
        let highest = self.topics.values().map(|topic| topic.id).max();
        let id = highest.map_or(0, |id| id.saturating_add(1));
        let millis = |age: Duration| u64::try_from(age.as_millis()).unwrap_or(u64::MAX);
        let stored = StoredTopic {
            id,
            partitions: spec.partitions,
            compact: spec.cleanup.compact,
            retention_ms: spec.cleanup.retention.map(millis),
            retention_bytes: spec.cleanup.retention_bytes,
        };
        // Numbers and names always serialise.
        let bytes = serde_json::to_vec(&stored).unwrap_or_default();
        (Topic::new(id, spec.clone()), bytes)
    }

    pub(super) fn add_topic(&mut self, topic: Topic) {
        self.topics.insert(topic.spec.name.clone(), topic);
    }

    pub(super) fn partition(&self, partition: &TopicPartition) -> Result<&Partition, LogError> {
        let topic = self.topic(partition.topic())?;
        usize::try_from(partition.partition())
            .ok()
            .and_then(|index| topic.partitions.get(index))
            .ok_or_else(|| LogError::UnknownPartition {
                topic: partition.topic().to_owned(),
                partition: partition.partition(),
                partitions: topic.spec.partitions,
            })
    }

    /// Every partition with its topic's cleanup settings.
    pub(super) fn partitions(&self) -> impl Iterator<Item = (TopicPartition, Cleanup, &Partition)> {
        self.topics.values().flat_map(|topic| {
            let name: Arc<str> = Arc::from(topic.spec.name.as_str());
            topic.partitions.iter().map(move |partition| {
                let number = partition.id.partition;
                let name = TopicPartition::new(Arc::clone(&name), number);
                (name, topic.spec.cleanup, partition)
            })
        })
    }

    pub(super) fn committed(&self, group: &str) -> BTreeMap<TopicPartition, Offset> {
        self.groups.get(group).cloned().unwrap_or_default()
    }

    pub(super) fn set_offset(&mut self, group: &str, partition: TopicPartition, offset: Offset) {
        if !self.groups.contains_key(group) {
            self.groups.insert(group.to_owned(), BTreeMap::new());
        }
        if let Some(offsets) = self.groups.get_mut(group) {
            offsets.insert(partition, offset);
        }
    }

    /// Shows new records of a partition.
    pub(super) fn publish(
        &mut self,
        partition: &TopicPartition,
        state: PartitionState,
        batches: Vec<RecordBatch>,
    ) -> Option<Arc<Wakers>> {
        let id = self.partition(partition).ok()?.id;
        let place = self.by_id(id)?;
        place.state = state;
        let wakers = Arc::clone(&place.wakers);
        for batch in batches {
            let evicted = self.tails.admit(id, &batch);
            self.by_id(id)?.tail.push(batch);
            for (partition, offset) in evicted {
                if let Some(partition) = self.by_id(partition) {
                    partition.tail.forget_before(offset);
                }
            }
        }
        Some(wakers)
    }

    /// Shows that older records of a partition were removed or rewritten, those before `changed_to`.
    pub(super) fn publish_cleaned(
        &mut self,
        partition: &TopicPartition,
        state: PartitionState,
        changed_to: Offset,
    ) {
        if let Ok(id) = self.partition(partition).map(|partition| partition.id)
            && let Some(partition) = self.by_id(id)
        {
            partition.state = state;
            partition.tail.forget_before(changed_to);
        }
    }

    fn by_id(&mut self, id: PartitionId) -> Option<&mut Partition> {
        let topic = self
            .topics
            .values_mut()
            .find(|topic| topic.id == id.topic)?;
        topic
            .partitions
            .get_mut(usize::try_from(id.partition).ok()?)
    }
}

impl Topic {
    fn new(id: u32, spec: TopicSpec) -> Self {
        let partitions = (0..spec.partitions)
            .map(|partition| {
                let id = PartitionId {
                    topic: id,
                    partition,
                };
                Partition::new(id, PartitionState::default())
            })
            .collect();
        Self {
            id,
            spec,
            partitions,
        }
    }
}

fn decode_topic(key: &[u8], value: &[u8]) -> Option<Topic> {
    let name = std::str::from_utf8(key.get(keys::TOPICS.len()..)?).ok()?;
    let stored: StoredTopic = serde_json::from_slice(value).ok()?;
    let spec = TopicSpec {
        name: name.to_owned(),
        partitions: stored.partitions,
        cleanup: Cleanup {
            compact: stored.compact,
            retention: stored.retention_ms.map(Duration::from_millis),
            retention_bytes: stored.retention_bytes,
        },
    };
    spec.validate().ok()?;
    Some(Topic::new(stored.id, spec))
}
