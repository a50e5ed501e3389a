//! Runs the binary, reads what it leaves behind, and writes what it is fed.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test file is a crate and uses a part of it"
)]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a helper fails as the test that calls it does"
)]

#[cfg(feature = "test-elastic")]
pub mod elastic;
pub mod http;
#[cfg(feature = "test-kafka")]
pub mod kafka;
#[cfg(feature = "test-kafka")]
pub mod network;
pub mod oracle;
pub mod topics;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use serde_json::Value;

/// What a test waits for at the most. It is never slept through, only reached when something hangs.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The binary, with nothing of this machine's settings, in a folder of its own.
pub fn flightstream(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_flightstream"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("FLIGHTSTREAM_") || name == "RUST_LOG" {
            command.env_remove(name);
        }
    }
    command
        .env("HOME", folder)
        .env("XDG_DATA_HOME", folder.join("platform"))
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// The text of a key or a value, empty where there is none.
pub fn value_of(bytes: Option<&[u8]>) -> String {
    String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned()
}

/// What a process that has ended has left.
#[derive(Debug)]
pub struct Ended {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

impl Ended {
    #[track_caller]
    pub fn succeeded(self) -> Self {
        assert_eq!(
            self.status.code(),
            Some(0),
            "expected exit code 0:\n{}",
            self.stderr
        );
        self.has_no_panic()
    }

    /// It ended with that code, without a panic, and its error holds all of `texts`.
    #[track_caller]
    pub fn failed(self, code: i32, texts: &[&str]) -> Self {
        assert_eq!(
            self.status.code(),
            Some(code),
            "expected exit code {code}:\n{}\n{}",
            self.stdout,
            self.stderr
        );
        for text in texts {
            assert!(
                self.stderr.contains(text),
                "expected the error to say {text:?}:\n{}",
                self.stderr
            );
        }
        self.has_no_panic()
    }

    #[track_caller]
    pub fn has_no_panic(self) -> Self {
        assert!(
            !self.stderr.contains("panicked"),
            "expected no panic:\n{}",
            self.stderr
        );
        self
    }

    /// The report that `--report json` printed.
    #[track_caller]
    pub fn report(&self) -> Report {
        let json: Value = serde_json::from_str(self.stdout.trim()).unwrap_or_else(|error| {
            panic!(
                "expected one JSON object on standard output: {error}\n{}\n{}",
                self.stdout, self.stderr
            )
        });
        Report(json)
    }
}

/// The report of a command.
#[derive(Clone, Debug)]
pub struct Report(pub Value);

impl Report {
    #[track_caller]
    pub fn number(&self, key: &str) -> u64 {
        self.0[key]
            .as_u64()
            .unwrap_or_else(|| panic!("expected a number {key:?} in the report {}", self.0))
    }

    /// The counts of an object, such as `rejected`.
    #[track_caller]
    pub fn counts(&self, key: &str) -> BTreeMap<String, u64> {
        serde_json::from_value(self.0[key].clone())
            .unwrap_or_else(|error| panic!("expected counts {key:?} in {}: {error}", self.0))
    }

    /// `read` = `enriched` + all `rejected`, and types add up to `enriched`.
    #[track_caller]
    pub fn adds_up(&self) {
        let rejected: u64 = self.counts("rejected").values().sum();
        let enriched = self.number("enriched");
        assert_eq!(
            self.number("read"),
            enriched + rejected,
            "expected read = enriched + rejected: {}",
            self.0
        );
        assert_eq!(
            self.counts("by_type").values().sum::<u64>(),
            enriched,
            "expected the types to add up to enriched: {}",
            self.0
        );
    }
}

/// A process at work. It is killed when this is dropped.
#[derive(Debug)]
pub struct Process {
    pub child: Child,
    lines: Receiver<String>,
    seen: String,
    stdout: Receiver<String>,
}

impl Process {
    pub fn spawn(mut command: Command) -> Self {
        let mut child = command.spawn().expect("the binary starts");
        let (tell, lines) = mpsc::channel();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        std::thread::spawn(move || {
            for line in stderr.split(b'\n').map_while(Result::ok) {
                if tell
                    .send(String::from_utf8_lossy(&line).into_owned())
                    .is_err()
                {
                    break;
                }
            }
        });
        let (tell, stdout) = mpsc::channel();
        let mut pipe = child.stdout.take().unwrap();
        std::thread::spawn(move || {
            let mut text = Vec::new();
            let _ = pipe.read_to_end(&mut text);
            let _ = tell.send(String::from_utf8_lossy(&text).into_owned());
        });
        Self {
            child,
            lines,
            seen: String::new(),
            stdout,
        }
    }

    /// The next line on standard error that holds `text`.
    #[track_caller]
    pub fn wait_for_line(&mut self, text: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) => {
                    self.seen.push_str(&line);
                    self.seen.push('\n');
                    if line.contains(text) {
                        return line;
                    }
                }
                Err(_) => panic!(
                    "expected a line with {text:?} on standard error:\n{}",
                    self.seen
                ),
            }
        }
    }

    /// The dashboard's address, once the process says that it has started.
    #[track_caller]
    pub fn address(&mut self) -> std::net::SocketAddr {
        let line = self.wait_for_line("http://");
        let url = line.split("http://").nth(1).unwrap();
        let url = url.split_whitespace().next().unwrap();
        url.parse()
            .unwrap_or_else(|_| panic!("expected an address in {line:?}"))
    }

    /// Sends a signal, such as `TERM`.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .args([format!("-{name}"), self.child.id().to_string()])
            .status()
            .expect("there is a command `kill`");
        assert!(sent.success(), "expected the process to take SIG{name}");
    }

    /// Ends it as a crash would.
    pub fn kill(mut self) {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it ends");
    }

    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("its state is known").is_none()
    }

    /// Waits for its end.
    #[track_caller]
    pub fn wait(mut self, patience: Duration) -> Ended {
        let deadline = Instant::now() + patience;
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("its state is known") {
                break status;
            }
            if Instant::now() > deadline {
                let _ = self.child.kill();
                while let Ok(line) = self.lines.recv_timeout(Duration::from_secs(1)) {
                    self.seen.push_str(&line);
                    self.seen.push('\n');
                }
                panic!(
                    "expected the process to end within {patience:?}:\n{}",
                    self.seen
                );
            }
            std::thread::sleep(Duration::from_millis(2));
        };
        while let Ok(line) = self.lines.recv_timeout(PATIENCE) {
            self.seen.push_str(&line);
            self.seen.push('\n');
        }
        Ended {
            status,
            stdout: self.stdout.recv_timeout(PATIENCE).unwrap_or_default(),
            stderr: std::mem::take(&mut self.seen),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A folder with a data directory in it, gone with the value.
#[derive(Debug)]
pub struct Place(tempfile::TempDir);

impl Place {
    pub fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn data(&self) -> PathBuf {
        self.path().join("data")
    }

    /// Writes a file and tells where it is.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        std::fs::write(&path, content).expect("the file can be written");
        path
    }

    /// A command that is not started yet.
    pub fn command<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Command {
        let mut command = flightstream(self.path());
        command.args(args);
        command
    }

    /// Runs a command to its end.
    #[track_caller]
    pub fn run<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Ended {
        Process::spawn(self.command(args)).wait(PATIENCE * 3)
    }

    /// The arguments that replay a file through all stages and end.
    pub fn replay_args(&self, file: &Path) -> Vec<String> {
        let data = self.data();
        let mut args = vec!["run", file.to_str().unwrap(), "--data"];
        args.extend([data.to_str().unwrap(), "--listen", "127.0.0.1:0"]);
        args.extend(["--exit-when-done", "--report", "json"]);
        args.into_iter().map(ToOwned::to_owned).collect()
    }

    /// Replays a file through all stages, to its end.
    #[track_caller]
    pub fn replay(&self, file: &Path) -> Ended {
        self.run(self.replay_args(file))
    }

    /// The documents of the index, by address, from a rebuild.
    #[track_caller]
    pub fn index(&self) -> BTreeMap<String, Value> {
        self.index_of(4)
    }

    /// The same, of topics with other than the usual number of partitions.
    #[track_caller]
    pub fn index_of(&self, partitions: u32) -> BTreeMap<String, Value> {
        let dump = self.path().join("index.ndjson");
        let data = self.data();
        let mut args = vec!["index", "--data", data.to_str().unwrap()];
        args.extend(["--exit-when-done", "--dump", dump.to_str().unwrap()]);
        let partitions = partitions.to_string();
        args.extend(["--forget-after", "36500d", "--partitions", &partitions]);
        self.run(args).succeeded();
        let text = std::fs::read_to_string(dump).expect("the dump is written");
        let documents = text.lines().map(|line| {
            let document: Value = serde_json::from_str(line).expect("documents are JSON");
            (document["hex"].as_str().unwrap().to_owned(), document)
        });
        documents.collect()
    }

    /// Simulated traffic as a file.
    #[track_caller]
    pub fn simulate(&self, name: &str, options: &[&str]) -> PathBuf {
        let path = self.path().join(name);
        let mut args = vec!["produce", "simulate", "--filename", path.to_str().unwrap()];
        args.extend(options);
        self.run(args).succeeded();
        path
    }
}

/// Waits until a condition holds.
#[track_caller]
pub fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "expected in time: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
