use rustc_hash::FxHashMap;

use super::SimulationError;
use super::geometry::GreatCircle;
use super::network::{Airline, Network};
use super::profile::{Moment, Plan, Profile};
use super::random::{Random, Weighted};
use super::register::{Register, too_many};
use crate::flight::Registration;

/// The most times that a rotation leaves its hub and comes back.
const MOST_PAIRS: usize = 2;
const FEET_PER_METRE: f32 = 1.0 / 0.3048;

/// All aircraft with their rotations, fixed from the start: where one is at any time is a function of that time.
#[derive(Debug)]
pub(super) struct Fleet {
    pub(super) aircraft: Vec<Aircraft>,
    legs: Vec<Leg>,
    routes: Vec<Route>,
}

#[derive(Debug)]
pub(super) struct Aircraft {
    pub(super) address: u32,
    pub(super) registration: Registration,
    /// Index of the airline.
    pub(super) airline: u16,
    /// Index of the type.
    pub(super) kind: u16,
    legs: std::ops::Range<u32>,
    /// Milliseconds of the whole rotation.
    period: i64,
    /// How far into it the aircraft is at the epoch.
    offset: i64,
}

#[derive(Debug)]
pub(super) struct Leg {
    route: u32,
    pub(super) flight_number: u16,
    /// A letter after the number, as many callsigns have; 0 for none.
    pub(super) flight_letter: u8,
    pub(super) squawk: u16,
    profile: Profile,
}

#[derive(Debug)]
pub(super) struct Route {
    /// Indices of airports.
    pub(super) from: u16,
    pub(super) to: u16,
    pub(super) circle: GreatCircle,
}

/// What an aircraft does at one time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Situation<'a> {
    pub(super) leg: &'a Leg,
    pub(super) route: &'a Route,
    pub(super) moment: Moment,
    /// Which leg of its life this is: the number of the rotation and of the leg in it.
    pub(super) flight: u64,
}

impl Fleet {
    pub(super) fn new(
        network: &Network,
        seed: u64,
        aircraft: usize,
    ) -> Result<Self, SimulationError> {
        let airlines = Weighted::new(
            network
                .airlines
                .iter()
                .zip(0_u16..)
                .map(|(airline, at)| (airline.weight, at)),
        );
        let mut builder = Builder {
            network,
            register: Register::new(network, seed),
            route_at: FxHashMap::default(),
            destinations: FxHashMap::default(),
            fleet: Self {
                aircraft: Vec::new(),
                legs: Vec::new(),
                routes: Vec::new(),
            },
        };
        for number in 0..aircraft {
            let random = Random::new(seed, number as u64);
            builder
                .add(&airlines, random)
                .ok_or_else(|| too_many(aircraft))?;
        }
        Ok(builder.fleet)
    }

    /// Where that aircraft is, `millis` after the epoch.
    pub(super) fn at(&self, aircraft: &Aircraft, millis: i64) -> Option<Situation<'_>> {
        let clock = millis.saturating_add(aircraft.offset);
        let mut left = clock.rem_euclid(aircraft.period) as f64 / 1_000.0;
        let rotation = clock.div_euclid(aircraft.period).cast_unsigned();
        let legs = self
            .legs
            .get(aircraft.legs.start as usize..aircraft.legs.end as usize)?;
        for (number, leg) in legs.iter().enumerate() {
            let duration = leg.profile.duration();
            if left < duration || number + 1 == legs.len() {
                return Some(Situation {
                    leg,
                    route: self.routes.get(leg.route as usize)?,
                    moment: leg.profile.at(left),
                    flight: rotation.wrapping_mul(8).wrapping_add(number as u64),
                });
            }
            left -= duration;
        }
        None
    }
}

struct Builder<'a> {
    network: &'a Network,
    register: Register<'a>,
    route_at: FxHashMap<(u16, u16), u32>,
    destinations: FxHashMap<(u16, u16, bool), Weighted<u16>>,
    fleet: Fleet,
}

impl Builder<'_> {
    fn add(&mut self, airlines: &Weighted<u16>, mut random: Random) -> Option<()> {
        let network = self.network;
        let airline_at = airlines.draw(&mut random)?;
        let airline = network.airlines.get(usize::from(airline_at))?;
        let kind_at = airline.fleet.draw(&mut random)?;
        let hub = *airline.hubs.get(random.below(airline.hubs.len()))?;
        let (address, registration) = self.register.next(airline.country)?;

        let first = u32::try_from(self.fleet.legs.len()).ok()?;
        for _ in 0..=random.below(MOST_PAIRS) {
            self.add_pair(airline, kind_at, hub, &mut random)?;
        }
        let last = u32::try_from(self.fleet.legs.len()).ok()?;
        let legs = self.fleet.legs.get(first as usize..last as usize)?;
        let seconds: f64 = legs.iter().map(|leg| leg.profile.duration()).sum();
        let period = ((seconds * 1_000.0) as i64).max(1);
        self.fleet.aircraft.push(Aircraft {
            address,
            registration,
            airline: airline_at,
            kind: kind_at,
            legs: first..last,
            period,
            offset: (random.unit() * period as f64) as i64,
        });
        Some(())
    }

    /// Out from the hub and back.
    fn add_pair(
        &mut self,
        airline: &Airline,
        kind_at: u16,
        hub: u16,
        random: &mut Random,
    ) -> Option<()> {
        let network = self.network;
        let kind = network.types.get(usize::from(kind_at))?;
        // Long-haul aircraft fly at home too, but less, and the others make up for it.
        let share = airline.domestic * if kind.is_long_haul() { 0.4 } else { 1.24 };
        let domestic = random.chance(share);
        let destinations = self
            .destinations
            .entry((hub, kind_at, domestic))
            .or_insert_with(|| network.destinations(hub, kind, domestic));
        let there = destinations.draw(random)?;
        let longest_number = if domestic { 9_000 } else { 2_000 };
        let number = 1 + 2 * random.below(longest_number / 2);
        for (from, to, number) in [(hub, there, number), (there, hub, number + 1)] {
            let leg = self.leg(kind_at, (from, to), number, random)?;
            self.fleet.legs.push(leg);
        }
        Some(())
    }

    fn leg(
        &mut self,
        kind_at: u16,
        ends: (u16, u16),
        number: usize,
        random: &mut Random,
    ) -> Option<Leg> {
        let route = self.route(ends)?;
        let circle = &self.fleet.routes.get(route as usize)?.circle;
        let kind = self.network.types.get(usize::from(kind_at))?;
        let middle = circle.at(circle.length / 2.0);
        let course = middle.course.to_radians();
        // Westerlies, strongest in middle latitudes.
        let wind = 14.0 * course.sin() * (2.0 * middle.lat.to_radians()).sin().abs();
        let variation = random.between(0.97, 1.03);
        let [low, high] = kind.cruise_levels;
        let profile = Profile::new(&Plan {
            distance: circle.length,
            cruise_speed: kind.cruise_speed / 3.6 * variation + wind,
            cruise_level: level(random.between(low, high), course.sin() >= 0.0),
            elevations: [self.elevation(ends.0), self.elevation(ends.1)],
            gate: random.between(180.0, 480.0),
            taxi_out: random.between(240.0, 600.0),
            taxi_in: random.between(150.0, 390.0),
        });
        let letter = if random.chance(0.08) {
            b'A' + u8::try_from(random.below(26)).unwrap_or_default()
        } else {
            0
        };
        Some(Leg {
            route,
            flight_number: u16::try_from(number).unwrap_or(u16::MAX),
            flight_letter: letter,
            squawk: u16::try_from(0o1000 + random.below(0o5700)).unwrap_or_default(),
            profile,
        })
    }

    fn route(&mut self, (from, to): (u16, u16)) -> Option<u32> {
        if let Some(at) = self.route_at.get(&(from, to)) {
            return Some(*at);
        }
        let position = |at| Some(self.network.airports.get(usize::from(at))?.airport.position);
        let circle = GreatCircle::between(position(from)?, position(to)?);
        let at = u32::try_from(self.fleet.routes.len()).ok()?;
        self.fleet.routes.push(Route { from, to, circle });
        self.route_at.insert((from, to), at);
        Some(at)
    }

    /// Feet.
    fn elevation(&self, at: u16) -> f64 {
        let airport = self.network.airports.get(usize::from(at));
        let metres = airport.and_then(|served| served.airport.elevation);
        // A table of one's own may hold anything.
        f64::from(metres.unwrap_or_default().clamp(-500.0, 4_500.0) * FEET_PER_METRE)
    }
}

/// A flight level by the semicircular rule: odd thousands of feet eastwards, even westwards.
fn level(feet: f64, eastwards: bool) -> f64 {
    let parity = f64::from(u8::from(eastwards));
    ((feet / 1_000.0 - parity) / 2.0).round() * 2_000.0 + parity * 1_000.0
}
