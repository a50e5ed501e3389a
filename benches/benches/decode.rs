//! Decoding one Airlabs object a message, and writing the document: records a second on one core.
//!
//! `cargo bench -p flightstream-benches --bench decode`. The rivals read the same records: `serde_json` into a derived
//! struct of borrowed text, which is the usual way, and into a `Value`; both stop where this decoder goes on to check
//! codes, take offsets off and convert units.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "what goes wrong in a test or a bench should end it"
)]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use flightstream_core::flight::airlabs::{AirlabsJson, messages};
use flightstream_core::flight::csv::Rows;
use flightstream_core::flight::{
    AirportIata, AirportIcao, Country, EnrichedFlight, FlightType, Position, document,
};
use flightstream_core::operator::Decoder;
use flightstream_core::table::Airport;
use serde::Deserialize;

const RECORDS: u32 = 4096;

/// Records of the shape and size of real ones, all different.
fn records() -> Vec<Vec<u8>> {
    const ROUTES: [[&str; 8]; 4] = [
        ["PL", "LOT", "LO", "EPWA", "WAW", "EGLL", "LHR", "B38M"],
        ["US", "AAL", "AA", "KDFW", "DFW", "KORD", "ORD", "B738"],
        ["AE", "UAE", "EK", "OMDB", "DXB", "YSSY", "SYD", "A388"],
        ["IE", "RYR", "FR", "EIDW", "DUB", "LEMG", "AGP", "B738"],
    ];
    (0..RECORDS)
        .map(|i| {
            let [flag, icao, iata, dep_icao, dep, arr_icao, arr, aircraft] =
                ROUTES[(i % 4) as usize];
            let number = 1 + i * 7 % 4000;
            let hex = 0x40_0000 + i * 977;
            let (lat, lng) = (-60.0 + f64::from(i) * 0.031_257, -170.0 + f64::from(i) * 0.081_733);
            let (alt, dir) = (3010 + i * 2, f64::from(i % 3600) / 10.0);
            let (speed, updated) = (400 + i % 600, 1_706_705_000 + i % 160);
            format!(
                r#"{{"hex":"{hex:06X}","reg_number":"SP-L{}","flag":"{flag}","lat":{lat:.6},"lng":{lng:.6},"alt":{alt},"#,
                i % 1000
            ) + &format!(
                r#""dir":{dir},"speed":{speed},"flight_number":"{number}","flight_icao":"{icao}{number}","#
            ) + &format!(
                r#""flight_iata":"{iata}{number}","dep_icao":"{dep_icao}","dep_iata":"{dep}","arr_icao":"{arr_icao}","#
            ) + &format!(
                r#""arr_iata":"{arr}","airline_icao":"{icao}","airline_iata":"{iata}","aircraft_icao":"{aircraft}","#
            ) + &format!(r#""updated":{updated},"status":"en-route"}}"#)
        })
        .map(String::into_bytes)
        .collect()
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "only parsing is measured")]
struct Derived<'a> {
    hex: &'a str,
    reg_number: Option<&'a str>,
    flag: Option<&'a str>,
    lat: Option<f64>,
    lng: Option<f64>,
    alt: Option<f64>,
    dir: Option<f64>,
    speed: Option<f64>,
    flight_number: Option<&'a str>,
    flight_icao: Option<&'a str>,
    flight_iata: Option<&'a str>,
    dep_icao: Option<&'a str>,
    dep_iata: Option<&'a str>,
    arr_icao: Option<&'a str>,
    arr_iata: Option<&'a str>,
    airline_icao: Option<&'a str>,
    airline_iata: Option<&'a str>,
    aircraft_icao: Option<&'a str>,
    updated: i64,
    status: Option<&'a str>,
}

fn decode(c: &mut Criterion) {
    let records = records();
    let bytes: usize = records.iter().map(Vec::len).sum();
    println!(
        "{} records, {} bytes each",
        records.len(),
        bytes / records.len()
    );

    let mut group = c.benchmark_group("decode");
    group.throughput(Throughput::Elements(u64::from(RECORDS)));
    let mut decoder = AirlabsJson::default();
    group.bench_function("airlabs_json", |b| {
        b.iter(|| {
            for record in &records {
                black_box(decoder.decode(black_box(record)).unwrap());
            }
        });
    });
    group.bench_function("rival_serde_json_derive", |b| {
        b.iter(|| {
            for record in &records {
                black_box(serde_json::from_slice::<Derived<'_>>(black_box(record)).unwrap());
            }
        });
    });
    group.bench_function("rival_serde_json_value", |b| {
        b.iter(|| {
            for record in &records {
                black_box(serde_json::from_slice::<serde_json::Value>(black_box(record)).unwrap());
            }
        });
    });

    let body = [b"{\"response\":[", &records.join(&b","[..])[..], b"]}"].concat();
    group.bench_function("split_answer", |b| {
        b.iter(|| messages(black_box(&body)).unwrap().len());
    });
    group.finish();
}

fn replay(c: &mut Criterion) {
    let mut file = String::from(
        "hex,reg_number,flag,lat,lng,alt,dir,speed,flight_number,flight_icao,flight_iata,dep_icao,dep_iata,arr_icao,\
         arr_iata,airline_icao,airline_iata,aircraft_icao,updated,status\r\n",
    );
    let columns: Vec<String> = file.trim_end().split(',').map(str::to_owned).collect();
    for record in records() {
        let record: serde_json::Value = serde_json::from_slice(&record).unwrap();
        let cells: Vec<String> = columns
            .iter()
            .map(|column| record[column].to_string().replace('"', ""))
            .collect();
        file.push_str(&cells.join(","));
        file.push_str("\r\n");
    }
    let mut group = c.benchmark_group("replay");
    group.throughput(Throughput::Elements(u64::from(RECORDS)));
    group.bench_function("csv_rows", |b| {
        b.iter(|| {
            Rows::new(black_box(file.as_bytes()))
                .unwrap()
                .map(Result::unwrap)
                .count()
        });
    });
    group.finish();
}

fn airport(iata: &str, icao: &str, name: &str, country: &str, lat: f64, lon: f64) -> Arc<Airport> {
    Arc::new(Airport {
        iata: AirportIata::new(iata).ok(),
        icao: AirportIcao::new(icao).ok(),
        name: name.into(),
        city: "".into(),
        country: Country::new(country).unwrap(),
        position: Position::new(lat, lon).unwrap(),
        elevation: None,
        time_zone: "".into(),
    })
}

fn encode(c: &mut Criterion) {
    let departure = airport(
        "WAW",
        "EPWA",
        "Warsaw Chopin Airport",
        "PL",
        52.1657,
        20.9671,
    );
    let arrival = airport(
        "LHR",
        "EGLL",
        "London Heathrow Airport",
        "GB",
        51.4706,
        -0.4619,
    );
    let mut decoder = AirlabsJson::default();
    let flights: Vec<EnrichedFlight> = records()
        .iter()
        .map(|record| {
            let flight = decoder.decode(record).unwrap();
            EnrichedFlight {
                flight,
                departure: Some(Arc::clone(&departure)),
                arrival: Some(Arc::clone(&arrival)),
                flight_type: FlightType::International,
                quality: flight.quality,
            }
        })
        .collect();
    let mut out = Vec::new();
    document::encode(&flights[0], &mut out);
    println!("{} bytes: {}", out.len(), String::from_utf8_lossy(&out));

    let mut group = c.benchmark_group("document");
    group.throughput(Throughput::Elements(u64::from(RECORDS)));
    group.bench_function("encode", |b| {
        b.iter(|| {
            for flight in &flights {
                out.clear();
                document::encode(black_box(flight), &mut out);
                black_box(&out);
            }
        });
    });
    group.finish();
}

criterion_group!(benches, decode, replay, encode);
criterion_main!(benches);
