use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::batch::Rejection;
use crate::store::KeyValueStore;
use crate::time::Timestamp;

/// What keeps a clock that is wrong by a year from closing every window and from ageing out everything else: how far
/// ahead a record's time may be, for [`EventTime::guard`](super::EventTime::guard).
///
/// | a time is refused if it is | | because |
/// | --- | --- | --- |
/// | [`ahead`](Self::ahead) | of the task's clock, and of the newest time that its partition had | live data is not of the future; what has gone there step by step, as a recording that is looped, may go on |
/// | a [`jump`](Self::jump) | after the newest time that its partition had, and not of the present | in data of last year, a time of this year is as wrong |
///
/// A recording may also have a gap of that length, or be followed by another one. So a jump is believed once the next
/// record tells of the same time too: another key's, or eight of one key in a row. The records before that are refused.
/// The first record of a partition can be compared with the clock alone.
///
/// ```
/// # futures::executor::block_on(async {
/// use std::sync::Arc;
/// use std::time::Duration;
/// use flightstream_core::operator::FutureGuard;
/// use flightstream_core::store::StoreHandle;
/// use flightstream_core::time::{ManualClock, Timestamp};
/// use flightstream_core::{Records, from_values};
///
/// let clock = Arc::new(ManualClock::at(Timestamp::from_seconds(1_000)));
/// let store = StoreHandle::unlogged_with_clock("event-time", clock);
/// let batches = from_values([990, 31_500_000, 1_030])
///     .event_time(|second| Timestamp::from_seconds(*second))
///     .guard(FutureGuard::ahead(Duration::from_secs(60)), store)
///     .collect_batches()
///     .await?;
/// let taken: Vec<_> = batches[0].records().iter().map(|record| record.value).collect();
/// assert_eq!(taken, [990, 1_030]);
/// assert_eq!(batches[0].rejected()[0].rejection.reason(), "future_time");
/// # Ok::<(), flightstream_core::Fatal>(()) }).unwrap();
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FutureGuard {
    ahead: Duration,
    jump: Duration,
}

/// So many records of one key in a row are believed.
const IN_A_ROW: u32 = 8;

/// The store of a [`PartitionTime`], under a single key.
pub type PartitionTimes = KeyValueStore<u8, PartitionTime>;

/// What a partition's times were so far, as [`EventTime`](super::EventTime) keeps it in a store.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartitionTime {
    newest: Option<Timestamp>,
    suspect: Option<Suspect>,
}

/// The last record, if it was refused because of a jump.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Suspect {
    time: Timestamp,
    key: Option<Vec<u8>>,
    in_a_row: u32,
}

impl FutureGuard {
    /// Takes times that are up to so far ahead of the clock: the error that clocks may have. A jump is one of a day.
    #[must_use]
    pub const fn ahead(ahead: Duration) -> Self {
        Self {
            ahead,
            jump: Duration::from_secs(24 * 60 * 60),
        }
    }

    /// How far after the newest time of its partition a time has to be in order to be doubted.
    #[must_use]
    pub const fn jump(mut self, jump: Duration) -> Self {
        self.jump = jump;
        self
    }

    pub(super) fn check(
        &self,
        time: Timestamp,
        key: Option<&Bytes>,
        now: Timestamp,
        partition: &mut PartitionTime,
    ) -> Result<(), Rejection> {
        let newest = partition.newest.unwrap_or(time.min(now));
        if time > now.max(newest).plus(self.ahead) {
            return Err(Rejection::new("future_time")
                .with_detail(format_args!("{time} is ahead of the clock")));
        }
        let is_of_now = time.plus(self.ahead) >= now && newest <= now;
        if time <= newest.plus(self.jump) || is_of_now {
            partition.suspect = None;
            return Ok(());
        }
        let suspect = Suspect {
            time,
            key: key.map(|key| key.to_vec()),
            in_a_row: 1,
        };
        if partition.confirms(suspect, self.jump) {
            partition.suspect = None;
            return Ok(());
        }
        Err(Rejection::new("future_time").with_detail(format_args!(
            "{time} is far after {newest}, the newest of its partition"
        )))
    }
}

impl PartitionTime {
    pub(super) const KEY: u8 = 0;

    /// The newest time that a record of the partition had; `None` before the first.
    #[must_use]
    pub fn newest(&self) -> Option<Timestamp> {
        self.newest
    }

    pub(super) fn observe(&mut self, time: Timestamp) {
        self.newest = self.newest.max(Some(time));
    }

    /// Whether the last record was refused for the same jump, and both together are to be believed. Otherwise remembers
    /// this one.
    fn confirms(&mut self, mut suspect: Suspect, jump: Duration) -> bool {
        if let Some(last) = &self.suspect
            && last.time <= suspect.time.plus(jump)
            && suspect.time <= last.time.plus(jump)
        {
            suspect.in_a_row = last.in_a_row.saturating_add(1);
            let is_other =
                matches!((&last.key, &suspect.key), (Some(last), Some(key)) if last != key);
            if is_other || suspect.in_a_row >= IN_A_ROW {
                return true;
            }
        }
        self.suspect = Some(suspect);
        false
    }
}
