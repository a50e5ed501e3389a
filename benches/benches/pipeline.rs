//! JSON in, JSON out, in memory: decode → join with airports → encode, with and without windows, as one pipeline on one
//! thread, without a log.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "what goes wrong in a bench should end it"
)]

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use flightstream_core::batch::{Batch, Raw, Record};
use flightstream_core::flight::airlabs::AirlabsJson;
use flightstream_core::flight::simulation::{Dirt, Messages, Simulation, SimulationOptions};
use flightstream_core::flight::{Flight, document};
use flightstream_core::operator::Decoder;
use flightstream_core::store::StoreHandle;
use flightstream_core::table::Airports;
use flightstream_core::time::Timestamp;
use flightstream_core::window::{Emit, Tumbling};
use flightstream_core::{Records, from_batches};
use futures::executor::block_on;

const AIRCRAFT: usize = 8_192;
const BATCH: usize = 1_024;

fn messages(dirt: Dirt) -> Vec<Record<Raw>> {
    let options = SimulationOptions {
        aircraft: AIRCRAFT,
        dirt,
        ..SimulationOptions::default()
    };
    let simulation = Simulation::new(&options, &Airports::embedded()).unwrap();
    let from = Timestamp::from_seconds(1_700_000_000);
    let mut messages = Messages::default();
    simulation.messages_between(from, from.plus(options.interval), &mut messages);
    messages
        .iter()
        .map(|message| Record::new(Raw::from(message.value.to_vec()), message.event_time))
        .collect()
}

fn batches<T: Clone>(records: &[Record<T>]) -> Vec<Batch<T>> {
    records
        .chunks(BATCH)
        .map(|records| Batch::new(records.to_vec()))
        .collect()
}

fn pipeline(criterion: &mut Criterion) {
    let airports = Arc::new(Airports::embedded());
    let mut group = criterion.benchmark_group("pipeline");
    for (name, dirt) in [("clean", Dirt::none()), ("dirty", Dirt::measured())] {
        let raw = messages(dirt);
        group.throughput(Throughput::Elements(raw.len() as u64));
        group.bench_function(format!("json, decode, enrich, encode, {name}"), |bencher| {
            let mut out = Vec::new();
            bencher.iter_batched(
                || batches(&raw),
                |batches| {
                    let airports = Arc::clone(&airports);
                    let enriched = from_batches(batches)
                        .decode(AirlabsJson::default())
                        .event_time(|flight| flight.updated)
                        .enrich(Flight::positioned)
                        .map(move |flight| flight.located(&airports));
                    for batch in block_on(enriched.collect_batches()).unwrap() {
                        out.clear();
                        for record in batch.records() {
                            document::encode(&record.value, &mut out);
                        }
                        black_box(&out);
                    }
                },
                criterion::BatchSize::LargeInput,
            );
        });
    }
    let raw = messages(Dirt::none());
    group.throughput(Throughput::Elements(raw.len() as u64));
    group.bench_function("json, decode, enrich, window, encode", |bencher| {
        let mut out = Vec::new();
        bencher.iter_batched(
            || batches(&raw),
            |batches| {
                let airports = Arc::clone(&airports);
                let traffic = from_batches(batches)
                    .decode(AirlabsJson::default())
                    .event_time(|flight| flight.updated)
                    .enrich(Flight::positioned)
                    .map(move |flight| flight.located(&airports))
                    .key_by(|flight| flight.departure.as_ref().and_then(|airport| airport.iata))
                    .assume_aligned()
                    .windowed(Tumbling::of(Duration::from_secs(300)).grace(Duration::from_secs(30)))
                    .count(StoreHandle::unlogged("traffic"))
                    .emit(Emit::on_update());
                for batch in block_on(traffic.collect_batches()).unwrap() {
                    out.clear();
                    for record in batch.records() {
                        let (departures, count) = &record.value;
                        let key = departures.key.map(|airport| airport.to_string());
                        let start = departures.window.start.as_millis();
                        serde_json::to_writer(&mut out, &(key, start, count)).unwrap();
                    }
                    black_box(&out);
                }
            },
            criterion::BatchSize::LargeInput,
        );
    });
    group.finish();
}

/// Typed flights in memory: filter → join with airports → traffic per country in five-minute windows.
fn windows(criterion: &mut Criterion) {
    let airports = Arc::new(Airports::embedded());
    let mut decoder = AirlabsJson::default();
    let flights: Vec<Record<Flight>> = messages(Dirt::none())
        .into_iter()
        .map(|record| {
            let flight = decoder.decode(record.value.as_bytes().unwrap()).unwrap();
            Record::new(flight, flight.updated)
        })
        .collect();
    let mut group = criterion.benchmark_group("windows");
    group.throughput(Throughput::Elements(flights.len() as u64));
    group.bench_function("flights, filter, enrich, tumbling count", |bencher| {
        bencher.iter_batched(
            || batches(&flights),
            |batches| {
                let airports = Arc::clone(&airports);
                let traffic = from_batches(batches)
                    .filter(Flight::is_airborne)
                    .enrich(Flight::positioned)
                    .map(move |flight| flight.located(&airports))
                    .key_by(|flight| flight.departure.as_ref().map(|airport| airport.country))
                    .assume_aligned()
                    .windowed(Tumbling::of(Duration::from_secs(300)).grace(Duration::from_secs(30)))
                    .count(StoreHandle::unlogged("traffic"))
                    .emit(Emit::on_close());
                block_on(traffic.collect_batches()).unwrap()
            },
            criterion::BatchSize::LargeInput,
        );
    });
    group.finish();
}

/// What an operator costs a record beside its closure.
fn operators(criterion: &mut Criterion) {
    let numbers: Vec<_> = (0..262_144_u64)
        .map(|n| Record::new(n, Timestamp::default()))
        .collect();
    let mut group = criterion.benchmark_group("operators");
    group.throughput(Throughput::Elements(numbers.len() as u64));
    group.bench_function("none", |bencher| {
        bencher.iter_batched(
            || batches(&numbers),
            |batches| block_on(from_batches(batches).collect_batches()).unwrap(),
            criterion::BatchSize::LargeInput,
        );
    });
    group.bench_function("eight maps", |bencher| {
        bencher.iter_batched(
            || batches(&numbers),
            |batches| {
                // A multiplication each, so that there is a loop to run.
                let records = from_batches(batches)
                    .map(|n| n.wrapping_mul(3) ^ 1)
                    .map(|n| n.wrapping_mul(5) ^ 2)
                    .map(|n| n.wrapping_mul(7) ^ 3)
                    .map(|n| n.wrapping_mul(9) ^ 4)
                    .map(|n| n.wrapping_mul(11) ^ 5)
                    .map(|n| n.wrapping_mul(13) ^ 6)
                    .map(|n| n.wrapping_mul(15) ^ 7)
                    .map(|n| n.wrapping_mul(17) ^ 8);
                block_on(records.collect_batches()).unwrap()
            },
            criterion::BatchSize::LargeInput,
        );
    });
    group.bench_function("eight inspects", |bencher| {
        bencher.iter_batched(
            || batches(&numbers),
            |batches| {
                let records = from_batches(batches)
                    .inspect(|_| ())
                    .inspect(|_| ())
                    .inspect(|_| ())
                    .inspect(|_| ())
                    .inspect(|_| ())
                    .inspect(|_| ())
                    .inspect(|_| ())
                    .inspect(|_| ());
                block_on(records.collect_batches()).unwrap()
            },
            criterion::BatchSize::LargeInput,
        );
    });
    group.finish();
}

criterion_group!(benches, pipeline, windows, operators);
criterion_main!(benches);
