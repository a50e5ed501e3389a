//! How much an answer may hold. What is asked for is charged before it is made.

use std::cell::Cell;

use super::super::{AggregationKind, Hit, Metric, SearchError};

/// Bytes of JSON that one request is answered.
const MAX_ANSWER: usize = 32 << 20;
const MAX_BUCKETS: usize = 65_536;
/// Rows in all buckets of all levels that are computed at a time.
const MAX_ROWS: usize = 1 << 21;

// No less than JSON has of each beside its texts, and about as much as memory has.
const SEARCH: usize = 256;
const BUCKET: usize = 128;
const RESULT: usize = 128;
const PERCENT: usize = 56;
const HIT: usize = 128;
const SORT_VALUE: usize = 32;

/// The bytes that are left for answers; all searches of one request share them.
#[derive(Debug, Clone)]
pub(in crate::search) struct Budget {
    left: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self { left: MAX_ANSWER }
    }
}

/// What one search takes of it. A search that fails has taken nothing, as nothing of it is kept.
#[derive(Debug)]
pub(super) struct Spending {
    left: Cell<usize>,
    buckets: Cell<usize>,
    rows: Cell<usize>,
    max_rows: usize,
}

impl Spending {
    /// Of a search among so many documents.
    pub(super) fn new(budget: &Budget, documents: usize) -> Result<Self, SearchError> {
        let spending = Self {
            left: Cell::new(budget.left),
            buckets: Cell::new(0),
            rows: Cell::new(0),
            // Buckets that do not overlap may be as deep as requests can be.
            max_rows: documents.saturating_mul(16).max(MAX_ROWS),
        };
        spending.bytes(SEARCH)?;
        Ok(spending)
    }

    /// What is left when the answer is made.
    pub(super) fn rest(&self) -> Budget {
        Budget {
            left: self.left.get(),
        }
    }

    fn bytes(&self, bytes: usize) -> Result<(), SearchError> {
        match self.left.get().checked_sub(bytes) {
            Some(left) => {
                self.left.set(left);
                Ok(())
            }
            None => Err(SearchError::AnswerTooLarge { limit: MAX_ANSWER }),
        }
    }

    /// Buckets, without the texts of their keys.
    pub(super) fn buckets(&self, buckets: usize) -> Result<(), SearchError> {
        let all = self.buckets.get().saturating_add(buckets);
        self.buckets.set(all);
        if all > MAX_BUCKETS {
            return Err(SearchError::TooManyBuckets {
                limit: MAX_BUCKETS,
                buckets: all,
            });
        }
        self.bytes(buckets.saturating_mul(BUCKET))
    }

    /// The text of a bucket's key.
    pub(super) fn key(&self, text: &str) -> Result<(), SearchError> {
        self.bytes(length(text))
    }

    /// An aggregation's result in each of so many buckets, without buckets and hits in it.
    pub(super) fn results(
        &self,
        count: usize,
        name: &str,
        kind: &AggregationKind,
    ) -> Result<(), SearchError> {
        self.bytes(count.saturating_mul(RESULT + length(name) + own(kind)))
    }

    /// A hit.
    pub(super) fn hit(&self, hit: &Hit) -> Result<(), SearchError> {
        let source = hit.source.as_ref().map_or(0, |source| source.get().len());
        let sort = hit.sort.iter().map(|value| match value.as_str() {
            Some(text) => SORT_VALUE + length(text),
            None => SORT_VALUE,
        });
        self.bytes(HIT + length(&hit.index) + length(&hit.id) + source + sort.sum::<usize>())
    }

    /// How many more rows can be held.
    pub(super) fn room(&self) -> usize {
        self.max_rows.saturating_sub(self.rows.get())
    }

    /// Does something while so many rows are held in buckets.
    pub(super) fn holding<T>(
        &self,
        rows: usize,
        work: impl FnOnce() -> Result<T, SearchError>,
    ) -> Result<T, SearchError> {
        let before = self.rows.get();
        let all = before.saturating_add(rows);
        if all > self.max_rows {
            return Err(SearchError::CircuitBreaking {
                assignments: all,
                limit: self.max_rows,
            });
        }
        self.rows.set(all);
        let result = work();
        self.rows.set(before);
        result
    }
}

/// What a result has beside its name and what all results have.
fn own(kind: &AggregationKind) -> usize {
    match kind {
        AggregationKind::Metric { metric, .. } => match metric {
            Metric::ExtendedStats => 832,
            Metric::Stats => 256,
            Metric::GeoBounds | Metric::GeoCentroid => 128,
            Metric::Avg | Metric::Min | Metric::Max | Metric::Sum => 0,
            Metric::ValueCount | Metric::Cardinality => 0,
        },
        AggregationKind::Percentiles { percents, .. } => percents.len().saturating_mul(PERCENT),
        AggregationKind::Filters(queries) => queries.iter().map(|(name, _)| length(name)).sum(),
        AggregationKind::Range { ranges, .. } => {
            let key = |key: &Option<String>| key.as_deref().map_or(PERCENT, length);
            ranges.iter().map(|range| key(&range.key)).sum()
        }
        _ => 0,
    }
}

/// How long a text is in JSON.
fn length(text: &str) -> usize {
    let escaped = text.bytes().map(|byte| match byte {
        b'"' | b'\\' => 2,
        byte if byte < 0x20 => 6,
        _ => 1,
    });
    escaped.sum::<usize>() + 2
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;
    use serde_json::{Value, json};

    use super::super::super::{
        BulkOperation, EmbeddedStore, FieldType, Mapping, SearchRequest, SearchStore,
    };
    use super::{Budget, MAX_ANSWER};

    /// As wide in JSON as values can be.
    fn store() -> EmbeddedStore {
        let store = EmbeddedStore::new();
        let mapping = Mapping::new([
            ("text", FieldType::Keyword),
            ("float", FieldType::Float),
            ("long", FieldType::Long),
            ("date", FieldType::Date),
            ("flag", FieldType::Boolean),
            ("point", FieldType::GeoPoint),
        ]);
        block_on(store.ensure_index("\"index\"", &mapping)).unwrap();
        let sources: Vec<(String, String)> = (0..40_i32)
            .map(|n| {
                let wide = f64::from(n) + 1.234_567_890_123_456_7;
                let document = json!({ "text": format!("{n} \"\\\n\u{1}ü").repeat(9), "float": -wide * 1e-30,
                    "long": i64::MIN + 1 + i64::from(n), "date": -9_000_000_000_000_000 + i64::from(n), "flag": n % 2 == 0,
                    "point": { "lat": -wide / 10.0, "lon": -wide } });
                (format!("\u{2}\"{n}"), document.to_string())
            })
            .collect();
        let operations: Vec<BulkOperation<'_>> = sources
            .iter()
            .map(|(id, source)| BulkOperation::index(id, None, source.as_bytes()))
            .collect();
        let items = block_on(store.bulk("\"index\"", &operations)).unwrap();
        assert!(items.iter().all(|item| item.status == 201), "{items:?}");
        store
    }

    #[test]
    fn no_answer_is_larger_than_what_was_charged_for_it() {
        let store = store();
        let name = "\u{3}\"\\name".repeat(20);
        let metrics = |field: &str| {
            let metrics = [
                "avg",
                "min",
                "max",
                "sum",
                "value_count",
                "stats",
                "extended_stats",
                "cardinality",
            ];
            metrics.map(|metric| json!({ metric: { "field": field } }))
        };
        let mut kinds: Vec<Value> = vec![
            json!({ "percentiles": { "field": "float", "percents": [0.123_456_789_012_345_6, 1e-300, 99] } }),
            json!({ "percentiles": { "field": "nowhere" } }),
            json!({ "geo_bounds": { "field": "point" } }),
            json!({ "geo_centroid": { "field": "point" } }),
            json!({ "top_hits": { "size": 2, "sort": ["text", "float", "long", "date", "flag", "_doc"] } }),
            json!({ "terms": { "field": "text", "size": 50 } }),
            json!({ "terms": { "field": "nowhere" } }),
            json!({ "terms": { "field": "text", "missing": name.as_str(), "include": [name.as_str()] } }),
            json!({ "terms": { "field": "flag" } }),
            json!({ "terms": { "field": "float", "size": 50 } }),
            json!({ "terms": { "field": "long", "size": 50 } }),
            json!({ "terms": { "field": "date", "size": 50 } }),
            json!({ "histogram": { "field": "float", "interval": 1e-30, "offset": 1e-31 } }),
            json!({ "date_histogram": { "field": "date", "fixed_interval": "1ms" } }),
            json!({ "date_histogram": { "field": "date", "fixed_interval": "1ms", "format": "epoch_millis" } }),
            json!({ "range": { "field": "float", "ranges": [{ "from": -1.234_567_890_123_456_7e-200 },
                { "to": 1.234_567_890_123_456_7e-200, "key": name.as_str() },
                { "from": -1.234_567_890_123_456_7e200, "to": 1.234_567_890_123_456_7e200 }] } }),
            json!({ "filter": { "exists": { "field": "text" } } }),
            json!({ "filters": { "filters": { name.as_str(): { "match_all": {} }, "": { "match_none": {} } } } }),
            json!({ "filters": { "filters": [{ "match_all": {} }, { "match_none": {} }] } }),
            json!({ "missing": { "field": "text" } }),
            json!({ "geotile_grid": { "field": "point", "precision": 29 } }),
        ];
        kinds.extend(
            ["float", "long", "date"]
                .iter()
                .flat_map(|field| metrics(field)),
        );
        let mut requests: Vec<Value> = kinds
            .iter()
            .map(|kind| json!({ "size": 0, "aggs": { name.as_str(): kind } }))
            .collect();
        requests.extend(kinds.iter().map(|kind| {
            json!({ "size": 0, "aggs": { "\u{1}": { "terms": { "field": "text", "size": 50 },
                "aggs": { name.as_str(): kind, "b": kind } } } })
        }));
        let sort = ["text", "float", "long", "date", "flag", "_doc"];
        requests.extend([
            json!({ "size": 0, "track_total_hits": true }),
            json!({ "size": 100 }),
            json!({ "size": 100, "sort": sort }),
            json!({ "size": 100, "sort": sort, "_source": ["text", "point"] }),
            json!({ "size": 100, "sort": sort, "_source": false }),
        ]);
        for json in requests {
            let request = SearchRequest::from_value(json.clone()).unwrap();
            let mut budget = Budget::default();
            let response = store.answer("\"index\"", &request, &mut budget).unwrap();
            let (charged, size) = (
                MAX_ANSWER - budget.left,
                serde_json::to_string(&response).unwrap().len(),
            );
            assert!(size <= charged, "{size} > {charged}: {json}");
        }
    }

    #[test]
    fn what_has_failed_takes_nothing_and_what_is_answered_takes_its_part() {
        let store = store();
        let search = |request: Value, budget: &mut Budget| {
            let request = SearchRequest::from_value(request).unwrap();
            store.answer("\"index\"", &request, budget)
        };
        let mut budget = Budget { left: 4_000 };
        let error = search(json!({ "size": 40 }), &mut budget).unwrap_err();
        assert_eq!(error.error_type(), "circuit_breaking_exception");
        assert_eq!(budget.left, 4_000);
        let one = |_: &i32| search(json!({ "size": 1 }), &mut budget).is_ok();
        let answers = (0..100).take_while(one).count();
        assert!((2..16).contains(&answers), "{answers}");
        assert!(search(json!({ "size": 0 }), &mut budget).is_ok());
    }
}
