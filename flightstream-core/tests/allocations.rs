//! The standard pipelines allocate nothing for a record, only for a batch and for a result: from the log through the
//! pipeline and back into the log, counted by the allocator.
//!
//! It is the only test of its binary, because the allocator counts for all threads.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "what goes wrong in a test should end it"
)]

use std::alloc::System;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, Thread};
use std::time::Duration;

use bytes::Bytes;
use flightstream_core::batch::{Batch, Raw, Record};
use flightstream_core::flight::EnrichedFlight;
use flightstream_core::flight::pipelines::{
    AIRPORTS, Documents, Statistics, aircraft_type_statistics, airline_statistics, airport_traffic,
    airport_traffic_by_hour, data_quality, enriched, flight_sessions, latest_positions,
    route_traffic,
};
use flightstream_core::flight::simulation::{Dirt, Messages, Simulation, SimulationOptions};
use flightstream_core::log::memory::MemoryLog;
use flightstream_core::log::{Isolation, Log, TopicSpec};
use flightstream_core::runtime::{
    App, Encoder, MakeSink, Outputs, Sink, TaskContext, TaskRecords, topic,
};
use flightstream_core::table::Airports;
use flightstream_core::time::Timestamp;
use flightstream_core::{Fatal, Records};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const AIRCRAFT: usize = 4_096;
const BATCH: usize = 1_024;
/// For a batch: the vectors that records lie in between operators, and what the log keeps.
const MOST: f64 = 32.0;
/// The beginning of a minute of event time, so that none begins in what follows.
const START: Timestamp = Timestamp::from_seconds(1_700_000_040);
/// Each aircraft reports once in it.
const INTERVAL: Duration = Duration::from_secs(10);

/// So many rounds of reports, all in one buffer: a message of a real log is a part of the batch it was stored in.
fn traffic(rounds: u32, airports: &Airports) -> Vec<Record<Raw>> {
    let options = SimulationOptions {
        aircraft: AIRCRAFT,
        interval: INTERVAL,
        dirt: Dirt::none(),
        ..SimulationOptions::default()
    };
    let simulation = Simulation::new(&options, airports).unwrap();
    let mut messages = Messages::default();
    simulation.messages_between(START, START.plus(INTERVAL * rounds), &mut messages);
    let mut buffer = Vec::new();
    let mut ends = Vec::new();
    for message in messages.iter() {
        buffer.extend_from_slice(message.key.as_bytes());
        let key = buffer.len();
        buffer.extend_from_slice(message.value);
        ends.push((key, buffer.len(), message.event_time));
    }
    let buffer = Bytes::from(buffer);
    let mut start = 0;
    let record = |(key, end, time)| {
        let message = Record {
            key: Some(buffer.slice(start..key)),
            ..Record::new(Raw::from(buffer.slice(key..end)), time)
        };
        start = end;
        message
    };
    ends.into_iter().map(record).collect()
}

/// A sink that counts the messages of the source that have gone into it, and says when it was the last.
struct Counted<S> {
    sink: S,
    left: Arc<AtomicU64>,
    waiting: Thread,
}

impl<T, S: MakeSink<T>> MakeSink<T> for Counted<S> {
    type Sink = Counted<S::Sink>;

    fn make(&self, cx: &TaskContext) -> Self::Sink {
        Counted {
            sink: self.sink.make(cx),
            left: Arc::clone(&self.left),
            waiting: self.waiting.clone(),
        }
    }
}

impl<T, S: Sink<T>> Sink<T> for Counted<S> {
    fn send(&mut self, batch: Batch<T>, outputs: &mut Outputs<'_>) -> Result<(), Fatal> {
        let span = batch.span();
        let messages = span
            .filter(|span| span.topic_partition.topic() == "flight")
            .map_or(0, |span| span.count);
        self.sink.send(batch, outputs)?;
        if self.left.fetch_sub(messages, Ordering::AcqRel) == messages {
            self.waiting.unpark();
        }
        Ok(())
    }
}

/// How often anything is allocated until all of `traffic` has gone through the pipeline and its results are written.
fn allocations<T, P, R, E>(
    traffic: &[Record<Raw>],
    airports: &Arc<Airports>,
    pipeline: P,
    encoder: E,
) -> usize
where
    P: Fn(TaskRecords, TaskContext) -> R + Send + Sync + 'static,
    R: Records<Record = T> + 'static,
    T: 'static,
    E: Encoder<T> + Clone + Send + Sync + 'static,
{
    let log: Arc<dyn Log> = Arc::new(MemoryLog::default());
    for topic in ["flight", "results"] {
        log.create_topic(&TopicSpec::new(topic, 1)).unwrap();
    }
    let mut writer = log.writer(Isolation::Immediate).unwrap();
    writer.append("flight", traffic.to_vec()).unwrap();
    let left = Arc::new(AtomicU64::new(traffic.len() as u64));
    let app = App::new("app")
        .source(topic("flight").group("app").batch_size(BATCH))
        .table(AIRPORTS, Arc::clone(airports))
        .pipeline(pipeline)
        .sink(Counted {
            sink: topic("results").encoded(encoder),
            left: Arc::clone(&left),
            waiting: thread::current(),
        })
        // Only at the end, so that the clock has no say in what is counted.
        .commit_every(Duration::from_secs(3_600));
    let region = Region::new(ALLOCATOR);
    let running = app.start(&log).unwrap();
    while left.load(Ordering::Acquire) > 0 {
        assert!(!running.is_finished());
        thread::park();
    }
    let change = region.change();
    running.stop().unwrap();
    change.allocations + change.reallocations
}

/// Allocations for each batch of a pipeline that has seen all aircraft before: what more it allocates for more traffic.
fn a_batch<T, P, R, E>(
    traffic: &[Record<Raw>],
    airports: &Arc<Airports>,
    pipeline: P,
    encoder: E,
) -> f64
where
    P: Fn(TaskRecords, TaskContext) -> R + Copy + Send + Sync + 'static,
    R: Records<Record = T> + 'static,
    T: 'static,
    E: Encoder<T> + Clone + Send + Sync + 'static,
{
    let begin = traffic.len() / 2;
    let allocations =
        |traffic: &[Record<Raw>]| allocations(traffic, airports, pipeline, encoder.clone());
    let more = allocations(traffic).saturating_sub(allocations(&traffic[..begin]));
    more as f64 * BATCH as f64 / (traffic.len() - begin) as f64
}

/// What must be noticed: a text for each record.
fn allocating(
    raw: impl Records<Record = Raw>,
    cx: TaskContext,
) -> impl Records<Record = EnrichedFlight> {
    enriched(raw, cx).inspect(|record| {
        std::hint::black_box(record.value.flight.hex.to_string());
    })
}

#[test]
fn nothing_is_allocated_for_a_record() {
    let airports = Arc::new(Airports::embedded());
    let minute = traffic(4, &airports);
    let mut figures = vec![
        ("enriched", a_batch(&minute, &airports, enriched, Documents)),
        (
            "latest_positions",
            a_batch(&minute, &airports, latest_positions, Documents),
        ),
        (
            "flight_sessions",
            a_batch(
                &minute,
                &airports,
                flight_sessions,
                Statistics::of("flight-session"),
            ),
        ),
    ];
    macro_rules! statistics {
        ($($pipeline:ident),*) => {
            $(figures.push((
                stringify!($pipeline),
                a_batch(&minute, &airports, $pipeline, Statistics::of(stringify!($pipeline))),
            ));)*
        };
    }
    statistics!(
        airport_traffic,
        airport_traffic_by_hour,
        route_traffic,
        airline_statistics,
        aircraft_type_statistics,
        data_quality
    );
    for (pipeline, allocations) in &figures {
        println!("{pipeline}: {allocations:.1} allocations for a batch of {BATCH} records");
    }
    assert!(a_batch(&minute, &airports, allocating, Documents) >= BATCH as f64);
    for (pipeline, allocations) in figures {
        assert!(
            allocations < MOST,
            "{pipeline}: {allocations:.1} for a batch of {BATCH}"
        );
    }
}
