use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};

use super::meter::Stopwatch;
use super::sink::{Outputs, Sink};
use super::source::{Intake, lock};
use crate::{Fatal, Records};

/// One pipeline at work on one partition, whatever its types.
pub(crate) trait Drive {
    /// Moves at most one batch through the pipeline. Ready when it moved one.
    fn poll_batch(
        &mut self,
        cx: &mut Context<'_>,
        outputs: &mut Outputs<'_>,
    ) -> Poll<Result<(), Fatal>>;

    /// Ready when everything that was pulled is delivered. Nothing is pulled meanwhile.
    fn poll_drain(
        &mut self,
        cx: &mut Context<'_>,
        outputs: &mut Outputs<'_>,
    ) -> Poll<Result<(), Fatal>>;
}

pub(crate) struct Task<R, S> {
    records: Pin<Box<R>>,
    sink: S,
    intake: Arc<Mutex<Intake>>,
}

impl<R, S> Task<R, S> {
    pub(crate) fn new(records: R, sink: S, intake: Arc<Mutex<Intake>>) -> Self {
        Self {
            records: Box::pin(records),
            sink,
            intake,
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
        let Some(batch) = ready!(self.records.as_mut().poll_next(cx)) else {
            return Poll::Ready(Err(Fatal::PipelineEnded));
        };
        let mut batch = batch?;
        let rejected = batch.take_rejected();
        outputs.reject(rejected, batch.span().map(|span| &span.topic_partition))?;
        outputs.meter.came_out(&batch);
        self.sink.send(batch, outputs)?;
        outputs.meter.moved(started);
        lock(&self.intake).tracker.advance()?;
        Poll::Ready(Ok(()))
    }

    fn poll_drain(
        &mut self,
        cx: &mut Context<'_>,
        outputs: &mut Outputs<'_>,
    ) -> Poll<Result<(), Fatal>> {
        lock(&self.intake).open = false;
        while let Poll::Ready(moved) = self.poll_batch(cx, outputs) {
            moved?;
        }
        ready!(self.sink.poll_flush(cx, outputs))?;
        let mut intake = lock(&self.intake);
        intake.tracker.advance()?;
        if intake.tracker.is_drained() {
            Poll::Ready(Ok(()))
        } else {
            Poll::Pending
        }
    }
}
