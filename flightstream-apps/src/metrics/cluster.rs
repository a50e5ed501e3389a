//! What a Kafka cluster tells of itself, by the names that `kafka_exporter` has for it: rules and dashboards for that one do
//! for this one.

use std::collections::BTreeMap;

use flightstream_core::batch::TopicPartition;
use flightstream_core::log::OffsetRange;
use flightstream_core::log::kafka::ClusterDescription;
use metrics::{describe_gauge, gauge};
use metrics_exporter_prometheus::PrometheusBuilder;

/// Brokers and partitions; no broker, if none answers.
pub(crate) fn of_description(cluster: Option<&ClusterDescription>) -> String {
    rendered(|| {
        describe_gauge!("kafka_brokers", "Brokers that are in the cluster.");
        let brokers = cluster.map_or(0, |cluster| cluster.brokers.len());
        gauge!("kafka_brokers").set(float(brokers));
        let Some(cluster) = cluster else { return };
        describe_gauge!("kafka_topic_partitions", "Partitions of the topic.");
        describe_gauge!(
            "kafka_topic_partition_leader",
            "The broker that leads the partition; none while it has no leader."
        );
        describe_gauge!(
            "kafka_topic_partition_replicas",
            "Brokers that are to have the partition."
        );
        describe_gauge!(
            "kafka_topic_partition_in_sync_replica",
            "Brokers that have all of the partition."
        );
        describe_gauge!(
            "kafka_topic_partition_under_replicated_partition",
            "1 if a broker that is to have the partition lacks some of it."
        );
        for (partition, described) in &cluster.partitions {
            let labels = labels(partition);
            gauge!("kafka_topic_partitions", "topic" => partition.topic().to_owned())
                .increment(1.0);
            if let Some(leader) = described.leader {
                gauge!("kafka_topic_partition_leader", &labels).set(f64::from(leader));
            }
            gauge!("kafka_topic_partition_replicas", &labels).set(float(described.replicas));
            gauge!("kafka_topic_partition_in_sync_replica", &labels).set(float(described.in_sync));
            let lacks = described.in_sync < described.replicas;
            gauge!("kafka_topic_partition_under_replicated_partition", &labels)
                .set(f64::from(u8::from(lacks)));
        }
    })
}

/// What a group has still to read of a partition.
pub(crate) struct Behind<'a> {
    pub(crate) group: &'a str,
    pub(crate) partition: &'a TopicPartition,
    pub(crate) lag: u64,
}

/// What partitions hold.
pub(crate) fn of_offsets(offsets: &BTreeMap<TopicPartition, OffsetRange>) -> String {
    rendered(|| {
        describe_gauge!(
            "kafka_topic_partition_current_offset",
            "The offset after the partition's last record."
        );
        describe_gauge!(
            "kafka_topic_partition_oldest_offset",
            "The offset of the partition's first record."
        );
        for (partition, range) in offsets {
            let labels = labels(partition);
            gauge!("kafka_topic_partition_current_offset", &labels).set(float(range.end));
            gauge!("kafka_topic_partition_oldest_offset", &labels).set(float(range.start));
        }
    })
}

/// How far groups are.
pub(crate) fn of_groups<'a>(
    members: impl Iterator<Item = (&'a str, usize)>,
    behind: impl Iterator<Item = Behind<'a>>,
) -> String {
    rendered(|| {
        describe_gauge!("kafka_consumergroup_members", "Members of the group.");
        for (group, members) in members {
            gauge!("kafka_consumergroup_members", "consumergroup" => group.to_owned())
                .set(float(members));
        }
        describe_gauge!(
            "kafka_consumergroup_lag",
            "Offsets that the group has still to read of the partition."
        );
        for Behind {
            group,
            partition,
            lag,
        } in behind
        {
            let [topic, number] = labels(partition);
            let group = ("consumergroup".to_owned(), group.to_owned());
            gauge!("kafka_consumergroup_lag", &[group, topic, number]).set(float(lag));
        }
    })
}

fn labels(partition: &TopicPartition) -> [(String, String); 2] {
    let number = partition.partition().to_string();
    [
        ("topic".to_owned(), partition.topic().to_owned()),
        ("partition".to_owned(), number),
    ]
}

/// By a recorder of its own, so that what is gone from the cluster is gone from the text.
fn rendered(record: impl FnOnce()) -> String {
    let recorder = PrometheusBuilder::new().build_recorder();
    metrics::with_local_recorder(&recorder, record);
    recorder.handle().render()
}

#[allow(clippy::cast_precision_loss, reason = "offsets stay below 2^53")]
fn float(number: impl TryInto<u64>) -> f64 {
    number.try_into().unwrap_or(u64::MAX) as f64
}
