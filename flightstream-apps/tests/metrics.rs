//! The endpoint for Prometheus: what it tells is true, and is all that rules and dashboards ask for.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a helper fails as the test that calls it does"
)]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;

use support::{Place, Process, http, wait_until};

/// Values by name and labels, as in `name{label="value"}`.
struct Scrape(String);

impl Scrape {
    #[track_caller]
    fn of(address: SocketAddr) -> Self {
        Self(http::get(address, "/metrics").is(200).text())
    }

    /// The sum over all series of a metric that have these labels.
    fn sum(&self, name: &str, labels: &[&str]) -> f64 {
        let series = self.0.lines().filter_map(|line| {
            let (series, value) = line.rsplit_once(' ')?;
            let (found, with) = series.split_once('{').unwrap_or((series, ""));
            let is_wanted = found == name && labels.iter().all(|label| with.contains(label));
            is_wanted.then(|| value.parse::<f64>().unwrap())
        });
        series.sum()
    }

    /// The names that it has a type for, or a description.
    fn names(&self, what: &str) -> BTreeSet<String> {
        let names = self.0.lines().filter_map(|line| line.strip_prefix(what));
        names
            .map(|rest| rest.split_whitespace().next().unwrap().to_owned())
            .collect()
    }
}

fn metrics_address(process: &mut Process) -> SocketAddr {
    let line = process.wait_for_line("metrics at http://");
    let (_, rest) = line.split_once("http://").unwrap();
    rest.split('/').next().unwrap().parse().unwrap()
}

/// All stages on simulated traffic with defects, with a statistic.
fn start(place: &Place) -> (Process, SocketAddr) {
    let data = place.data();
    let mut args = vec!["run", "--aircraft", "300", "--listen", "127.0.0.1:0"];
    args.extend([
        "--dirt",
        "--statistics",
        "airport",
        "--report-interval",
        "1s",
    ]);
    args.extend(["--metrics", "127.0.0.1:0", "--data", data.to_str().unwrap()]);
    let mut process = Process::spawn(place.command(args));
    let address = metrics_address(&mut process);
    (process, address)
}

/// Answers each call as the Airlabs API does, with one flight.
fn api() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for connection in listener.incoming().map_while(Result::ok) {
            let mut lines = BufReader::new(&connection).lines().map_while(Result::ok);
            while lines.next().is_some_and(|line| !line.is_empty()) {}
            let body =
                r#"{"response":[{"hex":"48AE23","lat":52.1,"lng":20.9,"updated":1706705158}]}"#;
            let length = body.len();
            let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close";
            // The client may have gone.
            let _ = write!(
                &connection,
                "{head}\r\nContent-Length: {length}\r\n\r\n{body}"
            );
        }
    });
    address
}

/// The names of this project's metrics in the files of a folder of `infra`, without what histograms append.
fn asked_for(folder: &str, exported: &BTreeSet<String>) -> BTreeMap<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../infra")
        .join(folder);
    let mut found = BTreeMap::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        for word in
            words.filter(|word| word.starts_with("process_") || word.starts_with("flightstream_"))
        {
            let endings = ["_bucket", "_count", "_sum"];
            let base = endings.iter().find_map(|ending| word.strip_suffix(ending));
            let base = base.filter(|base| exported.contains(*base)).unwrap_or(word);
            found.insert(base.to_owned(), path.display().to_string());
        }
    }
    found
}

#[test]
fn rules_and_dashboards_ask_for_what_is_exported_and_for_all_of_it() {
    let place = Place::new();
    let (_process, address) = start(&place);
    wait_until("each stage has committed something", || {
        let scrape = Scrape::of(address);
        scrape.sum("flightstream_rejected_total", &["app=\"process\""]) > 0.0
            && scrape.sum("flightstream_sink_total", &["app=\"index\""]) > 0.0
            && scrape.sum("flightstream_state_entries", &["store="]) > 0.0
    });

    let other = Place::new();
    let url = format!("http://{}", api());
    let mut command = other.command(["produce", "stream", "--metrics", "127.0.0.1:0"]);
    command
        .args(["--api-url", &url])
        .env("FLIGHTSTREAM_API_KEY", "aaaaaaaa-1111");
    let mut producer = Process::spawn(command);
    let of_producer = metrics_address(&mut producer);
    wait_until("the API has answered", || {
        let answered = ["outcome=\"answered\""];
        Scrape::of(of_producer).sum("flightstream_api_requests_total", &answered) == 1.0
    });

    let scrapes = [Scrape::of(address), Scrape::of(of_producer)];
    let of_both = |what| {
        let names = scrapes.iter().map(|scrape: &Scrape| scrape.names(what));
        names.flatten().collect::<BTreeSet<_>>()
    };
    let mut exported = of_both("# TYPE ");
    let described = of_both("# HELP ");
    assert_eq!(exported, described, "each metric says what it is");
    // It shows up with the first index that turns a document away.
    exported.insert(flightstream_core::runtime::metrics::BULK_RETRIED.to_owned());

    let dashboards = asked_for("grafana/dashboards", &exported);
    let rules = asked_for("prometheus/rules", &exported);
    for (name, file) in dashboards.iter().chain(&rules) {
        assert!(
            exported.contains(name),
            "{file} asks for {name}, which is not exported"
        );
    }
    for name in &exported {
        assert!(dashboards.contains_key(name), "no dashboard shows {name}");
    }
    assert_eq!(
        scrapes[1].sum("flightstream_produced_total", &["topic=\"flight\""]),
        1.0
    );
}

#[test]
fn the_figures_are_those_of_the_data() {
    let place = Place::new();
    let file = place.simulate(
        "flights.ndjson",
        &["--duration", "20s", "--aircraft", "200", "--dirt"],
    );
    let messages = std::fs::read(&file).unwrap();
    let messages: Vec<_> = messages
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .collect();
    let expected = support::oracle::Oracle::new().expect(messages);

    let mut args = place.replay_args(&file);
    args.retain(|arg| arg != "--exit-when-done");
    args.extend(["--metrics".to_owned(), "127.0.0.1:0".to_owned()]);
    let mut process = Process::spawn(place.command(args));
    let address = metrics_address(&mut process);
    let app = "app=\"process\"";
    wait_until("everything is read", || {
        Scrape::of(address).sum("flightstream_records_in_total", &[app]) >= expected.read as f64
    });
    let scrape = Scrape::of(address);
    let sum = |name, label: &str| scrape.sum(name, &[app, label]);
    assert_eq!(
        sum("flightstream_records_in_total", ""),
        expected.read as f64
    );
    assert_eq!(
        sum("flightstream_records_out_total", ""),
        expected.enriched as f64
    );
    for (reason, count) in &expected.rejected {
        let label = format!("reason=\"{reason}\"");
        assert_eq!(
            sum("flightstream_rejected_total", &label),
            *count as f64,
            "{reason}"
        );
    }
    for (kind, count) in &expected.by_type {
        let label = format!("outcome=\"{kind}\"");
        assert_eq!(
            sum("flightstream_sink_total", &label),
            *count as f64,
            "{kind}"
        );
    }
    assert_eq!(sum("flightstream_lag", ""), 0.0);
    assert_eq!(sum("flightstream_task_state", ""), 4.0 * 3.0);
    assert_eq!(sum("flightstream_batch_len_sum", ""), expected.read as f64);
    assert!(sum("flightstream_commit_seconds_count", "") >= 1.0);
    let produced = scrape.sum("flightstream_produced_total", &["topic=\"flight\""]);
    assert_eq!(produced, expected.read as f64);
}

#[test]
fn a_stage_tells_probes_how_it_is() {
    let place = Place::new();
    let (process, address) = start(&place);
    wait_until("it is ready", || {
        http::get(address, "/readyz").status == 200
    });
    http::get(address, "/healthz").is(200);
    let url = format!("http://{address}/readyz");
    place.run(["healthcheck", &url]).succeeded();

    let foreign = http::request(
        address,
        "GET",
        "/metrics",
        &[("Host", "attacker.example")],
        b"",
    );
    assert_eq!(
        foreign.status, 421,
        "a page elsewhere cannot read it by its own name"
    );

    let taken = address.to_string();
    let second = ["process", "--metrics", &taken, "--exit-when-done"];
    place.run(second).failed(2, &["--metrics", &taken]);

    process.kill();
    place
        .run(["healthcheck", &url])
        .failed(1, &["not well", &url]);
    place
        .run(["healthcheck", "ftp://x"])
        .failed(2, &["http://HOST:PORT/PATH"]);
}

#[test]
fn without_being_asked_nothing_is_served() {
    let place = Place::new();
    let data = place.data();
    let args = [
        "run",
        "--aircraft",
        "10",
        "--listen",
        "127.0.0.1:0",
        "--data",
    ];
    let mut process = Process::spawn(place.command(args.iter().copied().chain(data.to_str())));
    let address = process.address();
    assert_eq!(http::get(address, "/metrics").status, 404);
}
