use std::sync::Arc;
use std::time::{Duration, Instant};

use flightstream_core::runtime::{AppError, Running, Status};
use flightstream_core::search::EmbeddedStore;
use flightstream_core::time::{Clock, SystemClock};
use tokio::sync::watch;

use crate::dashboard::{self, Pipeline, Server, Tick};
use crate::error::CommandError;
use crate::metrics::Monitor;
use crate::pipeline::INDEX;
use crate::produce::{Producer, Producing, Progress};
use crate::report::Report;
use crate::stage::Start;
use crate::status_line::StatusLine;
use crate::{Outcome, cli, data, pipeline, signals, statistics};

/// How often the stages are asked whether they have caught up with a source that has ended.
const CATCH_UP: Duration = Duration::from_millis(10);

/// All stages in one process.
pub(crate) fn run(options: &cli::Run) -> Outcome {
    let (runtime, interrupted) = signals::runtime().map_err(CommandError::Start)?;
    let server = runtime.block_on(Server::bind(options.serving.listen))?;
    let monitor = Monitor::start(&options.monitoring)?;
    let producer = Producer::of_run(options)?;
    let log = data::open(&options.data, &producer.folder())?;
    let airports = pipeline::airports(&options.processing)?;
    let mut report = Report::begin();

    let store = Arc::new(EmbeddedStore::new());
    let start = Start(&log, &monitor);
    let indexing = pipeline::indexing(&options.data, &store, &start)?;
    let processing =
        pipeline::processing(&options.data, &options.processing, &airports.table, &start)?;
    let statistics = statistics::start(&options.processing, &airports.table, &start)?;
    let producing = producer.start(&log, &airports.table.load())?;
    let stages = Stages {
        progress: producing.progress(),
        processing: Some(processing),
        statistics,
        indexing,
        store: Arc::clone(&store),
    };

    let url = server.url();
    let (tell, ticks) = watch::channel(Tick::default());
    tracing::info!("{} → {url}", producing.name());
    let outcome = runtime.block_on(async {
        server.start(store, ticks);
        let end = async {
            tokio::select! {
                () = interrupted.wait() => End::Interrupted,
                () = all_done(&producing, &stages, options.ending.exit_when_done) => End::Exhausted,
            }
        };
        stages
            .watch(&url, options.serving.forget_after, &tell, end)
            .await
    });
    let produced = producing.stop();
    let (processed, indexed) = stages.stop();
    if let (Ok(processed), Ok(indexed)) = (&processed, &indexed) {
        if let Some(processed) = processed {
            report.processed(processed);
        }
        report.indexed(indexed);
        if options.ending.exit_when_done && outcome != End::Failed {
            report.print(options.ending.report);
        }
    }
    let told = |error| Err(CommandError::App(error));
    let (processed, indexed) = (processed.map(drop), indexed.map(drop));
    first_cause([produced, processed.or_else(told), indexed.or_else(told)])
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

/// Ready when nothing more is to be done: the producer has failed or, if that is an end, reached its own, and everything
/// that it sent is processed and indexed.
async fn all_done(producing: &Producing, stages: &Stages, exit_when_done: bool) {
    producing.finished().await;
    if !exit_when_done && !producing.has_failed() {
        std::future::pending::<()>().await;
    }
    while !stages.have_caught_up() {
        tokio::time::sleep(CATCH_UP).await;
    }
}

/// The error that tells why, rather than one that follows from it.
fn first_cause(outcomes: [Outcome; 3]) -> Outcome {
    let errors = outcomes.into_iter().filter_map(Result::err);
    errors
        .min_by_key(CommandError::is_consequence)
        .map_or(Ok(()), Err)
}

/// The stages that run in this process.
pub(crate) struct Stages {
    progress: Progress,
    processing: Option<Running>,
    statistics: Vec<Running>,
    indexing: Running,
    store: Arc<EmbeddedStore>,
}

impl Stages {
    /// Only an index that shows what is there.
    pub(crate) fn indexing_only(indexing: Running, store: Arc<EmbeddedStore>) -> Self {
        Self {
            progress: Progress::default(),
            processing: None,
            statistics: Vec::new(),
            indexing,
            store,
        }
    }

    /// Tells pages and the terminal every second what goes on, until `end` or until a stage fails.
    pub(crate) async fn watch(
        &self,
        url: &str,
        forget_after: Duration,
        tell: &watch::Sender<Tick>,
        end: impl Future<Output = End>,
    ) -> End {
        let mut line = StatusLine::new();
        let mut before = (Instant::now(), self.status().read);
        let mut second = tokio::time::interval(Duration::from_secs(1));
        let mut end = std::pin::pin!(end);
        loop {
            tokio::select! {
                end = &mut end => return end,
                _ = second.tick() => {}
            }
            let mut stages = std::iter::once(&self.indexing)
                .chain(&self.processing)
                .chain(&self.statistics);
            if stages.any(Running::is_finished) {
                return End::Failed;
            }
            dashboard::forget(&self.store, forget_after);
            let mut tick = self.tick();
            let elapsed = before.0.elapsed().as_secs_f64().max(0.001);
            tick.pipeline.records_per_second = (tick.pipeline.read - before.1) as f64 / elapsed;
            before = (Instant::now(), tick.pipeline.read);
            line.show(describe(&tick, url));
            tell.send_replace(tick);
        }
    }

    /// Whether everything that was produced is processed, and everything that was processed indexed.
    fn have_caught_up(&self) -> bool {
        let nothing_is_left = |stage: &Running| stage.lag().is_ok_and(|lag| lag == 0);
        self.processing.iter().all(nothing_is_left)
            && self.statistics.iter().all(nothing_is_left)
            && nothing_is_left(&self.indexing)
    }

    /// Stops the stages in the order of the flow, each after what it holds is committed.
    pub(crate) fn stop(self) -> (Result<Option<Status>, AppError>, Result<Status, AppError>) {
        let counted = statistics::stop(self.statistics);
        let processed = self.processing.map(Running::stop).transpose();
        (counted.and(processed), self.indexing.stop())
    }

    /// What was done first: of the processing stage, or of the index if that is all there is.
    fn status(&self) -> Status {
        self.processing
            .as_ref()
            .map_or_else(|| self.indexing.status(), Running::status)
    }

    fn tick(&self) -> Tick {
        let (processed, indexed) = (self.status(), self.indexing.status());
        let lag = |stage: &Running| stage.lag().unwrap_or(0);
        let mut rejected = processed.rejected;
        if self.processing.is_some() {
            for (reason, count) in indexed.rejected {
                *rejected.entry(reason).or_default() += count;
            }
        }
        let now = SystemClock.now();
        let as_of = self.store.newest(INDEX, "updated").ok().flatten();
        let replayed = self.progress.replayed_to();
        Tick {
            version: self.store.version(INDEX).unwrap_or(0),
            as_of,
            now: now.as_millis(),
            clock: replayed.unwrap_or(now).as_millis(),
            replay: replayed.is_some(),
            total: dashboard::total(&self.store),
            pipeline: Pipeline {
                records_per_second: 0.0,
                lag: self.processing.as_ref().map_or(0, lag) + lag(&self.indexing),
                read: processed.read,
                enriched: processed.emitted,
                indexed: indexed.counts.get("indexed").copied().unwrap_or(0),
                rejected,
                late: indexed.counts.get("late").copied().unwrap_or(0),
                state: self.progress.state(),
            },
        }
    }
}

fn describe(tick: &Tick, url: &str) -> String {
    let rejected: u64 = tick.pipeline.rejected.values().sum();
    format!(
        "{} aircraft · {:.0} records/s · lag {} · rejected {rejected} · {url}",
        tick.total, tick.pipeline.records_per_second, tick.pipeline.lag,
    )
}
