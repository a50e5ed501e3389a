use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::stream::Stream;
use pin_project_lite::pin_project;

use crate::batch::{Batch, Rejection};
use crate::{Fatal, OnFailure, Records};

pin_project! {
    /// Records for the [`enrich`](Records::enrich) method.
    #[must_use = "streams do nothing unless polled"]
    pub struct Enrich<R, F> {
        #[pin]
        records: R,
        f: F,
        on_failure: OnFailure,
    }
}

impl<R, F> Enrich<R, F> {
    pub(crate) fn new(records: R, f: F) -> Self {
        Self {
            records,
            f,
            on_failure: OnFailure::default(),
        }
    }

    /// What becomes of a record that the look-up refuses, by default a dead letter.
    pub fn on_failure(mut self, policy: OnFailure) -> Self {
        self.on_failure = policy;
        self
    }
}

impl<R: fmt::Debug, F> fmt::Debug for Enrich<R, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Enrich")
            .field("records", &self.records)
            .finish_non_exhaustive()
    }
}

impl<R, F, U, E> Stream for Enrich<R, F>
where
    R: Records,
    F: FnMut(R::Record) -> Result<U, E>,
    E: Into<Rejection>,
{
    type Item = Result<Batch<U>, Fatal>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.project();
        let next = ready!(this.records.poll_next(cx));
        Poll::Ready(next.map(|batch| {
            let batch = batch?;
            let before = batch.rejected().len();
            let batch = batch.transform("enrich", |record, output| {
                let (value, rest) = record.take_value();
                output.push(rest.with_value((this.f)(value)?));
                Ok::<(), E>(())
            });
            this.on_failure.settle(batch, before)
        }))
    }
}
