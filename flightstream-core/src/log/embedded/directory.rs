use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::failure::{corrupt, io_error};
use super::manifest;
use crate::log::LogError;

const LOCK: &str = "lock";
const STORE: &str = "store";
const NEW_STORE: &str = "store.new";

/// The data directory, held against other processes as long as this lives.
///
/// ```text
/// lock         locked by the process that uses the directory
/// checkpoint   how much the disk has, see `Checkpoint`
/// store/       fjall's
/// store.new/   a store that is being made
/// ```
#[derive(Debug)]
pub(super) struct Directory {
    path: PathBuf,
    _lock: File,
}

impl Directory {
    /// Creates the directory if need be, and takes it.
    pub(super) fn open(path: &Path) -> Result<Self, LogError> {
        if path.exists() && !path.is_dir() {
            let source = io::Error::new(ErrorKind::NotADirectory, "it is not a directory");
            return Err(io_error("open", path, source));
        }
        fs::create_dir_all(path).map_err(|source| io_error("create", path, source))?;
        let is_new = !path.join(STORE).exists();
        if is_new && let Some(found) = foreign_entry(path)? {
            return Err(LogError::NotALog {
                path: path.to_owned(),
                found,
            });
        }
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path.join(LOCK))
            .map_err(|source| io_error("write", path, source))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self {
                path: path.to_owned(),
                _lock: lock,
            }),
            Err(TryLockError::WouldBlock) => Err(LogError::Locked {
                path: path.to_owned(),
            }),
            Err(TryLockError::Error(source)) => Err(io_error("lock", path, source)),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn store(&self) -> PathBuf {
        self.path.join(STORE)
    }

    pub(super) fn has_store(&self) -> bool {
        self.store().exists()
    }

    /// Where to make a store that is not there until [`adopt_new_store`](Self::adopt_new_store): a process that
    /// is killed meanwhile leaves nothing that looks like a store.
    pub(super) fn new_store(&self) -> Result<PathBuf, LogError> {
        let path = self.path.join(NEW_STORE);
        match fs::remove_dir_all(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(io_error("write", &self.path, error))
            }
            _ => Ok(path),
        }
    }

    pub(super) fn adopt_new_store(&self) -> Result<(), LogError> {
        fs::rename(self.path.join(NEW_STORE), self.store())
            .and_then(|()| File::open(&self.path)?.sync_all())
            .map_err(|source| io_error("write", &self.path, source))
    }

    /// Looks for what fjall can't open but would stumble over.
    pub(super) fn check_store(&self) -> Result<(), LogError> {
        let store = self.store();
        let damaged = |what: String| Err(corrupt(&self.path, what));
        let required = ["version", "lock", "keyspaces/1/tables", "keyspaces/1/blobs"];
        for path in required.map(|path| store.join(path)) {
            fs::metadata(&path).map_err(|error| match error.kind() {
                ErrorKind::NotFound => {
                    corrupt(&self.path, format!("{} is missing", path.display()))
                }
                _ => io_error("read", &self.path, error),
            })?;
        }
        // fjall's own, `records` and `meta`; fjall would make a missing one anew.
        for keyspace in ["0", "1", "2"] {
            manifest::check(&self.path, &store.join("keyspaces").join(keyspace))?;
        }
        for entry in self.entries(&store)? {
            let path = entry.path();
            let is_journal = path.extension().is_some_and(|ext| ext == "jnl");
            if is_journal && !path.is_file() {
                return damaged(format!("{} is not a file", path.display()));
            }
            if entry.file_name().to_str().is_none() {
                return damaged(format!("{} is none of its files", path.display()));
            }
        }
        for entry in self.entries(&store.join("keyspaces"))? {
            let name = entry.file_name();
            let is_number = name
                .to_str()
                .is_some_and(|name| name.parse::<u64>().is_ok());
            if !is_number && !entry.path().is_file() {
                return damaged(format!("{} is none of its files", entry.path().display()));
            }
        }
        Ok(())
    }

    fn entries(&self, path: &Path) -> Result<Vec<fs::DirEntry>, LogError> {
        fs::read_dir(path)
            .and_then(Iterator::collect)
            .map_err(|source| io_error("read", &self.path, source))
    }
}

/// Something in the directory that neither the log nor a file system put there.
fn foreign_entry(path: &Path) -> Result<Option<String>, LogError> {
    let ours = [
        LOCK,
        NEW_STORE,
        "checkpoint",
        "checkpoint.new",
        "probe",
        "lost+found",
    ];
    let is_foreign = |name: &OsStr| {
        let name = name.to_string_lossy();
        !ours.contains(&name.as_ref()) && !name.starts_with('.')
    };
    let mut entries = fs::read_dir(path).map_err(|source| io_error("read", path, source))?;
    entries
        .find_map(|entry| match entry {
            Ok(entry) if is_foreign(&entry.file_name()) => {
                Some(Ok(entry.file_name().to_string_lossy().into_owned()))
            }
            Ok(_) => None,
            Err(source) => Some(Err(io_error("read", path, source))),
        })
        .transpose()
}
