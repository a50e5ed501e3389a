use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::stream::Stream;
use pin_project_lite::pin_project;

use crate::batch::Batch;
use crate::{Fatal, Records};

pin_project! {
    /// Records for the [`key_by`](Records::key_by) method.
    #[must_use = "streams do nothing unless polled"]
    pub struct KeyBy<R, F> {
        #[pin]
        records: R,
        f: F,
    }
}

impl<R, F> KeyBy<R, F> {
    pub(crate) fn new(records: R, f: F) -> Self {
        Self { records, f }
    }
}

impl<R: fmt::Debug, F> fmt::Debug for KeyBy<R, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyBy")
            .field("records", &self.records)
            .finish_non_exhaustive()
    }
}

impl<R, F, K> Stream for KeyBy<R, F>
where
    R: Records,
    F: FnMut(&R::Record) -> K,
{
    type Item = Result<Batch<(K, R::Record)>, Fatal>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.project();
        let next = ready!(this.records.poll_next(cx));
        Poll::Ready(next.map(|batch| {
            Ok(batch?.map_values(|value| {
                let key = (this.f)(&value);
                (key, value)
            }))
        }))
    }
}
