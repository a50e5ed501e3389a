use std::time::Duration;

use crate::time::{Timers, Timestamp};

/// How often a failed look-up is tried again, and how long to wait before.
///
/// ```
/// use flightstream_core::operator::Retry;
/// use flightstream_core::runtime::TaskContext;
/// use std::time::Duration;
///
/// fn policy(cx: &TaskContext) -> Retry {
///     Retry::times(4).backoff(Duration::from_millis(100), Duration::from_secs(1), cx.timers())
/// }
/// # let _ = policy;
/// ```
#[derive(Clone, Debug)]
pub struct Retry {
    times: u32,
    backoff: Option<Backoff>,
}

#[derive(Clone, Debug)]
struct Backoff {
    first: Duration,
    longest: Duration,
    timers: Timers,
}

impl Retry {
    /// So many tries after the first, each at once.
    #[must_use]
    pub fn times(times: u32) -> Self {
        Self {
            times,
            backoff: None,
        }
    }

    /// Waits before each further try: at first for `first`, each time twice as long, up to `longest`. The wait goes by
    /// the task's clock and holds up only its own partition.
    #[must_use]
    pub fn backoff(self, first: Duration, longest: Duration, timers: &Timers) -> Self {
        let backoff = Backoff {
            first,
            longest,
            timers: timers.clone(),
        };
        Self {
            backoff: Some(backoff),
            ..self
        }
    }

    /// When to try again after so many failures, the first one included; `None` if not any more.
    pub(super) fn next(&self, failures: u32) -> Option<Due> {
        (failures <= self.times).then(|| match &self.backoff {
            Some(backoff) => Due::At(backoff.timers.now().plus(backoff.pause(failures))),
            None => Due::AtOnce,
        })
    }

    /// Whether that time has come. If not, the task is polled again when it has.
    pub(super) fn is_due(&self, due: Due) -> bool {
        match (due, &self.backoff) {
            (Due::At(time), Some(backoff)) if backoff.timers.now() < time => {
                backoff.timers.wake_at(time);
                false
            }
            _ => true,
        }
    }
}

impl Backoff {
    fn pause(&self, failures: u32) -> Duration {
        let factor = 2_u32.saturating_pow(failures.saturating_sub(1));
        self.first.saturating_mul(factor).min(self.longest)
    }
}

/// When a look-up is tried again.
#[derive(Clone, Copy, Debug)]
pub(super) enum Due {
    AtOnce,
    At(Timestamp),
}
