//! The pairs that the facade is held to are what a real node answers. `FLIGHTSTREAM_REFRESH=1` records them anew.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may panic too"
)]

mod elastic_node;
mod facade_support;

use elastic_node::{ask, insist, name, request, store};
use facade_support::{comparable, difference, documents, operations, pairs, write};
use flightstream_core::search::Mapping;
use serde_json::{Value, json};

/// As a client sends it: bodies of lines, and answers that are no JSON.
fn send(method: &str, path: &str, parameters: &[(String, String)], body: String) -> (u16, String) {
    let mut request = request(method, path, parameters);
    if !body.is_empty() {
        let lines = body.lines().count() > 1;
        let kind = if lines { "x-ndjson" } else { "json" };
        request = request
            .header("content-type", format!("application/{kind}"))
            .body(body);
    }
    let response = request.send().unwrap();
    (response.status().as_u16(), response.text().unwrap())
}

#[test]
fn the_node_answers_as_recorded() {
    let (store, index) = (store(), name("facade"));
    // Without an alias: the facade knows none.
    let settings = json!({ "number_of_replicas": 0 });
    let body = json!({ "mappings": Mapping::flights(), "settings": settings });
    let (status, answer) = ask("PUT", &format!("/{index}"), Some(body));
    assert_eq!(status, 200, "{answer}");
    let documents = documents();
    insist(&store, &index, &operations(&documents));
    let (status, answer) = ask(
        "PUT",
        &format!("/{index}/_settings"),
        Some(json!({ "index.blocks.read_only": true })),
    );
    assert_eq!(status, 200, "{answer}");

    let refresh = std::env::var("FLIGHTSTREAM_REFRESH").is_ok();
    let mut pairs = pairs();
    let mut differences = Vec::new();
    for pair in &mut pairs {
        let (path, body) = (pair.path_of(&index), pair.body_of(&index));
        let (status, answer) = send(&pair.method, &path, &pair.parameters(), body);
        let answer = comparable(&answer, &index);
        if refresh {
            (pair.status, pair.answer) = (status, answer);
        } else {
            differences.extend(difference(pair, status, &answer));
        }
    }
    if refresh {
        write(&pairs);
    }
    let unblocked = json!({ "index.blocks.read_only": Value::Null });
    ask("PUT", &format!("/{index}/_settings"), Some(unblocked));
    ask("DELETE", &format!("/{index}"), None);
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}
