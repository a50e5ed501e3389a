//! A repartition step brings the records of a key together, and loses and repeats nothing.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what goes wrong in a test should end it"
)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use flightstream_core::Records;
use flightstream_core::batch::{Raw, Record, Rejection, TopicPartition};
use flightstream_core::log::memory::MemoryLog;
use flightstream_core::log::{Isolation, Log, TopicSpec};
use flightstream_core::runtime::{App, Delivery, TaskContext, topic};
use flightstream_core::time::Timestamp;
use flightstream_core::window::{Emit, Tumbling, WindowedKey};

const PARTITIONS: u32 = 3;
const RECORDS: u32 = 3_000;

/// Records keyed by aircraft, in which each route is in every partition.
fn log() -> Arc<dyn Log> {
    let log = MemoryLog::default();
    for topic in ["in", "out"] {
        log.create_topic(&TopicSpec::new(topic, PARTITIONS))
            .unwrap();
    }
    let record = |n: u32| Record {
        key: Some(format!("aircraft-{}", n % 97).into()),
        ..Record::new(Raw::from(n.to_string()), Timestamp::default())
    };
    let records = (0..RECORDS).map(record).collect();
    log.writer(Isolation::Immediate)
        .unwrap()
        .append("in", records)
        .unwrap();
    Arc::new(log)
}

fn number(bytes: &[u8]) -> Result<u32, Rejection> {
    let text = std::str::from_utf8(bytes).map_err(|_| Rejection::new("not_utf8"))?;
    text.parse().map_err(|_| Rejection::new("not_a_number"))
}

/// All records of a route lie in one window, which closes with the record that is far in the future.
fn per_route(
    raw: impl Records<Record = Raw>,
    cx: TaskContext,
) -> impl Records<Record = (WindowedKey<u32>, u64)> {
    raw.decode(number)
        .event_time(|n| Timestamp::from_seconds(i64::from(*n / 1_000)))
        .key_by(|n| n % 11)
        .repartition("by-route", &cx)
        .windowed(Tumbling::of(Duration::from_secs(1)).grace(Duration::from_secs(3_600)))
        .count(cx.store("routes"))
        .emit(Emit::on_update())
}

/// The last count of each route and second, and in how many partitions of the output each route is.
fn counts(log: &Arc<dyn Log>) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for partition in 0..PARTITIONS {
        for record in log
            .read(&TopicPartition::new("out", partition), 0, usize::MAX)
            .unwrap()
        {
            let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
            let count: u64 = text(record.value.as_bytes().unwrap()).parse().unwrap();
            let last = counts
                .entry(text(record.key.as_deref().unwrap()))
                .or_insert(0);
            assert!(count == *last + 1, "counts grow by one");
            *last = count;
        }
    }
    counts
}

fn expected() -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for n in 0..RECORDS {
        *counts
            .entry(format!("{}@{}", n % 11, n / 1_000 * 1_000))
            .or_insert(0) += 1;
    }
    counts
}

#[test]
fn all_records_of_a_key_meet() {
    for (workers, delivery) in [
        (1, Delivery::ExactlyOnce),
        (3, Delivery::ExactlyOnce),
        (2, Delivery::AtLeastOnce),
    ] {
        let log = log();
        let app = App::new("routes")
            .source(topic("in").group("g").batch_size(64))
            .pipeline(per_route)
            .sink(topic("out").json())
            .delivery(delivery)
            .commit_every(Duration::from_millis(20))
            .workers(workers);
        let running = app.start(&log).unwrap();
        running.wait_until_caught_up().unwrap();
        let status = running.stop().unwrap();
        assert_eq!(status.read, u64::from(RECORDS));
        assert_eq!(counts(&log), expected());
        let spread = log.offsets("routes-by-route-repartition").unwrap();
        assert_eq!(
            spread.iter().map(|range| range.end).sum::<u64>(),
            u64::from(RECORDS)
        );
    }
}

#[test]
fn failures_on_either_side_repeat_nothing() {
    let log = log();
    // Each side counts its own calls, so that which ones fail does not depend on how the two take turns.
    let (before, after) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let bug = move |calls: &AtomicU32, at: &[u32]| {
        let call = calls.fetch_add(1, Ordering::SeqCst);
        assert!(!at.contains(&call), "bug at call {call}");
    };
    let running = App::new("routes")
        .source(topic("in").group("g").batch_size(64))
        .pipeline(move |raw, cx| {
            let (before, after) = (Arc::clone(&before), Arc::clone(&after));
            let raw = raw.inspect(move |_| bug(&before, &[100, 2_500]));
            per_route(raw, cx).inspect(move |_| bug(&after, &[700, 1_777]))
        })
        .sink(topic("out").json())
        .delivery(Delivery::ExactlyOnce)
        .commit_every(Duration::from_millis(20))
        .start(&log)
        .unwrap();
    running.wait_until_caught_up().unwrap();
    let status = running.stop().unwrap();
    assert!(status.restarts >= 4, "{status:?}");
    assert_eq!(counts(&log), expected());
}
