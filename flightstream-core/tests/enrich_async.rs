//! Asynchronous look-ups: bounded, in order, tried again, refused in the end.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what goes wrong in a test should end it"
)]

use std::cell::RefCell;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use flightstream_core::batch::{Ack, AckState, Batch, Record, Rejection, Span, TopicPartition};
use flightstream_core::operator::Retry;
use flightstream_core::store::{KeyValueStore, StoreHandle};
use flightstream_core::testing::{feed, laws};
use flightstream_core::time::{Clock as _, ManualClock, Timestamp};
use flightstream_core::{Records, from_values};
use futures::Stream as _;
use futures::channel::oneshot;
use proptest::prelude::*;

fn even(n: usize) -> Result<usize, Rejection> {
    if n.is_multiple_of(2) {
        Ok(n)
    } else {
        Err(Rejection::new("odd").with_detail(n))
    }
}

#[test]
fn keeps_the_laws() {
    laws::check(&(0_usize..9), |records| {
        records.enrich_async(3, async |n| even(n))
    })
    .unwrap();
    laws::check(&(0_usize..9), |records| {
        records
            .enrich_async(3, async |n| even(n))
            .retry(Retry::times(1))
    })
    .unwrap();
}

/// The look-ups at work: what was asked for and how to answer.
type AtWork = Rc<RefCell<Vec<(usize, oneshot::Sender<()>)>>>;

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn in_whatever_order_the_answers_come(
        records in 0_usize..20,
        limit in 1_usize..6,
        order in prop::collection::vec(any::<prop::sample::Index>(), 20),
    ) {
        let at_work = AtWork::default();
        let ask = {
            let at_work = Rc::clone(&at_work);
            move |n: usize| {
                let (answer, answered) = oneshot::channel();
                at_work.borrow_mut().push((n, answer));
                async move {
                    answered.await.unwrap();
                    even(n)
                }
            }
        };
        let (feeder, input) = feed();
        let mut output = pin!(input.enrich_async(limit, ask));
        let mut cx = Context::from_waker(Waker::noop());

        let (ack, handle) = Ack::pending();
        let span = Span {
            topic_partition: TopicPartition::new("t", 0),
            first: 0,
            last: 19,
            count: 20,
        };
        let record = |n| Record { origin: n as u64, ..Record::new(n, Timestamp::default()) };
        feeder.push(Batch::new((0..records).map(record).collect()).with_ack(span.clone(), ack));
        // A batch behind it is not asked for while this one is at work.
        feeder.push(Batch::new(Vec::new()));

        let mut order = order.into_iter();
        let mut batch = loop {
            match output.as_mut().poll_next(&mut cx) {
                Poll::Ready(batch) => break batch.unwrap().unwrap(),
                Poll::Pending => {
                    let mut at_work = at_work.borrow_mut();
                    let unanswered = records - (20 - order.len());
                    prop_assert_eq!(at_work.len(), unanswered.min(limit));
                    prop_assert_eq!(handle.state(), AckState::Pending);
                    let index = order.next().unwrap().index(at_work.len());
                    at_work.remove(index).1.send(()).unwrap();
                }
            }
        };
        prop_assert_eq!(batch.span(), Some(&span));
        let refused: Vec<u64> = batch.take_rejected().iter().map(|reject| reject.origin).collect();
        prop_assert_eq!(refused, (0..records as u64).filter(|n| n % 2 == 1).collect::<Vec<_>>());
        let values: Vec<usize> = batch.records().iter().map(|record| record.value).collect();
        prop_assert_eq!(values, (0..records).filter(|n| n % 2 == 0).collect::<Vec<_>>());
        batch.resolve();
        prop_assert_eq!(handle.state(), AckState::Delivered);
    }

    #[test]
    fn a_failed_look_up_is_tried_again_so_often(times in 0_u32..5, failures in 0_u32..7) {
        let clock = ManualClock::default();
        let store = StoreHandle::<KeyValueStore<(), ()>>::unlogged_with_clock("timers", Arc::new(clock.clone()));
        let calls = Rc::new(RefCell::new(Vec::new()));
        let look_up = {
            let (calls, clock) = (Rc::clone(&calls), clock.clone());
            move |n: usize| {
                calls.borrow_mut().push(clock.now().as_millis());
                let is_busy = calls.borrow().len() <= failures as usize;
                async move { if is_busy { Err(Rejection::new("busy")) } else { Ok(n) } }
            }
        };
        let millis = Duration::from_millis;
        let policy = Retry::times(times).backoff(millis(10), millis(40), store.timers());
        let mut records = pin!(from_values([7]).enrich_async(1, look_up).retry(policy));
        let batch = loop {
            match records.as_mut().poll_next(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(batch) => break batch.unwrap().unwrap(),
                Poll::Pending => clock.advance(millis(1)),
            }
        };
        prop_assert_eq!(batch.records().len(), usize::from(failures <= times));
        prop_assert_eq!(batch.rejected().len(), usize::from(failures > times));
        let expected = [0, 10, 30, 70, 110, 150];
        prop_assert_eq!(&*calls.borrow(), &expected[..=failures.min(times) as usize]);
    }
}
