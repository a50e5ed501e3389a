//! Runs one test of this file again, alone in a process of its own.
#![allow(dead_code, unreachable_pub)]

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

const DIRECTORY: &str = "FLIGHTSTREAM_TEST_DIRECTORY";

/// In the child: the directory to work on. `None` when the test runner runs the child's test as one of all.
pub fn directory() -> Option<PathBuf> {
    env::var_os(DIRECTORY).map(PathBuf::from)
}

/// A command that runs the test `name` in a child, for `dir`.
pub fn command(name: &str, dir: &Path) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    prepare(&mut command, name, dir);
    command
}

/// Gives any command that ends in running this binary what [`command`] gives.
pub fn prepare(command: &mut Command, name: &str, dir: &Path) {
    command
        .args(["--exact", name, "--nocapture"])
        .env(DIRECTORY, dir);
}
