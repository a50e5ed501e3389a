use std::fmt;
use std::hash::Hash;

use super::Windows;
use super::emit::{Emit, Emitted};
use crate::operator::{Aggregator, Aligned};
use crate::store::{StoreHandle, WindowStore};

/// An aggregation in windows that lacks the decision when its results are emitted.
#[must_use = "an aggregate needs `emit` to become records"]
pub struct Aggregate<R, W, K, A, F> {
    pub(super) records: R,
    pub(super) windows: W,
    pub(super) store: StoreHandle<WindowStore<K, A>>,
    pub(super) add: F,
}

impl<R, W, K, A, F> Aggregate<R, W, K, A, F> {
    pub(super) fn new(
        records: R,
        windows: W,
        store: StoreHandle<WindowStore<K, A>>,
        add: F,
    ) -> Self {
        Self {
            records,
            windows,
            store,
            add,
        }
    }

    /// Makes records of the results: `(WindowedKey<K>, A)`, with the window's last millisecond as their event time.
    pub fn emit<T>(self, emit: Emit) -> Emitted<R, W, K, A, F>
    where
        R: Aligned<Record = (K, T)>,
        W: Windows,
        K: Hash + Eq + Ord + Clone,
        A: Clone,
        F: Aggregator<T, A>,
    {
        Emitted::new(self, emit)
    }
}

impl<R, W: fmt::Debug, K, A, F> fmt::Debug for Aggregate<R, W, K, A, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Aggregate")
            .field("windows", &self.windows)
            .field("store", &self.store)
            .finish_non_exhaustive()
    }
}
