use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use super::backoff::Backoff;
use super::changelog::Changelog;
use super::context::TaskContext;
use super::meter::Meter;
use super::sink::Outputs;
use super::source::{Intake, lock};
use super::status::{Status, TaskState};
use super::task::Drive;
use super::worker::Plan;
use crate::Fatal;
use crate::batch::{Offset, TopicPartition};
use crate::log::{PartitionReader, Writer};
use crate::time::Timestamp;

/// A partition's place in a worker: its reader, and the task that is built for it, also anew after a failure.
pub(crate) struct Slot {
    pub(crate) partition: TopicPartition,
    pub(crate) uncommitted: Status,
    pub(crate) backoff: Backoff,
    pub(crate) start_at: Instant,
    pub(super) reported: Option<TaskState>,
    pub(super) meter: Meter,
    intake: Arc<Mutex<Intake>>,
    pub(super) task: Option<Running>,
}

/// A task that is built.
pub(super) struct Running {
    drive: Box<dyn Drive>,
    context: TaskContext,
    pub(super) changelogs: Vec<Changelog>,
    pub(super) is_restored: bool,
    has_moved: bool,
    wake_at: Option<Timestamp>,
}

impl Slot {
    pub(crate) fn new(reader: Box<dyn PartitionReader>, batch_size: usize) -> Self {
        Self {
            partition: reader.topic_partition().clone(),
            uncommitted: Status::default(),
            backoff: Backoff::new(Duration::from_millis(100), Duration::from_secs(30)),
            start_at: Instant::now(),
            reported: None,
            meter: Meter::default(),
            intake: Intake::new(reader, batch_size),
            task: None,
        }
    }

    /// Whether there is a task that processes records: built and with its state read back.
    pub(crate) fn is_processing(&self) -> bool {
        self.task.as_ref().is_some_and(|task| task.is_restored)
    }

    /// Whether there is no task, until [`start_at`](Self::start_at).
    pub(crate) fn is_waiting(&self) -> bool {
        self.task.is_none()
    }

    /// When the task asked to be polled though no record has come.
    pub(crate) fn wake_at(&self) -> Option<Timestamp> {
        self.task.as_ref()?.wake_at
    }

    /// Whether there is anything to commit or to drain.
    pub(crate) fn has_uncommitted(&self) -> bool {
        let intake = lock(&self.intake);
        intake.tracker.to_commit().is_some()
            || !intake.tracker.is_drained()
            || self.task.as_ref().is_some_and(|task| task.has_moved)
    }

    /// The offset to commit, if it moved.
    pub(crate) fn to_commit(&self) -> Option<(TopicPartition, Offset)> {
        let offset = lock(&self.intake).tracker.to_commit()?;
        Some((self.partition.clone(), offset))
    }

    /// The record ranges that are in the pipeline, for a message.
    pub(crate) fn in_flight(&self) -> String {
        lock(&self.intake).tracker.in_flight()
    }

    /// How many batches are in the pipeline.
    pub(crate) fn batches_in_flight(&self) -> usize {
        lock(&self.intake).tracker.batches_in_flight()
    }

    /// How many messages the log holds that are not committed, if it tells.
    pub(crate) fn lag(&self) -> Option<u64> {
        let intake = lock(&self.intake);
        let end = intake.reader.end().ok()?;
        Some(end.saturating_sub(intake.tracker.committed()))
    }

    /// Moves at most one batch, or restores a part of the state. Ready when it did.
    pub(crate) fn poll(
        &mut self,
        plan: &Plan,
        cx: &mut Context<'_>,
        writer: &mut dyn Writer,
    ) -> Poll<Result<(), Fatal>> {
        self.guarded(plan, writer, |task, outputs| {
            let polled = task.drive.poll_batch(cx, outputs);
            match &polled {
                Poll::Ready(Ok(())) => task.has_moved = true,
                Poll::Ready(Err(_)) => {}
                Poll::Pending => task.wake_at = task.context.timers().take_next(),
            }
            polled
        })
    }

    /// Builds the task or restores a part of its state. Pending when that is done, so that the next poll moves a batch.
    #[cfg(feature = "testing")]
    pub(crate) fn poll_restore(
        &mut self,
        plan: &Plan,
        writer: &mut dyn Writer,
    ) -> Poll<Result<(), Fatal>> {
        self.guarded(plan, writer, |_, _| Poll::Pending)
    }

    /// Ready when everything that was pulled is delivered.
    pub(crate) fn poll_drain(
        &mut self,
        plan: &Plan,
        cx: &mut Context<'_>,
        writer: &mut dyn Writer,
    ) -> Poll<Result<(), Fatal>> {
        if !self.is_processing() {
            return Poll::Ready(Ok(()));
        }
        self.guarded(plan, writer, |task, outputs| {
            task.drive.poll_drain(cx, outputs)
        })
    }

    /// Polls the task, building and restoring it first. A panic becomes an error.
    fn guarded(
        &mut self,
        plan: &Plan,
        writer: &mut dyn Writer,
        poll: impl FnOnce(&mut Running, &mut Outputs<'_>) -> Poll<Result<(), Fatal>>,
    ) -> Poll<Result<(), Fatal>> {
        if self.task.is_none() && Instant::now() < self.start_at {
            return Poll::Pending;
        }
        // A task that panicked is dropped and built anew, so nothing half changed is looked at again.
        let polled = catch_unwind(AssertUnwindSafe(|| {
            let task = match &mut self.task {
                Some(task) => task,
                None => self
                    .task
                    .insert(build(plan, &self.partition, &self.intake)?),
            };
            if !task.is_restored {
                return task.restore(plan);
            }
            let mut outputs = Outputs {
                writer,
                dead_letters: plan.dead_letters.as_deref(),
                uncommitted: &mut self.uncommitted,
                meter: &self.meter,
            };
            poll(task, &mut outputs)
        }));
        polled.unwrap_or_else(|panic| {
            let message = panic_message(&*panic);
            Poll::Ready(Err(Fatal::Panicked {
                in_flight: self.in_flight(),
                message,
            }))
        })
    }

    /// Writes the changes of the task's state, as part of the commit that follows.
    pub(crate) fn flush_state(&mut self, writer: &mut dyn Writer) -> Result<(), Fatal> {
        let changelogs = self.task.iter_mut().flat_map(|task| &mut task.changelogs);
        for changelog in changelogs {
            changelog.flush(writer)?;
        }
        Ok(())
    }

    /// Takes note of a commit, and tells what it covers that no commit covered before.
    pub(crate) fn committed(&mut self) -> Status {
        let mut done = std::mem::take(&mut self.uncommitted);
        done.read = lock(&self.intake).tracker.commit();
        if let Some(task) = &mut self.task {
            task.has_moved = false;
        }
        self.backoff.reset();
        done
    }

    /// Lets the task pull again after a commit.
    pub(crate) fn reopen(&self) {
        lock(&self.intake).open = true;
    }

    /// Goes back to the last commit; the task is built anew when it is polled next.
    pub(crate) fn rewind(&mut self) {
        self.task = None;
        self.uncommitted = Status::default();
        lock(&self.intake).rewind();
    }
}

fn build(
    plan: &Plan,
    partition: &TopicPartition,
    intake: &Arc<Mutex<Intake>>,
) -> Result<Running, Fatal> {
    let context = (plan.context)(partition.clone());
    let drive = (plan.build)(Arc::clone(intake), context.clone());
    let open = |store| Changelog::open(&*plan.log, &plan.app, store, partition.partition());
    let changelogs: Result<Vec<_>, _> = context.stores().into_iter().map(open).collect();
    let changelogs = changelogs?;
    let is_restored = changelogs.is_empty();
    Ok(Running {
        drive,
        context,
        changelogs,
        is_restored,
        has_moved: false,
        wake_at: None,
    })
}

impl Running {
    /// Reads a part of the state back, so that other tasks of the worker go on meanwhile.
    fn restore(&mut self, plan: &Plan) -> Poll<Result<(), Fatal>> {
        for changelog in &mut self.changelogs {
            if !changelog.restore(&*plan.log)? {
                return Poll::Ready(Ok(()));
            }
        }
        self.is_restored = true;
        Poll::Ready(Ok(()))
    }
}

/// What a panic said.
pub(crate) fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("no message").to_owned()
}
