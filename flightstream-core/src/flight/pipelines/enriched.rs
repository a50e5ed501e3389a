use super::reports;
use crate::Records;
use crate::batch::{Raw, Record, Rejection};
use crate::flight::{EnrichedFlight, Flight, document};
use crate::runtime::{Encoder, Payload, TaskContext};
use crate::table::Airports;

/// The name under which pipelines expect the table of airports.
pub const AIRPORTS: &str = "airports";

/// Raw Airlabs messages, decoded and joined with their airports. A report without a position is refused, and so is one of
/// the future, see [`reports`].
///
/// ```
/// use std::sync::Arc;
/// use flightstream_core::batch::{Raw, Record};
/// use flightstream_core::flight::pipelines::{self, AIRPORTS, Documents};
/// use flightstream_core::log::{Isolation, Log, TopicSpec, memory::MemoryLog};
/// use flightstream_core::runtime::{App, topic};
/// use flightstream_core::table::Airports;
/// use flightstream_core::time::Timestamp;
///
/// let log: Arc<dyn Log> = Arc::new(MemoryLog::default());
/// log.create_topic(&TopicSpec::new("flight", 1))?;
/// log.create_topic(&TopicSpec::new("flight-enriched", 1).compacted())?;
/// let message = br#"{"hex":"48AE23","lat":52.1,"lng":20.9,"dep_iata":"WAW","arr_iata":"LHR","updated":1706705158}"#;
/// let record = Record::new(Raw::from(&message[..]), Timestamp::default());
/// log.writer(Isolation::Immediate)?.append("flight", vec![record])?;
///
/// let running = App::new("process")
///     .source(topic("flight").group("process"))
///     .table(AIRPORTS, Arc::new(Airports::embedded()))
///     .pipeline(pipelines::enriched)
///     .sink(topic("flight-enriched").encoded(Documents))
///     .start(&log)?;
/// running.wait_until_caught_up()?;
/// assert_eq!(running.stop()?.emitted, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn enriched(
    raw: impl Records<Record = Raw>,
    cx: TaskContext,
) -> impl Records<Record = EnrichedFlight> {
    let mut airports = cx.table::<Airports>(AIRPORTS);
    reports(raw, cx)
        .enrich(Flight::positioned)
        .map(move |flight| flight.located(airports.current()))
}

/// Writes enriched flights as documents (see [`document`]) under the aircraft's address.
#[derive(Clone, Copy, Debug, Default)]
pub struct Documents;

impl Encoder<EnrichedFlight> for Documents {
    fn encode(
        &mut self,
        record: &Record<EnrichedFlight>,
        payload: &mut Payload<'_>,
    ) -> Result<(), Rejection> {
        payload.key(record.value.flight.hex);
        document::encode(&record.value, payload.value());
        Ok(())
    }
}
