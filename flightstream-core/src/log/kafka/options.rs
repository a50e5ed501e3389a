use std::collections::BTreeMap;
use std::fmt;

use rdkafka::ClientConfig;
use rdkafka::config::RDKafkaLogLevel;

use super::error::{check, is_secret};
use super::profile::Profile;
use crate::log::LogError;

/// Which cluster, and how to talk to it.
///
/// ```
/// use flightstream_core::log::kafka::{KafkaOptions, Profile};
///
/// let options = KafkaOptions::new("broker-1:9092,broker-2:9092")
///     .profile(Profile::Latency)
///     .set("security.protocol", "SASL_PLAINTEXT")
///     .set("sasl.mechanisms", "PLAIN")
///     .set("sasl.username", "flight")
///     .set("sasl.password", "not to be seen");
/// assert!(!format!("{options:?}").contains("not to be seen"));
/// ```
#[derive(Clone)]
pub struct KafkaOptions {
    bootstrap: String,
    profile: Profile,
    properties: BTreeMap<String, String>,
    instance: Option<String>,
    replication: Option<u16>,
}

/// Which protocol a consumer group uses to share partitions out.
const CLASSIC: [(&str, &str); 2] = [
    // A member that was killed is noticed after so long; stock clients wait for 45 s.
    ("session.timeout.ms", "15000"),
    ("heartbeat.interval.ms", "3000"),
];

/// Partitions that stay where they are go on during a rebalance.
const COOPERATIVE: &str = "cooperative-sticky";
/// All partitions stop during a rebalance. A static member that dies between the two steps of a cooperative one leaves
/// partitions to nobody: its successor is given its place without a rebalance, and does not know that a second step is due.
const EAGER: &str = "range";

/// So long can a process that was killed keep readers from what comes after its open transaction.
const TRANSACTIONAL: [(&str, &str); 2] = [
    ("transaction.timeout.ms", "10000"),
    // Not longer than that.
    ("message.timeout.ms", "10000"),
];

/// What the library's guarantees rest on.
const OWN: [&str; 15] = [
    "auto.offset.reset",
    "client.id",
    "delivery.report.only.error",
    "enable.auto.commit",
    "enable.auto.offset.store",
    "enable.idempotence",
    "enable.partition.eof",
    "group.id",
    "group.instance.id",
    "isolation.level",
    "log.queue",
    "metadata.broker.list",
    "partitioner",
    "transactional.id",
    "bootstrap.servers",
];

impl KafkaOptions {
    /// A cluster by some of its brokers: `host:port`, several with commas between them.
    #[must_use]
    pub fn new(bootstrap: impl Into<String>) -> Self {
        Self {
            bootstrap: bootstrap.into(),
            profile: Profile::default(),
            properties: BTreeMap::new(),
            instance: None,
            replication: None,
        }
    }

    /// What the clients are tuned for, by default [`Profile::Throughput`].
    #[must_use]
    pub fn profile(mut self, profile: Profile) -> Self {
        self.profile = profile;
        self
    }

    /// Any property of [librdkafka](https://github.com/confluentinc/librdkafka/blob/master/CONFIGURATION.md), over what
    /// the profile says. Those that the library's guarantees rest on are refused by
    /// [`KafkaLog::open`](super::KafkaLog::open).
    #[must_use]
    pub fn set(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.properties.insert(name.into(), value.into());
        self
    }

    /// A name that this process keeps over restarts and shares with no other: its group membership becomes static
    /// (a restart within the session's time moves no partition), and its transactions end those of its predecessor at
    /// once. Without a name each process is a new one.
    #[must_use]
    pub fn instance(mut self, name: impl Into<String>) -> Self {
        self.instance = Some(name.into());
        self
    }

    /// How many replicas topics get that are created; by default what the cluster says.
    #[must_use]
    pub fn replication(mut self, replicas: u16) -> Self {
        self.replication = Some(replicas);
        self
    }

    pub(super) fn replicas(&self) -> i32 {
        self.replication.map_or(-1, i32::from)
    }

    pub(super) fn instance_name(&self) -> Option<&str> {
        self.instance.as_deref()
    }

    /// How large a record may be, in bytes, for the client to send it.
    pub(super) fn record_limit(&self) -> usize {
        let limit = self.properties.get("message.max.bytes");
        limit
            .and_then(|limit| limit.parse().ok())
            .unwrap_or(1_000_000)
    }

    /// Refuses what cannot work, before anything is connected.
    pub(super) fn validate(&self) -> Result<(), LogError> {
        if self.bootstrap.trim().is_empty() {
            return Err(LogError::InvalidSetting {
                name: "bootstrap.servers".to_owned(),
                why: "name at least one broker as host:port".to_owned(),
            });
        }
        let own = |name: &&String| OWN.contains(&name.as_str());
        if let Some(name) = self.properties.keys().find(own) {
            return Err(LogError::InvalidSetting {
                name: name.clone(),
                why: "it cannot be set: delivery guarantees rest on it, or it has an option of its own"
                    .to_owned(),
            });
        }
        check(&self.config(&[]))
    }

    /// The settings of every client, with those of one kind beneath what the user has set.
    fn config(&self, of_kind: &[(&str, &str)]) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set_log_level(RDKafkaLogLevel::Info);
        config
            .set("bootstrap.servers", &self.bootstrap)
            .set(
                "client.id",
                self.instance.as_deref().unwrap_or("flightstream"),
            )
            // Brokers that are back are noticed within a second.
            .set("reconnect.backoff.max.ms", "1000")
            .set("socket.keepalive.enable", "true");
        for (name, value) in of_kind {
            config.set(*name, *value);
        }
        for (name, value) in &self.properties {
            config.set(name, value);
        }
        config
    }

    /// A consumer of a group, or of none: then the name is used for nothing but the client's own bookkeeping.
    pub(super) fn consumer(&self, group: &str) -> ClientConfig {
        let mut config = self.config(self.profile.consumer());
        let protocol = self.properties.get("group.protocol");
        if protocol.is_none_or(|protocol| protocol.eq_ignore_ascii_case("classic")) {
            let assignor = self.instance.as_ref().map_or(COOPERATIVE, |_| EAGER);
            let strategy = [("partition.assignment.strategy", assignor)];
            for (name, value) in CLASSIC.into_iter().chain(strategy) {
                if !self.properties.contains_key(name) {
                    config.set(name, value);
                }
            }
        }
        config
            .set("group.id", group)
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            .set("enable.partition.eof", "true")
            .set("isolation.level", "read_committed")
            // The client says so, and readers, which know their positions, see it. After `error` a partition could not be
            // read again without a new assignment.
            .set("auto.offset.reset", "earliest");
        config
    }

    pub(super) fn member(&self, group: &str) -> ClientConfig {
        let mut config = self.consumer(group);
        if let Some(instance) = &self.instance {
            config.set("group.instance.id", instance);
        }
        config
    }

    pub(super) fn producer(&self, transactional_id: Option<&str>) -> ClientConfig {
        let mut config = self.config(self.profile.producer());
        config
            .set("enable.idempotence", "true")
            .set("delivery.report.only.error", "true");
        if let Some(id) = transactional_id {
            config.set("transactional.id", id);
            for (name, value) in TRANSACTIONAL {
                if !self.properties.contains_key(name) {
                    config.set(name, value);
                }
            }
        }
        config
    }

    pub(super) fn admin(&self) -> ClientConfig {
        self.config(&[])
    }
}

impl fmt::Debug for KafkaOptions {
    /// Shows every setting but no secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |(name, value): (&String, &String)| {
            let value = if is_secret(name) { "[hidden]" } else { value };
            (name.clone(), value.to_owned())
        };
        f.debug_struct("KafkaOptions")
            .field("bootstrap", &self.bootstrap)
            .field("profile", &self.profile)
            .field(
                "properties",
                &self
                    .properties
                    .iter()
                    .map(shown)
                    .collect::<BTreeMap<_, _>>(),
            )
            .field("instance", &self.instance)
            .field("replication", &self.replication)
            .finish()
    }
}
