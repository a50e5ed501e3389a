use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use flightstream_core::search::Query;
use serde_json::{Map, Value, json};

use super::{by_type, speeds};
use crate::dashboard::error::ApiError;
use crate::dashboard::parameters::Parameters;
use crate::dashboard::shared::{Inner, Shared, buckets, count};

/// Totals by type and status, and the speed gauges.
pub(in crate::dashboard) async fn panel(
    State(shared): State<Shared>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let answer = |shared: &Shared| {
        let mut parameters = Parameters::of(&uri)?;
        let query = shared.filters(&mut parameters)?;
        parameters.finish()?;
        figures(shared, &query)
    };
    shared.answer_json(&uri, &headers, answer).await
}

pub(super) fn figures(shared: &Inner, query: &Query) -> Result<Value, ApiError> {
    let (total, results) = shared.aggregate(
        query,
        json!({
            "types": by_type::aggregation(),
            "status": { "terms": { "field": "status", "size": 20 } },
            "no_status": { "missing": { "field": "status" } },
            "ground": { "filters": { "filters": {
                "airborne": { "term": { "on_ground": false } },
                "on_ground": { "term": { "on_ground": true } },
            } } },
            "speed": speeds::of_airborne(),
        }),
    )?;
    let number = |path: &[&str]| {
        let found = path
            .iter()
            .try_fold(&results, |value, name| value.get(*name));
        found.map_or(0, count)
    };
    let mut by_status: Map<String, Value> = buckets(&results, "status")
        .map(|(status, bucket)| (status.to_owned(), count(bucket).into()))
        .collect();
    by_status.insert("unknown".to_owned(), number(&["no_status"]).into());
    let airborne = number(&["ground", "buckets", "airborne"]);
    let on_ground = number(&["ground", "buckets", "on_ground"]);
    Ok(json!({
        "as_of": shared.as_of()?,
        "total": total,
        "by_type": by_type::read(&results, "types"),
        "by_status": by_status,
        "airborne": airborne,
        "on_ground": on_ground,
        "altitude_unknown": total.saturating_sub(airborne + on_ground),
        "speed": speeds::read(results.get("speed")),
    }))
}
