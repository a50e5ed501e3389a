//! Writers and readers at once.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may panic too"
)]

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use flightstream_core::search::{
    BulkOperation, EmbeddedStore, Mapping, Query, SearchRequest, SearchStore,
};
use futures::executor::block_on;
use serde_json::json;

const INDEX: &str = "esflight";

#[test]
fn readers_see_consistent_totals_while_writers_write() {
    let store = EmbeddedStore::new();
    block_on(store.ensure_index(INDEX, &Mapping::flights())).unwrap();
    let done = AtomicBool::new(false);
    let request = json!({ "track_total_hits": true, "size": 5, "aggs": {
        "flag": { "terms": { "field": "flag", "size": 100 }, "aggs": { "n": { "value_count": { "field": "speed" } } } },
        "sum": { "sum": { "field": "speed" } }, "nowhere": { "missing": { "field": "flag" } } } });
    let request = SearchRequest::from_value(request).unwrap();
    thread::scope(|scope| {
        let writers: Vec<_> = (0..2_u32)
            .map(|writer| {
                let store = &store;
                scope.spawn(move || {
                    for round in 0..40_u64 {
                        let sources: Vec<(String, String)> = (0..500)
                            .map(|n| {
                                let id = format!("{:06x}", n * 2 + writer);
                                // A document's speed is 1, whichever version is there.
                                (id, json!({ "flag": format!("F{}", round % 7), "speed": 1, "position": [n % 90, 0] }).to_string())
                            })
                            .collect();
                        let operations: Vec<BulkOperation<'_>> = sources
                            .iter()
                            .enumerate()
                            .map(|(n, (id, source))| match (n as u64 + round) % 5 {
                                0 => BulkOperation::delete(id, Some(round)),
                                _ => BulkOperation::index(id, Some(round), source.as_bytes()),
                            })
                            .collect();
                        let items = block_on(store.bulk(INDEX, &operations)).unwrap();
                        assert!(items.iter().all(|item| item.error.is_none()));
                    }
                })
            })
            .collect();
        for _ in 0..2 {
            scope.spawn(|| {
                let mut version = 0;
                while !done.load(Ordering::Relaxed) {
                    let response = block_on(store.search(INDEX, &request)).unwrap();
                    let response = serde_json::to_value(response).unwrap();
                    let total = response["hits"]["total"]["value"].as_u64().unwrap();
                    let aggs = &response["aggregations"];
                    let buckets = aggs["flag"]["buckets"].as_array().unwrap();
                    let sum = |field: fn(&serde_json::Value) -> u64| {
                        buckets.iter().map(field).sum::<u64>()
                    };
                    assert_eq!(sum(|b| b["doc_count"].as_u64().unwrap()), total);
                    assert_eq!(sum(|b| b["n"]["value"].as_u64().unwrap()), total);
                    assert_eq!(aggs["sum"]["value"], total as f64);
                    assert_eq!(aggs["nowhere"]["doc_count"], 0);
                    let positions = store
                        .positions(INDEX, Some(version), &Query::MatchAll, usize::MAX)
                        .unwrap();
                    assert!(positions.version >= version);
                    version = positions.version;
                }
            });
        }
        for writer in writers {
            writer.join().unwrap();
        }
        done.store(true, Ordering::Relaxed);
    });
    assert_eq!(store.version(INDEX).unwrap(), 2 * 40 * 500);
}
