use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::stream::Stream;
use pin_project_lite::pin_project;

use crate::batch::Batch;
use crate::time::Timestamp;
use crate::{Fatal, Records};

pin_project! {
    /// Records for the [`event_time`](Records::event_time) method.
    #[must_use = "streams do nothing unless polled"]
    pub struct EventTime<R, F> {
        #[pin]
        records: R,
        f: F,
    }
}

impl<R, F> EventTime<R, F> {
    pub(crate) fn new(records: R, f: F) -> Self {
        Self { records, f }
    }
}

impl<R: fmt::Debug, F> fmt::Debug for EventTime<R, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventTime")
            .field("records", &self.records)
            .finish_non_exhaustive()
    }
}

impl<R, F> Stream for EventTime<R, F>
where
    R: Records,
    F: FnMut(&R::Record) -> Timestamp,
{
    type Item = Result<Batch<R::Record>, Fatal>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.project();
        let next = ready!(this.records.poll_next(cx));
        Poll::Ready(next.map(|batch| {
            let mut batch = batch?;
            for record in batch.records_mut() {
                record.event_time = (this.f)(&record.value);
            }
            Ok(batch)
        }))
    }
}
