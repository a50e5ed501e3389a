use std::fmt;
use std::hash::Hash;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::stream::Stream;
use pin_project_lite::pin_project;

use super::aggregate::Aggregate;
use super::{Window, WindowedKey, Windows};
use crate::batch::{Batch, Record, Rejection};
use crate::operator::{Aggregator, Aligned};
use crate::store::{StoreHandle, WindowEntry, WindowStore};
use crate::time::Timestamp;
use crate::{Fatal, OnFailure, Records};

/// When a window's results are emitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Emit {
    on_update: bool,
    early: Option<Duration>,
    idle_after: Option<Duration>,
}

impl Emit {
    /// Once, when the window closes.
    #[must_use]
    pub fn on_close() -> Self {
        Self {
            on_update: false,
            early: None,
            idle_after: None,
        }
    }

    /// With every record that changes them.
    #[must_use]
    pub fn on_update() -> Self {
        Self {
            on_update: true,
            early: None,
            idle_after: None,
        }
    }

    /// Also the results so far of all open windows, each time that stream time passes a multiple of `interval`.
    #[must_use]
    pub fn early_every(mut self, interval: Duration) -> Self {
        self.early = Some(interval.max(Duration::from_millis(1)));
        self
    }

    /// Closes all windows when no record has come for so long by the clock: without it the last windows of a partition
    /// that falls quiet would stay open until its next record. What comes for them later is late.
    #[must_use]
    pub fn idle_after(mut self, quiet: Duration) -> Self {
        self.idle_after = Some(quiet);
        self
    }
}

pin_project! {
    /// The results of an aggregation in windows.
    #[must_use = "streams do nothing unless polled"]
    pub struct Emitted<R, W, K, A, F> {
        #[pin]
        records: R,
        folding: Folding<W, K, A, F>,
    }
}

/// Everything but the input.
struct Folding<W, K, A, F> {
    windows: W,
    store: StoreHandle<WindowStore<K, A>>,
    add: F,
    emit: Emit,
    last_record: Option<Timestamp>,
    on_failure: OnFailure,
    closed: Vec<WindowEntry<K, A>>,
}

impl<R, W, K, A, F> Emitted<R, W, K, A, F> {
    pub(super) fn new(aggregate: Aggregate<R, W, K, A, F>, emit: Emit) -> Self {
        let Aggregate {
            records,
            windows,
            store,
            add,
        } = aggregate;
        let folding = Folding {
            windows,
            store,
            add,
            emit,
            last_record: None,
            on_failure: OnFailure::default(),
            closed: Vec::new(),
        };
        Self { records, folding }
    }

    /// What becomes of a record that is late for all its windows, by default a dead letter.
    pub fn on_failure(mut self, policy: OnFailure) -> Self {
        self.folding.on_failure = policy;
        self
    }
}

impl<R, W, K, A, F> fmt::Debug for Emitted<R, W, K, A, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Emitted")
            .field("store", &self.folding.store)
            .finish_non_exhaustive()
    }
}

impl<W, K, A, F> Folding<W, K, A, F>
where
    W: Windows,
    K: Hash + Eq + Ord + Clone,
    A: Clone,
{
    /// Folds a batch and makes it the batch of what is emitted.
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
        let batch = batch.transform("window", |record, output| {
            let before = store.stream_time();
            store.observe(record.event_time);
            let stream_time = store.stream_time().unwrap_or(record.event_time);
            let closed_before = self.windows.closed_before(stream_time);
            if store.oldest().is_some_and(|oldest| oldest < closed_before) {
                self.close(store, closed_before, output, record.origin);
            }
            if let Some(interval) = self.emit.early
                && before.is_some_and(|before| passes(before, stream_time, interval))
            {
                self.emit_early(store, output, record.origin);
            }
            self.add_to_windows(store, &record, closed_before, output)
        });
        self.on_failure.settle(batch, before)
    }

    fn add_to_windows<T>(
        &mut self,
        store: &mut WindowStore<K, A>,
        record: &Record<(K, T)>,
        closed_before: Timestamp,
        output: &mut Vec<Record<(WindowedKey<K>, A)>>,
    ) -> Result<(), Rejection>
    where
        F: Aggregator<T, A>,
    {
        let (key, value) = &record.value;
        let mut start = self.windows.newest_start(record.event_time);
        let mut is_late = true;
        while start.plus(self.windows.size()) > record.event_time && start >= closed_before {
            is_late = false;
            let on_update = self.emit.on_update;
            let result = match store.get_mut(start, key) {
                Some(sum) => {
                    self.add.add(sum, value);
                    on_update.then(|| sum.clone())
                }
                None => {
                    let first = || self.add.first(value);
                    store.update(start, key, first, |sum| on_update.then(|| sum.clone()))
                }
            };
            if let Some(result) = result {
                let window = self.windows.window(start);
                output.push(emitted(key.clone(), window, result, record.origin));
            }
            start = start.minus(self.windows.advance());
        }
        if is_late {
            let behind = closed_before.since(start);
            return Err(Rejection::new("late").with_detail(format_args!(
                "its last window closed {behind:?} of stream time ago"
            )));
        }
        Ok(())
    }

    fn close(
        &mut self,
        store: &mut WindowStore<K, A>,
        before: Timestamp,
        output: &mut Vec<Record<(WindowedKey<K>, A)>>,
        origin: u64,
    ) {
        store.close_before(before, &mut self.closed);
        for WindowEntry { start, key, value } in self.closed.drain(..) {
            if !self.emit.on_update {
                output.push(emitted(key, self.windows.window(start), value, origin));
            }
        }
    }

    fn emit_early(
        &self,
        store: &WindowStore<K, A>,
        output: &mut Vec<Record<(WindowedKey<K>, A)>>,
        origin: u64,
    ) {
        let from = output.len();
        for (start, key, value) in store.iter() {
            let window = self.windows.window(start);
            output.push(emitted(key.clone(), window, value.clone(), origin));
        }
        if let Some(early) = output.get_mut(from..) {
            early.sort_unstable_by(|a, b| {
                let order = |record: &Record<(WindowedKey<K>, A)>| record.value.0.window;
                order(a)
                    .cmp(&order(b))
                    .then_with(|| a.value.0.key.cmp(&b.value.0.key))
            });
        }
    }

    /// The results of all open windows, if nothing has come for long enough; otherwise asks to be polled when it is.
    fn idle(&mut self) -> Option<Batch<(WindowedKey<K>, A)>> {
        let quiet = self.emit.idle_after?;
        let store = self.store.clone();
        let store = &mut *store.write();
        store.oldest()?;
        let now = self.store.timers().now();
        // After a restart the quiet begins anew.
        let deadline = self.last_record.get_or_insert(now).plus(quiet);
        if now < deadline {
            self.store.timers().wake_at(deadline);
            return None;
        }
        let newest = store.newest().unwrap_or_default();
        store.observe(newest.plus(self.windows.size() + self.windows.grace()));
        let mut output = Vec::new();
        self.close(store, newest.plus(Duration::from_millis(1)), &mut output, 0);
        Some(Batch::new(output))
    }
}

/// Whether a multiple of `interval` lies after `before`, up to and with `after`.
fn passes(before: Timestamp, after: Timestamp, interval: Duration) -> bool {
    let interval = i64::try_from(interval.as_millis())
        .unwrap_or(i64::MAX)
        .max(1);
    before.as_millis().div_euclid(interval) < after.as_millis().div_euclid(interval)
}

pub(super) fn emitted<K, A>(
    key: K,
    window: Window,
    value: A,
    origin: u64,
) -> Record<(WindowedKey<K>, A)> {
    let event_time = window.end.minus(Duration::from_millis(1));
    Record {
        origin,
        ..Record::new((WindowedKey { key, window }, value), event_time)
    }
}

impl<R, W, K, T, A, F> Stream for Emitted<R, W, K, A, F>
where
    R: Records<Record = (K, T)>,
    W: Windows,
    K: Hash + Eq + Ord + Clone,
    A: Clone,
    F: Aggregator<T, A>,
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

impl<R, W, K, T, A, F> Aligned for Emitted<R, W, K, A, F>
where
    R: Aligned<Record = (K, T)>,
    W: Windows,
    K: Hash + Eq + Ord + Clone,
    A: Clone,
    F: Aggregator<T, A>,
{
}
