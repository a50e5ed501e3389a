use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use super::backoff::Backoff;
use super::context::TaskContext;
use super::sink::Outputs;
use super::source::{Intake, lock};
use super::status::{SharedStatus, Status};
use super::task::Drive;
use crate::Fatal;
use crate::batch::{Offset, TopicPartition};
use crate::log::{Isolation, PartitionReader, Writer};

/// What the supervisor tells a worker.
pub(crate) enum Command {
    /// Begin a task for this partition.
    Assign(Box<dyn PartitionReader>),
    /// Commit, end these partitions' tasks, and say so.
    Revoke(Vec<TopicPartition>, Sender<()>),
    /// Commit and end, at the latest then.
    Stop(Instant),
}

/// Makes a task for a partition; called again after each failure of that task.
pub(crate) type BuildTask = dyn Fn(Arc<Mutex<Intake>>, TaskContext) -> Box<dyn Drive> + Send + Sync;

/// What all workers of an app share.
pub(crate) struct Plan {
    pub(crate) app: String,
    pub(crate) group: String,
    pub(crate) isolation: Isolation,
    pub(crate) commit_interval: Duration,
    pub(crate) dead_letters: Option<String>,
    pub(crate) batch_size: usize,
    pub(crate) max_restarts: u32,
    pub(crate) build: Box<BuildTask>,
    pub(crate) context: Box<dyn Fn(TopicPartition) -> TaskContext + Send + Sync>,
    pub(crate) status: SharedStatus,
}

/// A thread with a writer of its own and the tasks of some partitions. It is also their executor: a waker unparks it
/// and it polls them all.
pub(crate) struct Worker {
    plan: Arc<Plan>,
    commands: Receiver<Command>,
    writer: Box<dyn Writer>,
    slots: Vec<Slot>,
    waker: Waker,
    last_commit: Instant,
}

struct Slot {
    intake: Arc<Mutex<Intake>>,
    context: TaskContext,
    task: Option<Box<dyn Drive>>,
    backoff: Backoff,
    start_at: Instant,
    uncommitted: Status,
}

/// Unparks a thread.
pub(crate) struct Unpark(pub(crate) Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

impl Worker {
    pub(crate) fn new(
        plan: Arc<Plan>,
        commands: Receiver<Command>,
        writer: Box<dyn Writer>,
    ) -> Self {
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        Self {
            plan,
            commands,
            writer,
            slots: Vec::new(),
            waker,
            last_commit: Instant::now(),
        }
    }

    /// Works until it is told to stop or a failure is for good.
    pub(crate) fn run(mut self) -> Result<(), Fatal> {
        loop {
            while let Ok(command) = self.commands.try_recv() {
                match command {
                    Command::Assign(reader) => self.assign(reader),
                    Command::Revoke(partitions, done) => {
                        self.commit(None)?;
                        self.slots
                            .retain(|slot| !partitions.contains(slot.context.topic_partition()));
                        partitions
                            .iter()
                            .for_each(|partition| self.plan.status.revoked(partition));
                        // The supervisor may have stopped waiting.
                        let _ = done.send(());
                    }
                    Command::Stop(deadline) => return self.commit(Some(deadline)),
                }
            }
            let moved = self.poll_tasks()?;
            if self.last_commit.elapsed() >= self.plan.commit_interval && self.has_uncommitted() {
                self.commit(None)?;
            }
            if !moved {
                self.park();
            }
        }
    }

    fn assign(&mut self, reader: Box<dyn PartitionReader>) {
        let context = (self.plan.context)(reader.topic_partition().clone());
        let position = reader.position();
        self.plan
            .status
            .assigned(context.topic_partition(), position);
        self.slots.push(Slot {
            intake: Intake::new(reader, self.plan.batch_size),
            context,
            task: None,
            backoff: Backoff::new(Duration::from_millis(100), Duration::from_secs(30)),
            start_at: Instant::now(),
            uncommitted: Status::default(),
        });
    }

    /// Moves a batch through each task. Whether any moved.
    fn poll_tasks(&mut self) -> Result<bool, Fatal> {
        let mut moved = false;
        for index in 0..self.slots.len() {
            match self.drive(index, |task, cx, outputs| task.poll_batch(cx, outputs)) {
                Poll::Ready(Ok(())) => moved = true,
                Poll::Ready(Err(error)) => self.fail(index, error)?,
                Poll::Pending => {}
            }
        }
        Ok(moved)
    }

    /// Polls one task, building it first if it has to start.
    fn drive(
        &mut self,
        index: usize,
        poll: impl FnOnce(&mut dyn Drive, &mut Context<'_>, &mut Outputs<'_>) -> Poll<Result<(), Fatal>>,
    ) -> Poll<Result<(), Fatal>> {
        let Some(slot) = self.slots.get_mut(index) else {
            return Poll::Pending;
        };
        if slot.task.is_none() && Instant::now() < slot.start_at {
            return Poll::Pending;
        }
        let mut outputs = Outputs {
            writer: &mut *self.writer,
            dead_letters: self.plan.dead_letters.as_deref(),
            uncommitted: &mut slot.uncommitted,
        };
        let mut cx = Context::from_waker(&self.waker);
        // A task that panicked is dropped and built anew, so nothing half changed is looked at again.
        let polled = catch_unwind(AssertUnwindSafe(|| {
            let task = slot.task.get_or_insert_with(|| {
                (self.plan.build)(Arc::clone(&slot.intake), slot.context.clone())
            });
            poll(&mut **task, &mut cx, &mut outputs)
        }));
        polled.unwrap_or_else(|panic| {
            let in_flight = lock(&slot.intake).tracker.in_flight();
            Poll::Ready(Err(Fatal::Panicked {
                in_flight,
                message: panic_message(&*panic),
            }))
        })
    }

    /// Drops what a failed task has not committed and plans its restart. With a transaction, which covers all tasks of
    /// the worker, the others go back to the last commit too.
    fn fail(&mut self, index: usize, error: Fatal) -> Result<(), Fatal> {
        let Some(slot) = self.slots.get_mut(index) else {
            return Err(error);
        };
        let partition = slot.context.topic_partition().clone();
        let pause = slot.backoff.next_pause();
        let for_good = error.is_permanent() || slot.backoff.failures() > self.plan.max_restarts;
        tracing::error!(
            app = self.plan.app, %partition, %error,
            "task failed; {}", if for_good { "giving up" } else { "starting again from its last commit" },
        );
        self.plan.status.update(|status| {
            status.restarts += u64::from(!for_good);
            status.last_failure = Some(format!("{partition}: {error}"));
        });
        if for_good {
            self.writer.abort();
            return Err(error);
        }
        slot.start_at = Instant::now() + pause;
        if self.plan.isolation == Isolation::Transactional {
            self.writer.abort();
            self.slots.iter_mut().for_each(Slot::rewind);
        } else if let Some(slot) = self.slots.get_mut(index) {
            slot.rewind();
        }
        Ok(())
    }

    fn has_uncommitted(&self) -> bool {
        self.slots.iter().any(|slot| {
            let intake = lock(&slot.intake);
            intake.tracker.to_commit().is_some() || !intake.tracker.is_drained()
        })
    }

    /// The commit path: stop pulling, drain, flush, commit, go on.
    fn commit(&mut self, deadline: Option<Instant>) -> Result<(), Fatal> {
        for index in 0..self.slots.len() {
            self.drain(index, deadline)?;
        }
        let to_commit = |slot: &Slot| {
            let offset = lock(&slot.intake).tracker.to_commit()?;
            Some((slot.context.topic_partition().clone(), offset))
        };
        let offsets: Vec<(TopicPartition, Offset)> =
            self.slots.iter().filter_map(to_commit).collect();
        if !offsets.is_empty() {
            if let Err(error) = self.writer.commit(&self.plan.group, &offsets) {
                return self.fail_all(error.into());
            }
            for slot in &mut self.slots {
                let mut done = std::mem::take(&mut slot.uncommitted);
                done.read = lock(&slot.intake).tracker.commit();
                slot.backoff.reset();
                self.plan.status.update(|status| status.add(done));
            }
            self.plan.status.committed(&offsets);
        }
        self.last_commit = Instant::now();
        self.slots
            .iter()
            .for_each(|slot| lock(&slot.intake).open = true);
        Ok(())
    }

    /// Waits until everything that a task has pulled is delivered.
    fn drain(&mut self, index: usize, deadline: Option<Instant>) -> Result<(), Fatal> {
        loop {
            if self.slots.get(index).is_none_or(|slot| slot.task.is_none()) {
                return Ok(());
            }
            match self.drive(index, |task, cx, outputs| task.poll_drain(cx, outputs)) {
                Poll::Ready(Ok(())) => return Ok(()),
                Poll::Ready(Err(error)) => return self.fail(index, error),
                Poll::Pending => {}
            }
            match deadline.map(|deadline| deadline.saturating_duration_since(Instant::now())) {
                Some(Duration::ZERO) => {
                    let slot = self.slots.get(index);
                    let in_flight = slot.map(|slot| lock(&slot.intake).tracker.in_flight());
                    self.writer.abort();
                    return Err(Fatal::DrainTimeout {
                        in_flight: in_flight.unwrap_or_default(),
                    });
                }
                Some(left) => thread::park_timeout(left),
                None => thread::park_timeout(self.plan.commit_interval),
            }
        }
    }

    /// The commit itself failed, so every task goes back.
    fn fail_all(&mut self, error: Fatal) -> Result<(), Fatal> {
        self.writer.abort();
        self.slots.iter_mut().for_each(Slot::rewind);
        self.fail(0, error)
    }

    fn park(&self) {
        let now = Instant::now();
        let waiting = self
            .slots
            .iter()
            .filter(|slot| slot.task.is_none())
            .map(|slot| slot.start_at);
        let commit = self
            .has_uncommitted()
            .then(|| self.last_commit + self.plan.commit_interval);
        match waiting.chain(commit).min() {
            Some(next) => thread::park_timeout(next.saturating_duration_since(now)),
            None => thread::park(),
        }
    }
}

impl Slot {
    /// Goes back to the last commit; the task is built anew when it is driven next.
    fn rewind(&mut self) {
        self.task = None;
        self.uncommitted = Status::default();
        lock(&self.intake).rewind();
    }
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("no message").to_owned()
}
