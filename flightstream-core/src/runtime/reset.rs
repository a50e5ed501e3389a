use std::collections::BTreeSet;
use std::sync::Arc;

use super::app::{App, AppError};
use super::changelog::{SCHEMA, changelog_topic};
use super::state_dir::StateDir;
use crate::batch::{Raw, Record, TopicPartition};
use crate::log::{Isolation, Log};
use crate::time::Timestamp;

/// Entries read at a time.
const CHUNK: usize = 8192;

impl<F, K> App<F, K> {
    /// Empties a store: removes all its entries from its changelog, with the types that are noted there, and its copies
    /// from the [state directory](Self::state_dir). Returns how many entries there were.
    ///
    /// It is for a program whose store has other types than before, which is refused at start, or whose state is wrong.
    /// What the group has committed stays, so the store begins empty with the next record; to read the source again, give
    /// it another group. The app must not run, in any process.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use flightstream_core::log::{Log, TopicSpec, memory::MemoryLog};
    /// use flightstream_core::runtime::App;
    ///
    /// let log: Arc<dyn Log> = Arc::new(MemoryLog::default());
    /// log.create_topic(&TopicSpec::new("landings-per-minute-changelog", 6).compacted())?;
    /// assert_eq!(App::new("landings").reset_store(&log, "per-minute")?, 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// If there is no such store, the log cannot be read or written, or the state directory is in use.
    pub fn reset_store(&self, log: &Arc<dyn Log>, store: &str) -> Result<u64, AppError> {
        let topic = changelog_topic(&self.settings.name, store);
        let partitions = log.offsets(&topic)?.len();
        let settings = &self.settings;
        let dir = settings.state_dir.as_ref();
        let dir = dir.map(|dir| {
            StateDir::open(
                dir,
                &settings.name,
                settings.store_kind,
                settings.snapshot_every,
            )
        });
        let dir = dir.transpose()?;
        let mut writer = log.writer(Isolation::Immediate)?;
        let mut removed = 0;
        for (_, partition) in (0..partitions).zip(0..) {
            let partition = TopicPartition::new(topic.as_str(), partition);
            let keys = live_keys(&**log, &partition)?;
            // The noted types are no entry, and their removal, which comes last, says that all before is void.
            let (types, keys): (Vec<_>, Vec<_>) =
                keys.into_iter().partition(|key| key.as_slice() == SCHEMA);
            removed += keys.len() as u64;
            let keys = keys.into_iter().chain(types);
            let tombstone = |key: Vec<u8>| Record {
                key: Some(key.into()),
                ..Record::new(Raw(None), Timestamp::default())
            };
            writer.append_to(&partition, keys.map(tombstone).collect())?;
        }
        writer.commit(&settings.name, &[])?;
        if let Some(dir) = dir {
            dir.remove_store(store)?;
        }
        Ok(removed)
    }
}

fn live_keys(log: &dyn Log, partition: &TopicPartition) -> Result<BTreeSet<Vec<u8>>, AppError> {
    let (mut keys, mut position) = (BTreeSet::new(), 0);
    loop {
        let records = log.read(partition, position, CHUNK)?;
        let Some(last) = records.last() else {
            return Ok(keys);
        };
        position = last.origin + 1;
        for record in records {
            let key = record.key.map(Vec::from).unwrap_or_default();
            if record.value.0.is_some() {
                keys.insert(key);
            } else {
                keys.remove(&key);
            }
        }
    }
}
