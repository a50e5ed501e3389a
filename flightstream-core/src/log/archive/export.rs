use std::io::{BufWriter, Write};
use std::ops::Range;

use super::line::{FORM, Head, Line, Tail};
use super::{ArchiveError, Compression};
use crate::batch::{Offset, TopicPartition};
use crate::log::Log;

/// Records that are read at a time.
const CHUNK: usize = 4096;
/// What zstd gets most out of for its time.
const ZSTD_LEVEL: i32 = 3;

/// What of a topic goes into an archive: all that is committed and there, unless less is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    topic: String,
    partition: Option<u32>,
    offsets: Range<Offset>,
}

impl Export {
    /// A whole topic.
    #[must_use]
    pub fn of(topic: impl Into<String>) -> Self {
        Self {
            topic: topic.into(),
            partition: None,
            offsets: 0..Offset::MAX,
        }
    }

    /// One partition of it.
    #[must_use]
    pub fn partition(mut self, partition: u32) -> Self {
        self.partition = Some(partition);
        self
    }

    /// Only these offsets of each partition.
    #[must_use]
    pub fn offsets(mut self, offsets: Range<Offset>) -> Self {
        self.offsets = offsets;
        self
    }

    /// Writes the archive and tells how many records it holds. What is appended meanwhile is not in it. `progress` is told
    /// the number of records now and then.
    ///
    /// # Errors
    /// If the log cannot be read or the file not be written.
    pub fn write(
        &self,
        log: &dyn Log,
        file: impl Write,
        compression: Compression,
        progress: impl FnMut(u64),
    ) -> Result<u64, ArchiveError> {
        let file = BufWriter::new(file);
        match compression {
            Compression::None => {
                let (mut file, records) = self.write_lines(log, file, progress)?;
                file.flush()?;
                Ok(records)
            }
            Compression::Gzip => {
                let level = flate2::Compression::default();
                let encoder = flate2::write::GzEncoder::new(file, level);
                let (encoder, records) = self.write_lines(log, encoder, progress)?;
                encoder.finish()?.flush()?;
                Ok(records)
            }
            Compression::Zstd => {
                let mut encoder = zstd::Encoder::new(file, ZSTD_LEVEL)?;
                encoder.include_checksum(true)?;
                let (encoder, records) = self.write_lines(log, encoder, progress)?;
                encoder.finish()?.flush()?;
                Ok(records)
            }
        }
    }

    fn write_lines<W: Write>(
        &self,
        log: &dyn Log,
        mut out: W,
        mut progress: impl FnMut(u64),
    ) -> Result<(W, u64), ArchiveError> {
        let ranges = log.offsets(&self.topic)?;
        let partitions = u32::try_from(ranges.len()).unwrap_or(u32::MAX);
        if let Some(partition) = self.partition.filter(|partition| *partition >= partitions) {
            return Err(ArchiveError::Log(crate::log::LogError::UnknownPartition {
                topic: self.topic.clone(),
                partition,
                partitions,
            }));
        }
        let head = Head {
            archive: FORM,
            topic: self.topic.as_str().into(),
            partitions,
        };
        line(&mut out, &head)?;
        let mut records = 0;
        for (range, number) in ranges.into_iter().zip(0..) {
            if self.partition.is_some_and(|wanted| wanted != number) {
                continue;
            }
            let partition = TopicPartition::new(self.topic.as_str(), number);
            let end = range.end.min(self.offsets.end);
            let mut from = range.start.max(self.offsets.start);
            while from < end {
                let read = log.read(&partition, from, CHUNK)?;
                let Some(last) = read.last() else { break };
                from = last.origin + 1;
                for record in read.iter().filter(|record| record.origin < end) {
                    line(&mut out, &Line::of(number, record))?;
                    records += 1;
                }
                progress(records);
            }
        }
        line(&mut out, &Tail { records })?;
        Ok((out, records))
    }
}

fn line(out: &mut impl Write, value: &impl serde::Serialize) -> Result<(), ArchiveError> {
    serde_json::to_writer(&mut *out, value).map_err(std::io::Error::from)?;
    Ok(out.write_all(b"\n")?)
}
