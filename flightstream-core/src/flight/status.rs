use std::fmt;

use serde::{Deserialize, Serialize};

/// How far a flight is, as its source says.
///
/// Sources are careless with it (aircraft at the gate are `en-route` to Airlabs): ask
/// [`Flight::is_airborne`](super::Flight::is_airborne) whether an aircraft flies.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum FlightStatus {
    /// It has not left yet.
    Scheduled,
    /// It is on its way.
    EnRoute,
    /// It has arrived.
    Landed,
    /// It does not take place.
    Cancelled,
    /// It went elsewhere than planned.
    Diverted,
    /// The source says nothing, or something that is not known here.
    #[default]
    Unknown,
}

/// Whether a flight stays in one country.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub enum FlightType {
    /// Departure and arrival are in the same country.
    Domestic,
    /// They are not.
    International,
    /// At least one of them is unknown.
    #[default]
    Unknown,
}

impl FlightStatus {
    /// From the text that sources use, in any case; `None` if it is not known.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let names = [
            ("en-route", Self::EnRoute),
            ("scheduled", Self::Scheduled),
            ("landed", Self::Landed),
            ("cancelled", Self::Cancelled),
            ("canceled", Self::Cancelled),
            ("diverted", Self::Diverted),
            ("unknown", Self::Unknown),
        ];
        let text = text.trim_ascii();
        names
            .into_iter()
            .find_map(|(name, status)| name.eq_ignore_ascii_case(text).then_some(status))
    }

    /// The text that documents carry.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::EnRoute => "en-route",
            Self::Landed => "landed",
            Self::Cancelled => "cancelled",
            Self::Diverted => "diverted",
            Self::Unknown => "unknown",
        }
    }
}

impl FlightType {
    /// The text that documents carry.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Domestic => "Domestic",
            Self::International => "International",
            Self::Unknown => "Unknown",
        }
    }
}

impl fmt::Display for FlightStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Display for FlightType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
