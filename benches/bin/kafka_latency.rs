//! How long it takes from a report's being produced to its being read enriched, in the latency profile and at a steady
//! rate. `kafka_latency BOOTSTRAP RECORDS_PER_SECOND SECONDS`

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use flightstream_core::batch::{Raw, Record, TopicPartition};
use flightstream_core::flight::pipelines::{AIRPORTS, Documents, enriched};
use flightstream_core::flight::simulation::{Messages, Simulation, SimulationOptions};
use flightstream_core::log::kafka::{KafkaLog, KafkaOptions, Profile};
use flightstream_core::log::{Isolation, Log, TopicSpec};
use flightstream_core::runtime::{App, topic};
use flightstream_core::table::{Airports, SharedTable};
use flightstream_core::time::Timestamp;

const PARTITIONS: u32 = 4;
/// Until then the group forms, which takes 3 s, and what came meanwhile is worked off.
const WARM_UP: Duration = Duration::from_secs(10);

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut argument = |name| arguments.next().ok_or(format!("{name} is missing"));
    let bootstrap = argument("BOOTSTRAP")?;
    let rate: u32 = argument("RECORDS_PER_SECOND")?.parse()?;
    let seconds: u64 = argument("SECONDS")?.parse()?;
    let open = || KafkaLog::open(KafkaOptions::new(bootstrap.as_str()).profile(Profile::Latency));
    let log: Arc<dyn Log> = Arc::new(open()?);
    let run = std::process::id();
    let (input, output) = (format!("latency-in-{run}"), format!("latency-out-{run}"));
    for name in [&input, &output] {
        log.create_topic(&TopicSpec::new(name, PARTITIONS))?;
    }
    let running = App::new("latency")
        .source(topic(&input).group(format!("latency-{run}")))
        .table(AIRPORTS, SharedTable::new(Airports::embedded()))
        .pipeline(enriched)
        .sink(topic(&output).encoded(Documents))
        .start(&log)?;

    let began = Instant::now();
    let ended = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..PARTITIONS)
        .map(|number| {
            let (log, ended) = (Arc::clone(&log), Arc::clone(&ended));
            let partition = TopicPartition::new(output.as_str(), number);
            thread::spawn(move || measure(&*log, &partition, began, &ended))
        })
        .collect();
    produce(&open()?, &input, rate, Duration::from_secs(seconds), began)?;
    running.wait_until_caught_up()?;
    ended.store(true, Ordering::Release);
    let mut latencies = Vec::new();
    for reader in readers {
        latencies.extend(reader.join().map_err(|_| "a reader panicked")?);
    }
    running.stop()?;
    latencies.sort_unstable();
    let at = |share: usize| {
        let index = (latencies.len() * share / 1000).min(latencies.len().saturating_sub(1));
        latencies
            .get(index)
            .copied()
            .unwrap_or_default()
            .as_secs_f64()
            * 1000.0
    };
    #[allow(clippy::print_stdout, reason = "it is what the program is for")]
    {
        println!(
            "{} records at {rate}/s: p50 {:.2} ms, p90 {:.2} ms, p99 {:.2} ms, p99.9 {:.2} ms, most {:.2} ms",
            latencies.len(),
            at(500),
            at(900),
            at(990),
            at(999),
            at(1000),
        );
    }
    Ok(())
}

/// Produces a few records each millisecond. Each has the time it was produced at in a header, which pipelines keep.
fn produce(
    log: &KafkaLog,
    topic: &str,
    rate: u32,
    duration: Duration,
    began: Instant,
) -> Result<(), Box<dyn Error>> {
    let options = SimulationOptions {
        aircraft: 10_000,
        interval: Duration::from_secs(5),
        ..SimulationOptions::default()
    };
    let simulation = Simulation::new(&options, &Airports::embedded())?;
    let mut messages = Messages::default();
    let from = Timestamp::from_seconds(1_700_000_000);
    simulation.messages_between(from, from.plus(Duration::from_secs(60)), &mut messages);
    let messages: Vec<_> = messages
        .iter()
        .map(|message| (message.key.to_owned(), message.value.to_vec()))
        .collect();
    let mut next = messages.iter().cycle();
    let mut writer = log.writer(Isolation::Immediate)?;
    let started = Instant::now();
    let mut sent = 0_u64;
    while started.elapsed() < duration {
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a count of records"
        )]
        let due = (started.elapsed().as_secs_f64() * f64::from(rate)) as u64;
        let mut batch = Vec::new();
        while sent < due {
            let Some((key, value)) = next.next() else {
                break;
            };
            let mut record = Record::new(Raw::from(value.clone()), from);
            record.key = Some(key.clone().into());
            let now = u64::try_from(began.elapsed().as_nanos())?;
            record.headers.push("produced", now.to_le_bytes().to_vec());
            batch.push(record);
            sent += 1;
        }
        if !batch.is_empty() {
            writer.append(topic, batch)?;
        }
        thread::sleep(Duration::from_millis(1));
    }
    writer.commit("", &[])?;
    Ok(())
}

fn measure(
    log: &dyn Log,
    partition: &TopicPartition,
    began: Instant,
    ended: &AtomicBool,
) -> Vec<Duration> {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut cx = Context::from_waker(&waker);
    let mut latencies = Vec::new();
    let Ok(mut reader) = log.partition_reader(partition, 0) else {
        return latencies;
    };
    while !ended.load(Ordering::Acquire) {
        match reader.poll_fetch(&mut cx, 4096) {
            Poll::Ready(Ok(records)) => {
                let now = began.elapsed();
                for record in records {
                    let produced = record.headers.get("produced");
                    let produced = produced.and_then(|bytes| <[u8; 8]>::try_from(&bytes[..]).ok());
                    let produced =
                        Duration::from_nanos(u64::from_le_bytes(produced.unwrap_or_default()));
                    if produced >= WARM_UP {
                        latencies.push(now.saturating_sub(produced));
                    }
                }
            }
            Poll::Ready(Err(_)) => return latencies,
            Poll::Pending => thread::park_timeout(Duration::from_millis(20)),
        }
    }
    latencies
}
