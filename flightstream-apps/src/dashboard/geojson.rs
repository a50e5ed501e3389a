use serde::Serialize;
use serde_json::json;
use serde_json::value::RawValue;

use super::cache::Answer;
use super::error::ApiError;
use flightstream_core::flight::document;

#[derive(Serialize)]
struct Collection<'a> {
    r#type: &'static str,
    features: Vec<Feature<'a>>,
}

#[derive(Serialize)]
struct Feature<'a> {
    r#type: &'static str,
    id: String,
    geometry: serde_json::Value,
    properties: &'a RawValue,
}

/// The documents with a position as points.
pub(super) fn answer(sources: &[&RawValue]) -> Result<Answer, ApiError> {
    let mut features = Vec::with_capacity(sources.len());
    for source in sources {
        let flight = document::decode(source.get().as_bytes())
            .map_err(|error| ApiError::internal(format!("a document is none: {error}")))?;
        if let Some(position) = flight.position {
            features.push(Feature {
                r#type: "Feature",
                id: flight.hex.to_string(),
                geometry: json!({ "type": "Point", "coordinates": [position.lon(), position.lat()] }),
                properties: source,
            });
        }
    }
    let collection = Collection {
        r#type: "FeatureCollection",
        features,
    };
    let body = serde_json::to_vec(&collection)
        .map_err(|error| ApiError::internal(format!("cannot write the answer: {error}")))?;
    Answer::of("application/geo+json", body.into())
}
