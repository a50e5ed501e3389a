use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use rdkafka::consumer::{Consumer as _, ConsumerGroupMetadata};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{Producer as _, PurgeConfig};
use rdkafka::{Offset as KafkaOffset, TopicPartitionList};

use super::KafkaLog;
use super::client::{Context, Producer};
use super::error::{TIMEOUT, classify, classify_code, classify_fatal, patiently};
use super::native::{self, Outgoing, ProducerTopic};
use super::reader::native_partition;
use super::topics::to_cleanup;
use crate::batch::{Offset, Raw, Record, TopicPartition};
use crate::log::router::Router;
use crate::log::{Isolation, LogError, Writer};
use crate::time::{Clock as _, SystemClock};

/// How long a flush waits before it looks at what came back.
const SLICE: Duration = Duration::from_millis(5);
/// How long a commit waits for a group that is about to settle.
const SETTLE: Duration = Duration::from_secs(30);
/// How long offsets may take into a transaction: longer than the client says that it tries.
const ANSWER: Duration = TIMEOUT.saturating_add(Duration::from_secs(5));

/// An idempotent producer, transactional if asked for, with what it takes to commit offsets.
pub(super) struct KafkaWriter {
    log: KafkaLog,
    isolation: Isolation,
    transactional_id: Option<String>,
    router: Router,
    /// How long topics keep records, asked once.
    retentions: HashMap<String, Option<Duration>>,
    /// Absent after a failure that a producer does not survive, until it is needed.
    connected: Option<Connected>,
}

struct Connected {
    producer: Arc<Producer>,
    topics: HashMap<String, Destination>,
    in_transaction: bool,
    record_limit: usize,
}

struct Destination {
    topic: ProducerTopic,
    partitions: u32,
    /// How long the topic keeps records, until somebody was told that some are older.
    retention: Option<Duration>,
}

impl Destination {
    /// Tells once of records that the cluster deletes at its next look, since they are older than the topic keeps any.
    fn warn_of_age(&mut self, name: &str, records: &[Record<Raw>]) {
        let Some(retention) = self.retention else {
            return;
        };
        let oldest = records.iter().map(|record| record.event_time).min();
        let Some(oldest) = oldest.filter(|oldest| oldest.plus(retention) < SystemClock.now())
        else {
            return;
        };
        self.retention = None;
        tracing::warn!(
            topic = name,
            oldest = %oldest,
            ?retention,
            "records are older than the topic keeps any, so the cluster may delete them at once: \
             raise its retention.ms, or set it to -1"
        );
    }
}

impl KafkaWriter {
    pub(super) fn new(log: KafkaLog, isolation: Isolation) -> Result<Self, LogError> {
        let transactional_id =
            (isolation == Isolation::Transactional).then(|| log.next_transactional_id());
        let mut writer = Self {
            log,
            isolation,
            transactional_id,
            router: Router::default(),
            retentions: HashMap::new(),
            connected: None,
        };
        writer.connect()?;
        Ok(writer)
    }

    /// The producer: the one there is, or a new one, which ends what its predecessor left open.
    fn connect(&mut self) -> Result<&mut Connected, LogError> {
        let connected = match self.connected.take() {
            Some(connected) => connected,
            None => {
                let transactional_id = self.transactional_id.as_deref();
                let config = self.log.options().producer(transactional_id);
                let producer = config.create_with_context::<Context, Producer>(Context::default());
                let producer = producer
                    .map_err(|error| classify("make a producer", &error, &Context::default()))?;
                if transactional_id.is_some() {
                    patiently(|| {
                        let initialized = producer.init_transactions(TIMEOUT);
                        producer.poll(Duration::ZERO);
                        initialized.map_err(|error| {
                            classify("begin with transactions", &error, producer.context())
                        })
                    })?;
                }
                Connected {
                    producer: Arc::new(producer),
                    topics: HashMap::new(),
                    in_transaction: false,
                    record_limit: self.log.options().record_limit(),
                }
            }
        };
        Ok(self.connected.insert(connected))
    }

    /// Runs a step of the producer. One that it does not survive makes room for a new producer.
    fn with_producer<T>(
        &mut self,
        step: impl FnOnce(&mut Connected) -> Result<T, LogError>,
    ) -> Result<T, LogError> {
        let outcome = self.connect().and_then(step);
        if let Err(LogError::Fenced { .. }) = &outcome {
            self.connected = None;
        }
        outcome
    }

    fn begin(&mut self) -> Result<(), LogError> {
        if self.isolation == Isolation::Immediate {
            return Ok(());
        }
        self.with_producer(|connected| {
            if !connected.in_transaction {
                let begun = connected.producer.begin_transaction();
                begun.map_err(|error| connected.classify("begin a transaction", &error))?;
                connected.in_transaction = true;
            }
            Ok(())
        })
    }

    fn partitions(&mut self, topic: &str) -> Result<u32, LogError> {
        let known = self.connected.as_ref();
        if let Some(destination) = known.and_then(|connected| connected.topics.get(topic)) {
            return Ok(destination.partitions);
        }
        let partitions = self.log.partitions(topic)?;
        let retention = self.retention(topic);
        self.with_producer(|connected| {
            let handle = ProducerTopic::new(&connected.producer, topic);
            let handle = handle.ok_or_else(|| LogError::UnknownTopic {
                topic: topic.to_owned(),
            })?;
            let destination = Destination {
                topic: handle,
                partitions,
                retention,
            };
            connected.topics.insert(topic.to_owned(), destination);
            Ok(partitions)
        })
    }

    fn retention(&mut self, topic: &str) -> Option<Duration> {
        if let Some(known) = self.retentions.get(topic) {
            return *known;
        }
        // Who may not read the settings is not told.
        let settings = self.log.settings(&[topic.to_owned()]).unwrap_or_default();
        let cleanup = settings.get(topic).map(to_cleanup);
        let retention = cleanup.and_then(|cleanup| cleanup.retention);
        self.retentions.insert(topic.to_owned(), retention);
        retention
    }

    /// Commits offsets of a group outside of a transaction.
    fn commit_offsets(
        &self,
        group: &str,
        offsets: &[(TopicPartition, Offset)],
    ) -> Result<(), LogError> {
        let list = offset_list(offsets)?;
        let member = self.log.member(group);
        let consumer = match &member {
            Some(member) => member.consumer(),
            None => self.log.outsider(group)?,
        };
        let give_up = Instant::now() + SETTLE;
        loop {
            if let Some(lost) = member.as_ref().and_then(|member| member.not_owned(offsets)) {
                return Err(not_owned(lost));
            }
            match native::commit(&consumer, &list, TIMEOUT) {
                Ok(()) => return Ok(()),
                Err(code) if is_settling(code) && Instant::now() < give_up => {
                    thread::sleep(SLICE);
                }
                Err(code) => {
                    let error = classify_code(
                        format!("commit the offsets of group {group}"),
                        code,
                        &code.to_string(),
                        consumer.context(),
                    );
                    if member.is_none() && matches!(error, LogError::Fenced { .. }) {
                        // A client does not survive some of these answers.
                        self.log.forget_outsider(group);
                    }
                    return Err(error);
                }
            }
        }
    }

    /// What a transaction needs to commit offsets of a group, with a check that they are this member's to commit.
    ///
    /// The metadata is taken first: when the partitions are still owned after that, it is none of a later generation,
    /// in which somebody else may have them.
    fn metadata(
        &self,
        group: &str,
        offsets: &[(TopicPartition, Offset)],
    ) -> Result<ConsumerGroupMetadata, LogError> {
        let member = self.log.member(group);
        let consumer = match &member {
            Some(member) => member.consumer(),
            None => self.log.outsider(group)?,
        };
        let metadata = consumer
            .group_metadata()
            .ok_or_else(|| LogError::Unavailable {
                action: format!("commit the offsets of group {group}"),
                reason: "the client has not joined it yet".to_owned(),
            })?;
        match member.as_ref().and_then(|member| member.not_owned(offsets)) {
            Some(lost) => Err(not_owned(lost)),
            None => Ok(metadata),
        }
    }
}

impl Connected {
    fn classify(&self, action: &str, error: &KafkaError) -> LogError {
        classify_after_events(&self.producer, action, error)
    }

    /// Why a record did not arrive, if one did not.
    fn check_deliveries(&self) -> Result<(), LogError> {
        if let Some((code, reason)) = self.producer.client().fatal_error() {
            return Err(classify_fatal("write records", code, reason));
        }
        match self.producer.context().take_delivery_failure() {
            None => Ok(()),
            Some(code) => Err(classify_code(
                "write records",
                code,
                &code.to_string(),
                self.producer.context(),
            )),
        }
    }

    fn produce(
        &mut self,
        topic: &str,
        partition: u32,
        records: &[Record<Raw>],
    ) -> Result<(), LogError> {
        if let Some(destination) = self.topics.get_mut(topic) {
            destination.warn_of_age(topic, records);
        }
        let destination = self.topics.get(topic);
        let destination = destination.ok_or_else(|| LogError::UnknownTopic {
            topic: topic.to_owned(),
        })?;
        for record in records {
            let outgoing = Outgoing {
                partition: i32::try_from(partition).unwrap_or(i32::MAX),
                key: record.key.as_deref(),
                value: record.value.as_bytes(),
                // Kafka stores no time before 1970, and librdkafka takes 0 for the present.
                timestamp: record.event_time.as_millis().max(1),
                headers: record.headers.as_slice(),
            };
            loop {
                match destination.topic.produce(outgoing) {
                    Ok(()) => break,
                    Err(RDKafkaErrorCode::QueueFull) => {
                        self.producer.poll(SLICE);
                        self.check_deliveries()?;
                    }
                    Err(RDKafkaErrorCode::MessageSizeTooLarge) => {
                        return Err(LogError::RecordTooLarge {
                            topic: topic.to_owned(),
                            size: size(record),
                            limit: self.record_limit,
                        });
                    }
                    Err(code) => {
                        self.check_deliveries()?;
                        let context = self.producer.context();
                        return Err(classify_code("write", code, &code.to_string(), context));
                    }
                }
            }
        }
        Ok(())
    }

    /// Waits until everything is delivered, or told not to be.
    fn flush(&self) -> Result<(), LogError> {
        // In slices: the client's own flush sleeps longer than a commit takes.
        while self.producer.flush(SLICE).is_err() {
            self.producer.poll(Duration::ZERO);
            self.check_deliveries()?;
        }
        self.check_deliveries()
    }

    fn commit_transaction(
        &mut self,
        offsets: Option<(TopicPartitionList, ConsumerGroupMetadata)>,
    ) -> Result<(), LogError> {
        if let Some((list, metadata)) = offsets {
            self.send_offsets(list, metadata)?;
        }
        retry(&self.producer, "commit a transaction", |producer| {
            producer.commit_transaction(TIMEOUT)
        })?;
        self.in_transaction = false;
        Ok(())
    }

    /// Puts offsets into the transaction.
    ///
    /// While the group's coordinator changes the client's call can wait without end, whatever its timeout
    /// (librdkafka's issues 5456 and 5511). So it is made on a thread of its own, and a producer that keeps that waiting
    /// is left to it: its successor fences it.
    fn send_offsets(
        &self,
        list: TopicPartitionList,
        metadata: ConsumerGroupMetadata,
    ) -> Result<(), LogError> {
        let action = "commit offsets in a transaction";
        let producer = Arc::clone(&self.producer);
        let (answer, answered) = mpsc::channel();
        let call = move || {
            let sent = retry(&producer, action, |producer| {
                producer.send_offsets_to_transaction(&list, &metadata, TIMEOUT)
            });
            // Nobody may be waiting any more.
            let _ = answer.send(sent);
        };
        let name = "send-offsets".to_owned();
        thread::Builder::new()
            .name(name)
            .spawn(call)
            .map_err(|error| LogError::Unavailable {
                action: "start a thread".to_owned(),
                reason: error.to_string(),
            })?;
        answered.recv_timeout(ANSWER).unwrap_or_else(|_| {
            Err(LogError::Fenced {
                action: action.to_owned(),
                reason: format!("the client got no answer for {ANSWER:?}"),
            })
        })
    }

    /// Ends the transaction without its records. Whether the producer can go on.
    fn abort(&mut self) -> bool {
        // What is on its way is not waited for: its reports would keep the abort waiting.
        self.producer
            .purge(PurgeConfig::default().queue().inflight());
        let _ = self.producer.flush(TIMEOUT);
        let _ = self.producer.context().take_delivery_failure();
        let aborted = retry(&self.producer, "abort a transaction", |producer| {
            producer.abort_transaction(TIMEOUT)
        });
        self.in_transaction = false;
        if let Err(error) = &aborted {
            tracing::warn!(%error, "a transaction is left to its timeout");
        }
        aborted.is_ok()
    }
}

/// Repeats a step of a transaction while the cluster asks for it: until the transaction's own time is over.
fn retry(
    producer: &Producer,
    action: &str,
    step: impl Fn(&Producer) -> Result<(), KafkaError>,
) -> Result<(), LogError> {
    let give_up = Instant::now() + SETTLE;
    loop {
        match step(producer) {
            Ok(()) => return Ok(()),
            Err(KafkaError::Transaction(error))
                if error.is_retriable()
                    && !error.txn_requires_abort()
                    && Instant::now() < give_up =>
            {
                producer.poll(SLICE);
            }
            Err(error) => return Err(classify_after_events(producer, action, &error)),
        }
    }
}

/// What an error means, with what the client has to tell meanwhile.
fn classify_after_events(producer: &Producer, action: &str, error: &KafkaError) -> LogError {
    producer.poll(Duration::ZERO);
    classify(action, error, producer.context())
}

impl Writer for KafkaWriter {
    fn append(&mut self, topic: &str, records: Vec<Record<Raw>>) -> Result<(), LogError> {
        let partitions = self.partitions(topic)?;
        self.begin()?;
        let shares = self.router.route(topic, partitions, records);
        self.with_producer(|connected| {
            for (partition, records) in &shares {
                connected.produce(topic, *partition, records)?;
            }
            connected.producer.poll(Duration::ZERO);
            connected.check_deliveries()
        })
    }

    fn append_to(
        &mut self,
        partition: &TopicPartition,
        records: Vec<Record<Raw>>,
    ) -> Result<(), LogError> {
        let topic = partition.topic();
        let partitions = self.partitions(topic)?;
        if partition.partition() >= partitions {
            return Err(LogError::UnknownPartition {
                topic: topic.to_owned(),
                partition: partition.partition(),
                partitions,
            });
        }
        self.begin()?;
        self.with_producer(|connected| {
            connected.produce(topic, partition.partition(), &records)?;
            connected.producer.poll(Duration::ZERO);
            connected.check_deliveries()
        })
    }

    fn commit(
        &mut self,
        group: &str,
        offsets: &[(TopicPartition, Offset)],
    ) -> Result<(), LogError> {
        if self.isolation == Isolation::Immediate {
            self.with_producer(|connected| connected.flush())?;
            return match offsets {
                [] => Ok(()),
                offsets => self.commit_offsets(group, offsets),
            };
        }
        let is_open = self.connected.as_ref().is_some_and(|c| c.in_transaction);
        if offsets.is_empty() && !is_open {
            return Ok(());
        }
        self.begin()?;
        let list = offset_list(offsets)?;
        let metadata = match offsets {
            [] => None,
            offsets => Some(self.metadata(group, offsets)?),
        };
        self.with_producer(|connected| {
            connected.flush()?;
            connected.commit_transaction(metadata.map(|metadata| (list, metadata)))
        })
    }

    fn abort(&mut self) {
        let Some(connected) = &mut self.connected else {
            return;
        };
        if connected.in_transaction && !connected.abort() {
            self.connected = None;
        }
    }
}

impl fmt::Debug for KafkaWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KafkaWriter")
            .field("isolation", &self.isolation)
            .field("transactional_id", &self.transactional_id)
            .finish_non_exhaustive()
    }
}

fn size(record: &Record<Raw>) -> usize {
    let key = record.key.as_ref().map_or(0, bytes::Bytes::len);
    key + record.value.as_bytes().map_or(0, <[u8]>::len)
}

fn not_owned(partition: &TopicPartition) -> LogError {
    LogError::Fenced {
        action: format!("commit the offset of {partition}"),
        reason: "the partition was given to another member of the group".to_owned(),
    }
}

/// Whether the group is between two assignments, or between two coordinators.
fn is_settling(code: RDKafkaErrorCode) -> bool {
    use RDKafkaErrorCode as Code;
    matches!(
        code,
        Code::RebalanceInProgress
            | Code::CoordinatorLoadInProgress
            | Code::CoordinatorNotAvailable
            | Code::NotCoordinator
            | Code::WaitingForCoordinator
            | Code::RequestTimedOut
            | Code::BrokerTransportFailure
    )
}

fn offset_list(offsets: &[(TopicPartition, Offset)]) -> Result<TopicPartitionList, LogError> {
    let mut list = TopicPartitionList::with_capacity(offsets.len());
    for (partition, offset) in offsets {
        let offset = KafkaOffset::Offset(i64::try_from(*offset).unwrap_or(i64::MAX));
        list.add_partition_offset(partition.topic(), native_partition(partition), offset)
            .map_err(|error| classify("name offsets", &error, &Context::default()))?;
    }
    Ok(list)
}
