use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// Growing pauses between attempts: exponential with full jitter, so that many that failed together do not come back
/// together.
#[derive(Clone, Debug)]
pub(crate) struct Backoff {
    first: Duration,
    longest: Duration,
    failures: u32,
}

impl Backoff {
    pub(crate) fn new(first: Duration, longest: Duration) -> Self {
        Self {
            first,
            longest,
            failures: 0,
        }
    }

    /// How many failures there were in a row.
    pub(crate) fn failures(&self) -> u32 {
        self.failures
    }

    /// Counts a failure and says how long to wait.
    pub(crate) fn next_pause(&mut self) -> Duration {
        let pause = Self::pause(self.first, self.longest, self.failures);
        self.failures = self.failures.saturating_add(1);
        pause
    }

    /// How long to wait after so many failures before the last.
    pub(crate) fn pause(first: Duration, longest: Duration, failures: u32) -> Duration {
        // The standard library's hasher keys are random, which is all the chance that jitter needs.
        let chance = RandomState::new().hash_one(failures) >> 32;
        let part = f64::from(u32::try_from(chance).unwrap_or(u32::MAX)) / f64::from(u32::MAX);
        ceiling(first, longest, failures).mul_f64(part)
    }

    /// Forgets the failures.
    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }
}

fn ceiling(first: Duration, longest: Duration, failures: u32) -> Duration {
    let factor = 2_u32.saturating_pow(failures.min(31));
    first.saturating_mul(factor).min(longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_limit_and_start_over() {
        let (first, longest) = (Duration::from_millis(100), Duration::from_secs(1));
        let mut backoff = Backoff::new(first, longest);
        let ceilings: Vec<_> = (0..6)
            .map(|failures| {
                let ceiling = ceiling(first, longest, failures);
                assert!(backoff.next_pause() <= ceiling);
                ceiling.as_millis()
            })
            .collect();
        assert_eq!(ceilings, [100, 200, 400, 800, 1000, 1000]);
        assert_eq!(backoff.failures(), 6);
        backoff.reset();
        assert!(backoff.next_pause() <= first);
    }
}
