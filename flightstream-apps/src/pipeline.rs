use std::sync::Arc;

use flightstream_core::Records;
use flightstream_core::batch::Raw;
use flightstream_core::flight::pipelines::{self, AIRPORTS, Documents};
use flightstream_core::flight::{EnrichedFlight, FlightType};
use flightstream_core::log::Log;
use flightstream_core::runtime::{App, AppError, Delivery, Running, TaskContext, topic};
use flightstream_core::search::{EmbeddedStore, IndexSink, Mapping, SearchStore};
use flightstream_core::table::Airports;

use crate::cli::{self, DeliveryKind};
use crate::data::topics;
use crate::error::CommandError;

/// The index of the current state.
pub(crate) const INDEX: &str = "esflight";

/// The table that the options ask for.
pub(crate) fn airports(options: &cli::Processing) -> Result<Arc<Airports>, CommandError> {
    Ok(Arc::new(match &options.airports {
        Some(path) => Airports::from_path(path)?,
        None => Airports::embedded(),
    }))
}

/// Starts the processing stage: `flight` → `flight-enriched`.
pub(crate) fn start_processing(
    log: &Arc<dyn Log>,
    options: &cli::Processing,
    airports: &Arc<Airports>,
) -> Result<Running, CommandError> {
    let delivery = match options.delivery {
        DeliveryKind::AtLeastOnce => Delivery::AtLeastOnce,
        DeliveryKind::ExactlyOnce => Delivery::ExactlyOnce,
    };
    let app = App::new("process")
        .source(topic(topics::FLIGHT).group("process"))
        .table(AIRPORTS, Arc::clone(airports))
        .pipeline(pipelines::enriched)
        .sink(
            topic(topics::ENRICHED)
                .encoded(Documents)
                .tally(flight_type),
        )
        .dead_letters(topics::DEAD_LETTERS)
        .delivery(delivery)
        .workers(usize::from(options.workers));
    Ok(app.start(log)?)
}

/// Starts the indexing stage: `flight-enriched` → index. The embedded index lives in memory, so it is rebuilt from the
/// topic at each start.
pub(crate) fn start_indexing(
    log: &Arc<dyn Log>,
    store: &Arc<EmbeddedStore>,
) -> Result<Running, CommandError> {
    futures::executor::block_on(store.ensure_index(INDEX, &Mapping::flights()))?;
    let store: Arc<dyn SearchStore> = Arc::<EmbeddedStore>::clone(store);
    let app = App::new("index")
        .source(topic(topics::ENRICHED).group("index").from_earliest())
        .pipeline(documents)
        .sink(IndexSink::new(store, INDEX))
        .dead_letters(topics::DEAD_LETTERS)
        .commit_every(std::time::Duration::from_millis(200));
    let running: Result<Running, AppError> = app.start(log);
    Ok(running?)
}

/// The topic holds documents already.
fn documents(raw: impl Records<Record = Raw>, _: TaskContext) -> impl Records<Record = Raw> {
    raw
}

fn flight_type(enriched: &EnrichedFlight) -> &'static str {
    match enriched.flight_type {
        FlightType::Domestic => "Domestic",
        FlightType::International => "International",
        FlightType::Unknown => "Unknown",
    }
}
