//! What somebody should look at: emergencies, lost signals, implausible jumps.
//!
//! [`Alerts`] reads reports in the order in which they come, those of an aircraft all together or not at all (as a
//! partition has them), and keeps a list. It has no clock: time is that of the reports.
//!
//! | kind | begins | ends |
//! | --- | --- | --- |
//! | [`AlertKind::Emergency`] | [`emergency::REPORTS`] reports in a row from the air with the same of the codes 7500, 7600 and 7700, over at least [`emergency::PERSISTENCE`]; reports without a code say nothing | two reports in a row with another code, or nothing was heard for [`ENDED`] |
//! | [`AlertKind::LostSignal`] | an aircraft that flew was not heard of for [`lost_signal::SILENCE`] while others were, unless it was about to land | it is heard again, or after [`lost_signal::GIVEN_UP`] |
//! | [`AlertKind::ImplausibleJump`] | two reports are further apart than [`jump::SPEED`] allows | [`ENDED`] without another jump |
//!
//! Silence is counted in the time during which the feed was alive: a step of its newest event time counts as at most
//! [`STEP`]. A feed that was interrupted has not lost all its aircraft.
//!
//! ```
//! use flightstream_core::flight::alerts::{AlertKind, Alerts};
//! use flightstream_core::flight::{Altitude, Flight, Icao24, Squawk};
//! use flightstream_core::time::Timestamp;
//!
//! let mut alerts = Alerts::new();
//! for second in [0, 10, 20] {
//!     let mut flight = Flight::new(Icao24::new(0x48AE23)?, Timestamp::from_seconds(1_706_705_100 + second));
//!     flight.altitude = Some(Altitude::Barometric(9_000.0));
//!     flight.squawk = Some(Squawk::EMERGENCY);
//!     alerts.observe(&flight, None);
//! }
//! let alert = alerts.active().next().unwrap();
//! assert!(matches!(alert.kind, AlertKind::Emergency { .. }));
//! # Ok::<(), flightstream_core::flight::Icao24Error>(())
//! ```
//!
//! # It is bounded
//!
//! An aircraft is forgotten after [`FORGOTTEN`], and at most [`MOST_AIRCRAFT`] are watched; at most [`MOST_ACTIVE`] alerts are active, of which the mildest and oldest
//! give way, and [`MOST_RECENT`] that have ended are kept, each for [`RECENT`].

mod alert;
pub mod emergency;
pub mod jump;
pub mod lost_signal;

use std::collections::VecDeque;
use std::time::Duration;

use rustc_hash::FxHashMap;

pub use self::alert::{Alert, AlertKind, Severity};
use self::emergency::Emergency;
use self::lost_signal::LastHeard;
use super::{Flight, Icao24, Position};
use crate::time::Timestamp;

/// A step of the newest event time counts as at most this much of the time in which the feed was alive.
pub const STEP: Duration = Duration::from_secs(60);
/// An emergency or a jump of which nothing more is heard ends after so long.
pub const ENDED: Duration = Duration::from_secs(600);
/// An aircraft is forgotten after so long a silence.
pub const FORGOTTEN: Duration = Duration::from_secs(3600);
/// How long an alert is kept after its end.
pub const RECENT: Duration = Duration::from_secs(3600);
/// How many alerts that have ended are kept.
pub const MOST_RECENT: usize = 200;
/// How many alerts are active at most.
pub const MOST_ACTIVE: usize = 1_000;

/// How many aircraft are watched: reports of further ones are left out.
pub const MOST_AIRCRAFT: usize = 500_000;

/// How often aircraft that are silent are looked for, in the time in which the feed was alive.
const LOOK: Duration = Duration::from_secs(10);

/// See [the module](self).
#[derive(Debug, Default)]
pub struct Alerts {
    aircraft: FxHashMap<Icao24, Aircraft>,
    active: FxHashMap<(Icao24, u8), Alert>,
    recent: VecDeque<Alert>,
    newest: Option<Timestamp>,
    /// How long the feed was alive.
    alive: Duration,
    looked: Duration,
    version: u64,
}

/// What is remembered of an aircraft.
#[derive(Debug)]
struct Aircraft {
    heard: LastHeard,
    emergency: Emergency,
}

impl Alerts {
    /// Without any.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a report, with the place of the airport that the aircraft flies to. One that is older than the newest of its
    /// aircraft is left out.
    pub fn observe(&mut self, flight: &Flight, arrival: Option<Position>) {
        self.advance(flight.updated);
        let heard = LastHeard::of(flight, arrival, self.alive);
        let is_full = self.aircraft.len() >= MOST_AIRCRAFT;
        let aircraft = match self.aircraft.get_mut(&flight.hex) {
            Some(aircraft) if aircraft.heard.time > flight.updated => return,
            Some(aircraft) => aircraft,
            None if is_full => return,
            None => self.aircraft.entry(flight.hex).or_insert(Aircraft {
                heard,
                emergency: Emergency::default(),
            }),
        };
        let jump = jump::between(&aircraft.heard, &heard);
        let emergency = aircraft.emergency.hear(flight);
        aircraft.heard = heard.after(&aircraft.heard);

        let lost = AlertKind::LostSignal {
            silent: Duration::ZERO,
        };
        self.end(flight.hex, lost, flight.updated);
        if let Some(jump) = jump {
            self.begin(Alert::of(flight, jump));
        }
        match emergency {
            emergency::Heard::Emergency(squawk, since) => {
                let kind = AlertKind::Emergency { squawk };
                self.begin(Alert {
                    since,
                    ..Alert::of(flight, kind)
                });
            }
            emergency::Heard::Over(squawk) => {
                self.end(flight.hex, AlertKind::Emergency { squawk }, flight.updated);
            }
            emergency::Heard::Nothing => {}
        }
    }

    /// Those that last, in no order.
    pub fn active(&self) -> impl Iterator<Item = &Alert> {
        self.active.values()
    }

    /// Those that have ended, the newest first.
    pub fn recent(&self) -> impl Iterator<Item = &Alert> {
        self.recent.iter().rev()
    }

    /// How many last.
    #[must_use]
    pub fn active_count(&self) -> usize {
        self.active.len()
    }

    /// Grows whenever an alert begins, changes or ends.
    #[must_use]
    pub const fn version(&self) -> u64 {
        self.version
    }

    /// The newest event time.
    #[must_use]
    pub const fn as_of(&self) -> Option<Timestamp> {
        self.newest
    }

    fn advance(&mut self, time: Timestamp) {
        let Some(newest) = self.newest else {
            self.newest = Some(time);
            return;
        };
        self.alive += time.since(newest).min(STEP);
        self.newest = Some(newest.max(time));
        if self.alive >= self.looked + LOOK {
            self.looked = self.alive;
            self.look();
        }
    }

    /// Looks for aircraft that are silent, and for alerts that are over.
    fn look(&mut self) {
        let (alive, now) = (self.alive, self.newest.unwrap_or_default());
        let silent = self.aircraft.iter();
        let silent = silent.filter_map(|(hex, aircraft)| aircraft.heard.lost(*hex, alive));
        let silent: Vec<Alert> = silent.collect();
        for alert in silent {
            let is_given_up = matches!(alert.kind,
                AlertKind::LostSignal { silent } if silent >= lost_signal::GIVEN_UP);
            match is_given_up {
                true => self.end(alert.hex, alert.kind, now),
                false => self.begin(alert),
            }
        }
        let over = self.active.values().filter(|alert| {
            !matches!(alert.kind, AlertKind::LostSignal { .. }) && now.since(alert.last) >= ENDED
        });
        let over: Vec<_> = over.map(|alert| (alert.hex, alert.kind)).collect();
        for (hex, kind) in over {
            self.end(hex, kind, now);
        }
        self.aircraft
            .retain(|_, aircraft| alive.saturating_sub(aircraft.heard.alive) < FORGOTTEN);
        let is_old = |alert: &Alert| alert.until.is_some_and(|until| now.since(until) > RECENT);
        while self.recent.front().is_some_and(is_old) {
            self.recent.pop_front();
            self.version += 1;
        }
    }

    fn begin(&mut self, alert: Alert) {
        self.version += 1;
        match self.active.get_mut(&alert.key()) {
            Some(active) => active.go_on(alert),
            None => {
                if self.active.len() >= MOST_ACTIVE {
                    let mildest = self.active.values().min_by_key(|alert| alert.rank());
                    if let Some((hex, kind)) = mildest.map(|alert| (alert.hex, alert.kind)) {
                        self.end(hex, kind, alert.last);
                    }
                }
                self.active.insert(alert.key(), alert);
            }
        }
    }

    fn end(&mut self, hex: Icao24, kind: AlertKind, time: Timestamp) {
        let Some(mut alert) = self.active.remove(&(hex, kind.number())) else {
            return;
        };
        self.version += 1;
        alert.until = Some(time);
        if self.recent.len() >= MOST_RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(alert);
    }
}
