use super::Position;

/// How far an aircraft is between its airports, along great circles.
///
/// ```
/// use flightstream_core::flight::{Position, Progress};
///
/// let (warsaw, london) = (Position::new(52.1657, 20.9671)?, Position::new(51.4706, -0.4619)?);
/// let over_berlin = Position::new(52.5, 13.4)?;
/// let progress = Progress::of(Some(over_berlin), Some(warsaw), Some(london));
/// assert_eq!((progress.fraction().unwrap() * 100.0).round(), 35.0);
/// // 960 km at 240 m/s.
/// assert_eq!((progress.seconds_to_go(240.0).unwrap() / 60.0).round(), 66.0);
/// assert_eq!(Progress::of(Some(over_berlin), None, Some(london)).fraction(), None);
/// # Ok::<(), flightstream_core::flight::PositionError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Progress {
    /// Metres from the departure airport to the arrival airport, if both are known.
    pub distance: Option<f64>,
    /// Metres from the departure airport to the aircraft, if both are known.
    pub flown: Option<f64>,
    /// Metres from the aircraft to the arrival airport, if both are known.
    pub remaining: Option<f64>,
}

impl Progress {
    /// Below this speed, in metres a second, nothing is said of when an aircraft arrives: 150 km/h.
    pub const SLOWEST: f64 = 150.0 / 3.6;

    /// From what is known of three places.
    #[must_use]
    pub fn of(
        aircraft: Option<Position>,
        departure: Option<Position>,
        arrival: Option<Position>,
    ) -> Self {
        let between = |from: Option<Position>, to: Option<Position>| Some(from?.distance_to(to?));
        Self {
            distance: between(departure, arrival),
            flown: between(departure, aircraft),
            remaining: between(aircraft, arrival),
        }
    }

    /// What part of the way lies behind it, from 0 to 1: of the way over the place where it is, which is longer than
    /// the great circle between the airports. `None` for a flight back to where it came from, as long as it is there.
    #[must_use]
    pub fn fraction(&self) -> Option<f64> {
        let (flown, remaining) = (self.flown?, self.remaining?);
        let way = flown + remaining;
        (way > 0.0).then(|| flown / way)
    }

    /// Seconds until it arrives, if it goes on straight at that speed over ground in metres a second: too few, because no
    /// aircraft flies straight to the runway or lands at the speed that it cruises at. `None` below
    /// [`SLOWEST`](Self::SLOWEST).
    #[must_use]
    pub fn seconds_to_go(&self, speed: f64) -> Option<f64> {
        let remaining = self.remaining?;
        (speed >= Self::SLOWEST).then(|| remaining / speed)
    }
}
