//! The standard pipelines on a real cluster give what they give in memory.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

mod kafka_cluster;

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use flightstream_core::Records;
use flightstream_core::batch::{Raw, Record, TopicPartition};
use flightstream_core::flight::EnrichedFlight;
use flightstream_core::flight::pipelines::{
    AIRPORTS, Documents, Statistics, airport_traffic, enriched, latest_positions,
};
use flightstream_core::flight::simulation::{Dirt, Messages, Simulation, SimulationOptions};
use flightstream_core::log::memory::MemoryLog;
use flightstream_core::log::{Isolation, Log, TopicSpec};
use flightstream_core::runtime::{App, Delivery, Health, TaskContext, TaskRecords, topic};
use flightstream_core::table::{Airports, SharedTable};
use flightstream_core::time::Timestamp;
use flightstream_core::window::WindowedKey;
use kafka_cluster::*;
use serde::Serialize;

const PARTITIONS: u32 = 3;

/// Ten minutes of partly broken reports, by partition.
fn reports(log: &dyn Log) -> Vec<Vec<Record<Raw>>> {
    let options = SimulationOptions {
        aircraft: 150,
        interval: Duration::from_secs(10),
        dirt: Dirt::measured(),
        ..SimulationOptions::default()
    };
    let simulation = Simulation::new(&options, &Airports::embedded()).unwrap();
    let mut messages = Messages::default();
    let from = Timestamp::from_seconds(1_700_000_000);
    simulation.messages_between(from, from.plus(Duration::from_secs(600)), &mut messages);
    let records = messages.iter().map(|message| Record {
        key: Some(message.key.to_owned().into()),
        ..Record::new(Raw::from(message.value.to_vec()), message.event_time)
    });
    let name = name("reports");
    log.create_topic(&TopicSpec::new(&name, PARTITIONS))
        .unwrap();
    let mut writer = log.writer(Isolation::Immediate).unwrap();
    writer.append(&name, records.collect()).unwrap();
    writer.commit("", &[]).unwrap();
    (0..PARTITIONS)
        .map(|number| read_all(log, &name, number))
        .collect()
}

type Values = BTreeMap<Vec<u8>, Vec<Vec<u8>>>;
type Refused = Vec<(Vec<u8>, Vec<u8>)>;

/// Topics of a log, filled with the reports.
struct Place {
    log: Arc<dyn Log>,
    input: String,
    output: String,
    dead: String,
    app: String,
}

impl Place {
    fn new(log: Arc<dyn Log>, reports: &[Vec<Record<Raw>>]) -> Self {
        let place = Self {
            log,
            input: name("in"),
            output: name("out"),
            dead: name("dead"),
            app: name("app"),
        };
        for topic in [&place.input, &place.output, &place.dead] {
            place
                .log
                .create_topic(&TopicSpec::new(topic, PARTITIONS))
                .unwrap();
        }
        let mut writer = place.log.writer(Isolation::Immediate).unwrap();
        for (number, records) in (0..).zip(reports) {
            let partition = TopicPartition::new(place.input.as_str(), number);
            writer.append_to(&partition, records.clone()).unwrap();
        }
        writer.commit("", &[]).unwrap();
        place
    }

    /// Values by key, in their order, and the refused values with their reason.
    fn outcome(&self) -> (Values, Refused) {
        let all = |topic: &str| -> Vec<_> {
            let partitions = (0..PARTITIONS).flat_map(|number| read_all(&*self.log, topic, number));
            partitions.collect()
        };
        let mut output: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for record in all(&self.output) {
            let values = output.entry(record.key.unwrap().to_vec()).or_default();
            values.push(record.value.0.unwrap().to_vec());
        }
        let mut dead: Vec<_> = all(&self.dead)
            .into_iter()
            .map(|record| {
                let reason = record.headers.get("__flightstream.errors.reason").unwrap();
                (reason.to_vec(), record.value.0.unwrap_or_default().to_vec())
            })
            .collect();
        dead.sort();
        (output, dead)
    }
}

fn run_documents<P, R>(place: &Place, delivery: Delivery, pipeline: P)
where
    P: Fn(TaskRecords, TaskContext) -> R + Send + Sync + 'static,
    R: Records<Record = EnrichedFlight> + 'static,
{
    let running = App::new(&place.app)
        .source(topic(&place.input).group(&place.app))
        .table(AIRPORTS, SharedTable::new(Airports::embedded()))
        .pipeline(pipeline)
        .sink(topic(&place.output).encoded(Documents))
        .dead_letters(&place.dead)
        .delivery(delivery)
        .workers(2)
        .start(&place.log)
        .unwrap();
    running.wait_until_caught_up().unwrap();
    assert_eq!(running.health(), Health::Ready);
    let status = running.stop().unwrap();
    assert_eq!(status.restarts, 0, "{:?}", status.last_failure);
}

fn run_statistics<K, V, P, R>(place: &Place, pipeline: P)
where
    P: Fn(TaskRecords, TaskContext) -> R + Send + Sync + 'static,
    R: Records<Record = (WindowedKey<K>, V)> + 'static,
    K: Display + 'static,
    V: Serialize + 'static,
{
    let running = App::new(&place.app)
        .source(topic(&place.input).group(&place.app))
        .table(AIRPORTS, SharedTable::new(Airports::embedded()))
        .pipeline(pipeline)
        .sink(topic(&place.output).encoded(Statistics::of("airport")))
        .delivery(Delivery::ExactlyOnce)
        .start(&place.log)
        .unwrap();
    running.wait_until_caught_up().unwrap();
    running.stop().unwrap();
}

#[test]
fn documents_and_dead_letters_are_those_of_the_memory_log() {
    let kafka: Arc<dyn Log> = Arc::new(open());
    let reports = reports(&*kafka);
    let memory = Place::new(Arc::new(MemoryLog::default()), &reports);
    run_documents(&memory, Delivery::AtLeastOnce, enriched);
    let expected = memory.outcome();
    assert!(expected.0.len() > 100 && !expected.1.is_empty());
    for delivery in [Delivery::AtLeastOnce, Delivery::ExactlyOnce] {
        let place = Place::new(Arc::clone(&kafka), &reports);
        run_documents(&place, delivery, enriched);
        assert!(place.outcome() == expected, "{delivery:?}");
    }
}

#[test]
fn state_is_read_back_from_its_changelog() {
    let kafka: Arc<dyn Log> = Arc::new(open());
    let reports = reports(&*kafka);
    let memory = Place::new(Arc::new(MemoryLog::default()), &reports);
    run_documents(&memory, Delivery::AtLeastOnce, latest_positions);
    // The same, in three runs of another process each: none knows anything but what is in the topics.
    let place = Place::new(Arc::clone(&kafka), &[]);
    for third in 0..3 {
        let log = open();
        let mut writer = log.writer(Isolation::Immediate).unwrap();
        for (number, records) in (0..).zip(&reports) {
            let length = records.len().div_ceil(3);
            let part = records.chunks(length).nth(third).unwrap_or_default();
            let partition = TopicPartition::new(place.input.as_str(), number);
            writer.append_to(&partition, part.to_vec()).unwrap();
        }
        writer.commit("", &[]).unwrap();
        let place = Place {
            log: Arc::new(log),
            input: place.input.clone(),
            output: place.output.clone(),
            dead: place.dead.clone(),
            app: place.app.clone(),
        };
        run_documents(&place, Delivery::ExactlyOnce, latest_positions);
    }
    assert!(place.outcome() == memory.outcome());
}

#[test]
fn statistics_go_through_a_repartition_topic() {
    let kafka: Arc<dyn Log> = Arc::new(open());
    let reports = reports(&*kafka);
    let memory = Place::new(Arc::new(MemoryLog::default()), &reports);
    run_statistics(&memory, airport_traffic);
    let place = Place::new(Arc::clone(&kafka), &reports);
    run_statistics(&place, airport_traffic);
    // How many results there are on the way depends on the batches; the last of each window does not.
    let newest = |place: &Place| -> BTreeMap<_, _> {
        let (output, _) = place.outcome();
        let newest = output
            .into_iter()
            .map(|(key, values)| (key, values.last().cloned()));
        newest.collect()
    };
    let expected = newest(&memory);
    assert!(expected.len() > 20);
    assert_eq!(newest(&place), expected);
}
