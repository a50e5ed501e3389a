use std::time::Duration;

use crate::flight::{Flight, FlightCode, Icao24, Position, Registration, Squawk};
use crate::time::Timestamp;

/// Something that somebody should look at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Alert {
    /// What it is about.
    pub kind: AlertKind,
    /// Which aircraft.
    pub hex: Icao24,
    /// Its flight: the IATA code, else the ICAO code.
    pub flight: Option<FlightCode>,
    /// Its registration.
    pub registration: Option<Registration>,
    /// When it began.
    pub since: Timestamp,
    /// The newest report that it is about.
    pub last: Timestamp,
    /// When it ended.
    pub until: Option<Timestamp>,
    /// Where the aircraft was at last.
    pub position: Option<Position>,
    /// How many reports, or jumps, it stands for.
    pub count: u64,
}

/// What an alert is about.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum AlertKind {
    /// An aircraft sends a code of distress.
    Emergency {
        /// Which.
        squawk: Squawk,
    },
    /// An aircraft that flew is not heard of any more.
    LostSignal {
        /// For how long, as far as others were heard.
        silent: Duration,
    },
    /// An aircraft was at two places that are too far apart.
    ImplausibleJump {
        /// Metres.
        distance: f64,
        /// The speed that it would have had, metres a second.
        speed: f64,
    },
}

/// How urgent an alert is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Most likely a wrong report.
    Info,
    /// Worth a look.
    Warning,
    /// Somebody may be in danger.
    Critical,
}

impl AlertKind {
    /// How urgent it is.
    #[must_use]
    pub const fn severity(self) -> Severity {
        match self {
            Self::Emergency { .. } => Severity::Critical,
            Self::LostSignal { .. } => Severity::Warning,
            Self::ImplausibleJump { .. } => Severity::Info,
        }
    }

    pub(super) const fn number(self) -> u8 {
        match self {
            Self::Emergency { .. } => 0,
            Self::LostSignal { .. } => 1,
            Self::ImplausibleJump { .. } => 2,
        }
    }
}

impl Alert {
    pub(super) fn of(flight: &Flight, kind: AlertKind) -> Self {
        Self {
            kind,
            hex: flight.hex,
            flight: flight.flight_iata.or(flight.flight_icao),
            registration: flight.registration,
            since: flight.updated,
            last: flight.updated,
            until: None,
            position: flight.position,
            count: 1,
        }
    }

    pub(super) const fn key(&self) -> (Icao24, u8) {
        (self.hex, self.kind.number())
    }

    /// The mildest and oldest first.
    pub(super) fn rank(&self) -> (Severity, Timestamp) {
        (self.kind.severity(), self.since)
    }

    /// Takes what a later report says of the same.
    pub(super) fn go_on(&mut self, later: Self) {
        self.count += u64::from(!matches!(later.kind, AlertKind::LostSignal { .. }));
        self.kind = later.kind;
        self.last = self.last.max(later.last);
        self.flight = later.flight.or(self.flight);
        self.registration = later.registration.or(self.registration);
        self.position = later.position.or(self.position);
    }
}
