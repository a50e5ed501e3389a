use super::changelog::Changelog;
use super::slot::Slot;
use super::status::{SharedStatus, Status, TaskState};
use super::topic_feed::TopicFeed;

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

    /// Says how many entries the task's stores have.
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
            let entries = store.store.borrow().entries() as u64;
            self.meter.entries(store.name, entries);
            (store.name, entries)
        });
        status.entries(self.partition.partition(), stores);
    }
}
