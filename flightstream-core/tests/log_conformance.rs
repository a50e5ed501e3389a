//! What every log promises, tried on each.
#![cfg(feature = "embedded")]
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used
)]

mod log_fixture;

use std::collections::BTreeMap;
use std::task::{Context, Poll};
use std::time::Duration;

use flightstream_core::batch::{Raw, Record, TopicPartition};
use flightstream_core::log::{
    Isolation, Log, LogError, OffsetRange, Start, TopicSpec, partition_for_key,
};
use flightstream_core::time::Timestamp;
use log_fixture::*;

on_every_log!(
    topics_are_created_once,
    records_keep_order_and_everything_in_them,
    keys_choose_the_partition,
    records_without_a_key_take_turns,
    an_append_wakes_a_waiting_reader,
    a_reader_that_is_gone_is_not_woken,
    a_reader_seeks,
    offsets_are_committed_per_group,
    a_subscription_starts_where_it_says,
    a_group_has_one_member,
    a_transaction_shows_at_its_commit,
    an_aborted_transaction_is_forgotten,
    a_commit_is_whole_over_topics_and_offsets,
    a_refused_commit_changes_nothing,
    unknown_topics_and_partitions_are_named,
    compaction_keeps_the_newest_of_each_key,
    compaction_keeps_records_without_a_key,
    compaction_goes_on_where_it_was,
    retention_by_age_follows_the_newest_record,
    retention_by_age_holds_for_compacted_topics,
    retention_by_bytes_keeps_the_newest,
    offsets_are_not_given_out_twice,
    writers_in_threads_lose_nothing,
);

fn topics_are_created_once<F: Fixture>() {
    let mut fixture = F::create();
    let log = fixture.log();
    let spec = TopicSpec::new("a", 2)
        .compacted()
        .retention(Duration::from_secs(60))
        .retention_bytes(1_000_000);
    log.create_topic(&spec).unwrap();
    log.create_topic(&spec).unwrap();
    log.create_topic(&TopicSpec::new("b", 1)).unwrap();
    let error = log.create_topic(&TopicSpec::new("a", 3)).unwrap_err();
    assert!(matches!(
        error,
        LogError::TopicDiffers {
            existing: 2,
            wanted: 3,
            ..
        }
    ));
    let error = log.create_topic(&TopicSpec::new("a b", 3)).unwrap_err();
    assert!(matches!(error, LogError::InvalidTopic { .. }));
    fixture.reopen();
    let topics = fixture.log().topics().unwrap();
    assert_eq!(topics, [spec, TopicSpec::new("b", 1)]);
    assert_eq!(
        fixture.log().offsets("a").unwrap(),
        [OffsetRange::default(); 2]
    );
}

fn records_keep_order_and_everything_in_them<F: Fixture>() {
    let mut fixture = F::create();
    fixture.log().create_topic(&TopicSpec::new("t", 1)).unwrap();
    let mut expected: Vec<Record<Raw>> = (0..100)
        .map(|n| {
            let mut record = record(&format!("k{n}"), &format!("v{n}"), 1000 - n);
            if n % 3 == 0 {
                record.headers.push("a", "1");
                record.headers.push("", "");
                record.headers.push("a", "2");
            }
            if n % 4 == 0 {
                record.key = None;
            }
            if n % 5 == 0 {
                record.value = Raw(None);
            }
            record
        })
        .collect();
    expected.push(Record::new(Raw::from(""), Timestamp::from_millis(i64::MIN)));
    expected.push(Record::new(
        Raw::from(vec![0; 3_000_000]),
        Timestamp::from_millis(i64::MAX),
    ));
    for chunk in expected.chunks(9) {
        append(fixture.log(), "t", chunk.to_vec());
    }
    for (offset, record) in (0..).zip(&mut expected) {
        record.origin = offset;
    }
    assert_eq!(read_all(fixture.log(), "t", 0), expected);
    fixture.reopen();
    assert_eq!(read_all(fixture.log(), "t", 0), expected);
    let partition = TopicPartition::new("t", 0);
    for from in [0, 1, 8, 9, 50, 99, 101] {
        let records = fixture.log().read(&partition, from, 1).unwrap();
        assert_eq!(offsets(&records), [from]);
    }
    let after = fixture.log().read(&partition, 102, 10).unwrap();
    assert!(after.is_empty());
    let beyond = fixture.log().read(&partition, u64::MAX, 10).unwrap();
    assert!(beyond.is_empty());
    let none = fixture.log().read(&partition, 0, 0).unwrap();
    assert!(none.is_empty());
}

fn keys_choose_the_partition<F: Fixture>() {
    let fixture = F::create();
    fixture.log().create_topic(&TopicSpec::new("t", 5)).unwrap();
    let keys: Vec<String> = (0..200).map(|n| format!("{n:06x}")).collect();
    let records = keys.iter().map(|key| record(key, key, 0)).collect();
    append(fixture.log(), "t", records);
    let mut seen = 0;
    for partition in 0..5 {
        for record in read_all(fixture.log(), "t", partition) {
            assert_eq!(partition_for_key(&record.key.unwrap(), 5), partition);
            seen += 1;
        }
    }
    assert_eq!(seen, keys.len());
}

fn records_without_a_key_take_turns<F: Fixture>() {
    let fixture = F::create();
    fixture.log().create_topic(&TopicSpec::new("t", 3)).unwrap();
    let mut writer = fixture.log().writer(Isolation::Immediate).unwrap();
    for n in 0..9 {
        writer.append("t", vec![unkeyed(&n.to_string())]).unwrap();
    }
    for partition in 0..3 {
        assert_eq!(read_all(fixture.log(), "t", partition).len(), 3);
    }
}

fn an_append_wakes_a_waiting_reader<F: Fixture>() {
    let fixture = F::create();
    fixture.log().create_topic(&TopicSpec::new("t", 2)).unwrap();
    let mut subscriber = fixture
        .log()
        .subscribe(&subscription("g", "t", Start::Committed))
        .unwrap();
    let mut readers = assigned(&mut *subscriber);
    let key = ["a", "b", "c", "d", "e"]
        .into_iter()
        .find(|key| partition_for_key(key.as_bytes(), 2) == 1)
        .unwrap();
    let (counter, waker) = CountingWaker::new();
    let mut cx = Context::from_waker(&waker);
    assert!(readers[1].poll_fetch(&mut cx, 10).is_pending());
    assert!(readers[1].poll_fetch(&mut cx, 10).is_pending());
    let mut writer = fixture.log().writer(Isolation::Transactional).unwrap();
    writer.append("t", vec![record(key, "1", 0)]).unwrap();
    assert_eq!(counter.count(), 0, "not before the commit");
    assert!(readers[1].poll_fetch(&mut cx, 10).is_pending());
    writer.commit("g", &[]).unwrap();
    assert_eq!(counter.count(), 1);
    let Poll::Ready(Ok(records)) = readers[1].poll_fetch(&mut cx, 10) else {
        panic!("there is a record");
    };
    assert_eq!(values(&records), ["1"]);
    append(fixture.log(), "t", vec![record(key, "2", 0)]);
    assert_eq!(counter.count(), 1, "it was not waiting");
    assert_eq!(readers[1].end().unwrap(), 2);
    assert_eq!(readers[1].position(), 1);
    assert!(readers[0].poll_fetch(&mut cx, 10).is_pending());
}

fn a_reader_that_is_gone_is_not_woken<F: Fixture>() {
    let fixture = F::create();
    fixture.log().create_topic(&TopicSpec::new("t", 1)).unwrap();
    let mut subscriber = fixture
        .log()
        .subscribe(&subscription("g", "t", Start::Earliest))
        .unwrap();
    let mut readers = assigned(&mut *subscriber);
    let (counter, waker) = CountingWaker::new();
    let mut cx = Context::from_waker(&waker);
    assert!(readers[0].poll_fetch(&mut cx, 10).is_pending());
    drop(readers);
    append(fixture.log(), "t", vec![unkeyed("1")]);
    assert_eq!(counter.count(), 0);
    assert!(subscriber.poll_assignment(&mut cx).is_pending());
}

fn a_reader_seeks<F: Fixture>() {
    let fixture = F::create();
    fixture.log().create_topic(&TopicSpec::new("t", 1)).unwrap();
    let records = (0..30).map(|n| unkeyed(&n.to_string())).collect();
    append(fixture.log(), "t", records);
    let mut subscriber = fixture
        .log()
        .subscribe(&subscription("g", "t", Start::Earliest))
        .unwrap();
    let mut readers = assigned(&mut *subscriber);
    let reader = &mut *readers[0];
    assert_eq!(offsets(&fetch(reader, 3).unwrap()), [0, 1, 2]);
    assert_eq!(offsets(&fetch(reader, 3).unwrap()), [3, 4, 5]);
    reader.seek(1);
    assert_eq!(offsets(&fetch(reader, 2).unwrap()), [1, 2]);
    reader.seek(29);
    assert_eq!(offsets(&fetch(reader, 0).unwrap()), [29]);
    assert_eq!(reader.position(), 30);
    assert!(fetch(reader, 2).is_none());
}

fn offsets_are_committed_per_group<F: Fixture>() {
    let mut fixture = F::create();
    fixture.log().create_topic(&TopicSpec::new("t", 2)).unwrap();
    let (first, second) = (TopicPartition::new("t", 0), TopicPartition::new("t", 1));
    for isolation in [Isolation::Immediate, Isolation::Transactional] {
        let mut writer = fixture.log().writer(isolation).unwrap();
        writer
            .commit("g", &[(first.clone(), 5), (first.clone(), 6)])
            .unwrap();
        writer.commit("g", &[(second.clone(), 7)]).unwrap();
        writer.commit("h", &[(first.clone(), 1)]).unwrap();
    }
    fixture.reopen();
    let committed = |group| fixture.log().committed(group, "t").unwrap();
    assert_eq!(
        committed("g"),
        BTreeMap::from([(first.clone(), 6), (second, 7)])
    );
    assert_eq!(committed("h"), BTreeMap::from([(first, 1)]));
    assert!(committed("i").is_empty());
    assert!(fixture.log().committed("g", "another").unwrap().is_empty());
}

fn a_subscription_starts_where_it_says<F: Fixture>() {
    let mut fixture = F::create();
    fixture.log().create_topic(&TopicSpec::new("t", 1)).unwrap();
    let records = (0..5).map(|n| unkeyed(&n.to_string())).collect();
    append(fixture.log(), "t", records);
    let mut writer = fixture.log().writer(Isolation::Immediate).unwrap();
    writer
        .commit("g", &[(TopicPartition::new("t", 0), 3)])
        .unwrap();
    drop(writer);
    fixture.reopen();
    for (group, start, first) in [
        ("g", Start::Committed, 3),
        ("g", Start::Earliest, 0),
        ("new", Start::Committed, 0),
    ] {
        let wanted = subscription(group, "t", start);
        let mut subscriber = fixture.log().subscribe(&wanted).unwrap();
        let mut readers = assigned(&mut *subscriber);
        assert_eq!(readers[0].position(), first);
        assert_eq!(fetch(&mut *readers[0], 9).unwrap()[0].origin, first);
    }
}

fn a_group_has_one_member<F: Fixture>() {
    let fixture = F::create();
    let log = fixture.log();
    log.create_topic(&TopicSpec::new("t", 1)).unwrap();
    log.create_topic(&TopicSpec::new("u", 1)).unwrap();
    let wanted = subscription("g", "t", Start::Committed);
    let first = log.subscribe(&wanted).unwrap();
    let Err(error) = log.subscribe(&wanted) else {
        panic!("the group is busy");
    };
    assert!(matches!(error, LogError::GroupBusy { .. }), "{error}");
    log.subscribe(&subscription("h", "t", Start::Committed))
        .unwrap();
    log.subscribe(&subscription("g", "u", Start::Committed))
        .unwrap();
    drop(first);
    log.subscribe(&wanted).unwrap();
}

fn a_transaction_shows_at_its_commit<F: Fixture>() {
    let fixture = F::create();
    let log = fixture.log();
    log.create_topic(&TopicSpec::new("t", 1)).unwrap();
    let mut writer = log.writer(Isolation::Transactional).unwrap();
    writer
        .append("t", vec![unkeyed("a"), unkeyed("b")])
        .unwrap();
    append(log, "t", vec![unkeyed("between")]);
    writer.append("t", vec![unkeyed("c")]).unwrap();
    assert_eq!(values(&read_all(log, "t", 0)), ["between"]);
    writer.commit("g", &[]).unwrap();
    let records = read_all(log, "t", 0);
    assert_eq!(values(&records), ["between", "a", "b", "c"]);
    assert_eq!(offsets(&records), [0, 1, 2, 3]);
    writer.commit("g", &[]).unwrap();
    assert_eq!(read_all(log, "t", 0).len(), 4);
}

fn an_aborted_transaction_is_forgotten<F: Fixture>() {
    let fixture = F::create();
    let log = fixture.log();
    log.create_topic(&TopicSpec::new("t", 1)).unwrap();
    let mut writer = log.writer(Isolation::Transactional).unwrap();
    writer.append("t", vec![unkeyed("a")]).unwrap();
    writer.abort();
    writer.append("t", vec![unkeyed("b")]).unwrap();
    writer.commit("g", &[]).unwrap();
    writer.append("t", vec![unkeyed("c")]).unwrap();
    drop(writer);
    let mut writer = log.writer(Isolation::Immediate).unwrap();
    writer.append("t", vec![unkeyed("d")]).unwrap();
    writer.abort();
    assert_eq!(values(&read_all(log, "t", 0)), ["b", "d"]);
}

fn a_commit_is_whole_over_topics_and_offsets<F: Fixture>() {
    let mut fixture = F::create();
    for topic in ["in", "out", "state"] {
        let spec = TopicSpec::new(topic, 2);
        fixture.log().create_topic(&spec).unwrap();
    }
    let input = TopicPartition::new("in", 1);
    let mut writer = fixture.log().writer(Isolation::Transactional).unwrap();
    writer
        .append("out", vec![record("a", "1", 0), record("b", "2", 0)])
        .unwrap();
    writer.append("state", vec![record("a", "s", 0)]).unwrap();
    assert_eq!(
        count(fixture.log(), "out") + count(fixture.log(), "state"),
        0
    );
    writer.commit("g", &[(input.clone(), 9)]).unwrap();
    drop(writer);
    fixture.reopen();
    assert_eq!(count(fixture.log(), "out"), 2);
    assert_eq!(count(fixture.log(), "state"), 1);
    let committed = fixture.log().committed("g", input.topic()).unwrap();
    assert_eq!(committed, BTreeMap::from([(input, 9)]));
}

fn count(log: &dyn Log, topic: &str) -> usize {
    (0..2).map(|p| read_all(log, topic, p).len()).sum()
}

fn a_refused_commit_changes_nothing<F: Fixture>() {
    let fixture = F::create();
    let log = fixture.log();
    log.create_topic(&TopicSpec::new("t", 1)).unwrap();
    let good = (TopicPartition::new("t", 0), 1);
    let bad = (TopicPartition::new("t", 1), 1);
    let mut writer = log.writer(Isolation::Transactional).unwrap();
    writer.append("t", vec![unkeyed("a")]).unwrap();
    let error = writer.commit("g", &[good, bad]).unwrap_err();
    assert!(matches!(error, LogError::UnknownPartition { .. }));
    assert!(read_all(log, "t", 0).is_empty());
    assert!(log.committed("g", "t").unwrap().is_empty());
    append(log, "t", vec![unkeyed("b")]);
    assert_eq!(values(&read_all(log, "t", 0)), ["b"]);
}

fn unknown_topics_and_partitions_are_named<F: Fixture>() {
    let fixture = F::create();
    let log = fixture.log();
    log.create_topic(&TopicSpec::new("t", 1)).unwrap();
    let unknown = |result: Result<(), LogError>| match result.unwrap_err() {
        LogError::UnknownTopic { topic } => assert_eq!(topic, "u"),
        other => panic!("{other}"),
    };
    let wanted = subscription("g", "u", Start::Committed);
    unknown(log.subscribe(&wanted).map(drop));
    unknown(log.offsets("u").map(drop));
    unknown(log.read(&TopicPartition::new("u", 0), 0, 1).map(drop));
    for isolation in [Isolation::Immediate, Isolation::Transactional] {
        let mut writer = log.writer(isolation).unwrap();
        unknown(writer.append("u", vec![unkeyed("a")]));
        unknown(writer.commit("g", &[(TopicPartition::new("u", 0), 1)]));
    }
    let error = log.read(&TopicPartition::new("t", 1), 0, 1).unwrap_err();
    assert!(matches!(
        error,
        LogError::UnknownPartition {
            partition: 1,
            partitions: 1,
            ..
        }
    ));
}

fn compaction_keeps_the_newest_of_each_key<F: Fixture>() {
    let mut fixture = F::create();
    let spec = TopicSpec::new("t", 1).compacted();
    fixture.log().create_topic(&spec).unwrap();
    let log = fixture.log();
    append(
        log,
        "t",
        vec![
            record("a", "1", 0),
            record("b", "2", 0),
            record("a", "3", 0),
        ],
    );
    append(
        log,
        "t",
        vec![record("c", "4", 0), tombstone("b", 0), record("d", "5", 0)],
    );
    fixture.clean();
    let records = read_all(fixture.log(), "t", 0);
    assert_eq!(values(&records), ["3", "4", "-", "5"]);
    assert_eq!(offsets(&records), [2, 3, 4, 5]);
    fixture.reopen();
    fixture.clean();
    let records = read_all(fixture.log(), "t", 0);
    assert_eq!(values(&records), ["3", "4", "5"], "the tombstone is gone");
    assert_eq!(offsets(&records), [2, 3, 5]);
    let range = OffsetRange { start: 2, end: 6 };
    assert_eq!(fixture.log().offsets("t").unwrap(), [range]);
    append(fixture.log(), "t", vec![record("d", "6", 0)]);
    assert_eq!(offsets(&read_all(fixture.log(), "t", 0)), [2, 3, 5, 6]);

    let mut subscriber = fixture
        .log()
        .subscribe(&subscription("g", "t", Start::Earliest))
        .unwrap();
    let mut readers = assigned(&mut *subscriber);
    assert_eq!(offsets(&fetch(&mut *readers[0], 2).unwrap()), [2, 3]);
    assert_eq!(offsets(&fetch(&mut *readers[0], 1).unwrap()), [5]);
    readers[0].seek(4);
    assert_eq!(fetch(&mut *readers[0], 1).unwrap()[0].origin, 5);
}

fn compaction_keeps_records_without_a_key<F: Fixture>() {
    let fixture = F::create();
    let spec = TopicSpec::new("t", 1).compacted();
    fixture.log().create_topic(&spec).unwrap();
    append(fixture.log(), "t", vec![unkeyed("1"), unkeyed("2")]);
    fixture.clean();
    assert_eq!(values(&read_all(fixture.log(), "t", 0)), ["1", "2"]);
}

fn compaction_goes_on_where_it_was<F: Fixture>() {
    let mut fixture = F::create();
    let spec = TopicSpec::new("t", 1).compacted();
    fixture.log().create_topic(&spec).unwrap();
    for round in 0..6 {
        for chunk in 0..10 {
            let records = (0..50)
                .map(|n| {
                    let key = format!("{}", (chunk * 50 + n) % (100 + round));
                    record(&key, &format!("{round}/{chunk}/{n}"), 0)
                })
                .collect();
            append(fixture.log(), "t", records);
        }
        let mut newest = BTreeMap::new();
        for record in read_all(fixture.log(), "t", 0) {
            newest.insert(record.key.clone().unwrap(), record);
        }
        fixture.clean();
        if round % 2 == 0 {
            fixture.reopen();
        }
        let kept = read_all(fixture.log(), "t", 0);
        assert!(kept.is_sorted_by_key(|record| record.origin));
        let kept: BTreeMap<_, _> = kept
            .into_iter()
            .map(|record| (record.key.clone().unwrap(), record))
            .collect();
        assert_eq!(kept, newest);
        assert_eq!(read_all(fixture.log(), "t", 0).len(), newest.len());
    }
}

fn retention_by_age_follows_the_newest_record<F: Fixture>() {
    let mut fixture = F::create();
    let spec = TopicSpec::new("t", 1).retention(Duration::from_secs(100));
    fixture.log().create_topic(&spec).unwrap();
    let records = (0..10)
        .map(|n| record("k", &n.to_string(), n * 10))
        .collect();
    append(fixture.log(), "t", records);
    fixture.clean();
    assert_eq!(read_all(fixture.log(), "t", 0).len(), 10);
    append(
        fixture.log(),
        "t",
        vec![record("k", "new", 145), record("k", "late", 0)],
    );
    fixture.clean();
    let expected = ["5", "6", "7", "8", "9", "new", "late"];
    assert_eq!(values(&read_all(fixture.log(), "t", 0)), expected);
    fixture.reopen();
    assert_eq!(values(&read_all(fixture.log(), "t", 0)), expected);
    let range = OffsetRange { start: 5, end: 12 };
    assert_eq!(fixture.log().offsets("t").unwrap(), [range]);
    append(fixture.log(), "t", vec![record("k", "newer", 1000)]);
    fixture.clean();
    assert_eq!(values(&read_all(fixture.log(), "t", 0)), ["newer"]);
}

fn retention_by_age_holds_for_compacted_topics<F: Fixture>() {
    let fixture = F::create();
    let spec = TopicSpec::new("t", 1)
        .compacted()
        .retention(Duration::from_secs(100));
    fixture.log().create_topic(&spec).unwrap();
    let log = fixture.log();
    append(
        log,
        "t",
        vec![
            record("a", "1", 150),
            record("b", "2", 10),
            record("c", "3", 20),
        ],
    );
    append(log, "t", vec![record("d", "4", 200), record("a", "5", 190)]);
    fixture.clean();
    assert_eq!(values(&read_all(fixture.log(), "t", 0)), ["4", "5"]);
}

fn retention_by_bytes_keeps_the_newest<F: Fixture>() {
    let fixture = F::create();
    let spec = TopicSpec::new("t", 1).retention_bytes(10_000);
    fixture.log().create_topic(&spec).unwrap();
    for n in 0..100 {
        let records = (0..10).map(|m| unkeyed(&format!("{:0100}", n * 10 + m)));
        append(fixture.log(), "t", records.collect());
    }
    fixture.clean();
    let kept = read_all(fixture.log(), "t", 0);
    assert!((70..=100).contains(&kept.len()), "{} kept", kept.len());
    let first = 1000 - kept.len() as u64;
    assert_eq!(offsets(&kept), (first..1000).collect::<Vec<_>>());
    let range = OffsetRange {
        start: first,
        end: 1000,
    };
    assert_eq!(fixture.log().offsets("t").unwrap(), [range]);
    let from_the_start = fixture.log().read(&TopicPartition::new("t", 0), 0, 1);
    assert_eq!(from_the_start.unwrap()[0].origin, first);
}

fn offsets_are_not_given_out_twice<F: Fixture>() {
    let mut fixture = F::create();
    let spec = TopicSpec::new("t", 1).compacted();
    fixture.log().create_topic(&spec).unwrap();
    append(
        fixture.log(),
        "t",
        vec![record("a", "1", 0), tombstone("a", 0)],
    );
    fixture.clean();
    fixture.clean();
    assert!(read_all(fixture.log(), "t", 0).is_empty());
    fixture.reopen();
    let range = OffsetRange { start: 2, end: 2 };
    assert_eq!(fixture.log().offsets("t").unwrap(), [range]);
    append(fixture.log(), "t", vec![record("a", "2", 0)]);
    assert_eq!(offsets(&read_all(fixture.log(), "t", 0)), [2]);
}

fn writers_in_threads_lose_nothing<F: Fixture>() {
    let fixture = F::create();
    fixture.log().create_topic(&TopicSpec::new("t", 1)).unwrap();
    let isolations = [Isolation::Immediate, Isolation::Transactional];
    std::thread::scope(|scope| {
        for (thread, isolation) in isolations.into_iter().cycle().take(4).enumerate() {
            let mut writer = fixture.log().writer(isolation).unwrap();
            scope.spawn(move || {
                for n in 0..50 {
                    let value = format!("{thread} {n:03}");
                    writer.append("t", vec![unkeyed(&value)]).unwrap();
                    writer.commit("g", &[]).unwrap();
                }
            });
        }
    });
    let records = read_all(fixture.log(), "t", 0);
    assert_eq!(offsets(&records), (0..200).collect::<Vec<_>>());
    for thread in 0..4 {
        let mine = values(&records);
        let mine = mine.iter().filter(|v| v.starts_with(&thread.to_string()));
        assert!(mine.is_sorted());
    }
}
