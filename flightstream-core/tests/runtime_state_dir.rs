//! Snapshots of stores: a start reads only what came after, and one that cannot be trusted changes nothing.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what goes wrong in a test should end it"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use flightstream_core::Records;
use flightstream_core::batch::{Offset, Raw, Record, Rejection, TopicPartition};
use flightstream_core::log::memory::MemoryLog;
use flightstream_core::log::{
    Isolation, Log, LogError, OffsetRange, PartitionReader, Subscriber, Subscription, TopicSpec,
    Writer,
};
use flightstream_core::runtime::{
    App, AppError, Delivery, Running, Status, StoreKind, TaskContext, TaskState, topic,
};
use flightstream_core::store::KeyValueStore;
use flightstream_core::testing::{TestDriver, schedule};
use flightstream_core::time::Timestamp;
use flightstream_core::window::{Emit, Session, Tumbling};
use proptest::prelude::*;

/// A log in memory that counts what is read of changelogs and may keep silent about tombstones, as Kafka does, or show the
/// last entries of changelogs only after a while, as it does too.
#[derive(Debug, Default)]
struct Watched {
    log: MemoryLog,
    read: AtomicU64,
    is_silent: bool,
    invisible: AtomicU64,
    /// How often it was asked how much can be seen.
    asked: AtomicU64,
}

impl Watched {
    fn read(&self) -> u64 {
        self.read.swap(0, Ordering::SeqCst)
    }
}

impl Log for Watched {
    fn create_topic(&self, spec: &TopicSpec) -> Result<(), LogError> {
        self.log.create_topic(spec)
    }

    fn topics(&self) -> Result<Vec<TopicSpec>, LogError> {
        self.log.topics()
    }

    fn offsets(&self, topic: &str) -> Result<Vec<OffsetRange>, LogError> {
        let mut ranges = self.log.offsets(topic)?;
        if topic.ends_with("-changelog") {
            self.asked.fetch_add(1, Ordering::SeqCst);
            let invisible = self.invisible.load(Ordering::SeqCst);
            ranges.iter_mut().for_each(|range| range.end -= invisible);
        }
        Ok(ranges)
    }

    fn ends(&self, topic: &str) -> Result<Vec<Offset>, LogError> {
        self.log.ends(topic)
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
        let end = self.offsets(partition.topic())?[partition.partition() as usize].end;
        let mut records = self.log.read(partition, from, max_records)?;
        records.retain(|record| record.origin < end);
        self.read.fetch_add(records.len() as u64, Ordering::SeqCst);
        Ok(records)
    }

    fn tombstones_from(&self, partition: &TopicPartition) -> Result<Option<Offset>, LogError> {
        if self.is_silent {
            return Ok(None);
        }
        self.log.tombstones_from(partition)
    }
}

const STORE: &str = "counts";

fn number(bytes: &[u8]) -> Result<u32, Rejection> {
    let text = std::str::from_utf8(bytes).map_err(|_| Rejection::new("not_utf8"))?;
    text.parse().map_err(|_| Rejection::new("no_number"))
}

/// Counts numbers.
fn count(raw: impl Records<Record = Raw>, cx: TaskContext) -> impl Records<Record = (u32, u64)> {
    raw.decode(number)
        .key_by(|number| *number)
        .assume_aligned()
        .count(cx.store(STORE))
}

fn log(is_silent: bool) -> Arc<Watched> {
    let log = Watched {
        is_silent,
        ..Watched::default()
    };
    for topic in ["in", "out"] {
        log.create_topic(&TopicSpec::new(topic, 1)).unwrap();
    }
    Arc::new(log)
}

fn fill(log: &Watched, numbers: impl IntoIterator<Item = u32>) {
    let record = |n: u32| Record::new(Raw::from(n.to_string()), Timestamp::default());
    let records = numbers.into_iter().map(record).collect();
    log.writer(Isolation::Immediate)
        .unwrap()
        .append("in", records)
        .unwrap();
}

fn start(log: &Arc<Watched>, dir: &Path, delivery: Delivery) -> Running {
    let log: Arc<dyn Log> = Arc::<Watched>::clone(log);
    App::new("numbers")
        .source(topic("in").group("numbers"))
        .pipeline(count)
        .sink(topic("out").json())
        .delivery(delivery)
        .state_dir(dir)
        .start(&log)
        .unwrap()
}

/// Lets the app process what there is, and returns its status and its counts.
fn run(log: &Arc<Watched>, dir: &Path) -> (Status, BTreeMap<u32, u64>) {
    let running = start(log, dir, Delivery::ExactlyOnce);
    running.wait_until_caught_up().unwrap();
    running.wait_until_ready().unwrap();
    let all = |counts: &KeyValueStore<u32, u64>| -> BTreeMap<u32, u64> {
        counts.iter().map(|(key, count)| (*key, *count)).collect()
    };
    let counts = running.store(.., STORE, all).unwrap().remove(0);
    (running.stop().unwrap(), counts)
}

fn snapshot(dir: &Path) -> PathBuf {
    dir.join("numbers.state").join("counts-0.snapshot")
}

#[test]
fn a_start_reads_only_what_came_after_the_snapshot() {
    for delivery in [Delivery::ExactlyOnce, Delivery::AtLeastOnce] {
        let dir = tempfile::tempdir().unwrap();
        let log = log(false);
        fill(&log, (0..1000).chain(0..10));
        let running = start(&log, dir.path(), delivery);
        running.wait_until_caught_up().unwrap();
        running.stop().unwrap();
        log.read();

        fill(&log, [5]);
        // One that does not stop in order, so takes no snapshot.
        let running = start(&log, dir.path(), delivery);
        running.wait_until_caught_up().unwrap();
        assert_eq!(log.read(), 0, "{delivery:?}");
        let before = fs::read(snapshot(dir.path())).unwrap();
        running.stop().unwrap();
        fs::write(snapshot(dir.path()), before).unwrap();

        let (status, counts) = run(&log, dir.path());
        assert_eq!((counts.len(), counts[&5], counts[&11]), (1000, 3, 1));
        assert_eq!(log.read(), 1, "{delivery:?}");
        assert_eq!(status.unused_copies, 0, "{:?}", status.last_unused_copy);
    }
}

/// The offsets of a transaction may be seen before its entries in a changelog: markers reach each partition by themselves.
#[test]
fn entries_that_are_committed_and_cannot_be_seen_yet_are_waited_for() {
    let log = log(false);
    fill(&log, 0..10);
    run(&log, tempfile::tempdir().unwrap().path());
    let processed = log.offsets("out").unwrap();

    fill(&log, [9]);
    log.invisible.store(3, Ordering::SeqCst);
    log.asked.store(0, Ordering::SeqCst);
    let dir = tempfile::tempdir().unwrap();
    let running = start(&log, dir.path(), Delivery::ExactlyOnce);
    while log.asked.load(Ordering::SeqCst) < 10 && log.offsets("out").unwrap() == processed {
        std::thread::yield_now();
    }
    assert_eq!(
        log.offsets("out").unwrap(),
        processed,
        "what was counted anew"
    );
    log.invisible.store(0, Ordering::SeqCst);
    running.wait_until_caught_up().unwrap();
    running.stop().unwrap();
    let (_, counts) = run(&log, dir.path());
    assert_eq!((counts[&8], counts[&9]), (1, 2));
}

#[test]
fn a_damaged_snapshot_is_told_of_and_the_changelog_read() {
    let dir = tempfile::tempdir().unwrap();
    let log = log(false);
    fill(&log, 0..5);
    let (_, counts) = run(&log, dir.path());
    let whole = fs::read(snapshot(dir.path())).unwrap();
    // Each length and each bit are tried where the file is read; here some of them go through a whole start.
    let some = || (0..whole.len()).step_by(9);
    let mut damaged: Vec<Vec<u8>> = some().map(|to| whole[..to].to_vec()).collect();
    for position in some() {
        let mut flipped = whole.clone();
        flipped[position] ^= 1 << (position % 8);
        damaged.push(flipped);
    }
    for bytes in damaged {
        fs::write(snapshot(dir.path()), bytes).unwrap();
        let (status, again) = run(&log, dir.path());
        assert_eq!(again, counts);
        assert_eq!(status.unused_copies, 1);
        let message = status.last_unused_copy.unwrap();
        assert!(
            message.contains("counts-0.snapshot") && message.contains("numbers-counts-changelog"),
            "{message}"
        );
        fs::remove_file(snapshot(dir.path())).unwrap();
    }
}

#[test]
fn a_snapshot_that_does_not_fit_the_log_is_not_used() {
    let dir = tempfile::tempdir().unwrap();
    let first = log(false);
    fill(&first, 0..50);
    run(&first, dir.path());

    // Another log: the changelog is shorter, or as long but nothing of it is committed.
    let second = log(false);
    fill(&second, 60..63);
    let (status, counts) = run(&second, dir.path());
    assert_eq!(counts.into_keys().collect::<Vec<_>>(), [60, 61, 62]);
    assert!(status.last_unused_copy.unwrap().contains("ahead"));
}

#[test]
fn a_snapshot_that_may_lack_removals_is_not_used() {
    for is_silent in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let log = log(is_silent);
        let app = |log: &Arc<Watched>, now| {
            let log: Arc<dyn Log> = Arc::<Watched>::clone(log);
            let running = App::new("numbers")
                .source(topic("in").group("numbers"))
                .pipeline(|raw, cx: TaskContext| {
                    let last = cx.store::<KeyValueStore<u32, u64>>(STORE);
                    raw.decode(number).map(move |n| {
                        // Only the last hundred stay.
                        let mut last = last.write();
                        last.put(&n, 1);
                        last.remove(&n.wrapping_sub(100));
                        (n, 1)
                    })
                })
                .sink(topic("out").json())
                .clock(flightstream_core::time::ManualClock::at(now))
                .state_dir(dir.path())
                .start(&log)
                .unwrap();
            running.wait_until_caught_up().unwrap();
            running.wait_until_ready().unwrap();
            let all = |last: &KeyValueStore<u32, u64>| -> Vec<u32> {
                let mut keys: Vec<_> = last.iter().map(|(key, _)| *key).collect();
                keys.sort_unstable();
                keys
            };
            let keys = running.store(.., STORE, all).unwrap().remove(0);
            (running.stop().unwrap(), keys)
        };
        fill(&log, 0..100);
        let now = Timestamp::from_seconds(1_000_000);
        app(&log, now);
        let old = fs::read(snapshot(dir.path())).unwrap();
        fill(&log, 100..500);
        app(&log, now);
        // Twice, so that the tombstones are gone.
        log.log.clean();
        log.log.clean();
        fs::write(snapshot(dir.path()), old).unwrap();
        let later = Duration::from_secs(if is_silent { 24 * 60 * 60 } else { 0 });
        let (status, keys) = app(&log, now.plus(later));
        assert_eq!(keys, (400..500).collect::<Vec<_>>(), "silent: {is_silent}");
        if is_silent {
            // It was cleared away before.
            assert_eq!(status.unused_copies, 0);
        } else {
            let message = status.last_unused_copy.unwrap();
            assert!(message.contains("does not go back"), "{message}");
        }
    }
}

#[test]
fn a_snapshot_of_other_types_is_not_used() {
    let dir = tempfile::tempdir().unwrap();
    let first = log(false);
    fill(&first, 0..50);
    run(&first, dir.path());
    let second = log(false);
    fill(&second, 0..3);
    let log: Arc<dyn Log> = Arc::<Watched>::clone(&second);
    let running = App::new("numbers")
        .source(topic("in").group("numbers"))
        .pipeline(|raw, cx: TaskContext| {
            raw.decode(number)
                .key_by(ToString::to_string)
                .assume_aligned()
                .count(cx.store(STORE))
        })
        .sink(topic("out").json())
        .state_dir(dir.path())
        .start(&log)
        .unwrap();
    running.wait_until_caught_up().unwrap();
    let entries = running.store(.., STORE, KeyValueStore::<String, u64>::len);
    assert_eq!(entries.unwrap(), [3]);
    let message = running.stop().unwrap().last_unused_copy.unwrap();
    assert!(message.contains("u32"), "{message}");
}

#[test]
fn a_store_that_is_reset_begins_empty_with_other_types() {
    let dir = tempfile::tempdir().unwrap();
    let watched = log(false);
    fill(&watched, (0..50).chain(0..50));
    run(&watched, dir.path());
    let log: Arc<dyn Log> = Arc::<Watched>::clone(&watched);
    let app = || App::new("numbers").state_dir(dir.path());
    let by_text = || {
        app()
            .source(topic("in").group("numbers"))
            .pipeline(|raw, cx: TaskContext| {
                raw.decode(number)
                    .key_by(ToString::to_string)
                    .assume_aligned()
                    .count(cx.store(STORE))
            })
            .sink(topic("out").json())
            .start(&log)
            .unwrap()
    };
    let refused = by_text();
    assert!(refused.wait_until_ready().is_err());
    assert!(matches!(
        app().reset_store(&log, STORE),
        Err(AppError::StateDirInUse { .. })
    ));
    let message = refused.stop().unwrap_err().to_string();
    assert!(message.contains("App::reset_store"), "{message}");

    assert_eq!(app().reset_store(&log, STORE).unwrap(), 50);
    assert_eq!(app().reset_store(&log, STORE).unwrap(), 0);
    assert!(!snapshot(dir.path()).exists());
    for expected in 1..4 {
        fill(&watched, [7]);
        let running = by_text();
        running.wait_until_caught_up().unwrap();
        let entries = running.store(.., STORE, |counts: &KeyValueStore<String, u64>| {
            (
                counts.len(),
                counts.get(&"7".to_owned()).as_deref().copied(),
            )
        });
        assert_eq!(entries.unwrap(), [(1, Some(expected))]);
        running.stop().unwrap();
        // What is left of the old entries goes, a part at a time.
        watched.log.clean();
        fs::remove_file(snapshot(dir.path())).unwrap();
    }
    assert!(app().reset_store(&log, "other").is_err());
}

#[test]
fn what_nobody_needs_is_cleared_away() {
    let dir = tempfile::tempdir().unwrap();
    let files = dir.path().join("numbers.state");
    fs::create_dir_all(&files).unwrap();
    for name in ["gone-0.snapshot", "counts-7.snapshot", "counts-0.3.tmp"] {
        fs::write(files.join(name), "x").unwrap();
    }
    let log = log(false);
    fill(&log, 0..5);
    run(&log, dir.path());
    let mut left: Vec<_> = fs::read_dir(&files)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    left.sort();
    assert_eq!(left, ["counts-0.snapshot", "lock"]);
}

#[test]
fn one_process_uses_an_apps_state() {
    let dir = tempfile::tempdir().unwrap();
    let watched = log(false);
    fill(&watched, 0..5);
    let running = start(&watched, dir.path(), Delivery::ExactlyOnce);
    let second: Arc<dyn Log> = log(false);
    let app = || {
        App::new("numbers")
            .source(topic("in").group("numbers"))
            .pipeline(count)
            .sink(topic("out").json())
            .state_dir(dir.path())
    };
    let error = app().start(&second).unwrap_err();
    assert!(matches!(error, AppError::StateDirInUse { .. }), "{error}");
    running.stop().unwrap();
    app().start(&second).unwrap().stop().unwrap();
}

#[test]
fn restoring_is_told_with_what_remains() {
    let dir = tempfile::tempdir().unwrap();
    let log = log(false);
    fill(&log, 0..30_000);
    run(&log, dir.path());
    let running = start(&log, dir.path(), Delivery::ExactlyOnce);
    let mut remaining = Vec::new();
    while !running.is_ready() {
        if let Some(TaskState::Restoring { remaining: left }) = running.status().task_states.get(&0)
        {
            remaining.push(*left);
        }
        std::thread::yield_now();
    }
    remaining.retain(|left| *left > 0);
    assert!(remaining.is_sorted_by(|a, b| a >= b), "{remaining:?}");
    assert!(remaining.iter().all(|left| *left <= 30_001));
    running.stop().unwrap();
}

/// A directory for each driver of many.
fn fresh(base: &tempfile::TempDir) -> PathBuf {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::SeqCst);
    base.path().join(number.to_string())
}

fn input() -> impl Strategy<Value = schedule::Input> {
    (0_u32..2, 0_i64..300, 0_u8..4).prop_map(|(partition, second, key)| schedule::Input {
        partition,
        time: Timestamp::from_seconds(second),
        key: vec![key].into(),
        value: key.to_string().into(),
    })
}

fn windows_and_sessions(
    raw: impl Records<Record = Raw>,
    cx: TaskContext,
) -> impl Records<Record = (String, u64)> {
    raw.decode(number)
        .key_by(|number| *number)
        .assume_aligned()
        .windowed(Tumbling::of(Duration::from_secs(60)).grace(Duration::from_secs(10)))
        .count(cx.store("windows"))
        .emit(Emit::on_close())
        .map(|(key, count)| (key.key, count))
        .key_by(|(key, _)| *key)
        .assume_aligned()
        .session_windowed(Session::gap(Duration::from_secs(90)).grace(Duration::from_secs(30)))
        .count(cx.store("sessions"))
        .map(|(key, count)| (format!("{key:?}"), count))
}

/// Counts that are forgotten when a number has not come for a while.
fn count_for_a_while(
    raw: impl Records<Record = Raw>,
    cx: TaskContext,
) -> impl Records<Record = (u32, u64)> {
    raw.decode(number)
        .key_by(|number| *number)
        .assume_aligned()
        .count(cx.store(STORE).with_ttl(Duration::from_secs(100)))
}

#[test]
fn schedules_hold_with_snapshots() {
    let base = tempfile::tempdir().unwrap();
    let of = |driver: TestDriver<_>| driver.partitions(2).state_dir(fresh(&base));
    schedule::check(input(), || of(TestDriver::new(count))).unwrap();
    schedule::check(input(), || of(TestDriver::new(count_for_a_while))).unwrap();
    let of = |driver: TestDriver<_>| driver.partitions(2).state_dir(fresh(&base));
    schedule::check(input(), || of(TestDriver::new(windows_and_sessions))).unwrap();
}

/// Opening databases is slow, so these are fewer.
#[cfg(feature = "embedded")]
mod persistent {
    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn schedules_of_counts_hold(
            input in proptest::collection::vec(input(), 0..60),
            events in schedule::fuzz_schedule(),
        ) {
            let base = tempfile::tempdir().unwrap();
            let driver = || {
                TestDriver::new(count_for_a_while)
                    .partitions(2)
                    .state_dir(fresh(&base))
                    .store_kind(StoreKind::Persistent)
            };
            let held = schedule::hold(&input, &events, driver);
            held.map_err(|divergence| TestCaseError::fail(divergence.to_string()))?;
        }

        #[test]
        fn schedules_of_windows_and_sessions_hold(
            input in proptest::collection::vec(input(), 0..60),
            events in schedule::fuzz_schedule(),
        ) {
            let base = tempfile::tempdir().unwrap();
            let driver = || {
                TestDriver::new(windows_and_sessions)
                    .partitions(2)
                    .state_dir(fresh(&base))
                    .store_kind(StoreKind::Persistent)
            };
            let held = schedule::hold(&input, &events, driver);
            held.map_err(|divergence| TestCaseError::fail(divergence.to_string()))?;
        }
    }

    fn app(log: &Arc<Watched>, dir: &Path, budget: u64) -> Running {
        let log: Arc<dyn Log> = Arc::<Watched>::clone(log);
        App::new("numbers")
            .source(topic("in").group("numbers"))
            .pipeline(count)
            .sink(topic("out").json())
            .delivery(Delivery::ExactlyOnce)
            .commit_every(Duration::from_millis(1))
            .state_dir(dir)
            .store_kind(StoreKind::Persistent)
            .state_budget(budget)
            .start(&log)
            .unwrap()
    }

    fn run(log: &Arc<Watched>, dir: &Path, budget: u64) -> (Status, BTreeMap<u32, u64>) {
        let running = app(log, dir, budget);
        running.wait_until_caught_up().unwrap();
        running.wait_until_ready().unwrap();
        let all = |counts: &KeyValueStore<u32, u64>| -> BTreeMap<u32, u64> {
            assert_eq!(counts.iter().count(), counts.len());
            counts.iter().map(|(key, count)| (*key, *count)).collect()
        };
        let counts = running.store(.., STORE, all).unwrap().remove(0);
        (running.stop().unwrap(), counts)
    }

    #[test]
    fn a_start_reads_nothing_and_little_stays_in_memory() {
        let dir = tempfile::tempdir().unwrap();
        let log = log(false);
        let budget = 20_000;
        let numbers = || (0..20_000).chain(0..10);
        fill(&log, numbers());
        let (status, counts) = run(&log, dir.path(), budget);
        assert_eq!((counts.len(), counts[&3], counts[&11]), (20_000, 2, 1));
        assert!(
            status.state_bytes[STORE] < 200_000,
            "{:?}",
            status.state_bytes
        );
        log.read();
        fill(&log, [3, 20_000]);
        let (status, counts) = run(&log, dir.path(), budget);
        assert_eq!((counts.len(), counts[&3], counts[&20_000]), (20_001, 3, 1));
        assert_eq!(status.entries[STORE], 20_001);
        assert_eq!(log.read(), 0);
        assert_eq!(status.unused_copies, 0, "{:?}", status.last_unused_copy);
    }

    #[test]
    fn a_damaged_database_is_told_of_and_the_changelog_read() {
        let dir = tempfile::tempdir().unwrap();
        let log = log(false);
        fill(&log, 0..500);
        let (_, counts) = run(&log, dir.path(), 0);
        let database = dir.path().join("numbers.state").join("0.store");
        let mut files = Vec::new();
        let mut dirs = vec![database];
        while let Some(dir) = dirs.pop() {
            for entry in fs::read_dir(dir).unwrap() {
                let entry = entry.unwrap();
                match entry.file_type().unwrap().is_dir() {
                    true => dirs.push(entry.path()),
                    false => files.push(entry.path()),
                }
            }
        }
        assert!(files.len() > 3);
        let mut unused = 0;
        for file in files {
            if !file.exists() {
                continue;
            }
            let bytes = fs::read(&file).unwrap();
            fs::write(&file, &bytes[..bytes.len() / 2]).unwrap();
            let (status, again) = run(&log, dir.path(), 0);
            assert_eq!(again, counts, "{}", file.display());
            unused += status.unused_copies;
        }
        assert!(unused > 0);
    }

    #[test]
    fn the_kind_may_change_from_one_start_to_the_next() {
        let dir = tempfile::tempdir().unwrap();
        let log = log(false);
        for round in 1..4 {
            fill(&log, 0..100);
            let (_, counts) = run(&log, dir.path(), 0);
            assert!(counts.values().all(|count| *count == 2 * round - 1));
            fill(&log, 0..100);
            let (_, counts) = super::run(&log, dir.path());
            assert!(counts.values().all(|count| *count == 2 * round));
            let left = fs::read_dir(dir.path().join("numbers.state")).unwrap();
            assert_eq!(left.count(), 2);
        }
    }

    #[test]
    fn a_directory_is_needed() {
        let log: Arc<dyn Log> = log(false);
        let app = App::new("numbers")
            .source(topic("in").group("numbers"))
            .pipeline(count)
            .sink(topic("out").json())
            .store_kind(StoreKind::Persistent);
        let error = app.start(&log).unwrap_err();
        assert!(error.to_string().contains(".state_dir("), "{error}");
    }
}

#[test]
fn stores_over_their_budget_end_the_app_before_the_commit() {
    let watched = log(false);
    fill(&watched, 0..10_000);
    let log: Arc<dyn Log> = Arc::<Watched>::clone(&watched);
    let start = |budget| {
        App::new("numbers")
            .source(topic("in").group("numbers"))
            .pipeline(count)
            .sink(topic("out").json())
            .delivery(Delivery::ExactlyOnce)
            .state_budget(budget)
            .start(&log)
            .unwrap()
    };
    let running = start(50_000);
    assert!(running.wait_until_caught_up().is_err());
    let message = running.stop().unwrap_err().to_string();
    for part in ["50000", "\"counts\"", "App::state_budget"] {
        assert!(message.contains(part), "{message}");
    }
    let read = |topic: &str| log.offsets(topic).unwrap()[0].end;
    assert_eq!(read("numbers-counts-changelog"), read("out"));

    let running = start(5_000_000);
    running.wait_until_caught_up().unwrap();
    let status = running.stop().unwrap();
    // 10,000 places of a hash table, and what is stored of them.
    let bytes = status.state_bytes[STORE];
    assert!((300_000..3_000_000).contains(&bytes), "{bytes}");
    assert_eq!(status.entries[STORE], 10_000);
}

#[test]
fn what_expires_leaves_state_and_changelog() {
    let mut driver = TestDriver::new(count_for_a_while);
    let at = Timestamp::from_seconds;
    for (second, number) in [(0, "1"), (60, "2"), (90, "1"), (159, "3")] {
        driver.send(0, at(second), "k", number).unwrap();
    }
    driver.run().unwrap();
    let len = KeyValueStore::<u32, u64>::len;
    assert_eq!(driver.store(0, STORE, len).unwrap(), 3);
    driver.send(0, at(160), "k", "3").unwrap();
    driver.run().unwrap();
    assert_eq!(driver.store(0, STORE, len).unwrap(), 2);
    driver.crash().unwrap();
    assert_eq!(driver.store(0, STORE, len).unwrap(), 2);
    let changelog = TopicPartition::new("test-counts-changelog", 0);
    let records = driver.log().read(&changelog, 0, usize::MAX).unwrap();
    let removed = records.iter().filter(|record| record.value.0.is_none());
    assert_eq!(removed.count(), 1);
    // It begins anew.
    driver.send(0, at(161), "k", "2").unwrap();
    driver.run().unwrap();
    assert_eq!(driver.output().unwrap().last(), Some(&(2, 1)));
}
