//! Snapshots: what a store held at some moment, in a file, so that a start need not read its whole changelog.
//!
//! ```text
//! magic      8 bytes, the last is the version of the format
//! header     its length in 4 bytes, a `SnapshotHeader` in postcard's form, XXH3 of all that comes before
//! blocks     each: its length in 4 bytes, XXH3 of its entries seeded by the header's and the block's number, entries
//!            an entry: the lengths of key and value in 4 bytes each, key, value; keys ascend from first to last
//! end        the number of entries in 8 bytes, XXH3 of that seeded by the header's and the number of blocks
//! ```
//!
//! Integers are little-endian. A file that is not exactly this is refused.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, ErrorKind, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};
use thiserror::Error;
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use super::changes::Changes;
use crate::time::Timestamp;

const MAGIC: [u8; 8] = *b"flstate\x01";
/// A block is closed when its entries take as much.
const BLOCK_BYTES: usize = 64 * 1024;
const END_BYTES: u64 = 16;
/// How the name of a snapshot that is being written ends.
pub(crate) const TEMPORARY: &str = "tmp";
static WRITTEN: AtomicU64 = AtomicU64::new(0);

/// What a snapshot says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotHeader {
    /// Kind and types of the store.
    pub schema: String,
    /// The offset in the changelog's partition up to which changes are in it.
    pub changelog: u64,
    /// The offsets up to which the task had read its input: topic, partition, and the offset after the last record.
    pub inputs: Vec<(String, u32, u64)>,
    /// When it was taken.
    pub taken_at: Timestamp,
}

/// Why a snapshot cannot be read or written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// The system refused.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// It is not a snapshot of this format: another version wrote it, or another program.
    #[error("it is no snapshot that this version reads")]
    UnknownFormat,
    /// It was cut off or changed after it was written.
    #[error("it is damaged: {0}")]
    Damaged(&'static str),
    /// The snapshot that newer changes were to be added to is not there any more.
    #[error("the snapshot before it is gone")]
    BaseGone,
}

use SnapshotError::Damaged;

/// A stored key and value.
pub type StoredEntry<'a> = (&'a [u8], &'a [u8]);

/// Reads a snapshot from front to back, and trusts nothing that it has not checked.
///
/// ```
/// use flightstream_core::store::snapshot::SnapshotReader;
/// use std::io::Cursor;
///
/// assert!(SnapshotReader::new(Cursor::new(b"no snapshot")).is_err());
/// ```
pub struct SnapshotReader<R> {
    input: R,
    header: SnapshotHeader,
    seed: u64,
    /// Bytes of blocks that are not read yet.
    unread: u64,
    blocks: u64,
    entries: u64,
    entries_left: u64,
    end: [u8; 8],
    block: Vec<u8>,
    next: usize,
    key: Range<usize>,
    value: Range<usize>,
    last_key: Option<Vec<u8>>,
    bytes: u64,
}

impl SnapshotReader<BufReader<File>> {
    /// Opens a file; `None` if there is none.
    pub(crate) fn open(path: &Path) -> Result<Option<Self>, SnapshotError> {
        match File::open(path) {
            Ok(file) => Self::new(BufReader::with_capacity(BLOCK_BYTES, file)).map(Some),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

impl<R: Read + Seek> SnapshotReader<R> {
    /// Reads the header and the end.
    ///
    /// # Errors
    /// If it is not a whole snapshot.
    pub fn new(mut input: R) -> Result<Self, SnapshotError> {
        let bytes = input.seek(SeekFrom::End(0))?;
        input.rewind()?;
        let mut magic = [0; 12];
        let header_end = (bytes >= 12)
            .then(|| input.read_exact(&mut magic))
            .transpose()?;
        let (format, length) = magic.split_at(8);
        if header_end.is_none() || format != MAGIC {
            return Err(SnapshotError::UnknownFormat);
        }
        let length = u32::from_le_bytes(length.try_into().unwrap_or_default());
        let header_end = 12 + u64::from(length) + 8;
        let unread = bytes
            .checked_sub(header_end + END_BYTES)
            .ok_or(Damaged("it is cut off"))?;

        let mut covered = magic.to_vec();
        (&mut input).take(length.into()).read_to_end(&mut covered)?;
        let seed = xxh3_64(&covered);
        if read_u64(&mut input)? != seed {
            return Err(Damaged("its header is not what was written"));
        }
        let header = covered.get(12..).map(postcard::from_bytes);
        let header = header
            .and_then(Result::ok)
            .ok_or(Damaged("its header is no header"))?;

        input.seek(SeekFrom::Start(bytes - END_BYTES))?;
        let entries = read_u64(&mut input)?;
        let end = read_u64(&mut input)?.to_le_bytes();
        input.seek(SeekFrom::Start(header_end))?;
        Ok(Self {
            input,
            header,
            seed,
            unread,
            blocks: 0,
            entries,
            entries_left: entries,
            end,
            block: Vec::new(),
            next: 0,
            key: 0..0,
            value: 0..0,
            last_key: None,
            bytes,
        })
    }

    /// What the snapshot says of itself.
    #[must_use]
    pub fn header(&self) -> &SnapshotHeader {
        &self.header
    }

    /// How many entries have not been read yet, if the snapshot is whole.
    #[must_use]
    pub fn remaining(&self) -> u64 {
        self.entries_left
    }

    /// The size of the file.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The next entry; `None` after the last, when all has turned out to be whole.
    ///
    /// # Errors
    /// If it is damaged. What was read of it before is not to be trusted either.
    pub fn next_entry(&mut self) -> Result<Option<StoredEntry<'_>>, SnapshotError> {
        if !self.advance()? {
            return Ok(None);
        }
        Ok(self.entry())
    }

    /// The entry that the last call of `advance` came to.
    fn entry(&self) -> Option<StoredEntry<'_>> {
        Some((
            self.block.get(self.key.clone())?,
            self.block.get(self.value.clone())?,
        ))
    }

    fn advance(&mut self) -> Result<bool, SnapshotError> {
        if self.next >= self.block.len() && !self.read_block()? {
            return Ok(false);
        }
        let outside = || Damaged("an entry reaches out of its block");
        let rest = self.block.get(self.next..).ok_or_else(outside)?;
        let (lengths, rest) = rest.split_first_chunk::<8>().ok_or_else(outside)?;
        let (key, value) = lengths.split_at(4);
        let length = |bytes: &[u8]| {
            let bytes = bytes.try_into().unwrap_or_default();
            usize::try_from(u32::from_le_bytes(bytes)).unwrap_or(usize::MAX)
        };
        let start = self.block.len() - rest.len();
        let value_start = start.saturating_add(length(key));
        let end = value_start.saturating_add(length(value));
        if end > self.block.len() {
            return Err(outside());
        }
        (self.key, self.value, self.next) = (start..value_start, value_start..end, end);
        self.entries_left = self
            .entries_left
            .checked_sub(1)
            .ok_or(Damaged("it has more entries than were written"))?;
        let key = self.block.get(self.key.clone()).unwrap_or_default();
        match &mut self.last_key {
            Some(last) if last.as_slice() >= key => {
                return Err(Damaged("its entries are not in order"));
            }
            Some(last) => {
                last.clear();
                last.extend_from_slice(key);
            }
            None => self.last_key = Some(key.to_vec()),
        }
        Ok(true)
    }

    /// Whether there was another block.
    fn read_block(&mut self) -> Result<bool, SnapshotError> {
        let seed = self.seed.wrapping_add(self.blocks);
        if self.unread == 0 {
            let expected = xxh3_64_with_seed(&self.entries.to_le_bytes(), seed);
            if self.entries_left > 0 || expected.to_le_bytes() != self.end {
                return Err(Damaged("its end is not what was written"));
            }
            return Ok(false);
        }
        let head = 4 + 8;
        let mut length = [0; 4];
        if self.unread < head {
            return Err(Damaged("it is cut off"));
        }
        self.input.read_exact(&mut length)?;
        let length = u64::from(u32::from_le_bytes(length));
        let checksum = read_u64(&mut self.input)?;
        self.unread = self
            .unread
            .checked_sub(head + length)
            .ok_or(Damaged("a block reaches over the end"))?;
        self.block.clear();
        (&mut self.input)
            .take(length)
            .read_to_end(&mut self.block)?;
        if length == 0 || xxh3_64_with_seed(&self.block, seed) != checksum {
            return Err(Damaged("a block is not what was written"));
        }
        self.next = 0;
        self.blocks += 1;
        Ok(true)
    }
}

fn read_u64(input: &mut impl Read) -> Result<u64, SnapshotError> {
    let mut bytes = [0; 8];
    input.read_exact(&mut bytes)?;
    Ok(u64::from_le_bytes(bytes))
}

/// Writes a snapshot in the place of the one at `path`: what `base` holds with the changes since. It is there as a
/// whole or not at all.
pub(crate) fn write(
    path: &Path,
    header: &SnapshotHeader,
    base: Option<SnapshotReader<BufReader<File>>>,
    changes: &Changes,
) -> Result<(), SnapshotError> {
    // Two of them may be under way, when a task is started again meanwhile.
    let number = WRITTEN.fetch_add(1, Ordering::Relaxed);
    let temporary = path.with_extension(format!("{number}.{TEMPORARY}"));
    let written = write_to(&temporary, header, base, changes).and_then(|()| {
        fs::rename(&temporary, path)?;
        if let Some(parent) = path.parent() {
            File::open(parent)?.sync_all()?;
        }
        Ok(())
    });
    if written.is_err() {
        // It may not even have been made; the next start clears it away.
        let _ = fs::remove_file(&temporary);
    }
    written
}

fn write_to(
    path: &Path,
    header: &SnapshotHeader,
    base: Option<SnapshotReader<BufReader<File>>>,
    changes: &Changes,
) -> Result<(), SnapshotError> {
    let output = BufWriter::with_capacity(BLOCK_BYTES, File::create(path)?);
    let mut writer = SnapshotWriter::new(output, header)?;
    let mut changes = changes.sorted().into_iter().peekable();
    if let Some(mut base) = base {
        while base.advance()? {
            let Some((key, value)) = base.entry() else {
                return Err(Damaged("an entry reaches out of its block"));
            };
            while let Some((changed, value)) = changes.next_if(|(changed, _)| *changed < key) {
                writer.put(changed, value)?;
            }
            match changes.next_if(|(changed, _)| *changed == key) {
                Some((changed, value)) => writer.put(changed, value)?,
                None => writer.put(key, Some(value))?,
            }
        }
    }
    for (key, value) in changes {
        writer.put(key, value)?;
    }
    let output = writer.finish()?;
    output
        .into_inner()
        .map_err(io::IntoInnerError::into_error)?
        .sync_all()?;
    Ok(())
}

struct SnapshotWriter<W> {
    output: W,
    seed: u64,
    blocks: u64,
    entries: u64,
    block: Vec<u8>,
}

impl<W: Write> SnapshotWriter<W> {
    fn new(mut output: W, header: &SnapshotHeader) -> Result<Self, SnapshotError> {
        let header = postcard::to_allocvec(header).map_err(io::Error::other)?;
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(&stored_length(&header)?);
        bytes.extend_from_slice(&header);
        let seed = xxh3_64(&bytes);
        bytes.extend_from_slice(&seed.to_le_bytes());
        output.write_all(&bytes)?;
        Ok(Self {
            output,
            seed,
            blocks: 0,
            entries: 0,
            block: Vec::new(),
        })
    }

    /// Adds an entry; without a value it is one that was removed.
    fn put(&mut self, key: &[u8], value: Option<&[u8]>) -> Result<(), SnapshotError> {
        let Some(value) = value else { return Ok(()) };
        self.block.extend_from_slice(&stored_length(key)?);
        self.block.extend_from_slice(&stored_length(value)?);
        self.block.extend_from_slice(key);
        self.block.extend_from_slice(value);
        self.entries += 1;
        if self.block.len() >= BLOCK_BYTES {
            self.end_block()?;
        }
        Ok(())
    }

    fn end_block(&mut self) -> Result<(), SnapshotError> {
        let checksum = xxh3_64_with_seed(&self.block, self.seed.wrapping_add(self.blocks));
        self.output.write_all(&stored_length(&self.block)?)?;
        self.output.write_all(&checksum.to_le_bytes())?;
        self.output.write_all(&self.block)?;
        self.block.clear();
        self.blocks += 1;
        Ok(())
    }

    fn finish(mut self) -> Result<W, SnapshotError> {
        if !self.block.is_empty() {
            self.end_block()?;
        }
        let entries = self.entries.to_le_bytes();
        let checksum = xxh3_64_with_seed(&entries, self.seed.wrapping_add(self.blocks));
        self.output.write_all(&entries)?;
        self.output.write_all(&checksum.to_le_bytes())?;
        Ok(self.output)
    }
}

fn stored_length(bytes: &[u8]) -> Result<[u8; 4], SnapshotError> {
    let length = u32::try_from(bytes.len());
    let length = length.map_err(|_| io::Error::other("an entry is longer than 4 GiB"))?;
    Ok(length.to_le_bytes())
}

impl<R> fmt::Debug for SnapshotReader<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SnapshotReader")
            .field("header", &self.header)
            .field("entries", &self.entries)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::io::Cursor;

    use proptest::collection::{btree_map, vec};
    use proptest::prelude::*;

    use super::*;

    type Entries = BTreeMap<Vec<u8>, Vec<u8>>;

    fn header(changelog: u64) -> SnapshotHeader {
        SnapshotHeader {
            schema: "key-value store of u8 to u8".to_owned(),
            changelog,
            inputs: vec![("in".to_owned(), 3, 70)],
            taken_at: Timestamp::from_seconds(5),
        }
    }

    fn read<R: Read + Seek>(input: R) -> Result<Entries, SnapshotError> {
        let mut reader = SnapshotReader::new(input)?;
        let mut entries = Entries::new();
        assert_eq!(reader.header(), &header(reader.header().changelog));
        while let Some((key, value)) = reader.next_entry()? {
            entries.insert(key.to_vec(), value.to_vec());
        }
        assert_eq!(reader.remaining(), 0);
        Ok(entries)
    }

    fn stored(entries: &Entries) -> Vec<u8> {
        let mut writer = SnapshotWriter::new(Vec::new(), &header(9)).unwrap();
        for (key, value) in entries {
            writer.put(key, Some(value)).unwrap();
        }
        writer.finish().unwrap()
    }

    fn some_entries() -> Entries {
        let entry = |n: u32| (n.to_be_bytes().to_vec(), vec![n as u8; n as usize % 7]);
        (0..30).map(entry).collect()
    }

    #[test]
    fn a_snapshot_cut_off_anywhere_is_refused() {
        let entries = some_entries();
        let whole = stored(&entries);
        assert_eq!(read(Cursor::new(&whole)).unwrap(), entries);
        for length in 0..whole.len() {
            let cut = whole.get(..length).unwrap();
            assert!(read(Cursor::new(cut)).is_err(), "cut to {length} bytes");
        }
        let mut longer = whole;
        longer.push(0);
        assert!(read(Cursor::new(longer)).is_err());
    }

    #[test]
    fn a_snapshot_with_any_bit_changed_is_refused() {
        let whole = stored(&some_entries());
        for position in 0..whole.len() {
            for bit in 0..8 {
                let mut changed = whole.clone();
                *changed.get_mut(position).unwrap() ^= 1 << bit;
                assert!(
                    read(Cursor::new(changed)).is_err(),
                    "bit {bit} of byte {position}"
                );
            }
        }
    }

    #[test]
    fn blocks_of_another_snapshot_or_place_are_refused() {
        let big = |fill: u8| -> Entries {
            let entry = |n: u8| (vec![n], vec![fill; BLOCK_BYTES]);
            (0..3).map(entry).collect()
        };
        let whole = stored(&big(1));
        let block = 12 + 8 + 1 + BLOCK_BYTES;
        let first = whole.len() - 16 - 3 * block;
        let mut swapped = whole;
        let (one, two) = swapped
            .get_mut(first..first + 2 * block)
            .unwrap()
            .split_at_mut(block);
        one.swap_with_slice(two);
        assert!(read(Cursor::new(swapped)).is_err());
    }

    proptest! {
        #[test]
        fn what_changed_replaces_what_was_there(
            base in btree_map(vec(0_u8..3, 0..3), vec(any::<u8>(), 0..4), 0..20),
            changes in vec((vec(0_u8..3, 0..3), proptest::option::of(vec(any::<u8>(), 0..4))), 0..20),
        ) {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("store.snapshot");
            let mut first = Changes::default();
            for (key, value) in &base {
                first.push(key, Some(value));
            }
            write(&path, &header(1), None, &first).unwrap();
            let mut expected = base;
            let mut later = Changes::default();
            for (key, value) in changes {
                later.push(&key, value.as_deref());
                match value {
                    Some(value) => expected.insert(key, value),
                    None => expected.remove(&key),
                };
            }
            write(&path, &header(2), SnapshotReader::open(&path).unwrap(), &later).unwrap();
            prop_assert_eq!(read(File::open(&path).unwrap()).unwrap(), expected);
            prop_assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        }

        #[test]
        fn no_bytes_are_read_as_more_than_they_are(bytes in vec(any::<u8>(), 0..200)) {
            prop_assert!(read(Cursor::new(&bytes)).is_err());
            let framed = [&MAGIC[..], &bytes].concat();
            prop_assert!(read(Cursor::new(framed)).is_err());
        }
    }
}
