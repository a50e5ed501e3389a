//! Aggregates and tables of keys against naive models, with random disorder and random batch cuts.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what goes wrong in a test should end it"
)]

mod oracle;

use std::collections::BTreeMap;
use std::time::Duration;

use flightstream_core::store::{KeyValueStore, StoreHandle, WindowStore};
use flightstream_core::testing::{laws, restart};
use flightstream_core::time::Timestamp;
use flightstream_core::window::{Emit, Tumbling};
use flightstream_core::{Records, from_batches};
use futures::executor::block_on;
use oracle::{Input, batches, cuts, input};
use proptest::prelude::*;

/// What depends on each value and on their order.
fn digits(text: &mut String, position: &usize) {
    text.push_str(&format!("{position},"));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn aggregates_are_those_of_all_records_so_far(input in input(), cuts in cuts()) {
        let records = from_batches(batches(&input, &cuts))
            .assume_aligned()
            .aggregate(StoreHandle::unlogged("digits"), digits);
        let results = block_on(records.collect_values()).unwrap();
        prop_assert_eq!(results.len(), input.len());
        for (position, (key, result)) in results.iter().enumerate() {
            let so_far = (0..=position).filter(|earlier| input[*earlier].1 == *key);
            let expected: String = so_far.map(|earlier| format!("{earlier},")).collect();
            prop_assert_eq!((*key, result), (input[position].1, &expected));
        }
    }

    #[test]
    fn counts_are_those_of_all_records_so_far(input in input(), cuts in cuts()) {
        let records = from_batches(batches(&input, &cuts))
            .assume_aligned()
            .count(StoreHandle::unlogged("counts"));
        let results = block_on(records.collect_values()).unwrap();
        for (position, (key, count)) in results.iter().enumerate() {
            let so_far = input[..=position].iter().filter(|(_, of)| of == key).count();
            prop_assert_eq!(*count, so_far as u64);
        }
    }

    #[test]
    fn a_reduction_begins_with_the_first_value(input in input(), cuts in cuts()) {
        let records = from_batches(batches(&input, &cuts))
            .assume_aligned()
            .map(|(key, position)| (key, (position, position)))
            .reduce(StoreHandle::unlogged("spans"), |span, (_, last)| span.1 = *last);
        let results = block_on(records.collect_values()).unwrap();
        for (position, (key, span)) in results.into_iter().enumerate() {
            let first = input.iter().position(|(_, of)| *of == key).unwrap();
            prop_assert_eq!(span, (first, position));
        }
    }

    #[test]
    fn a_reduction_in_windows_agrees_with_the_aggregation(input in input(), cuts in cuts()) {
        let windows = Tumbling::of(Duration::from_secs(60)).grace(Duration::from_secs(30));
        for emit in [Emit::on_close(), Emit::on_update()] {
            let reduced = from_batches(batches(&input, &cuts))
                .assume_aligned()
                .map(|(key, position)| (key, vec![position]))
                .windowed(windows)
                .reduce(StoreHandle::unlogged("reduced"), |all, one| all.extend(one))
                .emit(emit);
            let aggregated = from_batches(batches(&input, &cuts))
                .assume_aligned()
                .windowed(windows)
                .aggregate(StoreHandle::unlogged("all"), |all: &mut Vec<usize>, one| all.push(*one))
                .emit(emit);
            prop_assert_eq!(
                block_on(reduced.collect_values()).unwrap(),
                block_on(aggregated.collect_values()).unwrap()
            );
        }
    }

    #[test]
    fn a_table_holds_the_latest_by_event_time(input in input(), cuts in cuts()) {
        let table = StoreHandle::<KeyValueStore<_, _>>::unlogged("table");
        let records = from_batches(batches(&input, &cuts)).assume_aligned().to_table(table.clone());
        let passed = block_on(records.collect_values()).unwrap();
        let is_newest = |position: &usize| {
            let (time, key) = input[*position];
            input[..*position].iter().all(|(earlier, of)| *of != key || *earlier <= time)
        };
        let expected: Vec<_> =
            (0..input.len()).filter(is_newest).map(|position| (input[position].1, position)).collect();
        prop_assert_eq!(&passed, &expected);
        let latest: BTreeMap<u8, usize> = expected.into_iter().collect();
        let table = table.read();
        prop_assert_eq!(table.len(), latest.len());
        for (key, position) in latest {
            let stored = table.get(&key).unwrap();
            prop_assert_eq!(stored.value, position);
            prop_assert_eq!(stored.event_time, Timestamp::from_seconds(input[position].0));
        }
    }
}

/// Seconds of event time, in disorder, and a key.
fn values() -> impl Strategy<Value = Input> {
    (0_i64..30, 0_u8..3)
}

fn second((second, _): &Input) -> Timestamp {
    Timestamp::from_seconds(*second)
}

#[test]
fn they_keep_the_laws() {
    laws::check(&values(), |records| {
        records
            .event_time(second)
            .key_by(|(_, key)| *key)
            .assume_aligned()
            .to_table(StoreHandle::unlogged("table"))
            .reduce(StoreHandle::unlogged("newest"), |all, one| *all = *one)
            .aggregate(
                StoreHandle::unlogged("sums"),
                |sum: &mut i64, (second, _)| *sum += second,
            )
            .count(StoreHandle::unlogged("counts"))
    })
    .unwrap();
}

#[test]
fn a_restart_does_not_show() {
    restart::check(
        &values(),
        |records, store: StoreHandle<KeyValueStore<u8, i64>>| {
            records
                .key_by(|(_, key)| *key)
                .assume_aligned()
                .aggregate(store, |sum, (second, _)| *sum += second)
        },
    )
    .unwrap();
    restart::check(
        &values(),
        |records, store: StoreHandle<KeyValueStore<_, _>>| {
            let keyed = records.event_time(second).key_by(|(_, key)| *key);
            keyed.assume_aligned().to_table(store)
        },
    )
    .unwrap();
    restart::check(
        &values(),
        |records, store: StoreHandle<WindowStore<u8, Input>>| {
            records
                .event_time(second)
                .key_by(|(_, key)| *key)
                .assume_aligned()
                .windowed(Tumbling::of(Duration::from_secs(5)).grace(Duration::from_secs(2)))
                .reduce(store, |newest, one| *newest = *one)
                .emit(Emit::on_close())
        },
    )
    .unwrap();
}
