//! Files whose text is many times larger in memory if it is taken apart: what reading them allocates, counted by the
//! allocator.
//!
//! It is the only test of its binary, because the allocator counts for all threads.
#![cfg(feature = "files")]
#![allow(
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "what goes wrong in a test should end it"
)]

use std::alloc::System;
use std::path::{Path, PathBuf};

use flightstream_core::flight::airlabs::{Answer, AnswerError};
use flightstream_core::log::archive::{Archive, ArchiveError};
use flightstream_core::producer::files::FlightFile;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const MIB: usize = 1 << 20;

/// An array of that many bytes.
fn ones(bytes: usize) -> String {
    format!("[1{}]", ",1".repeat(bytes / 2))
}

fn file(folder: &Path, name: &str, content: &str) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, content).unwrap();
    path
}

/// What `read` gives, and how many bytes it has allocated and not freed yet.
fn held<T>(read: impl FnOnce() -> T) -> (T, isize) {
    let region = Region::new(ALLOCATOR);
    let value = read();
    let change = region.change();
    let held = change.bytes_allocated.cast_signed() - change.bytes_deallocated.cast_signed();
    (value, held)
}

/// What `read` gives, and how many bytes it has allocated in all.
fn allocated<T>(read: impl FnOnce() -> T) -> (T, usize) {
    let region = Region::new(ALLOCATOR);
    let value = read();
    (value, region.change().bytes_allocated)
}

#[test]
fn what_is_read_takes_about_as_much_as_its_text() {
    let folder = tempfile::tempdir().unwrap();
    let answer = format!(r#"{{"response":{}}}"#, ones(8 * MIB));

    let path = file(folder.path(), "answer.json", &answer);
    let (mut flights, bytes) = held(|| FlightFile::open(&path).unwrap());
    println!("an answer of 8 MiB: {bytes} bytes");
    assert!(bytes < 20 * MIB as isize, "{bytes}");
    let (count, bytes) = held(|| {
        let messages = std::iter::from_fn(|| flights.next_message().unwrap());
        messages.count()
    });
    assert_eq!(count, 4 * MIB + 1);
    assert!(bytes < MIB as isize, "{bytes}");

    let (error, bytes) = allocated(|| Answer::parse(answer.as_bytes()).unwrap_err());
    println!("the same at once: {bytes} bytes");
    assert_eq!(error, AnswerError::TooMany);
    // Those that there are room for, and what each of them gives up when it is found to be no object.
    assert!(bytes < 100 * MIB, "{bytes}");

    let headers = format!("[{}]", vec![r#"["",""]"#; 7 * MIB / 8].join(","));
    for (name, field) in [
        ("key", format!(r#""key":{}"#, ones(7 * MIB))),
        ("headers", format!(r#""headers":{headers}"#)),
    ] {
        let content = format!(
            "{{\"archive\":1,\"topic\":\"t\",\"partitions\":1}}\n\
             {{\"partition\":0,\"offset\":0,\"time\":1,{field}}}\n{{\"records\":1}}\n"
        );
        let path = file(folder.path(), name, &content);
        let (error, bytes) = allocated(|| Archive::open(&path).unwrap_err());
        println!("an archive's {name} of 7 MiB: {bytes} bytes");
        assert!(
            matches!(error, ArchiveError::Line { number: 2, .. }),
            "{error}"
        );
        // The line, which grows to twice its size, and what it has grown from.
        assert!(bytes < 40 * MIB, "{name}: {bytes}");
    }
}
