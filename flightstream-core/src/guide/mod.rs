//! Guides: texts to read, without items.
//!
//! - [Coming from Kafka Streams](coming_from_kafka_streams): their call, ours, and what is different.
//! - [Writing an operator](writing_an_operator): the five laws, step by step.
//!
//! The [examples](https://github.com/flightstream/flightstream/tree/main/flightstream-core/examples) are small complete
//! programs, numbered by difficulty.

#[doc = include_str!("coming_from_kafka_streams.md")]
pub mod coming_from_kafka_streams {}

#[doc = include_str!("writing_an_operator.md")]
pub mod writing_an_operator {}
