//! Looks each flight's airline up in a service that takes its time and is away now and then, eight at once, and keeps the
//! order.
//!
//! ```sh
//! cargo run -p flightstream-core --example 10_async_lookup --all-features
//! ```

#![allow(
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "an example shows what it does and checks it"
)]

use std::collections::HashSet;
use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use flightstream_core::Records;
use flightstream_core::batch::{Raw, Record, Rejection, TopicPartition};
use flightstream_core::log::memory::MemoryLog;
use flightstream_core::log::{Isolation, Log, TopicSpec};
use flightstream_core::operator::Retry;
use flightstream_core::runtime::{App, TaskContext, topic};
use flightstream_core::time::Timestamp;
use futures::channel::oneshot;

/// A service that answers each question from a thread of its own, and no question at the first time.
#[derive(Clone, Default)]
struct Airlines {
    asked: Arc<Mutex<HashSet<String>>>,
}

impl Airlines {
    async fn name(self, flight: String) -> Result<(String, String), Rejection> {
        let (answer, answered) = oneshot::channel();
        let question = flight.clone();
        thread::spawn(move || {
            thread::sleep(Duration::from_millis(2));
            // Nobody may be waiting any more.
            let _ = answer.send(self.answer(&question));
        });
        let name = answered
            .await
            .map_err(|_| Rejection::new("service_is_gone"))??;
        Ok((flight, name))
    }

    fn answer(&self, flight: &str) -> Result<String, Rejection> {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        if asked.insert(flight.to_owned()) {
            return Err(Rejection::new("service_is_away"));
        }
        match flight.get(..2) {
            Some("LO") => Ok("LOT Polish Airlines".to_owned()),
            Some("LH") => Ok("Lufthansa".to_owned()),
            _ => Err(Rejection::new("unknown_airline").with_detail(flight)),
        }
    }
}

fn flight(bytes: &[u8]) -> Result<String, Rejection> {
    String::from_utf8(bytes.to_vec()).map_err(|_| Rejection::new("not_utf8"))
}

fn main() -> Result<(), Box<dyn Error>> {
    let log: Arc<dyn Log> = Arc::new(MemoryLog::default());
    for name in ["flight", "airline", "refused"] {
        log.create_topic(&TopicSpec::new(name, 1))?;
    }
    let record = |flight: &'static str| Record::new(Raw::from(flight), Timestamp::default());
    let flights = ["LO281", "LH2", "XX1", "LO3924"];
    log.writer(Isolation::Immediate)?
        .append("flight", flights.map(record).into())?;

    let airlines = Airlines::default();
    let running = App::new("airlines")
        .source(topic("flight").group("airlines"))
        .pipeline(move |raw, _: TaskContext| {
            let airlines = airlines.clone();
            raw.decode(flight)
                .enrich_async(8, move |flight| airlines.clone().name(flight))
                .retry(Retry::times(2))
        })
        .sink(topic("airline").json())
        .dead_letters("refused")
        .start(&log)?;
    running.wait_until_caught_up()?;
    let status = running.stop()?;

    let mut lines = Vec::new();
    for record in log.read(&TopicPartition::new("airline", 0), 0, 10)? {
        let name =
            String::from_utf8_lossy(record.value.as_bytes().unwrap_or_default()).into_owned();
        let flight = String::from_utf8(record.key.unwrap_or_default().to_vec())?;
        lines.push(format!("{flight} {name}"));
    }
    println!("{}", lines.join("\n"));
    assert_eq!(
        lines,
        [
            r#"LO281 "LOT Polish Airlines""#,
            r#"LH2 "Lufthansa""#,
            r#"LO3924 "LOT Polish Airlines""#,
        ]
    );
    assert_eq!(status.rejected["unknown_airline"], 1);
    Ok(())
}
