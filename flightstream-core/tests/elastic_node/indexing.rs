//! An app that indexes into the real node.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use flightstream_core::batch::{Raw, Record};
use flightstream_core::log::memory::MemoryLog;
use flightstream_core::log::{Isolation, Log, TopicSpec};
use flightstream_core::runtime::{App, Running, topic};
use flightstream_core::search::elastic::{ElasticOptions, ElasticStore};
use flightstream_core::search::{BulkOptions, IndexSink, Mapping, SearchRequest, SearchStore};
use flightstream_core::time::Timestamp;
use futures::executor::block_on;
use serde_json::{Value, json};

use super::{ask, documents, name};

pub type Documents = Vec<(String, u64, Vec<u8>)>;

/// A topic with documents, an index, and an app that brings the one into the other.
pub struct Indexing {
    pub log: Arc<dyn Log>,
    pub store: ElasticStore,
    pub index: String,
    pub running: Option<Running>,
}

pub fn fast() -> BulkOptions {
    BulkOptions::default()
        .linger(Duration::from_millis(20))
        .max_documents(500)
        .pauses(Duration::from_millis(50), Duration::from_millis(500))
}

impl Indexing {
    pub fn start(documents: &Documents, options: ElasticOptions, bulks: BulkOptions) -> Self {
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

    pub fn add(&self, documents: &Documents) {
        let records = documents.iter().map(|(id, version, json)| {
            let time = Timestamp::from_millis(i64::try_from(*version).unwrap());
            let mut record = Record::new(Raw::from(json.clone()), time);
            record.key = Some(id.clone().into());
            record
        });
        let mut writer = self.log.writer(Isolation::Immediate).unwrap();
        writer.append("documents", records.collect()).unwrap();
    }

    pub fn running(&self) -> &Running {
        self.running.as_ref().unwrap()
    }

    pub fn count(&self, name: &str) -> u64 {
        self.running()
            .status()
            .counts
            .get(name)
            .copied()
            .unwrap_or(0)
    }

    /// Waits until everything is answered, and compares what is stored with what came last.
    pub fn ends_as(mut self, expected: &BTreeMap<String, Value>, refused: u64) {
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

    pub fn settings(&self, settings: &Value) {
        let path = format!("/{}/_settings", self.index);
        let (status, answer) = ask("PUT", &path, Some(settings.clone()));
        assert_eq!(status, 200, "{answer}");
    }
}

pub fn stored(store: &ElasticStore, index: &str) -> BTreeMap<String, Value> {
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
pub fn newest(documents: &Documents) -> BTreeMap<String, Value> {
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
pub fn disordered(aircraft: usize, reports: usize) -> Documents {
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

pub fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}
