use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread::{self, JoinHandle, Thread};
use std::time::{Duration, Instant};

use futures::channel::oneshot;
use futures::future::{Either, select};

use super::app::AppError;
use super::lag::PartitionLag;
use super::status::Status;
use super::worker::{Command, Plan, Unpark, Worker};
use crate::Fatal;
use crate::batch::{Offset, TopicPartition};
use crate::log::{Assignment, LogError, Subscriber};

/// An app at work. Dropping it stops the app without waiting.
pub struct Running {
    pub(super) plan: Arc<Plan>,
    pub(super) ports: Vec<Port>,
    topic: String,
    stopping: Arc<AtomicBool>,
    supervisor: Option<JoinHandle<Result<(), AppError>>>,
    thread: Thread,
    ended: Mutex<Option<oneshot::Receiver<()>>>,
}

/// The thread that hands partitions to workers and ends them all when one fails for good.
struct Supervisor {
    plan: Arc<Plan>,
    subscriber: Box<dyn Subscriber>,
    workers: Vec<WorkerHandle>,
    failures: Receiver<Fatal>,
    stopping: Arc<AtomicBool>,
    drain_deadline: Duration,
}

/// Where a worker takes commands.
#[derive(Clone)]
pub(super) struct Port {
    commands: Sender<Command>,
    thread: Thread,
}

struct WorkerHandle {
    port: Port,
    thread: JoinHandle<Result<(), Fatal>>,
    partitions: Vec<TopicPartition>,
}

impl Running {
    pub(crate) fn start(
        plan: Plan,
        topic: String,
        subscriber: Box<dyn Subscriber>,
        workers: usize,
        drain_deadline: Duration,
    ) -> Result<Self, AppError> {
        let plan = Arc::new(plan);
        let stopping = Arc::new(AtomicBool::new(false));
        let mut writers = Vec::new();
        for _ in 0..workers.max(1) {
            writers.push(plan.log.writer(plan.isolation)?);
        }
        let (ended_sender, ended) = oneshot::channel();
        let (ports_sender, ports) = mpsc::channel();
        let supervisor = {
            let (plan, stopping) = (Arc::clone(&plan), Arc::clone(&stopping));
            let name = format!("{}-supervisor", plan.app);
            thread::Builder::new().name(name).spawn(move || {
                let (failed, failures) = mpsc::channel();
                let workers: Result<Vec<_>, _> = writers
                    .into_iter()
                    .enumerate()
                    .map(|(n, writer)| WorkerHandle::spawn(n, &plan, writer, failed.clone()))
                    .collect();
                let result = workers.map_err(AppError::Thread).and_then(|workers| {
                    let ports = workers.iter().map(|worker| worker.port.clone());
                    // `start` waits for it.
                    let _ = ports_sender.send(ports.collect());
                    Supervisor {
                        plan: Arc::clone(&plan),
                        subscriber,
                        workers,
                        failures,
                        stopping,
                        drain_deadline,
                    }
                    .run()
                });
                plan.status.end();
                // Nobody may be waiting.
                let _ = ended_sender.send(());
                result
            })
        }
        .map_err(AppError::Thread)?;
        let thread = supervisor.thread().clone();
        // Without workers there is nobody to command, and the supervisor has ended.
        let ports = ports.recv().unwrap_or_default();
        let ended = Mutex::new(Some(ended));
        Ok(Self {
            plan,
            ports,
            topic,
            stopping,
            supervisor: Some(supervisor),
            thread,
            ended,
        })
    }

    /// What the app has done so far.
    #[must_use]
    pub fn status(&self) -> Status {
        self.plan.status.get()
    }

    /// How many messages are in the source topic, and in the app's own repartition topics, that it has not committed
    /// yet.
    ///
    /// # Errors
    /// If the log cannot be read.
    pub fn lag(&self) -> Result<u64, LogError> {
        self.lag_behind(&self.plan.status.positions())
    }

    fn lag_behind(&self, positions: &BTreeMap<TopicPartition, Offset>) -> Result<u64, LogError> {
        let lags = self.lags_behind(positions)?;
        Ok(lags.iter().map(PartitionLag::messages).sum())
    }

    /// How far the app is in each partition of its source topic and of its own repartition topics.
    ///
    /// # Errors
    /// If the log cannot be read.
    pub fn partition_lags(&self) -> Result<Vec<PartitionLag>, LogError> {
        self.lags_behind(&self.plan.status.positions())
    }

    fn lags_behind(
        &self,
        positions: &BTreeMap<TopicPartition, Offset>,
    ) -> Result<Vec<PartitionLag>, LogError> {
        let mut lags = Vec::new();
        for topic in std::iter::once(&self.topic).chain(&self.plan.internal_topics) {
            let topic: Arc<str> = Arc::from(topic.as_str());
            let ranges = self.plan.log.offsets(&topic)?;
            // Of its own topics it knows what it has committed before readers see it.
            let ends = match *topic == *self.topic {
                true => ranges.iter().map(|range| range.end).collect(),
                false => self.plan.log.ends(&topic)?,
            };
            for ((range, end), partition) in ranges.iter().zip(ends).zip(0..) {
                let partition = TopicPartition::new(Arc::clone(&topic), partition);
                let position = positions.get(&partition).copied().unwrap_or(range.start);
                lags.push(PartitionLag {
                    position: position.max(range.start),
                    end,
                    partition,
                });
            }
        }
        Ok(lags)
    }

    /// Blocks until the app has committed everything that its source topic holds at some moment.
    ///
    /// # Errors
    /// If the app fails for good before.
    pub fn wait_until_caught_up(&self) -> Result<(), AppError> {
        let mut outcome = Err(AppError::Ended);
        self.plan.status.wait_until(|positions| {
            outcome = match self.lag_behind(positions) {
                Ok(0) => Ok(()),
                Ok(_) => Err(AppError::Ended),
                Err(error) => {
                    outcome = Err(error.into());
                    return true;
                }
            };
            outcome.is_ok()
        });
        outcome
    }

    /// Whether the app has ended, by failure or because it was stopped.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.supervisor.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Asks the app to stop: it finishes what is in flight, commits, and ends.
    pub fn request_stop(&self) {
        self.stopping.store(true, Ordering::Release);
        self.thread.unpark();
    }

    /// Stops the app and waits for its end.
    ///
    /// # Errors
    /// What it failed of, also when that was before.
    pub fn stop(mut self) -> Result<Status, AppError> {
        self.request_stop();
        self.join()
    }

    /// Lets the app work until `until` is ready or it fails for good, then stops it and waits for its end.
    ///
    /// # Errors
    /// What it failed of.
    pub async fn until(mut self, until: impl Future<Output = ()>) -> Result<Status, AppError> {
        let ended = self
            .ended
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(mut ended) = ended
            && let Either::Left(_) = select(pin!(until), &mut ended).await
        {
            self.request_stop();
            // The sender is dropped only with the thread, which is the end as well.
            let _ = ended.await;
        }
        self.join()
    }

    fn join(&mut self) -> Result<Status, AppError> {
        if let Some(supervisor) = self.supervisor.take() {
            supervisor.join().unwrap_or(Err(AppError::Ended))?;
        }
        Ok(self.status())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.request_stop();
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running")
            .field("app", &self.plan.app)
            .field("topic", &self.topic)
            .field("status", &self.status())
            .finish_non_exhaustive()
    }
}

impl WorkerHandle {
    fn spawn(
        n: usize,
        plan: &Arc<Plan>,
        writer: Box<dyn crate::log::Writer>,
        failed: Sender<Fatal>,
    ) -> std::io::Result<Self> {
        let (commands, receiver) = mpsc::channel();
        let supervisor = thread::current();
        let plan = Arc::clone(plan);
        let name = format!("{}-worker-{n}", plan.app);
        let thread = thread::Builder::new().name(name).spawn(move || {
            let result = Worker::new(plan, writer).run(&receiver);
            if let Err(error) = result {
                // The supervisor is alive until it has joined this thread.
                let _ = failed.send(error);
                supervisor.unpark();
            }
            Ok(())
        })?;
        let port = Port {
            commands,
            thread: thread.thread().clone(),
        };
        Ok(Self {
            port,
            thread,
            partitions: Vec::new(),
        })
    }

    fn give_up(&mut self, partitions: &[TopicPartition]) {
        self.partitions
            .retain(|partition| !partitions.contains(partition));
    }
}

impl Port {
    pub(super) fn send(&self, command: Command) {
        // A worker that has ended has sent its failure, which the supervisor sees next.
        let _ = self.commands.send(command);
        self.thread.unpark();
    }
}

impl Supervisor {
    fn run(mut self) -> Result<(), AppError> {
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        let mut cx = Context::from_waker(&waker);
        let outcome = loop {
            if let Ok(failure) = self.failures.try_recv() {
                break Err(AppError::Task(failure));
            }
            if self.stopping.load(Ordering::Acquire) {
                break Ok(());
            }
            match self.subscriber.poll_assignment(&mut cx) {
                Poll::Ready(Ok(assignment)) => self.apply(assignment),
                Poll::Ready(Err(error)) => break Err(error.into()),
                Poll::Pending => thread::park(),
            }
        };
        let deadline = Instant::now() + self.drain_deadline;
        for worker in &self.workers {
            worker.port.send(Command::Stop(deadline));
        }
        for worker in self.workers {
            if worker.thread.join().is_err() {
                tracing::error!(app = self.plan.app, "a worker thread panicked");
            }
        }
        let late = self
            .failures
            .try_recv()
            .map_or(Ok(()), |failure| Err(AppError::Task(failure)));
        outcome.and(late)
    }

    fn apply(&mut self, assignment: Assignment) {
        match assignment {
            Assignment::Assigned(readers) => {
                let partitions = readers.iter().map(|reader| reader.topic_partition());
                self.plan.status.assigning(partitions);
                for reader in readers {
                    let workers = self.workers.iter_mut();
                    if let Some(worker) = workers.min_by_key(|worker| worker.partitions.len()) {
                        worker.partitions.push(reader.topic_partition().clone());
                        worker.port.send(Command::Assign(reader));
                    }
                }
            }
            Assignment::Lost(partitions) => {
                let command = |done| Command::Lose(partitions.clone(), done);
                if !self.take_away(&partitions, command) {
                    tracing::warn!(
                        app = self.plan.app,
                        "partitions are lost, and their tasks have not ended yet"
                    );
                }
            }
            Assignment::Revoked(partitions) => {
                let command = |done| Command::Revoke(partitions.clone(), done);
                if !self.take_away(&partitions, command) {
                    tracing::warn!(
                        app = self.plan.app,
                        "partitions are given away before their tasks have finished; \
                         what they have not committed is read again",
                    );
                }
            }
        }
    }

    /// Takes partitions from the workers, and waits until their tasks have ended, but not beyond the deadline. Whether
    /// they have.
    fn take_away(
        &mut self,
        partitions: &[TopicPartition],
        command: impl Fn(Sender<()>) -> Command,
    ) -> bool {
        let (done, all_done) = mpsc::channel();
        for worker in &mut self.workers {
            worker.give_up(partitions);
            worker.port.send(command(done.clone()));
        }
        drop(done);
        let deadline = Instant::now() + self.drain_deadline;
        self.workers.iter().all(|_| {
            let left = deadline.saturating_duration_since(Instant::now());
            all_done.recv_timeout(left).is_ok()
        })
    }
}
