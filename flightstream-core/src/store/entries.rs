use std::fmt;
use std::hash::Hash;
use std::ops::Deref;

use bytes::Bytes;
use rustc_hash::FxHashMap;
use serde::Serialize;

use super::StoreError;
use super::backing::Typed;
use super::codec::encode;

/// What a store holds: entries by key, and what of them has changed. All three kinds of stores are made of it.
///
/// Alone it holds everything. With a backing below it holds what has changed since the last commit, and beside that what
/// was used lately.
pub(super) struct Entries<K, V> {
    map: FxHashMap<K, Entry<V>>,
    /// Keys whose entry is dirty, each once.
    dirty: Vec<K>,
    /// Stored bytes of the keys and values in `map`, as far as they were ever written or read.
    stored_bytes: usize,
    backing: Option<Typed<K, V>>,
}

/// A removed entry stays, without its value, until its removal is in the changelog.
struct Entry<V> {
    value: Option<V>,
    stored_bytes: u32,
    is_dirty: bool,
    /// Since entries were last sorted out.
    is_used: bool,
}

/// A key or value of a store: a reference into it, or, where a persistent store had to read it, the thing itself.
#[derive(Debug)]
pub enum Stored<'a, T> {
    /// It is in memory.
    Borrowed(&'a T),
    /// It was read.
    Owned(T),
}

impl<T> Deref for Stored<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        match self {
            Self::Borrowed(stored) => stored,
            Self::Owned(stored) => stored,
        }
    }
}

impl<K, V> Default for Entries<K, V> {
    fn default() -> Self {
        Self {
            map: FxHashMap::default(),
            dirty: Vec::new(),
            stored_bytes: 0,
            backing: None,
        }
    }
}

impl<K, V> Entries<K, V> {
    pub(super) fn backed(backing: Option<Typed<K, V>>) -> Self {
        Self {
            backing,
            ..Self::default()
        }
    }

    /// The memory that it takes: the table with its free places, and what keys and values have elsewhere, for which
    /// their stored form stands.
    pub(super) fn bytes(&self) -> usize {
        // A table is at most seven eighths full, with a byte of its own for each place.
        let places = self.map.capacity().saturating_mul(8) / 7;
        places * (size_of::<(K, Entry<V>)>() + 1)
            + self.dirty.capacity() * size_of::<K>()
            + self.stored_bytes
    }
}

impl<K: Hash + Eq + Clone, V> Entries<K, V> {
    pub(super) fn get(&self, key: &K) -> Option<Stored<'_, V>> {
        if let Some(entry) = self.map.get(key) {
            return entry.value.as_ref().map(Stored::Borrowed);
        }
        let (value, _) = self.backing.as_ref()?.get(key)?;
        Some(Stored::Owned(value))
    }

    pub(super) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.load(key);
        let entry = self.map.get_mut(key)?;
        entry.value.as_ref()?;
        entry.mark(key, &mut self.dirty);
        entry.value.as_mut()
    }

    /// Changes the value of a key in place: `None` is no value, before and after. By how much the number of entries has
    /// changed is told with the result.
    pub(super) fn update<R>(
        &mut self,
        key: &K,
        change: impl FnOnce(&mut Option<V>) -> R,
    ) -> (R, isize) {
        self.load(key);
        if let Some(entry) = self.map.get_mut(key) {
            let before = entry.value.is_some();
            let result = change(&mut entry.value);
            entry.mark(key, &mut self.dirty);
            let grown = isize::from(entry.value.is_some()) - isize::from(before);
            return (result, grown);
        }
        let mut value = None;
        let result = change(&mut value);
        let is_new = value.is_some();
        if is_new {
            let mut entry = Entry::clean(value, 0);
            entry.mark(key, &mut self.dirty);
            self.map.insert(key.clone(), entry);
        }
        (result, isize::from(is_new))
    }

    /// Brings an entry into memory.
    fn load(&mut self, key: &K) {
        if let Some(backing) = &self.backing
            && !self.map.contains_key(key)
            && let Some((value, stored_bytes)) = backing.get(key)
        {
            self.insert_clean(key.clone(), value, stored_bytes);
        }
    }

    /// All entries, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Stored<'_, K>, Stored<'_, V>)> {
        let in_memory = self.map.iter().filter_map(|(key, entry)| {
            Some((
                Stored::Borrowed(key),
                Stored::Borrowed(entry.value.as_ref()?),
            ))
        });
        let others = self.backing.iter().flat_map(Typed::iter);
        let others = others
            .filter(|(key, _)| !self.map.contains_key(key))
            .map(|(key, value)| (Stored::Owned(key), Stored::Owned(value)));
        in_memory.chain(others)
    }

    /// All entries, in no order.
    pub(super) fn into_entries(self) -> Vec<(K, V)> {
        let others = self.backing.iter().flat_map(Typed::iter);
        let others: Vec<_> = others
            .filter(|(key, _)| !self.map.contains_key(key))
            .collect();
        let in_memory = self.map.into_iter();
        let in_memory = in_memory.filter_map(|(key, entry)| Some((key, entry.value?)));
        in_memory.chain(others).collect()
    }

    /// How many entries there are in memory.
    pub(super) fn len_in_memory(&self) -> usize {
        self.map.len()
    }

    /// Puts an entry in as it is in the changelog. Whether it is new.
    pub(super) fn restore(&mut self, key: K, value: V, stored_bytes: usize) -> bool {
        self.insert_clean(key, value, stored_bytes)
    }

    /// Removes an entry that is not in the changelog any more. Whether it was there.
    pub(super) fn forget(&mut self, key: &K) -> bool {
        let removed = self.map.remove(key);
        let stored_bytes = removed
            .as_ref()
            .map_or(0, |entry| entry.stored_bytes as usize);
        self.stored_bytes -= stored_bytes;
        removed.is_some()
    }

    fn insert_clean(&mut self, key: K, value: V, stored_bytes: usize) -> bool {
        let entry = Entry::clean(Some(value), stored_bytes);
        self.stored_bytes += entry.stored_bytes as usize;
        let replaced = self.map.insert(key, entry);
        let before = replaced
            .as_ref()
            .map_or(0, |entry| entry.stored_bytes as usize);
        self.stored_bytes -= before;
        replaced.is_none()
    }

    /// Lets go of what a backing has too, until no more is held than so many bytes: at first what was not used since the
    /// last time.
    pub(super) fn evict(&mut self, budget: usize) {
        if self.backing.is_none() || self.bytes() <= budget {
            return;
        }
        self.retain(|entry| entry.is_dirty || std::mem::take(&mut entry.is_used));
        if self.bytes() > budget {
            self.retain(|entry| entry.is_dirty);
        }
    }

    fn retain(&mut self, mut is_kept: impl FnMut(&mut Entry<V>) -> bool) {
        let stored_bytes = &mut self.stored_bytes;
        self.map.retain(|_, entry| {
            let is_kept = is_kept(entry);
            if !is_kept {
                *stored_bytes -= entry.stored_bytes as usize;
            }
            is_kept
        });
        self.map.shrink_to_fit();
        self.dirty.shrink_to_fit();
    }
}

impl<K, V> Entries<K, V>
where
    K: Hash + Eq + Clone + Serialize,
    V: Serialize,
{
    /// Hands out what has changed since the last call: the key with its stored form after `prefix`, and the stored value.
    pub(super) fn take_changes(
        &mut self,
        prefix: &[u8],
        mut sink: impl FnMut(&K, Bytes, Option<Bytes>),
    ) -> Result<(), StoreError> {
        for key in self.dirty.drain(..) {
            let Some(entry) = self.map.get_mut(&key) else {
                continue;
            };
            entry.is_dirty = false;
            let stored = entry.value.as_ref().map(encode).transpose()?;
            let stored_key = Bytes::from([prefix, &*encode(&key)?].concat());
            let key_bytes = stored_key.len();
            let is_removed = stored.is_none();
            let value_bytes = stored.as_ref().map_or(0, Bytes::len);
            sink(&key, stored_key, stored);
            self.stored_bytes -= entry.stored_bytes as usize;
            if is_removed {
                self.map.remove(&key);
            } else {
                entry.stored_bytes = saturated(key_bytes + value_bytes);
                self.stored_bytes += entry.stored_bytes as usize;
            }
        }
        Ok(())
    }
}

impl<V> Entry<V> {
    fn clean(value: Option<V>, stored_bytes: usize) -> Self {
        Self {
            value,
            stored_bytes: saturated(stored_bytes),
            is_dirty: false,
            is_used: true,
        }
    }

    fn mark<K: Clone>(&mut self, key: &K, dirty: &mut Vec<K>) {
        self.is_used = true;
        if !self.is_dirty {
            self.is_dirty = true;
            dirty.push(key.clone());
        }
    }
}

fn saturated(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

impl<K, V> fmt::Debug for Entries<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entries")
            .field("in_memory", &self.map.len())
            .finish_non_exhaustive()
    }
}
