use std::any::type_name;
use std::ops::RangeFull;

use thiserror::Error;

use super::slot::Slot;
use crate::store::StateStore;

/// Why a store cannot be looked at.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum QueryError {
    /// The pipeline has not asked its context for a store of that name.
    #[error("there is no store {name:?}; the pipeline has {known:?}")]
    UnknownStore {
        /// The name.
        name: String,
        /// The stores that there are.
        known: Vec<String>,
    },
    /// The store is of another type.
    #[error("store {name:?} is a {schema}, not a {asked}")]
    OtherType {
        /// The store.
        name: String,
        /// What it is.
        schema: String,
        /// What was asked for.
        asked: &'static str,
    },
    /// The task reads its state back, or waits to be started again after a failure.
    #[error(
        "the state of partition {partition} is not read back yet; ask again when the app is ready"
    )]
    NotRestored {
        /// The task's partition.
        partition: u32,
    },
    /// The partition is not this app's, or not yet.
    #[error("partition {partition} is not assigned to this app")]
    NotAssigned {
        /// The partition.
        partition: u32,
    },
    /// The app has no partitions, or not yet.
    #[error("the app has no partitions yet; ask again when it is ready")]
    NotReady,
    /// The app has ended.
    #[error("the app has ended")]
    Ended,
    /// The query's closure panicked. The task did not notice.
    #[error("the query panicked: {0}")]
    Panicked(String),
}

/// Which partitions a query is for: a number, or `..` for all that the app has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Partitions {
    /// All.
    All,
    /// That one.
    One(u32),
}

impl Partitions {
    pub(super) fn contain(self, partition: u32) -> bool {
        self == Self::All || self == Self::One(partition)
    }
}

impl From<u32> for Partitions {
    fn from(partition: u32) -> Self {
        Self::One(partition)
    }
}

impl From<RangeFull> for Partitions {
    fn from(_: RangeFull) -> Self {
        Self::All
    }
}

impl Slot {
    /// Looks at a store of the task.
    pub(crate) fn store<S: StateStore, R>(
        &self,
        name: &str,
        read: impl FnOnce(&S) -> R,
    ) -> Result<R, QueryError> {
        let task = self.task.as_ref().filter(|task| task.is_restored);
        let task = task.ok_or(QueryError::NotRestored {
            partition: self.partition.partition(),
        })?;
        let stores = || task.changelogs.iter().map(|changelog| &changelog.store);
        let store =
            stores()
                .find(|store| store.name == name)
                .ok_or_else(|| QueryError::UnknownStore {
                    name: name.to_owned(),
                    known: stores().map(|store| store.name.to_owned()).collect(),
                })?;
        let borrowed = store.store.borrow();
        let typed = borrowed
            .as_any()
            .downcast_ref()
            .ok_or_else(|| QueryError::OtherType {
                name: name.to_owned(),
                schema: store.schema.clone(),
                asked: type_name::<S>(),
            })?;
        Ok(read(typed))
    }
}
