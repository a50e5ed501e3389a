use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use super::ArchiveError;
use super::line::{FORM, Head, Line, Tail};
use crate::batch::{Raw, Record, TopicPartition};
use crate::log::{Isolation, Log, Pending};

/// No text in it is larger than [`LARGEST_TEXT`](super::line::LARGEST_TEXT) and none of its bytes takes more than six
/// characters; what is larger is base64, so that a record of 5 MiB has room in it.
const LONGEST_LINE: usize = 8 << 20;
/// An import reads nothing of a log, so it commits no offsets.
const GROUP: &str = "flightstream-import";

/// An archive that is whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Archive {
    path: PathBuf,
    topic: String,
    partitions: u32,
    records: u64,
}

impl Archive {
    /// Reads a file from its beginning to its end, so that one that is cut off or broken is refused now.
    ///
    /// # Errors
    /// If it cannot be read, or is no archive, or not a whole one.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, ArchiveError> {
        let path = path.into();
        let mut lines = Lines::open(&path)?;
        let mut archive = lines.head()?;
        while let Some((_, record)) = lines.next_record(archive.partitions)? {
            drop(record);
            archive.records += 1;
        }
        Ok(Self { path, ..archive })
    }

    /// The topic that it was made of.
    #[must_use]
    pub fn topic(&self) -> &str {
        &self.topic
    }

    /// How many partitions that topic had.
    #[must_use]
    pub const fn partitions(&self) -> u32 {
        self.partitions
    }

    /// How many records it holds.
    #[must_use]
    pub const fn records(&self) -> u64 {
        self.records
    }

    /// Appends its records to a topic, and tells how many. Each goes to the partition that it had, if the topic has as many
    /// of them; otherwise to that of its key. Offsets are new ones. `progress` is told the number now and then.
    ///
    /// # Errors
    /// If the topic is not there, or cannot be written to; what was committed before is in it then.
    pub fn import(
        &self,
        log: &dyn Log,
        topic: &str,
        mut progress: impl FnMut(u64),
    ) -> Result<u64, ArchiveError> {
        let keeps_partitions = log.offsets(topic)?.len() == self.partitions as usize;
        let mut writer = log.writer(Isolation::Immediate)?;
        let mut lines = Lines::open(&self.path)?;
        lines.head()?;
        let mut chunk: BTreeMap<u32, Vec<Record<Raw>>> = BTreeMap::new();
        let (mut pending, mut written) = (Pending::default(), 0);
        loop {
            let next = lines.next_record(self.partitions)?;
            if pending.is_full() || next.is_none() {
                pending = Pending::default();
                for (partition, records) in std::mem::take(&mut chunk) {
                    written += records.len() as u64;
                    if keeps_partitions {
                        writer.append_to(&TopicPartition::new(topic, partition), records)?;
                    } else {
                        writer.append(topic, records)?;
                    }
                }
                writer.commit(GROUP, &[])?;
                progress(written);
            }
            let Some((partition, record)) = next else {
                return Ok(written);
            };
            pending.add(&record);
            chunk.entry(partition).or_default().push(record);
        }
    }
}

/// A file's lines, without their compression.
struct Lines {
    reader: Box<dyn BufRead>,
    line: Vec<u8>,
    number: u64,
    records: u64,
}

impl Lines {
    fn open(path: &Path) -> Result<Self, ArchiveError> {
        let mut file = BufReader::with_capacity(1 << 16, File::open(path)?);
        let start = file.fill_buf()?;
        let reader: Box<dyn BufRead> = if start.starts_with(&[0x1f, 0x8b]) {
            let decoder = flate2::bufread::MultiGzDecoder::new(file);
            Box::new(BufReader::with_capacity(1 << 16, decoder))
        } else if start.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
            let decoder = zstd::Decoder::with_buffer(file)?;
            Box::new(BufReader::with_capacity(1 << 16, decoder))
        } else {
            Box::new(file)
        };
        Ok(Self {
            reader,
            line: Vec::new(),
            number: 0,
            records: 0,
        })
    }

    /// Reads the next line, without its end. Whether there is one.
    fn advance(&mut self) -> Result<bool, ArchiveError> {
        self.line.clear();
        self.number += 1;
        let mut bounded = (&mut self.reader).take(LONGEST_LINE as u64);
        let read = bounded.read_until(b'\n', &mut self.line);
        // A compressed file that is cut off ends in the midst of a block.
        let is_cut = |error: &std::io::Error| error.kind() == std::io::ErrorKind::UnexpectedEof;
        match read {
            Err(error) if is_cut(&error) => return Err(self.incomplete()),
            read => read?,
        };
        match self.line.pop() {
            None => Ok(false),
            Some(b'\n') => Ok(true),
            Some(_) if self.line.len() + 1 == LONGEST_LINE => Err(ArchiveError::Line {
                number: self.number,
                reason: format!("it is longer than {LONGEST_LINE} bytes"),
            }),
            Some(_) => Err(self.incomplete()),
        }
    }

    fn head(&mut self) -> Result<Archive, ArchiveError> {
        if !self.advance()? {
            return Err(ArchiveError::NoArchive);
        }
        let head: Head<'_> =
            serde_json::from_slice(&self.line).map_err(|_| ArchiveError::NoArchive)?;
        if head.archive > FORM {
            return Err(ArchiveError::Newer {
                found: head.archive,
            });
        }
        Ok(Archive {
            path: PathBuf::new(),
            topic: head.topic.into_owned(),
            partitions: head.partitions,
            records: 0,
        })
    }

    /// The next record with its partition; `None` where the archive says that it ends, if it does.
    fn next_record(&mut self, partitions: u32) -> Result<Option<(u32, Record<Raw>)>, ArchiveError> {
        if !self.advance()? {
            return Err(self.incomplete());
        }
        if let Ok(tail) = serde_json::from_slice::<Tail>(&self.line) {
            let is_whole = tail.records == self.records && !self.advance()?;
            return is_whole.then_some(None).ok_or_else(|| self.incomplete());
        }
        let number = self.number;
        let wrong = |reason: String| ArchiveError::Line { number, reason };
        let line: Line<'_> =
            serde_json::from_slice(&self.line).map_err(|error| wrong(error.to_string()))?;
        let partition = line.partition;
        if partition >= partitions {
            return Err(wrong(format!("there is no partition {partition}")));
        }
        let record = line.record().map_err(wrong)?;
        self.records += 1;
        Ok(Some((partition, record)))
    }

    fn incomplete(&self) -> ArchiveError {
        ArchiveError::Incomplete {
            records: self.records,
        }
    }
}
