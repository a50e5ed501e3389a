//! What the runtime promises: nothing lost, nothing stuck, rejects kept, failures survived.

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

use flightstream_core::batch::{Batch, Raw, Record, Rejection, TopicPartition};
use flightstream_core::log::memory::MemoryLog;
use flightstream_core::log::{Isolation, Log, LogError, TopicSpec};
use flightstream_core::runtime::dead_letters::header as name;
use flightstream_core::runtime::{
    App, AppError, Delivery, MakeSink, Outputs, Sink, TaskContext, topic,
};
use flightstream_core::time::Timestamp;
use flightstream_core::{Fatal, Records};

fn log_with(topics: &[&str]) -> Arc<dyn Log> {
    let log = MemoryLog::default();
    for topic in topics {
        log.create_topic(&TopicSpec::new(*topic, 3)).unwrap();
    }
    Arc::new(log)
}

fn fill(log: &Arc<dyn Log>, topic: &str, values: impl IntoIterator<Item = String>) {
    let record = |value: String| Record {
        key: Some(value.clone().into_bytes().into()),
        ..Record::new(Raw::from(value.into_bytes()), Timestamp::from_seconds(1))
    };
    let records = values.into_iter().map(record).collect();
    log.writer(Isolation::Immediate)
        .unwrap()
        .append(topic, records)
        .unwrap();
}

fn read_all(log: &Arc<dyn Log>, topic: &str) -> Vec<Record<Raw>> {
    let partitions = 0..u32::try_from(log.offsets(topic).unwrap().len()).unwrap();
    let read = |n| {
        log.read(&TopicPartition::new(topic, n), 0, usize::MAX)
            .unwrap()
    };
    partitions.flat_map(read).collect()
}

fn text(record: &Record<Raw>) -> String {
    String::from_utf8(record.value.as_bytes().unwrap().to_vec()).unwrap()
}

fn number(bytes: &[u8]) -> Result<u32, Rejection> {
    let text = std::str::from_utf8(bytes).map_err(|_| Rejection::new("not_utf8"))?;
    text.parse()
        .map_err(|error| Rejection::new("not_a_number").with_detail(error))
}

fn doubled(raw: impl Records<Record = Raw>, _: TaskContext) -> impl Records<Record = (u32, u32)> {
    raw.decode(number).map(|n| (n, n * 2))
}

#[test]
fn each_record_is_either_in_the_output_or_a_dead_letter() {
    for delivery in [Delivery::AtLeastOnce, Delivery::ExactlyOnce] {
        let log = log_with(&["in", "out", "dlq"]);
        fill(
            &log,
            "in",
            (0..5_000).map(|n| {
                if n % 10 == 0 {
                    format!("x{n}")
                } else {
                    n.to_string()
                }
            }),
        );
        let running = App::new("doubled")
            .source(topic("in").group("g").batch_size(64))
            .pipeline(doubled)
            .sink(topic("out").json())
            .dead_letters("dlq")
            .delivery(delivery)
            .workers(2)
            .start(&log)
            .unwrap();
        running.wait_until_caught_up().unwrap();
        assert_eq!(running.lag().unwrap(), 0);
        let status = running.stop().unwrap();

        assert_eq!((status.read, status.emitted), (5_000, 4_500));
        assert_eq!(
            status.rejected,
            BTreeMap::from([("not_a_number".to_owned(), 500)])
        );
        assert_eq!(read_all(&log, "out").len(), 4_500);
        let letters = read_all(&log, "dlq");
        assert_eq!(letters.len(), 500);
        let letter = letters.iter().find(|letter| text(letter) == "x10").unwrap();
        assert_eq!(letter.key.as_deref(), Some(&b"x10"[..]));
        let header = |name| String::from_utf8(letter.headers.get(name).unwrap().to_vec()).unwrap();
        assert_eq!(header(name::STAGE), "decode");
        assert_eq!(header(name::REASON), "not_a_number");
        assert_eq!(header(name::TOPIC), "in");
    }
}

#[test]
fn a_stopped_app_goes_on_where_it_committed() {
    let log = log_with(&["in", "out"]);
    for round in 0..3 {
        fill(
            &log,
            "in",
            (round * 100..round * 100 + 100).map(|n| n.to_string()),
        );
        let app = App::new("doubled")
            .source(topic("in").group("g"))
            .pipeline(doubled);
        let running = app
            .sink(topic("out").json())
            .delivery(Delivery::ExactlyOnce)
            .start(&log)
            .unwrap();
        running.wait_until_caught_up().unwrap();
        assert_eq!(running.stop().unwrap().read, 100);
    }
    assert_eq!(read_all(&log, "out").len(), 300);
}

/// Fails by panic at the given calls, counted over all tasks and restarts.
fn panics_at(calls: &'static [u32]) -> impl Fn(u32) -> u32 + Clone {
    let count = Arc::new(AtomicU32::new(0));
    move |n| {
        let call = count.fetch_add(1, Ordering::SeqCst);
        assert!(!calls.contains(&call), "bug at call {call}");
        n
    }
}

#[test]
fn with_exactly_once_a_panicking_pipeline_repeats_nothing_and_loses_nothing() {
    let log = log_with(&["in", "out"]);
    fill(&log, "in", (0..2_000).map(|n| n.to_string()));
    let buggy = panics_at(&[150, 900, 2_100]);
    let running = App::new("buggy")
        .source(topic("in").group("g").batch_size(50))
        .pipeline(move |raw, _| {
            let buggy = buggy.clone();
            raw.decode(number).map(move |n| (n, buggy(n)))
        })
        .sink(topic("out").json())
        .delivery(Delivery::ExactlyOnce)
        .start(&log)
        .unwrap();
    running.wait_until_caught_up().unwrap();
    let status = running.stop().unwrap();
    assert_eq!(
        (status.read, status.emitted, status.restarts),
        (2_000, 2_000, 3)
    );
    assert!(status.last_failure.unwrap().contains("bug at call"));
    let mut numbers: Vec<u32> = read_all(&log, "out")
        .iter()
        .map(|record| text(record).parse().unwrap())
        .collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..2_000).collect::<Vec<_>>());
}

#[test]
fn a_pipeline_that_always_fails_ends_the_app_with_its_reason() {
    let log = log_with(&["in", "out"]);
    fill(&log, "in", ["1".to_owned()]);
    let running = App::new("hopeless")
        .source(topic("in").group("g"))
        .pipeline(|raw, _| {
            raw.decode(number)
                .map(|n| (n, u32::checked_sub(0, n).expect("too big")))
        })
        .sink(topic("out").json())
        .max_restarts(2)
        .start(&log)
        .unwrap();
    assert!(matches!(
        running.wait_until_caught_up(),
        Err(AppError::Ended)
    ));
    let error = running.stop().unwrap_err();
    let message = error.to_string();
    assert!(
        message.contains("too big") && message.contains("offsets 0..=0"),
        "{message}"
    );
    assert!(log.committed("g", "in").unwrap().is_empty());
}

/// A sink that loses every batch.
#[derive(Clone)]
struct Forgetful;

impl<T> MakeSink<T> for Forgetful {
    type Sink = Self;

    fn make(&self, _: &TaskContext) -> Self {
        Self
    }
}

impl<T> Sink<T> for Forgetful {
    fn send(&mut self, batch: Batch<T>, _: &mut Outputs<'_>) -> Result<(), Fatal> {
        drop(batch);
        Ok(())
    }
}

#[test]
fn a_lost_batch_fails_the_task_and_is_not_committed() {
    let log = log_with(&["in"]);
    fill(&log, "in", ["1".to_owned()]);
    let app = App::new("forgetful")
        .source(topic("in").group("g"))
        .pipeline(doubled);
    let running = app.sink(Forgetful).max_restarts(1).start(&log).unwrap();
    assert!(running.wait_until_caught_up().is_err());
    let error = running.stop().unwrap_err();
    assert!(
        matches!(error, AppError::Task(Fatal::AckDropped { .. })),
        "{error}"
    );
    assert!(log.committed("g", "in").unwrap().is_empty());
}

#[test]
fn missing_topics_are_named_before_anything_starts() {
    let log = log_with(&["in"]);
    let app = || {
        App::new("a")
            .source(topic("in").group("g"))
            .pipeline(doubled)
    };
    let start = |result: Result<_, AppError>| match result {
        Err(AppError::Log(LogError::UnknownTopic { topic })) => topic,
        other => panic!("{other:?}"),
    };
    assert_eq!(start(app().sink(topic("out").json()).start(&log)), "out");
    assert_eq!(
        start(
            app()
                .dead_letters("dlq")
                .sink(topic("in").json())
                .start(&log)
        ),
        "dlq"
    );
    let nowhere = App::new("a")
        .source(topic("nowhere").group("g"))
        .pipeline(doubled);
    assert_eq!(
        start(nowhere.sink(topic("in").json()).start(&log)),
        "nowhere"
    );
}

#[test]
fn records_that_come_while_the_app_runs_are_processed() {
    let log = log_with(&["in", "out"]);
    let app = App::new("doubled")
        .source(topic("in").group("g"))
        .pipeline(doubled);
    let running = app
        .sink(topic("out").json())
        .delivery(Delivery::ExactlyOnce)
        .start(&log)
        .unwrap();
    for round in 1..=20 {
        fill(&log, "in", [round.to_string()]);
        running.wait_until_caught_up().unwrap();
        assert_eq!(read_all(&log, "out").len(), round);
    }
    running.stop().unwrap();
}

#[test]
fn a_view_reads_everything_at_every_start() {
    let log = log_with(&["in", "out"]);
    fill(&log, "in", (0..10).map(|n| n.to_string()));
    for _ in 0..2 {
        let source = topic("in").group("view").from_earliest();
        let app = App::new("view").source(source).pipeline(doubled);
        let running = app.sink(topic("out").json()).start(&log).unwrap();
        running.wait_until_caught_up().unwrap();
        assert_eq!(running.stop().unwrap().read, 10);
    }
}
