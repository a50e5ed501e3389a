//! Windows: spans of event time that records are grouped by.
//!
//! ```
//! # futures::executor::block_on(async {
//! use flightstream_core::store::StoreHandle;
//! use flightstream_core::time::Timestamp;
//! use flightstream_core::window::{Emit, Tumbling};
//! use flightstream_core::{Records, from_values};
//! use std::time::Duration;
//!
//! let windows = from_values([(10, "LHR"), (50, "LHR"), (70, "WAW"), (200, "WAW")])
//!     .event_time(|(second, _)| Timestamp::from_seconds(*second))
//!     .key_by(|(_, airport)| airport.to_string())
//!     .assume_aligned()
//!     .windowed(Tumbling::of(Duration::from_secs(60)).grace(Duration::ZERO))
//!     .count(StoreHandle::unlogged("landings"))
//!     .emit(Emit::on_close())
//!     .collect_values()
//!     .await?;
//! let counts: Vec<_> = windows.iter().map(|(key, count)| (key.window.start.as_seconds(), key.key.as_str(), *count)).collect();
//! assert_eq!(counts, [(0, "LHR", 2), (60, "WAW", 1)]);
//! # Ok::<(), flightstream_core::Fatal>(()) }).unwrap();
//! ```
//!
//! # Time
//!
//! *Stream time* is the newest event time that a task has seen. It moves with each record, so what is late doesn't
//! depend on where the input was cut into batches, and it is kept with the state, so it doesn't on restarts either.
//!
//! A window closes when stream time passes its end by its grace. A record that comes for a closed window is *late*: it
//! is counted and refused, which sends it to the dead letters. The grace has no default: only the user knows their feed.

mod aggregate;
mod emit;
mod hopping;
mod tumbling;
mod windowed;

use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use self::aggregate::Aggregate;
pub use self::emit::{Emit, Emitted};
pub use self::hopping::Hopping;
pub use self::tumbling::Tumbling;
pub use self::windowed::Windowed;
use crate::time::Timestamp;

/// A span of event time: from its start, up to but without its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Window {
    /// Its first millisecond.
    pub start: Timestamp,
    /// The first millisecond after it.
    pub end: Timestamp,
}

/// A key in a window: what an aggregate's result is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct WindowedKey<K> {
    /// The key.
    pub key: K,
    /// The window.
    pub window: Window,
}

impl<K: std::fmt::Display> std::fmt::Display for WindowedKey<K> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}@{}", self.key, self.window.start.as_millis())
    }
}

/// Windows of one length that are aligned to the epoch, so that every task has the same ones.
pub trait Windows {
    /// How long a window is.
    fn size(&self) -> Duration;

    /// How far apart two windows start; the size, where they don't overlap.
    fn advance(&self) -> Duration;

    /// How long after its end a window still takes records.
    fn grace(&self) -> Duration;

    /// The start of the newest window that holds `time`; the older ones each start an advance earlier.
    fn newest_start(&self, time: Timestamp) -> Timestamp {
        let advance = i64::try_from(self.advance().as_millis())
            .unwrap_or(i64::MAX)
            .max(1);
        Timestamp::from_millis(time.as_millis().div_euclid(advance).saturating_mul(advance))
    }

    /// The window that starts then.
    fn window(&self, start: Timestamp) -> Window {
        Window {
            start,
            end: start.plus(self.size()),
        }
    }

    /// All windows that start before this time are closed when stream time is `stream_time`.
    fn closed_before(&self, stream_time: Timestamp) -> Timestamp {
        // A window is closed when end + grace <= stream time.
        Timestamp::from_millis(
            stream_time
                .minus(self.size() + self.grace())
                .as_millis()
                .saturating_add(1),
        )
    }
}
