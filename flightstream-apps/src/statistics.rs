use std::fmt::Display;
use std::time::Duration;

use flightstream_core::Records;
use flightstream_core::flight::pipelines::{
    AIRPORTS, Statistics, aircraft_type_statistics, airline_statistics, airport_traffic,
    airport_traffic_by_hour, data_quality, flight_sessions, route_traffic, route_traffic_by_hour,
};
use flightstream_core::runtime::{App, AppError, TaskContext, TaskRecords, topic};
use flightstream_core::table::{Airports, SharedTable};
use flightstream_core::window::WindowedKey;
use serde::Serialize;

use crate::action::{self, Action, Start};
use crate::cli::{self, StatisticsKind};
use crate::data::topics;
use crate::error::CommandError;
use crate::stages::Stage;

/// Who waits for the end waits for two commits: that of the partitions' parts, and that of their sums.
const COMMIT_INTERVAL: Duration = Duration::from_millis(500);

/// Starts the statistics that are asked for: `flight` → `flight-stats`, an app each.
pub(crate) fn start(
    kinds: &[StatisticsKind],
    state: &cli::State,
    airports: &SharedTable<Airports>,
    action: &Start<'_>,
) -> Result<Vec<Stage>, CommandError> {
    let kinds = match kinds.contains(&StatisticsKind::All) {
        true => &StatisticsKind::EACH[..],
        false => kinds,
    };
    let kinds = kinds.iter().filter(|kind| **kind != StatisticsKind::None);
    kinds
        .map(|kind| statistics(*kind, state, airports, action))
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
    let kinds = Kind {
        state,
        airports,
        action,
    };
    match kind {
        StatisticsKind::Airport => kinds.apply("airport", airport_traffic),
        StatisticsKind::AirportHour => kinds.apply("airport-hour", airport_traffic_by_hour),
        StatisticsKind::Route => kinds.apply("route", route_traffic),
        StatisticsKind::RouteHour => kinds.apply("route-hour", route_traffic_by_hour),
        StatisticsKind::Airline => kinds.apply("airline", airline_statistics),
        StatisticsKind::AircraftType => kinds.apply("aircraft-type", aircraft_type_statistics),
        StatisticsKind::Quality => kinds.apply("quality", data_quality),
        StatisticsKind::FlightSession => kinds.apply("flight-session", flight_sessions),
        StatisticsKind::All | StatisticsKind::None => Err(CommandError::Usage(
            "choose one of the statistics; `all` is for `process` and `run`".to_owned(),
        )),
    }
}

struct Kind<'a, A> {
    state: &'a cli::State,
    airports: &'a SharedTable<Airports>,
    action: &'a A,
}

impl<A: Action> Kind<'_, A> {
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
        self.action.apply(action::with_state(app, self.state)?)
    }
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
