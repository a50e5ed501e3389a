use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use flightstream_core::Records;
use flightstream_core::flight::pipelines::{
    AIRPORTS, Statistics, aircraft_type_statistics, airline_statistics, airport_traffic,
    airport_traffic_by_hour, data_quality, flight_sessions, route_traffic, route_traffic_by_hour,
};
use flightstream_core::log::Log;
use flightstream_core::runtime::{App, AppError, TaskContext, TaskRecords, topic};
use flightstream_core::table::{Airports, SharedTable};
use flightstream_core::window::WindowedKey;
use serde::Serialize;

use crate::cli::StatisticsKind;
use crate::data::topics;
use crate::error::CommandError;
use crate::stages::Stage;

/// Who waits for the end waits for two commits: that of the partitions' parts, and that of their sums.
const COMMIT_INTERVAL: Duration = Duration::from_millis(500);

/// Starts the statistics that are asked for: `flight` → `flight-stats`, an app each.
///
/// They read what the source sent, not the documents: a compacted topic lacks reports, and documents lack flags.
pub(crate) fn start(
    log: &Arc<dyn Log>,
    kinds: &[StatisticsKind],
    airports: &SharedTable<Airports>,
) -> Result<Vec<Stage>, CommandError> {
    let kinds = match kinds.contains(&StatisticsKind::All) {
        true => &StatisticsKind::EACH[..],
        false => kinds,
    };
    let mut running = Vec::new();
    for kind in kinds {
        running.push(match kind {
            StatisticsKind::Airport => app(log, "airport", airports, airport_traffic),
            StatisticsKind::AirportHour => {
                app(log, "airport-hour", airports, airport_traffic_by_hour)
            }
            StatisticsKind::Route => app(log, "route", airports, route_traffic),
            StatisticsKind::RouteHour => app(log, "route-hour", airports, route_traffic_by_hour),
            StatisticsKind::Airline => app(log, "airline", airports, airline_statistics),
            StatisticsKind::AircraftType => {
                app(log, "aircraft-type", airports, aircraft_type_statistics)
            }
            StatisticsKind::Quality => app(log, "quality", airports, data_quality),
            StatisticsKind::FlightSession => app(log, "flight-session", airports, flight_sessions),
            StatisticsKind::All | StatisticsKind::None => continue,
        }?);
    }
    Ok(running)
}

/// Waits until everything that was produced is in the statistics.
pub(crate) fn catch_up(statistics: &[Stage]) -> Result<(), AppError> {
    statistics
        .iter()
        .try_for_each(|stage| stage.running.wait_until_caught_up())
}

/// Stops them, each after what it holds is committed.
pub(crate) fn stop(statistics: Vec<Stage>) -> Result<(), AppError> {
    statistics
        .iter()
        .for_each(|stage| stage.running.request_stop());
    statistics
        .into_iter()
        .try_for_each(|stage| stage.running.stop().map(drop))
}

fn app<K, V, R, P>(
    log: &Arc<dyn Log>,
    kind: &'static str,
    airports: &SharedTable<Airports>,
    pipeline: P,
) -> Result<Stage, CommandError>
where
    P: Fn(TaskRecords, TaskContext) -> R + Send + Sync + 'static,
    R: Records<Record = (WindowedKey<K>, V)> + 'static,
    K: Display + 'static,
    V: Serialize + 'static,
{
    let name = format!("statistics-{kind}");
    let app = App::new(&name)
        .source(topic(topics::FLIGHT).group(&name))
        .table(AIRPORTS, airports.clone())
        .pipeline(pipeline)
        .sink(topic(topics::STATISTICS).encoded(Statistics::of(kind)))
        .commit_every(COMMIT_INTERVAL);
    Ok(Stage::start(app, log)?)
}
