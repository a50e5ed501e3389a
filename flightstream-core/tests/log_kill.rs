//! What the embedded log holds after its process was killed in the middle of writing.
#![cfg(feature = "embedded")]
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used
)]

mod log_child;
mod log_fixture;

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::Stdio;

use flightstream_core::batch::{Raw, Record, TopicPartition};
use flightstream_core::log::embedded::{Durability, EmbeddedLog, EmbeddedOptions};
use flightstream_core::log::{Isolation, Log, TopicSpec};
use log_fixture::{offsets, read_all, record};

const RECORDS_A_COMMIT: u64 = 40;

fn options() -> EmbeddedOptions {
    // Small, so that flushes and compactions of the store are under way when the process dies.
    EmbeddedOptions::default()
        .write_buffer_bytes(1024 * 1024)
        .durability(Durability::Never)
}

fn input() -> TopicPartition {
    TopicPartition::new("input", 0)
}

/// Writes until it is killed, and says of each commit when it is done.
#[test]
fn child() {
    let Some(dir) = log_child::directory() else {
        return;
    };
    let log = EmbeddedLog::open(dir, options()).unwrap();
    for spec in [
        TopicSpec::new("input", 1),
        TopicSpec::new("output", 3),
        TopicSpec::new("state", 2).compacted(),
    ] {
        log.create_topic(&spec).unwrap();
    }
    let mut immediate = log.writer(Isolation::Immediate).unwrap();
    let mut transactional = log.writer(Isolation::Transactional).unwrap();
    let mut stdout = std::io::stdout();
    let mut commit = *log
        .committed("g", input().topic())
        .unwrap()
        .get(&input())
        .unwrap_or(&0);
    let mut appended = log.offsets("input").unwrap()[0].end;
    loop {
        immediate
            .append("input", vec![record("k", &format!("{appended}"), 0)])
            .unwrap();
        appended += 1;
        writeln!(stdout, "\nappended {appended}").unwrap();
        let padding = "x".repeat(500);
        let value = |n| format!("{commit} {n} {padding}");
        let records = (0..RECORDS_A_COMMIT).map(|n| record(&format!("{n}"), &value(n), 0));
        let (some, others): (Vec<_>, Vec<_>) =
            records.partition(|record| record.key.as_ref().unwrap().len() == 1);
        transactional.append("output", some).unwrap();
        transactional.append("output", others).unwrap();
        let state = (0..50).map(|n| record(&format!("{n}"), &format!("{commit}"), 0));
        transactional.append("state", state.collect()).unwrap();
        commit += 1;
        transactional.commit("g", &[(input(), commit)]).unwrap();
        writeln!(stdout, "\ncommitted {commit}").unwrap();
    }
}

#[derive(Debug, Default)]
struct Acknowledged {
    appended: u64,
    committed: u64,
}

/// Runs the child until it has committed so many times more, and kills it.
fn run_and_kill(dir: &Path, commits: usize) -> Acknowledged {
    let mut child = log_child::command("child", dir)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut acknowledged = Acknowledged::default();
    let mut seen = 0;
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        let number = |word| {
            line.strip_prefix(word)
                .and_then(|rest: &str| rest.parse().ok())
        };
        if let Some(appended) = number("appended ") {
            acknowledged.appended = appended;
        }
        if let Some(committed) = number("committed ") {
            acknowledged.committed = committed;
            seen += 1;
            if seen == commits {
                // Not waited for: it goes on until the signal arrives, and what it says meanwhile counts too.
                child.kill().unwrap();
            }
        }
    }
    child.wait().unwrap();
    assert!(seen >= commits, "the child ended by itself");
    acknowledged
}

fn check(dir: &Path, acknowledged: &Acknowledged) {
    let log = EmbeddedLog::open(dir, options()).unwrap();
    let appended = read_all(&log, "input", 0);
    assert!(appended.len() as u64 >= acknowledged.appended);
    assert!(appended.len() as u64 <= acknowledged.appended + 1);
    let committed = log.committed("g", input().topic()).unwrap()[&input()];
    assert!(
        committed >= acknowledged.committed,
        "{committed} {acknowledged:?}"
    );
    assert!(committed <= acknowledged.committed + 1);

    let mut output = Vec::new();
    for partition in 0..3 {
        let records = read_all(&log, "output", partition);
        assert_eq!(
            offsets(&records),
            (0..records.len() as u64).collect::<Vec<_>>()
        );
        output.extend(records.iter().map(commit_and_number));
    }
    output.sort_unstable();
    let whole: Vec<_> = (0..committed)
        .flat_map(|commit| (0..RECORDS_A_COMMIT).map(move |n| (commit, n)))
        .collect();
    assert_eq!(output, whole, "every commit is there as a whole, once");

    let mut newest = std::collections::BTreeMap::new();
    for partition in 0..2 {
        for record in read_all(&log, "state", partition) {
            let value = commit_of(&record);
            newest.insert(record.key.unwrap(), value);
        }
    }
    assert_eq!(newest.len(), 50);
    assert!(newest.values().all(|commit| *commit == committed - 1));
}

fn text(record: &Record<Raw>) -> &str {
    std::str::from_utf8(record.value.as_bytes().unwrap()).unwrap()
}

fn commit_of(record: &Record<Raw>) -> u64 {
    text(record).parse().unwrap()
}

fn commit_and_number(record: &Record<Raw>) -> (u64, u64) {
    let mut words = text(record).split(' ');
    let mut number = || words.next().unwrap().parse().unwrap();
    (number(), number())
}

#[test]
fn a_killed_process_leaves_whole_commits() {
    let dir = tempfile::tempdir().unwrap();
    // Round after round in the same directory, so that recovery is recovered from.
    for commits in [1, 2, 3, 57, 20, 131, 1, 89, 250, 33] {
        let acknowledged = run_and_kill(dir.path(), commits);
        check(dir.path(), &acknowledged);
    }
}

#[test]
fn a_process_killed_while_it_creates_the_log_leaves_a_directory_that_opens() {
    for _ in 0..5 {
        let dir = tempfile::tempdir().unwrap();
        let mut child = log_child::command("child", dir.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        while !dir.path().join("lock").exists() {
            std::thread::yield_now();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        EmbeddedLog::open(dir.path(), options()).unwrap();
    }
}
