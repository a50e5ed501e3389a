use std::sync::{Arc, PoisonError};

use crate::sync::{AtomicU64, Mutex, MutexGuard, Ordering};

/// A handle to a table that can be swapped whole while tasks use it.
///
/// Clones share one table. A task holds a [`TableReader`], which costs one atomic load a look while nothing has changed.
///
/// ```
/// use flightstream_core::table::SharedTable;
///
/// let fares = SharedTable::new(vec![10, 20]);
/// let mut reader = fares.reader();
/// assert_eq!(**reader.current(), [10, 20]);
///
/// fares.swap(vec![11, 21, 31]);
/// assert_eq!(**reader.current(), [11, 21, 31]);
/// ```
#[derive(Debug)]
pub struct SharedTable<T> {
    inner: Arc<Inner<T>>,
}

#[derive(Debug)]
struct Inner<T> {
    version: AtomicU64,
    table: Mutex<Arc<T>>,
}

impl<T> SharedTable<T> {
    /// Shares `table`, as version 0.
    #[must_use]
    pub fn new(table: T) -> Self {
        Self::of(Arc::new(table))
    }

    fn of(table: Arc<T>) -> Self {
        Self {
            inner: Arc::new(Inner {
                version: AtomicU64::new(0),
                table: Mutex::new(table),
            }),
        }
    }

    /// Puts `table` in the place of the present one, which is returned; who still reads the old one keeps it.
    pub fn swap(&self, table: T) -> Arc<T> {
        let mut present = self.lock();
        let old = std::mem::replace(&mut *present, Arc::new(table));
        // Under the lock, so that a version never names two tables.
        self.inner.version.fetch_add(1, Ordering::Release);
        old
    }

    /// The present table.
    #[must_use]
    pub fn load(&self) -> Arc<T> {
        Arc::clone(&self.lock())
    }

    /// How often the table has been swapped.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.inner.version.load(Ordering::Acquire)
    }

    /// A reader for one task.
    #[must_use]
    pub fn reader(&self) -> TableReader<T> {
        let present = self.lock();
        TableReader {
            shared: self.clone(),
            version: self.version(),
            current: Arc::clone(&present),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Arc<T>> {
        // The lock guards one assignment, which a panic elsewhere cannot leave half done.
        self.inner
            .table
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Clone for SharedTable<T> {
    fn clone(&self) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
        }
    }
}

/// A table that nobody is going to swap.
impl<T> From<Arc<T>> for SharedTable<T> {
    fn from(table: Arc<T>) -> Self {
        Self::of(table)
    }
}

/// One task's view of a [`SharedTable`].
#[derive(Debug)]
pub struct TableReader<T> {
    shared: SharedTable<T>,
    version: u64,
    current: Arc<T>,
}

impl<T> TableReader<T> {
    /// The present table.
    pub fn current(&mut self) -> &Arc<T> {
        if self.shared.version() != self.version {
            let present = self.shared.lock();
            self.version = self.shared.version();
            self.current = Arc::clone(&present);
        }
        &self.current
    }
}

#[cfg(all(test, loom))]
mod loom_tests {
    use super::*;

    #[test]
    fn a_reader_never_goes_back_and_a_version_names_one_table() {
        loom::model(|| {
            let shared = SharedTable::new(0_u64);
            let writer = shared.clone();
            let thread = loom::thread::spawn(move || {
                writer.swap(1);
                writer.swap(2);
            });
            let mut reader = shared.reader();
            let mut last = 0;
            for _ in 0..2 {
                let number = **reader.current();
                assert!(number >= last);
                // What was swapped in n-th has the number n.
                assert_eq!(number, reader.version);
                last = number;
            }
            thread.join().unwrap();
            assert_eq!(**reader.current(), 2);
        });
    }
}
