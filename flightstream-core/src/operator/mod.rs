//! The operators: one file, one struct, one method of [`Records`](crate::Records) each.
//!
//! An operator is a stream adapter. It polls its input for a batch, works through the batch in a synchronous loop,
//! and hands it on with the same span and ack.

mod aggregate;
mod aligned;
mod assume_aligned;
mod decode;
mod dedupe;
mod enrich;
mod enrich_async;
mod event_time;
mod filter;
mod flat_map;
mod fold;
mod future_guard;
mod inspect;
mod join;
mod key_by;
mod map;
mod merge;
mod punctuate;
mod repartition;
mod retry;
mod split;
mod throttle_latest;
mod to_table;

pub use futures::future::Either;

pub use self::aggregate::Aggregate;
pub use self::aligned::Aligned;
pub use self::assume_aligned::AssumeAligned;
pub use self::decode::{Decode, Decoder};
pub use self::dedupe::Dedupe;
pub use self::enrich::Enrich;
pub use self::enrich_async::EnrichAsync;
pub use self::event_time::EventTime;
pub use self::filter::Filter;
pub use self::flat_map::FlatMap;
pub use self::fold::{Aggregator, Counter, Merger, Reducer};
pub use self::future_guard::{FutureGuard, PartitionTime, PartitionTimes};
pub use self::inspect::Inspect;
pub use self::join::Join;
pub use self::key_by::KeyBy;
pub use self::map::Map;
pub use self::merge::Merge;
pub use self::punctuate::{Punctuate, PunctuationType};
pub use self::repartition::Repartition;
pub use self::retry::Retry;
pub(crate) use self::split::split;
pub use self::split::{Branches, Left, Right};
pub use self::throttle_latest::{ThrottleLatest, Throttled};
pub use self::to_table::{Latest, ToTable};
