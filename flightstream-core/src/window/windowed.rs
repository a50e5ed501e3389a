use std::fmt;
use std::hash::Hash;

use super::Windows;
use super::aggregate::Aggregate;
use crate::operator::Aligned;
use crate::store::{StoreHandle, WindowStore};

/// Keyed records, about to be aggregated in windows; see the [`windowed`](crate::Records::windowed) method.
#[must_use = "windows do nothing until something is aggregated in them"]
pub struct Windowed<R, W> {
    records: R,
    windows: W,
}

impl<R, W: Windows> Windowed<R, W> {
    pub(crate) fn new(records: R, windows: W) -> Self {
        Self { records, windows }
    }

    /// Folds the values of each key in each window into an `A`, which begins as its default.
    pub fn aggregate<K, T, A, F>(
        self,
        store: StoreHandle<WindowStore<K, A>>,
        add: F,
    ) -> Aggregate<R, W, K, A, F>
    where
        R: Aligned<Record = (K, T)>,
        K: Hash + Eq + Ord + Clone,
        A: Default,
        F: FnMut(&mut A, &T),
    {
        Aggregate::new(self.records, self.windows, store, add)
    }

    /// Counts the records of each key in each window.
    pub fn count<K, T>(
        self,
        store: StoreHandle<WindowStore<K, u64>>,
    ) -> Aggregate<R, W, K, u64, fn(&mut u64, &T)>
    where
        R: Aligned<Record = (K, T)>,
        K: Hash + Eq + Ord + Clone,
    {
        self.aggregate(store, |count, _| *count += 1)
    }
}

impl<R, W: fmt::Debug> fmt::Debug for Windowed<R, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Windowed")
            .field("windows", &self.windows)
            .finish_non_exhaustive()
    }
}
