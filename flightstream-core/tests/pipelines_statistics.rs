//! The standard statistics against naive models that look at all reports at once, over dirty traffic that is cut by a
//! restart in the middle.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what goes wrong in a test should end it"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use flightstream_core::Records;
use flightstream_core::batch::{Raw, Record, TopicPartition};
use flightstream_core::flight::airlabs::AirlabsJson;
use flightstream_core::flight::pipelines::{self, AIRPORTS, AirportCode, Route, Statistics};
use flightstream_core::flight::simulation::{Dirt, Messages, Simulation, SimulationOptions};
use flightstream_core::flight::{Flight, Icao24};
use flightstream_core::log::memory::MemoryLog;
use flightstream_core::log::{Isolation, Log, TopicSpec};
use flightstream_core::operator::Decoder;
use flightstream_core::runtime::{App, Encoder, TaskContext, TaskRecords, topic};
use flightstream_core::table::Airports;
use flightstream_core::time::Timestamp;
use serde_json::{Map, Value, json};

const PARTITIONS: u32 = 3;
const MINUTE: i64 = 60_000;
/// A quarter of an hour, so that windows begin in the middle of the traffic.
const START: Timestamp = Timestamp::from_seconds(1_700_000_100 + 400);
const TRAFFIC: Duration = Duration::from_secs(50 * 60);

static ARCHIVE: LazyLock<Arc<Airports>> = LazyLock::new(|| Arc::new(Airports::embedded()));

fn traffic() -> Vec<Record<Raw>> {
    let options = SimulationOptions {
        aircraft: 150,
        interval: Duration::from_secs(30),
        dirt: Dirt::measured(),
        ..SimulationOptions::default()
    };
    let simulation = Simulation::new(&options, &ARCHIVE).unwrap();
    let mut messages = Messages::default();
    simulation.messages_between(START, START.plus(TRAFFIC), &mut messages);
    let record = |message: flightstream_core::flight::simulation::Message<'_>| Record {
        key: Some(message.key.to_owned().into()),
        ..Record::new(Raw::from(message.value.to_vec()), message.event_time)
    };
    messages.iter().map(record).collect()
}

fn reports(traffic: &[Record<Raw>]) -> Vec<Flight> {
    let mut decoder = AirlabsJson::default();
    traffic
        .iter()
        .filter_map(|record| decoder.decode(record.value.as_bytes().unwrap()).ok())
        .collect()
}

/// A report of each partition, so much later that all windows of the traffic close.
fn close_windows(log: &Arc<dyn Log>) {
    let updated = START.plus(TRAFFIC * 5).as_seconds();
    let mut writer = log.writer(Isolation::Immediate).unwrap();
    for partition in 0..PARTITIONS {
        let message = format!(
            r#"{{"hex":"FFFFF{partition}","dep_iata":"WAW","arr_iata":"LHR","airline_icao":"LOT",
                "aircraft_icao":"B38M","updated":{updated}}}"#
        );
        let record = Record::new(Raw::from(message), Timestamp::default());
        writer
            .append_to(&TopicPartition::new("flight", partition), vec![record])
            .unwrap();
    }
}

/// The last result of each key and window of the traffic.
fn run<K, V, R, P>(kind: &'static str, pipeline: P) -> BTreeMap<String, Value>
where
    P: Fn(TaskRecords, TaskContext) -> R + Copy + Send + Sync + 'static,
    R: Records<Record = (K, V)> + 'static,
    K: 'static,
    V: 'static,
    Statistics: Encoder<(K, V)>,
{
    let log = MemoryLog::default();
    for topic in ["flight", "flight-stats"] {
        log.create_topic(&TopicSpec::new(topic, PARTITIONS))
            .unwrap();
    }
    let log: Arc<dyn Log> = Arc::new(log);
    let traffic = traffic();
    let (first, second) = traffic.split_at(traffic.len() / 2);
    for (part, is_last) in [(first, false), (second, true)] {
        let mut writer = log.writer(Isolation::Immediate).unwrap();
        writer.append("flight", part.to_vec()).unwrap();
        if is_last {
            close_windows(&log);
        }
        let running = App::new(kind)
            .source(topic("flight").group(kind).batch_size(64))
            .table(AIRPORTS, Arc::clone(&ARCHIVE))
            .pipeline(pipeline)
            .sink(topic("flight-stats").encoded(Statistics::of(kind)))
            .workers(2)
            .commit_every(Duration::from_millis(20))
            .start(&log)
            .unwrap();
        running.wait_until_caught_up().unwrap();
        let status = running.stop().unwrap();
        assert_eq!(status.rejected.get("late"), None, "{status:?}");
        assert_eq!(status.restarts, 0, "{status:?}");
    }
    let mut results = BTreeMap::new();
    for partition in 0..PARTITIONS {
        let partition = TopicPartition::new("flight-stats", partition);
        for record in log.read(&partition, 0, usize::MAX).unwrap() {
            let key = String::from_utf8(record.key.unwrap().to_vec()).unwrap();
            let value: Value = serde_json::from_slice(record.value.0.as_deref().unwrap()).unwrap();
            if value["start"].as_i64().unwrap() <= START.plus(TRAFFIC).as_millis() {
                results.insert(key, value);
            }
        }
    }
    results
}

/// The same by grouping all reports by window and key.
fn model<K: ToString>(
    kind: &str,
    minutes: i64,
    keys: impl Fn(&Flight) -> Vec<K>,
    figures: impl Fn(&str, &[Flight]) -> Value,
) -> BTreeMap<String, Value> {
    let mut groups = BTreeMap::<(i64, String), Vec<Flight>>::new();
    for report in reports(&traffic()) {
        for key in keys(&report) {
            let time = report.updated.as_millis();
            for start in (0..minutes / 15).map(|n| (time / (15 * MINUTE) - n) * 15 * MINUTE) {
                let group = groups.entry((start, key.to_string())).or_default();
                group.push(report);
            }
        }
    }
    let result = |((start, key), reports): ((i64, String), Vec<Flight>)| {
        let mut value = Map::new();
        value.insert("kind".into(), kind.into());
        value.insert("key".into(), key.as_str().into());
        value.insert("start".into(), start.into());
        value.insert("end".into(), (start + minutes * MINUTE).into());
        let Value::Object(figures) = figures(&key, &reports) else {
            unreachable!()
        };
        value.extend(figures);
        (format!("{kind}/{key}@{start}"), Value::Object(value))
    };
    groups.into_iter().map(result).collect()
}

fn distinct<'a>(reports: impl Iterator<Item = &'a Flight>) -> usize {
    reports
        .map(|report| report.hex)
        .collect::<BTreeSet<Icao24>>()
        .len()
}

fn ends(flight: &Flight) -> [Option<AirportCode>; 2] {
    [
        AirportCode::of(flight.departure_iata, flight.departure_icao),
        AirportCode::of(flight.arrival_iata, flight.arrival_icao),
    ]
}

fn airport_figures(key: &str, reports: &[Flight]) -> Value {
    let is = |code: Option<AirportCode>| code.is_some_and(|code| code.to_string() == key);
    json!({
        "arrivals": distinct(reports.iter().filter(|report| is(ends(report)[1]))),
        "departures": distinct(reports.iter().filter(|report| is(ends(report)[0]))),
        "airborne": distinct(reports.iter().filter(|report| report.is_airborne())),
    })
}

fn airports(flight: &Flight) -> Vec<AirportCode> {
    let codes: BTreeSet<_> = ends(flight).into_iter().flatten().collect();
    codes.into_iter().collect()
}

fn speed_figures(_: &str, reports: &[Flight]) -> Value {
    let in_air = reports.iter().filter(|report| report.is_airborne());
    let speeds: Vec<f64> = in_air
        .filter_map(|report| report.ground_speed)
        .map(f64::from)
        .collect();
    let km_per_hour = |speed: f64| (speed * 36.0).round() / 10.0;
    let mut figures = json!({
        "reports": reports.len(),
        "aircraft": distinct(reports.iter()),
        "with_speed": speeds.len(),
    });
    if !speeds.is_empty() {
        let mean = speeds.iter().sum::<f64>() / speeds.len() as f64;
        figures["mean_speed"] = km_per_hour(mean).into();
        figures["max_speed"] = km_per_hour(speeds.iter().copied().fold(0.0, f64::max)).into();
    }
    figures
}

fn quality_figures(_: &str, reports: &[Flight]) -> Value {
    let (mut doubts, mut good) = (BTreeMap::<String, u64>::new(), 0);
    for report in reports {
        let mut names: Vec<_> = report.located(&ARCHIVE).quality.names().collect();
        let missing = [
            ("no_position", report.position.is_none()),
            ("no_altitude", report.altitude.is_none()),
            ("no_speed", report.ground_speed.is_none()),
            ("no_airline", report.airline_icao.is_none()),
            ("no_aircraft_type", report.aircraft_type.is_none()),
            ("no_route", Route::of(report).is_none()),
        ];
        names.extend(missing.iter().filter(|(_, is)| *is).map(|(name, _)| name));
        good += u64::from(names.is_empty());
        for name in names {
            *doubts.entry(name.to_owned()).or_default() += 1;
        }
    }
    json!({ "reports": reports.len(), "good": good, "doubts": doubts })
}

#[track_caller]
fn agree(results: &BTreeMap<String, Value>, model: &BTreeMap<String, Value>) {
    assert!(!model.is_empty());
    for (key, value) in model {
        assert_eq!(results.get(key), Some(value), "{key}");
    }
    assert_eq!(results.len(), model.len());
}

#[test]
fn airport_traffic_agrees_with_the_model() {
    let results = run("airport", pipelines::airport_traffic);
    agree(&results, &model("airport", 15, airports, airport_figures));
    let results = run("hour", pipelines::airport_traffic_by_hour);
    agree(&results, &model("hour", 60, airports, airport_figures));
}

#[test]
fn route_traffic_agrees_with_the_model() {
    let routes = |flight: &Flight| Route::of(flight).into_iter().collect();
    let figures = |_: &str, reports: &[Flight]| json!({ "aircraft": distinct(reports.iter()) });
    let results = run("route", pipelines::route_traffic);
    agree(&results, &model("route", 15, routes, figures));
    let results = run("hour", pipelines::route_traffic_by_hour);
    agree(&results, &model("hour", 60, routes, figures));
}

#[test]
fn airline_statistics_agree_with_the_model() {
    let airlines = |flight: &Flight| flight.airline_icao.into_iter().collect();
    let results = run("airline", pipelines::airline_statistics);
    agree(&results, &model("airline", 15, airlines, speed_figures));
}

#[test]
fn aircraft_type_statistics_agree_with_the_model() {
    let types = |flight: &Flight| flight.aircraft_type.into_iter().collect();
    let results = run("type", pipelines::aircraft_type_statistics);
    agree(&results, &model("type", 15, types, speed_figures));
}

#[test]
fn data_quality_agrees_with_the_model() {
    let results = run("quality", pipelines::data_quality);
    agree(
        &results,
        &model("quality", 15, |_| vec!["all"], quality_figures),
    );
    assert!(
        results
            .values()
            .all(|value| value["doubts"]["unusual_flag"].as_u64() > Some(0))
    );
}
