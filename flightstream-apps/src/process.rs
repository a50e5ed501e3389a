use futures::FutureExt;
use futures::future::{try_join, try_join_all};

use crate::data::{self, topics};
use crate::error::CommandError;
use crate::report::Report;
use crate::{Outcome, cli, pipeline, signals, statistics};

/// The processing stage alone.
pub(crate) fn process(options: &cli::Process) -> Outcome {
    let log = data::open(&options.data, "simulate")?;
    let airports = pipeline::airports(&options.processing)?;
    let mut report = Report::begin();
    let processing = pipeline::start_processing(&log, &options.processing, &airports)?;
    let statistics = statistics::start(&log, &options.processing.statistics, &airports)?;
    tracing::info!("processing {} into {}", topics::FLIGHT, topics::ENRICHED);
    let status = if options.ending.exit_when_done {
        statistics::catch_up(&statistics)
            .and_then(|()| processing.wait_until_caught_up())
            .and_then(|()| statistics::stop(statistics))
            .and_then(|()| processing.stop())
    } else {
        let runtime = signals::runtime().map_err(CommandError::Start)?;
        let stop = signals::interrupted().shared();
        let statistics = statistics.into_iter().map(|app| app.until(stop.clone()));
        let all = try_join(processing.until(stop.clone()), try_join_all(statistics));
        runtime.block_on(all).map(|(status, _)| status)
    }?;
    report.processed(&status);
    report.print(options.ending.report);
    Ok(())
}
