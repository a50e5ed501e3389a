use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use flightstream_core::search::Query;
use serde_json::{Map, Value, json};

use super::by_type;
use crate::dashboard::airports::{End, Place, counts};
use crate::dashboard::error::ApiError;
use crate::dashboard::filters;
use crate::dashboard::parameters::Parameters;
use crate::dashboard::shared::{Inner, Shared};

pub(super) const TOP: usize = 10;

/// Airports with the most aircraft, by type.
pub(in crate::dashboard) async fn panel(
    State(shared): State<Shared>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let answer = |shared: &Shared| {
        let mut parameters = Parameters::of(&uri)?;
        let top = parameters.number("top", 1..=100)?.unwrap_or(TOP);
        let query = shared.filters(&mut parameters)?;
        parameters.finish()?;
        figures(shared, &query, top)
    };
    shared.answer_json(&uri, &headers, answer).await
}

pub(super) fn figures(shared: &Inner, query: &Query, top: usize) -> Result<Value, ApiError> {
    Ok(json!({
        "arrivals": ranking(shared, query, top, End::Arrival)?,
        "departures": ranking(shared, query, top, End::Departure)?,
    }))
}

fn ranking(shared: &Inner, query: &Query, top: usize, end: End) -> Result<Value, ApiError> {
    let counts = counts(shared, query, end)?;
    let mut places: Vec<(String, Place, u64)> = counts
        .places
        .into_iter()
        .map(|(place, count)| (place.code(), place, count))
        .collect();
    places.sort_unstable_by(|(a, _, one), (b, _, other)| other.cmp(one).then_with(|| a.cmp(b)));
    let others = places
        .iter()
        .skip(top)
        .map(|(_, _, count)| count)
        .sum::<u64>();
    places.truncate(top);
    let types = types(shared, query, end, &places)?;
    let listed = places.iter().zip(types).map(|((_, place, count), types)| {
        let mut json = place.json();
        if let Some(fields) = json.as_object_mut() {
            fields.insert("count".to_owned(), (*count).into());
            fields.insert("by_type".to_owned(), types);
        }
        json
    });
    Ok(json!({
        "airports": listed.collect::<Vec<Value>>(), "others": others, "unknown": counts.unknown,
    }))
}

/// The types of flights of each place.
fn types(
    shared: &Inner,
    query: &Query,
    end: End,
    places: &[(String, Place, u64)],
) -> Result<Vec<Value>, ApiError> {
    let airports = shared.airports();
    let mut aggs = Map::new();
    for (at, (code, _, _)) in places.iter().enumerate() {
        let place = match end {
            End::Departure => filters::departure(code, &airports),
            End::Arrival => filters::arrival(code, &airports),
        };
        let types = json!({ "types": by_type::aggregation() });
        aggs.insert(at.to_string(), json!({ "filter": place, "aggs": types }));
    }
    let (_, results) = shared.aggregate(query, aggs.into())?;
    let results = (0..places.len()).map(|at| {
        let bucket = results.get(at.to_string()).unwrap_or(&Value::Null);
        by_type::read(bucket, "types")
    });
    Ok(results.collect())
}
