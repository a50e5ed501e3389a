//! A running app is asked, paused and watched from other threads.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what goes wrong in a test should end it"
)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use flightstream_core::Records;
use flightstream_core::batch::{Offset, Raw, Record, Rejection, TopicPartition};
use flightstream_core::log::memory::MemoryLog;
use flightstream_core::log::{
    Isolation, Log, LogError, OffsetRange, PartitionReader, Subscriber, Subscription, TopicSpec,
    Writer,
};
use flightstream_core::runtime::{
    App, AppError, Delivery, Health, QueryError, Running, TaskContext, TaskState, topic,
};
use flightstream_core::store::{KeyValueStore, WindowStore};
use flightstream_core::time::Timestamp;
use flightstream_core::window::{Emit, Tumbling, WindowedKey};

const PARTITIONS: u32 = 4;

type Counts = KeyValueStore<String, u64>;

fn log() -> MemoryLog {
    let log = MemoryLog::default();
    for topic in ["in", "out"] {
        log.create_topic(&TopicSpec::new(topic, PARTITIONS))
            .unwrap();
    }
    log
}

/// Words to all partitions in turn.
fn fill(log: &dyn Log, words: impl IntoIterator<Item = String>) {
    let record = |word: String| Record::new(Raw::from(word), Timestamp::default());
    let records = words.into_iter().map(record).collect();
    log.writer(Isolation::Immediate)
        .unwrap()
        .append("in", records)
        .unwrap();
}

fn counted(
    raw: impl Records<Record = Raw>,
    cx: TaskContext,
) -> impl Records<Record = (String, u64)> {
    let counts = cx.store::<Counts>("counts");
    let word =
        |bytes: &[u8]| String::from_utf8(bytes.to_vec()).map_err(|_| Rejection::new("not_utf8"));
    raw.decode(word).map(move |word| {
        let count = counts.write().update(&word, |count| {
            *count.get_or_insert(0) += 1;
            *count
        });
        (word, count.unwrap_or_default())
    })
}

fn start(log: &Arc<dyn Log>, interval: Duration) -> Running {
    App::new("words")
        .source(topic("in").group("g"))
        .pipeline(counted)
        .sink(topic("out").json())
        .delivery(Delivery::ExactlyOnce)
        .commit_every(interval)
        .workers(2)
        .start(log)
        .unwrap()
}

const SOON: Duration = Duration::from_millis(10);
const NEVER: Duration = Duration::from_secs(100_000);

#[test]
fn stores_are_looked_at_from_outside() {
    let log: Arc<dyn Log> = Arc::new(log());
    fill(&*log, (0..100).map(|n| n.to_string()));
    let running = start(&log, SOON);
    running.wait_until_caught_up().unwrap();
    assert_eq!(running.store(.., "counts", Counts::len).unwrap(), [25; 4]);
    assert_eq!(running.store(2, "counts", Counts::len).unwrap(), [25]);
    let word = "2".to_owned();
    let counts = running.store(.., "counts", move |counts: &Counts| {
        counts.get(&word).as_deref().copied()
    });
    assert_eq!(
        counts.unwrap().into_iter().flatten().collect::<Vec<_>>(),
        [1]
    );
    let status = running.status();
    assert_eq!(status.entries, BTreeMap::from([("counts".to_owned(), 100)]));
    assert_eq!(status.health, Health::Ready);
    assert!(
        status
            .task_states
            .values()
            .all(|state| *state == TaskState::Running)
    );
    assert_eq!(status.task_states.len(), 4);
}

/// Words by minute, each at the second that it names.
fn by_minute(
    raw: impl Records<Record = Raw>,
    cx: TaskContext,
) -> impl Records<Record = (WindowedKey<u64>, u64)> {
    let second = |bytes: &[u8]| {
        let text = std::str::from_utf8(bytes).map_err(|_| Rejection::new("not_utf8"))?;
        text.parse::<u32>().map_err(|_| Rejection::new("no_number"))
    };
    raw.decode(second)
        .event_time(|second| Timestamp::from_seconds(i64::from(*second)))
        .key_by(|second| u64::from(*second) % 2)
        .assume_aligned()
        .windowed(Tumbling::of(Duration::from_secs(60)).grace(Duration::from_secs(600)))
        .count(cx.store("by-minute"))
        .emit(Emit::on_close())
}

#[test]
fn ranges_of_keys_and_of_windows_are_looked_at_from_outside() {
    let log: Arc<dyn Log> = Arc::new(log());
    fill(&*log, (0..100).map(|n| n.to_string()));
    let running = start(&log, SOON);
    running.wait_until_caught_up().unwrap();
    let words = running.store(.., "counts", |counts: &Counts| {
        let some = counts.range("20".to_owned().."23".to_owned());
        some.map(|(word, count)| (word.clone(), *count))
            .collect::<Vec<_>>()
    });
    let words: BTreeMap<String, u64> = words.unwrap().into_iter().flatten().collect();
    let expected = ["20", "21", "22"].map(|word| (word.to_owned(), 1));
    assert_eq!(words, BTreeMap::from(expected));
    running.stop().unwrap();

    let running = App::new("minutes")
        .source(topic("in").group("minutes"))
        .pipeline(by_minute)
        .sink(topic("out").json())
        .start(&log)
        .unwrap();
    running.wait_until_caught_up().unwrap();
    let minute = |n: i64| Timestamp::from_seconds(n * 60);
    let of = |from: i64, to: i64| {
        let starts = minute(from)..minute(to);
        let entries = running.store(.., "by-minute", move |store: &WindowStore<u64, u64>| {
            let some = store.range(starts.clone());
            some.map(|(start, _, count)| (start, *count))
                .collect::<Vec<_>>()
        });
        let mut sums = BTreeMap::new();
        for (start, count) in entries.unwrap().into_iter().flatten() {
            *sums.entry(start).or_insert(0) += count;
        }
        sums
    };
    assert_eq!(of(0, 1), BTreeMap::from([(minute(0), 60)]));
    assert_eq!(of(1, 9), BTreeMap::from([(minute(1), 40)]));
    assert_eq!(of(2, 9), BTreeMap::new());
}

#[test]
fn questions_that_have_no_answer_say_why() {
    let log: Arc<dyn Log> = Arc::new(log());
    let running = start(&log, SOON);
    running.wait_until_ready().unwrap();
    assert!(running.is_ready());
    let unknown = running.store(.., "sums", Counts::len).unwrap_err();
    let known = vec!["counts".to_owned()];
    assert_eq!(
        unknown,
        QueryError::UnknownStore {
            name: "sums".to_owned(),
            known
        }
    );
    let other = running
        .store(.., "counts", WindowStore::<String, u64>::len)
        .unwrap_err();
    assert!(other.to_string().contains("key-value store"), "{other}");
    let nowhere = running.store(4, "counts", Counts::len).unwrap_err();
    assert_eq!(nowhere, QueryError::NotAssigned { partition: 4 });
    let panicked = running
        .store(0, "counts", |_: &Counts| panic!("a bug"))
        .unwrap_err();
    assert_eq!(panicked, QueryError::Panicked("a bug".to_owned()));
    // The tasks are none the worse for it.
    assert_eq!(running.store(.., "counts", Counts::len).unwrap(), [0; 4]);
    assert_eq!(running.status().restarts, 0);

    running.request_stop();
    while !running.is_finished() {
        thread::yield_now();
    }
    assert_eq!(
        running.store(.., "counts", Counts::len).unwrap_err(),
        QueryError::Ended
    );
    assert!(matches!(running.pause(), Err(AppError::Ended)));
    assert_eq!(running.health(), Health::Ended);
    assert!(running.wait_until_ready().is_err());
}

#[test]
fn a_pause_commits_and_nothing_moves_until_it_ends() {
    let log: Arc<dyn Log> = Arc::new(log());
    fill(&*log, (0..100).map(|n| n.to_string()));
    let running = start(&log, NEVER);
    let seen = || running.store(.., "counts", Counts::len).unwrap_or_default();
    while seen().into_iter().sum::<usize>() < 100 {
        thread::yield_now();
    }
    assert_eq!(running.status().read, 0);
    running.pause().unwrap();
    assert_eq!((running.status().read, running.lag().unwrap()), (100, 0));
    assert_eq!(running.health(), Health::Paused);

    fill(&*log, (0..40).map(|n| format!("new {n}")));
    for _ in 0..100 {
        // Each answer is a turn of every worker, in which it would have pulled.
        assert_eq!(running.store(.., "counts", Counts::len).unwrap(), [25; 4]);
    }
    assert_eq!(running.lag().unwrap(), 40);

    running.resume();
    while seen().into_iter().sum::<usize>() < 140 {
        thread::yield_now();
    }
    assert!(running.is_ready());
    assert_eq!(running.stop().unwrap().read, 140);
}

#[test]
fn a_paused_app_stops() {
    let log: Arc<dyn Log> = Arc::new(log());
    let running = start(&log, SOON);
    running.pause().unwrap();
    fill(&*log, ["late".to_owned()]);
    assert_eq!(running.stop().unwrap().read, 0);
}

/// A log whose changelogs are read again and again from their beginning until it is let go.
#[derive(Debug)]
struct Slow {
    log: MemoryLog,
    is_slow: AtomicBool,
}

impl Log for Slow {
    fn create_topic(&self, spec: &TopicSpec) -> Result<(), LogError> {
        self.log.create_topic(spec)
    }

    fn topics(&self) -> Result<Vec<TopicSpec>, LogError> {
        self.log.topics()
    }

    fn offsets(&self, topic: &str) -> Result<Vec<OffsetRange>, LogError> {
        self.log.offsets(topic)
    }

    fn committed(
        &self,
        group: &str,
        topic: &str,
    ) -> Result<BTreeMap<TopicPartition, Offset>, LogError> {
        self.log.committed(group, topic)
    }

    fn subscribe(&self, subscription: &Subscription) -> Result<Box<dyn Subscriber>, LogError> {
        self.log.subscribe(subscription)
    }

    fn partition_reader(
        &self,
        partition: &TopicPartition,
        from: Offset,
    ) -> Result<Box<dyn PartitionReader>, LogError> {
        self.log.partition_reader(partition, from)
    }

    fn writer(&self, isolation: Isolation) -> Result<Box<dyn Writer>, LogError> {
        self.log.writer(isolation)
    }

    fn read(
        &self,
        partition: &TopicPartition,
        from: Offset,
        max_records: usize,
    ) -> Result<Vec<Record<Raw>>, LogError> {
        if self.is_slow.load(Ordering::SeqCst) {
            self.log.read(partition, 0, 1)
        } else {
            self.log.read(partition, from, max_records)
        }
    }
}

#[test]
fn an_app_is_ready_when_its_state_is_there() {
    let log = log();
    let shared: Arc<dyn Log> = Arc::new(log.clone());
    fill(&log, (0..100).map(|n| n.to_string()));
    let running = start(&shared, SOON);
    running.wait_until_caught_up().unwrap();
    running.stop().unwrap();

    let slow = Arc::new(Slow {
        log,
        is_slow: AtomicBool::new(true),
    });
    let shared: Arc<dyn Log> = Arc::<Slow>::clone(&slow);
    let running = start(&shared, SOON);
    // 25 words and the schema, of which one entry is read.
    let restoring = TaskState::Restoring { remaining: 25 };
    while running
        .status()
        .task_states
        .values()
        .filter(|state| **state == restoring)
        .count()
        < 4
    {
        thread::yield_now();
    }
    assert_eq!(running.health(), Health::Restoring);
    assert!(!running.is_ready());
    let error = running.store(1, "counts", Counts::len).unwrap_err();
    assert_eq!(error, QueryError::NotRestored { partition: 1 });

    slow.is_slow.store(false, Ordering::SeqCst);
    running.wait_until_ready().unwrap();
    assert_eq!(running.store(.., "counts", Counts::len).unwrap(), [25; 4]);
    // Known without a commit.
    assert_eq!(running.status().entries["counts"], 100);
    running.stop().unwrap();
}

#[test]
fn a_task_that_waits_for_its_restart_shows() {
    let log: Arc<dyn Log> = Arc::new(log());
    fill(&*log, ["a".to_owned()]);
    let broken = Arc::new(AtomicBool::new(true));
    let is_broken = Arc::clone(&broken);
    let running = App::new("broken")
        .source(topic("in").group("g"))
        .pipeline(move |raw, cx: TaskContext| {
            let is_broken = Arc::clone(&is_broken);
            counted(raw, cx).inspect(move |_| assert!(!is_broken.load(Ordering::SeqCst), "a bug"))
        })
        .sink(topic("out").json())
        .max_restarts(u32::MAX)
        .start(&log)
        .unwrap();
    while running.health() != Health::Degraded {
        thread::yield_now();
    }
    let waiting = |state: &&TaskState| **state == TaskState::WaitingForRestart;
    assert!(
        running
            .status()
            .task_states
            .values()
            .filter(waiting)
            .count()
            <= 1
    );
    broken.store(false, Ordering::SeqCst);
    running.wait_until_caught_up().unwrap();
    assert!(running.is_ready());
    assert_eq!(running.stop().unwrap().read, 1);
}
