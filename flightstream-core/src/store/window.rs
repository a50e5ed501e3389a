use std::any::type_name;
use std::collections::BTreeMap;
use std::fmt;
use std::hash::Hash;
use std::ops::RangeBounds;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::backing::{Backing, Typed};
use super::codec::{decode, encode};
use super::entries::{Entries, Stored};
use super::stream_time::StreamTime;
use super::{STREAM_TIME, StateStore, StoreError};
use crate::time::Timestamp;

/// A value a key and window, with the stream time that the task has seen.
///
/// Windows are told apart by their start. Closing the oldest of them takes them out whole.
pub struct WindowStore<K, V> {
    windows: BTreeMap<Timestamp, Entries<K, V>>,
    len: usize,
    /// Entries of closed windows, whose removal is not in the changelog yet.
    closed: Vec<(Timestamp, K)>,
    stream_time: StreamTime,
    /// With which windows are opened.
    backing: Option<Typed<K, V>>,
}

/// One entry of a [`WindowStore`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WindowEntry<K, V> {
    /// When its window starts.
    pub start: Timestamp,
    /// Its key.
    pub key: K,
    /// Its value.
    pub value: V,
}

const ENTRY: u8 = b'w';

impl<K, V> Default for WindowStore<K, V> {
    fn default() -> Self {
        Self {
            windows: BTreeMap::new(),
            len: 0,
            closed: Vec::new(),
            stream_time: StreamTime::default(),
            backing: None,
        }
    }
}

impl<K: Hash + Eq + Ord + Clone, V> WindowStore<K, V> {
    /// The newest event time that was seen.
    #[must_use]
    pub fn stream_time(&self) -> Option<Timestamp> {
        self.stream_time.get()
    }

    /// Moves the stream time forward; an older time changes nothing.
    pub fn observe(&mut self, time: Timestamp) {
        self.stream_time.observe(time);
    }

    /// The value of a key in the window that starts then.
    #[must_use]
    pub fn get(&self, start: Timestamp, key: &K) -> Option<Stored<'_, V>> {
        self.windows.get(&start)?.get(key)
    }

    /// The value of a key in the window that starts then, to change it.
    pub fn get_mut(&mut self, start: Timestamp, key: &K) -> Option<&mut V> {
        self.windows.get_mut(&start)?.get_mut(key)
    }

    /// Changes the value of a key in a window, made by `initial` if there is none.
    pub fn update<R>(
        &mut self,
        start: Timestamp,
        key: &K,
        initial: impl FnOnce() -> V,
        change: impl FnOnce(&mut V) -> R,
    ) -> R {
        let (backing, closed) = (self.backing.as_ref(), &self.closed);
        let window = self.windows.entry(start).or_insert_with(|| {
            // What is below of a window that was closed is not to be seen again.
            let is_closed = closed.iter().any(|(closed, _)| *closed == start);
            let backing = backing.filter(|_| !is_closed);
            Entries::backed(backing.map(|backing| backing.with_prefix(prefix(start))))
        });
        let (result, grown) = window.update(key, |value| change(value.get_or_insert_with(initial)));
        self.len = self.len.saturating_add_signed(grown);
        result
    }

    /// The start of the oldest window there is.
    #[must_use]
    pub fn oldest(&self) -> Option<Timestamp> {
        self.windows.first_key_value().map(|(start, _)| *start)
    }

    /// The start of the newest window there is.
    #[must_use]
    pub fn newest(&self) -> Option<Timestamp> {
        self.windows.last_key_value().map(|(start, _)| *start)
    }

    /// Takes out all windows that start before `limit`: their entries in the order of window and key.
    pub fn close_before(&mut self, limit: Timestamp, closed: &mut Vec<WindowEntry<K, V>>) {
        while let Some(window) = self
            .windows
            .first_entry()
            .filter(|window| *window.key() < limit)
        {
            let (start, entries) = window.remove_entry();
            let from = closed.len();
            for (key, value) in entries.into_entries() {
                self.len = self.len.saturating_sub(1);
                self.closed.push((start, key.clone()));
                closed.push(WindowEntry { start, key, value });
            }
            if let Some(window) = closed.get_mut(from..) {
                window.sort_unstable_by(|a, b| a.key.cmp(&b.key));
            }
        }
    }

    /// All entries, by window, in no order within one.
    pub fn iter(&self) -> impl Iterator<Item = (Timestamp, Stored<'_, K>, Stored<'_, V>)> {
        self.range(..)
    }

    /// The entries of windows that start then, by window, in no order within one.
    ///
    /// # Panics
    /// If the range ends before it begins.
    pub fn range(
        &self,
        starts: impl RangeBounds<Timestamp>,
    ) -> impl Iterator<Item = (Timestamp, Stored<'_, K>, Stored<'_, V>)> {
        self.windows
            .range(starts)
            .flat_map(|(start, entries)| entries.iter().map(|(key, value)| (*start, key, value)))
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}

/// How the stored keys of a window begin.
fn prefix(start: Timestamp) -> Vec<u8> {
    // A number always has a stored form.
    let stored = encode(&(ENTRY, start)).unwrap_or_default();
    stored.to_vec()
}

impl<K, V> StateStore for WindowStore<K, V>
where
    K: Hash + Eq + Ord + Clone + Serialize + DeserializeOwned + 'static,
    V: Serialize + DeserializeOwned + 'static,
{
    fn schema() -> String {
        format!(
            "window store of {} to {}",
            type_name::<K>(),
            type_name::<V>()
        )
    }

    fn open(&mut self, backing: Backing) -> Result<(), StoreError> {
        self.stream_time.open(&backing)?;
        self.len = backing.entries();
        let typed = Typed::<K, V>::new(backing, Vec::new());
        let mut from = vec![ENTRY];
        // From window to window: the first key of each is enough.
        loop {
            let first = typed.backing().scan_from(&from).next();
            let Some((key, _)) = first.filter(|(key, _)| key.first() == Some(&ENTRY)) else {
                break;
            };
            let (_, start): (u8, Timestamp) = decode(&key)?;
            from = prefix(start);
            let entries = Entries::backed(Some(typed.with_prefix(from.clone())));
            self.windows.insert(start, entries);
            if !increment(&mut from) {
                break;
            }
        }
        self.backing = Some(typed);
        Ok(())
    }

    fn restore(&mut self, key: &[u8], value: Option<&[u8]>) -> Result<(), StoreError> {
        if key == STREAM_TIME {
            return self.stream_time.restore(value);
        }
        let stored_bytes = key.len() + value.map_or(0, <[u8]>::len);
        let (_, start, key): (u8, Timestamp, K) = decode(key)?;
        match value {
            Some(value) => {
                let window = self.windows.entry(start).or_default();
                self.len += usize::from(window.restore(key, decode(value)?, stored_bytes));
            }
            None => {
                let Some(window) = self.windows.get_mut(&start) else {
                    return Ok(());
                };
                self.len -= usize::from(window.forget(&key));
                if window.len_in_memory() == 0 {
                    self.windows.remove(&start);
                }
            }
        }
        Ok(())
    }

    fn take_changes(
        &mut self,
        sink: &mut dyn FnMut(Bytes, Option<Bytes>),
    ) -> Result<(), StoreError> {
        for (start, key) in self.closed.drain(..) {
            sink(encode(&(ENTRY, start, key))?, None);
        }
        for (start, window) in &mut self.windows {
            window.take_changes(&prefix(*start), |_, key, value| sink(key, value))?;
        }
        self.stream_time.take_change(sink)
    }

    fn entries(&self) -> usize {
        self.len
    }

    fn bytes(&self) -> usize {
        let windows = self.windows.values().map(Entries::bytes);
        windows.sum::<usize>() + self.closed.capacity() * size_of::<(Timestamp, K)>()
    }

    fn evict(&mut self, budget: usize) {
        let share = budget / self.windows.len().max(1);
        for window in self.windows.values_mut() {
            window.evict(share);
        }
        self.closed.shrink_to_fit();
    }
}

/// Goes to the first key after all that begin so. Whether there can be any.
fn increment(prefix: &mut Vec<u8>) -> bool {
    while let Some(last) = prefix.last_mut() {
        if *last < u8::MAX {
            *last += 1;
            return true;
        }
        prefix.pop();
    }
    false
}

impl<K, V> fmt::Debug for WindowStore<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WindowStore")
            .field("windows", &self.windows.len())
            .field("entries", &self.len)
            .field("stream_time", &self.stream_time.get())
            .finish_non_exhaustive()
    }
}
