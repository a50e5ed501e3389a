//! table

pub mod airports;

pub use self::airports::{Airport, Airports, TableError};
