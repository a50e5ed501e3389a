//! The stages beside a real Elasticsearch or OpenSearch.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a helper fails as the test that calls it does"
)]

mod support;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;

use serde_json::Value;
use support::elastic::{index_name, options};
use support::{PATIENCE, Place, Process, http, wait_until};

/// Traffic in a file. Nothing of it is too old.
fn traffic(place: &Place, aircraft: &str) -> std::path::PathBuf {
    let aircraft = ["--aircraft", aircraft, "--duration", "2m", "--dirt"];
    place.simulate("flights.ndjson", &aircraft)
}

/// `index --elastic`, with the documents of the index at its end in `index.ndjson`.
fn index_args(place: &Place, index: &str) -> Vec<String> {
    let data = place.data().display().to_string();
    let dump = place.path().join("elastic.ndjson").display().to_string();
    let args = ["index", "--data", &data, "--dump", &dump];
    let args = args.into_iter().chain(["--forget-after", "36500d"]);
    let mut args: Vec<String> = args.map(str::to_owned).collect();
    args.extend(options(place, index));
    args
}

fn documents(path: &Path) -> BTreeMap<String, Value> {
    let text = std::fs::read_to_string(path).expect("the dump is written");
    let documents = text.lines().map(|line| {
        let document: Value = serde_json::from_str(line).expect("documents are JSON");
        (document["hex"].as_str().unwrap().to_owned(), document)
    });
    documents.collect()
}

/// Indexes what is left to index, and returns what the cluster holds then.
#[track_caller]
fn indexed(place: &Place, index: &str, more: &[&str]) -> BTreeMap<String, Value> {
    let mut args = index_args(place, index);
    args.push("--exit-when-done".to_owned());
    args.extend(more.iter().map(|arg| (*arg).to_owned()));
    place.run(args).succeeded();
    documents(&place.path().join("elastic.ndjson"))
}

/// Texts and numbers as both stores print them.
#[track_caller]
fn assert_same(elastic: &BTreeMap<String, Value>, embedded: &BTreeMap<String, Value>) {
    assert!(!embedded.is_empty(), "expected documents");
    assert_eq!(
        elastic.keys().collect::<Vec<_>>(),
        embedded.keys().collect::<Vec<_>>()
    );
    for (hex, document) in embedded {
        for field in [
            "updated",
            "type",
            "status",
            "reg_number",
            "dep_iata",
            "flag",
        ] {
            assert_eq!(elastic[hex][field], document[field], "{hex} {field}");
        }
        for field in ["speed", "alt"] {
            let numbers = [&elastic[hex][field], &document[field]].map(Value::as_f64);
            match numbers {
                [Some(one), Some(other)] => assert!((one - other).abs() < 0.01, "{hex} {field}"),
                _ => assert_eq!(numbers[0], numbers[1], "{hex} {field}"),
            }
        }
    }
}

fn get(address: SocketAddr, path: &str) -> Value {
    http::get(address, path).is(200).json()
}

/// A dashboard that shows as many aircraft.
fn dashboard(place: &Place, args: &[String], total: usize) -> (Process, SocketAddr) {
    let own = ["dashboard", "--listen", "127.0.0.1:0"];
    let own = own.into_iter().chain(["--forget-after", "36500d"]);
    let mut all: Vec<String> = own.map(str::to_owned).collect();
    all.extend_from_slice(args);
    let mut process = Process::spawn(place.command(all));
    let address = process.address();
    wait_until("all aircraft are shown", || {
        get(address, "/api/v1/status")["total"] == total
    });
    (process, address)
}

#[test]
fn the_dashboard_over_elasticsearch_shows_what_the_one_over_the_topics_shows() {
    let place = Place::new();
    place.replay(&traffic(&place, "500")).succeeded();
    let name = index_name();
    let elastic = indexed(&place, &name, &[]);
    assert_same(&elastic, &place.index());

    let data = ["--data".to_owned(), place.data().display().to_string()];
    let questions = [
        "/api/v1/stats/summary",
        "/api/v1/stats",
        "/api/v1/stats/treemap",
        "/api/v1/stats/airports",
        "/api/v1/stats/speeds",
        "/api/v1/flights?sort=hex&limit=50",
        "/api/v1/flights?status=en-route&limit=3&sort=-speed",
    ];
    // One after the other: of a directory there can be one dashboard.
    let answers = |args: &[String]| {
        let (process, address) = dashboard(&place, args, elastic.len());
        let answers = questions.map(|question| {
            let answer = http::get(address, question);
            (question, answer.status, without_moments(&answer.json()))
        });
        process.kill();
        answers
    };
    let (over_topics, over_elastic) = (answers(&data), answers(&options(&place, &name)));
    for (one, other) in over_topics.iter().zip(&over_elastic) {
        assert_eq!(one.1, 200, "{one:?}");
        assert_eq!(one, other);
    }
}

/// An answer without what differs from one process to the next.
fn without_moments(answer: &Value) -> Value {
    let mut answer = answer.clone();
    if let Some(fields) = answer.as_object_mut() {
        for name in ["now", "version", "took"] {
            fields.remove(name);
        }
    }
    answer
}

#[test]
fn the_dashboard_follows_an_index_that_is_made_and_filled_later() {
    let place = Place::new();
    let name = index_name();
    let mut args = vec!["dashboard".to_owned()];
    args.extend(["--listen", "127.0.0.1:0", "--forget-after", "36500d"].map(str::to_owned));
    args.extend(options(&place, &name));
    let mut process = Process::spawn(place.command(args));
    process.wait_for_line("no such index");
    let address = process.address();
    assert_eq!(get(address, "/api/v1/status")["total"], 0);

    place.replay(&traffic(&place, "100")).succeeded();
    let elastic = indexed(&place, &name, &[]);
    wait_until("all aircraft are shown", || {
        get(address, "/api/v1/status")["total"] == elastic.len()
    });
    let status = get(address, "/api/v1/status");
    assert_eq!(status["pipeline"]["indexed"], elastic.len());
    process.signal("TERM");
    process.wait(PATIENCE).succeeded();
}

#[test]
fn run_indexes_into_a_cluster_as_well() {
    let place = Place::new();
    let name = index_name();
    let mut args = place.replay_args(&traffic(&place, "200"));
    args.extend(["--forget-after", "36500d"].map(str::to_owned));
    args.extend(options(&place, &name));
    place.run(args).succeeded();
    let embedded = place.index();
    // Nothing is left to do for it, and nothing is to be read again.
    let mut again = index_args(&place, &name);
    again.extend(["--exit-when-done", "--report", "json"].map(str::to_owned));
    let again = place.run(again).succeeded().report();
    assert_eq!(again.number("read"), 0);
    let elastic = documents(&place.path().join("elastic.ndjson"));
    assert_same(&elastic, &embedded);
}

#[test]
fn an_index_is_built_anew_behind_its_name() {
    let place = Place::new();
    place.replay(&traffic(&place, "200")).succeeded();
    let name = index_name();
    let first = indexed(&place, &name, &[]);
    let second = indexed(&place, &name, &["--reindex"]);
    assert_eq!(first, second);
    let third = indexed(&place, &name, &["--reindex"]);
    assert_eq!(first, third);
}

#[test]
fn an_indexer_that_is_killed_again_and_again_ends_with_the_same_documents() {
    const KILLS: u64 = 10;
    let place = Place::new();
    let all = ["--aircraft", "4000", "--duration", "5m", "--dirt"];
    let file = place.simulate("flights.ndjson", &all);
    place.replay(&file).succeeded();
    let name = index_name();
    let mut began = 0;
    for kill in 0..KILLS {
        let mut process = Process::spawn(place.command(index_args(&place, &name)));
        process.wait_for_line("indexing flight-enriched");
        // At moments of their own, from before the first bulk to after a commit.
        std::thread::park_timeout(std::time::Duration::from_millis(40 * kill * kill));
        began += u64::from(process.is_running());
        process.kill();
    }
    assert_eq!(began, KILLS, "expected all of them at work when killed");
    assert_same(&indexed(&place, &name, &[]), &place.index());
}

/// Not the node's.
const PASSWORD: &str = "not-the-password";

#[test]
fn a_wrong_password_and_a_wrong_certificate_are_told_in_a_sentence() {
    let place = Place::new();
    let mut args = index_args(&place, &index_name());
    let option = |name: &str, args: &[String]| {
        let at = args.iter().position(|arg| arg == name);
        at.expect("the node has TLS and users: start it with --tls")
    };
    let at = option("--elastic-password-file", &args);
    args[at + 1] = place
        .file("wrong", "not-the-password")
        .display()
        .to_string();
    for command in ["index", "dashboard"] {
        let mut args = args.clone();
        command.clone_into(&mut args[0]);
        if command == "dashboard" {
            args.drain(1..5);
            args.extend(["--listen", "127.0.0.1:0"].map(str::to_owned));
        }
        let ended = place.run(&args).failed(1, &["--elastic:", "401"]);
        assert!(!ended.stderr.contains(PASSWORD));
    }
    let at = option("--elastic-ca", &args);
    args[at + 1] = place
        .file("other.pem", "no certificate")
        .display()
        .to_string();
    place.run(&args).failed(2, &["--elastic"]);
}
