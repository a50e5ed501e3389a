//! What a producer measures, by the `metrics` facade, as [`runtime::metrics`](crate::runtime::metrics) does for apps.
//!
//! | metric | kind | |
//! | --- | --- | --- |
//! | [`PRODUCED`] | counter, by `topic` | messages that were appended and committed |
//! | [`API_REQUESTS`] | counter, by `outcome` | calls of the Airlabs API: `answered`, or the reason of the failure |
//! | [`API_QUOTA_LEFT`] | gauge | calls that are left of the key's quota, as the API tells |
//! | [`API_LAST_ANSWER`] | gauge | when the API last answered, seconds since the Unix epoch |

/// Messages that were appended and committed, by `topic`.
pub const PRODUCED: &str = "flightstream_produced_total";
/// Calls of the Airlabs API, by `outcome`.
pub const API_REQUESTS: &str = "flightstream_api_requests_total";
/// Calls that are left of the key's quota.
pub const API_QUOTA_LEFT: &str = "flightstream_api_quota_left";
/// When the API last answered, seconds since the Unix epoch.
pub const API_LAST_ANSWER: &str = "flightstream_api_last_answer_timestamp_seconds";
