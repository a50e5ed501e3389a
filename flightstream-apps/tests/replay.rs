//! What a recorded file becomes: topics, index, report.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a helper fails as the test that calls it does"
)]

mod support;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use support::oracle::Oracle;
use support::{PATIENCE, Place, Process, topics};

/// Five aircraft with what a source sends: two Airlabs reports of one, a domestic and an international flight, unknown
/// codes, no route, no position.
fn flights() -> Vec<Value> {
    let flight = |hex: &str, lat: f64, updated: i64| {
        json!({"hex": hex, "reg_number": "D-AIZZ", "flag": "DE",
        "lat": lat, "lng": 8.25, "alt": 10668, "dir": 90.5, "speed": 828, "updated": updated, "status": "en-route"})
    };
    let with = |mut flight: Value, codes: &[(&str, &str)]| {
        for (name, code) in codes {
            flight[*name] = json!(code);
        }
        flight
    };
    let mut grounded = flight("3C6D05", 50.0, 1_706_705_104);
    grounded.as_object_mut().unwrap().remove("lat");
    vec![
        with(
            flight("3C6D01", 50.0, 1_706_705_100),
            &[("dep_iata", "FRA"), ("arr_iata", "MUC")],
        ),
        with(
            flight("3C6D02", 51.0, 1_706_705_101),
            &[("dep_icao", "EDDF"), ("arr_iata", "LHR")],
        ),
        with(
            flight("3C6D03", 52.0, 1_706_705_102),
            &[
                ("dep_iata", "QQQ"),
                ("dep_icao", "EDDF"),
                ("arr_icao", "ZZZZ"),
            ],
        ),
        flight("3C6D04", 53.0, 1_706_705_103),
        grounded,
        with(
            flight("3C6D01", 50.5, 1_706_705_160),
            &[("dep_iata", "FRA"), ("arr_iata", "MUC")],
        ),
    ]
}

fn ndjson(flights: &[Value]) -> String {
    flights.iter().map(|flight| format!("{flight}\n")).collect()
}

fn csv(flights: &[Value]) -> String {
    let header = "hex,reg_number,flag,lat,lng,alt,dir,speed,dep_icao,dep_iata,arr_icao,arr_iata,updated,status";
    let mut text = format!("{header}\n");
    for (n, flight) in flights.iter().enumerate() {
        let cells: Vec<String> = header
            .split(',')
            .map(|name| match &flight[name] {
                Value::Null => String::new(),
                Value::String(text) => text.clone(),
                number => number.to_string(),
            })
            .collect();
        text.push_str(&cells.join(","));
        text.push('\n');
        if n == 2 {
            // The exporter appended to its file.
            text.push_str(&format!("{header}\n"));
        }
    }
    text
}

fn gzip(content: &[u8]) -> Vec<u8> {
    // One stored block: enough of the format, without a library.
    let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255, 1];
    let length = u16::try_from(content.len()).expect("a small fixture");
    out.extend(length.to_le_bytes());
    out.extend((!length).to_le_bytes());
    out.extend(content);
    let mut crc = u32::MAX;
    for byte in content {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg());
        }
    }
    out.extend((!crc).to_le_bytes());
    out.extend(u32::from(length).to_le_bytes());
    out
}

fn zstd(content: &[u8]) -> Vec<u8> {
    // One raw block in a frame that says nothing of its size but a window of 1 MiB.
    let mut out = vec![0x28, 0xb5, 0x2f, 0xfd, 0, 0x50];
    let header = u32::try_from(content.len() << 3 | 1).expect("a small fixture");
    out.extend(&header.to_le_bytes()[..3]);
    out.extend(content);
    out
}

/// The same flights in every form, by file name.
fn all_forms() -> BTreeMap<&'static str, Vec<u8>> {
    let flights = flights();
    let array = serde_json::to_vec_pretty(&flights).unwrap();
    let envelope = json!({"request": {"key": {"api_key": "not to be seen"}}, "response": flights});
    BTreeMap::from([
        ("array.json", array.clone()),
        ("airlabs.json", envelope.to_string().into_bytes()),
        // The content tells an answer, not the name.
        ("airlabs", envelope.to_string().into_bytes()),
        ("airlabs.ndjson", format!("{envelope:#}").into_bytes()),
        ("lines.ndjson", ndjson(&flights).into_bytes()),
        ("no_name_for_it", ndjson(&flights).into_bytes()),
        (
            "marked.ndjson",
            [b"\xef\xbb\xbf", ndjson(&flights).as_bytes()].concat(),
        ),
        ("rows.csv", csv(&flights).into_bytes()),
        (
            "windows.csv",
            csv(&flights).replace('\n', "\r\n").into_bytes(),
        ),
        ("array.json.gz", gzip(&array)),
        ("rows.csv.zst", zstd(csv(&flights).as_bytes())),
        // The name need not tell the compression.
        ("lines.jsonl", zstd(ndjson(&flights).as_bytes())),
    ])
}

#[test]
fn every_form_of_a_file_means_the_same() {
    for (name, content) in all_forms() {
        let place = Place::new();
        let file = place.file(name, content);
        let report = place.replay(&file).succeeded().report();
        report.adds_up();
        assert_eq!(report.number("read"), 6, "{name}: {}", report.0);
        assert_eq!(report.number("enriched"), 5, "{name}: {}", report.0);
        let no_position = BTreeMap::from([("no_position".to_owned(), 1)]);
        assert_eq!(report.counts("rejected"), no_position, "{name}");
        let types = [("Domestic", 2), ("International", 1), ("Unknown", 2)];
        let types = types.map(|(kind, count)| (kind.to_owned(), count));
        assert_eq!(report.counts("by_type"), BTreeMap::from(types), "{name}");
        assert!(
            report.number("peak_rss_bytes") > 0,
            "{name}: expected the memory used"
        );

        let index = place.index();
        let addresses: Vec<_> = index.keys().map(String::as_str).collect();
        assert_eq!(
            addresses,
            ["3C6D01", "3C6D02", "3C6D03", "3C6D04"],
            "{name}"
        );
        let newest = &index["3C6D01"];
        assert_eq!(newest["position"]["lat"], 50.5, "{name}: {newest}");
        assert_eq!(newest["updated"], 1_706_705_160_000_i64, "{name}: {newest}");
        assert_eq!(newest["type"], "Domestic", "{name}: {newest}");
        let unknown = &index["3C6D03"];
        assert_eq!(unknown["type"], "Unknown", "{name}: {unknown}");
        assert_eq!(
            unknown["Departure"], "Frankfurt am Main International Airport",
            "{name}: expected the ICAO code where the IATA code is unknown"
        );
        assert!(
            unknown.get("arr_pos").is_none() && unknown.get("Arrival").is_none(),
            "{name}: expected nothing where nothing is known: {unknown}"
        );
    }
}

#[test]
fn the_envelope_of_a_saved_answer_reaches_no_topic() {
    let request = json!({"key": {"api_key": "S3CRET"}, "client": {"ip": "192.0.2.7"}});
    let answer = json!({"request": request, "response": flights()}).to_string();
    let error = json!({"request": request, "error": {"code": "hour_limit_exceeded"}});
    let cut = answer.split_inclusive("S3CRET").next().unwrap();
    let place = Place::new();
    let content = [&answer, &error.to_string(), cut, &answer].join("\n");
    let report = place
        .replay(&place.file("answers.ndjson", content))
        .succeeded()
        .report();
    report.adds_up();
    assert_eq!(report.number("read"), 14, "{}", report.0);
    let rejected = BTreeMap::from([("malformed_json", 2), ("no_position", 2)]);
    let rejected = rejected
        .into_iter()
        .map(|(reason, count)| (reason.to_owned(), count));
    assert_eq!(report.counts("rejected"), rejected.collect());
    let log = topics::open(&place.data());
    for spec in flightstream_core::log::Log::topics(&log).unwrap() {
        for record in topics::records(&log, &spec.name).concat() {
            let value = String::from_utf8_lossy(topics::value(&record)).into_owned();
            assert!(
                !value.contains("S3CRET") && !value.contains("192.0.2.7"),
                "{}: {value}",
                spec.name
            );
        }
    }
}

#[test]
fn a_refused_record_keeps_its_bytes_and_says_why() {
    let place = Place::new();
    let bad: [(&[u8], &str); 7] = [
        (br#"{"hex":"3C6D05","updated":1706705100}"#, "no_position"),
        (
            br#"{"hex":"3C6D0", "lat":1,"lng":2,"updated":1706705100}"#,
            "bad_hex",
        ),
        (br#"{"lat":1,"lng":2,"updated":1706705100}"#, "no_hex"),
        (br#"{"hex":"3C6D06","lat":1,"lng":2}"#, "no_time"),
        (br#"{"hex":"3C6D07","lat":1,"lng":"#, "malformed_json"),
        (b"{\"hex\":\"3C6D08\xff\xfe\",\"lat\":1}", "malformed_json"),
        (br#"["3C6D09",1,2]"#, "not_an_object"),
    ];
    let mut content = Vec::new();
    for (line, _) in bad {
        content.extend_from_slice(line);
        content.push(b'\n');
    }
    content.extend_from_slice(ndjson(&flights()[..1]).as_bytes());
    let report = place
        .replay(&place.file("bad.ndjson", content))
        .succeeded()
        .report();
    report.adds_up();
    assert_eq!(report.number("read"), 8, "{}", report.0);

    let log = topics::open(&place.data());
    let letters = topics::records(&log, "flight-dlq").concat();
    let mut found: Vec<_> = letters
        .iter()
        .map(|letter| {
            (
                topics::value(letter).to_vec(),
                topics::error_header(letter, "reason"),
            )
        })
        .collect();
    let mut expected: Vec<_> = bad
        .iter()
        .map(|(line, reason)| (line.to_vec(), (*reason).to_owned()))
        .collect();
    found.sort();
    expected.sort();
    assert_eq!(
        found, expected,
        "expected every refused line with its reason"
    );
    for letter in &letters {
        assert_eq!(topics::error_header(letter, "topic"), "flight");
        let partition = topics::error_header(letter, "partition");
        let offset = topics::error_header(letter, "offset");
        let raw = topics::records(&log, "flight");
        let origin = &raw[partition.parse::<usize>().unwrap()];
        let origin = origin
            .iter()
            .find(|record| record.origin.to_string() == offset);
        assert_eq!(
            topics::value(origin.expect("the headers name a record")),
            topics::value(letter),
            "expected the headers to name where the record came from"
        );
        let reason = topics::error_header(letter, "reason");
        let stage = topics::error_header(letter, "stage");
        let expected = if reason == "no_position" {
            "enrich"
        } else {
            "decode"
        };
        assert_eq!(stage, expected, "expected the stage that refused: {reason}");
    }
}

#[test]
fn a_dirty_file_becomes_what_an_independent_reading_of_it_says() {
    let place = Place::new();
    let options = [
        "--aircraft",
        "900",
        "--duration",
        "40s",
        "--dirt",
        "--seed",
        "11",
    ];
    let file = place.simulate("dirty.ndjson", &options);
    let mut content = std::fs::read(&file).unwrap();
    // Renamed and unknown codes.
    let codes = [("FRU", "FRA"), ("TSE", "ALA"), ("QQQ", "FRA")];
    for (n, (dep, arr)) in codes.iter().enumerate() {
        let line = json!({"hex": format!("ABCDE{n}"), "lat": 42.5, "lng": 74.5, "dep_iata": dep, "arr_iata": arr,
            "updated": 1_700_000_039});
        writeln!(content, "{line}").unwrap();
    }
    std::fs::write(&file, &content).unwrap();
    let lines = content
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty());
    let expected = Oracle::new().expect(lines);
    assert!(
        expected.read > 5_000,
        "expected some thousand rows: {}",
        expected.read
    );
    assert!(
        expected.rejected.len() == 2 && expected.by_type.values().all(|count| *count > 0),
        "expected a file with everything in it: {:?} {:?}",
        expected.rejected,
        expected.by_type
    );

    // So many partitions that none is compacted: that keeps the report written last, not the newest.
    let mut args = place.replay_args(&file);
    args.extend(["--partitions", "16"].map(str::to_owned));
    let report = place.run(args).succeeded().report();
    report.adds_up();
    assert_eq!(report.number("read"), expected.read);
    assert_eq!(report.number("enriched"), expected.enriched);
    assert_eq!(report.counts("rejected"), expected.rejected);
    assert_eq!(report.counts("by_type"), expected.by_type);

    let index = place.index_of(16);
    let addresses: Vec<_> = index.keys().collect();
    assert_eq!(
        addresses,
        expected.newest.keys().collect::<Vec<_>>(),
        "expected every aircraft with a position in the index, and no other"
    );
    for (hex, (updated, types)) in &expected.newest {
        let document = &index[hex];
        assert_eq!(
            document["updated"].as_i64(),
            Some(*updated),
            "expected the newest report of {hex}: {document}"
        );
        let kind = document["type"].as_str().unwrap();
        assert!(
            types.iter().any(|expected| expected == kind),
            "expected {hex} to be one of {types:?}: {document}"
        );
        for place in ["position", "dep_pos", "arr_pos"] {
            let (lat, lon) = (&document[place]["lat"], &document[place]["lon"]);
            assert!(
                lat.as_f64() != Some(0.0) || lon.as_f64() != Some(0.0),
                "expected nothing on (0, 0): {document}"
            );
        }
    }
}

#[test]
fn older_and_repeated_reports_change_nothing() {
    let place = Place::new();
    let flight = |lat: f64, updated: i64| json!({"hex": "3C6D01", "lat": lat, "lng": 8.0, "updated": updated});
    let reports = [
        flight(50.0, 1_706_705_100),
        flight(51.0, 1_706_705_200),
        flight(51.0, 1_706_705_200),
        flight(49.0, 1_706_705_000),
        flight(40.0, 1_706_605_000),
    ];
    let report = place
        .replay(&place.file("late.ndjson", ndjson(&reports)))
        .succeeded()
        .report();
    report.adds_up();
    assert_eq!(report.number("enriched"), 5, "{}", report.0);
    assert!(
        report.number("late") >= 2,
        "expected the two older reports to count as late: {}",
        report.0
    );
    let index = place.index();
    assert_eq!(index.len(), 1, "expected one aircraft: {index:?}");
    assert_eq!(
        index["3C6D01"]["position"]["lat"], 51.0,
        "expected the newest report"
    );
}

#[test]
fn compaction_keeps_the_newest_report() {
    let place = Place::new();
    let flight = |lat: f64, updated: i64| json!({"hex": "3C6D01", "lat": lat, "lng": 8.0, "updated": updated});
    let reports = [flight(51.0, 1_706_705_200), flight(49.0, 1_706_705_000)];
    place
        .replay(&place.file("late.ndjson", ndjson(&reports)))
        .succeeded();
    topics::open(&place.data()).clean().unwrap();
    let index = place.index();
    assert_eq!(
        index["3C6D01"]["position"]["lat"], 51.0,
        "expected the newest report after a restart too"
    );
}

#[test]
fn null_island_is_no_position() {
    let place = Place::new();
    let reports = [
        json!({"hex": "3C6D01", "lat": 0, "lng": 0, "updated": 1_706_705_100}),
        json!({"hex": "3C6D02", "lat": 91, "lng": 8, "updated": 1_706_705_100}),
        json!({"hex": "3C6D03", "lat": 0, "lng": 8, "updated": 1_706_705_100}),
    ];
    let report = place
        .replay(&place.file("island.ndjson", ndjson(&reports)))
        .succeeded()
        .report();
    report.adds_up();
    let index = place.index();
    assert_eq!(
        index.keys().collect::<Vec<_>>(),
        ["3C6D03"],
        "expected only the place that can be one: {index:?} {}",
        report.0
    );
}

#[test]
fn a_second_replay_of_a_file_sends_nothing_twice_and_another_file_of_that_name_is_sent() {
    let place = Place::new();
    let file = place.file("flights.ndjson", ndjson(&flights()));
    assert_eq!(place.replay(&file).succeeded().report().number("read"), 6);
    let again = place.replay(&file).succeeded().report();
    again.adds_up();
    assert_eq!(
        again.number("read"),
        0,
        "expected nothing twice: {}",
        again.0
    );
    assert_eq!(
        again.number("indexed"),
        5,
        "expected the index to be rebuilt: {}",
        again.0
    );

    // What was added to the end is sent.
    let mut more = flights();
    more.push(json!({"hex": "3C6D0A", "lat": 1, "lng": 2, "updated": 1_706_705_300}));
    let file = place.file("flights.ndjson", ndjson(&more));
    assert_eq!(place.replay(&file).succeeded().report().number("read"), 1);

    // The export of another day has the same name.
    let other: Vec<_> = (0..3)
        .map(|n| json!({"hex": format!("40000{n}"), "lat": 1, "lng": 2, "updated": 1_706_805_300}))
        .collect();
    let file = place.file("flights.ndjson", ndjson(&other));
    assert_eq!(
        place.replay(&file).succeeded().report().number("read"),
        3,
        "expected another recording to be sent although its name is known"
    );
}

#[test]
fn the_stages_alone_do_what_run_does() {
    let together = Place::new();
    let file = together.file("flights.ndjson", ndjson(&flights()));
    together.replay(&file).succeeded();

    let apart = Place::new();
    let data = apart.data();
    let data = ["--data", data.to_str().unwrap()];
    let mut produce = vec!["produce", "replay", "--filename", file.to_str().unwrap()];
    produce.extend(data);
    let produced = apart.run(produce).succeeded();
    assert!(
        produced.stderr.contains("6 messages sent"),
        "expected how many were sent: {}",
        produced.stderr
    );
    let mut process = vec!["process", "--exit-when-done", "--report", "json"];
    process.extend(data);
    let report = apart.run(process).succeeded().report();
    report.adds_up();
    assert_eq!(report.number("read"), 6, "{}", report.0);
    assert_eq!(apart.index(), together.index(), "expected the same index");
}

#[test]
fn a_message_without_a_time_holds_nothing_up() {
    let place = Place::new();
    let mut lines = String::from("no json at all\n");
    lines.push_str(&ndjson(&flights()));
    lines.push_str("neither is this\n");
    let file = place.file("paced.ndjson", lines);
    let mut args = place.replay_args(&file);
    // 60 s of the recording in 0.6 s; a message of today would be due in a week.
    args.extend(["--speed", "100x"].map(str::to_owned));
    let ended = Process::spawn(place.command(args)).wait(PATIENCE);
    let report = ended.succeeded().report();
    assert_eq!(report.number("read"), 8, "{}", report.0);
    let malformed = report.counts("rejected")["malformed_json"];
    assert_eq!(malformed, 2, "{}", report.0);

    // Nor does it make the rest of an old recording expire.
    let log = topics::open(&place.data());
    log.clean().unwrap();
    let kept: usize = topics::records(&log, "flight").iter().map(Vec::len).sum();
    assert_eq!(
        kept, 8,
        "expected retention to keep what is as old as the rest"
    );
}

/// What can be read only once is replayed too.
#[cfg(unix)]
#[test]
fn a_pipe_can_be_replayed() {
    let place = Place::new();
    let pipe = fifo(place.path());
    let mut process = Process::spawn(place.command(place.replay_args(&pipe)));
    process.address();
    std::fs::write(&pipe, ndjson(&flights())).unwrap();
    let report = process.wait(PATIENCE).succeeded().report();
    assert_eq!(report.number("read"), 6, "{}", report.0);
}

#[cfg(unix)]
fn fifo(folder: &Path) -> PathBuf {
    let path = folder.join("pipe.ndjson");
    let made = std::process::Command::new("mkfifo").arg(&path).status();
    assert!(
        made.is_ok_and(|made| made.success()),
        "expected mkfifo to work"
    );
    path
}

/// Retention goes by event time, and a file is sent faster than it is processed.
#[test]
fn a_recording_of_many_days_is_processed_as_a_whole() {
    let place = Place::new();
    let count = 150_000;
    let report = |n: i64| json!({"hex": format!("{:06X}", n % 500), "lat": 50.0, "lng": 8.0, "updated": 1_690_000_000 + n * 60});
    let lines: Vec<_> = (0..count).map(report).collect();
    let ended = place.replay(&place.file("long.ndjson", ndjson(&lines)));
    let report = ended.succeeded().report();
    report.adds_up();
    assert_eq!(
        report.number("read"),
        count as u64,
        "expected retention to leave what was not processed yet"
    );
    let log = topics::open(&place.data());
    log.clean().unwrap();
    let kept: usize = topics::records(&log, "flight").iter().map(Vec::len).sum();
    assert!(
        kept < 1_000,
        "expected retention to remove what was processed, but {kept} are left"
    );
}

#[test]
fn nothing_to_read_is_told_and_nothing_new_is_no_error() {
    let place = Place::new();
    let file = place.file("none.json", "[]");
    place
        .replay(&file)
        .failed(1, &["none.json", "holds no flights"]);

    let data = place.data();
    let mut args = vec!["process", "--exit-when-done", "--report", "json"];
    args.extend(["--data", data.to_str().unwrap()]);
    let report = place.run(&args).succeeded().report();
    report.adds_up();
    assert_eq!(report.number("read"), 0, "{}", report.0);
    let text = place.run(args.iter().take(2).chain(&args[4..])).succeeded();
    for word in ["read", "enriched", "indexed", "rejected", "records/s"] {
        assert!(
            text.stdout.contains(word),
            "expected {word:?} in the summary: {}",
            text.stdout
        );
    }
}
