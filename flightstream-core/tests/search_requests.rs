//! Requests and responses in Elasticsearch's JSON: the dashboard's queries, what is refused, and what answers look like.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may panic too"
)]

use std::collections::BTreeMap;

use flightstream_core::search::{
    BulkOperation, EmbeddedStore, FieldType, Mapping, SearchError, SearchRequest, SearchResponse,
    SearchStore,
};
use futures::executor::block_on;
use serde_json::{Value, json};

const INDEX: &str = "esflight";

fn store() -> EmbeddedStore {
    let documents = [
        json!({ "flag": "FR", "type": "Domestic", "Arrival": "Nice", "alt": 1000, "speed": 400, "on_ground": false,
            "updated": 1_706_702_400_000_i64, "position": { "lat": 43.5, "lon": 7.25 } }),
        json!({ "flag": "FR", "type": "International", "Arrival": "Nice", "alt": 9000, "speed": 800,
            "on_ground": false, "updated": "2024-01-31T12:30:00Z", "position": { "lat": 10, "lon": 179 } }),
        json!({ "flag": "FJ", "type": "International", "Arrival": "Nadi", "alt": 2500.5, "speed": 600,
            "on_ground": true, "updated": 1_706_709_600_000_i64, "position": { "lat": -18, "lon": -179 } }),
        json!({ "flag": "US" }),
    ];
    store_of(&documents)
}

fn store_of(documents: &[Value]) -> EmbeddedStore {
    let store = EmbeddedStore::new();
    block_on(store.ensure_index(INDEX, &Mapping::flights())).unwrap();
    let sources: Vec<(String, String)> = (0..)
        .zip(documents)
        .map(|(n, document)| (format!("{n:06x}"), document.to_string()))
        .collect();
    let operations: Vec<BulkOperation<'_>> = sources
        .iter()
        .map(|(id, source)| BulkOperation::index(id, None, source.as_bytes()))
        .collect();
    let items = block_on(store.bulk(INDEX, &operations)).unwrap();
    assert!(items.iter().all(|item| item.status == 201), "{items:?}");
    store
}

fn search(request: &Value) -> Result<Value, SearchError> {
    search_in(&store(), request)
}

fn search_in(store: &EmbeddedStore, request: &Value) -> Result<Value, SearchError> {
    let request = SearchRequest::from_json(request.to_string().as_bytes())?;
    let response = block_on(store.search(INDEX, &request))?;
    let text = serde_json::to_string(&response).unwrap();
    // What is written can be read as another store's answer, and written again.
    let read: SearchResponse = serde_json::from_str(&text).unwrap();
    assert_eq!(serde_json::to_string(&read).unwrap(), text);
    Ok(serde_json::from_str(&text).unwrap())
}

fn aggregate(kind: &str, body: &Value) -> Result<Value, SearchError> {
    let mut response = search(&json!({ "size": 0, "aggs": { "it": { kind: body } } }))?;
    Ok(response["aggregations"]["it"].take())
}

fn ids(query: &Value) -> Vec<u8> {
    let response = search(&json!({ "query": query })).unwrap();
    let hits = response["hits"]["hits"].as_array().unwrap().clone();
    hits.iter()
        .map(|hit| hit["_id"].as_str().unwrap().parse().unwrap())
        .collect()
}

#[test]
fn the_dashboards_queries_are_supported() {
    let queries: BTreeMap<String, Value> =
        serde_json::from_str(include_str!("search_queries.json")).unwrap();
    assert_eq!(queries.len(), 14);
    for (name, query) in queries {
        let response = search(&query).unwrap_or_else(|error| panic!("{name}: {error}"));
        let request: SearchRequest = serde_json::from_value(query).unwrap();
        let again = serde_json::to_value(&request).unwrap();
        assert_eq!(SearchRequest::from_value(again).unwrap(), request, "{name}");
        assert_eq!(response["timed_out"], false);
    }
}

#[test]
fn unknown_things_are_refused_by_name() {
    let agg = |agg: Value| json!({ "aggs": { "it": agg } });
    let query = |query: Value| json!({ "query": query });
    for (request, kind, name) in [
        (
            json!({ "highlight": {} }),
            "parsing_exception",
            "[highlight]",
        ),
        (json!({ "timeout": "1s" }), "parsing_exception", "[timeout]"),
        (
            query(json!({ "fuzzy": { "flag": "x" } })),
            "parsing_exception",
            "[fuzzy]",
        ),
        (
            query(json!({ "term": { "flag": { "value": "x", "boost": 2 } } })),
            "x_content_parse_exception",
            "[boost]",
        ),
        (
            query(json!({ "bool": { "musst": [] } })),
            "x_content_parse_exception",
            "[musst]",
        ),
        (
            query(json!({ "range": { "alt": { "from": 1 } } })),
            "x_content_parse_exception",
            "[from]",
        ),
        (
            query(json!({ "term": { "a": 1, "b": 2 } })),
            "parsing_exception",
            "[b]",
        ),
        (
            query(json!({ "bool": { "must": { "nested": {} } } })),
            "parsing_exception",
            "[nested]",
        ),
        (
            query(
                json!({ "geo_bounding_box": { "position": { "top": 1, "bottom": 2, "left": 0, "right": 1 } } }),
            ),
            "illegal_argument_exception",
            "top is below bottom",
        ),
        (
            query(json!({ "geo_distance": { "distance": "2 parsecs", "position": [0, 0] } })),
            "x_content_parse_exception",
            "[distance]",
        ),
        (
            query(json!({ "range": { "updated": { "gte": "now-5m" } } })),
            "query_shard_exception",
            "[now-5m]",
        ),
        (
            query(json!({ "term": { "speed": "fast" } })),
            "query_shard_exception",
            "\"fast\"",
        ),
        (
            query(
                json!({ "geo_bounding_box": { "flag": { "top": 1, "bottom": 0, "left": 0, "right": 1 } } }),
            ),
            "query_shard_exception",
            "[flag]",
        ),
        (
            agg(json!({ "geohex_grid": { "field": "position" } })),
            "parsing_exception",
            "[geohex_grid]",
        ),
        (
            agg(json!({ "terms": { "field": "flag", "shard_size": 5 } })),
            "x_content_parse_exception",
            "[shard_size]",
        ),
        (
            agg(json!({ "terms": { "size": 5 } })),
            "illegal_argument_exception",
            "[field]",
        ),
        (
            agg(json!({ "terms": { "field": "flag", "size": 0 } })),
            "illegal_argument_exception",
            "[size]",
        ),
        (
            agg(json!({ "terms": { "field": "flag", "order": { "nobody": "asc" } } })),
            "illegal_argument_exception",
            "[nobody]",
        ),
        (
            agg(json!({ "avg": { "field": "flag" } })),
            "illegal_argument_exception",
            "[flag]",
        ),
        (
            agg(
                json!({ "avg": { "field": "alt" }, "aggs": { "x": { "avg": { "field": "alt" } } } }),
            ),
            "illegal_argument_exception",
            "[it]",
        ),
        (
            agg(json!({ "histogram": { "field": "alt", "interval": 0 } })),
            "illegal_argument_exception",
            "[interval]",
        ),
        (
            agg(json!({ "date_histogram": { "field": "updated", "calendar_interval": "month" } })),
            "illegal_argument_exception",
            "[fixed_interval]",
        ),
        (
            agg(json!({ "geotile_grid": { "field": "position", "precision": 30 } })),
            "illegal_argument_exception",
            "precision of 30",
        ),
        (
            json!({ "aggs": { "a>b": { "avg": { "field": "alt" } } } }),
            "parsing_exception",
            "[a>b]",
        ),
        (
            json!({ "from": 9_000, "size": 2_000 }),
            "illegal_argument_exception",
            "[11000]",
        ),
        (
            json!({ "sort": "nowhere" }),
            "query_shard_exception",
            "[nowhere]",
        ),
        (
            json!({ "sort": { "alt": { "order": "asc", "mode": "min" } } }),
            "x_content_parse_exception",
            "[mode]",
        ),
        (
            json!({ "_source": ["arr_*"] }),
            "illegal_argument_exception",
            "[arr_*]",
        ),
    ] {
        let error = search(&request).expect_err(&request.to_string());
        assert_eq!(error.error_type(), kind, "{request}: {error}");
        assert!(error.to_string().contains(name), "{request}: {error}");
        assert_eq!(error.to_json()["status"], 400);
        assert_eq!(error.to_json()["error"]["reason"], error.to_string());
    }
    let error = SearchRequest::from_json(b"{").unwrap_err();
    assert_eq!(error.error_type(), "parsing_exception");
}

#[test]
fn requests_are_bounded() {
    let deep = |open: &str, inner: &str, close: &str, depth: usize| {
        format!("{}{inner}{}", open.repeat(depth), close.repeat(depth))
    };
    let query = |depth| {
        let query = deep(r#"{"bool":{"must":"#, r#"{"match_all":{}}"#, "}}", depth);
        SearchRequest::from_json(format!(r#"{{"query":{query}}}"#).as_bytes())
    };
    assert!(query(30).is_ok());
    assert_eq!(
        query(31).unwrap_err().error_type(),
        "illegal_argument_exception"
    );
    assert_eq!(query(60_000).unwrap_err().error_type(), "parsing_exception");
    let aggs = |depth| {
        let agg = deep(
            r#"{"a":{"missing":{"field":"x"},"aggs":"#,
            "{}",
            "}}",
            depth,
        );
        SearchRequest::from_json(format!(r#"{{"aggs":{agg}}}"#).as_bytes())
    };
    assert!(aggs(15).is_ok());
    assert!(aggs(17).is_err());

    let fine = json!({ "field": "updated", "fixed_interval": "1ms" });
    let error = aggregate("date_histogram", &fine).unwrap_err();
    assert_eq!(
        (error.error_type(), error.status()),
        ("too_many_buckets_exception", 400)
    );
    let all = json!({ "match_all": {} });
    let filters: Vec<&Value> = vec![&all; 300];
    let two = json!({ "aggs": { "a": { "filters": { "filters": filters },
        "aggs": { "b": { "filters": { "filters": filters } } } } } });
    assert_eq!(
        search(&two).unwrap_err().error_type(),
        "too_many_buckets_exception"
    );
}

/// A metric in each of many buckets, most of which are empty.
fn in_buckets(buckets: usize, aggs: &Value) -> Value {
    let bounds = json!({ "min": 0, "max": buckets - 1 });
    json!({ "size": 0, "query": { "term": { "flag": "FR" } }, "aggs": { "all": {
        "histogram": { "field": "alt", "interval": 1, "extended_bounds": bounds }, "aggs": aggs } } })
}

#[test]
fn lists_and_names_of_a_request_are_bounded() {
    let agg = |kind: &str, body: Value| json!({ "size": 0, "aggs": { "it": { kind: body } } });
    let name = |length: usize| "n".repeat(length);
    let all = json!({ "match_all": {} });
    let percents = |count: usize| {
        agg(
            "percentiles",
            json!({ "field": "alt", "percents": vec![1; count] }),
        )
    };
    let named = |length| {
        in_buckets(
            1_000,
            &json!({ name(length): { "avg": { "field": "alt" } } }),
        )
    };
    let filters = |length| agg("filters", json!({ "filters": { name(length): all } }));
    let key = |length| json!([{ "to": 1, "key": name(length) }]);
    let ranges = |length| agg("range", json!({ "field": "alt", "ranges": key(length) }));
    let missing = |length| agg("terms", json!({ "field": "flag", "missing": name(length) }));
    let sort = |count: usize| json!({ "sort": vec!["alt"; count] });
    let top = |count: usize| agg("top_hits", json!({ "sort": vec!["alt"; count] }));
    let source = |count: usize| json!({ "_source": vec!["alt"; count] });
    let top_source = |count: usize| agg("top_hits", json!({ "_source": vec!["alt"; count] }));
    for (what, request, most, attack) in [
        ("percents", &percents as &dyn Fn(usize) -> Value, 256, 4_000),
        ("aggs", &named, 1_000, 30_000),
        ("filters", &filters, 1_000, 30_000),
        ("ranges", &ranges, 1_000, 30_000),
        ("missing", &missing, 1_000, 30_000),
        ("sort", &sort, 32, 10_000),
        ("sort", &top, 32, 10_000),
        ("_source", &source, 1_000, 10_000),
        ("_source", &top_source, 1_000, 10_000),
    ] {
        search(&request(most)).unwrap_or_else(|error| panic!("{what}: {error}"));
        for count in [most + 1, attack] {
            let error = search(&request(count)).expect_err(what);
            assert_eq!(error.error_type(), "illegal_argument_exception", "{error}");
            let text = error.to_string();
            let parts = [
                format!("[{what}]"),
                format!("[{most}]"),
                format!("[{count}]"),
            ];
            assert!(parts.iter().all(|part| text.contains(part)), "{text}");
        }
    }
}

#[test]
fn an_answer_is_bounded_whatever_it_holds() {
    let long = "A".repeat(30_000);
    let store = store_of(&vec![
        json!({ "flag": "FR", "Arrival": long, "alt": 7 });
        1_200
    ]);
    let avg = json!({ "avg": { "field": "alt" } });
    let metrics = |count: usize, length: usize| -> Value {
        let names = (0..count).map(|n| (format!("{n:0length$}"), avg.clone()));
        Value::Object(names.collect())
    };
    let percents = json!({ "percentiles": { "field": "alt", "percents": vec![1; 256] } });
    let filters: BTreeMap<String, Value> = (0..40)
        .map(|n| (format!("{n:01000}"), json!({ "match_none": {} })))
        .collect();
    let filters = json!({ "filters": { "filters": filters } });
    let keys: Vec<Value> = (0..40)
        .map(|n| json!({ "key": format!("{n:01000}"), "to": n }))
        .collect();
    let ranges = json!({ "range": { "field": "alt", "ranges": keys } });
    let top = json!({ "top_hits": { "size": 100, "_source": ["Arrival"] } });
    let all = vec![json!({ "match_all": {} }); 20];
    let hits = json!({ "filters": { "filters": all }, "aggs": { "t": top } });
    let all = vec![json!({ "match_all": {} }); 1_600];
    let keywords = json!({ "terms": { "field": "Arrival" } });
    let keywords = json!({ "filters": { "filters": all }, "aggs": { "k": keywords } });
    let one = json!({ "ids": { "values": ["000000"] } });
    for request in [
        in_buckets(3_001, &json!({ "p": percents })),
        in_buckets(20_000, &metrics(2, 1_000)),
        in_buckets(60_000, &metrics(5, 1)),
        in_buckets(
            60_000,
            &json!({ "e": { "extended_stats": { "field": "alt" } } }),
        ),
        in_buckets(1_600, &json!({ "f": filters })),
        in_buckets(1_600, &json!({ "r": ranges })),
        json!({ "size": 10_000 }),
        json!({ "size": 10_000, "_source": false, "sort": "Arrival" }),
        json!({ "size": 100, "_source": false, "sort": vec!["Arrival"; 32] }),
        json!({ "size": 0, "aggs": { "f": hits } }),
        json!({ "size": 0, "query": one, "aggs": { "f": keywords } }),
    ] {
        let text: String = request.to_string().chars().take(300).collect();
        let error = search_in(&store, &request).expect_err(&text);
        let kind = (error.status(), error.error_type());
        assert_eq!(kind, (429, "circuit_breaking_exception"), "{text}: {error}");
        assert!(error.to_string().contains("[33554432]"), "{error}");
    }
}

#[test]
fn rows_are_bounded_over_all_levels() {
    let store = store_of(&vec![json!({ "flag": "FR", "alt": 7 }); 300]);
    let all = json!({ "match_all": {} });
    let overlapping =
        |aggs: Value| json!({ "filters": { "filters": vec![&all; 6_000] }, "aggs": aggs });
    let avg = json!({ "avg": { "field": "alt" } });
    let two =
        json!({ "a": overlapping(json!({ "a": avg })), "b": overlapping(json!({ "b": avg })) });
    // Those beside each other are not there at a time.
    search_in(&store, &json!({ "size": 0, "aggs": two })).unwrap();
    for within in [
        json!({ "filter": all, "aggs": { "a": avg } }),
        json!({ "terms": { "field": "flag" }, "aggs": { "a": avg } }),
        // Ordered before it is known that none is answered.
        json!({ "terms": { "field": "flag", "order": { "a": "asc" }, "min_doc_count": 1_000 }, "aggs": { "a": avg } }),
    ] {
        let request = json!({ "size": 0, "aggs": { "f": overlapping(json!({ "w": within })) } });
        let error = search_in(&store, &request).expect_err(&within.to_string());
        let kind = (error.status(), error.error_type());
        assert_eq!(
            kind,
            (429, "circuit_breaking_exception"),
            "{within}: {error}"
        );
        assert!(error.to_string().contains("[2097152]"), "{error}");
    }
}

#[test]
fn large_answers_within_the_limits_are_given() {
    let document = json!({ "flag": "FR", "alt": 7, "Arrival": "International airport", "updated": 1_706_702_400_000_i64,
        "reg_number": "SP-LRA", "position": { "lat": 52.165, "lon": 20.967 } });
    let store = store_of(&vec![document; 10_000]);
    let avg = json!({ "avg": { "field": "alt" } });
    let percentiles = json!({ "percentiles": { "field": "alt" } });
    for (request, pointer, count) in [
        (
            json!({ "size": 10_000, "sort": ["alt", "flag"] }),
            "/hits/hits",
            10_000,
        ),
        (
            in_buckets(65_536, &json!({ "a": avg, "b": avg })),
            "/aggregations/all/buckets",
            65_536,
        ),
        (
            in_buckets(30_000, &json!({ "p": percentiles })),
            "/aggregations/all/buckets",
            30_000,
        ),
    ] {
        let response = search_in(&store, &request).unwrap();
        let found = response.pointer(pointer).and_then(Value::as_array);
        assert_eq!(found.map(Vec::len), Some(count), "{request}");
    }
}

#[test]
fn a_search_answers_as_elasticsearch() {
    let request = json!({ "size": 1, "sort": [{ "alt": "desc" }, "flag"], "_source": ["flag", "alt"],
        "query": { "exists": { "field": "alt" } } });
    let mut response = search(&request).unwrap();
    response["took"] = json!(0);
    assert_eq!(
        response,
        json!({
            "took": 0, "timed_out": false,
            "_shards": { "total": 1, "successful": 1, "skipped": 0, "failed": 0 },
            "hits": { "total": { "value": 3, "relation": "eq" }, "max_score": null, "hits": [
                { "_index": "esflight", "_id": "000001", "_score": null,
                    "_source": { "alt": 9000, "flag": "FR" }, "sort": [9000.0, "FR"] } ] },
        })
    );
    let response = search(&json!({ "size": 1, "track_total_hits": 2, "_source": false })).unwrap();
    assert_eq!(
        response["hits"],
        json!({
            "total": { "value": 2, "relation": "gte" }, "max_score": 1.0,
            "hits": [{ "_index": "esflight", "_id": "000000", "_score": 1.0 }],
        })
    );
    let response = search(&json!({ "size": 0, "track_total_hits": false })).unwrap();
    assert_eq!(response["hits"], json!({ "max_score": null, "hits": [] }));
}

#[test]
fn buckets_answer_as_elasticsearch() {
    assert_eq!(
        aggregate("terms", &json!({ "field": "flag", "size": 1 })).unwrap(),
        json!({ "doc_count_error_upper_bound": 0, "sum_other_doc_count": 2,
            "buckets": [{ "key": "FR", "doc_count": 2 }] })
    );
    let booleans = aggregate("terms", &json!({ "field": "on_ground" })).unwrap();
    assert_eq!(
        booleans["buckets"],
        json!([
        { "key": 0, "key_as_string": "false", "doc_count": 2 },
        { "key": 1, "key_as_string": "true", "doc_count": 1 } ])
    );
    let missing = aggregate("terms", &json!({ "field": "Arrival", "missing": "N/A" })).unwrap();
    assert_eq!(
        missing["buckets"][2],
        json!({ "key": "Nadi", "doc_count": 1 }).take()
    );
}

#[test]
fn times_and_ranges_answer_as_elasticsearch() {
    let hours = json!({ "field": "updated", "fixed_interval": "1h", "offset": "30m" });
    assert_eq!(
        aggregate("date_histogram", &hours).unwrap(),
        json!({ "buckets": [
        { "key_as_string": "2024-01-31T11:30:00.000Z", "key": 1_706_700_600_000_i64, "doc_count": 1 },
        { "key_as_string": "2024-01-31T12:30:00.000Z", "key": 1_706_704_200_000_i64, "doc_count": 1 },
        { "key_as_string": "2024-01-31T13:30:00.000Z", "key": 1_706_707_800_000_i64, "doc_count": 1 } ] })
    );
    let ranges =
        json!({ "field": "alt", "ranges": [{ "from": 2000 }, { "to": 2000, "key": "low" }] });
    assert_eq!(
        aggregate("range", &ranges).unwrap(),
        json!({ "buckets": [
        { "key": "low", "to": 2000.0, "doc_count": 1 },
        { "key": "2000.0-*", "from": 2000.0, "doc_count": 2 } ] })
    );
    let alt = json!({ "field": "alt", "interval": 1000, "min_doc_count": 1, "offset": 500 });
    assert_eq!(
        aggregate("histogram", &alt).unwrap(),
        json!({ "buckets": [
        { "key": 500.0, "doc_count": 1 }, { "key": 2500.0, "doc_count": 1 }, { "key": 8500.0, "doc_count": 1 } ] })
    );
    let newest = aggregate("max", &json!({ "field": "updated" })).unwrap();
    assert_eq!(
        newest,
        json!({ "value": 1_706_709_600_000.0,
        "value_as_string": "2024-01-31T14:00:00.000Z" })
    );
}

#[test]
fn metrics_of_nothing_answer_as_elasticsearch() {
    let nothing = |kind: &str| aggregate(kind, &json!({ "field": "v_speed" })).unwrap();
    assert_eq!(nothing("avg"), json!({ "value": null }));
    assert_eq!(nothing("sum"), json!({ "value": 0.0 }));
    assert_eq!(nothing("value_count"), json!({ "value": 0 }));
    assert_eq!(
        nothing("stats"),
        json!({ "count": 0, "min": null, "max": null, "avg": null, "sum": 0.0 })
    );
    assert_eq!(nothing("percentiles")["values"]["99.0"], Value::Null);
    assert_eq!(
        aggregate("geo_bounds", &json!({ "field": "arr_pos" })).unwrap(),
        json!({})
    );
    assert_eq!(
        aggregate("geo_centroid", &json!({ "field": "arr_pos" })).unwrap(),
        json!({ "count": 0 })
    );
}

#[test]
fn places_answer_as_elasticsearch() {
    let query = json!({ "terms": { "Arrival": ["Nadi", "Nice"] } });
    let request = json!({ "size": 0, "query": query, "aggs": {
        "bounds": { "geo_bounds": { "field": "position" } },
        "fiji": { "filter": { "range": { "position.lat": { "lt": 0 } } } },
        "tiles": { "geotile_grid": { "field": "position", "precision": 2 } } } });
    let response = search(&request).unwrap();
    // The narrower box spans the antimeridian.
    assert_eq!(
        response["aggregations"]["bounds"],
        json!({ "bounds": {
        "top_left": { "lat": 43.5, "lon": 7.25 }, "bottom_right": { "lat": -18.0, "lon": -179.0 } } })
    );
    assert_eq!(
        response["aggregations"]["tiles"]["buckets"],
        json!([
        { "key": "2/3/1", "doc_count": 1 }, { "key": "2/2/1", "doc_count": 1 }, { "key": "2/0/2", "doc_count": 1 } ])
    );
    let pacific = json!({ "position": { "top_left": [170, 20], "bottom_right": "-20,-170" } });
    assert_eq!(ids(&json!({ "geo_bounding_box": pacific })), [1, 2]);
    let opposite = json!({ "position": { "top_right": [-170, 20], "bottom_left": "-20,170" } });
    assert_eq!(ids(&json!({ "geo_bounding_box": opposite })), [1, 2]);
    let near = |distance: Value| json!({ "geo_distance": { "distance": distance, "position": [-179, 10] } });
    assert_eq!(ids(&near(json!("230km"))), [1]);
    assert_eq!(ids(&near(json!(200_000))), [0_u8; 0]);
    assert_eq!(ids(&near(json!("1700nmi"))), [1, 2]);
}

#[test]
fn queries_find_what_they_name() {
    assert_eq!(
        ids(&json!({ "match": { "flag": { "query": "FR" } } })),
        [0, 1]
    );
    assert_eq!(
        ids(&json!({ "wildcard": { "Arrival": "N*i*" } })),
        [0, 1, 2]
    );
    assert_eq!(
        ids(&json!({ "wildcard": { "Arrival": { "value": "?ad?" } } })),
        [2]
    );
    assert_eq!(
        ids(&json!({ "prefix": { "flag": { "value": "F" } } })),
        [0, 1, 2]
    );
    assert_eq!(
        ids(&json!({ "range": { "updated": { "gt": "2024-01-31T12:30" } } })),
        [2]
    );
    assert_eq!(
        ids(&json!({ "range": { "updated": { "lte": "2024-01-31T13" } } })),
        [0, 1]
    );
    assert_eq!(
        ids(&json!({ "term": { "updated": "2024-01-31T12:30:00Z" } })),
        [1]
    );
    assert_eq!(
        ids(&json!({ "range": { "flag": { "gte": "FK", "lt": "US" } } })),
        [0, 1]
    );
    assert_eq!(
        ids(&json!({ "bool": { "must_not": { "exists": { "field": "alt" } } } })),
        [3]
    );
    assert_eq!(ids(&json!({ "term": { "nowhere": 1 } })), [0_u8; 0]);
}

#[test]
fn top_hits_are_hits_of_their_bucket() {
    let request = json!({ "size": 0, "aggs": { "flag": { "terms": { "field": "flag", "size": 1 }, "aggs": {
        "top": { "top_hits": { "size": 1, "sort": { "speed": "desc" }, "_source": "speed" } } } } } });
    let response = search(&request).unwrap();
    assert_eq!(
        response["aggregations"]["flag"]["buckets"][0]["top"],
        json!({ "hits": {
        "total": { "value": 2, "relation": "eq" }, "max_score": null, "hits": [
            { "_index": "esflight", "_id": "000001", "_score": null, "_source": { "speed": 800 }, "sort": [800] } ] } })
    );
}

#[test]
fn a_mapping_is_elasticsearchs_json() {
    let json = json!({ "dynamic": "strict", "properties": { "a": { "type": "geo_point" } } });
    let mapping: Mapping = serde_json::from_value(json.clone()).unwrap();
    assert_eq!(serde_json::to_value(&mapping).unwrap(), json);
    assert_eq!(
        Mapping::flights().field_type("Departure"),
        Some(FieldType::Keyword)
    );
    let unknown = json!({ "properties": { "a": { "type": "text" } } });
    assert!(
        serde_json::from_value::<Mapping>(unknown)
            .unwrap_err()
            .to_string()
            .contains("text")
    );
}
