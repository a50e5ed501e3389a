//! The topics of a data directory that no process uses any more.

use std::path::Path;

use flightstream_core::batch::{Raw, Record, TopicPartition};
use flightstream_core::log::Log;
use flightstream_core::log::embedded::{EmbeddedLog, EmbeddedOptions};

/// What the header of a dead letter begins with.
const ERRORS: &str = "__flightstream.errors.";

pub fn open(data: &Path) -> EmbeddedLog {
    EmbeddedLog::open(data, EmbeddedOptions::default()).expect("the data directory can be opened")
}

/// All records of a topic, by partition.
pub fn records(log: &dyn Log, topic: &str) -> Vec<Vec<Record<Raw>>> {
    let ranges = log.offsets(topic).expect("the topic is there");
    let partitions = ranges.iter().zip(0_u32..).map(|(range, number)| {
        let partition = TopicPartition::new(topic, number);
        let (mut all, mut from) = (Vec::new(), range.start);
        loop {
            let records = log
                .read(&partition, from, 4096)
                .expect("the topic can be read");
            let Some(last) = records.last() else {
                return all;
            };
            from = last.origin + 1;
            all.extend(records);
        }
    });
    partitions.collect()
}

pub fn value(record: &Record<Raw>) -> &[u8] {
    record.value.as_bytes().unwrap_or_default()
}

pub fn key(record: &Record<Raw>) -> Option<String> {
    let key = record.key.as_ref()?;
    Some(String::from_utf8_lossy(key).into_owned())
}

/// A header of a dead letter, such as `reason`.
pub fn error_header(record: &Record<Raw>, name: &str) -> String {
    let name = format!("{ERRORS}{name}");
    let value = record.headers.get(&name);
    let value = value.unwrap_or_else(|| panic!("expected the header {name:?}: {record:?}"));
    String::from_utf8_lossy(value).into_owned()
}
