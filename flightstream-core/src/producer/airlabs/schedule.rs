use std::time::Duration;

use super::calendar::{next_hour, next_minute, next_month};
use crate::flight::airlabs::{Quota, Retry};
use crate::runtime::backoff::Backoff;
use crate::time::Timestamp;

const SHORTEST_INTERVAL: Duration = Duration::from_secs(1);
const FIRST_BACKOFF: Duration = Duration::from_secs(1);
const LONGEST_BACKOFF: Duration = Duration::from_secs(5 * 60);
/// A server that names a longer pause is asked again after this one.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(24 * 3_600);
/// How far the server's clock may be behind: asked too early, it would refuse for another hour, or for good.
const MARGIN: Duration = Duration::from_secs(2);
const MARGIN_OF_MONTH: Duration = Duration::from_secs(60);
/// After so many failures in a row that may have cost a call each, even retries keep to the quota's pace: an outage of
/// a day must not use up the month.
const QUICK_RETRIES: u32 = 3;

/// How often to call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScheduleOptions {
    /// The least time between the beginnings of two calls, whatever the quota allows and also after failures. By default
    /// 10 s, the age of most positions in an answer; less than 1 s is taken for 1 s.
    pub interval: Duration,
    /// Calls a month to go by until an answer tells; by default 1,000, as of the free plan.
    pub assumed_per_month: u64,
}

impl Default for ScheduleOptions {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(10),
            assumed_per_month: 1_000,
        }
    }
}

/// When to call next: a state machine without a clock, threads or waiting of its own.
///
/// The calls that are left are spread evenly to the end of the calendar month (UTC), so that the stream never dries up:
/// 1,000 calls a month make one every 43 minutes, 100,000 one every 26 s. The limits a minute and an hour are spread the
/// same way. What is left is read from every answer, so other users of the same key are reckoned with.
///
/// | after | the next call |
/// | --- | --- |
/// | an answer | when the quota allows it, [`ScheduleOptions::interval`] at the earliest |
/// | an answer to the month's last call | a minute into the next month |
/// | the limit of the minute or of the hour | 2 s into the next one |
/// | the limit of the month, a wrong key, method or parameter | never |
/// | anything else | after an exponential pause with full jitter: up to 1 s at first, up to 5 min at last |
///
/// A `Retry-After` of the server (up to a day of it) is a lower bound too.
///
/// ```
/// use flightstream_core::producer::airlabs::{Schedule, ScheduleOptions};
/// use flightstream_core::time::Timestamp;
/// use std::time::Duration;
///
/// let mut schedule = Schedule::new(ScheduleOptions::default());
/// let now = Timestamp::from_seconds(1_709_251_200); // 1 March 2024
/// assert_eq!(schedule.next_call(now), Some(now));
/// schedule.called(now);
/// schedule.answered(None);
/// let next = schedule.next_call(now).unwrap();
/// assert_eq!(next.since(now).as_secs() / 60, 44);
/// ```
#[derive(Clone, Debug)]
pub struct Schedule {
    options: ScheduleOptions,
    last: Option<Timestamp>,
    next: Option<Timestamp>,
    /// Calls left until `period_end`, as far as it is known.
    remaining: u64,
    period_end: Option<Timestamp>,
    per_month: Option<u64>,
    /// The least time between two calls by the limits a minute and an hour.
    pace: Duration,
    backoff: Backoff,
    is_stopped: bool,
}

/// What a schedule has to know of a call that brought nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What to do.
    pub retry: Retry,
    /// How long the server wants not to be asked.
    pub retry_after: Option<Duration>,
    /// Whether the server may have counted the call.
    pub has_arrived: bool,
}

impl Schedule {
    /// A schedule whose first call is due at once.
    #[must_use]
    pub fn new(options: ScheduleOptions) -> Self {
        let interval = options.interval.max(SHORTEST_INTERVAL);
        Self {
            options: ScheduleOptions {
                interval,
                ..options
            },
            last: None,
            next: None,
            remaining: options.assumed_per_month,
            period_end: None,
            per_month: None,
            pace: Duration::ZERO,
            backoff: Backoff::new(FIRST_BACKOFF, LONGEST_BACKOFF),
            is_stopped: false,
        }
    }

    /// When to call next: now, if it is not after `now`; `None` if never again.
    ///
    /// Ask again before calling: a clock that was set back meanwhile is made up for here.
    pub fn next_call(&mut self, now: Timestamp) -> Option<Timestamp> {
        if self.is_stopped {
            return None;
        }
        if let Some(last) = self.last
            && now < last
        {
            let set_back = last.since(now);
            self.last = Some(now);
            self.next = self.next.map(|next| next.minus(set_back));
        }
        let next = self.next.unwrap_or(now);
        match self.period_end {
            Some(end) if self.remaining == 0 => Some(next.max(end.plus(MARGIN_OF_MONTH))),
            _ => Some(next),
        }
    }

    /// A call begins at `now`. Report how it ends to [`answered`](Self::answered) or [`failed`](Self::failed).
    pub fn called(&mut self, now: Timestamp) {
        if self.period_end.is_none_or(|end| now >= end) {
            self.period_end = Some(next_month(now));
            self.remaining = self.per_month.unwrap_or(self.options.assumed_per_month);
        }
        self.remaining = self.remaining.saturating_sub(1);
        self.last = Some(now);
        self.next = Some(now.plus(self.least()));
    }

    /// The call brought flights, and perhaps news of the quota.
    pub fn answered(&mut self, quota: Option<&Quota>) {
        self.backoff.reset();
        if let Some(quota) = quota {
            self.remaining = quota.remaining.unwrap_or(self.remaining);
            self.per_month = quota.per_month.or(self.per_month);
            // A limit of 0 with an answer cannot be one.
            let pace = |unit: Duration, limit: Option<u64>| match limit {
                Some(1..) => divide(unit, limit.unwrap_or(1)),
                _ => Duration::ZERO,
            };
            let minute = pace(Duration::from_secs(60), quota.per_minute);
            self.pace = minute.max(pace(Duration::from_secs(3_600), quota.per_hour));
        }
        self.next = self
            .last
            .map(|last| last.plus(self.least().max(self.share(last))));
    }

    /// The call failed, as is known since `now`.
    pub fn failed(&mut self, now: Timestamp, failure: Failure) {
        let Failure {
            retry,
            retry_after,
            has_arrived,
        } = failure;
        let earliest = match retry {
            Retry::NextMinute => next_minute(now).plus(MARGIN),
            Retry::NextHour => next_hour(now).plus(MARGIN),
            Retry::BackOff => now.plus(self.backoff.next_pause()),
            Retry::Stop => {
                self.is_stopped = true;
                return;
            }
        };
        let retry_after = retry_after.unwrap_or_default().min(LONGEST_RETRY_AFTER);
        let mut next = earliest.max(now.plus(retry_after));
        if let Some(last) = self.last {
            let mut wait = self.least();
            if !has_arrived {
                self.remaining = self.remaining.saturating_add(1);
            } else if self.backoff.failures() > QUICK_RETRIES {
                wait = wait.max(self.share(last));
            }
            next = next.max(last.plus(wait));
        }
        self.next = Some(next);
    }

    /// Calls left this month, as far as it is known.
    #[must_use]
    pub fn remaining(&self) -> u64 {
        self.remaining
    }

    fn least(&self) -> Duration {
        self.options.interval.max(self.pace)
    }

    /// The time to the period's end, divided among the calls that are left.
    fn share(&self, last: Timestamp) -> Duration {
        let left = self
            .period_end
            .map_or(Duration::ZERO, |end| end.since(last));
        divide(left, self.remaining)
    }
}

/// Rounded up to a millisecond, so that nothing is ever early; by 0 as by 1.
fn divide(duration: Duration, by: u64) -> Duration {
    let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    Duration::from_millis(millis.div_ceil(by.max(1)))
}
