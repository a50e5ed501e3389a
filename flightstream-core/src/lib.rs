//! Typed flight records in, composable async streams of batches, exactly-once results out.

pub mod batch;
mod error;
pub mod flight;
pub mod guide;
pub mod log;
pub mod operator;
pub mod producer;
mod records;
pub mod runtime;
pub mod search;
pub mod store;
pub mod table;
#[cfg(feature = "testing")]
pub mod testing;
pub mod time;
pub mod window;

pub use self::error::Fatal;
pub use self::records::{Records, from_batches, from_values};
