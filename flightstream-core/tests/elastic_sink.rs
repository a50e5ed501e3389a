//! The bulk sink on a real Elasticsearch or OpenSearch that is disturbed: `.ci/run elastic`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may panic too"
)]

mod elastic_node;

use std::time::Duration;

use elastic_node::indexing::{Indexing, disordered, fast, newest, stored};
use elastic_node::{Proxy, ask, documents, eventually, options, options_of, store};
use flightstream_core::runtime::AppError;
use flightstream_core::search::{Query, SearchStore};
use futures::executor::block_on;
use serde_json::json;

#[test]
fn in_the_end_the_newest_of_each_is_stored() {
    let documents = disordered(2_000, 8);
    let indexing = Indexing::start(&documents, options(), fast());
    indexing.ends_as(&newest(&documents), 0);
}

#[test]
fn connections_that_are_cut_cost_nothing() {
    let documents = disordered(1_000, 10);
    let proxy = Proxy::start();
    let indexing = Indexing::start(&documents, options_of([&proxy.url]), fast());
    for _ in 0..5 {
        proxy.cut();
        let before = indexing.count("retried");
        eventually("something is cut", || {
            indexing.running().lag().unwrap() == 0 || indexing.count("retried") > before || {
                proxy.refuse();
                true
            }
        });
        thread_pause();
        proxy.pass_on();
    }
    indexing.ends_as(&newest(&documents), 0);
}

#[test]
fn bulks_that_arrive_too_late_cost_nothing() {
    let documents = disordered(1_000, 10);
    let proxy = Proxy::start();
    let impatient = options_of([&proxy.url]).timeout(Duration::from_millis(900));
    let indexing = Indexing::start(&Vec::new(), impatient, fast());
    proxy.hold_up();
    indexing.add(&documents);
    eventually("some of it is written", || {
        !stored(&store(), &indexing.index).is_empty()
    });
    proxy.pass_on();
    indexing.running().wait_until_caught_up().unwrap();
    assert!(indexing.count("retried") > 0);
    indexing.ends_as(&newest(&documents), 0);
}

/// Long enough for a few attempts.
fn thread_pause() {
    std::thread::park_timeout(Duration::from_millis(150));
}

#[test]
fn blocks_are_waited_out() {
    for block in ["write", "read_only_allow_delete"] {
        let indexing = Indexing::start(&Vec::new(), options(), fast());
        indexing.settings(&json!({ "index": { "blocks": { block: true } } }));
        let documents = documents(500, 3);
        indexing.add(&documents);
        thread_pause();
        assert!(indexing.running().lag().unwrap() > 0);
        assert!(!indexing.running().is_finished());
        indexing.settings(&json!({ "index": { "blocks": { block: null } } }));
        indexing.ends_as(&newest(&documents), 0);
    }
}

#[test]
fn a_closed_index_is_waited_for() {
    let indexing = Indexing::start(&Vec::new(), options(), fast());
    let index = block_on(indexing.store.indices_of(&indexing.index))
        .unwrap()
        .remove(0);
    assert_eq!(ask("POST", &format!("/{index}/_close"), None).0, 200);
    let documents = documents(300, 2);
    indexing.add(&documents);
    thread_pause();
    assert!(indexing.running().lag().unwrap() > 0);
    assert_eq!(ask("POST", &format!("/{index}/_open"), None).0, 200);
    indexing.ends_as(&newest(&documents), 0);
}

#[test]
fn only_the_bad_documents_are_dead_letters() {
    let mut documents = documents(400, 3);
    let good = newest(&documents);
    let bad: [&[u8]; 5] = [
        br#"{"hex":"BAD","speed":"fast"}"#,
        br#"{"hex":"BAD","position":{"lat":91,"lon":0}}"#,
        b"{\"hex\":\"BAD",
        b"[]",
        b"{\"hex\":\"\xff\"}",
    ];
    for (number, json) in bad.iter().enumerate() {
        // Newer than the good ones of the same aircraft, which are to be stored all the same.
        let (id, version, _) = documents[number * 100].clone();
        documents.insert(number * 150, (id, version + 1_000_000, json.to_vec()));
    }
    let indexing = Indexing::start(&documents, options(), fast());
    indexing.ends_as(&good, 5);
}

#[test]
fn a_node_that_turns_work_away_gets_it_again() {
    // With `--set thread_pool.write.size=1 --set thread_pool.write.queue_size=2` the node turns items away, with
    // `--set indexing_pressure.memory.limit=2mb` whole bulks.
    let documents = disordered(3_000, 10);
    let bulks = fast()
        .max_documents(3_000)
        .max_in_flight(16)
        .max_bytes(4 << 20);
    let indexing = Indexing::start(&documents, options(), bulks);
    indexing.ends_as(&newest(&documents), 0);
}

#[test]
fn a_document_too_large_for_the_node_is_the_only_dead_letter() {
    let mut documents = documents(300, 1);
    let good = newest(&documents);
    let limit = 100 << 20;
    let huge = format!(r#"{{"hex":"HUGE","unknown":"{}"}}"#, "x".repeat(limit));
    documents.insert(150, ("HUGE".to_owned(), 1, huge.into_bytes()));
    let indexing = Indexing::start(&documents, options(), fast());
    indexing.ends_as(&good, 1);
}

#[test]
fn a_missing_index_ends_the_app_with_a_sentence() {
    if ask(
        "PUT",
        "/_cluster/settings",
        Some(json!({ "persistent": { "action.auto_create_index": "-sink*,+*" } })),
    )
    .0 != 200
    {
        panic!("the node does not let an index be missing");
    }
    let mut indexing = Indexing::start(&Vec::new(), options(), fast());
    let index = block_on(indexing.store.indices_of(&indexing.index))
        .unwrap()
        .remove(0);
    assert_eq!(ask("DELETE", &format!("/{index}"), None).0, 200);
    indexing.add(&documents(10, 1));
    eventually("the app ends", || indexing.running().is_finished());
    let error = indexing.running.take().unwrap().stop().unwrap_err();
    assert!(matches!(error, AppError::Task(_)), "{error}");
    assert!(error.to_string().contains("no such index"), "{error}");
    assert!(block_on(indexing.store.count(&index, &Query::MatchAll)).is_err());
}
