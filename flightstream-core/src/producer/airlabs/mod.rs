//! Polls the Airlabs API within its quota.
//!
//! Airlabs v9 `flights` answers each call with a snapshot of all the aircraft it sees, and every call costs one of a
//! monthly quota. [`AirlabsClient`] makes one call, [`Schedule`] decides when to make the next,
//! [`AirlabsProducer`] does both and appends what has changed to a topic. [`export()`] writes one
//! snapshot to a file.
//!
//! The API key travels in the query of each call. It gets no further: neither into a log line, an error or a `Debug`
//! output, nor into a message, since the envelope around the flights, which repeats the key and the caller's address,
//! is dropped where it arrives.

mod bounding_box;
mod calendar;
mod client;
mod error;
mod export;
mod filter;
mod key;
mod last_sent;
mod pause;
mod producer;
mod schedule;
mod snapshot;
mod status;

pub use self::bounding_box::{BoundingBox, BoundingBoxError};
pub use self::client::{AirlabsClient, BASE_URL, ClientOptions};
pub use self::error::{ClientError, RequestError};
pub use self::export::{ExportFailure, export};
pub use self::filter::{FieldList, FieldListError, Filter};
pub use self::key::{ApiKey, ApiKeyError};
pub use self::pause::{Pause, RealPause};
pub use self::producer::{AirlabsProducer, ProducerError, TOPIC};
pub use self::schedule::{Failure, Schedule, ScheduleOptions};
pub use self::snapshot::{RawMessage, Snapshot};
pub use self::status::{ProducerStatus, StatusHandle};
