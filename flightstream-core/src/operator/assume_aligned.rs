use std::pin::Pin;
use std::task::{Context, Poll};

use futures::stream::Stream;
use pin_project_lite::pin_project;

use super::Aligned;
use crate::batch::Batch;
use crate::{Fatal, Records};

pin_project! {
    /// Records for the [`assume_aligned`](Records::assume_aligned) method.
    #[derive(Debug)]
    #[must_use = "streams do nothing unless polled"]
    pub struct AssumeAligned<R> {
        #[pin]
        records: R,
    }
}

impl<R> AssumeAligned<R> {
    pub(crate) fn new(records: R) -> Self {
        Self { records }
    }
}

impl<R: Records> Stream for AssumeAligned<R> {
    type Item = Result<Batch<R::Record>, Fatal>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.project().records.poll_next(cx)
    }
}

impl<R: Records> Aligned for AssumeAligned<R> {}
