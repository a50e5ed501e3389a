use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use futures::stream::Stream;

use super::tracker::PartitionTracker;
use crate::Fatal;
use crate::batch::{Batch, Offset, Raw, Span};
use crate::log::{PartitionReader, Start, Subscription};

/// Which topic an app reads, for which group, from where.
#[derive(Clone, Debug)]
pub struct Source {
    pub(crate) subscription: Subscription,
    pub(crate) batch_size: usize,
}

impl Source {
    pub(crate) fn new(topic: String, group: String) -> Self {
        Self {
            subscription: Subscription {
                group,
                topic,
                start: Start::Committed,
            },
            batch_size: 1024,
        }
    }

    /// Reads everything from the first record on at every start, instead of going on where the group has committed:
    /// for views that are rebuilt.
    #[must_use]
    pub fn from_earliest(mut self) -> Self {
        self.subscription.start = Start::Earliest;
        self
    }

    /// How many records a batch has at most, by default 1,024. More give a little throughput for a little latency.
    #[must_use]
    pub fn batch_size(mut self, records: usize) -> Self {
        self.batch_size = records.clamp(1, 65_536);
        self
    }
}

/// The records of one partition, as a pipeline gets them.
pub struct TaskRecords {
    intake: Arc<Mutex<Intake>>,
}

/// The side of a task that its pipeline pulls from and its worker steers.
pub(crate) struct Intake {
    pub(crate) reader: Box<dyn PartitionReader>,
    pub(crate) tracker: PartitionTracker,
    pub(crate) open: bool,
    batch_size: usize,
}

impl Intake {
    pub(crate) fn new(reader: Box<dyn PartitionReader>, batch_size: usize) -> Arc<Mutex<Self>> {
        let tracker = PartitionTracker::new(reader.position());
        Arc::new(Mutex::new(Self {
            reader,
            tracker,
            open: true,
            batch_size,
        }))
    }

    /// Goes back to the last commit.
    pub(crate) fn rewind(&mut self) {
        self.move_to(self.tracker.committed());
    }

    /// Goes to a position that everything before is committed of.
    pub(crate) fn move_to(&mut self, position: Offset) {
        self.tracker = PartitionTracker::new(position);
        self.reader.seek(position);
        self.open = true;
    }

    pub(crate) fn poll_batch(&mut self, cx: &mut Context<'_>) -> Poll<Result<Batch<Raw>, Fatal>> {
        if !self.open {
            return Poll::Pending;
        }
        let records = match self.reader.poll_fetch(cx, self.batch_size) {
            Poll::Ready(records) => records?,
            Poll::Pending => {
                self.tracker.advance()?;
                self.tracker.skip_to(self.reader.position());
                return Poll::Pending;
            }
        };
        let (Some(first), Some(last)) = (records.first(), records.last()) else {
            return Poll::Pending;
        };
        let span = Span {
            topic_partition: self.reader.topic_partition().clone(),
            first: first.origin,
            last: last.origin,
            count: records.len() as u64,
        };
        let ack = self.tracker.register(span.clone());
        Poll::Ready(Ok(Batch::from_log(records, span, ack)))
    }
}

pub(crate) fn lock(intake: &Mutex<Intake>) -> MutexGuard<'_, Intake> {
    // A panic of the pipeline cannot leave it half changed: it is locked for one of its own methods at a time.
    intake.lock().unwrap_or_else(PoisonError::into_inner)
}

impl TaskRecords {
    pub(crate) fn new(intake: Arc<Mutex<Intake>>) -> Self {
        Self { intake }
    }
}

impl Stream for TaskRecords {
    type Item = Result<Batch<Raw>, Fatal>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        lock(&self.intake).poll_batch(cx).map(Some)
    }
}

impl fmt::Debug for TaskRecords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TaskRecords")
            .field(lock(&self.intake).reader.topic_partition())
            .finish()
    }
}
