//! An embedded log that cannot write any more.
#![cfg(all(feature = "embedded", target_os = "linux"))]
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used
)]

mod log_child;
mod log_fixture;

use std::path::Path;
use std::process::Command;

use flightstream_core::batch::{Raw, Record, TopicPartition};
use flightstream_core::log::embedded::{EmbeddedLog, EmbeddedOptions};
use flightstream_core::log::{Isolation, Log, LogError, TopicSpec};
use flightstream_core::time::Timestamp;
use log_fixture::{append, read_all, unkeyed};

const MIB: usize = 1024 * 1024;

fn open(dir: &Path) -> EmbeddedLog {
    EmbeddedLog::open(dir, EmbeddedOptions::default()).unwrap()
}

/// Bytes that don't compress.
fn noise(len: usize, seed: u64) -> Record<Raw> {
    let mut state = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let bytes: Vec<u8> = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    })
    .take(len / 8)
    .flatten()
    .collect();
    Record::new(Raw::from(bytes), Timestamp::default())
}

/// In a process that may not write files longer than 64 MiB: a transaction longer than that.
#[test]
fn child_writes_too_much() {
    let Some(dir) = log_child::directory() else {
        return;
    };
    let log = open(&dir);
    log.create_topic(&TopicSpec::new("t", 1)).unwrap();
    append(&log, "t", vec![unkeyed("before")]);
    let mut writer = log.writer(Isolation::Transactional).unwrap();
    for _ in 0..70 {
        writer.append("t", vec![unkeyed(&"x".repeat(MIB))]).unwrap();
    }
    let offset = (TopicPartition::new("t", 0), 1);
    let error = writer.commit("g", &[offset]).unwrap_err();
    println!("\nfirst: {error}");
    assert!(
        matches!(
            error,
            LogError::Io {
                action: "write",
                ..
            }
        ),
        "{error:?}"
    );
    let appended = log
        .writer(Isolation::Immediate)
        .unwrap()
        .append("t", vec![unkeyed("after")]);
    assert!(matches!(appended, Err(LogError::Poisoned)), "{appended:?}");
    assert!(matches!(writer.commit("g", &[]), Err(LogError::Poisoned)));
    assert!(matches!(log.sync(), Err(LogError::Poisoned)));
    assert!(matches!(log.clean(), Err(LogError::Poisoned) | Ok(())));
    let created = log.create_topic(&TopicSpec::new("u", 1));
    assert!(matches!(created, Err(LogError::Poisoned)));
    assert_eq!(read_all(&log, "t", 0).len(), 1, "reading still works");
    assert!(log.committed("g", "t").unwrap().is_empty());
    println!("done");
}

#[test]
fn a_write_that_fails_stops_the_log_and_commits_nothing() {
    let dir = tempfile::tempdir().unwrap();
    // The limit counts 512 bytes; without the trap, the system would kill the process that reaches it.
    let script = r#"trap '' XFSZ; ulimit -f 131072; exec "$@""#;
    let mut command = Command::new("sh");
    command
        .args(["-c", script, "sh"])
        .arg(std::env::current_exe().unwrap());
    log_child::prepare(&mut command, "child_writes_too_much", dir.path());
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{output:?}");
    assert!(
        said.contains("first: cannot write in the data directory"),
        "{said}"
    );
    assert!(said.contains("done"), "{said}");

    let log = open(dir.path());
    assert_eq!(read_all(&log, "t", 0).len(), 1);
    assert!(log.committed("g", "t").unwrap().is_empty());
    append(&log, "t", vec![unkeyed("after")]);
    assert_eq!(read_all(&log, "t", 0).len(), 2);
}

#[test]
#[ignore = "mounts a file system, which takes root: cargo test --test log_full_disk -- --ignored"]
fn a_full_disk_stops_the_log_and_it_goes_on_once_there_is_room() {
    let mount = |args: &[&str], dir: &Path| {
        let status = Command::new("mount").args(args).arg(dir).status().unwrap();
        assert!(status.success(), "mount needs root");
    };
    let dir = tempfile::tempdir().unwrap();
    mount(&["-t", "tmpfs", "-o", "size=40m", "tmpfs"], dir.path());
    // Errors must reach the caller before the file system is gone.
    let result = std::panic::catch_unwind(|| {
        fill(dir.path(), || {
            mount(&["-o", "remount,size=400m"], dir.path());
        });
    });
    Command::new("umount").arg(dir.path()).status().unwrap();
    result.unwrap();
}

fn fill(dir: &Path, make_room: impl Fn()) {
    let log = open(dir);
    log.create_topic(&TopicSpec::new("t", 1)).unwrap();
    let mut writer = log.writer(Isolation::Immediate).unwrap();
    let mut appended = 0;
    let error = loop {
        match writer.append("t", vec![noise(MIB / 4, appended)]) {
            Ok(()) => appended += 1,
            Err(error) => break error,
        }
        assert!(appended < 4 * 400, "it never got full");
    };
    assert!(
        error.to_string().contains("No space left on device"),
        "{error}"
    );
    assert!(matches!(error, LogError::Io { .. }), "{error:?}");
    let again = writer.append("t", vec![unkeyed("more")]);
    assert!(
        matches!(again, Err(LogError::Poisoned | LogError::Io { .. })),
        "{again:?}"
    );
    drop((log, writer));

    make_room();
    let log = open(dir);
    let end = log.offsets("t").unwrap()[0].end;
    assert!(
        end == appended || end == appended + 1,
        "{end} of {appended}"
    );
    append(&log, "t", vec![unkeyed("after")]);
    let records = log.read(&TopicPartition::new("t", 0), end, 1).unwrap();
    assert_eq!(records.len(), 1);
}
