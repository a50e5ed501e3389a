//! The store on a real Elasticsearch or OpenSearch: `.ci/run elastic`.

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

use elastic_node::{
    Proxy, ask, documents, insist, is_close, is_opensearch, name, options, options_of, store,
};
use flightstream_core::search::elastic::{Credentials, ElasticStore, Manage, Mirror, Product};
use flightstream_core::search::{
    BulkItem, BulkOperation, EmbeddedStore, FieldType, Mapping, Query, SearchError, SearchRequest,
    SearchStore,
};
use futures::executor::block_on;
use serde_json::{Value, json};

fn bulk(store: &dyn SearchStore, index: &str, operations: &[BulkOperation<'_>]) -> Vec<BulkItem> {
    block_on(store.bulk(index, operations)).unwrap()
}

fn write(store: &dyn SearchStore, index: &str, documents: &[(String, u64, Vec<u8>)]) {
    let operations: Vec<_> = documents
        .iter()
        .map(|(id, version, json)| BulkOperation::index(id, Some(*version), json))
        .collect();
    insist(store, index, &operations);
}

/// A new index of flights.
fn index(store: &dyn SearchStore) -> String {
    let index = name("flights");
    block_on(store.ensure_index(&index, &Mapping::flights())).unwrap();
    index
}

fn search(store: &dyn SearchStore, index: &str, request: &Value) -> Value {
    let request = SearchRequest::from_value(request.clone()).unwrap();
    serde_json::to_value(block_on(store.search(index, &request)).unwrap()).unwrap()
}

#[test]
fn it_says_what_it_is() {
    let info = block_on(store().info()).unwrap();
    let product = match is_opensearch() {
        true => Product::OpenSearch,
        false => Product::Elasticsearch,
    };
    assert_eq!(info.product, product);
    assert!(info.version.split('.').count() >= 3, "{}", info.version);
}

#[test]
fn what_is_missing_is_created_once_and_what_is_there_is_left_alone() {
    let store = store();
    let index = name("flights");
    // A user's own settings, before anything else.
    let own = json!({ "template": { "settings": { "index": { "number_of_replicas": 0, "number_of_shards": 2 } } } });
    let (status, _) = ask(
        "PUT",
        &format!("/_component_template/{index}-settings"),
        Some(own),
    );
    assert_eq!(status, 200);
    let mapping = Mapping::flights();
    assert!(block_on(store.set_up_index(&index, &mapping)).unwrap());
    assert!(!block_on(store.set_up_index(&index, &mapping)).unwrap());
    let (_, settings) = ask("GET", &format!("/{index}/_settings"), None);
    let settings = &settings[format!("{index}-000001")]["settings"]["index"];
    assert_eq!(settings["number_of_shards"], "2");
    assert_eq!(
        block_on(store.indices_of(&index)).unwrap(),
        [format!("{index}-000001")]
    );
}

#[test]
fn another_mapping_is_refused_with_the_field() {
    let store = store();
    let index = name("flights");
    block_on(store.set_up_index(&index, &Mapping::new([("hex", FieldType::Keyword)]))).unwrap();
    let error = block_on(store.ensure_index(&index, &Mapping::flights())).unwrap_err();
    assert!(matches!(error, SearchError::MappingDiffers { .. }));
    assert!(
        error
            .to_string()
            .contains("[Arrival] is missing, not keyword"),
        "{error}"
    );
}

#[test]
fn nothing_is_created_if_nothing_is_to_be() {
    let store = ElasticStore::new(options().manage(Manage::None)).unwrap();
    let index = name("flights");
    for error in [
        block_on(store.ensure_index(&index, &Mapping::flights())).unwrap_err(),
        block_on(store.set_up_data_stream(&index, &Mapping::history())).unwrap_err(),
        block_on(store.count(&index, &Query::MatchAll)).unwrap_err(),
        block_on(store.refresh(&index)).unwrap_err(),
        block_on(store.get(&index, "a")).unwrap_err(),
    ] {
        assert!(
            matches!(error, SearchError::IndexNotFound { .. }),
            "{error}"
        );
    }
    assert_eq!(
        ask("GET", &format!("/_index_template/{index}"), None).0,
        404
    );
}

#[test]
fn each_operation_has_its_own_outcome() {
    let store = store();
    let index = index(&store);
    let long = "x".repeat(513);
    let operations = [
        BulkOperation::index("a", Some(5), br#"{"flag": "FR"}"#),
        BulkOperation::index("a", Some(5), b"{\n\"flag\":\n\"DE\"\n}"),
        BulkOperation::index("a", Some(4), br#"{"flag": "US"}"#),
        BulkOperation::index("b", None, br#"{"speed": "fast"}"#),
        BulkOperation::index("c", None, br#"{"speed": 1"#),
        BulkOperation::index("", None, b"{}"),
        BulkOperation::index(&long, None, b"{}"),
        BulkOperation::index("d", Some(u64::MAX), b"{}"),
        BulkOperation::index("e", None, b""),
        BulkOperation::index("f", None, b"[1]"),
        BulkOperation::index("g", None, b"{\"flag\":\"\xff\"}"),
        BulkOperation::index("h", None, b"{\"flag\":\"line\nfeed\"}"),
        BulkOperation::index("i", None, br#"{"alt": NaN}"#),
        BulkOperation::create("a", b"{}"),
        BulkOperation::create("a\"\u{1}\n", b"{}"),
        BulkOperation::delete("none", Some(7)),
        BulkOperation::index("none", Some(6), b"{}"),
        BulkOperation::delete("a", Some(6)),
        BulkOperation::index("last", None, b"{}"),
    ];
    let items = bulk(&store, &index, &operations);
    let statuses: Vec<u16> = items.iter().map(|item| item.status).collect();
    assert_eq!(
        statuses,
        [
            201, 200, 409, 400, 400, 400, 400, 400, 400, 400, 400, 400, 400, 409, 201, 404, 409,
            200, 201
        ]
    );
    let error = items[3].error.as_ref().unwrap();
    assert!(error.reason.contains("speed"), "{error:?}");
    assert!(block_on(store.get(&index, "a")).unwrap().is_none());
    assert!(block_on(store.get(&index, "last")).unwrap().is_some());
    assert!(bulk(&store, &index, &[]).is_empty());
}

#[test]
fn queries_have_the_answers_of_the_store_in_memory() {
    let store = store();
    let index = index(&store);
    let documents = documents(1_500, 2);
    write(&store, &index, &documents);
    let memory = EmbeddedStore::new();
    block_on(memory.ensure_index(&index, &Mapping::flights())).unwrap();
    write(&memory, &index, &documents);

    let mut queries: BTreeMap<String, Value> =
        serde_json::from_str(include_str!("search_queries.json")).unwrap();
    for (name, query) in [
        ("terms", json!({ "terms": { "flag": ["FR", "DE", "US"] } })),
        (
            "range",
            json!({ "range": { "alt": { "gte": 3000, "lt": 11_000 } } }),
        ),
        (
            "exists",
            json!({ "bool": { "must_not": { "exists": { "field": "Arrival" } } } }),
        ),
        ("prefix", json!({ "prefix": { "Arrival": "L" } })),
        (
            "wildcard",
            json!({ "wildcard": { "Arrival": { "value": "*International*" } } }),
        ),
        (
            "ids",
            json!({ "ids": { "values": [documents[0].0, documents[1].0, "nothing"] } }),
        ),
        (
            "box",
            json!({ "geo_bounding_box": { "position": {
            "top": 60, "left": 170, "bottom": -50, "right": -60 } } }),
        ),
        (
            "distance",
            json!({ "geo_distance": { "distance": "500km", "position": { "lat": 50, "lon": 8 } } }),
        ),
        (
            "should",
            json!({ "bool": { "should": [{ "term": { "on_ground": true } },
            { "term": { "status": "landed" } }], "minimum_should_match": 1 } }),
        ),
        ("match", json!({ "match": { "type": "International" } })),
    ] {
        let request = json!({ "size": 0, "track_total_hits": true, "query": query, "aggs": {
            "speed": { "stats": { "field": "speed" } },
            "flags": { "cardinality": { "field": "flag" } },
            "types": { "terms": { "field": "type", "order": { "_key": "asc" } } },
            "updated": { "date_histogram": { "field": "updated", "fixed_interval": "5s", "min_doc_count": 1 } },
            "alt": { "range": { "field": "alt", "ranges": [{ "to": 3000 }, { "from": 3000, "to": 9000 }, { "from": 9000 }] } },
            "without": { "missing": { "field": "Arrival" } },
            "some": { "filters": { "filters": { "air": { "term": { "on_ground": false } } } } },
        } });
        queries.insert(format!("query {name}"), request);
    }
    queries.insert("hits".to_owned(), json!({
        "size": 50, "from": 10, "sort": [{ "alt": "desc" }, { "hex": "asc" }], "_source": ["hex", "alt", "speed"],
        "query": { "term": { "on_ground": false } }, "track_total_hits": true,
    }));
    for (name, request) in &queries {
        let real = search(&store, &index, request);
        let ours = search(&memory, &index, request);
        assert_eq!(real["hits"]["total"], ours["hits"]["total"], "{name}");
        let both = |answer: &Value| {
            let hits = answer["hits"]["hits"].as_array().unwrap();
            let hits: Vec<_> = hits
                .iter()
                .map(|hit| {
                    (
                        hit["_id"].clone(),
                        hit["sort"].clone(),
                        hit["_source"].clone(),
                    )
                })
                .collect();
            json!([hits, answer["aggregations"]])
        };
        let (real, ours) = (both(&real), both(&ours));
        assert!(
            is_close(&real, &ours, 1e-5),
            "{name}: {request}\n{real}\n{ours}"
        );
    }
}

#[test]
fn documents_come_back_and_are_counted() {
    let store = store();
    let index = index(&store);
    let documents = documents(50, 1);
    write(&store, &index, &documents);
    let (id, _, json) = &documents[0];
    let source = block_on(store.get(&index, id)).unwrap().unwrap();
    assert_eq!(source.get().as_bytes(), json);
    assert!(block_on(store.get(&index, "nothing")).unwrap().is_none());
    assert_eq!(
        block_on(store.count(&index, &Query::MatchAll)).unwrap(),
        documents.len() as u64
    );
}

#[test]
fn old_documents_go_and_new_ones_stay() {
    let store = store();
    let index = index(&store);
    let document = |updated: u64| {
        (
            format!("{updated}"),
            updated,
            format!(r#"{{"updated":{updated}}}"#).into_bytes(),
        )
    };
    let documents: Vec<_> = (0..7_000)
        .map(|n| document(1_700_000_000_000 + n))
        .collect();
    write(&store, &index, &documents);
    assert_eq!(
        block_on(store.newest(&index, "updated")).unwrap(),
        Some(1_700_000_006_999)
    );
    let gone = block_on(store.expire_before(&index, "updated", 1_700_000_006_500)).unwrap();
    assert_eq!(gone, 6_500);
    block_on(store.refresh(&index)).unwrap();
    assert_eq!(
        block_on(store.count(&index, &Query::MatchAll)).unwrap(),
        500
    );
    assert_eq!(
        block_on(store.expire_before(&index, "updated", 1_700_000_006_500)).unwrap(),
        0
    );

    let empty = self::index(&store);
    assert_eq!(block_on(store.newest(&empty, "updated")).unwrap(), None);
    assert_eq!(
        block_on(store.expire_before(&empty, "updated", i64::MAX)).unwrap(),
        0
    );
}

#[test]
fn another_index_takes_the_alias_without_a_gap() {
    let store = store();
    let alias = index(&store);
    write(&store, &alias, &documents(20, 1));
    let next = block_on(store.create_next_index(&alias, &Mapping::flights())).unwrap();
    assert_eq!(next, format!("{alias}-000002"));
    // One that was begun and given up is left alone.
    let next = block_on(store.create_next_index(&alias, &Mapping::flights())).unwrap();
    assert_eq!(next, format!("{alias}-000003"));
    assert_eq!(block_on(store.count(&alias, &Query::MatchAll)).unwrap(), 20);
    let before = block_on(store.switch_alias(&alias, &next)).unwrap();
    assert_eq!(before, [format!("{alias}-000001")]);
    assert_eq!(block_on(store.count(&alias, &Query::MatchAll)).unwrap(), 0);
    write(&store, &alias, &documents(10, 1));
    assert_eq!(block_on(store.count(&next, &Query::MatchAll)).unwrap(), 10);
    assert_eq!(
        block_on(store.count(&before[0], &Query::MatchAll)).unwrap(),
        20
    );
    // The new one has the template's mapping.
    block_on(store.ensure_index(&alias, &Mapping::flights())).unwrap();

    let error = block_on(store.create_next_index(&next, &Mapping::flights())).unwrap_err();
    assert!(error.to_string().contains("is no alias"), "{error}");
}

#[test]
fn a_data_stream_takes_additions() {
    let store = ElasticStore::new(options().history_retention("30d")).unwrap();
    let stream = name("history");
    block_on(store.set_up_data_stream(&stream, &Mapping::history())).unwrap();
    let source = br#"{"@timestamp":1700000000000,"hex":"A","speed":800,"unknown":{"a":1}}"#;
    let operations = [
        BulkOperation::create("A@1", source),
        BulkOperation::create("A@1", source),
        BulkOperation::create("A@2", br#"{"hex":"A"}"#),
        BulkOperation::index("A@3", None, source),
    ];
    let items = bulk(&store, &stream, &operations);
    let statuses: Vec<u16> = items.iter().map(|item| item.status).collect();
    assert_eq!(statuses, [201, 409, 400, 400]);
    block_on(store.refresh(&stream)).unwrap();
    assert_eq!(block_on(store.count(&stream, &Query::MatchAll)).unwrap(), 1);
    // Once more, now that it is there.
    block_on(store.set_up_data_stream(&stream, &Mapping::history())).unwrap();
    let (_, template) = ask(
        "GET",
        &format!("/_component_template/{stream}-settings"),
        None,
    );
    let lifecycle = template
        .pointer("/component_templates/0/component_template/template/lifecycle/data_retention");
    assert_eq!(
        lifecycle.and_then(Value::as_str),
        (!is_opensearch()).then_some("30d")
    );
    let (status, _) = ask("POST", &format!("/{stream}/_rollover"), None);
    assert_eq!(status, 200);
    bulk(&store, &stream, &operations[..1]);
    block_on(store.set_up_data_stream(&stream, &Mapping::history())).unwrap();
}

/// The drill of the guide for operators: what is kept in snapshots comes back as it was, under its name.
#[test]
fn an_index_and_a_data_stream_come_back_from_a_snapshot() {
    let store = store();
    let (index, stream) = (index(&store), name("history"));
    write(&store, &index, &documents(50, 2));
    block_on(store.set_up_data_stream(&stream, &Mapping::history())).unwrap();
    let source = br#"{"@timestamp":1700000000000,"hex":"A","speed":800}"#;
    bulk(&store, &stream, &[BulkOperation::create("A@1", source)]);
    let everything = json!({ "size": 1_000, "sort": [{ "hex": "asc" }] });
    let held = |name: &str| {
        block_on(store.refresh(name)).unwrap();
        let hits = search(&store, name, &everything)["hits"]["hits"].clone();
        let sources = hits.as_array().unwrap().iter();
        sources
            .map(|hit| hit["_source"].clone())
            .collect::<Vec<_>>()
    };
    let (aircraft, positions) = (held(&index), held(&stream));
    assert_eq!((aircraft.len(), positions.len()), (50, 1));

    let done = |method: &str, path: &str, body: Option<Value>| {
        let (status, answer) = ask(method, path, body);
        assert_eq!(status, 200, "{method} {path}: {answer}");
    };
    let repository = format!("/_snapshot/{}", name("drill"));
    let location = json!({ "type": "fs", "settings": { "location": name("drill") } });
    done("PUT", &repository, Some(location));
    let what = |indices: &str| json!({ "indices": indices, "include_global_state": false });
    let snapshot = format!("{repository}/one?wait_for_completion=true");
    done("PUT", &snapshot, Some(what(&format!("{index},{stream}"))));
    let restore = format!("{repository}/one/_restore?wait_for_completion=true");

    done("DELETE", &format!("/{index}-000001"), None);
    done("POST", &restore, Some(what(&format!("{index}-*"))));
    assert_eq!(held(&index), aircraft);
    // Beside itself: the node for tests deletes no data stream.
    let mut beside = what(&stream);
    beside["rename_pattern"] = json!("history-");
    beside["rename_replacement"] = json!("restored-history-");
    done("POST", &restore, Some(beside));
    assert_eq!(held(&format!("restored-{stream}")), positions);

    // Stages go on with what came back.
    block_on(store.ensure_index(&index, &Mapping::flights())).unwrap();
    block_on(store.set_up_data_stream(&stream, &Mapping::history())).unwrap();
    let reports = documents(50, 3);
    let (id, version, older) = &reports[0];
    let stale = [BulkOperation::index(id, Some(*version), older)];
    assert_eq!(bulk(&store, &index, &stale)[0].status, 409);
    write(&store, &index, &reports[100..]);
    block_on(store.refresh(&index)).unwrap();
    assert_eq!(block_on(store.count(&index, &Query::MatchAll)).unwrap(), 50);
}

#[test]
fn a_mirror_follows_what_changes_and_a_new_index() {
    let from = store();
    let index = index(&from);
    let to = Arc::new(EmbeddedStore::new());
    block_on(to.ensure_index(&index, &Mapping::flights())).unwrap();
    let mut mirror = Mirror::new(
        Arc::new(from.clone()),
        Arc::clone(&to),
        index.as_str(),
        "updated",
    );
    assert_eq!(block_on(mirror.refresh()).unwrap(), 0);
    let documents = documents(3_000, 3);
    write(&from, &index, &documents[..3_000]);
    assert_eq!(block_on(mirror.refresh()).unwrap(), 3_000);
    assert_eq!(block_on(mirror.refresh()).unwrap(), 0);
    write(&from, &index, &documents[3_000..]);
    block_on(mirror.refresh()).unwrap();
    let all = json!({ "size": 0, "aggs": { "flags": { "terms": { "field": "flag", "size": 100 } },
        "newest": { "max": { "field": "updated" } }, "speed": { "stats": { "field": "speed" } } } });
    let (real, ours) = (search(&from, &index, &all), search(&*to, &index, &all));
    assert!(
        is_close(&real["aggregations"], &ours["aggregations"], 1e-9),
        "{real}\n{ours}"
    );

    let next = block_on(from.create_next_index(&index, &Mapping::flights())).unwrap();
    block_on(from.switch_alias(&index, &next)).unwrap();
    write(&from, &index, &documents[6_000..6_010]);
    assert_eq!(block_on(mirror.refresh()).unwrap(), 10);
}

#[test]
fn a_dead_node_is_left_alone() {
    let nobody = {
        let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!(
            "{}://{}",
            elastic_node::url().split(':').next().unwrap(),
            socket.local_addr().unwrap()
        )
    };
    let store = ElasticStore::new(options_of([nobody.clone(), elastic_node::url()])).unwrap();
    for _ in 0..10 {
        block_on(store.info()).unwrap();
    }
    let alone = ElasticStore::new(options_of([nobody])).unwrap();
    let error = block_on(alone.info()).unwrap_err();
    assert!(matches!(error, SearchError::Unavailable { .. }), "{error}");
}

#[test]
fn a_connection_that_breaks_is_told_from_a_node_that_is_away() {
    let proxy = Proxy::start();
    let store = ElasticStore::new(options_of([&proxy.url])).unwrap();
    let index = index(&store);
    proxy.cut();
    let large = format!(r#"{{"unknown":"{}"}}"#, "x".repeat(300_000));
    let error = block_on(store.bulk(&index, &[BulkOperation::index("a", None, large.as_bytes())]));
    let error = error.unwrap_err();
    assert!(
        matches!(error, SearchError::Interrupted { .. }),
        "{error:?}"
    );
    proxy.pass_on();
    assert!(
        bulk(
            &store,
            &index,
            &[BulkOperation::index("a", None, large.as_bytes())]
        )[0]
        .is_success()
    );
}

#[test]
fn compressed_bulks_arrive() {
    let store = ElasticStore::new(options().gzip(true)).unwrap();
    let index = index(&store);
    write(&store, &index, &documents(500, 1));
    assert_eq!(
        block_on(store.count(&index, &Query::MatchAll)).unwrap(),
        500
    );
}

/// Only where the node asks for a log-in: `elasticsearch with --tls`.
#[test]
fn wrong_credentials_and_an_unknown_authority_are_told() {
    if elastic_node::variable("_PASSWORD").is_none() {
        // There is nothing to get wrong: a node without log-in takes any.
        let store =
            ElasticStore::new(options().credentials(Credentials::ApiKey("bm86bm8=".to_owned())));
        block_on(store.unwrap().info()).unwrap();
        return;
    }
    for credentials in [
        Credentials::Basic {
            user: "elastic".to_owned(),
            password: "wrong".to_owned(),
        },
        Credentials::ApiKey("bm86bm8=".to_owned()),
        Credentials::Bearer("nothing".to_owned()),
    ] {
        let store = ElasticStore::new(options().credentials(credentials)).unwrap();
        let error = block_on(store.info()).unwrap_err();
        assert!(
            matches!(error, SearchError::Denied { status: 401, .. }),
            "{error}"
        );
        assert!(!error.to_string().contains("bm86bm8"), "{error}");
    }
    let (user, password) = (
        elastic_node::variable("_USER").unwrap(),
        elastic_node::variable("_PASSWORD").unwrap(),
    );
    let (scheme, host) = {
        let url = elastic_node::url();
        let (scheme, host) = url.split_once("://").unwrap();
        (scheme.to_owned(), host.to_owned())
    };
    let url = format!("{scheme}://{user}:{password}@{host}");
    let mut options = flightstream_core::search::elastic::ElasticOptions::new([url]);
    if let Some(path) = elastic_node::variable("_CA") {
        let untrusting = ElasticStore::new(options.clone()).unwrap();
        let error = block_on(untrusting.info()).unwrap_err();
        assert!(
            error.to_string().to_lowercase().contains("certificate"),
            "{error}"
        );
        options = options.certificates(std::fs::read(path).unwrap());
    }
    block_on(ElasticStore::new(options).unwrap().info()).unwrap();
}
