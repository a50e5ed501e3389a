use std::time::Duration;

use crate::Records;
use crate::batch::Raw;
use crate::flight::Flight;
use crate::flight::airlabs::AirlabsJson;
use crate::operator::FutureGuard;
use crate::runtime::TaskContext;
use crate::time::Timestamp;

/// How far ahead of the clock the time of a report may be.
///
/// The real feed had no report of the future among 13,215; clocks of machines that are looked after are right to a
/// second.
pub const AHEAD: Duration = Duration::from_secs(600);

/// No report that can be decoded is older: the year 2000.
const OLDEST: Timestamp = Timestamp::from_seconds(946_684_800);

/// Raw Airlabs messages as flights with their event times: what the standard pipelines begin with.
///
/// A report of the future is refused with the reason `future_time`, one from before the year 2000 with `past_time`: an
/// aircraft whose clock is wrong by a year would close every window and age out all others. A recording of last year
/// runs all the same, see [`FutureGuard`].
pub fn reports<R: Records<Record = Raw>>(raw: R, cx: TaskContext) -> impl Records<Record = Flight> {
    raw.decode(AirlabsJson::default())
        .event_time(|flight| flight.updated)
        .not_before(OLDEST)
        .guard(FutureGuard::ahead(AHEAD), cx.store("event-time"))
}
