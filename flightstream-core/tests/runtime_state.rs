//! State survives stops and failures: restored from its changelog, and with exactly-once as if nothing had happened.

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
use flightstream_core::runtime::{App, AppError, Delivery, Running, TaskContext, topic};
use flightstream_core::store::{StoreHandle, WindowStore};
use flightstream_core::time::Timestamp;
use flightstream_core::window::{Emit, Tumbling, WindowedKey};

const PARTITIONS: u32 = 2;

fn log() -> Arc<dyn Log> {
    let log = MemoryLog::default();
    for topic in ["in", "out", "dlq"] {
        log.create_topic(&TopicSpec::new(topic, PARTITIONS))
            .unwrap();
    }
    Arc::new(log)
}

/// Second and airport of a landing, as text.
fn fill(log: &Arc<dyn Log>, landings: impl IntoIterator<Item = (u32, &'static str)>) {
    let record = |(second, airport): (u32, &'static str)| Record {
        key: Some(airport.into()),
        ..Record::new(
            Raw::from(format!("{second} {airport}")),
            Timestamp::default(),
        )
    };
    let records = landings.into_iter().map(record).collect();
    log.writer(Isolation::Immediate)
        .unwrap()
        .append("in", records)
        .unwrap();
}

fn landing(bytes: &[u8]) -> Result<(Timestamp, String), Rejection> {
    let text = std::str::from_utf8(bytes).map_err(|_| Rejection::new("not_utf8"))?;
    let (second, airport) = text
        .split_once(' ')
        .ok_or_else(|| Rejection::new("no_landing"))?;
    let second = second.parse().map_err(|_| Rejection::new("no_second"))?;
    Ok((Timestamp::from_seconds(second), airport.to_owned()))
}

fn per_minute(
    raw: impl Records<Record = Raw>,
    cx: TaskContext,
) -> impl Records<Record = (WindowedKey<String>, u64)> {
    raw.decode(landing)
        .event_time(|(time, _)| *time)
        .key_by(|(_, airport)| airport.clone())
        .assume_aligned()
        .windowed(Tumbling::of(Duration::from_secs(60)).grace(Duration::from_secs(10)))
        .count(cx.store("landings"))
        .emit(Emit::on_close())
}

fn start(log: &Arc<dyn Log>, delivery: Delivery) -> Running {
    App::new("landings")
        .source(topic("in").group("g").batch_size(16))
        .pipeline(per_minute)
        .sink(topic("out").json())
        .dead_letters("dlq")
        .delivery(delivery)
        .commit_every(Duration::from_millis(20))
        .start(log)
        .unwrap()
}

fn output(log: &Arc<dyn Log>) -> BTreeMap<String, Vec<String>> {
    let mut results = BTreeMap::<String, Vec<String>>::new();
    for partition in 0..PARTITIONS {
        for record in log
            .read(&TopicPartition::new("out", partition), 0, usize::MAX)
            .unwrap()
        {
            let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
            let key = text(record.key.as_deref().unwrap());
            results
                .entry(key)
                .or_default()
                .push(text(record.value.as_bytes().unwrap()));
        }
    }
    results
}

fn landings() -> Vec<(u32, &'static str)> {
    // Somewhat out of order, and some late.
    let airports = ["WAW", "LHR", "JFK"];
    (0..600_u32)
        .map(|n| {
            let late = if n % 50 == 49 { 120 } else { n % 7 };
            ((n * 2).saturating_sub(late), airports[(n % 3) as usize])
        })
        .collect()
}

fn undisturbed() -> BTreeMap<String, Vec<String>> {
    let log = log();
    fill(&log, landings());
    let running = start(&log, Delivery::ExactlyOnce);
    running.wait_until_caught_up().unwrap();
    let status = running.stop().unwrap();
    assert!(status.rejected["late"] > 0);
    output(&log)
}

#[test]
fn windows_live_on_through_restarts() {
    let expected = undisturbed();
    assert!(expected.len() > 30 && expected.values().all(|results| results.len() == 1));
    for delivery in [Delivery::ExactlyOnce, Delivery::AtLeastOnce] {
        let log = log();
        for part in landings().chunks(37) {
            fill(&log, part.iter().copied());
            let running = start(&log, delivery);
            running.wait_until_caught_up().unwrap();
            running.stop().unwrap();
        }
        assert_eq!(output(&log), expected, "{delivery:?}");
    }
}

#[test]
fn with_exactly_once_a_failing_task_counts_nothing_twice() {
    let expected = undisturbed();
    let log = log();
    fill(&log, landings());
    let calls = Arc::new(AtomicU32::new(0));
    let running = App::new("landings")
        .source(topic("in").group("g").batch_size(16))
        .pipeline(move |raw, cx| {
            let calls = Arc::clone(&calls);
            per_minute(raw, cx).inspect(move |_| {
                let call = calls.fetch_add(1, Ordering::SeqCst);
                assert!(![3, 11, 30].contains(&call), "bug at result {call}");
            })
        })
        .sink(topic("out").json())
        .dead_letters("dlq")
        .delivery(Delivery::ExactlyOnce)
        .start(&log)
        .unwrap();
    running.wait_until_caught_up().unwrap();
    assert_eq!(running.stop().unwrap().restarts, 3);
    assert_eq!(output(&log), expected);
}

#[test]
fn a_quiet_partition_closes_its_windows() {
    let log = log();
    fill(&log, [(5, "WAW"), (6, "WAW")]);
    let running = App::new("quiet")
        .source(topic("in").group("g"))
        .pipeline(|raw, cx: TaskContext| {
            raw.decode(landing)
                .event_time(|(time, _)| *time)
                .key_by(|(_, airport)| airport.clone())
                .assume_aligned()
                .windowed(Tumbling::of(Duration::from_secs(60)).grace(Duration::from_secs(10)))
                .count(cx.store("landings"))
                .emit(Emit::on_close().idle_after(Duration::from_millis(50)))
        })
        .sink(topic("out").json())
        .delivery(Delivery::ExactlyOnce)
        .start(&log)
        .unwrap();
    // The app is the only one that appends, so a second of patience at each look is enough.
    let mut out = log
        .partition_reader(&TopicPartition::new("out", 0), 0)
        .unwrap();
    let mut other = log
        .partition_reader(&TopicPartition::new("out", 1), 0)
        .unwrap();
    let first = futures::future::poll_fn(|cx| {
        let polled = out.poll_fetch(cx, 1);
        if polled.is_ready() {
            polled
        } else {
            other.poll_fetch(cx, 1)
        }
    });
    let records = futures::executor::block_on(first).unwrap();
    assert_eq!(records[0].key.as_deref(), Some(&b"WAW@0"[..]));
    assert_eq!(records[0].value.as_bytes(), Some(&b"2"[..]));
    running.stop().unwrap();
}

#[test]
fn a_store_of_other_types_is_refused() {
    let log = log();
    fill(&log, [(5, "WAW"), (6, "LHR"), (7, "JFK")]);
    start(&log, Delivery::ExactlyOnce)
        .wait_until_caught_up()
        .unwrap();
    let running = App::new("landings")
        .source(topic("in").group("other"))
        .pipeline(|raw, cx: TaskContext| {
            let store: StoreHandle<WindowStore<String, i8>> = cx.store("landings");
            raw.decode(landing)
                .key_by(|(_, airport)| airport.clone())
                .assume_aligned()
                .windowed(Tumbling::of(Duration::from_secs(60)).grace(Duration::from_secs(10)))
                .aggregate(store, |sum, _| *sum += 1)
                .emit(Emit::on_close())
        })
        .sink(topic("out").json())
        .start(&log)
        .unwrap();
    assert!(running.wait_until_caught_up().is_err());
    let message = running.stop().unwrap_err().to_string();
    for part in ["\"landings\"", "u64", "i8", "landings-landings-changelog"] {
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn two_stores_of_one_name_are_refused_at_start() {
    let log = log();
    let app = App::new("twice")
        .source(topic("in").group("g"))
        .pipeline(|raw, cx: TaskContext| {
            let _: StoreHandle<WindowStore<String, u64>> = cx.store("same");
            let _: StoreHandle<WindowStore<String, u64>> = cx.store("same");
            raw.decode(landing).map(|(_, airport)| (airport, 0))
        });
    let error = app.sink(topic("out").json()).start(&log).unwrap_err();
    assert!(
        matches!(&error, AppError::Pipeline { message, .. } if message.contains("\"same\"")),
        "{error}"
    );
}
