//! Latest positions and flight sessions against naive models that look at all reports at once: random traffic with
//! disorder and duplicates, cut and disturbed anywhere, and simulated traffic with the defects of a real feed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what goes wrong in a test should end it"
)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use flightstream_core::batch::{Raw, Record};
use flightstream_core::flight::airlabs::AirlabsJson;
use flightstream_core::flight::pipelines::{
    AIRPORTS, AirportCode, FlightSession, GRACE, SILENCE, flight_sessions, latest_positions,
};
use flightstream_core::flight::simulation::{Dirt, Messages, Simulation, SimulationOptions};
use flightstream_core::flight::{Altitude, Flight, Icao24};
use flightstream_core::log::partition_for_key;
use flightstream_core::operator::{Decoder, Latest};
use flightstream_core::store::KeyValueStore;
use flightstream_core::table::Airports;
use flightstream_core::testing::TestDriver;
use flightstream_core::testing::schedule::{self, Input};
use flightstream_core::time::Timestamp;
use flightstream_core::window::WindowedKey;
use proptest::prelude::*;

const BEGIN: i64 = 1_706_705_000;
/// What the clock shows: a day later, as in a replay.
const NOW: Timestamp = Timestamp::from_seconds(BEGIN + 86_400);
const PARTITIONS: u32 = 3;

/// One message; the first number is how much later than the one before it was sent, the second how late it comes.
#[derive(Clone, Debug)]
struct Message {
    after: i64,
    late: i64,
    aircraft: u32,
    position: Option<(f64, f64)>,
    altitude: Option<i32>,
    route: Option<(usize, usize)>,
    is_repeated: bool,
}

fn message(most_late: i64) -> impl Strategy<Value = Message> {
    let when = (
        prop_oneof![4 => 0_i64..120, 1 => 500_i64..900],
        0..=most_late,
    );
    let what = (
        0_u32..3,
        prop::option::weighted(0.9, (-89.0_f64..89.0, -180.0_f64..180.0)),
        prop::option::weighted(0.8, -50_i32..12_000),
        prop::option::weighted(0.7, (0_usize..3, 0_usize..3)),
        prop::bool::weighted(0.1),
    );
    (when, what).prop_map(
        |((after, late), (aircraft, position, altitude, route, is_repeated))| Message {
            after,
            late,
            aircraft,
            position,
            altitude,
            route,
            is_repeated,
        },
    )
}

/// The messages as the feed sends them.
fn texts(messages: &[Message]) -> Vec<(String, String)> {
    let mut texts = Vec::new();
    let mut now = BEGIN;
    for message in messages {
        now += message.after;
        let hex = format!("48AE2{}", message.aircraft);
        let mut text = format!(r#"{{"hex":"{hex}","updated":{}"#, now - message.late);
        if let Some((lat, lng)) = message.position {
            text += &format!(r#","lat":{lat},"lng":{lng}"#);
        }
        if let Some(altitude) = message.altitude {
            text += &format!(r#","alt":{altitude},"speed":700"#);
        }
        if let Some((departure, arrival)) = message.route {
            let airports = ["WAW", "LHR", "JFK"];
            let (departure, arrival) = (airports[departure], airports[arrival]);
            text += &format!(
                r#","dep_iata":"{departure}","arr_iata":"{arrival}","flight_icao":"LOT{departure}""#
            );
        }
        text += "}";
        for _ in 0..=usize::from(message.is_repeated) {
            texts.push((hex.clone(), text.clone()));
        }
    }
    texts
}

fn decode<'a>(texts: impl IntoIterator<Item = &'a str>) -> Vec<Flight> {
    let mut decoder = AirlabsJson::default();
    let texts = texts.into_iter();
    texts
        .filter_map(|text| decoder.decode(text.as_bytes()).ok())
        .collect()
}

fn positions() -> TestDriver<flightstream_core::flight::EnrichedFlight> {
    TestDriver::new(latest_positions)
        .table(AIRPORTS, Arc::new(Airports::default()))
        .starts_at(NOW)
}

fn flights() -> TestDriver<(WindowedKey<Icao24>, FlightSession)> {
    TestDriver::new(flight_sessions).starts_at(NOW)
}

/// The sessions of each aircraft by its first report, found by sorting everything.
fn sessions(reports: &[Flight]) -> BTreeMap<(Icao24, Timestamp), (Timestamp, FlightSession)> {
    let mut aircraft = BTreeMap::<Icao24, Vec<&Flight>>::new();
    for report in reports {
        aircraft.entry(report.hex).or_default().push(report);
    }
    let mut sessions = BTreeMap::new();
    for (hex, mut reports) in aircraft {
        // Stable: of one time, in the order of their arrival.
        reports.sort_by_key(|report| report.updated);
        let is_one = |a: &&Flight, b: &&Flight| b.updated.since(a.updated) <= SILENCE;
        for reports in reports.chunk_by(is_one) {
            let (first, last) = (reports[0].updated, reports[reports.len() - 1].updated);
            let end = last.plus(Duration::from_millis(1));
            sessions.insert((hex, first), (end, session(reports)));
        }
    }
    sessions
}

fn session(reports: &[&Flight]) -> FlightSession {
    let newest = |code: fn(&Flight) -> Option<AirportCode>| {
        reports.iter().rev().find_map(|report| code(report))
    };
    let mut way = Vec::new();
    for report in reports {
        let is_new = way.last().is_none_or(|(time, _)| *time != report.updated);
        if let Some(position) = report.position
            && is_new
        {
            way.push((report.updated, position));
        }
    }
    let altitudes = reports.iter().filter_map(|report| report.altitude);
    FlightSession {
        flight: reports
            .iter()
            .rev()
            .find_map(|report| report.flight_icao.or(report.flight_iata)),
        departure: newest(|report| AirportCode::of(report.departure_iata, report.departure_icao)),
        arrival: newest(|report| AirportCode::of(report.arrival_iata, report.arrival_icao)),
        reports: reports.len() as u64,
        distance: way
            .windows(2)
            .map(|legs| legs[0].1.distance_to(legs[1].1))
            .sum(),
        max_altitude: altitudes.map(Altitude::metres).reduce(f32::max),
    }
}

fn agree(
    results: Vec<(WindowedKey<Icao24>, FlightSession)>,
    model: &BTreeMap<(Icao24, Timestamp), (Timestamp, FlightSession)>,
) {
    assert_eq!(results.len(), model.len(), "{results:?}\n{model:?}");
    for (key, session) in results {
        let (end, expected) = &model[&(key.key, key.window.start)];
        assert_eq!(key.window.end, *end, "{key}");
        let difference = (session.distance - expected.distance).abs();
        assert!(
            difference <= 1e-9 * expected.distance.max(1.0),
            "{key}: {session:?}, {expected:?}"
        );
        let distance = expected.distance;
        assert_eq!(
            FlightSession {
                distance,
                ..session
            },
            *expected,
            "{key}"
        );
    }
}

/// Nothing comes any more: by the clock all sessions end.
fn end(driver: &mut TestDriver<(WindowedKey<Icao24>, FlightSession)>) {
    driver.advance(SILENCE + GRACE).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn sessions_agree_with_the_model(
        messages in prop::collection::vec(message(GRACE.as_secs() as i64), 0..60),
        batch_size in 1_usize..20,
    ) {
        let texts = texts(&messages);
        let mut driver = flights().batch_size(batch_size);
        for (hex, text) in &texts {
            driver.send(0, Timestamp::default(), hex.clone(), text.clone()).unwrap();
        }
        end(&mut driver);
        let reports = decode(texts.iter().map(|(_, text)| &**text));
        agree(driver.output().unwrap(), &sessions(&reports));
        prop_assert!(driver.rejects().unwrap().is_empty());
    }

    #[test]
    fn latest_positions_agree_with_the_model(
        messages in prop::collection::vec(message(900), 0..60),
        batch_size in 1_usize..20,
    ) {
        let texts = texts(&messages);
        let mut driver = positions().batch_size(batch_size);
        for (hex, text) in &texts {
            driver.send(0, Timestamp::default(), hex.clone(), text.clone()).unwrap();
        }
        driver.run().unwrap();

        let mut newest = BTreeMap::<Icao24, Flight>::new();
        let mut expected = Vec::new();
        for report in decode(texts.iter().map(|(_, text)| &**text)) {
            let is_outdated = newest.get(&report.hex).is_some_and(|newest| report.updated < newest.updated);
            if report.position.is_some() && !is_outdated {
                newest.insert(report.hex, report);
                expected.push(report);
            }
        }
        let output = driver.output().unwrap().into_iter().map(|enriched| enriched.flight);
        prop_assert_eq!(output.collect::<Vec<_>>(), expected);
        let latest = |store: &KeyValueStore<Icao24, Latest<Flight>>| {
            store.iter().map(|(hex, latest)| (*hex, latest.value)).collect::<BTreeMap<_, _>>()
        };
        prop_assert_eq!(driver.store(0, "latest", latest).unwrap(), newest);
    }
}

/// Messages with much more disorder than the grace allows.
fn disordered() -> impl Strategy<Value = Input> {
    (0_i64..4_000, message(0)).prop_map(|(second, mut message)| {
        message.after = second;
        let partition = message.aircraft % 2;
        let (key, value) = texts(&[message]).remove(0);
        Input {
            partition,
            time: Timestamp::default(),
            key: key.into(),
            value: value.into(),
        }
    })
}

#[test]
fn sessions_do_not_depend_on_what_happens_between_batches() {
    schedule::check(disordered(), || flights().partitions(2)).unwrap();
}

#[test]
fn latest_positions_do_not_depend_on_what_happens_between_batches() {
    schedule::check(disordered(), || positions().partitions(2)).unwrap();
}

#[test]
fn sessions_of_dirty_traffic_agree_with_the_model_over_a_restart() {
    let options = SimulationOptions {
        aircraft: 150,
        interval: Duration::from_secs(30),
        dirt: Dirt::measured(),
        ..SimulationOptions::default()
    };
    let simulation = Simulation::new(&options, &Airports::embedded()).unwrap();
    let mut messages = Messages::default();
    let start = Timestamp::from_seconds(BEGIN);
    let end_of_traffic = start.plus(Duration::from_secs(50 * 60));
    simulation.messages_between(start, end_of_traffic, &mut messages);

    let mut driver = flights().partitions(PARTITIONS).batch_size(64);
    let mut texts = Vec::new();
    for (index, message) in messages.iter().enumerate() {
        let record = Record {
            key: Some(message.key.to_owned().into()),
            ..Record::new(Raw::from(message.value.to_vec()), message.event_time)
        };
        let partition = partition_for_key(message.key.as_bytes(), PARTITIONS);
        driver.send_record(partition, record).unwrap();
        texts.push(String::from_utf8_lossy(message.value).into_owned());
        match index {
            1_000 => driver.rebalance().unwrap(),
            2_000 => driver.run().unwrap(),
            3_000 => driver.crash().unwrap(),
            _ => {}
        }
    }
    end(&mut driver);
    let model = sessions(&decode(texts.iter().map(String::as_str)));
    assert!(model.len() > 100, "{}", model.len());
    agree(driver.output().unwrap(), &model);
}
