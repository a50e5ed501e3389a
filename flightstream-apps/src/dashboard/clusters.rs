use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use flightstream_core::search::Query;
use serde_json::{Value, json};

use super::error::ApiError;
use super::filters::every;
use super::parameters::Parameters;
use super::shared::{Shared, buckets, count};

const FINEST: u8 = 12;
const MOST_CELLS: usize = 10_000;

/// Aircraft counted by map tile.
pub(super) async fn clusters(
    State(shared): State<Shared>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let answer = |shared: &Shared| {
        let mut parameters = Parameters::of(&uri)?;
        let zoom = parameters.number("zoom", 0..=FINEST)?.unwrap_or(4);
        let query = shared.filters(&mut parameters)?;
        parameters.finish()?;
        let position = "position".to_owned();
        let query = every(vec![query, Query::Exists { field: position }]);
        let (total, results) = shared.aggregate(
            &query,
            json!({ "tiles": {
                "geotile_grid": { "field": "position", "precision": zoom, "size": MOST_CELLS },
                "aggs": { "middle": { "geo_centroid": { "field": "position" } } },
            } }),
        )?;
        let cells: Vec<Value> = buckets(&results, "tiles").filter_map(cell).collect();
        Ok(json!({ "zoom": zoom, "total": total, "cells": cells }))
    };
    shared.answer_json(&uri, &headers, answer).await
}

/// A tile's key is `zoom/x/y`.
fn cell((key, bucket): (&str, &Value)) -> Option<Value> {
    let mut numbers = key.split('/').skip(1).map(str::parse::<u32>);
    let (x, y) = (numbers.next()?.ok()?, numbers.next()?.ok()?);
    let middle = bucket.get("middle")?.get("location")?;
    let (lat, lon) = (middle.get("lat")?, middle.get("lon")?);
    Some(json!({ "x": x, "y": y, "count": count(bucket), "lat": lat, "lon": lon }))
}
