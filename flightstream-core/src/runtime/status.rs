use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use serde::Serialize;

use crate::batch::{Offset, TopicPartition};

/// What an app has done since its start. Records count once they are committed, so that the numbers add up also after
/// a task has been restarted: `read` = `emitted` + all `rejected`, as far as no operator filters or multiplies.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Status {
    /// Messages read.
    pub read: u64,
    /// Records that came out of the pipelines.
    pub emitted: u64,
    /// Refused records, by reason.
    pub rejected: BTreeMap<String, u64>,
    /// What sinks count, by name.
    pub counts: BTreeMap<String, u64>,
    /// Commits.
    pub commits: u64,
    /// Tasks restarted after a failure.
    pub restarts: u64,
    /// The last failure, as a sentence.
    pub last_failure: Option<String>,
    /// Partitions that have a running task.
    pub tasks: usize,
}

impl Status {
    /// Adds what a task has done between two commits.
    pub(crate) fn add(&mut self, other: Self) {
        self.read += other.read;
        self.emitted += other.emitted;
        self.commits += other.commits;
        self.restarts += other.restarts;
        for (reason, count) in other.rejected {
            *self.rejected.entry(reason).or_default() += count;
        }
        for (name, count) in other.counts {
            *self.counts.entry(name).or_default() += count;
        }
        self.last_failure = other.last_failure.or(self.last_failure.take());
    }
}

/// The status that the workers write and a [`Running`](super::Running) reads.
#[derive(Debug, Default)]
pub(crate) struct SharedStatus {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    status: Status,
    positions: BTreeMap<TopicPartition, Offset>,
    ended: bool,
}

impl SharedStatus {
    pub(crate) fn update(&self, change: impl FnOnce(&mut Status)) {
        change(&mut self.lock().status);
    }

    /// Takes note of a partition and where its task begins.
    pub(crate) fn assigned(&self, partition: &TopicPartition, position: Offset) {
        let mut state = self.lock();
        state.positions.insert(partition.clone(), position);
        state.status.tasks += 1;
        self.changed.notify_all();
    }

    /// Takes note of a partition that was given away.
    pub(crate) fn revoked(&self, partition: &TopicPartition) {
        let mut state = self.lock();
        state.positions.remove(partition);
        state.status.tasks = state.status.tasks.saturating_sub(1);
    }

    /// Takes note of committed offsets.
    pub(crate) fn committed(&self, offsets: &[(TopicPartition, Offset)]) {
        let mut state = self.lock();
        state.status.commits += 1;
        for (partition, offset) in offsets {
            state.positions.insert(partition.clone(), *offset);
        }
        self.changed.notify_all();
    }

    /// Takes note that the app has ended.
    pub(crate) fn end(&self) {
        self.lock().ended = true;
        self.changed.notify_all();
    }

    pub(crate) fn get(&self) -> Status {
        self.lock().status.clone()
    }

    /// The next offset to read of each partition of this app.
    pub(crate) fn positions(&self) -> BTreeMap<TopicPartition, Offset> {
        self.lock().positions.clone()
    }

    /// Blocks until the condition holds, looking at it after each commit, or until the app has ended.
    pub(crate) fn wait_until(
        &self,
        mut holds: impl FnMut(&BTreeMap<TopicPartition, Offset>) -> bool,
    ) {
        let state = self.lock();
        let wait = self
            .changed
            .wait_while(state, |state| !state.ended && !holds(&state.positions));
        drop(wait);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
