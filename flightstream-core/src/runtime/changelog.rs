//! How a task's stores are kept: written to their changelogs at each commit, read back at each start.

use bytes::Bytes;

use super::context::TaskStore;
use crate::Fatal;
use crate::batch::{Offset, Raw, Record, TopicPartition};
use crate::log::{Log, Writer};
use crate::store::StoreError;
use crate::time::Timestamp;

/// The changelog's key of its store's schema. No entry of a store is stored under an empty key.
const SCHEMA: &[u8] = b"";
/// Entries read before other tasks get their turn.
const CHUNK: usize = 8192;

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
    is_declared: bool,
}

impl Changelog {
    /// A store that is to be read back from its partition of the changelog.
    pub(crate) fn open(
        log: &dyn Log,
        app: &str,
        store: TaskStore,
        partition: u32,
    ) -> Result<Self, Fatal> {
        let topic = changelog_topic(app, store.name);
        let ranges = log.offsets(&topic)?;
        let range = usize::try_from(partition)
            .ok()
            .and_then(|index| ranges.get(index).copied());
        let range = range.unwrap_or_default();
        let partition = TopicPartition::new(topic, partition);
        Ok(Self {
            store,
            partition,
            position: range.start,
            end: range.end,
            is_declared: false,
        })
    }

    /// Reads on. Whether everything is read.
    pub(crate) fn restore(&mut self, log: &dyn Log) -> Result<bool, Fatal> {
        if self.position >= self.end {
            return Ok(true);
        }
        let records = log.read(&self.partition, self.position, CHUNK)?;
        let Some(last) = records.last() else {
            // Compaction has removed what was left.
            self.position = self.end;
            return Ok(true);
        };
        self.position = last.origin + 1;
        let mut store = self.store.store.borrow_mut();
        for record in &records {
            let key = record.key.as_deref().unwrap_or_default();
            let value = record.value.as_bytes();
            if key == SCHEMA {
                self.is_declared = true;
                self.check_schema(value.unwrap_or_default())?;
            } else {
                store
                    .restore(key, value)
                    .map_err(|error| Fatal::stage("restore", error))?;
            }
        }
        Ok(self.position >= self.end)
    }

    /// How many entries are still to be read.
    pub(crate) fn remaining(&self) -> u64 {
        self.end.saturating_sub(self.position)
    }

    fn check_schema(&self, recorded: &[u8]) -> Result<(), Fatal> {
        if recorded == self.store.schema.as_bytes() {
            return Ok(());
        }
        Err(Fatal::Store(StoreError::SchemaDiffers {
            name: self.store.name.to_owned(),
            recorded: String::from_utf8_lossy(recorded).into_owned(),
            declared: self.store.schema.clone(),
            changelog: self.partition.topic().to_owned(),
        }))
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
            records.push(entry(Bytes::from_static(SCHEMA), Some(schema)));
            self.is_declared = true;
        }
        writer.append_to(&self.partition, records)?;
        Ok(true)
    }
}
