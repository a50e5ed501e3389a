use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fmt;
use std::hash::Hash;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures::stream::Stream;
use pin_project_lite::pin_project;
use serde::{Deserialize, Serialize};

use super::Aligned;
use crate::batch::{Batch, Headers, Offset, Record};
use crate::store::{KeyValueStore, StoreHandle};
use crate::time::Timestamp;
use crate::{Fatal, Records};

/// What the [`throttle_latest`](Records::throttle_latest) method remembers of a key.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Throttled<T> {
    /// When the key's last record passed.
    passed: Timestamp,
    /// The event time of the newest record that passed or is held.
    newest: Timestamp,
    held: Option<Held<T>>,
}

/// A record that waits. It is state, so it outlives the batch that it came in.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Held<T> {
    key: Option<Vec<u8>>,
    value: T,
    headers: Vec<(String, Vec<u8>)>,
}

pin_project! {
    /// Records for the [`throttle_latest`](Records::throttle_latest) method.
    #[must_use = "streams do nothing unless polled"]
    pub struct ThrottleLatest<R, K, T> {
        #[pin]
        records: R,
        throttle: Throttle<K, T>,
    }
}

/// Everything but the input.
struct Throttle<K, T> {
    store: StoreHandle<KeyValueStore<K, Throttled<T>>>,
    interval: Duration,
    due: Option<Due<K>>,
}

/// When the interval of each key ends. What the store holds decides everything, so this is made from it at each start.
struct Due<K> {
    queue: BinaryHeap<Reverse<(Timestamp, K)>>,
    stream_time: Option<Timestamp>,
    /// Since when nothing has come, by the clock and in stream time.
    quiet_since: Option<(Timestamp, Timestamp)>,
}

impl<R, K, T> ThrottleLatest<R, K, T> {
    pub(crate) fn new(
        records: R,
        store: StoreHandle<KeyValueStore<K, Throttled<T>>>,
        interval: Duration,
    ) -> Self {
        let throttle = Throttle {
            store,
            interval: interval.max(Duration::from_millis(1)),
            due: None,
        };
        Self { records, throttle }
    }
}

impl<K: Hash + Eq + Ord + Clone> Due<K> {
    fn of<T>(store: &KeyValueStore<K, Throttled<T>>, interval: Duration) -> Self {
        let mut queue = BinaryHeap::new();
        let mut stream_time = None;
        for (key, throttled) in store.iter() {
            queue.push(Reverse((throttled.passed.plus(interval), K::clone(&key))));
            stream_time = stream_time.max(Some(throttled.passed.max(throttled.newest)));
        }
        Self {
            queue,
            stream_time,
            quiet_since: None,
        }
    }

    /// Ends the intervals that end up to `time`, in their order. A key of which a record was held begins its next one,
    /// the others are forgotten.
    fn advance<T>(
        &mut self,
        store: &mut KeyValueStore<K, Throttled<T>>,
        time: Timestamp,
        interval: Duration,
        mut release: impl FnMut(K, Held<T>, Timestamp),
    ) {
        while self.queue.peek().is_some_and(|next| next.0.0 <= time) {
            let Some(Reverse((due, key))) = self.queue.pop() else {
                break;
            };
            self.stream_time = self.stream_time.max(Some(due));
            let released = store.update(&key, |stored| {
                let throttled = stored.as_mut()?;
                match throttled.held.take() {
                    Some(held) => {
                        throttled.passed = due;
                        Some((held, throttled.newest))
                    }
                    None => {
                        *stored = None;
                        None
                    }
                }
            });
            if let Some((held, event_time)) = released {
                self.queue.push(Reverse((due.plus(interval), key.clone())));
                release(key, held, event_time);
            }
        }
    }
}

impl<K: Hash + Eq + Ord + Clone, T> Throttle<K, T> {
    fn throttle(&mut self, batch: Batch<(K, T)>) -> Batch<(K, T)> {
        let store = &mut *self.store.write();
        let interval = self.interval;
        let due = self.due.get_or_insert_with(|| Due::of(store, interval));
        let is_empty = batch.is_empty();
        let batch = batch.transform("throttle_latest", |record, output| {
            let origin = record.origin;
            let stream_time = due
                .stream_time
                .map_or(record.event_time, |time| time.max(record.event_time));
            due.advance(store, stream_time, interval, |key, held, event_time| {
                output.push(held.into_record(key, event_time, origin));
            });
            due.stream_time = Some(stream_time);

            let mut passes = None;
            let ((key, value), record) = record.take_value();
            store.update(&key, |stored| match stored {
                Some(throttled) if record.event_time < throttled.newest => {}
                Some(throttled) => {
                    throttled.newest = record.event_time;
                    throttled.held = Some(Held::new(record, value));
                }
                None => {
                    *stored = Some(Throttled {
                        passed: stream_time,
                        newest: record.event_time,
                        held: None,
                    });
                    passes = Some((value, record));
                }
            });
            if let Some((value, record)) = passes {
                due.queue
                    .push(Reverse((stream_time.plus(interval), key.clone())));
                output.push(record.with_value((key, value)));
            }
            Ok::<(), std::convert::Infallible>(())
        });
        if !is_empty {
            let now = self.store.timers().now();
            due.quiet_since = due.stream_time.map(|time| (now, time));
        }
        batch
    }

    /// While nothing comes, stream time is taken to go on at the clock's pace: what becomes due then, if anything.
    /// Otherwise asks to be polled when something does.
    fn idle(&mut self) -> Option<Batch<(K, T)>> {
        let store = &mut *self.store.write();
        let interval = self.interval;
        let due = self.due.get_or_insert_with(|| Due::of(store, interval));
        let stream_time = due.stream_time?;
        let timers = self.store.timers();
        // After a restart the quiet begins anew.
        let (since, from) = *due.quiet_since.get_or_insert((timers.now(), stream_time));
        let mut output = Vec::new();
        let time = from.plus(timers.now().since(since));
        due.advance(store, time, interval, |key, held, event_time| {
            output.push(held.into_record(key, event_time, 0));
        });
        if output.is_empty() {
            let Reverse((next, _)) = due.queue.peek()?;
            timers.wake_at(since.plus(next.since(from)));
            return None;
        }
        Some(Batch::new(output))
    }
}

impl<T> Held<T> {
    fn new(record: Record<()>, value: T) -> Self {
        let header = |(name, value): &(String, Bytes)| (name.clone(), value.to_vec());
        Self {
            key: record.key.map(Into::into),
            value,
            headers: record.headers.iter().map(header).collect(),
        }
    }

    fn into_record<K>(self, key: K, event_time: Timestamp, origin: Offset) -> Record<(K, T)> {
        let mut headers = Headers::default();
        for (name, value) in self.headers {
            headers.push(name, value);
        }
        Record {
            key: self.key.map(Into::into),
            value: (key, self.value),
            event_time,
            headers,
            origin,
        }
    }
}

impl<R: fmt::Debug, K, T> fmt::Debug for ThrottleLatest<R, K, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThrottleLatest")
            .field("records", &self.records)
            .field("store", &self.throttle.store)
            .field("interval", &self.throttle.interval)
            .finish()
    }
}

impl<R, K, T> Stream for ThrottleLatest<R, K, T>
where
    R: Records<Record = (K, T)>,
    K: Hash + Eq + Ord + Clone,
{
    type Item = Result<Batch<(K, T)>, Fatal>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.project();
        match this.records.poll_next(cx) {
            Poll::Ready(Some(Ok(batch))) => Poll::Ready(Some(Ok(this.throttle.throttle(batch)))),
            Poll::Ready(other) => Poll::Ready(other),
            Poll::Pending => match this.throttle.idle() {
                Some(batch) => Poll::Ready(Some(Ok(batch))),
                None => Poll::Pending,
            },
        }
    }
}

impl<R, K, T> Aligned for ThrottleLatest<R, K, T>
where
    R: Aligned<Record = (K, T)>,
    K: Hash + Eq + Ord + Clone,
{
}
