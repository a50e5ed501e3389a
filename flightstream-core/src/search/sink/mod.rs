//! Indexes a topic's JSON documents in bulks.

mod appended;
mod entries;
mod ledger;
mod options;
mod outcome;
mod pressure;
mod task;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

pub use self::options::BulkOptions;
use self::pressure::Pressure;
pub use self::task::IndexTask;
use super::SearchStore;
use crate::OnFailure;
use crate::batch::Raw;
use crate::log::{Log, LogError};
use crate::runtime::{MakeSink, TaskContext};

/// Indexes a topic's JSON documents: the record's key is the id, its event time the external version, and a tombstone
/// deletes. So a replay after a crash is harmless and an old report never replaces a newer one.
///
/// Records wait for their bulk with their acks, so an offset is committed only when everything up to it is answered.
/// Of several records of one id only the newest is sent, and two writes of one id are never on their way together.
///
/// | the store answers | outcome |
/// | --- | --- |
/// | an item with 2xx, or 404 to a delete | delivered |
/// | 409 | there is a newer one already: counted as `late` |
/// | 429, 5xx | that item is sent again, after a pause that grows up to [`BulkOptions::longest_pause`] |
/// | a block or a closed index, whatever the status | the same; the items are not at fault |
/// | another 4xx | that item is a dead letter, with the store's reason |
/// | 413, or 400 to the whole request | the bulk is sent in two halves, down to the one item at fault |
/// | 401, 403, or no such index | the app ends with [`Fatal::Misconfigured`](crate::Fatal::Misconfigured) |
/// | nothing, or 429 or 5xx to the whole request | everything pauses, then goes on; `Retry-After` is heeded; a bulk that was turned away three times is halved |
///
/// It counts in the app's status: `indexed`, `late` (older than what is indexed), `superseded` (a newer one of the same
/// id was sent instead) and `retried` (items that were sent again).
#[derive(Clone)]
pub struct IndexSink {
    store: Arc<dyn SearchStore>,
    index: Arc<str>,
    on_failure: OnFailure,
    options: BulkOptions,
    pressure: Arc<Pressure>,
}

impl IndexSink {
    /// Writes to an index, which must exist.
    #[must_use]
    pub fn new(store: Arc<dyn SearchStore>, index: impl Into<Arc<str>>) -> Self {
        let options = BulkOptions::default();
        Self {
            store,
            index: index.into(),
            on_failure: OnFailure::default(),
            pressure: Arc::new(Pressure::new(&options)),
            options,
        }
    }

    /// What becomes of a document that the store refuses, or that has no id, by default a dead letter.
    #[must_use]
    pub fn on_failure(mut self, policy: OnFailure) -> Self {
        self.on_failure = policy;
        self
    }

    /// How bulks are made and tried again. Concurrency and memory are shared by all tasks of the app.
    #[must_use]
    pub fn bulk(mut self, options: BulkOptions) -> Self {
        self.pressure = Arc::new(Pressure::new(&options));
        self.options = options;
        self
    }
}

impl fmt::Debug for IndexSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IndexSink")
            .field("index", &self.index)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

impl MakeSink<Raw> for IndexSink {
    type Sink = IndexTask;

    fn make(&self, cx: &TaskContext) -> IndexTask {
        IndexTask::new(self.clone(), cx.timers().clone())
    }

    fn check(&self, _: &dyn Log) -> Result<(), LogError> {
        Ok(())
    }
}
