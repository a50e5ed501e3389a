use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use flightstream_core::time::{Clock, SystemClock, Timestamp};
use serde::Serialize;

/// Every so many documents one is looked at, after the first few.
const EVERY: u64 = 16;
const FIRST: u64 = 256;
const MOST_SAMPLES: usize = 4_096;
const MINUTE: i64 = 60_000;

/// How old documents are when they reach the index: samples of the last minute.
#[derive(Debug, Default)]
pub(crate) struct Latency {
    seen: AtomicU64,
    samples: Mutex<VecDeque<Sample>>,
}

#[derive(Clone, Copy, Debug)]
struct Sample {
    at: i64,
    age: i64,
}

/// Ages in milliseconds; null without a sample.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Quantiles {
    count: usize,
    p50_ms: Option<i64>,
    p99_ms: Option<i64>,
    max_ms: Option<i64>,
}

impl Latency {
    pub(crate) fn observe(&self, event_time: Timestamp) {
        let seen = self.seen.fetch_add(1, Ordering::Relaxed);
        if seen < FIRST || seen.is_multiple_of(EVERY) {
            self.observe_at(event_time, SystemClock.now());
        }
    }

    fn observe_at(&self, event_time: Timestamp, now: Timestamp) {
        let at = now.as_millis();
        let age = at.saturating_sub(event_time.as_millis()).max(0);
        let mut samples = self.samples.lock().unwrap_or_else(PoisonError::into_inner);
        if samples.len() >= MOST_SAMPLES {
            samples.pop_front();
        }
        samples.push_back(Sample { at, age });
    }

    pub(crate) fn quantiles(&self, now: Timestamp) -> Quantiles {
        let oldest = now.as_millis().saturating_sub(MINUTE);
        let samples = self.samples.lock().unwrap_or_else(PoisonError::into_inner);
        let recent = samples.iter().filter(|sample| sample.at >= oldest);
        let mut ages: Vec<i64> = recent.map(|sample| sample.age).collect();
        drop(samples);
        ages.sort_unstable();
        let quantile = |part: f64| {
            let rank = (part * ages.len() as f64).ceil() as usize;
            ages.get(rank.saturating_sub(1)).copied()
        };
        Quantiles {
            count: ages.len(),
            p50_ms: quantile(0.50),
            p99_ms: quantile(0.99),
            max_ms: ages.last().copied(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_of_the_last_minute() {
        let latency = Latency::default();
        let now = Timestamp::from_seconds(1_706_705_158);
        assert_eq!(latency.quantiles(now), Quantiles::default());
        for age in 1..=100 {
            latency.observe_at(Timestamp::from_millis(now.as_millis() - age), now);
        }
        let quantiles = latency.quantiles(now);
        assert_eq!((quantiles.count, quantiles.p50_ms), (100, Some(50)));
        assert_eq!((quantiles.p99_ms, quantiles.max_ms), (Some(99), Some(100)));
        let later = Timestamp::from_millis(now.as_millis() + MINUTE + 1);
        assert_eq!(latency.quantiles(later), Quantiles::default());
    }

    #[test]
    fn its_memory_is_bounded() {
        let latency = Latency::default();
        let now = Timestamp::from_seconds(1_706_705_158);
        for _ in 0..10_000 {
            latency.observe_at(now, now);
        }
        assert_eq!(latency.quantiles(now).count, MOST_SAMPLES);
    }
}
