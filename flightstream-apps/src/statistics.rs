use std::fmt::Display;
use std::time::Duration;

use flightstream_core::Records;
use flightstream_core::flight::pipelines::{
    AIRPORTS, Statistics, aircraft_type_statistics, airline_statistics, airport_traffic,
    airport_traffic_by_hour, data_quality, flight_sessions, route_traffic, route_traffic_by_hour,
};
use flightstream_core::runtime::{App, AppError, Running, TaskContext, TaskRecords, topic};
use flightstream_core::table::{Airports, SharedTable};
use flightstream_core::window::WindowedKey;
use serde::Serialize;

use crate::cli::{self, StatisticsKind};
use crate::data::topics;
use crate::error::CommandError;
use crate::stage::{self, Action, Start};

/// Who waits for the end waits for two commits: that of the partitions' parts, and that of their sums.
const COMMIT_INTERVAL: Duration = Duration::from_millis(500);

/// Starts the statistics that are asked for: `flight` → `flight-stats`, an app each.
pub(crate) fn start(
    options: &cli::Processing,
    airports: &SharedTable<Airports>,
    action: &Start<'_>,
) -> Result<Vec<Running>, CommandError> {
    let kinds = match options.statistics.contains(&StatisticsKind::All) {
        true => &StatisticsKind::EACH[..],
        false => &options.statistics,
    };
    let kinds = kinds.iter();
    kinds
        .map(|kind| statistics(*kind, &options.state, airports, action))
        .collect()
}

/// One kind of them. They read what the source sent, not the documents: a compacted topic lacks reports, and documents
/// lack flags.
pub(crate) fn statistics<A: Action>(
    kind: StatisticsKind,
    state: &cli::State,
    airports: &SharedTable<Airports>,
    action: &A,
) -> Result<A::Outcome, CommandError> {
    let stage = Stage {
        state,
        airports,
        action,
    };
    match kind {
        StatisticsKind::Airport => stage.apply("airport", airport_traffic),
        StatisticsKind::AirportHour => stage.apply("airport-hour", airport_traffic_by_hour),
        StatisticsKind::Route => stage.apply("route", route_traffic),
        StatisticsKind::RouteHour => stage.apply("route-hour", route_traffic_by_hour),
        StatisticsKind::Airline => stage.apply("airline", airline_statistics),
        StatisticsKind::AircraftType => stage.apply("aircraft-type", aircraft_type_statistics),
        StatisticsKind::Quality => stage.apply("quality", data_quality),
        StatisticsKind::FlightSession => stage.apply("flight-session", flight_sessions),
        StatisticsKind::All => Err(CommandError::Usage(
            "choose one of the statistics; `all` is for `process` and `run`".to_owned(),
        )),
    }
}

struct Stage<'a, A> {
    state: &'a cli::State,
    airports: &'a SharedTable<Airports>,
    action: &'a A,
}

impl<A: Action> Stage<'_, A> {
    fn apply<K, V, R, P>(&self, kind: &'static str, pipeline: P) -> Result<A::Outcome, CommandError>
    where
        P: Fn(TaskRecords, TaskContext) -> R + Send + Sync + 'static,
        R: Records<Record = (WindowedKey<K>, V)> + 'static,
        K: Display + 'static,
        V: Serialize + 'static,
    {
        let name = format!("statistics-{kind}");
        let app = App::new(&name)
            .source(topic(topics::FLIGHT).group(&name))
            .table(AIRPORTS, self.airports.clone())
            .pipeline(pipeline)
            .sink(topic(topics::STATISTICS).encoded(Statistics::of(kind)))
            .commit_every(COMMIT_INTERVAL);
        self.action.apply(stage::with_state(app, self.state)?)
    }
}

/// Waits until everything that was produced is in the statistics.
pub(crate) fn catch_up(statistics: &[Running]) -> Result<(), AppError> {
    statistics
        .iter()
        .try_for_each(Running::wait_until_caught_up)
}

/// Stops them, each after what it holds is committed.
pub(crate) fn stop(statistics: Vec<Running>) -> Result<(), AppError> {
    statistics.iter().for_each(Running::request_stop);
    statistics
        .into_iter()
        .try_for_each(|app| app.stop().map(drop))
}
