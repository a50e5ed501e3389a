//! An app that is reset begins anew: with empty stores, and where it is told to.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "what goes wrong in a test should end it"
)]

use std::collections::BTreeMap;
use std::sync::Arc;

use flightstream_core::Records;
use flightstream_core::batch::{Raw, Record, Rejection, TopicPartition};
use flightstream_core::log::memory::MemoryLog;
use flightstream_core::log::{Isolation, Log, TopicSpec};
use flightstream_core::runtime::{App, ResetTo, Running, TaskContext, topic};
use flightstream_core::store::KeyValueStore;
use flightstream_core::time::Timestamp;

const PARTITIONS: u32 = 2;

fn log() -> Arc<dyn Log> {
    let log: Arc<dyn Log> = Arc::new(MemoryLog::new());
    log.create_topic(&TopicSpec::new("numbers", PARTITIONS))
        .unwrap();
    log.create_topic(&TopicSpec::new("counts", 1)).unwrap();
    log
}

fn send(log: &Arc<dyn Log>, numbers: impl IntoIterator<Item = u64>) {
    let record = |number: u64| {
        let value = Raw::from(number.to_string().into_bytes());
        Record::new(value, Timestamp::from_seconds(1_706_705_100))
    };
    let mut writer = log.writer(Isolation::Immediate).unwrap();
    writer
        .append("numbers", numbers.into_iter().map(record).collect())
        .unwrap();
    writer.commit("test", &[]).unwrap();
}

/// Counts numbers by their remainder.
macro_rules! app {
    () => {
        App::new("remainders")
            .source(topic("numbers").group("remainders"))
            .pipeline(|raw, cx: TaskContext| {
                raw.decode(|bytes: &[u8]| {
                    let text = std::str::from_utf8(bytes).unwrap();
                    text.parse::<u64>().map_err(|_| Rejection::new("number"))
                })
                .key_by(|number| number % 3)
                .repartition("by-remainder", &cx)
                .count(cx.store("counts"))
            })
            .sink(topic("counts").json())
    };
}

fn counts(running: &Running) -> BTreeMap<u64, u64> {
    let of_partition = |counts: &KeyValueStore<u64, u64>| -> Vec<(u64, u64)> {
        let keys = 0..3_u64;
        let count = |key| Some((key, counts.get(&key).as_deref().copied()?));
        keys.filter_map(count).collect()
    };
    let partitions = running.store(.., "counts", of_partition).unwrap();
    partitions.into_iter().flatten().collect()
}

fn caught_up(log: &Arc<dyn Log>) -> BTreeMap<u64, u64> {
    let running = app!().start(log).unwrap();
    running.wait_until_ready().unwrap();
    running.wait_until_caught_up().unwrap();
    let counts = counts(&running);
    running.stop().unwrap();
    counts
}

#[test]
fn it_goes_on_where_it_is_told_to_with_empty_stores() {
    let log = log();
    send(&log, 0..30);
    let all = BTreeMap::from([(0, 10), (1, 10), (2, 10)]);
    assert_eq!(caught_up(&log), all);
    assert_eq!(caught_up(&log), all, "there is nothing new");

    let reset = app!().reset(&log, ResetTo::Earliest).unwrap();
    assert_eq!(reset.stores, [("counts", 3)]);
    assert_eq!(caught_up(&log), all, "everything was counted once more");

    app!().reset(&log, ResetTo::Committed).unwrap();
    send(&log, [3, 4]);
    assert_eq!(caught_up(&log), BTreeMap::from([(0, 1), (1, 1)]));

    send(&log, [5]);
    app!().reset(&log, ResetTo::Latest).unwrap();
    assert_eq!(caught_up(&log), BTreeMap::new());
    send(&log, [8]);
    assert_eq!(caught_up(&log), BTreeMap::from([(2, 1)]));
}

#[test]
fn what_was_between_its_tasks_is_left_out() {
    let log = log();
    send(&log, 0..30);
    caught_up(&log);
    let between = "remainders-by-remainder-repartition";
    let mut writer = log.writer(Isolation::Immediate).unwrap();
    let record = Record::new(Raw::from(b"never read".to_vec()), Timestamp::default());
    writer
        .append_to(&TopicPartition::new(between, 0), vec![record])
        .unwrap();
    writer.commit("test", &[]).unwrap();

    let reset = app!().reset(&log, ResetTo::Earliest).unwrap();
    let end = log.offsets(between).unwrap()[0].end;
    assert!(
        reset
            .offsets
            .contains(&(TopicPartition::new(between, 0), end))
    );
    assert_eq!(caught_up(&log), BTreeMap::from([(0, 10), (1, 10), (2, 10)]));
}

#[test]
fn an_app_that_never_ran_has_nothing_to_reset() {
    let log = log();
    send(&log, 0..3);
    let reset = app!().reset(&log, ResetTo::Committed).unwrap();
    assert_eq!(reset, Default::default());
    assert_eq!(caught_up(&log), BTreeMap::from([(0, 1), (1, 1), (2, 1)]));
}
