//! Punctuation against a model that looks at the whole input, with random disorder and random batch cuts, and by the
//! clock.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what goes wrong in a test should end it"
)]

mod oracle;

use std::time::Duration;

use flightstream_core::batch::{Batch, Raw, Record, Rejection};
use flightstream_core::operator::PunctuationType;
use flightstream_core::runtime::TaskContext;
use flightstream_core::store::{KeyValueStore, StoreHandle};
use flightstream_core::testing::{TestDriver, laws, restart};
use flightstream_core::time::Timestamp;
use flightstream_core::{Records, from_batches};
use futures::executor::block_on;
use oracle::{Input, batches, cuts, input};
use proptest::prelude::*;

type Store = StoreHandle<KeyValueStore<PunctuationType, Timestamp>>;

const INTERVAL: i64 = 30;

/// What comes out: a record by its position, or a multiple of the interval in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Event {
    Record(usize),
    Time(i64),
}

fn seconds(n: i64) -> Duration {
    Duration::from_secs(n.unsigned_abs())
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_seconds(second)
}

fn events(records: impl Records<Record = usize>, store: Store) -> impl Records<Record = Event> {
    records.punctuate(
        store,
        PunctuationType::StreamTime,
        seconds(INTERVAL),
        |record, output| {
            let (position, rest) = record.take_value();
            output.push(rest.with_value(Event::Record(position)));
        },
        |time, output| output.push(Record::new(Event::Time(time.as_seconds()), time)),
    )
}

fn model(input: &[Input]) -> Vec<Event> {
    let mut events = Vec::new();
    for (position, (time, _)) in input.iter().enumerate() {
        let newest_before = input[..position].iter().map(|(time, _)| *time).max();
        if newest_before.is_some_and(|before| before / INTERVAL < time / INTERVAL) {
            events.push(Event::Time(time / INTERVAL * INTERVAL));
        }
        events.push(Event::Record(position));
    }
    events
}

proptest! {
    #[test]
    fn stream_time_agrees_with_the_model(input in input(), cuts in cuts()) {
        let records = from_batches(batches(&input, &cuts)).map(|(_, position)| position);
        let out = block_on(events(records, Store::unlogged("times")).collect_values()).unwrap();
        prop_assert_eq!(out, model(&input));
    }
}

/// Records of the harness are a second apart; here they jump.
fn jumping(records: impl Records<Record = u8>, store: Store) -> impl Records<Record = Event> {
    let records = records.event_time(|n| at(i64::from(*n))).map(usize::from);
    events(records, store)
}

#[test]
fn keeps_the_laws() {
    laws::check(&any::<u8>(), |records| {
        jumping(records, Store::unlogged("times"))
    })
    .unwrap();
}

#[test]
fn a_restart_neither_repeats_nor_forgets_a_call() {
    restart::check(&any::<u8>(), jumping).unwrap();
}

#[test]
fn what_it_puts_out_belongs_to_the_record_that_brought_it_about() {
    let input = [(10, 0), (20, 0), (40, 0)];
    let records = from_batches(batches(&input, &[])).map(|(_, position)| position);
    let out = block_on(events(records, Store::unlogged("times")).collect_batches()).unwrap();
    let origins = out.iter().flat_map(Batch::records);
    let origins = origins.map(|record| (record.origin, record.value));
    assert_eq!(
        origins.collect::<Vec<_>>(),
        [
            (0, Event::Record(0)),
            (1, Event::Record(1)),
            (2, Event::Time(30)),
            (2, Event::Record(2))
        ]
    );
}

/// Every minute by the clock, how many records have come so far.
fn totals(raw: impl Records<Record = Raw>, cx: TaskContext) -> impl Records<Record = (i64, u64)> {
    let counts = cx.store::<KeyValueStore<String, u64>>("counts");
    let so_far = counts.clone();
    raw.decode(|bytes: &[u8]| {
        String::from_utf8(bytes.to_vec()).map_err(|_| Rejection::new("not_utf8"))
    })
    .punctuate(
        cx.store("minutes"),
        PunctuationType::WallClockTime,
        seconds(60),
        move |record, _| {
            let count = |count: &mut Option<u64>| *count.get_or_insert(0) += 1;
            counts.write().update(&record.value, count);
        },
        move |minute, output| {
            let total = so_far.read().iter().map(|(_, count)| *count).sum();
            output.push(Record::new((minute.as_seconds(), total), minute));
        },
    )
}

#[test]
fn the_clock_calls_whether_records_come_or_not() {
    let mut driver = TestDriver::new(totals).starts_at(at(1_000));
    driver.run().unwrap();
    // The next multiple of a minute.
    assert_eq!(driver.timers()[&0], at(1_020));
    driver.send(0, at(5), "k", "LO281").unwrap();
    driver.advance(seconds(19)).unwrap();
    assert_eq!(driver.output().unwrap(), []);
    driver.advance(seconds(1)).unwrap();
    assert_eq!(driver.output().unwrap(), [(1_020, 1)]);
    // Nothing comes for two minutes.
    driver.advance(seconds(120)).unwrap();
    assert_eq!(
        driver.output().unwrap(),
        [(1_020, 1), (1_080, 1), (1_140, 1)]
    );
    driver.send(0, at(6), "k", "LH2").unwrap();
    driver.advance(seconds(60)).unwrap();
    assert_eq!(driver.output().unwrap().last(), Some(&(1_200, 2)));
}

#[test]
fn what_was_missed_is_one_call_after_a_restart() {
    let mut driver = TestDriver::new(totals).starts_at(at(1_000));
    driver.send(0, at(5), "k", "LO281").unwrap();
    driver.run().unwrap();
    driver.advance(seconds(25)).unwrap();
    driver.rebalance().unwrap();
    driver.advance(seconds(10)).unwrap();
    assert_eq!(driver.output().unwrap(), [(1_020, 1)]);
}

#[test]
fn a_crash_repeats_no_call() {
    let mut driver = TestDriver::new(totals).starts_at(at(1_000));
    driver.send(0, at(5), "k", "LO281").unwrap();
    driver.advance(seconds(80)).unwrap();
    driver.crash().unwrap();
    driver.advance(seconds(10)).unwrap();
    assert_eq!(driver.output().unwrap(), [(1_020, 1), (1_080, 1)]);
}
