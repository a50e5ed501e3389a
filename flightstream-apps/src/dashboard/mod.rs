//! The dashboard: a page over the index, and what the pipeline tells of itself.

mod api;
mod assets;
mod events;
pub(crate) mod headers;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use flightstream_core::search::{EmbeddedStore, SearchStore};
use flightstream_core::time::{Clock, SystemClock, Timestamp};
use tokio::net::TcpListener;
use tokio::sync::watch;

pub(crate) use self::events::{Pipeline, Tick};
use crate::data::{self, topics};
use crate::error::CommandError;
use crate::metrics::Monitor;
use crate::pipeline::INDEX;
use crate::run::{End, Stages};
use crate::stage::Start;
use crate::{Outcome, cli, pipeline, signals};

/// What the handlers share.
#[derive(Clone, Debug)]
pub(crate) struct Shared {
    store: Arc<EmbeddedStore>,
    ticks: watch::Receiver<Tick>,
}

/// A dashboard that listens.
#[derive(Debug)]
pub(crate) struct Server {
    listener: TcpListener,
    address: SocketAddr,
}

impl Server {
    /// Takes the address, so that a taken one is told before anything starts.
    pub(crate) async fn bind(address: SocketAddr) -> Result<Self, CommandError> {
        let at = |source| CommandError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(at)?;
        let address = listener.local_addr().map_err(at)?;
        Ok(Self { listener, address })
    }

    /// Where the page is.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Serves until the process ends.
    pub(crate) fn start(self, store: Arc<EmbeddedStore>, ticks: watch::Receiver<Tick>) {
        let router = headers::add(api::router().fallback(assets::serve), self.address)
            .with_state(Shared { store, ticks });
        tokio::spawn(async move {
            if let Err(error) = axum::serve(self.listener, router).await {
                tracing::error!(%error, "the dashboard ended");
            }
        });
    }
}

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

/// The dashboard alone, over a data directory that no other process uses.
pub(crate) fn dashboard(options: &cli::Dashboard) -> Outcome {
    let (runtime, interrupted) = signals::runtime().map_err(CommandError::Start)?;
    let server = runtime.block_on(Server::bind(options.serving.listen))?;
    let monitor = Monitor::start(&options.monitoring)?;
    let log = data::open(&options.data, "simulate")?;
    let store = Arc::new(EmbeddedStore::new());
    let indexing = pipeline::indexing(&options.data, &store, &Start(&log, &monitor))?;
    let url = server.url();
    let stages = Stages::indexing_only(indexing, Arc::clone(&store));
    let (tell, ticks) = watch::channel(Tick::default());
    tracing::info!("showing {} at {url}", topics::ENRICHED);
    runtime.block_on(async {
        server.start(store, ticks);
        let interrupted = async {
            interrupted.wait().await;
            End::Interrupted
        };
        stages
            .watch(&url, options.serving.forget_after, &tell, interrupted)
            .await
    });
    let (_, indexed) = stages.stop();
    indexed?;
    Ok(())
}

/// How many documents the index holds.
pub(crate) fn total(store: &EmbeddedStore) -> u64 {
    use flightstream_core::search::Query;
    futures::executor::block_on(store.count(INDEX, &Query::MatchAll)).unwrap_or(0)
}
