use std::task::{Context, Poll, Waker};

use super::context::TaskTable;
use super::sink::Outputs;
use crate::Fatal;
use crate::batch::{Offset, TopicPartition};
use crate::log::{Log, PartitionReader};

/// Entries read before other tasks get their turn.
const CHUNK: usize = 8192;

/// Keeps a task's table up to date with a partition of the table's topic.
pub(crate) struct TopicFeed {
    table: TaskTable,
    reader: Box<dyn PartitionReader>,
    /// The end of the topic when the task started.
    complete_at: Offset,
    unusable: u64,
}

impl TopicFeed {
    /// Those of a table: one for the task's own partition, or one for each.
    pub(crate) fn open(
        log: &dyn Log,
        table: &TaskTable,
        partition: u32,
    ) -> Result<Vec<Self>, Fatal> {
        let partitions = if table.is_global {
            0..u32::try_from(log.offsets(table.topic)?.len()).unwrap_or(u32::MAX)
        } else {
            partition..partition + 1
        };
        let open = |partition| {
            let reader = log.partition_reader(&TopicPartition::new(table.topic, partition), 0)?;
            let complete_at = reader.end()?;
            Ok(Self {
                table: table.clone(),
                reader,
                complete_at,
                unusable: 0,
            })
        };
        partitions.map(open).collect()
    }

    /// Reads on. Whether everything is read that was there when the task started.
    pub(crate) fn restore(&mut self) -> Result<bool, Fatal> {
        let mut cx = Context::from_waker(Waker::noop());
        match self.read(&mut cx)? {
            true => Ok(self.reader.position() >= self.complete_at),
            // Compaction may have removed the last entries.
            false => Ok(true),
        }
    }

    /// How many entries are still to be read before the task starts.
    pub(crate) fn remaining(&self) -> u64 {
        self.complete_at.saturating_sub(self.reader.position())
    }

    /// Takes over what was appended since.
    pub(crate) fn update(
        &mut self,
        cx: &mut Context<'_>,
        outputs: &mut Outputs<'_>,
    ) -> Result<(), Fatal> {
        while self.read(cx)? {}
        if self.unusable > 0 {
            outputs.count("unusable_table_entries", std::mem::take(&mut self.unusable));
        }
        Ok(())
    }

    fn read(&mut self, cx: &mut Context<'_>) -> Result<bool, Fatal> {
        match self.reader.poll_fetch(cx, CHUNK) {
            Poll::Ready(records) => {
                self.unusable += self.table.feed.borrow_mut().apply(&records?);
                Ok(true)
            }
            Poll::Pending => Ok(false),
        }
    }
}
