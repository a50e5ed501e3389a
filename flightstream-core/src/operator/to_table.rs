use std::fmt;
use std::hash::Hash;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::stream::Stream;
use pin_project_lite::pin_project;
use serde::{Deserialize, Serialize};

use super::Aligned;
use crate::batch::Batch;
use crate::store::{KeyValueStore, StoreHandle};
use crate::time::Timestamp;
use crate::{Fatal, Records};

/// What a table of the [`to_table`](Records::to_table) method holds of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Latest<T> {
    /// The event time of the record that the value is of.
    pub event_time: Timestamp,
    /// The value.
    pub value: T,
}

pin_project! {
    /// Records for the [`to_table`](Records::to_table) method.
    #[must_use = "streams do nothing unless polled"]
    pub struct ToTable<R, K, T> {
        #[pin]
        records: R,
        store: StoreHandle<KeyValueStore<K, Latest<T>>>,
    }
}

impl<R, K, T> ToTable<R, K, T> {
    pub(crate) fn new(records: R, store: StoreHandle<KeyValueStore<K, Latest<T>>>) -> Self {
        Self { records, store }
    }
}

impl<R: fmt::Debug, K, T> fmt::Debug for ToTable<R, K, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ToTable")
            .field("records", &self.records)
            .field("store", &self.store)
            .finish()
    }
}

impl<R, K, T> Stream for ToTable<R, K, T>
where
    R: Records<Record = (K, T)>,
    K: Hash + Eq + Clone,
    T: Clone,
{
    type Item = Result<Batch<(K, T)>, Fatal>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.project();
        let next = ready!(this.records.poll_next(cx));
        Poll::Ready(next.map(|batch| {
            let mut batch = batch?;
            let store = &mut *this.store.write();
            batch.records_mut().retain(|record| {
                let (key, value) = &record.value;
                store.observe(record.event_time);
                let is_older = store
                    .get(key)
                    .is_some_and(|latest| record.event_time < latest.event_time);
                if !is_older {
                    let latest = Latest {
                        event_time: record.event_time,
                        value: value.clone(),
                    };
                    store.put(key, latest);
                }
                !is_older
            });
            Ok(batch)
        }))
    }
}

impl<R, K, T> Aligned for ToTable<R, K, T>
where
    R: Aligned<Record = (K, T)>,
    K: Hash + Eq + Clone,
    T: Clone,
{
}
