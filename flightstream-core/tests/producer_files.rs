//! Recorded files: what is a message of them, and how much of them is held before it is committed.
#![cfg(feature = "files")]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests may panic too"
)]

use std::path::{Path, PathBuf};

use flightstream_core::batch::{Offset, Raw, Record, TopicPartition};
use flightstream_core::log::{LogError, Writer};
use flightstream_core::producer::files::{FileError, FlightFile, OFFSETS, Replay, ReplayProgress};
use flightstream_core::producer::{Pace, StopSignal};
use serde_json::{Value, json};
use tempfile::TempDir;

const KEY: &str = "s3cr3t-k3y";
const ADDRESS: &str = "203.0.113.77";

fn file(folder: &TempDir, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::write(&path, content).unwrap();
    path
}

/// Its messages as text, none of which may hold anything of an envelope.
fn messages(path: &Path) -> Result<Vec<String>, FileError> {
    let mut file = FlightFile::open(path)?;
    let mut messages = Vec::new();
    while let Some(message) = file.next_message()? {
        let text = String::from_utf8(message.value.to_vec()).unwrap();
        assert!(!text.contains(KEY) && !text.contains(ADDRESS), "{text}");
        messages.push(text);
    }
    Ok(messages)
}

fn flights() -> [Value; 2] {
    ["48AE23", "48AE24"].map(|hex| json!({ "hex": hex, "updated": 1_706_705_158 }))
}

fn request() -> Value {
    json!({ "key": { "api_key": KEY }, "client": { "ip": ADDRESS } })
}

fn answer(flights: &[Value]) -> Value {
    json!({ "request": request(), "response": flights, "terms": "none" })
}

fn texts(flights: &[Value]) -> Vec<String> {
    flights.iter().map(Value::to_string).collect()
}

#[test]
fn an_answer_is_read_as_one_whatever_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let flights = flights();
    let answer = answer(&flights);
    let last = format!(
        r#"{{"response":{},"request":{}}}"#,
        json!(flights),
        request()
    );
    for name in ["answer.json", "answer", "answer.ndjson", "answer.jsonl"] {
        for content in [answer.to_string(), format!("{answer}\n\n"), last.clone()] {
            let path = file(&folder, name, &content);
            assert_eq!(messages(&path).unwrap(), texts(&flights), "{name}");
        }
        let path = file(&folder, name, format!("{answer:#}"));
        let read = messages(&path).unwrap();
        let read: Vec<Value> = read.iter().map(|text| text.parse().unwrap()).collect();
        assert_eq!(read, flights, "{name}, of several lines");
        let one = json!({ "request": request(), "response": flights[0] });
        let path = file(&folder, name, one.to_string());
        assert_eq!(messages(&path).unwrap(), texts(&flights[..1]), "{name}");
    }
}

#[test]
fn answers_among_messages_give_their_flights_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let [first, second] = flights();
    let both = answer(&[first.clone(), second.clone()]);
    let cut = both.to_string();
    let cut = &cut[..cut.find(KEY).unwrap() + KEY.len()];
    let error =
        json!({ "error": { "message": format!("{KEY} is unknown"), "code": "unknown_api_key" } });
    let beside = json!({ "hex": "48AE23", "request": request() });
    let within = answer(&[first.clone(), answer(&[])]);
    let lines = [
        first.to_string(),
        both.to_string(),
        cut.to_owned(),
        error.to_string(),
        answer(&[]).to_string(),
        beside.to_string(),
        within.to_string(),
        // A piece of an answer of several lines.
        format!(r#"    "api_key": "{KEY}","#),
        second.to_string(),
    ];
    let known = texts(&[first.clone(), second]);
    // Also where an answer comes first, so that the whole could be one.
    for skipped in [0, 1] {
        let path = file(&folder, "mixed.ndjson", lines[skipped..].join("\n"));
        let read = messages(&path).unwrap();
        let kinds: Vec<_> = read
            .iter()
            .map(|text| match known.iter().position(|known| known == text) {
                Some(0) => "first",
                Some(_) => "second",
                None if text.contains("left out") => "left out",
                None => panic!("{text}"),
            })
            .collect();
        let expected = [
            "first", "first", "second", "left out", "left out", "left out", "first", "left out",
            "left out", "second",
        ];
        assert_eq!(kinds, expected[skipped..], "from line {skipped} on");
    }

    let array = json!([first, both, error]);
    let path = file(&folder, "array.json", array.to_string());
    let read = messages(&path).unwrap();
    assert_eq!(read.len(), 4, "{read:?}");
}

#[test]
fn an_answer_without_flights_is_refused_without_its_content() {
    let folder = tempfile::tempdir().unwrap();
    let whole = answer(&flights()).to_string();
    let error = json!({ "request": request(), "error": { "code": "month_limit_exceeded" } });
    for (content, told) in [
        (whole[..whole.len() - 5].to_owned(), "well-formed"),
        (json!({ "request": request() }).to_string(), "neither"),
        (error.to_string(), "month"),
    ] {
        for name in ["answer.json", "answer", "answer.ndjson"] {
            let path = file(&folder, name, &content);
            let error = FlightFile::open(&path).unwrap_err();
            let text = format!("{error} {error:?}");
            assert!(text.contains(told), "{name}: {text}");
            assert!(!text.contains(KEY) && !text.contains(ADDRESS), "{text}");
        }
    }
}

/// Counts what was appended since the last commit.
#[derive(Debug, Default)]
struct Counting {
    pending: usize,
    most: usize,
    messages: u64,
}

impl Writer for Counting {
    fn append(&mut self, topic: &str, records: Vec<Record<Raw>>) -> Result<(), LogError> {
        if topic != OFFSETS {
            self.messages += records.len() as u64;
        }
        let values = records.iter().filter_map(|record| record.value.as_bytes());
        self.pending += values.map(<[u8]>::len).sum::<usize>();
        self.most = self.most.max(self.pending);
        Ok(())
    }

    fn append_to(&mut self, _: &TopicPartition, _: Vec<Record<Raw>>) -> Result<(), LogError> {
        panic!("a replay goes by keys");
    }

    fn commit(&mut self, _: &str, _: &[(TopicPartition, Offset)]) -> Result<(), LogError> {
        self.pending = 0;
        Ok(())
    }

    fn abort(&mut self) {}
}

#[test]
fn large_messages_are_committed_soon() {
    const MIB: usize = 1 << 20;
    let folder = tempfile::tempdir().unwrap();
    let line = "x".repeat(MIB);
    let path = file(&folder, "large.ndjson", [line.as_str(); 40].join("\n"));
    let replay = Replay {
        path,
        topic: "flight".to_owned(),
        pace: Pace::Max,
        repeat: false,
    };
    let mut writer = Counting::default();
    replay
        .run(
            &mut writer,
            0,
            &StopSignal::default(),
            &ReplayProgress::default(),
        )
        .unwrap();
    assert_eq!(writer.messages, 40);
    assert!(writer.most <= 5 * MIB, "{} bytes", writer.most);
}
