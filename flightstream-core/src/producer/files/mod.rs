//! Messages from recorded files: JSON arrays, Airlabs answers, NDJSON, and CSV, also compressed with gzip or zstd.

mod elements;
mod error;
mod flight_file;
mod replay;

pub use self::error::FileError;
pub use self::flight_file::{FlightFile, Format};
pub use self::replay::{OFFSETS, Replay, ReplayProgress};
