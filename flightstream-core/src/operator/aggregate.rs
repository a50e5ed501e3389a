use std::fmt;
use std::hash::Hash;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::stream::Stream;
use pin_project_lite::pin_project;

use super::{Aggregator, Aligned};
use crate::batch::Batch;
use crate::store::{KeyValueStore, StoreHandle};
use crate::{Fatal, Records};

pin_project! {
    /// Records for the [`aggregate`](Records::aggregate), [`count`](Records::count) and [`reduce`](Records::reduce)
    /// methods.
    #[must_use = "streams do nothing unless polled"]
    pub struct Aggregate<R, K, A, F> {
        #[pin]
        records: R,
        store: StoreHandle<KeyValueStore<K, A>>,
        aggregator: F,
    }
}

impl<R, K, A, F> Aggregate<R, K, A, F> {
    pub(crate) fn new(records: R, store: StoreHandle<KeyValueStore<K, A>>, aggregator: F) -> Self {
        Self {
            records,
            store,
            aggregator,
        }
    }
}

impl<R: fmt::Debug, K, A, F> fmt::Debug for Aggregate<R, K, A, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Aggregate")
            .field("records", &self.records)
            .field("store", &self.store)
            .finish_non_exhaustive()
    }
}

impl<R, K, T, A, F> Stream for Aggregate<R, K, A, F>
where
    R: Records<Record = (K, T)>,
    K: Hash + Eq + Clone,
    A: Clone,
    F: Aggregator<T, A>,
{
    type Item = Result<Batch<(K, A)>, Fatal>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.project();
        let next = ready!(this.records.poll_next(cx));
        Poll::Ready(next.map(|batch| {
            let store = &mut *this.store.write();
            Ok(batch?.map_timed(|event_time, (key, value)| {
                store.observe(event_time);
                let result = store.update(&key, |stored| match stored {
                    Some(aggregate) => {
                        this.aggregator.add(aggregate, &value);
                        aggregate.clone()
                    }
                    None => stored.insert(this.aggregator.first(&value)).clone(),
                });
                (key, result)
            }))
        }))
    }
}

impl<R, K, T, A, F> Aligned for Aggregate<R, K, A, F>
where
    R: Aligned<Record = (K, T)>,
    K: Hash + Eq + Clone,
    A: Clone,
    F: Aggregator<T, A>,
{
}
