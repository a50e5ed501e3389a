use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use super::error::ApiError;
use super::shared::Shared;
use super::{
    aircraft, airport, airports, alerts, assets, clusters, events, flight, flights, history, login,
    openapi, pipeline, positions, search, stats, suggest, track,
};

/// The largest body of a request.
const LARGEST_REQUEST: usize = 64 << 10;

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route("/api/v1/flights", get(flights::list))
        .route("/api/v1/flights/{hex}", get(flight::one))
        .route("/api/v1/flights/{hex}/track", get(track::track))
        .route("/api/v1/aircraft/{hex}", get(aircraft::aircraft))
        .route("/api/v1/positions", get(positions::positions))
        .route("/api/v1/clusters", get(clusters::clusters))
        .route("/api/v1/airports", get(airports::list))
        .route("/api/v1/airports/{code}", get(airport::page))
        .route("/api/v1/stats", get(stats::all))
        .route("/api/v1/stats/summary", get(stats::summary::panel))
        .route("/api/v1/stats/airports", get(stats::airports::panel))
        .route("/api/v1/stats/speeds", get(stats::speeds::panel))
        .route("/api/v1/stats/treemap", get(stats::treemap::panel))
        .route("/api/v1/stats/throughput", get(stats::throughput::panel))
        .route("/api/v1/suggest", get(suggest::suggest))
        .route("/api/v1/alerts", get(alerts::alerts))
        .route("/api/v1/history", get(history::info))
        .route("/api/v1/history/positions", get(history::positions))
        .route("/api/v1/pipeline", get(pipeline::view))
        .route("/api/v1/status", get(events::status))
        .route("/api/v1/events", get(events::events))
        .route("/api/v1/search", post(search::search))
        .route("/api/openapi.json", get(openapi::description))
        .route("/login", get(login::form).post(login::log_in))
        .route("/healthz", get(|| async { "ok\n" }))
        .method_not_allowed_fallback(method_not_allowed)
        .fallback(elsewhere)
        .layer(DefaultBodyLimit::max(LARGEST_REQUEST))
}

async fn method_not_allowed() -> ApiError {
    ApiError::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        "this path takes another method; see /api/openapi.json",
    )
}

async fn elsewhere(uri: Uri) -> Response {
    match uri.path().starts_with("/api/") {
        true => ApiError::not_found(format!(
            "there is no [{}]; see /api/openapi.json",
            uri.path()
        ))
        .into_response(),
        false => assets::serve(uri).await,
    }
}
