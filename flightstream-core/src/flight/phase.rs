use std::fmt;

use serde::{Deserialize, Serialize};

/// What an aircraft does, as far as one report tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Phase {
    /// It is on the ground.
    Ground,
    /// It gains height.
    Climb,
    /// It keeps its height.
    Cruise,
    /// It loses height.
    Descent,
    /// It is low and close to its arrival airport, and does not climb.
    Approach,
    /// The report lacks what would tell.
    #[default]
    Unknown,
}

/// What is known of an aircraft's movement, to tell its [`Phase`]. Unknown by default.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Movement {
    /// Whether it is on the ground.
    pub on_ground: Option<bool>,
    /// Metres.
    pub altitude: Option<f32>,
    /// Metres a second, up positive.
    pub vertical_rate: Option<f32>,
    /// Metres to the arrival airport.
    pub to_arrival: Option<f64>,
}

impl Phase {
    /// Slower changes of height, in metres a second, count as level flight: about 500 ft a minute.
    pub const LEVEL: f32 = 2.5;
    /// An approach is closer than this to its airport, in metres, …
    pub const APPROACH_DISTANCE: f64 = 50_000.0;
    /// … and lower than this, in metres.
    pub const APPROACH_ALTITUDE: f32 = 3_000.0;
    /// An aircraft this high, in metres, whose vertical rate is unknown is taken to cruise.
    pub const HIGH: f32 = 8_000.0;

    /// From an aircraft's movement.
    ///
    /// ```
    /// use flightstream_core::flight::{Movement, Phase};
    ///
    /// let low = Movement { on_ground: Some(false), altitude: Some(900.0), ..Movement::default() };
    /// assert_eq!(Phase::of(low), Phase::Unknown);
    /// assert_eq!(Phase::of(Movement { vertical_rate: Some(9.0), ..low }), Phase::Climb);
    /// assert_eq!(Phase::of(Movement { to_arrival: Some(12_000.0), ..low }), Phase::Approach);
    /// ```
    #[must_use]
    pub fn of(movement: Movement) -> Self {
        let Movement {
            on_ground,
            altitude,
            vertical_rate,
            to_arrival,
        } = movement;
        if on_ground == Some(true) {
            return Self::Ground;
        }
        let Some(altitude) = altitude else {
            return Self::Unknown;
        };
        let is_near = to_arrival.is_some_and(|metres| metres < Self::APPROACH_DISTANCE);
        match vertical_rate {
            Some(rate) if rate > Self::LEVEL => Self::Climb,
            _ if is_near && altitude < Self::APPROACH_ALTITUDE => Self::Approach,
            Some(rate) if rate < -Self::LEVEL => Self::Descent,
            Some(_) => Self::Cruise,
            None if altitude >= Self::HIGH => Self::Cruise,
            None => Self::Unknown,
        }
    }

    /// Its name, as JSON has it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ground => "ground",
            Self::Climb => "climb",
            Self::Cruise => "cruise",
            Self::Descent => "descent",
            Self::Approach => "approach",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
