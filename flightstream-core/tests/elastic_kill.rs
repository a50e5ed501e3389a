//! A node that is killed while documents come in. A long run:
//!
//! ```sh
//! FLIGHTSTREAM_ELASTIC_AIRCRAFT=100000 FLIGHTSTREAM_ELASTIC_REPORTS=10 FLIGHTSTREAM_ELASTIC_KILLS=10 \
//!     infra/test-services/elasticsearch with -- \
//!     cargo test --release -p flightstream-core --all-features --test elastic_kill -- --nocapture
//! ```

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "helpers of tests may panic too"
)]

mod elastic_node;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use elastic_node::indexing::{Indexing, disordered, fast, newest};
use elastic_node::{eventually, options, variable};

fn number(name: &str, default: usize) -> usize {
    std::env::var(format!("FLIGHTSTREAM_ELASTIC_{name}"))
        .map_or(default, |value| value.parse().expect("a number"))
}

fn node(verb: &str) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../infra/test-services/elasticsearch");
    let dir = variable("_DIR").expect("the node's folder");
    let status = Command::new(script)
        .args([verb, "--dir", &dir])
        .stdout(Stdio::null())
        .status();
    assert!(status.unwrap().success(), "{verb}");
}

#[test]
fn a_killed_node_costs_nothing() {
    let (aircraft, reports) = (number("AIRCRAFT", 4_000), number("REPORTS", 6));
    let kills = number("KILLS", 1);
    let documents = disordered(aircraft, reports);
    let expected = newest(&documents);
    let began = Instant::now();
    let indexing = Indexing::start(&Vec::new(), options(), fast());
    // A share of the documents before each kill, so that there is work in progress at each.
    for (number, share) in documents
        .chunks(documents.len().div_ceil(kills + 1))
        .enumerate()
    {
        indexing.add(&share.to_vec());
        if number < kills {
            let before = indexing.count("indexed");
            eventually("it indexes", || {
                indexing.count("indexed") > before || indexing.running().lag().unwrap() == 0
            });
            node("kill");
            node("start");
        }
    }
    indexing.running().wait_until_caught_up().unwrap();
    let status = indexing.running().status();
    println!(
        "{} documents of {aircraft} aircraft, {kills} kills: {:.1} s, {:?}, {}",
        documents.len(),
        began.elapsed().as_secs_f64(),
        status.counts,
        peak_memory(),
    );
    indexing.ends_as(&expected, 0);
}

fn peak_memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find(|line| line.starts_with("VmHWM"));
    peak.unwrap_or("memory unknown").replace('\t', " ")
}
