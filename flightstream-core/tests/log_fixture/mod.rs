//! The logs that the shared tests run on.
#![allow(dead_code, unreachable_pub)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use flightstream_core::batch::{Offset, Raw, Record, TopicPartition};
use flightstream_core::log::embedded::{EmbeddedLog, EmbeddedOptions};
use flightstream_core::log::memory::MemoryLog;
use flightstream_core::log::{
    Assignment, Isolation, Log, PartitionReader, Start, Subscriber, Subscription,
};
use flightstream_core::time::Timestamp;
use tempfile::TempDir;

/// A log with what the trait leaves to each kind.
pub trait Fixture {
    fn create() -> Self;
    fn log(&self) -> &dyn Log;
    fn clean(&self);
    /// Closes and opens the log, where that means something.
    fn reopen(&mut self);
}

pub struct Memory(MemoryLog);

impl Fixture for Memory {
    fn create() -> Self {
        Self(MemoryLog::new())
    }

    fn log(&self) -> &dyn Log {
        &self.0
    }

    fn clean(&self) {
        self.0.clean();
    }

    fn reopen(&mut self) {}
}

pub struct Embedded {
    log: Option<EmbeddedLog>,
    options: EmbeddedOptions,
    pub dir: TempDir,
}

impl Embedded {
    pub fn with(options: EmbeddedOptions) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let log = Some(EmbeddedLog::open(dir.path(), options).unwrap());
        Self { log, options, dir }
    }

    pub fn embedded(&self) -> &EmbeddedLog {
        self.log.as_ref().unwrap()
    }
}

impl Fixture for Embedded {
    fn create() -> Self {
        Self::with(EmbeddedOptions::default())
    }

    fn log(&self) -> &dyn Log {
        self.embedded()
    }

    fn clean(&self) {
        self.embedded().clean().unwrap();
    }

    fn reopen(&mut self) {
        self.log = None;
        self.log = Some(EmbeddedLog::open(self.dir.path(), self.options).unwrap());
    }
}

/// An embedded log that keeps next to nothing in memory, so that every read goes to the files.
pub struct EmbeddedOnDisk(pub Embedded);

impl Fixture for EmbeddedOnDisk {
    fn create() -> Self {
        let options = EmbeddedOptions::default()
            .tail_bytes(0)
            .cache_bytes(0)
            .write_buffer_bytes(0);
        Self(Embedded::with(options))
    }

    fn log(&self) -> &dyn Log {
        self.0.log()
    }

    fn clean(&self) {
        self.0.clean();
    }

    fn reopen(&mut self) {
        self.0.reopen();
    }
}

/// Runs each of the named generic tests on every log.
#[macro_export]
macro_rules! on_every_log {
    ($($test:ident),* $(,)?) => {
        mod memory {
            $(#[test] fn $test() { super::$test::<super::log_fixture::Memory>(); })*
        }
        mod embedded {
            $(#[test] fn $test() { super::$test::<super::log_fixture::Embedded>(); })*
        }
        mod embedded_on_disk {
            $(#[test] fn $test() { super::$test::<super::log_fixture::EmbeddedOnDisk>(); })*
        }
    };
}

pub fn record(key: &str, value: &str, seconds: i64) -> Record<Raw> {
    let mut record = Record::new(
        Raw::from(value.to_owned()),
        Timestamp::from_seconds(seconds),
    );
    record.key = Some(key.to_owned().into());
    record
}

pub fn unkeyed(value: &str) -> Record<Raw> {
    Record::new(Raw::from(value.to_owned()), Timestamp::from_seconds(0))
}

pub fn tombstone(key: &str, seconds: i64) -> Record<Raw> {
    let mut record = Record::new(Raw(None), Timestamp::from_seconds(seconds));
    record.key = Some(key.to_owned().into());
    record
}

pub fn append(log: &dyn Log, topic: &str, records: Vec<Record<Raw>>) {
    let mut writer = log.writer(Isolation::Immediate).unwrap();
    writer.append(topic, records).unwrap();
}

/// Everything in a partition, read in small steps.
pub fn read_all(log: &dyn Log, topic: &str, partition: u32) -> Vec<Record<Raw>> {
    let partition = TopicPartition::new(topic, partition);
    let mut all: Vec<Record<Raw>> = Vec::new();
    loop {
        let from = all.last().map_or(0, |last| last.origin + 1);
        let some = log.read(&partition, from, 7).unwrap();
        assert!(some.len() <= 7);
        if some.is_empty() {
            return all;
        }
        all.extend(some);
    }
}

pub fn values(records: &[Record<Raw>]) -> Vec<String> {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let value = |record: &Record<Raw>| record.value.as_bytes().map_or("-".to_owned(), text);
    records.iter().map(value).collect()
}

pub fn offsets(records: &[Record<Raw>]) -> Vec<Offset> {
    records.iter().map(|record| record.origin).collect()
}

pub fn subscription(group: &str, topic: &str, start: Start) -> Subscription {
    Subscription {
        group: group.to_owned(),
        topic: topic.to_owned(),
        start,
    }
}

/// Counts how often it is woken.
#[derive(Default)]
pub struct CountingWaker(AtomicUsize);

impl CountingWaker {
    pub fn new() -> (Arc<Self>, Waker) {
        let counter = Arc::new(Self::default());
        (Arc::clone(&counter), Waker::from(counter))
    }

    pub fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Wake for CountingWaker {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

pub fn assigned(subscriber: &mut dyn Subscriber) -> Vec<Box<dyn PartitionReader>> {
    let mut cx = Context::from_waker(Waker::noop());
    match subscriber.poll_assignment(&mut cx) {
        Poll::Ready(Ok(Assignment::Assigned(readers))) => readers,
        other => panic!("expected an assignment, got {other:?}"),
    }
}

pub fn fetch(reader: &mut dyn PartitionReader, max_records: usize) -> Option<Vec<Record<Raw>>> {
    let mut cx = Context::from_waker(Waker::noop());
    match reader.poll_fetch(&mut cx, max_records) {
        Poll::Ready(records) => Some(records.unwrap()),
        Poll::Pending => None,
    }
}
