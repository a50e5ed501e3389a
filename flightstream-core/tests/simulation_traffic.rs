//! Simulated traffic: a function of its options and of time, and like a real feed's in the figures that were measured
//! there.

#![cfg(feature = "simulation")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout
)]

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use flightstream_core::flight::simulation::{
    Made, Messages, Simulation, SimulationError, SimulationOptions,
};
use flightstream_core::flight::{AircraftType, AirportIata, AirportIcao, Position, Registration};
use flightstream_core::table::Airports;
use flightstream_core::time::Timestamp;
use serde_json::Value;

const START: Timestamp = Timestamp::from_seconds(1_706_705_158);

fn simulation(seed: u64, aircraft: usize) -> Simulation {
    let options = SimulationOptions {
        seed,
        aircraft,
        ..Default::default()
    };
    Simulation::new(&options, &Airports::embedded()).unwrap()
}

fn rows(messages: &Messages) -> Vec<(String, Vec<u8>, Timestamp)> {
    messages
        .iter()
        .map(|message| {
            (
                message.key.to_owned(),
                message.value.to_vec(),
                message.event_time,
            )
        })
        .collect()
}

fn snapshot(aircraft: usize) -> Vec<Value> {
    let mut simulation = simulation(1, aircraft);
    let messages = simulation.tick(START);
    messages
        .iter()
        .map(|message| serde_json::from_slice(message.value).unwrap())
        .collect()
}

#[test]
fn equal_options_give_equal_bytes() {
    let first = rows(simulation(1, 500).tick(START));
    assert_eq!(first, rows(simulation(1, 500).tick(START)));
    assert_ne!(first, rows(simulation(2, 500).tick(START)));
    assert_eq!(first.len(), 500);
}

#[test]
fn stepping_and_jumping_give_the_same() {
    let end = START.plus(Duration::from_secs(60));
    let simulation = simulation(3, 997);
    let mut at_once = Messages::new();
    let made = simulation.messages_between(START, end, &mut at_once);
    assert_eq!(made.messages(), 997 * 12);

    for step in [1, 7, 333, 5_000, 7_001] {
        let mut stepped = Messages::new();
        let mut counted = Made::default();
        let mut now = START;
        while now < end {
            let next = now.plus(Duration::from_millis(step)).min(end);
            counted += simulation.messages_between(now, next, &mut stepped);
            now = next;
        }
        assert_eq!(rows(&stepped), rows(&at_once), "{step} ms");
        assert_eq!(counted, made);
    }

    let mut ticking = self::simulation(3, 997);
    ticking.tick(START);
    let mut jumping = self::simulation(3, 997);
    let mut ticked = Vec::new();
    for second in 1..=60 {
        let now = START.plus(Duration::from_secs(second));
        ticked.extend(rows(ticking.tick(now)));
    }
    assert_eq!(ticked, rows(&at_once));
    assert_eq!(rows(jumping.tick(end)), ticked[ticked.len() - 997..]);
    assert!(jumping.tick(end).is_empty());
    let a_little_before = end.minus(Duration::from_secs(1));
    assert!(jumping.tick(a_little_before).is_empty());
}

#[test]
fn reports_are_spread_evenly() {
    let simulation = simulation(4, 1_000);
    let mut messages = Messages::new();
    for tenth in 0..100 {
        let [from, to] = [tenth, tenth + 1].map(|n| START.plus(Duration::from_millis(100 * n)));
        messages.clear();
        simulation.messages_between(from, to, &mut messages);
        assert_eq!(messages.len(), 20);
    }
}

#[test]
fn clean_messages_are_what_the_api_sends() {
    let order = [
        "hex",
        "reg_number",
        "flag",
        "lat",
        "lng",
        "alt",
        "dir",
        "speed",
        "v_speed",
        "squawk",
        "flight_number",
        "flight_icao",
        "flight_iata",
        "dep_icao",
        "dep_iata",
        "arr_icao",
        "arr_iata",
        "airline_icao",
        "airline_iata",
        "aircraft_icao",
        "updated",
        "status",
        "type",
    ];
    let airports = Airports::embedded();
    let mut simulation = simulation(5, 20_000);
    let (mut addresses, mut registrations) = (HashSet::new(), HashSet::new());
    for message in simulation.tick(START).iter() {
        let text = std::str::from_utf8(message.value).unwrap();
        let row: Value = serde_json::from_str(text).unwrap();
        let object = row.as_object().unwrap();
        let mut names: Vec<(usize, &String)> = object
            .keys()
            .map(|name| (text.find(&format!("\"{name}\":")).unwrap(), name))
            .collect();
        names.sort_unstable();
        let places = names.iter().map(|(_, name)| {
            let place = order.iter().position(|known| known == name);
            place.unwrap_or_else(|| panic!("{name}"))
        });
        assert!(places.is_sorted_by(|a, b| a < b), "{text}");

        let field = |name: &str| {
            row[name]
                .as_str()
                .unwrap_or_else(|| panic!("{name}: {text}"))
        };
        assert_eq!(field("hex"), message.key);
        assert!(message.key.len() == 6 && u32::from_str_radix(message.key, 16).is_ok());
        assert!(addresses.insert(message.key.to_owned()), "{text}");
        assert!(
            registrations.insert(field("reg_number").to_owned()),
            "{text}"
        );
        Registration::new(field("reg_number")).unwrap();
        AircraftType::new(field("aircraft_icao")).unwrap();
        assert!(field("flight_icao").starts_with(field("airline_icao")));
        assert!(field("flight_icao").ends_with(field("flight_number")));
        assert!(field("flight_iata").starts_with(field("airline_iata")));

        let place = Position::new(row["lat"].as_f64().unwrap(), row["lng"].as_f64().unwrap());
        let place = place.unwrap();
        assert!(
            place.lat().abs() > 0.001 || place.lon().abs() > 0.001,
            "{text}"
        );
        let direction = row["dir"].as_f64().unwrap();
        assert!((0.0..360.0).contains(&direction), "{text}");
        assert_eq!(
            row["updated"].as_i64().unwrap(),
            message.event_time.as_seconds()
        );
        for end in ["dep", "arr"] {
            let iata = AirportIata::new(field(&format!("{end}_iata"))).unwrap();
            let icao = AirportIcao::new(field(&format!("{end}_icao"))).unwrap();
            let airport = airports.by_iata(iata).unwrap();
            assert_eq!(airports.by_icao(icao), Some(airport));
        }
        assert_ne!(field("dep_iata"), field("arr_iata"));
    }
    assert_eq!(addresses.len(), 20_000);
}

/// Kilometres.
fn distance(from: Position, to: Position) -> f64 {
    let [a, b] = [from.lat(), to.lat()].map(f64::to_radians);
    let (north, east) = ((b - a) / 2.0, (to.lon() - from.lon()).to_radians() / 2.0);
    let half = north.sin().powi(2) + a.cos() * b.cos() * east.sin().powi(2);
    2.0 * 6_371.0 * half.sqrt().asin()
}

#[test]
fn aircraft_move_as_fast_as_they_say() {
    let mut simulation = simulation(6, 300);
    let mut last: HashMap<String, (Position, i64, f64)> = HashMap::new();
    let mut airborne = HashSet::new();
    let mut landed = 0;
    // Four hours, so that most aircraft also land, turn round and take off.
    for second in (0..4 * 3_600).step_by(5) {
        for message in simulation
            .tick(START.plus(Duration::from_secs(second)))
            .iter()
        {
            let row: Value = serde_json::from_slice(message.value).unwrap();
            let place = Position::new(row["lat"].as_f64().unwrap(), row["lng"].as_f64().unwrap());
            let (place, time) = (place.unwrap(), row["updated"].as_i64().unwrap());
            let speed = row["speed"].as_f64().unwrap();
            let now = (place, time, speed);
            if let Some((before, then, earlier)) = last.insert(message.key.to_owned(), now) {
                assert_eq!(time - then, 5);
                let implied = distance(before, place) / 5.0 * 3_600.0;
                assert!(implied < 1_200.0, "{row}: {implied} km/h");
                let said = (speed + earlier) / 2.0;
                assert!((implied - said).abs() < 25.0, "{row}: {implied} km/h");
            }
            if row["alt"].as_i64().is_some_and(|altitude| altitude > 3_000) {
                airborne.insert(message.key.to_owned());
            } else if speed < 30.0 && airborne.remove(message.key) {
                landed += 1;
            }
        }
    }
    assert!(landed > 200, "{landed}");
}

/// The share of `rows` for which `holds`.
fn share(rows: &[Value], holds: impl Fn(&Value) -> bool) -> f64 {
    rows.iter().filter(|row| holds(row)).count() as f64 / rows.len() as f64
}

fn assert_near(what: &str, found: f64, measured: f64, tolerance: f64) {
    println!("{what}: {found:.4} (measured {measured})");
    assert!(
        (found - measured).abs() <= tolerance,
        "{what}: {found}, measured {measured}"
    );
}

/// The measured figures are of 13,215 real rows of two snapshots, or, where said, of the 5,338 of January.
#[test]
fn figures_are_those_of_a_real_feed() {
    let rows = snapshot(50_000);
    let altitude = |row: &Value| row["alt"].as_i64();
    assert_near(
        "altitude unknown",
        share(&rows, |row| altitude(row).is_none()),
        0.087,
        0.015,
    );
    assert_near(
        "altitude zero",
        share(&rows, |row| altitude(row) == Some(0)),
        0.044,
        0.01,
    );
    let absent = share(&rows, |row| row.get("alt").is_none());
    assert_near("altitude absent", absent, 0.087 / 2.0, 0.01);
    assert_near(
        "squawk",
        share(&rows, |row| row.get("squawk").is_some()),
        1.0 / 53.0,
        0.003,
    );
    let status = |name: &'static str| move |row: &Value| row["status"] == name;
    assert_near("en-route", share(&rows, status("en-route")), 0.986, 0.004);
    assert_near("scheduled", share(&rows, status("scheduled")), 0.010, 0.003);
    assert_near("landed", share(&rows, status("landed")), 0.004, 0.002);

    // Shares of the January rows.
    let between = |low, high| {
        share(&rows, |row| {
            altitude(row).is_some_and(|m| (low..high).contains(&m))
        })
    };
    for (low, high, january) in [
        (1, 2_000, 0.09),
        (2_000, 6_000, 0.149),
        (6_000, 9_000, 0.131),
        (9_000, 13_000, 0.491),
    ] {
        assert_near(
            &format!("{low} to {high} m"),
            between(low, high),
            january,
            0.08,
        );
    }
    // Cruise levels are multiples of 1,000 ft, 20 m higher in the feed: FL340 to FL380 are the peaks there.
    let mut counts: HashMap<i64, usize> = HashMap::new();
    for metres in rows.iter().filter_map(altitude) {
        *counts.entry(metres).or_default() += usize::from(metres > 5_000);
    }
    let mut peaks: Vec<(usize, i64)> = counts.into_iter().map(|(metres, n)| (n, metres)).collect();
    peaks.sort_unstable_by(|a, b| b.cmp(a));
    let levels: Vec<i64> = (19..=43)
        .map(|thousand| (f64::from(thousand) * 304.8 + 20.0).floor() as i64)
        .collect();
    for (_, metres) in &peaks[..10] {
        assert!(levels.contains(metres), "{peaks:?}");
    }
    let highest: Vec<i64> = peaks[..6].iter().map(|(_, metres)| *metres).collect();
    for peak in [10_992, 11_297, 11_602] {
        assert!(highest.contains(&peak), "{highest:?}");
    }

    // Mean speed above 9,000 m in January.
    for (kind, january) in [
        ("B738", 809.0),
        ("A320", 822.0),
        ("A321", 821.0),
        ("B77W", 880.0),
        ("A359", 893.0),
    ] {
        let speeds: Vec<f64> = rows
            .iter()
            .filter(|row| row["aircraft_icao"] == kind && altitude(row) > Some(9_000))
            .map(|row| row["speed"].as_f64().unwrap())
            .collect();
        let mean = speeds.iter().sum::<f64>() / speeds.len() as f64;
        assert_near(
            &format!("km/h of {} {kind}", speeds.len()),
            mean,
            january,
            30.0,
        );
    }
    let fastest = rows
        .iter()
        .map(|row| row["speed"].as_i64().unwrap())
        .max()
        .unwrap();
    assert!(fastest < 1_178, "{fastest}");
}

#[test]
fn domestic_and_international_are_as_measured() {
    let airports = Airports::embedded();
    let find = |row: &Value, name: &str| {
        let code = AirportIata::new(row[name].as_str().unwrap()).unwrap();
        airports.by_iata(code).unwrap().clone()
    };
    let rows = snapshot(20_000);
    let mut distances = Vec::new();
    let mut domestic = 0.0;
    for row in &rows {
        let (from, to) = (find(row, "dep_iata"), find(row, "arr_iata"));
        domestic += f64::from(u8::from(from.country == to.country));
        distances.push(distance(from.position, to.position));
    }
    // 6,516 of the 11,018 whose airports are known.
    assert_near("domestic", domestic / rows.len() as f64, 0.591, 0.04);
    distances.sort_unstable_by(f64::total_cmp);
    for (percent, january) in [
        (10, 483.0),
        (25, 870.0),
        (50, 1_504.0),
        (75, 2_650.0),
        (90, 5_295.0),
    ] {
        let found = distances[distances.len() * percent / 100];
        println!("leg, {percent} %: {found:.0} km (January {january})");
        assert!(
            (0.65..1.5).contains(&(found / january)),
            "{percent} %: {found}"
        );
    }
}

#[test]
fn any_size_and_any_time() {
    for aircraft in [0, 1, 2, 200_000] {
        let start = Instant::now();
        let mut simulation = simulation(1, aircraft);
        println!("{aircraft} aircraft in {:?}", start.elapsed());
        assert_eq!(simulation.tick(START).len(), aircraft);
    }
    let simulation = simulation(1, 10);
    for millis in [0, -1, -1_706_705_158_123, i64::MIN / 2, i64::MAX / 2] {
        let at = Timestamp::from_millis(millis);
        let mut messages = Messages::new();
        let until = at.plus(Duration::from_secs(5));
        let made = simulation.messages_between(at, until, &mut messages);
        assert_eq!(made.messages(), 10, "{millis}");
    }
    let mut messages = Messages::new();
    let ends = [i64::MIN, i64::MAX].map(Timestamp::from_millis);
    for end in ends {
        simulation.messages_between(end, end, &mut messages);
    }
    assert!(messages.is_empty());
}

#[test]
fn refuses_what_cannot_be() {
    let airports = Airports::embedded();
    let error = |options: SimulationOptions| Simulation::new(&options, &airports).unwrap_err();
    let mut options = SimulationOptions {
        interval: Duration::ZERO,
        ..Default::default()
    };
    assert!(matches!(
        error(options.clone()),
        SimulationError::Interval(_)
    ));
    options.interval = Duration::from_millis(1);
    options.dirt.late = f64::NAN;
    assert!(matches!(
        error(options),
        SimulationError::Share { name: "late", .. }
    ));
    let empty = Simulation::new(&SimulationOptions::default(), &Airports::default());
    assert_eq!(empty.unwrap_err(), SimulationError::TooFewAirports);
}

/// `cargo test --release -p flightstream-core --test simulation_traffic -- speed --nocapture`
#[test]
fn speed() {
    let mut simulation = simulation(1, 5_000);
    let mut bytes = 0;
    let mut messages = 0;
    let start = Instant::now();
    let ticks = if cfg!(debug_assertions) { 20 } else { 2_000 };
    for tick in 0..ticks {
        let batch = simulation.tick(START.plus(Duration::from_secs(tick)));
        messages += batch.len();
        bytes += batch
            .iter()
            .map(|message| message.value.len())
            .sum::<usize>();
    }
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "{messages} messages, {:.0} a second, {} bytes each",
        messages as f64 / seconds,
        bytes / messages
    );
}

#[test]
fn a_clock_that_is_set_back_does_not_silence_it() {
    let mut simulation = simulation(1, 500);
    let first = simulation.tick(START).len();
    let later = START.plus(Duration::from_secs(2 * 3600));
    assert_eq!(
        simulation.tick(later).len(),
        first,
        "after a pause each reports once"
    );
    let before = START.plus(Duration::from_secs(3600));
    assert_eq!(
        simulation.tick(before).len(),
        first,
        "and so after a jump back"
    );
    assert!(simulation.tick(before).is_empty());
    let next = before.plus(Duration::from_secs(1));
    assert!(!simulation.tick(next).is_empty(), "then time goes on");
}
