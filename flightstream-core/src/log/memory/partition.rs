use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use bytes::Bytes;

use crate::batch::{Offset, Raw, Record};
use crate::log::wakers::Wakers;
use crate::log::{Cleanup, Compaction, OffsetRange};
use crate::time::Timestamp;

/// Below this many records a partition is not compacted on its own.
const COMPACT_FROM: usize = 1024;

/// One partition: its records in offset order, with gaps where some were compacted away.
pub(super) struct Partition {
    cleanup: Cleanup,
    records: VecDeque<Record<Raw>>,
    next: Offset,
    bytes: u64,
    newest: Option<Timestamp>,
    compact_at: usize,
    /// The end offset at the last compaction: a tombstone before it has been through one.
    compacted_to: Offset,
    /// Before it, tombstones may have been removed.
    tombstones_from: Offset,
    wakers: Arc<Wakers>,
}

impl Partition {
    pub(super) fn new(cleanup: Cleanup) -> Self {
        Self {
            cleanup,
            records: VecDeque::new(),
            next: 0,
            bytes: 0,
            newest: None,
            compact_at: COMPACT_FROM,
            compacted_to: 0,
            tombstones_from: 0,
            wakers: Arc::default(),
        }
    }

    pub(super) fn wakers(&self) -> Arc<Wakers> {
        Arc::clone(&self.wakers)
    }

    pub(super) fn offsets(&self) -> OffsetRange {
        let start = self.records.front().map_or(self.next, |first| first.origin);
        OffsetRange {
            start,
            end: self.next,
        }
    }

    pub(super) fn tombstones_from(&self) -> Offset {
        self.tombstones_from
    }

    pub(super) fn read(&self, from: Offset, max_records: usize) -> Vec<Record<Raw>> {
        let first = self.records.partition_point(|record| record.origin < from);
        let unread = self.records.range(first..);
        unread.take(max_records).cloned().collect()
    }

    pub(super) fn append(&mut self, records: Vec<Record<Raw>>) {
        for mut record in records {
            record.origin = self.next;
            self.next += 1;
            self.newest = self.newest.max(Some(record.event_time));
            self.bytes = self.bytes.saturating_add(size(&record));
            self.records.push_back(record);
        }
        if self.cleanup.compact.is_some() && self.records.len() >= self.compact_at {
            self.clean();
        } else {
            self.expire();
        }
    }

    /// Applies compaction and retention.
    pub(super) fn clean(&mut self) {
        if let Some(compaction) = self.cleanup.compact {
            self.compact(compaction);
        }
        self.expire();
        self.compact_at = COMPACT_FROM.max(self.records.len().saturating_mul(2));
    }

    fn expire(&mut self) {
        let oldest = self.oldest_kept();
        let limit = self.cleanup.retention_bytes.unwrap_or(u64::MAX);
        while let Some(first) = self.records.front() {
            if self.bytes <= limit && oldest.is_none_or(|oldest| first.event_time >= oldest) {
                return;
            }
            self.bytes = self.bytes.saturating_sub(size(first));
            self.records.pop_front();
        }
    }

    fn compact(&mut self, compaction: Compaction) {
        let mut kept: HashMap<Bytes, (Timestamp, Offset)> = HashMap::new();
        for record in &self.records {
            let Some(key) = record.key.clone() else {
                continue;
            };
            let time = match compaction {
                Compaction::LastOffset => Timestamp::default(),
                Compaction::NewestEventTime => record.event_time,
            };
            let place = (time, record.origin);
            let greatest = kept.entry(key).or_insert(place);
            *greatest = place.max(*greatest);
        }
        let oldest = self.oldest_kept();
        let compacted_to = self.compacted_to;
        self.records.retain(|record| {
            let superseded = record
                .key
                .as_ref()
                .is_some_and(|key| kept.get(key).map(|(_, offset)| *offset) != Some(record.origin));
            let deleted = record.value.0.is_none() && record.origin < compacted_to;
            let expired = oldest.is_some_and(|oldest| record.event_time < oldest);
            !(superseded || deleted || expired)
        });
        self.bytes = self.records.iter().map(size).sum();
        self.tombstones_from = compacted_to;
        self.compacted_to = self.next;
    }

    fn oldest_kept(&self) -> Option<Timestamp> {
        Some(self.newest?.minus(self.cleanup.retention?))
    }
}

/// What a record counts for against `retention_bytes`: its key, value and headers.
fn size(record: &Record<Raw>) -> u64 {
    let key = record.key.as_ref().map_or(0, Bytes::len);
    let value = record.value.0.as_ref().map_or(0, Bytes::len);
    let headers = record.headers.iter();
    let headers: usize = headers.map(|(name, value)| name.len() + value.len()).sum();
    u64::try_from(key + value + headers).unwrap_or(u64::MAX)
}
