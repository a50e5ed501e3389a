//! The embedded log and its directory: who may use it, and what is said when it can't be used.
#![cfg(feature = "embedded")]
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used
)]

mod log_child;
mod log_fixture;

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use flightstream_core::batch::TopicPartition;
use flightstream_core::log::embedded::{Durability, EmbeddedLog, EmbeddedOptions};
use flightstream_core::log::{Isolation, Log, LogError, TopicSpec};
use log_fixture::{append, read_all, record, unkeyed, values};

fn open(dir: &Path) -> Result<EmbeddedLog, LogError> {
    EmbeddedLog::open(dir, EmbeddedOptions::default())
}

/// Tries to open the log in a process of its own, and prints what comes of it.
#[test]
fn child_opens() {
    if let Some(dir) = log_child::directory() {
        match open(&dir) {
            Ok(_) => println!("\nopened"),
            Err(error) => println!("\nrefused: {error:?}\nsaid: {error}"),
        }
    }
}

fn output(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_second_process_is_locked_out() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path()).unwrap();
    let said = output(&mut log_child::command("child_opens", dir.path()));
    assert!(said.contains("refused: Locked"), "{said}");
    assert!(said.contains(&dir.path().display().to_string()), "{said}");
    assert!(said.contains("is in use by another process"), "{said}");
    assert!(matches!(open(dir.path()), Err(LogError::Locked { .. })));
    drop(log);
    let said = output(&mut log_child::command("child_opens", dir.path()));
    assert!(said.contains("opened"), "{said}");
}

#[test]
fn the_directory_is_free_when_the_last_handle_is_dropped() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path()).unwrap();
    log.create_topic(&TopicSpec::new("t", 1)).unwrap();
    let mut writer = log.writer(Isolation::Immediate).unwrap();
    drop(log);
    writer.append("t", vec![unkeyed("1")]).unwrap();
    assert!(matches!(open(dir.path()), Err(LogError::Locked { .. })));
    drop(writer);
    assert_eq!(read_all(&open(dir.path()).unwrap(), "t", 0).len(), 1);
}

#[test]
fn every_durability_survives_closing() {
    for durability in [
        Durability::EveryCommit,
        Durability::Interval(std::time::Duration::ZERO),
        Durability::Interval(std::time::Duration::from_secs(3600)),
        Durability::Never,
    ] {
        let dir = tempfile::tempdir().unwrap();
        let options = EmbeddedOptions::default().durability(durability);
        let log = EmbeddedLog::open(dir.path(), options).unwrap();
        log.create_topic(&TopicSpec::new("t", 1)).unwrap();
        let mut writer = log.writer(Isolation::Transactional).unwrap();
        writer.append("t", vec![unkeyed("1")]).unwrap();
        let offset = (TopicPartition::new("t", 0), 1);
        writer.commit("g", &[offset]).unwrap();
        writer.commit("g", &[]).unwrap();
        log.sync().unwrap();
        drop((log, writer));
        let log = EmbeddedLog::open(dir.path(), options).unwrap();
        assert_eq!(values(&read_all(&log, "t", 0)), ["1"]);
        assert_eq!(log.committed("g", "t").unwrap().len(), 1);
    }
}

#[test]
fn a_record_too_large_is_refused_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let options = EmbeddedOptions::default().max_record_bytes(1000);
    let log = EmbeddedLog::open(dir.path(), options).unwrap();
    log.create_topic(&TopicSpec::new("t", 1)).unwrap();
    for isolation in [Isolation::Transactional, Isolation::Immediate] {
        let mut writer = log.writer(isolation).unwrap();
        let error = writer
            .append("t", vec![unkeyed("1"), unkeyed(&"x".repeat(1000))])
            .unwrap_err();
        assert!(matches!(
            error,
            LogError::RecordTooLarge { limit: 1000, .. }
        ));
        writer.commit("g", &[]).unwrap();
        assert!(
            read_all(&log, "t", 0).is_empty(),
            "all or none of an append"
        );
        writer.append("t", vec![unkeyed("2")]).unwrap();
        writer.abort();
    }
    assert_eq!(read_all(&log, "t", 0).len(), 1);
}

#[test]
fn a_path_that_is_a_file_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "mine").unwrap();
    for path in [file.clone(), file.join("below")] {
        let error = open(&path).unwrap_err();
        let LogError::Io {
            path: named,
            source,
            ..
        } = &error
        else {
            panic!("{error}");
        };
        assert_eq!(*named, path);
        assert_eq!(source.kind(), ErrorKind::NotADirectory, "{error}");
    }
    assert_eq!(fs::read(&file).unwrap(), b"mine");
}

#[test]
fn a_directory_of_something_else_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("thesis.txt"), "mine").unwrap();
    let error = open(dir.path()).unwrap_err();
    assert!(matches!(&error, LogError::NotALog { found, .. } if found == "thesis.txt"));
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);

    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join(".gitkeep"), "").unwrap();
    fs::create_dir(dir.path().join("lost+found")).unwrap();
    open(dir.path()).unwrap();
}

#[test]
fn an_unfinished_store_is_made_anew() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir_all(dir.path().join("store.new/keyspaces/0")).unwrap();
    fs::write(dir.path().join("store.new/0.jnl"), "half").unwrap();
    open(dir.path()).unwrap();
    open(dir.path()).unwrap();
}

/// Runs `child_opens` on `dir` as a user who owns nothing.
fn open_without_rights(dir: &Path) -> String {
    // As root, permissions don't count, and others may not be let into the build directory.
    let place = tempfile::tempdir().unwrap();
    let is_root = fs::metadata(place.path()).unwrap().uid() == 0;
    fs::set_permissions(place.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let binary = place.path().join("test");
    // By a process of its own: a child that another test starts meanwhile would hold the file open for writing for a moment,
    // and what is open so cannot be run.
    let copied = Command::new("cp")
        .arg(std::env::current_exe().unwrap())
        .arg(&binary)
        .status();
    assert!(copied.unwrap().success());
    let mut command = Command::new(&binary);
    log_child::prepare(&mut command, "child_opens", dir);
    command.current_dir(place.path());
    if is_root {
        command.uid(65534).gid(65534);
    }
    output(&mut command)
}

#[test]
fn a_read_only_directory_is_refused() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("log");
    drop(open(&dir).unwrap());
    let mode = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode));
    mode(&dir.join("lock"), 0o444).unwrap();
    mode(&dir, 0o555).unwrap();
    mode(parent.path(), 0o555).unwrap();
    let existing = open_without_rights(&dir);
    let new = open_without_rights(&parent.path().join("new"));
    mode(parent.path(), 0o755).unwrap();
    mode(&dir, 0o755).unwrap();
    assert!(
        existing.contains("said: cannot write in the data directory"),
        "{existing}"
    );
    assert!(existing.contains("Permission denied"), "{existing}");
    assert!(
        new.contains("said: cannot create in the data directory"),
        "{new}"
    );
    assert!(new.contains("Permission denied"), "{new}");
}

#[test]
fn a_store_without_write_permission_inside_is_refused() {
    let parent = tempfile::tempdir().unwrap();
    fs::set_permissions(parent.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let dir = parent.path().join("log");
    let log = open(&dir).unwrap();
    log.create_topic(&TopicSpec::new("t", 1)).unwrap();
    append(&log, "t", vec![record("a", "1", 0)]);
    drop(log);
    fs::set_permissions(dir.join("lock"), fs::Permissions::from_mode(0o666)).unwrap();
    fs::set_permissions(dir.join("store"), fs::Permissions::from_mode(0o555)).unwrap();
    for entry in fs::read_dir(dir.join("store")).unwrap() {
        let path = entry.unwrap().path();
        let mode = if path.is_dir() { 0o555 } else { 0o444 };
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }
    let said = open_without_rights(&dir);
    fs::set_permissions(dir.join("store"), fs::Permissions::from_mode(0o755)).unwrap();
    assert!(said.contains("refused: Io"), "{said}");
    assert!(said.contains("Permission denied"), "{said}");
}
