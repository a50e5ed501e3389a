//! Pipelines in the test driver: several partitions, disturbed at any batch boundary.

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
use flightstream_core::batch::{Raw, Record, Rejection};
use flightstream_core::flight::pipelines::{self, AIRPORTS, Documents};
use flightstream_core::runtime::{AppError, Delivery, QueryError, TaskContext};
use flightstream_core::store::{KeyValueStore, WindowStore};
use flightstream_core::table::Airports;
use flightstream_core::testing::schedule::{self, Divergence, Event, Input, Schedule};
use flightstream_core::testing::{Output, TestDriver};
use flightstream_core::time::Timestamp;
use flightstream_core::window::{Emit, Tumbling, WindowedKey};
use proptest::prelude::*;

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn landing(bytes: &[u8]) -> Result<(Timestamp, String), Rejection> {
    let text = std::str::from_utf8(bytes).map_err(|_| Rejection::new("not_utf8"))?;
    let (second, airport) = text
        .split_once(' ')
        .ok_or_else(|| Rejection::new("no_landing"))?;
    let second = second.parse().map_err(|_| Rejection::new("no_second"))?;
    Ok((Timestamp::from_seconds(second), airport.to_owned()))
}

fn windowed(
    raw: impl Records<Record = Raw>,
    cx: TaskContext,
    emit: Emit,
) -> impl Records<Record = (WindowedKey<String>, u64)> {
    raw.decode(landing)
        .event_time(|(time, _)| *time)
        .key_by(|(_, airport)| airport.clone())
        .assume_aligned()
        .windowed(Tumbling::of(seconds(60)).grace(seconds(10)))
        .count(cx.store("landings"))
        .emit(emit)
}

fn per_minute(
    raw: impl Records<Record = Raw>,
    cx: TaskContext,
) -> impl Records<Record = (WindowedKey<String>, u64)> {
    windowed(raw, cx, Emit::on_close())
}

fn per_minute_or_idle(
    raw: impl Records<Record = Raw>,
    cx: TaskContext,
) -> impl Records<Record = (WindowedKey<String>, u64)> {
    windowed(raw, cx, Emit::on_close().idle_after(seconds(30)))
}

fn send<T>(driver: &mut TestDriver<T>, partition: u32, landing: &str) {
    driver
        .send(partition, Timestamp::default(), "k", landing.to_owned())
        .unwrap();
}

fn results(driver: &mut TestDriver<(WindowedKey<String>, u64)>) -> Vec<(u32, String, u64)> {
    let result = |output: Output<(WindowedKey<String>, u64)>| {
        let (key, count) = output.record.value;
        (output.partition, key.to_string(), count)
    };
    driver.outputs().unwrap().into_iter().map(result).collect()
}

/// Seconds that go on, with some disorder and a few records that are late; sometimes no landing at all.
fn landings() -> impl Strategy<Value = Input> {
    let value = prop_oneof![
        8 => (0_u32..400, 0..3_usize).prop_map(|(second, airport)| {
            format!("{second} {}", ["WAW", "LHR", "JFK"][airport])
        }),
        1 => Just("nothing".to_owned()),
    ];
    (0_u32..3, value).prop_map(|(partition, value)| Input {
        partition,
        time: Timestamp::default(),
        key: "k".into(),
        value: value.into(),
    })
}

/// Messages of the simplest kind, with aircraft that come again and rows that are refused.
fn messages() -> impl Strategy<Value = Input> {
    let message = (0_u32..20, 0_i64..1_000, prop::option::of(-80.0_f64..80.0));
    (0_u32..3, message).prop_map(|(partition, (hex, second, latitude))| {
        let position = latitude.map_or(String::new(), |at| format!(r#""lat":{at},"lng":20.9,"#));
        let value = format!(
            r#"{{"hex":"48AE{hex:02X}",{position}"dep_iata":"WAW","updated":{}}}"#,
            1_706_705_158 + second
        );
        Input {
            partition,
            time: Timestamp::default(),
            key: format!("48AE{hex:02X}").into(),
            value: value.into(),
        }
    })
}

#[test]
fn windows_do_not_depend_on_what_happens_between_batches() {
    schedule::check(landings(), || TestDriver::new(per_minute).partitions(3)).unwrap();
}

#[test]
fn enriched_flights_do_not_depend_on_what_happens_between_batches() {
    let airports = Arc::new(Airports::embedded());
    schedule::check(messages(), || {
        TestDriver::new(pipelines::enriched)
            .partitions(3)
            .table(AIRPORTS, Arc::clone(&airports))
    })
    .unwrap();
}

/// What comes to a window from several partitions comes in no particular order, but nothing closes here: what is
/// compared is the state.
#[test]
fn counts_behind_a_repartition_step_do_not_depend_on_what_happens() {
    schedule::check(landings(), || {
        TestDriver::new(|raw, cx: TaskContext| {
            raw.decode(landing)
                .event_time(|(time, _)| *time)
                .key_by(|(_, airport)| airport.clone())
                .repartition("by-airport", &cx)
                .windowed(Tumbling::of(seconds(60)).grace(seconds(3_600)))
                .count(cx.store("landings"))
                .emit(Emit::on_close())
        })
        .partitions(3)
    })
    .unwrap();
}

#[test]
fn a_table_is_filled_from_its_topic() {
    let text =
        |bytes: &[u8]| String::from_utf8(bytes.to_vec()).map_err(|_| Rejection::new("not_utf8"));
    let mut driver = TestDriver::new(move |raw, cx: TaskContext| {
        let names = cx.topic_table::<String, _>("names", text);
        raw.decode(text)
            .key_by(Clone::clone)
            .assume_aligned()
            .left_join(names, |_, name| name.cloned())
            .map(|(_, name)| name)
    })
    .partitions(2)
    .topic_table("names");
    let name = Record {
        key: Some("WAW".into()),
        ..Record::new(Raw::from("Warsaw"), Timestamp::default())
    };
    driver.send_to("names", 1, name).unwrap();
    send(&mut driver, 0, "WAW");
    send(&mut driver, 1, "WAW");
    driver.run().unwrap();
    // A table has the keys of its task's partition.
    let mut names = driver.output().unwrap();
    names.sort();
    assert_eq!(names, [None, Some("Warsaw".to_owned())]);
}

#[test]
fn a_pipeline_with_hidden_memory_is_found_out() {
    let counted = || {
        TestDriver::new(|raw, _| {
            let mut seen = 0;
            raw.decode(landing).map(move |(_, airport)| {
                seen += 1;
                (airport, seen)
            })
        })
    };
    let input = landings().prop_map(|input| Input {
        partition: 0,
        ..input
    });
    let error = schedule::check(input, counted).unwrap_err().to_string();
    assert!(error.contains("output of partition 0"), "{error}");
    // Two records and one event between them are enough to see it.
    let value = |value: &'static str| Input {
        partition: 0,
        time: Timestamp::default(),
        key: "k".into(),
        value: value.into(),
    };
    let schedule = Schedule {
        batch_size: 1,
        events: vec![Event::Arrive(1), Event::Step, Event::Rebalance],
    };
    schedule::hold(&[value("1 WAW"), value("2 WAW")], &schedule, counted).unwrap_err();
}

#[test]
fn a_crash_takes_back_what_is_not_committed() {
    let mut driver = TestDriver::new(per_minute).partitions(2).batch_size(1);
    for landing in ["5 WAW", "6 WAW", "100 WAW"] {
        send(&mut driver, 1, landing);
    }
    let open = |driver: &mut TestDriver<_>| {
        let open = |store: &WindowStore<String, u64>| {
            store
                .get(Timestamp::default(), &"WAW".to_owned())
                .as_deref()
                .copied()
        };
        driver.store(1, "landings", open).unwrap()
    };
    assert!(driver.step().unwrap());
    driver.commit().unwrap();
    assert!(driver.step().unwrap());
    assert_eq!(open(&mut driver), Some(2));
    driver.crash().unwrap();
    assert_eq!(open(&mut driver), Some(1));
    assert!(driver.step().unwrap());
    assert!(driver.step().unwrap());
    assert!(!driver.step().unwrap());
    assert_eq!(results(&mut driver), []);
    driver.crash().unwrap();
    driver.run().unwrap();
    assert_eq!(results(&mut driver), [(1, "WAW@0".to_owned(), 2)]);
    assert_eq!(driver.status().unwrap().read, 3);
}

#[test]
fn at_least_once_repeats_output_after_a_crash_and_loses_none() {
    let numbers = |raw: flightstream_core::runtime::TaskRecords, _: TaskContext| {
        raw.decode(landing).map(|(time, _)| time.as_seconds())
    };
    let mut driver = TestDriver::new(numbers)
        .delivery(Delivery::AtLeastOnce)
        .batch_size(1);
    for landing in ["1 WAW", "2 WAW", "3 WAW"] {
        send(&mut driver, 0, landing);
    }
    driver.step().unwrap();
    driver.commit().unwrap();
    driver.step().unwrap();
    driver.crash().unwrap();
    driver.run().unwrap();
    assert_eq!(driver.output().unwrap(), [1, 2, 2, 3]);
}

#[test]
fn timers_fire_in_order_as_the_clock_moves() {
    let mut driver = TestDriver::new(per_minute_or_idle)
        .partitions(2)
        .starts_at(Timestamp::from_seconds(1_000));
    send(&mut driver, 0, "5 WAW");
    driver.run().unwrap();
    driver.advance(seconds(10)).unwrap();
    send(&mut driver, 1, "5 LHR");
    driver.run().unwrap();
    let at = Timestamp::from_seconds;
    assert_eq!(
        driver.timers(),
        BTreeMap::from([(0, at(1_030)), (1, at(1_040))])
    );
    driver.advance(seconds(25)).unwrap();
    assert_eq!(results(&mut driver), [(0, "WAW@0".to_owned(), 1)]);
    driver.advance(seconds(3_600)).unwrap();
    assert_eq!(results(&mut driver)[1], (1, "LHR@0".to_owned(), 1));
    assert_eq!(driver.now(), at(1_035 + 3_600));
    assert_eq!(driver.timers(), BTreeMap::new());
}

#[test]
fn rejects_say_where_they_come_from() {
    let mut driver = TestDriver::new(per_minute).partitions(2);
    send(&mut driver, 1, "5 WAW");
    send(&mut driver, 1, "nothing");
    driver.run().unwrap();
    let rejects = driver.rejects().unwrap();
    let [reject] = &rejects[..] else {
        panic!("{rejects:?}")
    };
    assert_eq!((reject.partition, reject.offset), (1, 1));
    assert_eq!(
        (reject.stage.as_str(), reject.reason.as_str()),
        ("decode", "no_landing")
    );
    assert_eq!(reject.value.as_deref(), Some(&b"nothing"[..]));
}

#[test]
fn stores_are_named_when_one_is_not_there() {
    let mut driver = TestDriver::new(per_minute);
    let unknown = driver
        .store(0, "starts", WindowStore::<String, u64>::len)
        .unwrap_err();
    assert!(
        matches!(&unknown, QueryError::UnknownStore { known, .. } if known[..] == ["landings"])
    );
    let other = driver
        .store(0, "landings", KeyValueStore::<String, u64>::len)
        .unwrap_err();
    assert!(other.to_string().contains("window store"), "{other}");
    let nowhere = driver
        .store(1, "landings", WindowStore::<String, u64>::len)
        .unwrap_err();
    assert_eq!(nowhere, QueryError::NotAssigned { partition: 1 });
}

/// A pipeline that panics at its third record, once.
fn buggy() -> TestDriver<String> {
    let calls = Arc::new(AtomicU32::new(0));
    TestDriver::new(move |raw, _| {
        let calls = Arc::clone(&calls);
        raw.decode(landing).map(move |(_, airport)| {
            assert!(calls.fetch_add(1, Ordering::SeqCst) != 2, "a bug");
            airport
        })
    })
    .batch_size(1)
}

#[test]
fn a_failure_is_the_tests_unless_restarts_are_allowed() {
    let landings = ["1 WAW", "2 LHR", "3 JFK", "4 CDG"];
    let mut driver = buggy();
    landings
        .iter()
        .for_each(|landing| send(&mut driver, 0, landing));
    let error = driver.run().unwrap_err();
    assert!(
        matches!(&error, AppError::Task(fatal) if fatal.to_string().contains("a bug")),
        "{error}"
    );
    assert!(driver.output().unwrap().is_empty());
    driver.run().unwrap();
    assert_eq!(driver.output().unwrap(), ["WAW", "LHR", "JFK", "CDG"]);

    let mut driver = buggy().max_restarts(1);
    landings
        .iter()
        .for_each(|landing| send(&mut driver, 0, landing));
    driver.run().unwrap();
    assert_eq!(driver.output().unwrap(), ["WAW", "LHR", "JFK", "CDG"]);
    assert_eq!(driver.status().unwrap().restarts, 1);
}

#[test]
fn with_one_transaction_a_failing_task_takes_the_others_along() {
    for (delivery, read_twice) in [
        (Delivery::ExactlyOnce, true),
        (Delivery::AtLeastOnce, false),
    ] {
        let reads = Arc::new(AtomicU32::new(0));
        let count = Arc::clone(&reads);
        let mut driver = TestDriver::new(move |raw, _| {
            let count = Arc::clone(&count);
            raw.decode(landing)
                .inspect(move |_| _ = count.fetch_add(1, Ordering::SeqCst))
        })
        .partitions(2)
        .max_restarts(1)
        .delivery(delivery);
        send(&mut driver, 0, "1 WAW");
        assert!(driver.step().unwrap());
        driver.fail(1).unwrap();
        driver.run().unwrap();
        assert_eq!(reads.load(Ordering::SeqCst), 1 + u32::from(read_twice));
        assert_eq!(driver.output().unwrap().len(), 1);
        assert_eq!(driver.status().unwrap().restarts, 1);
    }
}

#[test]
fn output_can_be_seen_as_it_would_be_written() {
    let mut driver = TestDriver::new(pipelines::enriched)
        .table(AIRPORTS, Arc::new(Airports::embedded()))
        .starts_at(Timestamp::from_seconds(1_706_705_160));
    let message =
        br#"{"hex":"48AE23","lat":52.1,"lng":20.9,"dep_iata":"WAW","updated":1706705158}"#;
    driver
        .send(0, Timestamp::default(), "48AE23", &message[..])
        .unwrap();
    driver.run().unwrap();
    let documents = driver.encoded(Documents).unwrap();
    let [record] = &documents[..] else {
        panic!("{documents:?}")
    };
    assert_eq!(record.key.as_deref(), Some(&b"48AE23"[..]));
    let value = record.value.as_bytes().unwrap();
    let document: serde_json::Value = serde_json::from_slice(value).unwrap();
    assert_eq!(document["hex"], "48AE23");
}

#[test]
fn a_missing_table_shows_at_the_first_use() {
    let mut driver = TestDriver::new(pipelines::enriched);
    let error = driver.run().unwrap_err();
    assert!(error.to_string().contains(AIRPORTS), "{error}");
}

/// A pipeline that holds a record back without a store: it is acknowledged, and a crash takes it away.
#[test]
fn output_that_a_crash_takes_away_is_found_at_least_once() {
    let input = |n: u32| Input {
        partition: 0,
        time: Timestamp::default(),
        key: "k".into(),
        value: n.to_string().into(),
    };
    let inputs: Vec<_> = (0..4).map(input).collect();
    let schedule = Schedule {
        batch_size: 1,
        events: vec![
            Event::Arrive(4),
            Event::Step,
            Event::Step,
            Event::Commit,
            Event::Crash,
        ],
    };
    schedule::hold_at_least_once(&inputs, &schedule, || {
        TestDriver::new(|raw, _| raw.decode(numbers))
    })
    .unwrap();
    let holding_back = || {
        TestDriver::new(|raw, _| {
            let mut held = None;
            raw.decode(numbers).flat_map(move |n| held.replace(n))
        })
    };
    let missing = schedule::hold_at_least_once(&inputs, &schedule, holding_back).unwrap_err();
    assert!(matches!(missing, Divergence::Missing { .. }), "{missing}");
}

fn numbers(bytes: &[u8]) -> Result<u32, Rejection> {
    let text = std::str::from_utf8(bytes).map_err(|_| Rejection::new("not_utf8"))?;
    text.parse().map_err(|_| Rejection::new("not_a_number"))
}
