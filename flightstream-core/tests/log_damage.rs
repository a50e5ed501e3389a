//! What an embedded log says of files that were changed behind its back: an error, or all of its records.
#![cfg(feature = "embedded")]
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used
)]

mod log_fixture;

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use flightstream_core::batch::{Raw, Record, TopicPartition};
use flightstream_core::log::embedded::{EmbeddedLog, EmbeddedOptions};
use flightstream_core::log::{Isolation, Log, LogError, TopicSpec};
use log_fixture::record;
use tempfile::TempDir;

type Contents = (Vec<Vec<Record<Raw>>>, Vec<(TopicPartition, u64)>);

fn options() -> EmbeddedOptions {
    EmbeddedOptions::default().write_buffer_bytes(1024 * 1024)
}

/// A log with records in the store's tables as well as in its journal, closed.
fn log() -> (TempDir, Contents) {
    let dir = tempfile::tempdir().unwrap();
    let log = EmbeddedLog::open(dir.path(), options()).unwrap();
    log.create_topic(&TopicSpec::new("t", 2)).unwrap();
    let mut writer = log.writer(Isolation::Transactional).unwrap();
    for commit in 0..60_u64 {
        let value = |n| format!("{:0>1000}", commit * n * 0x9e37_79b9);
        let records = (0..100).map(|n| record(&n.to_string(), &value(n), 0));
        writer.append("t", records.collect()).unwrap();
        let offset = (TopicPartition::new("t", 0), commit);
        writer.commit("g", &[offset]).unwrap();
    }
    let contents = contents(&log).unwrap();
    drop((log, writer));
    (dir, contents)
}

fn contents(log: &EmbeddedLog) -> Result<Contents, LogError> {
    let mut partitions = Vec::new();
    for (number, range) in (0..).zip(log.offsets("t")?) {
        let partition = TopicPartition::new("t", number);
        let mut records: Vec<Record<Raw>> = Vec::new();
        let mut from = 0;
        while from < range.end {
            let some = log.read(&partition, from, 1000)?;
            let Some(last) = some.last() else { break };
            from = last.origin + 1;
            records.extend(some);
        }
        partitions.push(records);
    }
    Ok((partitions, log.committed("g", "t")?.into_iter().collect()))
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(self::files(&path));
        } else {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// Does `damage` to each file of a copy of a log, and looks at what becomes of it. Returns how often that was an
/// error.
fn after_each(damage: impl Fn(&Path)) -> usize {
    let (original, expected) = log();
    let mut errors = 0;
    for file in files(original.path()) {
        let copied = tempfile::tempdir().unwrap();
        copy(original.path(), copied.path());
        let relative = file.strip_prefix(original.path()).unwrap();
        damage(&copied.path().join(relative));
        let result = EmbeddedLog::open(copied.path(), options()).and_then(|log| contents(&log));
        match result {
            Ok(found) => assert!(found == expected, "records lost: {}", relative.display()),
            Err(error) => {
                errors += 1;
                check(&error, copied.path(), relative);
            }
        }
    }
    errors
}

fn check(error: &LogError, dir: &Path, file: &Path) {
    let LogError::Corrupt { path, .. } = error else {
        panic!("{error:?} for {}", file.display());
    };
    assert_eq!(path, dir);
    let said = error.to_string();
    assert!(said.contains("is damaged"), "{said}");
    assert!(said.contains("move it away"), "{said}");
}

#[test]
fn files_that_are_deleted_are_missed() {
    assert!(after_each(|file| fs::remove_file(file).unwrap()) >= 5);
}

#[test]
fn folders_that_are_deleted_are_missed() {
    let (original, _) = log();
    for folder in [
        "store",
        "store/keyspaces",
        "store/keyspaces/0",
        "store/keyspaces/1",
        "store/keyspaces/1/tables",
        "store/keyspaces/1/blobs",
        "store/keyspaces/2",
    ] {
        let copied = tempfile::tempdir().unwrap();
        copy(original.path(), copied.path());
        fs::remove_dir_all(copied.path().join(folder)).unwrap();
        let result = EmbeddedLog::open(copied.path(), options()).and_then(|log| contents(&log));
        check(&result.unwrap_err(), copied.path(), Path::new(folder));
    }
}

#[test]
fn files_that_are_emptied_are_noticed() {
    assert!(after_each(|file| drop(File::create(file).unwrap())) >= 5);
}

#[test]
fn files_that_are_truncated_are_noticed() {
    let truncate = |file: &Path| {
        let file = File::options().write(true).open(file).unwrap();
        let meta = file.metadata().unwrap();
        // A journal is longer than what is in it.
        let used = meta.len().min(meta.blocks() * 512);
        file.set_len(used / 2).unwrap();
    };
    assert!(after_each(truncate) >= 5);
}

fn flip(file: &Path, position: impl Fn(u64) -> u64) {
    let mut file = File::options().read(true).write(true).open(file).unwrap();
    let meta = file.metadata().unwrap();
    let used = meta.len().min(meta.blocks() * 512);
    if used == 0 {
        return;
    }
    let position = SeekFrom::Start(position(used).min(used - 1));
    let mut byte = [0];
    file.seek(position).unwrap();
    file.read_exact(&mut byte).unwrap();
    file.seek(position).unwrap();
    file.write_all(&[byte[0] ^ 0x15]).unwrap();
}

#[test]
fn a_changed_byte_at_the_start_is_noticed() {
    for position in [0, 1, 5, 9, 17, 23] {
        assert!(after_each(|file| flip(file, |_| position)) >= 3);
    }
}

#[test]
fn a_changed_byte_anywhere_is_noticed() {
    for part in [1, 2, 3, 5] {
        assert!(after_each(|file| flip(file, |used| used * part / 6)) >= 3);
    }
}

#[test]
fn a_changed_byte_at_the_end_is_noticed() {
    for back in [1, 8, 30] {
        after_each(|file| flip(file, |used| used.saturating_sub(back)));
    }
}

#[test]
fn what_does_not_belong_is_noticed_or_ignored() {
    let (original, expected) = log();
    for foreign in [
        "notes.txt",
        "store/notes.txt",
        "store/keyspaces/notes.txt",
        "store/keyspaces/1/notes.txt",
        "store/keyspaces/1/tables/notes.txt",
        "store/keyspaces/1/blobs/notes.txt",
        "store/notes.jnl",
        "store/keyspaces/backup/",
        "store/keyspaces/77/",
        "store/9.jnl/",
    ] {
        let copied = tempfile::tempdir().unwrap();
        copy(original.path(), copied.path());
        let path = copied.path().join(foreign);
        if foreign.ends_with('/') {
            fs::create_dir(path).unwrap();
        } else {
            fs::write(path, "mine").unwrap();
        }
        match EmbeddedLog::open(copied.path(), options()).and_then(|log| contents(&log)) {
            Ok(found) => assert!(found == expected, "{foreign}"),
            Err(error) => check(&error, copied.path(), Path::new(foreign)),
        }
    }
}

#[test]
fn a_store_that_lost_its_newest_commits_is_noticed() {
    let (original, _) = log();
    let copied = tempfile::tempdir().unwrap();
    copy(original.path(), copied.path());
    let log = EmbeddedLog::open(original.path(), options()).unwrap();
    log_fixture::append(&log, "t", vec![record("new", "new", 0)]);
    drop(log);
    fs::copy(
        original.path().join("checkpoint"),
        copied.path().join("checkpoint"),
    )
    .unwrap();
    let error = EmbeddedLog::open(copied.path(), options()).unwrap_err();
    assert!(error.to_string().contains("commits"), "{error}");
    check(&error, copied.path(), Path::new("store"));
}
