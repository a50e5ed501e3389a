use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fmt;
use std::hash::Hash;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures::stream::Stream;
use pin_project_lite::pin_project;

use super::Aligned;
use crate::batch::{Batch, Rejection};
use crate::store::{KeyValueStore, StoreHandle};
use crate::time::Timestamp;
use crate::{Fatal, Records};

pin_project! {
    /// Records for the [`dedupe`](Records::dedupe) method.
    #[must_use = "streams do nothing unless polled"]
    pub struct Dedupe<R, K, F> {
        #[pin]
        records: R,
        store: StoreHandle<KeyValueStore<K, Timestamp>>,
        key: F,
        ttl: Duration,
        is_rejecting: bool,
        seen: Option<Seen<K>>,
    }
}

impl<R, K, F> Dedupe<R, K, F> {
    pub(crate) fn new(
        records: R,
        store: StoreHandle<KeyValueStore<K, Timestamp>>,
        key: F,
        ttl: Duration,
    ) -> Self {
        Self {
            records,
            store,
            key,
            ttl: ttl.max(Duration::from_millis(1)),
            is_rejecting: false,
            seen: None,
        }
    }

    /// Refuses duplicates with the reason `duplicate`, so that they are counted and reach the dead letters, instead
    /// of dropping them in silence.
    pub fn rejecting(mut self) -> Self {
        self.is_rejecting = true;
        self
    }
}

/// The remembered keys by age. What the store holds decides everything, so this is made from it at each start.
struct Seen<K> {
    oldest: BinaryHeap<Reverse<(Timestamp, K)>>,
    newest: Option<Timestamp>,
}

impl<K: Hash + Eq + Ord + Clone> Seen<K> {
    fn of(store: &KeyValueStore<K, Timestamp>) -> Self {
        let entries = store.iter();
        let entries = entries.map(|(key, seen)| Reverse((*seen, K::clone(&key))));
        Self {
            oldest: entries.collect(),
            newest: store.iter().map(|(_, seen)| *seen).max(),
        }
    }

    /// Remembers the key, unless it was seen within `ttl` of that time. Whether it is new.
    fn insert(
        &mut self,
        store: &mut KeyValueStore<K, Timestamp>,
        key: K,
        time: Timestamp,
        ttl: Duration,
    ) -> bool {
        let seen = store.get(&key).as_deref().copied();
        if seen.is_some_and(|seen| time < seen.plus(ttl) && seen < time.plus(ttl)) {
            return false;
        }
        // What is as old as this would be forgotten at once.
        let is_expired = self.newest.is_some_and(|newest| time.plus(ttl) <= newest);
        if !is_expired {
            store.put(&key, time);
            self.oldest.push(Reverse((time, key)));
            self.newest = self.newest.max(Some(time));
            self.expire(store, ttl);
        }
        true
    }

    /// Forgets what is older than `ttl`: each key once for each time that it was remembered. The newest remembered
    /// time decides and is never forgotten, so that a restart cannot change it.
    fn expire(&mut self, store: &mut KeyValueStore<K, Timestamp>, ttl: Duration) {
        while let Some(oldest) = self.oldest.peek_mut() {
            if self
                .newest
                .is_none_or(|newest| newest < oldest.0.0.plus(ttl))
            {
                break;
            }
            let Reverse((time, key)) = std::collections::binary_heap::PeekMut::pop(oldest);
            if store.get(&key).as_deref() == Some(&time) {
                store.remove(&key);
            }
        }
    }
}

impl<R: fmt::Debug, K, F> fmt::Debug for Dedupe<R, K, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dedupe")
            .field("records", &self.records)
            .field("store", &self.store)
            .field("ttl", &self.ttl)
            .finish_non_exhaustive()
    }
}

impl<R, K, F> Stream for Dedupe<R, K, F>
where
    R: Records,
    K: Hash + Eq + Ord + Clone,
    F: FnMut(&R::Record) -> K,
{
    type Item = Result<Batch<R::Record>, Fatal>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.project();
        let next = ready!(this.records.poll_next(cx));
        Poll::Ready(next.map(|batch| {
            let mut batch = batch?;
            let store = &mut *this.store.write();
            let seen = this.seen.get_or_insert_with(|| Seen::of(store));
            let mut duplicates = Vec::new();
            batch.records_mut().retain(|record| {
                let key = (this.key)(&record.value);
                let is_new = seen.insert(store, key, record.event_time, *this.ttl);
                if !is_new && *this.is_rejecting {
                    duplicates.push((record.origin, record.event_time));
                }
                is_new
            });
            for (origin, event_time) in duplicates {
                batch.reject(origin, event_time, "dedupe", Rejection::new("duplicate"));
            }
            Ok(batch)
        }))
    }
}

impl<R, K, F> Aligned for Dedupe<R, K, F>
where
    R: Aligned,
    K: Hash + Eq + Ord + Clone,
    F: FnMut(&R::Record) -> K,
{
}
