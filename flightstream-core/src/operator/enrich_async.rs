use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::stream::{FuturesUnordered, Stream};
use pin_project_lite::pin_project;

use super::retry::Due;
use super::{Aligned, Retry};
use crate::batch::{Batch, Record, Rejection};
use crate::{Fatal, OnFailure, Records};

pin_project! {
    /// Records for the [`enrich_async`](Records::enrich_async) method.
    #[must_use = "streams do nothing unless polled"]
    pub struct EnrichAsync<R, F, Fut>
    where
        R: Records,
        Fut: Future,
    {
        #[pin]
        records: R,
        f: F,
        limit: usize,
        retry: Option<Again<R::Record>>,
        on_failure: OnFailure,
        current: Option<Current<R::Record, Fut>>,
    }
}

/// A policy, and how a value is kept for another try.
struct Again<T> {
    policy: Retry,
    clone: fn(&T) -> T,
}

/// The batch that is being worked on. It keeps its ack until its last record is done.
struct Current<T, Fut: Future> {
    batch: Batch<T>,
    waiting: std::iter::Enumerate<std::vec::IntoIter<T>>,
    running: FuturesUnordered<Numbered<T, Fut>>,
    failed: Vec<Failed<T>>,
    rest: Vec<Record<()>>,
    results: Vec<Option<Fut::Output>>,
}

/// A look-up that will be tried again.
struct Failed<T> {
    number: usize,
    value: T,
    failures: u32,
    due: Due,
}

pin_project! {
    /// A look-up that tells which record it is of.
    struct Numbered<T, Fut> {
        number: usize,
        kept: Option<T>,
        failures: u32,
        #[pin]
        future: Fut,
    }
}

impl<T, Fut: Future> Future for Numbered<T, Fut> {
    type Output = (usize, Option<T>, u32, Fut::Output);

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let output = ready!(this.future.poll(cx));
        Poll::Ready((*this.number, this.kept.take(), *this.failures, output))
    }
}

impl<R, F, Fut> EnrichAsync<R, F, Fut>
where
    R: Records,
    F: FnMut(R::Record) -> Fut,
    Fut: Future,
{
    pub(crate) fn new(records: R, limit: usize, f: F) -> Self {
        Self {
            records,
            f,
            limit: limit.max(1),
            retry: None,
            on_failure: OnFailure::default(),
            current: None,
        }
    }

    /// Tries a failed look-up again before its record is refused. While it waits it takes one of the places of `limit`.
    pub fn retry(mut self, policy: Retry) -> Self
    where
        R::Record: Clone,
    {
        let clone = R::Record::clone;
        self.retry = Some(Again { policy, clone });
        self
    }

    /// What becomes of a record whose look-up fails for good, by default a dead letter.
    pub fn on_failure(mut self, policy: OnFailure) -> Self {
        self.on_failure = policy;
        self
    }
}

impl<T, U, E, Fut> Current<T, Fut>
where
    Fut: Future<Output = Result<U, E>>,
{
    fn new(mut batch: Batch<T>) -> Self {
        let records = std::mem::take(batch.records_mut());
        let (mut waiting, mut rest) = (Vec::with_capacity(records.len()), Vec::new());
        for record in records {
            let (value, record) = record.take_value();
            waiting.push(value);
            rest.push(record);
        }
        Self {
            batch,
            waiting: waiting.into_iter().enumerate(),
            running: FuturesUnordered::new(),
            failed: Vec::new(),
            results: rest.iter().map(|_| None).collect(),
            rest,
        }
    }

    /// Ready when all look-ups of the batch are done.
    fn poll(
        &mut self,
        mut f: impl FnMut(T) -> Fut,
        limit: usize,
        again: Option<&Again<T>>,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        loop {
            if let Some(again) = again {
                let due = |failed: &mut Failed<T>| again.policy.is_due(failed.due);
                for failed in self.failed.extract_if(.., due) {
                    let Failed {
                        number,
                        value,
                        failures,
                        ..
                    } = failed;
                    let kept = Some((again.clone)(&value));
                    let future = f(value);
                    self.running.push(Numbered {
                        number,
                        kept,
                        failures,
                        future,
                    });
                }
            }
            while self.running.len() + self.failed.len() < limit {
                let Some((number, value)) = self.waiting.next() else {
                    break;
                };
                let kept = again.map(|again| (again.clone)(&value));
                let future = f(value);
                self.running.push(Numbered {
                    number,
                    kept,
                    failures: 0,
                    future,
                });
            }
            let (number, kept, failures, result) =
                match ready!(Pin::new(&mut self.running).poll_next(cx)) {
                    Some(done) => done,
                    None if self.failed.is_empty() => return Poll::Ready(()),
                    None => return Poll::Pending,
                };
            let failures = failures + 1;
            let retry = again.filter(|_| result.is_err());
            match (retry.and_then(|again| again.policy.next(failures)), kept) {
                (Some(due), Some(value)) => self.failed.push(Failed {
                    number,
                    value,
                    failures,
                    due,
                }),
                _ => {
                    if let Some(slot) = self.results.get_mut(number) {
                        *slot = Some(result);
                    }
                }
            }
        }
    }

    fn finish(self, on_failure: OnFailure) -> Result<Batch<U>, Fatal>
    where
        E: Into<Rejection>,
    {
        // Its records were taken out, so this only changes its type.
        let mut batch = self
            .batch
            .transform("enrich_async", |_, _| Ok::<(), Infallible>(()));
        let before = batch.rejected().len();
        for (record, result) in self.rest.into_iter().zip(self.results) {
            match result {
                Some(Ok(value)) => batch.records_mut().push(record.with_value(value)),
                Some(Err(error)) => {
                    batch.reject(
                        record.origin,
                        record.event_time,
                        "enrich_async",
                        error.into(),
                    );
                }
                None => {}
            }
        }
        on_failure.settle(batch, before)
    }
}

impl<R, F, Fut> fmt::Debug for EnrichAsync<R, F, Fut>
where
    R: Records + fmt::Debug,
    Fut: Future,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnrichAsync")
            .field("records", &self.records)
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

impl<R, F, Fut, U, E> Stream for EnrichAsync<R, F, Fut>
where
    R: Records,
    F: FnMut(R::Record) -> Fut,
    Fut: Future<Output = Result<U, E>>,
    E: Into<Rejection>,
{
    type Item = Result<Batch<U>, Fatal>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut this = self.project();
        let current = match this.current {
            Some(current) => current,
            None => match ready!(this.records.as_mut().poll_next(cx)) {
                Some(Ok(batch)) => this.current.insert(Current::new(batch)),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            },
        };
        ready!(current.poll(&mut *this.f, *this.limit, this.retry.as_ref(), cx));
        let done = this.current.take();
        Poll::Ready(done.map(|current| current.finish(*this.on_failure)))
    }
}

impl<R, F, Fut, U, E> Aligned for EnrichAsync<R, F, Fut>
where
    R: Aligned,
    F: FnMut(R::Record) -> Fut,
    Fut: Future<Output = Result<U, E>>,
    E: Into<Rejection>,
{
}
