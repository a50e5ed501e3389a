use std::sync::Arc;
use std::time::Duration;

use flightstream_core::log::Log;
use flightstream_core::runtime::{App, AppError, Running, Status, TaskContext, TaskRecords, topic};
use flightstream_core::search::elastic::ElasticStore;
use flightstream_core::search::{BulkOptions, IndexSink, Mapping, SearchStore};
use futures::executor::block_on;

use super::expiry::{self, Rule};
use super::repeating::Repeating;
use crate::cli;
use crate::data::topics;
use crate::error::CommandError;

/// Consumer groups. All processes of a group share the work.
pub(crate) const GROUP: &str = "index-elastic";
const HISTORY_GROUP: &str = "history-elastic";
const STATISTICS_GROUP: &str = "statistics-elastic";

pub(crate) const HISTORY: &str = "flight-history";
pub(crate) const STATISTICS: &str = "flight-statistics";

/// A commit waits for the bulks on their way, so it is not made all the time. What a crash repeats changes nothing.
const COMMIT_INTERVAL: Duration = Duration::from_secs(3);
/// A bulk waits so long for more.
const LINGER: Duration = Duration::from_millis(500);

/// The apps that index into a cluster, and the expiry of what they have written.
#[derive(Debug)]
pub(crate) struct Indexing {
    index: Running,
    history: Vec<Running>,
    store: ElasticStore,
    rules: Vec<Rule>,
    _expiry: Repeating,
}

impl Indexing {
    /// Creates what is missing in the cluster, and starts.
    pub(crate) fn start(
        log: &Arc<dyn Log>,
        store: ElasticStore,
        index: &str,
        options: &cli::ElasticIndexing,
        forget_after: Duration,
    ) -> Result<Self, CommandError> {
        let set_up = |error| CommandError::Elastic(error);
        let is_new = block_on(store.set_up_index(index, &Mapping::flights())).map_err(set_up)?;
        if is_new {
            tracing::info!(
                "created the index {index}; reading {} from its beginning",
                topics::ENRICHED
            );
        }
        let mut rules = vec![Rule {
            index: index.to_owned(),
            field: "updated",
            after: forget_after,
        }];
        let bulks = bulk_options(options);
        let current = sink(&store, index, bulks.clone());
        let running = app(GROUP, topics::ENRICHED, current, is_new).start(log)?;
        let mut history = Vec::new();
        if let Some(retention) = options.history {
            let mapping = Mapping::history();
            block_on(store.set_up_data_stream(HISTORY, &mapping)).map_err(set_up)?;
            let is_new = block_on(store.set_up_index(STATISTICS, &Mapping::statistics()));
            let is_new = is_new.map_err(set_up)?;
            let appending = bulks.clone().append_every(options.history_interval);
            let positions = sink(&store, HISTORY, appending);
            history.push(app(HISTORY_GROUP, topics::ENRICHED, positions, false).start(log)?);
            let statistics = sink(&store, STATISTICS, bulks);
            history.push(app(STATISTICS_GROUP, topics::STATISTICS, statistics, is_new).start(log)?);
            rules.push(Rule {
                index: STATISTICS.to_owned(),
                field: "end",
                after: retention,
            });
        }
        let expiry = expiry::start(store.clone(), rules.clone())?;
        Ok(Self {
            index: running,
            history,
            store,
            rules,
            _expiry: expiry,
        })
    }

    /// Each of them.
    pub(crate) fn apps(&self) -> impl Iterator<Item = &Running> {
        std::iter::once(&self.index).chain(&self.history)
    }

    /// Whether an app has failed for good.
    pub(crate) fn is_finished(&self) -> bool {
        self.apps().any(Running::is_finished)
    }

    /// Whether everything is indexed.
    pub(crate) fn has_caught_up(&self) -> bool {
        self.apps().all(|app| app.lag().is_ok_and(|lag| lag == 0))
    }

    /// Blocks until everything is indexed.
    pub(crate) fn wait_until_caught_up(&self) -> Result<(), AppError> {
        self.index.wait_until_caught_up()?;
        self.history
            .iter()
            .try_for_each(Running::wait_until_caught_up)
    }

    /// Works until it is time to end, or an app fails for good.
    pub(crate) async fn until(&self, end: impl Future<Output = ()>) {
        let failed = async {
            while !self.is_finished() {
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        };
        tokio::select! {
            () = end => {}
            () = failed => {}
        }
    }

    /// Stops after what is on its way is answered, and removes what is old. Returns what the index of the current state
    /// has got.
    pub(crate) fn stop(self) -> Result<Status, AppError> {
        self.apps().for_each(Running::request_stop);
        let indexed = self.index.stop();
        for app in self.history {
            app.stop()?;
        }
        let indexed = indexed?;
        expiry::expire(&self.store, &self.rules);
        Ok(indexed)
    }
}

pub(super) fn bulk_options(options: &cli::ElasticIndexing) -> BulkOptions {
    BulkOptions::default()
        .linger(LINGER)
        .max_retries(options.max_retries)
}

pub(super) fn sink(store: &ElasticStore, index: &str, bulks: BulkOptions) -> IndexSink {
    let store: Arc<dyn SearchStore> = Arc::new(store.clone());
    IndexSink::new(store, index).bulk(bulks)
}

/// The topics hold documents already.
type Documents = fn(TaskRecords, TaskContext) -> TaskRecords;

pub(super) fn app(
    group: &str,
    from: &str,
    sink: IndexSink,
    from_earliest: bool,
) -> App<Documents, IndexSink> {
    let mut source = topic(from).group(group);
    if from_earliest {
        source = source.from_earliest();
    }
    App::new(group)
        .source(source)
        .pipeline((|raw, _| raw) as Documents)
        .sink(sink)
        .dead_letters(topics::DEAD_LETTERS)
        .commit_every(COMMIT_INTERVAL)
}
