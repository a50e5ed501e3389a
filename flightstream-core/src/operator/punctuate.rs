use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::stream::Stream;
use pin_project_lite::pin_project;
use serde::{Deserialize, Serialize};

use crate::batch::{Batch, Offset, Record};
use crate::store::{KeyValueStore, StoreHandle};
use crate::time::Timestamp;
use crate::{Fatal, Records};

/// By which time a [`punctuate`](Records::punctuate) step calls its punctuator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum PunctuationType {
    /// By the newest event time of the partition's records. It stands still while none comes.
    StreamTime,
    /// By the app's clock, also while no record comes.
    WallClockTime,
}

pin_project! {
    /// Records for the [`punctuate`](Records::punctuate) method.
    #[must_use = "streams do nothing unless polled"]
    pub struct Punctuate<R, U, F, G> {
        #[pin]
        records: R,
        schedule: Schedule,
        process: F,
        punctuator: G,
        output: PhantomData<fn() -> U>,
    }
}

/// When the punctuator is called next.
struct Schedule {
    /// The multiple of the interval that was reached last: state, so that a restart neither repeats nor forgets a call.
    store: StoreHandle<KeyValueStore<PunctuationType, Timestamp>>,
    /// The same, once it was looked up.
    last: Option<Option<Timestamp>>,
    by: PunctuationType,
    interval: i64,
}

impl Schedule {
    /// The multiple of the interval that `time` has newly reached, if any. The first time only begins the count.
    fn reach(&mut self, time: Timestamp) -> Option<Timestamp> {
        let last = self.last();
        if last.is_some_and(|last| time < self.next(last)) {
            return None;
        }
        let reached = time.as_millis().div_euclid(self.interval);
        let reached = Timestamp::from_millis(reached.saturating_mul(self.interval));
        self.store.write().put(&self.by, reached);
        self.last = Some(Some(reached));
        last.is_some().then_some(reached)
    }

    fn last(&mut self) -> Option<Timestamp> {
        let stored = || self.store.read().get(&self.by).as_deref().copied();
        *self.last.get_or_insert_with(stored)
    }

    fn next(&self, last: Timestamp) -> Timestamp {
        Timestamp::from_millis(last.as_millis().saturating_add(self.interval))
    }

    /// The same by the clock.
    fn reach_now(&mut self) -> Option<Timestamp> {
        match self.by {
            PunctuationType::StreamTime => None,
            PunctuationType::WallClockTime => self.reach(self.store.timers().now()),
        }
    }

    /// Asks to be polled when the clock reaches the next multiple.
    fn wake(&mut self) {
        if self.by == PunctuationType::WallClockTime
            && let Some(last) = self.last()
        {
            self.store.timers().wake_at(self.next(last));
        }
    }
}

impl<R, U, F, G> Punctuate<R, U, F, G> {
    pub(crate) fn new(
        records: R,
        store: StoreHandle<KeyValueStore<PunctuationType, Timestamp>>,
        by: PunctuationType,
        interval: Duration,
        process: F,
        punctuator: G,
    ) -> Self {
        let interval = i64::try_from(interval.as_millis()).unwrap_or(i64::MAX);
        let schedule = Schedule {
            store,
            last: None,
            by,
            interval: interval.max(1),
        };
        Self {
            records,
            schedule,
            process,
            punctuator,
            output: PhantomData,
        }
    }
}

/// What the punctuator puts out is of the batch that it is called in.
fn call<U>(
    punctuator: &mut impl FnMut(Timestamp, &mut Vec<Record<U>>),
    time: Timestamp,
    output: &mut Vec<Record<U>>,
    origin: Offset,
) {
    let from = output.len();
    punctuator(time, output);
    for record in output.iter_mut().skip(from) {
        record.origin = origin;
    }
}

impl<R: fmt::Debug, U, F, G> fmt::Debug for Punctuate<R, U, F, G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Punctuate")
            .field("records", &self.records)
            .field("by", &self.schedule.by)
            .field("interval_ms", &self.schedule.interval)
            .finish_non_exhaustive()
    }
}

impl<R, U, F, G> Stream for Punctuate<R, U, F, G>
where
    R: Records,
    F: FnMut(Record<R::Record>, &mut Vec<Record<U>>),
    G: FnMut(Timestamp, &mut Vec<Record<U>>),
{
    type Item = Result<Batch<U>, Fatal>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.project();
        let (schedule, process, punctuator) = (this.schedule, this.process, this.punctuator);
        match this.records.poll_next(cx) {
            Poll::Ready(Some(Ok(batch))) => {
                let mut by_clock = Vec::new();
                if let Some(time) = schedule.reach_now() {
                    let origin = batch.records().first().map_or(0, |first| first.origin);
                    call(punctuator, time, &mut by_clock, origin);
                }
                let mut batch = batch.transform("punctuate", |record, output| {
                    output.append(&mut by_clock);
                    if schedule.by == PunctuationType::StreamTime
                        && let Some(time) = schedule.reach(record.event_time)
                    {
                        call(punctuator, time, output, record.origin);
                    }
                    process(record, output);
                    Ok::<(), std::convert::Infallible>(())
                });
                // Where there was no record to come before.
                batch.extend(by_clock);
                Poll::Ready(Some(Ok(batch)))
            }
            Poll::Ready(Some(Err(error))) => Poll::Ready(Some(Err(error))),
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Pending => {
                if let Some(time) = schedule.reach_now() {
                    let mut output = Vec::new();
                    call(punctuator, time, &mut output, 0);
                    return Poll::Ready(Some(Ok(Batch::new(output))));
                }
                schedule.wake();
                Poll::Pending
            }
        }
    }
}
