//! Deterministic simulated traffic, shaped like the `flights` answer of Airlabs' API v9.
//!
//! Aircraft of 157 real airlines fly great circles between 584 real airports: taxi, take-off, climb, cruise, descent,
//! landing, a short turn-round, then back or on. A parked aircraft is silent in a real feed, so the simulation leaves
//! the time at the gate out but for some minutes, and about one in eight aircraft is on the ground, as there.
//!
//! Every message is a function of the options and its time. Two runs give the same bytes, whatever the ticks; a
//! simulation can start at any time, with its aircraft already under way, and jump to any other.
//!
//! With [`Dirt`] it makes the defects of real feeds too, and counts them ([`Simulation::made`]).
//!
//! ```
//! use flightstream_core::flight::simulation::{Dirt, Simulation, SimulationOptions};
//! use flightstream_core::table::Airports;
//! use flightstream_core::time::Timestamp;
//! use std::time::Duration;
//!
//! let options = SimulationOptions { aircraft: 100, dirt: Dirt::measured(), ..Default::default() };
//! let mut simulation = Simulation::new(&options, &Airports::embedded())?;
//!
//! let start = Timestamp::from_seconds(1_700_000_000);
//! let mut now = start;
//! for message in simulation.tick(now).iter() {
//!     assert!(message.event_time <= now);
//!     assert!(message.value.starts_with(b"{\"hex\""));
//! }
//! // Every aircraft reports once an interval; duplicates come on top.
//! assert!(simulation.made().messages() >= 100);
//!
//! now = now.plus(Duration::from_secs(1));
//! let second = simulation.tick(now).len();
//! assert!((20..=25).contains(&second));
//! # Ok::<(), flightstream_core::flight::simulation::SimulationError>(())
//! ```

mod dirt;
mod fleet;
mod geometry;
mod json;
mod messages;
mod network;
mod options;
mod profile;
mod random;
mod register;
mod report;

use std::time::Duration;

use self::dirt::Flaws;
use self::fleet::{Aircraft, Fleet};
use self::messages::Key;
use self::network::Network;
use self::random::Random;
use self::report::Report;
use crate::flight::TextError;
use crate::table::Airports;
use crate::time::Timestamp;

pub use self::dirt::{Defect, Dirt, Made};
pub use self::messages::{Message, Messages};
pub use self::options::{SimulationError, SimulationOptions};

/// The oldest position of the real feed was that many seconds old; those of at most ten are not late.
const LATE_SECONDS: (i64, usize) = (11, 157);
/// Addresses of the United States' block that are given to no aircraft, here or there.
const VEHICLE_ADDRESSES: (u32, u32) = (0xAD_F800, 0x100);
const HEX: &[u8; 16] = b"0123456789ABCDEF";

/// A fleet and its messages. See the [module](self).
#[derive(Debug)]
pub struct Simulation {
    network: Network,
    fleet: Fleet,
    seed: u64,
    dirt: Dirt,
    /// Milliseconds.
    interval: i64,
    last: Option<Timestamp>,
    messages: Messages,
    made: Made,
}

impl Simulation {
    /// Builds the fleet: about 7 µs an aircraft on one core.
    ///
    /// # Errors
    /// If an option is out of range, or `airports` lacks nearly all airports that airlines fly to.
    pub fn new(options: &SimulationOptions, airports: &Airports) -> Result<Self, SimulationError> {
        options.dirt.check()?;
        let interval = i64::try_from(options.interval.as_millis()).unwrap_or(i64::MAX);
        if interval == 0 {
            return Err(SimulationError::Interval(options.interval));
        }
        let network = Network::new(airports)?;
        Ok(Self {
            fleet: Fleet::new(&network, options.seed, options.aircraft)?,
            network,
            seed: options.seed,
            dirt: options.dirt,
            interval,
            last: None,
            messages: Messages::new(),
            made: Made::default(),
        })
    }

    /// The reports that have become due since the last tick, at most those of the last interval: after a pause each
    /// aircraft reports once. The first tick gives one report of every aircraft.
    ///
    /// A `now` that is not after the last tick's gives nothing, unless it is more than an interval before: then the clock
    /// was set back, and each aircraft reports once more.
    pub fn tick(&mut self, now: Timestamp) -> &Messages {
        let interval = Duration::from_millis(self.interval.unsigned_abs());
        let earliest = now.minus(interval);
        let last = self.last.filter(|last| last.minus(interval) <= now);
        let after = last.map_or(earliest, |last| last.max(earliest));
        self.last = last.max(Some(now));

        let mut messages = std::mem::take(&mut self.messages);
        messages.clear();
        self.made += self.messages_between(after, now, &mut messages);
        self.messages = messages;
        &self.messages
    }

    /// Appends the reports that are due after `after` and until `until`, both in the same order and with the same
    /// bytes however the time between is cut, and counts them.
    pub fn messages_between(
        &self,
        after: Timestamp,
        until: Timestamp,
        messages: &mut Messages,
    ) -> Made {
        let mut made = Made::default();
        for report in self.first_after(after)..self.first_after(until) {
            self.report(report, messages, &mut made);
        }
        made
    }

    /// All messages that the ticks have given.
    #[must_use]
    pub const fn made(&self) -> &Made {
        &self.made
    }

    /// Reports are numbered from the epoch on: number `n` is due at `n * interval / aircraft`, by aircraft number
    /// `n` modulo their count. The first that is due after `time`:
    fn first_after(&self, time: Timestamp) -> i128 {
        let due = (i128::from(time.as_millis()) + 1) * self.fleet.aircraft.len() as i128;
        let interval = i128::from(self.interval);
        due.div_euclid(interval) + i128::from(due.rem_euclid(interval) > 0)
    }

    fn report(&self, number: i128, messages: &mut Messages, made: &mut Made) {
        let count = self.fleet.aircraft.len() as i128;
        let index = usize::try_from(number.rem_euclid(count)).unwrap_or_default();
        let Some(aircraft) = self.fleet.aircraft.get(index) else {
            return;
        };
        let due = (number * i128::from(self.interval)).div_euclid(count);
        let due = Timestamp::from_millis(i64::try_from(due).unwrap_or_default());
        // Two's complement: any part of the number that differs between reports will do.
        let mut random = Random::new(!self.seed, number as u64);

        let alone = [
            (Defect::Truncated, self.dirt.truncated),
            (Defect::Malformed, self.dirt.malformed),
            (Defect::ServiceVehicle, self.dirt.service_vehicle),
        ]
        .into_iter()
        .find(|(_, share)| *share > 0.0 && random.chance(*share));
        let mut flaws = alone.map_or_else(Flaws::default, |(defect, _)| Flaws::only(defect));
        let age = if alone.is_none() {
            self.age(&mut random, &mut flaws)
        } else {
            0
        };
        let updated = due.as_seconds() - age;
        let time = Timestamp::from_seconds(updated);
        let Some(situation) = self.fleet.at(aircraft, time.as_millis()) else {
            return;
        };
        if alone.is_none() && self.dirt != Dirt::none() {
            let airline = self.network.airlines.get(usize::from(aircraft.airline));
            let country = airline.map_or("", |airline| airline.country.as_str());
            report::draw_flaws(&self.dirt, &situation, country, &mut random, &mut flaws);
        }

        // Seven printable characters at most always fit.
        let Ok(key) = key(aircraft, index, flaws) else {
            return;
        };
        let report = Report {
            network: &self.network,
            aircraft,
            situation,
            hex: key.as_str(),
            updated,
            flaws,
            flight: Random::new(self.seed ^ u64::from(aircraft.address), situation.flight),
        };
        messages.push(key, time, |out| report.write(out, &mut random));
        if flaws.has(Defect::Duplicate) {
            messages.repeat();
        }
        made.count(flaws);
    }

    /// Seconds that the position is older than the report.
    fn age(&self, random: &mut Random, flaws: &mut Flaws) -> i64 {
        let seconds = |low: i64, count: usize| {
            move |random: &mut Random| low + i64::try_from(random.below(count)).unwrap_or_default()
        };
        if random.chance(self.dirt.late) {
            flaws.add(Defect::Late);
            let (low, count) = LATE_SECONDS;
            seconds(low, count)(random)
        } else if random.chance(self.dirt.out_of_order) {
            flaws.add(Defect::OutOfOrder);
            let interval = self.interval.div_euclid(1_000).saturating_add(1);
            seconds(interval, usize::try_from(interval - 1).unwrap_or_default())(random)
        } else {
            0
        }
    }
}

fn key(aircraft: &Aircraft, index: usize, flaws: Flaws) -> Result<Key, TextError> {
    let (first, count) = VEHICLE_ADDRESSES;
    let vehicle = first + u32::try_from(index % count as usize).unwrap_or_default();
    let address = if flaws.has(Defect::ServiceVehicle) {
        vehicle
    } else {
        aircraft.address
    };
    let mut text = [b'~'; 7];
    for (place, to) in text.iter_mut().rev().take(6).enumerate() {
        let digit = address >> (4 * place) & 0xF;
        *to = HEX.get(digit as usize).copied().unwrap_or_default();
    }
    if flaws.has(Defect::NonIcaoAddress) {
        text.make_ascii_lowercase();
    }
    let text = str::from_utf8(&text).unwrap_or_default();
    let digits = text.get(1..).unwrap_or_default();
    let shown = if flaws.has(Defect::NonIcaoAddress) {
        text
    } else {
        digits
    };
    Key::new(shown)
}
