use serde::{Deserialize, Serialize};

/// How high an aircraft is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Altitude {
    /// On the ground.
    Ground,
    /// Metres of pressure altitude (against the standard atmosphere), as transponders report it.
    Barometric(f32),
    /// Metres above the WGS 84 ellipsoid, as satellite navigation measures it.
    Geometric(f32),
}

impl Altitude {
    /// Metres, whatever they are measured against; 0 on the ground.
    #[must_use]
    pub const fn metres(self) -> f32 {
        match self {
            Self::Ground => 0.0,
            Self::Barometric(metres) | Self::Geometric(metres) => metres,
        }
    }

    /// Whether it is [`Altitude::Ground`].
    #[must_use]
    pub const fn is_ground(self) -> bool {
        matches!(self, Self::Ground)
    }
}
