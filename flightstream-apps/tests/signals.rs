//! Being stopped: what is in flight is finished, and the next start goes on there.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a helper fails as the test that calls it does"
)]
#![cfg(unix)]

mod support;

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::time::{Duration, Instant};

use flightstream_core::log::Log;
use support::{Ended, PATIENCE, Place, Process, http, topics};

/// The deadline of one stage's drain, twice, and some for a busy machine.
const DRAIN: Duration = Duration::from_secs(25);

fn run(place: &Place, args: &[&str]) -> Process {
    let data = place.data();
    let mut all = vec![
        "run",
        "--listen",
        "127.0.0.1:0",
        "--data",
        data.to_str().unwrap(),
    ];
    all.extend(args);
    Process::spawn(place.command(all))
}

/// What the topic holds and how much of it is committed.
fn progress(data: &Path) -> (u64, u64) {
    let log = topics::open(data);
    let sent = log
        .offsets("flight")
        .unwrap()
        .iter()
        .map(|range| range.end)
        .sum();
    (
        sent,
        log.committed("process", "flight").unwrap().values().sum(),
    )
}

fn wait_for_records(process: &mut Process) {
    let address = process.address();
    support::wait_until("records are indexed", || {
        http::get(address, "/api/v1/status").json()["pipeline"]["indexed"].as_u64() > Some(0)
    });
}

#[test]
fn a_signal_drains_and_ends_with_success() {
    for (signal, delivery) in [
        ("TERM", "at-least-once"),
        ("INT", "at-least-once"),
        ("TERM", "exactly-once"),
        ("INT", "exactly-once"),
    ] {
        let place = Place::new();
        let mut process = run(&place, &["--aircraft", "500", "--delivery", delivery]);
        wait_for_records(&mut process);
        process.signal(signal);
        process.wait(DRAIN).succeeded();

        let log = topics::open(&place.data());
        let committed: u64 = log.committed("process", "flight").unwrap().values().sum();
        let count = |topic| {
            topics::records(&log, topic)
                .iter()
                .map(Vec::len)
                .sum::<usize>()
        };
        assert!(
            committed > 0,
            "SIG{signal}: expected something to be committed"
        );
        assert_eq!(
            count("flight-enriched") + count("flight-dlq"),
            usize::try_from(committed).unwrap(),
            "SIG{signal} {delivery}: expected an output for everything that was read, and no more"
        );
    }
}

#[test]
fn who_interrupts_does_not_wait_for_what_is_left_to_do() {
    let place = Place::new();
    let file = place.simulate(
        "flights.ndjson",
        &["--aircraft", "4000", "--duration", "5m"],
    );
    let messages = std::fs::read_to_string(&file).unwrap().lines().count() as u64;
    let began = Instant::now();
    let mut process = Process::spawn(place.command(place.replay_args(&file)));
    wait_for_records(&mut process);
    process.signal("TERM");
    let ended: Ended = process.wait(DRAIN).succeeded();
    let until_stopped = began.elapsed();
    let (sent, committed) = progress(&place.data());
    let report = ended.report();
    report.adds_up();
    assert_eq!(
        report.number("read"),
        committed,
        "expected the report to tell what was committed"
    );
    assert!(
        committed < messages,
        "expected the signal to come before the end, after {until_stopped:?}"
    );
    assert!(sent >= committed, "{sent} {committed}");

    let rest = place.replay(&file).succeeded().report();
    rest.adds_up();
    assert_eq!(
        rest.number("read"),
        messages - committed,
        "expected the next start to go on where this one was"
    );
    assert_eq!(
        progress(&place.data()),
        (messages, messages),
        "expected all once"
    );
}

#[test]
fn a_signal_is_heard_while_the_stages_catch_up_with_a_source_that_has_ended() {
    let place = Place::new();
    let file = place.simulate(
        "flights.ndjson",
        &["--aircraft", "4000", "--duration", "5m"],
    );
    let data = place.data();
    let mut args = vec!["produce", "replay", "--filename", file.to_str().unwrap()];
    args.extend(["--data", data.to_str().unwrap()]);
    place.run(args).succeeded();
    // Everything is sent already, so this run only catches up.
    let mut process = Process::spawn(place.command(place.replay_args(&file)));
    process.address();
    process.signal("TERM");
    let report = process.wait(DRAIN).succeeded().report();
    let (sent, committed) = progress(&data);
    assert_eq!(report.number("read"), committed);
    assert!(
        committed < sent,
        "expected the signal to be heard before all {sent} were read"
    );
}

#[test]
fn a_second_interrupt_ends_at_once() {
    let place = Place::new();
    let mut process = run(&place, &["--aircraft", "20000", "--report-interval", "1s"]);
    wait_for_records(&mut process);
    process.signal("INT");
    process.signal("INT");
    let ended = process.wait(DRAIN).has_no_panic();
    // The first may have ended it before the second came.
    assert!(
        matches!(ended.status.code(), Some(0 | 130)) && ended.status.signal().is_none(),
        "expected the end of an interrupted process: {:?}\n{}",
        ended.status,
        ended.stderr
    );
    let mut again = run(&place, &["--aircraft", "10"]);
    again.address();
    again.signal("TERM");
    again.wait(PATIENCE).succeeded();
}

#[test]
fn producers_and_single_stages_stop_too() {
    let place = Place::new();
    let data = place.data();
    let data = ["--data", data.to_str().unwrap()];
    for (command, started) in [
        (
            &["produce", "simulate", "--aircraft", "100"][..],
            "simulated aircraft",
        ),
        (&["process"], "processing flight"),
        (&["index"], "indexing flight-enriched"),
        (
            &["dashboard", "--listen", "127.0.0.1:0"],
            "showing flight-enriched",
        ),
    ] {
        let mut process = Process::spawn(place.command(command.iter().chain(&data)));
        process.wait_for_line(started);
        process.signal("TERM");
        process.wait(DRAIN).succeeded();
    }
}
