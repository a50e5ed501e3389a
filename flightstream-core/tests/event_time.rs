//! Times that cannot be right: missing, negative, long past, of the future.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what goes wrong in a test should end it"
)]

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use flightstream_core::batch::{Batch, Raw, Record, Rejection};
use flightstream_core::operator::{FutureGuard, PartitionTimes};
use flightstream_core::runtime::TaskContext;
use flightstream_core::store::StoreHandle;
use flightstream_core::testing::{TestDriver, laws, restart, schedule};
use flightstream_core::time::{ManualClock, Timestamp};
use flightstream_core::{OnFailure, Records, from_batches, from_values};
use futures::executor::block_on;
use proptest::prelude::*;

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;
const YEAR: i64 = 365 * DAY;
/// What the clock shows.
const NOW: i64 = 56 * YEAR;

type Store = StoreHandle<PartitionTimes>;

fn store() -> Store {
    let clock = ManualClock::at(Timestamp::from_seconds(NOW));
    StoreHandle::unlogged_with_clock("event-time", Arc::new(clock))
}

fn seconds(second: &i64) -> Timestamp {
    Timestamp::from_seconds(*second)
}

fn guard() -> FutureGuard {
    FutureGuard::ahead(Duration::from_secs(600))
}

/// Whether each of a partition's records, of a key and a second, is taken by the guard.
fn taken(records: &[(&str, i64)]) -> Vec<bool> {
    let record = |(origin, (key, second)): (usize, &(&str, i64))| Record {
        key: Some(Bytes::copy_from_slice(key.as_bytes())),
        origin: origin as u64,
        ..Record::new(*second, Timestamp::default())
    };
    let batch = Batch::new(records.iter().enumerate().map(record).collect());
    let guarded = from_batches([batch])
        .event_time(seconds)
        .guard(guard(), store());
    let batch = block_on(guarded.collect_batches()).unwrap().remove(0);
    for rejected in batch.rejected() {
        assert_eq!(rejected.rejection.reason(), "future_time");
    }
    let is_taken = |origin| batch.records().iter().any(|record| record.origin == origin);
    (0..records.len() as u64).map(is_taken).collect()
}

#[test]
fn each_defect_has_its_reason() {
    let times = [
        None,
        Some(-1),
        Some(-YEAR),
        Some(5),
        Some(YEAR),
        Some(i64::MAX),
        Some(i64::MIN),
    ];
    let batches = from_values(times)
        .event_time(|second| second.map(Timestamp::from_seconds))
        .not_before(Timestamp::from_seconds(DAY))
        .guard(guard(), store())
        .collect_batches();
    let batch = block_on(batches).unwrap().remove(0);
    let reasons: Vec<_> = batch
        .rejected()
        .iter()
        .map(|rejected| rejected.rejection.reason())
        .collect();
    assert_eq!(
        reasons,
        [
            "no_event_time",
            "negative_time",
            "negative_time",
            "past_time",
            "future_time",
            "negative_time"
        ]
    );
    assert_eq!(batch.records().len(), 1);
    assert_eq!(batch.records()[0].event_time, Timestamp::from_seconds(YEAR));
}

#[test]
fn a_record_without_a_time_can_get_that_of_its_partition() {
    let times = [None, Some(50), Some(40), None, Some(-7), Some(60)];
    let batches = from_values(times)
        .event_time(|second| second.map(Timestamp::from_seconds))
        .or_partition_time(store())
        .on_failure(OnFailure::Skip)
        .collect_batches();
    let batch = block_on(batches).unwrap().remove(0);
    let times: Vec<_> = batch
        .records()
        .iter()
        .map(|record| record.event_time.as_seconds())
        .collect();
    assert_eq!(times, [50, 40, 50, 50, 60]);
    assert_eq!(batch.rejected()[0].rejection.reason(), "no_event_time");
    assert!(batch.rejected()[0].is_skipped);
}

#[test]
fn live_data_is_not_of_the_future() {
    let records = [
        ("a", NOW),
        ("b", NOW + YEAR),
        ("c", NOW + YEAR),
        ("d", NOW + 601),
        ("e", NOW + 600),
        ("f", NOW + 1_200),
    ];
    assert_eq!(taken(&records), [true, false, false, false, true, true]);
    assert_eq!(taken(&[("a", NOW + YEAR), ("b", NOW)]), [false, true]);
}

#[test]
fn live_data_goes_on_after_a_pause() {
    assert_eq!(
        taken(&[("a", NOW - 9 * DAY), ("b", NOW - 60)]),
        [true, true]
    );
}

#[test]
fn a_jump_in_old_data_needs_a_second_witness() {
    let then = NOW - 3 * YEAR;
    // One aircraft whose clock is wrong, twice, among others.
    let records = [
        ("a", then),
        ("b", then + YEAR),
        ("b", then + YEAR + 9),
        ("c", then + 3),
        ("b", then + YEAR + 20),
        ("a", then + 9),
    ];
    assert_eq!(taken(&records), [true, false, false, true, false, true]);
    // Two recordings, a year apart.
    let records = [
        ("a", then),
        ("b", then + YEAR),
        ("c", then + YEAR + 1),
        ("b", then + YEAR + 2),
    ];
    assert_eq!(taken(&records), [true, false, true, true]);
    // Two clocks that are wrong in different ways.
    let records = [
        ("a", then),
        ("b", then + YEAR),
        ("c", then + 2 * YEAR),
        ("a", then + 1),
    ];
    assert_eq!(taken(&records), [true, false, false, true]);
    // The flights of one aircraft.
    let mut records = vec![("a", then)];
    records.extend((0..10).map(|n| ("a", then + 9 * DAY + n)));
    let expected: Vec<_> = (0..11).map(|n| n == 0 || n >= 8).collect();
    assert_eq!(taken(&records), expected);
}

#[test]
fn a_looped_recording_may_pass_the_present() {
    let records: Vec<_> = (0..100).map(|n| ("a", NOW - HOUR + n * 300)).collect();
    assert_eq!(taken(&records), vec![true; 100]);
}

/// Times near each other, in last year's data and in the present, and some that are wrong.
fn times() -> impl Strategy<Value = i64> {
    prop_oneof![
        6 => (0_i64..900).prop_map(|second| NOW - YEAR + second),
        3 => (0_i64..900).prop_map(|second| NOW - second),
        1 => (0_i64..900).prop_map(|second| NOW + YEAR + second),
        1 => Just(-5),
    ]
}

#[test]
fn keeps_the_laws() {
    laws::check(&times(), |records| {
        records
            .event_time(seconds)
            .guard(guard(), store())
            .or_partition_time(store())
    })
    .unwrap();
    restart::check(&times(), |records, store: Store| {
        records
            .event_time(seconds)
            .guard(guard(), store.clone())
            .or_partition_time(store)
    })
    .unwrap();
}

fn number(bytes: &[u8]) -> Result<i64, Rejection> {
    let text = std::str::from_utf8(bytes).map_err(|_| Rejection::new("not_utf8"))?;
    text.parse().map_err(|_| Rejection::new("not_a_number"))
}

fn guarded(raw: impl Records<Record = Raw>, cx: TaskContext) -> impl Records<Record = i64> {
    let store: Store = cx.store("event-time");
    raw.decode(number)
        .event_time(seconds)
        .guard(guard(), store.clone())
        .or_partition_time(store)
}

#[test]
fn what_is_refused_does_not_depend_on_restarts() {
    let input = (0_u32..2, "[a-c]", times()).prop_map(|(partition, key, time)| schedule::Input {
        partition,
        time: Timestamp::default(),
        key: key.into(),
        value: time.to_string().into(),
    });
    schedule::check(input, || {
        TestDriver::new(guarded)
            .partitions(2)
            .starts_at(Timestamp::from_seconds(NOW))
    })
    .unwrap();
}
