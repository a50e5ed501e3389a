use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::Uri;
use flightstream_core::search::{SearchRequest, SearchResponse, SearchStore};

use super::error::ApiError;
use super::parameters::Parameters;
use super::shared::Shared;
use crate::pipeline::INDEX;

/// The documented subset of Elasticsearch's `_search`.
pub(super) async fn search(
    State(shared): State<Shared>,
    uri: Uri,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<SearchResponse>, ApiError> {
    Parameters::of(&uri)?.finish()?;
    let body = body.map_err(|error| {
        ApiError::new(
            error.status(),
            "content_too_large_exception",
            error.body_text(),
        )
    })?;
    let request = SearchRequest::from_json(&body)?;
    Ok(Json(shared.sources.store.search(INDEX, &request).await?))
}
