use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::capture::{Capture, OUTPUT};
use super::{DEAD_LETTERS, INPUT, MemoryLog, TestDriver};
use crate::Records;
use crate::log::{Log, TopicSpec};
use crate::runtime::stepped::Stepped;
use crate::runtime::{
    App, AppError, Delivery, Prepared, StoreKind, TaskContext, TaskRecords, topic,
};
use crate::table::SharedTable;
use crate::time::{ManualClock, Timestamp};

/// What a driver is started with, at its first use.
pub(super) struct Start {
    app: App,
    partitions: u32,
    batch_size: Option<usize>,
    tables: Vec<&'static str>,
    prepare: Box<Prepare>,
}

type Prepare = dyn FnOnce(App, &Arc<dyn Log>) -> Result<Prepared, AppError>;

impl Start {
    pub(super) fn start(self, log: &Arc<dyn Log>) -> Result<Stepped, AppError> {
        for (name, partitions) in [(INPUT, self.partitions), (OUTPUT, 1), (DEAD_LETTERS, 1)] {
            log.create_topic(&TopicSpec::new(name, partitions))?;
        }
        for table in self.tables {
            log.create_topic(&TopicSpec::new(table, self.partitions).compacted())?;
        }
        let source = topic(INPUT).group("test");
        let source = match self.batch_size {
            Some(records) => source.batch_size(records),
            None => source,
        };
        let app = self.app.source(source);
        Ok(Stepped::new((self.prepare)(app, log)?))
    }
}

impl<T: Send + 'static> TestDriver<T> {
    /// A driver of that pipeline, of one partition, with exactly-once delivery and without restarts: a task's failure
    /// is the test's.
    pub fn new<F, R>(pipeline: F) -> Self
    where
        F: Fn(TaskRecords, TaskContext) -> R + Send + Sync + 'static,
        R: Records<Record = T> + 'static,
    {
        let capture = Capture::new();
        let clock = ManualClock::default();
        let sink = capture.clone();
        let start = Start {
            app: App::new("test")
                .dead_letters(DEAD_LETTERS)
                .delivery(Delivery::ExactlyOnce)
                .max_restarts(0)
                .clock(clock.clone()),
            partitions: 1,
            batch_size: None,
            tables: Vec::new(),
            prepare: Box::new(move |app, log| app.pipeline(pipeline).sink(sink).prepare(log)),
        };
        Self {
            log: Arc::new(MemoryLog::new()),
            clock,
            capture,
            start: Some(start),
            stepped: None,
        }
    }
}

/// Settings, which are to be made before the driver is told anything else.
impl<T> TestDriver<T> {
    /// How many partitions the input has, by default 1.
    #[must_use]
    pub fn partitions(self, partitions: u32) -> Self {
        self.set(|start| Start {
            partitions,
            ..start
        })
    }

    /// How many records a batch has at most.
    #[must_use]
    pub fn batch_size(self, records: usize) -> Self {
        self.set(|start| Start {
            batch_size: Some(records),
            ..start
        })
    }

    /// What a crash may do to the output, by default nothing.
    #[must_use]
    pub fn delivery(self, delivery: Delivery) -> Self {
        self.app(|app| app.delivery(delivery))
    }

    /// A table for the pipeline.
    #[must_use]
    pub fn table<V>(self, name: &'static str, table: impl Into<SharedTable<V>>) -> Self
    where
        V: Send + Sync + 'static,
    {
        self.app(|app| app.table(name, table))
    }

    /// A topic beside the input, of as many partitions, for a table that the pipeline reads from it.
    #[must_use]
    pub fn topic_table(self, topic: &'static str) -> Self {
        self.set(|mut start| {
            start.tables.push(topic);
            start
        })
    }

    /// A directory for snapshots, which are taken when the test says so: see [`snapshot`](Self::snapshot). The app's name
    /// is `test`.
    #[must_use]
    pub fn state_dir(self, path: impl Into<PathBuf>) -> Self {
        self.app(|app| app.state_dir(path).snapshot_every(Duration::MAX))
    }

    /// Where the stores hold their entries, by default in memory.
    #[must_use]
    pub fn store_kind(self, kind: StoreKind) -> Self {
        self.app(|app| app.store_kind(kind))
    }

    /// How many failures in a row of one task are followed by a restart, by default 0. There is no pause before it.
    #[must_use]
    pub fn max_restarts(self, restarts: u32) -> Self {
        self.app(|app| app.max_restarts(restarts))
    }

    /// What the clock shows at first, by default the epoch. A pipeline that refuses records of the
    /// [future](crate::operator::FutureGuard) needs the time of its records.
    #[must_use]
    pub fn starts_at(self, now: Timestamp) -> Self {
        self.clock.set(now);
        self
    }

    fn app(self, change: impl FnOnce(App) -> App) -> Self {
        self.set(|start| Start {
            app: change(start.app),
            ..start
        })
    }

    fn set(mut self, change: impl FnOnce(Start) -> Start) -> Self {
        self.start = self.start.map(change);
        self
    }
}
