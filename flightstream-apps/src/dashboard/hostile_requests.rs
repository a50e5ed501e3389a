//! Whatever a request's path and query say, it is answered, in few bytes, and never as if it were the server's fault.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use flightstream_core::flight::history::Limits;
use flightstream_core::log::memory::MemoryLog;
use flightstream_core::search::{BulkOperation, EmbeddedStore, Mapping, SearchStore};
use flightstream_core::table::{Airports, SharedTable};
use proptest::prelude::*;
use tokio::sync::watch;
use tower::ServiceExt as _;

use super::recent::Recent;
use super::router::router;
use super::shared::{Shared, Sources};
use crate::pipeline::INDEX;

/// More than any answer about the aircraft below needs.
const LARGEST_ANSWER: usize = 4 << 20;

fn server() -> Router {
    let store = EmbeddedStore::new();
    let aircraft = (0..300).map(|n| {
        let document = format!(
            r#"{{"hex":"48{n:04X}","flight":"LOT{n}","type":"Domestic","on_ground":false,"alt":{}.5,"speed":{n},
                "lat":{}.25,"lng":{}.5,"position":[{}.5,{}.25],"dep":"WAW","arr":"LHR","updated":{}}}"#,
            n * 40,
            n % 90,
            n % 180,
            n % 180,
            n % 90,
            1_706_705_158_000_u64 + n
        );
        (format!("48{n:04X}"), document)
    });
    let aircraft: Vec<_> = aircraft.collect();
    let operations = aircraft.iter();
    let operations = operations.map(|(id, text)| BulkOperation::index(id, None, text.as_bytes()));
    let operations: Vec<_> = operations.collect();
    futures::executor::block_on(async {
        store
            .ensure_index(INDEX, &Mapping::flights())
            .await
            .unwrap();
        let items = store.bulk(INDEX, &operations).await.unwrap();
        assert!(
            items
                .iter()
                .all(flightstream_core::search::BulkItem::is_success)
        );
    });
    let sources = Sources {
        store: Arc::new(store),
        airports: SharedTable::new(Airports::embedded()),
        log: Arc::new(MemoryLog::default()),
        latency: Arc::default(),
        recent: Arc::new(Recent::new(Limits::default())),
        windows: Arc::default(),
    };
    router().with_state(Shared::new(sources, watch::channel(Arc::default()).1))
}

/// The paths and the parameters that the API's description names.
fn described() -> &'static (Vec<String>, Vec<String>) {
    static DESCRIBED: OnceLock<(Vec<String>, Vec<String>)> = OnceLock::new();
    DESCRIBED.get_or_init(|| {
        let text = include_str!("openapi.json");
        let description: serde_json::Value = serde_json::from_str(text).unwrap();
        let paths = description["paths"].as_object().unwrap().keys();
        // One that never ends.
        let paths = paths.filter(|path| !path.ends_with("/events"));
        let mut names = BTreeSet::new();
        fn collect(value: &serde_json::Value, names: &mut BTreeSet<String>) {
            if let (Some(name), Some("query")) = (value["name"].as_str(), value["in"].as_str()) {
                names.insert(name.to_owned());
            }
            match value {
                serde_json::Value::Object(fields) => {
                    fields.values().for_each(|value| collect(value, names));
                }
                serde_json::Value::Array(values) => {
                    values.iter().for_each(|value| collect(value, names));
                }
                _ => {}
            }
        }
        collect(&description, &mut names);
        (paths.cloned().collect(), names.into_iter().collect())
    })
}

/// What fits some parameter, what nearly does, and what fits none.
fn value() -> impl Strategy<Value = String> {
    const WORDS: &[&str] = &[
        "",
        "48AE01",
        "48ae01",
        "WAW",
        "LHR",
        "Domestic",
        "json",
        "geojson",
        "csv",
        "0",
        "1",
        "-1",
        "10",
        "100000",
        "9007199254740993",
        "-9223372036854775808",
        "18446744073709551616",
        "1e308",
        "-1e309",
        "NaN",
        "inf",
        "0.1",
        "..",
        "0..",
        "..300",
        "300..0",
        "1..1e400",
        "-180,-90,180,90",
        "180,-90,-180,90",
        "179,-90,-179,90",
        "0,0,0,0",
        "nan,0,1,1",
        "1,2,3",
        "updated:desc",
        "speed",
        "-speed",
        "true",
        "false",
        "null",
        "*",
        "?*?*?*",
        "%",
        "\u{0}",
        "\u{202e}",
        "ß",
        "🛩",
        "a,b,,c",
        "1706705158000",
        "2024-01-31T12:45:58Z",
        "1d",
        "15m",
        "0s",
        "{}",
        "[]",
        "\"",
        "'",
        "<b>",
        "a&b=c",
        "+",
        "\r\nX: y",
    ];
    prop_oneof![
        6 => prop::sample::select(WORDS).prop_map(str::to_owned),
        2 => any::<String>(),
        1 => "[0-9.,:*-]{0,40}",
        1 => "[a-z,]{900,1100}",
        1 => any::<i64>().prop_map(|number| number.to_string()),
        1 => any::<f64>().prop_map(|number| number.to_string()),
    ]
}

/// Every byte but letters and digits escaped.
fn escaped(text: &str) -> String {
    let byte = |byte: u8| match byte.is_ascii_alphanumeric() {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    };
    text.bytes().map(byte).collect()
}

fn target() -> impl Strategy<Value = String> {
    let (paths, names) = described();
    let name = prop_oneof![9 => prop::sample::select(&names[..]), 1 => any::<String>()];
    let raw = prop_oneof![9 => Just(None), 1 => "[!-\"$-;=?-~]{0,60}".prop_map(Some)];
    let pairs = prop::collection::vec((name, value()), 0..5);
    (prop::sample::select(&paths[..]), value(), pairs, raw).prop_map(
        |(path, segment, pairs, raw)| {
            let path = path
                .replace("{hex}", &escaped(&segment))
                .replace("{code}", &escaped(&segment));
            let pairs = pairs
                .iter()
                .map(|(name, value)| format!("{}={}", escaped(name), escaped(value)));
            let query = raw.unwrap_or_else(|| pairs.collect::<Vec<_>>().join("&"));
            format!("{path}?{query}")
        },
    )
}

#[test]
fn any_path_and_query_is_answered_in_few_bytes() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .build()
        .unwrap();
    let server = server();
    let config = ProptestConfig {
        cases: 4_000,
        ..ProptestConfig::default()
    };
    proptest!(config, |(target in target())| {
        // What is no address at all never reaches the server.
        let Ok(request) = Request::get(&target).body(Body::empty()) else { return Ok(()); };
        let (status, body) = runtime.block_on(async {
            let answer = server.clone().oneshot(request).await.unwrap();
            let status = answer.status();
            (status, axum::body::to_bytes(answer.into_body(), LARGEST_ANSWER).await)
        });
        prop_assert!(body.is_ok(), "{} has more than {} bytes", target, LARGEST_ANSWER);
        let body = body.unwrap();
        prop_assert!(!status.is_server_error(), "{}: {} {}", target, status, String::from_utf8_lossy(&body));
        if status.is_client_error() {
            let error: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
            prop_assert!(error["error"]["reason"].is_string(), "{}: {} {:?}", target, status, body);
        }
    });
}
