//! What producers measure: with feature `metrics` for a recorder, otherwise nothing.
#![cfg_attr(
    not(feature = "metrics"),
    allow(unused_variables, reason = "without a recorder nobody asks")
)]

#[cfg(feature = "metrics")]
use metrics::{Unit, counter, describe_counter};
#[cfg(all(feature = "metrics", feature = "airlabs-client"))]
use metrics::{describe_gauge, gauge};

#[cfg(feature = "metrics")]
use super::metrics::PRODUCED;
#[cfg(all(feature = "metrics", feature = "airlabs-client"))]
use super::metrics::{API_LAST_ANSWER, API_QUOTA_LEFT, API_REQUESTS};
#[cfg(feature = "airlabs-client")]
use crate::time::Timestamp;

/// Takes note of messages that were committed.
pub(super) fn sent(topic: &str, messages: u64) {
    #[cfg(feature = "metrics")]
    {
        let description = "Messages that were appended and committed.";
        describe_counter!(PRODUCED, Unit::Count, description);
        counter!(PRODUCED, "topic" => topic.to_owned()).increment(messages);
    }
}

/// Takes note of a call: `answered`, or the reason of its failure.
#[cfg(feature = "airlabs-client")]
pub(super) fn called(outcome: &'static str) {
    #[cfg(feature = "metrics")]
    {
        let description = "Calls of the Airlabs API, by outcome.";
        describe_counter!(API_REQUESTS, Unit::Count, description);
        counter!(API_REQUESTS, "outcome" => outcome).increment(1);
    }
}

/// Takes note of an answer and of what it tells of the quota.
#[cfg(feature = "airlabs-client")]
pub(super) fn answered(at: Timestamp, quota_left: u64) {
    called("answered");
    #[cfg(feature = "metrics")]
    {
        describe_gauge!(
            API_LAST_ANSWER,
            Unit::Seconds,
            "When the Airlabs API last answered, since the Unix epoch."
        );
        describe_gauge!(
            API_QUOTA_LEFT,
            Unit::Count,
            "Calls that are left of the key's quota."
        );
        gauge!(API_LAST_ANSWER).set(at.as_seconds() as f64);
        gauge!(API_QUOTA_LEFT).set(quota_left as f64);
    }
}
