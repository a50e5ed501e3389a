//! What the producer appends, what it keeps quiet about, and how it goes on after failures.

#![allow(clippy::unwrap_used, reason = "the helpers of tests are part of them")]

mod airlabs_support;

use std::sync::Arc;
use std::time::Duration;

use airlabs_support::{
    Reply, StandIn, aircraft, assert_discreet, assert_discreet_logs, envelope, error, logged, ok,
    status, status_with,
};
use flightstream_core::batch::{Offset, Raw, Record, TopicPartition};
use flightstream_core::log::memory::MemoryLog;
use flightstream_core::log::{Isolation, Log, LogError, TopicSpec, Writer};
use flightstream_core::producer::StopSignal;
use flightstream_core::producer::airlabs::{
    AirlabsClient, AirlabsProducer, Pause, ProducerError, ProducerStatus, RequestError,
    ScheduleOptions, TOPIC,
};
use flightstream_core::time::{Clock, ManualClock, Timestamp};

/// 2024-03-01T00:00:00Z
const START: i64 = 1_709_251_200;
/// Enough calls for one every 10 s.
const PLENTY: u64 = 1_000_000;

/// Moves the clock instead of waiting, and stops at the end of the test's time.
#[derive(Debug)]
struct Skip {
    clock: ManualClock,
    end: Timestamp,
}

impl Pause for Skip {
    fn pause(&mut self, duration: Duration, stop: &StopSignal) {
        self.clock.advance(duration);
        if self.clock.now() >= self.end {
            stop.stop();
        }
    }
}

fn producer(client: AirlabsClient, seconds: i64) -> AirlabsProducer {
    let clock = ManualClock::at(Timestamp::from_seconds(START));
    let end = Timestamp::from_seconds(START + seconds);
    let options = ScheduleOptions {
        interval: Duration::from_secs(10),
        assumed_per_month: PLENTY,
    };
    let skip = Skip {
        clock: clock.clone(),
        end,
    };
    AirlabsProducer::new(client, options).with_clock(Arc::new(clock), skip)
}

fn log() -> MemoryLog {
    let log = MemoryLog::new();
    log.create_topic(&TopicSpec::new(TOPIC, 1)).unwrap();
    log
}

fn records(log: &MemoryLog) -> Vec<Record<Raw>> {
    let records = log
        .read(&TopicPartition::new(TOPIC, 0), 0, usize::MAX)
        .unwrap();
    assert_discreet(&format!("{records:?}"));
    records
}

fn key(record: &Record<Raw>) -> Option<&str> {
    record
        .key
        .as_deref()
        .map(|key| std::str::from_utf8(key).unwrap())
}

/// Polls the replies for so many simulated seconds.
fn run(
    replies: impl IntoIterator<Item = Reply>,
    seconds: i64,
) -> (Result<(), ProducerError>, Vec<Record<Raw>>, ProducerStatus) {
    let log = log();
    let mut producer = producer(StandIn::new(replies).client(), seconds);
    let status = producer.status();
    let mut writer = log.writer(Isolation::Transactional).unwrap();
    let result = producer.run(writer.as_mut(), &StopSignal::default());
    assert_discreet(&format!("{result:?} {producer:?} {status:?}"));
    assert_discreet_logs();
    (result, records(&log), status.get())
}

#[test]
fn only_what_has_changed_is_sent() {
    let stays = aircraft("48AE23", 52.0, START);
    let moves = aircraft("48AE24", 53.0, START);
    let moved = aircraft("48AE24", 53.1, START);
    let later = aircraft("48ae23", 52.0, START + 9);
    let comes = aircraft("48AE25", 54.0, START + 5);
    let replies = [
        ok(envelope(&[stays.clone(), moves.clone()], PLENTY)),
        ok(envelope(
            &[stays.clone(), moved.clone(), comes.clone()],
            PLENTY,
        )),
        ok(envelope(
            &[comes.clone(), moved.clone(), later.clone()],
            PLENTY,
        )),
    ];
    let (result, records, status) = run(replies, 40);
    result.unwrap();
    let sent: Vec<_> = records
        .iter()
        .map(|record| {
            let value = std::str::from_utf8(record.value.as_bytes().unwrap()).unwrap();
            (
                key(record).unwrap(),
                value,
                record.event_time.as_seconds() - START,
            )
        })
        .collect();
    assert_eq!(
        sent,
        [
            ("48AE23", stays.as_str(), 0),
            ("48AE24", moves.as_str(), 0),
            ("48AE24", moved.as_str(), 0),
            ("48AE25", comes.as_str(), 5),
            ("48AE23", later.as_str(), 9),
        ]
    );
    // The fourth call brought the third answer again.
    assert_eq!((status.requests, status.answers), (4, 4));
    assert_eq!((status.sent, status.unchanged, status.failed()), (5, 6, 0));
    assert_eq!((status.aircraft, status.quota_left), (3, Some(PLENTY)));
    assert_eq!(
        status.last_answer,
        Some(Timestamp::from_seconds(START + 30))
    );
    assert_eq!(
        status.next_request,
        Some(Timestamp::from_seconds(START + 40))
    );
}

#[test]
fn what_cannot_be_decoded_is_sent_all_the_same() {
    let elements = [
        r#"{"lat":1.0,"lng":2.0,"updated":1709251200}"#,
        r#"{"hex":"48AE2","updated":1709251200}"#,
        r#"["48AE23",52.1]"#,
        "null",
        r#"{"hex":"48AE26","lat":1.0}"#,
    ];
    let (result, records, status) = run([ok(envelope(&elements.map(str::to_owned), PLENTY))], 20);
    result.unwrap();
    assert_eq!(records.len(), 10);
    for (record, element) in records.iter().zip(elements.iter().cycle()) {
        assert_eq!(record.value.as_bytes().unwrap(), element.as_bytes());
        let has_hex = element.contains("48AE26");
        assert_eq!(key(record), has_hex.then_some("48AE26"));
    }
    // Without a time of their own they have that of the answer.
    let times: Vec<_> = records
        .iter()
        .map(|record| record.event_time.as_seconds())
        .collect();
    assert_eq!(times, [[START; 5], [START + 10; 5]].concat());
    assert_eq!((status.sent, status.without_key), (10, 8));
}

#[test]
fn an_element_larger_than_a_message_is_counted() {
    let large = format!(
        r#"{{"hex":"48AE23","reg_number":"{}"}}"#,
        "X".repeat(1_000_000)
    );
    let (result, records, status) = run(
        [ok(envelope(&[large, aircraft("48AE24", 1.0, START)], 1))],
        1,
    );
    result.unwrap();
    assert_eq!((records.len(), status.oversized, status.sent), (1, 1, 1));
}

#[test]
fn more_than_one_append_is_one_commit() {
    let elements: Vec<_> = (0..10_000)
        .map(|n| aircraft(&format!("{n:06X}"), 1.0, START))
        .collect();
    let (result, records, status) = run([ok(envelope(&elements, PLENTY))], 20);
    result.unwrap();
    assert_eq!(
        (records.len(), status.sent, status.unchanged),
        (10_000, 10_000, 10_000)
    );
}

#[test]
fn the_quota_sets_the_pace() {
    // 31 days among 100,000 calls.
    let (result, _, status) = run([ok(envelope(&[], 100_000))], 3_600);
    result.unwrap();
    assert!(
        (130..=138).contains(&status.requests),
        "{}",
        status.requests
    );
    // The free plan, and its last call.
    let (_, _, status) = run([ok(envelope(&[], 1_000))], 86_400);
    assert!((32..=33).contains(&status.requests), "{}", status.requests);
    let (_, _, status) = run([ok(envelope(&[], 0))], 86_400 * 30);
    assert_eq!(status.requests, 1);
    assert_eq!(status.quota_left, Some(0));
    assert_eq!(
        status.next_request,
        Some(Timestamp::from_seconds(1_711_929_660))
    );
}

#[test]
fn failures_pass_and_are_counted() {
    let whole = envelope(&[aircraft("48AE23", 52.0, START)], PLENTY);
    let replies = [
        status("500 Internal Server Error", "Invented"),
        ok(error("internal_error")),
        ok(error("minute_limit_exceeded")),
        ok(error("hour_limit_exceeded")),
        ok(error("not_found")),
        status_with("429 Too Many Requests", "Retry-After: 100"),
        Reply::Close,
        Reply::Reset,
        Reply::Truncated(whole.clone().into_bytes()),
        ok("<html>Invented</html>"),
        ok("{}"),
        ok(whole),
    ];
    let count = replies.len() as u64;
    let (result, records, status) = run(replies, 3 * 3_600);
    result.unwrap();
    assert_eq!(records.len(), 1);
    assert_eq!(status.failed(), count - 1);
    assert!(status.requests > count);
    assert_eq!(status.last_failure, None);
    let mut reasons: Vec<_> = status
        .failures
        .iter()
        .map(|(reason, n)| (*reason, *n))
        .collect();
    reasons.sort_unstable();
    assert_eq!(
        reasons,
        [
            ("hour_limit_exceeded", 1),
            ("internal_error", 1),
            ("interrupted", 3),
            ("malformed_answer", 1),
            ("minute_limit_exceeded", 1),
            ("not_found", 1),
            ("server_failed", 1),
            ("too_many_requests", 1),
            ("unexpected_answer", 1),
        ]
    );
}

#[test]
fn what_cannot_pass_ends_the_run_with_a_sentence() {
    for (reply, sentence) in [
        (ok(error("unknown_api_key")), "does not know the API key"),
        (ok(error("expired_api_key")), "has expired"),
        (ok(error("unknown_method")), "does not know the method"),
        (ok(error("wrong_params")), "refuses the parameters"),
        (ok(error("month_limit_exceeded")), "quota of this month"),
        (status("403 Forbidden", ""), "HTTP 403"),
        (
            status_with("302 Found", "Location: http://127.0.0.2:1/"),
            "redirects",
        ),
    ] {
        let (result, _, status) = run([reply], 3_600);
        let error = result.unwrap_err();
        assert!(matches!(error, ProducerError::Request(_)));
        assert!(error.to_string().contains(sentence), "{error}");
        assert_eq!((status.requests, status.next_request), (1, None));
        assert!(status.last_failure.unwrap().contains(sentence));
    }
}

#[test]
fn an_outage_is_warned_about_once_a_minute() {
    let outage = |seconds| {
        let mut requests = 0;
        let lines = logged(|| {
            let (result, _, status) = run([status("503 Service Unavailable", "Invented")], seconds);
            result.unwrap();
            requests = status.requests;
        });
        assert_discreet(&lines);
        let is_warning = |line: &str| line.starts_with("WARN") && line.contains("HTTP 503");
        assert!(lines.lines().any(is_warning), "{lines}");
        (lines.matches("no flights").count(), requests)
    };
    let (warnings, requests) = outage(59);
    assert!(warnings == 1 && requests > 2, "{warnings} of {requests}");
    let (warnings, requests) = outage(3_600);
    assert!((5..=60).contains(&warnings), "{warnings} of {requests}");
}

#[test]
fn a_server_that_is_not_there_costs_nothing() {
    let api = StandIn::new([ok("[]")]);
    let mut options = api.options();
    options.base_url = {
        let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", closed.local_addr().unwrap())
    };
    let mut producer = producer(AirlabsClient::new(options).unwrap(), 7_200);
    let status = producer.status();
    let log = log();
    let mut writer = log.writer(Isolation::Immediate).unwrap();
    producer
        .run(writer.as_mut(), &StopSignal::default())
        .unwrap();
    let status = status.get();
    assert!(status.requests > 20, "{}", status.requests);
    assert_eq!(status.failures["cannot_connect"], status.requests);
    assert_discreet(&format!("{status:?}"));
    assert_discreet_logs();
}

#[test]
fn who_is_away_for_an_hour_is_sent_again() {
    let whole = envelope(&[aircraft("48AE23", 52.0, START)], 1_000);
    // A call every 44 minutes: away for one is no hour yet, away for two is.
    let none = || ok(envelope(&[], 1_000));
    let replies = [
        ok(whole.clone()),
        none(),
        ok(whole.clone()),
        none(),
        none(),
        ok(whole),
    ];
    let (_, records, status) = run(replies, 6 * 44 * 60);
    assert_eq!((records.len(), status.sent, status.unchanged), (2, 2, 1));
}

/// Fails once, at its first commit.
struct Failing {
    writer: Box<dyn Writer>,
    has_failed: bool,
}

impl Writer for Failing {
    fn append(&mut self, topic: &str, records: Vec<Record<Raw>>) -> Result<(), LogError> {
        self.writer.append(topic, records)
    }

    fn append_to(
        &mut self,
        partition: &TopicPartition,
        records: Vec<Record<Raw>>,
    ) -> Result<(), LogError> {
        self.writer.append_to(partition, records)
    }

    fn commit(
        &mut self,
        group: &str,
        offsets: &[(TopicPartition, Offset)],
    ) -> Result<(), LogError> {
        if std::mem::replace(&mut self.has_failed, true) {
            self.writer.commit(group, offsets)
        } else {
            Err(LogError::Poisoned)
        }
    }

    fn abort(&mut self) {
        self.writer.abort();
    }
}

#[test]
fn what_was_not_committed_is_sent_by_the_next_run() {
    let log = log();
    let api = StandIn::new([ok(envelope(&[aircraft("48AE23", 52.0, START)], PLENTY))]);
    let mut producer = producer(api.client(), 30);
    let mut writer = Failing {
        writer: log.writer(Isolation::Transactional).unwrap(),
        has_failed: false,
    };
    let error = producer
        .run(&mut writer, &StopSignal::default())
        .unwrap_err();
    assert!(matches!(error, ProducerError::Log(LogError::Poisoned)));
    assert_eq!(producer.status().get().sent, 0);
    assert!(records(&log).is_empty());

    producer.run(&mut writer, &StopSignal::default()).unwrap();
    assert_eq!(records(&log).len(), 1);
    assert_eq!(producer.status().get().sent, 1);
}

#[test]
fn a_topic_that_is_missing_is_named() {
    let api = StandIn::new([ok(envelope(&[aircraft("48AE23", 52.0, START)], PLENTY))]);
    let mut producer = producer(api.client(), 30).with_topic("elsewhere");
    let mut writer = log().writer(Isolation::Transactional).unwrap();
    let error = producer
        .run(writer.as_mut(), &StopSignal::default())
        .unwrap_err();
    assert!(error.to_string().contains("elsewhere"), "{error}");
}

#[test]
fn a_stop_ends_a_run_before_its_first_call_and_while_it_waits() {
    let api = StandIn::new([ok(envelope(&[], 1_000))]);
    let log = log();
    let stop = StopSignal::default();
    let mut producer = AirlabsProducer::new(api.client(), ScheduleOptions::default());
    let status = producer.status();
    let running = std::thread::spawn({
        let (log, stop) = (log.clone(), stop.clone());
        move || producer.run(log.writer(Isolation::Immediate).unwrap().as_mut(), &stop)
    });
    while status.get().next_request.is_none() {
        std::thread::yield_now();
    }
    stop.stop();
    running.join().unwrap().unwrap();
    assert_eq!(api.requests().len(), 1);

    let mut producer = AirlabsProducer::new(api.client(), ScheduleOptions::default());
    producer
        .run(log.writer(Isolation::Immediate).unwrap().as_mut(), &stop)
        .unwrap();
    assert_eq!(api.requests().len(), 1);
}

#[test]
fn the_error_of_a_refused_call_can_be_matched() {
    let (result, ..) = run([status("404 Not Found", "")], 1);
    let Err(ProducerError::Request(RequestError::Refused { status })) = result else {
        panic!("{result:?}")
    };
    assert_eq!(status, 404);
}
