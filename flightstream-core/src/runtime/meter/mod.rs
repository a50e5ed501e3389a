//! What a task measures: with feature `metrics` for a recorder, otherwise nothing.

#[cfg(feature = "metrics")]
mod recorded;
#[cfg(not(feature = "metrics"))]
mod silent;

#[cfg(feature = "metrics")]
pub(crate) use self::recorded::{Meter, Stopwatch, prepare};
#[cfg(not(feature = "metrics"))]
pub(crate) use self::silent::{Meter, Stopwatch, prepare};
