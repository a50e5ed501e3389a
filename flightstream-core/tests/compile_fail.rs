//! What must not compile, and that the compiler says what to do instead.
//!
//! Each module is compiled into this very test alone, with its name as `--cfg`. The message is searched for the advice
//! that the library gives; the rest of it is the compiler's, and lists every operator there is.

#![allow(
    unexpected_cfgs,
    reason = "set by the tests below, and never by a build that is to succeed"
)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what goes wrong in a test should end it"
)]

use std::process::Command;

#[cfg(aggregate_after_key_by)]
#[path = "compile_fail/aggregate_after_key_by.rs"]
mod aggregate_after_key_by;
#[cfg(count_after_key_by)]
#[path = "compile_fail/count_after_key_by.rs"]
mod count_after_key_by;

/// What the compiler says to a module; the test fails if it says nothing.
#[track_caller]
fn refusal(module: &str) -> String {
    let mut build = Command::new(env!("CARGO"));
    // What this test's own cargo has set would make build scripts of dependencies run again.
    for (name, _) in std::env::vars() {
        if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
            build.env_remove(name);
        }
    }
    let build = build
        .args(["rustc", "--quiet", "--offline", "--test", "compile_fail"])
        .args([
            "--manifest-path",
            concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"),
        ])
        .args(["--", "--cfg", module])
        .env("CARGO_TERM_COLOR", "never")
        .output()
        .unwrap();
    assert!(!build.status.success(), "{module} compiles");
    String::from_utf8(build.stderr).unwrap()
}

#[track_caller]
fn refused_with_advice(module: &str, line: &str) {
    let message = refusal(module);
    for part in [
        "these records may not be in the partition of their key",
        "records of one key may be in several partitions",
        ".repartition(",
        ".assume_aligned()",
        line,
    ] {
        assert!(message.contains(part), "{part:?} is not in:\n{message}");
    }
    let others = message
        .lines()
        .filter(|line| line.starts_with("error[") && !line.contains("E0277"));
    assert_eq!(others.count(), 0, "{message}");
}

#[test]
fn aggregates_need_aligned_records() {
    refused_with_advice("aggregate_after_key_by", ".aggregate(");
}

#[test]
fn operators_that_keep_a_changed_key_do_not_help() {
    refused_with_advice("count_after_key_by", ".count(counts)");
}
