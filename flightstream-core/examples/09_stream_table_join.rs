//! Joins what receivers hear of aircraft with where the API says that they go: a stream with the newest values of
//! another topic, by the aircraft's address.
//!
//! Receivers know positions to the second and no route; the API knows routes. Both topics are keyed by the address and
//! have as many partitions, so the task that gets an aircraft's positions has its route too.
//!
//! ```sh
//! cargo run -p flightstream-core --example 09_stream_table_join --all-features
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
use flightstream_core::batch::{Raw, Record, TopicPartition};
use flightstream_core::flight::airlabs::AirlabsJson;
use flightstream_core::flight::pipelines::Route;
use flightstream_core::flight::readsb::{self, ReadsbJson};
use flightstream_core::flight::{Flight, Icao24, Squawk};
use flightstream_core::log::memory::MemoryLog;
use flightstream_core::log::{Isolation, Log, TopicSpec};
use flightstream_core::operator::Aligned;
use flightstream_core::runtime::{App, AppError, TaskContext, topic};
use flightstream_core::time::Timestamp;
use serde::Serialize;

const PARTITIONS: u32 = 4;

/// A position as it was heard, with the route that the API knows.
#[derive(Serialize)]
struct Sighting {
    second: i64,
    lat: f64,
    lon: f64,
    squawk: Option<Squawk>,
    route: Option<String>,
}

impl Sighting {
    fn of(heard: &Flight, known: Option<&Flight>) -> Option<Self> {
        let position = heard.position?;
        Some(Self {
            second: heard.updated.as_seconds(),
            lat: position.lat(),
            lon: position.lon(),
            squawk: heard.squawk,
            route: known.and_then(Route::of).map(|route| route.to_string()),
        })
    }
}

/// Every position that is heard, with its aircraft's route if there is one.
fn sightings(
    raw: impl Aligned<Record = Raw>,
    cx: TaskContext,
) -> impl Records<Record = (Icao24, Sighting)> {
    let known = cx.topic_table::<Icao24, _>("flight", AirlabsJson::default());
    heard(raw)
        .left_join(known, |heard, known| Sighting::of(&heard, known))
        .flat_map(|(hex, sighting)| Some((hex, sighting?)))
}

/// Only positions of aircraft that the API knows.
fn known_sightings(
    raw: impl Aligned<Record = Raw>,
    cx: TaskContext,
) -> impl Records<Record = (Icao24, Sighting)> {
    let known = cx.topic_table::<Icao24, _>("flight", AirlabsJson::default());
    heard(raw)
        .join(known, |heard, known| Sighting::of(&heard, Some(known)))
        .flat_map(|(hex, sighting)| Some((hex, sighting?)))
}

fn heard(raw: impl Aligned<Record = Raw>) -> impl Aligned<Record = (Icao24, Flight)> {
    raw.decode(ReadsbJson::default())
        .event_time(|flight| flight.updated)
        .key_by(|flight| flight.hex)
        .assume_aligned() // the topic is partitioned by it
}

fn main() -> Result<(), Box<dyn Error>> {
    let log: Arc<dyn Log> = Arc::new(MemoryLog::default());
    for name in ["adsb", "flight", "sightings", "known-sightings"] {
        log.create_topic(&TopicSpec::new(name, PARTITIONS))?;
    }
    produce(&*log)?;

    let running = App::new("sightings")
        .source(topic("adsb").group("sightings"))
        .pipeline(sightings)
        .sink(topic("sightings").json())
        .start(&log)?;
    running.wait_until_caught_up()?;
    running.stop()?;
    let all = lines(&*log, "sightings")?;
    println!("{}\n", all.join("\n"));
    assert_eq!(
        all,
        [
            r#"3C6675 {"second":1706705160,"lat":48.1,"lon":11.6,"squawk":"1000","route":"MUC-HAM"}"#,
            r#"48AE23 {"second":1706705159,"lat":52.17,"lon":20.97,"squawk":"2341","route":"WAW-LHR"}"#,
            r#"A835AF {"second":1706705158,"lat":40.6,"lon":-73.8,"squawk":null,"route":null}"#,
        ]
    );

    let running = App::new("known-sightings")
        .source(topic("adsb").group("known-sightings"))
        .pipeline(known_sightings)
        .sink(topic("known-sightings").json())
        .start(&log)?;
    running.wait_until_caught_up()?;
    running.stop()?;
    assert_eq!(lines(&*log, "known-sightings")?, all[..2]);

    // Topics that are partitioned differently cannot be joined, and the app says so before it reads anything.
    log.create_topic(&TopicSpec::new("adsb-of-one-receiver", 1))?;
    let refused = App::new("of-one-receiver")
        .source(topic("adsb-of-one-receiver").group("of-one-receiver"))
        .pipeline(sightings)
        .sink(topic("sightings").json())
        .start(&log);
    assert!(matches!(refused, Err(AppError::NotCoPartitioned { .. })));
    Ok(())
}

/// A receiver's snapshot, and the API's rows, each under its aircraft's address.
fn produce(log: &dyn Log) -> Result<(), Box<dyn Error>> {
    let snapshot = br#"{"now":1706705160.4,"messages":3021,"aircraft":[
        {"hex":"48ae23","flight":"LOT281  ","alt_baro":35000,"gs":447.1,"track":271.4,"squawk":"2341",
         "category":"A3","lat":52.17,"lon":20.97,"seen_pos":1.2,"seen":0.1},
        {"hex":"3c6675","flight":"DLH4MK  ","alt_baro":"ground","gs":11.2,"squawk":"1000","lat":48.1,"lon":11.6,
         "seen_pos":0.3},
        {"hex":"a835af","alt_geom":12000,"lat":40.6,"lon":-73.8,"seen_pos":2.0},
        {"hex":"4ca7b5","squawk":"7000","seen":30}]}"#;
    let rows = [
        r#"{"hex":"48AE23","dep_iata":"WAW","arr_iata":"LHR","updated":1706705100}"#,
        r#"{"hex":"3C6675","dep_iata":"MUC","arr_iata":"HAM","updated":1706705100}"#,
    ];
    let mut writer = log.writer(Isolation::Immediate)?;
    for message in readsb::messages(snapshot)? {
        writer.append("adsb", vec![keyed(message.into())?])?;
    }
    for row in rows {
        writer.append("flight", vec![keyed(row.into())?])?;
    }
    Ok(())
}

/// A message under the address that it is about, in the one form that both sources agree on.
fn keyed(message: Raw) -> Result<Record<Raw>, Box<dyn Error>> {
    let row: serde_json::Value = serde_json::from_slice(message.as_bytes().unwrap_or_default())?;
    let hex: Icao24 = row["hex"].as_str().unwrap_or_default().parse()?;
    Ok(Record {
        key: Some(hex.key()),
        ..Record::new(message, Timestamp::default())
    })
}

/// What a topic holds, in the order of the addresses.
fn lines(log: &dyn Log, topic: &str) -> Result<Vec<String>, Box<dyn Error>> {
    let mut lines = Vec::new();
    for partition in 0..PARTITIONS {
        for record in log.read(&TopicPartition::new(topic, partition), 0, 10)? {
            let key = String::from_utf8(record.key.unwrap_or_default().to_vec())?;
            let value = String::from_utf8_lossy(record.value.as_bytes().unwrap_or_default());
            lines.push(format!("{key} {value}"));
        }
    }
    lines.sort();
    Ok(lines)
}
