use std::mem;
use std::task::Waker;

use super::lock::lock;
use crate::sync::{AtomicU64, Mutex, Ordering};

/// Who waits for a partition's next record: at most one waker a reader.
#[derive(Debug, Default)]
pub(super) struct Wakers {
    waiting: Mutex<Vec<(u64, Waker)>>,
    readers: AtomicU64,
}

impl Wakers {
    /// A number that tells one reader from the others.
    pub(super) fn new_reader(&self) -> u64 {
        self.readers.fetch_add(1, Ordering::Relaxed)
    }

    pub(super) fn register(&self, reader: u64, waker: &Waker) {
        let mut waiting = lock(&self.waiting);
        match waiting.iter_mut().find(|(other, _)| *other == reader) {
            Some((_, registered)) => registered.clone_from(waker),
            None => waiting.push((reader, waker.clone())),
        }
    }

    pub(super) fn remove(&self, reader: u64) {
        lock(&self.waiting).retain(|(other, _)| *other != reader);
    }

    /// Wakes everybody who waits. Must be called after the records can be read, and without a lock that a woken
    /// reader needs.
    pub(super) fn wake_all(&self) {
        let waiting = mem::take(&mut *lock(&self.waiting));
        for (_, waker) in waiting {
            waker.wake();
        }
    }
}
