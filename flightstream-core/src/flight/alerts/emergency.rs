//! Codes of distress. A single report of one is nearly always an error of transmission, so it has to persist.

use std::time::Duration;

use crate::flight::{Flight, Squawk};
use crate::time::Timestamp;

/// So many reports in a row have to say it …
pub const REPORTS: u32 = 3;
/// … over at least so long.
pub const PERSISTENCE: Duration = Duration::from_secs(10);

/// So many reports in a row with another code end it.
const OTHERS: u32 = 2;

/// What an aircraft's codes have said so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Emergency {
    squawk: Option<Squawk>,
    since: Timestamp,
    reports: u32,
    others: u32,
    is_raised: bool,
}

/// What a report says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    Nothing,
    /// There is an emergency, since then.
    Emergency(Squawk, Timestamp),
    /// It is over.
    Over(Squawk),
}

impl Emergency {
    pub(super) fn hear(&mut self, flight: &Flight) -> Heard {
        let Some(squawk) = flight.squawk else {
            return Heard::Nothing;
        };
        if self.squawk == Some(squawk) {
            self.others = 0;
            return self.again(squawk, flight);
        }
        if let (true, Some(raised)) = (self.is_raised, self.squawk) {
            self.others += 1;
            if self.others < OTHERS {
                return Heard::Nothing;
            }
            self.begin(squawk, flight);
            return Heard::Over(raised);
        }
        self.begin(squawk, flight);
        Heard::Nothing
    }

    /// Only what flies can begin to be in distress.
    fn begin(&mut self, squawk: Squawk, flight: &Flight) {
        let is_one = squawk.is_distress() && flight.is_airborne();
        *self = Self {
            squawk: is_one.then_some(squawk),
            since: flight.updated,
            reports: u32::from(is_one),
            ..Self::default()
        };
    }

    fn again(&mut self, squawk: Squawk, flight: &Flight) -> Heard {
        if !self.is_raised && !flight.is_airborne() {
            *self = Self::default();
            return Heard::Nothing;
        }
        self.reports = self.reports.saturating_add(1);
        let lasts = flight.updated.since(self.since);
        self.is_raised |= self.reports >= REPORTS && lasts >= PERSISTENCE;
        match self.is_raised {
            true => Heard::Emergency(squawk, self.since),
            false => Heard::Nothing,
        }
    }
}
