use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use flightstream_core::batch::{Offset, TopicPartition};
use flightstream_core::log::kafka::{ClusterDescription, KafkaLog};
use flightstream_core::log::{Log, LogError, OffsetRange};

use crate::data::topics;
use crate::error::CommandError;
use crate::metrics::{Monitor, cluster};

/// The stages' groups, with what they read.
const STAGES: [(&str, &str); 2] = [("process", topics::FLIGHT), ("index", topics::ENRICHED)];

/// How long a partition's leader may take to answer.
const GLANCE: Duration = Duration::from_secs(5);

/// One partition as a group sees it.
pub(crate) struct Row {
    pub(crate) group: String,
    pub(crate) state: String,
    pub(crate) members: usize,
    pub(crate) partition: TopicPartition,
    pub(crate) committed: Option<Offset>,
    pub(crate) end: Offset,
    pub(crate) lag: u64,
}

/// Looks at the cluster, and tells Prometheus what it sees. Partitions whose leader is away are left out: nobody can tell what
/// they hold.
pub(crate) fn rows(
    log: &KafkaLog,
    groups: &[String],
    monitor: Option<&Monitor>,
) -> Result<Vec<Row>, CommandError> {
    let described = log.describe_cluster();
    if let Some(monitor) = monitor {
        monitor.publish("cluster", cluster::of_description(described.as_ref().ok()));
    }
    let offsets = offsets(log, &described?)?;
    if let Some(monitor) = monitor {
        // Groups may have to be waited for, and what partitions lack should be told of meanwhile.
        monitor.publish("offsets", cluster::of_offsets(&offsets));
    }
    let there_are = log.groups();
    let is_wanted = |group: &String| match groups {
        [] => {
            let is_stage = STAGES.iter().any(|(stage, _)| group == stage);
            let families = ["history-", "index-", "statistics-"];
            is_stage || families.iter().any(|family| group.starts_with(family))
        }
        groups => groups.contains(group),
    };
    let mut rows = Vec::new();
    let there_are = match there_are {
        // A broker that is away may be the one that knows of some: partitions are told of without them.
        Err(error @ LogError::Unavailable { .. }) if monitor.is_some() => {
            tracing::warn!("{error}; asking again");
            BTreeMap::new()
        }
        there_are => there_are?,
    };
    'groups: for (group, (state, members)) in there_are.iter().filter(|(group, _)| is_wanted(group))
    {
        let topics: BTreeSet<&str> = offsets.keys().map(TopicPartition::topic).collect();
        for topic in topics {
            let committed = match monitor {
                Some(_) => log.group_offsets(group, topic, GLANCE),
                None => log.committed(group, topic),
            };
            let committed = match committed {
                Err(error @ LogError::Unavailable { .. }) if monitor.is_some() => {
                    tracing::warn!("{error}; asking again");
                    break 'groups;
                }
                committed => committed?,
            };
            if committed.is_empty() {
                continue;
            }
            for (partition, range) in offsets.iter().filter(|(it, _)| it.topic() == topic) {
                let committed = committed.get(partition).copied();
                let from = committed.unwrap_or(range.start).max(range.start);
                rows.push(Row {
                    group: group.clone(),
                    state: state.clone(),
                    members: *members,
                    partition: partition.clone(),
                    committed,
                    end: range.end,
                    lag: range.end.saturating_sub(from),
                });
            }
        }
    }
    if let Some(monitor) = monitor {
        let members = there_are.iter().filter(|(group, _)| is_wanted(group));
        let members = members.map(|(group, (_, members))| (group.as_str(), *members));
        let behind = rows.iter().map(|row| cluster::Behind {
            group: &row.group,
            partition: &row.partition,
            lag: row.lag,
        });
        monitor.publish("groups", cluster::of_groups(members, behind));
    }
    Ok(rows)
}

/// What partitions hold. A leader that does not answer is asked once, not for each of its partitions.
fn offsets(
    log: &KafkaLog,
    cluster: &ClusterDescription,
) -> Result<BTreeMap<TopicPartition, OffsetRange>, LogError> {
    let mut away = BTreeSet::from([None]);
    let mut offsets = BTreeMap::new();
    for (partition, described) in &cluster.partitions {
        if away.contains(&described.leader) {
            continue;
        }
        match log.partition_offsets(partition, GLANCE) {
            Ok(range) => {
                offsets.insert(partition.clone(), range);
            }
            Err(LogError::Unavailable { .. }) => {
                away.insert(described.leader);
            }
            Err(error) => return Err(error),
        }
    }
    let untold = cluster.partitions.len() - offsets.len();
    if untold > 0 {
        tracing::warn!("{untold} partitions have no leader that answers");
    }
    Ok(offsets)
}
