//! The search store in this process' memory: one column a field, counted exactly, visible at once.

mod aggregate;
mod bitset;
mod budget;
mod column;
mod dictionary;
mod document;
mod filter;
mod grid;
mod group;
mod histogram;
mod hits;
mod index;
mod metric;
mod positions;
mod scanner;
mod short_text;
mod store;
mod terms;

pub(in crate::search) use self::budget::Budget;
pub use self::positions::{Position, Positions};
pub use self::store::EmbeddedStore;
