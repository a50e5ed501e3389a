//! What a pipeline's own tests need, without a broker.

mod feed;
pub mod laws;
pub mod restart;

pub use self::feed::{Feed, Feeder, feed};
