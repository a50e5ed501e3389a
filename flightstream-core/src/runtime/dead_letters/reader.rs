use std::collections::VecDeque;
use std::fmt;

use super::{DeadLetter, Filter};
use crate::batch::{Offset, TopicPartition};
use crate::log::{Log, LogError};

/// Records that are read at once.
const CHUNK: usize = 1024;

/// The letters of a dead-letter topic that a filter lets pass, by partition and offset, up to those that were there at
/// the beginning.
pub struct DeadLetters<'a> {
    log: &'a dyn Log,
    filter: Filter,
    /// What is still to be read, with its end.
    partitions: VecDeque<(TopicPartition, Offset, Offset)>,
    read: VecDeque<DeadLetter>,
}

impl<'a> DeadLetters<'a> {
    /// Begins to read.
    ///
    /// # Errors
    /// [`LogError::UnknownTopic`].
    pub fn read(log: &'a dyn Log, topic: &str, filter: Filter) -> Result<Self, LogError> {
        let ranges = log.offsets(topic)?.into_iter().zip(0..);
        let partition = |(range, number): (crate::log::OffsetRange, u32)| {
            (TopicPartition::new(topic, number), range.start, range.end)
        };
        Ok(Self {
            log,
            filter,
            partitions: ranges.map(partition).collect(),
            read: VecDeque::new(),
        })
    }

    /// Reads the next records. Whether there were any.
    fn fill(&mut self) -> Result<bool, LogError> {
        let Some((partition, position, end)) = self.partitions.front_mut() else {
            return Ok(false);
        };
        let mut records = self.log.read(partition, *position, CHUNK)?;
        records.retain(|record| record.origin < *end);
        match records.last() {
            Some(last) => *position = last.origin + 1,
            None => {
                self.partitions.pop_front();
                return Ok(true);
            }
        }
        let letters = records
            .into_iter()
            .map(|record| DeadLetter::of(partition, record));
        self.read
            .extend(letters.filter(|letter| self.filter.matches(letter)));
        Ok(true)
    }
}

impl Iterator for DeadLetters<'_> {
    type Item = Result<DeadLetter, LogError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(letter) = self.read.pop_front() {
                return Some(Ok(letter));
            }
            match self.fill() {
                Ok(true) => {}
                Ok(false) => return None,
                Err(error) => {
                    self.partitions.clear();
                    return Some(Err(error));
                }
            }
        }
    }
}

impl fmt::Debug for DeadLetters<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeadLetters")
            .field("filter", &self.filter)
            .field("partitions", &self.partitions)
            .finish_non_exhaustive()
    }
}
