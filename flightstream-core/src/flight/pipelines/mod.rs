//! The standard pipelines: each an ordinary function from records to records.
//!
//! | pipeline | key | value |
//! | --- | --- | --- |
//! | [`enriched`] | | a report with its airports |
//! | [`latest_positions`] | | the same, without reports that are older than one of the same aircraft before |
//! | [`flight_sessions`] | [`Icao24`](super::Icao24) | [`FlightSession`]: what an aircraft did between two silences |
//! | [`airport_traffic`], [`airport_traffic_by_hour`] | [`AirportCode`] | [`AirportTraffic`]: aircraft that arrive, depart, fly |
//! | [`route_traffic`], [`route_traffic_by_hour`] | [`Route`] | [`RouteTraffic`]: aircraft on it |
//! | [`airline_statistics`] | [`AirlineIcao`](super::AirlineIcao) | [`SpeedStatistics`]: reports, aircraft, speeds |
//! | [`aircraft_type_statistics`] | [`AircraftType`](super::AircraftType) | [`SpeedStatistics`] |
//! | [`data_quality`] | [`Feed`] | [`DataQuality`]: how many reports lack or doubt what |
//!
//! All read raw Airlabs messages, partitioned by aircraft, and begin with [`reports`], which refuses what cannot be decoded
//! and times that cannot be right. The other statistics are kept in windows of event time, 15 minutes
//! or an hour that begins every 15 minutes, with [`GRACE`] for what comes late. They come out each minute (those of
//! hours: every five), each time all that the window holds so far, and once more when it closes: the newest result of a
//! key and window replaces those before it. [`Statistics`] writes them so that a compacted topic does.
//!
//! An aircraft counts once in a window, however often it reports. Its address is kept until the window closes, so a window
//! takes about ten bytes an aircraft and key.
//!
//! They work in two steps. Each partition keeps its part of a key's statistics; as an aircraft is in one partition only,
//! the parts add up. Parts, not reports, go to the key's partition: a few a minute instead of thousands a second. As the
//! newest part of a partition replaces the one before it, repeated parts change nothing. The app's tasks should all be
//! about as far: a task that is a window's length behind the others finds that window closed.

mod airport_code;
mod airport_traffic;
mod data_quality;
mod enriched;
mod flight_sessions;
mod latest_positions;
mod news;
mod reports;
mod route_traffic;
mod speed_statistics;
mod statistics;
mod tally;
mod trajectory;
mod windows;

pub use self::airport_code::AirportCode;
pub use self::airport_traffic::{AirportTraffic, airport_traffic, airport_traffic_by_hour};
pub use self::data_quality::{DataQuality, Feed, data_quality};
pub use self::enriched::{AIRPORTS, Documents, enriched};
pub use self::flight_sessions::{FlightSession, SILENCE, flight_sessions};
pub use self::latest_positions::latest_positions;
pub use self::reports::{AHEAD, reports};
pub use self::route_traffic::{Route, RouteTraffic, route_traffic, route_traffic_by_hour};
pub use self::speed_statistics::{SpeedStatistics, aircraft_type_statistics, airline_statistics};
pub use self::statistics::Statistics;
pub use self::windows::GRACE;
