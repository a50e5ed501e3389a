//! `--traces`: what a collector of OpenTelemetry is sent.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a helper fails as the test that calls it does"
)]

mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::thread;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::{Span, span::SpanKind};
use prost::Message;
use support::{PATIENCE, Place, Process, http};

/// A collector that keeps what it is sent.
struct Collector {
    url: String,
    requests: Arc<Mutex<Vec<ExportTraceServiceRequest>>>,
}

impl Collector {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::<Mutex<Vec<_>>>::default();
        let kept = Arc::clone(&requests);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = BufReader::new(stream.unwrap());
                let mut head = String::new();
                while !head.ends_with("\r\n\r\n") {
                    assert_ne!(stream.read_line(&mut head).unwrap(), 0, "{head}");
                }
                assert!(head.starts_with("POST /v1/traces "), "{head}");
                let head = head.to_ascii_lowercase();
                let length = head.split("content-length: ").nth(1).unwrap();
                let length = length.split("\r\n").next().unwrap().parse().unwrap();
                let mut body = vec![0; length];
                stream.read_exact(&mut body).unwrap();
                let request = ExportTraceServiceRequest::decode(&*body).unwrap();
                kept.lock().unwrap().push(request);
                let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
                stream.get_mut().write_all(answer).unwrap();
            }
        });
        Self { url, requests }
    }

    fn spans(&self) -> Vec<Span> {
        let requests = self.requests.lock().unwrap();
        let resources = requests.iter().flat_map(|request| &request.resource_spans);
        let scopes = resources.flat_map(|resource| &resource.scope_spans);
        scopes.flat_map(|scope| scope.spans.clone()).collect()
    }

    /// The values of a resource's attribute, over all requests.
    fn resource(&self, key: &str) -> Vec<Value> {
        let requests = self.requests.lock().unwrap();
        let resources = requests.iter().flat_map(|request| &request.resource_spans);
        let mut values: Vec<Value> = resources
            .filter_map(|resource| value(&resource.resource.as_ref()?.attributes, key))
            .collect();
        values.dedup();
        values
    }
}

fn value(attributes: &[KeyValue], key: &str) -> Option<Value> {
    let attribute = attributes.iter().find(|attribute| attribute.key == key)?;
    let AnyValue { value } = attribute.value.clone()?;
    value
}

fn run(place: &Place, traces: &str) -> Process {
    let data = place.data().display().to_string();
    let mut args = vec!["run", "--aircraft", "300", "--report-interval", "2s"];
    args.extend([
        "--data",
        &data,
        "--listen",
        "127.0.0.1:0",
        "--traces",
        traces,
    ]);
    Process::spawn(place.command(args))
}

#[test]
fn commits_and_requests_come_to_the_collector() {
    let collector = Collector::start();
    let place = Place::new();
    let mut process = run(&place, &collector.url);
    let page = process.address();
    http::wait_until_indexed(page, 100);
    http::get(page, "/api/v1/flights/zzz").is(404);
    // The last spans are sent at the end.
    process.signal("TERM");
    process.wait(PATIENCE).succeeded();

    let spans = collector.spans();
    let named = |name: &'static str| spans.iter().filter(move |span| span.name == name);
    for app in ["process", "index"] {
        let of_app = |span: &&Span| {
            value(&span.attributes, "app") == Some(Value::StringValue(app.to_owned()))
        };
        let records = named("commit").filter(of_app).map(|span| {
            assert!(span.end_time_unix_nano > span.start_time_unix_nano);
            match value(&span.attributes, "records") {
                Some(Value::IntValue(records)) => records,
                _ => 0,
            }
        });
        let records: i64 = records.sum();
        assert!(records > 100, "{app}: {records}");
    }
    for write in named("write") {
        let is_parent = |span: &Span| span.span_id == write.parent_span_id;
        assert!(named("commit").any(is_parent), "{write:?}");
    }
    assert!(named("write").count() > 0);
    let answers = |route: &'static str| {
        named(route).map(|span| {
            assert_eq!(span.kind, i32::from(SpanKind::Server));
            value(&span.attributes, "http.response.status_code")
        })
    };
    let ok = Some(Value::IntValue(200));
    assert!(answers("GET /api/v1/status").all(|status| status == ok));
    let refused: Vec<_> = answers("GET /api/v1/flights/{hex}").collect();
    assert_eq!(refused, [Some(Value::IntValue(404))]);
    let service = Value::StringValue("flightstream".to_owned());
    assert_eq!(collector.resource("service.name"), [service]);
}

#[test]
fn a_collector_that_is_away_is_told_once_and_costs_nothing() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr();
    let place = Place::new();
    let mut process = run(&place, &format!("http://{}", nobody.unwrap()));
    let page = process.address();
    process.wait_for_line("no collector takes traces");
    http::wait_until_indexed(page, 100);
    process.signal("TERM");
    let ended = process.wait(PATIENCE).succeeded();
    assert_eq!(ended.stderr.matches("no collector takes traces").count(), 1);
}

#[test]
fn what_is_no_collector_is_refused() {
    for url in ["collector", "ftp://collector", "http://"] {
        let place = Place::new();
        let process = Process::spawn(place.command(["run", "--traces", url]));
        process.wait(PATIENCE).failed(2, &["--traces"]);
    }
}
