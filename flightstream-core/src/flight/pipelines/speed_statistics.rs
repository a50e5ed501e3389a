use std::ops::AddAssign;

use rustc_hash::FxHashSet;
use serde::{Deserialize, Serialize, Serializer};

use super::reports;
use super::tally::{Tally, statistics};
use super::windows::quarters;
use crate::Records;
use crate::batch::Raw;
use crate::flight::{AircraftType, AirlineIcao, Flight, Icao24};
use crate::runtime::TaskContext;
use crate::window::WindowedKey;

/// Reports of an airline or of a type of aircraft in a window.
///
/// Speeds are those of reports from the air with a known speed: aircraft that taxi or whose speed is unknown would say
/// nothing about flying. JSON has them in km/h to a tenth, as [`document`](crate::flight::document)s have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct SpeedStatistics {
    /// Reports.
    pub reports: u64,
    /// Aircraft that they came from.
    pub aircraft: u64,
    /// Reports that the speeds are of.
    pub with_speed: u64,
    /// Mean speed over ground, m/s; km/h in JSON.
    #[serde(
        serialize_with = "km_per_hour",
        skip_serializing_if = "Option::is_none"
    )]
    pub mean_speed: Option<f64>,
    /// Highest speed over ground, m/s; km/h in JSON.
    #[serde(
        serialize_with = "km_per_hour",
        skip_serializing_if = "Option::is_none"
    )]
    pub max_speed: Option<f64>,
}

/// Reports, aircraft and speeds of each airline, in windows of 15 minutes. Reports without the airline's ICAO code are
/// left out.
///
/// See [`airport_traffic`](super::airport_traffic()) for an example.
pub fn airline_statistics(
    raw: impl Records<Record = Raw>,
    cx: TaskContext,
) -> impl Records<Record = (WindowedKey<AirlineIcao>, SpeedStatistics)> {
    let flights = reports(raw, cx.clone()).flat_map(|flight| Some((flight.airline_icao?, flight)));
    statistics::<Speeds, _, _, _, _>(flights, quarters(), cx)
        .map(|(key, sums)| (key, sums.statistics()))
}

/// Reports, aircraft and speeds of each type of aircraft, in windows of 15 minutes. Reports without the type are left out.
///
/// See [`airport_traffic`](super::airport_traffic()) for an example.
pub fn aircraft_type_statistics(
    raw: impl Records<Record = Raw>,
    cx: TaskContext,
) -> impl Records<Record = (WindowedKey<AircraftType>, SpeedStatistics)> {
    let flights = reports(raw, cx.clone()).flat_map(|flight| Some((flight.aircraft_type?, flight)));
    statistics::<Speeds, _, _, _, _>(flights, quarters(), cx)
        .map(|(key, sums)| (key, sums.statistics()))
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Speeds {
    aircraft: FxHashSet<Icao24>,
    sums: Sums,
}

/// What adds up.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Sums {
    reports: u64,
    aircraft: u64,
    with_speed: u64,
    speed: f64,
    max_speed: f64,
}

impl Tally<Flight> for Speeds {
    type Part = Sums;

    fn add(&mut self, flight: &Flight) {
        self.aircraft.insert(flight.hex);
        self.sums.reports += 1;
        if let Some(speed) = flight.ground_speed
            && flight.is_airborne()
        {
            let speed = f64::from(speed);
            self.sums.with_speed += 1;
            self.sums.speed += speed;
            self.sums.max_speed = self.sums.max_speed.max(speed);
        }
    }

    fn part(&self) -> Sums {
        Sums {
            aircraft: self.aircraft.len() as u64,
            ..self.sums
        }
    }
}

impl AddAssign for Sums {
    fn add_assign(&mut self, other: Self) {
        self.reports += other.reports;
        self.aircraft += other.aircraft;
        self.with_speed += other.with_speed;
        self.speed += other.speed;
        self.max_speed = self.max_speed.max(other.max_speed);
    }
}

impl Sums {
    fn statistics(self) -> SpeedStatistics {
        let is_known = self.with_speed > 0;
        SpeedStatistics {
            reports: self.reports,
            aircraft: self.aircraft,
            with_speed: self.with_speed,
            mean_speed: is_known.then(|| self.speed / self.with_speed as f64),
            max_speed: is_known.then_some(self.max_speed),
        }
    }
}

fn km_per_hour<S: Serializer>(speed: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
    speed
        .map(|speed| (speed * 36.0).round() / 10.0)
        .serialize(serializer)
}
