//! What errors of a cluster lead to, one by one, injected into librdkafka's own mock of a cluster.
#![allow(clippy::panic, clippy::unwrap_used)]

use std::future::poll_fn;
use std::sync::mpsc;
use std::time::Duration;

use flightstream_core::batch::{Raw, Record, TopicPartition};
use flightstream_core::log::kafka::{KafkaLog, KafkaOptions};
use flightstream_core::log::{Assignment, Isolation, Log, LogError, Start, Subscription, Writer};
use flightstream_core::time::Timestamp;
use futures::executor::block_on;
use rdkafka::mocking::{MockCluster, MockCoordinator};
use rdkafka::producer::DefaultProducerContext;
use rdkafka::types::{RDKafkaApiKey as Api, RDKafkaRespErr as Answer};

struct Mock {
    cluster: MockCluster<'static, DefaultProducerContext>,
    log: KafkaLog,
}

impl Mock {
    fn new() -> Self {
        Self::of(1)
    }

    fn of(brokers: i32) -> Self {
        Self::with(brokers, &[])
    }

    fn with(brokers: i32, settings: &[(&str, &str)]) -> Self {
        let cluster = MockCluster::new(brokers).unwrap();
        cluster.create_topic("in", 1, 1).unwrap();
        cluster.create_topic("out", 1, 1).unwrap();
        let options = KafkaOptions::new(cluster.bootstrap_servers())
            .instance("one")
            .set("message.timeout.ms", "4000")
            .set("transaction.timeout.ms", "4000")
            .set("retry.backoff.ms", "10");
        let set = |options: KafkaOptions, (name, value): &(&str, &str)| options.set(*name, *value);
        let options = settings.iter().fold(options, set);
        let log = KafkaLog::open(options).unwrap();
        Self { cluster, log }
    }

    fn writer(&self, isolation: Isolation) -> Box<dyn Writer> {
        self.log.writer(isolation).unwrap()
    }

    /// The next requests of that kind are answered so.
    fn answer(&self, api: Api, answers: &[Answer]) {
        self.cluster.request_errors(api, answers);
    }

    fn written(&self) -> usize {
        let partition = TopicPartition::new("out", 0);
        let mut written = 0;
        loop {
            let some = self.log.read(&partition, written, 100).unwrap();
            match some.last() {
                Some(last) => written = last.origin + 1,
                None => return usize::try_from(written).unwrap(),
            }
        }
    }
}

fn record() -> Vec<Record<Raw>> {
    vec![Record::new(Raw::from("{}"), Timestamp::from_seconds(1))]
}

fn offset() -> [(TopicPartition, u64); 1] {
    [(TopicPartition::new("in", 0), 1)]
}

#[test]
fn what_passes_is_waited_for() {
    let mock = Mock::new();
    let mut writer = mock.writer(Isolation::Immediate);
    let passing = [
        Answer::RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
        Answer::RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
        Answer::RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
    ];
    mock.answer(Api::Produce, &passing);
    writer.append("out", record()).unwrap();
    let settling = [
        Answer::RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS,
        Answer::RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS,
    ];
    mock.answer(Api::OffsetCommit, &settling);
    writer.commit("g", &offset()).unwrap();
    assert_eq!(mock.written(), 1);
    assert_eq!(mock.log.committed("g", "in").unwrap().len(), 1);
}

#[test]
fn a_partition_that_gets_a_leader_again_is_found() {
    // Clients look around by themselves every five minutes, which would hide whether this one does.
    let mock = Mock::with(1, &[("topic.metadata.refresh.interval.ms", "-1")]);
    mock.cluster.partition_leader("in", 0, None).unwrap();
    let subscription = Subscription {
        group: "g".to_owned(),
        topic: "in".to_owned(),
        start: Start::Committed,
    };
    let mut subscriber = mock.log.subscribe(&subscription).unwrap();
    let (assigned, is_assigned) = mpsc::channel();
    std::thread::spawn(move || {
        let assignment = block_on(poll_fn(|cx| subscriber.poll_assignment(cx))).unwrap();
        assigned.send(assignment).unwrap();
    });
    // It is a member by then, and has asked for the partition's offsets.
    let early = is_assigned.recv_timeout(Duration::from_secs(6));
    assert!(early.is_err(), "there is no leader: {early:?}");
    mock.cluster.partition_leader("in", 0, Some(1)).unwrap();
    let assignment = is_assigned.recv_timeout(Duration::from_secs(30)).unwrap();
    assert!(matches!(assignment, Assignment::Assigned(readers) if readers.len() == 1));
}

#[test]
fn what_the_cluster_refuses_says_what_to_change() {
    let mock = Mock::new();
    let mut writer = mock.writer(Isolation::Immediate);
    let refusals = [
        (
            Api::Produce,
            Answer::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
            "ACL",
        ),
        (
            Api::OffsetCommit,
            Answer::RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED,
            "ACL",
        ),
    ];
    for (api, answer, advice) in refusals {
        mock.answer(api, &[answer]);
        let outcome = writer.append("out", record());
        let error = outcome
            .and_then(|()| writer.commit("g", &offset()))
            .unwrap_err();
        assert!(
            matches!(error, LogError::Refused { .. }),
            "{answer:?}: {error:?}"
        );
        assert!(error.to_string().contains(advice), "{error}");
    }
}

#[test]
fn brokers_that_are_too_old_are_told_as_that() {
    for isolation in [Isolation::Immediate, Isolation::Transactional] {
        let mock = Mock::new();
        mock.cluster
            .apiversion(Api::InitProducerId, None, None)
            .unwrap();
        let outcome = mock.log.writer(isolation).and_then(|mut writer| {
            writer.append("out", record())?;
            writer.commit("", &[])
        });
        let error = outcome.unwrap_err();
        assert!(matches!(error, LogError::Refused { .. }), "{error:?}");
        assert!(error.to_string().contains("too old"), "{error}");
    }
}

#[test]
fn a_group_that_goes_on_without_this_member_is_told_as_that() {
    let mock = Mock::new();
    let mut writer = mock.writer(Isolation::Immediate);
    for answer in [
        Answer::RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION,
        Answer::RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID,
    ] {
        mock.answer(Api::OffsetCommit, &[answer]);
        let error = writer.commit("g", &offset()).unwrap_err();
        assert!(
            matches!(error, LogError::Fenced { .. }),
            "{answer:?}: {error:?}"
        );
    }
    writer.commit("g", &offset()).unwrap();
}

#[test]
fn a_transaction_that_is_to_be_aborted_is_written_again() {
    for (api, answer) in [
        (
            Api::TxnOffsetCommit,
            Answer::RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION,
        ),
        (
            Api::TxnOffsetCommit,
            Answer::RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID,
        ),
        (
            Api::AddOffsetsToTxn,
            Answer::RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED,
        ),
    ] {
        let mock = Mock::new();
        let mut writer = mock.writer(Isolation::Transactional);
        mock.answer(api, &[answer]);
        writer.append("out", record()).unwrap();
        let error = writer.commit("g", &offset()).unwrap_err();
        let is_told = matches!(error, LogError::Fenced { .. } | LogError::Refused { .. });
        assert!(is_told, "{answer:?}: {error:?}");
        writer.abort();
        writer.append("out", record()).unwrap();
        writer.commit("g", &offset()).unwrap();
    }
}

#[test]
fn a_producer_that_is_fenced_is_replaced() {
    for (api, answer) in [
        (
            Api::EndTxn,
            Answer::RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH,
        ),
        (
            Api::AddPartitionsToTxn,
            Answer::RD_KAFKA_RESP_ERR_PRODUCER_FENCED,
        ),
        (Api::EndTxn, Answer::RD_KAFKA_RESP_ERR_INVALID_TXN_STATE),
    ] {
        let mock = Mock::new();
        let mut writer = mock.writer(Isolation::Transactional);
        mock.answer(api, &[answer]);
        let outcome = writer.append("out", record());
        let error = outcome
            .and_then(|()| writer.commit("g", &offset()))
            .unwrap_err();
        assert!(
            matches!(error, LogError::Fenced { .. }),
            "{answer:?}: {error:?}"
        );
        writer.abort();
        writer.append("out", record()).unwrap();
        writer.commit("g", &offset()).unwrap();
    }
}

/// librdkafka's issue 5456: its call would wait for as long as the coordinator is away.
#[test]
fn a_group_whose_coordinator_is_away_keeps_no_commit_waiting_without_end() {
    let mock = Mock::of(2);
    for topic in ["in", "out"] {
        mock.cluster.partition_leader(topic, 0, Some(1)).unwrap();
    }
    let coordinators = [
        (
            MockCoordinator::Transaction("flightstream-one-0".to_owned()),
            1,
        ),
        (MockCoordinator::Group("g".to_owned()), 2),
    ];
    for (coordinator, broker) in coordinators {
        mock.cluster.coordinator(coordinator, broker).unwrap();
    }
    let mut writer = mock.writer(Isolation::Transactional);
    writer.append("out", record()).unwrap();
    mock.cluster.broker_down(2).unwrap();
    let error = writer.commit("g", &offset()).unwrap_err();
    let is_told = matches!(
        error,
        LogError::Fenced { .. } | LogError::Unavailable { .. }
    );
    assert!(is_told, "{error:?}");
    writer.abort();
    mock.cluster.broker_up(2).unwrap();
    writer.append("out", record()).unwrap();
    writer.commit("g", &offset()).unwrap();
}

#[test]
fn a_cluster_that_goes_away_is_told_after_the_time_that_is_set() {
    let mock = Mock::new();
    let mut writer = mock.writer(Isolation::Immediate);
    writer.append("out", record()).unwrap();
    writer.commit("", &[]).unwrap();
    mock.cluster.broker_down(1).unwrap();
    writer.append("out", record()).unwrap();
    let error = writer.commit("", &[]).unwrap_err();
    assert!(matches!(error, LogError::Unavailable { .. }), "{error:?}");
    mock.cluster.broker_up(1).unwrap();
    mock.cluster
        .broker_round_trip_time(1, Duration::ZERO)
        .unwrap();
    writer.append("out", record()).unwrap();
    writer.commit("", &[]).unwrap();
    assert!(mock.written() >= 2);
}

/// A broker that was frozen, or has just become the leader, may not know yet what was read from another one.
#[test]
fn a_broker_that_does_not_know_a_position_makes_nobody_read_twice() {
    let mock = Mock::new();
    let mut writer = mock.writer(Isolation::Immediate);
    let mut write = |from: usize, to: usize| {
        let numbers = (from..to).map(|number| Raw::from(number.to_string().into_bytes()));
        let records = numbers.map(|value| Record::new(value, Timestamp::from_seconds(1)));
        writer.append("in", records.collect()).unwrap();
        writer.commit("", &[]).unwrap();
    };
    let partition = TopicPartition::new("in", 0);
    let mut reader = mock.log.partition_reader(&partition, 0).unwrap();
    let mut read = |count: usize| {
        let mut values: Vec<String> = Vec::new();
        while values.len() < count {
            let records = block_on(poll_fn(|cx| reader.poll_fetch(cx, count - values.len())));
            values.extend(records.unwrap().into_iter().map(|record| {
                String::from_utf8_lossy(record.value.as_bytes().unwrap_or_default()).into_owned()
            }));
        }
        values
    };
    write(0, 10);
    let mut values = read(10);
    for round in 1..3 {
        mock.answer(Api::Fetch, &[Answer::RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE]);
        write(round * 10, round * 10 + 10);
        values.extend(read(10));
    }
    let expected: Vec<String> = (0..30).map(|number| number.to_string()).collect();
    assert_eq!(values, expected);
}
