use std::cell::RefCell;
use std::fmt;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker, ready};

use futures::future::Either;
use futures::stream::Stream;

use super::Aligned;
use crate::batch::Batch;
use crate::{Fatal, Records};

/// The left branch of the [`split`](Records::split) method.
#[must_use = "a branch that is dropped fails the task; use `filter` to leave records out"]
pub struct Left<R, A, B, F>(Rc<RefCell<Fork<R, A, B, F>>>);

/// The right branch of the [`split`](Records::split) method.
#[must_use = "a branch that is dropped fails the task; use `filter` to leave records out"]
pub struct Right<R, A, B, F>(Rc<RefCell<Fork<R, A, B, F>>>);

/// The two branches of the [`split`](Records::split) method.
pub type Branches<R, A, B, F> = (Left<R, A, B, F>, Right<R, A, B, F>);

/// What both branches share. Whichever is polled first gets the next batch, and leaves the other its part.
struct Fork<R, A, B, F> {
    records: Pin<Box<R>>,
    f: F,
    has_ended: bool,
    left: Branch<A>,
    right: Branch<B>,
}

struct Branch<T> {
    /// At most one batch, with its share of the ack: what the branch has not fetched yet is not acknowledged either.
    part: Option<Batch<T>>,
    waker: Option<Waker>,
    is_dropped: bool,
}

pub(crate) fn split<R, A, B, F>(records: R, f: F) -> Branches<R, A, B, F> {
    let fork = Fork {
        records: Box::pin(records),
        f,
        has_ended: false,
        left: Branch::new(),
        right: Branch::new(),
    };
    let fork = Rc::new(RefCell::new(fork));
    (Left(Rc::clone(&fork)), Right(fork))
}

impl<T> Branch<T> {
    fn new() -> Self {
        Self {
            part: None,
            waker: None,
            is_dropped: false,
        }
    }

    /// Takes a part. Where nobody is left to fetch it, its ack is dropped with it.
    fn put(&mut self, part: Batch<T>) {
        if !self.is_dropped {
            self.part = Some(part);
        }
        self.wake();
    }

    fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    fn close(&mut self) {
        self.is_dropped = true;
        self.part = None;
    }
}

impl<R, A, B, F> Fork<R, A, B, F>
where
    R: Records,
    F: FnMut(R::Record) -> Either<A, B>,
{
    fn poll_left(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Batch<A>, Fatal>>> {
        if let Some(part) = self.left.part.take() {
            self.right.wake();
            return Poll::Ready(Some(Ok(part)));
        }
        self.left.waker = Some(cx.waker().clone());
        if self.right.part.is_some() {
            return Poll::Pending;
        }
        Poll::Ready(ready!(self.poll_both(cx)).map(|parts| {
            let (left, right) = parts?;
            self.right.put(right);
            Ok(left)
        }))
    }

    fn poll_right(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Batch<B>, Fatal>>> {
        if let Some(part) = self.right.part.take() {
            self.left.wake();
            return Poll::Ready(Some(Ok(part)));
        }
        self.right.waker = Some(cx.waker().clone());
        if self.left.part.is_some() {
            return Poll::Pending;
        }
        Poll::Ready(ready!(self.poll_both(cx)).map(|parts| {
            let (left, right) = parts?;
            self.left.put(left);
            Ok(right)
        }))
    }

    #[allow(clippy::type_complexity, reason = "a stream's item of both types")]
    fn poll_both(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<(Batch<A>, Batch<B>), Fatal>>> {
        if self.has_ended {
            return Poll::Ready(None);
        }
        let next = ready!(self.records.as_mut().poll_next(cx));
        if !matches!(next, Some(Ok(_))) {
            // Also after an error: it cannot be told twice, and the task is built anew.
            self.has_ended = true;
            self.left.wake();
            self.right.wake();
        }
        Poll::Ready(next.map(|batch| Ok(batch?.split(&mut self.f))))
    }
}

impl<R, A, B, F> Stream for Left<R, A, B, F>
where
    R: Records,
    F: FnMut(R::Record) -> Either<A, B>,
{
    type Item = Result<Batch<A>, Fatal>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.borrow_mut().poll_left(cx)
    }
}

impl<R, A, B, F> Stream for Right<R, A, B, F>
where
    R: Records,
    F: FnMut(R::Record) -> Either<A, B>,
{
    type Item = Result<Batch<B>, Fatal>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.borrow_mut().poll_right(cx)
    }
}

impl<R, A, B, F> Drop for Left<R, A, B, F> {
    fn drop(&mut self) {
        if let Ok(mut fork) = self.0.try_borrow_mut() {
            fork.left.close();
            fork.right.wake();
        }
    }
}

impl<R, A, B, F> Drop for Right<R, A, B, F> {
    fn drop(&mut self) {
        if let Ok(mut fork) = self.0.try_borrow_mut() {
            fork.right.close();
            fork.left.wake();
        }
    }
}

impl<R, A, B, F> fmt::Debug for Left<R, A, B, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Left").finish_non_exhaustive()
    }
}

impl<R, A, B, F> fmt::Debug for Right<R, A, B, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Right").finish_non_exhaustive()
    }
}

impl<R, A, B, F> Aligned for Left<R, A, B, F>
where
    R: Aligned,
    F: FnMut(R::Record) -> Either<A, B>,
{
}

impl<R, A, B, F> Aligned for Right<R, A, B, F>
where
    R: Aligned,
    F: FnMut(R::Record) -> Either<A, B>,
{
}
