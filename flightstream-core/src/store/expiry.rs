use std::hash::Hash;
use std::time::Duration;

use bytes::Bytes;
use rustc_hash::FxHashMap;

use super::agenda::Agenda;
use super::codec::encode;
use super::stream_time::StreamTime;
use crate::time::Timestamp;

/// Which entries have not been changed for a time to live, by the newest event time that was observed.
pub(super) struct Expiry<K> {
    ttl: Duration,
    pub(super) time: StreamTime,
    /// When each entry was last changed.
    changed: FxHashMap<K, Timestamp>,
    /// Entries that were changed when there was no time yet.
    undated: Vec<K>,
    agenda: Agenda<K>,
}

impl<K> Expiry<K> {
    pub(super) fn new(ttl: Duration) -> Self {
        Self {
            ttl: ttl.max(Duration::from_millis(1)),
            time: StreamTime::default(),
            changed: FxHashMap::default(),
            undated: Vec::new(),
            agenda: Agenda::default(),
        }
    }

    pub(super) fn ttl(&self) -> Duration {
        self.ttl
    }
}

impl<K: Hash + Eq + Clone> Expiry<K> {
    /// Moves the time forward.
    pub(super) fn observe(&mut self, time: Timestamp) {
        self.time.observe(time);
        for key in std::mem::take(&mut self.undated) {
            // One that was removed meanwhile is noted in vain: it is not there when its time comes.
            self.note(&key, self.time.get().unwrap_or(time));
        }
    }

    /// Takes note that an entry was changed just now, or removed.
    pub(super) fn changed(&mut self, key: &K, is_there: bool) {
        if is_there {
            self.restore(key, self.time.get());
        } else {
            self.changed.remove(key);
        }
    }

    /// Takes note of an entry as it was stored. One without a time was stored when there was no time to live, and begins
    /// to age with the first time that is observed.
    pub(super) fn restore(&mut self, key: &K, time: Option<Timestamp>) {
        match time {
            Some(time) => self.note(key, time),
            None => self.undated.push(key.clone()),
        }
    }

    fn note(&mut self, key: &K, time: Timestamp) {
        match self.changed.get_mut(key) {
            Some(changed) => *changed = time,
            None => {
                self.changed.insert(key.clone(), time);
            }
        }
        self.agenda.look_at(key, time.plus(self.ttl));
    }

    /// The stored form of when an entry was last changed.
    pub(super) fn stored_time(&self, key: &K) -> Bytes {
        let time = self.changed.get(key);
        // A number always has a stored form.
        time.and_then(|time| encode(time).ok()).unwrap_or_default()
    }

    /// The next entry that has not been changed for its time to live.
    pub(super) fn pop(&mut self) -> Option<K> {
        let after = |time: Timestamp| time.plus(Duration::from_millis(1));
        let now = self.time.get()?;
        while let Some(key) = self.agenda.pop_before(after(now)) {
            let Some(changed) = self.changed.get(&key) else {
                continue;
            };
            let expires_at = changed.plus(self.ttl);
            if expires_at <= now {
                self.changed.remove(&key);
                return Some(key);
            }
            self.agenda.look_at(&key, expires_at);
        }
        None
    }

    /// The memory that it takes.
    pub(super) fn bytes(&self) -> usize {
        let places = self.changed.capacity().saturating_mul(8) / 7;
        places * (size_of::<(K, Timestamp)>() + 1)
            + self.undated.capacity() * size_of::<K>()
            + self.agenda.bytes()
    }
}
