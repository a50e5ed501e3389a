//! The sink against a store that answers as a script says, on a clock that stands still.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may panic too"
)]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use futures::task::noop_waker;
use proptest::prelude::*;
use serde_json::value::RawValue;

use super::super::{
    BulkAction, BulkError, BulkItem, BulkOperation, EmbeddedStore, Mapping, Query, SearchError,
    SearchRequest, SearchResponse, SearchStore,
};
use super::{BulkOptions, IndexSink, IndexTask};
use crate::batch::{Ack, AckHandle, AckState, Batch, Raw, Record, Span, TopicPartition};
use crate::log::memory::MemoryLog;
use crate::log::{Isolation, Log, TopicSpec, Writer};
use crate::runtime::{Outputs, Sink, Status};
use crate::time::{Clock, ManualClock, Timers, Timestamp};
use crate::{Fatal, OnFailure};

/// The ids and versions of a bulk.
type Sent = Vec<(String, Option<u64>)>;
type Answer = Result<Vec<BulkItem>, SearchError>;

/// Answers bulks as the script says, then as a store in memory does. `None` never answers.
#[derive(Debug, Default)]
struct Scripted {
    script: Mutex<VecDeque<Option<Answer>>>,
    bulks: Mutex<Vec<Sent>>,
    /// The most bytes of documents that a bulk may have.
    largest: Option<usize>,
    breaks_connections: bool,
    store: EmbeddedStore,
}

impl SearchStore for Scripted {
    fn ensure_index<'a>(
        &'a self,
        index: &'a str,
        mapping: &'a Mapping,
    ) -> BoxFuture<'a, Result<(), SearchError>> {
        self.store.ensure_index(index, mapping)
    }

    fn bulk<'a>(
        &'a self,
        index: &'a str,
        operations: &'a [BulkOperation<'a>],
    ) -> BoxFuture<'a, Answer> {
        Box::pin(async move {
            let bytes = operations.iter().map(|operation| match operation.action {
                BulkAction::Index { source } | BulkAction::Create { source } => source.len(),
                BulkAction::Delete => 0,
            });
            let bytes: usize = bytes.sum();
            if self.largest.is_some_and(|largest| bytes > largest) {
                let reason = format!("{bytes} bytes");
                return Err(match self.breaks_connections {
                    true => SearchError::Interrupted { reason },
                    false => SearchError::TooLarge { reason },
                });
            }
            let sent = operations.iter().map(|o| (o.id.to_owned(), o.version));
            self.bulks.lock().unwrap().push(sent.collect());
            let scripted = self.script.lock().unwrap().pop_front();
            match scripted {
                Some(Some(Ok(items))) => {
                    // What the script lets pass is really written.
                    let mut answer = Vec::new();
                    for (operation, item) in operations.iter().zip(items) {
                        let stored = match item.status {
                            0 => self.store.bulk(index, &[*operation]).await?.remove(0),
                            _ => item,
                        };
                        answer.push(stored);
                    }
                    Ok(answer)
                }
                Some(Some(Err(error))) => Err(error),
                Some(None) => std::future::pending().await,
                None => self.store.bulk(index, operations).await,
            }
        })
    }

    fn search<'a>(
        &'a self,
        index: &'a str,
        request: &'a SearchRequest,
    ) -> BoxFuture<'a, Result<SearchResponse, SearchError>> {
        self.store.search(index, request)
    }

    fn get<'a>(
        &'a self,
        index: &'a str,
        id: &'a str,
    ) -> BoxFuture<'a, Result<Option<Box<RawValue>>, SearchError>> {
        self.store.get(index, id)
    }

    fn count<'a>(
        &'a self,
        index: &'a str,
        query: &'a Query,
    ) -> BoxFuture<'a, Result<u64, SearchError>> {
        self.store.count(index, query)
    }

    fn refresh<'a>(&'a self, index: &'a str) -> BoxFuture<'a, Result<(), SearchError>> {
        self.store.refresh(index)
    }
}

fn status(status: u16, error_type: &str) -> BulkItem {
    BulkItem {
        status,
        version: None,
        error: (status >= 300).then(|| {
            Box::new(BulkError {
                error_type: error_type.to_owned(),
                reason: "as the script says".to_owned(),
            })
        }),
    }
}

/// The store in memory decides.
fn passes() -> BulkItem {
    status(0, "")
}

fn full() -> BulkItem {
    status(429, "es_rejected_execution_exception")
}

struct Harness {
    store: Arc<Scripted>,
    task: IndexTask,
    clock: ManualClock,
    timers: Timers,
    log: MemoryLog,
    writer: Box<dyn Writer>,
    status: Status,
    offset: u64,
}

impl Harness {
    fn new(script: impl IntoIterator<Item = Option<Answer>>) -> Self {
        Self::with(script, |sink| sink)
    }

    fn with(
        script: impl IntoIterator<Item = Option<Answer>>,
        configure: impl FnOnce(IndexSink) -> IndexSink,
    ) -> Self {
        let store = Scripted {
            script: Mutex::new(script.into_iter().collect()),
            ..Scripted::default()
        };
        Self::made(store, configure)
    }

    fn of(store: Scripted) -> Self {
        Self::made(store, |sink| sink)
    }

    fn made(store: Scripted, configure: impl FnOnce(IndexSink) -> IndexSink) -> Self {
        let store = Arc::new(store);
        let mapping = Mapping::flights();
        futures::executor::block_on(store.ensure_index("esflight", &mapping)).unwrap();
        let clock = ManualClock::at(Timestamp::from_seconds(1_000));
        let timers = Timers::new(Arc::new(clock.clone()));
        let log = MemoryLog::default();
        log.create_topic(&TopicSpec::new("dlq", 1)).unwrap();
        let writer = log.writer(Isolation::Immediate).unwrap();
        let sink = configure(IndexSink::new(Arc::<Scripted>::clone(&store), "esflight"));
        Self {
            store,
            task: IndexTask::new(sink, timers.clone()),
            clock,
            timers,
            log,
            writer,
            status: Status::default(),
            offset: 0,
        }
    }

    fn poll(
        &mut self,
        poll: impl FnOnce(&mut IndexTask, &mut Context<'_>, &mut Outputs<'_>) -> Poll<Result<(), Fatal>>,
    ) -> Poll<Result<(), Fatal>> {
        let waker = noop_waker();
        let meter = crate::runtime::meter::Meter::default();
        let mut outputs = Outputs {
            writer: &mut *self.writer,
            dead_letters: Some("dlq"),
            uncommitted: &mut self.status,
            meter: &meter,
        };
        poll(
            &mut self.task,
            &mut Context::from_waker(&waker),
            &mut outputs,
        )
    }

    fn ready(&mut self) -> Poll<Result<(), Fatal>> {
        self.poll(Sink::poll_ready)
    }

    fn flush(&mut self) -> Poll<Result<(), Fatal>> {
        self.poll(Sink::poll_flush)
    }

    /// Sends a batch of id, time and document, and returns its ack.
    fn send(&mut self, records: &[(&str, i64, Option<&str>)]) -> AckHandle {
        let first = self.offset;
        let records: Vec<_> = records
            .iter()
            .map(|(id, millis, document)| {
                let value = Raw(document.map(|text| Bytes::copy_from_slice(text.as_bytes())));
                let mut record = Record::new(value, Timestamp::from_millis(*millis));
                record.key = Some(Bytes::copy_from_slice(id.as_bytes()));
                record.origin = self.offset;
                self.offset += 1;
                record
            })
            .collect();
        let (ack, handle) = Ack::pending();
        let span = Span {
            topic_partition: TopicPartition::new("flight-enriched", 0),
            first,
            last: self.offset.saturating_sub(1),
            count: records.len() as u64,
        };
        let batch = Batch::from_log(records, span, ack);
        let sent = self.poll(|task, _, outputs| Poll::Ready(task.send(batch, outputs)));
        assert!(matches!(sent, Poll::Ready(Ok(()))));
        handle
    }

    /// Flushes, letting time pass as the task asks for, and tells how long it took.
    fn drain(&mut self) -> Result<Duration, Fatal> {
        let began = self.clock.now();
        for _ in 0..10_000 {
            if let Poll::Ready(flushed) = self.flush() {
                return flushed.map(|()| self.clock.now().since(began));
            }
            let next = self.timers.take_next().unwrap_or_else(|| {
                panic!("the task waits for nothing: {:?}", self.task);
            });
            assert!(next > self.clock.now(), "a timer of the past");
            self.clock.set(next);
        }
        panic!("it never ends: {:?}", self.task);
    }

    fn bulks(&self) -> Vec<Sent> {
        self.store.bulks.lock().unwrap().clone()
    }

    fn document(&self, id: &str) -> Option<String> {
        let source = futures::executor::block_on(self.store.get("esflight", id)).unwrap();
        source.map(|source| source.get().to_owned())
    }

    fn dead_letters(&mut self) -> Vec<(String, String)> {
        self.writer.commit("test", &[]).unwrap();
        let partition = TopicPartition::new("dlq", 0);
        let mut reader = self.log.partition_reader(&partition, 0).unwrap();
        let waker = noop_waker();
        let mut letters = Vec::new();
        while let Poll::Ready(Ok(records)) =
            reader.poll_fetch(&mut Context::from_waker(&waker), 100)
        {
            for record in records {
                let text = |name| {
                    let value = record.headers.get(name).unwrap();
                    String::from_utf8_lossy(value).into_owned()
                };
                letters.push((
                    text("__flightstream.errors.reason"),
                    text("__flightstream.errors.message"),
                ));
            }
        }
        letters
    }

    fn count(&self, name: &str) -> u64 {
        self.status.counts.get(name).copied().unwrap_or(0)
    }
}

fn flag(flag: &str) -> String {
    format!(r#"{{"flag":"{flag}"}}"#)
}

#[test]
fn only_the_newest_of_an_id_is_sent() {
    let mut harness = Harness::new([]);
    let ack = harness.send(&[
        ("a", 2, Some(&flag("FR"))),
        ("a", 3, Some(&flag("DE"))),
        ("b", 1, Some(&flag("US"))),
        ("a", 1, Some(&flag("IT"))),
    ]);
    assert_eq!(ack.state(), AckState::Pending);
    harness.drain().unwrap();
    assert_eq!(ack.state(), AckState::Delivered);
    assert_eq!(
        harness.bulks(),
        [[("a".to_owned(), Some(3)), ("b".to_owned(), Some(1))]]
    );
    assert_eq!(harness.document("a"), Some(flag("DE")));
    let counts = ["indexed", "superseded", "late"].map(|name| harness.count(name));
    assert_eq!(counts, [2, 1, 1]);
}

#[test]
fn of_equal_versions_the_last_is_stored() {
    let mut harness = Harness::new([Some(Ok(vec![full()]))]);
    harness.send(&[("a", 1, Some(&flag("FR"))), ("a", 1, Some(&flag("DE")))]);
    assert!(harness.ready().is_ready());
    harness.send(&[("a", 1, Some(&flag("US")))]);
    harness.drain().unwrap();
    assert_eq!(harness.document("a"), Some(flag("US")));
}

#[test]
fn two_writes_of_one_id_are_never_on_their_way_together() {
    let mut harness = Harness::new([None]);
    harness.send(&[("a", 1, Some(&flag("FR")))]);
    assert!(harness.ready().is_ready());
    harness.send(&[("a", 2, Some(&flag("DE"))), ("b", 2, Some(&flag("DE")))]);
    assert!(harness.flush().is_pending());
    let ids: Vec<_> = harness
        .bulks()
        .into_iter()
        .flatten()
        .map(|(id, _)| id)
        .collect();
    assert_eq!(ids, ["a", "b"]);
}

#[test]
fn only_the_items_that_were_turned_away_are_sent_again() {
    let script = [
        Some(Ok(vec![passes(), full(), passes()])),
        Some(Ok(vec![status(503, "unavailable_shards_exception")])),
    ];
    let mut harness = Harness::new(script);
    let ack = harness.send(&[
        ("a", 1, Some(&flag("FR"))),
        ("b", 1, Some(&flag("DE"))),
        ("c", 1, Some(&flag("US"))),
    ]);
    let took = harness.drain().unwrap();
    let lengths: Vec<_> = harness.bulks().iter().map(Vec::len).collect();
    assert_eq!(lengths, [3, 1, 1]);
    assert!(took <= Duration::from_millis(750), "{took:?}");
    assert_eq!(ack.state(), AckState::Delivered);
    assert_eq!((harness.count("indexed"), harness.count("retried")), (3, 2));
}

#[test]
fn a_refused_document_is_a_dead_letter_with_the_reason() {
    let mut harness = Harness::new([]);
    let ack = harness.send(&[
        ("a", 1, Some(&flag("FR"))),
        ("b", 1, Some(r#"{"speed":"fast"}"#)),
        ("c", 1, Some("{")),
    ]);
    harness.drain().unwrap();
    assert_eq!(ack.state(), AckState::Delivered);
    let letters = harness.dead_letters();
    assert_eq!(letters.len(), 2);
    assert_eq!(letters[0].0, "document_parsing_exception");
    assert!(
        letters[0].1.starts_with("id [b], status 400: "),
        "{letters:?}"
    );
    assert_eq!(harness.document("a"), Some(flag("FR")));
}

#[test]
fn a_good_document_survives_a_newer_one_that_is_refused() {
    let mut harness = Harness::new([]);
    harness.send(&[
        ("a", 1, Some(&flag("FR"))),
        ("a", 2, Some(&flag("DE"))),
        ("a", 3, Some(r#"{"speed":"fast"}"#)),
    ]);
    harness.drain().unwrap();
    assert_eq!(harness.document("a"), Some(flag("DE")));
    assert_eq!(harness.dead_letters().len(), 1);
    assert_eq!(
        (harness.count("indexed"), harness.count("superseded")),
        (1, 1)
    );
}

#[test]
fn a_block_is_waited_out_and_costs_no_document() {
    for (code, error_type) in [
        (403, "cluster_block_exception"),
        (429, "cluster_block_exception"),
        (400, "index_closed_exception"),
    ] {
        let blocked = || Some(Ok(vec![status(code, error_type), status(code, error_type)]));
        let mut harness = Harness::new((0..20).map(|_| blocked()));
        let ack = harness.send(&[("a", 1, Some(&flag("FR"))), ("b", 1, Some(&flag("FR")))]);
        let took = harness.drain().unwrap();
        assert!(took > Duration::from_secs(20), "{took:?}");
        assert_eq!(ack.state(), AckState::Delivered);
        assert_eq!(harness.bulks().len(), 21);
        assert!(harness.dead_letters().is_empty());
    }
}

#[test]
fn a_store_that_is_away_is_waited_for_and_its_wish_heeded() {
    let away = || {
        Some(Err(SearchError::Unavailable {
            reason: "connection refused".to_owned(),
        }))
    };
    let busy = Some(Err(SearchError::TooManyRequests {
        reason: "busy".to_owned(),
        retry_after: Some(Duration::from_secs(90)),
    }));
    let mut harness = Harness::new([away(), away(), busy]);
    harness.send(&[("a", 1, Some(&flag("FR")))]);
    let took = harness.drain().unwrap();
    assert!(
        took >= Duration::from_secs(90) && took < Duration::from_secs(92),
        "{took:?}"
    );
    assert_eq!(harness.document("a"), Some(flag("FR")));
}

#[test]
fn a_bulk_that_is_too_large_is_halved_down_to_the_document_at_fault() {
    let huge = flag(&"x".repeat(5_000));
    let mut harness = Harness::of(Scripted {
        largest: Some(1_000),
        ..Scripted::default()
    });
    let mut records: Vec<_> = ('a'..='z').map(|id| (id.to_string(), flag("FR"))).collect();
    records[7].1 = huge;
    let records: Vec<_> = records
        .iter()
        .map(|(id, document)| (id.as_str(), 1, Some(document.as_str())))
        .collect();
    let ack = harness.send(&records);
    harness.drain().unwrap();
    assert_eq!(ack.state(), AckState::Delivered);
    let letters = harness.dead_letters();
    assert_eq!(letters.len(), 1, "{letters:?}");
    assert_eq!(letters[0].0, "content_too_long_exception");
    assert!(
        letters[0].1.starts_with("id [h], status 413"),
        "{letters:?}"
    );
    assert_eq!(harness.count("indexed"), 25);
}

#[test]
fn a_bulk_that_breaks_connections_becomes_smaller_until_it_passes() {
    let mut harness = Harness::of(Scripted {
        largest: Some(60),
        breaks_connections: true,
        ..Scripted::default()
    });
    let records: Vec<_> = ('a'..='p').map(|id| (id.to_string(), flag("FR"))).collect();
    let records: Vec<_> = records
        .iter()
        .map(|(id, document)| (id.as_str(), 1, Some(document.as_str())))
        .collect();
    let ack = harness.send(&records);
    harness.drain().unwrap();
    assert_eq!(ack.state(), AckState::Delivered);
    assert_eq!(harness.count("indexed"), 16);
    assert_eq!(harness.bulks().iter().map(Vec::len).max(), Some(4));
}

#[test]
fn wrong_credentials_and_a_missing_index_end_the_app_with_a_sentence() {
    let denied = SearchError::Denied {
        status: 401,
        reason: "unable to authenticate user [elastic]".to_owned(),
    };
    let missing = SearchError::IndexNotFound {
        index: "esflight".to_owned(),
    };
    let whole = [denied, missing].map(|error| Some(Err(error)));
    let items = [
        Some(Ok(vec![status(403, "security_exception")])),
        Some(Ok(vec![status(404, "index_not_found_exception")])),
    ];
    for answer in whole.into_iter().chain(items) {
        let mut harness = Harness::new([answer]);
        let ack = harness.send(&[("a", 1, Some(&flag("FR")))]);
        let error = harness.drain().unwrap_err();
        assert!(matches!(error, Fatal::Misconfigured { .. }), "{error}");
        assert!(error.is_permanent());
        assert_eq!(ack.state(), AckState::Pending);
    }
}

#[test]
fn retries_end_if_they_are_limited() {
    let script = (0..10).map(|_| Some(Ok(vec![full()])));
    let options = BulkOptions::default().max_retries(Some(3));
    let mut harness = Harness::with(script, |sink| sink.bulk(options));
    let ack = harness.send(&[("a", 1, Some(&flag("FR")))]);
    harness.drain().unwrap();
    assert_eq!(ack.state(), AckState::Delivered);
    assert_eq!(harness.bulks().len(), 4);
    assert_eq!(
        harness.dead_letters()[0].0,
        "es_rejected_execution_exception"
    );
}

#[test]
fn an_answer_of_another_length_fails_the_task() {
    let mut harness = Harness::new([Some(Ok(Vec::new()))]);
    harness.send(&[("a", 1, Some(&flag("FR")))]);
    let error = harness.drain().unwrap_err();
    assert!(
        error
            .to_string()
            .contains("1 documents were sent, 0 answered")
    );
}

#[test]
fn a_small_bulk_waits_for_more_and_a_full_one_does_not() {
    let options = BulkOptions::default()
        .linger(Duration::from_millis(500))
        .max_documents(3);
    let mut harness = Harness::with([], |sink| sink.bulk(options));
    let ack = harness.send(&[("a", 1, Some(&flag("FR")))]);
    assert!(harness.ready().is_ready());
    assert_eq!(harness.bulks().len(), 0);
    assert_eq!(
        harness.timers.take_next(),
        Some(harness.clock.now().plus(Duration::from_millis(500)))
    );
    harness.send(&[("b", 1, Some(&flag("FR"))), ("c", 1, Some(&flag("FR")))]);
    assert!(harness.ready().is_ready());
    assert_eq!(harness.bulks().len(), 1);
    assert_eq!(ack.state(), AckState::Delivered);
    harness.send(&[("d", 1, Some(&flag("FR")))]);
    harness.clock.advance(Duration::from_millis(500));
    assert!(harness.ready().is_ready());
    assert_eq!(harness.bulks().len(), 2);
}

#[test]
fn nothing_more_is_taken_while_too_much_waits() {
    let options = BulkOptions::default().max_bytes(200).max_in_flight(1);
    let mut harness = Harness::with([None], |sink| sink.bulk(options));
    harness.send(&[("a", 1, Some(&flag("FR")))]);
    assert!(harness.ready().is_ready());
    for id in ["b", "c", "d"] {
        if harness.ready().is_ready() {
            harness.send(&[(id, 1, Some(&flag("FR")))]);
        }
    }
    assert!(harness.ready().is_pending());
    assert_eq!(harness.bulks().len(), 1);
}

#[test]
fn appending_takes_the_first_of_each_interval_and_knows_what_it_has_created() {
    let options = BulkOptions::default().append_every(Duration::from_secs(10));
    let mut harness = Harness::with([], |sink| sink.bulk(options));
    let records = [
        ("a", 12_000, Some(&*flag("FR"))),
        ("a", 19_999, Some(&*flag("DE"))),
        ("b", 12_000, Some("{}")),
        ("a", 20_000, Some(&*flag("US"))),
        ("a", 30_000, None),
    ];
    let ack = harness.send(&records);
    harness.drain().unwrap();
    assert_eq!(ack.state(), AckState::Delivered);
    let ids =
        |bulk: &[(String, Option<u64>)]| bulk.iter().map(|(id, _)| id.clone()).collect::<Vec<_>>();
    assert_eq!(ids(&harness.bulks()[0]), ["a@10000", "b@10000", "a@20000"]);
    assert_eq!(harness.document("a@10000"), Some(flag("FR")));

    // The same once more, as after a crash.
    harness.task = IndexTask::new(harness.task.target.clone(), harness.timers.clone());
    let ack = harness.send(&records);
    harness.drain().unwrap();
    assert_eq!(ack.state(), AckState::Delivered);
    assert_eq!((harness.count("indexed"), harness.count("late")), (3, 3));
}

#[test]
fn the_policy_to_fail_ends_the_app() {
    let mut harness = Harness::with([], |sink| sink.on_failure(OnFailure::Fail));
    harness.send(&[("a", 1, Some(r#"{"speed":"fast"}"#))]);
    assert!(matches!(
        harness.drain(),
        Err(Fatal::Refused { offset: 0, .. })
    ));
}

/// What the script does to a bulk, whatever its length.
#[derive(Clone, Debug)]
enum Trouble {
    Items(Vec<bool>),
    Away,
    Split,
    Blocked,
}

fn trouble() -> impl Strategy<Value = Trouble> {
    prop_oneof![
        prop::collection::vec(any::<bool>(), 64).prop_map(Trouble::Items),
        Just(Trouble::Away),
        Just(Trouble::Blocked),
        Just(Trouble::Split),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Whatever the store does meanwhile, in the end every document is the newest good one, every ack is resolved, and the
    /// dead letters are the bad ones.
    #[test]
    fn in_the_end_the_newest_good_documents_are_stored(
        batches in prop::collection::vec(
            prop::collection::vec((0..5_u8, 0..8_i64, prop::bool::weighted(0.85)), 0..8), 1..8),
        troubles in prop::collection::vec(trouble(), 0..12),
        max_documents in 1..6_usize,
    ) {
        let script = troubles.into_iter().map(|trouble| Some(match trouble {
            Trouble::Items(items) => Ok(items
                .into_iter()
                .map(|passed| if passed { passes() } else { full() })
                .collect()),
            Trouble::Away => Err(SearchError::Unavailable { reason: "away".to_owned() }),
            Trouble::Split => Err(SearchError::TooLarge { reason: "large".to_owned() }),
            Trouble::Blocked => Ok(vec![status(403, "cluster_block_exception"); 64]),
        }));
        // A single document is really too large only if the script says so again; here it never is.
        let script: Vec<_> = script.collect();
        let options = BulkOptions::default().max_documents(max_documents);
        let mut harness = Harness::with(script, |sink| sink.bulk(options));
        let mut acks = Vec::new();
        let mut expected = std::collections::BTreeMap::new();
        let mut bad = 0;
        let mut serial = 0;
        for batch in &batches {
            let records: Vec<_> = batch.iter().map(|(id, time, good)| {
                serial += 1;
                let document = if *good {
                    let newest = expected.entry(*id).or_insert((*time, serial));
                    if *time >= newest.0 {
                        *newest = (*time, serial);
                    }
                    format!(r#"{{"flag":"{serial}"}}"#)
                } else {
                    bad += 1;
                    r#"{"speed":"fast"}"#.to_owned()
                };
                (id.to_string(), *time, document)
            }).collect();
            let records: Vec<_> = records
                .iter()
                .map(|(id, time, document)| (id.as_str(), *time, Some(document.as_str())))
                .collect();
            let _ = harness.ready();
            acks.push(harness.send(&records));
        }
        harness.drain().unwrap();
        for ack in acks {
            prop_assert_eq!(ack.state(), AckState::Delivered);
        }
        let letters = harness.dead_letters();
        let too_large = letters.iter().filter(|(reason, _)| reason == "content_too_long_exception").count();
        // A bad document that is older than a good one may be superseded, so it is not always seen.
        prop_assert!(letters.len() - too_large <= bad);
        if too_large == 0 {
            for (id, (_, serial)) in expected {
                prop_assert_eq!(harness.document(&id.to_string()), Some(format!(r#"{{"flag":"{serial}"}}"#)));
            }
        }
        let counted: u64 = ["indexed", "late", "superseded"].iter().map(|name| harness.count(name)).sum();
        prop_assert_eq!(counted + letters.len() as u64, serial as u64);
    }
}

#[test]
fn a_task_that_is_dropped_gives_its_places_back() {
    let mut harness = Harness::new([None]);
    harness.send(&[("a", 1, Some(&flag("FR")))]);
    assert!(harness.ready().is_ready());
    let sink = harness.task.target.clone();
    harness.task = IndexTask::new(sink, harness.timers.clone());
    harness.send(&[("a", 1, Some(&flag("FR")))]);
    harness.drain().unwrap();
}
