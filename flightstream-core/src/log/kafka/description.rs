use std::collections::BTreeMap;
use std::time::Duration;

use rdkafka::consumer::Consumer as _;

use super::KafkaLog;
use super::error::{TIMEOUT, classify};
use super::watermarks::{serve_events, watermarks_within};
use crate::batch::TopicPartition;
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
}
