use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use rdkafka::consumer::Consumer as _;
use rdkafka::{Offset as KafkaOffset, TopicPartitionList};

use super::client::{Consumer, Context};
use super::error::classify;
use super::native::PartitionQueue;
use super::options::KafkaOptions;
use super::reader::native_partition;
use crate::batch::{Offset, TopicPartition};
use crate::log::LogError;
use crate::log::lock::lock;

/// The group's name of clients that are in no group: nothing is committed under it.
const NO_GROUP: &str = "flightstream-standalone";

/// Clients that read partitions outside of any group: changelogs, tables, dead letters. One client can read a partition
/// once at a time, so a further reader of the same partition makes a further client.
pub(super) struct Standalone {
    options: KafkaOptions,
    /// A client that fetches nothing, for questions about topics and offsets: a broker answers a connection's requests in
    /// their order, and a fetch waits until there are records.
    questions: Arc<Consumer>,
    clients: Mutex<Vec<Arc<Client>>>,
}

struct Client {
    consumer: Arc<Consumer>,
    partitions: Mutex<HashSet<TopicPartition>>,
}

/// A partition's place in a client, given up when it is dropped.
pub(super) struct Seat {
    client: Arc<Client>,
    partition: TopicPartition,
}

impl Standalone {
    pub(super) fn new(options: &KafkaOptions) -> Result<Self, LogError> {
        Ok(Self {
            options: options.clone(),
            questions: consumer(options)?,
            clients: Mutex::default(),
        })
    }

    /// The client to ask about topics and offsets.
    pub(super) fn client(&self) -> &Arc<Consumer> {
        &self.questions
    }

    /// Begins to fetch a partition.
    pub(super) fn open(
        &self,
        partition: &TopicPartition,
        from: Offset,
    ) -> Result<(PartitionQueue, Seat), LogError> {
        let seat = self.seat(partition)?;
        let consumer = &seat.client.consumer;
        let number = native_partition(partition);
        let queue = PartitionQueue::split(consumer, partition.topic(), number);
        let queue = queue.ok_or_else(|| LogError::UnknownTopic {
            topic: partition.topic().to_owned(),
        })?;
        let from = KafkaOffset::Offset(i64::try_from(from).unwrap_or(i64::MAX));
        let mut list = TopicPartitionList::with_capacity(1);
        list.add_partition_offset(partition.topic(), number, from)
            .and_then(|()| consumer.incremental_assign(&list))
            .map_err(|error| classify(format!("read {partition}"), &error, consumer.context()))?;
        Ok((queue, seat))
    }

    fn seat(&self, partition: &TopicPartition) -> Result<Seat, LogError> {
        let mut clients = lock(&self.clients);
        let client = clients
            .iter()
            .find(|client| lock(&client.partitions).insert(partition.clone()))
            .cloned();
        let client = match client {
            Some(client) => client,
            None => {
                let client = Arc::new(Client {
                    consumer: consumer(&self.options)?,
                    partitions: Mutex::new(HashSet::from([partition.clone()])),
                });
                clients.push(Arc::clone(&client));
                client
            }
        };
        Ok(Seat {
            client,
            partition: partition.clone(),
        })
    }
}

fn consumer(options: &KafkaOptions) -> Result<Arc<Consumer>, LogError> {
    let config = options.consumer(NO_GROUP);
    let consumer = config.create_with_context::<Context, Consumer>(Context::default());
    let consumer =
        consumer.map_err(|error| classify("make a consumer", &error, &Context::default()))?;
    consumer.context().close();
    Ok(Arc::new(consumer))
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut list = TopicPartitionList::with_capacity(1);
        list.add_partition(self.partition.topic(), native_partition(&self.partition));
        if let Err(error) = self.client.consumer.incremental_unassign(&list) {
            tracing::debug!(partition = %self.partition, %error, "a reader ended");
        }
        lock(&self.client.partitions).remove(&self.partition);
    }
}
