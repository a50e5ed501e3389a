use std::cell::Cell;
use std::sync::Arc;
use std::time::{Duration, Instant};

use metrics::{Counter, Gauge, Histogram, Label, counter, gauge, histogram};

use crate::batch::{Batch, TopicPartition};
use crate::runtime::metrics::{
    BATCH_LEN, BULK_BYTES, BULK_DOCUMENTS, BULK_RETRIED, BULK_SECONDS, COMMIT_SECONDS,
    E2E_LATENCY_SECONDS, INFLIGHT_BATCHES, LAG, LATE_DROPPED, PROCESS_SECONDS, RECORDS_IN,
    RECORDS_OUT, REJECTED, RESTARTS, RESTORE_REMAINING, SINK, STATE_BYTES, STATE_ENTRIES,
    TASK_STATE, describe,
};
use crate::runtime::status::{StateSize, Status, TaskState};
use crate::time::Clock;

/// Time between two looks at how far a task is behind: it may ask the log.
const LAG_INTERVAL: Duration = Duration::from_secs(1);

/// The metrics of one task. One that was not made for a task records nothing.
#[derive(Default)]
pub(crate) struct Meter(Option<Handles>);

struct Handles {
    clock: Arc<dyn Clock>,
    labels: Vec<Label>,
    records_in: Counter,
    records_out: Counter,
    late_dropped: Counter,
    batch_len: Histogram,
    process_seconds: Histogram,
    e2e_latency: Histogram,
    lag: Gauge,
    lag_looked_at: Cell<Option<Instant>>,
    restarts: Counter,
    inflight_batches: Gauge,
    restore_remaining: Gauge,
    task_state: Gauge,
}

/// The time since its start.
#[derive(Clone, Copy)]
pub(crate) struct Stopwatch(Instant);

/// To be called before an app starts.
pub(crate) fn prepare() {
    describe();
}

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    /// Takes note that a commit of the app took so long.
    pub(crate) fn committed(self, app: &str) {
        histogram!(COMMIT_SECONDS, "app" => app.to_owned()).record(self.0.elapsed());
    }
}

impl Meter {
    pub(crate) fn new(app: &str, partition: &TopicPartition, clock: &Arc<dyn Clock>) -> Self {
        let labels = vec![
            Label::new("app", app.to_owned()),
            Label::new("partition", partition.partition().to_string()),
        ];
        let labels = || labels.clone();
        Self(Some(Handles {
            clock: Arc::clone(clock),
            records_in: counter!(RECORDS_IN, labels()),
            records_out: counter!(RECORDS_OUT, labels()),
            late_dropped: counter!(LATE_DROPPED, labels()),
            batch_len: histogram!(BATCH_LEN, labels()),
            process_seconds: histogram!(PROCESS_SECONDS, labels()),
            e2e_latency: histogram!(E2E_LATENCY_SECONDS, labels()),
            lag: gauge!(LAG, labels()),
            lag_looked_at: Cell::new(None),
            restarts: counter!(RESTARTS, labels()),
            inflight_batches: gauge!(INFLIGHT_BATCHES, labels()),
            restore_remaining: gauge!(RESTORE_REMAINING, labels()),
            task_state: gauge!(TASK_STATE, labels()),
            labels: labels(),
        }))
    }

    /// Takes note of a batch that has come out of the pipeline.
    pub(crate) fn came_out<T>(&self, batch: &Batch<T>) {
        let Some(handles) = &self.0 else { return };
        if let Some(span) = batch.span() {
            handles.batch_len.record(span.count as f64);
        }
        if let Some(last) = batch.records().last() {
            let latency = handles.clock.now().since(last.event_time);
            handles.e2e_latency.record(latency);
        }
    }

    /// Takes note that a batch took so long.
    pub(crate) fn moved(&self, since: Stopwatch) {
        if let Some(handles) = &self.0 {
            handles.process_seconds.record(since.0.elapsed());
        }
    }

    pub(crate) fn in_flight(&self, batches: impl FnOnce() -> usize) {
        if let Some(handles) = &self.0 {
            handles.inflight_batches.set(batches() as f64);
        }
    }

    /// Takes note of how far behind the task is, also when it commits nothing.
    pub(crate) fn behind(&self, lag: impl FnOnce() -> Option<u64>) {
        let Some(handles) = &self.0 else { return };
        let before = handles.lag_looked_at.get();
        if before.is_some_and(|before| before.elapsed() < LAG_INTERVAL) {
            return;
        }
        handles.set_lag(lag());
    }

    /// Takes note that the task has failed and is to start again.
    pub(crate) fn restarted(&self) {
        if let Some(handles) = &self.0 {
            handles.restarts.increment(1);
        }
    }

    /// Takes note of what a commit covers, and how far behind the task is then.
    pub(crate) fn committed(&self, done: &Status, lag: impl FnOnce() -> Option<u64>) {
        let Some(handles) = &self.0 else { return };
        handles.records_in.increment(done.read);
        handles.records_out.increment(done.emitted);
        for (reason, count) in &done.rejected {
            handles
                .counter(REJECTED, "reason", reason.clone())
                .increment(*count);
            if reason == "late" {
                handles.late_dropped.increment(*count);
            }
        }
        for (outcome, count) in &done.counts {
            handles
                .counter(SINK, "outcome", outcome.clone())
                .increment(*count);
        }
        handles.set_lag(lag());
    }

    pub(crate) fn state_size(&self, store: &'static str, size: StateSize) {
        if let Some(handles) = &self.0 {
            let mut labels = handles.labels.clone();
            labels.push(Label::from_static_parts("store", store));
            gauge!(STATE_ENTRIES, labels.clone()).set(size.entries as f64);
            gauge!(STATE_BYTES, labels).set(size.bytes as f64);
        }
    }

    /// Takes note of a bulk that a search store has answered.
    pub(crate) fn bulk_answered(&self, took: Duration, documents: usize, bytes: usize) {
        let Some(handles) = &self.0 else { return };
        let labels = || handles.labels.clone();
        histogram!(BULK_SECONDS, labels()).record(took);
        histogram!(BULK_DOCUMENTS, labels()).record(documents as f64);
        histogram!(BULK_BYTES, labels()).record(bytes as f64);
        // There from the first bulk on: a rule cannot tell a metric that is missing from one that is nothing.
        counter!(BULK_RETRIED, labels()).increment(0);
    }

    /// Takes note of documents that a search store has to be sent again.
    pub(crate) fn retried(&self, documents: u64) {
        if let Some(handles) = &self.0 {
            counter!(BULK_RETRIED, handles.labels.clone()).increment(documents);
        }
    }

    pub(crate) fn state(&self, state: TaskState) {
        let Some(handles) = &self.0 else { return };
        let (number, remaining) = match state {
            TaskState::WaitingForRestart => (1.0, 0),
            TaskState::Restoring { remaining } => (2.0, remaining),
            TaskState::Running => (3.0, 0),
        };
        handles.task_state.set(number);
        handles.restore_remaining.set(remaining as f64);
    }
}

impl Handles {
    fn set_lag(&self, lag: Option<u64>) {
        self.lag_looked_at.set(Some(Instant::now()));
        if let Some(lag) = lag {
            self.lag.set(lag as f64);
        }
    }

    fn counter(&self, name: &'static str, label: &'static str, value: String) -> Counter {
        let mut labels = self.labels.clone();
        labels.push(Label::new(label, value));
        counter!(name, labels)
    }
}

/// The task goes to another member of the group, or ends.
impl Drop for Handles {
    fn drop(&mut self) {
        for gauge in [
            &self.task_state,
            &self.restore_remaining,
            &self.inflight_batches,
            &self.lag,
        ] {
            gauge.set(0.0);
        }
    }
}
