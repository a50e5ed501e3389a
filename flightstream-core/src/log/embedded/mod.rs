//! A durable log in a local directory.
//!
//! Topics, records and group offsets live in one directory of the machine, in the store [fjall]; a commit writes
//! all it consists of in one piece. Several threads read and write, one process at a time.
//!
//! ```
//! use flightstream_core::batch::{Raw, Record, TopicPartition};
//! use flightstream_core::log::embedded::{EmbeddedLog, EmbeddedOptions};
//! use flightstream_core::log::{Isolation, Log, TopicSpec};
//! use flightstream_core::time::Timestamp;
//!
//! # let dir = tempfile::tempdir().unwrap();
//! # let dir = dir.path();
//! let log = EmbeddedLog::open(dir, EmbeddedOptions::default())?;
//! log.create_topic(&TopicSpec::new("flight-raw", 1))?;
//! let mut writer = log.writer(Isolation::Transactional)?;
//! writer.append("flight-raw", vec![Record::new(Raw::from("{}"), Timestamp::from_seconds(60))])?;
//! writer.commit("tracker", &[])?;
//! drop((log, writer));
//!
//! let log = EmbeddedLog::open(dir, EmbeddedOptions::default())?;
//! assert_eq!(log.read(&TopicPartition::new("flight-raw", 0), 0, 10)?.len(), 1);
//! # Ok::<(), flightstream_core::log::LogError>(())
//! ```
//!
//! # What it promises
//!
//! - What an immediate writer has appended, or a transactional one has committed, survives the end of the process,
//!   `kill -9` included. What survives a power cut, [`Durability`] says.
//! - After any kind of end the log holds the commits up to one of them and nothing of those after it: records and
//!   group offsets always agree.
//! - An offset is never given out twice, also when all records have been removed.
//! - When a write fails, every later one fails too ([`LogError::Poisoned`]); reading
//!   still works. Whether the commit that failed is there, as a whole, shows when the log is opened again.
//!
//! # What it costs
//!
//! Records are stored in batches as they were appended, so append hundreds rather than one at a time. Keys and
//! values that are read share the memory of their batch (up to about 1 MiB): copy what is to be kept for long. A
//! transaction is held in memory until its commit.
//!
//! Retention and compaction run in the log's own thread about once a second. Retention by bytes removes whole
//! batches and never the newest. Retention removes nothing that a group with a member has not committed. A compacted partition is rewritten once the bytes appended since the last time
//! are most of it; a tombstone outlives the first such pass that sees it and is gone after the next. Records
//! without a key are never compacted away.

mod catalog;
mod checkpoint;
mod commit;
mod compaction;
mod directory;
mod failure;
mod fetch;
mod keys;
mod maintenance;
mod manifest;
mod options;
mod partition;
mod record_batch;
mod retention;
mod shared;
mod storage;
mod stored_record;
mod tail;
mod varint;
mod writer;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use self::fetch::EmbeddedPartition;
use self::maintenance::Maintenance;
pub use self::options::{Durability, EmbeddedOptions};
use self::shared::Shared;
use self::writer::EmbeddedWriter;
use super::members::SoleMember;
use super::reader::Reader;
use super::{
    Isolation, Log, LogError, OffsetRange, PartitionReader, Start, Subscriber, Subscription,
    TopicSpec, Writer,
};
use crate::batch::{Offset, Raw, Record, TopicPartition};

/// A durable log in a local directory. Cheap to clone: the clones are the same log.
///
/// The log is closed, and its directory free for another process, when its last clone, subscriber, reader and
/// writer are dropped. Closing writes everything to the disk, whatever the [`Durability`].
#[derive(Clone, Debug)]
pub struct EmbeddedLog {
    maintenance: Arc<Maintenance>,
}

impl EmbeddedLog {
    /// Opens the log in `dir`, creating directory and log if need be.
    ///
    /// # Errors
    /// - [`LogError::Locked`] if a process, this one included, has it open.
    /// - [`LogError::NotALog`] if the directory has no log but other files in it.
    /// - [`LogError::Io`] if the directory cannot be read or written, or is a file.
    /// - [`LogError::Corrupt`] if what is stored was changed, or lost after the disk had it.
    pub fn open(dir: impl AsRef<Path>, options: EmbeddedOptions) -> Result<Self, LogError> {
        let shared = Arc::new(Shared::open(dir.as_ref(), options)?);
        let maintenance = Arc::new(Maintenance::start(shared)?);
        Ok(Self { maintenance })
    }

    /// Writes everything committed so far to the disk, so that it survives a power cut.
    ///
    /// # Errors
    /// [`LogError::Io`] if the disk refuses; [`LogError::Poisoned`] if an earlier write has failed.
    pub fn sync(&self) -> Result<(), LogError> {
        self.shared().sync()
    }

    /// Applies retention and compaction to every topic now, and waits for it.
    ///
    /// # Errors
    /// If the log cannot be read or written.
    pub fn clean(&self) -> Result<(), LogError> {
        self.shared().clean(true)
    }

    fn shared(&self) -> &Shared {
        self.maintenance.shared()
    }
}

impl Log for EmbeddedLog {
    fn create_topic(&self, spec: &TopicSpec) -> Result<(), LogError> {
        self.shared().create_topic(spec)
    }

    fn topics(&self) -> Result<Vec<TopicSpec>, LogError> {
        Ok(self.shared().catalog().specs())
    }

    fn offsets(&self, topic: &str) -> Result<Vec<OffsetRange>, LogError> {
        let catalog = self.shared().catalog();
        let partitions = catalog.topic(topic)?.partitions.iter();
        Ok(partitions
            .map(|partition| OffsetRange {
                start: partition.state.start,
                end: partition.state.end,
            })
            .collect())
    }

    fn committed(
        &self,
        group: &str,
        topic: &str,
    ) -> Result<BTreeMap<TopicPartition, Offset>, LogError> {
        let mut committed = self.shared().catalog().committed(group);
        committed.retain(|partition, _| partition.topic() == topic);
        Ok(committed)
    }

    fn subscribe(&self, subscription: &Subscription) -> Result<Box<dyn Subscriber>, LogError> {
        let catalog = self.shared().catalog();
        let topic = catalog.topic(&subscription.topic)?;
        let membership = self.shared().members.join(subscription)?;
        let committed = match subscription.start {
            Start::Committed => catalog.committed(&subscription.group),
            Start::Earliest => BTreeMap::new(),
        };
        let mut readers: Vec<Box<dyn PartitionReader>> = Vec::new();
        for partition in &topic.partitions {
            let name = TopicPartition::new(subscription.topic.as_str(), partition.id.partition);
            let position = committed.get(&name).copied();
            readers.push(Box::new(Reader::new(
                EmbeddedPartition::new(self.clone(), name.clone()),
                name,
                position.unwrap_or(partition.state.start),
                Arc::clone(&partition.wakers),
            )));
        }
        Ok(Box::new(SoleMember::new(membership, readers)))
    }

    fn partition_reader(
        &self,
        partition: &TopicPartition,
        from: Offset,
    ) -> Result<Box<dyn PartitionReader>, LogError> {
        let wakers = Arc::clone(&self.shared().catalog().partition(partition)?.wakers);
        let source = EmbeddedPartition::new(self.clone(), partition.clone());
        Ok(Box::new(Reader::new(
            source,
            partition.clone(),
            from,
            wakers,
        )))
    }

    fn writer(&self, isolation: Isolation) -> Result<Box<dyn Writer>, LogError> {
        Ok(Box::new(EmbeddedWriter::new(self.clone(), isolation)))
    }

    fn read(
        &self,
        partition: &TopicPartition,
        from: Offset,
        max_records: usize,
    ) -> Result<Vec<Record<Raw>>, LogError> {
        self.shared().fetch(partition, from, max_records, &mut None)
    }

    fn tombstones_from(&self, partition: &TopicPartition) -> Result<Option<Offset>, LogError> {
        Ok(Some(self.shared().state_of(partition)?.tombstones_from))
    }
}
