use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures::stream::Stream;
use pin_project_lite::pin_project;

use super::future_guard::{FutureGuard, PartitionTime, PartitionTimes};
use crate::batch::{Batch, Rejection};
use crate::store::StoreHandle;
use crate::time::Timestamp;
use crate::{Fatal, OnFailure, Records};

pin_project! {
    /// Records for the [`event_time`](Records::event_time) method.
    #[must_use = "streams do nothing unless polled"]
    pub struct EventTime<R, F> {
        #[pin]
        records: R,
        f: F,
        policy: Policy,
    }
}

/// What is done about times that cannot be right.
struct Policy {
    on_failure: OnFailure,
    or_partition_time: bool,
    not_before: Timestamp,
    guard: Option<FutureGuard>,
    store: Option<StoreHandle<PartitionTimes>>,
}

impl<R, F> EventTime<R, F> {
    pub(crate) fn new(records: R, f: F) -> Self {
        let policy = Policy {
            on_failure: OnFailure::default(),
            or_partition_time: false,
            not_before: Timestamp::default(),
            guard: None,
            store: None,
        };
        Self { records, f, policy }
    }

    /// What becomes of a record without a usable time, by default a dead letter.
    pub fn on_failure(mut self, policy: OnFailure) -> Self {
        self.policy.on_failure = policy;
        self
    }

    /// Gives a record whose time is missing, negative or past the *partition time* instead: the newest time that the
    /// partition had so far. Before there is one, and for times in the future, [`on_failure`](Self::on_failure) decides.
    ///
    /// The store keeps the partition time over restarts. With a [`guard`](Self::guard), both take the same handle.
    pub fn or_partition_time(mut self, store: StoreHandle<PartitionTimes>) -> Self {
        self.policy.or_partition_time = true;
        self.policy.store = Some(store);
        self
    }

    /// Refuses times before `oldest`, with the reason `past_time`. Without it the oldest is the epoch.
    pub fn not_before(mut self, oldest: Timestamp) -> Self {
        self.policy.not_before = oldest;
        self
    }

    /// Refuses times that are too far in the future, with the reason `future_time`; see [`FutureGuard`]. The store keeps
    /// over restarts what it compares with.
    pub fn guard(mut self, guard: FutureGuard, store: StoreHandle<PartitionTimes>) -> Self {
        self.policy.guard = Some(guard);
        self.policy.store = Some(store);
        self
    }
}

impl Policy {
    /// Sets the event times of a batch and refuses what has none that can be right.
    fn apply<T>(
        &self,
        mut batch: Batch<T>,
        mut time_of: impl FnMut(&T) -> Option<Timestamp>,
    ) -> Result<Batch<T>, Fatal> {
        let before = batch.rejected().len();
        let now = self.store.as_ref().map(|store| store.timers().now());
        let known = self.store.as_ref().and_then(|store| {
            let store = store.read();
            store.get(&PartitionTime::KEY).map(|known| known.clone())
        });
        let mut partition = known.clone().unwrap_or_default();
        let mut refused = Vec::new();
        batch.records_mut().retain_mut(|record| {
            let given = time_of(&record.value);
            let time = match self.usable(given) {
                Ok(time) => self.check_future(time, record.key.as_ref(), now, &mut partition),
                Err(rejection) if self.or_partition_time => partition.newest().ok_or(rejection),
                Err(rejection) => Err(rejection),
            };
            match time {
                Ok(time) => record.event_time = time,
                Err(rejection) => {
                    refused.push((record.origin, record.event_time, rejection));
                    return false;
                }
            }
            true
        });
        for (origin, time, rejection) in refused {
            batch.reject(origin, time, "event_time", rejection);
        }
        if let Some(store) = &self.store
            && known.as_ref() != Some(&partition)
            && partition != PartitionTime::default()
        {
            store.write().put(&PartitionTime::KEY, partition);
        }
        self.on_failure.settle(batch, before)
    }

    fn usable(&self, time: Option<Timestamp>) -> Result<Timestamp, Rejection> {
        let time = time.ok_or_else(|| Rejection::new("no_event_time"))?;
        if time < Timestamp::default() {
            return Err(Rejection::new("negative_time").with_detail(time));
        }
        if time < self.not_before {
            return Err(Rejection::new("past_time")
                .with_detail(format_args!("{time} is before the oldest that is taken")));
        }
        Ok(time)
    }

    fn check_future(
        &self,
        time: Timestamp,
        key: Option<&Bytes>,
        now: Option<Timestamp>,
        partition: &mut PartitionTime,
    ) -> Result<Timestamp, Rejection> {
        if let (Some(guard), Some(now)) = (&self.guard, now) {
            guard.check(time, key, now, partition)?;
        }
        partition.observe(time);
        Ok(time)
    }
}

impl<R: fmt::Debug, F> fmt::Debug for EventTime<R, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventTime")
            .field("records", &self.records)
            .finish_non_exhaustive()
    }
}

impl<R, F, E> Stream for EventTime<R, F>
where
    R: Records,
    F: FnMut(&R::Record) -> E,
    E: Into<Option<Timestamp>>,
{
    type Item = Result<Batch<R::Record>, Fatal>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.project();
        let next = ready!(this.records.poll_next(cx));
        let f = this.f;
        Poll::Ready(next.map(|batch| this.policy.apply(batch?, |value| f(value).into())))
    }
}
