//! The typed flight record in SI units, the decoders of its sources, and its enrichment.

mod code;
mod position;
#[cfg(feature = "simulation")]
pub mod simulation;
mod text;

pub use self::code::{
    AircraftType, AirlineIata, AirlineIcao, AirportIata, AirportIcao, Country, FlightCode,
    FlightNumber, Registration,
};
pub use self::position::{Position, PositionError};
pub use self::text::{Text, TextError};
