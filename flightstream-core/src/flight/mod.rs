//! The typed flight record in SI units, the decoders of its sources, and its enrichment.

mod airframe;
pub mod airlabs;
pub mod alerts;
mod altitude;
mod code;
mod country;
pub mod csv;
pub mod document;
mod emitter_category;
mod enriched;
pub mod history;
mod icao24;
mod json;
mod phase;
pub mod pipelines;
mod position;
mod progress;
mod quality;
pub mod readsb;
mod record;
#[cfg(feature = "simulation")]
pub mod simulation;
mod squawk;
mod status;
mod text;
mod writer;

pub use self::airframe::Airframe;
pub use self::altitude::Altitude;
pub use self::code::{
    AircraftType, AirlineIata, AirlineIcao, AirportIata, AirportIcao, Callsign, Country,
    FlightCode, FlightNumber, Registration,
};

pub use self::emitter_category::EmitterCategory;
pub use self::enriched::EnrichedFlight;
pub use self::icao24::{Icao24, Icao24Error};
pub use self::phase::{Movement, Phase};
pub use self::position::{Position, PositionError};
pub use self::progress::Progress;
pub use self::quality::Quality;
pub use self::record::Flight;
pub use self::squawk::Squawk;
pub use self::status::{FlightStatus, FlightType};
pub use self::text::{Text, TextError};
