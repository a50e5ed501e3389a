//! Recorded files: what is a message of them, and how much of them is held before it is committed.
#![cfg(feature = "files")]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests may panic too"
)]

use std::path::PathBuf;

use flightstream_core::batch::{Offset, Raw, Record, TopicPartition};
use flightstream_core::log::{LogError, Writer};
use flightstream_core::producer::files::{OFFSETS, Replay, ReplayProgress};
use flightstream_core::producer::{Pace, StopSignal};
use tempfile::TempDir;

fn file(folder: &TempDir, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::write(&path, content).unwrap();
    path
}

/// Counts what was appended since the last commit.
#[derive(Debug, Default)]
struct Counting {
    pending: usize,
    most: usize,
    messages: u64,
}

impl Writer for Counting {
    fn append(&mut self, topic: &str, records: Vec<Record<Raw>>) -> Result<(), LogError> {
        if topic != OFFSETS {
            self.messages += records.len() as u64;
        }
        let values = records.iter().filter_map(|record| record.value.as_bytes());
        self.pending += values.map(<[u8]>::len).sum::<usize>();
        self.most = self.most.max(self.pending);
        Ok(())
    }

    fn append_to(&mut self, _: &TopicPartition, _: Vec<Record<Raw>>) -> Result<(), LogError> {
        panic!("a replay goes by keys");
    }

    fn commit(&mut self, _: &str, _: &[(TopicPartition, Offset)]) -> Result<(), LogError> {
        self.pending = 0;
        Ok(())
    }

    fn abort(&mut self) {}
}

#[test]
fn large_messages_are_committed_soon() {
    const MIB: usize = 1 << 20;
    let folder = tempfile::tempdir().unwrap();
    let line = "x".repeat(MIB);
    let path = file(&folder, "large.ndjson", [line.as_str(); 40].join("\n"));
    let replay = Replay {
        path,
        topic: "flight".to_owned(),
        pace: Pace::Max,
        repeat: false,
    };
    let mut writer = Counting::default();
    replay
        .run(
            &mut writer,
            0,
            &StopSignal::default(),
            &ReplayProgress::default(),
        )
        .unwrap();
    assert_eq!(writer.messages, 40);
    assert!(writer.most <= 5 * MIB, "{} bytes", writer.most);
}
