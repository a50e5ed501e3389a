//! Exactly once on a real cluster, whatever dies: three brokers, three processors, and a hand that kills, stops and
//! freezes any of them while records come in.
//!
//! ```sh
//! infra/test-services/kafka with 3 -- \
//!     cargo test -p flightstream-apps --features test-kafka --test kafka_chaos -- --nocapture
//! ```
//!
//! is a short version. A long one, with the seed to have it again:
//!
//! ```sh
//! FLIGHTSTREAM_CHAOS_RECORDS=1000000 FLIGHTSTREAM_CHAOS_BLOWS=100 FLIGHTSTREAM_CHAOS_SEED=7 \
//!     infra/test-services/kafka with 3 -- \
//!     cargo test --release -p flightstream-apps --features test-kafka --test kafka_chaos -- --nocapture
//! ```
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a helper fails as the test that calls it does"
)]

mod support;

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use flightstream_core::batch::{Raw, Record, TopicPartition};
use flightstream_core::flight::pipelines::{AIRPORTS, Documents, latest_positions};
use flightstream_core::flight::simulation::{Dirt, Messages, Simulation, SimulationOptions};
use flightstream_core::log::kafka::{KafkaLog, KafkaOptions};
use flightstream_core::log::memory::MemoryLog;
use flightstream_core::log::{Isolation, Log, TopicSpec};
use flightstream_core::runtime::{App, topic};
use flightstream_core::table::{Airports, SharedTable};
use flightstream_core::time::Timestamp;
use support::flightstream;

const PARTITIONS: u32 = 6;
const INSTANCES: usize = 3;
const BROKERS: u64 = 3;
/// Between two blows, so that work is in progress at each.
const BREATH: Duration = Duration::from_millis(2500);
/// How long what is frozen stays so: longer than a session of the group, shorter than the test's patience.
const FREEZE: Duration = Duration::from_secs(8);
const PATIENCE: Duration = Duration::from_secs(180);

#[test]
fn every_output_is_there_once_whatever_dies() {
    let number = |name: &str, default: u64| match std::env::var(name) {
        Ok(value) => value
            .parse()
            .unwrap_or_else(|_| panic!("{name} is no number")),
        Err(_) => default,
    };
    let records = number("FLIGHTSTREAM_CHAOS_RECORDS", 25_000);
    let blows = number("FLIGHTSTREAM_CHAOS_BLOWS", 5);
    let seed = number("FLIGHTSTREAM_CHAOS_SEED", 0x9E37_79B9_7F4A_7C15);
    println!("{records} records, {blows} blows, seed {seed}");

    let cluster = Cluster::of_environment();
    let log = KafkaLog::open(KafkaOptions::new(cluster.bootstrap.as_str())).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let applied = flightstream(folder.path())
        .args(["topics", "apply", "--kafka", &cluster.bootstrap])
        .args(["--partitions", &PARTITIONS.to_string()])
        .args(["--retention", "3650d"])
        .output()
        .unwrap();
    assert!(applied.status.success(), "{applied:?}");

    let feeder = {
        let log = log.clone();
        let over = BREATH * u32::try_from(blows).unwrap();
        thread::spawn(move || feed(&log, records, over))
    };
    let mut instances: Vec<Instance> = (0..INSTANCES)
        .map(|number| Instance::start(&cluster, folder.path(), number))
        .collect();
    let mut random = Random(seed | 1);
    for blow in 1..=blows {
        thread::sleep(BREATH);
        let number = usize::try_from(random.below(INSTANCES as u64)).unwrap();
        let broker = 1 + random.below(BROKERS);
        let what = match random.below(10) {
            0..=4 => {
                instances[number].kill();
                instances[number] = Instance::start(&cluster, folder.path(), number);
                format!("kill -9 of instance {number}")
            }
            5 => {
                instances[number].end();
                instances[number] = Instance::start(&cluster, folder.path(), number);
                format!("restart of instance {number}")
            }
            6 => {
                instances[number].signal("STOP");
                thread::sleep(FREEZE);
                instances[number].signal("CONT");
                format!("freeze of instance {number}")
            }
            7 | 8 => {
                cluster.command("kill", broker);
                cluster.command("start", broker);
                format!("kill -9 of broker {broker}")
            }
            _ => {
                cluster.command("pause", broker);
                thread::sleep(FREEZE);
                cluster.command("resume", broker);
                format!("freeze of broker {broker}")
            }
        };
        println!("{blow}: {what}");
    }
    feeder.join().unwrap();
    wait_until_processed(&log, &mut instances);
    instances.iter_mut().for_each(Instance::end);

    let input = read(&log, "flight");
    let sent: usize = input.iter().map(Vec::len).sum();
    assert!(
        sent as u64 >= records,
        "{sent} of {records} records arrived"
    );
    let undisturbed = Outcome::undisturbed(&input);
    let disturbed = Outcome::of(&log);
    let (expected, found) = (undisturbed.count(), disturbed.count());
    println!("{sent} records in, {found:?} out, refused and in the state");
    assert_eq!(
        expected, found,
        "outputs, dead letters and state of an undisturbed run"
    );
    assert!(undisturbed == disturbed, "the same number of others");
}

/// The cluster that the tests were started with, and the script that starts and ends its brokers.
struct Cluster {
    bootstrap: String,
    script: PathBuf,
}

impl Cluster {
    fn of_environment() -> Self {
        let bootstrap = std::env::var("FLIGHTSTREAM_TEST_KAFKA")
            .expect("FLIGHTSTREAM_TEST_KAFKA is not set; run this test as its file says");
        let brokers = std::env::var("FLIGHTSTREAM_TEST_KAFKA_BROKERS");
        assert_eq!(brokers.as_deref(), Ok("3"), "this test needs three brokers");
        let apps = Path::new(env!("CARGO_MANIFEST_DIR"));
        let script = apps.join("../infra/test-services/kafka");
        Self { bootstrap, script }
    }

    fn command(&self, verb: &str, broker: u64) {
        let broker = broker.to_string();
        let status = Command::new(&self.script).args([verb, &broker]).status();
        assert!(status.unwrap().success(), "{verb} {broker}");
    }
}

/// A processor at work.
struct Instance {
    process: Child,
    number: usize,
    log: PathBuf,
}

impl Instance {
    fn start(cluster: &Cluster, folder: &Path, number: usize) -> Self {
        let log = folder.join(format!("{number}.log"));
        let file = File::options()
            .create(true)
            .append(true)
            .open(&log)
            .unwrap();
        let process = flightstream(folder)
            .args(["process", "--kafka", &cluster.bootstrap])
            .args(["--instance", &format!("processor-{number}")])
            .args(["--delivery", "exactly-once"])
            // Shorter than a freeze, so that what is frozen is replaced.
            .args([
                "-X",
                "session.timeout.ms=6000",
                "-X",
                "heartbeat.interval.ms=1500",
            ])
            .stdout(Stdio::null())
            .stderr(file)
            .spawn()
            .unwrap();
        Self {
            process,
            number,
            log,
        }
    }

    fn kill(&mut self) {
        self.must_be_alive();
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    fn signal(&self, name: &str) {
        let id = self.process.id().to_string();
        let status = Command::new("kill")
            .args([&format!("-{name}"), &id])
            .status();
        assert!(status.unwrap().success());
    }

    /// Ends it as an operator does.
    fn end(&mut self) {
        self.must_be_alive();
        self.signal("TERM");
        let status = self.process.wait().unwrap();
        assert!(
            status.success(),
            "instance {}: {status}\n{}",
            self.number,
            self.told()
        );
    }

    fn must_be_alive(&mut self) {
        let ended = self.process.try_wait().unwrap();
        assert!(
            ended.is_none(),
            "instance {} ended by itself\n{}",
            self.number,
            self.told()
        );
    }

    fn told(&self) -> String {
        let told = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = told.lines().collect();
        lines[lines.len().saturating_sub(30)..].join("\n")
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A small generator of its own, so that a failure can be had again.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

/// Sends simulated, partly broken reports, spread over the time that the blows take.
fn feed(log: &KafkaLog, records: u64, over: Duration) {
    let options = SimulationOptions {
        aircraft: 2_000,
        interval: Duration::from_secs(5),
        dirt: Dirt::measured(),
        ..SimulationOptions::default()
    };
    let simulation = Simulation::new(&options, &Airports::embedded()).unwrap();
    let mut writer = log.writer(Isolation::Immediate).unwrap();
    let started = Instant::now();
    let (mut sent, mut at) = (0, Timestamp::from_seconds(1_700_000_000));
    let mut messages = Messages::default();
    while sent < records {
        let until = at.plus(Duration::from_secs(1));
        messages.clear();
        simulation.messages_between(at, until, &mut messages);
        let batch: Vec<_> = messages
            .iter()
            .map(|message| Record {
                key: Some(message.key.to_owned().into()),
                ..Record::new(Raw::from(message.value.to_vec()), message.event_time)
            })
            .collect();
        sent += batch.len() as u64;
        // The client sends each record again until it is in the topic, once.
        writer.append("flight", batch).unwrap();
        at = until;
        #[allow(clippy::cast_precision_loss, reason = "a share")]
        let due = started + over.mul_f64(sent.min(records) as f64 / records as f64);
        thread::sleep(due.saturating_duration_since(Instant::now()));
    }
    writer.commit("", &[]).unwrap();
}

fn wait_until_processed(log: &KafkaLog, instances: &mut [Instance]) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        instances.iter_mut().for_each(Instance::must_be_alive);
        let ranges = log.offsets("flight");
        let committed = log.committed("process", "flight");
        if let (Ok(ranges), Ok(committed)) = (ranges, committed) {
            let is_done = |(number, end): (u32, u64)| {
                let partition = TopicPartition::new("flight", number);
                committed
                    .get(&partition)
                    .is_some_and(|offset| *offset >= end)
            };
            if (0..).zip(ranges.iter().map(|range| range.end)).all(is_done) {
                return;
            }
            if Instant::now() >= deadline {
                let told: Vec<_> = instances.iter().map(Instance::told).collect();
                panic!(
                    "{committed:?} of {ranges:?} after {PATIENCE:?}\n{}",
                    told.join("\n\n")
                );
            }
        }
        thread::sleep(Duration::from_millis(200));
    }
}

/// All records of a topic that are committed, by partition.
fn read(log: &dyn Log, topic: &str) -> Vec<Vec<Record<Raw>>> {
    let ranges = log.offsets(topic).unwrap();
    let partition = |(number, end)| {
        let partition = TopicPartition::new(topic, number);
        let mut all: Vec<Record<Raw>> = Vec::new();
        loop {
            let from = all.last().map_or(0, |last| last.origin + 1);
            let some = log.read(&partition, from, 5_000).unwrap();
            if some.is_empty() || from >= end {
                return all;
            }
            all.extend(some);
        }
    };
    let ends = ranges.iter().map(|range| range.end);
    (0..).zip(ends).map(partition).collect()
}

/// What a run leaves behind, in a form that can be compared.
#[derive(PartialEq, Eq)]
struct Outcome {
    /// Values by key, in their order.
    enriched: BTreeMap<Vec<u8>, Vec<Vec<u8>>>,
    /// Reasons with values.
    dead: Vec<(Vec<u8>, Vec<u8>)>,
    /// The newest entry of each key of the changelog, by partition.
    state: BTreeMap<(u32, Vec<u8>), Vec<u8>>,
}

impl Outcome {
    fn of(log: &dyn Log) -> Self {
        let mut enriched: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for record in read(log, "flight-enriched").into_iter().flatten() {
            let values = enriched.entry(record.key.unwrap().to_vec()).or_default();
            values.push(record.value.0.unwrap().to_vec());
        }
        let dead = read(log, "flight-dlq").into_iter().flatten();
        let mut dead: Vec<_> = dead
            .map(|record| {
                let reason = record.headers.get("__flightstream.errors.reason").unwrap();
                (reason.to_vec(), record.value.0.unwrap_or_default().to_vec())
            })
            .collect();
        dead.sort();
        let mut state = BTreeMap::new();
        for (partition, records) in (0..).zip(read(log, "process-latest-changelog")) {
            for record in records {
                let key = (partition, record.key.unwrap().to_vec());
                match record.value.0 {
                    Some(value) => state.insert(key, value.to_vec()),
                    None => state.remove(&key),
                };
            }
        }
        Self {
            enriched,
            dead,
            state,
        }
    }

    /// The same input through the same pipeline in memory, where nothing dies.
    fn undisturbed(input: &[Vec<Record<Raw>>]) -> Self {
        let memory: Arc<dyn Log> = Arc::new(MemoryLog::default());
        for name in ["flight", "flight-enriched", "flight-dlq"] {
            memory
                .create_topic(&TopicSpec::new(name, PARTITIONS))
                .unwrap();
        }
        let mut writer = memory.writer(Isolation::Immediate).unwrap();
        for (number, records) in (0..).zip(input) {
            let partition = TopicPartition::new("flight", number);
            writer.append_to(&partition, records.clone()).unwrap();
        }
        let running = App::new("process")
            .source(topic("flight").group("process"))
            .table(AIRPORTS, SharedTable::new(Airports::embedded()))
            .pipeline(latest_positions)
            .sink(topic("flight-enriched").encoded(Documents))
            .dead_letters("flight-dlq")
            .start(&memory)
            .unwrap();
        running.wait_until_caught_up().unwrap();
        running.stop().unwrap();
        Self::of(&*memory)
    }

    fn count(&self) -> (usize, usize, usize) {
        let enriched = self.enriched.values().map(Vec::len).sum();
        (enriched, self.dead.len(), self.state.len())
    }
}
