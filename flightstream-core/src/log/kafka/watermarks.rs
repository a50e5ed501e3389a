use std::time::Duration;

use rdkafka::consumer::Consumer as _;
use rdkafka::error::RDKafkaErrorCode;

use super::client::Consumer;
use super::error::{TIMEOUT, classify, patiently};
use super::reader::native_partition;
use crate::batch::TopicPartition;
use crate::log::{LogError, OffsetRange};

/// Asks the cluster for the offsets that a partition holds, until it answers.
pub(super) fn watermarks(
    consumer: &Consumer,
    partition: &TopicPartition,
) -> Result<OffsetRange, LogError> {
    patiently(|| watermarks_within(consumer, partition, TIMEOUT))
}

/// Asks once, and waits so long for the answer. A partition's end is that of the transactions that are committed.
pub(super) fn watermarks_within(
    consumer: &Consumer,
    partition: &TopicPartition,
    timeout: Duration,
) -> Result<OffsetRange, LogError> {
    let number = native_partition(partition);
    let asked = consumer.fetch_watermarks(partition.topic(), number, timeout);
    let (low, high) = asked.map_err(|error| {
        serve_events(consumer);
        if error.rdkafka_error_code() == Some(RDKafkaErrorCode::UnknownPartition) {
            // The client says so of a partition that had no leader when it looked last, and until it looks again by
            // itself, after minutes.
            let _ = consumer.fetch_metadata(Some(partition.topic()), timeout);
        }
        let action = format!("ask for the offsets of {partition}");
        classify(action, &error, consumer.context())
    })?;
    Ok(OffsetRange {
        start: u64::try_from(low).unwrap_or(0),
        end: u64::try_from(high).unwrap_or(0),
    })
}

/// Lets a client tell what it has met, where no thread does so all the time.
pub(super) fn serve_events(consumer: &Consumer) {
    // Without any time a poll ends at the first line of the client's log.
    while consumer.poll(Duration::from_millis(5)).is_some() {}
}
