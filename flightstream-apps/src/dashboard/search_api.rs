use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::{HeaderName, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use flightstream_core::search::EmbeddedStore;
use flightstream_core::search::facade::{Facade, FacadeRequest};
use tokio::net::TcpListener;

use super::answer_memory::hold;
use super::connections::{Bounded, Share};
use super::error::ApiError;
use super::headers;
use super::origins::Names;
use super::server::serve;
use crate::error::CommandError;

/// Several searches come in one body.
const LARGEST_REQUEST: usize = 1 << 20;

/// What Elasticsearch's clients are answered by.
#[derive(Debug)]
pub(super) struct SearchApi {
    listener: TcpListener,
    address: SocketAddr,
}

impl SearchApi {
    /// Takes the address. It asks nobody who they are, so it is one of this machine.
    pub(super) async fn bind(address: SocketAddr) -> Result<Self, CommandError> {
        if !address.ip().is_loopback() {
            return Err(CommandError::Usage(format!(
                "--search-api {address} would serve other machines, and asks nobody who they are: choose an address of \
                 this machine, such as 127.0.0.1:9200"
            )));
        }
        let at = |source| CommandError::SearchApi { address, source };
        let listener = TcpListener::bind(address).await.map_err(at)?;
        let address = listener.local_addr().map_err(at)?;
        tracing::info!("answering Elasticsearch's clients at {address}");
        Ok(Self { listener, address })
    }

    /// Serves until the process ends.
    pub(super) fn start(self, store: Arc<EmbeddedStore>) {
        let router = Router::new()
            .route("/", any(answer))
            .route("/{*path}", any(answer))
            .layer(DefaultBodyLimit::max(LARGEST_REQUEST));
        let router =
            headers::add(router, Names::of(self.address, &[])).with_state(Facade::new(store));
        serve(Bounded::new(self.listener, Share::Searches), router);
    }
}

async fn answer(
    State(facade): State<Facade>,
    method: Method,
    path: Option<Path<String>>,
    uri: Uri,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    let body = body.map_err(|error| {
        let kind = "content_too_large_exception";
        ApiError::new(error.status(), kind, error.body_text())
    })?;
    let parameters = Query::<Vec<(String, String)>>::try_from_uri(&uri)
        .map_err(|error| ApiError::argument(error.body_text()))?;
    let path = format!("/{}", path.map_or_else(String::new, |Path(path)| path));
    let request = FacadeRequest {
        method: method.as_str(),
        path: &path,
        parameters: &parameters.0,
        body: &body,
    };
    // A search takes milliseconds of this core, whoever waits for it.
    let answer = tokio::task::block_in_place(|| facade.answer(&request));
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let product = (
        HeaderName::from_static("x-elastic-product"),
        "Elasticsearch",
    );
    let headers = [(header::CONTENT_TYPE, answer.content_type), product];
    let body = hold(answer.body.into())?;
    Ok((status, headers, body).into_response())
}
