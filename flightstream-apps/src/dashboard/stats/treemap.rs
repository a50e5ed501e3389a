use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use flightstream_core::search::Query;
use serde_json::{Value, json};

use crate::dashboard::error::ApiError;
use crate::dashboard::parameters::Parameters;
use crate::dashboard::shared::{Inner, Shared, buckets, count};

/// What a treemap has.
pub(super) struct Boxes {
    by: &'static str,
    field: &'static str,
    groups: usize,
    children: usize,
}

pub(super) const AIRCRAFT: Boxes = Boxes {
    by: "aircraft",
    field: "aircraft_icao",
    groups: 30,
    children: 20,
};
pub(super) const FLAG: Boxes = Boxes {
    by: "country",
    field: "flag",
    ..AIRCRAFT
};
const AIRLINE: Boxes = Boxes {
    by: "airline",
    field: "airline_icao",
    ..AIRCRAFT
};

/// Types of aircraft, countries or airlines, and the flights of each.
pub(in crate::dashboard) async fn panel(
    State(shared): State<Shared>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let answer = |shared: &Shared| {
        let mut parameters = Parameters::of(&uri)?;
        let boxes = match parameters.word("by", &["aircraft", "country", "airline"])? {
            Some("country") => FLAG,
            Some("airline") => AIRLINE,
            _ => AIRCRAFT,
        };
        let groups = parameters.number("groups", 1..=200)?;
        let children = parameters.number("children", 1..=200)?;
        let query = shared.filters(&mut parameters)?;
        parameters.finish()?;
        let boxes = Boxes {
            groups: groups.unwrap_or(boxes.groups),
            children: children.unwrap_or(boxes.children),
            ..boxes
        };
        figures(shared, &query, &boxes)
    };
    shared.answer_json(&uri, &headers, answer).await
}

pub(super) fn figures(shared: &Inner, query: &Query, boxes: &Boxes) -> Result<Value, ApiError> {
    let flights = json!({ "terms": { "field": "flight_iata", "size": boxes.children } });
    let (total, results) = shared.aggregate(
        query,
        json!({
            "groups": {
                "terms": { "field": boxes.field, "size": boxes.groups },
                "aggs": { "flights": flights },
            },
            "unknown": { "missing": { "field": boxes.field } },
        }),
    )?;
    let groups = buckets(&results, "groups").map(|(key, bucket)| {
        let children = buckets(bucket, "flights");
        let children = children.map(|(key, bucket)| json!({ "key": key, "count": count(bucket) }));
        let children: Vec<Value> = children.collect();
        let shown = buckets(bucket, "flights")
            .map(|(_, bucket)| count(bucket))
            .sum::<u64>();
        let others = count(bucket).saturating_sub(shown);
        json!({ "key": key, "count": count(bucket), "others": others, "children": children })
    });
    let others = results
        .get("groups")
        .and_then(|groups| groups.get("sum_other_doc_count"));
    Ok(json!({
        "by": boxes.by,
        "total": total,
        "unknown": results.get("unknown").map_or(0, count),
        "others": others.unwrap_or(&Value::Null).as_u64().unwrap_or(0),
        "groups": groups.collect::<Vec<Value>>(),
    }))
}
