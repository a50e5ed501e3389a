//! Random use of each log, against a plain list of what was committed.
#![cfg(feature = "embedded")]
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used
)]

mod log_fixture;

use std::collections::BTreeMap;
use std::time::Duration;

use flightstream_core::batch::{Offset, Raw, Record, TopicPartition};
use flightstream_core::log::{Isolation, TopicSpec, Writer, partition_for_key};
use flightstream_core::time::Timestamp;
use log_fixture::*;
use proptest::prelude::*;

const PARTITIONS: u32 = 2;
const TOPICS: [&str; 3] = ["plain", "compacted", "expiring"];
const RETENTION: Duration = Duration::from_secs(60);

#[derive(Clone, Debug)]
enum Op {
    Append(usize, Vec<Written>),
    AppendInTransaction(usize, Vec<Written>),
    Commit(u32, Offset),
    Abort,
    Read(usize, u32, Offset, usize),
    Clean,
    Reopen,
}

/// Key, value unless a tombstone, seconds.
type Written = (u8, Option<u16>, i64);

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let written = (
        0_u8..12,
        prop::option::weighted(0.85, any::<u16>()),
        0_i64..200,
    );
    let records = prop::collection::vec(written, 0..40);
    let op = prop_oneof![
        4 => (0..3_usize, records.clone()).prop_map(|(t, r)| Op::Append(t, r)),
        4 => (0..3_usize, records).prop_map(|(t, r)| Op::AppendInTransaction(t, r)),
        3 => (0..PARTITIONS, 0..100_u64).prop_map(|(p, o)| Op::Commit(p, o)),
        1 => Just(Op::Abort),
        3 => (0..3_usize, 0..PARTITIONS, 0..150_u64, 0..60_usize)
            .prop_map(|(t, p, o, n)| Op::Read(t, p, o, n)),
        1 => Just(Op::Clean),
        1 => Just(Op::Reopen),
    ];
    prop::collection::vec(op, 1..40)
}

/// What was committed, everything, in order.
#[derive(Default)]
struct Oracle {
    partitions: BTreeMap<(usize, u32), Vec<Record<Raw>>>,
    offsets: BTreeMap<TopicPartition, Offset>,
}

impl Oracle {
    fn append(&mut self, topic: usize, records: &[Record<Raw>]) {
        for record in records {
            let number = partition_for_key(record.key.as_ref().unwrap(), PARTITIONS);
            let partition = self.partitions.entry((topic, number)).or_default();
            let mut record = record.clone();
            record.origin = partition.len() as Offset;
            partition.push(record);
        }
    }

    fn all(&self, topic: usize, partition: u32) -> &[Record<Raw>] {
        self.partitions
            .get(&(topic, partition))
            .map_or(&[], Vec::as_slice)
    }

    /// Whether cleaning must leave this record alone (`true`), or must remove it when it is done (`false`).
    /// Tombstones may be there or not: it depends on when cleaning was done.
    fn must_keep(&self, topic: usize, partition: u32, record: &Record<Raw>) -> Option<bool> {
        let all = self.all(topic, partition);
        match TOPICS[topic] {
            "compacted" => {
                let mut later = all.iter().skip(usize::try_from(record.origin).unwrap() + 1);
                if later.any(|other| other.key == record.key) {
                    Some(false)
                } else {
                    record.value.0.is_some().then_some(true)
                }
            }
            "expiring" => {
                let newest = all.iter().map(|record| record.event_time).max().unwrap();
                let oldest = newest.minus(RETENTION);
                let until = usize::try_from(record.origin).unwrap();
                Some(
                    all[..=until]
                        .iter()
                        .any(|before| before.event_time >= oldest),
                )
            }
            _ => Some(true),
        }
    }
}

fn record_of(written: &Written) -> Record<Raw> {
    let (key, value, seconds) = written;
    let value = Raw(value.map(|value| value.to_string().into()));
    let mut record = Record::new(value, Timestamp::from_seconds(*seconds));
    record.key = Some(format!("key {key}").into());
    record
}

/// Whether what is read at `from` is what it may be.
fn check_read(
    oracle: &Oracle,
    (topic, partition): (usize, u32),
    (from, max_records): (Offset, usize),
    read: &[Record<Raw>],
    cleaned: bool,
) -> Result<(), TestCaseError> {
    let all = oracle.all(topic, partition);
    prop_assert!(read.len() <= max_records);
    prop_assert!(read.is_sorted_by(|a, b| a.origin < b.origin));
    for record in read {
        prop_assert!(record.origin >= from);
        prop_assert_eq!(
            Some(record),
            all.get(usize::try_from(record.origin).unwrap())
        );
    }
    // What lies between the records that were read, or after them if that was all.
    let end = if read.len() == max_records {
        read.last().map_or(0, |last| last.origin)
    } else {
        Offset::MAX
    };
    for record in all.iter().filter(|r| r.origin >= from && r.origin < end) {
        let is_there = read.iter().any(|read| read.origin == record.origin);
        match oracle.must_keep(topic, partition, record) {
            Some(true) => prop_assert!(is_there, "{record:?} was lost"),
            Some(false) if cleaned => prop_assert!(!is_there, "{record:?} was kept"),
            Some(false) | None => {}
        }
    }
    Ok(())
}

fn check_all<F: Fixture>(fixture: &F, oracle: &Oracle, cleaned: bool) -> Result<(), TestCaseError> {
    for (topic, name) in TOPICS.iter().enumerate() {
        let ranges = fixture.log().offsets(name).unwrap();
        for partition in 0..PARTITIONS {
            let read = read_all(fixture.log(), name, partition);
            let range = ranges[partition as usize];
            prop_assert_eq!(range.end, oracle.all(topic, partition).len() as Offset);
            prop_assert!(read.first().is_none_or(|first| first.origin >= range.start));
            check_read(oracle, (topic, partition), (0, usize::MAX), &read, cleaned)?;
        }
    }
    let committed = fixture.log().committed("g", "plain").unwrap();
    prop_assert_eq!(&committed, &oracle.offsets);
    Ok(())
}

fn agrees<F: Fixture>(ops: &[Op]) -> Result<(), TestCaseError> {
    let mut fixture = F::create();
    let log = fixture.log();
    log.create_topic(&TopicSpec::new("plain", PARTITIONS))
        .unwrap();
    log.create_topic(&TopicSpec::new("compacted", PARTITIONS).compacted())
        .unwrap();
    log.create_topic(&TopicSpec::new("expiring", PARTITIONS).retention(RETENTION))
        .unwrap();
    let mut oracle = Oracle::default();
    let mut transaction: Option<Box<dyn Writer>> = None;
    let mut uncommitted: Vec<(usize, Vec<Record<Raw>>)> = Vec::new();
    for op in ops {
        match op {
            Op::Append(topic, written) => {
                let records: Vec<_> = written.iter().map(record_of).collect();
                oracle.append(*topic, &records);
                append(fixture.log(), TOPICS[*topic], records);
            }
            Op::AppendInTransaction(topic, written) => {
                let records: Vec<_> = written.iter().map(record_of).collect();
                uncommitted.push((*topic, records.clone()));
                let writer = transaction
                    .get_or_insert_with(|| fixture.log().writer(Isolation::Transactional).unwrap());
                writer.append(TOPICS[*topic], records).unwrap();
            }
            Op::Commit(partition, offset) => {
                let Some(writer) = &mut transaction else {
                    continue;
                };
                let partition = TopicPartition::new("plain", *partition);
                writer.commit("g", &[(partition.clone(), *offset)]).unwrap();
                oracle.offsets.insert(partition, *offset);
                for (topic, records) in uncommitted.drain(..) {
                    oracle.append(topic, &records);
                }
            }
            Op::Abort => {
                if let Some(writer) = &mut transaction {
                    writer.abort();
                }
                uncommitted.clear();
            }
            Op::Read(topic, partition, from, max_records) => {
                let place = TopicPartition::new(TOPICS[*topic], *partition);
                let read = fixture.log().read(&place, *from, *max_records).unwrap();
                check_read(
                    &oracle,
                    (*topic, *partition),
                    (*from, *max_records),
                    &read,
                    false,
                )?;
            }
            Op::Clean => {
                fixture.clean();
                check_all(&fixture, &oracle, true)?;
            }
            Op::Reopen => {
                transaction = None;
                uncommitted.clear();
                fixture.reopen();
                check_all(&fixture, &oracle, false)?;
            }
        }
    }
    check_all(&fixture, &oracle, false)?;
    fixture.clean();
    check_all(&fixture, &oracle, true)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn the_memory_log_agrees_with_a_list(ops in ops()) {
        agrees::<Memory>(&ops)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn the_embedded_log_agrees_with_a_list(ops in ops()) {
        agrees::<Embedded>(&ops)?;
    }

    #[test]
    fn the_embedded_log_agrees_with_a_list_when_read_from_files(ops in ops()) {
        agrees::<EmbeddedOnDisk>(&ops)?;
    }
}
