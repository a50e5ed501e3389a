use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use crate::time::Timestamp;

/// What a producer has done so far: for a status line or metrics.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProducerStatus {
    /// Calls made.
    pub requests: u64,
    /// Calls that brought flights.
    pub answers: u64,
    /// Messages appended to the topic and committed.
    pub sent: u64,
    /// Those of them without a key, which will be dead letters.
    pub without_key: u64,
    /// Messages not sent since neither time nor position had changed.
    pub unchanged: u64,
    /// Elements not sent since no log takes a message of 1 MB. Aircraft have 400 bytes: see what the API sends.
    pub oversized: u64,
    /// Calls that failed, by [`RequestError::reason`](super::RequestError::reason).
    pub failures: BTreeMap<&'static str, u64>,
    /// Why the last call failed; `None` once one succeeds.
    pub last_failure: Option<String>,
    /// When the last answer came.
    pub last_answer: Option<Timestamp>,
    /// When the next call is due; `None` if there will be none.
    pub next_request: Option<Timestamp>,
    /// Calls left this month, `None` before the first answer.
    pub quota_left: Option<u64>,
    /// Aircraft whose last message is remembered.
    pub aircraft: usize,
}

impl ProducerStatus {
    /// All failures together.
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.failures.values().sum()
    }
}

/// Shows a producer's status to other threads. Clones show the same one.
#[derive(Clone, Default)]
pub struct StatusHandle(Arc<Mutex<ProducerStatus>>);

impl StatusHandle {
    /// The status now.
    #[must_use]
    pub fn get(&self) -> ProducerStatus {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(super) fn update(&self, change: impl FnOnce(&mut ProducerStatus)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl fmt::Debug for StatusHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("StatusHandle").field(&self.get()).finish()
    }
}
