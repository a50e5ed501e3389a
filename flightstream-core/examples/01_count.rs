//! Counts airlines in a stream of callsigns: the word count of flight data.
//!
//! ```sh
//! cargo run -p flightstream-core --example 01_count --all-features
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

use flightstream_core::Records;
use flightstream_core::batch::{Raw, Record, Rejection, TopicPartition};
use flightstream_core::log::memory::MemoryLog;
use flightstream_core::log::{Isolation, Log, TopicSpec};
use flightstream_core::runtime::{App, TaskContext, topic};
use flightstream_core::store::{KeyValueStore, StoreHandle};
use flightstream_core::time::Timestamp;

/// A message holds some callsigns. Each gives the new count of its airline.
fn airlines(
    raw: impl Records<Record = Raw>,
    cx: TaskContext,
) -> impl Records<Record = (String, u64)> {
    let counts: StoreHandle<KeyValueStore<String, u64>> = cx.store("counts");
    raw.decode(text)
        .flat_map(|text| text.split(' ').map(airline).collect::<Vec<_>>())
        .map(move |airline| {
            let count = counts.write().update(&airline, |count| {
                let count = count.get_or_insert(0);
                *count += 1;
                *count
            });
            (airline, count)
        })
}

fn text(bytes: &[u8]) -> Result<String, Rejection> {
    String::from_utf8(bytes.to_vec()).map_err(|_| Rejection::new("not_utf8"))
}

fn airline(callsign: &str) -> String {
    callsign.chars().take(3).collect()
}

fn main() -> Result<(), Box<dyn Error>> {
    let log: Arc<dyn Log> = Arc::new(MemoryLog::default());
    log.create_topic(&TopicSpec::new("callsigns", 1))?;
    // Compacted: what stays is the newest count of each airline.
    log.create_topic(&TopicSpec::new("airlines", 1).compacted())?;
    let messages = ["LOT281 DLH4AB LOT3", "BAW12", "LOT61 BAW9T"];
    let record = |message: &'static str| Record::new(Raw::from(message), Timestamp::default());
    log.writer(Isolation::Immediate)?
        .append("callsigns", messages.map(record).into())?;

    let running = App::new("count-airlines")
        .source(topic("callsigns").group("count-airlines"))
        .pipeline(airlines)
        .sink(topic("airlines").json())
        .start(&log)?;
    running.wait_until_caught_up()?;
    running.stop()?;

    let mut newest = std::collections::BTreeMap::new();
    for record in log.read(&TopicPartition::new("airlines", 0), 0, 100)? {
        let airline = String::from_utf8(record.key.unwrap_or_default().to_vec())?;
        let count: u64 = serde_json::from_slice(record.value.as_bytes().unwrap_or_default())?;
        newest.insert(airline, count);
    }
    println!("{newest:?}");
    let expected = [("BAW", 2), ("DLH", 1), ("LOT", 3)];
    assert!(
        newest
            .iter()
            .map(|(airline, count)| (airline.as_str(), *count))
            .eq(expected)
    );
    Ok(())
}
