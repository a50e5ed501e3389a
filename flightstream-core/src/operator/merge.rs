use std::pin::Pin;
use std::task::{Context, Poll};

use futures::stream::{Fuse, Stream, StreamExt};
use pin_project_lite::pin_project;

use super::Aligned;
use crate::batch::Batch;
use crate::{Fatal, Records};

pin_project! {
    /// Records for the [`merge`](Records::merge) method.
    #[derive(Debug)]
    #[must_use = "streams do nothing unless polled"]
    pub struct Merge<R, O> {
        #[pin]
        records: Fuse<R>,
        #[pin]
        other: Fuse<O>,
        is_others_turn: bool,
    }
}

impl<R: Records, O: Records> Merge<R, O> {
    pub(crate) fn new(records: R, other: O) -> Self {
        Self {
            records: records.fuse(),
            other: other.fuse(),
            is_others_turn: false,
        }
    }
}

impl<R, O> Stream for Merge<R, O>
where
    R: Records,
    O: Records<Record = R::Record>,
{
    type Item = Result<Batch<R::Record>, Fatal>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut this = self.project();
        // Who has no batch now lets the other go first, and the other polls it again before anybody waits.
        let mut ended = 0;
        for _ in 0..2 {
            let is_others_turn = *this.is_others_turn;
            let next = if is_others_turn {
                this.other.as_mut().poll_next(cx)
            } else {
                this.records.as_mut().poll_next(cx)
            };
            *this.is_others_turn = !is_others_turn;
            match next {
                Poll::Ready(Some(batch)) => return Poll::Ready(Some(batch)),
                Poll::Ready(None) => ended += 1,
                Poll::Pending => {}
            }
        }
        if ended == 2 {
            Poll::Ready(None)
        } else {
            Poll::Pending
        }
    }
}

impl<R, O> Aligned for Merge<R, O>
where
    R: Aligned,
    O: Aligned<Record = R::Record>,
{
}
