//! The operators: one file, one struct, one method of [`Records`](crate::Records) each.
//!
//! An operator is a stream adapter. It polls its input for a batch, works through the batch in a synchronous loop,
//! and hands it on with the same span and ack.

mod aligned;
mod assume_aligned;
mod decode;
mod enrich;
mod event_time;
mod filter;
mod flat_map;
mod inspect;
mod join;
mod key_by;
mod map;
mod repartition;

pub use self::aligned::Aligned;
pub use self::assume_aligned::AssumeAligned;
pub use self::decode::{Decode, Decoder};
pub use self::enrich::Enrich;
pub use self::event_time::EventTime;
pub use self::filter::Filter;
pub use self::flat_map::FlatMap;
pub use self::inspect::Inspect;
pub use self::join::Join;
pub use self::key_by::KeyBy;
pub use self::map::Map;
pub use self::repartition::Repartition;
