use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use flightstream_core::search::SearchError;
use serde_json::{Value, json};

/// An error in the form that Elasticsearch answers in.
#[derive(Clone, Debug)]
pub(super) struct ApiError {
    status: StatusCode,
    body: Value,
}

impl ApiError {
    pub(super) fn new(status: StatusCode, error_type: &str, reason: impl Into<String>) -> Self {
        let reason: String = reason.into();
        Self {
            status,
            body: json!({
                "error": { "type": error_type, "reason": reason }, "status": status.as_u16(),
            }),
        }
    }

    /// A parameter is not as it has to be.
    pub(super) fn argument(reason: impl Into<String>) -> Self {
        let error_type = "illegal_argument_exception";
        Self::new(StatusCode::BAD_REQUEST, error_type, reason)
    }

    /// There is no such thing.
    pub(super) fn not_found(reason: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", reason)
    }

    /// What should not happen.
    pub(super) fn internal(reason: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", reason)
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
