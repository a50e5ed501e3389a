use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use flightstream_core::log::kafka::{KafkaLog, KafkaOptions, Profile, TopicPlan, TopicState};
use flightstream_core::log::{Log, TopicSpec};

use crate::cli::{Cluster, KafkaProfile};
use crate::error::CommandError;

/// How long a new topic may take to be known everywhere.
const SETTLE: Duration = Duration::from_secs(3);

/// Connects to the cluster that the options name.
pub(crate) fn connect(options: &Cluster, bootstrap: &str) -> Result<KafkaLog, CommandError> {
    KafkaLog::open(kafka_options(options, bootstrap)?).map_err(CommandError::Kafka)
}

/// The topics of the cluster, once they are as they have to be.
pub(crate) fn open(
    options: &Cluster,
    bootstrap: &str,
    topics: &[TopicSpec],
) -> Result<Arc<dyn Log>, CommandError> {
    let log = connect(options, bootstrap)?;
    check(&settled_plan(&log, topics)?)?;
    Ok(Arc::new(log))
}

/// The plan, once every topic is there or has had the time to: brokers learn of a new topic one after the other.
pub(crate) fn settled_plan(
    log: &KafkaLog,
    topics: &[TopicSpec],
) -> Result<Vec<TopicPlan>, CommandError> {
    let give_up = Instant::now() + SETTLE;
    loop {
        let plans = log.plan(topics)?;
        let is_settled = plans.iter().all(|plan| plan.state != TopicState::Missing);
        if is_settled || Instant::now() >= give_up {
            return Ok(plans);
        }
        thread::sleep(Duration::from_millis(200));
    }
}

/// Refuses topics that are missing, and those with which something would go wrong in silence.
pub(crate) fn check(plans: &[TopicPlan]) -> Result<(), CommandError> {
    let mut faults = Vec::new();
    for plan in plans {
        if plan.state == TopicState::Missing {
            faults.push(format!("there is no topic {}", plan.spec.name));
        }
        let dangers = plan.dangers();
        faults.extend(dangers.map(|danger| format!("topic {}: {danger}", plan.spec.name)));
    }
    match faults.is_empty() {
        true => Ok(()),
        false => Err(CommandError::Topics(faults.join("; "))),
    }
}

fn kafka_options(options: &Cluster, bootstrap: &str) -> Result<KafkaOptions, CommandError> {
    let mut kafka = KafkaOptions::new(bootstrap).profile(match options.profile {
        KafkaProfile::Throughput => Profile::Throughput,
        KafkaProfile::Latency => Profile::Latency,
    });
    if let Some(replicas) = options.replication {
        kafka = kafka.replication(replicas);
    }
    if let Some(instance) = &options.instance {
        kafka = kafka.instance(instance);
    }
    let of_file = options.properties_file.as_deref().map(properties);
    for (name, value) in of_file.transpose()?.unwrap_or_default() {
        kafka = kafka.set(name, value);
    }
    for text in &options.properties {
        let (name, value) = property(text)
            .ok_or_else(|| CommandError::Usage("--kafka-property: write NAME=VALUE".to_owned()))?;
        kafka = kafka.set(name, value);
    }
    Ok(kafka)
}

/// `NAME=VALUE` lines, as in the properties files of Kafka's own tools.
fn properties(path: &Path) -> Result<Vec<(String, String)>, CommandError> {
    let wrong = |what: String| CommandError::Usage(format!("--kafka-properties: {what}"));
    let text = std::fs::read_to_string(path)
        .map_err(|error| wrong(format!("cannot read {}: {error}", path.display())))?;
    let lines = text.lines().map(str::trim).zip(1..);
    let lines = lines.filter(|(line, _)| !line.is_empty() && !line.starts_with('#'));
    let of_line = |(line, number): (&str, usize)| {
        property(line).ok_or_else(|| {
            wrong(format!(
                "line {number} of {} is not NAME=VALUE",
                path.display()
            ))
        })
    };
    lines.map(of_line).collect()
}

/// `NAME=VALUE`, taken apart.
fn property(text: &str) -> Option<(String, String)> {
    let (name, value) = text.split_once('=')?;
    let (name, value) = (name.trim(), value.trim());
    (!name.is_empty()).then(|| (name.to_owned(), value.to_owned()))
}

/// The cluster's address, for a command that needs one.
pub(crate) fn required(options: &Cluster) -> Result<&str, CommandError> {
    options.kafka.as_deref().ok_or_else(|| {
        CommandError::Usage(
            "name a cluster with --kafka HOST:PORT or FLIGHTSTREAM_KAFKA".to_owned(),
        )
    })
}
