//! The decoder on recorded rows, which are not part of the project: `FLIGHTSTREAM_REAL_ROWS` names the file.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "what goes wrong in a test or a bench should end it"
)]

mod flight_reference;

use std::collections::BTreeMap;
use std::fs::File;

use flightstream_core::flight::airlabs::{AirlabsJson, altitude_to_airlabs};
use flightstream_core::flight::csv::Rows;
use flightstream_core::flight::{Altitude, document};
use flightstream_core::operator::Decoder;
use flightstream_core::table::Airports;

#[test]
#[ignore = "needs recorded rows: set FLIGHTSTREAM_REAL_ROWS to a CSV file of them"]
fn every_recorded_row_decodes() {
    let Some(path) = std::env::var_os("FLIGHTSTREAM_REAL_ROWS") else {
        println!("FLIGHTSTREAM_REAL_ROWS is not set: nothing tested");
        return;
    };
    let airports = Airports::embedded();
    let mut decoder = AirlabsJson::default();
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    let mut count = |what: &str| *counts.entry(what.to_owned()).or_default() += 1;
    let mut json = Vec::new();
    for row in Rows::new(File::open(path).unwrap()).unwrap() {
        let row = row.unwrap();
        let flight = decoder.decode(&row.raw).unwrap();
        let slow = flight_reference::decode(&row.raw);
        assert!(flight_reference::alike(&slow, &Ok(flight)), "{slow:?}");
        assert_eq!(row.hex, Some(flight.hex));
        let sent: serde_json::Value = serde_json::from_slice(&row.raw).unwrap();
        if let Some(Altitude::Barometric(metres)) = flight.altitude {
            let again = altitude_to_airlabs(f64::from(metres));
            assert_eq!(Some(i64::from(again)), sent["alt"].as_i64());
        }
        if let Some(speed) = flight.ground_speed {
            assert_eq!(Some((speed * 3.6).round() as i64), sent["speed"].as_i64());
        }
        let enriched = flight.located(&airports);
        json.clear();
        document::encode(&enriched, &mut json);
        document::decode(&json).unwrap();

        count("rows");
        count(&format!("status {}", flight.status));
        count(&format!("type {}", enriched.flight_type));
        count(if flight.is_on_ground() {
            "on the ground"
        } else if flight.is_airborne() {
            "airborne"
        } else {
            "altitude unknown"
        });
        for (what, known) in [
            ("position", flight.is_positioned()),
            ("speed", flight.has_known_speed()),
            ("track", flight.track.is_some()),
            ("aircraft type", flight.aircraft_type.is_some()),
            ("flight number", flight.flight_number.is_some()),
            ("flag", flight.flag.is_some()),
            ("departure", enriched.departure.is_some()),
            ("arrival", enriched.arrival.is_some()),
        ] {
            if known {
                count(&format!("{what} known"));
            }
        }
        for name in enriched.quality.names() {
            count(&format!("quality {name}"));
        }
    }
    for (what, count) in counts {
        println!("{count:6} {what}");
    }
    println!("{:?}", decoder.statistics());
    assert_eq!(decoder.statistics().bad_fields, 0);
    assert_eq!(decoder.statistics().unknown_fields, 0);
}
