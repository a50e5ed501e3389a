//! Runs pipelines: one task a partition on a few worker threads, with one commit path.
//!
//! ```
//! use std::sync::Arc;
//! use flightstream_core::batch::{Raw, Record, Rejection};
//! use flightstream_core::log::{Isolation, Log, TopicSpec, memory::MemoryLog};
//! use flightstream_core::runtime::{App, Delivery, TaskContext, topic};
//! use flightstream_core::time::Timestamp;
//! use flightstream_core::Records;
//!
//! fn lengths(raw: impl Records<Record = Raw>, _: TaskContext) -> impl Records<Record = (String, usize)> {
//!     raw.decode(|bytes: &[u8]| {
//!         String::from_utf8(bytes.to_vec()).map_err(|_| Rejection::new("not_utf8"))
//!     })
//!     .map(|text| (text.clone(), text.len()))
//! }
//!
//! let log: Arc<dyn Log> = Arc::new(MemoryLog::default());
//! for name in ["words", "lengths", "words-dlq"] {
//!     log.create_topic(&TopicSpec::new(name, 2))?;
//! }
//! let word = |bytes: &'static [u8]| Record::new(Raw::from(bytes), Timestamp::default());
//! log.writer(Isolation::Immediate)?.append("words", vec![word(b"tower"), word(b"\xff")])?;
//!
//! let running = App::new("word-lengths")
//!     .source(topic("words").group("word-lengths"))
//!     .pipeline(lengths)
//!     .sink(topic("lengths").json())
//!     .dead_letters("words-dlq")
//!     .delivery(Delivery::ExactlyOnce)
//!     .start(&log)?;
//! running.wait_until_caught_up()?;
//! let status = running.stop()?;
//! assert_eq!((status.read, status.emitted, status.rejected["not_utf8"]), (2, 1, 1));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The commit path
//!
//! Every interval a worker stops pulling, drains the acks of what is in flight, flushes its sinks, and commits: what
//! its tasks wrote together with the offsets that they have read. With [`Delivery::ExactlyOnce`] that commit is one
//! transaction; with [`Delivery::AtLeastOnce`] outputs become visible as they are written, and a crash repeats those
//! since the last commit.
//!
//! # Failures
//!
//! A panic or a [`Fatal`](crate::Fatal) error in a task drops what it has not committed; the task starts again from the
//! last commit after a pause that grows with each failure in a row, up to 30 s. A commit of its own ends the row.
//!
//! A record that a stage refuses becomes a dead letter, or is skipped, or ends the app: see
//! [`OnFailure`](crate::OnFailure).
//!
//! # Who waits for whom
//!
//! The tasks of a worker take turns, a batch each. One that waits for an answer, for a [retry](crate::operator::Retry) or
//! for its restart is not polled meanwhile, and the others go on. At a commit:
//!
//! - With [`Delivery::AtLeastOnce`] each task commits once it is drained. One whose answers take their time commits
//!   later and holds up nobody.
//! - With [`Delivery::ExactlyOnce`] one transaction covers all tasks of a worker. So at a commit they wait for the
//!   slowest, and when one fails the others go back to the last commit with it. [`App::workers`] with as many workers as
//!   partitions keeps them apart.
//! - A stop, a pause, and partitions that go to another member wait for what is in flight; a stop does so up to
//!   [`App::drain_deadline`].
//!
//! # From outside
//!
//! [`App::describe`] shows what an app consists of before it is started. [`Running::status`] and [`Running::health`] tell
//! what it does, [`Running::store`] looks at its state, [`Running::pause`] halts it. A pipeline function is tested with
//! `testing::TestDriver` (feature `testing`); feature `metrics` measures what runs.

mod app;
pub(crate) mod backoff;
mod changelog;
mod context;
mod control;
pub mod dead_letters;
mod delivery;
mod describe;
mod encoder;
mod inlet;
mod lag;
pub(crate) mod meter;
#[cfg(feature = "metrics")]
pub mod metrics;
mod query;
mod report;
mod reset;
mod running;
mod sink;
mod slot;
mod snapshots;
mod source;
mod state_dir;
mod status;
#[cfg(feature = "testing")]
pub(crate) mod stepped;
mod task;
mod topic_feed;
mod tracker;
mod worker;

#[cfg(feature = "testing")]
pub(crate) use self::app::Prepared;
pub use self::app::{App, AppError, Topic, topic};
pub(crate) use self::context::Outbox;
pub use self::context::TaskContext;
pub use self::delivery::Delivery;
pub use self::describe::{Operator, SinkDescription, StoreDescription, Topology};
pub use self::encoder::{Encoder, Json, JsonValues, Payload};
pub(crate) use self::inlet::Inlet;
pub use self::lag::PartitionLag;
pub use self::query::{Partitions, QueryError};
pub use self::reset::{Reset, ResetTo};
pub use self::running::Running;
pub use self::sink::{MakeSink, Outputs, Sink, TopicSink};
pub use self::source::{Source, TaskRecords};
pub use self::state_dir::StoreKind;
pub use self::status::{Health, Status, TaskState};
