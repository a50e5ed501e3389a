use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::stream::Stream;
use pin_project_lite::pin_project;

use crate::batch::{Batch, Record};
use crate::{Fatal, Records};

pin_project! {
    /// Records for the [`inspect`](Records::inspect) method.
    #[must_use = "streams do nothing unless polled"]
    pub struct Inspect<R, F> {
        #[pin]
        records: R,
        f: F,
    }
}

impl<R, F> Inspect<R, F> {
    pub(crate) fn new(records: R, f: F) -> Self {
        Self { records, f }
    }
}

impl<R: fmt::Debug, F> fmt::Debug for Inspect<R, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inspect")
            .field("records", &self.records)
            .finish_non_exhaustive()
    }
}

impl<R, F> Stream for Inspect<R, F>
where
    R: Records,
    F: FnMut(&Record<R::Record>),
{
    type Item = Result<Batch<R::Record>, Fatal>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.project();
        let next = ready!(this.records.poll_next(cx));
        if let Some(Ok(batch)) = &next {
            batch.records().iter().for_each(this.f);
        }
        Poll::Ready(next)
    }
}
