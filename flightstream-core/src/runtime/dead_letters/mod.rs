//! The topic of refused records: what lies there, and how to put it back.
//!
//! A dead letter is the record as it was read, with its key, value and headers, and further headers that say why it is
//! there ([`header`]). [`DeadLetters`] reads them, [`Replay`] sends them once more where they came from.
//!
//! ```
//! use std::sync::Arc;
//! use flightstream_core::batch::{Raw, Record, Rejection};
//! use flightstream_core::log::{Isolation, Log, TopicSpec, memory::MemoryLog};
//! use flightstream_core::runtime::dead_letters::{DeadLetters, Filter, Replay};
//! use flightstream_core::runtime::{App, topic};
//! use flightstream_core::time::Timestamp;
//! use flightstream_core::Records;
//!
//! let log: Arc<dyn Log> = Arc::new(MemoryLog::default());
//! for name in ["in", "out", "dlq"] {
//!     log.create_topic(&TopicSpec::new(name, 1))?;
//! }
//! log.writer(Isolation::Immediate)?.append("in", vec![Record::new(Raw::from("x"), Timestamp::default())])?;
//! let refuse = |_: &[u8]| Err::<u32, _>(Rejection::new("not_a_number"));
//! let app = App::new("numbers").source(topic("in").group("numbers")).dead_letters("dlq");
//! let running = app.pipeline(move |raw, _| raw.decode(refuse)).sink(topic("out").json_values()).start(&log)?;
//! running.wait_until_caught_up()?;
//! running.stop()?;
//!
//! let letter = DeadLetters::read(&*log, "dlq", Filter::default())?.next().unwrap()?;
//! assert_eq!((letter.reason.as_str(), letter.stage.as_str()), ("not_a_number", "decode"));
//!
//! // Once it is clear why, and the program is corrected:
//! let replay = Replay::of("dlq").filter(Filter { reasons: vec!["not_a_number".into()], ..Filter::default() });
//! assert_eq!(replay.run(&*log)?.sent["in"], 1);
//! assert_eq!(replay.run(&*log)?.sent_before, 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod filter;
mod letter;
mod offsets;
mod reader;
mod replay;
mod summary;

pub use self::filter::Filter;
pub use self::letter::{DeadLetter, printable};
pub use self::reader::DeadLetters;
pub use self::replay::{Replay, Replayed};
pub use self::summary::{Group, summary};
use crate::batch::{Raw, Record, Rejected, TopicPartition};

/// The headers of a dead letter: the six meanings of Kafka's KIP-1034 under a prefix of our own.
///
/// | Kafka Streams `__streams.errors.…` | here `__flightstream.errors.…` |
/// | --- | --- |
/// | `exception`, the class of the error | [`reason`](header::REASON): a code out of a small set |
/// | `message` | [`message`](header::MESSAGE) |
/// | `stacktrace`, where in the program | [`stage`](header::STAGE): the operator's name |
/// | `topic`, `partition`, `offset` | [`topic`](header::TOPIC), [`partition`](header::PARTITION), [`offset`](header::OFFSET) |
pub mod header {
    /// The reason's code, such as `malformed_json`.
    pub const REASON: &str = "__flightstream.errors.reason";
    /// A sentence about this record.
    pub const MESSAGE: &str = "__flightstream.errors.message";
    /// The operator that refused it, such as `decode`.
    pub const STAGE: &str = "__flightstream.errors.stage";
    /// The topic it was read from.
    pub const TOPIC: &str = "__flightstream.errors.topic";
    /// The partition it was read from, in decimal.
    pub const PARTITION: &str = "__flightstream.errors.partition";
    /// The offset it was read at, in decimal.
    pub const OFFSET: &str = "__flightstream.errors.offset";
    /// How often it was sent once more before, in decimal; absent at first. It stays with the record.
    pub const REPLAYS: &str = "__flightstream.replays";

    /// What the headers that a replay takes away begin with.
    pub(super) const ERRORS: &str = "__flightstream.errors.";
}

/// The record that goes to the dead-letter topic: original key, value and headers, and why it is there.
pub(crate) fn dead_letter(rejected: Rejected, from: Option<&TopicPartition>) -> Record<Raw> {
    let Rejected {
        key,
        value,
        mut headers,
        event_time,
        origin,
        stage,
        rejection,
        is_skipped: _,
    } = rejected;
    headers.push(header::REASON, rejection.reason().to_owned());
    headers.push(header::MESSAGE, rejection.detail().to_owned());
    headers.push(header::STAGE, stage);
    if let Some(from) = from {
        headers.push(header::TOPIC, from.topic().to_owned());
        headers.push(header::PARTITION, from.partition().to_string());
        headers.push(header::OFFSET, origin.to_string());
    }
    Record {
        key,
        value: Raw(value),
        event_time,
        headers,
        origin,
    }
}
