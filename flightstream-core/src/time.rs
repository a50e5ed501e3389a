//! Event time and the clock that operators are allowed to read.

use std::cell::Cell;
use std::fmt;
use std::rc::Rc;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::date;

/// A point in time: milliseconds since the Unix epoch, UTC.
///
/// ```
/// use flightstream_core::time::Timestamp;
///
/// let time: Timestamp = "2024-01-31T12:45:58Z".parse()?;
/// assert_eq!(time, Timestamp::from_seconds(1_706_705_158));
/// assert_eq!(time.to_string(), "2024-01-31T12:45:58.000Z");
/// assert_eq!("2024-01-31".parse(), Ok(Timestamp::from_seconds(1_706_659_200)));
/// assert!("yesterday".parse::<Timestamp>().is_err());
/// # Ok::<(), flightstream_core::time::InvalidTimestamp>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From milliseconds since the Unix epoch.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// From seconds since the Unix epoch; saturates at the ends of the range.
    #[must_use]
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1000))
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the Unix epoch, rounded down.
    #[must_use]
    pub const fn as_seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// This time plus `duration`; saturates.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(
            self.0
                .saturating_add(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)),
        )
    }

    /// This time minus `duration`; saturates.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        Self(
            self.0
                .saturating_sub(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)),
        )
    }

    /// How long after `earlier` this is; zero when it is not after it.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}ms", self.0)
    }
}

/// As ISO 8601: `2024-01-31T12:45:58.000Z`.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&date::format(self.0))
    }
}

/// From ISO 8601, as far as a year alone, or from milliseconds since the epoch.
impl FromStr for Timestamp {
    type Err = InvalidTimestamp;

    fn from_str(text: &str) -> Result<Self, InvalidTimestamp> {
        let millis = date::parse(text, false);
        millis
            .map(Self)
            .ok_or_else(|| InvalidTimestamp(text.to_owned()))
    }
}

/// A text that is no time.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "{0:?} is no time; write it as 2024-01-31T12:45:58Z, as 2024-01-31, or as milliseconds since 1970"
)]
pub struct InvalidTimestamp(String);

/// Where operators and the runtime read the time of day.
///
/// Operators read time from records and from this clock only, never from the system: that makes a pipeline's
/// result a function of its input and lets a test decide what time it is.
pub trait Clock: Send + Sync + fmt::Debug {
    /// The present time.
    fn now(&self) -> Timestamp;
}

/// A task's timers: an operator asks to be polled again at a time, also when no record comes.
#[derive(Clone, Debug)]
pub struct Timers {
    clock: Arc<dyn Clock>,
    next: Rc<Cell<Option<Timestamp>>>,
}

impl Timers {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            next: Rc::default(),
        }
    }

    /// The present time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Asks to be polled at `time`, or earlier. To be called each time the operator has nothing to do but wait.
    pub fn wake_at(&self, time: Timestamp) {
        let next = self.next.get().map_or(time, |next| next.min(time));
        self.next.set(Some(next));
    }

    /// Takes the time of the next wake-up that was asked for.
    pub(crate) fn take_next(&self) -> Option<Timestamp> {
        self.next.take()
    }
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since_epoch = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp::default().plus(since_epoch)
    }
}

/// A clock that stands still until it is told to move.
///
/// ```
/// use flightstream_core::time::{Clock, ManualClock, Timestamp};
/// use std::time::Duration;
///
/// let clock = ManualClock::at(Timestamp::from_seconds(60));
/// clock.advance(Duration::from_secs(5));
/// assert_eq!(clock.now(), Timestamp::from_seconds(65));
/// ```
#[derive(Clone, Debug, Default)]
pub struct ManualClock(Arc<AtomicI64>);

impl ManualClock {
    /// A clock that shows `now`.
    #[must_use]
    pub fn at(now: Timestamp) -> Self {
        Self(Arc::new(AtomicI64::new(now.as_millis())))
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        let now = Timestamp::from_millis(self.0.load(Ordering::SeqCst)).plus(by);
        self.0.store(now.as_millis(), Ordering::SeqCst);
    }

    /// Sets the clock, also backwards.
    pub fn set(&self, now: Timestamp) {
        self.0.store(now.as_millis(), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}
