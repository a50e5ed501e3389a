//! A search is answered or refused, never with a panic; and hits, totals and counts of an answer agree.

use std::cell::OnceCell;

use flightstream_core::search::{
    BulkItem, BulkOperation, EmbeddedStore, Mapping, SearchRequest, SearchStore,
};
use futures::executor::block_on;

const INDEX: &str = "esflight";

thread_local! {
    static STORE: OnceCell<EmbeddedStore> = const { OnceCell::new() };
}

/// A few hundred aircraft, some of which lack each field.
fn store() -> EmbeddedStore {
    let store = EmbeddedStore::new();
    block_on(store.ensure_index(INDEX, &Mapping::flights())).unwrap();
    let pick = |values: &[&'static str], n: u64| values[n as usize % values.len()];
    let document = |n: u64| {
        let mut document = serde_json::json!({
            "hex": format!("{n:06X}"),
            "flag": (pick(&["PL", "DE", "US", "NZ"], n)),
            "position": { "lat": ((n as f64 * 7.3) % 180.0 - 90.0), "lon": ((n as f64 * 13.7) % 360.0 - 180.0) },
            "alt": (n as f64 * 31.5),
            "speed": (n * 3 % 1_000),
            "v_speed": (n as i64 % 40 - 20),
            "status": (pick(&["en-route", "landed"], n)),
            "type": (pick(&["Domestic", "International", "Unknown"], n)),
            "dep_iata": (pick(&["WAW", "LHR", "JFK", "AKL", "FRA"], n)),
            "updated": (1_706_705_158_000_i64 + n as i64 * 1_000),
        });
        let fields = document.as_object_mut().unwrap();
        let lacking = fields.keys().nth(1 + n as usize % 9).cloned();
        fields.remove(lacking.as_deref().unwrap_or_default());
        document.to_string()
    };
    let documents: Vec<_> = (0..300)
        .map(|n| (format!("{n:06X}"), document(n)))
        .collect();
    let operations: Vec<_> = documents
        .iter()
        .map(|(id, source)| BulkOperation::index(id, Some(1), source.as_bytes()))
        .collect();
    let items = block_on(store.bulk(INDEX, &operations)).unwrap();
    assert!(items.iter().all(BulkItem::is_success));
    store
}

pub fn check(json: &[u8]) {
    let request = match SearchRequest::from_json(json) {
        Ok(request) => request,
        Err(error) => {
            assert!((400..500).contains(&error.status()), "{error}");
            return;
        }
    };
    STORE.with(|store| {
        let store = store.get_or_init(self::store);
        match block_on(store.search(INDEX, &request)) {
            Ok(response) => {
                let response = serde_json::to_value(&response).expect("an answer is JSON");
                let hits = response["hits"]["hits"].as_array().map_or(0, Vec::len);
                assert!(hits <= 300);
                if let Some(total) = response["hits"]["total"]["value"].as_u64() {
                    assert!(total >= hits as u64, "{response}");
                }
            }
            Err(error) => assert!((400..500).contains(&error.status()), "{error}"),
        }
    });
}
