//! Topics saved to files and brought back: the same records, whatever bytes they are, or a file that is refused.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use bytes::Bytes;
use flightstream_core::batch::{Headers, Raw, Record, TopicPartition};
use flightstream_core::log::archive::{Archive, ArchiveError, Compression, Export};
use flightstream_core::log::memory::MemoryLog;
use flightstream_core::log::{Isolation, Log, LogError, TopicSpec};
use flightstream_core::time::Timestamp;
use proptest::prelude::*;

const PARTITIONS: u32 = 3;

/// A log with an empty topic `t`.
fn log(partitions: u32) -> MemoryLog {
    let log = MemoryLog::default();
    log.create_topic(&TopicSpec::new("t", partitions)).unwrap();
    log
}

fn filled(records: &[(u32, Record<Raw>)]) -> MemoryLog {
    let log = log(PARTITIONS);
    let mut writer = log.writer(Isolation::Immediate).unwrap();
    for (partition, record) in records {
        let partition = TopicPartition::new("t", *partition);
        writer.append_to(&partition, vec![record.clone()]).unwrap();
    }
    writer.commit("", &[]).unwrap();
    log
}

fn contents(log: &MemoryLog, partitions: u32) -> Vec<Vec<Record<Raw>>> {
    let read = |number| {
        let partition = TopicPartition::new("t", number);
        log.read(&partition, 0, 100_000).unwrap()
    };
    (0..partitions).map(read).collect()
}

fn saved(log: &MemoryLog, path: &Path, export: &Export) -> u64 {
    let file = fs::File::create(path).unwrap();
    export
        .write(log, file, Compression::of(path), |_| {})
        .unwrap()
}

fn bytes() -> impl Strategy<Value = Bytes> {
    prop_oneof![
        ".{0,12}".prop_map(Bytes::from),
        prop::collection::vec(any::<u8>(), 0..12).prop_map(Bytes::from),
    ]
}

prop_compose! {
    fn record()(
        key in prop::option::of(bytes()),
        value in prop::option::of(bytes()),
        headers in prop::collection::vec((".{0,6}", bytes()), 0..3),
        time in -10_000_i64..4_000_000_000_000,
    ) -> Record<Raw> {
        let mut kept = Headers::default();
        for (name, value) in headers {
            kept.push(name, value);
        }
        Record { key, headers: kept, ..Record::new(Raw(value), Timestamp::from_millis(time)) }
    }
}

fn records() -> impl Strategy<Value = Vec<(u32, Record<Raw>)>> {
    prop::collection::vec((0..PARTITIONS, record()), 0..40)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_saved_comes_back_as_it_was(
        records in records(),
        name in prop::sample::select(vec!["t.ndjson", "t.ndjson.gz", "t.ndjson.zst"]),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        let original = filled(&records);
        prop_assert_eq!(saved(&original, &path, &Export::of("t")), records.len() as u64);

        let archive = Archive::open(&path).unwrap();
        prop_assert_eq!((archive.topic(), archive.partitions()), ("t", PARTITIONS));
        let copy = log(PARTITIONS);
        let imported = archive.import(&copy, "t", |_| {}).unwrap();
        prop_assert_eq!(imported, records.len() as u64);
        prop_assert_eq!(contents(&copy, PARTITIONS), contents(&original, PARTITIONS));
    }

    #[test]
    fn a_file_that_is_cut_off_is_refused(
        records in records(),
        name in prop::sample::select(vec!["t.ndjson", "t.ndjson.gz", "t.ndjson.zst"]),
        at in any::<prop::sample::Index>(),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        saved(&filled(&records), &path, &Export::of("t"));
        let whole = fs::read(&path).unwrap();
        fs::write(&path, &whole[..at.index(whole.len())]).unwrap();
        let error = Archive::open(&path).unwrap_err();
        let is_told = match &error {
            ArchiveError::NoArchive | ArchiveError::Incomplete { .. } => true,
            // A compressed file may end before the first block.
            ArchiveError::Io(error) => error.kind() == ErrorKind::UnexpectedEof,
            _ => false,
        };
        prop_assert!(is_told, "{:?}", error);
    }

    #[test]
    fn a_file_with_another_byte_is_refused_or_read(
        records in records(),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.ndjson");
        saved(&filled(&records), &path, &Export::of("t"));
        let mut changed = fs::read(&path).unwrap();
        let at = at.index(changed.len());
        changed[at] = byte;
        fs::write(&path, changed).unwrap();
        if let Ok(archive) = Archive::open(&path) {
            prop_assert_eq!(archive.records(), records.len() as u64);
        }
    }
}

fn keyed(n: u32) -> (u32, Record<Raw>) {
    let record = Record {
        key: Some(format!("key {n}").into()),
        ..Record::new(Raw::from(n.to_string()), Timestamp::from_seconds(n.into()))
    };
    (n % PARTITIONS, record)
}

#[test]
fn records_go_by_their_keys_where_partitions_are_others() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.ndjson");
    let records: Vec<_> = (0..3_000).map(keyed).collect();
    saved(&filled(&records), &path, &Export::of("t"));
    let copy = log(5);
    let archive = Archive::open(&path).unwrap();
    let mut told = Vec::new();
    assert_eq!(
        archive
            .import(&copy, "t", |records| told.push(records))
            .unwrap(),
        3_000
    );
    assert_eq!(told.last(), Some(&3_000));
    let mut expected = log(5);
    let by_key = records.into_iter().map(|(_, record)| record).collect();
    let mut writer = expected.writer(Isolation::Immediate).unwrap();
    writer.append("t", by_key).unwrap();
    writer.commit("", &[]).unwrap();
    drop(writer);
    let values = |log: &mut MemoryLog| {
        let partitions = contents(log, 5).into_iter();
        let sorted = partitions.map(|records| {
            let mut values: Vec<_> = records.into_iter().map(|record| record.value).collect();
            values.sort_by_key(|value| value.as_bytes().map(<[u8]>::to_vec));
            values
        });
        sorted.collect::<Vec<_>>()
    };
    let mut copy = copy;
    assert_eq!(values(&mut copy), values(&mut expected));
}

#[test]
fn a_part_of_a_topic_is_saved_where_it_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.ndjson");
    let original = filled(&(0..30).map(keyed).collect::<Vec<_>>());
    let export = Export::of("t").partition(1).offsets(2..5);
    assert_eq!(saved(&original, &path, &export), 3);
    let copy = log(PARTITIONS);
    Archive::open(&path)
        .unwrap()
        .import(&copy, "t", |_| {})
        .unwrap();
    let values = contents(&copy, PARTITIONS)[1]
        .iter()
        .map(|record| record.value.clone())
        .collect::<Vec<_>>();
    assert_eq!(values, ["7", "10", "13"].map(Raw::from));

    let file = fs::File::create(&path).unwrap();
    let missing = Export::of("t")
        .partition(3)
        .write(&original, file, Compression::None, |_| {});
    let unknown = |error| {
        matches!(
            error,
            ArchiveError::Log(LogError::UnknownPartition { partition: 3, .. })
        )
    };
    assert!(missing.is_err_and(unknown));
}

#[test]
fn what_is_no_archive_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.ndjson");
    let refused = |text: &str| {
        fs::write(&path, text).unwrap();
        Archive::open(&path).unwrap_err().to_string()
    };
    for text in ["", "\n", "hex,lat\n", "{\"hex\":\"48AE23\"}\n", "[]\n"] {
        assert!(refused(text).contains("no archive"), "{text:?}");
    }
    let head = "{\"archive\":1,\"topic\":\"t\",\"partitions\":2}\n";
    assert!(refused(&head.replace(":1", ":2")).contains("use a newer one"));
    let line = refused(&format!(
        "{head}{{\"partition\":2,\"offset\":0,\"time\":1}}\n{{\"records\":1}}\n"
    ));
    assert!(
        line.contains("line 2") && line.contains("no partition 2"),
        "{line}"
    );
    let base64 = "{\"partition\":0,\"offset\":0,\"time\":1,\"key\":{\"base64\":\"?\"}}";
    assert!(refused(&format!("{head}{base64}\n")).contains("bad base64"));
    assert!(refused(&format!("{head}{{\"records\":1}}\n")).contains("not whole"));
    assert!(refused(&format!("{head}{{\"records\":0}}\nmore\n")).contains("not whole"));
}

#[test]
fn large_records_are_committed_soon() {
    const MIB: usize = 1 << 20;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.ndjson");
    let large = |n: u32| {
        (
            n % PARTITIONS,
            Record::new(
                Raw::from(vec![b'x'; MIB]),
                Timestamp::from_seconds(n.into()),
            ),
        )
    };
    saved(
        &filled(&(0..40).map(large).collect::<Vec<_>>()),
        &path,
        &Export::of("t"),
    );
    let copy = log(PARTITIONS);
    let mut told = vec![0];
    let progress = |records| told.push(records);
    Archive::open(&path)
        .unwrap()
        .import(&copy, "t", progress)
        .unwrap();
    assert_eq!(told.last(), Some(&40));
    for committed in told.windows(2) {
        assert!(committed[1] - committed[0] <= 4, "{told:?}");
    }
}

#[test]
fn a_record_comes_back_whatever_room_its_text_takes_in_json() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.ndjson");
    // Each byte takes six characters.
    let value = Raw::from(vec![1; 4 << 20]);
    let original = filled(&[(0, Record::new(value, Timestamp::from_seconds(1)))]);
    saved(&original, &path, &Export::of("t"));
    let copy = log(PARTITIONS);
    let archive = Archive::open(&path).unwrap();
    archive.import(&copy, "t", |_| {}).unwrap();
    assert_eq!(contents(&copy, PARTITIONS), contents(&original, PARTITIONS));
}

#[test]
fn what_no_export_writes_is_named_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.ndjson");
    let refused = |field: &str| {
        let text = format!(
            "{{\"archive\":1,\"topic\":\"t\",\"partitions\":1}}\n{{\"partition\":0,\"offset\":0,\"time\":1,{field}}}\n{{\"records\":1}}\n"
        );
        fs::write(&path, text).unwrap();
        Archive::open(&path)
            .map(|archive| archive.records())
            .map_err(|error| error.to_string())
    };
    let headers = |count| format!("\"headers\":[{}]", vec!["[\"a\",\"b\"]"; count].join(","));
    assert_eq!(refused(&headers(1_024)), Ok(1));
    for (field, told) in [
        (headers(1_025), "more than 1024 headers"),
        ("\"key\":[1]".to_owned(), "text or an object with base64"),
        ("\"key\":{}".to_owned(), "base64"),
        (
            format!("\"key\":\"{}\"", "x".repeat(8 << 20)),
            "longer than 8388608 bytes",
        ),
    ] {
        let error = refused(&field).unwrap_err();
        assert!(error.contains("line 2") && error.contains(told), "{error}");
    }
}
