use std::sync::mpsc::{Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use tracing::{Span, debug_span, field};

use super::context::TaskContext;
use super::meter::{Meter, Stopwatch};
use super::slot::Slot;
use super::source::Intake;
use super::state_dir::StateDir;
use super::status::SharedStatus;
use super::task::Drive;
use crate::Fatal;
use crate::batch::{Offset, TopicPartition};
use crate::log::{Isolation, Log, PartitionReader, Start, Writer};
use crate::time::Clock;

/// How long a worker sleeps at most: whatever should have woken it and has not costs that much, and no more.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);

/// What the supervisor tells a worker.
pub(crate) enum Command {
    /// Begin a task for this partition.
    Assign(Box<dyn PartitionReader>),
    /// Commit, end these partitions' tasks, and say so.
    Revoke(Vec<TopicPartition>, Sender<()>),
    /// End these partitions' tasks without a commit: they are others' already.
    Lose(Vec<TopicPartition>, Sender<()>),
    /// Commit and end, at the latest then.
    Stop(Instant),
    /// Look at the tasks.
    Look(Box<Look>),
    /// Commit, pull nothing more, and say so.
    Pause(Sender<()>),
    /// Pull again.
    Resume,
}

/// Looks at a worker's tasks between two batches.
pub(crate) type Look = dyn FnOnce(&[Slot]) + Send;

/// Makes a task for a partition; called again after each failure of that task.
pub(crate) type BuildTask = dyn Fn(Arc<Mutex<Intake>>, TaskContext) -> Box<dyn Drive> + Send + Sync;

/// What all workers of an app share.
pub(crate) struct Plan {
    pub(crate) app: String,
    pub(crate) group: String,
    pub(crate) start: Start,
    pub(crate) log: Arc<dyn Log>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) isolation: Isolation,
    pub(crate) commit_interval: Duration,
    pub(crate) dead_letters: Option<String>,
    pub(crate) batch_size: usize,
    pub(crate) max_restarts: u32,
    pub(crate) build: Box<BuildTask>,
    pub(crate) context: Box<dyn Fn(TopicPartition) -> TaskContext + Send + Sync>,
    pub(crate) status: SharedStatus,
    /// The topics of the repartition steps.
    pub(crate) internal_topics: Vec<String>,
    /// Where snapshots are, if the app has stores and takes any.
    pub(crate) state_dir: Option<Arc<StateDir>>,
    pub(crate) state_budget: Option<u64>,
}

/// A thread with a writer of its own and the tasks of some partitions. It is also their executor: a waker unparks it
/// and it polls them all.
pub(crate) struct Worker {
    pub(super) plan: Arc<Plan>,
    pub(super) writer: Box<dyn Writer>,
    pub(super) slots: Vec<Slot>,
    waker: Waker,
    last_commit: Instant,
    commit_began: Stopwatch,
    commit_span: Span,
    is_paused: bool,
}

/// Unparks a thread.
pub(crate) struct Unpark(pub(crate) Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

impl Worker {
    /// A worker of the calling thread.
    pub(crate) fn new(plan: Arc<Plan>, writer: Box<dyn Writer>) -> Self {
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        Self {
            plan,
            writer,
            slots: Vec::new(),
            waker,
            last_commit: Instant::now(),
            commit_began: Stopwatch::start(),
            commit_span: Span::none(),
            is_paused: false,
        }
    }

    /// Works until it is told to stop or a failure is for good.
    pub(crate) fn run(mut self, commands: &Receiver<Command>) -> Result<(), Fatal> {
        loop {
            while let Ok(command) = commands.try_recv() {
                match command {
                    Command::Assign(reader) => self.assign(reader),
                    Command::Revoke(partitions, done) => {
                        self.revoke(&partitions)?;
                        // The supervisor may have stopped waiting.
                        let _ = done.send(());
                    }
                    Command::Lose(partitions, done) => {
                        self.lose(&partitions);
                        let _ = done.send(());
                    }
                    Command::Stop(deadline) => return self.stop(deadline),
                    Command::Look(look) => look(&self.slots),
                    Command::Pause(done) => {
                        self.commit(None)?;
                        self.is_paused = true;
                        // Nobody may be waiting.
                        let _ = done.send(());
                    }
                    Command::Resume => self.is_paused = false,
                }
            }
            if self.is_paused {
                thread::park();
                continue;
            }
            if self.last_commit.elapsed() >= self.plan.commit_interval && self.has_uncommitted() {
                self.begin_commit();
            }
            let moved = self.poll_tasks()?;
            let committed = self.commit_drained()?;
            if !moved && !committed {
                self.park();
            }
        }
    }

    pub(crate) fn assign(&mut self, reader: Box<dyn PartitionReader>) {
        self.plan
            .status
            .assigned(reader.topic_partition(), reader.position());
        let mut slot = Slot::new(reader, self.plan.batch_size);
        slot.meter = Meter::new(&self.plan.app, &slot.partition, &self.plan.clock);
        self.slots.push(slot);
    }

    /// Commits, and ends these partitions' tasks.
    pub(crate) fn revoke(&mut self, partitions: &[TopicPartition]) -> Result<(), Fatal> {
        let has_any = |slot: &Slot| partitions.contains(&slot.partition);
        if self.slots.iter().any(has_any) {
            self.commit(None)?;
            self.end(partitions);
        }
        Ok(())
    }

    /// Ends these partitions' tasks without a commit. With a transaction, which covers all tasks of the worker, the
    /// others go back to the last commit.
    pub(crate) fn lose(&mut self, partitions: &[TopicPartition]) {
        let has_any = |slot: &Slot| partitions.contains(&slot.partition);
        if !self.slots.iter().any(has_any) {
            return;
        }
        self.end(partitions);
        if self.plan.isolation == Isolation::Transactional {
            self.writer.abort();
            self.slots.iter_mut().for_each(Slot::rewind);
        }
    }

    fn end(&mut self, partitions: &[TopicPartition]) {
        self.slots
            .retain(|slot| !partitions.contains(&slot.partition));
        partitions
            .iter()
            .for_each(|partition| self.plan.status.revoked(partition));
    }

    fn stop(&mut self, deadline: Instant) -> Result<(), Fatal> {
        self.commit(Some(deadline))?;
        for slot in &mut self.slots {
            slot.close_state(&self.plan);
        }
        Ok(())
    }

    /// Moves a batch through each task. Whether any moved.
    pub(crate) fn poll_tasks(&mut self) -> Result<bool, Fatal> {
        let mut moved = false;
        for index in 0..self.slots.len() {
            moved |= self.poll_task(index)?;
        }
        Ok(moved)
    }

    /// Moves a batch through a task, or restores a part of its state. Whether it did.
    pub(crate) fn poll_task(&mut self, index: usize) -> Result<bool, Fatal> {
        let Some(slot) = self.slots.get_mut(index) else {
            return Ok(false);
        };
        let mut cx = Context::from_waker(&self.waker);
        let polled = slot.poll(&self.plan, &mut cx, &mut *self.writer);
        slot.report(&self.plan.status);
        match polled {
            Poll::Ready(Ok(())) => Ok(true),
            Poll::Ready(Err(error)) => self.fail(index, error).map(|()| false),
            Poll::Pending => Ok(false),
        }
    }

    /// Drops what a failed task has not committed and plans its restart. With a transaction, which covers all tasks of
    /// the worker, the others go back to the last commit too.
    pub(super) fn fail(&mut self, index: usize, error: Fatal) -> Result<(), Fatal> {
        let Some(slot) = self.slots.get_mut(index) else {
            return Err(error);
        };
        let partition = slot.partition.clone();
        let pause = slot.backoff.next_pause();
        // What the task depends on may be away for long, and its own mistakes are no part of it.
        let for_good = error.is_permanent()
            || (!error.is_transient() && slot.backoff.failures() > self.plan.max_restarts);
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
        slot.meter.restarted();
        slot.start_at = Instant::now() + pause;
        if self.plan.isolation == Isolation::Transactional {
            self.writer.abort();
            self.slots.iter_mut().for_each(Slot::rewind);
        } else {
            slot.rewind();
        }
        for slot in &mut self.slots {
            slot.report(&self.plan.status);
        }
        Ok(())
    }

    fn has_uncommitted(&self) -> bool {
        self.slots.iter().any(Slot::has_uncommitted)
    }

    /// The commit path: stop pulling, drain, flush, commit, go on. Waits for what is in flight.
    pub(crate) fn commit(&mut self, deadline: Option<Instant>) -> Result<(), Fatal> {
        self.begin_commit();
        loop {
            self.poll_tasks()?;
            let mut draining = self
                .slots
                .iter()
                .filter(|slot| !slot.is_drained())
                .peekable();
            if draining.peek().is_none() {
                return self.commit_drained().map(drop);
            }
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            if left == Some(Duration::ZERO) {
                let in_flight: Vec<_> = draining.map(Slot::in_flight).collect();
                self.writer.abort();
                return Err(Fatal::DrainTimeout {
                    in_flight: in_flight.join(", "),
                });
            }
            let longest = left.unwrap_or(self.plan.commit_interval);
            thread::park_timeout(
                self.next_timer()
                    .map_or(longest, |timer| timer.min(longest)),
            );
        }
    }

    /// Lets all tasks drain. Each goes on pulling when a commit covers it.
    pub(crate) fn begin_commit(&mut self) {
        self.commit_began = Stopwatch::start();
        self.commit_span =
            debug_span!(parent: None, "commit", app = self.plan.app, records = field::Empty);
        self.last_commit = Instant::now();
        self.slots.iter_mut().for_each(Slot::drain);
    }

    /// Commits the tasks that are drained. Whether there was one.
    ///
    /// A transaction covers all tasks of the worker, so it waits for the last. Without one, each task commits when it is
    /// drained: one that waits for an answer holds up nobody else.
    pub(crate) fn commit_drained(&mut self) -> Result<bool, Fatal> {
        let is_drained = self.slots.iter().any(Slot::is_drained);
        let covers_all = self.plan.isolation == Isolation::Transactional;
        if !is_drained || (covers_all && !self.slots.iter().all(Slot::is_drained)) {
            return Ok(false);
        }
        let covered = |slot: &&Slot| slot.is_drained() && slot.has_uncommitted();
        let span = self.commit_span.clone().entered();
        if self.slots.iter().any(|slot| covered(&slot)) {
            let offsets: Vec<(TopicPartition, Offset)> = self
                .slots
                .iter()
                .filter(covered)
                .flat_map(Slot::to_commit)
                .collect();
            if let Err(error) = self.write(&offsets) {
                self.fail_all(error)?;
                return Ok(true);
            }
            let mut records = 0;
            for slot in self.slots.iter_mut().filter(|slot| covered(&&**slot)) {
                let done = slot.committed(&self.plan);
                records += done.read;
                slot.report_commit(&self.plan.status, done);
            }
            // Signed, because OpenTelemetry knows no other whole numbers.
            span.record("records", records.cast_signed());
            self.plan.status.committed(&offsets);
            self.commit_began.committed(&self.plan.app);
        }
        self.slots
            .iter_mut()
            .filter(|slot| slot.is_drained())
            .for_each(Slot::reopen);
        if !self.slots.iter().any(Slot::is_draining) {
            self.commit_span = Span::none();
        }
        Ok(true)
    }

    fn write(&mut self, offsets: &[(TopicPartition, Offset)]) -> Result<(), Fatal> {
        let _span = debug_span!("write").entered();
        for slot in self.slots.iter_mut().filter(|slot| slot.is_drained()) {
            slot.flush_state(&self.plan, &mut *self.writer)?;
        }
        Ok(self.writer.commit(&self.plan.group, offsets)?)
    }

    /// The commit itself failed, so every task goes back.
    fn fail_all(&mut self, error: Fatal) -> Result<(), Fatal> {
        self.commit_span = Span::none();
        self.writer.abort();
        self.slots.iter_mut().for_each(Slot::rewind);
        self.fail(0, error)
    }

    /// Sleeps until a waker or a command, the next commit, a restart, or a task's timer, and for [`LONGEST_SLEEP`] at most.
    fn park(&self) {
        let now = Instant::now();
        let restarts = self
            .slots
            .iter()
            .filter(|slot| !slot.is_processing() && !slot.is_drained())
            .map(|slot| slot.start_at);
        let commit = self
            .has_uncommitted()
            .then(|| self.last_commit + self.plan.commit_interval);
        let timer = self.next_timer().map(|timer| now + timer);
        let next = restarts.chain(commit).chain(timer).min();
        let sleep = next.map_or(LONGEST_SLEEP, |next| next.saturating_duration_since(now));
        thread::park_timeout(sleep.min(LONGEST_SLEEP));
    }

    /// How long it is until a task's timer.
    fn next_timer(&self) -> Option<Duration> {
        let clock = self.plan.clock.now();
        let timers = self.slots.iter().filter_map(Slot::wake_at);
        timers.map(|at| at.since(clock)).min()
    }
}
