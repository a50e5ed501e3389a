//! What indexing costs beside a client that does nothing but send prepared bodies: documents a second, and the client's CPU
//! time. `elastic_bulk URL DOCUMENTS ROUNDS`, where URL is http://HOST:PORT of a node without a log-in.

use std::error::Error;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use flightstream_core::batch::{Raw, Record};
use flightstream_core::flight::airlabs::AirlabsJson;
use flightstream_core::flight::document;
use flightstream_core::flight::simulation::{Simulation, SimulationOptions};
use flightstream_core::log::memory::MemoryLog;
use flightstream_core::log::{Isolation, Log, TopicSpec};
use flightstream_core::operator::Decoder;
use flightstream_core::runtime::{App, topic};
use flightstream_core::search::elastic::{ElasticOptions, ElasticStore};
use flightstream_core::search::{BulkOptions, IndexSink, Mapping, Query, SearchStore};
use flightstream_core::table::Airports;
use flightstream_core::time::Timestamp;
use futures::executor::block_on;

type Failure = Box<dyn Error + Send + Sync>;
/// Id, version, JSON.
type Documents = Vec<(String, u64, Vec<u8>)>;

/// As the sink makes them.
const BULK_BYTES: usize = 5 << 20;
const BULK_DOCUMENTS: usize = 10_000;
const CONNECTIONS: usize = 4;

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let mut argument = |name| arguments.next().ok_or(format!("{name} is missing"));
    let url = argument("URL")?;
    let count: usize = argument("DOCUMENTS")?.parse()?;
    let rounds: usize = argument("ROUNDS")?.parse()?;
    let documents = documents(count)?;
    let bodies = bodies(&documents);
    let bytes: usize = bodies.iter().map(Vec::len).sum();
    tell(&format!(
        "{count} documents, {} bulks, {} MB",
        bodies.len(),
        bytes / 1_000_000
    ));
    let store = ElasticStore::new(ElasticOptions::new([&url]))?;
    for round in 1..=rounds {
        let index = |what: &str| format!("bulk-{what}-{}-{round}", std::process::id());
        // Each goes first as often as the other.
        let ways = match round % 2 {
            0 => ["sink", "ceiling"],
            _ => ["ceiling", "sink"],
        };
        for way in ways {
            let index = index(way);
            block_on(store.ensure_index(&index, &Mapping::flights()))?;
            let (wall, cpu) = match way {
                "sink" => index_by_sink(&store, &index, &documents)?,
                _ => send_prepared(&url, &index, &bodies)?,
            };
            block_on(store.refresh(&index))?;
            let there = block_on(store.count(&index, &Query::MatchAll))?;
            tell(&format!(
                "round {round} {way:8} {:>7.0} documents/s  {:.2} s wall  {:.2} s CPU of the client  {:.2} µs a document  {there} there",
                count as f64 / wall.as_secs_f64(),
                wall.as_secs_f64(),
                cpu.as_secs_f64(),
                cpu.as_secs_f64() * 1e6 / count as f64,
            ));
        }
    }
    Ok(())
}

#[allow(clippy::print_stdout, reason = "it is what the program is for")]
fn tell(line: &str) {
    println!("{line}");
}

/// Reports of as many aircraft as there are documents, or of 100,000 again and again.
fn documents(count: usize) -> Result<Documents, Failure> {
    let airports = Airports::embedded();
    let options = SimulationOptions {
        aircraft: count.min(100_000),
        ..SimulationOptions::default()
    };
    let mut simulation = Simulation::new(&options, &airports)?;
    let mut now = Timestamp::from_seconds(1_700_000_000);
    let mut decoder = AirlabsJson::default();
    let mut documents = Documents::new();
    while documents.len() < count {
        for message in simulation.tick(now).iter() {
            let enriched = decoder.decode(message.value)?.located(&airports);
            let mut json = Vec::new();
            document::encode(&enriched, &mut json);
            let version = u64::try_from(enriched.flight.updated.as_millis())?;
            documents.push((message.key.to_owned(), version, json));
        }
        now = now.plus(options.interval);
    }
    documents.truncate(count);
    Ok(documents)
}

fn bodies(documents: &Documents) -> Vec<Vec<u8>> {
    let mut bodies = vec![Vec::new()];
    let mut held = 0;
    for (id, version, json) in documents {
        let is_full = bodies
            .last()
            .is_some_and(|body| body.len() + json.len() > BULK_BYTES);
        if is_full || held == BULK_DOCUMENTS {
            bodies.push(Vec::new());
            held = 0;
        }
        held += 1;
        if let Some(body) = bodies.last_mut() {
            let action = format!(
                r#"{{"index":{{"_id":"{id}","version":{version},"version_type":"external_gte"}}}}"#
            );
            body.extend_from_slice(action.as_bytes());
            body.push(b'\n');
            body.extend_from_slice(json);
            body.push(b'\n');
        }
    }
    bodies
}

/// Wall and CPU time until every body is answered.
fn send_prepared(
    url: &str,
    index: &str,
    bodies: &[Vec<u8>],
) -> Result<(Duration, Duration), Failure> {
    let address = url.trim_start_matches("http://").trim_end_matches('/');
    let (began, cpu) = (Instant::now(), cpu_time());
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        let senders: Vec<_> = (0..CONNECTIONS)
            .map(|_| scope.spawn(|| send(address, index, bodies, &next)))
            .collect();
        senders.into_iter().try_for_each(|sender| {
            let ended = sender.join().map_err(|_| "a sender panicked");
            ended.map_err(Failure::from).and_then(|sent| sent)
        })
    })?;
    Ok((began.elapsed(), cpu_time().saturating_sub(cpu)))
}

fn send(address: &str, index: &str, bodies: &[Vec<u8>], next: &AtomicUsize) -> Result<(), Failure> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream.try_clone()?);
    while let Some(body) = bodies.get(next.fetch_add(1, Ordering::Relaxed)) {
        let head = format!(
            "POST /{index}/_bulk?filter_path=took,errors HTTP/1.1\r\nHost: {address}\r\n\
             Content-Type: application/x-ndjson\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes())?;
        stream.write_all(body)?;
        let answer = answer(&mut reader)?;
        if !answer.contains("\"errors\":false") {
            return Err(answer.into());
        }
    }
    Ok(())
}

/// A short answer, of a known length or in chunks.
fn answer(reader: &mut BufReader<TcpStream>) -> Result<String, Failure> {
    let mut length = None;
    loop {
        let line = line(reader)?.to_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(text) = line.strip_prefix("content-length:") {
            length = Some(text.trim().parse()?);
        }
    }
    let mut body = Vec::new();
    match length {
        Some(length) => read(reader, length, &mut body)?,
        None => loop {
            let size = usize::from_str_radix(&line(reader)?, 16)?;
            read(reader, size, &mut body)?;
            line(reader)?;
            if size == 0 {
                break;
            }
        },
    }
    Ok(String::from_utf8(body)?)
}

fn line(reader: &mut BufReader<TcpStream>) -> Result<String, Failure> {
    let mut line = String::new();
    reader.read_line(&mut line)?;
    Ok(line.trim_end().to_owned())
}

fn read(reader: &mut BufReader<TcpStream>, size: usize, body: &mut Vec<u8>) -> Result<(), Failure> {
    let start = body.len();
    body.resize(start + size, 0);
    Ok(reader.read_exact(body.get_mut(start..).unwrap_or_default())?)
}

/// The same documents out of a topic, by an app.
fn index_by_sink(
    store: &ElasticStore,
    index: &str,
    documents: &Documents,
) -> Result<(Duration, Duration), Failure> {
    let log: Arc<dyn Log> = Arc::new(MemoryLog::default());
    log.create_topic(&TopicSpec::new("documents", 4))?;
    let mut writer = log.writer(Isolation::Immediate)?;
    for part in documents.chunks(4_096) {
        let records = part.iter().map(|(id, version, json)| {
            let time = Timestamp::from_millis(i64::try_from(*version).unwrap_or(i64::MAX));
            let mut record = Record::new(Raw::from(json.clone()), time);
            record.key = Some(id.clone().into());
            record
        });
        writer.append("documents", records.collect())?;
    }
    let (began, cpu) = (Instant::now(), cpu_time());
    let sink = IndexSink::new(Arc::new(store.clone()), index).bulk(
        BulkOptions::default()
            .max_in_flight(CONNECTIONS)
            .linger(Duration::from_millis(500)),
    );
    let running = App::new("bulk")
        .source(topic("documents").group("bulk").from_earliest())
        .pipeline(|raw, _| raw)
        .sink(sink)
        .commit_every(Duration::from_secs(3))
        .start(&log)?;
    running.wait_until_caught_up()?;
    let wall = began.elapsed();
    let cpu = cpu_time().saturating_sub(cpu);
    running.stop()?;
    Ok((wall, cpu))
}

/// Of this process, in ticks of a hundredth of a second.
fn cpu_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name may hold spaces; the fields after it do not.
    let fields = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace();
    let ticks: u64 = fields
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse::<u64>().ok())
        .sum();
    Duration::from_millis(ticks * 10)
}
