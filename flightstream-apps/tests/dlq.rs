//! Dead letters from the command line: listed, shown, sent once more.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a helper fails as the test that calls it does"
)]

mod support;

use flightstream_core::batch::{Raw, Record, TopicPartition};
use flightstream_core::log::{Isolation, Log};
use flightstream_core::time::Timestamp;
use serde_json::Value;
use support::{Ended, Place, topics};

const GOOD: &str = r#"{"hex":"3C0001","lat":50.0,"lng":8.25,"updated":1706705100}"#;
const NO_POSITION: &str = r#"{"hex":"3C0002","updated":1706705101}"#;
const BROKEN: &str = r#"{"hex":"3C0003","lat":"#;
const NOT_UTF8: &[u8] = b"\xff\xfe7";
const ENVELOPE: &str =
    r#"{"request":{"key":{"api_key":"S3CRET"},"client":{"ip":"192.0.2.7"}},"response":[]}"#;

/// A data directory in which two reports without a position and three messages that are none were refused.
fn place() -> Place {
    let place = Place::new();
    let another = NO_POSITION.replace("0002", "0004");
    let file = place.file(
        "flights.ndjson",
        [GOOD, NO_POSITION, BROKEN, &another].join("\n"),
    );
    place.replay(&file).succeeded();
    send(&place, NOT_UTF8);
    send(&place, ENVELOPE.as_bytes());
    process(&place);
    place
}

/// Puts a message with a key and a header into the topic `flight`.
fn send(place: &Place, value: &[u8]) {
    let log = topics::open(&place.data());
    let mut record = Record::new(
        Raw::from(value.to_vec()),
        Timestamp::from_seconds(1_706_800_000),
    );
    record.key = Some("3C0009".into());
    record.headers.push("source", "test");
    let mut writer = log.writer(Isolation::Immediate).unwrap();
    writer
        .append_to(&TopicPartition::new("flight", 3), vec![record])
        .unwrap();
    writer.commit("test", &[]).unwrap();
}

fn process(place: &Place) -> Ended {
    let data = place.data();
    place
        .run([
            "process",
            "--data",
            data.to_str().unwrap(),
            "--exit-when-done",
        ])
        .succeeded()
}

#[track_caller]
fn dlq(place: &Place, args: &[&str]) -> Ended {
    let data = place.data();
    let mut all = vec!["dlq"];
    all.extend(args);
    all.extend(["--data", data.to_str().unwrap()]);
    place.run(all)
}

fn json(place: &Place, args: &[&str]) -> Vec<Value> {
    let ended = dlq(place, &[args, &["--format", "json"]].concat()).succeeded();
    let lines = ended
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    lines.collect()
}

/// Letters by reason.
fn count(place: &Place, args: &[&str]) -> Vec<(String, u64)> {
    let groups = json(place, &[&["list"], args].concat()).remove(0);
    let count = |group: &Value| {
        (
            group["reason"].as_str().unwrap().to_owned(),
            group["letters"].as_u64().unwrap(),
        )
    };
    let mut counts: Vec<_> = groups.as_array().unwrap().iter().map(count).collect();
    counts.sort();
    counts
}

#[test]
fn letters_are_listed_by_reason_stage_and_topic() {
    let place = place();
    let table = dlq(&place, &["list"]).succeeded().stdout;
    let header: Vec<_> = table.lines().next().unwrap().split_whitespace().collect();
    assert_eq!(
        header,
        [
            "LETTERS", "REASON", "STAGE", "TOPIC", "NEWEST", "LAST", "OFFSET"
        ]
    );
    assert!(table.contains("no_position"), "{table}");
    let positions: Vec<_> = table
        .lines()
        .find(|line| line.contains("no_position"))
        .unwrap()
        .split_whitespace()
        .collect();
    assert_eq!(
        positions[..5],
        [
            "2",
            "no_position",
            "enrich",
            "flight",
            "2024-01-31T12:45:01.000Z"
        ]
    );

    let total: u64 = count(&place, &[]).iter().map(|(_, letters)| letters).sum();
    assert_eq!(total, 5);
    let only = |args: &[&str]| {
        count(&place, args)
            .iter()
            .map(|(_, letters)| letters)
            .sum::<u64>()
    };
    assert_eq!(
        count(&place, &["--reason", "no_position"]),
        [("no_position".to_owned(), 2)]
    );
    assert_eq!(only(&["--stage", "decode"]), 3);
    assert_eq!(only(&["--stage", "decode,enrich"]), 5);
    assert_eq!(only(&["--from", "flight-enriched"]), 0);
    assert_eq!(only(&["--offset", "1-3"]), 3);
    assert_eq!(only(&["--offset", "0,4"]), 2);
    assert_eq!(only(&["--since", "2024-02-01"]), 2);
    assert_eq!(only(&["--until", "2024-02-01T00:00:00Z"]), 3);
    let none = dlq(&place, &["list", "--reason", "nothing"]).succeeded();
    assert_eq!(none.stdout.trim(), "no dead letters");
}

#[test]
fn a_letter_is_shown_with_all_that_it_has() {
    let place = place();
    let text = dlq(&place, &["show", "--reason", "no_position", "--limit", "1"])
        .succeeded()
        .stdout;
    for part in [
        "reason   no_position",
        "stage    enrich",
        "from     flight-",
        "key      3C0002",
        "\"updated\": 1706705101",
    ] {
        assert!(text.contains(part), "expected {part:?} in\n{text}");
    }
    let text = dlq(&place, &["show", "--since", "2024-02-01"])
        .succeeded()
        .stdout;
    for part in ["0xfffe37", "header   source: test"] {
        assert!(text.contains(part), "expected {part:?} in\n{text}");
    }
    let letters = json(&place, &["show", "--since", "2024-02-01"]);
    assert_eq!(letters[0]["value"]["hex"], "fffe37");
    assert_eq!(letters[0]["from"]["partition"], 3);
    assert_eq!(letters[0]["key"], "3C0009");
    for format in ["text", "json"] {
        let all = dlq(&place, &["show", "--format", format])
            .succeeded()
            .stdout;
        assert!(
            !all.contains("S3CRET") && !all.contains("192.0.2.7"),
            "{all}"
        );
        assert!(all.contains("not shown"), "{all}");
    }
}

#[test]
fn nothing_that_was_refused_commands_the_terminal() {
    const ESCAPES: &str = "\u{1b}]0;title\u{7}\r\u{9b}31m\n  reason   forged";
    let place = place();
    let log = topics::open(&place.data());
    let mut letter = Record::new(Raw::from(ESCAPES), Timestamp::from_seconds(1_706_900_000));
    letter.key = Some(ESCAPES.into());
    letter.headers.push(ESCAPES, ESCAPES);
    for name in ["reason", "message", "stage", "topic"] {
        let name = format!("__flightstream.errors.{name}");
        letter.headers.push(name, ESCAPES);
    }
    for name in ["partition", "offset"] {
        let name = format!("__flightstream.errors.{name}");
        letter.headers.push(name, "0");
    }
    // JSON itself may hold all but the first thirty-two.
    let controls = Record::new(
        Raw::from("{\"x\":\"\u{9b}31m\u{7f}\"}"),
        Timestamp::default(),
    );
    let mut writer = log.writer(Isolation::Immediate).unwrap();
    writer.append("flight-dlq", vec![letter, controls]).unwrap();
    writer.commit("test", &[]).unwrap();
    drop((writer, log));

    for args in [
        &["list"][..],
        &["list", "--format", "json"],
        &["show", "--limit", "100"],
        &["show", "--limit", "100", "--format", "json"],
    ] {
        let text = dlq(&place, args).succeeded().stdout;
        let command = text.chars().find(|c| c.is_control() && *c != '\n');
        assert_eq!(command, None, "{args:?}: {text:?}");
        assert!(
            text.contains(r"\u001b]0;title\u0007\r\u009b31m")
                || text.contains(r"\u001b]0;title\u0007\u000d\u009b31m"),
            "{args:?}: {text}"
        );
        assert!(!text.contains("\n  reason   forged"), "{args:?}: {text}");
    }
    let letters = json(&place, &["show", "--since", "2024-02-02"]);
    assert_eq!(
        letters[0]["value"], ESCAPES,
        "a program reads what was there"
    );
}

#[test]
fn large_letters_are_sent_a_few_at_a_time() {
    let place = Place::new();
    let line = "x".repeat(1 << 20);
    let file = place.file("flights.ndjson", [line.as_str(); 12].join("\n"));
    place.replay(&file).succeeded();
    let sent = dlq(&place, &["replay"]).succeeded().stdout;
    assert_eq!(sent.trim(), "12 sent to flight");
    // Each commit notes how far it has come.
    let log = topics::open(&place.data());
    let commits = log.offsets("flight-dlq-replayed").unwrap()[0].end;
    assert!(commits >= 3, "{commits}");
}

#[test]
fn what_was_refused_is_sent_once_more_and_once_only() {
    let place = place();
    let read = || topics::records(&topics::open(&place.data()), "flight").concat();
    let before = read();
    let would = dlq(&place, &["replay", "--dry-run"]).succeeded().stdout;
    assert_eq!(would.trim(), "5 would be sent to flight");
    assert_eq!(read(), before);

    let sent = dlq(&place, &["replay", "--reason", "no_position"])
        .succeeded()
        .stdout;
    assert_eq!(sent.trim(), "2 sent to flight");
    let sent = dlq(&place, &["replay"]).succeeded().stdout;
    assert_eq!(
        sent.trim(),
        "3 sent to flight\n2 were sent before; --again sends them once more"
    );
    let sent = json(&place, &["replay"]).remove(0);
    assert_eq!(
        (&sent["sent"], &sent["sent_before"]),
        (&serde_json::json!({}), &5.into())
    );

    // Key, value and headers as they were, in the partition that they were in.
    let flight = topics::records(&topics::open(&place.data()), "flight");
    let again: Vec<_> = flight
        .iter()
        .flatten()
        .filter(|record| record.headers.get("__flightstream.replays").is_some())
        .collect();
    assert_eq!(again.len(), 5);
    let not_utf8 = again
        .iter()
        .find(|record| topics::value(record) == NOT_UTF8)
        .unwrap();
    assert!(flight[3].contains(not_utf8));
    assert_eq!(topics::key(not_utf8).as_deref(), Some("3C0009"));
    let headers: Vec<_> = not_utf8
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), &**value))
        .collect();
    assert_eq!(
        headers,
        [("source", &b"test"[..]), ("__flightstream.replays", b"1")]
    );

    // Nothing was mended, so all are refused again, and can be sent again.
    process(&place);
    let letters = json(&place, &["show", "--limit", "100"]);
    let mut replays: Vec<_> = letters
        .iter()
        .map(|letter| letter["replays"].as_u64().unwrap())
        .collect();
    replays.sort_unstable();
    assert_eq!(replays, [0, 0, 0, 0, 0, 1, 1, 1, 1, 1]);
    let sent = dlq(&place, &["replay", "--again"]).succeeded().stdout;
    assert_eq!(sent.trim(), "10 sent to flight");
}

#[test]
fn letters_can_be_sent_to_another_topic() {
    let place = place();
    let sent = dlq(
        &place,
        &[
            "replay",
            "--to",
            "flight-enriched",
            "--reason",
            "no_position",
        ],
    )
    .succeeded()
    .stdout;
    assert_eq!(sent.trim(), "2 sent to flight-enriched");
    let sent = dlq(&place, &["replay", "--dry-run", "--reason", "no_position"])
        .succeeded()
        .stdout;
    assert_eq!(
        sent.trim(),
        "2 would be sent to flight",
        "what went elsewhere did not go back"
    );
}

#[test]
fn mistakes_are_told() {
    let place = Place::new();
    dlq(&place, &["list"]).failed(2, &["there are no topics in", "--data"]);
    assert!(!place.data().exists(), "looking creates nothing");
    let place = self::place();
    dlq(&place, &["list", "--topic", "nothing"]).failed(1, &["nothing"]);
    dlq(&place, &["replay", "--to", "nothing"]).failed(1, &["nothing"]);
    dlq(&place, &["list", "--offset", "9-3"]).failed(2, &["17-30"]);
    dlq(&place, &["list", "--since", "yesterday"]).failed(2, &["2024-01-31T12:45:58Z"]);
}
