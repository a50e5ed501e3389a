//! Joins flights with the table of airports: a stream with a table that every task has whole.
//!
//! ```sh
//! cargo run -p flightstream-core --example 04_table_lookup --all-features
//! ```

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "an example shows what it does and checks it"
)]

use std::error::Error;
use std::sync::Arc;

use flightstream_core::Records;
use flightstream_core::batch::{Raw, Record, Rejection, TopicPartition};
use flightstream_core::flight::Flight;
use flightstream_core::flight::airlabs::AirlabsJson;
use flightstream_core::log::memory::MemoryLog;
use flightstream_core::log::{Isolation, Log, TopicSpec};
use flightstream_core::runtime::{App, TaskContext, topic};
use flightstream_core::table::Airports;
use flightstream_core::time::Timestamp;
use serde::Serialize;

#[derive(Serialize)]
struct Leg {
    from: String,
    to: String,
    domestic: bool,
}

/// What each aircraft flies, by the airports' cities. A flight without a known airport is refused.
fn legs(raw: impl Records<Record = Raw>, cx: TaskContext) -> impl Records<Record = (String, Leg)> {
    let mut airports = cx.table::<Airports>("airports");
    raw.decode(AirlabsJson::default()).enrich(move |flight| {
        Ok::<_, Rejection>((flight.hex.to_string(), leg(&flight, airports.current())?))
    })
}

fn leg(flight: &Flight, airports: &Airports) -> Result<Leg, Rejection> {
    let from = airports
        .resolve(flight.departure_iata, flight.departure_icao)
        .ok_or_else(|| Rejection::new("unknown_departure"))?;
    let to = airports
        .resolve(flight.arrival_iata, flight.arrival_icao)
        .ok_or_else(|| Rejection::new("unknown_arrival"))?;
    Ok(Leg {
        from: from.city.to_string(),
        to: to.city.to_string(),
        domestic: from.country == to.country,
    })
}

fn main() -> Result<(), Box<dyn Error>> {
    let log: Arc<dyn Log> = Arc::new(MemoryLog::default());
    for name in ["flight", "legs"] {
        log.create_topic(&TopicSpec::new(name, 1))?;
    }
    let messages = [
        r#"{"hex":"48AE23","dep_iata":"WAW","arr_iata":"LHR","updated":1706705158}"#,
        r#"{"hex":"3C6675","dep_icao":"EDDM","arr_icao":"EDDH","updated":1706705158}"#,
        r#"{"hex":"4CA7B5","dep_iata":"WAW","arr_iata":"QQQ","updated":1706705158}"#,
    ];
    let record = |message: &'static str| Record::new(Raw::from(message), Timestamp::default());
    log.writer(Isolation::Immediate)?
        .append("flight", messages.map(record).into())?;

    let running = App::new("legs")
        .source(topic("flight").group("legs"))
        .table("airports", Arc::new(Airports::embedded()))
        .pipeline(legs)
        .sink(topic("legs").json())
        .start(&log)?;
    running.wait_until_caught_up()?;
    let status = running.stop()?;

    let mut lines = Vec::new();
    for record in log.read(&TopicPartition::new("legs", 0), 0, 10)? {
        let key = String::from_utf8(record.key.unwrap_or_default().to_vec())?;
        let leg = String::from_utf8_lossy(record.value.as_bytes().unwrap_or_default());
        lines.push(format!("{key} {leg}"));
    }
    println!("{}", lines.join("\n"));
    assert_eq!(
        lines,
        [
            r#"48AE23 {"from":"Warsaw","to":"London","domestic":false}"#,
            r#"3C6675 {"from":"Munich","to":"Hamburg","domestic":true}"#,
        ]
    );
    assert_eq!(status.rejected["unknown_arrival"], 1);
    Ok(())
}
