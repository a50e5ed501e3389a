//! Simulated defects: each in its share, each counted, each what it says.

#![cfg(feature = "simulation")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout
)]

use std::collections::HashMap;
use std::io::Write;
use std::process::Command;
use std::time::Duration;

use flightstream_core::flight::simulation::{Defect, Dirt, Simulation, SimulationOptions};
use flightstream_core::flight::{AirportIata, AirportIcao};
use flightstream_core::table::Airports;
use flightstream_core::time::Timestamp;
use serde_json::Value;

const START: Timestamp = Timestamp::from_seconds(1_706_705_158);

fn simulation(dirt: Dirt, aircraft: usize) -> Simulation {
    let options = SimulationOptions {
        aircraft,
        dirt,
        ..Default::default()
    };
    Simulation::new(&options, &Airports::embedded()).unwrap()
}

/// What a message shows of its defects; `None` if it is no JSON.
fn seen(value: &[u8]) -> Option<Vec<Defect>> {
    let row: Value = serde_json::from_slice(value).ok()?;
    let unknown = |name: &str| row.get(name).is_none_or(Value::is_null);
    let is = |name: &str, text: &str| row[name] == text;
    if is("reg_number", "SERV") {
        return Some(vec![Defect::ServiceVehicle]);
    }
    let aloft = row["alt"].as_i64() > Some(6_000);
    let shown = [
        (
            Defect::NonIcaoAddress,
            row["hex"].as_str().unwrap().starts_with('~'),
        ),
        (
            Defect::JunkType,
            ["0000", "TWR", "32Q"]
                .iter()
                .any(|junk| is("aircraft_icao", junk)),
        ),
        (Defect::FlagUk, is("flag", "UK")),
        (Defect::FlagUs, is("flag", "Us")),
        (
            Defect::NoAirline,
            unknown("airline_icao") && unknown("flag"),
        ),
        (
            Defect::NoAirlineIata,
            unknown("airline_iata") && !unknown("airline_icao"),
        ),
        (
            Defect::NoRoute,
            [
                "dep_icao",
                "dep_iata",
                "arr_icao",
                "arr_iata",
                "flight_number",
                "flight_iata",
            ]
            .iter()
            .all(|name| unknown(name)),
        ),
        (Defect::NoFlightIcao, unknown("flight_icao")),
        (Defect::NoPosition, unknown("lat") && unknown("lng")),
        // The slowest airborne aircraft is faster than the fastest taxiing one.
        (
            Defect::NoAltitude,
            unknown("alt") && row["speed"].as_i64() > Some(300),
        ),
        (Defect::NoDirection, unknown("dir")),
        (Defect::Direction360, row["dir"] == 360),
        (Defect::SpeedZeroAloft, aloft && row["speed"] == 0),
        (Defect::UnknownFields, !unknown("engine")),
    ];
    let shown = shown.into_iter().filter(|(_, shown)| *shown);
    Some(shown.map(|(defect, _)| defect).collect())
}

#[test]
fn what_is_counted_is_what_is_sent() {
    // All shares are raised, so that each defect occurs.
    let dirt = Dirt {
        truncated: 0.02,
        malformed: 0.02,
        service_vehicle: 0.02,
        junk_type: 0.02,
        flag_us: 0.1,
        no_position: 0.02,
        direction_360: 0.02,
        ..Dirt::measured()
    };
    let mut simulation = simulation(dirt, 4_000);
    let mut found: HashMap<Defect, u64> = HashMap::new();
    let (mut unreadable, mut clean, mut messages) = (0, 0, 0);
    for second in 0..20 {
        let now = START.plus(Duration::from_secs(second));
        let mut last: Option<Vec<u8>> = None;
        for message in simulation.tick(now).iter() {
            messages += 1;
            let repeated = last.as_deref() == Some(message.value);
            last = Some(message.value.to_vec());
            if repeated {
                *found.entry(Defect::Duplicate).or_default() += 1;
            }
            // Within this tick every report is due in its second, or in the last interval before the first.
            let age = now.since(message.event_time).as_secs();
            let old = age >= if second == 0 { 11 } else { 6 };
            if old && age >= 11 {
                *found.entry(Defect::Late).or_default() += 1;
            } else if old {
                *found.entry(Defect::OutOfOrder).or_default() += 1;
            }
            let Some(defects) = seen(message.value) else {
                unreadable += 1;
                continue;
            };
            clean += u64::from(defects.is_empty() && !old && !repeated);
            for defect in defects {
                *found.entry(defect).or_default() += 1;
            }
        }
    }
    let made = *simulation.made();
    assert_eq!(made.messages(), messages);
    assert_eq!(
        unreadable,
        made.of(Defect::Truncated) + made.of(Defect::Malformed)
    );
    for defect in Defect::ALL {
        let (made, found) = (
            made.of(*defect),
            found.get(defect).copied().unwrap_or_default(),
        );
        println!("{}: {made} made, {found} seen", defect.name());
        assert!(made > 0, "{defect:?}");
        let exact = !matches!(
            defect,
            Defect::Truncated
                | Defect::Malformed
                // The age at a tick tells the two of time apart only roughly.
                | Defect::Late
                | Defect::OutOfOrder
                // Hidden by another defect of the same message, now and then.
                | Defect::NoAltitude
                | Defect::SpeedZeroAloft
        );
        if exact {
            assert_eq!(made, found, "{defect:?}");
        }
    }
    assert!(
        made.clean().abs_diff(clean) * 100 <= made.messages(),
        "{clean} {}",
        made.clean()
    );
}

#[test]
fn shares_are_those_asked_for() {
    let dirt = Dirt::measured();
    let mut simulation = simulation(dirt, 100_000);
    simulation.tick(START);
    let made = simulation.made();
    let share = |defect| made.of(defect) as f64 / made.messages() as f64;
    for (defect, asked) in [
        (Defect::Late, dirt.late),
        (Defect::NonIcaoAddress, dirt.non_icao_address),
        (Defect::NoAirline, dirt.no_airline),
        (Defect::NoRoute, dirt.no_route),
        (Defect::NoFlightIcao, dirt.no_flight_icao),
        (Defect::Duplicate, dirt.duplicate),
    ] {
        assert!(
            (share(defect) - asked).abs() < 0.006,
            "{defect:?}: {}",
            share(defect)
        );
    }
    // 319 of 13,215 rows stood still aloft.
    assert!((share(Defect::SpeedZeroAloft) - 0.024).abs() < 0.006);
    assert!((share(Defect::FlagUk) - 0.021).abs() < 0.015);
}

#[test]
fn dirt_is_a_function_of_time_too() {
    let run = |steps: u64| {
        let mut simulation = simulation(Dirt::measured(), 1_000);
        let mut rows = Vec::new();
        for step in 1..=steps {
            let now = START.plus(Duration::from_millis(4_800 * step / steps));
            if step == 1 {
                simulation.tick(START);
            }
            let tick = simulation.tick(now);
            rows.extend(tick.iter().map(|message| message.value.to_vec()));
        }
        (rows, *simulation.made())
    };
    assert_eq!(run(1), run(24));
}

#[test]
fn a_share_of_one_leaves_nothing_else() {
    let mut simulation = simulation(
        Dirt {
            truncated: 1.0,
            ..Dirt::measured()
        },
        500,
    );
    for message in simulation.tick(START).iter() {
        assert!(serde_json::from_slice::<Value>(message.value).is_err());
    }
    assert_eq!(simulation.made().of(Defect::Truncated), 500);
    assert_eq!(simulation.made().of(Defect::NoRoute), 0);
    assert_eq!(simulation.made().clean(), 0);
}

/// The types of simulated flights, counted with the library's table and by the oracle.
#[test]
fn types_agree_with_the_oracle() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("flights.csv");
    let mut file = std::fs::File::create(&path).unwrap();
    let columns = ["hex", "dep_iata", "dep_icao", "arr_iata", "arr_icao"];
    writeln!(file, "{}", columns.join(",")).unwrap();

    let airports = Airports::embedded();
    let mut counts = [0_u64; 3];
    let dirt = Dirt {
        truncated: 0.0,
        malformed: 0.0,
        ..Dirt::measured()
    };
    for message in simulation(dirt, 3_000).tick(START).iter() {
        let row: Value = serde_json::from_slice(message.value).unwrap();
        let fields = columns.map(|column| row[column].as_str().unwrap_or_default());
        writeln!(file, "{}", fields.join(",")).unwrap();
        let [from, to] = [1, 3].map(|at| {
            let codes = (
                AirportIata::new(fields[at]).ok(),
                AirportIcao::new(fields[at + 1]).ok(),
            );
            airports.resolve(codes.0, codes.1)
        });
        let kind = match (from, to) {
            (Some(from), Some(to)) => usize::from(from.country != to.country),
            _ => 2,
        };
        counts[kind] += 1;
    }
    assert!(counts.iter().all(|count| *count > 300), "{counts:?}");

    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/types_oracle.py");
    let Ok(output) = Command::new("python3").arg(script).arg(&path).output() else {
        return;
    };
    let oracle: Value = serde_json::from_slice(&output.stdout).unwrap();
    let types = ["Domestic", "International", "Unknown"].map(|name| &oracle["types"][name]);
    assert_eq!(types.map(|count| count.as_u64().unwrap()), counts);
}
