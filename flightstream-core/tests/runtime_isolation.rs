//! What one task waits for, or fails of, holds up no other task of its worker.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what goes wrong in a test should end it"
)]

use std::sync::Arc;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use flightstream_core::Records;
use flightstream_core::batch::{Raw, Record, Rejection, TopicPartition};
use flightstream_core::log::memory::MemoryLog;
use flightstream_core::log::{Isolation, Log, TopicSpec};
use flightstream_core::runtime::{App, AppError, Delivery, topic};
use flightstream_core::time::Timestamp;
use futures::channel::oneshot;

fn log() -> Arc<dyn Log> {
    let log = MemoryLog::default();
    for name in ["in", "out"] {
        log.create_topic(&TopicSpec::new(name, 2)).unwrap();
    }
    Arc::new(log)
}

fn send(log: &Arc<dyn Log>, partition: u32, value: &str) {
    let record = Record::new(Raw::from(value.to_owned()), Timestamp::default());
    let mut writer = log.writer(Isolation::Immediate).unwrap();
    writer
        .append_to(&TopicPartition::new("in", partition), vec![record])
        .unwrap();
}

fn committed(log: &Arc<dyn Log>, partition: u32) -> u64 {
    let committed = log.committed("g", "in").unwrap();
    committed
        .get(&TopicPartition::new("in", partition))
        .copied()
        .unwrap_or(0)
}

#[track_caller]
fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !holds() {
        assert!(Instant::now() < deadline, "expected in time: {what}");
        std::thread::yield_now();
    }
}

fn text(bytes: &[u8]) -> Result<String, Rejection> {
    Ok(String::from_utf8_lossy(bytes).into_owned())
}

#[test]
fn a_look_up_that_takes_its_time_keeps_no_other_partition_from_committing() {
    for (delivery, workers) in [(Delivery::AtLeastOnce, 1), (Delivery::ExactlyOnce, 2)] {
        let log = log();
        let (ask, questions) = mpsc::channel::<oneshot::Sender<()>>();
        let running = App::new("slow")
            .source(topic("in").group("g"))
            .pipeline(move |raw, _| {
                let ask = ask.clone();
                raw.decode(text).enrich_async(4, move |text| {
                    let ask = ask.clone();
                    async move {
                        if text == "slow" {
                            let (answer, answered) = oneshot::channel();
                            ask.send(answer).unwrap();
                            answered.await.unwrap();
                        }
                        Ok::<_, Rejection>(text)
                    }
                })
            })
            .sink(topic("out").json_values())
            .delivery(delivery)
            .workers(workers)
            .commit_every(Duration::from_millis(5))
            .start(&log)
            .unwrap();
        send(&log, 0, "slow");
        let answer = questions.recv().unwrap();
        for n in 1..=20 {
            send(&log, 1, "fast");
            wait_until("the other partition commits", || committed(&log, 1) == n);
        }
        assert_eq!(committed(&log, 0), 0);
        answer.send(()).unwrap();
        running.wait_until_caught_up().unwrap();
        assert_eq!(committed(&log, 0), 1);
        assert_eq!(running.stop().unwrap().emitted, 21);
    }
}

/// Commits of other tasks do not count as its success.
#[test]
fn a_task_that_always_fails_ends_the_app_whatever_others_commit() {
    let log = log();
    let running = App::new("fails")
        .source(topic("in").group("g"))
        .pipeline(|raw, _| {
            raw.decode(text)
                .inspect(|record| assert_ne!(record.value, "bad"))
        })
        .sink(topic("out").json_values())
        .max_restarts(2)
        .commit_every(Duration::from_millis(1))
        .start(&log)
        .unwrap();
    send(&log, 0, "bad");
    let mut sent = 0;
    wait_until("the app gives up", || {
        if !running.is_finished() {
            send(&log, 1, "good");
            sent += 1;
            wait_until("the other partition commits", || {
                committed(&log, 1) == sent || running.is_finished()
            });
        }
        running.is_finished()
    });
    assert!(committed(&log, 1) > 0);
    let status = running.status();
    assert_eq!(status.restarts, 2);
    assert!(matches!(running.stop(), Err(AppError::Task(_))));
}
