//! A log in memory, for tests and examples.
//!
//! It keeps every promise of the [`Log`] trait but one: what it holds ends with the process.
//!
//! ```
//! use flightstream_core::batch::{Raw, Record, TopicPartition};
//! use flightstream_core::log::memory::MemoryLog;
//! use flightstream_core::log::{Isolation, Log, TopicSpec};
//! use flightstream_core::time::Timestamp;
//!
//! let log = MemoryLog::new();
//! log.create_topic(&TopicSpec::new("flight-raw", 1))?;
//! let mut writer = log.writer(Isolation::Immediate)?;
//! writer.append("flight-raw", vec![Record::new(Raw::from("{}"), Timestamp::from_seconds(60))])?;
//! assert_eq!(log.read(&TopicPartition::new("flight-raw", 0), 0, 10)?.len(), 1);
//! # Ok::<(), flightstream_core::log::LogError>(())
//! ```

mod partition;
mod state;
mod writer;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use self::state::State;
use self::writer::MemoryWriter;
use super::lock::lock;
use super::members::{Members, SoleMember};
use super::reader::{Readable, Reader};
use super::{
    Isolation, Log, LogError, OffsetRange, PartitionReader, Start, Subscriber, Subscription,
    TopicSpec, Writer,
};
use crate::batch::{Offset, Raw, Record, TopicPartition};
use crate::sync::{Mutex, MutexGuard};

/// A log in memory. Cheap to clone: the clones share their topics and groups.
///
/// Retention is looked after at every append, compaction whenever a partition has doubled since the last time, and
/// both at [`clean`](Self::clean).
#[derive(Clone, Default)]
pub struct MemoryLog(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    members: Members,
}

/// One partition, as a [`Reader`] sees it.
#[derive(Debug)]
struct MemoryPartition {
    log: MemoryLog,
    topic_partition: TopicPartition,
}

impl MemoryLog {
    /// A log without topics.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Applies retention and compaction to every topic now.
    ///
    /// A tombstone outlives the first compaction that sees it and is gone after the next.
    pub fn clean(&self) {
        self.state().clean();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.0.state)
    }
}

impl MemoryLog {
    fn reader(
        &self,
        state: &State,
        topic_partition: TopicPartition,
        from: Offset,
    ) -> Result<Box<dyn PartitionReader>, LogError> {
        let wakers = state.partition(&topic_partition)?.wakers();
        let partition = MemoryPartition {
            log: self.clone(),
            topic_partition: topic_partition.clone(),
        };
        Ok(Box::new(Reader::new(
            partition,
            topic_partition,
            from,
            wakers,
        )))
    }
}

impl Log for MemoryLog {
    fn create_topic(&self, spec: &TopicSpec) -> Result<(), LogError> {
        self.state().create_topic(spec)
    }

    fn topics(&self) -> Result<Vec<TopicSpec>, LogError> {
        Ok(self.state().topics())
    }

    fn offsets(&self, topic: &str) -> Result<Vec<OffsetRange>, LogError> {
        self.state().offsets(topic)
    }

    fn committed(
        &self,
        group: &str,
        topic: &str,
    ) -> Result<BTreeMap<TopicPartition, Offset>, LogError> {
        let mut committed = self.state().committed(group);
        committed.retain(|partition, _| partition.topic() == topic);
        Ok(committed)
    }

    fn subscribe(&self, subscription: &Subscription) -> Result<Box<dyn Subscriber>, LogError> {
        let state = self.state();
        let starts = state.offsets(&subscription.topic)?;
        let membership = self.0.members.join(subscription)?;
        let committed = state.committed(&subscription.group);
        let mut readers: Vec<Box<dyn PartitionReader>> = Vec::with_capacity(starts.len());
        for (number, range) in (0..).zip(starts) {
            let topic_partition = TopicPartition::new(subscription.topic.as_str(), number);
            let position = match subscription.start {
                Start::Committed => committed.get(&topic_partition).copied(),
                Start::Earliest => None,
            };
            let from = position.unwrap_or(range.start);
            readers.push(self.reader(&state, topic_partition, from)?);
        }
        Ok(Box::new(SoleMember::new(membership, readers)))
    }

    fn partition_reader(
        &self,
        partition: &TopicPartition,
        from: Offset,
    ) -> Result<Box<dyn PartitionReader>, LogError> {
        self.reader(&self.state(), partition.clone(), from)
    }

    fn writer(&self, isolation: Isolation) -> Result<Box<dyn Writer>, LogError> {
        Ok(Box::new(MemoryWriter::new(self.clone(), isolation)))
    }

    fn read(
        &self,
        partition: &TopicPartition,
        from: Offset,
        max_records: usize,
    ) -> Result<Vec<Record<Raw>>, LogError> {
        Ok(self.state().partition(partition)?.read(from, max_records))
    }

    fn tombstones_from(&self, partition: &TopicPartition) -> Result<Option<Offset>, LogError> {
        let state = self.state();
        Ok(Some(state.partition(partition)?.tombstones_from()))
    }
}

impl Readable for MemoryPartition {
    fn read(&self, from: Offset, max_records: usize) -> Result<Vec<Record<Raw>>, LogError> {
        self.log.read(&self.topic_partition, from, max_records)
    }

    fn end(&self) -> Result<Offset, LogError> {
        let state = self.log.state();
        Ok(state.partition(&self.topic_partition)?.offsets().end)
    }
}

impl fmt::Debug for MemoryLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryLog").finish_non_exhaustive()
    }
}

#[cfg(all(test, loom))]
mod loom_tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::task::{Context, Poll, Wake, Waker};

    use super::*;
    use crate::batch::{Raw, Record};
    use crate::log::Isolation;
    use crate::time::Timestamp;

    struct Woken(AtomicBool);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.store(true, Ordering::SeqCst);
        }
    }

    #[test]
    fn a_reader_that_finds_nothing_is_woken_by_what_is_appended() {
        loom::model(|| {
            let log = MemoryLog::default();
            log.create_topic(&TopicSpec::new("topic", 1)).unwrap();
            let partition = TopicPartition::new("topic", 0);
            let mut reader = log.partition_reader(&partition, 0).unwrap();
            let mut writer = log.writer(Isolation::Immediate).unwrap();
            let appending = loom::thread::spawn(move || {
                let record = Record::new(Raw::from("value"), Timestamp::default());
                writer.append("topic", vec![record]).unwrap();
            });
            let woken = Arc::new(Woken(AtomicBool::new(false)));
            let waker = Waker::from(Arc::clone(&woken));
            let read = reader.poll_fetch(&mut Context::from_waker(&waker), 10);
            appending.join().unwrap();
            match read {
                Poll::Ready(records) => assert_eq!(records.unwrap().len(), 1),
                Poll::Pending => assert!(woken.0.load(Ordering::SeqCst)),
            }
        });
    }
}
