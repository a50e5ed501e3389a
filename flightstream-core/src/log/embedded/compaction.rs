use std::collections::HashMap;

use fjall::Readable as _;

use super::partition::PartitionState;
use super::record_batch::{BatchWriter, RecordBatch};
use super::retention::{Cleanable, oldest_kept};
use super::shared::Shared;
use crate::batch::{Offset, Raw, Record};
use crate::log::{Compaction, LogError};
use crate::time::Timestamp;

/// Fewer new bytes than this are not worth a pass.
const MIN_NEW_BYTES: u64 = 1024 * 1024;
/// How much is read for one write, so that appends in between don't wait long.
const WINDOW_BYTES: usize = 1024 * 1024;
const WINDOW_BATCHES: usize = 512;
/// How much memory the keys of one pass may take.
const MAX_INDEX_BYTES: usize = 32 * 1024 * 1024;

/// What one pass goes by.
struct Pass {
    /// The record to keep of each key that a record which no pass has seen yet has.
    kept: HashMap<Box<[u8]>, Place>,
    /// Before it, tombstones have been through a pass.
    compacted_to: Offset,
    /// Where the pass ends.
    until: Offset,
    start: Offset,
    oldest: Option<Timestamp>,
}

/// A record's place in the order of its key's records: the greatest is kept.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    /// The same for all where only the offset decides.
    time: Timestamp,
    offset: Offset,
}

impl Place {
    fn of(record: &Record<Raw>, compaction: Compaction) -> Self {
        let time = match compaction {
            Compaction::LastOffset => Timestamp::default(),
            Compaction::NewestEventTime => record.event_time,
        };
        Self {
            time,
            offset: record.origin,
        }
    }
}

/// What a pass leaves.
#[derive(Default)]
struct Kept {
    bytes: u64,
    first: Option<Offset>,
}

impl PartitionState {
    /// Whether most of the partition is new.
    pub(super) fn wants_compaction(&self) -> bool {
        let new = self.bytes.saturating_sub(self.compacted_bytes);
        new >= MIN_NEW_BYTES && new > self.bytes / 2
    }
}

impl Shared {
    /// Keeps one record of each key only, in as many passes as the number of keys needs.
    pub(super) fn compact(&self, cleanable: &Cleanable) -> Result<(), LogError> {
        let end = self.state_of(&cleanable.partition)?.end;
        loop {
            let pass = self.plan(cleanable)?;
            let kept = self.run_pass(cleanable, &pass)?;
            self.rewrite(cleanable, &[], &[], pass.start, |state| {
                state.compacted_to = pass.until;
                state.compacted_bytes = kept.bytes;
                state.start = state.start.max(kept.first.unwrap_or(pass.until));
            })?;
            if pass.until >= end {
                return Ok(());
            }
        }
    }

    fn plan(&self, cleanable: &Cleanable) -> Result<Pass, LogError> {
        let state = self.state_of(&cleanable.partition)?;
        let compaction = cleanable.cleanup.compact.unwrap_or(Compaction::LastOffset);
        let mut kept: HashMap<Box<[u8]>, Place> = HashMap::new();
        let mut until = state.end;
        let mut index_bytes = 0;
        let key = |offset| cleanable.id.batch_key(offset);
        let snapshot = self.storage.database.snapshot();
        let keys = key(state.compacted_to)..key(state.end);
        for entry in snapshot.range(&self.storage.records, keys) {
            let batch = self.load(entry)?;
            for record in self.records_of(&batch)? {
                let place = Place::of(&record, compaction);
                let Some(key) = record.key else { continue };
                if let Some(greatest) = kept.get_mut(key.as_ref()) {
                    *greatest = place.max(*greatest);
                } else {
                    index_bytes += key.len() + size_of::<(Box<[u8]>, Place)>();
                    kept.insert(Box::from(key.as_ref()), place);
                }
            }
            if index_bytes > MAX_INDEX_BYTES {
                until = batch.last().saturating_add(1);
                break;
            }
        }
        if compaction == Compaction::NewestEventTime {
            // What earlier passes have kept may be newer than all that came since.
            for entry in snapshot.range(&self.storage.records, key(0)..key(state.compacted_to)) {
                for record in self.records_of(&self.load(entry)?)? {
                    let place = Place::of(&record, compaction);
                    let greatest = record.key.and_then(|key| kept.get_mut(key.as_ref()));
                    if let Some(greatest) = greatest {
                        *greatest = place.max(*greatest);
                    }
                }
            }
        }
        Ok(Pass {
            kept,
            compacted_to: state.compacted_to,
            until,
            start: state.start,
            oldest: oldest_kept(&cleanable.cleanup, &state),
        })
    }

    fn run_pass(&self, cleanable: &Cleanable, pass: &Pass) -> Result<Kept, LogError> {
        let mut kept = Kept::default();
        let mut from = 0;
        loop {
            let window = self.window(cleanable, from, pass.until)?;
            let Some(last) = window.last() else {
                return Ok(kept);
            };
            from = last.last().saturating_add(1);
            self.compact_window(cleanable, pass, &window, from, &mut kept)?;
        }
    }

    fn window(
        &self,
        cleanable: &Cleanable,
        from: Offset,
        until: Offset,
    ) -> Result<Vec<RecordBatch>, LogError> {
        let keys = cleanable.id.batch_key(from)..cleanable.id.batch_key(until);
        let snapshot = self.storage.database.snapshot();
        let mut window = Vec::new();
        let mut bytes = 0;
        for entry in snapshot.range(&self.storage.records, keys) {
            let batch = self.load(entry)?;
            bytes += batch.bytes.len();
            window.push(batch);
            if bytes >= WINDOW_BYTES || window.len() >= WINDOW_BATCHES {
                break;
            }
        }
        Ok(window)
    }

    fn compact_window(
        &self,
        cleanable: &Cleanable,
        pass: &Pass,
        window: &[RecordBatch],
        window_end: Offset,
        kept: &mut Kept,
    ) -> Result<(), LogError> {
        let bytes_before = total(window);
        let mut compacted = BatchWriter::default();
        compacted.expect(usize::try_from(bytes_before).unwrap_or(usize::MAX));
        let mut removes = false;
        for batch in window {
            for record in self.records_of(batch)? {
                if pass.keeps(&record) {
                    compacted.push(record.origin, &record);
                } else {
                    removes = true;
                }
            }
        }
        let compacted = compacted.finish();
        let first = compacted.first().map(|batch| batch.base);
        kept.first = kept.first.or(first);
        if !removes && compacted.len() >= window.len() {
            kept.bytes = kept.bytes.saturating_add(bytes_before);
            return Ok(());
        }
        let bytes = total(&compacted);
        kept.bytes = kept.bytes.saturating_add(bytes);
        let removed: Vec<_> = window.iter().map(|batch| batch.base).collect();
        self.rewrite(cleanable, &removed, &compacted, window_end, |state| {
            state.bytes = state
                .bytes
                .saturating_sub(bytes_before)
                .saturating_add(bytes);
            state.tombstones_from = state.tombstones_from.max(pass.compacted_to);
        })
    }
}

impl Pass {
    fn keeps(&self, record: &Record<Raw>) -> bool {
        let superseded = record.key.as_ref().is_some_and(|key| {
            self.kept
                .get(key.as_ref())
                .is_some_and(|kept| record.origin != kept.offset)
        });
        let deleted = record.value.0.is_none() && record.origin < self.compacted_to;
        let expired = self.oldest.is_some_and(|oldest| record.event_time < oldest);
        !(superseded || deleted || expired || record.origin < self.start)
    }
}

fn total(batches: &[RecordBatch]) -> u64 {
    batches.iter().map(|batch| batch.bytes.len() as u64).sum()
}
