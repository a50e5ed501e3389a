//! When alerts begin and end.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may panic too"
)]

use std::time::Duration;

use flightstream_core::flight::alerts::{
    AlertKind, Alerts, MOST_ACTIVE, MOST_AIRCRAFT, MOST_RECENT, Severity,
};
use flightstream_core::flight::{Altitude, Flight, Icao24, Position, Squawk};
use flightstream_core::time::Timestamp;
use proptest::prelude::*;

const START: i64 = 1_706_705_100;

/// An aircraft at cruising height that flies east.
fn report(aircraft: u32, second: i64) -> Flight {
    let mut flight = Flight::new(
        Icao24::new(aircraft).unwrap(),
        Timestamp::from_seconds(START + second),
    );
    flight.position = Some(Position::new(50.0, second as f64 * 0.003).unwrap());
    flight.altitude = Some(Altitude::Barometric(10_000.0));
    flight
}

fn squawking(second: i64, squawk: &str) -> Flight {
    let mut flight = report(1, second);
    flight.squawk = Some(Squawk::new(squawk).unwrap());
    flight
}

/// Kinds by aircraft.
fn active(alerts: &Alerts) -> Vec<(u32, &'static str)> {
    let mut active: Vec<_> = alerts
        .active()
        .map(|alert| (alert.hex.address(), name(alert.kind)))
        .collect();
    active.sort_unstable();
    active
}

fn name(kind: AlertKind) -> &'static str {
    match kind {
        AlertKind::Emergency { .. } => "emergency",
        AlertKind::LostSignal { .. } => "lost",
        AlertKind::ImplausibleJump { .. } => "jump",
        _ => "other",
    }
}

#[test]
fn an_emergency_has_to_persist() {
    for (codes, is_one) in [
        (&["7700", "7700"][..], false),
        (&["7700", "1000", "7700", "7700"], false),
        (&["7700", "7600", "7700", "7600"], false),
        (&["7700", "7700", "7700"], true),
        (&["7600", "7600", "7600"], true),
        (&["7000", "7000", "7000"], false),
    ] {
        let mut alerts = Alerts::new();
        for (code, step) in codes.iter().zip(0..) {
            alerts.observe(&squawking(step * 5, code), None);
        }
        assert_eq!(alerts.active_count() == 1, is_one, "{codes:?}");
    }
    // Three within a second are one error of transmission.
    let mut alerts = Alerts::new();
    (0..3).for_each(|second| alerts.observe(&squawking(second, "7700"), None));
    assert_eq!(alerts.active_count(), 0);
}

#[test]
fn on_the_ground_nobody_begins_to_be_in_distress() {
    let mut alerts = Alerts::new();
    let ground = |second| {
        let mut flight = squawking(second, "7700");
        flight.altitude = Some(Altitude::Ground);
        flight
    };
    (0..6).for_each(|step| alerts.observe(&ground(step * 10), None));
    assert_eq!(alerts.active_count(), 0);
    // One that began in the air goes on there.
    (6..9).for_each(|step| alerts.observe(&squawking(step * 10, "7700"), None));
    assert_eq!(active(&alerts), [(1, "emergency")]);
    alerts.observe(&ground(90), None);
    assert_eq!(active(&alerts), [(1, "emergency")]);
}

#[test]
fn an_emergency_ends_with_another_code_said_twice() {
    let mut alerts = Alerts::new();
    (0..4).for_each(|step| alerts.observe(&squawking(step * 10, "7500"), None));
    let alert = *alerts.active().next().unwrap();
    assert_eq!(
        alert.kind,
        AlertKind::Emergency {
            squawk: Squawk::UNLAWFUL_INTERFERENCE
        }
    );
    assert_eq!(alert.kind.severity(), Severity::Critical);
    assert_eq!(
        (alert.since, alert.last),
        (report(1, 0).updated, report(1, 30).updated)
    );
    // A report without a code says nothing, a single other one is an error.
    alerts.observe(&report(1, 40), None);
    alerts.observe(&squawking(50, "2000"), None);
    alerts.observe(&squawking(60, "7500"), None);
    alerts.observe(&squawking(70, "2000"), None);
    assert_eq!(alerts.active_count(), 1);
    alerts.observe(&squawking(80, "2000"), None);
    assert_eq!(alerts.active_count(), 0);
    let ended = alerts.recent().next().unwrap();
    assert_eq!(
        (ended.since, ended.until),
        (alert.since, Some(report(1, 80).updated))
    );
}

#[test]
fn who_falls_silent_while_others_are_heard_is_lost() {
    let mut alerts = Alerts::new();
    alerts.observe(&report(1, 0), None);
    for second in (0..300).step_by(10) {
        alerts.observe(&report(2, second), None);
        assert_eq!(alerts.active_count(), 0, "{second}");
    }
    (300..=330)
        .step_by(10)
        .for_each(|second| alerts.observe(&report(2, second), None));
    assert_eq!(active(&alerts), [(1, "lost")]);
    let alert = alerts.active().next().unwrap();
    assert_eq!(alert.since, report(1, 0).updated);
    assert_eq!(alert.position, report(1, 0).position);
    alerts.observe(&report(1, 340), None);
    assert_eq!(alerts.active_count(), 0, "expected it to be found again");
    assert_eq!(alerts.recent().count(), 1);
}

#[test]
fn a_feed_that_was_interrupted_has_lost_nobody() {
    let mut alerts = Alerts::new();
    (1..100).for_each(|aircraft| alerts.observe(&report(aircraft, 0), None));
    // It comes back after an hour, with all of them over five seconds.
    for aircraft in 1..100 {
        alerts.observe(&report(aircraft, 3_600 + i64::from(aircraft / 20)), None);
    }
    assert_eq!(alerts.active_count(), 0);
}

#[test]
fn who_lands_out_of_reach_is_not_lost() {
    let runway = Position::new(50.0, 0.1).unwrap();
    let mut low = report(1, 0);
    low.altitude = Some(Altitude::Barometric(600.0));
    let mut near = report(2, 0);
    near.altitude = Some(Altitude::Barometric(4_000.0));
    let mut ground = report(3, 0);
    ground.altitude = Some(Altitude::Ground);
    let mut unknown = report(4, 0);
    unknown.altitude = None;
    let mut alerts = Alerts::new();
    for flight in [low, near, ground, unknown] {
        alerts.observe(&flight, Some(runway));
    }
    // At cruising height over an airport it is lost all the same.
    alerts.observe(&report(5, 0), Some(runway));
    (0..600)
        .step_by(10)
        .for_each(|second| alerts.observe(&report(9, second), None));
    assert_eq!(active(&alerts), [(5, "lost")]);
    (600..2_400)
        .step_by(10)
        .for_each(|second| alerts.observe(&report(9, second), None));
    assert_eq!(alerts.active_count(), 0, "expected it to be given up");
    assert_eq!(alerts.recent().count(), 1);
}

#[test]
fn two_places_too_far_apart_are_a_jump() {
    let mut alerts = Alerts::new();
    alerts.observe(&report(1, 0), None);
    let mut elsewhere = report(1, 10);
    elsewhere.position = Some(Position::new(40.0, 10.0).unwrap());
    alerts.observe(&elsewhere, None);
    assert_eq!(active(&alerts), [(1, "jump")]);
    let alert = alerts.active().next().unwrap();
    let AlertKind::ImplausibleJump { distance, speed } = alert.kind else {
        panic!("expected a jump: {alert:?}");
    };
    let way = report(1, 0)
        .position
        .unwrap()
        .distance_to(elsewhere.position.unwrap());
    assert_eq!((distance, speed), (way, way / 10.0));
    // Back again is another; without a position nothing is said.
    let mut nowhere = report(1, 20);
    nowhere.position = None;
    alerts.observe(&nowhere, None);
    alerts.observe(&report(1, 30), None);
    assert_eq!(alerts.active().next().unwrap().count, 2);
    (40..700)
        .step_by(10)
        .for_each(|second| alerts.observe(&report(1, second), None));
    assert_eq!(alerts.active_count(), 0);
}

#[test]
fn what_comes_late_says_nothing() {
    let mut alerts = Alerts::new();
    alerts.observe(&report(1, 100), None);
    let mut elsewhere = report(1, 50);
    elsewhere.position = Some(Position::new(-40.0, 10.0).unwrap());
    alerts.observe(&elsewhere, None);
    assert_eq!(alerts.active_count(), 0);
}

#[test]
fn the_lists_are_bounded_and_emergencies_go_last() {
    let mut alerts = Alerts::new();
    for aircraft in 1..=(MOST_ACTIVE as u32 + 500) {
        alerts.observe(&report(aircraft + 1, 0), None);
        let mut elsewhere = report(aircraft + 1, 1);
        elsewhere.position = Some(Position::new(-40.0, 10.0).unwrap());
        alerts.observe(&elsewhere, None);
        if aircraft == 1 {
            (0..3).for_each(|step| alerts.observe(&squawking(step * 10, "7700"), None));
        }
    }
    assert_eq!(alerts.active_count(), MOST_ACTIVE);
    assert_eq!(alerts.recent().count(), MOST_RECENT);
    assert!(active(&alerts).contains(&(1, "emergency")));
}

#[test]
fn further_aircraft_than_there_can_be_are_not_watched() {
    let mut alerts = Alerts::new();
    let far_away = |aircraft, second| {
        let mut flight = report(aircraft, second);
        flight.position = Some(Position::new(-50.0, 100.0).unwrap());
        flight
    };
    let most = MOST_AIRCRAFT as u32;
    for aircraft in 0..=most {
        alerts.observe(&report(aircraft, 0), None);
    }
    alerts.observe(&far_away(most, 1), None);
    assert_eq!(alerts.active_count(), 0);
    alerts.observe(&far_away(most - 1, 1), None);
    assert_eq!(active(&alerts), [(most - 1, "jump")]);
}

proptest! {
    /// Reports of several aircraft without defects, each at least every four minutes, in any mixture.
    #[test]
    fn traffic_without_defects_raises_nothing(
        steps in prop::collection::vec((1..5_u32, 1..60_i64), 1..300),
    ) {
        let mut alerts = Alerts::new();
        let (mut now, mut heard) = (0, [0; 5]);
        for (aircraft, seconds) in steps {
            now += seconds;
            for (other, last) in heard.iter_mut().enumerate() {
                if other == aircraft as usize || now - *last > 180 {
                    *last = now;
                    alerts.observe(&report(other as u32 + 1, now), None);
                }
            }
            prop_assert_eq!(alerts.active_count(), 0);
        }
    }

    #[test]
    fn nothing_that_comes_breaks_it(
        reports in prop::collection::vec(
            (1..6_u32, -1_000_000..1_000_000_i64, -90..=90_i32, -180..=180_i32, 0..6_usize), 0..300),
    ) {
        let codes = ["7500", "7600", "7700", "7700", "7000", "1234"];
        let mut alerts = Alerts::new();
        for (aircraft, second, lat, lon, code) in reports {
            let mut flight = report(aircraft, 0);
            flight.updated = Timestamp::from_seconds(START + second);
            flight.position = Position::known(Some(lat.into()), Some(lon.into()));
            flight.squawk = Some(Squawk::new(codes[code]).unwrap());
            let version = alerts.version();
            alerts.observe(&flight, None);
            prop_assert!(alerts.version() >= version);
            for alert in alerts.recent() {
                prop_assert!(alert.until.is_some_and(|until| until >= alert.since));
            }
            prop_assert!(alerts.active().all(|alert| alert.until.is_none() && alert.last >= alert.since));
        }
        prop_assert!(alerts.as_of().is_none_or(|time| time.since(Timestamp::default()) > Duration::ZERO));
    }
}
