//! The dashboard: a page over the index, and what the pipeline tells of itself.

mod access;
mod aircraft;
mod airport;
mod airports;
mod alerts;
mod answer_memory;
mod assets;
mod cache;
mod clusters;
pub(crate) mod connections;
mod csv;
mod error;
mod events;
mod feeds;
mod filters;
mod flight;
mod flights;
mod geojson;
pub(crate) mod headers;
mod history;
#[cfg(test)]
mod hostile_requests;
mod login;
mod movements;
mod openapi;
pub(crate) mod origins;
mod parameters;
mod pipeline;
mod positions;
mod recent;
mod rejects;
mod router;
mod search;
mod search_api;
mod server;
mod shared;
mod stats;
mod suggest;
mod track;
mod windows;

use std::sync::Arc;
use std::time::Duration;

use flightstream_core::search::{EmbeddedStore, SearchStore};
use flightstream_core::time::{Clock, SystemClock, Timestamp};

pub(crate) use self::events::{Pipeline, Pulse, Tick};
pub(crate) use self::feeds::Feeds;
pub(crate) use self::server::Server;
pub(crate) use self::shared::Sources;
use crate::action::Start;
use crate::data::{self, topics};
use crate::elastic::{self, Mirroring};
use crate::error::CommandError;
use crate::latency::Latency;
use crate::metrics::Monitor;
use crate::pipeline::INDEX;
use crate::produce::Progress;
use crate::stages::{End, Stages};
use crate::{Outcome, cli, signals};

/// Removes aircraft that were not heard of for so long before the newest report: by the data's own clock, so that a
/// recording does not vanish because it is old.
pub(crate) fn forget(store: &EmbeddedStore, after: Duration) {
    let Ok(Some(newest)) = store.newest(INDEX, "updated") else {
        return;
    };
    // One report from the future must not make all others old.
    let newest = Timestamp::from_millis(newest).min(SystemClock.now());
    let before = newest.minus(after).as_millis();
    match store.expire_before(INDEX, "updated", before) {
        Ok(0) => {}
        Ok(gone) => tracing::debug!(gone, "forgot aircraft that were not heard of any more"),
        Err(error) => tracing::error!(%error, "cannot forget old aircraft"),
    }
}

/// The dashboard alone: over a data directory that no other process uses, over a Kafka cluster, or over the index of an
/// Elasticsearch.
pub(crate) fn dashboard(options: &cli::Dashboard) -> Outcome {
    let (runtime, interrupted) = signals::runtime().map_err(CommandError::Start)?;
    let server = runtime.block_on(Server::bind(&options.serving))?;
    let monitor = Monitor::start(&options.monitoring)?;
    let is_in_cluster = !options.elastic.urls.is_empty();
    let has_topics = !is_in_cluster || data::are_named(&options.data);
    let log = match has_topics {
        true => data::open(&options.data, "simulate")?,
        false => data::none(&options.data)?,
    };
    let store = Arc::new(EmbeddedStore::new());
    let latency = Arc::new(Latency::default());
    let airports = crate::pipeline::airports(&options.reference)?;
    let (indexing, mirroring) = match is_in_cluster {
        true => {
            let cluster = elastic::connect(&options.elastic, None)?;
            let index = &options.elastic.index;
            (None, Some(Mirroring::start(cluster, index, &store)?))
        }
        false => {
            let start = Start(&log, &monitor);
            let indexing = crate::pipeline::indexing(&options.data, &store, &latency, &start)?;
            (Some(indexing), None)
        }
    };
    let feeds = match has_topics {
        true => Feeds::start(&log, &options.data, &options.serving, &airports.table, true)?,
        false => {
            tracing::info!("without --kafka there are no trails, alerts and statistics");
            Feeds::none()
        }
    };
    let url = server.url();
    let sources = Sources {
        store: Arc::clone(&store),
        airports: airports.table,
        log,
        latency,
        recent: feeds.recent,
        windows: feeds.windows,
    };
    let stages = Stages {
        progress: Progress::default(),
        processing: None,
        statistics: Vec::new(),
        indexing,
        mirroring,
        cluster: None,
        feeds: feeds.stages,
        store,
    };
    let shown = match is_in_cluster {
        true => options.elastic.index.as_str(),
        false => topics::ENRICHED,
    };
    tracing::info!("showing {shown} at {url}");
    runtime.block_on(async {
        let tell = server.start(sources);
        let interrupted = async {
            interrupted.wait().await;
            End::Interrupted
        };
        stages
            .watch(&url, options.serving.forget_after, &tell, interrupted)
            .await
    });
    let stopped = stages.stop();
    stopped.indexed?;
    Ok(stopped.others?)
}

/// How many documents the index holds.
pub(crate) fn total(store: &EmbeddedStore) -> u64 {
    use flightstream_core::search::Query;
    futures::executor::block_on(store.count(INDEX, &Query::MatchAll)).unwrap_or(0)
}
