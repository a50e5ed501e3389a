//! Which record of a key compaction keeps, in both logs.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what goes wrong in a test should end it"
)]

use std::collections::BTreeMap;

use flightstream_core::batch::{Raw, Record, TopicPartition};
use flightstream_core::log::embedded::{EmbeddedLog, EmbeddedOptions};
use flightstream_core::log::memory::MemoryLog;
use flightstream_core::log::{Isolation, Log, TopicSpec};
use flightstream_core::time::Timestamp;
use proptest::prelude::*;

/// Key, event time, and whether it is no tombstone; or a pass of compaction.
#[derive(Clone, Debug)]
enum Step {
    Append(u8, i64, bool),
    Clean,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let append = (0_u8..4, 0_i64..6, prop::bool::weighted(0.8));
    let append = append.prop_map(|(key, time, value)| Step::Append(key, time, value));
    prop::collection::vec(prop_oneof![6 => append, 1 => Just(Step::Clean)], 0..60)
}

/// What a reader that goes by event time makes of the records that are left.
fn newest(log: &dyn Log) -> BTreeMap<Vec<u8>, (i64, Option<Vec<u8>>)> {
    let mut newest = BTreeMap::<Vec<u8>, (i64, Option<Vec<u8>>)>::new();
    for record in log
        .read(&TopicPartition::new("t", 0), 0, usize::MAX)
        .unwrap()
    {
        let (key, time) = (record.key.unwrap().to_vec(), record.event_time.as_millis());
        if newest.get(&key).is_none_or(|(known, _)| *known <= time) {
            newest.insert(key, (time, record.value.0.map(|value| value.to_vec())));
        }
    }
    newest
}

fn check(log: &dyn Log, clean: impl Fn(), spec: TopicSpec, steps: &[Step]) {
    log.create_topic(&spec).unwrap();
    let mut writer = log.writer(Isolation::Immediate).unwrap();
    let mut model = BTreeMap::<Vec<u8>, (i64, Option<Vec<u8>>)>::new();
    for (n, step) in steps.iter().enumerate() {
        match step {
            Step::Append(key, time, has_value) => {
                let value = has_value.then(|| n.to_string().into_bytes());
                let record = Record {
                    key: Some(vec![*key].into()),
                    ..Record::new(
                        Raw(value.clone().map(Into::into)),
                        Timestamp::from_millis(*time),
                    )
                };
                writer.append("t", vec![record]).unwrap();
                if model
                    .get(&vec![*key])
                    .is_none_or(|(known, _)| known <= time)
                {
                    model.insert(vec![*key], (*time, value));
                }
            }
            Step::Clean => clean(),
        }
    }
    let left = newest(log);
    for (key, (time, value)) in model {
        match left.get(&key) {
            Some(found) => assert_eq!(*found, (time, value), "key {key:?}"),
            // A tombstone goes once it has done its work.
            None => assert_eq!(value, None, "key {key:?} is lost"),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn the_memory_log_keeps_the_newest_event_time(steps in steps()) {
        // What a removed tombstone had superseded may come back when it comes late, as nothing tells any more.
        let steps: Vec<_> = steps.into_iter().filter(|step| !matches!(step, Step::Append(_, _, false))).collect();
        let log = MemoryLog::new();
        check(&log, || log.clean(), TopicSpec::new("t", 1).compacted_by_event_time(), &steps);
    }

    #[test]
    fn the_embedded_log_keeps_the_newest_event_time(steps in steps()) {
        let steps: Vec<_> = steps.into_iter().filter(|step| !matches!(step, Step::Append(_, _, false))).collect();
        let directory = tempfile::tempdir().unwrap();
        let log = EmbeddedLog::open(directory.path(), EmbeddedOptions::default()).unwrap();
        check(&log, || log.clean().unwrap(), TopicSpec::new("t", 1).compacted_by_event_time(), &steps);
    }
}

#[test]
fn by_offset_the_last_record_is_kept_whatever_its_time() {
    let log = MemoryLog::new();
    log.create_topic(&TopicSpec::new("t", 1).compacted())
        .unwrap();
    let record = |value: &'static str, time| Record {
        key: Some("k".into()),
        ..Record::new(Raw::from(value), Timestamp::from_millis(time))
    };
    log.writer(Isolation::Immediate)
        .unwrap()
        .append("t", vec![record("first", 9), record("last", 1)])
        .unwrap();
    log.clean();
    let left = log
        .read(&TopicPartition::new("t", 0), 0, usize::MAX)
        .unwrap();
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].value, Raw::from("last"));
}
