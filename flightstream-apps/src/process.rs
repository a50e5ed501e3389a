use crate::data::{self, topics};
use crate::error::CommandError;
use crate::metrics::Monitor;
use crate::report::Report;
use crate::{Outcome, cli, pipeline, signals, statistics};

/// The processing stage alone.
pub(crate) fn process(options: &cli::Process) -> Outcome {
    let signals = match options.ending.exit_when_done {
        true => None,
        false => Some(signals::runtime().map_err(CommandError::Start)?),
    };
    let monitor = Monitor::start(&options.monitoring)?;
    let log = data::open(&options.data, "simulate")?;
    let airports = pipeline::airports(&options.processing)?;
    let mut report = Report::begin();
    let processing =
        pipeline::start_processing(&log, &options.data, &options.processing, &airports.table)?;
    let statistics = statistics::start(&log, &options.processing.statistics, &airports.table)?;
    let watched = statistics.iter().chain([&processing]);
    watched.for_each(|stage| monitor.watch(&stage.running));
    tracing::info!("processing {} into {}", topics::FLIGHT, topics::ENRICHED);
    let status = match signals {
        Some((runtime, interrupted)) => {
            runtime.block_on(processing.running.until(interrupted.wait()))
        }
        None => processing
            .running
            .wait_until_caught_up()
            .and_then(|()| statistics::catch_up(&statistics))
            .and_then(|()| processing.running.stop()),
    }?;
    statistics::stop(statistics)?;
    report.processed(&status);
    report.print(options.ending.report);
    Ok(())
}
