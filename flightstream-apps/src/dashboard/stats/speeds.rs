use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use flightstream_core::search::Query;
use serde_json::{Map, Value, json};

use crate::dashboard::error::ApiError;
use crate::dashboard::movements::round;
use crate::dashboard::parameters::Parameters;
use crate::dashboard::shared::{Inner, Shared, buckets};

pub(super) const TOP: usize = 10;
/// More types than there are in the air at once.
const MOST_TYPES: usize = 5_000;
/// Metres of a band of altitude.
const BAND: f64 = 1_000.0;

/// Mean and maximum speed: of all, of the fastest types, by altitude.
pub(in crate::dashboard) async fn panel(
    State(shared): State<Shared>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let answer = |shared: &Shared| {
        let mut parameters = Parameters::of(&uri)?;
        let top = parameters.number("top", 1..=100)?.unwrap_or(TOP);
        let least = parameters.number("min_count", 1..=1_000)?.unwrap_or(1);
        let query = shared.filters(&mut parameters)?;
        parameters.finish()?;
        figures(shared, &query, top, least)
    };
    shared.answer_json(&uri, &headers, answer).await
}

/// Speeds of what certainly flies: others taxi, or nobody knows.
pub(super) fn of_airborne() -> Value {
    json!({
        "filter": { "term": { "on_ground": false } },
        "aggs": { "speed": { "stats": { "field": "speed" } } },
    })
}

/// Count, mean and maximum of the speeds of a bucket.
pub(super) fn read(bucket: Option<&Value>) -> Value {
    let stats = bucket.and_then(|bucket| bucket.get("speed"));
    let number = |name| stats.and_then(|stats| stats.get(name)?.as_f64());
    let count = stats
        .and_then(|stats| stats.get("count")?.as_u64())
        .unwrap_or(0);
    let known = |name| {
        number(name)
            .filter(|_| count > 0)
            .map(|speed| round(speed, 1))
    };
    json!({ "count": count, "mean": known("avg"), "max": known("max") })
}

pub(super) fn figures(
    shared: &Inner,
    query: &Query,
    top: usize,
    least: u64,
) -> Result<Value, ApiError> {
    let speed = json!({ "speed": { "stats": { "field": "speed" } } });
    let flying = json!({ "bool": { "filter": [
        { "term": { "on_ground": false } }, { "exists": { "field": "speed" } },
    ] } });
    let (_, results) = shared.aggregate(
        query,
        json!({ "flying": { "filter": flying, "aggs": {
            "speed": { "stats": { "field": "speed" } },
            "types": { "terms": { "field": "aircraft_icao", "size": MOST_TYPES }, "aggs": speed },
            "bands": { "histogram": { "field": "alt", "interval": BAND, "min_doc_count": 1 }, "aggs": speed },
        } } }),
    )?;
    let flying = results.get("flying").unwrap_or(&Value::Null);
    let mut types: Vec<(String, Value)> = buckets(flying, "types")
        .map(|(key, bucket)| (key.to_owned(), read(Some(bucket))))
        .filter(|(_, speeds)| speeds.get("count").and_then(Value::as_u64) >= Some(least))
        .collect();
    let mean = |speeds: &Value| speeds.get("mean").and_then(Value::as_f64).unwrap_or(0.0);
    types.sort_by(|(a, one), (b, other)| mean(other).total_cmp(&mean(one)).then_with(|| a.cmp(b)));
    let types = types
        .into_iter()
        .take(top)
        .map(|(key, speeds)| with("key", key.into(), speeds));
    Ok(json!({
        "airborne": read(Some(flying)),
        "fastest_types": types.collect::<Vec<Value>>(),
        "by_altitude": bands(flying),
    }))
}

fn bands(flying: &Value) -> Vec<Value> {
    let bands = flying
        .get("bands")
        .and_then(|bands| bands.get("buckets")?.as_array());
    let bands = bands.into_iter().flatten().filter_map(|bucket| {
        let from = bucket.get("key")?.as_f64()?;
        let speeds = with("until", (from + BAND).into(), read(Some(bucket)));
        Some(with("from", from.into(), speeds))
    });
    bands.collect()
}

fn with(name: &str, value: Value, fields: Value) -> Value {
    let mut object: Map<String, Value> = [(name.to_owned(), value)].into_iter().collect();
    if let Value::Object(fields) = fields {
        object.extend(fields);
    }
    object.into()
}
