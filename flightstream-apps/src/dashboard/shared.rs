use std::sync::Arc;

use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use flightstream_core::log::Log;
use flightstream_core::search::{EmbeddedStore, Query, SearchRequest, SearchStore};
use flightstream_core::table::{Airports, SharedTable};
use serde_json::{Value, json};
use tokio::sync::{Semaphore, watch};

use super::cache::{Answer, Cache};
use super::error::ApiError;
use super::events::{Pulse, most_listeners};
use super::filters;
use super::parameters::Parameters;
use super::recent::Recent;
use super::windows::Windows;
use crate::latency::Latency;
use crate::pipeline::INDEX;

/// What the dashboard shows.
#[derive(Debug)]
pub(crate) struct Sources {
    pub(crate) store: Arc<EmbeddedStore>,
    pub(crate) airports: SharedTable<Airports>,
    pub(crate) log: Arc<dyn Log>,
    pub(crate) latency: Arc<Latency>,
    pub(crate) recent: Arc<Recent>,
    pub(crate) windows: Arc<Windows>,
}

/// What the handlers share.
#[derive(Clone, Debug)]
pub(super) struct Shared(Arc<Inner>);

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) sources: Sources,
    pub(super) pulse: watch::Receiver<Arc<Pulse>>,
    pub(super) listeners: Arc<Semaphore>,
    pub(super) most_listeners: usize,
    cache: Cache,
}

impl std::ops::Deref for Shared {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl Shared {
    pub(super) fn new(sources: Sources, pulse: watch::Receiver<Arc<Pulse>>) -> Self {
        let most_listeners = most_listeners();
        Self(Arc::new(Inner {
            sources,
            pulse,
            listeners: Arc::new(Semaphore::new(most_listeners)),
            most_listeners,
            cache: Cache::default(),
        }))
    }

    /// Answers a question, once for all that ask it within a tick.
    pub(super) async fn answer(
        &self,
        uri: &Uri,
        headers: &HeaderMap,
        make: impl FnOnce(&Self) -> Result<Answer, ApiError>,
    ) -> Result<Response, ApiError> {
        let tick = self.pulse.borrow().tick.now;
        let question = uri.path_and_query().map_or("/", |whole| whole.as_str());
        let answer = self.cached(tick, question, || make(self));
        Ok(answer.await?.respond(headers))
    }

    /// Whatever is answered once a tick.
    pub(super) async fn cached(
        &self,
        tick: i64,
        question: &str,
        make: impl FnOnce() -> Result<Answer, ApiError>,
    ) -> Result<Answer, ApiError> {
        self.cache.get(tick.cast_unsigned(), question, make).await
    }

    /// The same in JSON.
    pub(super) async fn answer_json(
        &self,
        uri: &Uri,
        headers: &HeaderMap,
        make: impl FnOnce(&Self) -> Result<Value, ApiError>,
    ) -> Result<Response, ApiError> {
        let make = |shared: &Self| Answer::json(&make(shared)?);
        self.answer(uri, headers, make).await
    }
}

impl Inner {
    /// The present table of airports.
    pub(super) fn airports(&self) -> Arc<Airports> {
        self.sources.airports.load()
    }

    /// Takes the filters out of a request's parameters.
    pub(super) fn filters(&self, parameters: &mut Parameters) -> Result<Query, ApiError> {
        filters::take(parameters, &self.airports())
    }

    /// Newest event time of all aircraft.
    pub(super) fn as_of(&self) -> Result<Option<i64>, ApiError> {
        Ok(self.sources.store.newest(INDEX, "updated")?)
    }

    /// The data's own now.
    pub(super) fn clock(&self) -> i64 {
        self.pulse.borrow().tick.clock
    }

    /// What is aggregated over the aircraft that match, and how many they are.
    pub(super) fn aggregate(&self, query: &Query, aggs: Value) -> Result<(u64, Value), ApiError> {
        let body = json!({ "size": 0, "track_total_hits": true, "aggs": aggs });
        let mut request = SearchRequest::from_value(body)?;
        request.query = query.clone();
        let response = futures::executor::block_on(self.sources.store.search(INDEX, &request))?;
        let total = response.hits.total.as_ref().map_or(0, |total| total.value);
        let aggregations = serde_json::to_value(&response.aggregations)
            .map_err(|error| ApiError::internal(error.to_string()))?;
        Ok((total, aggregations))
    }

    /// Documents that match.
    pub(super) fn documents(
        &self,
        query: &Query,
        most: usize,
    ) -> Result<Vec<flightstream_core::flight::document::Document>, ApiError> {
        let mut request = SearchRequest::default();
        request.query = query.clone();
        request.size = most;
        let response = futures::executor::block_on(self.sources.store.search(INDEX, &request))?;
        let sources = response
            .hits
            .hits
            .iter()
            .filter_map(|hit| hit.source.as_ref());
        let documents = sources.map(|source| {
            flightstream_core::flight::document::decode(source.get().as_bytes())
                .map_err(|error| ApiError::internal(format!("a document is none: {error}")))
        });
        documents.collect()
    }
}

/// The buckets of an aggregation's result: key and the bucket.
pub(super) fn buckets<'a>(
    results: &'a Value,
    name: &str,
) -> impl Iterator<Item = (&'a str, &'a Value)> {
    let buckets = results.get(name).and_then(|result| result.get("buckets"));
    let buckets = buckets.and_then(Value::as_array).into_iter().flatten();
    buckets.filter_map(|bucket| {
        let key = bucket.get("key_as_string").or_else(|| bucket.get("key"));
        Some((key?.as_str()?, bucket))
    })
}

/// A bucket's number of documents.
pub(super) fn count(bucket: &Value) -> u64 {
    bucket.get("doc_count").and_then(Value::as_u64).unwrap_or(0)
}
