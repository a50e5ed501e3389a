//! Joins with a table against a model, with random batch cuts, rebalances, crashes and failures.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what goes wrong in a test should end it"
)]

use std::collections::BTreeMap;

use flightstream_core::batch::{Raw, Record, Rejection};
use flightstream_core::runtime::TaskContext;
use flightstream_core::table::TopicTable;
use flightstream_core::testing::schedule::Event;
use flightstream_core::testing::{TestDriver, fuzz_schedule, laws};
use flightstream_core::time::Timestamp;
use flightstream_core::{Records, from_batches};
use futures::executor::block_on;
use proptest::collection::vec;
use proptest::prelude::*;

mod oracle;

type Driver = TestDriver<(u8, Option<u8>)>;

/// A table entry that is written, or removed, in that order.
type Change = (u8, Option<u8>);

fn changes() -> impl Strategy<Value = Vec<Change>> {
    vec((0_u8..4, proptest::option::of(any::<u8>())), 0..12)
}

fn newest(changes: &[Change]) -> BTreeMap<u8, u8> {
    let mut newest = BTreeMap::new();
    for (key, value) in changes {
        match value {
            Some(value) => newest.insert(*key, *value),
            None => newest.remove(key),
        };
    }
    newest
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn agrees_with_the_model(
        input in oracle::input(), cuts in oracle::cuts(), entries in vec((0_u8..4, any::<u8>()), 0..6),
    ) {
        let entries: BTreeMap<u8, u8> = entries.into_iter().collect();
        let table: TopicTable<u8, u8> = entries.clone().into_iter().collect();
        let records = || {
            from_batches(oracle::batches(&input, &cuts))
                .key_by(|(key, _)| *key)
                .assume_aligned()
        };
        let inner = records().join(table.clone(), |(_, position), value| (position, *value));
        let left = records().left_join(table, |(_, position), value| (position, value.copied()));
        let inner = block_on(inner.collect_values()).unwrap();
        let left = block_on(left.collect_values()).unwrap();
        let all = input.iter().enumerate();
        let expected: Vec<_> = all
            .map(|(position, (_, key))| (*key, (position, entries.get(key).copied())))
            .collect();
        prop_assert_eq!(&left, &expected);
        let met = expected.into_iter();
        let met: Vec<_> = met.filter_map(|(key, (position, value))| Some((key, (position, value?)))).collect();
        prop_assert_eq!(inner, met);
    }

    /// A task reads its table again after each of these, before its next record.
    #[test]
    fn what_happens_between_batches_does_not_show(
        changes in changes(), input in vec((0..PARTITIONS, 0_u8..4), 0..40), schedule in fuzz_schedule(),
    ) {
        let mut driver = driver(&changes, schedule.batch_size);
        let mut input = input.iter();
        let mut expected = vec![Vec::new(); PARTITIONS as usize];
        let table = newest(&changes);
        let mut send = |driver: &mut Driver, records: &mut dyn Iterator<Item = &(u32, u8)>| {
            for (partition, key) in records {
                let value = key.to_string();
                driver.send(*partition, Timestamp::default(), "k", value).unwrap();
                expected[*partition as usize].push((*key, table.get(key).copied()));
            }
        };
        for event in schedule.events {
            match event {
                Event::Arrive(records) => send(&mut driver, &mut input.by_ref().take(records)),
                Event::Step => drop(driver.step().unwrap()),
                Event::Commit => driver.commit().unwrap(),
                Event::Snapshot => driver.snapshot().unwrap(),
                Event::Rebalance => driver.rebalance().unwrap(),
                Event::Crash => driver.crash().unwrap(),
                Event::Fail(partition) => driver.fail(partition).unwrap(),
            }
        }
        send(&mut driver, &mut input);
        driver.run().unwrap();
        let mut joined = vec![Vec::new(); PARTITIONS as usize];
        for output in driver.outputs().unwrap() {
            joined[output.partition as usize].push(output.record.value);
        }
        prop_assert_eq!(joined, expected);
    }
}

const PARTITIONS: u32 = 3;

fn number(bytes: &[u8]) -> Result<u8, Rejection> {
    let text = std::str::from_utf8(bytes).map_err(|_| Rejection::new("not_utf8"))?;
    text.parse().map_err(|_| Rejection::new("no_number"))
}

/// A pipeline whose table has these changes behind it, in each partition.
fn driver(changes: &[Change], batch_size: usize) -> Driver {
    let mut driver = TestDriver::new(|raw, cx: TaskContext| {
        let table = cx.topic_table::<u8, _>("table", number);
        raw.decode(number)
            .key_by(|key| *key)
            .assume_aligned()
            .left_join(table, |_, value| value.copied())
    })
    .partitions(PARTITIONS)
    .topic_table("table")
    .batch_size(batch_size)
    .max_restarts(u32::MAX);
    for partition in 0..PARTITIONS {
        for (key, value) in changes {
            let value = Raw(value.map(|value| value.to_string().into()));
            let record = Record {
                key: Some(key.to_string().into()),
                ..Record::new(value, Timestamp::default())
            };
            driver.send_to("table", partition, record).unwrap();
        }
    }
    driver
}

#[test]
fn they_keep_the_laws() {
    let table = || -> TopicTable<u8, u8> { [(0, 10), (2, 12)].into_iter().collect() };
    laws::check(&(0_u8..4), |records| {
        let keyed = records.key_by(|key| *key).assume_aligned();
        keyed.join(table(), |key, value| (key, *value))
    })
    .unwrap();
    laws::check(&(0_u8..4), |records| {
        let keyed = records.key_by(|key| *key).assume_aligned();
        keyed.left_join(table(), |key, value| (key, value.copied()))
    })
    .unwrap();
}
