use std::time::Duration;

use thiserror::Error;

use super::Dirt;

/// What to simulate. Equal options give equal bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct SimulationOptions {
    /// Where every choice comes from: another seed is another fleet.
    pub seed: u64,
    /// How many aircraft fly.
    pub aircraft: usize,
    /// How often each of them reports. The reports of all aircraft are spread evenly over it.
    pub interval: Duration,
    /// The defects of real feeds, by share of the messages.
    pub dirt: Dirt,
}

impl Default for SimulationOptions {
    /// 5,000 aircraft, each every 5 s (1,000 messages a second), without defects.
    fn default() -> Self {
        Self {
            seed: 1,
            aircraft: 5_000,
            interval: Duration::from_secs(5),
            dirt: Dirt::none(),
        }
    }
}

/// Why a simulation cannot start.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum SimulationError {
    /// The interval is shorter than a millisecond. Choose a longer one.
    #[error("the interval {0:?} is shorter than a millisecond; choose a longer one")]
    Interval(Duration),
    /// A share is not from 0 to 1. Correct it.
    #[error("the share {name} = {share} is not from 0 to 1")]
    Share {
        /// The field of [`Dirt`].
        name: &'static str,
        /// What it holds.
        share: f64,
    },
    /// The airport table has too few of the airports that airlines fly to. Use [`Airports::embedded`].
    ///
    /// [`Airports::embedded`]: crate::table::Airports::embedded
    #[error(
        "the airport table has too few of the airports that the simulated airlines fly to; use the embedded table"
    )]
    TooFewAirports,
    /// More aircraft than there are addresses to give them. Ask for fewer.
    #[error("there are not enough aircraft addresses for {aircraft} aircraft; ask for fewer")]
    TooManyAircraft {
        /// How many were asked for.
        aircraft: usize,
    },
}
