use std::fmt;
use std::hash::Hash;

use super::Windows;
use super::aggregate::Aggregate;
use crate::operator::{Aligned, Counter, Reducer};
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
    ) -> Aggregate<R, W, K, u64, Counter<T>>
    where
        R: Aligned<Record = (K, T)>,
        K: Hash + Eq + Ord + Clone,
    {
        self.aggregate(store, |count, _| *count += 1)
    }

    /// Combines the values of each key in each window into one of the same type, which begins as the first of them.
    ///
    /// ```
    /// # futures::executor::block_on(async {
    /// use flightstream_core::store::StoreHandle;
    /// use flightstream_core::window::{Emit, Tumbling};
    /// use flightstream_core::{Records, from_values, time::Timestamp};
    /// use std::time::Duration;
    ///
    /// let highest = from_values([("LO281", 3), ("LO281", 8), ("LO281", 5), ("LO281", 70)])
    ///     .assume_aligned()
    ///     .event_time(|(_, second)| Timestamp::from_seconds(*second))
    ///     .windowed(Tumbling::of(Duration::from_secs(60)).grace(Duration::ZERO))
    ///     .reduce(StoreHandle::unlogged("highest"), |highest, n| *highest = (*highest).max(*n))
    ///     .emit(Emit::on_close())
    ///     .map(|(_, highest)| highest)
    ///     .collect_values()
    ///     .await?;
    /// assert_eq!(highest, [8]);
    /// # Ok::<(), flightstream_core::Fatal>(()) }).unwrap();
    /// ```
    pub fn reduce<K, T, F>(
        self,
        store: StoreHandle<WindowStore<K, T>>,
        combine: F,
    ) -> Aggregate<R, W, K, T, Reducer<F>>
    where
        R: Aligned<Record = (K, T)>,
        K: Hash + Eq + Ord + Clone,
        T: Clone,
        F: FnMut(&mut T, &T),
    {
        Aggregate::new(self.records, self.windows, store, Reducer::new(combine))
    }
}

impl<R, W: fmt::Debug> fmt::Debug for Windowed<R, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Windowed")
            .field("windows", &self.windows)
            .finish_non_exhaustive()
    }
}
