use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::meter::Stopwatch;
use super::sink::{Outputs, Sink};
use crate::store::StateFailure;
use crate::{Fatal, Records};

/// One pipeline at work on one partition, whatever its types.
pub(crate) trait Drive {
    /// Moves at most one batch through the pipeline. Ready when it moved one.
    fn poll_batch(
        &mut self,
        cx: &mut Context<'_>,
        outputs: &mut Outputs<'_>,
    ) -> Poll<Result<(), Fatal>>;

    /// Ready when the sink has delivered everything it took.
    fn poll_flush(
        &mut self,
        cx: &mut Context<'_>,
        outputs: &mut Outputs<'_>,
    ) -> Poll<Result<(), Fatal>>;
}

pub(crate) struct Task<R, S> {
    records: Pin<Box<R>>,
    sink: S,
    failure: StateFailure,
}

impl<R, S> Task<R, S> {
    pub(crate) fn new(records: R, sink: S, failure: StateFailure) -> Self {
        Self {
            records: Box::pin(records),
            sink,
            failure,
        }
    }
}

impl<R: Records, S: Sink<R::Record>> Drive for Task<R, S> {
    fn poll_batch(
        &mut self,
        cx: &mut Context<'_>,
        outputs: &mut Outputs<'_>,
    ) -> Poll<Result<(), Fatal>> {
        ready!(self.sink.poll_ready(cx, outputs))?;
        let started = Stopwatch::start();
        let polled = self.records.as_mut().poll_next(cx);
        if let Some(error) = self.failure.take() {
            return Poll::Ready(Err(Fatal::Store(error)));
        }
        let Some(batch) = ready!(polled) else {
            return Poll::Ready(Err(Fatal::PipelineEnded));
        };
        let mut batch = batch?;
        let rejected = batch.take_rejected();
        outputs.reject(rejected, batch.span().map(|span| &span.topic_partition))?;
        outputs.meter.came_out(&batch);
        self.sink.send(batch, outputs)?;
        outputs.meter.moved(started);
        Poll::Ready(Ok(()))
    }

    fn poll_flush(
        &mut self,
        cx: &mut Context<'_>,
        outputs: &mut Outputs<'_>,
    ) -> Poll<Result<(), Fatal>> {
        self.sink.poll_flush(cx, outputs)
    }
}
