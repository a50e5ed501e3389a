//! The history against the list of all reports.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may panic too"
)]

use std::collections::BTreeMap;
use std::time::Duration;

use flightstream_core::flight::history::{FRESH, History, Limits, PhaseSpan, RESOLUTION, phases};
use flightstream_core::flight::{
    Altitude, Flight, FlightCode, FlightStatus, FlightType, Icao24, Phase, Position, Registration,
};
use flightstream_core::time::Timestamp;
use proptest::prelude::*;

const START: i64 = 1_706_705_100;

fn hex(number: u32) -> Icao24 {
    Icao24::new(number).unwrap()
}

fn time(second: i64) -> Timestamp {
    Timestamp::from_seconds(START + second)
}

/// An aircraft that flies east along its own parallel.
fn report(aircraft: u32, second: i64) -> Flight {
    let mut flight = Flight::new(hex(aircraft), time(second));
    let (lat, lon) = (f64::from(aircraft) / 10.0, second as f64 / 1_000.0);
    flight.position = Some(Position::new(lat, lon).unwrap());
    flight.altitude = Some(Altitude::Barometric(1_000.0 + second as f32));
    flight.ground_speed = Some(200.0);
    flight.track = Some(90.0);
    flight.status = FlightStatus::EnRoute;
    flight
}

fn history_of(reports: impl IntoIterator<Item = Flight>) -> History {
    let mut history = History::new(Limits::default());
    for report in reports {
        history.add(&report, FlightType::Domestic);
    }
    history
}

#[test]
fn a_point_is_what_was_reported() {
    let mut flight = report(7, 10);
    flight.position = Some(Position::new(-33.123_456_7, 179.999_999_9).unwrap());
    flight.altitude = Some(Altitude::Barometric(-12.4));
    let history = history_of([flight]);
    let point = history.trail(hex(7)).unwrap().points().next().unwrap();
    assert_eq!(point.time, time(10));
    assert!(point.position.distance_to(flight.position.unwrap()) < 0.02);
    assert_eq!(
        (point.altitude, point.on_ground),
        (Some(-12.0), Some(false))
    );
    assert_eq!((point.track, point.ground_speed), (Some(90.0), Some(200.0)));
    assert_eq!(point.flight_type, FlightType::Domestic);
    assert_eq!(point.status, FlightStatus::EnRoute);

    let mut unknown = Flight::new(hex(8), time(0));
    unknown.position = flight.position;
    let history = history_of([unknown]);
    let point = history.trail(hex(8)).unwrap().points().next().unwrap();
    assert_eq!((point.altitude, point.on_ground), (None, None));
    assert_eq!((point.track, point.ground_speed), (None, None));
    assert_eq!(point.flight_type, FlightType::Domestic);
    assert_eq!(point.status, FlightStatus::Unknown);

    let nowhere = Flight::new(hex(9), time(0));
    assert!(history_of([nowhere]).trail(hex(9)).is_none());
}

#[test]
fn old_points_are_a_minute_apart_and_fresh_ones_ten_seconds() {
    let history = history_of((0..7_200).step_by(5).map(|second| report(1, second)));
    let times: Vec<_> = history.trail(hex(1)).unwrap().points().collect();
    let newest = times.last().unwrap().time;
    assert_eq!(newest, time(7_195));
    for pair in times.windows(2) {
        let apart = pair[1].time.since(pair[0].time);
        let is_last = pair[1].time == newest;
        assert!(is_last || apart >= RESOLUTION, "{apart:?}");
        // What is thinned is looked at every five minutes.
        let is_old = newest.since(pair[1].time) > FRESH + Duration::from_secs(360);
        assert!(
            apart
                <= if is_old {
                    Duration::from_secs(75)
                } else {
                    Duration::from_secs(70)
                }
        );
        assert!(!is_old || apart >= Duration::from_secs(60), "{apart:?}");
    }
    let fresh = times
        .iter()
        .filter(|point| newest.since(point.time) <= FRESH);
    assert!((88..=92).contains(&fresh.count()));
}

#[test]
fn legs_are_told_apart_by_flight_code_and_by_silence() {
    let code = |code| Some(FlightCode::new(code).unwrap());
    let mut reports = Vec::new();
    for second in (0..3_000).step_by(30) {
        let mut flight = report(1, second);
        flight.flight_iata = if second < 1_500 {
            code("LO1")
        } else {
            code("LO2")
        };
        if second % 90 == 0 {
            // The source leaves out now one code and now the other.
            flight.flight_icao = flight.flight_iata.take();
        }
        flight.registration = Some(Registration::new("SP-LRA").unwrap());
        reports.push(flight);
    }
    // Two hours out of reach over an ocean, with the same code; then four hours.
    for second in [3_000 + 7_200, 3_000 + 7_230, 3_000 + 22_000] {
        let mut flight = report(1, second);
        flight.flight_iata = code("LO2");
        reports.push(flight);
    }
    let history = history_of(reports);
    let trail = history.trail(hex(1)).unwrap();
    let legs = trail.legs().iter().map(|leg| {
        (
            leg.flight().unwrap().to_string(),
            leg.from.as_seconds() - START,
            leg.until.as_seconds() - START,
            leg.reports,
        )
    });
    let legs: Vec<_> = legs.collect();
    let expected = [
        ("LO1", 0, 1_470, 50),
        ("LO2", 1_500, 10_230, 52),
        ("LO2", 25_000, 25_000, 1),
    ];
    assert_eq!(
        legs,
        expected.map(|(code, from, until, n)| (code.to_owned(), from, until, n))
    );
    let way = report(1, 0)
        .position
        .unwrap()
        .distance_to(report(1, 1_470).position.unwrap());
    assert!((trail.legs()[0].distance / way - 1.0).abs() < 1e-6);
    assert_eq!(trail.legs()[0].max_altitude, Some(2_470.0));
    assert_eq!(
        trail.identity().registration,
        Some(Registration::new("SP-LRA").unwrap())
    );
    assert_eq!(
        (trail.first_seen(), trail.last_seen()),
        (time(0), time(25_000))
    );
}

#[test]
fn what_is_too_old_goes_and_the_newest_place_of_each_stays_till_then() {
    let mut history = History::new(Limits {
        keep: Duration::from_secs(600),
        bytes: 1 << 20,
    });
    history.add(&report(1, 0), FlightType::Unknown);
    for second in (0..3_600).step_by(10) {
        history.add(&report(2, second), FlightType::Unknown);
    }
    let (from, until) = history.range().unwrap();
    assert_eq!(until, time(3_590));
    assert!(until.since(from) <= Duration::from_secs(660), "{from}");
    // Its points are gone, its identity and legs are not.
    let gone = history.trail(hex(1)).unwrap();
    assert_eq!((gone.points().count(), gone.legs().len()), (0, 1));
    history.add(&report(2, 100_000), FlightType::Unknown);
    assert!(
        history.trail(hex(1)).is_none(),
        "expected it to be forgotten after a day"
    );
    // What comes later than the budget reaches back is left out.
    let points = history.points();
    history.add(&report(3, 10), FlightType::Unknown);
    assert_eq!(history.points(), points);
}

#[test]
fn phases_follow_altitude_and_ignore_wobbles() {
    let profile = |second: i64| match second {
        ..300 => 0.0,
        300..1_200 => (second - 300) as f32 * 10.0,
        1_200..3_000 => 9_000.0 + if second % 40 == 0 { 20.0 } else { 0.0 },
        3_000..4_200 => 9_000.0 - (second - 3_000) as f32 * 7.0,
        _ => 600.0,
    };
    let airport = report(1, 4_400).position;
    let reports = (0..4_400).step_by(10).map(|second| {
        let mut flight = report(1, second);
        let metres = profile(second);
        flight.altitude = Some(match metres {
            0.0 => Altitude::Ground,
            metres => Altitude::Barometric(metres),
        });
        flight
    });
    let mut history = History::new(Limits::default());
    reports.for_each(|flight| history.add(&flight, FlightType::Unknown));
    let points: Vec<_> = history.trail(hex(1)).unwrap().points().collect();
    let spans = phases(&points, airport);
    let names: Vec<Phase> = spans.iter().map(|span| span.phase).collect();
    use Phase::{Approach, Climb, Cruise, Descent, Ground};
    assert_eq!(
        names,
        [Ground, Climb, Cruise, Descent, Approach],
        "{spans:?}"
    );
    assert!(
        spans
            .windows(2)
            .all(|pair: &[PhaseSpan]| pair[0].until == pair[1].from)
    );
    assert_eq!((spans[0].from, spans[4].until), (time(0), time(4_390)));
    assert!(phases(&[], None).is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn at_any_time_each_aircraft_is_where_it_reported_last(
        reports in prop::collection::vec((1..6_u32, 0..800_i64), 1..200),
        asked in prop::collection::vec(-10..900_i64, 1..20),
        age in 1..600_u64,
    ) {
        let history = history_of(reports.iter().map(|(aircraft, second)| report(*aircraft, *second)));
        let age = Duration::from_secs(age);
        for second in asked {
            let now = time(second);
            let found: BTreeMap<_, _> = history.at(now, age).collect();
            for aircraft in 1..6 {
                let mine = reports.iter().filter(|(other, _)| *other == aircraft).map(|(_, at)| *at);
                let latest = mine.filter(|at| *at <= second).max();
                let point = found.get(&hex(aircraft));
                match (latest, point) {
                    (None, point) => prop_assert!(point.is_none()),
                    (Some(latest), Some(point)) => {
                        // Never newer than the truth, and as old as the resolution allows.
                        let late = time(latest).since(point.time);
                        prop_assert!(point.time <= time(latest));
                        prop_assert!(late < RESOLUTION * 2, "{late:?}");
                        let truth = report(aircraft, point.time.as_seconds() - START);
                        prop_assert!(truth.position.unwrap().distance_to(point.position) < 0.02);
                    }
                    (Some(latest), None) => {
                        prop_assert!(now.since(time(latest)) + RESOLUTION * 2 > age);
                    }
                }
            }
        }
    }

    #[test]
    fn it_keeps_to_its_budget_and_keeps_the_newest(
        reports in prop::collection::vec((1..400_u32, 0..20_000_i64), 1..1_500),
        bytes in 20_000..200_000_usize,
    ) {
        let mut history = History::new(Limits { bytes, ..Limits::default() });
        let mut newest = i64::MIN;
        for (aircraft, second) in reports {
            history.add(&report(aircraft, second), FlightType::Unknown);
            prop_assert!(history.bytes() <= bytes, "{} > {bytes}", history.bytes());
            newest = newest.max(second);
            prop_assert_eq!(history.range().map(|(_, until)| until), Some(time(newest)));
        }
    }
}
