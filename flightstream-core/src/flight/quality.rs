use std::fmt;
use std::ops::{BitOr, BitOrAssign};

use serde::{Deserialize, Serialize};

/// What is doubtful about a record: a set of flags.
///
/// A doubtful value becomes unknown and leaves a flag behind, so that it can be counted instead of polluting results.
///
/// ```
/// use flightstream_core::flight::Quality;
///
/// let quality = Quality::NULL_ISLAND | Quality::ZERO_SPEED_ALOFT;
/// assert!(quality.contains(Quality::NULL_ISLAND));
/// assert_eq!(quality.to_string(), "zero_speed_aloft null_island");
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Quality(u16);

macro_rules! flags {
    ($($(#[$doc:meta])* $name:ident = $bit:literal, $text:literal;)*) => {
        impl Quality {
            $($(#[$doc])* pub const $name: Self = Self(1 << $bit);)*

            const NAMES: &[(Self, &str)] = &[$((Self::$name, $text)),*];
        }
    };
}

flags! {
    /// The departure airport is not given, or not in the table of airports.
    UNKNOWN_DEPARTURE = 0, "unknown_departure";
    /// The arrival airport is not given, or not in the table of airports.
    UNKNOWN_ARRIVAL = 1, "unknown_arrival";
    /// The flag was not an ISO 3166-1 code as it came; see [`Country::is_iso`](super::Country::is_iso).
    UNUSUAL_FLAG = 2, "unusual_flag";
    /// The aircraft type was one of the placeholders that sources send; it is left out.
    JUNK_AIRCRAFT_TYPE = 3, "junk_aircraft_type";
    /// Speed was exactly 0 well above the ground, so it is unknown; it is left out.
    ZERO_SPEED_ALOFT = 4, "zero_speed_aloft";
    /// Speed is below 150 km/h above 6,000 m; it is kept.
    SLOW_ALOFT = 5, "slow_aloft";
    /// Latitude or longitude was no number within range; the position is left out.
    BAD_POSITION = 6, "bad_position";
    /// The position was (0, 0) exactly; it is left out.
    NULL_ISLAND = 7, "null_island";
    /// No altitude, or 0, although the aircraft is too fast to be on the ground; the altitude is left out.
    UNKNOWN_ALTITUDE = 8, "unknown_altitude";
    /// The status was a word that is not known here.
    UNKNOWN_STATUS = 9, "unknown_status";
    /// An optional field had the wrong type or form; it is left out.
    BAD_FIELD = 10, "bad_field";
}

impl Quality {
    /// Nothing is doubtful.
    pub const GOOD: Self = Self(0);

    /// Adds flags.
    pub const fn insert(&mut self, flags: Self) {
        self.0 |= flags.0;
    }

    /// Whether all of `flags` are set.
    #[must_use]
    pub const fn contains(self, flags: Self) -> bool {
        self.0 & flags.0 == flags.0
    }

    /// Whether no flag is set.
    #[must_use]
    pub const fn is_good(self) -> bool {
        self.0 == 0
    }

    /// All flags there are, each with its name.
    pub fn all() -> impl Iterator<Item = (Self, &'static str)> {
        Self::NAMES.iter().copied()
    }

    /// The names of the flags that are set: they label counters.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Self::NAMES
            .iter()
            .filter(move |(flag, _)| self.contains(*flag))
            .map(|(_, name)| *name)
    }
}

impl BitOr for Quality {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOrAssign for Quality {
    fn bitor_assign(&mut self, other: Self) {
        self.insert(other);
    }
}

impl fmt::Display for Quality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, name) in self.names().enumerate() {
            if index > 0 {
                f.write_str(" ")?;
            }
            f.write_str(name)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Quality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}
