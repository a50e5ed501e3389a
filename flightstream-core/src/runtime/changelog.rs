//! How a task's stores are kept: written to their changelogs at each commit, read back at each start, from a snapshot
//! and the changelog's tail where there is a state directory.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::context::TaskStore;
use super::snapshots::Snapshots;
use super::state_dir::is_outdated;
use super::worker::Plan;
use crate::Fatal;
use crate::batch::{Offset, Raw, Record, TopicPartition};
use crate::log::{OffsetRange, Writer};
use crate::store::snapshot::{SnapshotError, SnapshotHeader, SnapshotReader};
use crate::store::{Backing, Base, Changes, StateFailure, StoreError};
use crate::time::Timestamp;

/// The changelog's key of its store's schema. No entry of a store is stored under an empty key.
pub(super) const SCHEMA: &[u8] = b"";
/// Entries read before other tasks get their turn.
const CHUNK: usize = 8192;
/// How often a log is asked for a changelog's end, for persistent stores.
const LOCATE_EVERY: Duration = Duration::from_secs(1);

/// The changelog of an app's store.
pub(crate) fn changelog_topic(app: &str, store: &str) -> String {
    format!("{app}-{store}-changelog")
}

/// One store of a task with its place in the changelog.
pub(crate) struct Changelog {
    pub(super) store: TaskStore,
    partition: TopicPartition,
    position: Offset,
    end: Offset,
    /// How far it could be read when that was asked last.
    visible: Offset,
    is_declared: bool,
    /// The changelog is of other types, unless it is said further on that it was reset.
    refused: Option<StoreError>,
    /// What was read so far is right as long as the log has every tombstone from here on.
    tombstones_from: Option<Offset>,
    /// How far the task's input was read when its state was as it is read back.
    inputs: Positions,
    /// Where the store is read back from first.
    snapshot: Option<SnapshotReader<BufReader<File>>>,
    /// Without a state directory, and after a failure to write to it, there are none.
    snapshots: Option<Snapshots>,
    /// What is committed of a persistent store.
    base: Option<Rc<dyn Base>>,
    /// What has changed and is not in `base` yet.
    changes: Changes,
    /// How many entries were committed last, if anything was.
    entries: Option<u64>,
    /// Since when the position in `base` is the log's.
    located: Instant,
    failure: StateFailure,
}

/// Topics and partitions with the offset after the last record that was read.
pub(crate) type Positions = Vec<(String, u32, u64)>;

/// How far a store is read back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Restored {
    /// There is more to read.
    Part,
    /// There is more, which cannot be read yet: its transaction is neither committed nor aborted.
    Waiting,
    /// Everything is read.
    All,
}

/// What a list has for a partition.
fn of_partition<T: Copy>(each: &[T], partition: &TopicPartition) -> Option<T> {
    let index = usize::try_from(partition.partition()).ok()?;
    each.get(index).copied()
}

impl Changelog {
    /// A store that is to be read back from its partition of the changelog, from where the newest snapshot ends if there
    /// is one to be used.
    pub(crate) fn open(
        plan: &Plan,
        store: TaskStore,
        partition: u32,
        committed: &BTreeMap<TopicPartition, Offset>,
        base: Option<Rc<dyn Base>>,
        failure: StateFailure,
    ) -> Result<Self, Fatal> {
        let topic = changelog_topic(&plan.app, store.name);
        let dir = plan.state_dir.as_ref().filter(|_| base.is_none());
        let snapshots = dir.map(|dir| Snapshots::new(Arc::clone(dir), store.name, partition));
        let inputs = committed.iter().map(|(partition, offset)| {
            (partition.topic().to_owned(), partition.partition(), *offset)
        });
        let mut changelog = Self {
            store,
            partition: TopicPartition::new(topic, partition),
            position: 0,
            end: 0,
            visible: 0,
            is_declared: false,
            refused: None,
            tombstones_from: None,
            inputs: inputs.collect(),
            snapshot: None,
            snapshots,
            base,
            changes: Changes::default(),
            entries: None,
            located: Instant::now(),
            failure,
        };
        let start = changelog.begin_at_start(plan)?;
        changelog.begin_from_snapshot(plan, start);
        changelog.begin_from_base(plan, start)?;
        Ok(changelog)
    }

    /// Goes to the changelog's first entry, and returns its offset.
    ///
    /// The end is that of what is written, not of what can be read: the offsets of a transaction may be seen some time before
    /// its entries here, and a store without those would be older than the position in the input.
    fn begin_at_start(&mut self, plan: &Plan) -> Result<Offset, Fatal> {
        let range = self.readable(plan)?;
        self.visible = range.end;
        let ends = plan.log.ends(self.partition.topic())?;
        let end = of_partition(&ends, &self.partition).unwrap_or(range.end);
        (self.position, self.end) = (range.start, end.max(range.end));
        self.tombstones_from = plan.log.tombstones_from(&self.partition)?;
        Ok(range.start)
    }

    /// What can be read of the changelog.
    fn readable(&self, plan: &Plan) -> Result<OffsetRange, Fatal> {
        let ranges = plan.log.offsets(self.partition.topic())?;
        Ok(of_partition(&ranges, &self.partition).unwrap_or_default())
    }

    fn begin_from_snapshot(&mut self, plan: &Plan, start: Offset) {
        let opened = self.snapshots.as_ref().map(Snapshots::open);
        match opened.unwrap_or(Ok(None)) {
            Ok(None) => {}
            Ok(Some(snapshot)) => {
                let header = snapshot.header();
                if let Some(why) = self.unusable(plan, header, start) {
                    self.report(plan, &why);
                    return;
                }
                self.go_on_after(header.changelog);
                if let Some(snapshots) = &mut self.snapshots {
                    snapshots.begin_from(&snapshot);
                }
                self.snapshot = Some(snapshot);
            }
            Err(error) => self.report(plan, &error.to_string()),
        }
    }

    /// What a persistent store holds stays where it is; only what came after is read.
    fn begin_from_base(&mut self, plan: &Plan, start: Offset) -> Result<(), Fatal> {
        let Some(base) = self.base.clone() else {
            return Ok(());
        };
        let why = match base.header() {
            Ok(None) => None,
            Ok(Some(header)) => match self.unusable(plan, &header, start) {
                Some(why) => Some(why),
                None => {
                    self.go_on_after(header.changelog);
                    return Ok(());
                }
            },
            Err(error) => Some(error.to_string()),
        };
        if let Some(why) = why {
            self.report(plan, &why);
        }
        Ok(base.clear()?)
    }

    fn go_on_after(&mut self, position: Offset) {
        self.position = position;
        self.tombstones_from = self.tombstones_from.map(|_| position);
        self.is_declared = true;
    }

    /// Why a copy of the store's state cannot be gone on from, if it is so.
    fn unusable(&self, plan: &Plan, header: &SnapshotHeader, start: Offset) -> Option<String> {
        let oldest = self.tombstones_from.unwrap_or(start).max(start);
        if header.schema != self.store.schema {
            return Some(format!("it is of a {}", header.schema));
        }
        let is_uncommitted = |input| is_ahead(input, &self.inputs);
        let why = if header.changelog > self.end {
            "it is ahead of the changelog"
        } else if header.inputs.iter().any(is_uncommitted) {
            "it is ahead of what is committed"
        } else if header.changelog < oldest {
            "the changelog does not go back as far any more"
        } else if self.tombstones_from.is_none()
            && header.changelog < self.end
            && is_outdated(header.taken_at, plan.clock.now())
        {
            "it is too old"
        } else {
            return None;
        };
        Some(why.to_owned())
    }

    /// Says why a copy of the store's state is not used.
    fn report(&self, plan: &Plan, why: &str) {
        let copy = match &self.snapshots {
            Some(snapshots) => format!("snapshot {}", snapshots.path().display()),
            None => format!("what is stored of store {:?}", self.store.name),
        };
        let message = format!(
            "{copy} is not used: {why}; the store is read back from topic {:?}",
            self.partition.topic(),
        );
        plan.unusable_state(self.partition.partition(), message);
    }

    /// Reads on.
    pub(crate) fn restore(&mut self, plan: &Plan) -> Result<Restored, Fatal> {
        if self.snapshot.is_some() {
            if let Err(error) = self.load() {
                self.report(plan, &error.to_string());
                self.begin_anew(plan)?;
            }
            return Ok(Restored::Part);
        }
        if self.position < self.end {
            return self.read(plan);
        }
        // What was removed while it was read may have been missed.
        if plan.log.tombstones_from(&self.partition)? > self.tombstones_from {
            self.begin_anew(plan)?;
            return Ok(Restored::Part);
        }
        if let Some(error) = self.refused.take() {
            return Err(Fatal::Store(error));
        }
        if let Some(base) = &self.base {
            let backing = Backing::new(Rc::clone(base), self.failure.clone());
            let mut store = self.store.store.borrow_mut();
            store
                .open(backing)
                .map_err(|error| Fatal::stage("restore", error))?;
        }
        Ok(Restored::All)
    }

    /// Forgets what was read, and begins with the changelog's first entry.
    fn begin_anew(&mut self, plan: &Plan) -> Result<(), Fatal> {
        self.snapshot = None;
        (self.is_declared, self.refused) = (false, None);
        self.clear()?;
        if let Some(snapshots) = &mut self.snapshots {
            snapshots.begin_anew();
        }
        self.begin_at_start(plan).map(drop)
    }

    fn clear(&mut self) -> Result<(), StoreError> {
        self.store.store.borrow_mut().clear();
        self.changes = Changes::default();
        self.base.as_ref().map_or(Ok(()), |base| base.clear())
    }

    /// Takes over a part of the snapshot.
    fn load(&mut self) -> Result<(), Box<dyn Error>> {
        let Some(snapshot) = &mut self.snapshot else {
            return Ok(());
        };
        let mut store = self.store.store.borrow_mut();
        for _ in 0..CHUNK {
            match snapshot.next_entry()? {
                Some((SCHEMA, _)) => {}
                Some((key, value)) => store.restore(key, Some(value))?,
                None => {
                    self.snapshot = None;
                    break;
                }
            }
        }
        Ok(())
    }

    /// Takes over a part of the changelog.
    fn read(&mut self, plan: &Plan) -> Result<Restored, Fatal> {
        if self.position >= self.visible {
            self.visible = self.readable(plan)?.end;
        }
        if self.position >= self.visible {
            return Ok(Restored::Waiting);
        }
        let records = plan.log.read(&self.partition, self.position, CHUNK)?;
        // Without a last one, compaction has removed what was left.
        self.position = records.last().map_or(self.visible, |last| last.origin + 1);
        for record in &records {
            let key = record.key.as_deref().unwrap_or_default();
            let value = record.value.as_bytes();
            self.take(key, value)
                .map_err(|error| Fatal::stage("restore", error))?;
            if let Some(snapshots) = &mut self.snapshots {
                snapshots.changed(key, value);
            }
        }
        if self.refused.is_some() {
            // No copy of it may pass for one of the declared types.
            return Ok(Restored::Part);
        }
        if let Some(snapshots) = &mut self.snapshots {
            snapshots.committed();
            if snapshots.is_full() {
                let inputs = self.inputs.clone();
                self.take_snapshot(plan, self.position, inputs);
            }
        }
        let header = self.header(plan, self.position, self.inputs.clone());
        self.apply(header, None)
            .map_err(|error| Fatal::stage("restore", error))?;
        Ok(Restored::Part)
    }

    /// Brings what has changed into a persistent store.
    fn apply(&mut self, header: SnapshotHeader, entries: Option<u64>) -> Result<(), StoreError> {
        let changes = std::mem::take(&mut self.changes);
        match &self.base {
            Some(base) => base.apply(&changes, header, entries),
            None => Ok(()),
        }
    }

    fn header(&self, plan: &Plan, changelog: Offset, inputs: Positions) -> SnapshotHeader {
        SnapshotHeader {
            schema: self.store.schema.clone(),
            changelog,
            inputs,
            taken_at: plan.clock.now(),
        }
    }

    /// How many entries are still to be read.
    pub(crate) fn remaining(&self) -> u64 {
        let in_snapshot = self.snapshot.as_ref().map_or(0, SnapshotReader::remaining);
        in_snapshot + self.end.saturating_sub(self.position)
    }

    /// Takes over an entry of the changelog.
    fn take(&mut self, key: &[u8], value: Option<&[u8]>) -> Result<(), StoreError> {
        if key != SCHEMA {
            if self.refused.is_some() {
                return Ok(());
            }
            if self.base.is_some() {
                self.changes.push(key, value);
                return Ok(());
            }
            return match self.store.store.borrow_mut().restore(key, value) {
                // A removal that a reset has left: that of a key of other types.
                Err(_) if value.is_none() && !self.is_declared => Ok(()),
                restored => restored,
            };
        }
        let declared = self.store.schema.as_str();
        self.is_declared = value == Some(declared.as_bytes());
        self.refused =
            value
                .filter(|_| !self.is_declared)
                .map(|recorded| StoreError::SchemaDiffers {
                    name: self.store.name.to_owned(),
                    recorded: String::from_utf8_lossy(recorded).into_owned(),
                    declared: declared.to_owned(),
                    changelog: self.partition.topic().to_owned(),
                });
        if value.is_none() {
            // The store was reset.
            self.clear()?;
            self.snapshots.iter_mut().for_each(Snapshots::begin_anew);
        }
        Ok(())
    }

    /// Writes what has changed since the last call, as part of the commit that follows. Whether there was anything.
    pub(crate) fn flush(&mut self, writer: &mut dyn Writer) -> Result<bool, Fatal> {
        let entry = |key: Bytes, value: Option<Bytes>| Record {
            key: Some(key),
            ..Record::new(Raw(value), Timestamp::default())
        };
        let mut records = Vec::new();
        let mut store = self.store.store.borrow_mut();
        store
            .take_changes(&mut |key, value| records.push(entry(key, value)))
            .map_err(|error| Fatal::stage("changelog", error))?;
        if records.is_empty() {
            return Ok(false);
        }
        if !self.is_declared {
            let schema = Bytes::from(self.store.schema.clone());
            // First, so that it is read before what it is about.
            records.insert(0, entry(Bytes::from_static(SCHEMA), Some(schema)));
            self.is_declared = true;
        }
        for record in &records {
            let key = record.key.as_deref().unwrap_or_default();
            if let Some(snapshots) = &mut self.snapshots {
                snapshots.changed(key, record.value.as_bytes());
            } else if self.base.is_some() && key != SCHEMA {
                self.changes.push(key, record.value.as_bytes());
            }
        }
        writer.append_to(&self.partition, records)?;
        Ok(true)
    }

    /// Takes note that what was flushed is committed together with those positions of the task's input: takes a snapshot
    /// if one is due, or brings it into the persistent store, of which no more than `cache` bytes stay in memory.
    pub(crate) fn committed(
        &mut self,
        plan: &Plan,
        cache: usize,
        inputs: impl FnOnce() -> Positions,
    ) {
        if let Some(snapshots) = &mut self.snapshots {
            snapshots.committed();
            if snapshots.is_due() {
                self.take_snapshot_of_all(plan, inputs());
            }
        } else if self.base.is_some() && !self.changes.is_empty() {
            if self.located.elapsed() >= LOCATE_EVERY {
                self.locate(plan);
            }
            self.entries = Some(self.store.store.borrow().entries() as u64);
            self.store_committed(plan, inputs());
            self.store.store.borrow_mut().evict(cache);
        }
    }

    /// Takes a last snapshot, and waits for it.
    pub(crate) fn close(&mut self, plan: &Plan, inputs: Positions) {
        if self.remaining() > 0 {
            return;
        }
        self.settle(plan);
        self.take_snapshot_of_all(plan, inputs.clone());
        self.settle(plan);
        // Before anything was ever flushed there is nothing to go on from.
        if self.base.is_some() && self.is_declared {
            self.locate(plan);
            self.store_committed(plan, inputs);
        }
    }

    fn settle(&mut self, plan: &Plan) {
        let settled = self.snapshots.as_mut().map(Snapshots::settle);
        if let Some(Err(error)) = settled {
            self.give_up(plan, &error);
        }
    }

    /// Asks the log for the position after everything that was ever flushed. It may stay as it was: then a start reads
    /// more than it has to.
    fn locate(&mut self, plan: &Plan) {
        // Nobody else writes to the partition, so what is there now is what was flushed.
        match plan.log.offsets(self.partition.topic()) {
            Ok(ranges) => {
                let range = of_partition(&ranges, &self.partition);
                self.position = range.map_or(self.position, |range| range.end);
                self.end = self.position;
                self.located = Instant::now();
            }
            Err(error) => {
                tracing::warn!(app = plan.app, %error, "cannot ask the log how far a changelog is");
            }
        }
    }

    fn store_committed(&mut self, plan: &Plan, inputs: Positions) {
        let header = self.header(plan, self.position, inputs);
        if let Err(error) = self.apply(header, self.entries) {
            // What is read from now on is not what is committed.
            self.failure.set(error);
        }
    }

    /// Takes a snapshot of everything that was ever flushed.
    fn take_snapshot_of_all(&mut self, plan: &Plan, inputs: Positions) {
        if self.snapshots.is_some() {
            self.locate(plan);
            self.take_snapshot(plan, self.position, inputs);
        }
    }

    fn take_snapshot(&mut self, plan: &Plan, changelog: Offset, inputs: Positions) {
        let header = self.header(plan, changelog, inputs);
        let taken = self
            .snapshots
            .as_mut()
            .map(|snapshots| snapshots.take(header));
        if let Some(Err(error)) = taken {
            self.give_up(plan, &error);
        }
    }

    fn give_up(&mut self, plan: &Plan, error: &SnapshotError) {
        let path = self.snapshots.as_ref().map(Snapshots::path);
        let path = path.unwrap_or_else(|| Path::new("")).display();
        tracing::error!(app = plan.app, %path, %error, "no more snapshots are taken until the task starts again");
        self.snapshots = None;
    }
}

/// Whether a position is after the committed one.
fn is_ahead((topic, partition, offset): &(String, u32, u64), committed: &Positions) -> bool {
    let committed = committed
        .iter()
        .find(|(of_topic, of_partition, _)| of_topic == topic && of_partition == partition);
    *offset > committed.map_or(0, |(_, _, offset)| *offset)
}
