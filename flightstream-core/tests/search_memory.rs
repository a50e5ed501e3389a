//! How much memory documents take.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "helpers of tests may panic too"
)]

use flightstream_core::search::{BulkOperation, EmbeddedStore, Mapping, SearchStore};
use futures::executor::block_on;

/// Resident memory in KiB, where the system tells it.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[test]
fn fifty_thousand_aircraft_fit_in_sixty_mebibytes() {
    let store = EmbeddedStore::new();
    block_on(store.ensure_index("esflight", &Mapping::flights())).unwrap();
    let before = resident();
    // Twice with other flights, as after a day: texts nobody uses must go.
    for round in 0..2 {
        for chunk in 0..100 {
            let sources: Vec<(String, String)> = (chunk * 500..(chunk + 1) * 500)
                .map(|n| {
                    let (flight, airport) = (n + round * 50_000, n % 4000);
                    let json = format!(
                        r#"{{"hex":"{n:06x}","reg_number":"R-{n}","flag":"F{}","position":{{"lat":{},"lon":{}}},
                        "alt":{n},"dir":12.5,"speed":{},"v_speed":3,"flight_number":"{flight}",
                        "flight_icao":"AIR{flight}","flight_iata":"A{flight}","dep_icao":"D{airport}",
                        "dep_iata":"{airport}","arr_icao":"A{airport}","arr_iata":"I{airport}","airline_icao":"A{}",
                        "airline_iata":"B{}","aircraft_icao":"C{}","status":"en-route","type":"Domestic",
                        "dep_pos":[1,2],"arr_pos":[3,4],"Departure":"International airport {airport}",
                        "Arrival":"International airport {airport}","updated":{},"squawk":"{:04}"}}"#,
                        n % 200, n % 80, n % 170, n % 900, n % 800, n % 800, n % 300, 1_706_705_158_000_i64 + n, n % 7777,
                    );
                    (format!("{n:06x}"), json)
                })
                .collect();
            let operations: Vec<BulkOperation<'_>> = sources
                .iter()
                .map(|(id, source)| BulkOperation::index(id, None, source.as_bytes()))
                .collect();
            let items = block_on(store.bulk("esflight", &operations)).unwrap();
            assert!(items.iter().all(|item| item.error.is_none()));
        }
        if let (Some(before), Some(after)) = (before, resident()) {
            println!("round {round}: {} KiB more", after - before);
            assert!(after - before < 60 * 1024);
        }
    }
}
