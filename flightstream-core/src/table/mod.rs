//! Tables that records are joined with: reference tables, loaded before tasks start and swapped whole, and the newest
//! values of a topic's keys ([`TopicTable`]).
//!
//! A table is small beside the stream it is joined with, so every task holds all of it in memory. It is read once,
//! before the first record; a mistake in it refuses the start with the line and the column that is wrong. It never
//! changes in place: a new version is loaded beside the old one and takes its place at once ([`SharedTable`]), for
//! instance when its file changes ([`TableFile`]), so that every record is joined with one version or the other.
//!
//! ```
//! use flightstream_core::flight::AirportIata;
//! use flightstream_core::table::Airports;
//!
//! let airports = Airports::embedded();
//! let warsaw = airports.resolve(Some(AirportIata::new("WAW")?), None).unwrap();
//! assert_eq!(warsaw.country.as_str(), "PL");
//! # Ok::<(), flightstream_core::flight::TextError>(())
//! ```

mod airports;
mod airports_csv;
mod error;
mod file;
mod shared;
mod topic_table;

pub use self::airports::{Airport, Airports};
pub use self::error::TableError;
pub use self::file::{Change, TableFile, TableWatch};
pub use self::shared::{SharedTable, TableReader};
pub use self::topic_table::TopicTable;
pub(crate) use self::topic_table::{DecodedFeed, TableFeed};
