use std::fmt;
use std::hash::Hash;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::stream::Stream;
use pin_project_lite::pin_project;

use super::Aligned;
use crate::batch::Batch;
use crate::table::TopicTable;
use crate::{Fatal, Records};

pin_project! {
    /// Records for the [`join`](Records::join) and [`left_join`](Records::left_join) methods.
    #[must_use = "streams do nothing unless polled"]
    pub struct Join<R, K, V, F> {
        #[pin]
        records: R,
        table: TopicTable<K, V>,
        f: F,
    }
}

impl<R, K, V, F> Join<R, K, V, F> {
    pub(crate) fn new(records: R, table: TopicTable<K, V>, f: F) -> Self {
        Self { records, table, f }
    }
}

impl<R: fmt::Debug, K, V, F> fmt::Debug for Join<R, K, V, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Join")
            .field("records", &self.records)
            .field("table", &self.table)
            .finish_non_exhaustive()
    }
}

impl<R, K, T, V, F, U> Stream for Join<R, K, V, F>
where
    R: Records<Record = (K, T)>,
    K: Hash + Eq,
    F: FnMut(T, Option<&V>) -> Option<U>,
{
    type Item = Result<Batch<(K, U)>, Fatal>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.project();
        let next = ready!(this.records.poll_next(cx));
        Poll::Ready(next.map(|batch| {
            let entries = this.table.view();
            Ok(batch?.transform("join", |record, output| {
                let ((key, value), rest) = record.take_value();
                if let Some(joined) = (this.f)(value, entries.get(&key)) {
                    output.push(rest.with_value((key, joined)));
                }
                Ok::<(), std::convert::Infallible>(())
            }))
        }))
    }
}

impl<R, K, T, V, F, U> Aligned for Join<R, K, V, F>
where
    R: Aligned<Record = (K, T)>,
    K: Hash + Eq,
    F: FnMut(T, Option<&V>) -> Option<U>,
{
}
