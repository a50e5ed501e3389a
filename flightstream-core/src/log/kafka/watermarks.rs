use rdkafka::consumer::Consumer as _;

use super::client::Consumer;
use super::error::{TIMEOUT, classify};
use super::reader::native_partition;
use crate::batch::TopicPartition;
use crate::log::{LogError, OffsetRange};

/// Asks the cluster for the offsets that a partition holds; its end is that of the transactions that are committed.
pub(super) fn watermarks(
    consumer: &Consumer,
    partition: &TopicPartition,
) -> Result<OffsetRange, LogError> {
    let asked = consumer.fetch_watermarks(partition.topic(), native_partition(partition), TIMEOUT);
    let (low, high) = asked.map_err(|error| {
        serve_events(consumer);
        classify(
            format!("ask for the offsets of {partition}"),
            &error,
            consumer.context(),
        )
    })?;
    Ok(OffsetRange {
        start: u64::try_from(low).unwrap_or(0),
        end: u64::try_from(high).unwrap_or(0),
    })
}

/// Lets a client tell what it has met, where no thread does so all the time.
pub(super) fn serve_events(consumer: &Consumer) {
    // Without any time a poll ends at the first line of the client's log.
    while consumer.poll(std::time::Duration::from_millis(5)).is_some() {}
}
