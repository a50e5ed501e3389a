//! Where aircraft were in the last hours, in memory, within a budget.
//!
//! [`History`] keeps a [`Trail`] of each aircraft: points at least [`RESOLUTION`] apart, a minute where they are older
//! than [`FRESH`], and the [`Leg`]s that it flew. It answers for one aircraft, and for all of them at a time.
//!
//! # It is bounded
//!
//! Points are kept for as long as the [`Limits`] say. When they take more memory than the budget, the oldest of all
//! aircraft go first, so the hours that are kept get fewer as aircraft get more. A point takes 20 bytes, an aircraft about
//! 400 besides.
//!
//! ```
//! use std::time::Duration;
//! use flightstream_core::flight::history::{History, Limits};
//! use flightstream_core::flight::{Flight, FlightType, Icao24, Position};
//! use flightstream_core::time::Timestamp;
//!
//! let mut history = History::new(Limits::default());
//! let hex = Icao24::new(0x48AE23)?;
//! for second in [0, 10, 20] {
//!     let mut flight = Flight::new(hex, Timestamp::from_seconds(1_706_705_100 + second));
//!     flight.position = Position::known(Some(52.0 + second as f64 / 100.0), Some(20.9));
//!     history.add(&flight, FlightType::Unknown);
//! }
//! let trail = history.trail(hex).unwrap();
//! assert_eq!(trail.points().count(), 3);
//!
//! let time = Timestamp::from_seconds(1_706_705_115);
//! let (_, point) = history.at(time, Duration::from_secs(600)).next().unwrap();
//! assert_eq!(point.time, Timestamp::from_seconds(1_706_705_110));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod leg;
mod phases;
mod point;
mod trail;

use std::collections::hash_map::Entry;
use std::time::Duration;

use rustc_hash::FxHashMap;

pub use self::leg::Leg;
pub use self::phases::{PhaseSpan, phases};
pub use self::point::TrailPoint;
pub use self::trail::{Identity, Trail};
use super::{Flight, FlightType, Icao24};
use crate::time::Timestamp;

/// Points of an aircraft are at least this far apart, but for the newest and those that came late.
pub const RESOLUTION: Duration = Duration::from_secs(10);
/// Points that are older than this, by the aircraft's newest one, are a minute apart.
pub const FRESH: Duration = Duration::from_secs(15 * 60);
/// An aircraft and its legs are kept for so long after its last report.
pub const LEGS: Duration = Duration::from_secs(24 * 3600);

/// How often what is too old is looked for, by event time.
const SWEEP: Duration = Duration::from_secs(60);

/// What a [`History`] may keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How long points are kept, by event time.
    pub keep: Duration,
    /// How many bytes it may take.
    pub bytes: usize,
}

/// Two hours, 128 MiB.
impl Default for Limits {
    fn default() -> Self {
        Self {
            keep: Duration::from_secs(2 * 3600),
            bytes: 128 << 20,
        }
    }
}

/// See [the module](self).
#[derive(Debug)]
pub struct History {
    limits: Limits,
    trails: FxHashMap<Icao24, Trail>,
    /// Bytes of all trails.
    bytes: usize,
    points: usize,
    newest: Option<Timestamp>,
    swept: Timestamp,
    /// Points before this are gone.
    from: Timestamp,
}

impl History {
    /// One that is empty.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            trails: FxHashMap::default(),
            bytes: 0,
            points: 0,
            newest: None,
            swept: Timestamp::default(),
            from: Timestamp::default(),
        }
    }

    /// Takes a report. One without a position is left out; one that comes late finds its place.
    pub fn add(&mut self, flight: &Flight, flight_type: FlightType) {
        let time = flight.updated;
        if flight.position.is_none() || time < self.from {
            return;
        }
        let trail = match self.trails.entry(flight.hex) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => {
                let trail = entry.insert(Trail::default());
                self.bytes += trail.bytes();
                trail
            }
        };
        let (bytes, points) = (trail.bytes(), trail.len());
        trail.add(flight, flight_type);
        self.bytes = self.bytes + trail.bytes() - bytes;
        self.points = self.points + trail.len() - points;
        self.newest = self.newest.max(Some(time));
        if time >= self.swept.plus(SWEEP) {
            self.swept = time;
            self.forget(self.from.max(time.minus(self.limits.keep)));
        }
        if self.bytes > self.limits.bytes {
            self.make_room();
        }
    }

    /// What is kept of an aircraft.
    #[must_use]
    pub fn trail(&self, hex: Icao24) -> Option<&Trail> {
        self.trails.get(&hex)
    }

    /// The newest point of each aircraft at or before `time`, if it is not older than `age` then.
    pub fn at(
        &self,
        time: Timestamp,
        age: Duration,
    ) -> impl Iterator<Item = (Icao24, TrailPoint)> + '_ {
        let oldest = time.minus(age);
        self.trails.iter().filter_map(move |(hex, trail)| {
            let point = trail.at(time)?;
            (point.time >= oldest).then_some((*hex, point))
        })
    }

    /// What it may keep.
    #[must_use]
    pub const fn limits(&self) -> Limits {
        self.limits
    }

    /// From when on points are kept, and the newest event time. `None` before the first report.
    #[must_use]
    pub fn range(&self) -> Option<(Timestamp, Timestamp)> {
        let newest = self.newest?;
        let oldest = self.trails.values().filter_map(Trail::oldest).min();
        Some((oldest.unwrap_or(newest), newest))
    }

    /// How many aircraft it knows.
    #[must_use]
    pub fn aircraft(&self) -> usize {
        self.trails.len()
    }

    /// How many points it keeps.
    #[must_use]
    pub const fn points(&self) -> usize {
        self.points
    }

    /// How many bytes it takes.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Drops points before `from`, and aircraft that were not heard of for so long that they are forgotten.
    fn forget(&mut self, from: Timestamp) {
        self.from = from;
        let gone = self.newest.unwrap_or_default().minus(LEGS);
        self.trails.retain(|_, trail| {
            trail.forget(from, gone);
            trail.last_seen() >= gone
        });
        self.count();
    }

    /// Drops the oldest points of all aircraft until an eighth of the budget is free, and where only the newest are left,
    /// the aircraft that were not heard of for longest.
    fn make_room(&mut self) {
        let enough = self.limits.bytes / 8 * 7;
        let Some((mut from, newest)) = self.range() else {
            return;
        };
        while self.bytes > enough && newest.since(from) > RESOLUTION {
            from = from.plus(newest.since(from) / 8);
            self.forget(from);
        }
        if self.bytes > enough {
            let mut seen: Vec<_> = self.trails.values().map(Trail::last_seen).collect();
            let middle = seen.len() / 2;
            let (_, median, _) = seen.select_nth_unstable(middle);
            let median = *median;
            // All may be of one moment.
            let mut left = middle;
            self.trails.retain(|_, trail| {
                let stays = trail.last_seen() > median || left > 0;
                left = left.saturating_sub(usize::from(stays));
                stays
            });
            self.count();
        }
    }

    fn count(&mut self) {
        self.bytes = self.trails.values().map(Trail::bytes).sum();
        self.points = self.trails.values().map(Trail::len).sum();
    }
}
