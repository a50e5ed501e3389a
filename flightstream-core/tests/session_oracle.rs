//! Sessions against a naive model that looks for the gaps between all records anew each time, with random disorder and
//! random batch cuts.

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

use flightstream_core::batch::{Batch, Record};
use flightstream_core::store::{SessionStore, StoreHandle};
use flightstream_core::testing::{feed, laws, restart};
use flightstream_core::time::{ManualClock, Timestamp};
use flightstream_core::window::{Session, WindowedKey};
use flightstream_core::{Records, from_batches};
use futures::Stream as _;
use futures::executor::block_on;
use oracle::{Input, batches, cuts, input};
use proptest::prelude::*;

/// Key, first and last second, and the positions of the records.
type Output = (u8, i64, i64, Vec<usize>);

fn seconds(n: i64) -> Duration {
    Duration::from_secs(u64::try_from(n).unwrap())
}

fn output(record: &Record<(WindowedKey<u8>, Vec<usize>)>) -> Output {
    let (WindowedKey { key, window }, positions) = &record.value;
    assert_eq!(record.event_time.as_millis(), window.end.as_millis() - 1);
    let mut positions = positions.clone();
    positions.sort_unstable();
    (
        *key,
        window.start.as_seconds(),
        record.event_time.as_seconds(),
        positions,
    )
}

/// Closed sessions in order, positions of late records, and how many sessions stay open.
fn model(input: &[Input], gap: i64, grace: i64) -> (Vec<Output>, Vec<u64>, usize) {
    let (mut open, mut closed) = (Vec::<usize>::new(), Vec::new());
    let (mut late, mut stream_time) = (Vec::new(), i64::MIN);
    for (position, (time, key)) in input.iter().enumerate() {
        stream_time = stream_time.max(*time);
        let limit = stream_time - gap - grace;
        let mut closing: Vec<Output> = sessions(input, &open, gap)
            .into_iter()
            .filter(|session| session.2 < limit)
            .collect();
        closing.sort_by_key(|session| (session.2, session.0));
        open.retain(|position| !closing.iter().any(|session| session.3.contains(position)));
        closed.extend(closing);

        let is_near =
            |other: &usize| input[*other].1 == *key && (input[*other].0 - time).abs() <= gap;
        if *time < limit && !open.iter().any(is_near) {
            late.push(position as u64);
        } else {
            open.push(position);
        }
    }
    let open = sessions(input, &open, gap).len();
    (closed, late, open)
}

fn sessions(input: &[Input], records: &[usize], gap: i64) -> Vec<Output> {
    let mut sorted = records.to_vec();
    sorted.sort_by_key(|position| (input[*position].1, input[*position].0));
    let mut sessions = Vec::<Output>::new();
    for position in sorted {
        let (time, key) = input[position];
        match sessions.last_mut() {
            Some((of, _, last, positions)) if *of == key && time - *last <= gap => {
                *last = time;
                positions.push(position);
            }
            _ => sessions.push((key, time, time, vec![position])),
        }
    }
    for session in &mut sessions {
        session.3.sort_unstable();
    }
    sessions
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn sessions_agree_with_the_model(
        input in input(),
        cuts in cuts(),
        gap in 0_i64..90,
        grace in 0_i64..90,
    ) {
        let store = StoreHandle::<SessionStore<u8, Vec<usize>>>::unlogged("sessions");
        let times = input.clone();
        let records = from_batches(batches(&input, &cuts))
            .assume_aligned()
            .session_windowed(Session::gap(seconds(gap)).grace(seconds(grace)))
            .aggregate(
                store.clone(),
                |positions: &mut Vec<usize>, position| positions.push(*position),
                move |positions, later| {
                    let newest = positions.iter().map(|position| times[*position].0).max();
                    let oldest = later.iter().map(|position| times[*position].0).min();
                    assert!(newest < oldest, "merged in another order than theirs");
                    positions.extend(later);
                },
            );
        let (mut results, mut late) = (Vec::new(), Vec::new());
        for mut batch in block_on(records.collect_batches()).unwrap() {
            let rejected = batch.take_rejected();
            assert!(rejected.iter().all(|reject| reject.rejection.reason() == "late"));
            late.extend(rejected.into_iter().map(|reject| reject.origin));
            results.extend(batch.records().iter().map(output));
        }
        let (closed, model_late, open) = model(&input, gap, grace);
        prop_assert_eq!(results, closed);
        prop_assert_eq!(late, model_late);
        prop_assert_eq!(store.read().len(), open);
        prop_assert_eq!(store.read().iter().count(), open);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Reduced and counted sessions are the aggregated ones.
    #[test]
    fn all_ways_to_aggregate_agree(input in input(), cuts in cuts()) {
        let windows = Session::gap(seconds(30)).grace(seconds(30));
        let keyed = || from_batches(batches(&input, &cuts)).assume_aligned();
        let reduced = keyed()
            .map(|(key, position)| (key, vec![position]))
            .session_windowed(windows)
            .reduce(StoreHandle::unlogged("reduced"), |all, one| all.extend(one));
        let counted = keyed().session_windowed(windows).count(StoreHandle::unlogged("counted"));
        let (mut reduced_output, mut counts) = (Vec::new(), Vec::new());
        for batch in block_on(reduced.collect_batches()).unwrap() {
            reduced_output.extend(batch.records().iter().map(output));
        }
        for (session, count) in block_on(counted.collect_values()).unwrap() {
            counts.push((session.key, session.window.start.as_seconds(), count));
        }
        let (closed, _, _) = model(&input, 30, 30);
        let expected: Vec<_> =
            closed.iter().map(|(key, first, _, all)| (*key, *first, all.len() as u64)).collect();
        prop_assert_eq!(reduced_output, closed);
        prop_assert_eq!(counts, expected);
    }
}

/// Seconds of event time, in disorder, and a key.
fn values() -> impl Strategy<Value = Input> {
    (0_i64..60, 0_u8..3)
}

fn flights(
    records: impl Records<Record = Input>,
    store: StoreHandle<SessionStore<u8, Vec<i64>>>,
) -> impl Records<Record = (WindowedKey<u8>, Vec<i64>)> {
    records
        .event_time(|(second, _)| Timestamp::from_seconds(*second))
        .key_by(|(_, key)| *key)
        .assume_aligned()
        .session_windowed(Session::gap(seconds(4)).grace(seconds(9)))
        .aggregate(
            store,
            |all: &mut Vec<i64>, (second, _)| all.push(*second),
            Vec::extend,
        )
        .idle_after(seconds(30))
}

#[test]
fn keeps_the_laws() {
    laws::check(&values(), |records| {
        flights(records, StoreHandle::unlogged("flights"))
    })
    .unwrap();
}

#[test]
fn a_restart_does_not_show() {
    restart::check(&values(), flights).unwrap();
}

#[test]
fn a_quiet_stream_closes_its_sessions() {
    let clock = ManualClock::at(Timestamp::from_seconds(5_000));
    let store = StoreHandle::unlogged_with_clock("flights", Arc::new(clock.clone()));
    let (feeder, records) = feed();
    let mut records = pin!(flights(records, store.clone()));
    let mut cx = Context::from_waker(Waker::noop());
    let mut poll = || match records.as_mut().poll_next(&mut cx) {
        Poll::Ready(Some(Ok(batch))) => {
            let values = batch.records().iter().map(|record| record.value.1.clone());
            Some((values.collect::<Vec<_>>(), batch.rejected().len()))
        }
        Poll::Pending => None,
        other @ Poll::Ready(_) => panic!("{other:?}"),
    };
    let record = |value: Input| Record::new(value, Timestamp::default());
    let push = |values: &[Input]| {
        feeder.push(Batch::new(values.iter().copied().map(record).collect()));
    };

    push(&[(10, 0), (13, 0), (12, 1)]);
    assert_eq!(poll(), Some((vec![], 0)));
    assert_eq!(poll(), None);
    clock.advance(seconds(29));
    assert_eq!(poll(), None);
    clock.advance(seconds(1));
    assert_eq!(poll(), Some((vec![vec![12], vec![10, 13]], 0)));
    assert_eq!(poll(), None);
    assert!(store.read().is_empty());
    // The session that this belongs to has closed.
    push(&[(13, 0)]);
    assert_eq!(poll(), Some((vec![], 1)));
}
