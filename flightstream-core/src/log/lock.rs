use std::sync::PoisonError;

use crate::sync::{Mutex, MutexGuard};

/// Locks `mutex`, also after a thread has panicked with it: no code of the log leaves its state half changed at a
/// point where it can panic.
pub(super) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
