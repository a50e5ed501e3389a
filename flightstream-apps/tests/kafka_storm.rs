//! A rebalance storm: processors come and go all the time while records come in, and each output is there once.
//!
//! ```sh
//! infra/test-services/kafka with -- \
//!     cargo test -p flightstream-apps --features test-kafka --test kafka_storm -- --nocapture
//! ```
//!
//! is a short version; `FLIGHTSTREAM_STORM_SECONDS=120` makes a long one.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a helper fails as the test that calls it does"
)]

mod support;

use std::thread;
use std::time::{Duration, Instant};

use flightstream_core::log::Log;
use flightstream_core::log::kafka::KafkaLog;
use support::kafka::{Cluster, Instance, Outcome, feed, number, wait_until_processed};

const PARTITIONS: u32 = 6;
const INSTANCES: usize = 3;
const RECORDS_A_SECOND: u64 = 2_000;
/// Between two that come or go.
const PAUSE: Duration = Duration::from_secs(1);

fn storm(protocol: &str) {
    let seconds = number("FLIGHTSTREAM_STORM_SECONDS", 10);
    let records = seconds * RECORDS_A_SECOND;
    let cluster = Cluster::of_environment();
    let folder = tempfile::tempdir().unwrap();
    cluster.fresh_topics(folder.path(), PARTITIONS);
    let log = cluster.log();
    let feeder = {
        let log = log.clone();
        thread::spawn(move || feed(&log, records, Duration::from_secs(seconds)))
    };
    let protocol_setting = format!("group.protocol={protocol}");
    let args = ["-X", protocol_setting.as_str()];
    let start = |number| Instance::start(&cluster, folder.path(), number, &args);
    let mut instances: Vec<Instance> = (0..INSTANCES).map(start).collect();
    let mut progress = Progress::begin();
    for turn in 0..seconds {
        let until = Instant::now() + PAUSE;
        while Instant::now() < until {
            progress.look(&log);
            thread::sleep(Duration::from_millis(50));
        }
        // One goes as an operator ends it, and another takes its place.
        let number = usize::try_from(turn).unwrap() % INSTANCES;
        instances[number].end();
        instances[number] = start(number);
    }
    feeder.join().unwrap();
    wait_until_processed(&log, &mut instances);
    instances.iter_mut().for_each(Instance::end);
    println!(
        "{protocol}: {seconds} s, {seconds} left and as many joined; {:.1} s without progress at the longest",
        progress.longest.as_secs_f64()
    );
    Outcome::check(&log, records);
}

/// The longest time in which nothing was committed.
struct Progress {
    committed: u64,
    since: Instant,
    longest: Duration,
}

impl Progress {
    fn begin() -> Self {
        Self {
            committed: 0,
            since: Instant::now(),
            longest: Duration::ZERO,
        }
    }

    fn look(&mut self, log: &KafkaLog) {
        let committed: u64 = log.committed("process", "flight").unwrap().values().sum();
        let now = Instant::now();
        self.longest = self.longest.max(now - self.since);
        if committed != self.committed {
            self.committed = committed;
            self.since = now;
        }
    }
}

#[test]
fn processors_come_and_go_by_both_protocols() {
    storm("classic");
    storm("consumer");
}
