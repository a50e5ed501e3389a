use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use rdkafka::admin::{
    AdminClient, AdminOptions, AlterConfig, ConfigEntry, ConfigResource, ConfigSource, NewTopic,
    ResourceSpecifier, TopicReplication,
};
use rdkafka::consumer::Consumer as _;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use super::client::{Consumer, Context};
use super::error::{TIMEOUT, classify, classify_code};
use super::options::KafkaOptions;
use super::watermarks::serve_events;
use crate::log::{Cleanup, Compaction, LogError, TopicSpec};

/// The topics of a cluster and their settings.
pub(super) struct Topics {
    admin: AdminClient<Context>,
    replicas: i32,
}

/// A topic's settings, by Kafka's names.
pub type TopicSettings = BTreeMap<String, String>;

impl Topics {
    pub(super) fn new(options: &KafkaOptions) -> Result<Self, LogError> {
        let admin = options.admin().create_with_context(Context::default());
        let admin: AdminClient<Context> =
            admin.map_err(|error| classify("make a client", &error, &Context::default()))?;
        Ok(Self {
            admin,
            replicas: options.replicas(),
        })
    }

    /// Creates a topic and waits until the cluster knows it everywhere.
    pub(super) fn create(
        &self,
        client: &Consumer,
        spec: &TopicSpec,
        settings: &TopicSettings,
    ) -> Result<(), LogError> {
        let partitions = i32::try_from(spec.partitions).unwrap_or(i32::MAX);
        let replication = TopicReplication::Fixed(self.replicas);
        let mut topic = NewTopic::new(&spec.name, partitions, replication);
        for (name, value) in settings {
            topic = topic.set(name, value);
        }
        let created = futures::executor::block_on(self.admin.create_topics([&topic], &admin()));
        let action = || format!("create topic {}", spec.name);
        for outcome in created.map_err(|error| self.classify(action(), &error))? {
            match outcome {
                // Another process was faster.
                Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
                Err((_, code)) => {
                    let context = self.admin.inner().context();
                    return Err(classify_code(action(), code, &code.to_string(), context));
                }
            }
        }
        let give_up = Instant::now() + TIMEOUT;
        loop {
            match partitions_of(client, &spec.name) {
                Ok(known) if known == spec.partitions => return Ok(()),
                Ok(known) => {
                    return Err(LogError::TopicDiffers {
                        topic: spec.name.clone(),
                        existing: known,
                        wanted: spec.partitions,
                    });
                }
                Err(error) if Instant::now() >= give_up => return Err(error),
                Err(_) => thread::sleep(Duration::from_millis(20)),
            }
        }
    }

    /// Deletes a topic with all that is in it.
    pub(super) fn delete(&self, name: &str) -> Result<(), LogError> {
        let deleted = futures::executor::block_on(self.admin.delete_topics(&[name], &admin()));
        let action = || format!("delete topic {name}");
        for outcome in deleted.map_err(|error| self.classify(action(), &error))? {
            if let Err((_, code)) = outcome {
                if code == RDKafkaErrorCode::UnknownTopicOrPartition {
                    return Err(unknown(name));
                }
                let context = self.admin.inner().context();
                return Err(classify_code(action(), code, &code.to_string(), context));
            }
        }
        Ok(())
    }

    /// Sets some settings of a topic. The others that were set for it stay: the request replaces all, so they go along.
    pub(super) fn set(&self, name: &str, wanted: &TopicSettings) -> Result<(), LogError> {
        let action = || format!("change the settings of topic {name}");
        let described = self.describe(&[name.to_owned()])?;
        let entries = described.into_iter().flatten();
        let of_topic = entries.filter(|entry| entry.source == ConfigSource::DynamicTopic);
        let mut settings: TopicSettings = of_topic
            .filter_map(|entry| Some((entry.name, entry.value?)))
            .collect();
        settings.extend(wanted.clone());
        let mut change = AlterConfig::new(ResourceSpecifier::Topic(name));
        for (name, value) in &settings {
            change = change.set(name, value);
        }
        let changed = futures::executor::block_on(self.admin.alter_configs([&change], &admin()));
        for outcome in changed.map_err(|error| self.classify(action(), &error))? {
            outcome.map_err(|(_, code)| {
                let context = self.admin.inner().context();
                classify_code(action(), code, &code.to_string(), context)
            })?;
        }
        Ok(())
    }

    /// The settings that topics have, defaults included.
    pub(super) fn settings(
        &self,
        names: &[String],
    ) -> Result<BTreeMap<String, TopicSettings>, LogError> {
        let described = self.describe(names)?.into_iter();
        let settings = described.map(|entries| {
            let entries = entries.into_iter();
            let entries = entries.filter_map(|entry| Some((entry.name, entry.value?)));
            entries.collect()
        });
        Ok(names.iter().cloned().zip(settings).collect())
    }

    /// The settings of each topic; none of one that the asked broker does not know yet.
    fn describe(&self, names: &[String]) -> Result<Vec<Vec<ConfigEntry>>, LogError> {
        if names.is_empty() {
            // The client takes no question about nothing.
            return Ok(Vec::new());
        }
        let resources: Vec<_> = names
            .iter()
            .map(|name| ResourceSpecifier::Topic(name))
            .collect();
        let described =
            futures::executor::block_on(self.admin.describe_configs(&resources, &admin()));
        let action = || "read the settings of topics".to_owned();
        let described = described.map_err(|error| self.classify(action(), &error))?;
        let entries = |resource: Result<ConfigResource, RDKafkaErrorCode>| match resource {
            Ok(resource) => Ok(resource.entries),
            Err(RDKafkaErrorCode::UnknownTopicOrPartition) => Ok(Vec::new()),
            Err(code) => {
                let context = self.admin.inner().context();
                Err(classify_code(action(), code, &code.to_string(), context))
            }
        };
        described.into_iter().map(entries).collect()
    }

    fn classify(&self, action: String, error: &KafkaError) -> LogError {
        classify(action, error, self.admin.inner().context())
    }
}

fn admin() -> AdminOptions {
    AdminOptions::new()
        .request_timeout(Some(TIMEOUT))
        .operation_timeout(Some(TIMEOUT))
}

fn unknown(topic: &str) -> LogError {
    LogError::UnknownTopic {
        topic: topic.to_owned(),
    }
}

/// How many partitions a topic has.
pub(super) fn partitions_of(client: &Consumer, topic: &str) -> Result<u32, LogError> {
    let metadata = client
        .fetch_metadata(Some(topic), TIMEOUT)
        .map_err(|error| {
            serve_events(client);
            classify(format!("look up topic {topic}"), &error, client.context())
        })?;
    let found = metadata.topics().iter().find(|found| found.name() == topic);
    let found = found.ok_or_else(|| unknown(topic))?;
    if let Some(error) = found.error() {
        let code = RDKafkaErrorCode::from(error);
        return Err(match code {
            RDKafkaErrorCode::UnknownTopicOrPartition => unknown(topic),
            code => {
                let action = format!("look up topic {topic}");
                classify_code(action, code, &code.to_string(), client.context())
            }
        });
    }
    match found.partitions().len() {
        0 => Err(unknown(topic)),
        partitions => Ok(u32::try_from(partitions).unwrap_or(u32::MAX)),
    }
}

/// All topics but the cluster's own, with their numbers of partitions and of replicas.
pub(super) fn names(client: &Consumer) -> Result<Vec<(String, u32, usize)>, LogError> {
    let metadata = client.fetch_metadata(None, TIMEOUT).map_err(|error| {
        serve_events(client);
        classify("list the topics", &error, client.context())
    })?;
    let topics = metadata.topics().iter();
    let mut topics: Vec<_> = topics
        .filter(|topic| !topic.name().starts_with("__"))
        .map(|topic| {
            let partitions = u32::try_from(topic.partitions().len()).unwrap_or(u32::MAX);
            let replicas = topic.partitions().iter().map(|p| p.replicas().len());
            (
                topic.name().to_owned(),
                partitions,
                replicas.min().unwrap_or(0),
            )
        })
        .collect();
    topics.sort();
    Ok(topics)
}

/// What a topic's clean-up is in Kafka's settings. Kafka compacts by offset only: where the newest event time is to
/// win, the pipeline has to drop outdated records.
pub(super) fn to_settings(cleanup: &Cleanup) -> TopicSettings {
    let expires = cleanup.retention.is_some() || cleanup.retention_bytes.is_some();
    let policy = match (cleanup.compact.is_some(), expires) {
        (true, true) => "compact,delete",
        (true, false) => "compact",
        (false, _) => "delete",
    };
    let retention = cleanup
        .retention
        .map_or("-1".to_owned(), |age| age.as_millis().to_string());
    let bytes = cleanup
        .retention_bytes
        .map_or("-1".to_owned(), |bytes| bytes.to_string());
    let mut settings = TopicSettings::from([
        ("cleanup.policy".to_owned(), policy.to_owned()),
        ("retention.ms".to_owned(), retention),
        ("retention.bytes".to_owned(), bytes),
        // Producers compress; brokers store what they get.
        ("compression.type".to_owned(), "producer".to_owned()),
    ]);
    if cleanup.compact.is_some() {
        // The active segment is never compacted: a busy topic of few keys would keep a gigabyte of outdated ones.
        settings.insert("segment.ms".to_owned(), "600000".to_owned());
        settings.insert("segment.bytes".to_owned(), "67108864".to_owned());
        settings.insert("min.cleanable.dirty.ratio".to_owned(), "0.3".to_owned());
    }
    settings
}

/// The clean-up that a topic's settings mean.
pub(super) fn to_cleanup(settings: &TopicSettings) -> Cleanup {
    let number = |name: &str| {
        settings
            .get(name)
            .and_then(|value| value.parse::<u64>().ok())
    };
    let policy = settings
        .get("cleanup.policy")
        .map_or("delete", String::as_str);
    let deletes = policy.contains("delete");
    Cleanup {
        compact: policy.contains("compact").then_some(Compaction::LastOffset),
        retention: number("retention.ms")
            .filter(|_| deletes)
            .map(Duration::from_millis),
        retention_bytes: number("retention.bytes").filter(|_| deletes),
    }
}
