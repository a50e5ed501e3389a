use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::stream::Stream;
use pin_project_lite::pin_project;

use crate::batch::Batch;
use crate::{Fatal, Records};

pin_project! {
    /// Records for the [`filter`](Records::filter) method.
    #[must_use = "streams do nothing unless polled"]
    pub struct Filter<R, F> {
        #[pin]
        records: R,
        predicate: F,
    }
}

impl<R, F> Filter<R, F> {
    pub(crate) fn new(records: R, predicate: F) -> Self {
        Self { records, predicate }
    }
}

impl<R: fmt::Debug, F> fmt::Debug for Filter<R, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Filter")
            .field("records", &self.records)
            .finish_non_exhaustive()
    }
}

impl<R, F> Stream for Filter<R, F>
where
    R: Records,
    F: FnMut(&R::Record) -> bool,
{
    type Item = Result<Batch<R::Record>, Fatal>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.project();
        let next = ready!(this.records.poll_next(cx));
        Poll::Ready(next.map(|batch| {
            let mut batch = batch?;
            batch
                .records_mut()
                .retain(|record| (this.predicate)(&record.value));
            Ok(batch)
        }))
    }
}
