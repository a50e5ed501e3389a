//! Throttling against a model that looks at each key's records on their own, with random disorder and random batch cuts.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what goes wrong in a test should end it"
)]

mod oracle;

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use flightstream_core::batch::{Ack, Batch, Record, Span, TopicPartition};
use flightstream_core::operator::Throttled;
use flightstream_core::store::{KeyValueStore, StoreHandle};
use flightstream_core::testing::{feed, laws, restart};
use flightstream_core::time::{ManualClock, Timestamp};
use flightstream_core::{Records, from_batches};
use futures::Stream as _;
use futures::executor::block_on;
use oracle::{Input, batches, cuts, input};
use proptest::prelude::*;

type Store<T> = StoreHandle<KeyValueStore<u8, Throttled<T>>>;

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// What comes out of one key, as a simulation of every second of stream time: second, position.
fn model(input: &[Input], key: u8, interval: i64) -> Vec<(i64, usize)> {
    let mut passed = Vec::<(i64, usize)>::new();
    let (mut held, mut newest) = (None::<usize>, i64::MIN);
    let mut now = input.first().map_or(0, |(time, _)| *time);
    for (position, (time, of)) in input.iter().enumerate() {
        while now < *time {
            now += 1;
            let is_over = passed.last().is_some_and(|(at, _)| at + interval <= now);
            if is_over && let Some(position) = held.take() {
                passed.push((now, position));
            }
        }
        if *of != key {
            continue;
        }
        if passed.last().is_none_or(|(at, _)| at + interval <= now) {
            passed.push((now, position));
            newest = *time;
        } else if *time >= newest {
            held = Some(position);
            newest = *time;
        }
    }
    passed
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn agrees_with_the_model(input in input(), cuts in cuts(), interval in 1_u64..120) {
        let records = from_batches(batches(&input, &cuts))
            .assume_aligned()
            .throttle_latest(Store::unlogged("held"), seconds(interval));
        let mut passed = Vec::new();
        for batch in block_on(records.collect_batches()).unwrap() {
            passed.extend(batch.into_parts().0);
        }
        for key in 0..3 {
            let of_key = passed.iter().filter(|record| record.value.0 == key);
            let positions: Vec<usize> = of_key.clone().map(|record| record.value.1).collect();
            let expected = model(&input, key, i64::try_from(interval).unwrap());
            let expected: Vec<usize> = expected.into_iter().map(|(_, position)| position).collect();
            prop_assert_eq!(positions, expected);
            for record in of_key {
                let (time, key) = input[record.value.1];
                prop_assert_eq!(record.event_time, Timestamp::from_seconds(time));
                prop_assert_eq!(record.key.as_deref(), Some(&[key][..]));
                prop_assert!(record.origin >= record.value.1 as u64);
            }
        }
    }
}

/// Seconds of event time, in disorder, and a key.
fn values() -> impl Strategy<Value = Input> {
    (0_i64..30, 0_u8..3)
}

fn throttled(
    records: impl Records<Record = Input>,
    store: Store<i64>,
) -> impl Records<Record = (u8, i64)> {
    records
        .event_time(|(second, _)| Timestamp::from_seconds(*second))
        .key_by(|(_, key)| *key)
        .map(|(key, (second, _))| (key, second))
        .assume_aligned()
        .throttle_latest(store, seconds(5))
}

#[test]
fn keeps_the_laws() {
    laws::check(&values(), |records| {
        throttled(records, Store::unlogged("held"))
    })
    .unwrap();
}

#[test]
fn a_restart_does_not_show() {
    restart::check(&values(), throttled).unwrap();
}

#[test]
fn the_clock_releases_what_is_held_when_nothing_comes() {
    let clock = ManualClock::at(Timestamp::from_seconds(5_000));
    let store = Store::unlogged_with_clock("held", Arc::new(clock.clone()));
    let (feeder, records) = feed();
    let mut records = pin!(throttled(records, store.clone()));
    let mut cx = Context::from_waker(Waker::noop());
    let mut poll = || match records.as_mut().poll_next(&mut cx) {
        Poll::Ready(Some(Ok(batch))) => {
            let values = batch.records().iter().map(|record| record.value);
            Some((batch.span().is_some(), values.collect::<Vec<_>>()))
        }
        Poll::Pending => None,
        other @ Poll::Ready(_) => panic!("{other:?}"),
    };

    let batch = |values: &[Input]| {
        let record = |value: &Input| Record::new(*value, Timestamp::default());
        let span = Span {
            topic_partition: TopicPartition::new("t", 0),
            first: 0,
            last: 1,
            count: 2,
        };
        Batch::new(values.iter().map(record).collect()).with_ack(span, Ack::none())
    };
    feeder.push(batch(&[(10, 0), (12, 0), (13, 1)]));
    assert_eq!(poll(), Some((true, vec![(0, 10), (1, 13)])));
    assert_eq!(poll(), None);
    // Stream time is 13, so the interval that began at 10 ends two seconds later.
    clock.advance(seconds(1));
    assert_eq!(poll(), None);
    clock.advance(seconds(1));
    assert_eq!(poll(), Some((false, vec![(0, 12)])));
    clock.advance(seconds(100));
    assert_eq!(poll(), None);
    assert!(store.read().is_empty());
    feeder.push(batch(&[(14, 0), (15, 0)]));
    assert_eq!(poll(), Some((true, vec![(0, 14)])));
    assert_eq!(poll(), None);
}
