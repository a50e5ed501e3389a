use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::stream::Stream;
use pin_project_lite::pin_project;

use crate::batch::Batch;
use crate::{Fatal, Records};

pin_project! {
    /// Records for the [`flat_map`](Records::flat_map) method.
    #[must_use = "streams do nothing unless polled"]
    pub struct FlatMap<R, F> {
        #[pin]
        records: R,
        f: F,
    }
}

impl<R, F> FlatMap<R, F> {
    pub(crate) fn new(records: R, f: F) -> Self {
        Self { records, f }
    }
}

impl<R: fmt::Debug, F> fmt::Debug for FlatMap<R, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FlatMap")
            .field("records", &self.records)
            .finish_non_exhaustive()
    }
}

impl<R, F, I> Stream for FlatMap<R, F>
where
    R: Records,
    F: FnMut(R::Record) -> I,
    I: IntoIterator,
{
    type Item = Result<Batch<I::Item>, Fatal>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.project();
        let next = ready!(this.records.poll_next(cx));
        Poll::Ready(next.map(|batch| {
            Ok(batch?.transform("flat_map", |record, output| {
                let (value, rest) = record.take_value();
                output.extend(
                    (this.f)(value)
                        .into_iter()
                        .map(|value| rest.clone().with_value(value)),
                );
                Ok::<(), Infallible>(())
            }))
        }))
    }
}
