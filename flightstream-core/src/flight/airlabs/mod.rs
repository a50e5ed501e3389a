//! Airlabs v9 `flights`: a snapshot-polling API.
//!
//! An answer is an envelope around an array of objects, one object an aircraft. [`Answer`] takes the envelope off and
//! splits the array into one message an aircraft, byte for byte; [`AirlabsJson`] decodes such a message. What Airlabs
//! means by its values is this:
//!
//! | field | as sent | in [`Flight`](super::Flight) |
//! | --- | --- | --- |
//! | `hex` | six hexadecimal digits | required: [`Icao24`](super::Icao24) |
//! | `updated` | Unix seconds | required: event time |
//! | `lat`, `lng` | degrees | `position`; out of range or exactly (0, 0) is unknown and flagged |
//! | `alt` | metres with a stepped offset | `altitude`, offset removed: see [`altitude_from_airlabs`] |
//! | `dir` | degrees, 0 to 360 inclusive | `track`; 360 is 0 |
//! | `speed` | km/h; 0 also means unknown | `ground_speed` in m/s; 0 above 150 m is unknown and flagged |
//! | `v_speed` | m/s, by the vendor's `OpenAPI` file; unreliable | `vertical_rate` in m/s |
//! | `squawk` | four octal digits, rarely sent | `squawk` |
//! | `flag` | country of the **airline**, nearly ISO | `flag`; `UK` is `GB`, lower case is raised, others (`AN`) are kept and flagged |
//! | `aircraft_icao` | ICAO Doc 8643 designator | `aircraft_type`; `0000`, `TWR`, `SERV` and `32Q` are unknown and flagged |
//! | `status` | `en-route`, `scheduled`, `landed` | `status`; not to be trusted for what flies |
//!
//! A field that is absent, null or blank is unknown. Numbers may come as text and codes as whole numbers (except `hex`,
//! whose leading zeros a number loses). An optional field of another type or form is unknown and flagged
//! [`BAD_FIELD`](super::Quality::BAD_FIELD); unknown fields are counted; of a repeated key the last one counts.

mod altitude;
mod answer;
mod convert;
mod encode;
mod error;
mod fields;
mod json;
mod messages;
mod quota;

pub use self::altitude::{altitude_from_airlabs, altitude_to_airlabs};
#[cfg(feature = "files")]
pub(crate) use self::answer::flights;
pub use self::answer::{Answer, AnswerError, may_be_answer};
pub use self::encode::encode;
pub use self::error::{AirlabsError, Retry};
pub use self::json::{AirlabsJson, DecodeStatistics};
pub use self::messages::{Message, messages};
pub use self::quota::Quota;
pub use super::json::{DecodeError, Limits};
