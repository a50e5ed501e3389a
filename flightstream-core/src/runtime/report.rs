use super::changelog::Changelog;
use super::slot::Slot;
use super::state_dir::StoreKind;
use super::status::{SharedStatus, StateSize, Status, TaskState};
use super::topic_feed::TopicFeed;
use super::worker::Plan;
use crate::Fatal;
use crate::store::StoreError;

/// What persistent stores have in memory without a budget.
const CACHE_BYTES: u64 = 64 * 1024 * 1024;

impl Plan {
    /// How many bytes each of a task's stores may keep in memory if it can read them again.
    pub(super) fn cache_bytes(&self, stores: usize) -> usize {
        let stores = self.status.tasks().saturating_mul(stores).max(1) as u64;
        let share = self.state_budget.unwrap_or(CACHE_BYTES) / stores;
        usize::try_from(share).unwrap_or(usize::MAX)
    }

    /// Takes note that a copy of a task's state is not used.
    pub(super) fn unusable_state(&self, partition: u32, message: String) {
        tracing::warn!(app = self.app, partition, "{message}");
        self.status.update(|status| {
            status.unused_copies += 1;
            status.last_unused_copy = Some(message);
        });
    }
}

impl Slot {
    /// What the task does.
    fn state(&self) -> TaskState {
        match &self.task {
            Some(task) if task.is_restored => TaskState::Running,
            Some(task) => {
                let changelogs = task.changelogs.iter().map(Changelog::remaining);
                let tables = task.tables.iter().map(TopicFeed::remaining);
                TaskState::Restoring {
                    remaining: changelogs.chain(tables).sum(),
                }
            }
            None if self.backoff.failures() > 0 => TaskState::WaitingForRestart,
            None => TaskState::Restoring { remaining: 0 },
        }
    }

    /// Says what the task does, if that has changed.
    pub(crate) fn report(&mut self, status: &SharedStatus) {
        let state = self.state();
        self.meter.in_flight(|| self.batches_in_flight());
        self.meter.behind(|| self.lag());
        if self.reported != Some(state) {
            self.reported = Some(state);
            self.meter.state(state);
            status.task_state(self.partition.partition(), state);
            if state == TaskState::Running {
                self.report_entries(status);
            }
        }
    }

    /// Says what a commit covers.
    pub(crate) fn report_commit(&self, status: &SharedStatus, done: Status) {
        self.meter.committed(&done, || self.lag());
        status.update(|status| status.add(done));
        self.report_entries(status);
    }

    /// Refuses to commit when the app's stores take more memory than they may.
    pub(super) fn check_budget(&self, plan: &Plan) -> Result<(), Fatal> {
        self.report_entries(&plan.status);
        let bytes = plan.status.state_bytes();
        let Some(budget) = plan.state_budget.filter(|budget| bytes > *budget) else {
            return Ok(());
        };
        let kind = plan.state_dir.as_ref().map(|dir| dir.kind);
        if kind.is_some_and(|kind| kind != StoreKind::InMemory) {
            return Ok(());
        }
        let changelogs = self.task.iter().flat_map(|task| &task.changelogs);
        let stores = changelogs.map(|changelog| {
            let store = &changelog.store;
            (store.store.borrow().bytes() as u64, store.name)
        });
        let (of_store, name) = stores.max().unwrap_or_default();
        Err(Fatal::Store(StoreError::OverBudget {
            bytes,
            budget,
            name: name.to_owned(),
            of_store,
        }))
    }

    /// Says how many entries the task's stores have, and what memory they take.
    fn report_entries(&self, status: &SharedStatus) {
        let Some(task) = self
            .task
            .as_ref()
            .filter(|task| !task.changelogs.is_empty())
        else {
            return;
        };
        let stores = task.changelogs.iter().map(|changelog| {
            let store = &changelog.store;
            let stored = store.store.borrow();
            let size = StateSize {
                entries: stored.entries() as u64,
                bytes: stored.bytes() as u64,
            };
            self.meter.state_size(store.name, size);
            (store.name, size)
        });
        status.state_sizes(self.partition.partition(), stores);
    }
}
