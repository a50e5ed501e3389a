use std::time::Duration;

use rustc_hash::FxHashMap;

use crate::flight::{Flight, Icao24};
use crate::time::Timestamp;

/// An aircraft that no answer names for so long is forgotten.
const MEMORY: Duration = Duration::from_secs(3_600);

/// What was last sent of each aircraft, to tell what is new in the next answer.
#[derive(Debug, Default)]
pub(super) struct LastSent(FxHashMap<Icao24, Entry>);

#[derive(Debug)]
struct Entry {
    mark: Mark,
    seen: Timestamp,
}

/// What makes a record of an aircraft another one: when and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    updated: Timestamp,
    position: Option<(u64, u64)>,
}

impl Mark {
    /// When it was true.
    pub(super) fn updated(self) -> Timestamp {
        self.updated
    }

    pub(super) fn of(flight: &Flight) -> Self {
        Self {
            updated: flight.updated,
            position: flight
                .position
                .map(|position| (position.lat().to_bits(), position.lon().to_bits())),
        }
    }
}

impl LastSent {
    /// Whether this is what was sent last of the aircraft, which is thereby seen.
    pub(super) fn is_unchanged(&mut self, hex: Icao24, mark: Mark, now: Timestamp) -> bool {
        self.0.get_mut(&hex).is_some_and(|entry| {
            entry.seen = now;
            entry.mark == mark
        })
    }

    pub(super) fn remember(&mut self, hex: Icao24, mark: Mark, now: Timestamp) {
        self.0.insert(hex, Entry { mark, seen: now });
    }

    /// Forgets the aircraft that have not been seen for an hour.
    pub(super) fn forget_unseen(&mut self, now: Timestamp) {
        self.0.retain(|_, entry| now.since(entry.seen) <= MEMORY);
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flight::Position;

    #[test]
    fn another_time_or_another_place_is_a_change() {
        let hex: Icao24 = "48AE23".parse().unwrap();
        let now = Timestamp::from_seconds(1_000);
        let mut flight = Flight::new(hex, now);
        let mut sent = LastSent::default();
        assert!(!sent.is_unchanged(hex, Mark::of(&flight), now));
        sent.remember(hex, Mark::of(&flight), now);
        assert!(sent.is_unchanged(hex, Mark::of(&flight), now));

        flight.position = Some(Position::new(52.1, 21.0).unwrap());
        assert!(!sent.is_unchanged(hex, Mark::of(&flight), now));
        sent.remember(hex, Mark::of(&flight), now);
        flight.updated = Timestamp::from_seconds(1_001);
        assert!(!sent.is_unchanged(hex, Mark::of(&flight), now));
    }

    #[test]
    fn who_is_not_seen_for_an_hour_is_forgotten() {
        let (here, gone): (Icao24, Icao24) = ("48AE23".parse().unwrap(), "48AE24".parse().unwrap());
        let start = Timestamp::from_seconds(0);
        let mark = Mark::of(&Flight::new(here, start));
        let mut sent = LastSent::default();
        sent.remember(here, mark, start);
        sent.remember(gone, mark, start);
        for minute in 1..=61 {
            let now = Timestamp::from_seconds(minute * 60);
            assert!(sent.is_unchanged(here, mark, now));
            sent.forget_unseen(now);
            assert_eq!(sent.len(), if minute <= 60 { 2 } else { 1 });
        }
    }
}
