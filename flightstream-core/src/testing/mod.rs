//! What a pipeline's own tests need, without a broker.
//!
//! | | checks |
//! | --- | --- |
//! | [`laws`] | an operator, on random input cut at random places |
//! | [`TestDriver`] | a pipeline function: outputs, refused records, state and timers |
//! | [`schedule`] | a pipeline function, disturbed by commits, rebalances and crashes at random places |

mod driver;
mod feed;
pub mod laws;
pub mod restart;
pub mod schedule;

pub use self::driver::{Output, Reject, TestDriver};
pub use self::feed::{Feed, Feeder, feed};
pub use self::schedule::fuzz_schedule;
