//! The HTTP API at a standstill: each figure against loops over the documents, or over the recorded messages.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a helper fails as the test that calls it does"
)]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::{Place, Process, http, wait_until};

/// A process that has replayed a file and shows what is there.
struct Standstill {
    address: SocketAddr,
    process: Process,
    place: Place,
    /// The messages of the file that are JSON with an address and a time.
    messages: Vec<Value>,
    documents: Vec<Value>,
}

impl Standstill {
    /// Simulated traffic of forty minutes with the defects of real feeds, an emergency and a jump.
    fn simulated() -> Self {
        let place = Place::new();
        let mut options = vec!["--aircraft", "150", "--duration", "40m"];
        options.extend(["--report-interval", "20s", "--dirt"]);
        let file = place.simulate("flights.ndjson", &options);
        let mut lines = std::fs::read(&file).unwrap();
        let end = newest(&messages_of(&lines));
        for step in 0..6 {
            let time = end - 60 + step * 10;
            for message in [emergency(time), jump(time, step)] {
                lines.extend(message.to_string().bytes().chain(*b"\n"));
            }
        }
        std::fs::write(&file, lines).unwrap();
        Self::of(place, &file)
    }

    fn of(place: Place, file: &Path) -> Self {
        let messages = messages_of(&std::fs::read(file).unwrap());
        let data = place.data();
        let mut args = vec!["run", file.to_str().unwrap(), "--listen", "127.0.0.1:0"];
        args.extend(["--data", data.to_str().unwrap(), "--history", "1d"]);
        let mut process = Process::spawn(place.command(args));
        let address = process.address();
        wait_until("all stages have read everything", || {
            let view = http::get(address, "/api/v1/pipeline").is(200).json();
            let stages = view["stages"].as_array().unwrap();
            let state = http::get(address, "/api/v1/status").is(200).json();
            state["pipeline"]["state"] == "done"
                && stages.len() == 5
                && stages.iter().all(|stage| {
                    stage["lag"] == 0 && (stage["read"] != 0 || stage["name"] == "windows")
                })
        });
        let flights = http::get(address, "/api/v1/flights?limit=100000")
            .is(200)
            .json();
        let documents = flights["flights"].as_array().unwrap().clone();
        assert_eq!(flights["total"].as_u64(), Some(documents.len() as u64));
        assert!(documents.len() > 50, "expected aircraft: {flights}");
        Self {
            address,
            process,
            place,
            messages,
            documents,
        }
    }

    #[track_caller]
    fn get(&self, path: &str) -> Value {
        http::get(self.address, &format!("/api/v1/{path}"))
            .is(200)
            .json()
    }

    fn count(&self, holds: impl Fn(&Value) -> bool) -> u64 {
        self.documents
            .iter()
            .filter(|document| holds(document))
            .count() as u64
    }
}

fn messages_of(file: &[u8]) -> Vec<Value> {
    let lines = file.split(|byte| *byte == b'\n');
    let messages = lines.filter_map(|line| serde_json::from_slice::<Value>(line).ok());
    messages
        .filter(|message| message["hex"].is_string() && message["updated"].is_i64())
        .collect()
}

/// Sources write some numbers as text.
fn number(value: &Value) -> Option<f64> {
    value
        .as_f64()
        .or_else(|| value.as_str()?.trim().parse().ok())
}

fn newest(messages: &[Value]) -> i64 {
    messages
        .iter()
        .filter_map(|message| message["updated"].as_i64())
        .max()
        .unwrap()
}

fn emergency(time: i64) -> Value {
    json!({ "hex": "ABCDE1", "lat": 50.0, "lng": 8.0, "alt": 9000, "speed": 800, "squawk": "7700",
        "flight_iata": "XX1", "reg_number": "D-TEST", "updated": time, "status": "en-route" })
}

fn jump(time: i64, step: i64) -> Value {
    let lat = if step < 3 { 10.0 } else { 40.0 };
    json!({ "hex": "ABCDE2", "lat": lat, "lng": 8.0, "alt": 9000, "speed": 800, "updated": time })
}

/// Kilometres along a great circle, by another formula than the library's.
fn kilometres(from: &Value, to: &Value) -> f64 {
    let angles = |place: &Value| {
        (
            place["lat"].as_f64().unwrap().to_radians(),
            place["lon"].as_f64().unwrap().to_radians(),
        )
    };
    let ((a, b), (c, d)) = (angles(from), angles(to));
    let cross = a.cos() * (d - b).sin();
    let _ = cross;
    let y = ((c.cos() * (d - b).sin()).powi(2)
        + (a.cos() * c.sin() - a.sin() * c.cos() * (d - b).cos()).powi(2))
    .sqrt();
    let x = a.sin() * c.sin() + a.cos() * c.cos() * (d - b).cos();
    y.atan2(x) * 6_371.008_8
}

#[track_caller]
fn close(one: &Value, other: f64, what: &str) {
    let one = one
        .as_f64()
        .unwrap_or_else(|| panic!("expected a number of {what}: {one}"));
    assert!(
        (one - other).abs() <= 0.051 + other.abs() * 1e-6,
        "{what}: {one} is not {other}"
    );
}

fn text<'a>(document: &'a Value, field: &str) -> &'a str {
    document[field].as_str().unwrap_or_default()
}

fn altitude(document: &Value) -> f64 {
    document["alt"].as_f64().unwrap_or(f64::NAN)
}

#[test]
fn the_api_says_what_the_data_says() {
    let api = Standstill::simulated();
    filters_choose_what_a_loop_chooses(&api);
    pages_add_up_to_the_whole(&api);
    panels_are_sums_over_documents(&api);
    airports_have_the_flights_that_end_there(&api);
    clusters_count_each_position_once(&api);
    suggestions_have_the_counts_of_their_filters(&api);
    throughput_counts_aircraft_by_window(&api);
    history_is_where_aircraft_reported(&api);
    alerts_are_those_of_the_messages(&api);
    the_pipeline_accounts_for_every_message(&api);
    bad_requests_are_refused_by_name(&api);
    everything_is_described(&api);
    assert!(!api.place.path().as_os_str().is_empty());
    let mut process = api.process;
    assert!(process.is_running());
}

#[test]
#[ignore = "needs recorded rows: set FLIGHTSTREAM_REAL_ROWS to a CSV file of them"]
fn the_api_says_what_recorded_rows_say() {
    let rows = std::env::var_os("FLIGHTSTREAM_REAL_ROWS").expect("FLIGHTSTREAM_REAL_ROWS is set");
    let api = Standstill::of(Place::new(), Path::new(&rows));
    filters_choose_what_a_loop_chooses(&api);
    pages_add_up_to_the_whole(&api);
    panels_are_sums_over_documents(&api);
    airports_have_the_flights_that_end_there(&api);
    clusters_count_each_position_once(&api);
    suggestions_have_the_counts_of_their_filters(&api);
    the_pipeline_accounts_for_every_message(&api);
}

fn filters_choose_what_a_loop_chooses(api: &Standstill) {
    let some = |field: &str| {
        let known = api
            .documents
            .iter()
            .filter(|document| document[field].is_string());
        known
            .map(|document| text(document, field).to_owned())
            .nth(20)
            .unwrap()
    };
    let (airline, aircraft, flag) = (some("airline_icao"), some("aircraft_icao"), some("flag"));
    let (flight, registration) = (some("flight_iata"), some("reg_number"));
    let beginning = flight[..2].to_owned();
    let (arrival, name) = {
        let with =
            |document: &&Value| document["Arrival"].is_string() && document["arr_iata"].is_string();
        let document = api.documents.iter().find(with).unwrap();
        (
            text(document, "arr_iata").to_owned(),
            text(document, "Arrival").to_owned(),
        )
    };
    type Holds = Box<dyn Fn(&Value) -> bool>;
    let is = |field: &'static str, value: &str| -> Holds {
        let value = value.to_owned();
        Box::new(move |document| text(document, field) == value)
    };
    let cases: Vec<(String, Holds)> = vec![
        (String::new(), Box::new(|_| true)),
        (
            format!("aircraft={aircraft}"),
            is("aircraft_icao", &aircraft),
        ),
        (
            format!("aircraft={}", aircraft.to_lowercase()),
            is("aircraft_icao", &aircraft),
        ),
        (
            "aircraft=unknown".into(),
            Box::new(|document| document["aircraft_icao"].is_null()),
        ),
        (format!("airline={airline}"), is("airline_icao", &airline)),
        (format!("country={flag}"), is("flag", &flag)),
        (
            format!("registration={registration}"),
            is("reg_number", &registration),
        ),
        (format!("arrival={arrival}"), is("Arrival", &name)),
        (
            "departure=unknown".into(),
            Box::new(|document| document["dep_iata"].is_null() && document["dep_icao"].is_null()),
        ),
        ("type=International".into(), is("type", "International")),
        (
            "type=Domestic,Unknown".into(),
            Box::new(|document| text(document, "type") != "International"),
        ),
        ("status=en-route".into(), is("status", "en-route")),
        (
            "status=unknown".into(),
            Box::new(|document| document["status"].is_null()),
        ),
        (
            "on_ground=true".into(),
            Box::new(|document| document["on_ground"] == true),
        ),
        (
            "altitude=3000..9000".into(),
            Box::new(|document| (3000.0..9000.0).contains(&altitude(document))),
        ),
        (
            "altitude=9000..".into(),
            Box::new(|document| altitude(document) >= 9000.0),
        ),
        (
            "bbox=0,-180,90,0".into(),
            Box::new(|document| {
                let at = &document["position"];
                (0.0..=90.0).contains(&at["lat"].as_f64().unwrap())
                    && at["lon"].as_f64().unwrap() <= 0.0
            }),
        ),
        (
            format!("flight={flight}"),
            Box::new(move |document| {
                text(document, "flight_iata") == flight || text(document, "flight_icao") == flight
            }),
        ),
        (
            format!("flight={beginning}*"),
            Box::new(move |document| {
                text(document, "flight_iata").starts_with(&beginning)
                    || text(document, "flight_icao").starts_with(&beginning)
            }),
        ),
        (
            "type=International&altitude=9000..&on_ground=false".into(),
            Box::new(|document| {
                text(document, "type") == "International"
                    && altitude(document) >= 9000.0
                    && document["on_ground"] == false
            }),
        ),
    ];
    for (query, holds) in cases {
        let answer = api.get(&format!("flights?limit=100000&{query}"));
        let expected: BTreeSet<&str> = api
            .documents
            .iter()
            .filter(|document| holds(document))
            .map(|document| text(document, "hex"))
            .collect();
        let found: BTreeSet<&str> = answer["flights"]
            .as_array()
            .unwrap()
            .iter()
            .map(|document| text(document, "hex"))
            .collect();
        assert_eq!(found, expected, "{query}");
        assert!(
            query.contains("unknown") || query.contains("ground=true") || !found.is_empty(),
            "{query} chooses nothing"
        );
        assert_eq!(
            answer["total"].as_u64(),
            Some(expected.len() as u64),
            "{query}"
        );
        // All that takes filters takes them alike.
        assert_eq!(
            api.get(&format!("stats/summary?{query}"))["total"],
            answer["total"],
            "{query}"
        );
        assert_eq!(
            api.get(&format!("clusters?{query}"))["total"],
            answer["total"],
            "{query}"
        );
        let positions = http::get(api.address, &format!("/api/v1/positions?{query}"))
            .is(200)
            .body;
        let rows = u32::from_le_bytes(positions[4..8].try_into().unwrap());
        assert_eq!(u64::from(rows), expected.len() as u64, "{query}");
    }
}

fn pages_add_up_to_the_whole(api: &Standstill) {
    for sort in [
        "hex",
        "-alt",
        "speed",
        "-updated",
        "Arrival",
        "-flight_iata",
    ] {
        let (mut hexes, mut after, mut pages) = (Vec::new(), String::new(), 0);
        loop {
            let page = api.get(&format!("flights?sort={sort}&limit=13{after}"));
            let flights = page["flights"].as_array().unwrap();
            hexes.extend(flights.iter().map(|flight| text(flight, "hex").to_owned()));
            pages += 1;
            let Some(next) = page["next"].as_str() else {
                break;
            };
            let encoded: String = next.bytes().map(|byte| format!("%{byte:02x}")).collect();
            after = format!("&after={encoded}");
        }
        assert!(
            pages > 3 && hexes.len() == api.documents.len(),
            "{sort}: {pages} pages"
        );
        let field = sort.trim_start_matches('-');
        let mut expected: Vec<&Value> = api.documents.iter().collect();
        expected.sort_by(|one, other| {
            let order = match (&one[field], &other[field]) {
                (Value::Null, Value::Null) => std::cmp::Ordering::Equal,
                (Value::Null, _) => return std::cmp::Ordering::Greater,
                (_, Value::Null) => return std::cmp::Ordering::Less,
                (Value::String(one), Value::String(other)) => one.cmp(other),
                (one, other) => one.as_f64().unwrap().total_cmp(&other.as_f64().unwrap()),
            };
            let order = if sort.starts_with('-') {
                order.reverse()
            } else {
                order
            };
            order.then_with(|| text(one, "hex").cmp(text(other, "hex")))
        });
        let expected: Vec<&str> = expected
            .iter()
            .map(|document| text(document, "hex"))
            .collect();
        assert_eq!(hexes, expected, "{sort}");
    }
    let csv = http::get(api.address, "/api/v1/flights?format=csv&limit=100000").is(200);
    assert_eq!(csv.header("content-type"), Some("text/csv; charset=utf-8"));
    let text_of = csv.text();
    let lines: Vec<&str> = text_of.lines().collect();
    assert_eq!(lines.len(), api.documents.len() + 1);
    assert!(
        lines[0].starts_with("hex,reg_number,flag,lat,lon,alt,"),
        "{}",
        lines[0]
    );
    let geojson = api.get("flights?format=geojson&limit=5");
    let feature = &geojson["features"][0];
    let document = &api.documents[0];
    assert_eq!(feature["properties"], *document);
    assert_eq!(
        feature["geometry"]["coordinates"],
        json!([document["position"]["lon"], document["position"]["lat"]])
    );
    let link = http::get(api.address, "/api/v1/flights?format=csv&limit=5").is(200);
    let link = link.header("link").unwrap().to_owned();
    let next = link.trim_start_matches('<').split('>').next().unwrap();
    let next = http::get(api.address, next).is(200).text();
    assert!(
        next.lines()
            .nth(1)
            .unwrap()
            .starts_with(text(&api.documents[5], "hex")),
        "{next}"
    );
}

/// Count, mean and maximum of the known speeds of what certainly flies.
fn speeds<'a>(documents: impl Iterator<Item = &'a Value>) -> (u64, f64, f64) {
    let flying = documents.filter(|document| document["on_ground"] == false);
    let speeds: Vec<f64> = flying
        .filter_map(|document| document["speed"].as_f64())
        .collect();
    let sum: f64 = speeds.iter().sum();
    (
        speeds.len() as u64,
        sum / speeds.len() as f64,
        speeds.iter().copied().fold(0.0, f64::max),
    )
}

fn panels_are_sums_over_documents(api: &Standstill) {
    let stats = api.get("stats");
    let summary = &stats["summary"];
    assert_eq!(*summary, api.get("stats/summary"));
    assert_eq!(summary["total"].as_u64(), Some(api.documents.len() as u64));
    for kind in ["Domestic", "International", "Unknown"] {
        let expected = api.count(|document| text(document, "type") == kind);
        assert_eq!(summary["by_type"][kind].as_u64(), Some(expected), "{kind}");
    }
    for (status, count) in summary["by_status"].as_object().unwrap() {
        let expected =
            api.count(|document| document["status"].as_str().unwrap_or("unknown") == status);
        assert_eq!(count.as_u64(), Some(expected), "{status}");
    }
    assert_eq!(
        summary["airborne"].as_u64(),
        Some(api.count(|document| document["on_ground"] == false))
    );
    assert_eq!(
        summary["on_ground"].as_u64(),
        Some(api.count(|document| document["on_ground"] == true))
    );
    assert_eq!(
        summary["altitude_unknown"].as_u64(),
        Some(api.count(|document| document["on_ground"].is_null()))
    );

    let (count, mean, max) = speeds(api.documents.iter());
    for figures in [&summary["speed"], &stats["speeds"]["airborne"]] {
        assert_eq!(figures["count"].as_u64(), Some(count));
        close(&figures["mean"], mean, "mean speed");
        close(&figures["max"], max, "maximum speed");
    }
    let mut types: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for document in api
        .documents
        .iter()
        .filter(|document| document["aircraft_icao"].is_string())
    {
        types
            .entry(text(document, "aircraft_icao"))
            .or_default()
            .push(document);
    }
    let mut types: Vec<(&str, (u64, f64, f64))> = types
        .into_iter()
        .map(|(name, of)| (name, speeds(of.into_iter())))
        .filter(|(_, (count, ..))| *count > 0)
        .collect();
    types.sort_by(|one, other| other.1.1.total_cmp(&one.1.1));
    let fastest = stats["speeds"]["fastest_types"].as_array().unwrap();
    assert_eq!(fastest.len(), types.len().min(10));
    for (row, (_, (_, mean, _))) in fastest.iter().zip(&types) {
        let (_, of_type) = types
            .iter()
            .find(|(name, _)| *name == text(row, "key"))
            .unwrap();
        assert_eq!(row["count"].as_u64(), Some(of_type.0));
        close(&row["mean"], of_type.1, "mean of the type");
        close(&row["mean"], *mean, "rank of the type");
    }
    for band in stats["speeds"]["by_altitude"].as_array().unwrap() {
        let (from, until) = (
            band["from"].as_f64().unwrap(),
            band["until"].as_f64().unwrap(),
        );
        let within = api
            .documents
            .iter()
            .filter(|document| (from..until).contains(&altitude(document)));
        let (count, mean, max) = speeds(within);
        assert_eq!(band["count"].as_u64(), Some(count), "{band}");
        close(&band["mean"], mean, "mean of the band");
        close(&band["max"], max, "maximum of the band");
    }
    for (panel, field) in [
        ("treemap_aircraft", "aircraft_icao"),
        ("treemap_flag", "flag"),
    ] {
        let map = &stats[panel];
        assert_eq!(
            map["unknown"].as_u64(),
            Some(api.count(|document| document[field].is_null())),
            "{panel}"
        );
        let mut sum = map["unknown"].as_u64().unwrap() + map["others"].as_u64().unwrap();
        for group in map["groups"].as_array().unwrap() {
            let of_group = |document: &Value| text(document, field) == text(group, "key");
            assert_eq!(
                group["count"].as_u64(),
                Some(api.count(of_group)),
                "{panel} {group}"
            );
            sum += group["count"].as_u64().unwrap();
            let mut inner = group["others"].as_u64().unwrap();
            for child in group["children"].as_array().unwrap() {
                let of_child = |document: &Value| {
                    of_group(document) && text(document, "flight_iata") == text(child, "key")
                };
                assert_eq!(child["count"].as_u64(), Some(api.count(of_child)));
                inner += child["count"].as_u64().unwrap();
            }
            assert_eq!(group["count"].as_u64(), Some(inner), "{panel}");
        }
        assert_eq!(map["total"].as_u64(), Some(sum), "{panel}");
    }
}

/// How one end of a flight is called in documents.
const ENDS: [(&str, &str, &str, &str); 2] = [
    ("arrivals", "Arrival", "arr_pos", "arr"),
    ("departures", "Departure", "dep_pos", "dep"),
];

fn airports_have_the_flights_that_end_there(api: &Standstill) {
    let listed = api.get("airports?limit=10000");
    for (count, name, position, prefix) in ENDS {
        // Names and places together tell airports apart; what is not resolved goes by its code.
        let mut expected: BTreeMap<String, u64> = BTreeMap::new();
        for document in &api.documents {
            let code = document[format!("{prefix}_iata")]
                .as_str()
                .or(document[format!("{prefix}_icao")].as_str());
            let key = match (&document[name], code) {
                (Value::String(name), _) => format!("{name} {}", document[position]),
                (_, Some(code)) => code.to_owned(),
                _ => continue,
            };
            *expected.entry(key).or_default() += 1;
        }
        let mut found: BTreeMap<String, u64> = BTreeMap::new();
        for airport in listed["airports"].as_array().unwrap() {
            let key = match &airport["name"] {
                Value::String(name) => format!("{name} {}", airport["position"]),
                _ => text(airport, "code").to_owned(),
            };
            match airport[count].as_u64().unwrap() {
                0 => {}
                count => assert_eq!(found.insert(key, count), None, "expected an airport once"),
            }
        }
        assert_eq!(found, expected, "{count}");

        let ranking = &api.get("stats/airports?top=5")[count];
        let mut counts: Vec<u64> = expected.values().copied().collect();
        counts.sort_unstable_by(|one, other| other.cmp(one));
        let ranked = ranking["airports"].as_array().unwrap();
        let ranked_counts: Vec<u64> = ranked
            .iter()
            .map(|airport| airport["count"].as_u64().unwrap())
            .collect();
        assert_eq!(ranked_counts, counts[..5.min(counts.len())], "{count}");
        for airport in ranked {
            let by_type = airport["by_type"]
                .as_object()
                .unwrap()
                .values()
                .filter_map(Value::as_u64);
            assert_eq!(airport["count"].as_u64(), Some(by_type.sum()), "{airport}");
        }
        let sum = ranked_counts.iter().sum::<u64>()
            + ranking["others"].as_u64().unwrap()
            + ranking["unknown"].as_u64().unwrap();
        assert_eq!(sum, api.documents.len() as u64, "{count}");
    }
    let places = listed["airports"].as_array().unwrap().iter();
    for airport in places.filter(|airport| airport["name"].is_string()).take(8) {
        board_is_right(api, airport);
    }
}

fn board_is_right(api: &Standstill, airport: &Value) {
    let page = api.get(&format!(
        "airports/{}?limit=1000",
        text(airport, "code").to_lowercase()
    ));
    assert_eq!(page["airport"]["position"], airport["position"]);
    let inbound = &page["inbound"];
    assert_eq!(inbound["total"], airport["arrivals"], "{airport}");
    assert_eq!(
        page["outbound"]["total"], airport["departures"],
        "{airport}"
    );
    let rows = inbound["rows"].as_array().unwrap();
    let mut etas = Vec::new();
    for row in rows {
        let document = api
            .documents
            .iter()
            .find(|document| document["hex"] == row["hex"])
            .unwrap();
        let to_go = kilometres(&document["position"], &document["arr_pos"]);
        close(&row["distance_km"], to_go, "distance to go");
        let speed = document["speed"].as_f64().filter(|speed| *speed >= 150.0);
        let eta = speed
            .filter(|_| document["on_ground"] == false)
            .map(|speed| document["updated"].as_f64().unwrap() + to_go / speed * 3_600_000.0);
        match (eta, row["eta"].as_f64()) {
            (Some(eta), Some(answered)) => {
                assert!((eta - answered).abs() < 2_000.0, "{row}: {eta}");
            }
            (None, None) => {}
            (eta, answered) => panic!("expected {eta:?}, not {answered:?}: {row}"),
        }
        etas.push(row["eta"].as_f64().unwrap_or(f64::INFINITY));
        let detail = api.get(&format!("flights/{}", text(row, "hex")));
        assert_eq!(detail["route"]["remaining_km"], row["distance_km"]);
        assert_eq!(detail["phase"], row["phase"]);
        for (field, value) in document.as_object().unwrap() {
            assert_eq!(&detail[field], value, "{field}");
        }
        if document["dep_pos"].is_object() {
            let flown = kilometres(&document["dep_pos"], &document["position"]);
            close(&detail["route"]["flown_km"], flown, "distance flown");
            let progress = detail["route"]["progress"].as_f64().unwrap();
            assert!(
                (progress - flown / (flown + to_go)).abs() < 1e-3,
                "{detail}"
            );
        }
    }
    assert!(etas.is_sorted(), "expected rows by arrival: {etas:?}");
    let as_of = page["as_of"].as_f64().unwrap();
    let expected: Vec<u64> = page["expected"]
        .as_array()
        .unwrap()
        .iter()
        .map(|quarter| quarter["arrivals"].as_u64().unwrap())
        .collect();
    let counted = (0..8).map(|quarter| {
        let within = |eta: &&f64| {
            eta.is_finite() && ((**eta - as_of).max(0.0) / 900_000.0).floor() == f64::from(quarter)
        };
        etas.iter().filter(within).count() as u64
    });
    assert_eq!(expected, counted.collect::<Vec<u64>>());
}

fn clusters_count_each_position_once(api: &Standstill) {
    for zoom in [0_u32, 2, 5] {
        let clusters = api.get(&format!("clusters?zoom={zoom}"));
        let tiles = f64::from(1_u32 << zoom);
        let mut expected: BTreeMap<(u64, u64), u64> = BTreeMap::new();
        for document in &api.documents {
            let at = &document["position"];
            let (lat, lon) = (
                at["lat"].as_f64().unwrap().to_radians(),
                at["lon"].as_f64().unwrap(),
            );
            let x = ((lon + 180.0) / 360.0 * tiles)
                .floor()
                .clamp(0.0, tiles - 1.0);
            let y = (1.0 - (lat.tan() + 1.0 / lat.cos()).ln() / std::f64::consts::PI) / 2.0 * tiles;
            *expected
                .entry((x as u64, y.floor().clamp(0.0, tiles - 1.0) as u64))
                .or_default() += 1;
        }
        let found: BTreeMap<(u64, u64), u64> = clusters["cells"]
            .as_array()
            .unwrap()
            .iter()
            .map(|cell| {
                let number = |name: &str| cell[name].as_u64().unwrap();
                ((number("x"), number("y")), number("count"))
            })
            .collect();
        assert_eq!(found, expected, "{zoom}");
    }
}

fn suggestions_have_the_counts_of_their_filters(api: &Standstill) {
    for query in [
        "",
        "q=L",
        "q=a3",
        "q=inter&for=type",
        "q=lon&for=arrival,departure",
        "q=b7&type=International",
    ] {
        let answer = api.get(&format!("suggest?limit=100&{query}"));
        for suggestion in answer["suggestions"].as_array().unwrap() {
            let (filter, value) = (text(suggestion, "filter"), text(suggestion, "value"));
            let others = query.split('&').filter(|pair| {
                !pair.starts_with("q=") && !pair.starts_with("for=") && !pair.starts_with(filter)
            });
            let others: String = others.map(|pair| format!("&{pair}")).collect();
            let value: String = value.bytes().map(|byte| format!("%{byte:02X}")).collect();
            let flights = api.get(&format!("flights?{filter}={value}{others}"));
            assert_eq!(
                suggestion["count"], flights["total"],
                "{query}: {suggestion}"
            );
        }
    }
    let boston = api.get("suggest?q=intern&for=type");
    assert_eq!(
        boston["suggestions"][0]["value"], "International",
        "{boston}"
    );
}

fn throughput_counts_aircraft_by_window(api: &Standstill) {
    const QUARTER: i64 = 900;
    const GRACE: i64 = 180;
    let end = newest(&api.messages);
    let mut expected: BTreeMap<i64, BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
    for message in &api.messages {
        let code = |kind: &str| {
            message[kind]
                .as_str()
                .map(str::trim)
                .filter(|code| !code.is_empty())
        };
        let Some(arrival) = code("arr_iata").or(code("arr_icao")) else {
            continue;
        };
        let start = message["updated"].as_i64().unwrap().div_euclid(QUARTER) * QUARTER;
        let airports = expected.entry(start).or_default();
        airports
            .entry(arrival.to_owned())
            .or_default()
            .insert(text(message, "hex").to_uppercase());
    }
    let answer = api.get("stats/throughput");
    assert_eq!(answer["available"], true);
    let mut compared = 0;
    for window in answer["windows"].as_array().unwrap() {
        let start = window["from"].as_i64().unwrap() / 1_000;
        if start + QUARTER + GRACE > end {
            continue;
        }
        let airports = &expected[&start];
        let arrivals: usize = airports.values().map(BTreeSet::len).sum();
        assert_eq!(
            window["arrivals"].as_u64(),
            Some(arrivals as u64),
            "{window}"
        );
        let (code, aircraft) = airports
            .iter()
            .max_by_key(|(_, aircraft)| aircraft.len())
            .unwrap();
        let of_airport = api.get(&format!("stats/throughput?airport={code}"));
        let same = of_airport["windows"]
            .as_array()
            .unwrap()
            .iter()
            .find(|other| other["from"] == window["from"]);
        assert!(
            same.unwrap()["arrivals"].as_u64() >= Some(aircraft.len() as u64),
            "{code}: {of_airport}"
        );
        compared += 1;
    }
    assert!(compared >= 2, "expected closed windows: {answer}");
}

fn history_is_where_aircraft_reported(api: &Standstill) {
    let end = newest(&api.messages);
    let info = api.get("history");
    assert!(
        info["bytes"].as_u64() <= info["budget_bytes"].as_u64(),
        "{info}"
    );
    assert_eq!(info["until"].as_i64(), Some(end * 1_000), "{info}");
    let mut reports: BTreeMap<String, BTreeMap<i64, (f64, f64)>> = BTreeMap::new();
    for message in &api.messages {
        if let (Some(lat), Some(lon)) = (number(&message["lat"]), number(&message["lng"])) {
            let of_aircraft = reports
                .entry(text(message, "hex").to_uppercase())
                .or_default();
            of_aircraft
                .entry(message["updated"].as_i64().unwrap())
                .or_insert((lat, lon));
        }
    }
    for ago in [0, 300, 900, 1_800] {
        let at = end - ago;
        let body = http::get(
            api.address,
            &format!("/api/v1/history/positions?at={}", at * 1_000),
        )
        .is(200)
        .body;
        let word = |from: usize| u32::from_le_bytes(body[from..from + 4].try_into().unwrap());
        let mut found = BTreeSet::new();
        for row in 0..word(4) as usize {
            let from = 40 + row * 24;
            let mark = if word(from) >> 31 == 1 { "~" } else { "" };
            let hex = format!("{mark}{:06X}", word(from) & 0xFF_FFFF);
            let time = i64::from(word(from + 20));
            let newest = reports[&hex].range(..=at).next_back().unwrap();
            assert!(
                time <= *newest.0 && newest.0 - time < 90,
                "{hex}: {time} of {newest:?}"
            );
            let reported = reports[&hex].get(&time);
            let (lat, lon) = *reported.unwrap_or_else(|| panic!("{hex} did not report at {time}"));
            assert!(
                (f32::from_bits(word(from + 4)) - lat as f32).abs() < 1e-4,
                "{hex}"
            );
            assert!(
                (f32::from_bits(word(from + 8)) - lon as f32).abs() < 1e-4,
                "{hex}"
            );
            assert!(found.insert(hex));
        }
        let recent = |of: &&BTreeMap<i64, (f64, f64)>| of.range(at - 500..=at).next().is_some();
        let expected = reports.values().filter(recent).count();
        assert!(
            found.len() >= expected && expected > 50,
            "{} of {expected} at -{ago}",
            found.len()
        );
    }
    let hex = api.documents.iter().map(|document| text(document, "hex"));
    for hex in hex.filter(|hex| reports[*hex].len() > 20).take(10) {
        let track = api.get(&format!("flights/{}/track", hex.to_lowercase()));
        let times: Vec<i64> = track["points"]["time"]
            .as_array()
            .unwrap()
            .iter()
            .map(|time| time.as_i64().unwrap() / 1_000)
            .collect();
        assert!(
            times.is_sorted() && times.iter().all(|time| reports[hex].contains_key(time)),
            "{hex}"
        );
        assert_eq!(times.last(), reports[hex].keys().next_back(), "{hex}");
        let phases = track["phases"].as_array().unwrap();
        assert!(
            phases
                .windows(2)
                .all(|two| two[0]["until"] == two[1]["from"]),
            "{track}"
        );
        let half = times[times.len() / 2] * 1_000;
        let rest = api.get(&format!("flights/{hex}/track?since={half}"));
        assert_eq!(
            rest["points"]["time"].as_array().unwrap().len(),
            times.len() - times.len() / 2
        );
        let aircraft = api.get(&format!("aircraft/{hex}"));
        assert_eq!(
            aircraft["last_seen"].as_i64(),
            Some(times.last().unwrap() * 1_000)
        );
        let reported: u64 = aircraft["legs"]
            .as_array()
            .unwrap()
            .iter()
            .map(|leg| leg["reports"].as_u64().unwrap())
            .sum();
        assert!(reported >= reports[hex].len() as u64, "{aircraft}");
    }
    for path in [
        "flights/FFFFFF/track",
        "aircraft/FFFFFF",
        "aircraft/nothing",
    ] {
        http::get(api.address, &format!("/api/v1/{path}")).is(404);
    }
}

fn alerts_are_those_of_the_messages(api: &Standstill) {
    let alerts = api.get("alerts");
    let active = alerts["active"].as_array().unwrap();
    let status = api.get("status");
    assert_eq!(
        status["alerts"].as_u64(),
        Some(active.len() as u64),
        "{alerts}"
    );
    let emergency = &active[0];
    assert_eq!(
        (text(emergency, "kind"), text(emergency, "hex")),
        ("emergency", "ABCDE1"),
        "{alerts}"
    );
    assert_eq!(
        (text(emergency, "squawk"), text(emergency, "severity")),
        ("7700", "critical")
    );
    assert_eq!(text(emergency, "flight"), "XX1");
    let jump = active
        .iter()
        .find(|alert| text(alert, "kind") == "implausible_jump");
    let jump = jump.unwrap_or_else(|| panic!("expected a jump: {alerts}"));
    assert_eq!(text(jump, "hex"), "ABCDE2");
    close(
        &jump["distance_km"],
        30.0_f64.to_radians() * 6_371.008_8,
        "distance of the jump",
    );
    let ids: BTreeSet<&str> = active.iter().map(|alert| text(alert, "id")).collect();
    assert_eq!(ids.len(), active.len(), "expected each id once");
}

fn the_pipeline_accounts_for_every_message(api: &Standstill) {
    let view = api.get("pipeline");
    let stages: BTreeMap<&str, &Value> = view["stages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|stage| (text(stage, "name"), stage))
        .collect();
    let names: Vec<&str> = stages.keys().copied().collect();
    assert_eq!(
        names,
        [
            "history",
            "index",
            "process",
            "statistics-airport",
            "windows"
        ]
    );
    let process = stages["process"];
    let rejected: u64 = process["rejected"]
        .as_object()
        .unwrap()
        .values()
        .filter_map(Value::as_u64)
        .sum();
    assert_eq!(
        process["read"].as_u64(),
        Some(process["emitted"].as_u64().unwrap() + rejected)
    );
    assert_eq!(
        stages["history"]["read"], process["read"],
        "expected the history to read it all"
    );
    let listed: u64 = view["rejected"]
        .as_array()
        .unwrap()
        .iter()
        .map(|reason| reason["count"].as_u64().unwrap())
        .sum();
    assert_eq!(listed, rejected, "{}", view["rejected"]);
    for reason in view["rejected"].as_array().unwrap() {
        let samples = reason["samples"].as_array().unwrap();
        assert!(!samples.is_empty() && samples.len() <= 5, "{reason}");
        assert!(
            samples
                .iter()
                .all(|sample| text(sample, "value").len() <= 600 && sample["stage"] != ""),
            "{reason}"
        );
    }
    for stage in stages.values() {
        let lag: u64 = stage["partitions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|partition| partition["lag"].as_u64().unwrap())
            .sum();
        assert_eq!(stage["lag"].as_u64(), Some(lag));
        assert_eq!(stage["health"], "ready", "{stage}");
        assert!(stage["topology"]["source"].is_string(), "{stage}");
    }
    assert!(
        view["windows_open"].as_u64() > Some(0),
        "{}",
        view["windows_open"]
    );
    let unresolved = &view["unresolved_airports"];
    for (count, _, position, prefix) in ENDS {
        let named = |document: &Value| {
            document[position].is_null()
                && (document[format!("{prefix}_iata")].is_string()
                    || document[format!("{prefix}_icao")].is_string())
        };
        assert_eq!(
            unresolved[count].as_u64(),
            Some(api.count(named)),
            "{unresolved}"
        );
    }
}

fn bad_requests_are_refused_by_name(api: &Standstill) {
    let long = "x".repeat(1_025);
    for (path, name) in [
        ("flights?nonsense=1", "nonsense"),
        ("flights?limit=0", "limit"),
        ("flights?limit=100001", "limit"),
        ("flights?limit=ten", "limit"),
        ("flights?limit=1&limit=2", "limit"),
        ("flights?sort=nothing", "sort"),
        ("flights?after=x", "after"),
        ("flights?after=%5B1,2,3%5D", "after"),
        ("flights?format=xml", "format"),
        ("flights?status=flying", "status"),
        ("flights?type=domestic,foreign", "type"),
        ("flights?altitude=high", "altitude"),
        ("flights?altitude=NaN..", "altitude"),
        ("flights?on_ground=maybe", "on_ground"),
        ("flights?arrival=", "arrival"),
        ("flights?arrival=,", "arrival"),
        (&format!("flights?arrival={long}"), "arrival"),
        ("positions?since=-1", "since"),
        ("positions?bbox=1,2,3", "bbox"),
        ("clusters?zoom=13", "zoom"),
        ("airports?sort=name", "sort"),
        ("airports/WAW?limit=0", "limit"),
        ("stats?panels=everything", "panels"),
        ("stats/treemap?by=hex", "by"),
        ("stats/throughput?windows=0", "windows"),
        ("suggest?for=nothing", "for"),
        ("history/positions", "at"),
        ("history/positions?at=soon", "at"),
        ("history/positions?at=1&type=Domestic", "type"),
        ("alerts?x=1", "x"),
        ("pipeline?x=1", "x"),
        ("status?x=1", "x"),
        ("events?x=1", "x"),
    ] {
        let answer = http::get(api.address, &format!("/api/v1/{path}")).is(400);
        let reason = answer.json()["error"]["reason"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        assert!(reason.contains(&format!("[{name}]")), "{path}: {reason}");
        assert_eq!(answer.json()["status"], 400);
    }
    for (path, status) in [
        ("/api/v1/nothing".to_owned(), 404),
        ("/api/v1/airports/QQQQ".to_owned(), 404),
        (format!("/api/v1/flights?x={}", "x".repeat(9_000)), 414),
    ] {
        let answer = http::get(api.address, &path).is(status);
        assert!(answer.json()["error"]["reason"].is_string(), "{path}");
    }
    let answer = http::post(api.address, "/api/v1/flights", b"").is(405);
    assert!(answer.json()["error"]["reason"].is_string() && answer.header("allow").is_some());
}

fn everything_is_described(api: &Standstill) {
    let description = http::get(api.address, "/api/openapi.json").is(200).json();
    let described: BTreeSet<&str> = description["paths"]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    let router = include_str!("../src/dashboard/router.rs");
    let served: BTreeSet<&str> = router
        .split(".route(\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .filter(|path| *path != "/login")
        .collect();
    assert_eq!(described, served);
    let page = include_str!("../../docs/http-api.md");
    for path in described {
        assert!(page.contains(path), "expected {path} in docs/http-api.md");
    }
}

#[test]
fn other_machines_are_served_only_if_it_is_said_whom() {
    let place = Place::new();
    let data = place.data();
    let run = |more: &[&str]| {
        let mut args = vec!["run", "--aircraft", "50", "--data", data.to_str().unwrap()];
        args.extend(more);
        place.command(args)
    };
    let refused = Process::spawn(run(&["--listen", "0.0.0.0:0"])).wait(support::PATIENCE);
    assert_eq!(refused.status.code(), Some(2), "{}", refused.stderr);
    assert!(
        refused.stderr.contains("--token-file"),
        "{}",
        refused.stderr
    );
    let short = place.file("short", "secret");
    let refused =
        Process::spawn(run(&["--token-file", short.to_str().unwrap()])).wait(support::PATIENCE);
    assert_eq!(refused.status.code(), Some(2), "{}", refused.stderr);
    assert!(
        !refused.stderr.contains("secret\n"),
        "expected no token in the error"
    );

    let token = "0123456789abcdef-ABC";
    let file = place.file("token", format!("{token}\n"));
    let listen = [
        "--listen",
        "127.0.0.1:0",
        "--token-file",
        file.to_str().unwrap(),
    ];
    let mut process = Process::spawn(run(&listen));
    let address = process.address();
    let status =
        |headers: &[(&str, &str)]| http::request(address, "GET", "/api/v1/status", headers, b"");
    let answer = status(&[]).is(401);
    assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
    assert!(answer.json()["error"]["reason"].is_string());
    status(&[("Authorization", &format!("Bearer {token}"))]).is(200);
    status(&[("Authorization", "Bearer 0123456789abcdef-ABD")]).is(401);
    http::get(address, "/healthz").is(200);
    assert_eq!(
        http::get(address, "/").is(303).header("location"),
        Some("login")
    );
    assert!(
        http::get(address, "/login")
            .is(200)
            .text()
            .contains("<form")
    );
    http::post(address, "/login", b"token=wrong").is(401);
    let entered = http::post(address, "/login", format!("token={token}").as_bytes()).is(303);
    let cookie = entered.header("set-cookie").unwrap().to_owned();
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"),
        "{cookie}"
    );
    assert!(!cookie.contains("Secure"), "there is no TLS here: {cookie}");
    let proxied = [("X-Forwarded-Proto", "https")];
    let form = format!("token={token}");
    let entered = http::request(address, "POST", "/login", &proxied, form.as_bytes()).is(303);
    assert!(entered.header("set-cookie").unwrap().ends_with("; Secure"));
    let cookie = cookie.split(';').next().unwrap();
    status(&[("Cookie", cookie)]).is(200);
    http::request(address, "GET", "/", &[("Cookie", cookie)], b"").is(200);
    process.kill();

    let user = [
        "--listen",
        "127.0.0.1:0",
        "--user-header",
        "X-Forwarded-User",
    ];
    let mut process = Process::spawn(run(&user));
    let address = process.address();
    http::get(address, "/api/v1/status").is(401);
    http::request(
        address,
        "GET",
        "/api/v1/status",
        &[("X-Forwarded-User", "someone")],
        b"",
    )
    .is(200);
}

/// Sends a byte now and then, and never reads more than it has to: until the other side closes the connection.
fn trickle(mut stream: TcpStream, bytes: impl Iterator<Item = u8>) {
    stream
        .set_read_timeout(Some(Duration::from_millis(250)))
        .unwrap();
    let deadline = Instant::now() + support::PATIENCE;
    let mut bytes = bytes.fuse();
    loop {
        // It fails once the other side has closed, which the next read tells.
        if let Some(byte) = bytes.next() {
            let _ = stream.write_all(&[byte]);
        }
        match stream.read(&mut [0; 1024]) {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(_) => return,
        }
        assert!(Instant::now() < deadline, "expected the connection to end");
    }
}

#[test]
fn who_lets_the_server_wait_is_not_waited_for_without_end() {
    let place = Place::new();
    let data = place.data();
    let mut args = vec!["run", "--aircraft", "50", "--listen", "127.0.0.1:0"];
    args.extend(["--data", data.to_str().unwrap()]);
    let mut process = Process::spawn(place.command(args));
    let address = process.address();
    let mut events = http::events(address, "/api/v1/events");
    let first = events.next_data();
    let after = |text: &str| {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(text.as_bytes()).unwrap();
        stream
    };
    let host = "HTTP/1.1\r\nHost: localhost\r\n";
    let waiting = [
        // Nothing, the headers bit by bit, half a body, and nothing after an answer.
        (after(""), ""),
        (after(&format!("GET /healthz {host}X: ")), "x"),
        (
            after(&format!(
                "POST /api/v1/search {host}Content-Length: 60000\r\n\r\n{{"
            )),
            " ",
        ),
        (after(&format!("GET /healthz {host}\r\n")), ""),
    ];
    std::thread::scope(|scope| {
        for (stream, more) in waiting {
            scope.spawn(move || trickle(stream, more.bytes().cycle()));
        }
    });
    // A stream of events goes on for longer than that.
    let now = http::get(address, "/api/v1/status").is(200).json()["now"].clone();
    assert!(now.as_i64() > first["now"].as_i64(), "{first} {now}");
    while events.next_data()["now"].as_i64() < now.as_i64() {}
    assert!(process.is_running());
}
