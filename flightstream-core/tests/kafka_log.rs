//! What the log promises, on a real cluster.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

mod kafka_cluster;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use flightstream_core::batch::{Offset, Raw, Record, TopicPartition};
use flightstream_core::log::kafka::{KafkaLog, KafkaOptions, Profile};
use flightstream_core::log::{
    Assignment, Isolation, Log, LogError, PartitionReader, Start, Subscription, TopicSpec,
    partition_for_key,
};
use flightstream_core::time::Timestamp;
use kafka_cluster::*;

fn subscription(group: &str, topic: &str, start: Start) -> Subscription {
    Subscription {
        group: group.to_owned(),
        topic: topic.to_owned(),
        start,
    }
}

fn append(log: &KafkaLog, topic: &str, records: Vec<Record<Raw>>) {
    let mut writer = log.writer(Isolation::Immediate).unwrap();
    writer.append(topic, records).unwrap();
    writer.commit("", &[]).unwrap();
}

#[test]
fn topics_are_created_once_with_their_settings() {
    let log = open();
    let topic = name("settings");
    let spec = TopicSpec::new(&topic, 3)
        .compacted()
        .retention(Duration::from_secs(3600))
        .retention_bytes(1_000_000);
    log.create_topic(&spec).unwrap();
    log.create_topic(&spec).unwrap();
    assert!(log.topics().unwrap().contains(&spec));
    let settings = &log.settings(std::slice::from_ref(&topic)).unwrap()[&topic];
    assert_eq!(settings["cleanup.policy"], "compact,delete");
    let differing = log.create_topic(&TopicSpec::new(&topic, 4)).unwrap_err();
    assert!(matches!(
        differing,
        LogError::TopicDiffers {
            existing: 3,
            wanted: 4,
            ..
        }
    ));
    let invalid = log.create_topic(&TopicSpec::new("a b", 1)).unwrap_err();
    assert!(matches!(invalid, LogError::InvalidTopic { .. }));
    log.delete_topic(&topic).unwrap();
    let unknown = log.delete_topic(&topic).unwrap_err();
    assert!(matches!(unknown, LogError::UnknownTopic { .. }));
}

#[test]
fn records_keep_order_and_everything_in_them() {
    let log = open();
    let topic = name("records");
    log.create_topic(&TopicSpec::new(&topic, 1)).unwrap();
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
    let mut empty = Record::new(Raw::from(""), Timestamp::from_millis(1));
    empty.key = Some("".into());
    expected.push(empty);
    expected.push(Record::new(
        Raw::from(vec![0; 900_000]),
        Timestamp::from_millis(2),
    ));
    for chunk in expected.chunks(9) {
        append(&log, &topic, chunk.to_vec());
    }
    for (offset, record) in (0..).zip(&mut expected) {
        record.origin = offset;
    }
    assert_eq!(read_all(&log, &topic, 0), expected);
    let partition = TopicPartition::new(topic.as_str(), 0);
    for from in [99, 0, 1, 8, 9, 50, 101] {
        let records = log.read(&partition, from, 1).unwrap();
        assert_eq!(records[0].origin, from);
        assert_eq!(records.len(), 1);
    }
    assert!(log.read(&partition, 102, 10).unwrap().is_empty());
    assert!(log.read(&partition, u64::MAX, 10).unwrap().is_empty());
    assert!(log.read(&partition, 0, 0).unwrap().is_empty());
}

#[test]
fn a_record_that_is_too_large_is_named() {
    let log = open();
    let topic = name("large");
    log.create_topic(&TopicSpec::new(&topic, 1)).unwrap();
    let mut writer = log.writer(Isolation::Immediate).unwrap();
    let large = Record::new(Raw::from(vec![0; 2_000_000]), Timestamp::from_seconds(1));
    let error = writer.append(&topic, vec![large]).unwrap_err();
    let expected = matches!(
        error,
        LogError::RecordTooLarge {
            size: 2_000_000,
            limit: 1_000_000,
            ..
        }
    );
    assert!(expected, "{error}");
}

#[test]
fn keys_choose_the_partition() {
    let log = open();
    let topic = name("keys");
    log.create_topic(&TopicSpec::new(&topic, 5)).unwrap();
    let keys: Vec<String> = (0..200).map(|n| format!("{n:06x}")).collect();
    let records = keys.iter().map(|key| record(key, key, 1)).collect();
    append(&log, &topic, records);
    let mut seen = 0;
    for partition in 0..5 {
        for record in read_all(&log, &topic, partition) {
            assert_eq!(partition_for_key(&record.key.unwrap(), 5), partition);
            seen += 1;
        }
    }
    assert_eq!(seen, keys.len());
}

#[test]
fn a_transaction_shows_at_its_commit_with_its_offsets() {
    let log = open();
    let (topic, group) = (name("transaction"), name("group"));
    let input = name("input");
    log.create_topic(&TopicSpec::new(&topic, 1)).unwrap();
    log.create_topic(&TopicSpec::new(&input, 1)).unwrap();
    let mut writer = log.writer(Isolation::Transactional).unwrap();
    writer
        .append(&topic, vec![record("a", "aborted", 1)])
        .unwrap();
    writer.abort();
    writer.append(&topic, vec![record("a", "1", 1)]).unwrap();
    assert!(read_all(&log, &topic, 0).is_empty());
    let offset = (TopicPartition::new(input.as_str(), 0), 7);
    writer
        .commit(&group, std::slice::from_ref(&offset))
        .unwrap();
    writer.append(&topic, vec![record("a", "2", 1)]).unwrap();
    writer.commit(&group, &[]).unwrap();
    // Two records and the marker between them at the least, whether or not readers see the second one yet.
    assert!(log.ends(&topic).unwrap()[0] >= 3);
    assert_eq!(values(&read_all(&log, &topic, 0)), ["1", "2"]);
    let committed = log.committed(&group, &input).unwrap();
    assert_eq!(committed, BTreeMap::from([offset]));
    assert!(log.committed(&group, &topic).unwrap().is_empty());
}

#[test]
fn a_reader_gets_past_what_transactions_leave_at_the_end() {
    let log = open();
    let topic = name("markers");
    log.create_topic(&TopicSpec::new(&topic, 1)).unwrap();
    let mut writer = log.writer(Isolation::Transactional).unwrap();
    writer.append(&topic, vec![record("a", "1", 1)]).unwrap();
    writer.commit("", &[]).unwrap();
    writer
        .append(&topic, vec![record("a", "aborted", 1)])
        .unwrap();
    writer.abort();
    let partition = TopicPartition::new(topic.as_str(), 0);
    let mut reader = log.partition_reader(&partition, 0).unwrap();
    assert_eq!(values(&fetch(&mut *reader, 1)), ["1"]);
    let end = reader.end().unwrap();
    assert!(end > 1);
    wait(|cx| {
        assert!(reader.poll_fetch(cx, 1).is_pending());
        match reader.position() == end {
            true => std::task::Poll::Ready(()),
            false => std::task::Poll::Pending,
        }
    });
}

#[test]
fn a_reader_seeks_and_is_woken() {
    let log = open();
    let topic = name("seek");
    log.create_topic(&TopicSpec::new(&topic, 1)).unwrap();
    let partition = TopicPartition::new(topic.as_str(), 0);
    let numbered = |range: std::ops::Range<u32>| -> Vec<_> {
        range.map(|n| record("k", &n.to_string(), 1)).collect()
    };
    append(&log, &topic, numbered(0..100));
    let mut reader = log.partition_reader(&partition, 0).unwrap();
    let mut beside = log.partition_reader(&partition, 50).unwrap();
    assert_eq!(values(&fetch(&mut *reader, 10)).last().unwrap(), "9");
    assert_eq!(values(&fetch(&mut *beside, 1)), ["50"]);
    for to in [3, 3, 90, 0] {
        reader.seek(to);
        assert_eq!(values(&fetch(&mut *reader, 2))[0], to.to_string());
    }
    assert_eq!(values(&fetch(&mut *reader, 98)).last().unwrap(), "99");
    append(&log, &topic, numbered(100..101));
    assert_eq!(values(&fetch(&mut *reader, 1)), ["100"]);
    drop(reader);
    let mut again = log.partition_reader(&partition, 7).unwrap();
    assert_eq!(values(&fetch(&mut *again, 1)), ["7"]);
}

#[test]
fn a_member_begins_where_its_group_has_committed() {
    let log = open();
    let (topic, group) = (name("start"), name("group"));
    log.create_topic(&TopicSpec::new(&topic, 1)).unwrap();
    let records = (0..5).map(|n| record("k", &n.to_string(), 1)).collect();
    append(&log, &topic, records);
    let offset = (TopicPartition::new(topic.as_str(), 0), 3);
    let mut writer = log.writer(Isolation::Immediate).unwrap();
    writer.commit(&group, &[offset]).unwrap();
    for (group, start, first) in [
        (group.as_str(), Start::Committed, 3),
        (group.as_str(), Start::Earliest, 0),
        (name("new").as_str(), Start::Committed, 0),
    ] {
        let mut subscriber = log.subscribe(&subscription(group, &topic, start)).unwrap();
        let busy = log.subscribe(&subscription(group, &topic, start));
        assert!(matches!(busy, Err(LogError::GroupBusy { .. })));
        let mut readers = assigned(&mut *subscriber);
        assert_eq!(readers[0].position(), first);
        assert_eq!(values(&fetch(&mut *readers[0], 1)), [first.to_string()]);
    }
}

/// Both protocols: partitions that move are given up by the one before the other gets them, with what was committed.
fn partitions_are_shared_out(protocol: &str) {
    let options = || options().set("group.protocol", protocol);
    let (one, other) = (
        KafkaLog::open(options()).unwrap(),
        KafkaLog::open(options()).unwrap(),
    );
    let (topic, group) = (name("shared"), name("group"));
    one.create_topic(&TopicSpec::new(&topic, 4)).unwrap();
    let records = (0..400).map(|n| record(&n.to_string(), "v", 1)).collect();
    append(&one, &topic, records);
    let subscription = subscription(&group, &topic, Start::Committed);
    let mut first = one.subscribe(&subscription).unwrap();
    let mut kept = assigned(&mut *first);
    while kept.len() < 4 {
        kept.extend(assigned(&mut *first));
    }
    let mut writer = one.writer(Isolation::Immediate).unwrap();
    for reader in &mut kept {
        let taken = fetch(&mut **reader, 10);
        let offset = (reader.topic_partition().clone(), taken[9].origin + 1);
        writer.commit(&group, &[offset]).unwrap();
    }
    let mut second = other.subscribe(&subscription).unwrap();
    let Assignment::Revoked(revoked) = change(&mut *first) else {
        panic!("nothing was revoked");
    };
    assert_eq!(revoked.len(), 2);
    // Still this member's, until it asks for the next change.
    let last = (revoked[0].clone(), 11);
    writer.commit(&group, &[last]).unwrap();
    kept.retain(|reader| !revoked.contains(reader.topic_partition()));
    let mut taken = Vec::new();
    let mut found = BTreeSet::new();
    wait(|cx| {
        // The one member only has to come back; the other gets the partitions.
        let _ = first.poll_assignment(cx);
        if let std::task::Poll::Ready(Ok(Assignment::Assigned(readers))) =
            second.poll_assignment(cx)
        {
            taken.extend(readers);
        }
        found = numbers(&taken);
        match found.len() == 2 {
            true => std::task::Poll::Ready(()),
            false => std::task::Poll::Pending,
        }
    });
    let expected: BTreeSet<u32> = revoked.iter().map(TopicPartition::partition).collect();
    assert_eq!(found, expected);
    for reader in &mut taken {
        let is_last = reader.topic_partition() == &revoked[0];
        assert_eq!(reader.position(), if is_last { 11 } else { 10 });
        let _ = fetch(&mut **reader, 5);
    }
    let late = writer.commit(&group, &[(revoked[0].clone(), 12)]);
    assert!(matches!(late, Err(LogError::Fenced { .. })), "{late:?}");
    let mut transaction = one.writer(Isolation::Transactional).unwrap();
    let late = transaction.commit(&group, &[(revoked[0].clone(), 12)]);
    assert!(matches!(late, Err(LogError::Fenced { .. })), "{late:?}");
}

#[test]
fn partitions_are_shared_out_by_the_classic_protocol() {
    partitions_are_shared_out("classic");
}

#[test]
fn partitions_are_shared_out_by_the_consumer_protocol() {
    partitions_are_shared_out("consumer");
}

/// The client goes on after its pause at the wrong offset, if what it gave out last was the end of the partition.
#[test]
fn a_record_that_comes_to_the_end_during_a_rebalance_is_read() {
    let (one, other) = (open(), open());
    let (topic, group) = (name("end"), name("group"));
    one.create_topic(&TopicSpec::new(&topic, 2)).unwrap();
    let subscription = subscription(&group, &topic, Start::Committed);
    let mut first = one.subscribe(&subscription).unwrap();
    let mut kept = assigned(&mut *first);
    while kept.len() < 2 {
        kept.extend(assigned(&mut *first));
    }
    let mut writer = one.writer(Isolation::Immediate).unwrap();
    for round in 0..3 {
        let mut second = other.subscribe(&subscription).unwrap();
        let mut sent: BTreeMap<TopicPartition, Offset> = BTreeMap::new();
        let mut others: Vec<Box<dyn PartitionReader>> = Vec::new();
        let mut left = 200;
        // One after the other, so that each finds the reader at the end.
        wait(|cx| {
            match first.poll_assignment(cx) {
                std::task::Poll::Ready(Ok(Assignment::Revoked(revoked))) => {
                    kept.retain(|reader| !revoked.contains(reader.topic_partition()));
                }
                std::task::Poll::Ready(Ok(Assignment::Assigned(readers))) => kept.extend(readers),
                _ => {}
            }
            if let std::task::Poll::Ready(Ok(Assignment::Assigned(readers))) =
                second.poll_assignment(cx)
            {
                others.extend(readers);
            }
            for reader in &mut kept {
                let partition = reader.topic_partition().clone();
                if let std::task::Poll::Ready(records) = reader.poll_fetch(cx, 10) {
                    for record in records.unwrap() {
                        assert_eq!(
                            sent.remove(&partition),
                            Some(record.origin),
                            "round {round}"
                        );
                    }
                } else if !sent.contains_key(&partition) {
                    // A task that begins again seeks, and may be where it was.
                    let position = reader.position();
                    reader.seek(position);
                    sent.insert(partition.clone(), position);
                    let next = record("k", "v", 1);
                    writer.append_to(&partition, vec![next]).unwrap();
                    writer.commit("", &[]).unwrap();
                    left -= i32::from(!others.is_empty());
                }
            }
            cx.waker().wake_by_ref();
            match left > 0 {
                true => std::task::Poll::Pending,
                false => std::task::Poll::Ready(()),
            }
        });
        drop((second, others));
        // The other's partition comes back, of which nothing is committed.
        while kept.len() < 2 {
            kept.extend(assigned(&mut *first));
        }
        let ends = one.ends(&topic).unwrap();
        for reader in &mut kept {
            let number = reader.topic_partition().partition();
            reader.seek(ends[number as usize]);
        }
    }
}

/// The successor gets its place without a rebalance, so nobody else may be waiting for the predecessor's next step.
#[test]
fn a_named_member_that_ends_during_a_rebalance_leaves_no_partition_to_nobody() {
    let named = |name: &str| KafkaLog::open(options().instance(name)).unwrap();
    let (topic, group) = (name("named"), name("group"));
    open().create_topic(&TopicSpec::new(&topic, 4)).unwrap();
    let subscription = subscription(&group, &topic, Start::Committed);
    let predecessor = named("a");
    let mut first = predecessor.subscribe(&subscription).unwrap();
    let mut kept = assigned(&mut *first);
    while kept.len() < 4 {
        kept.extend(assigned(&mut *first));
    }
    let other = named("b");
    let mut second = other.subscribe(&subscription).unwrap();
    assert!(matches!(change(&mut *first), Assignment::Revoked(_)));
    drop((kept, first, predecessor));
    let successor = named("a");
    let mut third = successor.subscribe(&subscription).unwrap();
    let (mut of_second, mut of_third) = (BTreeSet::new(), BTreeSet::new());
    wait(|cx| {
        for (member, has) in [(&mut second, &mut of_second), (&mut third, &mut of_third)] {
            while let std::task::Poll::Ready(change) = member.poll_assignment(cx) {
                let (more, gone) = match change.unwrap() {
                    Assignment::Assigned(readers) => (numbers(&readers), Vec::new()),
                    Assignment::Revoked(gone) | Assignment::Lost(gone) => (BTreeSet::new(), gone),
                    other => panic!("{other:?}"),
                };
                has.extend(more);
                has.retain(|number| !gone.iter().any(|gone| gone.partition() == *number));
            }
        }
        match of_second.len() + of_third.len() {
            4 => std::task::Poll::Ready(()),
            _ => std::task::Poll::Pending,
        }
    });
    assert_eq!(of_second.union(&of_third).count(), 4);
}

#[test]
fn a_topic_that_is_deleted_under_its_reader_is_told() {
    let log = KafkaLog::open(options().set("topic.metadata.refresh.interval.ms", "1000")).unwrap();
    let (topic, group) = (name("deleted"), name("group"));
    log.create_topic(&TopicSpec::new(&topic, 1)).unwrap();
    let subscription = subscription(&group, &topic, Start::Committed);
    let mut subscriber = log.subscribe(&subscription).unwrap();
    let mut readers = assigned(&mut *subscriber);
    log.delete_topic(&topic).unwrap();
    let error = wait(|cx| {
        if let std::task::Poll::Ready(Err(error)) = subscriber.poll_assignment(cx) {
            return std::task::Poll::Ready(error);
        }
        match readers[0].poll_fetch(cx, 1) {
            std::task::Poll::Ready(Err(error)) => std::task::Poll::Ready(error),
            _ => std::task::Poll::Pending,
        }
    });
    assert!(matches!(error, LogError::UnknownTopic { .. }), "{error}");
}

#[test]
fn unknown_topics_and_partitions_are_named() {
    let log = open();
    let topic = name("known");
    log.create_topic(&TopicSpec::new(&topic, 1)).unwrap();
    let unknown = name("unknown");
    let mut writer = log.writer(Isolation::Immediate).unwrap();
    let errors = [
        log.offsets(&unknown).unwrap_err(),
        writer
            .append(&unknown, vec![record("k", "v", 1)])
            .unwrap_err(),
        log.subscribe(&subscription("g", &unknown, Start::Committed))
            .err()
            .unwrap(),
    ];
    for error in errors {
        assert!(
            matches!(&error, LogError::UnknownTopic { topic } if *topic == unknown),
            "{error}"
        );
    }
    let beyond = TopicPartition::new(topic.as_str(), 1);
    let error = writer
        .append_to(&beyond, vec![record("k", "v", 1)])
        .unwrap_err();
    assert!(matches!(
        error,
        LogError::UnknownPartition {
            partition: 1,
            partitions: 1,
            ..
        }
    ));
    let error = log.partition_reader(&beyond, 0).err().unwrap();
    assert!(matches!(error, LogError::UnknownPartition { .. }));
}

#[test]
fn a_cluster_that_is_not_there_is_named_with_the_reason() {
    let error = KafkaLog::open(KafkaOptions::new("127.0.0.1:1")).unwrap_err();
    assert!(matches!(error, LogError::Unavailable { .. }), "{error:?}");
    let text = error.to_string();
    assert!(
        text.contains("127.0.0.1:1") && text.contains("refused"),
        "{text}"
    );
}

#[test]
fn settings_that_cannot_be_used_are_named_and_secrets_are_not_shown() {
    let open = |options: KafkaOptions| KafkaLog::open(options).unwrap_err();
    let cases = [
        (
            options().set("no.such.setting", "swordfish"),
            "no.such.setting",
        ),
        (options().set("linger.ms", "swordfish"), "linger.ms"),
        (
            options().set("enable.auto.commit", "swordfish"),
            "enable.auto.commit",
        ),
        (
            options().set("sasl.password", "swordfish").set("x", "y"),
            "x",
        ),
        (KafkaOptions::new(" "), "bootstrap.servers"),
    ];
    for (options, named) in cases {
        let shown = format!("{options:?}");
        let error = open(options);
        assert!(matches!(error, LogError::InvalidSetting { .. }), "{error}");
        assert!(error.to_string().contains(named), "{error}");
        assert!(!error.to_string().contains("swordfish"), "{error}");
        assert!(!shown.contains("sasl.password\": \"swordfish"), "{shown}");
    }
}

#[test]
fn the_latency_profile_delivers_too() {
    let log = KafkaLog::open(options().profile(Profile::Latency)).unwrap();
    let topic = name("latency");
    log.create_topic(&TopicSpec::new(&topic, 1)).unwrap();
    append(&log, &topic, vec![record("k", "v", 1)]);
    assert_eq!(values(&read_all(&log, &topic, 0)), ["v"]);
}
