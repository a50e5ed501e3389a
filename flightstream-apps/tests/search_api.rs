//! `--search-api`: the index, asked as an Elasticsearch is.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a helper fails as the test that calls it does"
)]

mod support;

use std::net::SocketAddr;

use flightstream_core::search::elastic::{ElasticOptions, ElasticStore, Product};
use flightstream_core::search::{Query, SearchRequest, SearchStore};
use futures::executor::block_on;
use serde_json::{Value, json};
use support::{PATIENCE, Place, Process, http};

const INDEX: &str = "esflight";

/// All stages at work on simulated traffic, and where the index can be asked.
fn start(place: &Place) -> (Process, SocketAddr) {
    let data = place.data().display().to_string();
    let mut args = vec!["run", "--aircraft", "300", "--report-interval", "2s"];
    args.extend(["--data", &data, "--listen", "127.0.0.1:0"]);
    args.extend(["--search-api", "127.0.0.1:0"]);
    let mut process = Process::spawn(place.command(args));
    let line = process.wait_for_line("answering Elasticsearch's clients at ");
    let address = line.rsplit(' ').next().unwrap().parse().unwrap();
    let page = process.address();
    http::wait_until_indexed(page, 100);
    (process, address)
}

#[test]
fn the_official_client_takes_it_for_an_elasticsearch() {
    let place = Place::new();
    let (process, address) = start(&place);
    let store = ElasticStore::new(ElasticOptions::new([format!("http://{address}")])).unwrap();
    let info = block_on(store.info()).unwrap();
    assert_eq!(info.product, Product::Elasticsearch);

    let count = block_on(store.count(INDEX, &Query::MatchAll)).unwrap();
    assert!(count > 100, "{count}");
    let request = json!({ "size": 2, "sort": [{ "hex": "asc" }],
        "aggs": { "types": { "terms": { "field": "type" }, "aggs": { "speed": { "avg": { "field": "speed" } } } } } });
    let request = SearchRequest::from_value(request).unwrap();
    let found = block_on(store.search(INDEX, &request)).unwrap();
    assert_eq!(found.hits.hits.len(), 2);
    let types = serde_json::to_value(&found.aggregations).unwrap();
    assert!(
        !types["types"]["buckets"].as_array().unwrap().is_empty(),
        "{types}"
    );
    let id = &found.hits.hits[0].id;
    let document: Value =
        serde_json::from_str(block_on(store.get(INDEX, id)).unwrap().unwrap().get()).unwrap();
    assert_eq!(document["hex"], id.as_str());
    assert_eq!(
        block_on(store.get(INDEX, "000000")).unwrap().map(|_| ()),
        None
    );
    let error = block_on(store.search("other", &request)).unwrap_err();
    assert_eq!(error.status(), 404, "{error}");

    process.signal("TERM");
    process.wait(PATIENCE).succeeded();
}

#[test]
fn it_is_read_only_bounded_and_of_this_machine() {
    let place = Place::new();
    let (process, address) = start(&place);
    let root = http::get(address, "/").is(200);
    assert_eq!(root.header("x-elastic-product"), Some("Elasticsearch"));
    http::request(address, "DELETE", "/esflight", &[], b"").is(403);
    http::request(address, "PUT", "/esflight/_doc/1", &[], b"{}").is(403);
    http::get(address, "/esflight/_search?size=1&colour=red").is(400);
    http::get(address, "/esflight/_doc/%00%ff").is(400);
    // A page elsewhere whose name was made to point here.
    http::request(address, "GET", "/", &[("Host", "elsewhere.example")], b"").is(421);
    let large = vec![b' '; 2 << 20];
    http::post(address, "/esflight/_search", &large).is(413);
    let head = http::request(address, "HEAD", "/esflight", &[], b"").is(200);
    assert!(head.body.is_empty());
    process.kill();

    let other = place.path().join("other").display().to_string();
    let args = ["run", "--data", &other, "--search-api"];
    let away = place.run(args.iter().chain(&["0.0.0.0:0"]));
    away.failed(2, &["--search-api", "127.0.0.1:9200"]);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let refused = place.run(args.iter().chain(&[address.as_str()]));
    refused.failed(2, &["--search-api", &address, "choose another address"]);
}
