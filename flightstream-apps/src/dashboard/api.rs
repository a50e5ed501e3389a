use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use flightstream_core::search::{BoundingBox, SearchError, SearchRequest, SearchStore};
use serde::Deserialize;

use super::Shared;
use super::events::{Tick, events};
use crate::pipeline::INDEX;

/// More aircraft than are in the air at once.
const MOST_POSITIONS: usize = 200_000;
const LARGEST_REQUEST: usize = 64 << 10;

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route("/api/v1/events", get(events))
        .route("/api/v1/status", get(status))
        .route("/api/v1/search", post(search))
        .route("/api/v1/positions", get(positions))
        .route("/api/v1/flights/{hex}", get(flight))
        .route("/healthz", get(|| async { "ok\n" }))
        .layer(DefaultBodyLimit::max(LARGEST_REQUEST))
}

async fn status(State(shared): State<Shared>) -> Json<Tick> {
    Json(shared.ticks.borrow().clone())
}

/// The documented subset of Elasticsearch's `_search`.
async fn search(State(shared): State<Shared>, body: Bytes) -> Result<Response, ApiError> {
    let request = SearchRequest::from_json(&body)?;
    Ok(Json(shared.store.search(INDEX, &request).await?).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PositionsQuery {
    since: Option<u64>,
    bbox: Option<String>,
}

/// Positions for the map, in the binary form of `Positions::encode`.
async fn positions(
    State(shared): State<Shared>,
    Query(query): Query<PositionsQuery>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let bounds = query.bbox.as_deref().map(bounding_box).transpose()?;
    let etag = format!("\"{}\"", shared.store.version(INDEX)?);
    if headers
        .get(header::IF_NONE_MATCH)
        .is_some_and(|known| known.as_bytes() == etag.as_bytes())
    {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, etag)]).into_response());
    }
    let positions = shared
        .store
        .positions(INDEX, query.since, bounds, MOST_POSITIONS)?;
    // The index may have moved on since the first look.
    let etag = format!("\"{}\"", positions.version);
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::ETAG, etag),
        (header::CACHE_CONTROL, "no-cache".to_owned()),
    ];
    Ok((headers, positions.encode()).into_response())
}

async fn flight(
    State(shared): State<Shared>,
    Path(hex): Path<String>,
) -> Result<Response, ApiError> {
    let hex = hex.to_ascii_uppercase();
    match shared.store.get(INDEX, &hex).await? {
        Some(document) => {
            let json = [(header::CONTENT_TYPE, "application/json")];
            Ok((json, document.get().to_owned()).into_response())
        }
        None => Err(ApiError::new(
            StatusCode::NOT_FOUND,
            "not_found",
            format!("there is no aircraft [{hex}]"),
        )),
    }
}

/// `south,west,north,east` in degrees; west may be greater than east, across the antimeridian.
fn bounding_box(text: &str) -> Result<BoundingBox, ApiError> {
    let wrong = || {
        let reason = "[bbox] is south,west,north,east in degrees";
        ApiError::new(
            StatusCode::BAD_REQUEST,
            "illegal_argument_exception",
            reason,
        )
    };
    let edges: Result<Vec<f64>, _> = text.split(',').map(str::parse).collect();
    match edges.map_err(|_| wrong())?.as_slice() {
        [south, west, north, east] => Ok(BoundingBox::new(*north, *west, *south, *east)?),
        _ => Err(wrong()),
    }
}

/// An error in the form that Elasticsearch answers in.
#[derive(Debug)]
struct ApiError {
    status: StatusCode,
    body: serde_json::Value,
}

impl ApiError {
    fn new(status: StatusCode, error_type: &str, reason: impl Into<String>) -> Self {
        let reason = reason.into();
        let body = serde_json::json!({
            "error": { "type": error_type, "reason": reason }, "status": status.as_u16(),
        });
        Self { status, body }
    }
}

impl From<SearchError> for ApiError {
    fn from(error: SearchError) -> Self {
        let status =
            StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self {
            status,
            body: error.to_json(),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        (self.status, Json(self.body)).into_response()
    }
}
