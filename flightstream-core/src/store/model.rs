//! Stores of every kind against what they should hold, through commits, crashes, restores and snapshots: in memory, from
//! a snapshot, and with a backing.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;

use super::snapshot::{self, SnapshotHeader, SnapshotReader};
use super::{
    Backing, Base, Changes, KeyValueStore, SessionStore, StateFailure, StateStore, StoreError,
    WindowStore,
};
use crate::time::Timestamp;

/// What is committed, and the way back from it.
trait Disk {
    fn commit(&mut self, changes: &Changes, entries: usize);
    fn restore<S: StateStore>(&self, store: &mut S);
    /// Whether entries that are let go of can be read again.
    const IS_BACKING: bool;
}

/// A changelog alone.
#[derive(Default)]
struct Compacted(BTreeMap<Vec<u8>, Vec<u8>>);

/// Snapshots, each of the one before with the changes since, and a changelog's tail.
struct Snapshotted {
    dir: tempfile::TempDir,
    since: Changes,
    commits: usize,
}

/// A database.
#[cfg(feature = "embedded")]
struct Database {
    dir: tempfile::TempDir,
    open: RefCell<Option<Rc<dyn Base>>>,
}

/// A map that stands for a database.
#[derive(Clone, Default)]
struct Map(Rc<RefCell<Compacted>>, Rc<Cell<Option<u64>>>);

fn header(changelog: u64) -> SnapshotHeader {
    SnapshotHeader {
        schema: String::new(),
        changelog,
        inputs: Vec::new(),
        taken_at: Timestamp::default(),
    }
}

impl Disk for Compacted {
    fn commit(&mut self, changes: &Changes, _: usize) {
        for (key, value) in changes.sorted() {
            match value {
                Some(value) => self.0.insert(key.to_vec(), value.to_vec()),
                None => self.0.remove(key),
            };
        }
    }

    fn restore<S: StateStore>(&self, store: &mut S) {
        for (key, value) in &self.0 {
            StateStore::restore(store, key, Some(value)).unwrap();
        }
    }

    const IS_BACKING: bool = false;
}

impl Default for Snapshotted {
    fn default() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
            since: Changes::default(),
            commits: 0,
        }
    }
}

impl Disk for Snapshotted {
    fn commit(&mut self, changes: &Changes, _: usize) {
        self.since.append(changes);
        self.commits += 1;
        if self.commits.is_multiple_of(3) {
            let path = self.dir.path().join("a.snapshot");
            let base = SnapshotReader::open(&path).unwrap();
            snapshot::write(&path, &header(0), base, &self.since).unwrap();
            self.since = Changes::default();
        }
    }

    fn restore<S: StateStore>(&self, store: &mut S) {
        let path = self.dir.path().join("a.snapshot");
        if let Some(mut snapshot) = SnapshotReader::open(&path).unwrap() {
            while let Some((key, value)) = snapshot.next_entry().unwrap() {
                StateStore::restore(store, key, Some(value)).unwrap();
            }
        }
        for (key, value) in self.since.sorted() {
            StateStore::restore(store, key, value).unwrap();
        }
    }

    const IS_BACKING: bool = false;
}

#[cfg(feature = "embedded")]
impl Default for Database {
    fn default() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
            open: RefCell::new(None),
        }
    }
}

#[cfg(feature = "embedded")]
impl Disk for Database {
    fn commit(&mut self, changes: &Changes, entries: usize) {
        let open = self.open.borrow();
        let base = open.as_ref().unwrap();
        base.apply(changes, header(1), Some(entries as u64))
            .unwrap();
    }

    fn restore<S: StateStore>(&self, store: &mut S) {
        self.open.take();
        let (stores, lost) = super::PersistentStores::open(&self.dir.path().join("db")).unwrap();
        assert!(lost.is_none());
        let base = stores.store("store").unwrap();
        if base.header().unwrap().is_none() {
            base.clear().unwrap();
        }
        let backing = Backing::new(Rc::clone(&base), StateFailure::default());
        store.open(backing).unwrap();
        *self.open.borrow_mut() = Some(base);
    }

    const IS_BACKING: bool = true;
}

impl Base for Map {
    fn header(&self) -> Result<Option<SnapshotHeader>, StoreError> {
        Ok(None)
    }

    fn apply(
        &self,
        changes: &Changes,
        _: SnapshotHeader,
        entries: Option<u64>,
    ) -> Result<(), StoreError> {
        self.0.borrow_mut().commit(changes, 0);
        self.1.set(entries);
        Ok(())
    }

    fn clear(&self) -> Result<(), StoreError> {
        Ok(())
    }

    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, StoreError> {
        Ok(self.0.borrow().0.get(key).cloned().map(Bytes::from))
    }

    fn scan(&self, from: &[u8]) -> super::backing::Scan<'_> {
        let entries = self.0.borrow().0.clone();
        let from = from.to_vec();
        let entries = entries.into_iter().filter(move |(key, _)| *key >= from);
        Box::new(entries.map(|(key, value)| Ok((key.into(), value.into()))))
    }

    fn entries(&self) -> Result<u64, StoreError> {
        Ok(self.1.get().unwrap_or_default())
    }
}

impl Disk for Map {
    fn commit(&mut self, changes: &Changes, entries: usize) {
        self.apply(changes, header(1), Some(entries as u64))
            .unwrap();
    }

    fn restore<S: StateStore>(&self, store: &mut S) {
        let base: Rc<dyn Base> = Rc::new(self.clone());
        store
            .open(Backing::new(base, StateFailure::default()))
            .unwrap();
    }

    const IS_BACKING: bool = true;
}

/// What happens to a store.
#[derive(Clone, Debug)]
enum Event<C> {
    Change(C),
    Commit,
    Evict(usize),
    Crash,
}

fn events<C: Clone + Debug>(
    change: impl Strategy<Value = C>,
) -> impl Strategy<Value = Vec<Event<C>>> {
    let event = prop_oneof![
        8 => change.prop_map(Event::Change),
        2 => Just(Event::Commit),
        1 => (0_usize..400).prop_map(Event::Evict),
        1 => Just(Event::Crash),
    ];
    vec(event, 0..60)
}

/// A store and what it should be, by the slowest means.
trait Model: Clone + Default {
    type Store: StateStore;
    type Change: Clone + Debug;
    type Held: Debug + PartialEq;

    fn new_store() -> Self::Store {
        Self::Store::default()
    }

    /// What a change gives, by the model and by the store.
    fn change(&mut self, change: &Self::Change) -> String;
    fn change_store(store: &mut Self::Store, change: &Self::Change) -> String;

    /// Everything that there is, by the model and by the store.
    fn held(&self) -> Self::Held;
    fn held_by(store: &Self::Store) -> Self::Held;
    fn entries(&self) -> usize;
}

fn hold<M: Model, D: Disk + Default>(events: &[Event<M::Change>]) -> Result<(), TestCaseError> {
    let mut disk = D::default();
    let mut store = M::new_store();
    disk.restore(&mut store);
    let mut model = M::default();
    let mut committed = model.clone();
    for event in events {
        match event {
            Event::Change(change) => {
                prop_assert_eq!(M::change_store(&mut store, change), model.change(change));
            }
            Event::Commit => {
                let mut changes = Changes::default();
                let sink = &mut |key: Bytes, value: Option<Bytes>| {
                    changes.push(&key, value.as_deref());
                };
                StateStore::take_changes(&mut store, sink).unwrap();
                disk.commit(&changes, StateStore::entries(&store));
                committed = model.clone();
            }
            Event::Evict(budget) => StateStore::evict(&mut store, *budget),
            Event::Crash => {
                // The database is open once at a time.
                store = M::new_store();
                disk.restore(&mut store);
                model = committed.clone();
            }
        }
        prop_assert_eq!(M::held_by(&store), model.held());
        prop_assert_eq!(StateStore::entries(&store), model.entries());
    }
    // Nothing is counted that is not there any more.
    let mut changes = Changes::default();
    let sink = &mut |key: Bytes, value: Option<Bytes>| changes.push(&key, value.as_deref());
    StateStore::take_changes(&mut store, sink).unwrap();
    disk.commit(&changes, StateStore::entries(&store));
    let before = StateStore::bytes(&store);
    StateStore::evict(&mut store, 0);
    if D::IS_BACKING && before > 0 {
        prop_assert!(StateStore::bytes(&store) <= before);
    }
    prop_assert_eq!(M::held_by(&store), model.held());
    Ok(())
}

const TTL: Duration = Duration::from_secs(20);

/// Values with the time of their last change, and the time.
#[derive(Clone, Default)]
struct Expiring {
    values: BTreeMap<u8, u32>,
    changed: BTreeMap<u8, Timestamp>,
    now: Option<Timestamp>,
}

#[derive(Clone, Debug)]
enum KeyValueChange {
    Put(u8, u32),
    Remove(u8),
    Add(u8),
    Observe(i64),
}

fn key_value_changes() -> impl Strategy<Value = KeyValueChange> {
    prop_oneof![
        (0_u8..6, any::<u32>()).prop_map(|(key, value)| KeyValueChange::Put(key, value)),
        (0_u8..6).prop_map(KeyValueChange::Remove),
        (0_u8..6).prop_map(KeyValueChange::Add),
        (0_i64..100).prop_map(KeyValueChange::Observe),
    ]
}

impl Model for BTreeMap<u8, u32> {
    type Store = KeyValueStore<u8, u32>;
    type Change = KeyValueChange;
    type Held = Self;

    fn change(&mut self, change: &KeyValueChange) -> String {
        match *change {
            KeyValueChange::Put(key, value) => drop(self.insert(key, value)),
            KeyValueChange::Remove(key) => drop(self.remove(&key)),
            KeyValueChange::Add(key) => {
                let value = self.entry(key).or_default();
                *value = value.wrapping_add(1);
                return format!("{:?}", Some(*value));
            }
            KeyValueChange::Observe(_) => {}
        }
        String::new()
    }

    fn change_store(store: &mut Self::Store, change: &KeyValueChange) -> String {
        match *change {
            KeyValueChange::Put(key, value) => store.put(&key, value),
            KeyValueChange::Remove(key) => store.remove(&key),
            KeyValueChange::Add(key) => {
                store.update(&key, |value| {
                    let value = value.get_or_insert_default();
                    *value = value.wrapping_add(1);
                });
                return format!("{:?}", store.get(&key).as_deref());
            }
            KeyValueChange::Observe(second) => store.observe(Timestamp::from_seconds(second)),
        }
        String::new()
    }

    fn held(&self) -> Self {
        self.clone()
    }

    fn held_by(store: &Self::Store) -> Self {
        store.iter().map(|(key, value)| (*key, *value)).collect()
    }

    fn entries(&self) -> usize {
        self.len()
    }
}

impl Expiring {
    fn expire(&mut self) {
        let now = self.now.unwrap_or_default();
        let changed = &self.changed;
        self.values.retain(|key, _| {
            changed
                .get(key)
                .is_none_or(|changed| changed.plus(TTL) > now)
        });
    }
}

impl Model for Expiring {
    type Store = KeyValueStore<u8, u32>;
    type Change = KeyValueChange;
    type Held = BTreeMap<u8, u32>;

    fn new_store() -> Self::Store {
        let mut store = KeyValueStore::default();
        store.set_ttl(TTL);
        store.observe(Timestamp::default());
        store
    }

    fn change(&mut self, change: &KeyValueChange) -> String {
        let result = self.values.change(change);
        match *change {
            KeyValueChange::Put(key, _) | KeyValueChange::Add(key) => {
                self.changed.insert(key, self.now.unwrap_or_default());
            }
            KeyValueChange::Observe(second) => {
                self.now = self.now.max(Some(Timestamp::from_seconds(second)));
                self.expire();
            }
            KeyValueChange::Remove(_) => {}
        }
        result
    }

    fn change_store(store: &mut Self::Store, change: &KeyValueChange) -> String {
        <BTreeMap<u8, u32>>::change_store(store, change)
    }

    fn held(&self) -> Self::Held {
        self.values.clone()
    }

    fn held_by(store: &Self::Store) -> Self::Held {
        <BTreeMap<u8, u32>>::held_by(store)
    }

    fn entries(&self) -> usize {
        self.values.len()
    }
}

/// Entries by window and key, and the stream time.
#[derive(Clone, Default)]
struct Windows(BTreeMap<(Timestamp, u8), u32>, Option<Timestamp>);

#[derive(Clone, Debug)]
enum WindowChange {
    Add(i64, u8),
    AddIfThere(i64, u8),
    Observe(i64),
    Close(i64),
}

fn window_changes() -> impl Strategy<Value = WindowChange> {
    let window = || -3_i64..3;
    prop_oneof![
        4 => (window(), 0_u8..4).prop_map(|(start, key)| WindowChange::Add(start, key)),
        2 => (window(), 0_u8..4).prop_map(|(start, key)| WindowChange::AddIfThere(start, key)),
        1 => window().prop_map(WindowChange::Observe),
        1 => window().prop_map(WindowChange::Close),
    ]
}

impl Model for Windows {
    type Store = WindowStore<u8, u32>;
    type Change = WindowChange;
    type Held = (BTreeMap<(Timestamp, u8), u32>, Option<Timestamp>);

    fn change(&mut self, change: &WindowChange) -> String {
        let at = Timestamp::from_seconds;
        match *change {
            WindowChange::Add(start, key) => {
                let value = self.0.entry((at(start), key)).or_default();
                *value += 1;
                return value.to_string();
            }
            WindowChange::AddIfThere(start, key) => {
                let value = self.0.get_mut(&(at(start), key));
                return format!(
                    "{:?}",
                    value.map(|value| std::mem::replace(value, *value + 10))
                );
            }
            WindowChange::Observe(time) => self.1 = self.1.max(Some(at(time))),
            WindowChange::Close(limit) => {
                let open = self.0.split_off(&(at(limit), 0));
                let closed = std::mem::replace(&mut self.0, open).into_iter();
                let closed = closed.map(|((start, key), value)| (start, key, value));
                return format!("{:?}", closed.collect::<Vec<_>>());
            }
        }
        String::new()
    }

    fn change_store(store: &mut Self::Store, change: &WindowChange) -> String {
        let at = Timestamp::from_seconds;
        match *change {
            WindowChange::Add(start, key) => {
                store.update(at(start), &key, || 0, |value| *value += 1);
                return store.get(at(start), &key).unwrap().to_string();
            }
            WindowChange::AddIfThere(start, key) => {
                let value = store.get_mut(at(start), &key);
                return format!(
                    "{:?}",
                    value.map(|value| std::mem::replace(value, *value + 10))
                );
            }
            WindowChange::Observe(time) => store.observe(at(time)),
            WindowChange::Close(limit) => {
                let mut closed = Vec::new();
                store.close_before(at(limit), &mut closed);
                let closed = closed.into_iter();
                let closed = closed.map(|entry| (entry.start, entry.key, entry.value));
                return format!("{:?}", closed.collect::<Vec<_>>());
            }
        }
        String::new()
    }

    fn held(&self) -> Self::Held {
        (self.0.clone(), self.1)
    }

    fn held_by(store: &Self::Store) -> Self::Held {
        let entries = store.iter();
        let entries = entries.map(|(start, key, value)| ((start, *key), *value));
        (entries.collect(), store.stream_time())
    }

    fn entries(&self) -> usize {
        self.0.len()
    }
}

/// Sessions: key, first and last time, the times of their records.
#[derive(Clone, Default)]
struct Sessions(Vec<(u8, i64, i64, Vec<i64>)>);

const GAP: i64 = 5;

#[derive(Clone, Debug)]
enum SessionChange {
    Add(u8, i64),
    Close(i64),
}

fn session_changes() -> impl Strategy<Value = SessionChange> {
    prop_oneof![
        6 => (0_u8..3, 0_i64..60).prop_map(|(key, time)| SessionChange::Add(key, time)),
        1 => (0_i64..60).prop_map(SessionChange::Close),
    ]
}

impl Sessions {
    fn sorted(mut sessions: Vec<(u8, i64, i64, Vec<i64>)>) -> Vec<(u8, i64, i64, Vec<i64>)> {
        for (_, _, _, times) in &mut sessions {
            times.sort_unstable();
        }
        sessions.sort_unstable_by_key(|(key, _, last, _)| (*last, *key));
        sessions
    }
}

impl Model for Sessions {
    type Store = SessionStore<u8, Vec<i64>>;
    type Change = SessionChange;
    type Held = Vec<(u8, i64, i64, Vec<i64>)>;

    fn change(&mut self, change: &SessionChange) -> String {
        let (taken, left): (Vec<_>, Vec<_>) = match *change {
            SessionChange::Add(key, time) => self.0.drain(..).partition(|(of, first, last, _)| {
                *of == key && first - GAP <= time && time <= last + GAP
            }),
            SessionChange::Close(limit) => {
                self.0.drain(..).partition(|(_, _, last, _)| *last < limit)
            }
        };
        self.0 = left;
        match *change {
            SessionChange::Add(key, time) => {
                let mut session = (key, time, time, vec![time]);
                for (_, first, last, times) in taken {
                    session.1 = session.1.min(first);
                    session.2 = session.2.max(last);
                    session.3.extend(times);
                }
                self.0.push(session);
                String::new()
            }
            SessionChange::Close(_) => format!("{:?}", Self::sorted(taken)),
        }
    }

    fn change_store(store: &mut Self::Store, change: &SessionChange) -> String {
        match *change {
            SessionChange::Add(key, time) => {
                let merge = |times: &mut Vec<i64>, later: Vec<i64>| times.extend(later);
                let add = |times: Option<Vec<i64>>| {
                    let mut times = times.unwrap_or_default();
                    times.push(time);
                    times
                };
                let gap = Duration::from_secs(GAP.unsigned_abs());
                store.update(&key, Timestamp::from_seconds(time), gap, merge, add);
                String::new()
            }
            SessionChange::Close(limit) => {
                let mut closed = Vec::new();
                store.close_before(Timestamp::from_seconds(limit), &mut closed);
                let closed = closed.into_iter().map(|session| {
                    let (first, last) = (session.first.as_seconds(), session.last.as_seconds());
                    (session.key, first, last, session.value)
                });
                format!("{:?}", Self::sorted(closed.collect()))
            }
        }
    }

    fn held(&self) -> Self::Held {
        Self::sorted(self.0.clone())
    }

    fn held_by(store: &Self::Store) -> Self::Held {
        let sessions = store.iter().map(|session| {
            let (first, last) = (session.first.as_seconds(), session.last.as_seconds());
            (session.key, first, last, session.value.clone())
        });
        Self::sorted(sessions.collect())
    }

    fn entries(&self) -> usize {
        self.0.len()
    }
}

macro_rules! models_hold {
    ($($name:ident: $model:ty, $changes:ident;)*) => {$(
        mod $name {
            use super::*;

            proptest! {
                #[test]
                fn in_memory(events in events($changes())) {
                    hold::<$model, Compacted>(&events)?;
                }

                #[test]
                fn with_a_backing(events in events($changes())) {
                    hold::<$model, Map>(&events)?;
                }
            }

            // The disk is slow.
            proptest! {
                #![proptest_config(ProptestConfig::with_cases(48))]

                #[test]
                fn with_snapshots(events in events($changes())) {
                    hold::<$model, Snapshotted>(&events)?;
                }

                #[cfg(feature = "embedded")]
                #[test]
                fn in_a_database(events in events($changes())) {
                    hold::<$model, Database>(&events)?;
                }
            }
        }
    )*};
}

models_hold! {
    key_value: BTreeMap<u8, u32>, key_value_changes;
    key_value_with_ttl: Expiring, key_value_changes;
    window: Windows, window_changes;
    session: Sessions, session_changes;
}
