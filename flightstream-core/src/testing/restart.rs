//! Stops and restarts: an operator whose state is read back from its changelog gives what it would have given
//! undisturbed, and ends with the same state.
//!
//! ```
//! use flightstream_core::store::{KeyValueStore, StoreHandle};
//! use flightstream_core::testing::restart;
//! use flightstream_core::Records;
//! use proptest::prelude::*;
//!
//! restart::check(&(0_u8..3), |records, store: StoreHandle<KeyValueStore<u8, u64>>| {
//!     records.key_by(|n| *n).assume_aligned().count(store)
//! })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use proptest::collection::vec;
use proptest::strategy::Strategy;
use proptest::test_runner::{Config, TestCaseError, TestError, TestRunner};
use thiserror::Error;

use super::feed::{Feed, feed};
use super::laws::batches;
use crate::batch::{Ack, Batch, Rejected};
use crate::store::{StateStore, StoreError, StoreHandle};
use crate::{Fatal, Records};

/// How a restart showed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Violation {
    /// Other output than undisturbed.
    #[error(
        "restarted before the batches {restarts:?} the output is {restarted}, undisturbed it is {undisturbed}"
    )]
    Output {
        /// Before which batches it was restarted.
        restarts: Vec<usize>,
        /// What came out then.
        restarted: String,
        /// What came out without a restart.
        undisturbed: String,
    },
    /// The same output, but another state at the end.
    #[error("restarted before the batches {0:?} the state at the end is another than undisturbed")]
    State(Vec<usize>),
    /// A batch went in and did not come out.
    #[error("batch {0} went in and did not come out")]
    Kept(usize),
    /// The stream failed.
    #[error(transparent)]
    Failed(#[from] Fatal),
    /// The store's changes could not be told or read back.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The smallest input, with the places where it was cut and the batches before which the operator was restarted, on
/// which a restart shows.
pub type Counterexample<T> = TestError<(Vec<T>, Vec<usize>, Vec<usize>)>;

type Changelog = BTreeMap<Bytes, Bytes>;

/// Restarts an operator at random batch boundaries of random input. Record `n` has the event time of `n` seconds.
///
/// # Errors
/// The smallest input found on which a restart shows.
pub fn check<V, S, P, R>(values: &V, pipeline: P) -> Result<(), Counterexample<V::Value>>
where
    V: Strategy,
    V::Value: Clone + Debug,
    S: StateStore,
    P: Fn(Feed<V::Value>, StoreHandle<S>) -> R,
    R: Records,
    R::Record: Debug,
{
    let places = || vec(0_usize..40, 0..6);
    TestRunner::new(Config {
        failure_persistence: None,
        ..Config::default()
    })
    .run(
        &(vec(values, 0..40), places(), places()),
        |(values, cuts, restarts)| {
            hold(&values, &cuts, &restarts, &pipeline)
                .map_err(|violation| TestCaseError::fail(violation.to_string()))
        },
    )
}

/// Restarts an operator before the given batches of one input, counted around it, cut before the given positions.
///
/// # Errors
/// What shows of it.
pub fn hold<T, S, P, R>(
    values: &[T],
    cuts: &[usize],
    restarts: &[usize],
    pipeline: P,
) -> Result<(), Violation>
where
    T: Clone,
    S: StateStore,
    P: Fn(Feed<T>, StoreHandle<S>) -> R,
    R: Records,
    R::Record: Debug,
{
    let (undisturbed, state) = run(values, cuts, &[], &pipeline)?;
    let (restarted, state_restarted) = run(values, cuts, restarts, &pipeline)?;
    if restarted != undisturbed {
        return Err(Violation::Output {
            restarts: restarts.to_vec(),
            restarted,
            undisturbed,
        });
    }
    if state_restarted != state {
        return Err(Violation::State(restarts.to_vec()));
    }
    Ok(())
}

/// What came out, described, and what the changelog holds at the end.
fn run<T, S, R>(
    values: &[T],
    cuts: &[usize],
    restarts: &[usize],
    pipeline: impl Fn(Feed<T>, StoreHandle<S>) -> R,
) -> Result<(String, Changelog), Violation>
where
    T: Clone,
    S: StateStore,
    R: Records,
    R::Record: Debug,
{
    let mut changelog = Changelog::new();
    let (mut records_out, mut rejected_out) = (Vec::new(), Vec::new());
    let batches = batches(values, cuts);
    let restarts: Vec<usize> = restarts
        .iter()
        .filter_map(|restart| restart.checked_rem(batches.len()))
        .collect();
    let mut input = batches.into_iter().enumerate().peekable();
    while input.peek().is_some() {
        let store = restored(&changelog)?;
        let (feeder, records) = feed();
        let mut output = pin!(pipeline(records, store.clone()));
        let mut is_first = true;
        while let Some((index, (batch, span))) =
            input.next_if(|(index, _)| is_first || !restarts.contains(index))
        {
            is_first = false;
            feeder.push(Batch::new(batch).with_ack(span, Ack::none()));
            let polled = output
                .as_mut()
                .poll_next(&mut Context::from_waker(Waker::noop()));
            let Poll::Ready(Some(batch)) = polled else {
                return Err(Violation::Kept(index));
            };
            let mut batch = batch?;
            rejected_out.extend(batch.take_rejected());
            records_out.extend(batch.into_parts().0);
        }
        save(&store, &mut changelog)?;
    }
    rejected_out.sort_by_key(|reject: &Rejected| reject.origin);
    let output = format!("{records_out:?} rejected {rejected_out:?}");
    Ok((output, changelog))
}

fn restored<S: StateStore>(changelog: &Changelog) -> Result<StoreHandle<S>, StoreError> {
    let handle = StoreHandle::<S>::unlogged("restarted");
    for (key, value) in changelog {
        StateStore::restore(&mut *handle.write(), key, Some(value))?;
    }
    Ok(handle)
}

fn save<S: StateStore>(
    store: &StoreHandle<S>,
    changelog: &mut Changelog,
) -> Result<(), StoreError> {
    StateStore::take_changes(&mut *store.write(), &mut |key, value| {
        match value {
            Some(value) => changelog.insert(key, value),
            None => changelog.remove(&key),
        };
    })
}
