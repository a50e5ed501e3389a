//! What becomes of a record that a stage refuses, for every stage that can.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what goes wrong in a test should end it"
)]

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use flightstream_core::batch::{Batch, Raw, Record, Rejection, TopicPartition};
use flightstream_core::log::memory::MemoryLog;
use flightstream_core::log::{Isolation, Log, TopicSpec};
use flightstream_core::runtime::dead_letters::header as name;
use flightstream_core::runtime::{
    App, AppError, Delivery, Encoder, MakeSink, Payload, Status, TaskContext, TaskRecords, topic,
};
use flightstream_core::search::{EmbeddedStore, IndexSink, Mapping, SearchStore};
use flightstream_core::time::Timestamp;
use flightstream_core::window::{Emit, Session, Tumbling};
use flightstream_core::{Fatal, OnFailure, Records};
use futures::executor::block_on;

/// What a pipeline gives whose values are not looked at.
type Anything<T = u32> = Pin<Box<dyn Records<Record = T, Item = Result<Batch<T>, Fatal>>>>;

fn number(bytes: &[u8]) -> Result<u32, Rejection> {
    let text = std::str::from_utf8(bytes).map_err(|_| Rejection::new("not_utf8"))?;
    text.parse()
        .map_err(|_| Rejection::new("not_a_number").with_detail(text))
}

fn not_13(n: u32) -> Result<u32, Rejection> {
    if n == 13 {
        Err(Rejection::new("unlucky"))
    } else {
        Ok(n)
    }
}

fn second(n: &u32) -> Timestamp {
    Timestamp::from_seconds(i64::from(*n))
}

/// A pipeline whose stage of that name refuses one of the records 100, 113 (or what cannot be decoded), 101.
fn pipeline(
    stage: &str,
    raw: impl Records<Record = Raw> + 'static,
    cx: &TaskContext,
    policy: OnFailure,
) -> Anything {
    let minute = Duration::from_secs(60);
    let numbers = |raw| Records::decode(raw, number);
    match stage {
        "decode" => Box::pin(Records::decode(raw, number).on_failure(policy)),
        "enrich" => Box::pin(numbers(raw).enrich(not_13).on_failure(policy)),
        "enrich_async" => Box::pin(
            numbers(raw)
                .enrich_async(2, async |n| not_13(n))
                .on_failure(policy),
        ),
        "event_time" => Box::pin(
            numbers(raw)
                .event_time(|n| (*n != 13).then(|| second(n)))
                .on_failure(policy),
        ),
        "window" => Box::pin(
            numbers(raw)
                .event_time(second)
                .key_by(|_| ())
                .assume_aligned()
                .windowed(Tumbling::of(minute).grace(Duration::ZERO))
                .reduce(cx.store("last"), |last, n| *last = *n)
                .emit(Emit::on_update())
                .on_failure(policy)
                .map(|(_, n)| n),
        ),
        "session" => Box::pin(
            numbers(raw)
                .event_time(second)
                .key_by(|_| ())
                .assume_aligned()
                .session_windowed(Session::gap(Duration::from_secs(5)).grace(Duration::ZERO))
                .count(cx.store("sessions"))
                .on_failure(policy)
                .map(|(_, count)| count as u32),
        ),
        _ => unreachable!("{stage}"),
    }
}

/// Stages, the reason of their refusal and the record that they refuse.
const STAGES: [(&str, &str, &str); 6] = [
    ("decode", "not_a_number", "x"),
    ("enrich", "unlucky", "13"),
    ("enrich_async", "unlucky", "13"),
    ("event_time", "no_event_time", "13"),
    ("window", "late", "13"),
    ("session", "late", "13"),
];

fn log_of(values: &[&str]) -> Arc<dyn Log> {
    let log = MemoryLog::default();
    for name in ["in", "out", "dlq"] {
        log.create_topic(&TopicSpec::new(name, 1)).unwrap();
    }
    let record = |value: &&str| Record {
        key: Some("k".into()),
        ..Record::new(Raw::from(value.to_string()), Timestamp::default())
    };
    let mut writer = log.writer(Isolation::Immediate).unwrap();
    writer
        .append("in", values.iter().map(record).collect())
        .unwrap();
    Arc::new(log)
}

fn run<T: 'static, S: MakeSink<T>>(
    log: &Arc<dyn Log>,
    make: impl Fn(TaskRecords, TaskContext) -> Anything<T> + Send + Sync + 'static,
    sink: S,
) -> Result<Status, AppError> {
    let running = App::new("policies")
        .source(topic("in").group("policies").batch_size(2))
        .pipeline(make)
        .sink(sink)
        .dead_letters("dlq")
        .delivery(Delivery::ExactlyOnce)
        .start(log)?;
    running.wait_until_caught_up().ok();
    running.stop()
}

fn letters_of(log: &Arc<dyn Log>) -> Vec<Record<Raw>> {
    log.read(&TopicPartition::new("dlq", 0), 0, usize::MAX)
        .unwrap()
}

fn committed(log: &Arc<dyn Log>) -> u64 {
    let committed = log.committed("policies", "in").unwrap();
    committed
        .get(&TopicPartition::new("in", 0))
        .copied()
        .unwrap_or(0)
}

/// Checks what all stages have in common, given what happened under each policy.
fn check(
    stage: &str,
    reason: &str,
    bad: &str,
    run: impl Fn(&Arc<dyn Log>, OnFailure) -> Result<Status, AppError>,
) {
    let values = ["100", "100", "101", bad, "102"];

    let log = log_of(&values);
    let status = run(&log, OnFailure::default()).unwrap();
    assert_eq!(status.rejected[reason], 1, "{stage}");
    let letters = letters_of(&log);
    assert_eq!(letters.len(), 1, "{stage}");
    assert_eq!(letters[0].value.as_bytes(), Some(bad.as_bytes()), "{stage}");
    let header = |name| letters[0].headers.get(name).map(|value| &**value);
    assert_eq!(header(name::STAGE), Some(stage.as_bytes()));
    assert_eq!(header(name::REASON), Some(reason.as_bytes()));
    assert_eq!(header(name::OFFSET), Some(&b"3"[..]));

    let log = log_of(&values);
    let status = run(&log, OnFailure::Skip).unwrap();
    assert_eq!(status.rejected[reason], 1, "{stage}");
    assert_eq!(letters_of(&log).len(), 0, "{stage}");
    assert_eq!(committed(&log), 5, "{stage}");

    let log = log_of(&values);
    let error = run(&log, OnFailure::Fail).unwrap_err();
    assert!(
        matches!(error, AppError::Task(Fatal::Refused { offset: 3, .. })),
        "{stage}: {error}"
    );
    let sentence = error.to_string();
    for part in [
        stage,
        reason,
        "offset 3",
        "in-0 offsets 2..=3",
        "OnFailure::DeadLetter",
    ] {
        assert!(sentence.contains(part), "{part} is not in {sentence:?}");
    }
    assert_eq!(letters_of(&log).len(), 0, "{stage}");
    assert!(committed(&log) <= 2, "{stage}");
}

#[test]
fn every_operator_that_refuses_has_a_policy() {
    for (stage, reason, bad) in STAGES {
        check(stage, reason, bad, |log, policy| {
            let make = move |raw, cx: TaskContext| pipeline(stage, raw, &cx, policy);
            run(log, make, topic("out").json_values())
        });
    }
}

#[derive(Clone)]
struct Not13;

impl Encoder<u32> for Not13 {
    fn encode(&mut self, record: &Record<u32>, payload: &mut Payload<'_>) -> Result<(), Rejection> {
        payload.key(not_13(record.value)?);
        Ok(())
    }
}

#[test]
fn sinks_have_a_policy() {
    check("encode", "unlucky", "13", |log, policy| {
        let numbers = |raw, _| -> Anything { Box::pin(Records::decode::<_>(raw, number)) };
        run(log, numbers, topic("out").encoded(Not13).on_failure(policy))
    });
    check(
        "index",
        "document_parsing_exception",
        r#"{"hex":"#,
        |log, policy| {
            let store = Arc::new(EmbeddedStore::new());
            block_on(store.ensure_index("flights", &Mapping::flights())).unwrap();
            let documents = |raw: TaskRecords, _| -> Anything<Raw> {
                Box::pin(raw.map(|value| match value.as_bytes() {
                    Some(number) if number.iter().all(u8::is_ascii_digit) => Raw::from(&b"{}"[..]),
                    _ => value,
                }))
            };
            run(
                log,
                documents,
                IndexSink::new(store, "flights").on_failure(policy),
            )
        },
    );
}

/// What failed once would fail again, so the app does not try ten times.
#[test]
fn a_refused_record_ends_the_app_without_restarts() {
    let log = log_of(&["x"]);
    let running = App::new("policies")
        .source(topic("in").group("policies"))
        .pipeline(|raw, _| raw.decode(number).on_failure(OnFailure::Fail))
        .sink(topic("out").json_values())
        .start(&log)
        .unwrap();
    running.wait_until_caught_up().unwrap_err();
    assert_eq!(running.status().restarts, 0);
    assert!(
        running
            .status()
            .last_failure
            .unwrap()
            .contains("not_a_number")
    );
    running.stop().unwrap_err();
}
