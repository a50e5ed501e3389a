use std::any::type_name;
use std::fmt;
use std::hash::Hash;
use std::time::Duration;

use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::agenda::Agenda;
use super::backing::{Backing, Typed};
use super::codec::decode;
use super::entries::{Entries, Stored};
use super::stream_time::StreamTime;
use super::{STREAM_TIME, StateStore, StoreError};
use crate::time::Timestamp;

/// The open sessions of each key, with the stream time that the task has seen.
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
    keys: Entries<K, Sessions<V>>,
    len: usize,
    /// Of each key with sessions: a time that is not after the last record of any of them.
    agenda: Agenda<K>,
    stream_time: StreamTime,
}

/// A key's sessions, in order and apart by more than the gap; at least one.
type Sessions<V> = Vec<Open<V>>;

#[derive(Serialize, Deserialize)]
struct Open<V> {
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

const ENTRY: &[u8] = b"s";

impl<K, V> Default for SessionStore<K, V> {
    fn default() -> Self {
        Self {
            keys: Entries::default(),
            len: 0,
            agenda: Agenda::default(),
            stream_time: StreamTime::default(),
        }
    }
}

impl<K: Hash + Eq + Ord + Clone, V> SessionStore<K, V> {
    /// The newest event time that was seen.
    #[must_use]
    pub fn stream_time(&self) -> Option<Timestamp> {
        self.stream_time.get()
    }

    /// Moves the stream time forward; an older time changes nothing.
    pub fn observe(&mut self, time: Timestamp) {
        self.stream_time.observe(time);
    }

    /// Whether the key has a session that a record of that time belongs to: one not further away than the gap.
    #[must_use]
    pub fn contains(&self, key: &K, time: Timestamp, gap: Duration) -> bool {
        let sessions = self.keys.get(key);
        sessions.is_some_and(|sessions| sessions.iter().any(|session| session.is_near(time, gap)))
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
        let mut is_new = false;
        let (grown, _) = self.keys.update(key, |stored| {
            let sessions = stored.get_or_insert_default();
            let before = sessions.len();
            let near = |session: &Open<V>| session.is_near(time, gap);
            let session = match take(sessions, near) {
                Some(mut session) => {
                    if let Some(later) = take(sessions, near) {
                        session.last = later.last;
                        merge(&mut session.value, later.value);
                    }
                    Open {
                        first: session.first.min(time),
                        last: session.last.max(time),
                        value: change(Some(session.value)),
                    }
                }
                None => {
                    is_new = true;
                    Open {
                        first: time,
                        last: time,
                        value: change(None),
                    }
                }
            };
            let index = sessions.partition_point(|other| other.first < session.first);
            sessions.insert(index, session);
            sessions.len().cast_signed() - before.cast_signed()
        });
        self.len = self.len.saturating_add_signed(grown);
        if is_new {
            self.agenda.look_at(key, time);
        }
    }

    /// Takes out all sessions whose last record is older than `limit`, in the order of that and of the key.
    pub fn close_before(&mut self, limit: Timestamp, closed: &mut Vec<SessionEntry<K, V>>) {
        let from = closed.len();
        while let Some(key) = self.agenda.pop_before(limit) {
            let is_over = |session: &Open<V>| session.last < limit;
            let sessions = self.keys.get(&key);
            let has_any = sessions.is_some_and(|sessions| sessions.iter().any(is_over));
            if has_any {
                let ((), _) = self.keys.update(&key, |stored| {
                    let Some(sessions) = stored else { return };
                    while let Some(session) = take(sessions, is_over) {
                        self.len = self.len.saturating_sub(1);
                        closed.push(SessionEntry {
                            first: session.first,
                            last: session.last,
                            key: key.clone(),
                            value: session.value,
                        });
                    }
                    if sessions.is_empty() {
                        *stored = None;
                    }
                });
            }
            let left = self.keys.get(&key).and_then(|sessions| earliest(&sessions));
            if let Some(time) = left {
                self.agenda.look_at(&key, time);
            }
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
    pub fn iter(&self) -> impl Iterator<Item = SessionEntry<K, Stored<'_, V>>> {
        self.keys.iter().flat_map(|(key, sessions)| {
            let (borrowed, owned) = match sessions {
                Stored::Borrowed(sessions) => (Some(sessions), None),
                Stored::Owned(sessions) => (None, Some(sessions)),
            };
            let borrowed = borrowed.into_iter().flatten().map(|session| {
                (
                    session.first,
                    session.last,
                    Stored::Borrowed(&session.value),
                )
            });
            let owned = owned.into_iter().flatten();
            let owned =
                owned.map(|session| (session.first, session.last, Stored::Owned(session.value)));
            borrowed
                .chain(owned)
                .map(move |(first, last, value)| SessionEntry {
                    first,
                    last,
                    key: K::clone(&key),
                    value,
                })
        })
    }

    /// How many open sessions there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether no session is open.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}

fn take<V>(sessions: &mut Sessions<V>, is_it: impl Fn(&Open<V>) -> bool) -> Option<Open<V>> {
    let index = sessions.iter().position(is_it)?;
    Some(sessions.remove(index))
}

/// The time that one of a key's sessions has to be closed by first.
fn earliest<V>(sessions: &Sessions<V>) -> Option<Timestamp> {
    sessions.iter().map(|session| session.last).min()
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

    fn open(&mut self, backing: Backing) -> Result<(), StoreError> {
        self.stream_time.open(&backing)?;
        let typed = Typed::<K, Sessions<V>>::new(backing, ENTRY.to_vec());
        for (key, sessions) in typed.iter() {
            self.len += sessions.len();
            if let Some(time) = earliest(&sessions) {
                self.agenda.look_at(&key, time);
            }
        }
        self.keys = Entries::backed(Some(typed));
        Ok(())
    }

    fn restore(&mut self, key: &[u8], value: Option<&[u8]>) -> Result<(), StoreError> {
        if key == STREAM_TIME {
            return self.stream_time.restore(value);
        }
        let stored_bytes = key.len() + value.map_or(0, <[u8]>::len);
        let key = decode(key.strip_prefix(ENTRY).unwrap_or_default())?;
        let before = self.keys.get(&key).map_or(0, |sessions| sessions.len());
        self.len -= before;
        let Some(value) = value else {
            self.keys.forget(&key);
            return Ok(());
        };
        let sessions: Sessions<V> = decode(value)?;
        self.len += sessions.len();
        if let Some(time) = earliest(&sessions) {
            self.agenda.look_at(&key, time);
        }
        self.keys.restore(key, sessions, stored_bytes);
        Ok(())
    }

    fn take_changes(
        &mut self,
        sink: &mut dyn FnMut(Bytes, Option<Bytes>),
    ) -> Result<(), StoreError> {
        self.keys
            .take_changes(ENTRY, |_, key, value| sink(key, value))?;
        self.stream_time.take_change(sink)
    }

    fn entries(&self) -> usize {
        self.len
    }

    fn bytes(&self) -> usize {
        self.keys.bytes() + self.agenda.bytes()
    }

    fn evict(&mut self, budget: usize) {
        self.keys.evict(budget);
    }
}

impl<K, V> fmt::Debug for SessionStore<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionStore")
            .field("entries", &self.len)
            .field("stream_time", &self.stream_time.get())
            .finish_non_exhaustive()
    }
}
