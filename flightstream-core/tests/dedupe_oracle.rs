//! Deduplication against a model that remembers everything, with random disorder and random batch cuts.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what goes wrong in a test should end it"
)]

mod oracle;

use std::time::Duration;

use flightstream_core::store::{KeyValueStore, StoreHandle};
use flightstream_core::testing::{laws, restart};
use flightstream_core::time::Timestamp;
use flightstream_core::{Records, from_batches};
use futures::executor::block_on;
use oracle::{Input, batches, cuts, input};
use proptest::prelude::*;

type Store = StoreHandle<KeyValueStore<u8, Timestamp>>;

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// The positions of the records that are new.
fn model(input: &[Input], ttl: i64) -> Vec<usize> {
    let mut passed = Vec::<usize>::new();
    for (position, (time, key)) in input.iter().enumerate() {
        let newest = passed.iter().map(|passed| input[*passed].0).max();
        let is_duplicate = passed
            .iter()
            .map(|passed| input[*passed])
            .any(|(seen, of)| {
                of == *key
                    && (time - seen).abs() < ttl
                    && newest.is_some_and(|newest| newest < seen + ttl)
            });
        if !is_duplicate {
            passed.push(position);
        }
    }
    passed
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn agrees_with_the_model(input in input(), cuts in cuts(), ttl in 1_u64..120) {
        let store = Store::unlogged("seen");
        let records = from_batches(batches(&input, &cuts))
            .assume_aligned()
            .dedupe(store.clone(), |(key, _)| *key, seconds(ttl));
        let passed = block_on(records.collect_values()).unwrap();
        let passed: Vec<usize> = passed.into_iter().map(|(_, position)| position).collect();
        prop_assert_eq!(&passed, &model(&input, i64::try_from(ttl).unwrap()));
        let newest = passed.iter().map(|position| input[*position].0).max().unwrap_or(0);
        let oldest = Timestamp::from_seconds(newest).minus(seconds(ttl));
        prop_assert!(store.read().iter().all(|(_, seen)| *seen > oldest), "expired keys stay");
    }

    #[test]
    fn refuses_what_it_would_drop(input in input(), cuts in cuts()) {
        let records = from_batches(batches(&input, &cuts))
            .assume_aligned()
            .dedupe(Store::unlogged("seen"), |(key, _)| *key, seconds(60))
            .rejecting();
        let batches = block_on(records.collect_batches()).unwrap();
        let refused: usize = batches.iter().map(|batch| batch.rejected().len()).sum();
        prop_assert_eq!(refused + model(&input, 60).len(), input.len());
    }
}

/// Seconds of event time, in disorder, and a key.
fn values() -> impl Strategy<Value = Input> {
    (0_i64..30, 0_u8..3)
}

fn deduped(records: impl Records<Record = Input>, store: Store) -> impl Records<Record = Input> {
    records
        .assume_aligned()
        .event_time(|(second, _)| Timestamp::from_seconds(*second))
        .dedupe(store, |(_, key)| *key, seconds(5))
        .rejecting()
}

#[test]
fn keeps_the_laws() {
    laws::check(&values(), |records| {
        deduped(records, Store::unlogged("seen"))
    })
    .unwrap();
}

#[test]
fn a_restart_does_not_show() {
    restart::check(&values(), deduped).unwrap();
}
