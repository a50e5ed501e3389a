use std::any::Any;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use tracing::{Span, debug_span};

use super::backoff::Backoff;
use super::changelog::{Changelog, Positions, Restored};
use super::context::{Outbox, TaskContext, TaskStore};
use super::inlet::repartition_topic;
use super::meter::Meter;
use super::sink::Outputs;
use super::source::{Intake, lock};
#[cfg(feature = "embedded")]
use super::state_dir::{StateDir, StoreKind};
use super::status::{Status, TaskState};
use super::task::Drive;
use super::topic_feed::TopicFeed;
use super::worker::Plan;
use crate::Fatal;
use crate::batch::{Offset, TopicPartition};
use crate::log::{PartitionReader, Start, Writer};
use crate::store::Base;
#[cfg(feature = "embedded")]
use crate::store::PersistentStores;
use crate::time::Timestamp;

/// A changelog's last entries are looked for again after so long, while their transaction is neither committed nor aborted.
const INVISIBLE: Duration = Duration::from_millis(20);

/// A partition's place in a worker: its reader, and the task that is built for it, also anew after a failure.
pub(crate) struct Slot {
    pub(crate) partition: TopicPartition,
    pub(crate) uncommitted: Status,
    pub(crate) backoff: Backoff,
    pub(crate) start_at: Instant,
    pub(super) reported: Option<TaskState>,
    pub(super) meter: Meter,
    source: Arc<Mutex<Intake>>,
    pub(super) task: Option<Running>,
    /// Whether the task failed: a commit may have succeeded though nobody was told.
    must_look_up_position: bool,
    phase: Phase,
}

/// Where a slot is on the commit path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Pulling,
    /// Until everything that was pulled is delivered.
    Draining,
    /// Until the commit.
    Drained,
}

/// A task that is built.
pub(super) struct Running {
    drive: Box<dyn Drive>,
    context: TaskContext,
    inlets: Vec<Arc<Mutex<Intake>>>,
    /// With the topic that each goes to.
    outboxes: Vec<(String, Outbox)>,
    pub(super) changelogs: Vec<Changelog>,
    pub(super) tables: Vec<TopicFeed>,
    pub(super) is_restored: bool,
    /// As long as it is not.
    restore_span: Span,
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
            source: Intake::new(reader, batch_size),
            task: None,
            must_look_up_position: false,
            phase: Phase::Pulling,
        }
    }

    /// Whether there is a task that processes records: built and with its state read back.
    pub(crate) fn is_processing(&self) -> bool {
        self.task.as_ref().is_some_and(|task| task.is_restored)
    }

    /// Whether there is no task, until [`start_at`](Self::start_at).
    #[cfg(feature = "testing")]
    pub(crate) fn is_waiting(&self) -> bool {
        self.task.is_none()
    }

    /// When the task asked to be polled though no record has come.
    pub(crate) fn wake_at(&self) -> Option<Timestamp> {
        let task = self.task.as_ref().filter(|_| !self.is_drained());
        task?.wake_at
    }

    /// Whether there is anything to commit or to drain.
    pub(crate) fn has_uncommitted(&self) -> bool {
        self.task.as_ref().is_some_and(|task| task.has_moved)
            || self.intakes().any(|intake| {
                let intake = lock(intake);
                intake.tracker.to_commit().is_some() || !intake.tracker.is_drained()
            })
    }

    /// What the task reads: its source, and the topics of its repartition steps.
    fn intakes(&self) -> impl Iterator<Item = &Arc<Mutex<Intake>>> {
        let inlets = self.task.iter().flat_map(|task| &task.inlets);
        std::iter::once(&self.source).chain(inlets)
    }

    /// The offsets to commit, of the partitions where they moved.
    pub(crate) fn to_commit(&self) -> Vec<(TopicPartition, Offset)> {
        let offset = |intake: &Arc<Mutex<Intake>>| {
            let intake = lock(intake);
            Some((
                intake.reader.topic_partition().clone(),
                intake.tracker.to_commit()?,
            ))
        };
        self.intakes().filter_map(offset).collect()
    }

    /// The record ranges that are in the pipeline, for a message.
    pub(crate) fn in_flight(&self) -> String {
        let in_flight = self
            .intakes()
            .map(|intake| lock(intake).tracker.in_flight());
        let in_flight: Vec<_> = in_flight.filter(|spans| !spans.is_empty()).collect();
        if in_flight.is_empty() {
            "no records".to_owned()
        } else {
            in_flight.join(", ")
        }
    }

    /// How many batches are in the pipeline.
    pub(crate) fn batches_in_flight(&self) -> usize {
        self.intakes()
            .map(|intake| lock(intake).tracker.batches_in_flight())
            .sum()
    }

    /// How many messages the log holds that are not committed, if it tells.
    pub(crate) fn lag(&self) -> Option<u64> {
        let lag = |intake: &Arc<Mutex<Intake>>| {
            let intake = lock(intake);
            Some(
                intake
                    .reader
                    .end()
                    .ok()?
                    .saturating_sub(intake.tracker.committed()),
            )
        };
        self.intakes().map(lag).sum()
    }

    /// Moves at most one batch, restores a part of the state, or drains. Ready when it did.
    pub(crate) fn poll(
        &mut self,
        plan: &Plan,
        cx: &mut Context<'_>,
        writer: &mut dyn Writer,
    ) -> Poll<Result<(), Fatal>> {
        match self.phase {
            Phase::Pulling => {}
            Phase::Draining => {
                ready!(self.poll_drain(plan, cx, writer))?;
                self.phase = Phase::Drained;
                return Poll::Ready(Ok(()));
            }
            Phase::Drained => return Poll::Pending,
        }
        let polled = self.guarded(plan, writer, |task, outputs| task.poll_batch(cx, outputs));
        polled.map(|moved| moved.and_then(|()| self.advance()))
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

    /// Lets the task drain: from now on [`poll`](Self::poll) pulls nothing, until [`reopen`](Self::reopen).
    pub(crate) fn drain(&mut self) {
        if self.phase == Phase::Pulling {
            self.phase = Phase::Draining;
        }
    }

    /// Whether it is on its way to be drained.
    pub(crate) fn is_draining(&self) -> bool {
        self.phase == Phase::Draining
    }

    /// Whether everything that was pulled is delivered, and the task waits for the commit.
    pub(crate) fn is_drained(&self) -> bool {
        self.phase == Phase::Drained
    }

    /// Ready when everything that was pulled is delivered. Nothing is pulled meanwhile.
    fn poll_drain(
        &mut self,
        plan: &Plan,
        cx: &mut Context<'_>,
        writer: &mut dyn Writer,
    ) -> Poll<Result<(), Fatal>> {
        if !self.is_processing() {
            return Poll::Ready(Ok(()));
        }
        self.intakes().for_each(|intake| lock(intake).open = false);
        ready!(self.guarded(plan, writer, |task, outputs| task.poll_drain(cx, outputs)))?;
        self.advance()?;
        let is_drained = self
            .intakes()
            .all(|intake| lock(intake).tracker.is_drained());
        if is_drained {
            Poll::Ready(Ok(()))
        } else {
            Poll::Pending
        }
    }

    /// Takes note of the acks that were resolved since.
    fn advance(&self) -> Result<(), Fatal> {
        self.intakes()
            .try_for_each(|intake| lock(intake).tracker.advance())
    }

    /// Polls the task, building and restoring it first. A panic becomes an error.
    fn guarded(
        &mut self,
        plan: &Plan,
        writer: &mut dyn Writer,
        poll: impl FnOnce(&mut Running, &mut Outputs<'_>) -> Poll<Result<(), Fatal>>,
    ) -> Poll<Result<(), Fatal>> {
        if !self.is_processing() && Instant::now() < self.start_at {
            return Poll::Pending;
        }
        // A task that panicked is dropped and built anew, so nothing half changed is looked at again.
        let polled = catch_unwind(AssertUnwindSafe(|| {
            if self.task.is_none() {
                self.look_up_position(plan)?;
            }
            let task = match &mut self.task {
                Some(task) => task,
                None => self
                    .task
                    .insert(build(plan, &self.partition, &self.source)?),
            };
            if !task.is_restored {
                let restored = task.restore(plan);
                if restored.is_pending() {
                    self.start_at = Instant::now() + INVISIBLE;
                }
                return restored;
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
    pub(crate) fn flush_state(
        &mut self,
        plan: &Plan,
        writer: &mut dyn Writer,
    ) -> Result<(), Fatal> {
        let Some(task) = &mut self.task else {
            return Ok(());
        };
        if let Some(error) = task.context.failure().take() {
            return Err(Fatal::Store(error));
        }
        for changelog in &mut task.changelogs {
            changelog.flush(writer)?;
        }
        self.check_budget(plan)
    }

    /// Takes a last snapshot of the task's state.
    pub(crate) fn close_state(&mut self, plan: &Plan) {
        let inputs = positions(self.intakes());
        let changelogs = self.task.iter_mut().flat_map(|task| &mut task.changelogs);
        changelogs.for_each(|changelog| changelog.close(plan, inputs.clone()));
    }

    /// Takes note of a commit, and tells what it covers that no commit covered before.
    pub(crate) fn committed(&mut self, plan: &Plan) -> Status {
        let mut done = std::mem::take(&mut self.uncommitted);
        done.read = lock(&self.source).tracker.commit();
        for inlet in self.intakes().skip(1) {
            // Only the source's messages count as read.
            let _ = lock(inlet).tracker.commit();
        }
        if let Some(task) = &mut self.task {
            task.has_moved = false;
            let (source, inlets) = (&self.source, &task.inlets);
            let cache = plan.cache_bytes(task.changelogs.len());
            for changelog in &mut task.changelogs {
                let inputs = || positions(std::iter::once(source).chain(inlets));
                changelog.committed(plan, cache, inputs);
            }
        }
        self.backoff.reset();
        done
    }

    /// Lets the task pull again after a commit.
    pub(crate) fn reopen(&mut self) {
        self.phase = Phase::Pulling;
        self.intakes().for_each(|intake| lock(intake).open = true);
    }

    /// Goes back to the last commit; the task is built anew when it is polled next.
    pub(crate) fn rewind(&mut self) {
        self.task = None;
        if self.phase == Phase::Draining {
            self.phase = Phase::Drained;
        }
        self.uncommitted = Status::default();
        lock(&self.source).rewind();
        self.must_look_up_position = true;
    }

    /// Goes to where the group has committed, which may be further than the task knows.
    fn look_up_position(&mut self, plan: &Plan) -> Result<(), Fatal> {
        if self.must_look_up_position && plan.start == Start::Committed {
            let committed = plan.log.committed(&plan.group, self.partition.topic())?;
            if let Some(position) = committed.get(&self.partition) {
                lock(&self.source).move_to(*position);
            }
        }
        self.must_look_up_position = false;
        Ok(())
    }
}

/// How far a task's input is committed.
fn positions<'a>(intakes: impl Iterator<Item = &'a Arc<Mutex<Intake>>>) -> Positions {
    let position = |intake: &Arc<Mutex<Intake>>| {
        let intake = lock(intake);
        let partition = intake.reader.topic_partition();
        let (topic, number) = (partition.topic().to_owned(), partition.partition());
        (topic, number, intake.tracker.committed())
    };
    intakes.map(position).collect()
}

fn build(
    plan: &Plan,
    partition: &TopicPartition,
    source: &Arc<Mutex<Intake>>,
) -> Result<Running, Fatal> {
    let context = (plan.context)(partition.clone());
    let drive = (plan.build)(Arc::clone(source), context.clone());
    let mut committed = plan.log.committed(&plan.group, partition.topic())?;
    let (mut inlets, mut outboxes) = (Vec::new(), Vec::new());
    for (inlet, outbox) in context.repartitions() {
        let topic = repartition_topic(&plan.app, inlet.name());
        let partition = TopicPartition::new(topic.as_str(), partition.partition());
        committed.extend(plan.log.committed(&plan.group, &topic)?);
        let from = committed.get(&partition).copied().unwrap_or(0);
        plan.status.begins(&partition, from);
        let intake = Intake::new(
            plan.log.partition_reader(&partition, from)?,
            plan.batch_size,
        );
        inlet.open(Arc::clone(&intake));
        inlets.push(intake);
        outboxes.push((topic, outbox));
    }
    let changelogs = open_stores(plan, &context, &committed)?;
    let mut tables = Vec::new();
    for table in context.topic_tables() {
        tables.extend(TopicFeed::open(&*plan.log, &table, partition.partition())?);
    }
    let is_restored = changelogs.is_empty() && tables.is_empty();
    let restore_span = if is_restored {
        Span::none()
    } else {
        debug_span!(parent: None, "restore", app = plan.app, %partition)
    };
    Ok(Running {
        drive,
        context,
        inlets,
        outboxes,
        changelogs,
        tables,
        is_restored,
        restore_span,
        has_moved: false,
        wake_at: None,
    })
}

/// Opens what is kept of the task's stores.
fn open_stores(
    plan: &Plan,
    context: &TaskContext,
    committed: &BTreeMap<TopicPartition, Offset>,
) -> Result<Vec<Changelog>, Fatal> {
    let partition = context.topic_partition().partition();
    let mut bases = open_bases(plan, context)?;
    let open = |store: TaskStore| {
        let base = bases.remove(store.name);
        Changelog::open(plan, store, partition, committed, base, context.failure())
    };
    context.stores().into_iter().map(open).collect()
}

/// Opens what is committed of the task's persistent stores, by name.
#[cfg(feature = "embedded")]
fn open_bases(plan: &Plan, context: &TaskContext) -> Result<Bases, Fatal> {
    let is_persistent = |dir: &&Arc<StateDir>| dir.kind == StoreKind::Persistent;
    let mut bases = Bases::new();
    let Some(dir) = plan.state_dir.as_ref().filter(is_persistent) else {
        return Ok(bases);
    };
    let partition = context.topic_partition().partition();
    let (stores, lost) = PersistentStores::open(&dir.task(partition))?;
    if let Some(error) = lost {
        plan.unusable_state(partition, error.to_string());
    }
    for store in context.stores() {
        bases.insert(store.name, stores.store(store.name)?);
    }
    Ok(bases)
}

#[cfg(not(feature = "embedded"))]
fn open_bases(_: &Plan, _: &TaskContext) -> Result<Bases, Fatal> {
    Ok(Bases::new())
}

type Bases = BTreeMap<&'static str, Rc<dyn Base>>;

impl Running {
    fn poll_batch(
        &mut self,
        cx: &mut Context<'_>,
        outputs: &mut Outputs<'_>,
    ) -> Poll<Result<(), Fatal>> {
        for table in &mut self.tables {
            table.update(cx, outputs)?;
        }
        let polled = self.drive.poll_batch(cx, outputs);
        match &polled {
            Poll::Ready(Ok(())) => self.has_moved = true,
            Poll::Ready(Err(_)) => {}
            Poll::Pending => self.wake_at = self.context.timers().take_next(),
        }
        for (topic, outbox) in &self.outboxes {
            let records = outbox.take();
            if !records.is_empty() {
                outputs.append(topic, records)?;
            }
        }
        polled
    }

    fn poll_drain(
        &mut self,
        cx: &mut Context<'_>,
        outputs: &mut Outputs<'_>,
    ) -> Poll<Result<(), Fatal>> {
        while let Poll::Ready(moved) = self.poll_batch(cx, outputs) {
            moved?;
        }
        self.drive.poll_flush(cx, outputs)
    }

    /// Reads a part of the state back, so that other tasks of the worker go on meanwhile.
    fn restore(&mut self, plan: &Plan) -> Poll<Result<(), Fatal>> {
        for changelog in &mut self.changelogs {
            match changelog.restore(plan)? {
                Restored::All => {}
                Restored::Part => return Poll::Ready(Ok(())),
                Restored::Waiting => return Poll::Pending,
            }
        }
        for table in &mut self.tables {
            if !table.restore()? {
                return Poll::Ready(Ok(()));
            }
        }
        self.is_restored = true;
        self.restore_span = Span::none();
        Poll::Ready(Ok(()))
    }
}

/// What a panic said.
pub(crate) fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("no message").to_owned()
}
