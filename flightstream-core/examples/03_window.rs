//! Counts landings a minute, by the time of the landing. One report comes too late.
//!
//! ```sh
//! cargo run -p flightstream-core --example 03_window --all-features
//! ```

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::needless_pass_by_value,
    reason = "an example shows what it does and checks it"
)]

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use flightstream_core::Records;
use flightstream_core::batch::{Raw, Record, Rejection, TopicPartition};
use flightstream_core::log::memory::MemoryLog;
use flightstream_core::log::{Isolation, Log, TopicSpec};
use flightstream_core::runtime::{App, TaskContext, topic};
use flightstream_core::time::Timestamp;
use flightstream_core::window::{Emit, Tumbling, WindowedKey};

/// The second of a landing, and the airport.
type Landing = (i64, String);

fn landings(
    raw: impl Records<Record = Raw>,
    cx: TaskContext,
) -> impl Records<Record = (WindowedKey<String>, u64)> {
    raw.decode(landing)
        .event_time(|(second, _)| Timestamp::from_seconds(*second))
        .key_by(|(_, airport)| airport.clone())
        .assume_aligned() // the messages have the airport as their key already
        .windowed(Tumbling::of(Duration::from_secs(60)).grace(Duration::from_secs(10)))
        .count(cx.store("landings"))
        .emit(Emit::on_close())
}

fn landing(bytes: &[u8]) -> Result<Landing, Rejection> {
    serde_json::from_slice(bytes).map_err(|error| Rejection::new("no_landing").with_detail(error))
}

fn main() -> Result<(), Box<dyn Error>> {
    let log: Arc<dyn Log> = Arc::new(MemoryLog::default());
    for name in ["landings", "landings-a-minute"] {
        log.create_topic(&TopicSpec::new(name, 1))?;
    }
    let landings_seen = [
        (5, "WAW"),
        (20, "LHR"),
        (50, "WAW"),
        (65, "WAW"),
        (58, "WAW"), // out of order, within the grace
        (70, "LHR"), // the first minute closes: it ended 10 s ago
        (59, "WAW"), // late
        (140, "WAW"),
    ];
    let record = |(second, airport): (i64, &'static str)| Record {
        key: Some(airport.into()),
        ..Record::new(
            Raw::from(format!("[{second},\"{airport}\"]")),
            Timestamp::default(),
        )
    };
    log.writer(Isolation::Immediate)?
        .append("landings", landings_seen.map(record).into())?;

    let running = App::new("landings")
        .source(topic("landings").group("landings"))
        .pipeline(landings)
        .sink(topic("landings-a-minute").json())
        .start(&log)?;
    running.wait_until_caught_up()?;
    let status = running.stop()?;

    let mut results = Vec::new();
    for record in log.read(&TopicPartition::new("landings-a-minute", 0), 0, 10)? {
        let key = String::from_utf8(record.key.unwrap_or_default().to_vec())?;
        let count = String::from_utf8_lossy(record.value.as_bytes().unwrap_or_default());
        println!("{key}: {count}");
        results.push(format!("{key} {count}"));
    }
    assert_eq!(
        results,
        ["LHR@0 1", "WAW@0 3", "LHR@60000 1", "WAW@60000 1"]
    );
    assert_eq!(status.rejected["late"], 1);
    Ok(())
}
