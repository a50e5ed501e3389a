//! The 15 queries of the dashboard, writing and reading the embedded search store.
//!
//! `08 map` is the binary answer for the map; the others are whole searches, their JSON included. The store of a
//! million documents is measured only if `FLIGHTSTREAM_BENCH_MILLION` is set.
//!
//! On Linux the figures are CPU time, so that other work on the machine changes them little.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a bench may panic"
)]

use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use criterion::measurement::{Measurement, ValueFormatter, WallTime};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use flightstream_core::search::{
    BulkOperation, EmbeddedStore, Mapping, Query, SearchRequest, SearchStore,
};
use futures::executor::block_on;

const INDEX: &str = "esflight";
const QUERIES: &str = include_str!("../../flightstream-core/tests/search_queries.json");

/// This thread's CPU time where the system tells it, else wall time.
struct CpuTime;

fn now() -> Duration {
    static START: OnceLock<Instant> = OnceLock::new();
    std::fs::read_to_string("/proc/thread-self/schedstat")
        .ok()
        .and_then(|text| text.split(' ').next()?.parse().ok())
        .map_or_else(
            || START.get_or_init(Instant::now).elapsed(),
            Duration::from_nanos,
        )
}

impl Measurement for CpuTime {
    type Intermediate = Duration;
    type Value = Duration;

    fn start(&self) -> Duration {
        now()
    }

    fn end(&self, start: Duration) -> Duration {
        // Never zero: criterion divides by it.
        now().saturating_sub(start).max(Duration::from_nanos(1))
    }

    fn add(&self, a: &Duration, b: &Duration) -> Duration {
        *a + *b
    }

    fn zero(&self) -> Duration {
        Duration::ZERO
    }

    fn to_f64(&self, value: &Duration) -> f64 {
        value.as_nanos() as f64
    }

    fn formatter(&self) -> &dyn ValueFormatter {
        WallTime.formatter()
    }
}

/// A small generator (xorshift), so that every run has the same traffic.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % limit.max(1)
    }

    /// Small numbers often, large ones seldom.
    fn skewed(&mut self, limit: u64) -> u64 {
        let most = self.below(limit) + 1;
        self.below(most)
    }

    fn around(&mut self, middle: f64, spread: f64) -> f64 {
        middle + (self.below(20_000) as f64 / 10_000.0 - 1.0) * spread
    }
}

/// Ids and documents shaped like the enriched flights: 25 fields, about 620 bytes.
fn documents(count: u64, tick: u64) -> Vec<(String, String)> {
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let mut moves = Random(0xD1B5_4A32_D192_ED03 + tick);
    (0..count)
        .map(|n| {
            let hex = format!("{:06x}", n * 16 % 0xFF_FFFF + n / 1_000_000);
            let (lat, lon) = match random.below(4) {
                0 => (random.around(48.0, 14.0), random.around(10.0, 25.0)),
                1 => (random.around(38.0, 12.0), random.around(-95.0, 30.0)),
                2 => (random.around(30.0, 15.0), random.around(112.0, 25.0)),
                _ => (random.around(0.0, 60.0), random.around(0.0, 179.0)),
            };
            let (lat, lon) = (moves.around(lat, 0.1), moves.around(lon, 0.1));
            let (airline, arrival, departure) =
                (random.skewed(800), random.skewed(3000), random.skewed(3000));
            let kind = ["Domestic", "International", "Unknown"][random.below(3) as usize];
            let status = ["en-route", "en-route", "en-route", "landed", "scheduled"]
                [random.below(5) as usize];
            let flight = random.below(9000);
            let json = format!(
                r#"{{"hex":"{hex}","reg_number":"R-{n}","flag":"F{}","position":{{"lat":{lat:.6},"lon":{lon:.6}}},"alt":{},"dir":{:.1},"speed":{},"v_speed":{},"flight_number":"{flight}","flight_icao":"A{airline}I{flight}","flight_iata":"A{airline}{flight}","dep_icao":"D{departure:03}","dep_iata":"{departure}","arr_icao":"A{arrival:03}","arr_iata":"{arrival}","airline_icao":"A{airline}I","airline_iata":"A{airline}","aircraft_icao":"T{}","updated":{},"status":"{status}","type":"{kind}","dep_pos":{{"lat":{:.5},"lon":{:.5}}},"arr_pos":{{"lat":{:.5},"lon":{:.5}}},"Departure":"Airport of departure {departure}","Arrival":"Airport of arrival {arrival}"}}"#,
                random.skewed(200),
                moves.below(12_000),
                moves.below(3600) as f64 / 10.0,
                moves.below(950),
                moves.below(20),
                random.skewed(300),
                1_706_705_158_000 + tick * 5000,
                departure as f64 / 40.0,
                departure as f64 / 20.0,
                arrival as f64 / 40.0,
                arrival as f64 / 20.0,
            );
            (hex, json)
        })
        .collect()
}

fn write(store: &EmbeddedStore, documents: &[(String, String)], version: u64) {
    for chunk in documents.chunks(5000) {
        let operations: Vec<BulkOperation<'_>> = chunk
            .iter()
            .map(|(id, json)| BulkOperation::index(id, Some(version), json.as_bytes()))
            .collect();
        let items = block_on(store.bulk(INDEX, &operations)).expect("the index exists");
        assert!(
            items
                .iter()
                .all(flightstream_core::search::BulkItem::is_success)
        );
    }
}

fn loaded(documents: &[(String, String)]) -> EmbeddedStore {
    let store = EmbeddedStore::new();
    block_on(store.ensure_index(INDEX, &Mapping::flights())).expect("a new index");
    write(&store, documents, 1);
    store
}

fn requests() -> BTreeMap<String, SearchRequest> {
    serde_json::from_str(QUERIES).expect("the queries are supported")
}

fn answer(store: &EmbeddedStore, request: &SearchRequest) -> Vec<u8> {
    let response = block_on(store.search(INDEX, request)).expect("a supported request");
    serde_json::to_vec(&response).expect("an answer is JSON")
}

fn map(store: &EmbeddedStore) -> usize {
    let positions = store.positions(INDEX, None, &Query::MatchAll, usize::MAX);
    positions.expect("the index exists").encode().len()
}

fn queries(criterion: &mut Criterion<CpuTime>, name: &str, store: &EmbeddedStore) {
    let requests = requests();
    let mut group = criterion.benchmark_group(name);
    for (name, request) in &requests {
        group.bench_function(name, |b| b.iter(|| black_box(answer(store, request)).len()));
    }
    group.bench_function("08 map", |b| b.iter(|| map(store)));
    group.bench_function("sum of 15", |b| {
        b.iter(|| {
            let searches: usize = requests.values().map(|r| answer(store, r).len()).sum();
            searches + map(store)
        });
    });
    group.finish();
}

fn search(criterion: &mut Criterion<CpuTime>) {
    let first = documents(50_000, 0);
    let second = documents(50_000, 1);
    let store = loaded(&first);
    queries(criterion, "search 50k", &store);

    let version = store.version(INDEX).expect("the index exists");
    write(&store, &second[..5000], 2);
    criterion.bench_function("positions 50k, 5k changed", |b| {
        b.iter(|| {
            let positions = store.positions(INDEX, Some(version), &Query::MatchAll, usize::MAX);
            positions.expect("the index exists").encode().len()
        });
    });

    let mut group = criterion.benchmark_group("bulk");
    group
        .sample_size(20)
        .throughput(Throughput::Elements(50_000));
    group.bench_function("insert 50k", |b| {
        b.iter_batched(|| (), |()| loaded(&first), BatchSize::PerIteration);
    });
    let mut turn = 2;
    group.bench_function("upsert 50k", |b| {
        b.iter(|| {
            turn += 1;
            write(&store, if turn % 2 == 0 { &first } else { &second }, turn);
        });
    });
    group.finish();
}

fn million(criterion: &mut Criterion<CpuTime>) {
    if std::env::var_os("FLIGHTSTREAM_BENCH_MILLION").is_none() {
        return;
    }
    let store = EmbeddedStore::new();
    block_on(store.ensure_index(INDEX, &Mapping::flights())).expect("a new index");
    write(&store, &documents(1_000_000, 0), 1);
    queries(criterion, "search 1M", &store);
}

criterion_group! {
    name = benches;
    config = Criterion::default().with_measurement(CpuTime).sample_size(10).warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(1));
    targets = search, million
}
criterion_main!(benches);
