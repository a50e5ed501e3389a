use std::collections::BTreeMap;
use std::sync::PoisonError;

use serde::Serialize;

use crate::batch::{Offset, TopicPartition};
use crate::sync::{Condvar, Mutex, MutexGuard};

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
    /// What the task of each partition does.
    pub task_states: BTreeMap<u32, TaskState>,
    /// How many entries the stores have, by name, over all tasks: as of the last commit.
    pub entries: BTreeMap<String, u64>,
    /// How many bytes of memory the stores take, by name, over all tasks, as far as they
    /// [know](crate::store::StateStore::bytes): as of the last commit.
    pub state_bytes: BTreeMap<String, u64>,
    /// Copies of state in the state directory that were not used, because they were damaged or did not fit. The stores
    /// were read back from their changelogs as a whole.
    pub unused_copies: u64,
    /// The last of them with the reason, as a sentence.
    pub last_unused_copy: Option<String>,
    /// How the app is, as a whole.
    pub health: Health,
}

/// What a task does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum TaskState {
    /// It reads its state back.
    Restoring {
        /// How many entries of changelogs and tables' topics are still to be read; zero also before that is known.
        remaining: u64,
    },
    /// It processes records.
    Running,
    /// It has failed and waits to be started again.
    WaitingForRestart,
}

/// How an app is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// It waits to be assigned partitions.
    #[default]
    Starting,
    /// Some task reads its state back.
    Restoring,
    /// All tasks process records.
    Ready,
    /// Some task has failed and waits to be started again.
    Degraded,
    /// It was told to [pause](super::Running::pause).
    Paused,
    /// It was stopped, or has failed for good.
    Ended,
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
    state_sizes: BTreeMap<(u32, &'static str), StateSize>,
    assigned: bool,
    paused: bool,
    ended: bool,
}

/// What a store of a task holds.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct StateSize {
    pub(crate) entries: u64,
    pub(crate) bytes: u64,
}

impl State {
    fn health(&self) -> Health {
        let any = |is: fn(&TaskState) -> bool| self.status.task_states.values().any(is);
        if self.ended {
            Health::Ended
        } else if self.paused {
            Health::Paused
        } else if !self.assigned {
            Health::Starting
        } else if any(|state| *state == TaskState::WaitingForRestart) {
            Health::Degraded
        } else if any(|state| *state != TaskState::Running) {
            Health::Restoring
        } else {
            Health::Ready
        }
    }
}

impl SharedStatus {
    pub(crate) fn update(&self, change: impl FnOnce(&mut Status)) {
        change(&mut self.lock().status);
    }

    /// Takes note of partitions that tasks will be started for.
    pub(crate) fn assigning<'a>(&self, partitions: impl Iterator<Item = &'a TopicPartition>) {
        let mut state = self.lock();
        state.assigned = true;
        for partition in partitions {
            let restoring = TaskState::Restoring { remaining: 0 };
            let states = &mut state.status.task_states;
            states.insert(partition.partition(), restoring);
        }
    }

    /// Takes note of what a task does.
    pub(crate) fn task_state(&self, partition: u32, task: TaskState) {
        self.lock().status.task_states.insert(partition, task);
        self.changed.notify_all();
    }

    /// Takes note of what the stores of a task hold.
    pub(crate) fn state_sizes(
        &self,
        partition: u32,
        stores: impl Iterator<Item = (&'static str, StateSize)>,
    ) {
        let mut state = self.lock();
        let stores = stores.map(|(name, size)| ((partition, name), size));
        state.state_sizes.extend(stores);
    }

    /// How many bytes the stores of all tasks take.
    pub(crate) fn state_bytes(&self) -> u64 {
        let state = self.lock();
        state.state_sizes.values().map(|size| size.bytes).sum()
    }

    /// How many partitions have a running task.
    pub(crate) fn tasks(&self) -> usize {
        self.lock().status.tasks
    }

    /// Takes note that the app pauses, or goes on.
    pub(crate) fn pause(&self, paused: bool) {
        self.lock().paused = paused;
        self.changed.notify_all();
    }

    /// Takes note of a partition and where its task begins.
    pub(crate) fn assigned(&self, partition: &TopicPartition, position: Offset) {
        let mut state = self.lock();
        state.positions.insert(partition.clone(), position);
        state.status.tasks += 1;
        self.changed.notify_all();
    }

    /// Takes note of where a task begins in a partition of a topic between tasks.
    pub(crate) fn begins(&self, partition: &TopicPartition, position: Offset) {
        self.lock().positions.insert(partition.clone(), position);
        self.changed.notify_all();
    }

    /// Takes note of a partition that was given away.
    pub(crate) fn revoked(&self, partition: &TopicPartition) {
        let mut state = self.lock();
        let number = partition.partition();
        // Of the source and of the topics between tasks.
        state
            .positions
            .retain(|partition, _| partition.partition() != number);
        state.status.task_states.remove(&number);
        state
            .state_sizes
            .retain(|(partition, _), _| *partition != number);
        state.status.tasks = state.status.tasks.saturating_sub(1);
        // What remains may be ready.
        self.changed.notify_all();
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
        let state = self.lock();
        let mut status = state.status.clone();
        status.health = state.health();
        for ((_, store), size) in &state.state_sizes {
            let store = || (*store).to_owned();
            *status.entries.entry(store()).or_default() += size.entries;
            *status.state_bytes.entry(store()).or_default() += size.bytes;
        }
        status
    }

    pub(crate) fn health(&self) -> Health {
        self.lock().health()
    }

    /// Blocks until all tasks process records or the app has ended. Whether they do.
    pub(crate) fn wait_until_ready(&self) -> bool {
        let state =
            self.wait_while(|state| !matches!(state.health(), Health::Ready | Health::Ended));
        state.health() == Health::Ready
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
        let mut looked_at = None;
        loop {
            // The condition may ask a cluster, so it is looked at without the lock.
            let state = self
                .wait_while(|state| !state.ended && looked_at.as_ref() == Some(&state.positions));
            if state.ended {
                return;
            }
            let positions = state.positions.clone();
            drop(state);
            if holds(&positions) {
                return;
            }
            looked_at = Some(positions);
        }
    }

    fn wait_while(&self, mut goes_on: impl FnMut(&State) -> bool) -> MutexGuard<'_, State> {
        let mut state = self.lock();
        while goes_on(&state) {
            let woken = self.changed.wait(state);
            state = woken.unwrap_or_else(PoisonError::into_inner);
        }
        state
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(all(test, loom))]
mod loom_tests {
    use std::sync::Arc;

    use super::*;

    fn partitions() -> [TopicPartition; 2] {
        [0, 1].map(|number| TopicPartition::new("topic", number))
    }

    /// Lets another thread do something while this one waits until all tasks are ready. A notification that gets lost
    /// is a deadlock, which the model finds.
    fn ready_after(change: fn(&SharedStatus)) -> bool {
        let status = Arc::new(SharedStatus::default());
        status.assigning(partitions().iter());
        status.task_state(0, TaskState::Running);
        status.task_state(1, TaskState::WaitingForRestart);
        let changing = {
            let status = Arc::clone(&status);
            loom::thread::spawn(move || change(&status))
        };
        let is_ready = status.wait_until_ready();
        changing.join().unwrap();
        is_ready
    }

    #[test]
    fn who_waits_for_readiness_hears_of_it() {
        loom::model(|| {
            assert!(ready_after(
                |status| status.task_state(1, TaskState::Running)
            ))
        });
    }

    #[test]
    fn who_waits_for_readiness_hears_that_the_other_task_was_given_away() {
        loom::model(|| assert!(ready_after(|status| status.revoked(&partitions()[1]))));
    }

    #[test]
    fn who_waits_for_readiness_hears_of_the_end() {
        loom::model(|| assert!(!ready_after(SharedStatus::end)));
    }

    #[test]
    fn who_waits_for_readiness_hears_that_a_pause_is_over() {
        loom::model(|| {
            let is_ready = ready_after(|status| {
                status.pause(true);
                status.task_state(1, TaskState::Running);
                status.pause(false);
            });
            assert!(is_ready);
        });
    }

    #[test]
    fn who_waits_for_a_commit_hears_of_it() {
        loom::model(|| {
            let status = Arc::new(SharedStatus::default());
            let [partition, _] = partitions();
            let committing = {
                let (status, partition) = (Arc::clone(&status), partition.clone());
                loom::thread::spawn(move || {
                    status.committed(&[(partition.clone(), 1)]);
                    status.committed(&[(partition, 2)]);
                })
            };
            status.wait_until(|positions| positions.get(&partition) == Some(&2));
            committing.join().unwrap();
        });
    }
}
