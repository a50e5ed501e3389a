//! The dashboard over plain HTTP, beside a pipeline at work.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a helper fails as the test that calls it does"
)]

mod support;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use flightstream_core::batch::{Raw, Record};
use flightstream_core::log::{Isolation, Log};
use flightstream_core::time::Timestamp;
use serde_json::{Value, json};
use support::{Place, Process, http, topics, wait_until};

const AIRCRAFT: u64 = 300;

/// All stages at work on simulated traffic; they end with the value.
struct Dashboard {
    address: SocketAddr,
    process: Process,
    _place: Place,
}

fn start() -> Dashboard {
    let place = Place::new();
    let data = place.data();
    let mut args = vec!["run", "--aircraft", "300", "--listen", "127.0.0.1:0"];
    args.extend(["--report-interval", "2s", "--data", data.to_str().unwrap()]);
    let mut process = Process::spawn(place.command(args));
    let address = process.address();
    http::wait_until_indexed(address, AIRCRAFT / 3);
    Dashboard {
        address,
        process,
        _place: place,
    }
}

fn status(address: SocketAddr) -> Value {
    http::get(address, "/api/v1/status").is(200).json()
}

/// The header of the binary positions, and the addresses in it.
#[derive(Debug)]
struct Positions {
    version: u64,
    matching: u32,
    removed: u32,
    full: bool,
    places: Vec<(u32, f32, f32)>,
}

impl Positions {
    #[track_caller]
    fn get(address: SocketAddr, query: &str) -> Self {
        let answer = http::get(address, &format!("/api/v1/positions{query}")).is(200);
        assert_eq!(
            answer.header("content-type"),
            Some("application/octet-stream")
        );
        assert_eq!(answer.header("cache-control"), Some("no-cache"));
        Self::read(&answer.body)
    }

    #[track_caller]
    fn read(body: &[u8]) -> Self {
        assert_eq!(&body[..4], b"FSP1", "expected the format's name first");
        let word = |at: usize| u32::from_le_bytes(body[at..at + 4].try_into().unwrap());
        let (rows, removed) = (word(4) as usize, word(28));
        assert_eq!(
            body.len(),
            40 + rows * 24 + removed as usize * 4,
            "expected as many rows as the header says"
        );
        let place = |row: usize| {
            let at = 40 + row * 24;
            (
                word(at),
                f32::from_bits(word(at + 4)),
                f32::from_bits(word(at + 8)),
            )
        };
        Self {
            version: u64::from_le_bytes(body[8..16].try_into().unwrap()),
            matching: word(24),
            removed,
            full: word(32) & 1 == 1,
            places: (0..rows).map(place).collect(),
        }
    }
}

#[test]
fn the_page_and_its_files_have_the_headers_that_keep_it_to_itself() {
    let dashboard = start();
    let page = http::get(dashboard.address, "/").is(200);
    let policy = page.header("content-security-policy").unwrap_or_default();
    for rule in [
        "default-src 'none'",
        "script-src 'self'",
        "connect-src 'self'",
        "frame-ancestors 'none'",
    ] {
        assert!(policy.contains(rule), "expected {rule:?} in {policy:?}");
    }
    assert!(
        !policy.contains("unsafe"),
        "expected nothing unsafe in {policy:?}"
    );
    assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(page.header("referrer-policy"), Some("no-referrer"));
    assert_eq!(
        page.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    assert_eq!(page.header("cache-control"), Some("no-cache"));

    let page = page.text();
    let assets: Vec<&str> = page
        .split('"')
        .filter(|text| {
            text.trim_start_matches('.').starts_with("/assets/") || text.starts_with("assets/")
        })
        .collect();
    assert!(
        assets.len() >= 2,
        "expected scripts and styles in the page:\n{page}"
    );
    for asset in assets {
        let path = format!(
            "/{}",
            asset.trim_start_matches("./").trim_start_matches('/')
        );
        let file = http::get(dashboard.address, &path).is(200);
        assert!(
            file.header("cache-control")
                .is_some_and(|cache| cache.contains("immutable")),
            "expected {path} to be kept for ever"
        );
        let kind = match path.rsplit_once('.').map(|(_, ending)| ending) {
            Some("js" | "mjs") => "text/javascript; charset=utf-8",
            Some("css") => "text/css; charset=utf-8",
            Some("svg") => "image/svg+xml",
            _ => file.header("content-type").unwrap_or_default(),
        };
        assert_eq!(file.header("content-type"), Some(kind), "{path}");
        assert_eq!(
            file.header("x-content-type-options"),
            Some("nosniff"),
            "{path}"
        );
        assert!(!file.body.is_empty(), "expected {path} to hold something");
    }
    http::get(dashboard.address, "/assets/none.js").is(404);
    http::get(dashboard.address, "/../Cargo.toml").is(404);
    assert_eq!(
        http::get(dashboard.address, "/healthz").is(200).text(),
        "ok\n"
    );
}

#[test]
fn pages_elsewhere_cannot_reach_it_by_a_name_of_their_own() {
    let dashboard = start();
    let address = dashboard.address;
    let from =
        |host: &str| http::request(address, "GET", "/api/v1/status", &[("Host", host)], b"").status;
    for host in [
        "evil.example",
        "evil.example:8080",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
    ] {
        assert_eq!(from(host), 421, "expected {host} to be refused");
    }
    for host in ["localhost", "localhost:8080", "127.0.0.1", "[::1]:8080"] {
        assert_eq!(from(host), 200, "expected {host} to be answered");
    }
}

#[test]
fn a_server_for_others_answers_to_the_names_that_it_was_given() {
    let place = Place::new();
    let data = place.data();
    let mut args = vec!["run", "--aircraft", "3", "--data", data.to_str().unwrap()];
    args.extend([
        "--listen",
        "127.0.0.1:0",
        "--allowed-host",
        "flights.example",
    ]);
    let mut process = Process::spawn(place.command(args));
    let address = process.address();
    for (host, status) in [
        ("flights.example", 200),
        ("localhost:8080", 200),
        ("evil.example", 421),
    ] {
        let host = [("Host", host)];
        let answer = http::request(address, "GET", "/api/v1/status", &host, b"");
        assert_eq!(answer.status, status, "{host:?}");
    }
}

#[test]
fn what_a_page_of_another_site_asks_for_is_not_computed() {
    let dashboard = start();
    let address = dashboard.address;
    let host = address.to_string();
    let ask = |headers: &[(&str, &str)]| {
        let headers = [&[("Host", host.as_str())], headers].concat();
        http::request(address, "POST", "/api/v1/search", &headers, b"{}").status
    };
    let own = format!("http://{address}");
    assert_eq!(ask(&[]), 200);
    assert_eq!(
        ask(&[("Sec-Fetch-Site", "same-origin"), ("Origin", &own)]),
        200
    );
    assert_eq!(ask(&[("Origin", &own)]), 200);
    assert_eq!(ask(&[("Origin", "https://evil.example")]), 403);
    let simple = [
        ("Sec-Fetch-Mode", "no-cors"),
        ("Content-Type", "text/plain"),
    ];
    for site in ["cross-site", "same-site"] {
        assert_eq!(
            ask(&[&[("Sec-Fetch-Site", site)], &simple[..]].concat()),
            403
        );
    }
}

#[cfg(target_os = "linux")]
#[test]
fn idle_connections_to_all_servers_leave_files_to_the_topics() {
    let place = Place::new();
    let data = place.data();
    let run = place.command(["run", "--aircraft", "30", "--data", data.to_str().unwrap()]);
    let mut limited = std::process::Command::new("sh");
    let mut options = vec!["--report-interval", "1s", "--listen", "127.0.0.1:0"];
    options.extend(["--metrics", "127.0.0.1:0", "--search-api", "127.0.0.1:0"]);
    limited.args(["-c", "ulimit -n 128; exec \"$@\"", "sh"]);
    limited
        .arg(run.get_program())
        .args(run.get_args())
        .args(options);
    limited.envs(
        run.get_envs()
            .filter_map(|(name, value)| Some((name, value?))),
    );
    let (out, err) = (std::process::Stdio::piped(), std::process::Stdio::piped());
    limited.stdout(out).stderr(err);
    let mut process = Process::spawn(limited);
    let after = |line: String, text: &str| -> SocketAddr {
        let (_, rest) = line.split_once(text).unwrap();
        rest.split(['/', ' ']).next().unwrap().parse().unwrap()
    };
    let servers = [
        after(process.wait_for_line("clients at"), "clients at "),
        after(process.wait_for_line("metrics at http://"), "http://"),
        process.address(),
    ];
    // A few places are left at the dashboard, to ask it.
    let idle = [(servers[0], 100), (servers[1], 100), (servers[2], 60)].map(|(address, most)| {
        (0..most)
            .map_while(|_| std::net::TcpStream::connect(address).ok())
            .collect::<Vec<_>>()
    });
    assert!(idle.iter().all(|idle| idle.len() >= 60));
    let read = || status(servers[2])["pipeline"]["read"].as_u64().unwrap();
    for _ in 0..3 {
        let before = read();
        wait_until("records go on", || read() > before);
    }
    let open = std::fs::read_dir(format!("/proc/{}/fd", process.child.id())).unwrap();
    let open = open.count();
    assert!(open <= 128 - 16, "{open} of 128 files are open");
    drop(idle);
    assert!(process.is_running());
}

#[test]
fn status_and_events_tell_what_goes_on() {
    let mut dashboard = start();
    let address = dashboard.address;
    let mut events = http::events(address, "/api/v1/events");
    let first = events.next_data();
    for key in [
        "version", "as_of", "now", "clock", "replay", "total", "pipeline",
    ] {
        assert!(first.get(key).is_some(), "expected {key:?} in {first}");
    }
    assert_eq!(first["replay"], false, "{first}");
    assert_eq!(first["pipeline"]["state"], "running", "{first}");
    let second = events.next_data();
    assert!(
        second["now"].as_i64() > first["now"].as_i64()
            && second["version"].as_u64() >= first["version"].as_u64(),
        "expected time to go on: {first} {second}"
    );
    wait_until("records are read", || {
        status(address)["pipeline"]["read"].as_u64() > second["pipeline"]["read"].as_u64()
    });
    let pipeline = status(address)["pipeline"].clone();
    let rejected: u64 = pipeline["rejected"]
        .as_object()
        .unwrap()
        .values()
        .filter_map(Value::as_u64)
        .sum();
    assert_eq!(
        pipeline["read"].as_u64().unwrap(),
        pipeline["enriched"].as_u64().unwrap() + rejected,
        "expected what was read to be accounted for: {pipeline}"
    );
    assert!(dashboard.process.is_running());
}

#[test]
fn positions_come_whole_then_as_what_has_changed() {
    let Dashboard {
        address,
        process: _process,
        _place,
    } = start();
    let all = Positions::get(address, "");
    assert!(all.full && all.removed == 0, "expected everything: {all:?}");
    assert_eq!(
        all.places.len() as u32,
        all.matching,
        "expected all that match"
    );
    assert!(
        all.places.iter().all(|(_, lat, lon)| lat.abs() <= 90.0
            && lon.abs() <= 180.0
            && (*lat, *lon) != (0.0, 0.0)),
        "expected places on the Earth"
    );
    let since = format!("?since={}", all.version);
    wait_until("something changes", || {
        !Positions::get(address, &since).places.is_empty()
    });
    let delta = Positions::get(address, &since);
    assert!(
        !delta.full && delta.version > all.version,
        "expected only changes: {delta:?}"
    );
    // A version that never was means that the page knows another index.
    assert!(
        Positions::get(address, "?since=99999999999").full,
        "expected everything again"
    );

    let north = Positions::get(address, "?bbox=0,-180,90,180");
    assert!(
        !north.places.is_empty() && north.places.iter().all(|(_, lat, _)| *lat >= 0.0),
        "expected only the box: {north:?}"
    );
    for bad in [
        "?bbox=1,2,3",
        "?bbox=a,b,c,d",
        "?bbox=91,0,95,10",
        "?bbox=",
        "?bbox=NaN,0,1,1",
    ] {
        let answer = http::get(address, &format!("/api/v1/positions{bad}")).is(400);
        assert!(
            answer.json()["error"]["reason"].is_string(),
            "{bad}: {}",
            answer.text()
        );
    }
    http::get(address, "/api/v1/positions?since=soon").is(400);
    http::get(address, "/api/v1/positions?bbbox=1,2,3,4").is(400);
}

#[test]
fn what_is_known_is_not_sent_again() {
    let Dashboard {
        address,
        process: _process,
        _place,
    } = start();
    // The index may change between two requests, so it takes a few.
    wait_until("an answer that nothing has changed", || {
        let answer = http::get(address, "/api/v1/positions").is(200);
        let etag = answer.header("etag").expect("expected an ETag").to_owned();
        assert_eq!(
            etag,
            format!("\"{}\"", Positions::read(&answer.body).version)
        );
        let headers = [("If-None-Match", etag.as_str())];
        let again = http::request(address, "GET", "/api/v1/positions", &headers, b"");
        assert!(
            again.status == 200 || again.body.is_empty(),
            "expected no body with 304"
        );
        again.status == 304
    });
}

#[test]
fn searches_are_answered_or_refused_by_name() {
    let Dashboard {
        address,
        process: _process,
        _place,
    } = start();
    let search = |body: Value| http::post(address, "/api/v1/search", body.to_string().as_bytes());
    let types = search(json!({"size": 0, "aggs": {"types": {"terms": {"field": "type"}}}}))
        .is(200)
        .json();
    let counted: u64 = types["aggregations"]["types"]["buckets"]
        .as_array()
        .unwrap_or_else(|| panic!("expected buckets: {types}"))
        .iter()
        .filter_map(|bucket| bucket["doc_count"].as_u64())
        .sum();
    assert_eq!(
        Some(counted),
        types["hits"]["total"]["value"].as_u64(),
        "expected each flight to have a type: {types}"
    );

    let unknown = search(json!({"aggs": {"x": {"significant_text": {"field": "type"}}}})).is(400);
    assert!(
        unknown.text().contains("significant_text"),
        "expected the name of what is unknown: {}",
        unknown.text()
    );
    let unknown = search(json!({"query": {"fuzzy": {"type": "x"}}})).is(400);
    assert!(
        unknown.text().contains("fuzzy"),
        "expected the name of what is unknown: {}",
        unknown.text()
    );
    http::post(address, "/api/v1/search", b"{\"size\":").is(400);
    http::post(address, "/api/v1/search", b"\xff\xfe").is(400);
    let large = format!("{{\"x\":\"{}\"}}", "x".repeat(100_000));
    http::post(address, "/api/v1/search", large.as_bytes()).is(413);
    http::get(address, "/api/v1/search").is(405);

    let percents = |count: usize| {
        let percentiles = json!({"percentiles": {"field": "alt", "percents": vec![1; count]}});
        let altitudes =
            json!({"field": "alt", "interval": 1, "extended_bounds": {"min": 0, "max": 3000}});
        json!({"size": 0, "aggs": {"h": {"histogram": altitudes, "aggs": {"p": percentiles}}}})
    };
    let refused = search(percents(4000)).is(400);
    assert!(refused.text().contains("[256]"), "{}", refused.text());
    let refused = search(percents(256)).is(429);
    assert!(refused.text().contains("[33554432]"), "{}", refused.text());
}

#[test]
fn a_flight_is_found_by_its_address_in_any_case() {
    let Dashboard {
        address,
        process: _process,
        _place,
    } = start();
    let hits = http::post(address, "/api/v1/search", br#"{"size":1}"#)
        .is(200)
        .json();
    let hex = hits["hits"]["hits"][0]["_id"]
        .as_str()
        .expect("expected a hit")
        .to_owned();
    for name in [hex.clone(), hex.to_lowercase()] {
        let flight = http::get(address, &format!("/api/v1/flights/{name}")).is(200);
        assert_eq!(flight.header("content-type"), Some("application/json"));
        assert_eq!(flight.json()["hex"], hex.as_str(), "{}", flight.text());
    }
    for name in ["FFFFFF", "nothing", "%00", "%F0%9F%9B%A9"] {
        let answer = http::get(address, &format!("/api/v1/flights/{name}")).is(404);
        assert_eq!(
            answer.json()["error"]["type"],
            "not_found",
            "{}",
            answer.text()
        );
    }
}

#[test]
fn the_total_is_the_number_of_positions() {
    // At a standstill, so that the two cannot differ by what happens between two requests.
    let place = Place::new();
    let file = place.simulate(
        "flights.ndjson",
        &["--aircraft", "300", "--duration", "20s"],
    );
    let data = place.data();
    let mut args = vec!["run", file.to_str().unwrap(), "--listen", "127.0.0.1:0"];
    args.extend(["--data", data.to_str().unwrap()]);
    let mut process = Process::spawn(place.command(args));
    let address = process.address();
    wait_until("the source is done and nothing lags", || {
        let status = status(address);
        status["pipeline"]["state"] == "done"
            && status["pipeline"]["lag"] == 0
            && status["pipeline"]["indexed"].as_u64() > Some(0)
    });
    let positions = Positions::get(address, "");
    let status = status(address);
    assert_eq!(
        status["total"].as_u64(),
        Some(positions.places.len() as u64),
        "{status}"
    );
    assert_eq!(
        status["replay"], true,
        "expected a replay to be told: {status}"
    );
    assert_eq!(
        status["clock"].as_i64().map(|clock| clock / 60_000),
        Some(1_700_000_019_000 / 60_000),
        "expected the clock of the recording: {status}"
    );
    let count = http::post(
        address,
        "/api/v1/search",
        br#"{"size":0,"track_total_hits":true}"#,
    )
    .is(200)
    .json();
    assert_eq!(count["hits"]["total"]["value"], status["total"], "{count}");
}

#[test]
fn a_reader_that_reads_nothing_holds_nobody_up() {
    let Dashboard {
        address,
        process: _process,
        _place,
    } = start();
    let mut idle: Vec<_> = (0..8)
        .map(|_| http::events(address, "/api/v1/events"))
        .collect();
    let mut awake = http::events(address, "/api/v1/events");
    let before = awake.next_data();
    let began = Instant::now();
    let mut last = before.clone();
    let mut ticks = 0;
    while began.elapsed() < Duration::from_secs(3) {
        last = awake.next_data();
        ticks += 1;
    }
    assert!(
        ticks >= 2,
        "expected ticks about once a second, but there were {ticks}"
    );
    assert!(
        last["pipeline"]["read"].as_u64() > before["pipeline"]["read"].as_u64(),
        "expected the pipeline to go on: {before} {last}"
    );
    // Who wakes up gets ticks again.
    for reader in &mut idle {
        reader.next_data();
    }
}

#[test]
fn the_dashboard_alone_knows_the_airports_that_it_is_given() {
    let place = Place::new();
    let table = "iata,icao,name,country,lat,lon\nQZZ,ZZQZ,Somebody's Own Field,FR,48.5,2.5\n";
    let table = place.file("own.csv", table).display().to_string();
    let data = place.data().display().to_string();
    let own = ["dashboard", "--data", &data, "--listen", "127.0.0.1:0"];
    let mut process = Process::spawn(place.command(own.iter().chain(&["--airports", &table])));
    let address = process.address();
    let page = http::get(address, "/api/v1/airports/QZZ").is(200).json();
    assert!(page.to_string().contains("Somebody's Own Field"), "{page}");
    process.kill();
    let mut process = Process::spawn(place.command(own));
    http::get(process.address(), "/api/v1/airports/QZZ").is(404);
}

/// Such as one that somebody has put into the topic by other means.
#[test]
fn the_envelope_of_an_answer_is_not_shown() {
    let place = Place::new();
    let file = place.simulate("flights.ndjson", &["--aircraft", "10", "--duration", "2s"]);
    place.replay(&file).succeeded();
    let request = json!({"key": {"api_key": "S3CRET"}, "client": {"ip": "192.0.2.7"}});
    let envelope = json!({"request": request, "response": []}).to_string();
    let log = topics::open(&place.data());
    let message = Record::new(Raw::from(envelope), Timestamp::from_seconds(1_700_000_002));
    let mut writer = log.writer(Isolation::Immediate).unwrap();
    writer.append("flight", vec![message]).unwrap();
    writer.commit("test", &[]).unwrap();
    drop((writer, log));

    let data = place.data().display().to_string();
    let mut args = vec!["run", file.to_str().unwrap(), "--listen", "127.0.0.1:0"];
    args.extend(["--data", &data]);
    let mut process = Process::spawn(place.command(args));
    let address = process.address();
    let pipeline = || http::get(address, "/api/v1/pipeline").is(200);
    wait_until("a sample of what was refused", || {
        pipeline().json()["rejected"][0]["samples"][0].is_object()
    });
    let text = pipeline().text();
    assert!(text.contains("not shown"), "{text}");
    assert!(
        !text.contains("S3CRET") && !text.contains("192.0.2.7"),
        "{text}"
    );
}
