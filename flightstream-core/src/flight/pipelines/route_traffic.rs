use std::fmt;
use std::ops::AddAssign;

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

/// From one airport to another; the way back is another route. Its text is `WAW-LHR`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Route {
    /// Where it begins.
    pub departure: AirportCode,
    /// Where it ends.
    pub arrival: AirportCode,
}

impl Route {
    /// The route that a report names, if it names both airports.
    #[must_use]
    pub fn of(flight: &Flight) -> Option<Self> {
        Some(Self {
            departure: AirportCode::of(flight.departure_iata, flight.departure_icao)?,
            arrival: AirportCode::of(flight.arrival_iata, flight.arrival_icao)?,
        })
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.departure, self.arrival)
    }
}

/// What goes on on a route in a window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteTraffic {
    /// Aircraft that reported on it, on the ground or in the air, each counted once.
    pub aircraft: u64,
}

/// Aircraft on each route, in windows of 15 minutes. Reports that don't name both airports are left out.
///
/// See [`airport_traffic`](super::airport_traffic()) for an example.
pub fn route_traffic(
    raw: impl Records<Record = Raw>,
    cx: TaskContext,
) -> impl Records<Record = (WindowedKey<Route>, RouteTraffic)> {
    statistics::<Aircraft, _, _, _, _>(routes(raw, &cx), quarters(), cx)
}

/// The same in windows of an hour, one every 15 minutes.
pub fn route_traffic_by_hour(
    raw: impl Records<Record = Raw>,
    cx: TaskContext,
) -> impl Records<Record = (WindowedKey<Route>, RouteTraffic)> {
    statistics::<Aircraft, _, _, _, _>(routes(raw, &cx), hours(), cx)
}

fn routes<R: Records<Record = Raw>>(
    raw: R,
    cx: &TaskContext,
) -> impl Records<Record = (Route, Icao24)> + use<R> {
    reports(raw, cx.clone())
        .filter(news(Route::of))
        .flat_map(|flight| Route::of(&flight).map(|route| (route, flight.hex)))
}

/// The aircraft of a route, in order: few, so a sorted list is smaller than a set and as fast.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Aircraft(Vec<Icao24>);

impl Tally<Icao24> for Aircraft {
    type Part = RouteTraffic;

    fn add(&mut self, hex: &Icao24) {
        if let Err(place) = self.0.binary_search(hex) {
            self.0.insert(place, *hex);
        }
    }

    fn part(&self) -> RouteTraffic {
        RouteTraffic {
            aircraft: self.0.len() as u64,
        }
    }
}

impl AddAssign for RouteTraffic {
    fn add_assign(&mut self, other: Self) {
        self.aircraft += other.aircraft;
    }
}
