use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use rdkafka::consumer::Consumer as _;
use rdkafka::{Offset as KafkaOffset, TopicPartitionList};

use super::error::{TIMEOUT, classify};
use super::watermarks::{serve_events, watermarks_within};
use super::{KafkaLog, topics};
use crate::batch::{Offset, TopicPartition};
use crate::log::{LogError, OffsetRange};

/// What a cluster says of itself at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClusterDescription {
    /// The brokers that are in the cluster now, as `host:port`, by their ids.
    pub brokers: BTreeMap<i32, String>,
    /// The partitions of all topics but the cluster's own.
    pub partitions: BTreeMap<TopicPartition, PartitionDescription>,
}

/// Where a partition is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct PartitionDescription {
    /// The broker that reads and writes go to; absent while there is none, in which case neither is possible.
    pub leader: Option<i32>,
    /// How many brokers are to have it.
    pub replicas: usize,
    /// How many of those have all of it.
    pub in_sync: usize,
}

impl KafkaLog {
    /// The cluster's brokers, and where each partition is.
    ///
    /// # Errors
    /// [`LogError::Unavailable`] if no broker answers, after one try.
    pub fn describe_cluster(&self) -> Result<ClusterDescription, LogError> {
        let client = self.client();
        let metadata = client.fetch_metadata(None, TIMEOUT).map_err(|error| {
            serve_events(client);
            classify("describe the cluster", &error, client.context())
        })?;
        let brokers = metadata.brokers().iter();
        let brokers = brokers.map(|broker| {
            let address = format!("{}:{}", broker.host(), broker.port());
            (broker.id(), address)
        });
        let topics = metadata.topics().iter();
        let topics = topics.filter(|topic| !topic.name().starts_with("__"));
        let partitions = topics.flat_map(|topic| {
            topic.partitions().iter().filter_map(|partition| {
                let number = u32::try_from(partition.id()).ok()?;
                let described = PartitionDescription {
                    leader: (partition.leader() >= 0).then(|| partition.leader()),
                    replicas: partition.replicas().len(),
                    in_sync: partition.isr().len(),
                };
                Some((TopicPartition::new(topic.name(), number), described))
            })
        });
        Ok(ClusterDescription {
            brokers: brokers.collect(),
            partitions: partitions.collect(),
        })
    }

    /// The offsets that one partition holds, as [`offsets`](crate::log::Log::offsets) tells those of all of a topic.
    ///
    /// # Errors
    /// [`LogError::Unavailable`] if the partition's leader does not answer within this time.
    pub fn partition_offsets(
        &self,
        partition: &TopicPartition,
        timeout: Duration,
    ) -> Result<OffsetRange, LogError> {
        watermarks_within(self.client(), partition, timeout)
    }

    /// What a group has committed of a topic, as [`committed`](crate::log::Log::committed) tells it.
    ///
    /// # Errors
    /// [`LogError::Unavailable`] if the group's coordinator does not answer within this time.
    pub fn group_offsets(
        &self,
        group: &str,
        topic: &str,
        timeout: Duration,
    ) -> Result<BTreeMap<TopicPartition, Offset>, LogError> {
        let partitions = topics::partitions_of(self.client(), topic)?;
        let partitions = i32::try_from(partitions).unwrap_or(i32::MAX);
        let consumer = match self.member(group) {
            Some(member) => member.consumer(),
            None => self.outsider(group)?,
        };
        let mut list = TopicPartitionList::new();
        list.add_partition_range(topic, 0, partitions - 1);
        let committed = consumer.committed_offsets(list, timeout).map_err(|error| {
            let action = format!("ask for the offsets of group {group}");
            classify(action, &error, consumer.context())
        })?;
        let topic: Arc<str> = Arc::from(topic);
        let elements = committed.elements().into_iter();
        let offset = |element: rdkafka::topic_partition_list::TopicPartitionListElem<'_>| {
            let KafkaOffset::Offset(offset) = element.offset() else {
                return None;
            };
            let number = u32::try_from(element.partition()).ok()?;
            Some((
                TopicPartition::new(Arc::clone(&topic), number),
                u64::try_from(offset).ok()?,
            ))
        };
        Ok(elements.filter_map(offset).collect())
    }
}
