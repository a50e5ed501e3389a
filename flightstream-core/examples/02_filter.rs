//! Keeps the flights that are in the air; what cannot be read goes to the dead letters, with the reason.
//!
//! ```sh
//! cargo run -p flightstream-core --example 02_filter --all-features
//! ```

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "an example shows what it does and checks it"
)]

use std::error::Error;
use std::sync::Arc;

use flightstream_core::Records;
use flightstream_core::batch::{Raw, Record, TopicPartition};
use flightstream_core::flight::Flight;
use flightstream_core::flight::airlabs::AirlabsJson;
use flightstream_core::log::memory::MemoryLog;
use flightstream_core::log::{Isolation, Log, TopicSpec};
use flightstream_core::runtime::dead_letters::header;
use flightstream_core::runtime::{App, TaskContext, topic};
use flightstream_core::time::Timestamp;

fn airborne(raw: impl Records<Record = Raw>, _: TaskContext) -> impl Records<Record = Flight> {
    raw.decode(AirlabsJson::default())
        .event_time(|flight| flight.updated)
        .filter(Flight::is_airborne)
}

fn main() -> Result<(), Box<dyn Error>> {
    let log: Arc<dyn Log> = Arc::new(MemoryLog::default());
    for name in ["flight", "flight-airborne", "flight-dlq"] {
        log.create_topic(&TopicSpec::new(name, 1))?;
    }
    let messages = [
        r#"{"hex":"48AE23","alt":10668,"speed":828,"updated":1706705158}"#,
        r#"{"hex":"3C6675","alt":0,"speed":12,"updated":1706705158}"#,
        r#"{"hex":"48AE2"#,
        r#"{"hex":"4CA7B5","speed":9}"#,
    ];
    let record = |message: &'static str| Record::new(Raw::from(message), Timestamp::default());
    log.writer(Isolation::Immediate)?
        .append("flight", messages.map(record).into())?;

    let running = App::new("airborne")
        .source(topic("flight").group("airborne"))
        .pipeline(airborne)
        .sink(topic("flight-airborne").json_values())
        .dead_letters("flight-dlq")
        .start(&log)?;
    running.wait_until_caught_up()?;
    let status = running.stop()?;

    let airborne = log.read(&TopicPartition::new("flight-airborne", 0), 0, 10)?;
    for record in &airborne {
        println!(
            "{}",
            String::from_utf8_lossy(record.value.as_bytes().unwrap_or_default())
        );
    }
    let refused = log.read(&TopicPartition::new("flight-dlq", 0), 0, 10)?;
    for letter in &refused {
        let reason = letter.headers.get(header::REASON);
        println!(
            "refused: {}",
            String::from_utf8_lossy(reason.map_or(&[], |reason| reason))
        );
    }
    assert_eq!(
        (status.read, status.emitted, airborne.len(), refused.len()),
        (4, 1, 1, 2)
    );
    Ok(())
}
