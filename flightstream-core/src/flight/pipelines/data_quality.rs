use std::collections::BTreeMap;
use std::fmt;
use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

use super::AIRPORTS;
use super::reports;
use super::tally::{Tally, statistics};
use super::windows::quarters;
use crate::Records;
use crate::batch::Raw;
use crate::flight::{EnrichedFlight, Quality};
use crate::runtime::TaskContext;
use crate::table::Airports;
use crate::window::WindowedKey;

/// The key of what is counted over a whole feed. Its text is `all`.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Feed;

impl fmt::Display for Feed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("all")
    }
}

/// How good the reports of a window are. Messages that cannot be decoded are not among them: those are refused, and
/// counted by the app.
///
/// In `doubts` are only counters that have counted something: the names of the flags of [`Quality`], those of unknown
/// airports among them, and what is missing: `no_position`, `no_altitude`, `no_speed`, `no_airline`, `no_aircraft_type`,
/// `no_route`. A report can count in several.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DataQuality {
    /// Reports.
    pub reports: u64,
    /// Reports with which nothing is wrong: no flag, nothing missing.
    pub good: u64,
    /// Reports by what is doubtful or missing.
    pub doubts: BTreeMap<&'static str, u64>,
}

/// What is doubtful and what is missing in the reports of the feed, in windows of 15 minutes.
///
/// It looks airports up in the table [`AIRPORTS`]. See [`airport_traffic`](super::airport_traffic()) for an example.
pub fn data_quality(
    raw: impl Records<Record = Raw>,
    cx: TaskContext,
) -> impl Records<Record = (WindowedKey<Feed>, DataQuality)> {
    let mut airports = cx.table::<Airports>(AIRPORTS);
    let doubts = reports(raw, cx.clone())
        .map(move |flight| (Feed, Doubts::of(&flight.located(airports.current()))));
    statistics::<Counters, _, _, _, _>(doubts, quarters(), cx)
        .map(|(key, counters)| (key, counters.quality()))
}

/// A report's flags and what it lacks.
#[derive(Clone, Copy, Debug)]
struct Doubts {
    flags: Quality,
    missing: [bool; MISSING.len()],
}

/// What a report can lack.
const MISSING: [&str; 6] = [
    "no_position",
    "no_altitude",
    "no_speed",
    "no_airline",
    "no_aircraft_type",
    "no_route",
];

impl Doubts {
    fn of(enriched: &EnrichedFlight) -> Self {
        let flight = &enriched.flight;
        Self {
            flags: enriched.quality,
            missing: [
                flight.position.is_none(),
                flight.altitude.is_none(),
                flight.ground_speed.is_none(),
                flight.airline_icao.is_none(),
                flight.aircraft_type.is_none(),
                super::Route::of(flight).is_none(),
            ],
        }
    }
}

#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Counters {
    reports: u64,
    good: u64,
    /// As [`Quality::all`] has them.
    flags: [u64; 16],
    missing: [u64; MISSING.len()],
}

impl Tally<Doubts> for Counters {
    type Part = Self;

    fn add(&mut self, doubts: &Doubts) {
        self.reports += 1;
        let is_good = doubts.flags.is_good() && !doubts.missing.contains(&true);
        self.good += u64::from(is_good);
        for (count, (flag, _)) in self.flags.iter_mut().zip(Quality::all()) {
            *count += u64::from(doubts.flags.contains(flag));
        }
        for (count, is_missing) in self.missing.iter_mut().zip(doubts.missing) {
            *count += u64::from(is_missing);
        }
    }

    fn part(&self) -> Self {
        *self
    }
}

impl AddAssign for Counters {
    fn add_assign(&mut self, other: Self) {
        self.reports += other.reports;
        self.good += other.good;
        let add = |to: &mut [u64], from: &[u64]| {
            to.iter_mut().zip(from).for_each(|(to, from)| *to += from);
        };
        add(&mut self.flags, &other.flags);
        add(&mut self.missing, &other.missing);
    }
}

impl Counters {
    fn quality(self) -> DataQuality {
        let flags = Quality::all().map(|(_, name)| name).zip(self.flags);
        let missing = MISSING.into_iter().zip(self.missing);
        DataQuality {
            reports: self.reports,
            good: self.good,
            doubts: flags
                .chain(missing)
                .filter(|(_, count)| *count > 0)
                .collect(),
        }
    }
}
