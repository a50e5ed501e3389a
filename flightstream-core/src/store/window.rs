use std::any::type_name;
use std::collections::BTreeMap;
use std::fmt;
use std::hash::Hash;

use bytes::Bytes;
use rustc_hash::FxHashMap;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::codec::{decode, encode};
use super::{StateStore, StoreError};
use crate::time::Timestamp;

/// A value a key and window, in memory, with the stream time that the task has seen.
///
/// Windows are told apart by their start. Closing the oldest of them takes them out whole.
pub struct WindowStore<K, V> {
    windows: BTreeMap<Timestamp, FxHashMap<K, Entry<V>>>,
    entries: usize,
    dirty: Vec<(Timestamp, K)>,
    /// Entries of closed windows, whose removal is not in the changelog yet.
    closed: Vec<(Timestamp, K)>,
    stream_time: Option<Timestamp>,
    stream_time_is_dirty: bool,
}

struct Entry<V> {
    value: V,
    dirty: bool,
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

/// The changelog's key of the stream time; no entry is stored under it.
const STREAM_TIME: &[u8] = b"t";
const ENTRY: u8 = b'w';

impl<K, V> Default for WindowStore<K, V> {
    fn default() -> Self {
        Self {
            windows: BTreeMap::new(),
            entries: 0,
            dirty: Vec::new(),
            closed: Vec::new(),
            stream_time: None,
            stream_time_is_dirty: false,
        }
    }
}

impl<K: Hash + Eq + Ord + Clone, V> WindowStore<K, V> {
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

    /// The value of a key in the window that starts then.
    #[must_use]
    pub fn get(&self, start: Timestamp, key: &K) -> Option<&V> {
        Some(&self.windows.get(&start)?.get(key)?.value)
    }

    /// The value of a key in the window that starts then, to change it.
    pub fn get_mut(&mut self, start: Timestamp, key: &K) -> Option<&mut V> {
        let entry = self.windows.get_mut(&start)?.get_mut(key)?;
        if !entry.dirty {
            entry.dirty = true;
            self.dirty.push((start, key.clone()));
        }
        Some(&mut entry.value)
    }

    /// Changes the value of a key in a window, made by `initial` if there is none.
    pub fn update<R>(
        &mut self,
        start: Timestamp,
        key: &K,
        initial: impl FnOnce() -> V,
        change: impl FnOnce(&mut V) -> R,
    ) -> R {
        let window = self.windows.entry(start).or_default();
        if let Some(entry) = window.get_mut(key) {
            if !entry.dirty {
                entry.dirty = true;
                self.dirty.push((start, key.clone()));
            }
            return change(&mut entry.value);
        }
        let mut value = initial();
        let result = change(&mut value);
        window.insert(key.clone(), Entry { value, dirty: true });
        self.entries += 1;
        self.dirty.push((start, key.clone()));
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
            self.entries -= entries.len();
            let from = closed.len();
            for (key, entry) in entries {
                self.closed.push((start, key.clone()));
                closed.push(WindowEntry {
                    start,
                    key,
                    value: entry.value,
                });
            }
            if let Some(window) = closed.get_mut(from..) {
                window.sort_unstable_by(|a, b| a.key.cmp(&b.key));
            }
        }
    }

    /// All entries, by window, in no order within one.
    pub fn iter(&self) -> impl Iterator<Item = (Timestamp, &K, &V)> {
        let window = |(start, entries)| {
            let entries: &FxHashMap<K, Entry<V>> = entries;
            entries
                .iter()
                .map(move |(key, entry)| (start, key, &entry.value))
        };
        self.windows
            .iter()
            .map(|(start, entries)| (*start, entries))
            .flat_map(window)
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries
    }

    /// Whether there is no entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries == 0
    }
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

    fn restore(&mut self, key: &[u8], value: Option<&[u8]>) -> Result<(), StoreError> {
        if key == STREAM_TIME {
            self.stream_time = value.map(decode).transpose()?;
            return Ok(());
        }
        let (_, start, key): (u8, Timestamp, K) = decode(key)?;
        let window = self.windows.entry(start).or_default();
        match value {
            Some(value) => {
                let entry = Entry {
                    value: decode(value)?,
                    dirty: false,
                };
                self.entries += usize::from(window.insert(key, entry).is_none());
            }
            None => self.entries -= usize::from(window.remove(&key).is_some()),
        }
        if window.is_empty() {
            self.windows.remove(&start);
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
        for (start, key) in self.dirty.drain(..) {
            let entry = self
                .windows
                .get_mut(&start)
                .and_then(|window| window.get_mut(&key));
            // An entry that is not there any more was closed.
            if let Some(entry) = entry.filter(|entry| entry.dirty) {
                entry.dirty = false;
                let value = encode(&entry.value)?;
                sink(encode(&(ENTRY, start, key))?, Some(value));
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

impl<K, V> fmt::Debug for WindowStore<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WindowStore")
            .field("windows", &self.windows.len())
            .field("entries", &self.entries)
            .field("stream_time", &self.stream_time)
            .finish_non_exhaustive()
    }
}
