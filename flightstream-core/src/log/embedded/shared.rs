use std::fmt;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use fjall::PersistMode;

use super::catalog::Catalog;
use super::checkpoint::Checkpoint;
use super::directory::Directory;
use super::failure::{Failure, corrupt, io_error, storage_error};
use super::keys;
use super::options::EmbeddedOptions;
use super::storage::Storage;
use crate::log::members::Members;
use crate::log::{LogError, TopicSpec};

/// What all handles of an open log share.
///
/// Locks are taken in this order: `cleaning`, `committing`, `catalog`.
pub(super) struct Shared {
    // Before the directory, so that fjall has let go of its files when the lock is given up.
    pub(super) storage: Storage,
    pub(super) directory: Directory,
    pub(super) options: EmbeddedOptions,
    pub(super) members: Members,
    pub(super) failure: Failure,
    /// Held while something is written.
    pub(super) committing: Mutex<()>,
    /// Held during a pass of retention and compaction.
    pub(super) cleaning: Mutex<()>,
    catalog: RwLock<Catalog>,
    last_commit: AtomicU64,
    noted_commit: AtomicU64,
    checkpoint: Checkpoint,
}

impl Shared {
    pub(super) fn open(path: &Path, options: EmbeddedOptions) -> Result<Self, LogError> {
        let directory = Directory::open(path)?;
        let checkpoint = Checkpoint::in_directory(directory.path());
        if checkpoint.exists() && !directory.has_store() {
            return Err(corrupt(path, "the folder store is missing"));
        }
        let storage = Storage::open(&directory, &options)?;
        let failed = |error| storage_error("open", path, &error);
        let last_commit = match storage.meta_value(keys::LAST_COMMIT).map_err(failed)? {
            None => 0,
            Some(bytes) => u64::from_le_bytes(
                bytes
                    .as_ref()
                    .try_into()
                    .map_err(|_| corrupt(path, "the number of the last commit is unreadable"))?,
            ),
        };
        let noted = checkpoint
            .read()
            .map_err(|source| io_error("read", path, source))?
            .unwrap_or(0);
        if last_commit < noted {
            let what =
                format!("it holds {last_commit} commits, but {noted} had been written to it");
            return Err(corrupt(path, what));
        }
        let catalog = Catalog::load(&storage, options.tail_bytes)
            .map_err(failed)?
            .map_err(|what| corrupt(path, what))?;
        Ok(Self {
            storage,
            directory,
            options,
            members: Members::default(),
            failure: Failure::default(),
            committing: Mutex::default(),
            cleaning: Mutex::default(),
            catalog: RwLock::new(catalog),
            last_commit: AtomicU64::new(last_commit),
            noted_commit: AtomicU64::new(noted),
            checkpoint,
        })
    }

    pub(super) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(super) fn catalog(&self) -> RwLockReadGuard<'_, Catalog> {
        self.catalog.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn catalog_mut(&self) -> RwLockWriteGuard<'_, Catalog> {
        self.catalog.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn create_topic(&self, spec: &TopicSpec) -> Result<(), LogError> {
        spec.validate()?;
        let committing = self.lock_for_write()?;
        let topic = {
            let catalog = self.catalog();
            if let Ok(existing) = catalog.topic(&spec.name) {
                let existing = existing.spec.partitions;
                return if existing == spec.partitions {
                    Ok(())
                } else {
                    Err(LogError::TopicDiffers {
                        topic: spec.name.clone(),
                        existing,
                        wanted: spec.partitions,
                    })
                };
            }
            catalog.new_topic(spec)
        };
        let (topic, stored) = topic;
        let mut batch = self.storage.database.batch();
        batch.insert(&self.storage.meta, keys::topic_key(&spec.name), stored);
        self.write(batch, Some(PersistMode::Buffer), &committing)?;
        self.catalog_mut().add_topic(topic);
        Ok(())
    }

    /// Asks the disk to write what was committed, and notes how far that is.
    pub(super) fn sync(&self) -> Result<(), LogError> {
        let commit = self.last_commit.load(Ordering::Acquire);
        if commit == self.noted_commit.load(Ordering::Acquire) {
            return Ok(());
        }
        self.failure.check()?;
        self.storage
            .database
            .persist(PersistMode::SyncAll)
            .map_err(|error| {
                self.failure
                    .note(storage_error("write", self.path(), &error))
            })?;
        self.note(commit);
        Ok(())
    }

    /// Notes that the disk has everything up to `commit`.
    fn note(&self, commit: u64) {
        match self.checkpoint.write(commit) {
            Ok(()) => self.noted_commit.store(commit, Ordering::Release),
            // An older note is as true as before, only less sharp.
            Err(error) => tracing::warn!(%error, "cannot write the checkpoint of the log"),
        }
    }

    pub(super) fn next_commit(&self) -> u64 {
        self.last_commit.load(Ordering::Acquire).saturating_add(1)
    }

    pub(super) fn set_last_commit(&self, commit: u64) {
        self.last_commit.store(commit, Ordering::Release);
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmbeddedLog")
            .field("path", &self.path())
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
