use std::collections::VecDeque;
use std::mem::size_of;

use super::leg::Leg;
use super::point::{Packed, TrailPoint, seconds};
use super::{FRESH, RESOLUTION};
use crate::flight::{
    AircraftType, AirlineIata, AirlineIcao, Country, Flight, FlightType, Registration,
};
use crate::time::Timestamp;

/// How far apart old points are.
const OLD_RESOLUTION: u32 = 60;
const MOST_LEGS: usize = 16;
/// What a map takes for an entry beside the entry.
const ENTRY: usize = 16;

/// What is kept of one aircraft.
#[derive(Clone, Debug, Default)]
pub struct Trail {
    /// In the order of their times.
    points: VecDeque<Packed>,
    legs: Vec<Leg>,
    identity: Identity,
    first_seen: Timestamp,
    last_seen: Timestamp,
    thinned: u32,
}

/// Which aircraft it is, by the newest reports that say so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Identity {
    /// Its registration.
    pub registration: Option<Registration>,
    /// Its type.
    pub aircraft_type: Option<AircraftType>,
    /// Its airline.
    pub airline_icao: Option<AirlineIcao>,
    /// The same, by the other code.
    pub airline_iata: Option<AirlineIata>,
    /// The country of its airline.
    pub flag: Option<Country>,
}

impl Trail {
    /// Its points, the oldest first.
    pub fn points(&self) -> impl DoubleEndedIterator<Item = TrailPoint> + '_ {
        self.points.iter().filter_map(|point| point.open())
    }

    /// Its legs, the oldest first; at most 16, of the last day.
    #[must_use]
    pub fn legs(&self) -> &[Leg] {
        &self.legs
    }

    /// Which aircraft it is.
    #[must_use]
    pub const fn identity(&self) -> Identity {
        self.identity
    }

    /// Its first report since the history began.
    #[must_use]
    pub const fn first_seen(&self) -> Timestamp {
        self.first_seen
    }

    /// Its newest report.
    #[must_use]
    pub const fn last_seen(&self) -> Timestamp {
        self.last_seen
    }

    /// The newest point at or before a time.
    #[must_use]
    pub fn at(&self, time: Timestamp) -> Option<TrailPoint> {
        let time = seconds(time);
        let after = self.points.partition_point(|point| point.time <= time);
        self.points.get(after.checked_sub(1)?)?.open()
    }

    pub(super) fn oldest(&self) -> Option<Timestamp> {
        let point = self.points.front()?;
        Some(Timestamp::from_seconds(point.time.into()))
    }

    pub(super) fn len(&self) -> usize {
        self.points.len()
    }

    pub(super) fn bytes(&self) -> usize {
        self.points.capacity() * size_of::<Packed>()
            + self.legs.capacity() * size_of::<Leg>()
            + size_of::<Self>()
            + ENTRY
    }

    pub(super) fn add(&mut self, flight: &Flight, flight_type: FlightType) {
        let Some(point) = Packed::of(flight, flight_type) else {
            return;
        };
        if self.points.is_empty() && self.legs.is_empty() {
            self.first_seen = flight.updated;
            self.last_seen = flight.updated;
        }
        self.first_seen = self.first_seen.min(flight.updated);
        match self.points.back() {
            Some(last) if last.time >= point.time => self.insert(point),
            _ => self.push(point),
        }
        if flight.updated >= self.last_seen {
            self.last_seen = flight.updated;
            self.identify(flight);
        }
        match self.legs.last_mut() {
            Some(leg) if flight.updated < leg.until || leg.has(flight) => leg.go_on(flight),
            _ => {
                if self.legs.len() >= MOST_LEGS {
                    self.legs.remove(0);
                }
                self.legs.reserve_exact(1);
                self.legs.push(Leg::begin(flight));
            }
        }
    }

    /// Drops points before `from`, but for the newest one, and legs that ended before `gone`.
    pub(super) fn forget(&mut self, from: Timestamp, gone: Timestamp) {
        let from = seconds(from);
        let old = self.points.partition_point(|point| point.time < from);
        if old > 0 {
            self.points.drain(..old);
            self.points.shrink_to_fit();
        }
        if self.legs.first().is_some_and(|leg| leg.until < gone) {
            self.legs.retain(|leg| leg.until >= gone);
        }
    }

    /// The newest point stays; the one before it only if it is far enough from its own.
    fn push(&mut self, point: Packed) {
        let mut before = self.points.iter().rev().map(|point| point.time);
        if let (Some(last), Some(settled)) = (before.next(), before.next())
            && u64::from(last - settled) < RESOLUTION.as_secs()
        {
            self.points.pop_back();
        }
        if self.points.len() == self.points.capacity() {
            // Doubling would leave half of the budget empty.
            self.points.reserve_exact(self.points.len() / 8 + 4);
        }
        self.points.push_back(point);
        if point.time >= self.thinned.saturating_add(5 * OLD_RESOLUTION) {
            self.thinned = point.time;
            self.thin(point.time.saturating_sub(FRESH.as_secs() as u32));
        }
    }

    /// A point that comes late. It stays if the one before it is far enough, also where the one after it is not: dropping
    /// either would leave the time between them to an older one.
    fn insert(&mut self, point: Packed) {
        let at = self
            .points
            .partition_point(|other| other.time <= point.time);
        let before = at.checked_sub(1).and_then(|at| self.points.get(at));
        let is_apart =
            before.is_none_or(|before| u64::from(point.time - before.time) >= RESOLUTION.as_secs());
        if is_apart {
            self.points.insert(at, point);
        }
    }

    /// Of points before `fresh`, leaves those that are a minute apart.
    fn thin(&mut self, fresh: u32) {
        let mut kept: Option<u32> = None;
        self.points.retain(|point| {
            let stays =
                point.time >= fresh || kept.is_none_or(|kept| point.time - kept >= OLD_RESOLUTION);
            if stays {
                kept = Some(point.time);
            }
            stays
        });
        self.points.shrink_to(self.points.len() + 8);
    }

    fn identify(&mut self, flight: &Flight) {
        let identity = &mut self.identity;
        identity.registration = flight.registration.or(identity.registration);
        identity.aircraft_type = flight.aircraft_type.or(identity.aircraft_type);
        identity.airline_icao = flight.airline_icao.or(identity.airline_icao);
        identity.airline_iata = flight.airline_iata.or(identity.airline_iata);
        identity.flag = flight.flag.or(identity.flag);
    }
}
