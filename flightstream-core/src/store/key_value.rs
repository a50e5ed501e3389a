use std::any::type_name;
use std::fmt;
use std::hash::Hash;
use std::ops::RangeBounds;
use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::backing::{Backing, Typed};
use super::codec::decode;
use super::entries::{Entries, Stored};
use super::expiry::Expiry;
use super::{STREAM_TIME, StateStore, StoreError};
use crate::time::Timestamp;

/// A value a key.
///
/// ```
/// use flightstream_core::store::KeyValueStore;
///
/// let mut store = KeyValueStore::default();
/// store.update(&"WAW", |count| *count.get_or_insert(0) += 1);
/// store.update(&"WAW", |count| *count.get_or_insert(0) += 1);
/// assert_eq!(store.get(&"WAW").as_deref(), Some(&2));
/// store.remove(&"WAW");
/// assert_eq!(store.get(&"WAW").as_deref(), None);
/// ```
///
/// With a time to live, given by [`StoreHandle::with_ttl`](super::StoreHandle::with_ttl), entries that were not changed
/// for as long are removed, from the changelog too. Time is the newest that was [observed](Self::observe): event time,
/// so that a replay removes what the live run did.
///
/// ```
/// use flightstream_core::store::{KeyValueStore, StoreHandle};
/// use flightstream_core::time::Timestamp;
/// use std::time::Duration;
///
/// let handle = StoreHandle::<KeyValueStore<&str, u64>>::unlogged("seen").with_ttl(Duration::from_secs(60));
/// let mut store = handle.write();
/// for (second, key, left) in [(0, "a", 1), (30, "b", 2), (60, "c", 2), (90, "c", 1)] {
///     store.observe(Timestamp::from_seconds(second));
///     store.put(&key, 1);
///     assert_eq!(store.len(), left);
/// }
/// ```
pub struct KeyValueStore<K, V> {
    entries: Entries<K, V>,
    len: usize,
    expiry: Option<Expiry<K>>,
}

const ENTRY: &[u8] = b"k";

impl<K, V> Default for KeyValueStore<K, V> {
    fn default() -> Self {
        Self {
            entries: Entries::default(),
            len: 0,
            expiry: None,
        }
    }
}

impl<K: Hash + Eq + Clone, V> KeyValueStore<K, V> {
    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &K) -> Option<Stored<'_, V>> {
        self.entries.get(key)
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
        let mut is_there = false;
        let (result, grown) = self.entries.update(key, |value| {
            let result = change(value);
            is_there = value.is_some();
            result
        });
        self.len = self.len.saturating_add_signed(grown);
        if let Some(expiry) = &mut self.expiry {
            expiry.changed(key, is_there);
        }
        result
    }

    /// Moves the store's time forward, and removes what has not been changed for its time to live. An older time changes
    /// nothing, and neither does any without a time to live.
    pub fn observe(&mut self, time: Timestamp) {
        let Some(expiry) = &mut self.expiry else {
            return;
        };
        expiry.observe(time);
        while let Some(key) = self.expiry.as_mut().and_then(Expiry::pop) {
            self.remove(&key);
        }
    }

    pub(super) fn set_ttl(&mut self, ttl: Duration) {
        self.expiry = Some(Expiry::new(ttl));
    }

    /// All entries, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (Stored<'_, K>, Stored<'_, V>)> {
        self.entries.iter()
    }

    /// The entries of some keys, in no order: all keys are looked at.
    pub fn range(
        &self,
        keys: impl RangeBounds<K>,
    ) -> impl Iterator<Item = (Stored<'_, K>, Stored<'_, V>)>
    where
        K: PartialOrd,
    {
        self.iter().filter(move |(key, _)| keys.contains(key))
    }

    /// How many keys have a value.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether no key has a value.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}

impl<K, V> StateStore for KeyValueStore<K, V>
where
    K: Hash + Eq + Clone + Serialize + DeserializeOwned + 'static,
    V: Serialize + DeserializeOwned + 'static,
{
    fn schema() -> String {
        format!(
            "key-value store (form 2) of {} to {}",
            type_name::<K>(),
            type_name::<V>()
        )
    }

    fn open(&mut self, backing: Backing) -> Result<(), StoreError> {
        if let Some(expiry) = &mut self.expiry {
            expiry.time.open(&backing)?;
            for (key, value) in backing.scan(ENTRY) {
                let key = decode(key.get(ENTRY.len()..).unwrap_or_default())?;
                let (_, time) = with_time::<V>(&value)?;
                expiry.restore(&key, time);
            }
        }
        self.len = backing.entries();
        self.entries = Entries::backed(Some(Typed::new(backing, ENTRY.to_vec())));
        Ok(())
    }

    fn restore(&mut self, key: &[u8], value: Option<&[u8]>) -> Result<(), StoreError> {
        if key == STREAM_TIME {
            let time = self.expiry.as_mut().map(|expiry| &mut expiry.time);
            return time.map_or(Ok(()), |time| time.restore(value));
        }
        let stored_bytes = key.len() + value.map_or(0, <[u8]>::len);
        let key = decode(key.strip_prefix(ENTRY).unwrap_or_default())?;
        let Some(value) = value else {
            self.len -= usize::from(self.entries.forget(&key));
            if let Some(expiry) = &mut self.expiry {
                expiry.changed(&key, false);
            }
            return Ok(());
        };
        let (value, time) = with_time(value)?;
        if let Some(expiry) = &mut self.expiry {
            expiry.restore(&key, time);
        }
        self.len += usize::from(self.entries.restore(key, value, stored_bytes));
        Ok(())
    }

    fn take_changes(
        &mut self,
        sink: &mut dyn FnMut(Bytes, Option<Bytes>),
    ) -> Result<(), StoreError> {
        let Some(expiry) = &mut self.expiry else {
            return self
                .entries
                .take_changes(ENTRY, |_, key, value| sink(key, value));
        };
        // The time stands behind the value, where it is not in the way of a store without a time to live.
        self.entries.take_changes(ENTRY, |key, stored_key, value| {
            let value =
                value.map(|value| Bytes::from([&*value, &*expiry.stored_time(key)].concat()));
            sink(stored_key, value);
        })?;
        expiry.time.take_change(sink)
    }

    fn entries(&self) -> usize {
        self.len
    }

    fn bytes(&self) -> usize {
        self.entries.bytes() + self.expiry.as_ref().map_or(0, Expiry::bytes)
    }

    fn evict(&mut self, budget: usize) {
        self.entries.evict(budget);
    }

    fn clear(&mut self) {
        let ttl = self.expiry.as_ref().map(Expiry::ttl);
        *self = Self::default();
        self.expiry = ttl.map(Expiry::new);
    }
}

/// A stored value, and the time behind it if there is one.
fn with_time<V: DeserializeOwned>(stored: &[u8]) -> Result<(V, Option<Timestamp>), StoreError> {
    let (value, rest) = postcard::take_from_bytes(stored).map_err(StoreError::Decode)?;
    let time = (!rest.is_empty()).then(|| decode(rest)).transpose()?;
    Ok((value, time))
}

impl<K, V> fmt::Debug for KeyValueStore<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyValueStore")
            .field("entries", &self.len)
            .finish_non_exhaustive()
    }
}
