//! A log whose files were changed is refused, or holds what was committed: no record is lost or altered in silence.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use flightstream_core::batch::{Raw, Record, TopicPartition};
use flightstream_core::log::embedded::{EmbeddedLog, EmbeddedOptions};
use flightstream_core::log::{Isolation, Log, LogError, TopicSpec};
use flightstream_core::time::Timestamp;

const TOPIC: &str = "flight";
const COMMITS: u64 = 6;

fn open(directory: &Path) -> Result<EmbeddedLog, LogError> {
    EmbeddedLog::open(directory, EmbeddedOptions::default())
}

/// Paths below the log's directory, and what is in them.
type Files = Vec<(PathBuf, Vec<u8>)>;

/// The files of a log of a few commits that is closed.
fn files() -> &'static Files {
    static LOG: OnceLock<Files> = OnceLock::new();
    LOG.get_or_init(|| {
        let directory = tempfile::tempdir().unwrap();
        let log = open(directory.path()).unwrap();
        log.create_topic(&TopicSpec::new(TOPIC, 1)).unwrap();
        let mut writer = log.writer(Isolation::Transactional).unwrap();
        for commit in 0..COMMITS {
            let record = |n| {
                let value = format!("{commit} {n} {}", "x".repeat(n as usize * 7));
                Record::new(Raw::from(value), Timestamp::from_seconds(n))
            };
            writer.append(TOPIC, (0..10).map(record).collect()).unwrap();
            let offset = (TopicPartition::new(TOPIC, 0), commit + 1);
            writer.commit("group", &[offset]).unwrap();
        }
        drop((writer, log));
        let mut files = Vec::new();
        collect(directory.path(), directory.path(), &mut files);
        files.sort();
        files
    })
}

fn collect(root: &Path, directory: &Path, files: &mut Files) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(root, &path, files);
        } else {
            let content = fs::read(&path).unwrap();
            files.push((path.strip_prefix(root).unwrap().to_owned(), content));
        }
    }
}

/// The first byte says which file, the next two where in the part of it that is used, the rest what is written there;
/// with nothing more the file ends there.
pub fn check(damage: &[u8]) {
    let [which, high, low, change @ ..] = damage else {
        return;
    };
    let files = files();
    let copied = tempfile::tempdir().unwrap();
    let damaged = usize::from(*which) % files.len();
    for (n, (path, content)) in files.iter().enumerate() {
        let path = copied.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut content = content.clone();
        if n == damaged {
            let used = content
                .iter()
                .rposition(|byte| *byte != 0)
                .map_or(0, |n| n + 1);
            let at = usize::from(u16::from_be_bytes([*high, *low])) % (used + 1);
            match change {
                [] => content.truncate(at),
                change => {
                    let end = (at + change.len()).min(content.len());
                    content[at..end].copy_from_slice(&change[..end - at]);
                }
            }
        }
        fs::write(path, content).unwrap();
    }
    let Ok(log) = open(copied.path()) else { return };
    let Ok(ranges) = log.offsets(TOPIC) else {
        return;
    };
    let partition = TopicPartition::new(TOPIC, 0);
    let (mut from, mut found) = (0, 0);
    while from < ranges[0].end {
        let Ok(records) = log.read(&partition, from, 100) else {
            return;
        };
        let Some(last) = records.last() else { break };
        from = last.origin + 1;
        for record in records {
            let (commit, n) = (found / 10, found % 10);
            let expected = format!("{commit} {n} {}", "x".repeat(n as usize * 7));
            assert_eq!(record.value.as_bytes(), Some(expected.as_bytes()));
            found += 1;
        }
    }
    assert_eq!(
        found,
        COMMITS * 10,
        "records are missing, and nobody says so"
    );
}
