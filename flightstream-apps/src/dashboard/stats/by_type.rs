use serde_json::{Map, Value, json};

use crate::dashboard::shared::{buckets, count};

const TYPES: [&str; 3] = ["Domestic", "International", "Unknown"];

/// Counts documents by type of flight.
pub(in crate::dashboard) fn aggregation() -> Value {
    json!({ "terms": { "field": "type", "size": TYPES.len() } })
}

/// All types with their counts, those without a flight too.
pub(in crate::dashboard) fn read(results: &Value, name: &str) -> Value {
    let mut counts: Map<String, Value> = TYPES
        .iter()
        .map(|name| ((*name).to_owned(), 0.into()))
        .collect();
    for (key, bucket) in buckets(results, name) {
        counts.insert(key.to_owned(), count(bucket).into());
    }
    counts.into()
}
