use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::Fatal;
use crate::batch::{Batch, Raw, Record};
use crate::runtime::{MakeSink, Outputs, Sink, TaskContext};

/// A record that came out of a pipeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output<T> {
    /// The partition whose task it came from.
    pub partition: u32,
    /// The record. Its `origin` is the offset of the record that it was made from, or that brought it about.
    pub record: Record<T>,
}

/// A sink that keeps records as they are. What goes to the log in their place is where they are kept, so that a record
/// is in the output when its transaction is committed, and is not when a crash came first.
pub(super) struct Capture<T>(Arc<Mutex<Vec<Output<T>>>>);

/// The sink of one task.
pub(super) struct CaptureTask<T> {
    partition: u32,
    kept: Capture<T>,
}

/// The topic that a driver's output goes to.
pub(super) const OUTPUT: &str = "output";

impl<T> Capture<T> {
    pub(super) fn new() -> Self {
        Self(Arc::default())
    }

    /// The record that one of the output topic stands for.
    pub(super) fn get(&self, record: &Record<Raw>) -> Option<Output<T>>
    where
        T: Clone,
    {
        let place = record.value.as_bytes()?.try_into().ok()?;
        let place = usize::try_from(u64::from_be_bytes(place)).ok()?;
        self.lock().get(place).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Output<T>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Clone for Capture<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: Send + 'static> MakeSink<T> for Capture<T> {
    type Sink = CaptureTask<T>;

    fn make(&self, cx: &TaskContext) -> CaptureTask<T> {
        CaptureTask {
            partition: cx.topic_partition().partition(),
            kept: self.clone(),
        }
    }
}

impl<T> Sink<T> for CaptureTask<T> {
    fn send(&mut self, batch: Batch<T>, outputs: &mut Outputs<'_>) -> Result<(), Fatal> {
        let (records, ack) = batch.into_parts();
        let mut kept = self.kept.lock();
        let mut places = Vec::with_capacity(records.len());
        for record in records {
            let place = (kept.len() as u64).to_be_bytes();
            places.push(Record::new(Raw::from(place.to_vec()), record.event_time));
            kept.push(Output {
                partition: self.partition,
                record,
            });
        }
        drop(kept);
        outputs.uncommitted.emitted += places.len() as u64;
        if !places.is_empty() {
            outputs.append(OUTPUT, places)?;
        }
        ack.resolve();
        Ok(())
    }
}
