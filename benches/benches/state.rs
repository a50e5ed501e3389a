//! What a million keys of state take in memory, and how long it takes to read them back: no statistics, one measurement
//! each, printed.

#![allow(clippy::print_stdout, clippy::unwrap_used, missing_docs)]

use std::alloc::System;
use std::fs;
use std::hash::Hash;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use flightstream_core::Records;
use flightstream_core::batch::{Raw, Record, Rejection};
use flightstream_core::log::embedded::{EmbeddedLog, EmbeddedOptions};
use flightstream_core::log::{Isolation, Log, TopicSpec};
use flightstream_core::runtime::{App, Delivery, Running, StoreKind, TaskContext, topic};
use flightstream_core::store::{StateStore, WindowStore};
use flightstream_core::time::Timestamp;
use flightstream_core::window::{Emit, Tumbling, WindowedKey};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const KEYS: u32 = 1_000_000;
const TAIL: u32 = 10_000;

fn main() {
    memory("u32", |n| n, 0);
    memory("String of 8", |n| format!("{n:08}"), 8);
    restore(StoreKind::InMemory, "snapshot and tail");
    restore(StoreKind::Persistent, "persistent store and tail");
}

/// Counts by key in four windows.
fn memory<K>(name: &str, key: impl Fn(u32) -> K, heap: usize)
where
    WindowStore<K, u64>: StateStore,
    K: Hash + Eq + Ord + Clone,
{
    let region = Region::new(ALLOCATOR);
    let live = || {
        let change = region.change();
        change.bytes_allocated - change.bytes_deallocated
    };
    let mut store = WindowStore::<K, u64>::default();
    let minute = |n| Timestamp::from_seconds(i64::from(n % 4) * 60);
    for n in 0..KEYS {
        store.update(minute(n), &key(n), || 0, |count| *count += 1);
    }
    let dirty = live();
    store.take_changes(&mut |_, _| {}).unwrap();
    let committed = live();
    let payload = size_of::<K>() + heap + size_of::<u64>();
    let overhead = |bytes: usize| bytes as f64 / f64::from(KEYS) - payload as f64;
    println!(
        "windowed state, {KEYS} keys ({name}) to u64 in 4 windows: {:.0} bytes of overhead a key before the first commit, \
         {:.0} after it (payload {payload}); the store says it takes {:.0} a key",
        overhead(dirty),
        overhead(committed),
        store.bytes() as f64 / f64::from(KEYS),
    );
}

fn number(bytes: &[u8]) -> Result<u32, Rejection> {
    let bytes = bytes.try_into().map_err(|_| Rejection::new("no_number"))?;
    Ok(u32::from_be_bytes(bytes))
}

fn count(
    raw: impl Records<Record = Raw>,
    cx: TaskContext,
) -> impl Records<Record = (WindowedKey<u32>, u64)> {
    raw.decode(number)
        .key_by(|number| *number)
        .assume_aligned()
        .windowed(Tumbling::of(Duration::from_secs(60)).grace(Duration::from_secs(0)))
        .count(cx.store("counts"))
        .emit(Emit::on_close())
}

fn fill(log: &Arc<dyn Log>, numbers: impl Iterator<Item = u32>) {
    let mut writer = log.writer(Isolation::Immediate).unwrap();
    let record = |n: u32| Record::new(Raw::from(n.to_be_bytes().to_vec()), Timestamp::default());
    let records: Vec<_> = numbers.map(record).collect();
    for part in records.chunks(10_000) {
        writer.append("in", part.to_vec()).unwrap();
    }
}

fn app(log: &Arc<dyn Log>, dir: &Path, kind: StoreKind) -> Running {
    App::new("keys")
        .source(topic("in").group("keys").batch_size(4096))
        .pipeline(count)
        .sink(topic("out").json())
        .delivery(Delivery::ExactlyOnce)
        .state_dir(dir)
        .store_kind(kind)
        .start(log)
        .unwrap()
}

fn restore(kind: StoreKind, name: &str) {
    let dir = tempfile::tempdir().unwrap();
    let log = EmbeddedLog::open(dir.path().join("log"), EmbeddedOptions::default()).unwrap();
    let log: Arc<dyn Log> = Arc::new(log);
    for topic in ["in", "out"] {
        log.create_topic(&TopicSpec::new(topic, 1)).unwrap();
    }
    let state = dir.path().join("state");
    fill(&log, 0..KEYS);
    let running = app(&log, &state, kind);
    running.wait_until_caught_up().unwrap();
    running.stop().unwrap();
    let kept = dir.path().join("kept");
    copy(&state, &kept);
    fill(&log, 0..TAIL);
    let running = app(&log, &state, kind);
    running.wait_until_caught_up().unwrap();
    running.stop().unwrap();

    let bytes = size(&kept);
    println!("{name}: {KEYS} keys with a tail of {TAIL}, {bytes} bytes in the state directory");
    timed(&log, &kept, kind, "  start until ready");
    timed(&log, &kept, kind, "  once more, without a tail");
    fs::remove_dir_all(&kept).unwrap();
    timed(&log, &kept, kind, "  from the changelog alone");
}

fn timed(log: &Arc<dyn Log>, dir: &Path, kind: StoreKind, what: &str) {
    let started = Instant::now();
    let running = app(log, dir, kind);
    running.wait_until_ready().unwrap();
    let taken = started.elapsed();
    let status = running.stop().unwrap();
    println!(
        "{what}: {:.3} s, {} entries, unused copies: {}",
        taken.as_secs_f64(),
        status.entries.get("counts").copied().unwrap_or_default(),
        status.unused_copies,
    );
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

fn size(dir: &Path) -> u64 {
    let entries = fs::read_dir(dir).unwrap().map(Result::unwrap);
    let sizes = entries.map(|entry| match entry.file_type().unwrap().is_dir() {
        true => size(&entry.path()),
        false => entry.metadata().unwrap().len(),
    });
    sizes.sum()
}
