//! One snapshot in a file: its flights and nothing of the envelope, or the file as it was.

#![allow(clippy::unwrap_used, reason = "the helpers of tests are part of them")]

mod airlabs_support;

use std::fs;
use std::path::Path;

use airlabs_support::{Reply, StandIn, aircraft, assert_discreet, envelope, error, ok};
use flightstream_core::flight::Flight;
use flightstream_core::flight::airlabs::AirlabsJson;
use flightstream_core::flight::csv::Rows;
use flightstream_core::operator::Decoder;
use flightstream_core::producer::airlabs::{ExportFailure, export};
use flightstream_core::producer::export::{Export, ExportError, ExportReport};

fn flights() -> Vec<String> {
    vec![
        aircraft("48AE23", 52.25, 1_706_705_158),
        "{\n  \"hex\": \"48ae24\",\r\n  \"updated\": 1706705159,\n  \"flight_number\": \"19T\"\n}".to_owned(),
        r#"{"hex":"00E100","updated":1706705160,"reg_number":"A, \"B\"","brand_new":[1,2],"alt":null}"#.to_owned(),
    ]
}

fn write(path: &Path, messages: &[String]) -> Result<ExportReport, ExportError> {
    Export::to(path)?.write(messages.iter().map(String::as_bytes))
}

fn decoded<'a>(messages: impl IntoIterator<Item = &'a [u8]>) -> Vec<Flight> {
    let mut decoder = AirlabsJson::default();
    messages
        .into_iter()
        .map(|message| decoder.decode(message).unwrap())
        .collect()
}

fn names(folder: &Path) -> Vec<String> {
    let name = |entry: fs::DirEntry| entry.file_name().into_string().unwrap();
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| name(entry.unwrap()))
        .collect();
    names.sort();
    names
}

#[test]
fn every_format_gives_the_same_flights_back() {
    let folder = tempfile::tempdir().unwrap();
    let expected = decoded(flights().iter().map(String::as_bytes));

    let path = folder.path().join("flights.ndjson");
    assert_eq!(write(&path, &flights()).unwrap().written, 3);
    let text = fs::read_to_string(&path).unwrap();
    assert_eq!(decoded(text.lines().map(str::as_bytes)), expected);
    assert_eq!(text.lines().count(), 3);

    let path = folder.path().join("flights.JSON");
    write(&path, &flights()).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    let array: Vec<&serde_json::value::RawValue> = serde_json::from_str(&text).unwrap();
    assert_eq!(
        decoded(array.iter().map(|value| value.get().as_bytes())),
        expected
    );

    let path = folder.path().join("flights.csv");
    write(&path, &flights()).unwrap();
    let rows: Vec<_> = Rows::new(fs::File::open(&path).unwrap())
        .unwrap()
        .map(|row| row.unwrap().raw)
        .collect();
    assert_eq!(decoded(rows.iter().map(|raw| &raw[..])), expected);
    let text = fs::read_to_string(&path).unwrap();
    let header = text.lines().next().unwrap();
    assert!(
        header.starts_with("hex,reg_number,flag,lat,lng,alt"),
        "{header}"
    );
    assert!(
        header.ends_with(",status,v_speed,squawk,type,brand_new"),
        "{header}"
    );
    assert!(
        text.contains("00E100"),
        "leading zeros are no number's: {text}"
    );

    assert_eq!(
        names(folder.path()),
        ["flights.JSON", "flights.csv", "flights.ndjson"]
    );
}

#[test]
fn nothing_gives_an_empty_file_of_its_kind() {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in [("x.json", "[]\n"), ("x.jsonl", "")] {
        let path = folder.path().join(name);
        write(&path, &[]).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), content);
    }
    let path = folder.path().join("x.csv");
    write(&path, &[]).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 1);
}

#[test]
fn what_a_format_cannot_hold_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let many: Vec<_> = (0..300).map(|n| format!(r#""field_{n}":1"#)).collect();
    let messages = [
        r#"{"hex":"48AE23"}"#.to_owned(),
        "[1]".to_owned(),
        "no JSON".to_owned(),
        format!("{{{}}}", many.join(",")),
    ];
    for (name, written) in [("x.json", 3), ("x.ndjson", 3), ("x.csv", 1)] {
        let report = write(&folder.path().join(name), &messages).unwrap();
        assert_eq!(
            (report.written, report.skipped),
            (written, 4 - written),
            "{name}"
        );
    }
}

#[test]
fn a_path_is_checked_before_anything_is_fetched() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("folder.csv")).unwrap();
    fs::write(folder.path().join("file"), "x").unwrap();
    for name in [
        "flights",
        "flights.txt",
        ".csv",
        "missing/flights.csv",
        "folder.csv",
        "file/x.csv",
    ] {
        assert!(Export::to(folder.path().join(name)).is_err(), "{name}");
    }
    // A name alone is one in the present folder.
    Export::to("flights.csv").unwrap();
}

#[test]
fn one_call_goes_into_the_file_without_the_envelope() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["flights.json", "flights.ndjson", "flights.csv"] {
        let path = folder.path().join(name);
        let api = StandIn::new([ok(envelope(&flights(), 5))]);
        let report = export(&api.client(), &path).unwrap();
        assert_eq!((report.written, report.skipped), (3, 0));
        assert_discreet(&fs::read_to_string(&path).unwrap());
        assert_eq!(api.requests().len(), 1);
    }
}

#[test]
fn the_old_file_survives_every_failure() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flights.csv");
    fs::write(&path, "old").unwrap();
    let whole = envelope(&flights(), 5);
    for reply in [
        ok(error("unknown_api_key")),
        ok(error("not_found")),
        ok(&whole[..whole.len() / 2]),
        Reply::Truncated(whole.into_bytes()),
        Reply::Reset,
    ] {
        let error = export(&StandIn::new([reply]).client(), &path).unwrap_err();
        assert!(matches!(error, ExportFailure::Request(_)));
        assert_discreet(&format!("{error} {error:?}"));
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(names(folder.path()), ["flights.csv"]);
    }

    // A call is not spent on a file that cannot be written.
    let api = StandIn::new([ok("[]")]);
    let error = export(&api.client(), folder.path().join("flights.xml")).unwrap_err();
    assert!(matches!(
        error,
        ExportFailure::File(ExportError::Extension { .. })
    ));
    assert!(api.requests().is_empty());

    // The messages fail halfway.
    let messages = flights();
    let broken = messages.iter().enumerate().map(|(n, message)| {
        assert!(n < 2, "invented panic");
        message.as_bytes()
    });
    let target = Export::to(&path).unwrap();
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| target.write(broken)));
    assert!(panicked.is_err());
    assert_eq!(fs::read_to_string(&path).unwrap(), "old");
    assert_eq!(names(folder.path()), ["flights.csv"]);
}
