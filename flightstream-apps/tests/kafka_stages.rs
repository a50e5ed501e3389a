//! The stages on a real cluster do what they do on a directory, and Kafka's own clients read and write beside them.
//!
//! ```sh
//! infra/test-services/kafka with -- cargo test -p flightstream-apps --features test-kafka --test kafka_stages
//! ```
//!
//! `FLIGHTSTREAM_REAL_ROWS` names a recorded file to use instead of simulated reports.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a helper fails as the test that calls it does"
)]

mod support;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Mutex, MutexGuard, PoisonError};

use flightstream_core::batch::TopicPartition;
use support::kafka::{Cluster, read};
use support::{Place, Report, value_of};

/// The topics are the cluster's, so one test at a time has them.
fn cluster(place: &Place) -> (Cluster, MutexGuard<'static, ()>) {
    static TURN: Mutex<()> = Mutex::new(());
    let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let cluster = Cluster::of_environment();
    cluster.fresh_topics(place.path(), 4);
    (cluster, turn)
}

/// Recorded reports, or simulated ones with the defects of real feeds.
fn reports(place: &Place) -> PathBuf {
    if let Some(path) = std::env::var_os("FLIGHTSTREAM_REAL_ROWS") {
        return path.into();
    }
    let path = place.path().join("reports.ndjson");
    let simulate = ["produce", "simulate", "--aircraft", "500", "--dirt"];
    let until = ["--duration", "5m", "--filename", path.to_str().unwrap()];
    place.run([&simulate[..], &until].concat()).succeeded();
    path
}

/// Replays, processes and indexes them, without outdated reports, which compaction by offset would prefer: what the
/// processing stage tells, and the documents of the index.
fn stages(place: &Place, reports: &str, log: [&str; 2], delivery: &str) -> (Report, String) {
    let dump = place
        .path()
        .join(format!("{}.ndjson", log[0].trim_matches('-')));
    let run = |args: &[&str]| place.run([args, &log[..]].concat()).succeeded();
    run(&["produce", "replay", "--filename", reports]);
    let ends = ["--exit-when-done", "--report", "json"];
    let process = ["process", "--outdated", "drop", "--delivery", delivery];
    let processed = run(&[&process[..], &ends].concat()).report();
    let index = [
        "index",
        "--forget-after",
        "365d",
        "--dump",
        dump.to_str().unwrap(),
    ];
    run(&[&index[..], &ends].concat());
    (processed, std::fs::read_to_string(dump).unwrap())
}

#[test]
fn a_cluster_has_the_documents_of_a_directory_byte_for_byte() {
    let place = Place::new();
    let (cluster, _turn) = cluster(&place);
    let reports = reports(&place);
    let reports = reports.to_str().unwrap();
    let data = place.data();
    let of_directory = ["--data", data.to_str().unwrap()];
    let (told, documents) = stages(&place, reports, of_directory, "at-least-once");
    assert!(
        documents.lines().count() > 400,
        "{} documents",
        documents.lines().count()
    );
    let of_cluster = ["--kafka", cluster.bootstrap.as_str()];
    let (told_of_cluster, documents_of_cluster) =
        stages(&place, reports, of_cluster, "exactly-once");
    assert!(
        documents == documents_of_cluster,
        "expected the same documents"
    );
    let (directory, cluster) = (&told, &told_of_cluster);
    for counts in ["rejected", "by_type"] {
        assert_eq!(directory.counts(counts), cluster.counts(counts));
    }
    assert_eq!(directory.number("read"), cluster.number("read"));
}

/// A record as Kafka's console client prints it.
#[derive(Debug)]
struct Printed {
    partition: String,
    time: String,
    headers: String,
    key: String,
    value: String,
}

fn consume(cluster: &Cluster, topic: &str, messages: usize) -> Vec<Printed> {
    let output = cluster.tool(&[
        "console-consumer",
        "--topic",
        topic,
        "--from-beginning",
        "--max-messages",
        &messages.to_string(),
        "--timeout-ms",
        "30000",
        "--formatter-property",
        "print.partition=true",
        "--formatter-property",
        "print.timestamp=true",
        "--formatter-property",
        "print.headers=true",
        "--formatter-property",
        "print.key=true",
        "--command-property",
        "isolation.level=read_committed",
    ]);
    let text = String::from_utf8(output.stdout).unwrap();
    let record = |line: &str| {
        let fields: Vec<_> = line.splitn(5, '\t').map(str::to_owned).collect();
        let [time, partition, headers, key, value] = fields.try_into().unwrap();
        Printed {
            partition,
            time,
            headers,
            key,
            value,
        }
    };
    text.lines().map(record).collect()
}

#[test]
fn what_a_java_client_writes_is_processed_and_what_comes_out_is_read_by_it() {
    let place = Place::new();
    let (cluster, _turn) = cluster(&place);
    let keys: Vec<String> = (0..64_u32)
        .map(|number| format!("3C{number:04X}"))
        .collect();
    let report = |key: &String| {
        format!(
            r#"{{"hex":"{key}","lat":50.1,"lng":8.7,"dep_iata":"FRA","arr_iata":"JFK","updated":1706705100}}"#
        )
    };
    let lines: Vec<String> = keys
        .iter()
        .map(|key| format!("source:console\t{key}\t{}\n", report(key)))
        .collect();
    let mut producer = cluster
        .tool_command(&[
            "console-producer",
            "--topic",
            "flight",
            "--reader-property",
            "parse.key=true",
            "--reader-property",
            "parse.headers=true",
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut input = producer.stdin.take().unwrap();
    input.write_all(lines.concat().as_bytes()).unwrap();
    input
        .write_all(b"source:console\t3CFFFF\t{\"hex\":\"3CFFFF\",\"updated\":1706705100}\n")
        .unwrap();
    drop(input);
    assert!(producer.wait().unwrap().success());

    let of_cluster = ["--kafka", cluster.bootstrap.as_str()];
    let process = ["process", "--delivery", "exactly-once", "--exit-when-done"];
    place.run([&process[..], &of_cluster].concat()).succeeded();

    let sent = read(&cluster.log(), "flight");
    let partition_of: BTreeMap<String, String> = (0..)
        .zip(&sent)
        .flat_map(|(number, records): (u32, _)| records.iter().map(move |record| (number, record)))
        .map(|(number, record)| {
            (
                value_of(record.key.as_deref()),
                format!("Partition:{number}"),
            )
        })
        .collect();
    let enriched = consume(&cluster, "flight-enriched", keys.len());
    assert_eq!(enriched.len(), keys.len());
    for record in &enriched {
        assert_eq!(record.time, "CreateTime:1706705100000");
        assert_eq!(
            Some(&record.partition),
            partition_of.get(&record.key),
            "our partitioner and Java's agree"
        );
        let document: serde_json::Value = serde_json::from_str(&record.value).unwrap();
        assert_eq!(document["hex"], record.key.as_str());
        assert_eq!(document["type"], "International");
    }
    let mut found: Vec<_> = enriched.into_iter().map(|record| record.key).collect();
    found.sort();
    assert_eq!(found, keys);

    let dead = consume(&cluster, "flight-dlq", 1);
    assert_eq!(dead[0].key, "3CFFFF");
    for header in [
        "source:console",
        "__flightstream.errors.reason:no_position",
        "__flightstream.errors.topic:flight",
    ] {
        assert!(dead[0].headers.contains(header), "{dead:?}");
    }

    // The other way round: what we write lies where Java's partitioner would have put it.
    let file = place.file(
        "reports.ndjson",
        keys.iter().map(report).collect::<Vec<_>>().join("\n"),
    );
    let replay = ["produce", "replay", "--filename", file.to_str().unwrap()];
    place.run([&replay[..], &of_cluster].concat()).succeeded();
    for (number, records) in (0..).zip(read(&cluster.log(), "flight")) {
        let partition = TopicPartition::new("flight", number);
        for record in records {
            let key = value_of(record.key.as_deref());
            assert_eq!(
                partition_of.get(&key),
                Some(&format!("Partition:{}", partition.partition())),
                "{key}"
            );
        }
    }
}
