use std::panic::{self, AssertUnwindSafe};
use std::path::Path;

use fjall::config::{BlockSizePolicy, CompressionPolicy};
use fjall::{
    CompressionType, Database, Keyspace, KeyspaceCreateOptions, KvSeparationOptions, PersistMode,
    Readable,
};

use super::directory::Directory;
use super::failure::{corrupt, storage_error};
use super::keys;
use super::options::EmbeddedOptions;
use crate::log::LogError;

const FORMAT: u8 = 1;
const RECORDS: &str = "records";
const META: &str = "meta";

/// The log's two keyspaces.
#[derive(Clone)]
pub(super) struct Storage {
    pub(super) database: Database,
    pub(super) records: Keyspace,
    pub(super) meta: Keyspace,
}

impl Storage {
    pub(super) fn open(directory: &Directory, options: &EmbeddedOptions) -> Result<Self, LogError> {
        if !directory.has_store() {
            let path = directory.new_store()?;
            drop(Self::create(&path, directory.path(), options)?);
            directory.adopt_new_store()?;
        }
        directory.check_store()?;
        let dir = directory.path();
        no_panic(dir, || Self::existing(&directory.store(), dir, options))
    }

    pub(super) fn meta_value(&self, key: &[u8]) -> fjall::Result<Option<fjall::UserValue>> {
        self.database.snapshot().get(&self.meta, key)
    }

    fn create(path: &Path, dir: &Path, options: &EmbeddedOptions) -> Result<Self, LogError> {
        let create = || {
            let storage = Self::keyspaces(database(path, options)?, options)?;
            let mut batch = storage.database.batch();
            batch.insert(&storage.meta, keys::FORMAT, vec![FORMAT]);
            batch.commit()?;
            storage.database.persist(PersistMode::SyncAll)?;
            Ok(storage)
        };
        create().map_err(|error| storage_error("write", dir, &error))
    }

    fn existing(path: &Path, dir: &Path, options: &EmbeddedOptions) -> Result<Self, LogError> {
        let failed = |error| storage_error("open", dir, &error);
        let database = database(path, options).map_err(failed)?;
        for name in [RECORDS, META] {
            if !database.keyspace_exists(name) {
                return Err(corrupt(dir, format!("the keyspace {name:?} is missing")));
            }
        }
        let storage = Self::keyspaces(database, options).map_err(failed)?;
        let format = storage.meta_value(keys::FORMAT).map_err(failed)?;
        match format.as_deref() {
            Some([FORMAT]) => Ok(storage),
            Some(other) => Err(corrupt(
                dir,
                format!("its format is {other:?}, this version reads format [{FORMAT}]"),
            )),
            None => Err(corrupt(dir, "it doesn't say which format it has")),
        }
    }

    fn keyspaces(database: Database, options: &EmbeddedOptions) -> fjall::Result<Self> {
        let records = database.keyspace(RECORDS, || record_options(options))?;
        let meta = database.keyspace(META, || {
            KeyspaceCreateOptions::default()
                .manual_journal_persist(true)
                .max_memtable_size(4 * 1024 * 1024)
                .expect_point_read_hits(true)
        })?;
        Ok(Self {
            database,
            records,
            meta,
        })
    }
}

/// fjall takes its files' word for some things and panics where they contradict each other.
pub(super) fn no_panic<T>(
    dir: &Path,
    read: impl FnOnce() -> Result<T, LogError>,
) -> Result<T, LogError> {
    panic::catch_unwind(AssertUnwindSafe(read))
        .unwrap_or_else(|_| Err(corrupt(dir, "its files contradict each other")))
}

fn database(path: &Path, options: &EmbeddedOptions) -> fjall::Result<Database> {
    Database::builder(path)
        .cache_size(options.cache_bytes)
        .max_journaling_size(64 * 1024 * 1024)
        // Compressed journal entries that are damaged pass for the end of the journal; plain ones are noticed.
        .journal_compression(CompressionType::None)
        .manual_journal_persist(true)
        .worker_threads(2)
        .open()
}

fn record_options(options: &EmbeddedOptions) -> KeyspaceCreateOptions {
    let separation = KvSeparationOptions::default()
        .compression(CompressionType::Lz4)
        .separation_threshold(4 * 1024)
        .file_target_size(32 * 1024 * 1024);
    KeyspaceCreateOptions::default()
        .manual_journal_persist(true)
        .max_memtable_size(options.write_buffer_bytes)
        .data_block_size_policy(BlockSizePolicy::all(16 * 1024))
        .data_block_compression_policy(CompressionPolicy::all(CompressionType::Lz4))
        .expect_point_read_hits(true)
        .with_kv_separation(Some(separation))
}
