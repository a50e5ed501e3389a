//! The real node that the tests use, indices of their own in it, and a proxy before it.
#![allow(dead_code, unreachable_pub)]

pub mod indexing;

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use flightstream_core::flight::airlabs::AirlabsJson;
use flightstream_core::flight::document;
use flightstream_core::flight::simulation::{Simulation, SimulationOptions};
use flightstream_core::operator::Decoder;
use flightstream_core::search::elastic::{Credentials, ElasticOptions, ElasticStore};
use flightstream_core::search::{BulkOperation, SearchError, SearchStore};
use flightstream_core::table::Airports;
use flightstream_core::time::Timestamp;
use futures::executor::block_on;
use serde_json::Value;

pub fn variable(name: &str) -> Option<String> {
    std::env::var(format!("FLIGHTSTREAM_TEST_ELASTICSEARCH{name}")).ok()
}

pub fn url() -> String {
    variable("").unwrap_or_else(|| {
        panic!(
            "FLIGHTSTREAM_TEST_ELASTICSEARCH is not set; run these tests by `.ci/run elastic`, which starts a node"
        )
    })
}

pub fn is_opensearch() -> bool {
    variable("_PRODUCT").as_deref() == Some("opensearch")
}

/// The node's options, with other URLs.
pub fn options_of<U: Into<String>>(urls: impl IntoIterator<Item = U>) -> ElasticOptions {
    let mut options = ElasticOptions::new(urls);
    if let (Some(user), Some(password)) = (variable("_USER"), variable("_PASSWORD")) {
        options = options.credentials(Credentials::Basic { user, password });
    }
    if let Some(path) = variable("_CA") {
        options = options.certificates(std::fs::read(path).unwrap());
    }
    options
}

pub fn options() -> ElasticOptions {
    options_of([url()])
}

pub fn store() -> ElasticStore {
    ElasticStore::new(options()).unwrap()
}

/// A name that no other test has, in no other run.
pub fn name(what: &str) -> String {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("{what}-{:x}-{number}", since_epoch.as_nanos())
}

/// A request to the node, by whom it lets in.
pub fn request(
    method: &str,
    path: &str,
    parameters: &[(String, String)],
) -> reqwest::blocking::RequestBuilder {
    let mut client = reqwest::blocking::Client::builder().no_proxy();
    if let Some(path) = variable("_CA") {
        let pem = std::fs::read(path).unwrap();
        client = client.add_root_certificate(reqwest::Certificate::from_pem(&pem).unwrap());
    }
    let url = format!("{}{path}", url());
    let url = match parameters {
        [] => reqwest::Url::parse(&url),
        parameters => reqwest::Url::parse_with_params(&url, parameters),
    };
    let client = client.build().unwrap();
    let request = client.request(method.parse().unwrap(), url.unwrap());
    match (variable("_USER"), variable("_PASSWORD")) {
        (Some(user), Some(password)) => request.basic_auth(user, Some(password)),
        _ => request,
    }
}

/// Asks the node something that the library has no method for.
pub fn ask(method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
    let mut request = request(method, path, &[]);
    if let Some(body) = body {
        request = request
            .header("content-type", "application/json")
            .body(body.to_string());
    }
    let response = request.send().unwrap();
    let status = response.status().as_u16();
    let body = response.bytes().unwrap();
    (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
}

/// Simulated aircraft's documents: id, version and JSON, one report of each every five seconds.
pub fn documents(aircraft: usize, reports: usize) -> Vec<(String, u64, Vec<u8>)> {
    let airports = Airports::embedded();
    let options = SimulationOptions {
        aircraft,
        ..SimulationOptions::default()
    };
    let mut simulation = Simulation::new(&options, &airports).unwrap();
    let mut now = Timestamp::from_seconds(1_700_000_000);
    let mut decoder = AirlabsJson::default();
    let mut documents = Vec::new();
    for _ in 0..reports {
        for message in simulation.tick(now).iter() {
            let flight = decoder.decode(message.value).unwrap();
            let enriched = flight.located(&airports);
            let mut json = Vec::new();
            document::encode(&enriched, &mut json);
            let version = enriched.flight.updated.as_millis();
            documents.push((
                message.key.to_owned(),
                u64::try_from(version).unwrap(),
                json,
            ));
        }
        now = now.plus(options.interval);
    }
    documents
}

/// Writes documents, again and again while the node has no room.
pub fn insist(store: &dyn SearchStore, index: &str, operations: &[BulkOperation<'_>]) {
    for part in operations.chunks(1_000) {
        eventually("the node takes documents", || {
            match block_on(store.bulk(index, part)) {
                Ok(items) if items.iter().any(|item| item.status == 429) => false,
                Ok(items) => {
                    let failed = items.iter().find(|item| !item.is_success());
                    assert!(failed.is_none(), "{failed:?}");
                    true
                }
                Err(SearchError::TooManyRequests { .. }) => false,
                Err(error) => panic!("{error}"),
            }
        });
    }
    block_on(store.refresh(index)).unwrap();
}

/// A proxy that listens on loopback and passes on, or does what it is told instead.
#[derive(Clone, Debug)]
pub struct Proxy {
    pub url: String,
    mode: Arc<AtomicU8>,
    open: Arc<Mutex<Vec<TcpStream>>>,
}

const PASS: u8 = 0;
const CUT: u8 = 1;
const REFUSE: u8 = 2;
const HOLD_UP: u8 = 3;

impl Proxy {
    pub fn start() -> Self {
        let url = url();
        let (scheme, target) = url.split_once("://").unwrap();
        let target = target.trim_end_matches('/').to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy = Self {
            url: format!("{scheme}://{}", listener.local_addr().unwrap()),
            mode: Arc::default(),
            open: Arc::default(),
        };
        let this = proxy.clone();
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if this.mode.load(Ordering::SeqCst) == REFUSE {
                    continue;
                }
                let Ok(server) = TcpStream::connect(&target) else {
                    continue;
                };
                let mut open = this.open.lock().unwrap();
                open.push(client.try_clone().unwrap());
                open.push(server.try_clone().unwrap());
                let (back, forth) = (server.try_clone().unwrap(), client.try_clone().unwrap());
                let (one, other) = (this.clone(), this.clone());
                thread::spawn(move || one.pass(client, server));
                thread::spawn(move || other.pass(back, forth));
            }
        });
        proxy
    }

    fn pass(&self, mut from: TcpStream, mut to: TcpStream) {
        let mut buffer = vec![0; 64 << 10];
        let mut passed = 0;
        while let Ok(read @ 1..) = from.read(&mut buffer) {
            passed += read;
            // In the middle of a request or of an answer.
            if self.mode.load(Ordering::SeqCst) == CUT && passed > 100_000 {
                break;
            }
            if self.mode.load(Ordering::SeqCst) == HOLD_UP && passed > 5_000 {
                thread::park_timeout(Duration::from_secs(1));
            }
            if to.write_all(&buffer[..read]).is_err() {
                break;
            }
        }
        let _ = from.shutdown(Shutdown::Both);
        let _ = to.shutdown(Shutdown::Both);
    }

    /// Cuts each connection after 100 kB.
    pub fn cut(&self) {
        self.mode.store(CUT, Ordering::SeqCst);
    }

    /// Passes on what comes after the first 5 kB of a connection, in each direction, a second late.
    pub fn hold_up(&self) {
        self.mode.store(HOLD_UP, Ordering::SeqCst);
    }

    /// Closes all connections and takes no new ones.
    pub fn refuse(&self) {
        self.mode.store(REFUSE, Ordering::SeqCst);
        for stream in self.open.lock().unwrap().drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    pub fn pass_on(&self) {
        self.mode.store(PASS, Ordering::SeqCst);
    }
}

/// Waits for something that will be true soon, for a minute at the most.
#[track_caller]
pub fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let give_up = std::time::Instant::now() + Duration::from_secs(60);
    while !holds() {
        assert!(
            std::time::Instant::now() < give_up,
            "{what}: not after a minute"
        );
        thread::park_timeout(Duration::from_millis(20));
    }
}

/// Numbers as Elasticsearch and this library print them differ in their last digits, and `percentiles` are estimates there.
pub fn is_close(one: &Value, other: &Value, tolerance: f64) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => {
            let (one, other) = (one.as_f64().unwrap(), other.as_f64().unwrap());
            (one - other).abs() <= tolerance * one.abs().max(other.abs()).max(1.0)
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .zip(other)
                    .all(|(a, b)| is_close(a, b, tolerance))
        }
        (Value::Object(one), Value::Object(other)) => {
            let is_close = |(key, a): (&String, &Value)| {
                // The store in memory counts exactly, so it is always 0 there.
                let is_estimate = key == "doc_count_error_upper_bound";
                other
                    .get(key)
                    .is_some_and(|b| is_estimate || is_close(a, b, tolerance))
            };
            one.len() == other.len() && one.iter().all(is_close)
        }
        _ => one == other,
    }
}
