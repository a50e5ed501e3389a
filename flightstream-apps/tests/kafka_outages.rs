//! What becomes of a cluster's outages: brokers away, no quorum, a full disk. Work stops, goes on when it can, and each
//! output is there once.
//!
//! ```sh
//! infra/test-services/kafka with 3 -- \
//!     cargo test -p flightstream-apps --features test-kafka --test kafka_outages -- --nocapture
//! ```
//!
//! is a short version; `FLIGHTSTREAM_OUTAGE_SECONDS=60` makes long outages.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a helper fails as the test that calls it does"
)]

mod support;

use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use support::kafka::{Cluster, Instance, Outcome, feed, number, wait_until_processed};

const PARTITIONS: u32 = 6;
const RECORDS: u64 = 20_000;
/// Before and after an outage, so that work is in progress at both.
const CALM: Duration = Duration::from_secs(3);

/// Two processors at work, an outage in the middle of it, and what is there at the end.
fn outage(name: &str, begin: impl FnOnce(&Cluster), end: impl FnOnce(&Cluster)) {
    let cluster = Cluster::of_environment();
    assert_eq!(cluster.brokers, 3, "this test needs three brokers");
    let seconds = number("FLIGHTSTREAM_OUTAGE_SECONDS", 8);
    let folder = tempfile::tempdir().unwrap();
    cluster.fresh_topics(folder.path(), PARTITIONS);
    let log = cluster.log();
    let over = CALM * 2 + Duration::from_secs(seconds);
    let feeder = {
        let log = log.clone();
        thread::spawn(move || feed(&log, RECORDS, over))
    };
    let start = |number| Instance::start(&cluster, folder.path(), number, &[]);
    let mut instances: Vec<Instance> = (0..2).map(start).collect();
    thread::sleep(CALM);
    begin(&cluster);
    thread::sleep(Duration::from_secs(seconds));
    end(&cluster);
    let back = Instant::now();
    feeder.join().unwrap();
    wait_until_processed(&log, &mut instances);
    let behind = back.elapsed().as_secs_f64();
    instances.iter_mut().for_each(Instance::end);
    println!("{name} for {seconds} s; everything was processed {behind:.1} s after it");
    Outcome::check(&log, RECORDS);
}

fn each(cluster: &Cluster, verb: &str, brokers: &[u64]) {
    brokers
        .iter()
        .for_each(|broker| cluster.command(verb, *broker));
}

#[test]
fn nothing_is_lost_or_repeated_by_outages() {
    // One of them coordinates the group, one the transactions.
    for broker in 1..=3 {
        outage(
            &format!("broker {broker} was away"),
            |cluster| each(cluster, "kill", &[broker]),
            |cluster| each(cluster, "start", &[broker]),
        );
    }
    outage(
        "two of three brokers were away, so there was no quorum",
        |cluster| each(cluster, "kill", &[1, 3]),
        |cluster| each(cluster, "start", &[1, 3]),
    );
    outage(
        "all brokers were frozen",
        |cluster| each(cluster, "pause", &[1, 2, 3]),
        |cluster| each(cluster, "resume", &[1, 2, 3]),
    );
    outage(
        "the disk of a broker was full",
        // What a full disk does to a broker: no file grows any more.
        |cluster| limit_files(cluster, 2, 64 << 10),
        |cluster| {
            // It has given up by itself, or has nothing to write.
            cluster.command("kill", 2);
            cluster.command("start", 2);
        },
    );
}

fn limit_files(cluster: &Cluster, broker: u64, bytes: u64) {
    let pid = cluster.pid(broker);
    let limited = Command::new("prlimit")
        .args(["--pid", &pid, &format!("--fsize={bytes}")])
        .status()
        .expect("there is a command `prlimit`, of util-linux");
    assert!(limited.success());
}
