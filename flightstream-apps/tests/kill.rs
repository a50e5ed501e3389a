//! Exactly once, whatever moment the process dies at.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a helper fails as the test that calls it does"
)]

mod support;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use flightstream_core::log::Log;
use flightstream_core::producer::files::OFFSETS;
use support::{Ended, PATIENCE, Place, Process, topics};

const KILLS: usize = 50;

/// A small generator of its own, so that a failure can be had again.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

/// Everything that a data directory says, in a form that can be compared.
#[derive(PartialEq, Eq)]
struct State {
    /// Values in order, by key. Messages without one take turns between the partitions, anew at each start: of them only
    /// the values count.
    raw: BTreeMap<Option<String>, Vec<Vec<u8>>>,
    /// Newest value and event time by key: compaction takes the older ones at moments of its own.
    enriched: BTreeMap<String, (i64, Vec<u8>)>,
    /// How many enriched records were ever written, by partition.
    enriched_ends: Vec<u64>,
    /// Values with the reason; the order of the partitions among each other is free.
    dead: Vec<(String, Vec<u8>)>,
    /// How much is read of how much, over all partitions.
    committed: (u64, u64),
}

impl State {
    fn of(place: &Place) -> Self {
        let log = topics::open(&place.data());
        // Compaction comes at moments of its own; afterwards both have been through it.
        log.clean().expect("the log can be cleaned");
        let mut enriched = BTreeMap::new();
        for record in topics::records(&log, "flight-enriched")
            .into_iter()
            .flatten()
        {
            let key = topics::key(&record).expect("enriched records have keys");
            let value = topics::value(&record).to_vec();
            enriched.insert(key, (record.event_time.as_millis(), value));
        }
        let mut raw: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for record in topics::records(&log, "flight").into_iter().flatten() {
            let values = raw.entry(topics::key(&record)).or_default();
            values.push(topics::value(&record).to_vec());
        }
        if let Some(keyless) = raw.get_mut(&None) {
            keyless.sort();
        }
        let dead = topics::records(&log, "flight-dlq").into_iter().flatten();
        let mut dead: Vec<_> = dead
            .map(|record| {
                let reason = topics::error_header(&record, "reason");
                (reason, topics::value(&record).to_vec())
            })
            .collect();
        dead.sort();
        let committed = log
            .committed("process", "flight")
            .expect("the group is known");
        let committed = committed.values().sum();
        Self {
            raw,
            enriched,
            enriched_ends: ends(&log, "flight-enriched"),
            dead,
            committed: (committed, ends(&log, "flight").iter().sum()),
        }
    }
}

fn ends(log: &dyn Log, topic: &str) -> Vec<u64> {
    let ranges = log.offsets(topic).expect("the topic is there");
    ranges.iter().map(|range| range.end).collect()
}

/// How much of the file is sent, and how much of that is processed.
fn progress(place: &Place) -> (u64, u64) {
    let log = topics::open(&place.data());
    let sent = ends(&log, "flight").iter().sum();
    let processed = log
        .committed("process", "flight")
        .expect("groups can be read");
    (sent, processed.values().sum())
}

fn exactly_once(place: &Place, file: &std::path::Path) -> Process {
    let mut args = place.replay_args(file);
    args.extend(["--delivery", "exactly-once", "--forget-after", "36500d"].map(str::to_owned));
    Process::spawn(place.command(args))
}

#[test]
fn fifty_kills_leave_what_an_undisturbed_run_leaves() {
    let calm = Place::new();
    let file = calm.simulate(
        "flights.ndjson",
        &["--aircraft", "4000", "--duration", "5m", "--dirt"],
    );
    let messages = std::fs::read_to_string(&file).unwrap().lines().count() as u64;
    let began = Instant::now();
    let undisturbed: Ended = exactly_once(&calm, &file).wait(PATIENCE * 2).succeeded();
    let calm_time = began.elapsed();
    let report = undisturbed.report();
    report.adds_up();
    assert_eq!(report.number("read"), messages, "expected all to be read");

    let rough = Place::new();
    let mut random = Random(0x5eed_f11e_5eed_f11e);
    let (mut in_work, mut before) = (0, (0, 0));
    // Messages a millisecond, as seen so far: the moments share out what is left to do, so that most kills hit work.
    let mut rate = messages as f64 / calm_time.as_millis() as f64;
    let mut worked = Duration::ZERO;
    for kill in 0..KILLS {
        let mut process = exactly_once(&rough, &file);
        // Some die while they start, most a moment after they have.
        let has_started = kill % 7 != 0;
        if has_started {
            process.address();
        }
        let share = (messages - before.0) as f64 / (KILLS - kill) as f64;
        let longest = (1.6 * share / rate).clamp(5.0, 2_000.0);
        let moment = Duration::from_millis(random.below(longest as u64));
        worked += moment;
        let deadline = Instant::now() + moment;
        while Instant::now() < deadline && process.is_running() {
            std::thread::sleep(Duration::from_millis(1));
        }
        process.kill();
        if has_started {
            let after = progress(&rough);
            in_work += usize::from(after.0 < messages || after.1 < after.0);
            assert!(
                after.0 >= before.0 && after.1 >= before.1,
                "expected that nothing committed is lost: {before:?} → {after:?}"
            );
            before = after;
            rate = rate.max(after.0 as f64 / (worked.as_millis() as f64).max(1.0));
        }
    }
    println!(
        "{in_work} of {KILLS} kills hit work; {before:?} of {messages} done before the last run; \
         undisturbed {calm_time:?}, in all {:?}",
        began.elapsed()
    );
    assert!(
        in_work >= KILLS * 7 / 10,
        "expected most kills to hit work in progress, but only {in_work} did"
    );
    exactly_once(&rough, &file).wait(PATIENCE * 2).succeeded();

    let (expected, found) = (State::of(&calm), State::of(&rough));
    assert_eq!(
        expected.raw.values().map(Vec::len).sum::<usize>() as u64,
        messages,
        "expected the undisturbed run to hold every message"
    );
    assert!(expected.raw == found.raw, "expected the same raw messages");
    assert_eq!(
        expected.dead.len(),
        found.dead.len(),
        "expected as many dead letters"
    );
    assert!(
        expected.dead == found.dead,
        "expected the same dead letters"
    );
    assert_eq!(
        expected.committed, found.committed,
        "expected the same offsets"
    );
    assert_eq!(
        expected.enriched_ends, found.enriched_ends,
        "expected each enriched record to be written once"
    );
    assert!(
        expected.enriched == found.enriched,
        "expected the same newest enriched record of each aircraft"
    );
    assert!(
        calm.index() == rough.index(),
        "expected the same documents in the index"
    );
    assert!(
        ends(&topics::open(&rough.data()), OFFSETS).len() == 1,
        "expected the replay's progress in a topic of one partition"
    );
}
