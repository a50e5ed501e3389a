use std::any::{Any, type_name};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::batch::TopicPartition;
use crate::time::{Clock, Timestamp};

pub(crate) type Tables = BTreeMap<&'static str, Arc<dyn Any + Send + Sync>>;

/// What a pipeline function gets beside its records: the task's partition, its clock and the app's tables.
///
/// It is handed over by value, and is cheap to clone, so that closures can keep it and the pipeline's type borrows
/// from nothing.
#[derive(Clone)]
pub struct TaskContext {
    topic_partition: TopicPartition,
    clock: Arc<dyn Clock>,
    tables: Arc<Tables>,
}

impl TaskContext {
    pub(crate) fn new(
        topic_partition: TopicPartition,
        clock: Arc<dyn Clock>,
        tables: Arc<Tables>,
    ) -> Self {
        Self {
            topic_partition,
            clock,
            tables,
        }
    }

    /// The partition whose records this task gets.
    #[must_use]
    pub fn topic_partition(&self) -> &TopicPartition {
        &self.topic_partition
    }

    /// The present time on the app's clock.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A table that was registered with [`App::table`](super::App::table).
    ///
    /// # Panics
    /// If the app has no table of that name and type: a mistake in the program, which shows when its first task
    /// starts.
    #[must_use]
    #[allow(clippy::panic, reason = "documented; there is no table to go on with")]
    pub fn table<T: Send + Sync + 'static>(&self, name: &str) -> Arc<T> {
        let table = self.tables.get(name).map(Arc::clone);
        match table.map(Arc::downcast) {
            Some(Ok(table)) => table,
            Some(Err(_)) => panic!("table {name:?} is not a {}", type_name::<T>()),
            None => panic!("there is no table {name:?}; add it with App::table"),
        }
    }
}

impl fmt::Debug for TaskContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskContext")
            .field("topic_partition", &self.topic_partition)
            .field("tables", &self.tables.keys())
            .finish_non_exhaustive()
    }
}
