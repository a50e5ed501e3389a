//! The real cluster that the tests use, and topics of their own in it.
#![allow(dead_code, unreachable_pub)]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use flightstream_core::batch::{Raw, Record, TopicPartition};
use flightstream_core::log::kafka::{KafkaLog, KafkaOptions};
use flightstream_core::log::{Assignment, Log, PartitionReader, Subscriber};
use flightstream_core::time::Timestamp;

/// What a cluster that works has done long before.
pub const DEADLINE: Duration = Duration::from_secs(60);

pub fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        panic!("{name} is not set; run these tests by `.ci/run kafka`, which starts a broker")
    })
}

pub fn options() -> KafkaOptions {
    KafkaOptions::new(variable("FLIGHTSTREAM_TEST_KAFKA"))
}

pub fn open() -> KafkaLog {
    KafkaLog::open(options()).unwrap()
}

/// A name that no other test has, in no other run.
pub fn name(what: &str) -> String {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("{what}-{:x}-{number}", since_epoch.as_nanos())
}

pub fn record(key: &str, value: &str, seconds: i64) -> Record<Raw> {
    let mut record = Record::new(
        Raw::from(value.to_owned()),
        Timestamp::from_seconds(seconds),
    );
    record.key = Some(key.to_owned().into());
    record
}

pub fn values(records: &[Record<Raw>]) -> Vec<String> {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let value = |record: &Record<Raw>| record.value.as_bytes().map_or("-".to_owned(), text);
    records.iter().map(value).collect()
}

/// Everything in a partition that is committed.
pub fn read_all(log: &dyn Log, topic: &str, partition: u32) -> Vec<Record<Raw>> {
    let end = log.offsets(topic).unwrap()[partition as usize].end;
    let partition = TopicPartition::new(topic, partition);
    let mut all: Vec<Record<Raw>> = Vec::new();
    loop {
        let from = all.last().map_or(0, |last| last.origin + 1);
        if from >= end {
            return all;
        }
        let some = log.read(&partition, from, 5000).unwrap();
        if some.is_empty() {
            return all;
        }
        all.extend(some);
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Polls until it is ready.
pub fn wait<T>(mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>) -> T {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut cx = Context::from_waker(&waker);
    let deadline = Instant::now() + DEADLINE;
    loop {
        if let Poll::Ready(value) = poll(&mut cx) {
            return value;
        }
        assert!(Instant::now() < deadline, "nothing came in {DEADLINE:?}");
        thread::park_timeout(Duration::from_millis(100));
    }
}

pub fn change(subscriber: &mut dyn Subscriber) -> Assignment {
    wait(|cx| subscriber.poll_assignment(cx)).unwrap()
}

pub fn assigned(subscriber: &mut dyn Subscriber) -> Vec<Box<dyn PartitionReader>> {
    match change(subscriber) {
        Assignment::Assigned(readers) => readers,
        other => panic!("expected an assignment, got {other:?}"),
    }
}

pub fn fetch(reader: &mut dyn PartitionReader, count: usize) -> Vec<Record<Raw>> {
    let mut all = Vec::new();
    while all.len() < count {
        all.extend(wait(|cx| reader.poll_fetch(cx, count - all.len())).unwrap());
    }
    all
}

pub fn numbers(readers: &[Box<dyn PartitionReader>]) -> BTreeSet<u32> {
    let partitions = readers.iter().map(|reader| reader.topic_partition());
    partitions.map(TopicPartition::partition).collect()
}
