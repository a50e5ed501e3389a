use std::time::Duration;

use crate::flight::pipelines::{AirportCode, SILENCE};
use crate::flight::{AirportIata, AirportIcao, Flight, FlightCode, Position};
use crate::time::Timestamp;

/// An aircraft that is silent for longer has begun another leg, whatever its flight code.
const LONGEST_SILENCE: Duration = Duration::from_secs(3 * 3600);

/// One flight of an aircraft, as far as its reports tell it from the one before: by another flight code or other airports,
/// or by a silence, of three hours, or of [`SILENCE`] where no flight code says that it goes on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Leg {
    /// What its reports said of the flight.
    told: Told,
    /// The first report.
    pub from: Timestamp,
    /// The newest report.
    pub until: Timestamp,
    /// How many reports there were.
    pub reports: u64,
    /// Metres along the positions, in the order of their times.
    pub distance: f64,
    /// Metres, of reports from the air.
    pub max_altitude: Option<f32>,
    last: Option<Position>,
}

impl Leg {
    /// The flight's code: IATA, else ICAO.
    #[must_use]
    pub fn flight(&self) -> Option<FlightCode> {
        self.told.flight_iata.or(self.told.flight_icao)
    }

    /// Where it comes from.
    #[must_use]
    pub fn departure(&self) -> Option<AirportCode> {
        AirportCode::of(self.told.departure_iata, self.told.departure_icao)
    }

    /// Where it goes.
    #[must_use]
    pub fn arrival(&self) -> Option<AirportCode> {
        AirportCode::of(self.told.arrival_iata, self.told.arrival_icao)
    }

    pub(super) fn begin(flight: &Flight) -> Self {
        let mut leg = Self {
            told: Told::default(),
            from: flight.updated,
            until: flight.updated,
            reports: 0,
            distance: 0.0,
            max_altitude: None,
            last: None,
        };
        leg.go_on(flight);
        leg
    }

    /// Whether a report belongs to this leg.
    pub(super) fn has(&self, flight: &Flight) -> bool {
        let told = Told::by(flight);
        let silence = flight.updated.since(self.until);
        let longest = match self.told.has_flight_of(&told) {
            true => LONGEST_SILENCE,
            false => SILENCE,
        };
        silence <= longest && !self.told.contradicts(&told)
    }

    /// Takes a report. One that comes late only counts.
    pub(super) fn go_on(&mut self, flight: &Flight) {
        self.reports += 1;
        if flight.updated < self.until {
            return;
        }
        self.until = flight.updated;
        self.told.add(Told::by(flight));
        if let (Some(last), Some(position)) = (self.last, flight.position) {
            self.distance += last.distance_to(position);
        }
        self.last = flight.position.or(self.last);
        if flight.is_airborne() {
            let altitude = flight.altitude.map(crate::flight::Altitude::metres);
            self.max_altitude = match (self.max_altitude, altitude) {
                (Some(one), Some(other)) => Some(one.max(other)),
                (one, other) => one.or(other),
            };
        }
    }
}

/// What reports say of a flight. They leave out now one code and now the other, so each is compared with its own kind.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Told {
    flight_iata: Option<FlightCode>,
    flight_icao: Option<FlightCode>,
    departure_iata: Option<AirportIata>,
    departure_icao: Option<AirportIcao>,
    arrival_iata: Option<AirportIata>,
    arrival_icao: Option<AirportIcao>,
}

impl Told {
    fn by(flight: &Flight) -> Self {
        Self {
            flight_iata: flight.flight_iata,
            flight_icao: flight.flight_icao,
            departure_iata: flight.departure_iata,
            departure_icao: flight.departure_icao,
            arrival_iata: flight.arrival_iata,
            arrival_icao: flight.arrival_icao,
        }
    }

    /// Whether a flight code is the same.
    fn has_flight_of(&self, other: &Self) -> bool {
        agree(self.flight_iata, other.flight_iata) || agree(self.flight_icao, other.flight_icao)
    }

    /// Whether something is not the same that both tell.
    fn contradicts(&self, other: &Self) -> bool {
        differ(self.flight_iata, other.flight_iata)
            || differ(self.flight_icao, other.flight_icao)
            || differ(self.departure_iata, other.departure_iata)
            || differ(self.departure_icao, other.departure_icao)
            || differ(self.arrival_iata, other.arrival_iata)
            || differ(self.arrival_icao, other.arrival_icao)
    }

    fn add(&mut self, other: Self) {
        self.flight_iata = self.flight_iata.or(other.flight_iata);
        self.flight_icao = self.flight_icao.or(other.flight_icao);
        self.departure_iata = self.departure_iata.or(other.departure_iata);
        self.departure_icao = self.departure_icao.or(other.departure_icao);
        self.arrival_iata = self.arrival_iata.or(other.arrival_iata);
        self.arrival_icao = self.arrival_icao.or(other.arrival_icao);
    }
}

fn agree<T: PartialEq>(one: Option<T>, other: Option<T>) -> bool {
    one.is_some() && one == other
}

fn differ<T: PartialEq>(one: Option<T>, other: Option<T>) -> bool {
    one.is_some() && other.is_some() && one != other
}
