use std::fmt;
use std::hash::Hash;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::stream::Stream;
use pin_project_lite::pin_project;

use super::emit::emitted;
use super::{Session, Window, WindowedKey};
use crate::batch::{Batch, Record, Rejection};
use crate::operator::{Aggregator, Aligned, Merger};
use crate::store::{SessionEntry, SessionStore, StoreHandle};
use crate::time::Timestamp;
use crate::{Fatal, OnFailure, Records};

pin_project! {
    /// The results of an aggregation in sessions.
    #[must_use = "streams do nothing unless polled"]
    pub struct SessionAggregate<R, K, A, F, M> {
        #[pin]
        records: R,
        folding: Folding<K, A, F, M>,
    }
}

/// Everything but the input.
struct Folding<K, A, F, M> {
    session: Session,
    store: StoreHandle<SessionStore<K, A>>,
    add: F,
    merge: M,
    idle_after: Option<Duration>,
    last_record: Option<Timestamp>,
    on_failure: OnFailure,
    closed: Vec<SessionEntry<K, A>>,
}

impl<R, K, A, F, M> SessionAggregate<R, K, A, F, M> {
    pub(super) fn new(
        records: R,
        session: Session,
        store: StoreHandle<SessionStore<K, A>>,
        add: F,
        merge: M,
    ) -> Self {
        let folding = Folding {
            session,
            store,
            add,
            merge,
            idle_after: None,
            last_record: None,
            on_failure: OnFailure::default(),
            closed: Vec::new(),
        };
        Self { records, folding }
    }

    /// Closes all sessions when no record has come for so long by the clock: without it the last sessions of a
    /// partition that falls quiet would stay open until its next record. What comes for them later is late.
    pub fn idle_after(mut self, quiet: Duration) -> Self {
        self.folding.idle_after = Some(quiet);
        self
    }

    /// What becomes of a record that is late, by default a dead letter.
    pub fn on_failure(mut self, policy: OnFailure) -> Self {
        self.folding.on_failure = policy;
        self
    }
}

impl<K, A, F, M> Folding<K, A, F, M>
where
    K: Hash + Eq + Ord + Clone,
    M: Merger<A>,
{
    fn fold<T>(&mut self, batch: Batch<(K, T)>) -> Result<Batch<(WindowedKey<K>, A)>, Fatal>
    where
        F: Aggregator<T, A>,
    {
        if !batch.is_empty() {
            self.last_record = Some(self.store.timers().now());
        }
        let store = self.store.clone();
        let store = &mut *store.write();
        let before = batch.rejected().len();
        let batch = batch.transform("session", |record, output| {
            let time = record.event_time;
            store.observe(time);
            let stream_time = store.stream_time().unwrap_or(time);
            let closed_before = self.session.closed_before(stream_time);
            self.close(store, closed_before, output, record.origin);

            let (key, value) = &record.value;
            let gap = self.session.gap_size();
            // A session that is still open takes also what comes too late for one of its own.
            if time < closed_before && !store.contains(key, time, gap) {
                let behind = closed_before.since(time);
                return Err(Rejection::new("late").with_detail(format_args!(
                    "its session closed {behind:?} of stream time ago"
                )));
            }
            let (add, merge) = (&mut self.add, &mut self.merge);
            let merge = |sum: &mut A, later| merge.merge(sum, later);
            store.update(key, time, gap, merge, |sum| match sum {
                Some(mut sum) => {
                    add.add(&mut sum, value);
                    sum
                }
                None => add.first(value),
            });
            Ok(())
        });
        self.on_failure.settle(batch, before)
    }

    fn close(
        &mut self,
        store: &mut SessionStore<K, A>,
        before: Timestamp,
        output: &mut Vec<Record<(WindowedKey<K>, A)>>,
        origin: u64,
    ) {
        store.close_before(before, &mut self.closed);
        for session in self.closed.drain(..) {
            let window = Window {
                start: session.first,
                end: session.last.plus(Duration::from_millis(1)),
            };
            output.push(emitted(session.key, window, session.value, origin));
        }
    }

    /// The results of all open sessions, if nothing has come for long enough; otherwise asks to be polled when it is.
    fn idle(&mut self) -> Option<Batch<(WindowedKey<K>, A)>> {
        let quiet = self.idle_after?;
        let store = self.store.clone();
        let store = &mut *store.write();
        if store.is_empty() {
            return None;
        }
        let now = self.store.timers().now();
        // After a restart the quiet begins anew.
        let deadline = self.last_record.get_or_insert(now).plus(quiet);
        if now < deadline {
            self.store.timers().wake_at(deadline);
            return None;
        }
        let after = |time: Timestamp| time.plus(Duration::from_millis(1));
        let newest = store.newest()?;
        store.observe(after(self.session.open_until(newest)));
        let mut output = Vec::new();
        self.close(store, after(newest), &mut output, 0);
        Some(Batch::new(output))
    }
}

impl<R, K, A, F, M> fmt::Debug for SessionAggregate<R, K, A, F, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionAggregate")
            .field("session", &self.folding.session)
            .field("store", &self.folding.store)
            .finish_non_exhaustive()
    }
}

impl<R, K, T, A, F, M> Stream for SessionAggregate<R, K, A, F, M>
where
    R: Records<Record = (K, T)>,
    K: Hash + Eq + Ord + Clone,
    F: Aggregator<T, A>,
    M: Merger<A>,
{
    type Item = Result<Batch<(WindowedKey<K>, A)>, Fatal>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.project();
        match this.records.poll_next(cx) {
            Poll::Ready(Some(Ok(batch))) => Poll::Ready(Some(this.folding.fold(batch))),
            Poll::Ready(Some(Err(error))) => Poll::Ready(Some(Err(error))),
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Pending => match this.folding.idle() {
                Some(batch) => Poll::Ready(Some(Ok(batch))),
                None => Poll::Pending,
            },
        }
    }
}

impl<R, K, T, A, F, M> Aligned for SessionAggregate<R, K, A, F, M>
where
    R: Aligned<Record = (K, T)>,
    K: Hash + Eq + Ord + Clone,
    F: Aggregator<T, A>,
    M: Merger<A>,
{
}
