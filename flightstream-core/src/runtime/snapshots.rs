//! The snapshots of one store of a task: the one it starts from, and those that are taken while it works.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Instant;

use super::state_dir::StateDir;
use crate::batch::Offset;
use crate::store::Changes;
use crate::store::snapshot::{self, SnapshotError, SnapshotHeader, SnapshotReader};

/// Changes are kept in memory until the next snapshot. When they take as much, or half of what the last snapshot
/// takes, it is taken early.
const CHANGES_BYTES: u64 = 32 * 1024 * 1024;

pub(crate) struct Snapshots {
    dir: Arc<StateDir>,
    path: PathBuf,
    /// What has changed since the newest snapshot, as far as it is committed.
    changes: Changes,
    /// What has changed since the last commit.
    uncommitted: Changes,
    /// Where in the changelog `changes` begin; at its first entry if there is no snapshot that they can be added to.
    base: Option<Offset>,
    base_bytes: u64,
    writing: Option<Writing>,
    last: Instant,
}

struct Writing {
    changelog: Offset,
    thread: JoinHandle<Result<u64, Failed>>,
}

/// A snapshot could not be written, and the changes that were to be in it.
struct Failed {
    error: SnapshotError,
    changes: Changes,
}

impl Snapshots {
    pub(crate) fn new(dir: Arc<StateDir>, store: &str, partition: u32) -> Self {
        let path = dir.snapshot(store, partition);
        Self {
            dir,
            path,
            changes: Changes::default(),
            uncommitted: Changes::default(),
            base: None,
            base_bytes: 0,
            writing: None,
            last: Instant::now(),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn open(&self) -> Result<Option<SnapshotReader<BufReader<File>>>, SnapshotError> {
        SnapshotReader::open(&self.path)
    }

    /// Takes note that the store holds what a snapshot does.
    pub(crate) fn begin_from(&mut self, snapshot: &SnapshotReader<BufReader<File>>) {
        self.base = Some(snapshot.header().changelog);
        self.base_bytes = snapshot.bytes();
    }

    /// Takes note that the store is empty, and is read back from its whole changelog.
    pub(crate) fn begin_anew(&mut self) {
        if let Some(writing) = self.writing.take() {
            // What it writes is not built upon, whatever becomes of it.
            let _ = writing.thread.join();
        }
        (self.base, self.base_bytes) = (None, 0);
        self.changes = Changes::default();
        self.uncommitted = Changes::default();
    }

    /// Takes note of a change that is not committed yet.
    pub(crate) fn changed(&mut self, key: &[u8], value: Option<&[u8]>) {
        self.uncommitted.push(key, value);
    }

    /// Takes note that what has changed is committed.
    pub(crate) fn committed(&mut self) {
        self.changes.append(&self.uncommitted);
        self.uncommitted = Changes::default();
    }

    /// Whether it is time for another.
    pub(crate) fn is_due(&self) -> bool {
        let is_time = self.last.elapsed() >= self.dir.snapshot_every;
        !self.changes.is_empty() && (is_time || self.is_full()) && !self.is_writing()
    }

    fn is_writing(&self) -> bool {
        let writing = self.writing.as_ref();
        writing.is_some_and(|writing| !writing.thread.is_finished())
    }

    /// Whether there are so many changes that they should not stay in memory.
    pub(crate) fn is_full(&self) -> bool {
        self.changes.len() as u64 > CHANGES_BYTES.max(self.base_bytes / 2)
    }

    /// Begins to write one with all that is committed.
    ///
    /// # Errors
    /// Why none can be written any more, until the task is started again. The last one stays as it is.
    pub(crate) fn take(&mut self, header: SnapshotHeader) -> Result<(), SnapshotError> {
        if self.is_writing() {
            return Ok(());
        }
        self.settle()?;
        if self.changes.is_empty() {
            return Ok(());
        }
        let changes = std::mem::take(&mut self.changes);
        let (path, base, changelog) = (self.path.clone(), self.base, header.changelog);
        let write = move || match write(&path, &header, base, &changes) {
            Ok(bytes) => Ok(bytes),
            Err(error) => Err(Failed { error, changes }),
        };
        self.last = Instant::now();
        if self.dir.in_background {
            let thread = thread::Builder::new()
                .name("snapshot".to_owned())
                .spawn(write);
            let thread = thread.map_err(SnapshotError::Io)?;
            self.writing = Some(Writing { changelog, thread });
            return Ok(());
        }
        self.written(changelog, write())
    }

    /// Waits for the one that is being written.
    ///
    /// # Errors
    /// As [`take`](Self::take).
    pub(crate) fn settle(&mut self) -> Result<(), SnapshotError> {
        let Some(Writing { changelog, thread }) = self.writing.take() else {
            return Ok(());
        };
        let outcome = thread.join().map_err(|_| SnapshotError::BaseGone)?;
        self.written(changelog, outcome)
    }

    fn written(
        &mut self,
        changelog: Offset,
        outcome: Result<u64, Failed>,
    ) -> Result<(), SnapshotError> {
        match outcome {
            Ok(bytes) => {
                (self.base, self.base_bytes) = (Some(changelog), bytes);
                Ok(())
            }
            Err(Failed { error, mut changes }) => {
                changes.append(&self.changes);
                self.changes = changes;
                if self.is_full() {
                    self.changes.coalesce();
                }
                // A full disk may have room later, if there is memory to wait for it.
                let can_wait = matches!(error, SnapshotError::Io(_)) && !self.is_full();
                if can_wait {
                    tracing::warn!(path = %self.path.display(), %error, "cannot write a snapshot; trying again later");
                    return Ok(());
                }
                Err(error)
            }
        }
    }
}

/// Writes the snapshot before with the changes since. How large it is.
fn write(
    path: &Path,
    header: &SnapshotHeader,
    base: Option<Offset>,
    changes: &Changes,
) -> Result<u64, SnapshotError> {
    let base = match base {
        None => None,
        Some(begin) => {
            let base = SnapshotReader::open(path)?.ok_or(SnapshotError::BaseGone)?;
            let found = base.header();
            // Newer is as good: a task that failed meanwhile had one under way, and what changed since is in both.
            if found.changelog < begin || found.schema != header.schema {
                return Err(SnapshotError::BaseGone);
            }
            Some(base)
        }
    };
    snapshot::write(path, header, base, changes)?;
    Ok(std::fs::metadata(path)?.len())
}
