use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime};

use super::SharedTable;

/// A table that is read from a file, and read again whole when the file changes.
///
/// The file is looked at, not subscribed to: that works on every file system, and for files that are replaced as well as
/// for those that are written anew. A changed file is read when two looks in a row have seen the same change, and
/// counts only if it did not change while it was read; so a file that is being written is left alone. Whoever replaces
/// a table still does well to rename a finished file to its place.
///
/// If the new file cannot be read, is gone, or has a mistake in it, the old table stays. That is logged and counted once
/// for each change of the file.
///
/// ```
/// use std::fs;
/// use flightstream_core::table::{Change, TableFile};
///
/// # let directory = tempfile::tempdir()?;
/// let path = directory.path().join("fares.txt");
/// fs::write(&path, "10")?;
/// let mut fares = TableFile::open(&path, |path| fs::read_to_string(path)?.parse::<u32>().map_err(std::io::Error::other))?;
/// let mut reader = fares.table().reader();
/// assert_eq!(**reader.current(), 10);
///
/// fs::write(&path, "200")?;
/// assert!(matches!(fares.check(), Change::Unsettled));
/// assert!(matches!(fares.check(), Change::Reloaded));
/// assert_eq!(**reader.current(), 200);
///
/// fs::write(&path, "free")?;
/// assert!(matches!(fares.check(), Change::Unsettled));
/// assert!(matches!(fares.check(), Change::Refused(_)));
/// assert_eq!(**reader.current(), 200);
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct TableFile<T, E> {
    path: PathBuf,
    load: Box<Load<T, E>>,
    table: SharedTable<T>,
    /// Of the file that was read last, whether it made a table or not.
    read: Option<Fingerprint>,
    /// Of a file that was seen once.
    unsettled: Option<Option<Fingerprint>>,
    refused: Arc<AtomicU64>,
}

type Load<T, E> = dyn FnMut(&Path) -> Result<T, E> + Send;

/// What a look at a file has shown.
#[derive(Debug)]
pub enum Change<E> {
    /// The file is as it was.
    Unchanged,
    /// It changes; the next look shows whether it still does.
    Unsettled,
    /// It changed, and its table has taken the old one's place.
    Reloaded,
    /// It changed, and cannot be used. The old table stays.
    Refused(E),
}

/// What tells one version of a file from the next, without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Fingerprint {
    modified: SystemTime,
    length: u64,
    /// A file that takes another one's place may be as long and as old.
    #[cfg(unix)]
    inode: u64,
}

impl Fingerprint {
    fn of(path: &Path) -> Option<Self> {
        let metadata = fs::metadata(path).ok()?;
        Some(Self {
            modified: metadata.modified().ok()?,
            length: metadata.len(),
            #[cfg(unix)]
            inode: std::os::unix::fs::MetadataExt::ino(&metadata),
        })
    }
}

impl<T, E: fmt::Display> TableFile<T, E> {
    /// Reads the table with `load`.
    ///
    /// # Errors
    /// Whatever `load` says.
    pub fn open(
        path: impl Into<PathBuf>,
        mut load: impl FnMut(&Path) -> Result<T, E> + Send + 'static,
    ) -> Result<Self, E> {
        let path = path.into();
        // Looked at before it is read: what changes in between is seen by the first check.
        let read = Fingerprint::of(&path);
        let table = SharedTable::new(load(&path)?);
        Ok(Self {
            path,
            load: Box::new(load),
            table,
            read,
            unsettled: None,
            refused: Arc::default(),
        })
    }

    /// The table, as it is now and will be.
    #[must_use]
    pub fn table(&self) -> &SharedTable<T> {
        &self.table
    }

    /// How many changes of the file were refused. [`SharedTable::version`] is how many were taken.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Looks at the file, and reads it if it has changed.
    pub fn check(&mut self) -> Change<E> {
        let seen = Fingerprint::of(&self.path);
        if seen == self.read {
            self.unsettled = None;
            return Change::Unchanged;
        }
        if self.unsettled != Some(seen) {
            self.unsettled = Some(seen);
            return Change::Unsettled;
        }
        let loaded = (self.load)(&self.path);
        let after = Fingerprint::of(&self.path);
        if after != seen {
            self.unsettled = Some(after);
            return Change::Unsettled;
        }
        self.read = seen;
        self.unsettled = None;
        let path = self.path.display();
        match loaded {
            Ok(table) => {
                self.table.swap(table);
                tracing::info!(%path, "the table has changed and was read again");
                Change::Reloaded
            }
            Err(error) => {
                self.refused.fetch_add(1, Ordering::Relaxed);
                tracing::warn!(%path, %error, "the table has changed and cannot be used; the old one stays");
                Change::Refused(error)
            }
        }
    }
}

impl<T, E> TableFile<T, E>
where
    T: Send + Sync + 'static,
    E: fmt::Display + 'static,
{
    /// Checks the file every `interval` on a thread of its own, until the result is dropped.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub fn watch(mut self, interval: Duration) -> io::Result<TableWatch> {
        let (stop, stopped) = mpsc::channel::<()>();
        let refused = Arc::clone(&self.refused);
        let thread = thread::Builder::new()
            .name("table-watch".to_owned())
            .spawn(move || {
                while stopped.recv_timeout(interval) == Err(RecvTimeoutError::Timeout) {
                    self.check();
                }
            })?;
        Ok(TableWatch {
            refused,
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

impl<T, E> fmt::Debug for TableFile<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TableFile")
            .field("path", &self.path)
            .field("version", &self.table.version())
            .field("refused", &self.refused)
            .finish_non_exhaustive()
    }
}

/// The thread that checks a [`TableFile`]. It ends when this is dropped; the table stays as it is then.
#[derive(Debug)]
#[must_use = "the file is watched until this is dropped"]
pub struct TableWatch {
    refused: Arc<AtomicU64>,
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl TableWatch {
    /// How many changes of the file were refused.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }
}

impl Drop for TableWatch {
    fn drop(&mut self) {
        // Without its sender the thread's wait ends at once.
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            // It can only have panicked in `load`, which has said so itself.
            let _ = thread.join();
        }
    }
}
