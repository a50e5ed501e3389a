use serde::{Deserialize, Serialize};

use super::{
    AircraftType, AirlineIata, AirlineIcao, AirportIata, AirportIcao, Altitude, Callsign, Country,
    EmitterCategory, FlightCode, FlightNumber, FlightStatus, Icao24, Position, Quality,
    Registration, Squawk,
};
use crate::batch::Rejection;
use crate::time::Timestamp;

/// One report about one aircraft, in SI units, whatever source it came from.
///
/// Only the address and the time are certain; everything else may be unknown. Sources' units, offsets and placeholders
/// are gone: their decoders remove them. It is `Copy` and holds no heap memory.
///
/// ```
/// use flightstream_core::flight::{Altitude, Flight, Icao24};
/// use flightstream_core::time::Timestamp;
///
/// let mut flight = Flight::new(Icao24::new(0x48AE23)?, Timestamp::from_seconds(1_706_705_158));
/// flight.altitude = Some(Altitude::Barometric(10_668.0));
/// assert!(flight.is_airborne());
/// assert_eq!(flight.positioned().unwrap_err().reason(), "no_position");
/// # Ok::<(), flightstream_core::flight::Icao24Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Flight {
    /// The aircraft's address.
    pub hex: Icao24,
    /// Event time: when the source last heard of the aircraft.
    pub updated: Timestamp,
    /// The aircraft's registration.
    pub registration: Option<Registration>,
    /// The country of the **airline**, which is often not the one the aircraft is registered in.
    pub flag: Option<Country>,
    /// Where it is; never (0, 0) for unknown.
    pub position: Option<Position>,
    /// How high it is, in metres.
    pub altitude: Option<Altitude>,
    /// Direction of movement over ground, degrees clockwise from true north, 0 ≤ track < 360.
    pub track: Option<f32>,
    /// Speed over ground, metres a second.
    pub ground_speed: Option<f32>,
    /// Metres a second, up positive.
    pub vertical_rate: Option<f32>,
    /// The transponder code.
    pub squawk: Option<Squawk>,
    /// What kind of aircraft the transponder says it is in.
    pub category: Option<EmitterCategory>,
    /// The flight's number within its airline.
    pub flight_number: Option<FlightNumber>,
    /// The flight's code with its airline's ICAO designator.
    pub flight_icao: Option<FlightCode>,
    /// The flight's code with its airline's IATA designator.
    pub flight_iata: Option<FlightCode>,
    /// ICAO code of the airport it left.
    pub departure_icao: Option<AirportIcao>,
    /// IATA code of the airport it left.
    pub departure_iata: Option<AirportIata>,
    /// ICAO code of the airport it flies to.
    pub arrival_icao: Option<AirportIcao>,
    /// IATA code of the airport it flies to.
    pub arrival_iata: Option<AirportIata>,
    /// The airline's ICAO designator: the airline's key.
    pub airline_icao: Option<AirlineIcao>,
    /// The airline's IATA designator; several airlines may share one.
    pub airline_iata: Option<AirlineIata>,
    /// The aircraft's type.
    pub aircraft_type: Option<AircraftType>,
    /// How far the flight is, as the source says.
    pub status: FlightStatus,
    /// What was doubtful about the report.
    pub quality: Quality,
}

impl Flight {
    /// A report that knows nothing but which aircraft and when.
    #[must_use]
    pub const fn new(hex: Icao24, updated: Timestamp) -> Self {
        Self {
            hex,
            updated,
            registration: None,
            flag: None,
            position: None,
            altitude: None,
            track: None,
            ground_speed: None,
            vertical_rate: None,
            squawk: None,
            category: None,
            flight_number: None,
            flight_icao: None,
            flight_iata: None,
            departure_icao: None,
            departure_iata: None,
            arrival_icao: None,
            arrival_iata: None,
            airline_icao: None,
            airline_iata: None,
            aircraft_type: None,
            status: FlightStatus::Unknown,
            quality: Quality::GOOD,
        }
    }

    /// Whether it certainly flies: its altitude is known and is not the ground. The status is not looked at.
    #[must_use]
    pub fn is_airborne(&self) -> bool {
        self.altitude.is_some_and(|altitude| !altitude.is_ground())
    }

    /// Whether it is certainly on the ground.
    #[must_use]
    pub fn is_on_ground(&self) -> bool {
        self.altitude.is_some_and(Altitude::is_ground)
    }

    /// Whether its position is known.
    #[must_use]
    pub const fn is_positioned(&self) -> bool {
        self.position.is_some()
    }

    /// Whether its speed is known.
    #[must_use]
    pub const fn has_known_speed(&self) -> bool {
        self.ground_speed.is_some()
    }

    /// The same report, if its position is known.
    ///
    /// # Errors
    /// With reason `no_position` if it is not.
    pub fn positioned(self) -> Result<Self, Rejection> {
        if self.is_positioned() {
            Ok(self)
        } else {
            Err(Rejection::new("no_position"))
        }
    }

    /// The callsign: the flight's ICAO code, if it is short enough to be sent by a transponder.
    #[must_use]
    pub fn callsign(&self) -> Option<Callsign> {
        Callsign::new(self.flight_icao?.as_str()).ok()
    }
}
