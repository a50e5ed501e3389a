use std::ops::AddAssign;

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::AirportCode;
use super::news::news;
use super::reports;
use super::tally::{Tally, statistics};
use super::windows::{hours, quarters};
use crate::Records;
use crate::batch::Raw;
use crate::flight::{Flight, Icao24};
use crate::runtime::TaskContext;
use crate::window::WindowedKey;

/// Aircraft of an airport in a window, each counted once in every line.
///
/// The figures are about what aircraft report, not about movements on the runway: an aircraft that has this airport as
/// its destination counts in every window of its flight. One that lands and leaves again in a window counts as both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AirportTraffic {
    /// Aircraft that fly to it, or have arrived.
    pub arrivals: u64,
    /// Aircraft that come from it, or are about to leave.
    pub departures: u64,
    /// Those of both that reported from the air at least once.
    pub airborne: u64,
}

/// Aircraft that arrive at and depart from each airport, in windows of 15 minutes.
///
/// ```
/// use std::sync::Arc;
/// use flightstream_core::batch::{Raw, Record};
/// use flightstream_core::flight::pipelines::{Statistics, airport_traffic};
/// use flightstream_core::log::{Isolation, Log, TopicSpec, memory::MemoryLog};
/// use flightstream_core::runtime::{App, topic};
/// use flightstream_core::time::Timestamp;
///
/// let log: Arc<dyn Log> = Arc::new(MemoryLog::default());
/// log.create_topic(&TopicSpec::new("flight", 1))?;
/// log.create_topic(&TopicSpec::new("flight-stats", 1).compacted())?;
/// let mut writer = log.writer(Isolation::Immediate)?;
/// for updated in [1_706_705_100, 1_706_705_130, 1_706_705_160] {
///     let message = format!(r#"{{"hex":"48AE23","alt":900,"dep_iata":"WAW","arr_iata":"LHR","updated":{updated}}}"#);
///     writer.append("flight", vec![Record::new(Raw::from(message), Timestamp::default())])?;
/// }
///
/// let running = App::new("airport-traffic")
///     .source(topic("flight").group("airport-traffic"))
///     .pipeline(airport_traffic)
///     .sink(topic("flight-stats").encoded(Statistics::of("airport")))
///     .start(&log)?;
/// running.wait_until_caught_up()?;
/// running.stop()?;
/// let results = log.read(&flightstream_core::batch::TopicPartition::new("flight-stats", 0), 0, 10)?;
/// assert_eq!(results[0].key.as_deref(), Some(&b"airport/LHR@1706705100000"[..]));
/// assert_eq!(
///     results[0].value.as_bytes(),
///     Some(&br#"{"kind":"airport","key":"LHR","start":1706705100000,"end":1706706000000,"arrivals":1,"departures":0,"airborne":1}"#[..]),
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn airport_traffic(
    raw: impl Records<Record = Raw>,
    cx: TaskContext,
) -> impl Records<Record = (WindowedKey<AirportCode>, AirportTraffic)> {
    statistics::<Visits, _, _, _, _>(visits(raw, &cx), quarters(), cx)
}

/// The same in windows of an hour, one every 15 minutes.
pub fn airport_traffic_by_hour(
    raw: impl Records<Record = Raw>,
    cx: TaskContext,
) -> impl Records<Record = (WindowedKey<AirportCode>, AirportTraffic)> {
    statistics::<Visits, _, _, _, _>(visits(raw, &cx), hours(), cx)
}

fn visits<R: Records<Record = Raw>>(
    raw: R,
    cx: &TaskContext,
) -> impl Records<Record = (AirportCode, Visit)> + use<R> {
    reports(raw, cx.clone())
        .filter(news(|flight| (ends(flight), flight.is_airborne())))
        .flat_map(Visit::of_flight)
}

/// Where a flight begins and ends.
fn ends(flight: &Flight) -> (Option<AirportCode>, Option<AirportCode>) {
    (
        AirportCode::of(flight.departure_iata, flight.departure_icao),
        AirportCode::of(flight.arrival_iata, flight.arrival_icao),
    )
}

/// What a report says of one of its two airports.
#[derive(Clone, Copy, Debug)]
struct Visit {
    aircraft: Icao24,
    seen: Seen,
}

/// What was seen of an aircraft, as bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Seen(u8);

impl Seen {
    const ARRIVING: Self = Self(1);
    const DEPARTING: Self = Self(2);
    const AIRBORNE: Self = Self(4);
    const NOTHING: Self = Self(0);

    const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl Visit {
    fn of_flight(flight: Flight) -> impl Iterator<Item = (AirportCode, Self)> {
        let (departure, arrival) = ends(&flight);
        let height = if flight.is_airborne() {
            Seen::AIRBORNE
        } else {
            Seen::NOTHING
        };
        let visit = move |airport, seen: Seen| {
            let visit = Self {
                aircraft: flight.hex,
                seen: seen.and(height),
            };
            (airport, visit)
        };
        let departure = departure.map(|airport| visit(airport, Seen::DEPARTING));
        let arrival = arrival.map(|airport| visit(airport, Seen::ARRIVING));
        departure.into_iter().chain(arrival)
    }
}

/// The aircraft of an airport.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Visits(FxHashMap<Icao24, Seen>);

impl Tally<Visit> for Visits {
    type Part = AirportTraffic;

    fn add(&mut self, visit: &Visit) {
        let seen = self.0.entry(visit.aircraft).or_default();
        *seen = seen.and(visit.seen);
    }

    fn part(&self) -> AirportTraffic {
        let count = |what| self.0.values().filter(|seen| seen.has(what)).count() as u64;
        AirportTraffic {
            arrivals: count(Seen::ARRIVING),
            departures: count(Seen::DEPARTING),
            airborne: count(Seen::AIRBORNE),
        }
    }
}

impl AddAssign for AirportTraffic {
    fn add_assign(&mut self, other: Self) {
        self.arrivals += other.arrivals;
        self.departures += other.departures;
        self.airborne += other.airborne;
    }
}
