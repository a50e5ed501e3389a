use std::ops::Bound;
use std::sync::Mutex;

use bytes::Bytes;
use fjall::{Guard, Readable as _};

use super::EmbeddedLog;
use super::failure::{corrupt, storage_error};
use super::keys::{PartitionId, base_of};
use super::record_batch::RecordBatch;
use super::shared::Shared;
use super::storage::no_panic;
use super::varint::Malformed;
use crate::batch::{Offset, Raw, Record, TopicPartition};
use crate::log::lock::lock;
use crate::log::reader::Readable;
use crate::log::{LogError, OffsetRange};

/// A fetch ends, with fewer records than asked for, once it has gone through so many stored bytes.
const MAX_FETCH_BYTES: usize = 4 * 1024 * 1024;

/// One partition, as a reader sees it.
#[derive(Debug)]
pub(super) struct EmbeddedPartition {
    log: EmbeddedLog,
    partition: TopicPartition,
    /// The batch read last from the files: the next fetch usually goes on in it.
    last: Mutex<Option<RecordBatch>>,
}

/// Where to read.
struct Place {
    id: PartitionId,
    range: OffsetRange,
    may_have_gaps: bool,
}

impl EmbeddedPartition {
    pub(super) fn new(log: EmbeddedLog, partition: TopicPartition) -> Self {
        Self {
            log,
            partition,
            last: Mutex::default(),
        }
    }
}

impl Readable for EmbeddedPartition {
    fn read(&self, from: Offset, max_records: usize) -> Result<Vec<Record<Raw>>, LogError> {
        let mut last = lock(&self.last);
        self.log
            .shared()
            .fetch(&self.partition, from, max_records, &mut last)
    }

    fn end(&self) -> Result<Offset, LogError> {
        let catalog = self.log.shared().catalog();
        Ok(catalog.partition(&self.partition)?.state.end)
    }
}

impl Shared {
    /// Reads from the newest records in memory if they reach back to `from`, else from the batch `last` or from
    /// the files, leaving the last batch read in `last`.
    pub(super) fn fetch(
        &self,
        partition: &TopicPartition,
        from: Offset,
        max_records: usize,
        last: &mut Option<RecordBatch>,
    ) -> Result<Vec<Record<Raw>>, LogError> {
        let mut records = Vec::new();
        let catalog = self.catalog();
        let known = catalog.partition(partition)?;
        let state = known.state;
        let place = Place {
            id: known.id,
            range: OffsetRange {
                start: state.start,
                end: state.end,
            },
            may_have_gaps: catalog
                .topic(partition.topic())?
                .spec
                .cleanup
                .compact
                .is_some(),
        };
        let from = from.max(state.start);
        if from >= state.end || max_records == 0 {
            return Ok(records);
        }
        let newest = known.tail.since(from);
        let newest = newest.map(|batches| enough(batches, from, max_records));
        drop(catalog);
        if let Some(batches) = newest {
            *last = None;
            for batch in batches {
                self.take(&place, &batch, from, max_records, &mut records)?;
            }
            return Ok(records);
        }
        if let Some(batch) = last.as_ref().filter(|batch| batch.contains(from)) {
            self.take(&place, batch, from, max_records, &mut records)?;
            if !records.is_empty() {
                return Ok(records);
            }
        }
        *last = self.read_files(&place, from, max_records, &mut records)?;
        if place.may_have_gaps || is_run(&records, from) {
            return Ok(records);
        }
        // Retention may have come in between; then there is another start now.
        let start = self.state_of(partition)?.start;
        if start > from {
            return self.fetch(partition, start, max_records, last);
        }
        Err(corrupt(
            self.path(),
            format!("records of {partition} from offset {from} on are missing"),
        ))
    }

    fn read_files(
        &self,
        place: &Place,
        from: Offset,
        max_records: usize,
        records: &mut Vec<Record<Raw>>,
    ) -> Result<Option<RecordBatch>, LogError> {
        let snapshot = self.storage.database.snapshot();
        let key = |offset| place.id.batch_key(offset);
        let keys = key(0)..=key(from);
        // The batch that holds `from` begins there or before.
        let mut before = snapshot.range(&self.storage.records, keys);
        let mut last = before
            .next_back()
            .map(|entry| self.load(entry))
            .transpose()?;
        if let Some(batch) = &last {
            self.take(place, batch, from, max_records, records)?;
        }
        let keys = (
            Bound::Excluded(key(from)),
            Bound::Excluded(key(place.range.end)),
        );
        let mut bytes = 0;
        for entry in snapshot.range(&self.storage.records, keys) {
            if records.len() >= max_records || bytes >= MAX_FETCH_BYTES {
                break;
            }
            let batch = self.load(entry)?;
            bytes += batch.bytes.len();
            self.take(place, &batch, from, max_records, records)?;
            last = Some(batch);
        }
        Ok(last)
    }

    pub(super) fn load(&self, entry: Guard) -> Result<RecordBatch, LogError> {
        let (key, value) = no_panic(self.path(), || {
            entry
                .into_inner()
                .map_err(|error| storage_error("read", self.path(), &error))
        })?;
        base_of(&key)
            .ok_or(Malformed)
            .and_then(|base| RecordBatch::stored(base, Bytes::from(value)))
            .map_err(|Malformed| self.unreadable())
    }

    fn take(
        &self,
        place: &Place,
        batch: &RecordBatch,
        from: Offset,
        max_records: usize,
        records: &mut Vec<Record<Raw>>,
    ) -> Result<(), LogError> {
        batch
            .read(from, place.range.end, max_records, records)
            .map_err(|Malformed| self.unreadable())
    }

    pub(super) fn unreadable(&self) -> LogError {
        corrupt(self.path(), "a stored batch of records is unreadable")
    }
}

/// Whether these are records at `from` and all offsets after it.
fn is_run(records: &[Record<Raw>], from: Offset) -> bool {
    records.last().is_some_and(|last| {
        last.origin.checked_sub(from) == Some(records.len().saturating_sub(1) as Offset)
    })
}

/// As many batches as are needed for `max_records` records, fewer if they are large.
fn enough<'a>(
    batches: impl Iterator<Item = &'a RecordBatch>,
    from: Offset,
    max_records: usize,
) -> Vec<RecordBatch> {
    let mut enough = Vec::new();
    let (mut records, mut bytes) = (0, 0);
    for batch in batches {
        if records >= max_records || bytes >= MAX_FETCH_BYTES {
            break;
        }
        let unread = batch.last().saturating_sub(from.max(batch.base)) + 1;
        records += usize::try_from(unread).unwrap_or(usize::MAX);
        bytes += batch.bytes.len();
        enough.push(batch.clone());
    }
    enough
}
