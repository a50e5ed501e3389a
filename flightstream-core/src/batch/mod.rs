//! A run of consecutive records of one partition: what flows between operators.
//!
//! Everything is done a batch at a time so that `async` costs something once in 512 to 4,096 records; inside a
//! batch, closures run in one tight synchronous loop.

mod ack;
mod record;
mod rejected;
mod span;

use std::sync::Arc;

use futures::future::Either;

pub use self::ack::{Ack, AckHandle, AckState};
pub use self::record::{Headers, Offset, Raw, Record};
pub use self::rejected::{Rejected, Rejection};
pub use self::span::{Span, TopicPartition};
use crate::time::Timestamp;

/// A run of consecutive records of one partition, with the records refused so far and the ack.
#[derive(Debug)]
pub struct Batch<T> {
    records: Vec<Record<T>>,
    rejected: Vec<Rejected>,
    originals: Option<Arc<[Record<Raw>]>>,
    span: Option<Span>,
    ack: Ack,
}

impl Batch<Raw> {
    /// A batch as read from a log. It remembers its records, so that one that is refused later still reaches the
    /// dead-letter topic as it was read.
    pub fn from_log(records: Vec<Record<Raw>>, span: Span, ack: Ack) -> Self {
        let originals = Some(Arc::from(records.as_slice()));
        Self {
            records,
            rejected: Vec::new(),
            originals,
            span: Some(span),
            ack,
        }
    }
}

impl<T> Batch<T> {
    /// A batch of records that did not come from a log.
    #[must_use]
    pub fn new(records: Vec<Record<T>>) -> Self {
        Self {
            records,
            rejected: Vec::new(),
            originals: None,
            span: None,
            ack: Ack::none(),
        }
    }

    /// The same with a span and an ack.
    #[must_use]
    pub fn with_ack(mut self, span: Span, ack: Ack) -> Self {
        self.span = Some(span);
        self.ack = ack;
        self
    }

    /// The records.
    #[must_use]
    pub fn records(&self) -> &[Record<T>] {
        &self.records
    }

    /// The records, to change in place: the operators that keep the type work on the batch's own storage.
    pub fn records_mut(&mut self) -> &mut Vec<Record<T>> {
        &mut self.records
    }

    /// The records refused so far.
    #[must_use]
    pub fn rejected(&self) -> &[Rejected] {
        &self.rejected
    }

    /// Takes the refused records out, for the dead-letter sink.
    pub fn take_rejected(&mut self) -> Vec<Rejected> {
        std::mem::take(&mut self.rejected)
    }

    /// Where the batch was read; `None` for time-driven output.
    #[must_use]
    pub fn span(&self) -> Option<&Span> {
        self.span.as_ref()
    }

    /// How many records it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether it holds none (it still carries its ack).
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Splits the batch into its records and its ack.
    pub fn into_parts(self) -> (Vec<Record<T>>, Ack) {
        (self.records, self.ack)
    }

    /// Says that everything in the batch has been delivered.
    pub fn resolve(self) {
        self.ack.resolve();
    }

    /// Makes a batch of another type: `f` takes each record and puts what becomes of it, if anything, into the
    /// output. An `Err` refuses the record on behalf of `stage`. Span and ack stay.
    pub fn transform<U, E: Into<Rejection>>(
        self,
        stage: &'static str,
        mut f: impl FnMut(Record<T>, &mut Vec<Record<U>>) -> Result<(), E>,
    ) -> Batch<U> {
        let Self {
            records,
            rejected,
            originals,
            span,
            ack,
        } = self;
        let mut output = Batch {
            records: Vec::with_capacity(records.len()),
            rejected,
            originals,
            span,
            ack,
        };
        for record in records {
            let (origin, event_time) = (record.origin, record.event_time);
            if let Err(error) = f(record, &mut output.records) {
                output.reject(origin, event_time, stage, error.into());
            }
        }
        output
    }

    /// Makes each value into another. Where both types have the same layout the batch's storage is used again.
    pub fn map_values<U>(self, mut f: impl FnMut(T) -> U) -> Batch<U> {
        self.map_timed(|_, value| f(value))
    }

    /// The same with the event time of each.
    pub(crate) fn map_timed<U>(self, mut f: impl FnMut(Timestamp, T) -> U) -> Batch<U> {
        let Self {
            records,
            rejected,
            originals,
            span,
            ack,
        } = self;
        let records = records
            .into_iter()
            .map(|record| {
                let (value, rest) = record.take_value();
                let event_time = rest.event_time;
                rest.with_value(f(event_time, value))
            })
            .collect();
        Batch {
            records,
            rejected,
            originals,
            span,
            ack,
        }
    }

    /// Makes two batches of it, of the same span, each with a share of the ack. What was refused so far goes with the
    /// left one.
    pub fn split<A, B>(self, mut f: impl FnMut(T) -> Either<A, B>) -> (Batch<A>, Batch<B>) {
        let Self {
            records,
            rejected,
            originals,
            span,
            ack,
        } = self;
        let mut right = Batch {
            records: Vec::new(),
            rejected: Vec::new(),
            originals: originals.clone(),
            span: span.clone(),
            ack: ack.share(),
        };
        let mut left = Batch {
            records: Vec::with_capacity(records.len()),
            rejected,
            originals,
            span,
            ack,
        };
        for record in records {
            let (value, rest) = record.take_value();
            match f(value) {
                Either::Left(value) => left.records.push(rest.with_value(value)),
                Either::Right(value) => right.records.push(rest.with_value(value)),
            }
        }
        (left, right)
    }

    /// Refuses the record that was read at `origin`.
    pub fn reject(
        &mut self,
        origin: Offset,
        event_time: Timestamp,
        stage: &'static str,
        rejection: Rejection,
    ) {
        let original = self.originals.as_deref().and_then(|originals| {
            let index = originals
                .binary_search_by_key(&origin, |record| record.origin)
                .ok()?;
            originals.get(index)
        });
        let (key, value, headers) = original.map_or_else(Default::default, |record| {
            (
                record.key.clone(),
                record.value.0.clone(),
                record.headers.clone(),
            )
        });
        self.rejected.push(Rejected {
            key,
            value,
            headers,
            event_time,
            origin,
            stage,
            rejection,
            is_skipped: false,
        });
    }

    /// Marks all refused records but the first `before` as skipped.
    pub(crate) fn skip_rejected(&mut self, before: usize) {
        for rejected in self.rejected.iter_mut().skip(before) {
            rejected.is_skipped = true;
        }
    }
}

impl<T> Extend<Record<T>> for Batch<T> {
    fn extend<I: IntoIterator<Item = Record<T>>>(&mut self, records: I) {
        self.records.extend(records);
    }
}
