//! What a recorder of the `metrics` facade hears of an app.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what goes wrong in a test should end it"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use flightstream_core::Records;
use flightstream_core::batch::{Raw, Rejection};
use flightstream_core::runtime::{TaskContext, metrics as names};
use flightstream_core::testing::TestDriver;
use flightstream_core::time::Timestamp;
use flightstream_core::window::{Emit, Tumbling, WindowedKey};
use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder,
    SharedString, Unit, with_local_recorder,
};

/// Keeps every value that was recorded.
#[derive(Default)]
struct Tape {
    heard: Arc<Mutex<BTreeMap<String, Vec<f64>>>>,
    described: Mutex<BTreeMap<String, String>>,
}

struct Handle {
    key: String,
    heard: Arc<Mutex<BTreeMap<String, Vec<f64>>>>,
}

impl Tape {
    fn handle(&self, key: &Key) -> Arc<Handle> {
        let labels = key
            .labels()
            .map(|label| format!(" {}={}", label.key(), label.value()));
        Arc::new(Handle {
            key: format!("{}{}", key.name(), labels.collect::<String>()),
            heard: Arc::clone(&self.heard),
        })
    }

    fn describe(&self, key: &KeyName, description: &SharedString) {
        let (key, description) = (key.as_str().to_owned(), description.to_string());
        self.described.lock().unwrap().insert(key, description);
    }

    /// The values of a metric of partition 0.
    fn values(&self, name: &str, label: &str) -> Vec<f64> {
        let key = format!("{name} app=test partition=0{label}");
        self.heard
            .lock()
            .unwrap()
            .get(&key)
            .cloned()
            .unwrap_or_default()
    }

    fn sum(&self, name: &str, label: &str) -> f64 {
        self.values(name, label).into_iter().sum()
    }

    fn last(&self, name: &str, label: &str) -> Option<f64> {
        self.values(name, label).last().copied()
    }
}

impl Handle {
    fn hear(&self, value: f64) {
        let mut heard = self.heard.lock().unwrap();
        heard.entry(self.key.clone()).or_default().push(value);
    }
}

impl CounterFn for Handle {
    fn increment(&self, value: u64) {
        self.hear(value as f64);
    }

    fn absolute(&self, _: u64) {
        panic!("counters only grow by what happened");
    }
}

impl GaugeFn for Handle {
    fn increment(&self, _: f64) {
        panic!("gauges are set");
    }

    fn decrement(&self, _: f64) {
        panic!("gauges are set");
    }

    fn set(&self, value: f64) {
        self.hear(value);
    }
}

impl HistogramFn for Handle {
    fn record(&self, value: f64) {
        self.hear(value);
    }
}

impl Recorder for Tape {
    fn describe_counter(&self, key: KeyName, _: Option<Unit>, description: SharedString) {
        self.describe(&key, &description);
    }

    fn describe_gauge(&self, key: KeyName, _: Option<Unit>, description: SharedString) {
        self.describe(&key, &description);
    }

    fn describe_histogram(&self, key: KeyName, _: Option<Unit>, description: SharedString) {
        self.describe(&key, &description);
    }

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.handle(key))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.handle(key))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(self.handle(key))
    }
}

fn per_minute(
    raw: impl Records<Record = Raw>,
    cx: TaskContext,
) -> impl Records<Record = (WindowedKey<u64>, u64)> {
    let second = |bytes: &[u8]| {
        let text = std::str::from_utf8(bytes).map_err(|_| Rejection::new("not_utf8"))?;
        text.parse().map_err(|_| Rejection::new("not_a_second"))
    };
    raw.decode(second)
        .event_time(|second: &i64| Timestamp::from_seconds(*second))
        .key_by(|_| 0)
        .assume_aligned()
        .windowed(Tumbling::of(Duration::from_secs(60)).grace(Duration::from_secs(0)))
        .count(cx.store("minutes"))
        .emit(Emit::on_close())
}

fn driver() -> TestDriver<(WindowedKey<u64>, u64)> {
    TestDriver::new(per_minute)
        .batch_size(4)
        .starts_at(Timestamp::from_seconds(1_000))
}

#[test]
fn each_of_the_dozen_is_heard() {
    let tape = Tape::default();
    with_local_recorder(&tape, || {
        let mut driver = driver();
        // Three batches; the first closed window comes out of the second, the last is late.
        for second in ["1", "2", "x", "3", "70", "71", "72", "73", "130", "5"] {
            driver.send(0, Timestamp::default(), "k", second).unwrap();
        }
        driver.run().unwrap();

        assert_eq!(tape.sum(names::RECORDS_IN, ""), 10.0);
        assert_eq!(tape.sum(names::RECORDS_OUT, ""), 2.0);
        assert_eq!(tape.sum(names::REJECTED, " reason=not_a_second"), 1.0);
        assert_eq!(tape.sum(names::REJECTED, " reason=late"), 1.0);
        assert_eq!(tape.sum(names::LATE_DROPPED, ""), 1.0);
        assert_eq!(tape.values(names::BATCH_LEN, ""), [4.0, 4.0, 2.0]);
        assert_eq!(tape.values(names::PROCESS_SECONDS, "").len(), 3);
        // Windows end at 60 and 120 seconds, less a millisecond; the clock shows 1000.
        assert_eq!(
            tape.values(names::E2E_LATENCY_SECONDS, ""),
            [940.001, 880.001]
        );
        assert_eq!(tape.last(names::LAG, ""), Some(0.0));
        assert_eq!(tape.last(names::INFLIGHT_BATCHES, ""), Some(0.0));
        assert_eq!(tape.last(names::STATE_ENTRIES, " store=minutes"), Some(1.0));
        let bytes = tape.last(names::STATE_BYTES, " store=minutes").unwrap();
        assert!(bytes > 8.0, "{bytes}");
        assert_eq!(tape.last(names::RESTORE_REMAINING, ""), Some(0.0));
        assert_eq!(tape.last(names::TASK_STATE, ""), Some(3.0));
        let commits = format!("{} app=test", names::COMMIT_SECONDS);
        assert_eq!(tape.heard.lock().unwrap()[&commits].len(), 1);

        driver.crash().unwrap();
        assert_eq!(tape.last(names::TASK_STATE, ""), Some(0.0));
    });
}

#[test]
fn each_is_described_in_a_sentence() {
    let tape = Tape::default();
    with_local_recorder(&tape, || driver().run().unwrap());
    let described = tape.described.lock().unwrap();
    let recorded = [
        names::RECORDS_IN,
        names::RECORDS_OUT,
        names::REJECTED,
        names::LATE_DROPPED,
        names::BATCH_LEN,
        names::PROCESS_SECONDS,
        names::E2E_LATENCY_SECONDS,
        names::LAG,
        names::INFLIGHT_BATCHES,
        names::COMMIT_SECONDS,
        names::STATE_ENTRIES,
        names::STATE_BYTES,
        names::RESTORE_REMAINING,
        names::TASK_STATE,
        names::BULK_SECONDS,
        names::BULK_DOCUMENTS,
        names::BULK_BYTES,
        names::BULK_RETRIED,
        names::RESTARTS,
        names::SINK,
    ];
    let recorded: BTreeSet<_> = recorded.iter().map(ToString::to_string).collect();
    assert_eq!(described.keys().cloned().collect::<BTreeSet<_>>(), recorded);
    for sentence in described.values() {
        assert!(
            sentence.ends_with('.') && sentence.contains(' '),
            "{sentence}"
        );
    }
}

#[test]
fn what_is_taken_back_by_a_crash_is_not_counted() {
    let tape = Tape::default();
    with_local_recorder(&tape, || {
        let mut driver = driver();
        for second in ["1", "x", "70"] {
            driver.send(0, Timestamp::default(), "k", second).unwrap();
        }
        driver.step().unwrap();
        driver.crash().unwrap();
        assert_eq!(tape.sum(names::RECORDS_IN, ""), 0.0);
        driver.run().unwrap();
        assert_eq!(tape.sum(names::RECORDS_IN, ""), 3.0);
        assert_eq!(tape.sum(names::REJECTED, " reason=not_a_second"), 1.0);
    });
}
