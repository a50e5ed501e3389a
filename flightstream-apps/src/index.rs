use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

use flightstream_core::search::{EmbeddedStore, SearchRequest, SearchStore};
use tokio::runtime::Runtime;

use crate::action::Start;
use crate::data::{self, topics};
use crate::elastic::Indexing;
use crate::error::CommandError;
use crate::metrics::Monitor;
use crate::pipeline::INDEX;
use crate::report::Report;
use crate::signals::Interrupted;
use crate::{Outcome, cli, dashboard, elastic, pipeline, signals};

/// The indexing stage alone.
pub(crate) fn index(options: &cli::Index) -> Outcome {
    match options.elastic.urls.is_empty() {
        true => embedded(options),
        false => into_cluster(options),
    }
}

/// Into an Elasticsearch or OpenSearch.
fn into_cluster(options: &cli::Index) -> Outcome {
    let signals = signals(options)?;
    let monitor = Monitor::start(&options.monitoring)?;
    let log = data::open(&options.data, "simulate")?;
    let mut report = Report::begin();
    let store = elastic::connect(&options.elastic, Some(&options.indexing))?;
    let index = &options.elastic.index;
    if options.reindex {
        elastic::reindex(&log, &store, index, &options.indexing)?;
    }
    let (indexing, after) = (&options.indexing, options.forget_after);
    let indexing = Indexing::start(&log, store.clone(), index, indexing, after)?;
    indexing.apps().for_each(|app| monitor.watch(app));
    tracing::info!("indexing {} into {index}", topics::ENRICHED);
    match signals {
        Some((runtime, interrupted)) => runtime.block_on(indexing.until(interrupted.wait())),
        None => indexing.wait_until_caught_up()?,
    }
    let status = indexing.stop()?;
    if let Some(path) = &options.dump {
        futures::executor::block_on(store.refresh(index))?;
        dump(&store, index, path)?;
    }
    report.read(status.read);
    report.indexed(&status);
    report.print(options.ending.report);
    Ok(())
}

fn signals(options: &cli::Index) -> Result<Option<(Runtime, Interrupted)>, CommandError> {
    match options.ending.exit_when_done {
        true => Ok(None),
        false => Ok(Some(signals::runtime().map_err(CommandError::Start)?)),
    }
}

/// Into the memory of this process.
fn embedded(options: &cli::Index) -> Outcome {
    let signals = signals(options)?;
    let monitor = Monitor::start(&options.monitoring)?;
    let log = data::open(&options.data, "simulate")?;
    let mut report = Report::begin();
    let store = Arc::new(EmbeddedStore::new());
    let start = Start(&log, &monitor);
    let indexing = pipeline::indexing(&options.data, &store, &Arc::default(), &start)?;
    tracing::info!("indexing {} into {INDEX}", topics::ENRICHED);
    let status = match signals {
        Some((runtime, interrupted)) => {
            runtime.block_on(indexing.running.until(interrupted.wait()))
        }
        None => indexing
            .running
            .wait_until_caught_up()
            .and_then(|()| indexing.running.stop()),
    }?;
    dashboard::forget(&store, options.forget_after);
    if let Some(path) = &options.dump {
        dump(&*store, INDEX, path)?;
    }
    report.read(status.read);
    report.indexed(&status);
    report.print(options.ending.report);
    Ok(())
}

/// Writes all documents in the order of their ids.
fn dump(store: &dyn SearchStore, index: &str, path: &Path) -> Result<(), CommandError> {
    let at = |source| CommandError::Write {
        path: path.to_owned(),
        source,
    };
    let mut file = BufWriter::new(std::fs::File::create(path).map_err(at)?);
    let mut after = None;
    loop {
        let request = page(after.as_deref());
        let request = SearchRequest::from_json(request.as_bytes())?;
        let response = futures::executor::block_on(store.search(index, &request))?;
        for hit in &response.hits.hits {
            if let Some(source) = &hit.source {
                writeln!(file, "{}", source.get()).map_err(at)?;
            }
        }
        match response.hits.hits.last() {
            Some(last) => after = Some(last.id.clone()),
            None => return file.flush().map_err(at),
        }
    }
}

fn page(after: Option<&str>) -> String {
    let query = match after {
        Some(id) => format!(r#"{{"range":{{"hex":{{"gt":"{id}"}}}}}}"#),
        None => r#"{"match_all":{}}"#.to_owned(),
    };
    format!(r#"{{"size":10000,"sort":[{{"hex":"asc"}}],"query":{query}}}"#)
}
