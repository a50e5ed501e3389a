use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

use flightstream_core::search::{EmbeddedStore, SearchRequest, SearchStore};

use crate::data::{self, topics};
use crate::error::CommandError;
use crate::metrics::Monitor;
use crate::pipeline::INDEX;
use crate::report::Report;
use crate::{Outcome, cli, dashboard, pipeline, signals};

/// The indexing stage alone.
pub(crate) fn index(options: &cli::Index) -> Outcome {
    let signals = match options.ending.exit_when_done {
        true => None,
        false => Some(signals::runtime().map_err(CommandError::Start)?),
    };
    let monitor = Monitor::start(&options.monitoring)?;
    let log = data::open(&options.data, "simulate")?;
    let mut report = Report::begin();
    let store = Arc::new(EmbeddedStore::new());
    let indexing = pipeline::start_indexing(&log, &options.data, &store)?;
    monitor.watch(&indexing);
    tracing::info!("indexing {} into {INDEX}", topics::ENRICHED);
    let status = match signals {
        Some((runtime, interrupted)) => runtime.block_on(indexing.until(interrupted.wait())),
        None => indexing
            .wait_until_caught_up()
            .and_then(|()| indexing.stop()),
    }?;
    dashboard::forget(&store, options.forget_after);
    if let Some(path) = &options.dump {
        dump(&store, path)?;
    }
    report.read(status.read);
    report.indexed(&status);
    report.print(options.ending.report);
    Ok(())
}

/// Writes all documents in the order of their ids.
fn dump(store: &EmbeddedStore, path: &Path) -> Result<(), CommandError> {
    let at = |source| CommandError::Write {
        path: path.to_owned(),
        source,
    };
    let mut file = BufWriter::new(std::fs::File::create(path).map_err(at)?);
    let mut after = None;
    loop {
        let request = page(after.as_deref());
        let request = SearchRequest::from_json(request.as_bytes())?;
        let response = futures::executor::block_on(store.search(INDEX, &request))?;
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
