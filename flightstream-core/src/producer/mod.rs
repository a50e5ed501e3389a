//! Where the messages of the topic `flight` come from: the Airlabs API, files, the simulation.
//!
//! A producer appends raw messages, keyed by aircraft, and leaves decoding to the pipeline: what a source sends is
//! kept as it was sent.

#[cfg(feature = "airlabs-client")]
pub mod airlabs;
pub mod export;
#[cfg(feature = "files")]
pub mod files;
mod message;
#[cfg(any(feature = "airlabs-client", feature = "files", feature = "simulation"))]
mod meter;
#[cfg(feature = "metrics")]
pub mod metrics;
mod pace;
#[cfg(any(feature = "airlabs-client", feature = "simulation"))]
mod persistence;
#[cfg(feature = "simulation")]
mod simulated;
mod stop;

pub use self::message::Message;
pub use self::pace::{Pace, PaceError};
#[cfg(feature = "simulation")]
pub use self::simulated::SimulatedTraffic;
pub use self::stop::StopSignal;
