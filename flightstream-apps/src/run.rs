use std::sync::Arc;
use std::time::Duration;

use flightstream_core::search::EmbeddedStore;

use crate::action::Start;
use crate::cli::StatisticsKind;
use crate::dashboard::{Feeds, Server, Sources};
use crate::elastic::Indexing;
use crate::error::CommandError;
use crate::latency::Latency;
use crate::metrics::Monitor;
use crate::produce::{Producer, Producing};
use crate::report::Report;
use crate::stages::{End, Stages, Stopped};
use crate::{Outcome, cli, data, elastic, pipeline, signals, statistics};

/// How often the stages are asked whether they have caught up with a source that has ended.
const CATCH_UP: Duration = Duration::from_millis(10);

/// All stages in one process.
pub(crate) fn run(options: &cli::Run) -> Outcome {
    let (runtime, interrupted) = signals::runtime().map_err(CommandError::Start)?;
    let server = runtime.block_on(Server::bind(&options.serving))?;
    let monitor = Monitor::start(&options.monitoring)?;
    let producer = Producer::of_run(options)?;
    let log = data::open(&options.data, &producer.folder())?;
    let airports = pipeline::airports(&options.processing.reference)?;
    let mut report = Report::begin();

    let store = Arc::new(EmbeddedStore::new());
    let latency = Arc::new(Latency::default());
    let start = Start(&log, &monitor);
    let indexing = pipeline::indexing(&options.data, &store, &latency, &start)?;
    let processing =
        pipeline::processing(&options.data, &options.processing, &airports.table, &start)?;
    // A batch job has nobody who looks at it.
    let is_watched = !options.ending.exit_when_done;
    let kinds = match options.processing.statistics.as_slice() {
        [] if is_watched => &[StatisticsKind::Airport],
        kinds => kinds,
    };
    let statistics = statistics::start(kinds, &options.processing.state, &airports.table, &start)?;
    let feeds = Feeds::start(
        &log,
        &options.data,
        &options.serving,
        &airports.table,
        is_watched,
    )?;
    let cluster = match options.elastic.urls.is_empty() {
        true => None,
        false => {
            let cluster = elastic::connect(&options.elastic, Some(&options.indexing))?;
            let (index, forget_after) = (&options.elastic.index, options.serving.forget_after);
            let cluster = Indexing::start(&log, cluster, index, &options.indexing, forget_after)?;
            cluster.apps().for_each(|app| monitor.watch(app));
            Some(cluster)
        }
    };
    let producing = producer.start(&log, &airports.table.load())?;
    let sources = Sources {
        store: Arc::clone(&store),
        airports: airports.table,
        log,
        latency,
        recent: feeds.recent,
        windows: feeds.windows,
    };
    let stages = Stages {
        progress: producing.progress(),
        processing: Some(processing),
        statistics,
        indexing: Some(indexing),
        mirroring: None,
        cluster,
        feeds: feeds.stages,
        store,
    };

    let url = server.url();
    tracing::info!("{} → {url}", producing.name());
    let outcome = runtime.block_on(async {
        let tell = server.start(sources);
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
    let Stopped {
        processed,
        indexed,
        others,
    } = stages.stop();
    if let (Ok(processed), Ok(indexed)) = (&processed, &indexed) {
        if let Some(processed) = processed {
            report.processed(processed);
        }
        if let Some(indexed) = indexed {
            report.indexed(indexed);
        }
        if options.ending.exit_when_done && outcome != End::Failed {
            report.print(options.ending.report);
        }
    }
    let told = |error| Err(CommandError::App(error));
    let (processed, indexed) = (processed.map(drop), indexed.map(drop));
    first_cause([
        produced,
        processed.or_else(told),
        indexed.or_else(told),
        others.or_else(told),
    ])
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
fn first_cause(outcomes: [Outcome; 4]) -> Outcome {
    let errors = outcomes.into_iter().filter_map(Result::err);
    errors
        .min_by_key(CommandError::is_consequence)
        .map_or(Ok(()), Err)
}
