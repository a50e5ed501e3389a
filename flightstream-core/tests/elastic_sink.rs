//! The bulk sink on a real Elasticsearch or OpenSearch that is disturbed: `.ci/run elastic`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may panic too"
)]

mod elastic_node;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use elastic_node::{Proxy, ask, documents, eventually, name, options, options_of};
use flightstream_core::batch::{Raw, Record};
use flightstream_core::log::memory::MemoryLog;
use flightstream_core::log::{Isolation, Log, TopicSpec};
use flightstream_core::runtime::{App, AppError, Running, topic};
use flightstream_core::search::elastic::{ElasticOptions, ElasticStore};
use flightstream_core::search::{
    BulkOptions, IndexSink, Mapping, Query, SearchRequest, SearchStore,
};
use flightstream_core::time::Timestamp;
use futures::executor::block_on;
use serde_json::{Value, json};

type Documents = Vec<(String, u64, Vec<u8>)>;

/// A topic with documents, an index, and an app that brings the one into the other.
struct Indexing {
    log: Arc<dyn Log>,
    store: ElasticStore,
    index: String,
    running: Option<Running>,
}

fn fast() -> BulkOptions {
    BulkOptions::default()
        .linger(Duration::from_millis(20))
        .max_documents(500)
        .pauses(Duration::from_millis(50), Duration::from_millis(500))
}

impl Indexing {
    fn start(documents: &Documents, options: ElasticOptions, bulks: BulkOptions) -> Self {
        let log: Arc<dyn Log> = Arc::new(MemoryLog::default());
        log.create_topic(&TopicSpec::new("documents", 4)).unwrap();
        log.create_topic(&TopicSpec::new("refused", 1)).unwrap();
        let store = ElasticStore::new(options).unwrap();
        let index = name("sink");
        block_on(store.ensure_index(&index, &Mapping::flights())).unwrap();
        let sink = IndexSink::new(Arc::new(store.clone()), index.as_str()).bulk(bulks);
        let app = App::new("index")
            .source(topic("documents").group("index").batch_size(200))
            .pipeline(|raw, _| raw)
            .sink(sink)
            .dead_letters("refused")
            .commit_every(Duration::from_millis(200));
        let this = Self {
            running: Some(app.start(&log).unwrap()),
            log,
            store,
            index,
        };
        this.add(documents);
        this
    }

    fn add(&self, documents: &Documents) {
        let records = documents.iter().map(|(id, version, json)| {
            let time = Timestamp::from_millis(i64::try_from(*version).unwrap());
            let mut record = Record::new(Raw::from(json.clone()), time);
            record.key = Some(id.clone().into());
            record
        });
        let mut writer = self.log.writer(Isolation::Immediate).unwrap();
        writer.append("documents", records.collect()).unwrap();
    }

    fn running(&self) -> &Running {
        self.running.as_ref().unwrap()
    }

    fn count(&self, name: &str) -> u64 {
        self.running()
            .status()
            .counts
            .get(name)
            .copied()
            .unwrap_or(0)
    }

    /// Waits until everything is answered, and compares what is stored with what came last.
    fn ends_as(mut self, expected: &BTreeMap<String, Value>, refused: u64) {
        self.running().wait_until_caught_up().unwrap();
        let status = self.running.take().unwrap().stop().unwrap();
        assert_eq!(status.rejected.values().sum::<u64>(), refused, "{status:?}");
        assert_eq!(status.restarts, 0, "{status:?}");
        let counted: u64 = ["indexed", "late", "superseded"]
            .iter()
            .filter_map(|name| status.counts.get(*name))
            .sum();
        assert_eq!(counted + refused, status.read, "{status:?}");
        let letters = &self.log.offsets("refused").unwrap()[0];
        assert_eq!(letters.end - letters.start, refused);
        let stored = stored(&self.store, &self.index);
        assert_eq!(stored.len(), expected.len());
        for (id, document) in expected {
            assert_eq!(stored.get(id), Some(document), "{id}");
        }
    }

    fn settings(&self, settings: &Value) {
        let path = format!("/{}/_settings", self.index);
        let (status, answer) = ask("PUT", &path, Some(settings.clone()));
        assert_eq!(status, 200, "{answer}");
    }
}

fn stored(store: &ElasticStore, index: &str) -> BTreeMap<String, Value> {
    block_on(store.refresh(index)).unwrap();
    let mut stored = BTreeMap::new();
    let mut after = String::new();
    loop {
        let request = json!({ "size": 5_000, "sort": [{ "hex": "asc" }],
            "query": { "range": { "hex": { "gt": after } } } });
        let request = SearchRequest::from_value(request).unwrap();
        let hits = block_on(store.search(index, &request)).unwrap().hits.hits;
        let Some(last) = hits.last() else {
            return stored;
        };
        after.clone_from(&last.id);
        for hit in hits {
            let source = serde_json::from_str(hit.source.unwrap().get()).unwrap();
            stored.insert(hit.id, source);
        }
    }
}

/// What is to be stored in the end: of each id the newest, and of equal ones the last.
fn newest(documents: &Documents) -> BTreeMap<String, Value> {
    let mut newest: BTreeMap<&str, (u64, &[u8])> = BTreeMap::new();
    for (id, version, json) in documents {
        let known = newest.entry(id).or_insert((*version, json));
        if *version >= known.0 {
            *known = (*version, json);
        }
    }
    let value = |json: &[u8]| serde_json::from_slice(json).unwrap();
    newest
        .into_iter()
        .map(|(id, (_, json))| (id.to_owned(), value(json)))
        .collect()
}

/// Reports in disorder, every tenth twice.
fn disordered(aircraft: usize, reports: usize) -> Documents {
    let ordered = documents(aircraft, reports);
    let mut disordered: Documents = ordered.iter().step_by(10).cloned().collect();
    disordered.extend(ordered);
    // A step that shares no factor with the length visits everything.
    let count = disordered.len();
    let step = (count / 3..).find(|step| gcd(*step, count) == 1).unwrap();
    (0..count)
        .map(|n| disordered[n * step % count].clone())
        .collect()
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[test]
fn in_the_end_the_newest_of_each_is_stored() {
    let documents = disordered(2_000, 8);
    let indexing = Indexing::start(&documents, options(), fast());
    indexing.ends_as(&newest(&documents), 0);
}

#[test]
fn connections_that_are_cut_cost_nothing() {
    let documents = disordered(1_000, 10);
    let proxy = Proxy::start();
    let indexing = Indexing::start(&documents, options_of([&proxy.url]), fast());
    for _ in 0..5 {
        proxy.cut();
        let before = indexing.count("retried");
        eventually("something is cut", || {
            indexing.running().lag().unwrap() == 0 || indexing.count("retried") > before || {
                proxy.refuse();
                true
            }
        });
        thread_pause();
        proxy.pass_on();
    }
    indexing.ends_as(&newest(&documents), 0);
}

/// Long enough for a few attempts.
fn thread_pause() {
    std::thread::park_timeout(Duration::from_millis(150));
}

#[test]
fn blocks_are_waited_out() {
    for block in ["write", "read_only_allow_delete"] {
        let indexing = Indexing::start(&Vec::new(), options(), fast());
        indexing.settings(&json!({ "index": { "blocks": { block: true } } }));
        let documents = documents(500, 3);
        indexing.add(&documents);
        thread_pause();
        assert!(indexing.running().lag().unwrap() > 0);
        assert!(!indexing.running().is_finished());
        indexing.settings(&json!({ "index": { "blocks": { block: null } } }));
        indexing.ends_as(&newest(&documents), 0);
    }
}

#[test]
fn a_closed_index_is_waited_for() {
    let indexing = Indexing::start(&Vec::new(), options(), fast());
    let index = block_on(indexing.store.indices_of(&indexing.index))
        .unwrap()
        .remove(0);
    assert_eq!(ask("POST", &format!("/{index}/_close"), None).0, 200);
    let documents = documents(300, 2);
    indexing.add(&documents);
    thread_pause();
    assert!(indexing.running().lag().unwrap() > 0);
    assert_eq!(ask("POST", &format!("/{index}/_open"), None).0, 200);
    indexing.ends_as(&newest(&documents), 0);
}

#[test]
fn only_the_bad_documents_are_dead_letters() {
    let mut documents = documents(400, 3);
    let good = newest(&documents);
    let bad: [&[u8]; 5] = [
        br#"{"hex":"BAD","speed":"fast"}"#,
        br#"{"hex":"BAD","position":{"lat":91,"lon":0}}"#,
        b"{\"hex\":\"BAD",
        b"[]",
        b"{\"hex\":\"\xff\"}",
    ];
    for (number, json) in bad.iter().enumerate() {
        // Newer than the good ones of the same aircraft, which are to be stored all the same.
        let (id, version, _) = documents[number * 100].clone();
        documents.insert(number * 150, (id, version + 1_000_000, json.to_vec()));
    }
    let indexing = Indexing::start(&documents, options(), fast());
    indexing.ends_as(&good, 5);
}

#[test]
fn a_node_that_turns_work_away_gets_it_again() {
    // With `--set thread_pool.write.size=1 --set thread_pool.write.queue_size=2` the node turns items away, with
    // `--set indexing_pressure.memory.limit=2mb` whole bulks.
    let documents = disordered(3_000, 10);
    let bulks = fast()
        .max_documents(3_000)
        .max_in_flight(16)
        .max_bytes(4 << 20);
    let indexing = Indexing::start(&documents, options(), bulks);
    indexing.ends_as(&newest(&documents), 0);
}

#[test]
fn a_document_too_large_for_the_node_is_the_only_dead_letter() {
    let mut documents = documents(300, 1);
    let good = newest(&documents);
    let limit = 100 << 20;
    let huge = format!(r#"{{"hex":"HUGE","unknown":"{}"}}"#, "x".repeat(limit));
    documents.insert(150, ("HUGE".to_owned(), 1, huge.into_bytes()));
    let indexing = Indexing::start(&documents, options(), fast());
    indexing.ends_as(&good, 1);
}

#[test]
fn a_missing_index_ends_the_app_with_a_sentence() {
    if ask(
        "PUT",
        "/_cluster/settings",
        Some(json!({ "persistent": { "action.auto_create_index": "-sink*,+*" } })),
    )
    .0 != 200
    {
        panic!("the node does not let an index be missing");
    }
    let mut indexing = Indexing::start(&Vec::new(), options(), fast());
    let index = block_on(indexing.store.indices_of(&indexing.index))
        .unwrap()
        .remove(0);
    assert_eq!(ask("DELETE", &format!("/{index}"), None).0, 200);
    indexing.add(&documents(10, 1));
    eventually("the app ends", || indexing.running().is_finished());
    let error = indexing.running.take().unwrap().stop().unwrap_err();
    assert!(matches!(error, AppError::Task(_)), "{error}");
    assert!(error.to_string().contains("no such index"), "{error}");
    assert!(block_on(indexing.store.count(&index, &Query::MatchAll)).is_err());
}
