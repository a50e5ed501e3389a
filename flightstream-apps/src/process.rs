use std::time::Duration;

use crate::action::Start;
use crate::data::{self, topics};
use crate::error::CommandError;
use crate::metrics::Monitor;
use crate::report::Report;
use crate::stages::Stage;
use crate::{Outcome, cli, pipeline, signals, statistics};

/// How often the stages are asked whether one has failed.
const LOOK: Duration = Duration::from_millis(200);

/// The processing stage alone.
pub(crate) fn process(options: &cli::Process) -> Outcome {
    let signals = match options.ending.exit_when_done {
        true => None,
        false => Some(signals::runtime().map_err(CommandError::Start)?),
    };
    let monitor = Monitor::start(&options.monitoring)?;
    let log = data::open(&options.data, "simulate")?;
    let airports = pipeline::airports(&options.processing.reference)?;
    let mut report = Report::begin();
    let start = Start(&log, &monitor);
    let processing =
        pipeline::processing(&options.data, &options.processing, &airports.table, &start)?;
    let statistics = statistics::start(
        &options.processing.statistics,
        &options.processing.state,
        &airports.table,
        &start,
    )?;
    tracing::info!("processing {} into {}", topics::FLIGHT, topics::ENRICHED);
    match signals {
        Some((runtime, interrupted)) => runtime.block_on(async {
            tokio::select! {
                () = interrupted.wait() => {}
                () = end_of_one(&processing, &statistics) => {}
            }
        }),
        None => {
            processing.running.wait_until_caught_up()?;
            statistics::catch_up(&statistics)?;
        }
    }
    let counted = statistics::stop(statistics);
    let status = processing.running.stop()?;
    counted?;
    report.processed(&status);
    report.print(options.ending.report);
    Ok(())
}

/// Ready when one of them has ended, which none does by itself but by a failure.
async fn end_of_one(processing: &Stage, statistics: &[Stage]) {
    let mut looks = tokio::time::interval(LOOK);
    loop {
        looks.tick().await;
        let mut stages = statistics.iter().chain([processing]);
        if stages.any(|stage| stage.running.is_finished()) {
            return;
        }
    }
}
