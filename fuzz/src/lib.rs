//! What must hold for any input: one function a target.
//!
//! The targets call them with what the fuzzer makes up, and an ordinary test of the library,
//! `flightstream-core/tests/fuzz_corpus.rs`, with the committed inputs.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    missing_docs,
    unreachable_pub,
    reason = "a check that fails should end the process"
)]

pub mod airlabs_json;
#[cfg(feature = "elastic")]
pub mod bulk_answer;
pub mod embedded_log;
pub mod flight_csv;
pub mod readsb_json;
pub mod search_request;
pub mod snapshot;
pub mod tables;
pub mod windows;
