use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc;

use super::app::AppError;
use super::query::{Partitions, QueryError};
use super::running::Running;
use super::slot::{Slot, panic_message};
use super::status::Health;
use super::worker::Command;
use crate::store::StateStore;

impl Running {
    /// Looks at a store of one partition (`3`) or of all that the app has (`..`), and returns what `read` returned for
    /// each, by partition.
    ///
    /// `read` runs on the tasks' own threads between two batches, so it needs no lock and keeps nothing waiting but
    /// itself; it should be short. It sees also what is not committed yet. While an app is paused, queries are
    /// answered.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use flightstream_core::Records;
    /// use flightstream_core::batch::{Raw, Record, Rejection};
    /// use flightstream_core::log::{Isolation, Log, TopicSpec, memory::MemoryLog};
    /// use flightstream_core::runtime::{App, TaskContext, topic};
    /// use flightstream_core::store::KeyValueStore;
    /// use flightstream_core::time::Timestamp;
    ///
    /// let log: Arc<dyn Log> = Arc::new(MemoryLog::default());
    /// log.create_topic(&TopicSpec::new("words", 2))?;
    /// log.create_topic(&TopicSpec::new("counts", 1))?;
    /// let words = ["a", "b", "a"].map(|word| Record::new(Raw::from(word), Timestamp::default()));
    /// log.writer(Isolation::Immediate)?.append("words", words.into())?;
    ///
    /// let running = App::new("words")
    ///     .source(topic("words").group("words"))
    ///     .pipeline(|raw, cx: TaskContext| {
    ///         let counts = cx.store::<KeyValueStore<String, u64>>("counts");
    ///         raw.decode(|bytes: &[u8]| String::from_utf8(bytes.to_vec()).map_err(|_| Rejection::new("not_utf8")))
    ///             .map(move |word| {
    ///                 let count = counts.write().update(&word, |count| {
    ///                     *count.get_or_insert(0) += 1;
    ///                     *count
    ///                 });
    ///                 (word, count)
    ///             })
    ///     })
    ///     .sink(topic("counts").json())
    ///     .start(&log)?;
    /// running.wait_until_caught_up()?;
    /// let counts = running.store(.., "counts", |counts: &KeyValueStore<String, u64>| {
    ///     counts.iter().map(|(_, count)| *count).sum::<u64>()
    /// })?;
    /// assert_eq!((counts.len(), counts.iter().sum()), (2, 3_u64));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// If there is no such store, or one that was asked for is not there yet.
    pub fn store<S, R>(
        &self,
        partitions: impl Into<Partitions>,
        name: &str,
        read: impl Fn(&S) -> R + Send + Sync + 'static,
    ) -> Result<Vec<R>, QueryError>
    where
        S: StateStore,
        R: Send + 'static,
    {
        let partitions = partitions.into();
        let (read, name) = (Arc::new(read), Arc::<str>::from(name));
        let (answer, answers) = mpsc::channel();
        for port in &self.ports {
            let (read, name, answer) = (Arc::clone(&read), Arc::clone(&name), answer.clone());
            port.send(Command::Look(Box::new(move |slots| {
                // Whoever asked may have gone.
                let _ = answer.send(look(slots, partitions, &name, &*read));
            })));
        }
        drop(answer);
        let mut found: Vec<(u32, Result<R, QueryError>)> = Vec::new();
        for _ in &self.ports {
            found.extend(answers.recv().map_err(|_| QueryError::Ended)?);
        }
        if self.ports.is_empty() {
            return Err(QueryError::Ended);
        }
        // What is assigned and was not found has no task yet.
        let missing = |partition: &u32| found.iter().all(|(found, _)| found != partition);
        let assigned = self.plan.status.get().task_states.into_keys();
        let mut assigned = assigned.filter(|partition| partitions.contain(*partition));
        if let Some(partition) = assigned.find(missing) {
            return Err(QueryError::NotRestored { partition });
        }
        if found.is_empty() {
            return Err(match partitions {
                Partitions::One(partition) => QueryError::NotAssigned { partition },
                Partitions::All => QueryError::NotReady,
            });
        }
        found.sort_by_key(|(partition, _)| *partition);
        found.into_iter().map(|(_, result)| result).collect()
    }

    /// Whether all tasks have their state and process records.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.health() == Health::Ready
    }

    /// How the app is.
    #[must_use]
    pub fn health(&self) -> Health {
        self.plan.status.health()
    }

    /// Asks how the app is, also from other threads and after its end.
    pub fn health_probe(&self) -> impl Fn() -> Health + Send + Sync + 'static {
        let plan = Arc::clone(&self.plan);
        move || plan.status.health()
    }

    /// Blocks until all tasks have their state and process records.
    ///
    /// # Errors
    /// If the app ends before.
    pub fn wait_until_ready(&self) -> Result<(), AppError> {
        let is_ready = self.plan.status.wait_until_ready();
        is_ready.then_some(()).ok_or(AppError::Ended)
    }

    /// Stops pulling records and firing timers, finishes and commits what is in flight, and returns when that is done.
    /// The app stays in its group and keeps its partitions.
    ///
    /// # Errors
    /// If the app ends, or has ended.
    pub fn pause(&self) -> Result<(), AppError> {
        let (done, all_done) = mpsc::channel();
        for port in &self.ports {
            port.send(Command::Pause(done.clone()));
        }
        drop(done);
        for _ in &self.ports {
            all_done.recv().map_err(|_| AppError::Ended)?;
        }
        if self.ports.is_empty() {
            return Err(AppError::Ended);
        }
        self.plan.status.pause(true);
        Ok(())
    }

    /// Goes on after a [`pause`](Self::pause).
    pub fn resume(&self) {
        self.plan.status.pause(false);
        for port in &self.ports {
            port.send(Command::Resume);
        }
    }
}

fn look<S: StateStore, R>(
    slots: &[Slot],
    partitions: Partitions,
    name: &str,
    read: &impl Fn(&S) -> R,
) -> Vec<(u32, Result<R, QueryError>)> {
    let asked = slots
        .iter()
        .filter(|slot| partitions.contain(slot.partition.partition()));
    let answer = |slot: &Slot| {
        let result = catch_unwind(AssertUnwindSafe(|| slot.store(name, read)));
        let result =
            result.unwrap_or_else(|panic| Err(QueryError::Panicked(panic_message(&*panic))));
        (slot.partition.partition(), result)
    };
    asked.map(answer).collect()
}
