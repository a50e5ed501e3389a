//! The stored form of a run of records.
//!
//! ```text
//! version    u8      1
//! count      u32     records in it
//! last       u32     offset of the last record, less the base offset in the key
//! reference  i64     timestamp of the first record, ms
//! newest     i64     largest timestamp, ms
//! records:
//!   flags    u8      1: has a key, 2: has a value (else a tombstone), 4: has headers
//!   delta    varint  offset, less the base offset
//!   time     varint  timestamp, less the reference, zigzag
//!   key      varint length, bytes
//!   value    varint length, bytes
//!   headers  varint count; each: name and value, both as varint length, bytes
//! ```
//!
//! Integers are little-endian. There is no checksum: fjall keeps one for each journal entry and each value.

use bytes::Bytes;

use super::stored_record::{put_record, skip_record, stored_size, take_record};
use super::varint::{Cursor, Malformed};
use crate::batch::{Offset, Raw, Record};
use crate::time::Timestamp;

const VERSION: u8 = 1;
const HEADER: usize = 1 + 4 + 4 + 8 + 8;

/// A batch is not extended beyond this.
const MAX_BYTES: usize = 1024 * 1024;
const MAX_RECORDS: u32 = 4096;

/// Records in their stored form.
#[derive(Clone, Debug)]
pub(super) struct RecordBatch {
    /// The first record's offset. Before a commit has assigned one, relative to the first record of the commit.
    pub(super) base: Offset,
    pub(super) header: BatchHeader,
    pub(super) bytes: Bytes,
}

/// What a batch says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BatchHeader {
    pub(super) count: u32,
    pub(super) last: u32,
    pub(super) reference: Timestamp,
    pub(super) newest: Timestamp,
}

impl RecordBatch {
    /// A batch as read back.
    pub(super) fn stored(base: Offset, bytes: Bytes) -> Result<Self, Malformed> {
        let header = BatchHeader::decode(&mut Cursor::new(&bytes))?;
        Ok(Self {
            base,
            header,
            bytes,
        })
    }

    /// The last record's offset.
    pub(super) fn last(&self) -> Offset {
        self.base.saturating_add(u64::from(self.header.last))
    }

    /// Whether the offset lies within the batch.
    pub(super) fn contains(&self, offset: Offset) -> bool {
        (self.base..=self.last()).contains(&offset)
    }

    /// Adds the records from offset `from` on, before `end`, to `records` until that holds `max_records`.
    /// Keys and values share the batch's buffer.
    pub(super) fn read(
        &self,
        from: Offset,
        end: Offset,
        max_records: usize,
        records: &mut Vec<Record<Raw>>,
    ) -> Result<(), Malformed> {
        let mut cursor = Cursor::new(&self.bytes);
        let header = BatchHeader::decode(&mut cursor)?;
        for _ in 0..header.count {
            if records.len() >= max_records {
                return Ok(());
            }
            let flags = cursor.byte()?;
            let offset = self.base.checked_add(cursor.varint()?).ok_or(Malformed)?;
            if offset >= end {
                return Ok(());
            }
            if offset < from {
                skip_record(&mut cursor, flags)?;
            } else {
                records.push(take_record(&mut cursor, flags, offset, header.reference)?);
            }
        }
        if cursor.is_at_end() {
            Ok(())
        } else {
            Err(Malformed)
        }
    }
}

impl BatchHeader {
    fn encode(self) -> [u8; HEADER] {
        let mut header = [0; HEADER];
        let fields = [VERSION]
            .into_iter()
            .chain(self.count.to_le_bytes())
            .chain(self.last.to_le_bytes())
            .chain(self.reference.as_millis().to_le_bytes())
            .chain(self.newest.as_millis().to_le_bytes());
        for (place, byte) in header.iter_mut().zip(fields) {
            *place = byte;
        }
        header
    }

    fn decode(cursor: &mut Cursor<'_>) -> Result<Self, Malformed> {
        if cursor.byte()? != VERSION {
            return Err(Malformed);
        }
        Ok(Self {
            count: u32::from_le_bytes(cursor.array()?),
            last: u32::from_le_bytes(cursor.array()?),
            reference: Timestamp::from_millis(i64::from_le_bytes(cursor.array()?)),
            newest: Timestamp::from_millis(i64::from_le_bytes(cursor.array()?)),
        })
    }
}

/// Writes records into one batch after the other.
#[derive(Debug, Default)]
pub(super) struct BatchWriter {
    done: Vec<RecordBatch>,
    open: Option<OpenBatch>,
    expected: usize,
}

#[derive(Debug)]
struct OpenBatch {
    base: Offset,
    header: BatchHeader,
    bytes: Vec<u8>,
}

impl BatchWriter {
    /// Says that records of so many stored bytes will be added.
    pub(super) fn expect(&mut self, bytes: usize) {
        self.expected = self.expected.saturating_add(bytes);
    }

    /// Adds a record at `offset`, which must grow from call to call.
    pub(super) fn push(&mut self, offset: Offset, record: &Record<Raw>) {
        let size = stored_size(record);
        if self
            .open
            .as_ref()
            .is_some_and(|open| open.is_full(offset, size))
        {
            self.close();
        }
        let room = self.expected.clamp(size, size.max(MAX_BYTES));
        self.expected = self.expected.saturating_sub(size);
        let open = self
            .open
            .get_or_insert_with(|| OpenBatch::new(offset, record.event_time, room));
        open.push(offset, record);
    }

    /// The batches written.
    pub(super) fn finish(mut self) -> Vec<RecordBatch> {
        self.close();
        self.done
    }

    fn close(&mut self) {
        self.done.extend(self.open.take().map(OpenBatch::close));
    }
}

impl OpenBatch {
    fn new(base: Offset, reference: Timestamp, room: usize) -> Self {
        let mut bytes = Vec::with_capacity(HEADER + room);
        bytes.resize(HEADER, 0);
        let header = BatchHeader {
            count: 0,
            last: 0,
            reference,
            newest: reference,
        };
        Self {
            base,
            header,
            bytes,
        }
    }

    fn is_full(&self, offset: Offset, size: usize) -> bool {
        self.header.count >= MAX_RECORDS
            || self.bytes.len() + size > MAX_BYTES
            || u32::try_from(offset.saturating_sub(self.base)).is_err()
    }

    fn push(&mut self, offset: Offset, record: &Record<Raw>) {
        let delta = offset.saturating_sub(self.base);
        put_record(&mut self.bytes, delta, self.header.reference, record);
        let header = &mut self.header;
        header.count += 1;
        header.last = u32::try_from(delta).unwrap_or(u32::MAX);
        header.newest = header.newest.max(record.event_time);
    }

    fn close(mut self) -> RecordBatch {
        if let Some(start) = self.bytes.first_chunk_mut() {
            *start = self.header.encode();
        }
        if self.bytes.capacity() / 4 > self.bytes.len() / 3 {
            self.bytes.shrink_to_fit();
        }
        RecordBatch {
            base: self.base,
            header: self.header,
            bytes: self.bytes.into(),
        }
    }
}
