use std::time::Duration;

use super::{AIRPORTS, reports};
use crate::Records;
use crate::batch::Raw;
use crate::flight::{EnrichedFlight, Flight};
use crate::runtime::TaskContext;
use crate::table::Airports;

/// How long an aircraft that stays away is remembered, by event time: a report that was delayed for longer is lost among
/// those of another day anyway.
const REMEMBERED: Duration = Duration::from_secs(24 * 3600);

/// The newest position of each aircraft, with its airports: [`enriched`](super::enriched()) without the reports that come
/// after a newer one of the same aircraft.
///
/// What comes out never goes back in time, so a topic that is compacted by offset, as Kafka's are, ends with the newest
/// report and not with the one that came last. An aircraft that was not heard of for a day is forgotten. The newest report of each aircraft is in the store `latest`, a
/// [`KeyValueStore`](crate::store::KeyValueStore) of [`Icao24`](crate::flight::Icao24) to
/// [`Latest<Flight>`](crate::operator::Latest), for queries from outside.
///
/// ```
/// use std::sync::Arc;
/// use flightstream_core::flight::pipelines::{AIRPORTS, latest_positions};
/// use flightstream_core::table::Airports;
/// use flightstream_core::testing::TestDriver;
/// use flightstream_core::time::Timestamp;
///
/// let mut driver = TestDriver::new(latest_positions)
///     .table(AIRPORTS, Arc::new(Airports::embedded()))
///     .starts_at(Timestamp::from_seconds(1_706_720_000));
/// for (second, lat) in [(10, 52.0), (30, 52.2), (20, 52.1)] {
///     let message = format!(r#"{{"hex":"48AE23","lat":{lat},"lng":20.9,"updated":{}}}"#, 1_706_705_100 + second);
///     driver.send(0, Timestamp::default(), "48AE23", message)?;
/// }
/// driver.run()?;
/// let latitudes = driver.output()?.into_iter().filter_map(|report| report.flight.position);
/// assert_eq!(latitudes.map(|position| position.lat()).collect::<Vec<_>>(), [52.0, 52.2]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn latest_positions(
    raw: impl Records<Record = Raw>,
    cx: TaskContext,
) -> impl Records<Record = EnrichedFlight> {
    let mut airports = cx.table::<Airports>(AIRPORTS);
    reports(raw, cx.clone())
        .enrich(Flight::positioned)
        .key_by(|flight| flight.hex)
        .assume_aligned() // the source is partitioned by it
        .to_table(cx.store("latest").with_ttl(REMEMBERED))
        .map(move |(_, flight)| flight.located(airports.current()))
}
