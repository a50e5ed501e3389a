//! A report whose clock is wrong by a year changes no result of any standard pipeline, whenever it comes.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what goes wrong in a test should end it"
)]

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use flightstream_core::Records;
use flightstream_core::batch::{Raw, Record};
use flightstream_core::flight::pipelines::{self, AIRPORTS, Documents};
use flightstream_core::flight::simulation::{Messages, Simulation, SimulationOptions};
use flightstream_core::log::partition_for_key;
use flightstream_core::runtime::{TaskContext, TaskRecords};
use flightstream_core::table::Airports;
use flightstream_core::testing::TestDriver;
use flightstream_core::time::Timestamp;

const PARTITIONS: u32 = 2;
const START: Timestamp = Timestamp::from_seconds(1_700_000_100);
const TRAFFIC: Duration = Duration::from_secs(40 * 60);
const YEAR: Duration = Duration::from_secs(365 * 24 * 3_600);

static ARCHIVE: LazyLock<Arc<Airports>> = LazyLock::new(|| Arc::new(Airports::embedded()));

/// Messages with their keys, in the order of their times.
fn traffic() -> Vec<(String, Vec<u8>)> {
    let options = SimulationOptions {
        aircraft: 20,
        interval: Duration::from_secs(60),
        ..SimulationOptions::default()
    };
    let simulation = Simulation::new(&options, &ARCHIVE).unwrap();
    let mut messages = Messages::default();
    simulation.messages_between(START, START.plus(TRAFFIC), &mut messages);
    let message = |message: flightstream_core::flight::simulation::Message<'_>| {
        (message.key.to_owned(), message.value.to_vec())
    };
    messages.iter().map(message).collect()
}

/// A report like those of the traffic, of a year later.
fn wrong() -> (String, Vec<u8>) {
    let updated = START.plus(YEAR).as_seconds();
    let message = format!(
        r#"{{"hex":"48AE23","lat":52.1,"lng":20.9,"alt":900,"speed":500,"dep_iata":"WAW","arr_iata":"LHR",
            "airline_icao":"LOT","aircraft_icao":"B38M","updated":{updated}}}"#
    );
    ("48AE23".to_owned(), message.into_bytes())
}

/// What comes out of the traffic at that time, with a wrong report at each of the places.
fn results<T, R, P>(pipeline: P, now: Timestamp, places: &[usize]) -> Vec<String>
where
    T: Clone + Debug + Send + 'static,
    P: Fn(TaskRecords, TaskContext) -> R + Send + Sync + 'static,
    R: Records<Record = T> + 'static,
{
    let mut driver = TestDriver::new(pipeline)
        .partitions(PARTITIONS)
        .table(AIRPORTS, Arc::clone(&ARCHIVE))
        .starts_at(now);
    let mut messages = traffic();
    for place in places.iter().rev() {
        messages.insert(*place, wrong());
    }
    for (key, value) in messages {
        let partition = partition_for_key(key.as_bytes(), PARTITIONS);
        driver.send(partition, START, key, value).unwrap();
    }
    driver.run().unwrap();
    driver.advance(Duration::from_secs(3 * 3_600)).unwrap();
    let rejects = driver.rejects().unwrap();
    assert_eq!(rejects.len(), places.len(), "{rejects:?}");
    for reject in rejects {
        assert_eq!(reject.reason, "future_time");
    }
    // Offsets shift by one behind the wrong report.
    let outputs = driver.outputs().unwrap().into_iter();
    let mut outputs: Vec<_> = outputs
        .map(|output| {
            format!(
                "{} {:?} {:?}",
                output.partition, output.record.event_time, output.record.value
            )
        })
        .collect();
    outputs.sort();
    outputs
}

fn check<T, R, P>(pipeline: P)
where
    T: Clone + Debug + Send + 'static,
    P: Fn(TaskRecords, TaskContext) -> R + Copy + Send + Sync + 'static,
    R: Records<Record = T> + 'static,
{
    let (live, replay) = (START.plus(TRAFFIC), START.plus(YEAR * 3));
    for now in [live, replay] {
        let undisturbed = results(pipeline, now, &[]);
        assert!(undisturbed.len() > 10);
        // The first record of a partition can be compared with the clock alone.
        let first = if now == live { 0 } else { 20 };
        for places in [vec![first], vec![first, 200, 500]] {
            assert_eq!(
                results(pipeline, now, &places),
                undisturbed,
                "{places:?} at {now:?}"
            );
        }
    }
}

#[test]
fn changes_no_document() {
    check(pipelines::enriched);
    check(pipelines::latest_positions);
}

#[test]
fn changes_no_traffic() {
    check(pipelines::airport_traffic);
    check(pipelines::airport_traffic_by_hour);
    check(pipelines::route_traffic);
    check(pipelines::route_traffic_by_hour);
}

#[test]
fn changes_no_statistics() {
    check(pipelines::airline_statistics);
    check(pipelines::aircraft_type_statistics);
    check(pipelines::data_quality);
    check(pipelines::flight_sessions);
}

/// Compaction and retention of `flight-enriched` go by event time: no document of the future gets there.
#[test]
fn no_document_is_of_the_future() {
    let mut driver = TestDriver::new(pipelines::enriched)
        .table(AIRPORTS, Arc::clone(&ARCHIVE))
        .starts_at(START.plus(TRAFFIC));
    for (key, value) in [wrong()].into_iter().chain(traffic()) {
        driver
            .send_record(
                0,
                Record {
                    key: Some(key.into()),
                    ..Record::new(Raw::from(value), START)
                },
            )
            .unwrap();
    }
    driver.run().unwrap();
    let newest: BTreeMap<_, _> = driver
        .encoded(Documents)
        .unwrap()
        .into_iter()
        .map(|document| (document.event_time, document.key))
        .collect();
    assert!(newest.last_key_value().unwrap().0 <= &START.plus(TRAFFIC));
}
