//! State after its process was killed again and again: each record is counted once, from what the state directory and the
//! changelog hold.
#![cfg(feature = "embedded")]
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used
)]

mod log_child;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use flightstream_core::Records;
use flightstream_core::batch::{Raw, Record, Rejection};
use flightstream_core::log::embedded::{Durability, EmbeddedLog, EmbeddedOptions};
use flightstream_core::log::{Isolation, Log, TopicSpec};
use flightstream_core::runtime::{App, Delivery, Running, StoreKind, TaskContext, topic};
use flightstream_core::store::KeyValueStore;
use flightstream_core::time::Timestamp;

const RECORDS: u32 = 60_000;
const KEYS: u32 = 1000;

fn log(dir: &Path) -> Arc<dyn Log> {
    let options = EmbeddedOptions::default()
        .write_buffer_bytes(1024 * 1024)
        .durability(Durability::Never);
    Arc::new(EmbeddedLog::open(dir.join("log"), options).unwrap())
}

fn number(bytes: &[u8]) -> Result<u32, Rejection> {
    let bytes = bytes.try_into().map_err(|_| Rejection::new("no_number"))?;
    Ok(u32::from_be_bytes(bytes))
}

fn start(log: &Arc<dyn Log>, dir: &Path, kind: StoreKind) -> Running {
    App::new("sums")
        .source(topic("in").group("sums").batch_size(64))
        .pipeline(|raw, cx: TaskContext| {
            raw.decode(number)
                .key_by(|number| number % KEYS)
                .assume_aligned()
                .count(cx.store("counts"))
        })
        .sink(topic("out").json())
        .delivery(Delivery::ExactlyOnce)
        .commit_every(Duration::from_millis(2))
        .state_dir(dir.join("state"))
        .snapshot_every(Duration::from_millis(5))
        .store_kind(kind)
        .state_budget(if kind == StoreKind::Persistent {
            10_000
        } else {
            u64::MAX
        })
        .start(log)
        .unwrap()
}

fn run_child(kind: StoreKind) {
    let Some(dir) = log_child::directory() else {
        return;
    };
    let log = log(&dir);
    let running = start(&log, &dir, kind);
    loop {
        let status = running.status();
        let mut stdout = std::io::stdout().lock();
        writeln!(stdout, "\nread {}", status.read).unwrap();
        assert_eq!(status.restarts, 0, "{:?}", status.last_failure);
        std::thread::yield_now();
    }
}

#[test]
fn child_in_memory() {
    run_child(StoreKind::InMemory);
}

#[test]
fn child_persistent() {
    run_child(StoreKind::Persistent);
}

/// Runs the child until it has read so many records more, and kills it.
fn run_and_kill(child: &str, dir: &Path, records: u64) {
    let mut child = log_child::command(child, dir)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut seen = false;
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        let read = line
            .strip_prefix("read ")
            .map(|read| read.parse::<u64>().unwrap());
        if !seen && read.is_some_and(|read| read >= records) {
            seen = true;
            // What it does until the signal arrives belongs to the test.
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    assert!(seen, "the child ended by itself");
}

fn each_record_counts_once(child: &str, kind: StoreKind) {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    {
        let log = log(dir);
        for topic in ["in", "out"] {
            log.create_topic(&TopicSpec::new(topic, 1)).unwrap();
        }
        let record =
            |n: u32| Record::new(Raw::from(n.to_be_bytes().to_vec()), Timestamp::default());
        let records: Vec<_> = (0..RECORDS).map(record).collect();
        let mut writer = log.writer(Isolation::Immediate).unwrap();
        writer.append("in", records).unwrap();
        writer.commit("none", &[]).unwrap();
    }
    for records in [1, 500, 3000, 1, 64, 9000, 700] {
        run_and_kill(child, dir, records);
    }
    let log = log(dir);
    let running = start(&log, dir, kind);
    running.wait_until_caught_up().unwrap();
    let counts = running.store(.., "counts", |counts: &KeyValueStore<u32, u64>| {
        counts
            .iter()
            .map(|(key, count)| (*key, *count))
            .collect::<BTreeMap<_, _>>()
    });
    let counts = counts.unwrap().remove(0);
    assert_eq!(counts.len(), KEYS as usize);
    let once = u64::from(RECORDS / KEYS);
    assert!(counts.values().all(|count| *count == once), "{counts:?}");
    let status = running.stop().unwrap();
    assert_eq!(status.unused_copies, 0, "{:?}", status.last_unused_copy);
}

#[test]
fn with_snapshots_each_record_counts_once() {
    each_record_counts_once("child_in_memory", StoreKind::InMemory);
}

#[test]
fn with_persistent_stores_each_record_counts_once() {
    each_record_counts_once("child_persistent", StoreKind::Persistent);
}
