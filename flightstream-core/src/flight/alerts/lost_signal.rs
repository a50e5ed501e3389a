//! Aircraft that flew and are not heard of any more.

use std::time::Duration;

use super::alert::{Alert, AlertKind};
use crate::flight::{Altitude, Flight, FlightCode, Icao24, Phase, Position, Registration};
use crate::time::Timestamp;

/// A silence this long is a lost signal. Of the real feed's reports 89 % were at most 10 s old and none more than 167 s.
pub const SILENCE: Duration = Duration::from_secs(300);
/// After so long nobody waits for it any more.
pub const GIVEN_UP: Duration = Duration::from_secs(1800);

/// Whoever is lower than this, in metres, or approaches the arrival airport, may just have landed out of reach.
const LOW: f32 = 1_500.0;

/// The newest report of an aircraft.
#[derive(Clone, Copy, Debug)]
pub(super) struct LastHeard {
    pub(super) time: Timestamp,
    /// How long the feed had been alive then.
    pub(super) alive: Duration,
    pub(super) position: Option<Position>,
    /// When it was there, for what follows is measured from there.
    pub(super) positioned: Timestamp,
    /// Whether it would be missed.
    is_missed: bool,
    flight: Option<FlightCode>,
    registration: Option<Registration>,
}

impl LastHeard {
    pub(super) fn of(flight: &Flight, arrival: Option<Position>, alive: Duration) -> Self {
        let altitude = flight.altitude.map(Altitude::metres);
        let to_arrival = flight
            .position
            .zip(arrival)
            .map(|(here, arrival)| here.distance_to(arrival));
        let is_landing = to_arrival.is_some_and(|metres| metres < Phase::APPROACH_DISTANCE)
            && altitude.is_some_and(|altitude| altitude < 2.0 * Phase::APPROACH_ALTITUDE);
        Self {
            time: flight.updated,
            alive,
            position: flight.position,
            positioned: flight.updated,
            is_missed: flight.is_airborne()
                && altitude.is_some_and(|altitude| altitude >= LOW)
                && !is_landing,
            flight: flight.flight_iata.or(flight.flight_icao),
            registration: flight.registration,
        }
    }

    /// The same with what only the one before it has said.
    pub(super) fn after(self, before: &Self) -> Self {
        let (position, positioned) = match self.position {
            Some(position) => (Some(position), self.positioned),
            None => (before.position, before.positioned),
        };
        Self {
            position,
            positioned,
            flight: self.flight.or(before.flight),
            registration: self.registration.or(before.registration),
            ..self
        }
    }

    /// The alert, if it is not heard of any more.
    pub(super) fn lost(&self, hex: Icao24, alive: Duration) -> Option<Alert> {
        let silent = alive.saturating_sub(self.alive);
        (self.is_missed && silent >= SILENCE).then_some(Alert {
            kind: AlertKind::LostSignal { silent },
            hex,
            flight: self.flight,
            registration: self.registration,
            since: self.time,
            last: self.time,
            until: None,
            position: self.position,
            count: 1,
        })
    }
}
