use std::any::type_name;
use std::fmt;
use std::hash::Hash;

use bytes::Bytes;
use rustc_hash::FxHashMap;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::codec::{decode, encode};
use super::{StateStore, StoreError};

/// A value a key, in memory.
///
/// ```
/// use flightstream_core::store::KeyValueStore;
///
/// let mut store = KeyValueStore::default();
/// store.update(&"WAW", |count| *count.get_or_insert(0) += 1);
/// store.update(&"WAW", |count| *count.get_or_insert(0) += 1);
/// assert_eq!(store.get(&"WAW"), Some(&2));
/// store.remove(&"WAW");
/// assert_eq!(store.get(&"WAW"), None);
/// ```
pub struct KeyValueStore<K, V> {
    entries: FxHashMap<K, Entry<V>>,
    /// Keys whose entry is dirty, each once.
    dirty: Vec<K>,
    removed: usize,
}

/// A removed entry stays, without its value, until its removal is in the changelog.
struct Entry<V> {
    value: Option<V>,
    dirty: bool,
}

impl<K, V> Default for KeyValueStore<K, V> {
    fn default() -> Self {
        Self {
            entries: FxHashMap::default(),
            dirty: Vec::new(),
            removed: 0,
        }
    }
}

impl<K: Hash + Eq + Clone, V> KeyValueStore<K, V> {
    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &K) -> Option<&V> {
        self.entries.get(key)?.value.as_ref()
    }

    /// Sets the value of a key.
    pub fn put(&mut self, key: &K, value: V) {
        self.update(key, |stored| *stored = Some(value));
    }

    /// Removes a key.
    pub fn remove(&mut self, key: &K) {
        self.update(key, |stored| *stored = None);
    }

    /// Changes the value of a key in place: `None` is no value, before and after.
    pub fn update<R>(&mut self, key: &K, change: impl FnOnce(&mut Option<V>) -> R) -> R {
        if let Some(entry) = self.entries.get_mut(key) {
            let was_there = entry.value.is_some();
            let result = change(&mut entry.value);
            match (was_there, entry.value.is_some()) {
                (true, false) => self.removed += 1,
                (false, true) => self.removed -= 1,
                _ => {}
            }
            if !entry.dirty {
                entry.dirty = true;
                self.dirty.push(key.clone());
            }
            return result;
        }
        let mut value = None;
        let result = change(&mut value);
        if value.is_some() {
            self.entries
                .insert(key.clone(), Entry { value, dirty: true });
            self.dirty.push(key.clone());
        }
        result
    }

    /// All entries, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.entries
            .iter()
            .filter_map(|(key, entry)| Some((key, entry.value.as_ref()?)))
    }

    /// How many keys have a value.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len() - self.removed
    }

    /// Whether no key has a value.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<K, V> StateStore for KeyValueStore<K, V>
where
    K: Hash + Eq + Clone + Serialize + DeserializeOwned + 'static,
    V: Serialize + DeserializeOwned + 'static,
{
    fn schema() -> String {
        format!(
            "key-value store of {} to {}",
            type_name::<K>(),
            type_name::<V>()
        )
    }

    fn restore(&mut self, key: &[u8], value: Option<&[u8]>) -> Result<(), StoreError> {
        let key = decode(key)?;
        match value {
            Some(value) => {
                let entry = Entry {
                    value: Some(decode(value)?),
                    dirty: false,
                };
                self.entries.insert(key, entry);
            }
            None => {
                self.entries.remove(&key);
            }
        }
        Ok(())
    }

    fn take_changes(
        &mut self,
        sink: &mut dyn FnMut(Bytes, Option<Bytes>),
    ) -> Result<(), StoreError> {
        for key in self.dirty.drain(..) {
            let Some(entry) = self.entries.get_mut(&key) else {
                continue;
            };
            entry.dirty = false;
            let stored = entry.value.as_ref().map(encode).transpose()?;
            let is_removed = stored.is_none();
            sink(encode(&key)?, stored);
            if is_removed {
                self.entries.remove(&key);
                self.removed -= 1;
            }
        }
        Ok(())
    }

    fn entries(&self) -> usize {
        self.entries.len() - self.removed
    }
}

impl<K, V> fmt::Debug for KeyValueStore<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyValueStore")
            .field("entries", &(self.entries.len() - self.removed))
            .finish_non_exhaustive()
    }
}
