#![doc = include_str!("kafka.md")]

mod client;
mod description;
mod error;
mod member;
mod native;
mod options;
mod plan;
mod profile;
mod reader;
mod standalone;
mod topics;
mod watermarks;
mod writer;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::task::{Context as TaskContext, Poll, Wake, Waker};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rdkafka::consumer::Consumer as _;

use self::client::{Consumer, Context};
pub use self::description::{ClusterDescription, PartitionDescription};
use self::error::{TIMEOUT, classify, patiently};
use self::member::Member;
pub use self::options::KafkaOptions;
pub use self::plan::{Difference, TopicPlan, TopicState};
pub use self::profile::Profile;
use self::reader::KafkaReader;
use self::standalone::Standalone;
pub use self::topics::TopicSettings;
use self::topics::Topics;
use self::watermarks::{serve_events, watermarks};
use self::writer::KafkaWriter;
use super::lock::lock;
use super::{
    Isolation, Log, LogError, OffsetRange, PartitionReader, Subscriber, Subscription, TopicSpec,
    Writer,
};
use crate::batch::{Offset, Raw, Record, TopicPartition};

/// The topics of a Kafka cluster. Cheap to clone: the clones share their connections.
#[derive(Clone)]
pub struct KafkaLog(Arc<Inner>);

struct Inner {
    options: KafkaOptions,
    standalone: Arc<Standalone>,
    topics: Topics,
    members: Mutex<HashMap<String, Weak<Member>>>,
    /// Clients that commit for groups that this process is no member of.
    outsiders: Mutex<HashMap<String, Arc<Consumer>>>,
    onlooker: Mutex<Option<Arc<Consumer>>>,
    /// Where the last `read` of a partition ended.
    readers: Mutex<HashMap<TopicPartition, KafkaReader>>,
    /// What tells this process' transactions from others'.
    process: String,
    transactions: AtomicUsize,
}

impl KafkaLog {
    /// Connects to a cluster.
    ///
    /// # Errors
    /// [`LogError::InvalidSetting`] names a property that does not exist, has a wrong value or is not to be set;
    /// [`LogError::Refused`] and [`LogError::Unavailable`] say why there is no connection.
    pub fn open(options: KafkaOptions) -> Result<Self, LogError> {
        options.validate()?;
        let process = match options.instance_name() {
            Some(name) => name.to_owned(),
            None => {
                let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
                let nanos = since_epoch.unwrap_or_default().as_nanos();
                format!("{:x}-{nanos:x}", std::process::id())
            }
        };
        let log = Self(Arc::new(Inner {
            standalone: Arc::new(Standalone::new(&options)?),
            topics: Topics::new(&options)?,
            options,
            members: Mutex::default(),
            outsiders: Mutex::default(),
            onlooker: Mutex::default(),
            readers: Mutex::default(),
            process,
            transactions: AtomicUsize::new(0),
        }));
        topics::names(log.client())?;
        Ok(log)
    }

    /// The settings of topics, those that were never set included.
    ///
    /// # Errors
    /// If the cluster does not answer, or a topic does not exist.
    pub fn settings(&self, topics: &[String]) -> Result<BTreeMap<String, TopicSettings>, LogError> {
        self.0.topics.settings(topics)
    }

    /// The settings, by Kafka's names, that [`create_topic`](Log::create_topic) gives a topic.
    #[must_use]
    pub fn settings_of(spec: &TopicSpec) -> TopicSettings {
        topics::to_settings(&spec.cleanup)
    }

    /// How many replicas each partition of the cluster's topics has at least, by topic.
    ///
    /// # Errors
    /// If the cluster does not answer.
    pub fn replicas(&self) -> Result<BTreeMap<String, usize>, LogError> {
        let topics = topics::names(self.client())?.into_iter();
        Ok(topics.map(|(name, _, replicas)| (name, replicas)).collect())
    }

    /// Deletes a topic with all that is in it.
    ///
    /// # Errors
    /// [`LogError::UnknownTopic`], or if the cluster does not do it.
    pub fn delete_topic(&self, name: &str) -> Result<(), LogError> {
        self.0.topics.delete(name)
    }

    /// The cluster's consumer groups: the state of each, and how many members it has.
    ///
    /// # Errors
    /// If the cluster does not answer.
    pub fn groups(&self) -> Result<BTreeMap<String, (String, usize)>, LogError> {
        let client = self.client();
        let groups = client.fetch_group_list(None, TIMEOUT).map_err(|error| {
            serve_events(client);
            classify("list the groups", &error, client.context())
        })?;
        let group = |group: &rdkafka::groups::GroupInfo| {
            let state = (group.state().to_owned(), group.members().len());
            (group.name().to_owned(), state)
        };
        Ok(groups.groups().iter().map(group).collect())
    }

    fn options(&self) -> &KafkaOptions {
        &self.0.options
    }

    /// The client to ask about topics and offsets.
    fn client(&self) -> &Arc<Consumer> {
        self.0.standalone.client()
    }

    fn partitions(&self, topic: &str) -> Result<u32, LogError> {
        patiently(|| topics::partitions_of(self.client(), topic))
    }

    /// This process' member of a group, if it has one.
    fn member(&self, group: &str) -> Option<Arc<Member>> {
        lock(&self.0.members).get(group)?.upgrade()
    }

    /// A client that can ask for and commit offsets of a group without being a member.
    fn outsider(&self, group: &str) -> Result<Arc<Consumer>, LogError> {
        let mut outsiders = lock(&self.0.outsiders);
        if let Some(outsider) = outsiders.get(group) {
            return Ok(Arc::clone(outsider));
        }
        let config = self.options().consumer(group);
        let consumer = config.create_with_context::<Context, Consumer>(Context::default());
        let consumer =
            consumer.map_err(|error| classify("make a consumer", &error, &Context::default()))?;
        consumer.context().close();
        let consumer = Arc::new(consumer);
        outsiders.insert(group.to_owned(), Arc::clone(&consumer));
        Ok(consumer)
    }

    /// A client that sees what transactions have written before they are committed.
    fn onlooker(&self) -> Result<Arc<Consumer>, LogError> {
        let mut onlooker = lock(&self.0.onlooker);
        if let Some(onlooker) = &*onlooker {
            return Ok(Arc::clone(onlooker));
        }
        let mut config = self.options().consumer("flightstream");
        config.set("isolation.level", "read_uncommitted");
        let consumer = config.create_with_context::<Context, Consumer>(Context::default());
        let consumer =
            consumer.map_err(|error| classify("make a consumer", &error, &Context::default()))?;
        Ok(Arc::clone(onlooker.insert(Arc::new(consumer))))
    }

    fn forget_outsider(&self, group: &str) {
        lock(&self.0.outsiders).remove(group);
    }

    fn next_transactional_id(&self) -> String {
        let number = self.0.transactions.fetch_add(1, Ordering::Relaxed);
        format!("flightstream-{}-{number}", self.0.process)
    }
}

impl Log for KafkaLog {
    fn create_topic(&self, spec: &TopicSpec) -> Result<(), LogError> {
        spec.validate()?;
        match self.partitions(&spec.name) {
            Ok(partitions) if partitions == spec.partitions => Ok(()),
            Ok(partitions) => Err(LogError::TopicDiffers {
                topic: spec.name.clone(),
                existing: partitions,
                wanted: spec.partitions,
            }),
            Err(LogError::UnknownTopic { .. }) => {
                let settings = topics::to_settings(&spec.cleanup);
                self.0.topics.create(self.client(), spec, &settings)
            }
            Err(error) => Err(error),
        }
    }

    fn topics(&self) -> Result<Vec<TopicSpec>, LogError> {
        let topics = topics::names(self.client())?;
        let names: Vec<String> = topics.iter().map(|(name, ..)| name.clone()).collect();
        let settings = self.0.topics.settings(&names)?;
        let spec = |(name, partitions, _): (String, u32, usize)| TopicSpec {
            cleanup: settings
                .get(&name)
                .map(topics::to_cleanup)
                .unwrap_or_default(),
            name,
            partitions,
        };
        Ok(topics.into_iter().map(spec).collect())
    }

    fn offsets(&self, topic: &str) -> Result<Vec<OffsetRange>, LogError> {
        let partitions = self.partitions(topic)?;
        let topic: Arc<str> = Arc::from(topic);
        (0..partitions)
            .map(|number| {
                watermarks(
                    self.client(),
                    &TopicPartition::new(Arc::clone(&topic), number),
                )
            })
            .collect()
    }

    fn ends(&self, topic: &str) -> Result<Vec<Offset>, LogError> {
        let onlooker = self.onlooker()?;
        let topic: Arc<str> = Arc::from(topic);
        (0..self.partitions(&topic)?)
            .map(|number| {
                let partition = TopicPartition::new(Arc::clone(&topic), number);
                Ok(watermarks(&onlooker, &partition)?.end)
            })
            .collect()
    }

    fn committed(
        &self,
        group: &str,
        topic: &str,
    ) -> Result<BTreeMap<TopicPartition, Offset>, LogError> {
        patiently(|| self.group_offsets(group, topic, TIMEOUT))
    }

    fn subscribe(&self, subscription: &Subscription) -> Result<Box<dyn Subscriber>, LogError> {
        self.partitions(&subscription.topic)?;
        let mut members = lock(&self.0.members);
        if let Some(member) = members.get(&subscription.group)
            && member.strong_count() > 0
        {
            return Err(LogError::GroupBusy {
                group: subscription.group.clone(),
                topic: subscription.topic.clone(),
            });
        }
        let subscriber = Member::join(self.options(), subscription)?;
        let member = Arc::downgrade(subscriber.member());
        members.insert(subscription.group.clone(), member);
        Ok(Box::new(subscriber))
    }

    fn partition_reader(
        &self,
        partition: &TopicPartition,
        from: Offset,
    ) -> Result<Box<dyn PartitionReader>, LogError> {
        let partitions = self.partitions(partition.topic())?;
        if partition.partition() >= partitions {
            return Err(LogError::UnknownPartition {
                topic: partition.topic().to_owned(),
                partition: partition.partition(),
                partitions,
            });
        }
        let standalone = Arc::clone(&self.0.standalone);
        Ok(Box::new(KafkaReader::standalone(
            standalone,
            partition.clone(),
            from,
        )))
    }

    fn writer(&self, isolation: Isolation) -> Result<Box<dyn Writer>, LogError> {
        Ok(Box::new(KafkaWriter::new(self.clone(), isolation)?))
    }

    fn read(
        &self,
        partition: &TopicPartition,
        from: Offset,
        max_records: usize,
    ) -> Result<Vec<Record<Raw>>, LogError> {
        let range = watermarks(self.client(), partition)?;
        if from >= range.end || max_records == 0 {
            return Ok(Vec::new());
        }
        let kept = lock(&self.0.readers).remove(partition);
        let mut reader = kept.unwrap_or_else(|| {
            let standalone = Arc::clone(&self.0.standalone);
            KafkaReader::standalone(standalone, partition.clone(), from)
        });
        reader.seek(from.max(range.start));
        let records = wait_for_records(&mut reader, max_records, range.end)?;
        lock(&self.0.readers).insert(partition.clone(), reader);
        Ok(records)
    }
}

/// Reads what there is before `end`, waiting for the first of it.
fn wait_for_records(
    reader: &mut KafkaReader,
    max_records: usize,
    end: Offset,
) -> Result<Vec<Record<Raw>>, LogError> {
    /// Unparks a thread.
    struct Unpark(thread::Thread);

    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut cx = TaskContext::from_waker(&waker);
    let give_up = Instant::now() + TIMEOUT;
    loop {
        match reader.poll_fetch(&mut cx, max_records) {
            Poll::Ready(records) => return records,
            // Only markers of transactions were left.
            Poll::Pending if reader.position() >= end => return Ok(Vec::new()),
            Poll::Pending if Instant::now() >= give_up => {
                return Err(LogError::Unavailable {
                    action: format!("read {}", reader.topic_partition()),
                    reason: "no answer".to_owned(),
                });
            }
            Poll::Pending => thread::park_timeout(Duration::from_millis(50)),
        }
    }
}

impl fmt::Debug for KafkaLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("KafkaLog").field(&self.0.options).finish()
    }
}
