//! Operators that do more than look at a batch, inside an app: look-ups answered by other threads, branches that share
//! an ack, and sessions over restarts.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what goes wrong in a test should end it"
)]

use std::collections::BTreeMap;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use flightstream_core::Records;
use flightstream_core::batch::{Raw, Record, Rejection, TopicPartition};
use flightstream_core::log::memory::MemoryLog;
use flightstream_core::log::{Isolation, Log, TopicSpec};
use flightstream_core::operator::{Either, Retry};
use flightstream_core::runtime::{App, Delivery, TaskContext, topic};
use flightstream_core::time::Timestamp;
use flightstream_core::window::{Session, WindowedKey};
use futures::channel::oneshot;

const PARTITIONS: u32 = 2;

fn log() -> Arc<dyn Log> {
    let log = MemoryLog::default();
    for topic in ["in", "out", "dlq"] {
        log.create_topic(&TopicSpec::new(topic, PARTITIONS))
            .unwrap();
    }
    Arc::new(log)
}

fn fill(log: &Arc<dyn Log>, numbers: impl IntoIterator<Item = u32>) {
    let record = |n: u32| Record {
        key: Some((n % 7).to_string().into()),
        ..Record::new(Raw::from(n.to_string()), Timestamp::from_seconds(n.into()))
    };
    log.writer(Isolation::Immediate)
        .unwrap()
        .append("in", numbers.into_iter().map(record).collect())
        .unwrap();
}

/// All values in a topic, by key.
fn output(log: &Arc<dyn Log>, topic: &str) -> BTreeMap<String, Vec<String>> {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let mut results = BTreeMap::<String, Vec<String>>::new();
    for partition in 0..PARTITIONS {
        let partition = TopicPartition::new(topic, partition);
        for record in log.read(&partition, 0, usize::MAX).unwrap() {
            let key = text(record.key.as_deref().unwrap());
            let value = text(record.value.as_bytes().unwrap());
            results.entry(key).or_default().push(value);
        }
    }
    results
}

fn number(bytes: &[u8]) -> Result<u32, Rejection> {
    let text = std::str::from_utf8(bytes).map_err(|_| Rejection::new("not_utf8"))?;
    text.parse().map_err(|_| Rejection::new("not_a_number"))
}

#[test]
fn look_ups_are_answered_by_other_threads() {
    type Question = (u32, oneshot::Sender<Result<u32, Rejection>>);
    let (ask, questions) = mpsc::channel::<Question>();
    let service = thread::spawn(move || {
        let mut failed = BTreeMap::new();
        for (n, answer) in questions {
            // Each number fails once, those that end in 3 always.
            let is_first = failed.insert(n, ()).is_none();
            let result = if is_first || n % 10 == 3 {
                Err(Rejection::new("busy"))
            } else {
                Ok(n * 2)
            };
            // The app may have been stopped.
            let _ = answer.send(result);
        }
    });
    let log = log();
    fill(&log, 0..500);
    let running = App::new("look-ups")
        .source(topic("in").group("g").batch_size(16))
        .pipeline(move |raw, _| {
            let ask = ask.clone();
            let look_up = move |n| {
                let (answer, answered) = oneshot::channel();
                ask.send((n, answer)).unwrap();
                async move {
                    let result = answered.await;
                    result.unwrap_or_else(|_| Err(Rejection::new("gone")))
                }
            };
            raw.decode(number)
                .map(|n| (n, n))
                .enrich_async(8, move |(key, n)| {
                    let found = look_up(n);
                    async move { Ok::<_, Rejection>((key, found.await?)) }
                })
                .retry(Retry::times(2))
        })
        .sink(topic("out").json())
        .dead_letters("dlq")
        .delivery(Delivery::ExactlyOnce)
        .start(&log)
        .unwrap();
    running.wait_until_caught_up().unwrap();
    let status = running.stop().unwrap();
    service.join().unwrap();
    assert_eq!((status.emitted, status.rejected["busy"]), (450, 50));
    let expected = (0..500_u32).filter(|n| n % 10 != 3);
    let expected: BTreeMap<_, _> = expected
        .map(|n| (n.to_string(), vec![(n * 2).to_string()]))
        .collect();
    assert_eq!(output(&log, "out"), expected);
}

#[test]
fn branches_are_committed_together() {
    for delivery in [Delivery::AtLeastOnce, Delivery::ExactlyOnce] {
        let log = log();
        let mut numbers = 0..1_000;
        // Stopped and started again, it drains and goes on where it was.
        for _ in 0..4 {
            fill(&log, numbers.by_ref().take(250));
            let running = App::new("branches")
                .source(topic("in").group("g").batch_size(16))
                .pipeline(|raw, _| {
                    let (even, odd) = raw.decode(number).split(|n| {
                        if n.is_multiple_of(2) {
                            Either::Left(n)
                        } else {
                            Either::Right(n)
                        }
                    });
                    even.map(|n| (n, "even")).merge(odd.map(|n| (n, "odd")))
                })
                .sink(topic("out").json())
                .delivery(delivery)
                .commit_every(Duration::from_millis(20))
                .start(&log)
                .unwrap();
            running.wait_until_caught_up().unwrap();
            running.stop().unwrap();
        }
        let parity = |n| if n % 2 == 0 { "\"even\"" } else { "\"odd\"" };
        let expected: BTreeMap<_, _> = (0..1_000)
            .map(|n| (n.to_string(), vec![parity(n).to_owned()]))
            .collect();
        assert_eq!(output(&log, "out"), expected, "{delivery:?}");
    }
}

/// Each number is its second. Thirty of each hundred are left out, so each of seven keys has sessions of ten.
fn runs(
    raw: impl Records<Record = Raw>,
    cx: TaskContext,
) -> impl Records<Record = (WindowedKey<u32>, u64)> {
    raw.decode(number)
        .event_time(|n| Timestamp::from_seconds((*n).into()))
        .map(|n| (n % 7, n))
        .filter(|(_, n)| n % 100 < 70)
        .assume_aligned()
        .session_windowed(Session::gap(Duration::from_secs(7)).grace(Duration::from_secs(5)))
        .count(cx.store("runs"))
}

#[test]
fn sessions_live_on_through_restarts() {
    let run = |parts: u32| {
        let log = log();
        let size = 1_400 / parts;
        for part in 0..parts {
            fill(&log, part * size..(part + 1) * size);
            let running = App::new("runs")
                .source(topic("in").group("g").batch_size(16))
                .pipeline(runs)
                .sink(topic("out").json())
                .delivery(Delivery::ExactlyOnce)
                .commit_every(Duration::from_millis(20))
                .start(&log)
                .unwrap();
            running.wait_until_caught_up().unwrap();
            running.stop().unwrap();
        }
        output(&log, "out")
    };
    let undisturbed = run(1);
    assert!(undisturbed.len() >= 7 * 13, "{undisturbed:?}");
    assert!(undisturbed.values().all(|counts| *counts == ["10"]));
    assert_eq!(run(28), undisturbed);
}
