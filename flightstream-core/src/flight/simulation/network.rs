use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::SimulationError;
use super::geometry::distance;
use super::profile::SHORTEST;
use super::random::Weighted;
use crate::flight::{AircraftType, AirlineIata, AirlineIcao, AirportIata, Country};
use crate::table::{Airport, Airports};

const AIRPORTS: &str = include_str!("../../../data/simulation_airports.csv");
const AIRLINES: &str = include_str!("../../../data/simulation_airlines.csv");
const TYPES: &str = include_str!("../../../data/simulation_types.csv");
const COUNTRIES: &str = include_str!("../../../data/simulation_countries.csv");

/// Who flies where with what: the data files, joined with an airport table.
#[derive(Debug)]
pub(super) struct Network {
    pub(super) airports: Vec<Served>,
    pub(super) airlines: Vec<Airline>,
    pub(super) types: Vec<Kind>,
    pub(super) countries: Vec<Registry>,
}

/// An airport with its weight.
#[derive(Debug)]
pub(super) struct Served {
    pub(super) airport: Arc<Airport>,
    /// Million passengers a year, roughly.
    weight: f64,
}

#[derive(Debug)]
pub(super) struct Airline {
    pub(super) icao: AirlineIcao,
    pub(super) iata: AirlineIata,
    pub(super) country: Country,
    /// How many of the airborne aircraft are its, relatively.
    pub(super) weight: f64,
    /// The share of its flights within its country.
    pub(super) domestic: f64,
    /// Indices of airports.
    pub(super) hubs: Vec<u16>,
    /// Indices of types.
    pub(super) fleet: Weighted<u16>,
}

/// An aircraft type.
#[derive(Debug)]
pub(super) struct Kind {
    pub(super) code: AircraftType,
    /// Kilometres an hour over ground, at cruise without wind.
    pub(super) cruise_speed: f64,
    /// Feet.
    pub(super) cruise_levels: [f64; 2],
    /// Metres; usual shortest and longest leg.
    pub(super) range: [f64; 2],
}

impl Kind {
    pub(super) fn is_long_haul(&self) -> bool {
        let [_, longest] = self.range;
        longest >= 8_500_000.0
    }
}

/// A country's aircraft register.
#[derive(Debug)]
pub(super) struct Registry {
    pub(super) country: Country,
    pub(super) prefix: &'static str,
    /// `A` a letter, `9` a digit, `1` a digit but 0; the rest as it is.
    pub(super) tail: &'static str,
    /// ICAO addresses.
    pub(super) first: u32,
    pub(super) last: u32,
}

fn rows<const N: usize>(csv: &'static str) -> impl Iterator<Item = [&'static str; N]> {
    csv.lines().skip(1).filter_map(|line| {
        let mut fields = line.splitn(N, ',');
        let row = std::array::from_fn(|_| fields.next().unwrap_or_default());
        row.iter().all(|field| !field.is_empty()).then_some(row)
    })
}

fn number(text: &str) -> Option<f64> {
    text.parse().ok()
}

impl Network {
    pub(super) fn new(table: &Airports) -> Result<Self, SimulationError> {
        let airports: Vec<Served> = rows(AIRPORTS)
            .filter_map(|[code, weight]| {
                Some(Served {
                    airport: Arc::clone(table.by_iata(AirportIata::new(code).ok()?)?),
                    weight: number(weight)?,
                })
            })
            .collect();
        let types: Vec<Kind> = rows(TYPES).filter_map(kind).collect();
        let airport_at: FxHashMap<&str, u16> = rows::<2>(AIRPORTS)
            .filter(|[code, _]| {
                AirportIata::new(code).is_ok_and(|code| table.by_iata(code).is_some())
            })
            .map(|[code, _]| code)
            .zip(0..)
            .collect();
        let type_at: FxHashMap<&str, u16> = types
            .iter()
            .map(|kind| kind.code.as_str())
            .zip(0..)
            .collect();
        let airlines: Vec<Airline> = rows(AIRLINES)
            .filter_map(|row| airline(row, &airport_at, &type_at))
            .collect();

        // Any two airports that far apart leave each airport one that is at least half as far.
        let far_apart = airports.iter().any(|served| {
            let from = airports.first().map(|first| first.airport.position);
            from.is_some_and(|from| distance(from, served.airport.position) > 4.0 * SHORTEST)
        });
        if airlines.is_empty() || !far_apart {
            return Err(SimulationError::TooFewAirports);
        }
        Ok(Self {
            airports,
            airlines,
            countries: rows(COUNTRIES).filter_map(registry).collect(),
            types,
        })
    }

    /// Where a type can fly to from `from`, at home or abroad; anywhere if there is no such airport.
    pub(super) fn destinations(&self, from: u16, kind: &Kind, domestic: bool) -> Weighted<u16> {
        let Some(origin) = self.airports.get(usize::from(from)) else {
            return Weighted::new([]);
        };
        let [shortest, longest] = kind.range;
        // Traffic thins out with distance; this fits the quartiles of a real feed's legs.
        let scale = longest * if domestic { 0.5 } else { 0.6 };
        let legs: Vec<(f64, f64, u16)> = self
            .airports
            .iter()
            .zip(0_u16..)
            .filter(|(to, _)| (to.airport.country == origin.airport.country) == domestic)
            .map(|(to, at)| {
                let metres = distance(origin.airport.position, to.airport.position);
                (to.weight * (-metres / scale).exp(), metres, at)
            })
            .collect();
        for (low, high) in [(shortest, longest), (SHORTEST, longest)] {
            let within: Vec<(f64, u16)> = legs
                .iter()
                .filter(|(_, metres, _)| (low.max(SHORTEST)..=high).contains(metres))
                .map(|(weight, _, at)| (*weight, *at))
                .collect();
            if !within.is_empty() {
                return Weighted::new(within);
            }
        }
        if domestic {
            self.destinations(from, kind, false)
        } else {
            self.anywhere(from)
        }
    }

    /// Any airport that is not too close.
    fn anywhere(&self, from: u16) -> Weighted<u16> {
        let origin = self.airports.get(usize::from(from));
        let position = origin.map(|origin| origin.airport.position);
        Weighted::new(
            self.airports
                .iter()
                .zip(0_u16..)
                .filter(|(to, _)| {
                    position.is_some_and(|from| distance(from, to.airport.position) >= SHORTEST)
                })
                .map(|(to, at)| (to.weight, at)),
        )
    }
}

fn kind(row: [&'static str; 6]) -> Option<Kind> {
    let [code, speed, low, high, shortest, longest] = row;
    Some(Kind {
        code: AircraftType::new(code).ok()?,
        cruise_speed: number(speed)?,
        cruise_levels: [number(low)?, number(high)?],
        range: [number(shortest)? * 1_000.0, number(longest)? * 1_000.0],
    })
}

fn registry(row: [&'static str; 5]) -> Option<Registry> {
    let [country, prefix, tail, first, last] = row;
    Some(Registry {
        country: Country::new(country).ok()?,
        prefix,
        tail,
        first: u32::from_str_radix(first, 16).ok()?,
        last: u32::from_str_radix(last, 16).ok()?,
    })
}

fn airline(
    row: [&'static str; 7],
    airports: &FxHashMap<&str, u16>,
    types: &FxHashMap<&str, u16>,
) -> Option<Airline> {
    let [icao, iata, country, weight, domestic, hubs, fleet] = row;
    let hubs: Vec<u16> = hubs
        .split(' ')
        .filter_map(|hub| airports.get(hub).copied())
        .collect();
    let fleet = fleet.split(' ').filter_map(|entry| {
        let (code, weight) = entry.split_once(':')?;
        Some((number(weight)?, *types.get(code)?))
    });
    Some(Airline {
        icao: AirlineIcao::new(icao).ok()?,
        iata: AirlineIata::new(iata).ok()?,
        country: Country::new(country).ok()?,
        weight: number(weight)?,
        domestic: number(domestic)? / 100.0,
        fleet: Weighted::new(fleet),
        hubs: (!hubs.is_empty()).then_some(hubs)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_data_is_used() {
        let network = Network::new(&Airports::embedded()).unwrap();
        let lines = |csv: &str| csv.lines().count() - 1;
        assert_eq!(network.airports.len(), lines(AIRPORTS));
        assert_eq!(network.airlines.len(), lines(AIRLINES));
        assert_eq!(network.types.len(), lines(TYPES));
        assert_eq!(network.countries.len(), lines(COUNTRIES));
        for ([_, _, _, _, _, hubs, _], airline) in rows(AIRLINES).zip(&network.airlines) {
            assert_eq!(hubs.split(' ').count(), airline.hubs.len(), "{airline:?}");
            let registry = |registry: &Registry| registry.country == airline.country;
            assert!(network.countries.iter().any(registry), "{airline:?}");
        }
    }

    #[test]
    fn address_blocks_do_not_overlap() {
        let mut blocks: Vec<(u32, u32)> = rows(COUNTRIES)
            .filter_map(registry)
            .map(|registry| (registry.first, registry.last))
            .collect();
        blocks.sort_unstable();
        for pair in blocks.windows(2) {
            assert!(pair[0].0 < pair[0].1 && pair[0].1 < pair[1].0, "{pair:x?}");
        }
    }

    #[test]
    fn a_table_without_the_airports_is_refused() {
        let csv = "iata,lat,lon,country\nWAW,52.1657,20.9671,PL\nQQQ,10,10,XX\n";
        let table = Airports::from_csv(csv.as_bytes()).unwrap();
        let error = Network::new(&table).unwrap_err();
        assert_eq!(error, SimulationError::TooFewAirports);
    }
}
