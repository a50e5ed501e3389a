use axum::extract::{Path, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use flightstream_core::flight::document;
use flightstream_core::search::SearchStore;
use serde_json::{Value, json};

use super::airports::airport_json;
use super::error::ApiError;
use super::movements::{phase, route};
use super::parameters::Parameters;
use super::shared::Shared;
use crate::pipeline::INDEX;

/// One aircraft now: its document, and what is computed of it.
pub(super) async fn one(
    State(shared): State<Shared>,
    Path(hex): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let answer = |shared: &Shared| {
        Parameters::of(&uri)?.finish()?;
        let hex = hex.to_uppercase();
        let found = futures::executor::block_on(shared.sources.store.get(INDEX, &hex))?;
        let found =
            found.ok_or_else(|| ApiError::not_found(format!("there is no aircraft [{hex}]")))?;
        detail(shared, found.get())
    };
    shared.answer_json(&uri, &headers, answer).await
}

fn detail(shared: &Shared, json: &str) -> Result<Value, ApiError> {
    let none = |error| ApiError::internal(format!("a document is none: {error}"));
    let mut detail: Value = serde_json::from_str(json).map_err(none)?;
    let flight = document::decode(json.as_bytes()).map_err(none)?;
    let airports = shared.airports();
    let departure = airports.resolve(flight.dep_iata, flight.dep_icao);
    let arrival = airports.resolve(flight.arr_iata, flight.arr_icao);
    if let Some(fields) = detail.as_object_mut() {
        let age = shared.clock().saturating_sub(flight.updated.as_millis());
        fields.insert("phase".to_owned(), phase(&flight).as_str().into());
        fields.insert("age_ms".to_owned(), age.max(0).into());
        fields.insert("route".to_owned(), json!(route(&flight)));
        for (name, airport) in [("departure", departure), ("arrival", arrival)] {
            if let Some(airport) = airport {
                fields.insert(name.to_owned(), airport_json(airport));
            }
        }
    }
    Ok(detail)
}
