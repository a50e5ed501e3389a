use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::stream::{FuturesUnordered, Stream};
use pin_project_lite::pin_project;

use super::{Aligned, Lookup, Retry, Retrying};
use crate::batch::{Batch, Record, Rejection};
use crate::{Fatal, Records};

pin_project! {
    /// Records for the [`enrich_async`](Records::enrich_async) method.
    #[must_use = "streams do nothing unless polled"]
    pub struct EnrichAsync<R, L>
    where
        R: Records,
        L: Lookup<R::Record>,
    {
        #[pin]
        records: R,
        lookup: L,
        limit: usize,
        current: Option<Current<R::Record, L>>,
    }
}

/// The batch that is being worked on. It keeps its ack until its last record is done.
struct Current<T, L: Lookup<T>> {
    batch: Batch<T>,
    waiting: std::vec::IntoIter<T>,
    running: FuturesUnordered<Numbered<L::Future>>,
    rest: Vec<Record<()>>,
    results: Vec<Option<Result<L::Output, L::Error>>>,
}

pin_project! {
    /// A future that tells which record it is of.
    struct Numbered<F> {
        number: usize,
        #[pin]
        future: F,
    }
}

impl<F: Future> Future for Numbered<F> {
    type Output = (usize, F::Output);

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        this.future.poll(cx).map(|output| (*this.number, output))
    }
}

impl<R, L> EnrichAsync<R, L>
where
    R: Records,
    L: Lookup<R::Record>,
{
    pub(crate) fn new(records: R, limit: usize, lookup: L) -> Self {
        Self {
            records,
            lookup,
            limit: limit.max(1),
            current: None,
        }
    }

    /// Tries a failed look-up again before its record is refused.
    pub fn retry<W>(self, policy: Retry<W>) -> EnrichAsync<R, Retrying<L, W>>
    where
        Retrying<L, W>: Lookup<R::Record>,
    {
        let lookup = Retrying::new(self.lookup, policy);
        EnrichAsync::new(self.records, self.limit, lookup)
    }
}

impl<T, L: Lookup<T>> Current<T, L> {
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
            waiting: waiting.into_iter(),
            running: FuturesUnordered::new(),
            results: rest.iter().map(|_| None).collect(),
            rest,
        }
    }

    /// Ready when all look-ups of the batch are done.
    fn poll(&mut self, lookup: &mut L, limit: usize, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            while self.running.len() < limit {
                let number = self.rest.len() - self.waiting.len();
                let Some(value) = self.waiting.next() else {
                    break;
                };
                let future = lookup.look_up(value);
                self.running.push(Numbered { number, future });
            }
            let Some((number, result)) = ready!(Pin::new(&mut self.running).poll_next(cx)) else {
                return Poll::Ready(());
            };
            if let Some(slot) = self.results.get_mut(number) {
                *slot = Some(result);
            }
        }
    }

    fn finish(self) -> Batch<L::Output>
    where
        L::Error: Into<Rejection>,
    {
        // Its records were taken out, so this only changes its type.
        let mut batch = self
            .batch
            .transform("enrich_async", |_, _| Ok::<(), Infallible>(()));
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
        batch
    }
}

impl<R, L> fmt::Debug for EnrichAsync<R, L>
where
    R: Records + fmt::Debug,
    L: Lookup<R::Record>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnrichAsync")
            .field("records", &self.records)
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

impl<R, L> Stream for EnrichAsync<R, L>
where
    R: Records,
    L: Lookup<R::Record>,
    L::Error: Into<Rejection>,
{
    type Item = Result<Batch<L::Output>, Fatal>;

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
        ready!(current.poll(this.lookup, *this.limit, cx));
        Poll::Ready(this.current.take().map(|current| Ok(current.finish())))
    }
}

impl<R, L> Aligned for EnrichAsync<R, L>
where
    R: Aligned,
    L: Lookup<R::Record>,
    L::Error: Into<Rejection>,
{
}
