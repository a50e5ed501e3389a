use std::any::type_name;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fmt;
use std::hash::Hash;
use std::time::Duration;

use bytes::Bytes;
use rustc_hash::FxHashMap;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::codec::{decode, encode};
use super::{StateStore, StoreError};
use crate::time::Timestamp;

/// The open sessions of each key, in memory, with the stream time that the task has seen.
///
/// ```
/// use flightstream_core::store::SessionStore;
/// use flightstream_core::time::Timestamp;
/// use std::time::Duration;
///
/// let mut store = SessionStore::default();
/// // The third comes late and makes one session of the two.
/// for (second, sessions) in [(0, 1), (100, 2), (50, 1)] {
///     let (time, gap) = (Timestamp::from_seconds(second), Duration::from_secs(60));
///     store.update(&"LO281", time, gap, |count, later| *count += later, |count| count.unwrap_or(0) + 1);
///     assert_eq!(store.len(), sessions);
/// }
/// let session = store.iter().next().unwrap();
/// assert_eq!((session.first.as_seconds(), session.last.as_seconds(), *session.value), (0, 100, 3));
/// ```
pub struct SessionStore<K, V> {
    keys: FxHashMap<K, Sessions<V>>,
    entries: usize,
    /// Keys whose sessions are dirty, each once.
    dirty: Vec<K>,
    /// Each session once, under its last time when it was put here or a later look found it longer.
    oldest: BinaryHeap<Reverse<(Timestamp, u64, K)>>,
    next_id: u64,
    stream_time: Option<Timestamp>,
    stream_time_is_dirty: bool,
}

/// A key's sessions, in order and apart by more than the gap. A key without sessions stays until its removal is in the
/// changelog.
struct Sessions<V> {
    open: Vec<Open<V>>,
    dirty: bool,
}

struct Open<V> {
    id: u64,
    first: Timestamp,
    last: Timestamp,
    value: V,
}

/// One session of a [`SessionStore`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionEntry<K, V> {
    /// The time of its first record.
    pub first: Timestamp,
    /// The time of its last record.
    pub last: Timestamp,
    /// Its key.
    pub key: K,
    /// Its value.
    pub value: V,
}

/// The changelog's key of the stream time; no entry is stored under it.
const STREAM_TIME: &[u8] = b"t";
const ENTRY: u8 = b's';

impl<K: Ord, V> Default for SessionStore<K, V> {
    fn default() -> Self {
        Self {
            keys: FxHashMap::default(),
            entries: 0,
            dirty: Vec::new(),
            oldest: BinaryHeap::new(),
            next_id: 0,
            stream_time: None,
            stream_time_is_dirty: false,
        }
    }
}

impl<K: Hash + Eq + Ord + Clone, V> SessionStore<K, V> {
    /// The newest event time that was seen.
    #[must_use]
    pub fn stream_time(&self) -> Option<Timestamp> {
        self.stream_time
    }

    /// Moves the stream time forward; an older time changes nothing.
    pub fn observe(&mut self, time: Timestamp) {
        if self
            .stream_time
            .is_none_or(|stream_time| stream_time < time)
        {
            self.stream_time = Some(time);
            self.stream_time_is_dirty = true;
        }
    }

    /// Whether the key has a session that a record of that time belongs to: one not further away than the gap.
    #[must_use]
    pub fn contains(&self, key: &K, time: Timestamp, gap: Duration) -> bool {
        self.keys.get(key).is_some_and(|sessions| {
            sessions
                .open
                .iter()
                .any(|session| session.is_near(time, gap))
        })
    }

    /// Changes the session that a record of that time belongs to; `None` is that there is none yet. Where the record
    /// closes the gap between two sessions, the later one is merged into the earlier one first.
    pub fn update(
        &mut self,
        key: &K,
        time: Timestamp,
        gap: Duration,
        merge: impl FnOnce(&mut V, V),
        change: impl FnOnce(Option<V>) -> V,
    ) {
        let sessions = match self.keys.get_mut(key) {
            Some(sessions) => sessions,
            None => self.keys.entry(key.clone()).or_default(),
        };
        if !sessions.dirty {
            sessions.dirty = true;
            self.dirty.push(key.clone());
        }
        let Some(mut session) = sessions.take_near(time, gap) else {
            let id = self.next_id;
            self.next_id += 1;
            self.entries += 1;
            self.oldest.push(Reverse((time, id, key.clone())));
            sessions.put(Open {
                id,
                first: time,
                last: time,
                value: change(None),
            });
            return;
        };
        if let Some(later) = sessions.take_near(time, gap) {
            self.entries -= 1;
            session.last = later.last;
            merge(&mut session.value, later.value);
        }
        sessions.put(Open {
            first: session.first.min(time),
            last: session.last.max(time),
            value: change(Some(session.value)),
            ..session
        });
    }

    /// Takes out all sessions whose last record is older than `limit`, in the order of that and of the key.
    pub fn close_before(&mut self, limit: Timestamp, closed: &mut Vec<SessionEntry<K, V>>) {
        let from = closed.len();
        while self.oldest.peek().is_some_and(|oldest| oldest.0.0 < limit) {
            let Some(Reverse((_, id, key))) = self.oldest.pop() else {
                break;
            };
            // A session that is not there any more was merged into another.
            let Some(sessions) = self.keys.get_mut(&key) else {
                continue;
            };
            let Some(session) = sessions.take(|session| session.id == id) else {
                continue;
            };
            if session.last >= limit {
                self.oldest.push(Reverse((session.last, id, key)));
                sessions.put(session);
                continue;
            }
            self.entries -= 1;
            if !sessions.dirty {
                sessions.dirty = true;
                self.dirty.push(key.clone());
            }
            closed.push(SessionEntry {
                first: session.first,
                last: session.last,
                key,
                value: session.value,
            });
        }
        if let Some(closed) = closed.get_mut(from..) {
            closed.sort_unstable_by(|a, b| a.last.cmp(&b.last).then_with(|| a.key.cmp(&b.key)));
        }
    }

    /// The time of the newest record of all open sessions.
    #[must_use]
    pub fn newest(&self) -> Option<Timestamp> {
        self.iter().map(|session| session.last).max()
    }

    /// All open sessions, those of a key in their order.
    pub fn iter(&self) -> impl Iterator<Item = SessionEntry<&K, &V>> {
        self.keys.iter().flat_map(|(key, sessions)| {
            sessions.open.iter().map(move |session| SessionEntry {
                first: session.first,
                last: session.last,
                key,
                value: &session.value,
            })
        })
    }

    /// How many open sessions there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries
    }

    /// Whether no session is open.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries == 0
    }
}

impl<V> Default for Sessions<V> {
    fn default() -> Self {
        Self {
            open: Vec::new(),
            dirty: false,
        }
    }
}

impl<V> Sessions<V> {
    fn take(&mut self, is_it: impl Fn(&Open<V>) -> bool) -> Option<Open<V>> {
        let index = self.open.iter().position(is_it)?;
        Some(self.open.remove(index))
    }

    fn take_near(&mut self, time: Timestamp, gap: Duration) -> Option<Open<V>> {
        self.take(|session| session.is_near(time, gap))
    }

    fn put(&mut self, session: Open<V>) {
        let index = self
            .open
            .partition_point(|other| other.first < session.first);
        self.open.insert(index, session);
    }
}

impl<V> Open<V> {
    fn is_near(&self, time: Timestamp, gap: Duration) -> bool {
        self.first.minus(gap) <= time && time <= self.last.plus(gap)
    }
}

impl<K, V> StateStore for SessionStore<K, V>
where
    K: Hash + Eq + Ord + Clone + Serialize + DeserializeOwned + 'static,
    V: Serialize + DeserializeOwned + 'static,
{
    fn schema() -> String {
        format!(
            "session store of {} to {}",
            type_name::<K>(),
            type_name::<V>()
        )
    }

    fn restore(&mut self, key: &[u8], value: Option<&[u8]>) -> Result<(), StoreError> {
        if key == STREAM_TIME {
            self.stream_time = value.map(decode).transpose()?;
            return Ok(());
        }
        let (_, key): (u8, K) = decode(key)?;
        let stored: Vec<(Timestamp, Timestamp, V)> =
            value.map(decode).transpose()?.unwrap_or_default();
        let replaced = self.keys.remove(&key);
        self.entries -= replaced.map_or(0, |sessions| sessions.open.len());
        if stored.is_empty() {
            return Ok(());
        }
        self.entries += stored.len();
        let mut sessions = Sessions::default();
        for (first, last, value) in stored {
            let id = self.next_id;
            self.next_id += 1;
            self.oldest.push(Reverse((last, id, key.clone())));
            sessions.open.push(Open {
                id,
                first,
                last,
                value,
            });
        }
        self.keys.insert(key, sessions);
        Ok(())
    }

    fn take_changes(
        &mut self,
        sink: &mut dyn FnMut(Bytes, Option<Bytes>),
    ) -> Result<(), StoreError> {
        for key in self.dirty.drain(..) {
            let Some(sessions) = self.keys.get_mut(&key) else {
                continue;
            };
            sessions.dirty = false;
            let stored: Vec<_> = sessions
                .open
                .iter()
                .map(|session| (session.first, session.last, &session.value))
                .collect();
            if stored.is_empty() {
                sink(encode(&(ENTRY, &key))?, None);
                self.keys.remove(&key);
            } else {
                sink(encode(&(ENTRY, &key))?, Some(encode(&stored)?));
            }
        }
        if std::mem::take(&mut self.stream_time_is_dirty)
            && let Some(stream_time) = self.stream_time
        {
            sink(Bytes::from_static(STREAM_TIME), Some(encode(&stream_time)?));
        }
        Ok(())
    }

    fn entries(&self) -> usize {
        self.entries
    }
}

impl<K, V> fmt::Debug for SessionStore<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionStore")
            .field("entries", &self.entries)
            .field("stream_time", &self.stream_time)
            .finish_non_exhaustive()
    }
}
