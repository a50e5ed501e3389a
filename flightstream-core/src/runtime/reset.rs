use std::collections::BTreeSet;
use std::sync::Arc;

use super::app::{App, AppError};
use super::changelog::{SCHEMA, changelog_topic};
use super::context::TaskContext;
use super::sink::MakeSink;
use super::source::TaskRecords;
use super::state_dir::StateDir;
use crate::Records;
use crate::batch::{Offset, Raw, Record, TopicPartition};
use crate::log::{Isolation, Log};
use crate::time::Timestamp;

/// Entries read at a time.
const CHUNK: usize = 8192;

/// Where an app goes on in its source after a [reset](App::reset).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ResetTo {
    /// Where it had committed: its stores begin empty with what comes next.
    #[default]
    Committed,
    /// At the first record: everything that the topic still has is processed once more.
    Earliest,
    /// After the last record.
    Latest,
}

/// What a [reset](App::reset) did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reset {
    /// The stores, with how many entries were removed from each.
    pub stores: Vec<(&'static str, u64)>,
    /// The offsets that were committed for the app's group: of its source, and of its repartition topics, whose records
    /// are left out.
    pub offsets: Vec<(TopicPartition, Offset)>,
}

impl<F, K> App<F, K> {
    /// Makes the app begin anew: [empties](Self::reset_store) all its stores, leaves out what its repartition topics still
    /// hold, and sets where its group goes on in the source. What it has written to its output topic stays. The app must
    /// not run, in any process; a Kafka cluster refuses it then, before anything is changed.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use flightstream_core::Records;
    /// use flightstream_core::batch::Rejection;
    /// use flightstream_core::log::{Log, TopicSpec, memory::MemoryLog};
    /// use flightstream_core::runtime::{App, ResetTo, topic};
    ///
    /// let log: Arc<dyn Log> = Arc::new(MemoryLog::default());
    /// log.create_topic(&TopicSpec::new("words", 2))?;
    /// let length = |bytes: &[u8]| Ok::<_, Rejection>((bytes.len(), bytes.len()));
    /// let app = App::new("lengths")
    ///     .source(topic("words").group("lengths"))
    ///     .pipeline(move |raw, _| raw.decode(length))
    ///     .sink(topic("lengths").json());
    /// let reset = app.reset(&log, ResetTo::Earliest)?;
    /// assert_eq!(reset.offsets.len(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// If the app has no source, its pipeline function panics, the log cannot be read or written, the app runs on a
    /// cluster, or the state directory is in use.
    pub fn reset<R>(&self, log: &Arc<dyn Log>, to: ResetTo) -> Result<Reset, AppError>
    where
        F: Fn(TaskRecords, TaskContext) -> R,
        R: Records + 'static,
        K: MakeSink<R::Record>,
    {
        let topology = self.describe()?;
        let there_are: BTreeSet<String> =
            log.topics()?.into_iter().map(|topic| topic.name).collect();
        let committed = log.committed(&topology.group, &topology.source)?;
        let mut offsets = Vec::new();
        for (range, number) in log.offsets(&topology.source)?.into_iter().zip(0..) {
            let partition = TopicPartition::new(topology.source.as_str(), number);
            let offset = match to {
                ResetTo::Committed => committed.get(&partition).copied(),
                ResetTo::Earliest => Some(range.start),
                ResetTo::Latest => Some(range.end),
            };
            offsets.extend(offset.map(|offset| (partition, offset)));
        }
        for topic in topology.repartitions {
            if !there_are.contains(&topic) {
                continue;
            }
            for (range, number) in log.offsets(&topic)?.into_iter().zip(0..) {
                offsets.push((TopicPartition::new(topic.as_str(), number), range.end));
            }
        }
        // First, since a cluster refuses it while the group has members.
        log.writer(Isolation::Immediate)?
            .commit(&topology.group, &offsets)?;
        let mut stores = Vec::new();
        for store in topology.stores {
            if there_are.contains(&store.changelog) {
                stores.push((store.name, self.reset_store(log, store.name)?));
            }
        }
        Ok(Reset { stores, offsets })
    }

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
