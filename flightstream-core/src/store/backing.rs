use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::StoreError;
use super::changes::Changes;
use super::codec::{decode, encode};
use super::snapshot::SnapshotHeader;

/// What is committed of a store, where the memory holds only a part of it.
pub(crate) trait Base {
    /// Up to where in the changelog it goes; `None` if there is nothing to go on from.
    fn header(&self) -> Result<Option<SnapshotHeader>, StoreError>;

    /// Takes over changes together with the new header, as a whole or not at all, and how many entries there are then.
    fn apply(
        &self,
        changes: &Changes,
        header: SnapshotHeader,
        entries: Option<u64>,
    ) -> Result<(), StoreError>;

    /// Removes everything.
    fn clear(&self) -> Result<(), StoreError>;

    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, StoreError>;

    /// The entries from a key on, in the order of the keys.
    fn scan(&self, from: &[u8]) -> Scan<'_>;

    /// How many entries there are.
    fn entries(&self) -> Result<u64, StoreError>;
}

pub(crate) type Scan<'a> = Box<dyn Iterator<Item = Result<(Bytes, Bytes), StoreError>> + 'a>;

/// The failure of a task's stores to read what they have written. Operators go on with what they got, which is why no
/// output may leave the task once there is one.
#[derive(Clone, Debug, Default)]
pub(crate) struct StateFailure(Rc<RefCell<Option<StoreError>>>);

impl StateFailure {
    pub(crate) fn take(&self) -> Option<StoreError> {
        self.0.take()
    }

    pub(crate) fn set(&self, error: StoreError) {
        self.0.borrow_mut().get_or_insert(error);
    }
}

/// Where a persistent store reads what it does not have in memory.
///
/// Reads do not fail for the operator: the runtime notices the failure before the batch leaves the task.
#[derive(Clone)]
pub struct Backing {
    base: Rc<dyn Base>,
    failure: StateFailure,
}

impl Backing {
    pub(crate) fn new(base: Rc<dyn Base>, failure: StateFailure) -> Self {
        Self { base, failure }
    }

    pub(super) fn get(&self, key: &[u8]) -> Option<Bytes> {
        self.noted(self.base.get(key)).flatten()
    }

    pub(super) fn entries(&self) -> usize {
        let entries = self.noted(self.base.entries()).unwrap_or_default();
        usize::try_from(entries).unwrap_or(usize::MAX)
    }

    /// The entries whose keys begin so, in the order of the keys.
    pub(super) fn scan<'a>(
        &'a self,
        prefix: &'a [u8],
    ) -> impl Iterator<Item = (Bytes, Bytes)> + 'a {
        self.scan_from(prefix)
            .take_while(move |(key, _)| key.starts_with(prefix))
    }

    /// The entries from a key on, in the order of the keys.
    pub(super) fn scan_from(&self, from: &[u8]) -> impl Iterator<Item = (Bytes, Bytes)> {
        self.base.scan(from).map_while(|entry| self.noted(entry))
    }

    fn noted<T>(&self, result: Result<T, StoreError>) -> Option<T> {
        result.map_err(|error| self.failure.set(error)).ok()
    }
}

impl fmt::Debug for Backing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Backing").finish_non_exhaustive()
    }
}

/// A [`Backing`] with the stored form of one group of keys: those that begin with the same bytes.
pub(super) struct Typed<K, V> {
    backing: Backing,
    pub(super) prefix: Vec<u8>,
    form: Form<K, V>,
}

/// How keys and values are stored: a store that is used by operators does not know that its types can be.
struct Form<K, V> {
    encode_key: fn(&K) -> Result<Bytes, StoreError>,
    decode_key: fn(&[u8]) -> Result<K, StoreError>,
    decode_value: fn(&[u8]) -> Result<V, StoreError>,
}

impl<K, V> Clone for Form<K, V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K, V> Copy for Form<K, V> {}

impl<K, V> Typed<K, V>
where
    K: Serialize + DeserializeOwned,
    V: DeserializeOwned,
{
    pub(super) fn new(backing: Backing, prefix: Vec<u8>) -> Self {
        let form = Form {
            encode_key: encode::<K>,
            decode_key: decode::<K>,
            decode_value: decode::<V>,
        };
        Self {
            backing,
            prefix,
            form,
        }
    }
}

impl<K, V> Typed<K, V> {
    /// The same for another group of keys.
    pub(super) fn with_prefix(&self, prefix: Vec<u8>) -> Self {
        Self {
            backing: self.backing.clone(),
            prefix,
            form: self.form,
        }
    }

    pub(super) fn backing(&self) -> &Backing {
        &self.backing
    }

    /// A key's value, with how many bytes the two take.
    pub(super) fn get(&self, key: &K) -> Option<(V, usize)> {
        let stored = self.noted((self.form.encode_key)(key))?;
        let whole = [&self.prefix, &*stored].concat();
        let value = self.backing.get(&whole)?;
        let decoded = self.noted((self.form.decode_value)(&value))?;
        Some((decoded, whole.len() + value.len()))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (K, V)> {
        self.backing.scan(&self.prefix).map_while(|(key, value)| {
            let key = key.get(self.prefix.len()..).unwrap_or_default();
            let key = self.noted((self.form.decode_key)(key))?;
            Some((key, self.noted((self.form.decode_value)(&value))?))
        })
    }

    fn noted<T>(&self, result: Result<T, StoreError>) -> Option<T> {
        self.backing.noted(result)
    }
}
