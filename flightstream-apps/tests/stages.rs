//! A stage is described, its stores are kept in a directory, and it begins anew when it is told to.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a helper fails as the test that calls it does"
)]

mod support;

use std::collections::BTreeMap;

use flightstream_core::log::Log;
use serde_json::Value;
use support::{Ended, Place, topics};

const STATISTICS: &str = "statistics-airport";

/// A data directory with an hour of traffic, not processed yet.
fn place() -> Place {
    let place = Place::new();
    let file = place.path().join("reports.ndjson");
    let simulate = [
        "produce",
        "simulate",
        "--aircraft",
        "100",
        "--duration",
        "1h",
    ];
    let to = [
        "--report-interval",
        "60s",
        "--filename",
        file.to_str().unwrap(),
    ];
    place.run([&simulate[..], &to].concat()).succeeded();
    place.replay(&file).succeeded();
    place
}

fn stage(place: &Place, args: &[&str]) -> Ended {
    let (data, state) = (place.data(), place.path().join("state"));
    let directories = [
        "--data",
        data.to_str().unwrap(),
        "--state",
        state.to_str().unwrap(),
    ];
    place.run([args, &directories].concat())
}

fn count(place: &Place, store: &str) {
    stage(
        place,
        &[
            "process",
            "--statistics",
            "airport",
            "--exit-when-done",
            "--store",
            store,
        ],
    )
    .succeeded();
}

/// The newest result of each window, and how many results there are.
fn results(place: &Place) -> (BTreeMap<String, Vec<u8>>, usize) {
    let log = topics::open(&place.data());
    let records: Vec<_> = topics::records(&log, "flight-stats").concat();
    let newest = records
        .iter()
        .filter_map(|record| Some((topics::key(record)?, topics::value(record).to_vec())));
    (
        newest.collect(),
        log.offsets("flight-stats")
            .unwrap()
            .iter()
            .map(|range| range.end as usize)
            .sum(),
    )
}

#[test]
fn a_stage_is_described_without_running() {
    let place = Place::new();
    let text = stage(&place, &["describe"]).succeeded().stdout;
    for part in [
        "app process",
        "topic flight",
        "decode",
        "app index",
        "flight-dlq",
    ] {
        assert!(text.contains(part), "expected {part:?} in\n{text}");
    }
    assert!(!place.data().exists(), "expected no directory to be made");
    let chart = stage(&place, &["describe", STATISTICS, "--format", "mermaid"]).succeeded();
    assert!(chart.stdout.starts_with("flowchart"), "{}", chart.stdout);
    assert!(chart.stdout.contains("flight-stats"), "{}", chart.stdout);
    let json = stage(&place, &["describe", STATISTICS, "--format", "json"]).succeeded();
    let json: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(json["app"], STATISTICS);
    assert!(!json["stores"].as_array().unwrap().is_empty());
}

#[test]
fn a_stage_that_is_reset_counts_everything_once_more() {
    for store in ["memory", "disk"] {
        let place = place();
        count(&place, store);
        let (first, written) = results(&place);
        assert!(first.len() > 50, "expected many windows: {}", first.len());

        count(&place, store);
        assert_eq!(
            results(&place),
            (first.clone(), written),
            "nothing new was there"
        );

        let reset = stage(
            &place,
            &["reset", STATISTICS, "--to", "earliest", "--store", store],
        );
        let reset = reset.succeeded().stdout;
        assert!(reset.contains("entries removed"), "{reset}");
        assert!(reset.contains("flight-0: goes on at 0"), "{reset}");
        count(&place, store);
        let (again, rewritten) = results(&place);
        assert_eq!(again, first);
        assert!(
            rewritten > written,
            "expected {rewritten} to be above {written}"
        );
    }
}

#[test]
fn what_cannot_be_reset_is_refused() {
    let place = Place::new();
    stage(&place, &["reset", "index"]).failed(2, &["rebuilt from its topic"]);
    stage(&place, &["reset", STATISTICS]).failed(2, &["there are no topics"]);
    stage(&place, &["reset", "statistics-all"]).failed(2, &["statistics-airport-hour"]);
    place
        .run([
            "process",
            "--statistics",
            "airport",
            "--store",
            "disk",
            "--exit-when-done",
        ])
        .failed(2, &["--state"]);
}
