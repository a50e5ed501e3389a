use std::sync::Arc;

use flightstream_core::log::Log;
use flightstream_core::search::elastic::ElasticStore;
use flightstream_core::search::{Mapping, SearchStore};
use futures::executor::block_on;

use super::indexing::{GROUP, app, bulk_options, sink};
use crate::cli;
use crate::data::topics;
use crate::error::CommandError;

/// Builds a new index from the topic and lets the alias point to it, while the old one is searched and written to.
pub(crate) fn reindex(
    log: &Arc<dyn Log>,
    store: &ElasticStore,
    alias: &str,
    options: &cli::ElasticIndexing,
) -> Result<(), CommandError> {
    let set_up = |error| CommandError::Elastic(error);
    let mapping = Mapping::flights();
    if block_on(store.set_up_index(alias, &mapping)).map_err(set_up)? {
        // There was none, so there is nothing to build anew.
        return Ok(());
    }
    let next = block_on(store.create_next_index(alias, &mapping)).map_err(set_up)?;
    tracing::info!("building {next} from {}", topics::ENRICHED);
    // A group of its own: the one of the alias goes on where it is.
    let group = format!("{GROUP}-{next}");
    let building = app(
        &group,
        topics::ENRICHED,
        sink(store, &next, bulk_options(options)),
        true,
    );
    let building = building.start(log)?;
    building.wait_until_caught_up()?;
    block_on(store.refresh(&next)).map_err(set_up)?;
    let before = block_on(store.switch_alias(alias, &next)).map_err(set_up)?;
    // What was written to the old index until the switch is in the topic by now.
    building.wait_until_caught_up()?;
    building.stop()?;
    tracing::info!(
        "{alias} is {next} now; {} is not used any more and can be deleted",
        before.join(", ")
    );
    Ok(())
}
