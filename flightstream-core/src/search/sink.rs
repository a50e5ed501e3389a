use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures::future::BoxFuture;

use super::{BulkAction, BulkItem, BulkOperation, SearchError, SearchStore};
use crate::batch::{Batch, Raw, Rejection};
use crate::log::{Log, LogError};
use crate::runtime::{MakeSink, Outputs, Sink, TaskContext};
use crate::{Fatal, OnFailure};

/// Indexes a topic's JSON documents: the record's key is the id, its event time the external version, and a tombstone
/// deletes. So a replay after a crash is harmless and an old report never replaces a newer one.
///
/// It counts `indexed` and `late` (older than what is indexed) in the app's status. A document that the store refuses
/// becomes a dead letter with the store's reason.
#[derive(Clone)]
pub struct IndexSink {
    store: Arc<dyn SearchStore>,
    index: Arc<str>,
    on_failure: OnFailure,
}

impl IndexSink {
    /// Writes to an index, which must exist.
    #[must_use]
    pub fn new(store: Arc<dyn SearchStore>, index: impl Into<Arc<str>>) -> Self {
        Self {
            store,
            index: index.into(),
            on_failure: OnFailure::default(),
        }
    }

    /// What becomes of a document that the store refuses, or that has no id, by default a dead letter.
    #[must_use]
    pub fn on_failure(mut self, policy: OnFailure) -> Self {
        self.on_failure = policy;
        self
    }
}

impl fmt::Debug for IndexSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IndexSink")
            .field("index", &self.index)
            .finish_non_exhaustive()
    }
}

impl MakeSink<Raw> for IndexSink {
    type Sink = IndexTask;

    fn make(&self, _: &TaskContext) -> IndexTask {
        IndexTask {
            target: self.clone(),
            in_flight: None,
        }
    }

    fn check(&self, _: &dyn Log) -> Result<(), LogError> {
        Ok(())
    }
}

/// One task's [`IndexSink`].
#[derive(Debug)]
pub struct IndexTask {
    target: IndexSink,
    in_flight: Option<InFlight>,
}

/// A bulk on its way.
struct InFlight {
    batch: Batch<Raw>,
    request: BoxFuture<'static, Result<Vec<BulkItem>, SearchError>>,
}

impl fmt::Debug for InFlight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InFlight")
            .field("span", &self.batch.span())
            .finish_non_exhaustive()
    }
}

/// What one record asks for, owned so that the request can outlive the call that makes it.
struct Write {
    id: Bytes,
    version: Option<u64>,
    source: Option<Bytes>,
}

impl Write {
    fn operation(&self) -> BulkOperation<'_> {
        let action = match &self.source {
            Some(source) => BulkAction::Index { source },
            None => BulkAction::Delete,
        };
        // A key that is not UTF-8 was refused before.
        let id = std::str::from_utf8(&self.id).unwrap_or_default();
        BulkOperation {
            id,
            version: self.version,
            action,
        }
    }
}

impl Sink<Raw> for IndexTask {
    fn poll_ready(
        &mut self,
        cx: &mut Context<'_>,
        outputs: &mut Outputs<'_>,
    ) -> Poll<Result<(), Fatal>> {
        let Some(in_flight) = &mut self.in_flight else {
            return Poll::Ready(Ok(()));
        };
        let answer = ready!(in_flight.request.as_mut().poll(cx));
        let items = answer.map_err(|error| Fatal::stage("index", error))?;
        if let Some(InFlight { batch, .. }) = self.in_flight.take() {
            settle(batch, items, self.target.on_failure, outputs)?;
        }
        Poll::Ready(Ok(()))
    }

    fn send(&mut self, mut batch: Batch<Raw>, outputs: &mut Outputs<'_>) -> Result<(), Fatal> {
        let before = batch.rejected().len();
        batch = batch.transform("index", |record, output| {
            let key = record
                .key
                .as_deref()
                .ok_or_else(|| Rejection::new("no_key"))?;
            std::str::from_utf8(key).map_err(|_| Rejection::new("key_not_utf8"))?;
            output.push(record);
            Ok::<(), Rejection>(())
        });
        batch = self.target.on_failure.settle(batch, before)?;
        let rejected = batch.take_rejected();
        outputs.reject(rejected, batch.span().map(|span| &span.topic_partition))?;
        let writes: Vec<Write> = batch
            .records()
            .iter()
            .map(|record| Write {
                id: record.key.clone().unwrap_or_default(),
                version: u64::try_from(record.event_time.as_millis()).ok(),
                source: record.value.0.clone(),
            })
            .collect();
        let IndexSink { store, index, .. } = self.target.clone();
        let request = Box::pin(async move {
            let operations: Vec<_> = writes.iter().map(Write::operation).collect();
            store.bulk(&index, &operations).await
        });
        self.in_flight = Some(InFlight { batch, request });
        Ok(())
    }

    fn poll_flush(
        &mut self,
        cx: &mut Context<'_>,
        outputs: &mut Outputs<'_>,
    ) -> Poll<Result<(), Fatal>> {
        self.poll_ready(cx, outputs)
    }
}

/// Counts what was written, turns refused documents into dead letters, and resolves the ack.
fn settle(
    mut batch: Batch<Raw>,
    items: Vec<BulkItem>,
    on_failure: OnFailure,
    outputs: &mut Outputs<'_>,
) -> Result<(), Fatal> {
    if items.len() != batch.len() {
        let answer = format!(
            "{} documents were sent, {} answered",
            batch.len(),
            items.len()
        );
        return Err(Fatal::stage("index", answer));
    }
    let (mut indexed, mut late, mut refused) = (0, 0, Vec::new());
    for (record, item) in batch.records().iter().zip(items) {
        match item.status {
            200..300 | 404 => indexed += 1,
            409 => late += 1,
            429 | 500.. => {
                return Err(Fatal::stage(
                    "index",
                    format!("the store is busy: {}", reason(&item)),
                ));
            }
            _ => {
                let error_type = item.error.as_ref().map(|error| error.error_type.clone());
                let rejection = Rejection::new(error_type.unwrap_or_else(|| "refused".to_owned()))
                    .with_detail(reason(&item));
                refused.push((record.origin, record.event_time, rejection));
            }
        }
    }
    outputs.count("indexed", indexed);
    outputs.count("late", late);
    outputs.uncommitted.emitted += indexed + late;
    let before = batch.rejected().len();
    for (origin, event_time, rejection) in refused {
        batch.reject(origin, event_time, "index", rejection);
    }
    let mut batch = on_failure.settle(batch, before)?;
    let rejected = batch.take_rejected();
    outputs.reject(rejected, batch.span().map(|span| &span.topic_partition))?;
    batch.resolve();
    Ok(())
}

fn reason(item: &BulkItem) -> String {
    let status = item.status;
    item.error
        .as_ref()
        .map_or_else(|| format!("status {status}"), |error| error.reason.clone())
}
