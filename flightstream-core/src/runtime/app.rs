use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

use super::changelog::changelog_topic;
use super::context::{Tables, TaskContext};
use super::delivery::Delivery;
use super::encoder::{Json, JsonValues};
use super::inlet::repartition_topic;
use super::meter;
use super::running::Running;
use super::sink::{MakeSink, TopicSink};
use super::slot::panic_message;
use super::source::{Intake, Source, TaskRecords};
use super::state_dir::{StateDir, StoreKind};
use super::status::{SharedStatus, Status};
use super::task::{Drive, Task};
use super::worker::Plan;
use crate::batch::TopicPartition;
use crate::log::{Log, LogError, Subscription, TopicSpec};
use crate::table::SharedTable;
use crate::time::{Clock, SystemClock};
use crate::{Fatal, Records};

/// Why an app did not start, or ended.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum AppError {
    /// [`App::source`] was not called.
    #[error("app {0:?} has no source; give it one with `.source(topic(…).group(…))`")]
    NoSource(String),
    /// [`App::store_kind`] needs [`App::state_dir`].
    #[error(
        "the stores of app {0:?} are not in memory; give them a directory with `.state_dir(…)`"
    )]
    NoStateDir(String),
    /// The log refused: see the message for what to change.
    #[error(transparent)]
    Log(#[from] LogError),
    /// A task failed for good, or more often in a row than the app allows.
    #[error(transparent)]
    Task(Fatal),
    /// The pipeline function panicked when it was called for the first time, without records.
    #[error("the pipeline of app {app:?} cannot be made: {message}")]
    Pipeline {
        /// The app.
        app: String,
        /// What it said.
        message: String,
    },
    /// A table's topic cannot be joined with the source: a task would not find the keys of its partition.
    #[error(
        "topic {table_topic:?} has {table_partitions} partitions and {source_topic:?} has \
         {source_partitions}; a table needs as many as the source it is joined with"
    )]
    NotCoPartitioned {
        /// The app's source.
        source_topic: String,
        /// Its partitions.
        source_partitions: usize,
        /// The table's topic.
        table_topic: String,
        /// Its partitions.
        table_partitions: usize,
    },
    /// The state directory can't be opened, read or written: permissions, a full disk, a path that is a file.
    #[error("cannot use the state directory {}: {source}", path.display())]
    StateDir {
        /// The app's directory in it.
        path: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
    /// Another process, or another app of that name in this one, uses the state directory.
    #[error(
        "the state directory {} is in use by another process; stop that one, or choose another \
         directory", path.display()
    )]
    StateDirInUse {
        /// The app's directory in it.
        path: PathBuf,
    },
    /// The system gave no more threads.
    #[error("cannot start a thread: {0}")]
    Thread(#[source] std::io::Error),
    /// The app ended before it had done what was waited for. Its log says why.
    #[error("the app ended before it was done")]
    Ended,
}

/// A pipeline with its source and sink: what a program declares and runs.
///
/// See [`runtime`](super) for an example.
#[must_use = "an app does nothing until it is run"]
pub struct App<F = (), K = ()> {
    pub(super) settings: Settings,
    pub(super) pipeline: F,
    pub(super) sink: K,
}

pub(super) struct Settings {
    pub(super) name: String,
    pub(super) source: Option<Source>,
    pub(super) dead_letters: Option<String>,
    pub(super) delivery: Delivery,
    commit_interval: Option<Duration>,
    workers: usize,
    max_restarts: u32,
    drain_deadline: Duration,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) tables: Tables,
    pub(super) state_dir: Option<PathBuf>,
    pub(super) snapshot_every: Duration,
    pub(super) store_kind: StoreKind,
    state_budget: Option<u64>,
}

/// An app that is checked and can be started.
pub(crate) struct Prepared {
    pub(crate) plan: Plan,
    pub(crate) subscription: Subscription,
    workers: usize,
    drain_deadline: Duration,
}

impl App {
    /// An app of that name, which appears in messages and thread names.
    pub fn new(name: impl Into<String>) -> Self {
        let settings = Settings {
            name: name.into(),
            source: None,
            dead_letters: None,
            delivery: Delivery::default(),
            commit_interval: None,
            workers: 1,
            max_restarts: 10,
            drain_deadline: Duration::from_secs(10),
            clock: Arc::new(SystemClock),
            tables: Tables::new(),
            state_dir: None,
            snapshot_every: Duration::from_secs(60),
            store_kind: StoreKind::default(),
            state_budget: None,
        };
        Self {
            settings,
            pipeline: (),
            sink: (),
        }
    }
}

impl<F, K> App<F, K> {
    /// What the app reads.
    pub fn source(mut self, source: Source) -> Self {
        self.settings.source = Some(source);
        self
    }

    /// The function that makes a partition's pipeline. It is called once per assigned partition, and again after a
    /// failure.
    pub fn pipeline<G, R>(self, pipeline: G) -> App<G, K>
    where
        G: Fn(TaskRecords, TaskContext) -> R,
        R: Records,
    {
        App {
            settings: self.settings,
            pipeline,
            sink: self.sink,
        }
    }

    /// Where the pipeline's records go.
    pub fn sink<L>(self, sink: L) -> App<F, L> {
        App {
            settings: self.settings,
            pipeline: self.pipeline,
            sink,
        }
    }

    /// The topic that refused records go to. Without one they are only counted.
    pub fn dead_letters(mut self, topic: impl Into<String>) -> Self {
        self.settings.dead_letters = Some(topic.into());
        self
    }

    /// What a crash may do to the output, by default [`Delivery::AtLeastOnce`].
    pub fn delivery(mut self, delivery: Delivery) -> Self {
        self.settings.delivery = delivery;
        self
    }

    /// Time between commits, by default [`Delivery::commit_interval`].
    pub fn commit_every(mut self, interval: Duration) -> Self {
        self.settings.commit_interval = Some(interval);
        self
    }

    /// How many threads share the tasks, by default 1.
    pub fn workers(mut self, workers: usize) -> Self {
        self.settings.workers = workers;
        self
    }

    /// How many failures in a row of one task are followed by a restart, by default 10; the next one ends the app.
    pub fn max_restarts(mut self, restarts: u32) -> Self {
        self.settings.max_restarts = restarts;
        self
    }

    /// How long a stop waits for what is in flight, by default 10 s. What is not committed then is read again at the
    /// next start.
    pub fn drain_deadline(mut self, deadline: Duration) -> Self {
        self.settings.drain_deadline = deadline;
        self
    }

    /// The clock that the pipelines see, by default the machine's.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.settings.clock = Arc::new(clock);
        self
    }

    /// A directory for snapshots of the app's stores, so that a start reads the tail of each changelog only. Without one
    /// it reads all of it. Several apps may share a directory, but not two processes with one app.
    ///
    /// What is in it may be deleted at any time when the app does not run: everything is in the changelogs too.
    pub fn state_dir(mut self, path: impl Into<PathBuf>) -> Self {
        self.settings.state_dir = Some(path.into());
        self
    }

    /// Time between snapshots of a store that changes, by default 60 s. They are written on threads of their own. What
    /// has changed since the last one is held in memory until then, at most 32 MiB a store or half of its snapshot's
    /// size; if that is not enough, snapshots are taken more often.
    pub fn snapshot_every(mut self, interval: Duration) -> Self {
        self.settings.snapshot_every = interval;
        self
    }

    /// Where the app's stores hold their entries, by default [in memory](StoreKind::InMemory). Pipelines are the same
    /// with either. Those that are not in memory need a [state directory](Self::state_dir).
    pub fn store_kind(mut self, kind: StoreKind) -> Self {
        self.settings.store_kind = kind;
        self
    }

    /// How many bytes of memory the stores of all tasks of the app may take together, as far as they
    /// [know](crate::store::StateStore::bytes). It is looked at in each commit.
    ///
    /// Stores in memory that take more end the app, before the commit; without a budget they may take what there is.
    /// Persistent stores let go of entries that they can read again, each to an equal share; without a budget they have
    /// 64 MiB. What their databases take is not in it: some 60 MiB a task at most.
    pub fn state_budget(mut self, bytes: u64) -> Self {
        self.settings.state_budget = Some(bytes);
        self
    }

    /// A table that pipelines look things up in, by [`TaskContext::table`]: an `Arc` of one that stays as it is, or a
    /// [`SharedTable`], which can be swapped while the app runs.
    pub fn table<T>(mut self, name: &'static str, table: impl Into<SharedTable<T>>) -> Self
    where
        T: Send + Sync + 'static,
    {
        self.settings.tables.insert(name, Arc::new(table.into()));
        self
    }

    /// Starts the app's threads.
    ///
    /// # Errors
    /// If a topic is missing or the log refuses the group.
    pub fn start<R>(self, log: &Arc<dyn Log>) -> Result<Running, AppError>
    where
        F: Fn(TaskRecords, TaskContext) -> R + Send + Sync + 'static,
        R: Records + 'static,
        K: MakeSink<R::Record>,
    {
        let Prepared {
            plan,
            subscription,
            workers,
            drain_deadline,
        } = self.prepare(log)?;
        let subscriber = log.subscribe(&subscription)?;
        Running::start(
            plan,
            subscription.topic,
            subscriber,
            workers,
            drain_deadline,
        )
    }

    /// Checks what the app needs and creates its changelogs.
    pub(crate) fn prepare<R>(self, log: &Arc<dyn Log>) -> Result<Prepared, AppError>
    where
        F: Fn(TaskRecords, TaskContext) -> R + Send + Sync + 'static,
        R: Records + 'static,
        K: MakeSink<R::Record>,
    {
        let Self {
            settings,
            pipeline,
            sink,
        } = self;
        let Some(source) = settings.source else {
            return Err(AppError::NoSource(settings.name));
        };
        let Source {
            subscription,
            batch_size,
        } = source;
        if let Some(topic) = &settings.dead_letters {
            log.offsets(topic)?;
        }
        sink.check(&**log)?;
        let (clock, tables) = (Arc::clone(&settings.clock), Arc::new(settings.tables));
        let mut plan = Plan {
            app: settings.name,
            group: subscription.group.clone(),
            start: subscription.start,
            log: Arc::clone(log),
            clock: settings.clock,
            isolation: settings.delivery.isolation(),
            commit_interval: settings
                .commit_interval
                .unwrap_or_else(|| settings.delivery.commit_interval()),
            dead_letters: settings.dead_letters,
            batch_size,
            max_restarts: settings.max_restarts,
            build: Box::new(move |intake, cx| {
                let task_sink = sink.make(&cx);
                let failure = cx.failure();
                let records = pipeline(TaskRecords::new(intake), cx);
                Box::new(Task::new(records, task_sink, failure)) as Box<dyn Drive>
            }),
            context: Box::new(move |topic_partition| {
                TaskContext::new(topic_partition, Arc::clone(&clock), Arc::clone(&tables))
            }),
            status: SharedStatus::default(),
            internal_topics: Vec::new(),
            state_dir: None,
            state_budget: settings.state_budget,
        };
        meter::prepare();
        let stores = rehearse(&mut plan, &subscription.topic)?;
        let kind = settings.store_kind;
        if settings.state_dir.is_none() && kind != StoreKind::InMemory && !stores.is_empty() {
            return Err(AppError::NoStateDir(plan.app));
        }
        if let Some(dir) = settings.state_dir.filter(|_| !stores.is_empty()) {
            let dir = StateDir::open(&dir, &plan.app, kind, settings.snapshot_every)?;
            let changelog = |store| (store, changelog_topic(&plan.app, store));
            let changelogs: Vec<_> = stores.into_iter().map(changelog).collect();
            dir.clean(&**log, &changelogs, plan.clock.now())?;
            plan.state_dir = Some(Arc::new(dir));
        }
        Ok(Prepared {
            plan,
            subscription,
            workers: settings.workers,
            drain_deadline: settings.drain_deadline,
        })
    }

    /// Runs the app until `until` is ready or it fails for good.
    ///
    /// # Errors
    /// Why it did not start, or what it failed of.
    pub async fn run<R>(
        self,
        log: &Arc<dyn Log>,
        until: impl Future<Output = ()>,
    ) -> Result<Status, AppError>
    where
        F: Fn(TaskRecords, TaskContext) -> R + Send + Sync + 'static,
        R: Records + 'static,
        K: MakeSink<R::Record>,
    {
        self.start(log)?.until(until).await
    }
}

impl<F, K> fmt::Debug for App<F, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App")
            .field("name", &self.settings.name)
            .field("source", &self.settings.source)
            .field("delivery", &self.settings.delivery)
            .finish_non_exhaustive()
    }
}

/// What a partition of a repartition topic keeps: many times what its readers, which are the same app, are behind.
const REPARTITION_BYTES: u64 = 256 << 20;

/// Calls the pipeline function once without records, which shows its mistakes and its stores before anything starts,
/// and creates the changelogs of those stores. Their names.
fn rehearse(plan: &mut Plan, topic: &str) -> Result<Vec<&'static str>, AppError> {
    let partitions = u32::try_from(plan.log.offsets(topic)?.len()).unwrap_or(u32::MAX);
    let partition = TopicPartition::new(topic, 0);
    let reader = plan.log.partition_reader(&partition, 0)?;
    let intake = Intake::new(reader, plan.batch_size);
    let context = (plan.context)(partition);
    let rehearsal = AssertUnwindSafe(|| drop((plan.build)(intake, context.clone())));
    catch_unwind(rehearsal).map_err(|panic| AppError::Pipeline {
        app: plan.app.clone(),
        message: panic_message(&*panic),
    })?;
    for store in context.stores() {
        let changelog = changelog_topic(&plan.app, store.name);
        plan.log
            .create_topic(&TopicSpec::new(changelog, partitions).compacted())?;
    }
    for table in context.topic_tables() {
        let of_table = plan.log.offsets(table.topic)?.len();
        if !table.is_global && of_table != partitions as usize {
            return Err(AppError::NotCoPartitioned {
                source_topic: topic.to_owned(),
                source_partitions: partitions as usize,
                table_topic: table.topic.to_owned(),
                table_partitions: of_table,
            });
        }
    }
    for (inlet, _) in context.repartitions() {
        let topic = repartition_topic(&plan.app, inlet.name());
        let spec = TopicSpec::new(&topic, partitions).retention_bytes(REPARTITION_BYTES);
        plan.log.create_topic(&spec)?;
        plan.internal_topics.push(topic);
    }
    Ok(context.stores().iter().map(|store| store.name).collect())
}

/// Names a topic, to read it or to write to it.
#[must_use]
pub fn topic(name: impl Into<String>) -> Topic {
    Topic { name: name.into() }
}

/// A topic's name, on its way to a [`Source`] or a [`TopicSink`].
#[derive(Clone, Debug)]
pub struct Topic {
    name: String,
}

impl Topic {
    /// Reads the topic for a consumer group.
    #[must_use]
    pub fn group(self, group: impl Into<String>) -> Source {
        Source::new(self.name, group.into())
    }

    /// Writes pairs: the key as text, the value as JSON.
    #[must_use]
    pub fn json<T>(self) -> TopicSink<T, Json> {
        self.encoded(Json)
    }

    /// Writes values as JSON under the key that they were read with.
    #[must_use]
    pub fn json_values<T>(self) -> TopicSink<T, JsonValues> {
        self.encoded(JsonValues)
    }

    /// Writes records with an encoder of the user's own.
    #[must_use]
    pub fn encoded<T, E>(self, encoder: E) -> TopicSink<T, E> {
        TopicSink::new(self.name.into(), encoder)
    }
}
