use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use thiserror::Error;

use crate::time::Timestamp;

/// How fast recorded messages are sent: a multiple of the time that lies between their event times, or without a
/// pause.
///
/// ```
/// use flightstream_core::producer::Pace;
///
/// assert_eq!("60x".parse(), Ok(Pace::Times(60.0)));
/// assert_eq!("max".parse(), Ok(Pace::Max));
/// assert!("fast".parse::<Pace>().is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pace {
    /// As fast as they are taken.
    Max,
    /// So many seconds of event time a second.
    Times(f64),
}

/// A text that is no [`Pace`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0:?} is no speed; write `max`, or a factor such as `1x` or `60x`")]
pub struct PaceError(String);

impl FromStr for Pace {
    type Err = PaceError;

    fn from_str(text: &str) -> Result<Self, PaceError> {
        if text == "max" {
            return Ok(Self::Max);
        }
        let factor = text.strip_suffix('x').unwrap_or(text).parse().ok();
        let usable = factor.filter(|factor: &f64| factor.is_finite() && *factor > 0.0);
        usable
            .map(Self::Times)
            .ok_or_else(|| PaceError(text.to_owned()))
    }
}

impl fmt::Display for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Max => f.write_str("max"),
            Self::Times(factor) => write!(f, "{factor}x"),
        }
    }
}

impl Pace {
    /// How long after the first message one of the given event time is due.
    #[must_use]
    pub fn due(self, first: Timestamp, event_time: Timestamp) -> Duration {
        match self {
            Self::Max => Duration::ZERO,
            Self::Times(factor) => {
                let seconds = event_time.since(first).as_secs_f64() / factor;
                Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn event_time_is_divided_by_the_factor() {
        let at = Timestamp::from_seconds;
        assert_eq!(
            Pace::Times(60.0).due(at(100), at(220)),
            Duration::from_secs(2)
        );
        assert_eq!(Pace::Times(1.0).due(at(100), at(90)), Duration::ZERO);
        assert_eq!(Pace::Max.due(at(100), at(220)), Duration::ZERO);
    }

    #[test]
    fn what_is_no_speed_is_refused() {
        for text in ["", "x", "0x", "-1x", "NaN", "infx", "1e400x", "fast"] {
            assert!(text.parse::<Pace>().is_err(), "{text:?}");
        }
    }
}
