use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use flightstream_core::search::elastic::{ElasticStore, Mirror};
use flightstream_core::search::{EmbeddedStore, Mapping, Query, SearchError, SearchStore};
use futures::executor::block_on;

use super::repeating::Repeating;
use crate::error::CommandError;
use crate::pipeline::INDEX;

/// How often the cluster is asked for what has changed. It makes writes visible once a second.
const INTERVAL: Duration = Duration::from_secs(1);

/// Follows an index of a cluster into the memory of this process, until this is dropped.
#[derive(Debug)]
pub(crate) struct Mirroring {
    copied: Arc<AtomicU64>,
    _thread: Repeating,
}

impl Mirroring {
    /// An index that does not exist yet is waited for.
    pub(crate) fn start(
        from: ElasticStore,
        index: &str,
        to: &Arc<EmbeddedStore>,
    ) -> Result<Self, CommandError> {
        block_on(to.ensure_index(INDEX, &Mapping::flights()))?;
        match block_on(from.count(index, &Query::MatchAll)) {
            Ok(documents) => tracing::info!("following {index}, which has {documents} documents"),
            Err(error @ SearchError::IndexNotFound { .. }) => {
                tracing::warn!("{error}; waiting for it: `flightstream index --elastic` fills it");
            }
            Err(error) => return Err(CommandError::Elastic(error)),
        }
        let copied = Arc::new(AtomicU64::new(0));
        let thread = {
            let copied = Arc::clone(&copied);
            let mut mirror =
                Mirror::new(Arc::new(from), Arc::clone(to), index, "updated").into_index(INDEX);
            let mut is_away = false;
            Repeating::start("mirror", INTERVAL, move || {
                match block_on(mirror.refresh()) {
                    Ok(documents) => {
                        copied.fetch_add(documents, Ordering::Relaxed);
                        if std::mem::take(&mut is_away) {
                            tracing::info!("the index is read again");
                        }
                    }
                    Err(SearchError::IndexNotFound { .. }) => {}
                    Err(error) if is_away => tracing::debug!(%error, "cannot read the index"),
                    Err(error) => {
                        is_away = true;
                        tracing::warn!("cannot read the index, trying again: {error}");
                    }
                }
            })?
        };
        Ok(Self {
            copied,
            _thread: thread,
        })
    }

    /// How many documents it has copied.
    pub(crate) fn copied(&self) -> u64 {
        self.copied.load(Ordering::Relaxed)
    }
}
