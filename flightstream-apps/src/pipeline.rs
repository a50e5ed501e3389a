use std::sync::Arc;
use std::time::Duration;

use flightstream_core::Records;
use flightstream_core::flight::pipelines::{self, AIRPORTS, Documents};
use flightstream_core::flight::{EnrichedFlight, FlightType};
use flightstream_core::runtime::{App, Delivery, TaskContext, TaskRecords, topic};
use flightstream_core::search::{EmbeddedStore, IndexSink, Mapping, SearchStore};
use flightstream_core::table::{Airports, SharedTable, TableFile, TableWatch};

use crate::action::{self, Action};
use crate::cli::{self, DeliveryKind, Outdated};
use crate::data::{self, topics};
use crate::error::CommandError;
use crate::latency::Latency;

/// The index of the current state.
pub(crate) const INDEX: &str = "esflight";

/// How often the file of the airports is looked at.
const AIRPORTS_INTERVAL: Duration = Duration::from_secs(5);

/// The table that the options ask for. A file is watched as long as this lives.
pub(crate) struct AirportsTable {
    pub(crate) table: SharedTable<Airports>,
    _watch: Option<TableWatch>,
}

/// The table that the options ask for.
pub(crate) fn airports(options: &cli::Reference) -> Result<AirportsTable, CommandError> {
    let Some(path) = &options.airports else {
        return Ok(AirportsTable {
            table: SharedTable::new(Airports::embedded()),
            _watch: None,
        });
    };
    let file = TableFile::open(path, |path| Airports::from_path(path))?;
    let table = file.table().clone();
    let watch = file.watch(AIRPORTS_INTERVAL).map_err(CommandError::Start)?;
    Ok(AirportsTable {
        table,
        _watch: Some(watch),
    })
}

/// The processing stage: `flight` → `flight-enriched`.
pub(crate) fn processing<A: Action>(
    data: &cli::Data,
    options: &cli::Processing,
    airports: &SharedTable<Airports>,
    action: &A,
) -> Result<A::Outcome, CommandError> {
    // Kafka compacts by offset: an outdated report would be what is left of its aircraft.
    let drops_outdated = match options.outdated {
        Some(outdated) => outdated == Outdated::Drop,
        None => data.cluster.kafka.is_some(),
    };
    match drops_outdated {
        true => process(options, airports, pipelines::latest_positions, action),
        false => process(options, airports, pipelines::enriched, action),
    }
}

fn process<P, R, A>(
    options: &cli::Processing,
    airports: &SharedTable<Airports>,
    pipeline: P,
    action: &A,
) -> Result<A::Outcome, CommandError>
where
    P: Fn(TaskRecords, TaskContext) -> R + Send + Sync + 'static,
    R: Records<Record = EnrichedFlight> + 'static,
    A: Action,
{
    let delivery = match options.delivery {
        DeliveryKind::AtLeastOnce => Delivery::AtLeastOnce,
        DeliveryKind::ExactlyOnce => Delivery::ExactlyOnce,
    };
    let app = App::new("process")
        .source(topic(topics::FLIGHT).group("process"))
        .table(AIRPORTS, airports.clone())
        .pipeline(pipeline)
        .sink(
            topic(topics::ENRICHED)
                .encoded(Documents)
                .tally(flight_type),
        )
        .dead_letters(topics::DEAD_LETTERS)
        .delivery(delivery)
        .workers(usize::from(options.workers));
    action.apply(action::with_state(app, &options.state)?)
}

/// The indexing stage: `flight-enriched` → index. The embedded index lives in memory, so it is rebuilt from the topic at
/// each start.
pub(crate) fn indexing<A: Action>(
    data: &cli::Data,
    store: &Arc<EmbeddedStore>,
    latency: &Arc<Latency>,
    action: &A,
) -> Result<A::Outcome, CommandError> {
    futures::executor::block_on(store.ensure_index(INDEX, &Mapping::flights()))?;
    let store: Arc<dyn SearchStore> = Arc::<EmbeddedStore>::clone(store);
    let latency = Arc::clone(latency);
    let app = App::new("index")
        .source(
            topic(topics::ENRICHED)
                .group(data::view_group(data, "index"))
                .from_earliest(),
        )
        .pipeline(move |raw: TaskRecords, _| {
            // The topic holds documents already.
            let latency = Arc::clone(&latency);
            raw.inspect(move |record| latency.observe(record.event_time))
        })
        .sink(IndexSink::new(store, INDEX))
        .dead_letters(topics::DEAD_LETTERS)
        .commit_every(Duration::from_millis(200));
    action.apply(app)
}

fn flight_type(enriched: &EnrichedFlight) -> &'static str {
    match enriched.flight_type {
        FlightType::Domestic => "Domestic",
        FlightType::International => "International",
        FlightType::Unknown => "Unknown",
    }
}
