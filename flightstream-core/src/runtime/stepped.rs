use std::collections::BTreeMap;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use super::app::{AppError, Prepared};
use super::query::QueryError;
use super::slot::Slot;
use super::status::Status;
use super::worker::{Plan, Worker};
use crate::Fatal;
use crate::batch::TopicPartition;
use crate::log::{Assignment, Subscriber, Subscription};
use crate::store::StateStore;
use crate::time::Timestamp;

/// An app without threads: one worker, stepped by its caller.
pub(crate) struct Stepped {
    plan: Arc<Plan>,
    subscription: Subscription,
    member: Option<Member>,
    next_task: usize,
}

/// What a crash takes away.
struct Member {
    worker: Worker,
    _membership: Box<dyn Subscriber>,
}

impl Stepped {
    pub(crate) fn new(mut prepared: Prepared) -> Self {
        let dir = prepared.plan.state_dir.as_mut().and_then(Arc::get_mut);
        if let Some(dir) = dir {
            dir.in_background = false;
        }
        Self {
            plan: Arc::new(prepared.plan),
            subscription: prepared.subscription,
            member: None,
            next_task: 0,
        }
    }

    pub(crate) fn status(&self) -> Status {
        self.plan.status.get()
    }

    /// Moves one batch of one task, the tasks in turn. Whether there was any.
    pub(crate) fn step(&mut self) -> Result<bool, AppError> {
        let tasks = self.worker()?.slots.len();
        for turn in 0..tasks {
            let index = (self.next_task + turn) % tasks;
            if self.step_task(index)? {
                self.next_task = index + 1;
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn step_task(&mut self, index: usize) -> Result<bool, AppError> {
        self.restore(index)?;
        self.attempt(|worker| worker.poll_task(index))
    }

    /// Builds a task and reads its state back.
    fn restore(&mut self, index: usize) -> Result<(), AppError> {
        self.attempt(|worker| {
            let plan = Arc::clone(&worker.plan);
            while let Some(slot) = worker.slots.get_mut(index) {
                // A test does not wait for the pause after a failure.
                slot.start_at = Instant::now();
                match slot.poll_restore(&plan, &mut *worker.writer) {
                    Poll::Ready(Ok(())) => {}
                    Poll::Ready(Err(error)) => worker.fail(index, error)?,
                    Poll::Pending => break,
                }
            }
            Ok(())
        })
    }

    /// Moves batches until nothing is left to move and everything is committed.
    pub(crate) fn run(&mut self) -> Result<(), AppError> {
        loop {
            let before = self.status();
            let mut moved = false;
            while self.step()? || self.has_failed() {
                moved = true;
            }
            self.commit()?;
            if !moved && self.status() == before {
                return Ok(());
            }
        }
    }

    /// Lets a partition's task fail.
    pub(crate) fn fail(&mut self, partition: u32) -> Result<(), AppError> {
        self.attempt(|worker| {
            let failing = |slot: &Slot| slot.partition.partition() == partition;
            match worker.slots.iter().position(failing) {
                Some(index) => worker.fail(index, Fatal::stage("test", "told to fail")),
                None => Ok(()),
            }
        })
    }

    fn has_failed(&self) -> bool {
        self.slots().iter().any(Slot::is_waiting)
    }

    pub(crate) fn commit(&mut self) -> Result<(), AppError> {
        self.attempt(|worker| {
            worker.begin_commit();
            while worker.poll_tasks()? {}
            worker.commit_drained().map(drop)
        })
    }

    /// Takes a snapshot of the committed state of each task that has its state.
    pub(crate) fn snapshot(&mut self) -> Result<(), AppError> {
        self.attempt(|worker| {
            let plan = &worker.plan;
            worker
                .slots
                .iter_mut()
                .for_each(|slot| slot.close_state(plan));
            Ok(())
        })
    }

    /// Gives all partitions away and gets them back.
    pub(crate) fn rebalance(&mut self) -> Result<(), AppError> {
        self.attempt(|worker| {
            let partitions: Vec<TopicPartition> = worker
                .slots
                .iter()
                .map(|slot| slot.partition.clone())
                .collect();
            worker.revoke(&partitions)
        })?;
        self.crash();
        self.worker().map(drop)
    }

    /// Forgets everything that is not committed.
    pub(crate) fn crash(&mut self) {
        self.member = None;
        self.next_task = 0;
    }

    /// When the tasks asked to be woken, by partition.
    pub(crate) fn timers(&self) -> BTreeMap<u32, Timestamp> {
        let timer = |slot: &Slot| Some((slot.partition.partition(), slot.wake_at()?));
        self.slots().iter().filter_map(timer).collect()
    }

    /// Looks at the store of a partition's task, which is restored first.
    pub(crate) fn store<S: StateStore, R>(
        &mut self,
        partition: u32,
        name: &str,
        read: impl FnOnce(&S) -> R,
    ) -> Result<R, QueryError> {
        let worker = self.worker().map_err(|_| QueryError::Ended)?;
        let mut slots = worker.slots.iter();
        let index = slots
            .position(|slot| slot.partition.partition() == partition)
            .ok_or(QueryError::NotAssigned { partition })?;
        self.restore(index).map_err(|_| QueryError::Ended)?;
        let slot = self.slots().get(index).ok_or(QueryError::Ended)?;
        slot.store(name, read)
    }

    fn slots(&self) -> &[Slot] {
        self.member
            .as_ref()
            .map_or(&[], |member| &member.worker.slots)
    }

    /// Lets the worker do something. An error ends it, as it ends an app.
    fn attempt<T>(
        &mut self,
        act: impl FnOnce(&mut Worker) -> Result<T, Fatal>,
    ) -> Result<T, AppError> {
        let outcome = act(self.worker()?);
        if outcome.is_err() {
            self.crash();
        }
        outcome.map_err(AppError::Task)
    }

    fn worker(&mut self) -> Result<&mut Worker, AppError> {
        let member = match self.member.take() {
            Some(member) => member,
            None => self.join()?,
        };
        Ok(&mut self.member.insert(member).worker)
    }

    fn join(&self) -> Result<Member, AppError> {
        let mut subscriber = self.plan.log.subscribe(&self.subscription)?;
        let writer = self.plan.log.writer(self.plan.isolation)?;
        let mut worker = Worker::new(Arc::clone(&self.plan), writer);
        let mut cx = Context::from_waker(Waker::noop());
        while let Poll::Ready(assignment) = subscriber.poll_assignment(&mut cx) {
            match assignment? {
                Assignment::Assigned(readers) => {
                    readers.into_iter().for_each(|reader| worker.assign(reader));
                }
                Assignment::Lost(partitions) => worker.lose(&partitions),
                Assignment::Revoked(partitions) => {
                    worker.revoke(&partitions).map_err(AppError::Task)?;
                }
            }
        }
        Ok(Member {
            worker,
            _membership: subscriber,
        })
    }
}
