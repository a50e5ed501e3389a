//! The state of one task in a database in a local directory.

use std::cell::Cell;
use std::fs;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use bytes::Bytes;
use fjall::{Database, Keyspace, KeyspaceCreateOptions};
use serde::{Deserialize, Serialize};

use super::backing::{Base, Scan};
use super::changes::Changes;
use super::codec::{decode, encode};
use super::snapshot::SnapshotHeader;
use super::{STREAM_TIME, StoreError};

/// What a database keeps of its files in memory. A task has one database, whatever number of stores.
const CACHE_BYTES: u64 = 8 * 1024 * 1024;
const WRITE_BUFFER_BYTES: u64 = 8 * 1024 * 1024;
/// fjall takes no less.
const JOURNAL_BYTES: u64 = 64 * 1024 * 1024;
/// The key of a store's header. Those of entries begin with a letter.
const HEADER: &[u8] = &[0];

/// The database of a task, in which each store has a keyspace.
///
/// The offsets that belong to the entries are among them, in a header: they change together, and also go to the disk
/// together, whatever a power cut leaves of the journal.
pub(crate) struct PersistentStores {
    path: Rc<Path>,
    database: Database,
}

/// What is committed of one store.
struct PersistentStore {
    path: Rc<Path>,
    database: Database,
    entries: Keyspace,
    /// How many entries there are, if that is known.
    count: Cell<Option<u64>>,
}

/// What is kept beside the entries of a store.
#[derive(Serialize, Deserialize)]
struct Header {
    of: SnapshotHeader,
    /// How many entries there are, if that was counted.
    entries: Option<u64>,
}

impl PersistentStores {
    /// Opens the database, making it if there is none, and anew if what is there cannot be read, which is told.
    pub(crate) fn open(path: &Path) -> Result<(Self, Option<StoreError>), StoreError> {
        match Self::try_open(path) {
            Ok(stores) => Ok((stores, None)),
            Err(error @ fjall::Error::Locked) => Err(failed(path, &error)),
            Err(error) => {
                let removed = fs::remove_dir_all(path).map_err(fjall::Error::from);
                let stores = removed.and_then(|()| Self::try_open(path));
                let stores = stores.map_err(|error| failed(path, &error))?;
                Ok((stores, Some(failed(path, &error))))
            }
        }
    }

    fn try_open(path: &Path) -> fjall::Result<Self> {
        let open = || -> fjall::Result<_> {
            Database::builder(path)
                .cache_size(CACHE_BYTES)
                .max_journaling_size(JOURNAL_BYTES)
                .manual_journal_persist(true)
                .worker_threads(1)
                .open()
        };
        // It takes its files' word for some things, and panics where they contradict each other.
        let opened = catch_unwind(AssertUnwindSafe(open))
            .unwrap_or_else(|_| Err(io::Error::other("its files contradict each other").into()));
        let database = opened?;
        Ok(Self {
            path: Rc::from(path),
            database,
        })
    }

    /// A store of the task.
    pub(crate) fn store(&self, name: &'static str) -> Result<Rc<dyn Base>, StoreError> {
        let entries = self.database.keyspace(&format!("store {name}"), options);
        Ok(Rc::new(PersistentStore {
            path: Rc::clone(&self.path),
            database: self.database.clone(),
            entries: entries.map_err(|error| failed(&self.path, &error))?,
            count: Cell::new(None),
        }))
    }
}

fn options() -> KeyspaceCreateOptions {
    KeyspaceCreateOptions::default()
        .manual_journal_persist(true)
        .max_memtable_size(WRITE_BUFFER_BYTES)
}

fn failed(path: &Path, error: &fjall::Error) -> StoreError {
    StoreError::Persistent {
        path: PathBuf::from(path),
        what: error.to_string(),
    }
}

impl PersistentStore {
    /// Hands a result on. After a failure to read the store is not used again but read back anew.
    fn checked<T>(&self, result: fjall::Result<T>) -> Result<T, StoreError> {
        result.map_err(|error| {
            // It may be the whole database that cannot be used; opening it tells then.
            let _ = self.entries.remove(HEADER);
            failed(&self.path, &error)
        })
    }
}

impl Base for PersistentStore {
    fn header(&self) -> Result<Option<SnapshotHeader>, StoreError> {
        let header = self.checked(self.entries.get(HEADER))?;
        let header: Option<Header> = header.as_deref().map(decode).transpose()?;
        self.count
            .set(header.as_ref().and_then(|header| header.entries));
        Ok(header.map(|header| header.of))
    }

    fn apply(
        &self,
        changes: &Changes,
        header: SnapshotHeader,
        entries: Option<u64>,
    ) -> Result<(), StoreError> {
        let header = Header {
            of: header,
            entries,
        };
        let mut batch = self.database.batch();
        for (key, value) in changes.sorted() {
            match value {
                Some(value) => batch.insert(&self.entries, key, value),
                None => batch.remove(&self.entries, key),
            }
        }
        batch.insert(&self.entries, HEADER, encode(&header)?.as_ref());
        self.count.set(entries);
        self.checked(batch.commit())
    }

    fn clear(&self) -> Result<(), StoreError> {
        // Without a header what is left after a crash in between is not used.
        self.checked(self.entries.remove(HEADER))?;
        self.count.set(None);
        self.checked(self.entries.clear())
    }

    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, StoreError> {
        Ok(self.checked(self.entries.get(key))?.map(Bytes::from))
    }

    fn scan(&self, from: &[u8]) -> Scan<'_> {
        let entries = self.entries.range(from.to_vec()..);
        Box::new(entries.map(|entry| {
            let (key, value) = self.checked(entry.into_inner())?;
            Ok((Bytes::from(key), Bytes::from(value)))
        }))
    }

    fn entries(&self) -> Result<u64, StoreError> {
        if let Some(count) = self.count.get() {
            return Ok(count);
        }
        let mut count = 0;
        for entry in self.scan(&[]) {
            let (key, _) = entry?;
            count += u64::from(key != STREAM_TIME && key != HEADER);
        }
        Ok(count)
    }
}
