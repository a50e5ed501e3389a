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

use flightstream_core::log::archive::{Archive, ArchiveError};
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

/// What `read` gives, and how many bytes it has allocated in all.
fn allocated<T>(read: impl FnOnce() -> T) -> (T, usize) {
    let region = Region::new(ALLOCATOR);
    let value = read();
    (value, region.change().bytes_allocated)
}

#[test]
fn what_is_read_takes_about_as_much_as_its_text() {
    let folder = tempfile::tempdir().unwrap();
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
