use crate::batch::{Raw, Record, Rejected, TopicPartition};

/// The headers of a dead letter: the meanings of Kafka's KIP-1034 under a prefix of our own.
pub mod header {
    /// The reason's code, such as `malformed_json`.
    pub const REASON: &str = "__flightstream.errors.reason";
    /// A sentence about this record.
    pub const MESSAGE: &str = "__flightstream.errors.message";
    /// The operator that refused it, such as `decode`.
    pub const STAGE: &str = "__flightstream.errors.stage";
    /// The topic it was read from.
    pub const TOPIC: &str = "__flightstream.errors.topic";
    /// The partition it was read from, in decimal.
    pub const PARTITION: &str = "__flightstream.errors.partition";
    /// The offset it was read at, in decimal.
    pub const OFFSET: &str = "__flightstream.errors.offset";
}

/// The record that goes to the dead-letter topic: original key, value and headers, and why it is there.
pub(crate) fn dead_letter(rejected: Rejected, from: Option<&TopicPartition>) -> Record<Raw> {
    let Rejected {
        key,
        value,
        mut headers,
        event_time,
        origin,
        stage,
        rejection,
    } = rejected;
    headers.push(header::REASON, rejection.reason().to_owned());
    headers.push(header::MESSAGE, rejection.detail().to_owned());
    headers.push(header::STAGE, stage);
    if let Some(from) = from {
        headers.push(header::TOPIC, from.topic().to_owned());
        headers.push(header::PARTITION, from.partition().to_string());
        headers.push(header::OFFSET, origin.to_string());
    }
    Record {
        key,
        value: Raw(value),
        event_time,
        headers,
        origin,
    }
}
