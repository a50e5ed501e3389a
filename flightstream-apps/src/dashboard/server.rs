use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::access::{Access, admit};
use super::connections::{Bounded, Share};
use super::events::Pulse;
use super::origins::Names;
use super::search_api::SearchApi;
use super::shared::{Shared, Sources};
use super::{headers, router};
use crate::cli;
use crate::error::CommandError;

/// A dashboard that listens.
#[derive(Debug)]
pub(crate) struct Server {
    listener: TcpListener,
    address: SocketAddr,
    access: Access,
    names: Names,
    search_api: Option<SearchApi>,
}

impl Server {
    /// Takes the addresses, so that a taken one is told before anything starts.
    pub(crate) async fn bind(options: &cli::Serving) -> Result<Self, CommandError> {
        let access = Access::of(options)?;
        let address = options.listen;
        let search_api = match options.search_api {
            Some(address) => Some(SearchApi::bind(address).await?),
            None => None,
        };
        let at = |source| CommandError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(at)?;
        let address = listener.local_addr().map_err(at)?;
        Ok(Self {
            listener,
            address,
            access,
            names: Names::of(address, &options.access.allowed_host),
            search_api,
        })
    }

    /// Where the page is.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Serves until the process ends, what it is told.
    pub(crate) fn start(self, sources: Sources) -> watch::Sender<Arc<Pulse>> {
        let (tell, pulse) = watch::channel(Arc::default());
        let store = Arc::clone(&sources.store);
        let shared = Shared::new(sources, pulse);
        let access = self.access;
        let listener = Bounded::new(self.listener, Share::Pages);
        let room = listener.room();
        let router = router::router();
        #[cfg(feature = "opentelemetry")]
        let router = router.layer(crate::traces::requests());
        let router = router.layer(from_fn(move |request: Request, next: Next| {
            admit(access.clone(), request, next)
        }));
        let router = headers::add(router, self.names)
            .layer(from_fn(move |request: Request, next: Next| {
                room.clone().give_back(request, next)
            }))
            .with_state(shared);
        serve(listener, router);
        if let Some(search_api) = self.search_api {
            search_api.start(store);
        }
        tell
    }
}

/// Serves until the process ends.
pub(super) fn serve(listener: Bounded, router: Router) {
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let listener = listener.tap_io(|connection| {
        if let Err(error) = connection.set_nodelay() {
            tracing::debug!(%error, "a connection keeps its delay");
        }
    });
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, service).await {
            tracing::error!(%error, "the dashboard ended");
        }
    });
}
