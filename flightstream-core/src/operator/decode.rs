use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::stream::Stream;
use pin_project_lite::pin_project;

use crate::batch::{Batch, Raw, Rejection};
use crate::{Fatal, OnFailure, Records};

pin_project! {
    /// Records for the [`decode`](Records::decode) method.
    #[must_use = "streams do nothing unless polled"]
    pub struct Decode<R, D> {
        #[pin]
        records: R,
        decoder: D,
        on_failure: OnFailure,
    }
}

impl<R, D> Decode<R, D> {
    pub(crate) fn new(records: R, decoder: D) -> Self {
        Self {
            records,
            decoder,
            on_failure: OnFailure::default(),
        }
    }

    /// What becomes of a message that cannot be decoded, by default a dead letter.
    pub fn on_failure(mut self, policy: OnFailure) -> Self {
        self.on_failure = policy;
        self
    }
}

impl<R: fmt::Debug, D> fmt::Debug for Decode<R, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decode")
            .field("records", &self.records)
            .finish_non_exhaustive()
    }
}

impl<R, D> Stream for Decode<R, D>
where
    R: Records<Record = Raw>,
    D: Decoder,
{
    type Item = Result<Batch<D::Output>, Fatal>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.project();
        let next = ready!(this.records.poll_next(cx));
        Poll::Ready(next.map(|batch| {
            let batch = batch?;
            let before = batch.rejected().len();
            let batch = batch.transform("decode", |record, output| {
                let bytes = record
                    .value
                    .as_bytes()
                    .ok_or_else(|| Rejection::new("tombstone"))?;
                let value = this.decoder.decode(bytes).map_err(Into::into)?;
                output.push(record.with_value(value));
                Ok::<(), Rejection>(())
            });
            this.on_failure.settle(batch, before)
        }))
    }
}

/// Turns the bytes of one message into a value.
///
/// It is `&mut` so that a decoder can keep its buffers from one message to the next. A closure
/// `FnMut(&[u8]) -> Result<T, E>` is a decoder.
pub trait Decoder {
    /// What it makes.
    type Output;
    /// Why it refuses.
    type Error: Into<Rejection>;

    /// Decodes one message.
    ///
    /// # Errors
    /// If the bytes are not what the decoder takes; the record is then refused with that reason.
    fn decode(&mut self, bytes: &[u8]) -> Result<Self::Output, Self::Error>;
}

impl<F, T, E> Decoder for F
where
    F: FnMut(&[u8]) -> Result<T, E>,
    E: Into<Rejection>,
{
    type Output = T;
    type Error = E;

    fn decode(&mut self, bytes: &[u8]) -> Result<T, E> {
        self(bytes)
    }
}
