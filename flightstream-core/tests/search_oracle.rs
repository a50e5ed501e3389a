//! Random documents, writes, queries and aggregations: the embedded store against a naive evaluation of the same JSON.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may panic too"
)]

use std::collections::{BTreeMap, HashMap};

use flightstream_core::search::{
    BulkOperation, EmbeddedStore, Mapping, SearchRequest, SearchStore,
};
use futures::executor::block_on;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

const INDEX: &str = "esflight";

/// The documents as they were sent, with the versions of all ids ever seen.
#[derive(Default)]
struct Oracle {
    documents: BTreeMap<String, Value>,
    versions: HashMap<String, u64>,
}

impl Oracle {
    fn write(&mut self, id: &str, version: Option<u64>, document: Option<&Value>) -> u16 {
        let current = self.versions.get(id).copied();
        let version = match (current, version) {
            (Some(current), Some(version)) if version < current => return 409,
            (Some(current), None) => current + 1,
            (None, None) => 1,
            (_, Some(version)) => version,
        };
        self.versions.insert(id.to_owned(), version);
        match document {
            None => self.documents.remove(id).map_or(404, |_| 200),
            Some(document) => match self.documents.insert(id.to_owned(), document.clone()) {
                Some(_) => 200,
                None => 201,
            },
        }
    }
}

fn matches(query: &Value, id: &str, doc: &Value) -> bool {
    let (name, body) = query.as_object().unwrap().iter().next().unwrap();
    let all = |key: &str| -> Vec<bool> {
        let clauses = body.get(key).and_then(Value::as_array);
        clauses.map_or(Vec::new(), |c| {
            c.iter().map(|q| matches(q, id, doc)).collect()
        })
    };
    let field = || {
        let (field, value) = body.as_object().unwrap().iter().next().unwrap();
        (doc.get(field), value)
    };
    match name.as_str() {
        "match_all" => true,
        "match_none" => false,
        "bool" => {
            let should = all("should");
            let required = !all("must").is_empty() || !all("filter").is_empty();
            let needs_one = u64::from(!required && !should.is_empty());
            let minimum = match body.get("minimum_should_match") {
                Some(minimum) => minimum.as_u64().unwrap().max(needs_one),
                None => needs_one,
            };
            all("must").iter().chain(&all("filter")).all(|m| *m)
                && !all("must_not").contains(&true)
                && should.iter().filter(|m| **m).count() as u64 >= minimum
        }
        "term" => field().0 == Some(field().1),
        "terms" => field()
            .0
            .is_some_and(|v| field().1.as_array().unwrap().contains(v)),
        "exists" => doc.get(body["field"].as_str().unwrap()).is_some(),
        "ids" => body["values"].as_array().unwrap().contains(&json!(id)),
        "prefix" => {
            let (value, prefix) = field();
            value.is_some_and(|v| v.as_str().unwrap().starts_with(prefix.as_str().unwrap()))
        }
        "wildcard" => {
            // Only "?x*" is generated.
            let (value, pattern) = field();
            let wanted = pattern["value"].as_str().unwrap().chars().nth(1);
            value.is_some_and(|v| v.as_str().unwrap().chars().nth(1) == wanted)
        }
        "range" => {
            let (value, bounds) = field();
            let Some(value) = value.and_then(Value::as_f64) else {
                return false;
            };
            bounds.as_object().unwrap().iter().all(|(key, bound)| {
                let bound = bound.as_f64().unwrap();
                match key.as_str() {
                    "gt" => value > bound,
                    "gte" => value >= bound,
                    "lt" => value < bound,
                    _ => value <= bound,
                }
            })
        }
        "geo_bounding_box" => {
            let (point, b) = field();
            let Some(point) = point else { return false };
            let number = |v: &Value| v.as_f64().unwrap();
            let (lat, lon) = (number(&point["lat"]), number(&point["lon"]));
            let (left, right) = (number(&b["left"]), number(&b["right"]));
            let east = if left <= right {
                (left..=right).contains(&lon)
            } else {
                !(lon < left && lon > right)
            };
            east && (number(&b["bottom"])..=number(&b["top"])).contains(&lat)
        }
        other => panic!("the oracle has no {other}"),
    }
}

type Docs<'a> = Vec<(&'a str, &'a Value)>;

fn numbers(field: &str, docs: &Docs<'_>) -> Vec<f64> {
    docs.iter()
        .filter_map(|(_, d)| d.get(field)?.as_f64())
        .collect()
}

fn aggregate_all(aggs: Option<&Value>, docs: &Docs<'_>) -> Map<String, Value> {
    let Some(aggs) = aggs else { return Map::new() };
    let aggs = aggs.as_object().unwrap();
    aggs.iter()
        .map(|(name, agg)| (name.clone(), aggregate(agg, docs)))
        .collect()
}

fn bucket(mut key: Value, nested: Option<&Value>, docs: &Docs<'_>) -> Value {
    let mut bucket = json!({ "doc_count": docs.len() });
    let map = bucket.as_object_mut().unwrap();
    map.append(key.as_object_mut().unwrap());
    map.extend(aggregate_all(nested, docs));
    bucket
}

fn aggregate(agg: &Value, docs: &Docs<'_>) -> Value {
    let nested = agg.get("aggs");
    let (name, body) = agg
        .as_object()
        .unwrap()
        .iter()
        .find(|(k, _)| *k != "aggs")
        .unwrap();
    let field = body
        .get("field")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let values = numbers(field, docs);
    let (count, sum) = (values.len() as f64, values.iter().sum::<f64>());
    let some = |value: f64| {
        if values.is_empty() {
            Value::Null
        } else {
            json!(value)
        }
    };
    let min = values.iter().copied().fold(f64::INFINITY, f64::min);
    let max = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    match name.as_str() {
        "avg" => json!({ "value": some(sum / count) }),
        "min" => json!({ "value": some(min) }),
        "max" => json!({ "value": some(max) }),
        "sum" => json!({ "value": sum }),
        "stats" => json!({ "count": values.len(), "sum": sum, "min": some(min), "max": some(max),
            "avg": some(sum / count) }),
        "value_count" => {
            json!({ "value": docs.iter().filter(|(_, d)| d.get(field).is_some()).count() })
        }
        "cardinality" => {
            let mut keys: Vec<String> = docs
                .iter()
                .filter_map(|(_, d)| Some(d.get(field)?.to_string()))
                .collect();
            keys.sort();
            keys.dedup();
            json!({ "value": keys.len() })
        }
        "percentiles" => {
            let mut sorted = values.clone();
            sorted.sort_by(f64::total_cmp);
            json!({ "values": { "50.0": some(sorted.get(sorted.len() / 2).copied().unwrap_or(0.0)
                .midpoint(sorted.get(sorted.len().saturating_sub(1) / 2).copied().unwrap_or(0.0))) } })
        }
        "filter" => {
            let inside = docs
                .iter()
                .copied()
                .filter(|(id, d)| matches(body, id, d))
                .collect();
            bucket(json!({}), nested, &inside)
        }
        "filters" => {
            let filters = body["filters"].as_object().unwrap();
            let buckets: Map<String, Value> = filters
                .iter()
                .map(|(name, query)| {
                    let inside = docs.iter().copied().filter(|(id, d)| matches(query, id, d));
                    (name.clone(), bucket(json!({}), nested, &inside.collect()))
                })
                .collect();
            json!({ "buckets": buckets })
        }
        "missing" => {
            let inside = docs
                .iter()
                .copied()
                .filter(|(_, d)| d.get(field).is_none())
                .collect();
            bucket(json!({}), nested, &inside)
        }
        "range" => {
            let ranges = body["ranges"].as_array().unwrap().iter().map(|range| {
                let from = range["from"].as_f64().unwrap();
                let to = range["to"].as_f64().unwrap();
                let inside = docs.iter().copied().filter(|(_, d)| {
                    d.get(field)
                        .and_then(Value::as_f64)
                        .is_some_and(|v| v >= from && v < to)
                });
                let key = json!({ "key": format!("{from:?}-{to:?}"), "from": from, "to": to });
                bucket(key, nested, &inside.collect())
            });
            json!({ "buckets": ranges.collect::<Vec<_>>() })
        }
        "terms" => terms(body, field, nested, docs),
        "histogram" => {
            let interval = body["interval"].as_f64().unwrap();
            let mut groups: BTreeMap<i64, Docs<'_>> = BTreeMap::new();
            for doc in docs {
                if let Some(value) = doc.1.get(field).and_then(Value::as_f64) {
                    groups
                        .entry((value / interval).floor() as i64)
                        .or_default()
                        .push(*doc);
                }
            }
            let ends = (groups.keys().next().copied(), groups.keys().last().copied());
            let mut buckets = Vec::new();
            if let (Some(first), Some(last)) = ends {
                for key in first..=last {
                    let docs = groups.remove(&key).unwrap_or_default();
                    if docs.len() as u64 >= body["min_doc_count"].as_u64().unwrap() {
                        let key = json!({ "key": key as f64 * interval });
                        buckets.push(bucket(key, nested, &docs));
                    }
                }
            }
            json!({ "buckets": buckets })
        }
        "geotile_grid" => {
            let zoom = body["precision"].as_u64().unwrap();
            let tiles = (1_u64 << zoom) as f64;
            let mut groups: BTreeMap<(u64, u64), Docs<'_>> = BTreeMap::new();
            for doc in docs {
                if let Some(point) = doc.1.get(field) {
                    let sin = point["lat"].as_f64().unwrap().to_radians().sin();
                    let x = (point["lon"].as_f64().unwrap() + 180.0) / 360.0 * tiles;
                    let y = (0.5 - ((1.0 + sin) / (1.0 - sin)).ln() / (4.0 * std::f64::consts::PI))
                        * tiles;
                    let last = tiles as u64 - 1;
                    let tile = ((x as u64).min(last), (y as u64).min(last));
                    groups.entry(tile).or_default().push(*doc);
                }
            }
            let mut groups: Vec<_> = groups.into_iter().collect();
            groups.sort_by_key(|(tile, docs)| std::cmp::Reverse((docs.len(), *tile)));
            groups.truncate(body["size"].as_u64().unwrap() as usize);
            let buckets = groups.iter().map(|((x, y), docs)| {
                bucket(json!({ "key": format!("{zoom}/{x}/{y}") }), nested, docs)
            });
            json!({ "buckets": buckets.collect::<Vec<_>>() })
        }
        other => panic!("the oracle has no {other}"),
    }
}

fn terms(body: &Value, field: &str, nested: Option<&Value>, docs: &Docs<'_>) -> Value {
    let mut groups: Vec<(Value, Docs<'_>)> = Vec::new();
    for doc in docs {
        let Some(key) = doc.1.get(field).or_else(|| body.get("missing")) else {
            continue;
        };
        if body
            .get("include")
            .is_some_and(|i| !i.as_array().unwrap().contains(key))
        {
            continue;
        }
        match groups.iter_mut().find(|(known, _)| known == key) {
            Some((_, docs)) => docs.push(*doc),
            None => groups.push((key.clone(), vec![*doc])),
        }
    }
    let (by, direction) = body["order"].as_object().unwrap().iter().next().unwrap();
    let key_order = |a: &Value, b: &Value| match (a, b) {
        (Value::String(a), Value::String(b)) => a.cmp(b),
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        _ => a.as_f64().unwrap().total_cmp(&b.as_f64().unwrap()),
    };
    let metric = |docs: &Docs<'_>| {
        let values = numbers("speed", docs);
        (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
    };
    groups.sort_by(|(a, in_a), (b, in_b)| {
        let order = match by.as_str() {
            "_count" => in_a.len().cmp(&in_b.len()),
            "_key" => key_order(a, b),
            _ => match (metric(in_a), metric(in_b)) {
                (Some(a), Some(b)) => a.total_cmp(&b),
                (None, None) => std::cmp::Ordering::Equal,
                // Nothing to compare is last, so the direction must not turn it round.
                (a, _) if (direction == "asc") == a.is_none() => std::cmp::Ordering::Greater,
                _ => std::cmp::Ordering::Less,
            },
        };
        let order = if direction == "asc" {
            order
        } else {
            order.reverse()
        };
        order.then_with(|| key_order(a, b))
    });
    let size = body["size"].as_u64().unwrap() as usize;
    let other: usize = groups.iter().skip(size).map(|(_, docs)| docs.len()).sum();
    let buckets = groups.iter().take(size).map(|(key, docs)| {
        let key = match key {
            Value::Bool(value) => {
                json!({ "key": u8::from(*value), "key_as_string": value.to_string() })
            }
            key => json!({ "key": key }),
        };
        bucket(key, nested, docs)
    });
    json!({ "doc_count_error_upper_bound": 0, "sum_other_doc_count": other,
        "buckets": buckets.collect::<Vec<_>>() })
}

fn document() -> impl Strategy<Value = Value> {
    use proptest::option::weighted;
    (
        weighted(
            0.8,
            prop::sample::select(vec!["FR", "DE", "US", "", "Zürich \"x\""]),
        ),
        weighted(0.9, 0..20),
        weighted(0.8, -200..12_000_i32),
        weighted(0.8, 0..9_i32),
        weighted(0.7, any::<bool>()),
        weighted(0.8, (-340..340_i32, -720..=720_i32)),
    )
        .prop_map(|(flag, flight, alt, speed, ground, point)| {
            let mut doc = Map::new();
            let mut put = |name: &str, value: Option<Value>| {
                value.map(|value| doc.insert(name.to_owned(), value));
            };
            put("flag", flag.map(|f| json!(f)));
            put("flight_iata", flight.map(|f| json!(format!("F{f}"))));
            put("alt", alt.map(|a| json!(f64::from(a) / 2.0)));
            put("speed", speed.map(|s| json!(s * 100)));
            put("on_ground", ground.map(|g| json!(g)));
            put("position", point.map(|(lat, lon)| {
                json!({ "lat": f64::from(lat) / 4.0, "lon": f64::from(lon) / 4.0 })
            }));
            Value::Object(doc)
        })
}

/// Id, version and document or deletion.
type Write = (u8, Option<u64>, Option<Value>);

fn writes() -> impl Strategy<Value = Vec<Write>> {
    let document = prop::option::weighted(0.85, document());
    prop::collection::vec((0..60_u8, prop::option::of(0..6_u64), document), 0..250)
}

fn query() -> impl Strategy<Value = Value> {
    let bound = || prop::sample::select(vec!["gt", "gte", "lt", "lte"]);
    let leaf = prop_oneof![
        Just(json!({ "match_all": {} })),
        Just(json!({ "match_none": {} })),
        prop::sample::select(vec!["FR", "DE", "", "XX"])
            .prop_map(|f| json!({ "term": { "flag": f } })),
        any::<bool>().prop_map(|b| json!({ "term": { "on_ground": b } })),
        (0..9).prop_map(|s| json!({ "term": { "speed": s * 100 } })),
        prop::collection::vec(0..20, 0..4).prop_map(|f| {
            let values: Vec<String> = f.iter().map(|f| format!("F{f}")).collect();
            json!({ "terms": { "flight_iata": values } })
        }),
        prop::collection::vec(0..9, 0..4).prop_map(|s| {
            json!({ "terms": { "speed": s.iter().map(|s| s * 100).collect::<Vec<_>>() } })
        }),
        (bound(), -100..6000).prop_map(|(b, v)| json!({ "range": { "alt": { b: v } } })),
        (bound(), -1..9, bound(), 0..9).prop_map(|(a, low, b, high)| {
            json!({ "range": { "speed": { a: f64::from(low) * 50.5, b: high * 100 } } })
        }),
        prop::sample::select(vec![
            "flag",
            "alt",
            "speed",
            "position",
            "on_ground",
            "nothing"
        ])
        .prop_map(|f| json!({ "exists": { "field": f } })),
        prop::collection::vec(0..70, 0..5).prop_map(|ids| {
            let values: Vec<String> = ids.iter().map(|n| format!("{n:06x}")).collect();
            json!({ "ids": { "values": values } })
        }),
        Just(json!({ "prefix": { "flight_iata": "F1" } })),
        Just(json!({ "wildcard": { "flight_iata": { "value": "?1*" } } })),
        (-90..=90, -90..=90, -180..=180, -180..=180).prop_map(
            |(a, b, left, right): (i32, i32, i32, i32)| {
                json!({ "geo_bounding_box": { "position": {
                "top": a.max(b), "bottom": a.min(b), "left": left, "right": right } } })
            }
        ),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        let clauses = || prop::collection::vec(inner.clone(), 0..3);
        (
            clauses(),
            clauses(),
            clauses(),
            clauses(),
            prop::option::of(0..3),
        )
            .prop_map(|(must, filter, should, must_not, minimum)| {
                let mut body = json!({ "must": must, "filter": filter, "should": should,
                    "must_not": must_not });
                if let Some(minimum) = minimum {
                    body["minimum_should_match"] = json!(minimum);
                }
                json!({ "bool": body })
            })
    })
}

fn metric() -> impl Strategy<Value = Value> {
    let number = prop::sample::select(vec!["alt", "speed", "nothing"]);
    let any_field = prop::sample::select(vec!["alt", "speed", "flag", "on_ground", "flight_iata"]);
    prop_oneof![
        (
            prop::sample::select(vec!["avg", "min", "max", "sum", "stats"]),
            number.clone()
        )
            .prop_map(|(metric, field)| json!({ metric: { "field": field } })),
        (
            prop::sample::select(vec!["value_count", "cardinality"]),
            any_field
        )
            .prop_map(|(metric, field)| json!({ metric: { "field": field } })),
        number.prop_map(|f| json!({ "percentiles": { "field": f, "percents": [50] } })),
    ]
}

fn aggregation() -> impl Strategy<Value = Value> {
    metric().prop_recursive(3, 8, 2, |inner| {
        let keys = prop::sample::select(vec!["flag", "flight_iata", "speed", "alt", "on_ground"]);
        let order = prop::sample::select(vec!["_count", "_key", "by"]);
        let direction = prop::sample::select(vec!["asc", "desc"]);
        let bucket = prop_oneof![
            (keys.clone(), 1..8, order, direction).prop_map(|(field, size, order, direction)| {
                json!({ "terms": { "field": field, "size": size, "order": { order: direction } } })
            }),
            (1..5).prop_map(|size| json!({ "terms": { "field": "flag", "size": size,
                "order": { "_count": "desc" }, "missing": "none", "include": ["none", "FR", "XX"] } })),
            Just(json!({ "terms": { "field": "flag", "size": 9,
                "order": { "_key": "asc" }, "missing": "DE" } })),
            (1..60, 0..3).prop_map(|(step, least)| json!({ "histogram": { "field": "alt",
                "interval": step * 100, "min_doc_count": least } })),
            Just(json!({ "range": { "field": "alt", "ranges": [
                { "from": -50, "to": 500 }, { "from": 0, "to": 3000 }, { "from": 0, "to": 5000.5 } ] } })),
            query().prop_map(|q| json!({ "filter": q })),
            (query(), query())
                .prop_map(|(a, b)| json!({ "filters": { "filters": { "a": a, "b": b } } })),
            keys.prop_map(|field| json!({ "missing": { "field": field } })),
            (0..20, 1..40).prop_map(|(zoom, size)| json!({ "geotile_grid": { "field": "position",
                "precision": zoom, "size": size } })),
        ];
        (bucket, prop::option::of(inner)).prop_map(|(mut bucket, nested)| {
            let mut aggs = json!({ "by": { "avg": { "field": "speed" } } });
            if let Some(nested) = nested {
                aggs["nested"] = nested;
            }
            bucket["aggs"] = aggs;
            bucket
        })
    })
}

/// Writes to both in bulks and compares each item's status.
fn written(writes: &[Write]) -> (EmbeddedStore, Oracle) {
    let store = EmbeddedStore::new();
    block_on(store.ensure_index(INDEX, &Mapping::flights())).unwrap();
    let mut oracle = Oracle::default();
    for bulk in writes.chunks(70) {
        let owned: Vec<(String, Option<u64>, Option<String>)> = bulk
            .iter()
            .map(|(id, version, doc)| {
                (
                    format!("{id:06x}"),
                    *version,
                    doc.as_ref().map(Value::to_string),
                )
            })
            .collect();
        let operations: Vec<BulkOperation<'_>> = owned
            .iter()
            .map(|(id, version, doc)| match doc {
                Some(doc) => BulkOperation::index(id, *version, doc.as_bytes()),
                None => BulkOperation::delete(id, *version),
            })
            .collect();
        let items = block_on(store.bulk(INDEX, &operations)).unwrap();
        let statuses: Vec<u16> = items.iter().map(|item| item.status).collect();
        let expected: Vec<u16> = bulk
            .iter()
            .zip(&owned)
            .map(|((_, version, doc), (id, ..))| oracle.write(id, *version, doc.as_ref()))
            .collect();
        assert_eq!(statuses, expected);
    }
    (store, oracle)
}

/// Numbers as floats, so that 1 equals 1.0.
fn plain(value: Value) -> Value {
    match value {
        Value::Number(n) => json!(n.as_f64().unwrap() + 0.0),
        Value::Array(values) => values.into_iter().map(plain).collect(),
        Value::Object(map) => map.into_iter().map(|(k, v)| (k, plain(v))).collect(),
        other => other,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn searches_answer_as_the_oracle(writes in writes(), query in query(), agg in aggregation()) {
        let (store, oracle) = written(&writes);
        let json = json!({ "query": query, "size": 100, "aggs": { "it": agg } });
        let request = SearchRequest::from_value(json.clone()).unwrap();
        let again = serde_json::to_value(&request).unwrap();
        prop_assert_eq!(&SearchRequest::from_value(again).unwrap(), &request);

        let response = block_on(store.search(INDEX, &request)).unwrap();
        let response = serde_json::to_value(&response).unwrap();
        let found: Docs<'_> = oracle.documents.iter()
            .filter(|(id, doc)| matches(&json["query"], id, doc))
            .map(|(id, doc)| (id.as_str(), doc))
            .collect();
        prop_assert_eq!(&response["hits"]["total"], &json!({ "value": found.len(), "relation": "eq" }));
        prop_assert_eq!(block_on(store.count(INDEX, &request.query)).unwrap(), found.len() as u64);
        let hits: BTreeMap<String, Value> = response["hits"]["hits"].as_array().unwrap().iter()
            .map(|hit| (hit["_id"].as_str().unwrap().to_owned(), plain(hit["_source"].clone())))
            .collect();
        let expected: BTreeMap<String, Value> = found.iter()
            .map(|(id, doc)| ((*id).to_owned(), plain((*doc).clone())))
            .collect();
        prop_assert_eq!(hits, expected);
        let expected = Value::Object(aggregate_all(Some(&json["aggs"]), &found));
        prop_assert_eq!(plain(response["aggregations"].clone()), plain(expected));
    }

    #[test]
    fn pages_of_a_sorted_search_are_the_whole_in_order(
        writes in writes(), field in prop::sample::select(vec!["alt", "flag", "speed"]),
        ascending in any::<bool>(), size in 1..20_usize,
    ) {
        let (store, oracle) = written(&writes);
        let order = if ascending { "asc" } else { "desc" };
        let mut json = json!({ "size": size, "sort": [{ field: order }, "_doc"], "_source": [field] });
        let (mut ids, mut keys) = (Vec::new(), Vec::new());
        loop {
            let request = SearchRequest::from_value(json.clone()).unwrap();
            let page = block_on(store.search(INDEX, &request)).unwrap().hits.hits;
            let Some(last) = page.last() else { break };
            json["search_after"] = json!(last.sort);
            for hit in page {
                keys.push(oracle.documents[&hit.id].get(field).cloned());
                ids.push(hit.id);
            }
        }
        let ordered = keys.windows(2).all(|pair| match (&pair[0], &pair[1]) {
            (None, Some(_)) => false,
            (_, None) => true,
            (Some(Value::String(a)), Some(Value::String(b))) => a == b || (a < b) == ascending,
            (Some(a), Some(b)) => a == b || (a.as_f64() < b.as_f64()) == ascending,
        });
        prop_assert!(ordered, "{:?}", keys);
        ids.sort();
        prop_assert_eq!(ids, oracle.documents.keys().cloned().collect::<Vec<_>>());
    }
}
