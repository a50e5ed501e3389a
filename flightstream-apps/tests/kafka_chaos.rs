//! Exactly once on a real cluster, whatever dies: three brokers, three processors, and a hand that kills, stops and
//! freezes any of them, and takes away the network before a broker, while records come in.
//!
//! ```sh
//! infra/test-services/kafka with 3 --proxied -- \
//!     cargo test -p flightstream-apps --features test-kafka --test kafka_chaos -- --nocapture
//! ```
//!
//! is a short version. A long one, with the seed to have it again:
//!
//! ```sh
//! FLIGHTSTREAM_CHAOS_RECORDS=1000000 FLIGHTSTREAM_CHAOS_BLOWS=100 FLIGHTSTREAM_CHAOS_SEED=7 \
//!     infra/test-services/kafka with 3 --proxied -- \
//!     cargo test --release -p flightstream-apps --features test-kafka --test kafka_chaos -- --nocapture
//! ```
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
use std::time::Duration;

use flightstream_core::time::{Clock as _, SystemClock};
use support::kafka::{Cluster, Instance, Outcome, Random, feed, number, wait_until_processed};
use support::network::Network;

const PARTITIONS: u32 = 6;
const INSTANCES: usize = 3;
const BROKERS: u64 = 3;
/// Between two blows, so that work is in progress at each.
const BREATH: Duration = Duration::from_millis(2500);
/// How long what is frozen stays so: longer than a session of the group, shorter than the test's patience.
const FREEZE: Duration = Duration::from_secs(8);
/// Shorter than a freeze, so that what is frozen is replaced.
const SESSION: [&str; 4] = [
    "-X",
    "session.timeout.ms=6000",
    "-X",
    "heartbeat.interval.ms=1500",
];

#[test]
fn every_output_is_there_once_whatever_dies() {
    let records = number("FLIGHTSTREAM_CHAOS_RECORDS", 25_000);
    let blows = number("FLIGHTSTREAM_CHAOS_BLOWS", 5);
    // The first five blows of this one are of five kinds.
    let seed = number("FLIGHTSTREAM_CHAOS_SEED", 317);
    println!("{records} records, {blows} blows, seed {seed}");

    let cluster = Cluster::of_environment();
    assert_eq!(cluster.brokers, BROKERS, "this test needs three brokers");
    let folder = tempfile::tempdir().unwrap();
    cluster.fresh_topics(folder.path(), PARTITIONS);
    let log = cluster.log();
    let network = Network::of_environment();
    let proxied = network.cluster();
    let start = |number: usize| {
        let name = format!("processor-{number}");
        let kept = folder.path().join(format!("state-{number}"));
        let kept = kept.to_str().unwrap();
        // Stores that are read back whole, from copies that a kill leaves behind, and that were on disk.
        let state: &[&str] = match number {
            0 => &[],
            1 => &["--state", kept],
            _ => &["--state", kept, "--store", "disk"],
        };
        let args = [&["--instance", &name], &SESSION[..], state].concat();
        Instance::start(&proxied, folder.path(), number, &args)
    };

    let feeder = {
        let log = log.clone();
        let over = BREATH * u32::try_from(blows).unwrap();
        thread::spawn(move || feed(&log, records, over))
    };
    let mut instances: Vec<Instance> = (0..INSTANCES).map(start).collect();
    let mut random = Random(seed | 1);
    for blow in 1..=blows {
        thread::sleep(BREATH);
        let number = usize::try_from(random.below(INSTANCES as u64)).unwrap();
        let broker = 1 + random.below(BROKERS);
        let what = match random.below(11) {
            0..=4 => {
                instances[number].kill();
                instances[number] = start(number);
                format!("kill -9 of instance {number}")
            }
            5 => {
                instances[number].end();
                instances[number] = start(number);
                format!("restart of instance {number}")
            }
            6 => {
                instances[number].signal("STOP");
                thread::sleep(FREEZE);
                instances[number].signal("CONT");
                format!("freeze of instance {number}")
            }
            7 | 8 => {
                cluster.command("kill", broker);
                cluster.command("start", broker);
                format!("kill -9 of broker {broker}")
            }
            9 => {
                network.cut(broker);
                thread::sleep(FREEZE);
                network.mend(broker);
                format!("no network before broker {broker}")
            }
            _ => {
                cluster.command("pause", broker);
                thread::sleep(FREEZE);
                cluster.command("resume", broker);
                format!("freeze of broker {broker}")
            }
        };
        println!("{} {blow}: {what}", SystemClock.now());
    }
    feeder.join().unwrap();
    wait_until_processed(&log, &mut instances);
    instances.iter_mut().for_each(Instance::end);

    Outcome::check(&log, records);
}
