//! Copies a topic to another as fast as the client allows, without looking at the records: what a pipeline on Kafka is
//! compared with. `kafka_copy BOOTSTRAP FROM TO [exactly-once]`

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use flightstream_core::log::kafka::{KafkaLog, KafkaOptions};
use flightstream_core::log::{Assignment, Isolation, Log, PartitionReader, Start, Subscription};

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut argument = |name| arguments.next().ok_or(format!("{name} is missing"));
    let (bootstrap, from, to) = (argument("BOOTSTRAP")?, argument("FROM")?, argument("TO")?);
    let (isolation, interval) = match argument("").as_deref() {
        Ok("exactly-once") => (Isolation::Transactional, Duration::from_millis(100)),
        _ => (Isolation::Immediate, Duration::from_secs(1)),
    };
    let log = KafkaLog::open(KafkaOptions::new(bootstrap))?;
    let mut writer = log.writer(isolation)?;
    let group = format!("copy-{from}-{to}-{}", std::process::id());
    let mut subscriber = log.subscribe(&Subscription {
        group: group.clone(),
        topic: from.clone(),
        start: Start::Earliest,
    })?;
    let ends: Vec<u64> = log.offsets(&from)?.iter().map(|range| range.end).collect();
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut cx = Context::from_waker(&waker);
    let mut readers: Vec<Box<dyn PartitionReader>> = Vec::new();
    let (mut copied, mut committed) = (0, Instant::now());
    let mut positions = BTreeMap::new();
    let mut started = None;
    loop {
        while let Poll::Ready(change) = subscriber.poll_assignment(&mut cx) {
            if let Assignment::Assigned(assigned) = change? {
                started.get_or_insert_with(Instant::now);
                readers.extend(assigned);
            }
        }
        let mut has_moved = false;
        for reader in &mut readers {
            if let Poll::Ready(records) = reader.poll_fetch(&mut cx, 1024) {
                let records = records?;
                copied += records.len();
                has_moved = true;
                writer.append(&to, records)?;
            }
            positions.insert(reader.topic_partition().clone(), reader.position());
        }
        let is_done = positions.len() == ends.len()
            && positions
                .values()
                .zip(&ends)
                .all(|(position, end)| position >= end);
        if is_done || committed.elapsed() >= interval {
            let offsets: Vec<_> = positions.clone().into_iter().collect();
            writer.commit(&group, &offsets)?;
            committed = Instant::now();
        }
        if is_done {
            break;
        }
        if !has_moved {
            thread::park_timeout(Duration::from_millis(50));
        }
    }
    let seconds = started.map_or(0.0, |started| started.elapsed().as_secs_f64());
    #[allow(clippy::cast_precision_loss, reason = "a rate to look at")]
    let rate = copied as f64 / seconds;
    #[allow(clippy::print_stdout, reason = "it is what the program is for")]
    {
        println!("{copied} records in {seconds:.2} s: {rate:.0} records/s");
    }
    Ok(())
}
