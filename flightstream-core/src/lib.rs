//! Typed flight records in, composable async streams of batches, exactly-once results out.
//!
//! A library in the shape of Kafka Streams, for live flight data and for anything else that comes as keyed records. A
//! pipeline is an ordinary function from [`Records`] to [`Records`]; an [`App`](runtime::App) calls it once for each
//! partition of its topic and commits what it wrote together with what it read.
//!
//! It features:
//!
//! - operators as stream adapters over *batches*, so that `async` costs something once in a thousand records
//! - records that cannot be used leave by a dead-letter topic, with the reason; they are never lost in silence
//! - at-least-once and exactly-once delivery by one and the same commit path
//! - the same pipeline on a log in memory (tests) and on a durable one in a local directory (feature `embedded`)
//! - typed flights in SI units, their decoder for the Airlabs API, a table of 17,000 airports, simulated traffic
//! - an index in memory that understands a documented subset of Elasticsearch's JSON
//! - laws that operators have to keep, as property tests for your own (feature `testing`)
//!
//! It is not:
//!
//! - a SQL engine, or a graph of operators that is planned: what you write is what runs
//! - a Kafka broker: the embedded log belongs to one process
//! - a search engine: nothing is analysed or ranked
//!
//! Without features it brings neither an async runtime nor a C library.
//!
//! ```
//! use std::sync::Arc;
//! use flightstream_core::Records;
//! use flightstream_core::batch::{Raw, Record};
//! use flightstream_core::flight::airlabs::AirlabsJson;
//! use flightstream_core::flight::pipelines::Documents;
//! use flightstream_core::flight::{EnrichedFlight, Flight};
//! use flightstream_core::log::{Isolation, Log, TopicSpec, memory::MemoryLog};
//! use flightstream_core::runtime::{App, Delivery, TaskContext, topic};
//! use flightstream_core::table::Airports;
//! use flightstream_core::time::Timestamp;
//!
//! fn airborne(raw: impl Records<Record = Raw>, cx: TaskContext) -> impl Records<Record = EnrichedFlight> {
//!     let mut airports = cx.table::<Airports>("airports");
//!     raw.decode(AirlabsJson::default())
//!         .event_time(|flight| flight.updated)
//!         .filter(Flight::is_airborne)
//!         .enrich(Flight::positioned)
//!         .map(move |flight| flight.located(airports.current()))
//! }
//!
//! let log: Arc<dyn Log> = Arc::new(MemoryLog::default());
//! for name in ["flight", "airborne", "refused"] {
//!     log.create_topic(&TopicSpec::new(name, 4))?;
//! }
//! let message = br#"{"hex":"48AE23","lat":52.1,"lng":20.9,"alt":3060,"speed":610,"updated":1706705158}"#;
//! let records = vec![Record::new(Raw::from(&message[..]), Timestamp::default())];
//! log.writer(Isolation::Immediate)?.append("flight", records)?;
//!
//! let running = App::new("airborne-flights")
//!     .source(topic("flight").group("airborne-flights"))
//!     .table("airports", Arc::new(Airports::embedded()))
//!     .pipeline(airborne)
//!     .sink(topic("airborne").encoded(Documents))
//!     .dead_letters("refused")
//!     .delivery(Delivery::ExactlyOnce)
//!     .start(&log)?;
//! running.wait_until_caught_up()?;
//! assert_eq!(running.stop()?.emitted, 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod batch;
mod date;
mod error;
pub mod flight;
pub mod guide;
pub mod log;
pub mod operator;
pub mod producer;
mod records;
pub mod runtime;
pub mod search;
pub mod store;
mod sync;
pub mod table;
#[cfg(feature = "testing")]
pub mod testing;
pub mod time;
pub mod window;

pub use self::error::{Fatal, OnFailure};
pub use self::records::{Records, from_batches, from_values};
