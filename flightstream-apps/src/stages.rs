use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use flightstream_core::Records;
use flightstream_core::log::Log;
use flightstream_core::runtime::{
    App, AppError, MakeSink, PartitionLag, Running, Status, TaskContext, TaskRecords, Topology,
};
use flightstream_core::search::EmbeddedStore;
use flightstream_core::time::{Clock, SystemClock};
use tokio::sync::watch;

use crate::dashboard::{self, Pipeline, Pulse, Tick};
use crate::elastic::{Indexing, Mirroring};
use crate::pipeline::INDEX;
use crate::produce::Progress;
use crate::statistics;
use crate::status_line::StatusLine;

/// How many seconds of throughput are kept.
const SECONDS: usize = 600;

/// An app at work, and what it consists of.
pub(crate) struct Stage {
    pub(crate) topology: Topology,
    pub(crate) running: Running,
}

impl Stage {
    /// Starts an app.
    pub(crate) fn start<F, R, K>(app: App<F, K>, log: &Arc<dyn Log>) -> Result<Self, AppError>
    where
        F: Fn(TaskRecords, TaskContext) -> R + Send + Sync + 'static,
        R: Records + 'static,
        K: MakeSink<R::Record>,
    {
        Ok(Self {
            topology: app.describe()?,
            running: app.start(log)?,
        })
    }

    /// What it has done, and what it is behind.
    fn report(&self, before: Option<&StageReport>, elapsed: f64) -> StageReport {
        let status = self.running.status();
        let read = before.map_or(status.read, |before| before.status.read);
        StageReport {
            topology: self.topology.clone(),
            partitions: self.running.partition_lags().unwrap_or_default(),
            per_second: status.read.saturating_sub(read) as f64 / elapsed,
            status,
        }
    }
}

/// What a stage does, as of a second.
#[derive(Clone, Debug)]
pub(crate) struct StageReport {
    pub(crate) topology: Topology,
    pub(crate) status: Status,
    pub(crate) partitions: Vec<PartitionLag>,
    /// Messages read a second, since the report before.
    pub(crate) per_second: f64,
}

impl StageReport {
    /// Messages that it has not committed.
    pub(crate) fn lag(&self) -> u64 {
        self.partitions.iter().map(PartitionLag::messages).sum()
    }

    fn count(&self, name: &str) -> u64 {
        self.status.counts.get(name).copied().unwrap_or(0)
    }
}

/// Throughput at a second.
#[derive(Clone, Copy, Debug, serde::Serialize)]
pub(crate) struct Second {
    time: i64,
    records_per_second: f64,
    lag: u64,
}

/// The stages that run in this process.
pub(crate) struct Stages {
    pub(crate) progress: Progress,
    pub(crate) processing: Option<Stage>,
    pub(crate) statistics: Vec<Stage>,
    /// `None` if the index is a cluster's.
    pub(crate) indexing: Option<Stage>,
    /// What fills the index instead.
    pub(crate) mirroring: Option<Mirroring>,
    /// What indexes into a cluster as well.
    pub(crate) cluster: Option<Indexing>,
    /// What only the dashboard needs.
    pub(crate) feeds: Vec<Stage>,
    pub(crate) store: Arc<EmbeddedStore>,
}

impl Stages {
    /// Tells pages and the terminal every second what goes on, until `end` or until a stage fails.
    pub(crate) async fn watch(
        &self,
        url: &str,
        forget_after: Duration,
        tell: &watch::Sender<Arc<Pulse>>,
        end: impl Future<Output = End>,
    ) -> End {
        let mut line = StatusLine::new();
        let mut before = Instant::now();
        let mut second = tokio::time::interval(Duration::from_secs(1));
        let mut history: VecDeque<Second> = VecDeque::with_capacity(SECONDS);
        let mut end = std::pin::pin!(end);
        loop {
            tokio::select! {
                end = &mut end => return end,
                _ = second.tick() => {}
            }
            let cluster = self.cluster.iter().any(Indexing::is_finished);
            if cluster || self.all().any(|stage| stage.running.is_finished()) {
                return End::Failed;
            }
            dashboard::forget(&self.store, forget_after);
            let elapsed = before.elapsed().as_secs_f64().max(0.001);
            before = Instant::now();
            let last = Arc::clone(&tell.borrow());
            let reports = self.all().enumerate();
            let reports = reports.map(|(at, stage)| stage.report(last.stages.get(at), elapsed));
            let reports: Vec<StageReport> = reports.collect();
            let tick = self.tick(&reports, &last.tick, elapsed);
            line.show(describe(&tick, url));
            if history.len() >= SECONDS {
                history.pop_front();
            }
            history.push_back(Second {
                time: tick.now,
                records_per_second: tick.pipeline.records_per_second,
                lag: tick.pipeline.lag,
            });
            tell.send_replace(Arc::new(Pulse {
                tick,
                stages: reports,
                seconds: history.iter().copied().collect(),
            }));
        }
    }

    /// In the order of the flow: of the processing stage, or of the index if that is all there is, first.
    fn all(&self) -> impl Iterator<Item = &Stage> {
        let stages = self.processing.iter().chain(&self.indexing);
        stages.chain(&self.statistics).chain(&self.feeds)
    }

    /// Whether everything that was produced is processed, and everything that was processed indexed.
    pub(crate) fn have_caught_up(&self) -> bool {
        let nothing_is_left = |stage: &Stage| stage.running.lag().is_ok_and(|lag| lag == 0);
        self.processing.iter().all(nothing_is_left)
            && self.statistics.iter().all(nothing_is_left)
            && self.indexing.iter().all(nothing_is_left)
            && self.cluster.iter().all(Indexing::has_caught_up)
    }

    /// Stops the stages in the order of the flow, each after what it holds is committed.
    pub(crate) fn stop(self) -> Stopped {
        let feeds = statistics::stop(self.feeds);
        let statistics = statistics::stop(self.statistics);
        let processed = self.processing.map(|stage| stage.running.stop());
        let indexed = self.indexing.map(|stage| stage.running.stop());
        let cluster = self.cluster.map(Indexing::stop);
        Stopped {
            processed: processed.transpose(),
            indexed: indexed.transpose(),
            others: statistics.and(feeds).and(cluster.transpose().map(drop)),
        }
    }

    fn tick(&self, reports: &[StageReport], last: &Tick, elapsed: f64) -> Tick {
        let indexing = usize::from(self.processing.is_some());
        let length = indexing + usize::from(self.indexing.is_some());
        let flow = reports.get(..length).unwrap_or_default();
        let copied = self.mirroring.as_ref().map(Mirroring::copied);
        let mut rejected: BTreeMap<String, u64> = BTreeMap::new();
        for (reason, count) in flow.iter().flat_map(|stage| &stage.status.rejected) {
            *rejected.entry(reason.clone()).or_default() += count;
        }
        let now = SystemClock.now();
        let replayed = self.progress.replayed_to();
        let counted = |name| flow.get(indexing).map_or(0, |stage| stage.count(name));
        let (read, per_second) = match (flow.first(), copied) {
            (Some(first), _) => (first.status.read, first.per_second),
            (None, Some(copied)) => {
                let new = copied.saturating_sub(last.pipeline.read);
                (copied, new as f64 / elapsed)
            }
            (None, None) => (0, 0.0),
        };
        Tick {
            version: self.store.version(INDEX).unwrap_or(0),
            as_of: self.store.newest(INDEX, "updated").ok().flatten(),
            now: now.as_millis(),
            clock: replayed.unwrap_or(now).as_millis(),
            replay: replayed.is_some(),
            total: dashboard::total(&self.store),
            pipeline: Pipeline {
                records_per_second: per_second,
                lag: flow.iter().map(StageReport::lag).sum(),
                read,
                enriched: flow.first().map_or(0, |stage| stage.status.emitted),
                indexed: copied.unwrap_or_else(|| counted("indexed")),
                rejected,
                late: counted("late"),
                state: self.progress.state(),
            },
        }
    }
}

/// What the stages have done, or failed of.
pub(crate) struct Stopped {
    pub(crate) processed: Result<Option<Status>, AppError>,
    pub(crate) indexed: Result<Option<Status>, AppError>,
    pub(crate) others: Result<(), AppError>,
}

/// Why the stages are to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// Everything that will ever come is processed and indexed.
    Exhausted,
    /// Somebody wants it: what is still to do is left to the next start.
    Interrupted,
    /// One of them has failed for good.
    Failed,
}

fn describe(tick: &Tick, url: &str) -> String {
    let rejected: u64 = tick.pipeline.rejected.values().sum();
    format!(
        "{} aircraft · {:.0} records/s · lag {} · rejected {rejected} · {url}",
        tick.total, tick.pipeline.records_per_second, tick.pipeline.lag,
    )
}
