//! The embedded log: appending, reading, starting with a million records.
//!
//! `cargo bench -p flightstream-benches --bench embedded_log`. Records are JSON of about 400 bytes under 6-byte keys,
//! appended 1,000 at a time; throughput is records a second. At the end the process's peak memory is printed.
#![allow(missing_docs, clippy::print_stderr, clippy::unwrap_used)]

use std::fs;
use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use flightstream_core::batch::{Raw, Record, TopicPartition};
use flightstream_core::log::embedded::{Durability, EmbeddedLog, EmbeddedOptions};
use flightstream_core::log::{Isolation, Log, TopicSpec};
use flightstream_core::time::Timestamp;
use tempfile::TempDir;

const TOPIC: &str = "flight-raw";
const BATCH: usize = 1_000;
const MILLION: usize = 1_000_000;

fn flight(n: usize) -> Record<Raw> {
    // Multiplied by an odd constant, so that neighbours differ in most digits as positions do.
    let noise = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let icao = format!("{:06x}", noise % 20_000);
    let (lat, lon) = (noise % 180_000_000, (noise >> 20) % 360_000_000);
    let value = format!(
        r#"{{"icao24":"{icao}","callsign":"DLH{:04}","origin_country":"Germany","time_position":{},"last_contact":{},"longitude":{}.{:06},"latitude":{}.{:06},"baro_altitude":{}.{},"on_ground":false,"velocity":{}.{:02},"true_track":{}.{:02},"vertical_rate":-{}.{:02},"sensors":null,"geo_altitude":{}.{},"squawk":"{:04o}","spi":false,"position_source":0,"category":3,"registration":"D-AI{:02X}","type":"A320"}}"#,
        noise % 10_000,
        1_700_000_000 + n / 500,
        1_700_000_001 + n / 500,
        lon / 1_000_000,
        lon % 1_000_000,
        lat / 1_000_000,
        lat % 1_000_000,
        noise % 12_000,
        noise % 100,
        noise % 280,
        noise % 97,
        noise % 360,
        noise % 89,
        noise % 20,
        noise % 83,
        noise % 12_500,
        noise % 10,
        noise % 4096,
        noise % 256,
    );
    let time = Timestamp::from_millis(1_700_000_000_000 + 2 * i64::try_from(n).unwrap());
    let mut record = Record::new(Raw::from(value), time);
    record.key = Some(icao.into());
    record
}

fn batches(records: usize) -> Vec<Vec<Record<Raw>>> {
    let records: Vec<_> = (0..records).map(flight).collect();
    records.chunks(BATCH).map(<[_]>::to_vec).collect()
}

fn open(dir: &TempDir, options: EmbeddedOptions) -> EmbeddedLog {
    EmbeddedLog::open(dir.path(), options).unwrap()
}

fn append(c: &mut Criterion) {
    let batches = batches(50 * BATCH);
    let size: usize = batches.iter().flatten().map(value_len).sum();
    eprintln!("values of {} bytes on average", size / (50 * BATCH));
    let mut group = c.benchmark_group("append 1000 records");
    group.throughput(Throughput::Elements(BATCH as u64));
    for (name, isolation, partitions, durability) in [
        (
            "immediate, 1 partition",
            Isolation::Immediate,
            1,
            Durability::default(),
        ),
        (
            "immediate, 4 partitions",
            Isolation::Immediate,
            4,
            Durability::default(),
        ),
        (
            "transactional, 4 partitions",
            Isolation::Transactional,
            4,
            Durability::default(),
        ),
        (
            "transactional, 4 partitions, every commit",
            Isolation::Transactional,
            4,
            Durability::EveryCommit,
        ),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let log = open(&dir, EmbeddedOptions::default().durability(durability));
        // As a pipeline would run it, so that a long measurement doesn't fill the disk.
        let spec = TopicSpec::new(TOPIC, partitions).retention_bytes(1 << 30);
        log.create_topic(&spec).unwrap();
        let mut writer = log.writer(isolation).unwrap();
        let mut next = batches.iter().cycle();
        group.bench_function(BenchmarkId::from_parameter(name), |b| {
            b.iter_custom(|iterations| {
                let mut spent = Duration::ZERO;
                for _ in 0..iterations {
                    let records = next.next().unwrap().clone();
                    let start = Instant::now();
                    writer.append(TOPIC, records).unwrap();
                    if isolation == Isolation::Transactional {
                        writer.commit("bench", &[]).unwrap();
                    }
                    spent += start.elapsed();
                }
                spent
            });
        });
    }
    group.finish();
}

fn a_million(dir: &TempDir) -> EmbeddedLog {
    let log = open(dir, EmbeddedOptions::default());
    log.create_topic(&TopicSpec::new(TOPIC, 4)).unwrap();
    let mut writer = log.writer(Isolation::Immediate).unwrap();
    let start = Instant::now();
    for batch in batches(MILLION / 10).iter().cycle().take(MILLION / BATCH) {
        writer.append(TOPIC, batch.clone()).unwrap();
    }
    eprintln!(
        "a million records appended in {:?}, {}",
        start.elapsed(),
        memory()
    );
    log
}

fn read_all(log: &EmbeddedLog, step: usize) -> usize {
    let mut count = 0;
    for partition in 0..4 {
        let partition = TopicPartition::new(TOPIC, partition);
        let mut from = 0;
        loop {
            let records = log.read(&partition, from, step).unwrap();
            let Some(last) = records.last() else { break };
            from = last.origin + 1;
            count += records.len();
            black_box(&records);
        }
    }
    count
}

fn read(c: &mut Criterion) {
    let dir = tempfile::tempdir().unwrap();
    let log = a_million(&dir);
    let mut group = c.benchmark_group("read a million records");
    group.sample_size(10);
    group.throughput(Throughput::Elements(MILLION as u64));
    for step in [512, 4096] {
        group.bench_function(BenchmarkId::new("at a time", step), |b| {
            b.iter(|| assert_eq!(read_all(&log, step), MILLION));
        });
    }
    group.finish();
    drop(log);

    let mut group = c.benchmark_group("start with a million records");
    group.sample_size(10);
    for (name, reads) in [("open", false), ("open and read all", true)] {
        group.bench_function(name, |b| {
            b.iter_custom(|iterations| {
                let mut spent = Duration::ZERO;
                for _ in 0..iterations {
                    let start = Instant::now();
                    let log = open(&dir, EmbeddedOptions::default());
                    if reads {
                        assert_eq!(read_all(&log, 1024), MILLION);
                    }
                    spent += start.elapsed();
                    // Closing waits for the disk, and is not part of starting.
                    drop(log);
                }
                spent
            });
        });
    }
    group.finish();
    eprintln!("{}, disk {} MiB", memory(), disk(dir.path()) >> 20);
}

fn value_len(record: &Record<Raw>) -> usize {
    record.value.as_bytes().map_or(0, <[u8]>::len)
}

/// The process's memory, on Linux.
fn memory() -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let lines = status
        .lines()
        .filter(|line| line.starts_with("VmHWM") || line.starts_with("VmRSS"));
    lines.collect::<Vec<_>>().join(", ")
}

/// What the files under a directory take, by the blocks they have.
fn disk(dir: &std::path::Path) -> u64 {
    use std::os::unix::fs::MetadataExt;
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.metadata() {
            Ok(meta) if meta.is_dir() => disk(&entry.path()),
            Ok(meta) => meta.blocks() * 512,
            Err(_) => 0,
        })
        .sum()
}

criterion_group!(benches, append, read);
criterion_main!(benches);
