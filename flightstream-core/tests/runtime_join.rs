//! A stream joined with the newest values of a topic.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what goes wrong in a test should end it"
)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use flightstream_core::Records;
use flightstream_core::batch::{Raw, Record, Rejection, TopicPartition};
use flightstream_core::flight::Icao24;
use flightstream_core::log::memory::MemoryLog;
use flightstream_core::log::{Isolation, Log, TopicSpec};
use flightstream_core::runtime::{App, AppError, Running, TaskContext, topic};
use flightstream_core::time::Timestamp;

/// How long a table may lag behind what was written to its topic.
const PATIENCE: Duration = Duration::from_secs(30);

fn log(squawk_partitions: u32) -> Arc<dyn Log> {
    let log = MemoryLog::default();
    for (topic, partitions) in [("flight", 4), ("squawk", squawk_partitions), ("out", 1)] {
        log.create_topic(&TopicSpec::new(topic, partitions))
            .unwrap();
    }
    Arc::new(log)
}

fn send(log: &Arc<dyn Log>, topic: &str, key: &str, value: Option<&str>) {
    let record = Record {
        key: Some(key.to_owned().into()),
        ..Record::new(
            Raw(value.map(|value| value.to_owned().into())),
            Timestamp::default(),
        )
    };
    log.writer(Isolation::Immediate)
        .unwrap()
        .append(topic, vec![record])
        .unwrap();
}

fn text(bytes: &[u8]) -> Result<String, Rejection> {
    String::from_utf8(bytes.to_vec()).map_err(|_| Rejection::new("not_utf8"))
}

/// Each flight with the code that its transponder sends, which another source tells by the aircraft's address.
fn with_squawk(
    raw: impl Records<Record = Raw>,
    cx: TaskContext,
) -> impl Records<Record = (Icao24, String)> {
    let squawks = cx.topic_table::<Icao24, _>("squawk", text);
    raw.decode(text)
        .key_by(|hex| hex.parse::<Icao24>().unwrap())
        .assume_aligned()
        .left_join(squawks, |_, squawk| {
            squawk.cloned().unwrap_or_else(|| "none".to_owned())
        })
}

fn joined(log: &Arc<dyn Log>) -> Vec<String> {
    let records = log
        .read(&TopicPartition::new("out", 0), 0, usize::MAX)
        .unwrap();
    let value = |record: &Record<Raw>| text(record.value.as_bytes().unwrap()).unwrap();
    records.iter().map(value).collect()
}

/// Nothing orders a table's entry and a flight that is sent right after it, as they are in different topics.
fn send_until_joined_with(log: &Arc<dyn Log>, running: &Running, hex: &str, squawk: &str) {
    let began = Instant::now();
    loop {
        send(log, "flight", hex, Some(hex));
        running.wait_until_caught_up().unwrap();
        let last = joined(log).pop().unwrap();
        if last == squawk {
            return;
        }
        assert!(
            began.elapsed() < PATIENCE,
            "{hex} is still joined with {last}, not with {squawk}"
        );
    }
}

#[test]
fn a_table_is_read_before_the_first_record_and_kept_up_to_date() {
    let log = log(4);
    for n in 0..50 {
        send(&log, "squawk", &format!("48AE{n:02X}"), Some("1000"));
    }
    send(&log, "squawk", "48AE01", Some("7700"));
    send(&log, "squawk", "48AE02", None);
    send(&log, "squawk", "not a hex", Some("7700"));
    for hex in ["48AE00", "48AE01", "48AE02", "4CA2C9"] {
        send(&log, "flight", hex, Some(hex));
    }
    let app = App::new("squawks")
        .source(topic("flight").group("g"))
        .pipeline(with_squawk);
    let running = app.sink(topic("out").json()).start(&log).unwrap();
    running.wait_until_caught_up().unwrap();
    let mut first = joined(&log);
    first.sort();
    assert_eq!(first, [r#""1000""#, r#""7700""#, r#""none""#, r#""none""#]);

    send(&log, "squawk", "4CA2C9", Some("2000"));
    send_until_joined_with(&log, &running, "4CA2C9", r#""2000""#);
    assert_eq!(running.stop().unwrap().counts["unusable_table_entries"], 1);
}

/// Each flight with the squawk that a topic of other partitions has for the last digit of its address.
fn with_squawk_by_digit(
    raw: impl Records<Record = Raw>,
    cx: TaskContext,
) -> impl Records<Record = (String, String)> {
    let squawks = cx.global_table::<String, _>("squawk", text);
    raw.decode(text).map(move |hex| {
        let squawk = squawks
            .get(&hex[5..].to_owned())
            .map(|squawk| squawk.clone());
        (hex, squawk.unwrap_or_else(|| "none".to_owned()))
    })
}

#[test]
fn a_global_table_is_looked_up_by_any_key_whatever_its_partitions() {
    let log = log(3);
    for digit in 0..10 {
        send(
            &log,
            "squawk",
            &digit.to_string(),
            Some(&format!("100{digit}")),
        );
    }
    send(&log, "squawk", "7", Some("7700"));
    send(&log, "squawk", "8", None);
    for digit in 0..10 {
        let hex = format!("48AE2{digit}");
        send(&log, "flight", &hex, Some(&hex));
    }
    let app = App::new("squawks")
        .source(topic("flight").group("g"))
        .pipeline(with_squawk_by_digit);
    let running = app.sink(topic("out").json()).start(&log).unwrap();
    running.wait_until_caught_up().unwrap();
    let mut squawks = joined(&log);
    squawks.sort();
    let expected = [
        "1000", "1001", "1002", "1003", "1004", "1005", "1006", "1009", "7700", "none",
    ];
    assert_eq!(squawks, expected.map(|squawk| format!("{squawk:?}")));

    send(&log, "squawk", "8", Some("2000"));
    send_until_joined_with(&log, &running, "48AE28", r#""2000""#);
    running.stop().unwrap();
}

#[test]
fn topics_that_are_not_co_partitioned_are_refused() {
    let app = App::new("squawks")
        .source(topic("flight").group("g"))
        .pipeline(with_squawk);
    let error = app.sink(topic("out").json()).start(&log(3)).unwrap_err();
    assert!(
        matches!(
            error,
            AppError::NotCoPartitioned {
                table_partitions: 3,
                ..
            }
        ),
        "{error}"
    );
}
