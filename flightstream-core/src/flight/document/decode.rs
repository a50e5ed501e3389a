use serde::Deserialize;

use crate::flight::{
    AircraftType, AirlineIata, AirlineIcao, AirportIata, AirportIcao, Country, FlightCode,
    FlightNumber, FlightStatus, FlightType, Icao24, Position, Registration, Squawk,
};
use crate::time::Timestamp;

/// A document as it stands in the index, in the index's units.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
#[allow(
    missing_docs,
    reason = "the fields are those of the table in the module's documentation"
)]
pub struct Document {
    pub hex: Icao24,
    pub reg_number: Option<Registration>,
    pub flag: Option<Country>,
    pub position: Option<Position>,
    pub alt: Option<f32>,
    pub dir: Option<f32>,
    pub speed: Option<i64>,
    pub v_speed: Option<i64>,
    pub flight_number: Option<FlightNumber>,
    pub flight_icao: Option<FlightCode>,
    pub flight_iata: Option<FlightCode>,
    pub dep_icao: Option<AirportIcao>,
    pub dep_iata: Option<AirportIata>,
    pub arr_icao: Option<AirportIcao>,
    pub arr_iata: Option<AirportIata>,
    pub airline_icao: Option<AirlineIcao>,
    pub airline_iata: Option<AirlineIata>,
    pub aircraft_icao: Option<AircraftType>,
    pub squawk: Option<Squawk>,
    pub status: Option<FlightStatus>,
    #[serde(rename = "type")]
    pub flight_type: FlightType,
    pub on_ground: Option<bool>,
    pub dep_pos: Option<Position>,
    pub arr_pos: Option<Position>,
    #[serde(rename = "Departure")]
    pub departure: Option<Box<str>>,
    #[serde(rename = "Arrival")]
    pub arrival: Option<Box<str>>,
    pub updated: Timestamp,
}

/// Reads a document back, for tests and tools; fields that are not known here are passed over.
///
/// # Errors
/// If it is no document of this form.
pub fn decode(json: &[u8]) -> Result<Document, serde_json::Error> {
    serde_json::from_slice(json)
}
