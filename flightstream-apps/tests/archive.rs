//! Backups: what a data directory holds is saved, and a new one made of it shows the same.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a helper fails as the test that calls it does"
)]

mod support;

use support::topics::{open, records};
use support::{PATIENCE, Place, Process};

#[test]
fn a_data_directory_comes_back_from_its_archives() {
    let place = Place::new();
    let options = ["--duration", "30s", "--aircraft", "200", "--dirt"];
    let file = place.simulate("flights.ndjson", &options);
    place.replay(&file).succeeded();
    let data = place.data();
    let data = data.to_str().unwrap();
    let archive = |topic: &str| place.path().join(format!("{topic}.ndjson.zst"));
    let topics = ["flight", "flight-enriched", "flight-dlq"];
    for topic in topics {
        let path = archive(topic);
        place
            .run([
                "topics",
                "export",
                topic,
                "-f",
                path.to_str().unwrap(),
                "--data",
                data,
            ])
            .succeeded();
    }

    let other = Place::new();
    let restored = other.data();
    for topic in topics {
        let path = archive(topic);
        let args = ["topics", "import", "-f", path.to_str().unwrap(), "--data"];
        other
            .run(args.iter().copied().chain(restored.to_str()))
            .succeeded();
    }
    assert_eq!(other.index(), place.index());
    let (before, after) = (open(&place.data()), open(&restored));
    let unplaced = |log: &dyn flightstream_core::log::Log, topic: &str| {
        let mut all = records(log, topic);
        all.iter_mut()
            .flatten()
            .for_each(|record| record.origin = 0);
        all
    };
    for topic in topics {
        assert_eq!(unplaced(&after, topic), unplaced(&before, topic), "{topic}");
    }
    drop((before, after));

    let path = archive("flight");
    let path = path.to_str().unwrap();
    let again = [
        "topics",
        "import",
        "-f",
        path,
        "--data",
        restored.to_str().unwrap(),
    ];
    other
        .run(again)
        .failed(2, &["flight holds records already", "--append"]);
    let half = std::fs::read(path).unwrap();
    std::fs::write(path, &half[..half.len() / 2]).unwrap();
    other
        .run(again.iter().copied().chain(["--append"]))
        .failed(1, &[path, "not whole"]);
}

#[test]
fn a_failed_export_leaves_no_file() {
    let place = Place::new();
    let file = place.simulate("flights.ndjson", &["--duration", "2s", "--aircraft", "10"]);
    place.replay(&file).succeeded();
    let path = place.path().join("none.ndjson.gz");
    let data = place.data();
    let args = [
        "topics",
        "export",
        "no-such-topic",
        "-f",
        path.to_str().unwrap(),
        "--data",
    ];
    place
        .run(args.iter().copied().chain(data.to_str()))
        .failed(1, &["no topic \"no-such-topic\""]);
    let names = std::fs::read_dir(place.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    let left: Vec<_> = names
        .filter(|name| name.to_string_lossy().starts_with("none"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn an_archive_of_more_partitions_than_a_topic_can_have_is_refused() {
    let place = Place::new();
    let head = r#"{"archive":1,"topic":"x","partitions":20000000}"#;
    let path = place.file("x.ndjson", format!("{head}\n{{\"records\":0}}\n"));
    let data = place.data();
    let args = ["topics", "import", "-f", path.to_str().unwrap(), "--data"];
    place
        .run(args.iter().copied().chain(data.to_str()))
        .failed(1, &["\"x\"", "10,000 partitions at most"]);
    // The directory is as good as before.
    let file = place.simulate("flights.ndjson", &["--duration", "2s", "--aircraft", "10"]);
    place.replay(&file).succeeded();
}

/// Whoever can write to the folder knows the names that files have until they are whole.
#[cfg(unix)]
#[test]
fn a_link_in_the_place_of_a_file_that_is_being_written_is_not_followed() {
    let place = Place::new();
    let file = place.simulate("flights.ndjson", &["--duration", "2s", "--aircraft", "10"]);
    place.replay(&file).succeeded();
    let data = place.data();
    let data = data.to_str().unwrap();
    for (name, args) in [
        (
            "saved.ndjson.gz",
            &["topics", "export", "flight", "--data", data][..],
        ),
        ("made.ndjson", &["produce", "simulate", "--duration", "2s"]),
    ] {
        let victim = place.file("victim", "precious");
        // The shell's number is that of the program that it becomes.
        let script = r#"for link in "$1.$$.tmp" ".$1.$$-0.tmp"; do ln -s victim "$link"; done; shift; exec "$@""#;
        let command = place.command(args.iter().copied().chain(["-f", name]));
        let mut shell = std::process::Command::new("sh");
        shell
            .args(["-c", script, "sh", name])
            .arg(command.get_program())
            .args(command.get_args())
            .current_dir(place.path())
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped());
        Process::spawn(shell).wait(PATIENCE).succeeded();
        assert_eq!(std::fs::read(&victim).unwrap(), b"precious", "{name}");
        let written = std::fs::symlink_metadata(place.path().join(name)).unwrap();
        assert!(
            written.is_file() && written.len() > 100,
            "{name}: {written:?}"
        );
    }
}
