//! Counts reports by route although the topic is partitioned by aircraft: a repartition step brings each route together.
//!
//! ```sh
//! cargo run -p flightstream-core --example 05_repartition --all-features
//! ```

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "an example shows what it does and checks it"
)]

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use flightstream_core::Records;
use flightstream_core::batch::{Raw, Record, TopicPartition};
use flightstream_core::flight::airlabs::AirlabsJson;
use flightstream_core::flight::pipelines::Route;
use flightstream_core::log::memory::MemoryLog;
use flightstream_core::log::{Isolation, Log, TopicSpec};
use flightstream_core::runtime::{App, TaskContext, topic};
use flightstream_core::time::Timestamp;
use flightstream_core::window::{Emit, Tumbling, WindowedKey};

const PARTITIONS: u32 = 3;

/// Without `repartition` this does not compile: a route's reports are in several partitions, and each task would count
/// its share.
fn reports(
    raw: impl Records<Record = Raw>,
    cx: TaskContext,
) -> impl Records<Record = (WindowedKey<Route>, u64)> {
    raw.decode(AirlabsJson::default())
        .event_time(|flight| flight.updated)
        .flat_map(|flight| Route::of(&flight))
        .key_by(|route| *route)
        .repartition("by-route", &cx)
        .windowed(Tumbling::of(Duration::from_secs(900)).grace(Duration::from_secs(180)))
        .count(cx.store("reports"))
        .emit(Emit::on_update())
}

fn main() -> Result<(), Box<dyn Error>> {
    let log: Arc<dyn Log> = Arc::new(MemoryLog::default());
    for name in ["flight", "routes"] {
        log.create_topic(&TopicSpec::new(name, PARTITIONS))?;
    }
    let record = |n: u32| {
        let (hex, from) = (
            format!("48AE{n:02X}"),
            if n.is_multiple_of(3) { "KRK" } else { "WAW" },
        );
        let message = format!(
            r#"{{"hex":"{hex}","dep_iata":"{from}","arr_iata":"LHR","updated":1706705158}}"#
        );
        Record {
            key: Some(hex.into()),
            ..Record::new(Raw::from(message), Timestamp::default())
        }
    };
    log.writer(Isolation::Immediate)?
        .append("flight", (0..60).map(record).collect())?;

    let running = App::new("routes")
        .source(topic("flight").group("routes"))
        .pipeline(reports)
        .sink(topic("routes").json())
        .start(&log)?;
    running.wait_until_caught_up()?;
    running.stop()?;

    let mut counts = BTreeMap::new();
    for partition in 0..PARTITIONS {
        for record in log.read(&TopicPartition::new("routes", partition), 0, 100)? {
            let key = String::from_utf8(record.key.unwrap_or_default().to_vec())?;
            let count: u64 = serde_json::from_slice(record.value.as_bytes().unwrap_or_default())?;
            // The updates of a route are in one partition, in order.
            counts.insert(key, count);
        }
    }
    println!("{counts:?}");
    assert_eq!(counts["KRK-LHR@1706705100000"], 20);
    assert_eq!(counts["WAW-LHR@1706705100000"], 40);
    Ok(())
}
