//! Where an app keeps copies of its state on the local disk.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::app::AppError;
use crate::log::Log;
use crate::store::snapshot::{SnapshotReader, TEMPORARY};
use crate::time::Timestamp;

const SNAPSHOT: &str = "snapshot";
const TASK: &str = "store";

/// A log that does not tell which tombstones it has removed keeps them a day, as Kafka does by default
/// (`delete.retention.ms`). What is nearly as old may lack a removal and is not used any more.
const MAX_AGE: Duration = Duration::from_secs(20 * 60 * 60);

/// Where an app's stores hold their entries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreKind {
    /// In memory, all of them.
    #[default]
    InMemory,
    /// In a database for each task in the [state directory](super::App::state_dir), on the store fjall; in memory are
    /// those that have changed since the last commit, and of the others those that were used lately.
    ///
    /// A start has only the changelog's tail to read, and the database its own journal: up to 64 MiB, which is a few
    /// seconds, however large the state is. The offsets that belong to the entries are in the database with
    /// them, so that both are always of the same commit.
    #[cfg(feature = "embedded")]
    Persistent,
}

/// The files of one app in a state directory, held against other processes as long as this lives.
///
/// ```text
/// <app>.state/lock                            locked by the process that runs the app
/// <app>.state/<store>-<partition>.snapshot    see `store::snapshot`
/// <app>.state/<store>-<partition>.<n>.tmp     one that is being written
/// <app>.state/<partition>.store/              the persistent stores of a task
/// ```
#[derive(Debug)]
pub(crate) struct StateDir {
    path: PathBuf,
    pub(crate) kind: StoreKind,
    pub(crate) snapshot_every: Duration,
    /// Whether snapshots are written on threads of their own.
    pub(crate) in_background: bool,
    _lock: File,
}

impl StateDir {
    /// Creates the app's directory if need be, takes it, and clears away what a crash has left.
    pub(crate) fn open(
        dir: &Path,
        app: &str,
        kind: StoreKind,
        snapshot_every: Duration,
    ) -> Result<Self, AppError> {
        let path = dir.join(format!("{app}.state"));
        let failed = |source| AppError::StateDir {
            path: path.clone(),
            source,
        };
        fs::create_dir_all(&path).map_err(failed)?;
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path.join("lock"))
            .map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(AppError::StateDirInUse { path }),
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        let unfinished = format!(".{TEMPORARY}");
        remove(&path, |name| name.ends_with(&unfinished)).map_err(failed)?;
        Ok(Self {
            path,
            kind,
            snapshot_every,
            in_background: true,
            _lock: lock,
        })
    }

    pub(crate) fn snapshot(&self, store: &str, partition: u32) -> PathBuf {
        self.path.join(format!("{store}-{partition}.{SNAPSHOT}"))
    }

    /// The directory of a task's persistent stores.
    #[cfg(feature = "embedded")]
    pub(crate) fn task(&self, partition: u32) -> PathBuf {
        self.path.join(format!("{partition}.{TASK}"))
    }

    /// Removes the snapshots of stores and partitions that there are no more, and those that are too old to be used.
    pub(crate) fn clean(
        &self,
        log: &dyn Log,
        changelogs: &[(&str, String)],
        now: Timestamp,
    ) -> Result<(), AppError> {
        let mut kept = Vec::new();
        let mut partitions = 0;
        for (store, changelog) in changelogs {
            let ranges = log.offsets(changelog)?;
            partitions = ranges.len();
            if self.kind != StoreKind::InMemory {
                continue;
            }
            for (range, partition) in ranges.iter().zip(0..) {
                let path = self.snapshot(store, partition);
                // One that cannot be read is reported when its task starts.
                let is_kept = SnapshotReader::open(&path).map_or(true, |found| {
                    found.is_some_and(|found| {
                        let header = found.header();
                        header.changelog >= range.end || !is_outdated(header.taken_at, now)
                    })
                });
                if is_kept {
                    kept.extend(path.file_name().map(ToOwned::to_owned));
                }
            }
        }
        let suffix = format!(".{SNAPSHOT}");
        let is_persistent = self.kind != StoreKind::InMemory;
        let is_kept = |name: &str| kept.iter().any(|kept| kept == name);
        remove(&self.path, |name| match task(name) {
            Some(partition) => !(is_persistent && partition < partitions),
            None => name.ends_with(&suffix) && !is_kept(name),
        })
        .map_err(|source| self.failed(source))
    }

    fn failed(&self, source: io::Error) -> AppError {
        AppError::StateDir {
            path: self.path.clone(),
            source,
        }
    }

    /// Removes all copies of a store. The persistent stores of a task are one; others are read back.
    pub(crate) fn remove_store(&self, store: &str) -> Result<(), AppError> {
        let (prefix, suffix) = (format!("{store}-"), format!(".{SNAPSHOT}"));
        remove(&self.path, |name| {
            let partition = name.strip_prefix(&prefix);
            let partition = partition.and_then(|rest| rest.strip_suffix(&suffix));
            partition.is_some_and(|partition| partition.parse::<u32>().is_ok())
                || task(name).is_some()
        })
        .map_err(|source| self.failed(source))
    }
}

/// Whether a copy of that age may lack removals that its changelog does not tell any more.
pub(crate) fn is_outdated(taken_at: Timestamp, now: Timestamp) -> bool {
    now.since(taken_at) > MAX_AGE
}

/// The partition whose task has a directory of that name.
fn task(name: &str) -> Option<usize> {
    name.strip_suffix(TASK)?.strip_suffix('.')?.parse().ok()
}

/// Removes what is in a directory and told by its name.
fn remove(dir: &Path, is_it: impl Fn(&str) -> bool) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_name().to_str().is_some_and(&is_it) {
            if entry.file_type()?.is_dir() {
                fs::remove_dir_all(entry.path())?;
            } else {
                fs::remove_file(entry.path())?;
            }
        }
    }
    Ok(())
}
