//! A split keeps every record, in order, on one of two ways, and a batch is delivered when both parts of it are.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what goes wrong in a test should end it"
)]

use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use flightstream_core::batch::{
    Ack, AckHandle, AckState, Batch, Record, Rejection, Span, TopicPartition,
};
use flightstream_core::operator::Either;
use flightstream_core::testing::{Feed, Feeder, feed, laws};
use flightstream_core::time::Timestamp;
use flightstream_core::{Fatal, Records, from_values};
use futures::executor::block_on;
use proptest::prelude::*;

type Polled<T> = Poll<Option<Result<Batch<T>, Fatal>>>;

fn poll<R: Records>(records: Pin<&mut R>) -> Polled<R::Record> {
    records.poll_next(&mut Context::from_waker(Waker::noop()))
}

fn parity(n: u64) -> Either<u64, String> {
    if n.is_multiple_of(2) {
        Either::Left(n)
    } else {
        Either::Right(n.to_string())
    }
}

fn next<R: Records>(records: Pin<&mut R>) -> Batch<R::Record> {
    match poll(records) {
        Poll::Ready(Some(batch)) => batch.unwrap(),
        Poll::Ready(None) => panic!("ended"),
        Poll::Pending => panic!("pending"),
    }
}

fn push(feeder: &Feeder<u64>, values: &[u64], first: u64) -> AckHandle {
    let span = Span {
        topic_partition: TopicPartition::new("t", 0),
        first,
        last: first + values.len() as u64,
        count: values.len() as u64,
    };
    let (ack, handle) = Ack::pending();
    let record = |(n, value): (u64, &u64)| Record {
        origin: n,
        ..Record::new(*value, Timestamp::default())
    };
    let records = (first..).zip(values).map(record).collect();
    feeder.push(Batch::new(records).with_ack(span, ack));
    handle
}

/// A branch on its own, as an operator: the other one is polled in between, and delivered.
fn left_alone(records: Feed<u64>) -> impl Records<Record = u64> {
    let (left, mut right) = records.split(parity);
    futures::StreamExt::map(left, move |batch| {
        match poll(Pin::new(&mut right)) {
            Poll::Ready(Some(Ok(batch))) => batch.resolve(),
            other => panic!("{other:?}"),
        }
        batch
    })
}

#[test]
fn a_branch_keeps_the_laws() {
    laws::check(&(0_u64..100), left_alone).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Whichever branch is polled, and whichever part is delivered first.
    #[test]
    fn every_record_goes_one_way(
        input in prop::collection::vec(prop::collection::vec(0_u64..100, 0..5), 0..6),
        polls in prop::collection::vec(any::<bool>(), 60),
        keep in any::<bool>(),
    ) {
        let (feeder, records) = feed();
        let refuse = |n| if n == 3 { Err(Rejection::new("three")) } else { Ok(n) };
        let (left, right) = records.enrich(refuse).split(parity);
        let (mut left, mut right) = (pin!(left), pin!(right));
        let mut handles = Vec::new();
        for (index, values) in input.iter().enumerate() {
            handles.push(push(&feeder, values, index as u64 * 10));
        }
        feeder.end();

        let (mut lefts, mut rights) = (Vec::new(), Vec::new());
        for is_left in polls {
            if is_left {
                match poll(left.as_mut()) {
                    Poll::Ready(Some(batch)) => lefts.push(batch.unwrap()),
                    Poll::Ready(None) => prop_assert_eq!(lefts.len(), input.len()),
                    Poll::Pending => prop_assert_eq!(lefts.len(), rights.len() + 1),
                }
            } else {
                match poll(right.as_mut()) {
                    Poll::Ready(Some(batch)) => rights.push(batch.unwrap()),
                    Poll::Ready(None) => prop_assert_eq!(rights.len(), input.len()),
                    Poll::Pending => prop_assert_eq!(rights.len(), lefts.len() + 1),
                }
            }
            prop_assert!(lefts.len().abs_diff(rights.len()) <= 1, "one ran ahead");
        }
        while lefts.len() < input.len() || rights.len() < input.len() {
            if let Poll::Ready(Some(batch)) = poll(left.as_mut()) {
                lefts.push(batch.unwrap());
            }
            if let Poll::Ready(Some(batch)) = poll(right.as_mut()) {
                rights.push(batch.unwrap());
            }
        }

        for (index, (left, right)) in lefts.into_iter().zip(rights).enumerate() {
            let kept: Vec<u64> = input[index].iter().copied().filter(|n| *n != 3).collect();
            let (even, odd): (Vec<u64>, Vec<u64>) = kept.iter().partition(|n| *n % 2 == 0);
            let values: Vec<u64> = left.records().iter().map(|record| record.value).collect();
            prop_assert_eq!(values, even);
            let values: Vec<u64> =
                right.records().iter().map(|record| record.value.parse().unwrap()).collect();
            prop_assert_eq!(values, odd);
            prop_assert_eq!(left.span(), right.span());
            prop_assert_eq!(left.rejected().len(), input[index].len() - kept.len());
            prop_assert!(right.rejected().is_empty());

            let state = || handles[index].state();
            prop_assert_eq!(state(), AckState::Pending);
            if keep {
                left.resolve();
                prop_assert_eq!(state(), AckState::Pending);
                right.resolve();
                prop_assert_eq!(state(), AckState::Delivered);
            } else {
                right.resolve();
                drop(left);
                prop_assert_eq!(state(), AckState::Dropped);
            }
        }
    }

    #[test]
    fn a_merge_passes_all_batches_of_both_on(
        input in prop::collection::vec(prop::collection::vec(0_u64..100, 0..5), 0..6),
    ) {
        let (feeder, records) = feed();
        let (even, odd) = records.split(parity);
        let mut merged = pin!(even.merge(odd.map(|text| text.parse().unwrap())));
        for (index, values) in input.iter().enumerate() {
            let handle = push(&feeder, values, index as u64 * 10);
            // The left part, then the right one.
            for parity in [0, 1] {
                let batch = next(merged.as_mut());
                let values: Vec<u64> = batch.records().iter().map(|record| record.value).collect();
                let expected: Vec<u64> =
                    input[index].iter().copied().filter(|n| n % 2 == parity).collect();
                prop_assert_eq!(values, expected);
                prop_assert_eq!(handle.state(), AckState::Pending);
                batch.resolve();
            }
            prop_assert_eq!(handle.state(), AckState::Delivered);
            prop_assert!(poll(merged.as_mut()).is_pending());
        }
        feeder.end();
        prop_assert!(matches!(poll(merged.as_mut()), Poll::Ready(None)));
    }
}

#[test]
fn a_merge_goes_on_with_one_when_the_other_has_ended() {
    let (feeder, records) = feed();
    let mut merged = pin!(from_values([1, 2]).merge(records));
    assert_eq!(next(merged.as_mut()).len(), 2);
    assert!(poll(merged.as_mut()).is_pending());
    push(&feeder, &[3], 0);
    assert_eq!(next(merged.as_mut()).len(), 1);
    feeder.end();
    assert!(matches!(poll(merged.as_mut()), Poll::Ready(None)));
}

#[test]
fn splits_can_be_split() {
    let (small, large) = from_values([1, 20, 300]).split(|n| {
        if n < 10 {
            Either::Left(n)
        } else {
            Either::Right(n)
        }
    });
    let (medium, large) = large.split(|n| {
        if n < 100 {
            Either::Left(n)
        } else {
            Either::Right(n)
        }
    });
    let all = small.merge(medium.map(|n| -n)).merge(large);
    let mut values = block_on(all.collect_values()).unwrap();
    values.sort_unstable();
    assert_eq!(values, [-20, 1, 300]);
}

#[test]
fn what_would_go_to_a_dropped_branch_fails_the_task() {
    let (feeder, records) = feed();
    let (left, right) = records.split(parity);
    drop(right);
    let handle = push(&feeder, &[2], 0);
    next(pin!(left)).resolve();
    assert_eq!(handle.state(), AckState::Dropped);
}

#[test]
fn an_error_ends_both_branches() {
    let failing = futures::stream::iter([Err::<Batch<u64>, _>(Fatal::PipelineEnded)]);
    let (left, right) = failing.split(parity);
    let (mut left, mut right) = (pin!(left), pin!(right));
    assert!(matches!(
        poll(right.as_mut()),
        Poll::Ready(Some(Err(Fatal::PipelineEnded)))
    ));
    assert!(matches!(poll(left.as_mut()), Poll::Ready(None)));
    assert!(matches!(poll(right.as_mut()), Poll::Ready(None)));
}
