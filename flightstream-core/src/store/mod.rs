//! State: what an operator remembers from one record to the next.
//!
//! A store belongs to one task and has one writer, so it needs no lock. Between two commits its changes stay in memory,
//! many updates of one key as one; at the commit they go to the store's *changelog*, a compacted topic, together with
//! the task's output and offsets. When a task starts, its stores are read back from their changelogs before the first
//! record is processed. With a [state directory](crate::runtime::App::state_dir) there are [snapshots](snapshot) too, and
//! only what came after the newest is read from the changelog.
//!
//! | store | holds | used by |
//! | --- | --- | --- |
//! | [`KeyValueStore`] | a value a key | tables, deduplication, the newest record of each key |
//! | [`WindowStore`] | a value a key and window | windowed aggregation |
//! | [`SessionStore`] | a value a key and session | aggregation in sessions |
//!
//! They are in memory, or, with a [store kind](crate::runtime::App::store_kind) that says so, in a database of the task,
//! with what was used lately in memory; operators do not see the difference. What they take of memory is limited by
//! [`App::state_budget`](crate::runtime::App::state_budget).
//!
//! Under at-least-once delivery a crash between the changelog's write and the offsets' commit makes an aggregate see
//! some records twice. With exactly-once both are one transaction and nothing is counted twice.

mod agenda;
mod backing;
mod changes;
pub(crate) mod codec;
mod entries;
mod error;
mod expiry;
mod key_value;
#[cfg(test)]
mod model;
#[cfg(feature = "embedded")]
mod persistent;
mod session;
pub mod snapshot;
mod stream_time;
mod window;

use std::any::Any;
use std::cell::{Ref, RefCell, RefMut};
use std::fmt;
use std::hash::Hash;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

pub use self::backing::Backing;
pub(crate) use self::backing::{Base, StateFailure};
pub(crate) use self::changes::Changes;
pub use self::entries::Stored;
pub use self::error::StoreError;
pub use self::key_value::KeyValueStore;
#[cfg(feature = "embedded")]
pub(crate) use self::persistent::PersistentStores;
pub use self::session::{SessionEntry, SessionStore};
pub use self::window::{WindowEntry, WindowStore};
use crate::time::{Clock, SystemClock, Timers};

/// A store as the runtime sees it: something that can be read back from its changelog and tells its changes.
pub trait StateStore: Default + 'static {
    /// What kind of store it is and of what types, to notice that a changelog was written by another one.
    fn schema() -> String;

    /// Takes an entry read from the changelog; `None` is its removal.
    ///
    /// # Errors
    /// If the entry is not one of this store.
    fn restore(&mut self, key: &[u8], value: Option<&[u8]>) -> Result<(), StoreError>;

    /// Hands out what has changed since the last call, each key once, and forgets that it changed.
    ///
    /// # Errors
    /// If an entry has no stored form.
    fn take_changes(
        &mut self,
        sink: &mut dyn FnMut(Bytes, Option<Bytes>),
    ) -> Result<(), StoreError>;

    /// How many entries it holds.
    fn entries(&self) -> usize;

    /// How many bytes of memory it takes, as far as it knows: its tables exactly, what keys and values have outside of
    /// them by the length of their stored form, and that only once an entry was handed out by
    /// [`take_changes`](Self::take_changes) or read.
    fn bytes(&self) -> usize;

    /// Takes over what is committed, and goes on from there: what is not in memory is read when it is asked for.
    ///
    /// # Errors
    /// If what is committed is not of this store.
    fn open(&mut self, backing: Backing) -> Result<(), StoreError>;

    /// Lets go of what can be read again, down to so many bytes if there is as much of that. A store without a backing
    /// holds everything.
    fn evict(&mut self, budget: usize);

    /// Forgets everything, as if it had just been made.
    fn clear(&mut self) {
        *self = Self::default();
    }
}

/// The stored key of the stream time, where a store has one. All others begin with a letter for their store's kind.
const STREAM_TIME: &[u8] = b"t";

/// The object-safe side of [`StateStore`], for the runtime's list of a task's stores.
pub(crate) trait AnyStore {
    fn as_any(&self) -> &dyn Any;
    fn restore(&mut self, key: &[u8], value: Option<&[u8]>) -> Result<(), StoreError>;
    fn take_changes(
        &mut self,
        sink: &mut dyn FnMut(Bytes, Option<Bytes>),
    ) -> Result<(), StoreError>;
    fn entries(&self) -> usize;
    fn bytes(&self) -> usize;
    fn open(&mut self, backing: Backing) -> Result<(), StoreError>;
    fn evict(&mut self, budget: usize);
    fn clear(&mut self);
}

impl<S: StateStore> AnyStore for S {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn restore(&mut self, key: &[u8], value: Option<&[u8]>) -> Result<(), StoreError> {
        StateStore::restore(self, key, value)
    }

    fn take_changes(
        &mut self,
        sink: &mut dyn FnMut(Bytes, Option<Bytes>),
    ) -> Result<(), StoreError> {
        StateStore::take_changes(self, sink)
    }

    fn entries(&self) -> usize {
        StateStore::entries(self)
    }

    fn bytes(&self) -> usize {
        StateStore::bytes(self)
    }

    fn open(&mut self, backing: Backing) -> Result<(), StoreError> {
        StateStore::open(self, backing)
    }

    fn evict(&mut self, budget: usize) {
        StateStore::evict(self, budget);
    }

    fn clear(&mut self) {
        StateStore::clear(self);
    }
}

/// A task's store in the hands of an operator.
///
/// It is borrowed for a batch at a time. The runtime, which shares it, looks at it between batches only.
pub struct StoreHandle<S> {
    name: &'static str,
    store: Rc<RefCell<S>>,
    timers: Timers,
}

impl<S: Default> StoreHandle<S> {
    pub(crate) fn new(name: &'static str, timers: Timers) -> Self {
        Self {
            name,
            store: Rc::default(),
            timers,
        }
    }

    /// A store without a changelog, for tests of operators.
    #[must_use]
    pub fn unlogged(name: &'static str) -> Self {
        Self::unlogged_with_clock(name, Arc::new(SystemClock))
    }

    /// The same, for operators that act when nothing comes: the test's clock decides when they do.
    #[must_use]
    pub fn unlogged_with_clock(name: &'static str, clock: Arc<dyn Clock>) -> Self {
        Self::new(name, Timers::new(clock))
    }
}

impl<S: StateStore> StoreHandle<S> {
    pub(crate) fn shared(&self) -> Rc<RefCell<dyn AnyStore>> {
        Rc::<RefCell<S>>::clone(&self.store)
    }
}

impl<K: Hash + Eq + Clone, V> StoreHandle<KeyValueStore<K, V>> {
    /// Gives the store's entries a time to live: one that has not been changed for so much event time is removed, see
    /// [`KeyValueStore`].
    ///
    /// It may be changed from one start to the next. Entries that were stored without one begin to age then.
    #[must_use]
    pub fn with_ttl(self, ttl: Duration) -> Self {
        self.write().set_ttl(ttl);
        self
    }
}

impl<S> StoreHandle<S> {
    /// The store's name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Looks at the store.
    ///
    /// # Panics
    /// If it is being changed: inside [`write`](Self::write)'s guard's life.
    #[must_use]
    pub fn read(&self) -> Ref<'_, S> {
        self.store.borrow()
    }

    /// Takes the store to change it.
    ///
    /// # Panics
    /// If another guard is alive.
    #[must_use]
    pub fn write(&self) -> RefMut<'_, S> {
        self.store.borrow_mut()
    }

    /// The task's timers, for an operator that has to act when nothing comes.
    #[must_use]
    pub fn timers(&self) -> &Timers {
        &self.timers
    }
}

impl<S> Clone for StoreHandle<S> {
    fn clone(&self) -> Self {
        Self {
            name: self.name,
            store: Rc::clone(&self.store),
            timers: self.timers.clone(),
        }
    }
}

impl<S> fmt::Debug for StoreHandle<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreHandle")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
