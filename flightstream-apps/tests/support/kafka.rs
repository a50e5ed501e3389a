//! A real cluster, processors on it, what they are fed, and what they leave behind.
#![allow(clippy::print_stdout, reason = "what a run was is part of its result")]

use std::borrow::Cow;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
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
use flightstream_core::time::{Clock as _, SystemClock};

use super::flightstream;

const PATIENCE: Duration = Duration::from_secs(180);

/// A number that the environment gives, for longer runs than the ordinary one.
pub fn number(name: &str, default: u64) -> u64 {
    match std::env::var(name) {
        Ok(value) => value
            .parse()
            .unwrap_or_else(|_| panic!("{name} is no number")),
        Err(_) => default,
    }
}

/// The cluster that the tests were started with, and the script that starts and ends its brokers.
#[derive(Debug)]
pub struct Cluster {
    pub bootstrap: String,
    pub brokers: u64,
    pub folder: PathBuf,
    pub script: PathBuf,
}

impl Cluster {
    pub fn of_environment() -> Self {
        let bootstrap = std::env::var("FLIGHTSTREAM_TEST_KAFKA")
            .expect("FLIGHTSTREAM_TEST_KAFKA is not set; run this test as its file says");
        let apps = Path::new(env!("CARGO_MANIFEST_DIR"));
        Self {
            bootstrap,
            folder: std::env::var_os("FLIGHTSTREAM_TEST_KAFKA_DIR")
                .unwrap_or_default()
                .into(),
            brokers: number("FLIGHTSTREAM_TEST_KAFKA_BROKERS", 1),
            script: apps.join("../infra/test-services/kafka"),
        }
    }

    pub fn log(&self) -> KafkaLog {
        // Whoever feeds outlasts every outage.
        let options =
            KafkaOptions::new(self.bootstrap.as_str()).set("message.timeout.ms", "300000");
        KafkaLog::open(options).unwrap()
    }

    /// The stages' topics, anew, with nothing that a test before has left.
    pub fn fresh_topics(&self, folder: &Path, partitions: u32) {
        let log = self.log();
        for topic in log.topics().unwrap() {
            log.delete_topic(&topic.name).unwrap();
        }
        let applied = flightstream(folder)
            .args(["topics", "apply", "--kafka", &self.bootstrap])
            .args(["--partitions", &partitions.to_string()])
            // By the time of the reports, which are years old.
            .args(["--retention", "36500d"])
            .output()
            .unwrap();
        assert!(applied.status.success(), "{applied:?}");
        // Every output is to be counted.
        self.tool(&[
            "configs",
            "--alter",
            "--entity-type",
            "topics",
            "--entity-name",
            "flight-enriched",
            "--add-config",
            "min.compaction.lag.ms=86400000",
        ]);
    }

    /// One of Kafka's own tools.
    pub fn tool_command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.script);
        command.args(args);
        command
    }

    /// Runs one of Kafka's own tools.
    pub fn tool(&self, args: &[&str]) -> Output {
        let output = self.tool_command(args).output().unwrap();
        assert!(output.status.success(), "{args:?}: {output:?}");
        output
    }

    /// The process of a broker.
    pub fn pid(&self, broker: u64) -> String {
        let file = self.folder.join(broker.to_string()).join("pid");
        let pid = std::fs::read_to_string(file).unwrap();
        pid.trim().to_owned()
    }

    pub fn command(&self, verb: &str, broker: u64) {
        let broker = broker.to_string();
        let status = Command::new(&self.script).args([verb, &broker]).status();
        assert!(status.unwrap().success(), "{verb} {broker}");
    }
}

/// A processor at work.
#[derive(Debug)]
pub struct Instance {
    process: Child,
    number: usize,
    log: PathBuf,
    /// How much was in the log before.
    logged: u64,
}

impl Instance {
    pub fn start(cluster: &Cluster, folder: &Path, number: usize, args: &[&str]) -> Self {
        let log = folder.join(format!("{number}.log"));
        let file = File::options()
            .create(true)
            .append(true)
            .open(&log)
            .unwrap();
        let logged = file.metadata().unwrap().len();
        let process = flightstream(folder)
            .args(["process", "--kafka", &cluster.bootstrap])
            .args(["--delivery", "exactly-once"])
            .args(args)
            .stdout(Stdio::null())
            .stderr(file)
            .spawn()
            .unwrap();
        Self {
            process,
            number,
            log,
            logged,
        }
    }

    pub fn kill(&mut self) {
        self.must_be_alive();
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    pub fn signal(&self, name: &str) {
        let id = self.process.id().to_string();
        let status = Command::new("kill")
            .args([&format!("-{name}"), &id])
            .status();
        assert!(status.unwrap().success());
    }

    /// Ends it as an operator does.
    pub fn end(&mut self) {
        // Before its first words a signal may find nobody.
        let deadline = Instant::now() + PATIENCE;
        while std::fs::metadata(&self.log).unwrap().len() <= self.logged {
            assert!(
                Instant::now() < deadline,
                "instance {} says nothing",
                self.number
            );
            thread::sleep(Duration::from_millis(20));
        }
        self.must_be_alive();
        self.signal("TERM");
        let status = self.process.wait().unwrap();
        assert!(status.success(), "instance {}: {status}", self.number);
    }

    fn must_be_alive(&mut self) {
        let ended = self.process.try_wait().unwrap();
        assert!(ended.is_none(), "instance {} ended by itself", self.number);
    }

    fn told(&self) -> String {
        let told = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = told.lines().collect();
        lines[lines.len().saturating_sub(100)..].join("\n")
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        if thread::panicking() {
            println!("instance {}:\n{}\n", self.number, self.told());
        }
        // It may have ended.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A small generator of its own, so that a failure can be had again.
#[derive(Debug)]
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

/// Sends simulated, partly broken reports, spread over the time that the blows take.
pub fn feed(log: &KafkaLog, records: u64, over: Duration) {
    let options = SimulationOptions {
        // Some minutes of traffic, however many records.
        aircraft: usize::try_from(records / 50).unwrap().max(2_000),
        interval: Duration::from_secs(5),
        dirt: Dirt::measured(),
        ..SimulationOptions::default()
    };
    let simulation = Simulation::new(&options, &Airports::embedded()).unwrap();
    let mut writer = log.writer(Isolation::Immediate).unwrap();
    let started = Instant::now();
    // Brokers roll and compact by these times and their clock.
    let (mut sent, mut at) = (0, SystemClock.now().minus(Duration::from_secs(600)));
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

pub fn wait_until_processed(log: &KafkaLog, instances: &mut [Instance]) {
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
                panic!("{committed:?} of {ranges:?} after {PATIENCE:?}");
            }
        }
        thread::sleep(Duration::from_millis(200));
    }
}

/// All records of a topic that are committed, by partition.
pub fn read(log: &dyn Log, topic: &str) -> Vec<Vec<Record<Raw>>> {
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
#[derive(Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Values by key, in their order.
    enriched: BTreeMap<Vec<u8>, Vec<Vec<u8>>>,
    /// Reasons with values.
    dead: Vec<(Vec<u8>, Vec<u8>)>,
    /// The newest entry of each key of the changelog, by partition.
    state: BTreeMap<(u32, Vec<u8>), Vec<u8>>,
}

impl Outcome {
    pub fn of(log: &dyn Log) -> Self {
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
    pub fn undisturbed(input: &[Vec<Record<Raw>>]) -> Self {
        let partitions = u32::try_from(input.len()).unwrap();
        let memory: Arc<dyn Log> = Arc::new(MemoryLog::default());
        for name in ["flight", "flight-enriched", "flight-dlq"] {
            memory
                .create_topic(&TopicSpec::new(name, partitions))
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

    pub fn count(&self) -> (usize, usize, usize) {
        let enriched = self.enriched.values().map(Vec::len).sum();
        (enriched, self.dead.len(), self.state.len())
    }

    /// Prints where the same outputs stand again far behind, as ranges of offsets. Input that came twice stands side by
    /// side.
    fn tell_repetitions(log: &dyn Log) {
        const FAR: u64 = 50;
        for (partition, records) in read(log, "flight-enriched").into_iter().enumerate() {
            let mut first = HashMap::new();
            let mut ranges: Vec<(u64, u64, u64)> = Vec::new();
            for record in records {
                let at = record.origin;
                match first.entry((record.key, record.value.0)) {
                    Entry::Vacant(place) => {
                        place.insert(at);
                    }
                    Entry::Occupied(earlier) if at <= *earlier.get() + FAR => {}
                    Entry::Occupied(earlier) => match ranges.last_mut() {
                        Some((_, end, _)) if at <= *end + FAR => *end = at,
                        _ => ranges.push((at, at, *earlier.get())),
                    },
                }
            }
            for (from, to, earlier) in ranges {
                println!("flight-enriched-{partition}: {from}..={to} repeats {earlier}…");
            }
        }
    }

    /// Prints what is missing or too much, a few of each.
    fn tell_differences(&self, other: &Self) {
        let nothing = Vec::new();
        let keys = self.enriched.keys().chain(other.enriched.keys());
        let differ = keys.filter(|key| self.enriched.get(*key) != other.enriched.get(*key));
        for key in differ.take(3) {
            let of = |outcome: &Self| {
                let values = outcome.enriched.get(key).unwrap_or(&nothing);
                let values = values.iter().map(|value| String::from_utf8_lossy(value));
                values.map(Cow::into_owned).collect::<Vec<_>>()
            };
            let (expected, found) = (of(self), of(other));
            let key = String::from_utf8_lossy(key);
            println!(
                "{key}: {} outputs expected, {} found",
                expected.len(),
                found.len()
            );
            let missing = expected.iter().enumerate();
            for (at, value) in missing.filter(|(_, value)| !found.contains(value)) {
                println!("  missing, as number {at}: {value}");
            }
            for value in found.iter().filter(|value| !expected.contains(value)) {
                println!("  too much: {value}");
            }
        }
    }

    /// Everything that came in has its outputs, its dead letters and its state, once.
    pub fn check(log: &dyn Log, records: u64) {
        let input = read(log, "flight");
        let sent: usize = input.iter().map(Vec::len).sum();
        assert!(
            sent as u64 >= records,
            "{sent} of {records} records arrived"
        );
        let undisturbed = Self::undisturbed(&input);
        let disturbed = Self::of(log);
        if undisturbed != disturbed {
            undisturbed.tell_differences(&disturbed);
            Self::tell_repetitions(log);
        }
        let (expected, found) = (undisturbed.count(), disturbed.count());
        println!("{sent} records in, {found:?} out, refused and in the state");
        assert_eq!(
            expected, found,
            "outputs, dead letters and state of an undisturbed run"
        );
        assert!(undisturbed == disturbed, "the same number of others");
    }
}
