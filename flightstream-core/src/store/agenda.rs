use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::hash::Hash;

use rustc_hash::FxHashMap;

use crate::time::Timestamp;

/// When to look at which key next, each key once.
pub(super) struct Agenda<K> {
    next: BinaryHeap<Look<K>>,
    /// The one of a key's times that counts.
    keys: FxHashMap<K, Timestamp>,
}

/// Compared by its time, the earliest greatest.
struct Look<K> {
    at: Timestamp,
    key: K,
}

impl<K> Default for Agenda<K> {
    fn default() -> Self {
        Self {
            next: BinaryHeap::new(),
            keys: FxHashMap::default(),
        }
    }
}

impl<K: Hash + Eq + Clone> Agenda<K> {
    /// Looks at a key at that time, or earlier if that is so already.
    pub(super) fn look_at(&mut self, key: &K, at: Timestamp) {
        match self.keys.get_mut(key) {
            Some(noted) if *noted <= at => return,
            Some(noted) => *noted = at,
            None => {
                self.keys.insert(key.clone(), at);
            }
        }
        let key = key.clone();
        self.next.push(Look { at, key });
    }

    /// Takes out a key whose time is before `limit`.
    pub(super) fn pop_before(&mut self, limit: Timestamp) -> Option<K> {
        while self.next.peek()?.at < limit {
            let Look { at, key } = self.next.pop()?;
            // Otherwise its time was moved forward.
            if self.keys.get(&key) == Some(&at) {
                self.keys.remove(&key);
                return Some(key);
            }
        }
        None
    }

    /// The memory that it takes.
    pub(super) fn bytes(&self) -> usize {
        let places = self.keys.capacity().saturating_mul(8) / 7;
        places * (size_of::<(K, Timestamp)>() + 1) + self.next.capacity() * size_of::<Look<K>>()
    }
}

impl<K> PartialEq for Look<K> {
    fn eq(&self, other: &Self) -> bool {
        self.at == other.at
    }
}

impl<K> Eq for Look<K> {}

impl<K> PartialOrd for Look<K> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<K> Ord for Look<K> {
    fn cmp(&self, other: &Self) -> Ordering {
        other.at.cmp(&self.at)
    }
}
