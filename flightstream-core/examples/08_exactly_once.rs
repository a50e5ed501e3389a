//! Exactly once: an app dies in the middle of its work, its log is closed and opened again, and every record still counts
//! once.
//!
//! ```sh
//! cargo run -p flightstream-core --example 08_exactly_once --all-features
//! ```

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::needless_pass_by_value,
    reason = "an example shows what it does and checks it"
)]

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use flightstream_core::Records;
use flightstream_core::batch::{Raw, Record, Rejection, TopicPartition};
use flightstream_core::log::embedded::{EmbeddedLog, EmbeddedOptions};
use flightstream_core::log::{Isolation, Log, LogError, TopicSpec};
use flightstream_core::runtime::{App, AppError, Delivery, Running, TaskContext, topic};
use flightstream_core::store::{KeyValueStore, StoreHandle};
use flightstream_core::time::Timestamp;

const REPORTS: u32 = 10_000;

/// The number of reports so far. It lives in a store, whose changes are part of the commits.
fn count(
    raw: impl Records<Record = Raw>,
    cx: TaskContext,
) -> impl Records<Record = (&'static str, u64)> {
    let store: StoreHandle<KeyValueStore<u8, u64>> = cx.store("count");
    raw.decode(|bytes: &[u8]| Ok::<_, Rejection>(bytes.len()))
        .map(move |_| {
            let count = store.write().update(&0, |count| {
                *count.get_or_insert(0) += 1;
                count.unwrap_or(0)
            });
            ("reports", count)
        })
}

fn open(directory: &Path) -> Result<Arc<dyn Log>, LogError> {
    Ok(Arc::new(EmbeddedLog::open(
        directory,
        EmbeddedOptions::default(),
    )?))
}

/// Starts the app. It fails at a count, if one is given, as a bug or a full disk would make it.
fn start(log: &Arc<dyn Log>, fails_at: Option<u64>) -> Result<Running, AppError> {
    App::new("count")
        .source(topic("reports").group("count").batch_size(100))
        .pipeline(move |raw, cx| {
            count(raw, cx).inspect(move |record| {
                assert!(
                    Some(record.value.1) != fails_at,
                    "this is the failure that the example wants"
                );
            })
        })
        .sink(topic("counts").json())
        .delivery(Delivery::ExactlyOnce)
        .commit_every(Duration::from_millis(1))
        .max_restarts(0)
        .start(log)
}

fn main() -> Result<(), Box<dyn Error>> {
    let directory = tempfile::tempdir()?;
    let log = open(directory.path())?;
    for name in ["reports", "counts"] {
        log.create_topic(&TopicSpec::new(name, 1))?;
    }
    let record = |n: u32| Record::new(Raw::from(n.to_string()), Timestamp::default());
    log.writer(Isolation::Immediate)?
        .append("reports", (0..REPORTS).map(record).collect())?;

    let running = start(&log, Some(6_666))?;
    assert!(running.wait_until_caught_up().is_err());
    let error = running.stop().map(drop).unwrap_err();
    println!("first run: {error}");
    drop(log);

    let log = open(directory.path())?;
    let running = start(&log, None)?;
    running.wait_until_caught_up()?;
    let second = running.stop()?.read;
    println!("second run: read {second} of {REPORTS} reports");

    let counts = log.read(&TopicPartition::new("counts", 0), 0, usize::MAX)?;
    let mut counted = 0;
    for record in &counts {
        // One count a report, each one more than the last: none lost, none twice.
        let count: u64 = serde_json::from_slice(record.value.as_bytes().unwrap_or_default())?;
        assert_eq!(count, counted + 1);
        counted = count;
    }
    println!("counted {counted}");
    assert_eq!(counted, u64::from(REPORTS));
    Ok(())
}
