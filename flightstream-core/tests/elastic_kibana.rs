//! The panels of `infra/kibana`: what Kibana asks for them, answered by a real node, by the store in memory and by a naive
//! count of the documents.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may panic too"
)]

mod elastic_node;

use std::collections::{BTreeMap, BTreeSet};

use elastic_node::{documents, insist, is_close, name, store};
use flightstream_core::search::elastic::ElasticStore;
use flightstream_core::search::{
    BulkOperation, EmbeddedStore, Mapping, SearchRequest, SearchStore,
};
use futures::executor::block_on;
use serde_json::{Map, Value, json};

const OBJECTS: &str = include_str!("../../infra/kibana/flightstream.ndjson");

fn objects() -> Vec<Value> {
    let lines = OBJECTS.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// The data view that an object's data come from.
fn view(object: &Value) -> &str {
    object["references"][0]["id"].as_str().unwrap()
}

/// An index in both stores, and its documents.
struct Data {
    real: ElasticStore,
    memory: EmbeddedStore,
    index: String,
    documents: Vec<Value>,
}

impl Data {
    fn new(mapping: &Mapping, documents: Vec<(String, Value)>) -> Self {
        let data = Self {
            real: store(),
            memory: EmbeddedStore::new(),
            index: name("kibana"),
            documents: documents
                .iter()
                .map(|(_, document)| document.clone())
                .collect(),
        };
        let json: Vec<_> = documents
            .iter()
            .map(|(id, json)| (id, json.to_string()))
            .collect();
        let operations: Vec<_> = json
            .iter()
            .map(|(id, json)| BulkOperation::index(id, None, json.as_bytes()))
            .collect();
        let stores: [&dyn SearchStore; 2] = [&data.real, &data.memory];
        for store in stores {
            block_on(store.ensure_index(&data.index, mapping)).unwrap();
            insist(store, &data.index, &operations);
        }
        data
    }

    fn ask(&self, store: &dyn SearchStore, request: &Value) -> Value {
        let request = SearchRequest::from_value(request.clone()).unwrap();
        serde_json::to_value(block_on(store.search(&self.index, &request)).unwrap()).unwrap()
    }

    /// The answer that both stores give.
    fn answer(&self, title: &str, request: &Value) -> Value {
        let (real, ours) = (
            self.ask(&self.real, request),
            self.ask(&self.memory, request),
        );
        assert_eq!(real["hits"]["total"], ours["hits"]["total"], "{title}");
        let (real, ours) = (&real["aggregations"], &ours["aggregations"]);
        assert!(
            is_close(real, ours, 1e-6),
            "{title}: {request}\n{real}\n{ours}"
        );
        json!({ "total": self.ask(&self.real, request)["hits"]["total"]["value"], "aggregations": real })
    }
}

/// The flights, their history, and statistics, by data view.
fn data() -> BTreeMap<&'static str, Data> {
    let parsed = |(id, _, json): (String, u64, Vec<u8>)| {
        (id, serde_json::from_slice::<Value>(&json).unwrap())
    };
    let flights: Vec<_> = documents(1_500, 1).into_iter().map(parsed).collect();
    let history = documents(300, 5).into_iter().map(|document| {
        let (id, mut json) = parsed(document);
        json["@timestamp"] = json["updated"].clone();
        (format!("{id}@{}", json["updated"]), json)
    });
    let statistics = (0..200_u32).map(|n| {
        let (kind, figure) = match n % 2 {
            0 => ("airport", "arrivals"),
            _ => ("airline", "reports"),
        };
        let document = json!({ "kind": kind, "key": format!("K{}", n % 30), figure: n * 7 % 41,
            "start": 1_700_000_000_000_u64 + u64::from(n) * 900_000, "end": 1_700_000_900_000_u64 + u64::from(n) * 900_000 });
        (format!("{kind}/{n}"), document)
    });
    BTreeMap::from([
        ("esflight", Data::new(&Mapping::flights(), flights)),
        (
            "flight-history",
            Data::new(&Mapping::history(), history.collect()),
        ),
        (
            "flight-statistics",
            Data::new(&Mapping::statistics(), statistics.collect()),
        ),
    ])
}

/// A panel of Lens: the filters, the columns that group, and the one that is shown.
struct Panel {
    title: String,
    filters: Vec<Value>,
    groups: Vec<Value>,
    metric: Value,
}

impl Panel {
    fn of(object: &Value) -> Self {
        let state = &object["attributes"]["state"];
        let layer = &state["datasourceStates"]["formBased"]["layers"]["layer"];
        let columns = layer["columnOrder"].as_array().unwrap().iter();
        let columns = columns.map(|column| layer["columns"][column.as_str().unwrap()].clone());
        let (groups, metrics): (Vec<_>, Vec<_>) =
            columns.partition(|column| column["isBucketed"] == true);
        let filters = state["filters"].as_array().unwrap().iter();
        Self {
            title: object["attributes"]["title"].as_str().unwrap().to_owned(),
            filters: filters.map(|filter| filter["query"].clone()).collect(),
            groups,
            metric: metrics.into_iter().next().unwrap(),
        }
    }

    /// What Kibana makes of it.
    fn request(&self) -> Value {
        let metric = self.metric["operationType"].as_str().unwrap();
        let field = &self.metric["sourceField"];
        let own = match metric {
            "count" => None,
            "average" => Some(json!({ "avg": { "field": field } })),
            "unique_count" => Some(json!({ "cardinality": { "field": field } })),
            "max" | "sum" => Some(json!({ metric: { "field": field } })),
            other => panic!("{}: {other}", self.title),
        };
        let mut aggregations = own
            .iter()
            .map(|own| ("metric".to_owned(), own.clone()))
            .collect::<Map<_, _>>();
        for group in self.groups.iter().rev() {
            let (params, field) = (&group["params"], &group["sourceField"]);
            let by = if own.is_some() { "metric" } else { "_count" };
            let mut aggregation = match group["operationType"].as_str().unwrap() {
                "terms" => json!({ "terms": { "field": field, "size": params["size"],
                    "order": { by: params["orderDirection"] } } }),
                "range" => {
                    let range = |range: &Value| json!({ "from": range["from"], "to": range["to"] });
                    let ranges: Vec<_> = params["ranges"]
                        .as_array()
                        .unwrap()
                        .iter()
                        .map(range)
                        .collect();
                    json!({ "range": { "field": field, "ranges": ranges } })
                }
                "date_histogram" => json!({ "date_histogram": { "field": field,
                    "fixed_interval": params["interval"], "min_doc_count": 1 } }),
                other => panic!("{}: {other}", self.title),
            };
            // Kibana asks for a group's own metric beside those of its parts.
            let mut inner = std::mem::take(&mut aggregations);
            if let Some(own) = &own {
                inner.insert("metric".to_owned(), own.clone());
            }
            aggregation["aggs"] = Value::Object(inner);
            aggregations.insert("group".to_owned(), aggregation);
        }
        json!({ "size": 0, "track_total_hits": true, "query": { "bool": { "filter": self.filters } },
            "aggs": aggregations })
    }

    /// The shown number of each group, counted by hand: path of keys and number, the largest first.
    fn expected(&self, documents: &[Value]) -> Vec<(Vec<String>, f64)> {
        let documents: Vec<_> = documents
            .iter()
            .filter(|d| self.filters.iter().all(|f| matches(f, d)))
            .collect();
        self.grouped(&documents, &self.groups, &[])
    }

    fn grouped(
        &self,
        documents: &[&Value],
        groups: &[Value],
        path: &[String],
    ) -> Vec<(Vec<String>, f64)> {
        let Some((group, rest)) = groups.split_first() else {
            return vec![(path.to_vec(), self.number(documents))];
        };
        let field = group["sourceField"].as_str().unwrap();
        let mut parts: BTreeMap<(i64, String), Vec<&Value>> = BTreeMap::new();
        for document in documents {
            let value = &document[field];
            let key = match group["operationType"].as_str().unwrap() {
                "terms" => value.as_str().map(|text| (0, text.to_owned())),
                "range" => value.as_f64().and_then(|number| {
                    let ranges = group["params"]["ranges"].as_array().unwrap();
                    let found = ranges.iter().find(|range| {
                        number >= range["from"].as_f64().unwrap()
                            && number < range["to"].as_f64().unwrap()
                    })?;
                    let from = found["from"].as_f64().unwrap();
                    Some((
                        from as i64,
                        format!("{from:?}-{:?}", found["to"].as_f64().unwrap()),
                    ))
                }),
                _ => value.as_i64().map(|millis| {
                    (
                        millis / 900_000 * 900_000,
                        (millis / 900_000 * 900_000).to_string(),
                    )
                }),
            };
            if let Some(key) = key {
                parts.entry(key).or_default().push(document);
            }
        }
        let mut parts: Vec<_> = parts.into_iter().collect();
        if group["operationType"] == "terms" {
            parts.sort_by(|a, b| {
                self.number(&b.1)
                    .total_cmp(&self.number(&a.1))
                    .then_with(|| a.0.cmp(&b.0))
            });
            parts.truncate(usize::try_from(group["params"]["size"].as_u64().unwrap()).unwrap());
        }
        let nested = parts.iter().flat_map(|((_, key), part)| {
            self.grouped(part, rest, &[path, std::slice::from_ref(key)].concat())
        });
        nested.collect()
    }

    fn number(&self, documents: &[&Value]) -> f64 {
        let field = self.metric["sourceField"].as_str().unwrap();
        let numbers = || {
            documents
                .iter()
                .filter_map(|document| document[field].as_f64())
        };
        match self.metric["operationType"].as_str().unwrap() {
            "count" => documents.len() as f64,
            "average" => numbers().sum::<f64>() / numbers().count() as f64,
            "max" => numbers().fold(f64::NEG_INFINITY, f64::max),
            "sum" => numbers().sum(),
            _ => documents
                .iter()
                .map(|d| d[field].to_string())
                .collect::<BTreeSet<_>>()
                .len() as f64,
        }
    }

    /// The same out of an answer.
    fn answered(answer: &Value) -> Vec<(Vec<String>, f64)> {
        fn walk(level: &Value, count: f64, path: &[String], out: &mut Vec<(Vec<String>, f64)>) {
            let Some(buckets) = level["group"]["buckets"].as_array() else {
                out.push((
                    path.to_vec(),
                    level["metric"]["value"].as_f64().unwrap_or(count),
                ));
                return;
            };
            for bucket in buckets.iter().filter(|bucket| bucket["doc_count"] != 0) {
                let key = bucket["key"]
                    .as_str()
                    .map_or_else(|| bucket["key"].to_string(), ToOwned::to_owned);
                let path = [path, &[key]].concat();
                walk(bucket, bucket["doc_count"].as_f64().unwrap(), &path, out);
            }
        }
        let mut out = Vec::new();
        walk(
            &answer["aggregations"],
            answer["total"].as_f64().unwrap(),
            &[],
            &mut out,
        );
        out
    }
}

fn matches(filter: &Value, document: &Value) -> bool {
    let (operation, body) = filter.as_object().unwrap().iter().next().unwrap();
    match operation.as_str() {
        "exists" => !document[body["field"].as_str().unwrap()].is_null(),
        "term" => body
            .as_object()
            .unwrap()
            .iter()
            .all(|(field, value)| document[field] == *value),
        other => panic!("the filter {other} is not known here"),
    }
}

#[test]
fn panels_show_what_is_there() {
    let data = data();
    let mut panels = 0;
    for object in objects().iter().filter(|object| object["type"] == "lens") {
        let (data, panel) = (&data[view(object)], Panel::of(object));
        let answer = data.answer(&panel.title, &panel.request());
        let (answered, expected) = (Panel::answered(&answer), panel.expected(&data.documents));
        assert!(!expected.is_empty(), "{}", panel.title);
        assert_eq!(
            answered.len(),
            expected.len(),
            "{}:\n{answered:?}\n{expected:?}",
            panel.title
        );
        for (one, other) in answered.iter().zip(&expected) {
            assert_eq!(one.0, other.0, "{}", panel.title);
            assert!(
                (one.1 - other.1).abs() < 1e-6 * other.1.abs().max(1.0),
                "{}: {one:?} {other:?}",
                panel.title
            );
        }
        panels += 1;
    }
    assert!(panels >= 16, "{panels}");
}

#[test]
fn layers_of_maps_show_what_is_there() {
    let data = data();
    let mut layers_seen = 0;
    for object in objects().iter().filter(|object| object["type"] == "map") {
        let data = &data[view(object)];
        let layers: Vec<Value> =
            serde_json::from_str(object["attributes"]["layerListJSON"].as_str().unwrap()).unwrap();
        for layer in layers
            .iter()
            .filter(|layer| layer["sourceDescriptor"]["geoField"].is_string())
        {
            let source = &layer["sourceDescriptor"];
            let field = source["geoField"].as_str().unwrap();
            let mut clauses = vec![json!({ "exists": { "field": field } })];
            for part in layer["query"]["query"]
                .as_str()
                .into_iter()
                .flat_map(|query| query.split(" and "))
            {
                let (field, value) = part.split_once(": ").unwrap();
                clauses.push(match value {
                    "*" => json!({ "exists": { "field": field } }),
                    value => {
                        json!({ "term": { field: serde_json::from_str::<Value>(value).unwrap() } })
                    }
                });
            }
            let request = json!({ "size": 0, "track_total_hits": true, "query": { "bool": { "filter": clauses } },
                "aggs": { "cells": { "geotile_grid": { "field": field, "precision": 6, "size": 65_535 } } } });
            let answer = data.answer(field, &request);
            let expected = data
                .documents
                .iter()
                .filter(|d| clauses.iter().all(|c| matches(c, d)))
                .count();
            assert!(expected > 0, "{layer}");
            assert_eq!(answer["total"], expected, "{field}");
            let cells = answer["aggregations"]["cells"]["buckets"]
                .as_array()
                .unwrap();
            let counted: u64 = cells
                .iter()
                .filter_map(|cell| cell["doc_count"].as_u64())
                .sum();
            assert_eq!(counted, expected as u64, "{field}");
            layers_seen += 1;
        }
    }
    assert_eq!(layers_seen, 7);
}

#[test]
fn filters_and_fields_are_the_mappings() {
    let mappings = BTreeMap::from([
        ("esflight", Mapping::flights()),
        ("flight-history", Mapping::history()),
        ("flight-statistics", Mapping::statistics()),
    ]);
    let mut controls_seen = Vec::new();
    for object in objects() {
        if object["type"] == "index-pattern" {
            let mapping = &mappings[object["id"].as_str().unwrap()];
            let time = object["attributes"]["timeFieldName"].as_str().unwrap();
            assert_eq!(mapping.field_type(time).unwrap().name(), "date");
        }
        if object["type"] != "dashboard" {
            continue;
        }
        assert_eq!(object["attributes"]["timeRestore"], true);
        let controls = object["attributes"]["controlGroupInput"]["panelsJSON"]
            .as_str()
            .unwrap_or("{}");
        let controls: Map<String, Value> = serde_json::from_str(controls).unwrap();
        for control in controls.values() {
            let field = control["explicitInput"]["fieldName"].as_str().unwrap();
            assert_eq!(
                mappings["esflight"].field_type(field).unwrap().name(),
                "keyword",
                "{field}"
            );
            controls_seen.push(field.to_owned());
        }
    }
    assert_eq!(
        controls_seen,
        [
            "flight_iata",
            "Departure",
            "Arrival",
            "aircraft_icao",
            "status",
            "type",
            "airline_icao"
        ]
    );
}
