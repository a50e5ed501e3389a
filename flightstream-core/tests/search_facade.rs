//! The facade answers as the real node did that the pairs were recorded from.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may panic too"
)]

mod facade_support;

use std::sync::Arc;

use facade_support::{comparable, difference, documents, operations, pairs};
use flightstream_core::search::facade::{Facade, FacadeRequest};
use flightstream_core::search::{
    BulkOperation, EmbeddedStore, Mapping, SearchRequest, SearchStore,
};
use futures::executor::block_on;
use serde_json::{Value, json};

const INDEX: &str = "esflight";

fn facade() -> Facade {
    let store = Arc::new(EmbeddedStore::new());
    block_on(store.ensure_index(INDEX, &Mapping::flights())).unwrap();
    let documents = documents();
    let items = block_on(store.bulk(INDEX, &operations(&documents))).unwrap();
    assert!(
        items
            .iter()
            .all(flightstream_core::search::BulkItem::is_success)
    );
    Facade::new(store)
}

#[test]
fn every_request_is_answered_as_by_a_real_node() {
    let facade = facade();
    let pairs = pairs();
    assert!(pairs.len() > 30, "expected the recorded pairs");
    let mut differences = Vec::new();
    for pair in &pairs {
        let (path, body) = (pair.path_of(INDEX), pair.body_of(INDEX));
        let answer = facade.answer(&FacadeRequest {
            method: &pair.method,
            path: &path,
            parameters: &pair.parameters(),
            body: body.as_bytes(),
        });
        differences.extend(difference(
            pair,
            answer.status,
            &comparable(&answer.body, INDEX),
        ));
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn what_is_asked_can_be_written_and_read_again() {
    let bodies = pairs().into_iter().flat_map(|pair| pair.body);
    let requests: Vec<SearchRequest> = bodies
        .filter_map(|body| SearchRequest::from_value(body).ok())
        .collect();
    assert!(requests.len() > 20, "expected requests that can be read");
    for request in requests {
        let written = serde_json::to_value(&request).unwrap();
        assert_eq!(
            SearchRequest::from_value(written.clone()).unwrap(),
            request,
            "{written}"
        );
    }
}

/// A request with a body that nothing can be read of.
fn refused(facade: &Facade, path: &str, body: &[u8]) -> Value {
    let answer = facade.answer(&FacadeRequest {
        body,
        ..FacadeRequest::new("POST", path)
    });
    assert_eq!(answer.status, 400, "{path}: {}", answer.body);
    serde_json::from_str(&answer.body).unwrap()
}

#[test]
fn what_cannot_be_read_is_refused() {
    let facade = facade();
    for body in [&b"{"[..], b"\xff\xfe", b"[]", b"7", b"{}{}"] {
        for path in ["/esflight/_search", "/esflight/_count"] {
            refused(&facade, path, body);
        }
    }
    for body in [
        &b""[..],
        b"\n",
        b"{}",
        b"{}\n",
        b"[]\n{}\n",
        b"{\"index\":7}\n{}\n",
    ] {
        refused(&facade, "/_msearch", body);
    }
    refused(
        &facade,
        "/esflight/_msearch",
        b"{}\n{\"size\":1}\n{}\nnot JSON\n",
    );
    // What is wrong with one search only when it is done is answered in its place.
    let answer = facade.answer(&FacadeRequest {
        body: b"{}\n{\"size\":1}\n{}\n{\"aggs\":{\"a\":{\"avg\":{\"field\":\"flag\"}}}}\n",
        ..FacadeRequest::new("POST", "/esflight/_msearch")
    });
    let answer: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(answer["responses"][0]["status"], 200);
    assert_eq!(answer["responses"][1]["status"], 400);
}

/// Many searches of whole documents, and one behind them that asks for none.
fn many(searches: usize) -> String {
    format!(
        "{}{{}}\n{{\"size\":0}}\n",
        "{}\n{\"size\":10000}\n".repeat(searches - 1)
    )
}

#[test]
fn searches_of_a_request_are_bounded() {
    let facade = facade();
    let error = refused(&facade, "/esflight/_msearch", many(1_000).as_bytes());
    assert_eq!(error["error"]["type"], "illegal_argument_exception");
    let reason = error["error"]["reason"].as_str().unwrap();
    assert!(
        reason.contains("[100]") && reason.contains("[1000]"),
        "{reason}"
    );
    refused(&facade, "/esflight/_msearch", many(101).as_bytes());
    let answer = facade.answer(&FacadeRequest {
        body: many(100).as_bytes(),
        ..FacadeRequest::new("POST", "/esflight/_msearch")
    });
    let answer: Value = serde_json::from_str(&answer.body).unwrap();
    let responses = answer["responses"].as_array().unwrap();
    assert_eq!(responses.len(), 100);
    assert!(responses.iter().all(|response| response["status"] == 200));
}

#[test]
fn searches_of_a_request_share_what_an_answer_may_hold() {
    let store = Arc::new(EmbeddedStore::new());
    block_on(store.ensure_index(INDEX, &Mapping::flights())).unwrap();
    let source = json!({ "Arrival": "A".repeat(30_000) }).to_string();
    let ids: Vec<String> = (0..40).map(|n| n.to_string()).collect();
    let bulk: Vec<BulkOperation<'_>> = ids
        .iter()
        .map(|id| BulkOperation::index(id, None, source.as_bytes()))
        .collect();
    block_on(store.bulk(INDEX, &bulk)).unwrap();
    let answer = Facade::new(store).answer(&FacadeRequest {
        body: many(100).as_bytes(),
        ..FacadeRequest::new("POST", "/esflight/_msearch")
    });
    // Each has 1.2 MB, all would have 119 MB.
    let size = answer.body.len();
    assert!((30_000_000..34_000_000).contains(&size), "{size}");
    assert_eq!(answer.status, 200);
    let answer: Value = serde_json::from_str(&answer.body).unwrap();
    let responses = answer["responses"].as_array().unwrap();
    let (given, refused): (Vec<&Value>, Vec<&Value>) = responses
        .iter()
        .partition(|response| response["status"] == 200);
    assert_eq!((given.len(), refused.len()), (28, 72));
    for response in refused {
        assert_eq!(response["status"], 429);
        assert_eq!(response["error"]["type"], "circuit_breaking_exception");
    }
    // What has failed leaves room for a small one behind it.
    assert_eq!(responses[99]["hits"]["total"]["value"], 40);
}

#[test]
fn nothing_can_be_written() {
    let facade = facade();
    let before = facade
        .answer(&FacadeRequest::new("GET", "/esflight/_count"))
        .body;
    for (method, path) in [
        ("PUT", "/other"),
        ("DELETE", "/esflight"),
        ("PUT", "/esflight/_doc/4ca123"),
        ("POST", "/esflight/_doc"),
        ("POST", "/esflight/_bulk"),
        ("POST", "/_bulk"),
        ("POST", "/esflight/_update/4ca123"),
        ("POST", "/esflight/_delete_by_query"),
        ("PUT", "/esflight/_settings"),
    ] {
        let answer = facade.answer(&FacadeRequest::new(method, path));
        assert_eq!(answer.status, 403, "{method} {path}: {}", answer.body);
    }
    let after = facade
        .answer(&FacadeRequest::new("GET", "/esflight/_count"))
        .body;
    assert_eq!(after, before);
}

#[test]
fn one_index_is_asked_at_a_time() {
    let store = Arc::new(EmbeddedStore::new());
    for name in ["one", "other"] {
        block_on(store.ensure_index(name, &Mapping::flights())).unwrap();
    }
    let facade = Facade::new(store);
    for path in ["/o*/_search", "/_search", "/one,other/_search"] {
        let error = refused(&facade, path, b"");
        assert_eq!(
            error["error"]["type"], "illegal_argument_exception",
            "{error}"
        );
    }
    for path in ["/one/_search", "/on*/_search", "/one,one/_search"] {
        let answer = facade.answer(&FacadeRequest::new("GET", path));
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    }
    let list = facade.answer(&FacadeRequest::new("GET", "/_cat/indices"));
    assert_eq!(
        list.body,
        "green open one   1 0 0\ngreen open other 1 0 0\n"
    );
    let list: Value = {
        let parameters = [("format".to_owned(), "json".to_owned())];
        let request = FacadeRequest {
            parameters: &parameters,
            ..FacadeRequest::new("GET", "/_cat/indices")
        };
        serde_json::from_str(&facade.answer(&request).body).unwrap()
    };
    assert_eq!(list[1]["index"], json!("other"));
}
