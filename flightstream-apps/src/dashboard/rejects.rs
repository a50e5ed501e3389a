use std::collections::BTreeMap;

use flightstream_core::batch::TopicPartition;
use flightstream_core::log::{Log, LogError};
use flightstream_core::runtime::dead_letters::DeadLetter;
use serde_json::{Value, json};

use crate::data::{topics, without_envelope};

/// The newest letters of a partition that are looked at.
const LOOKED_AT: u64 = 256;
/// Samples of each reason.
const SAMPLES: usize = 5;
const LONGEST_VALUE: usize = 512;

/// Newest refused records by reason, the newest first.
pub(super) fn samples(log: &dyn Log) -> Result<BTreeMap<String, Vec<Value>>, LogError> {
    let mut letters = Vec::new();
    for (range, number) in log.offsets(topics::DEAD_LETTERS)?.into_iter().zip(0..) {
        let partition = TopicPartition::new(topics::DEAD_LETTERS, number);
        let from = range.end.saturating_sub(LOOKED_AT).max(range.start);
        if from < range.end {
            let records = log.read(&partition, from, LOOKED_AT as usize)?;
            letters.extend(
                records
                    .into_iter()
                    .map(|record| DeadLetter::of(&partition, record)),
            );
        }
    }
    letters.sort_by_key(|letter| std::cmp::Reverse((letter.original.event_time, letter.offset)));
    let mut samples: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for letter in letters {
        let of_reason = samples.entry(letter.reason.clone()).or_default();
        if of_reason.len() < SAMPLES {
            of_reason.push(sample(&without_envelope(letter)));
        }
    }
    Ok(samples)
}

fn sample(letter: &DeadLetter) -> Value {
    let value = letter.original.value.as_bytes().unwrap_or_default();
    let value = String::from_utf8_lossy(value.get(..LONGEST_VALUE).unwrap_or(value));
    let (topic, offset) = letter
        .origin
        .as_ref()
        .map(|(at, offset)| (at.topic(), *offset))
        .unzip();
    json!({
        "time": letter.original.event_time.as_millis(),
        "stage": letter.stage,
        "message": letter.message,
        "topic": topic,
        "offset": offset,
        "value": value,
    })
}
