use std::cell::{Ref, RefCell};
use std::fmt;
use std::hash::Hash;
use std::rc::Rc;
use std::str::FromStr;

use rustc_hash::FxHashMap;

use crate::batch::{Raw, Record};
use crate::operator::Decoder;

/// The newest value of each key of a topic's partition, kept up to date while a task works: a `KTable`.
///
/// A task reads its own partition number of the topic, from the beginning, before its first record. So the topic has to
/// have as many partitions as the app's source and the same keys; that is checked at start as far as it can be. A
/// [global](crate::runtime::TaskContext::global_table) one is read from all partitions. Keys are text; a tombstone
/// removes one.
///
/// What a record is joined with depends on when the table's topic was read, as in Kafka Streams: replaying both does
/// not promise the same pairs.
pub struct TopicTable<K, V> {
    entries: Rc<RefCell<FxHashMap<K, V>>>,
}

impl<K: Hash + Eq, V> TopicTable<K, V> {
    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &K) -> Option<Ref<'_, V>> {
        Ref::filter_map(self.entries.borrow(), |entries| entries.get(key)).ok()
    }

    /// How many keys have a value.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.borrow().len()
    }

    /// Whether no key has a value.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(crate) fn view(&self) -> Ref<'_, FxHashMap<K, V>> {
        self.entries.borrow()
    }
}

impl<K, V> Clone for TopicTable<K, V> {
    fn clone(&self) -> Self {
        Self {
            entries: Rc::clone(&self.entries),
        }
    }
}

impl<K, V> Default for TopicTable<K, V> {
    fn default() -> Self {
        Self {
            entries: Rc::default(),
        }
    }
}

impl<K, V> FromIterator<(K, V)> for TopicTable<K, V>
where
    K: Hash + Eq,
{
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        Self {
            entries: Rc::new(RefCell::new(entries.into_iter().collect())),
        }
    }
}

impl<K, V> fmt::Debug for TopicTable<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TopicTable")
            .field("entries", &self.entries.borrow().len())
            .finish_non_exhaustive()
    }
}

/// The side of a [`TopicTable`] that the task fills.
pub(crate) trait TableFeed {
    /// Takes records of the table's topic; returns how many could not be used.
    fn apply(&mut self, records: &[Record<Raw>]) -> u64;
}

/// Fills a [`TopicTable`] through a decoder.
pub(crate) struct DecodedFeed<K, D: Decoder> {
    table: TopicTable<K, D::Output>,
    decoder: D,
}

impl<K, D: Decoder> DecodedFeed<K, D> {
    pub(crate) fn new(table: TopicTable<K, D::Output>, decoder: D) -> Self {
        Self { table, decoder }
    }
}

impl<K: FromStr + Hash + Eq, D: Decoder> TableFeed for DecodedFeed<K, D> {
    fn apply(&mut self, records: &[Record<Raw>]) -> u64 {
        let mut unusable = 0;
        let mut entries = self.table.entries.borrow_mut();
        for record in records {
            let text = record
                .key
                .as_deref()
                .and_then(|key| std::str::from_utf8(key).ok());
            let Some(key) = text.and_then(|text| text.parse().ok()) else {
                unusable += 1;
                continue;
            };
            match record
                .value
                .as_bytes()
                .map(|bytes| self.decoder.decode(bytes))
            {
                None => drop(entries.remove(&key)),
                Some(Ok(value)) => drop(entries.insert(key, value)),
                Some(Err(_)) => unusable += 1,
            }
        }
        unusable
    }
}
