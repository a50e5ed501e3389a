use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use flightstream_core::runtime::PartitionLag;
use flightstream_core::search::Query;
use flightstream_core::time::{Clock, SystemClock};
use serde_json::{Map, Value, json};

use super::error::ApiError;
use super::events::Pulse;
use super::filters::absent;
use super::parameters::Parameters;
use super::rejects;
use super::shared::{Inner, Shared, buckets, count};
use crate::stages::StageReport;

/// Codes of unresolved airports that are named.
const CODES: usize = 20;

/// What the stages do.
pub(super) async fn view(
    State(shared): State<Shared>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let answer = |shared: &Shared| {
        Parameters::of(&uri)?.finish()?;
        // A cluster takes its time to answer.
        tokio::task::block_in_place(|| describe(shared))
    };
    shared.answer_json(&uri, &headers, answer).await
}

fn describe(shared: &Shared) -> Result<Value, ApiError> {
    let pulse = shared.pulse.borrow().clone();
    let latency = match pulse.tick.replay {
        // What was recorded years ago is not late.
        true => Default::default(),
        false => shared.sources.latency.quantiles(SystemClock.now()),
    };
    let mut json = json!({
        "now": pulse.tick.now,
        "as_of": pulse.tick.as_of,
        "records_per_second": pulse.tick.pipeline.records_per_second,
        "latency": latency,
        "late": pulse.tick.pipeline.late,
        "rejected": rejected(shared, &pulse),
        "unresolved_airports": unresolved(shared)?,
        "windows_open": windows_open(&pulse),
        "throughput": pulse.seconds,
        "clients": shared.clients(),
    });
    if let Some(fields) = json.as_object_mut() {
        let stages: Vec<Value> = pulse.stages.iter().map(stage).collect();
        fields.insert("stages".to_owned(), stages.into());
    }
    Ok(json)
}

/// By reason, with samples as far as the dead letters can be read.
fn rejected(shared: &Inner, pulse: &Pulse) -> Vec<Value> {
    let mut samples = rejects::samples(&*shared.sources.log).unwrap_or_else(|error| {
        tracing::debug!(%error, "cannot read the dead letters");
        BTreeMap::new()
    });
    let counts = pulse.tick.pipeline.rejected.iter();
    let mut reasons: Vec<(&String, u64)> = counts.map(|(reason, count)| (reason, *count)).collect();
    reasons.sort_by_key(|(reason, count)| (std::cmp::Reverse(*count), *reason));
    let reasons = reasons.into_iter().map(|(reason, count)| {
        let samples = samples.remove(reason).unwrap_or_default();
        json!({ "reason": reason, "count": count, "samples": samples })
    });
    reasons.collect()
}

/// Airports that reports name and the table does not have.
fn unresolved(shared: &Inner) -> Result<Value, ApiError> {
    let named = |iata: &str, icao: &str, position: &str| {
        let exists = |field: &str| json!({ "exists": { "field": field } });
        let terms = |field: &str| json!({ "terms": { "field": field, "size": CODES } });
        json!({
            "filter": { "bool": {
                "filter": [absent(&[position])], "should": [exists(iata), exists(icao)],
                "minimum_should_match": 1,
            } },
            "aggs": {
                "iata": terms(iata),
                "others": { "missing": { "field": iata }, "aggs": { "icao": terms(icao) } },
            },
        })
    };
    let (_, results) = shared.aggregate(
        &Query::MatchAll,
        json!({
            "departures": named("dep_iata", "dep_icao", "dep_pos"),
            "arrivals": named("arr_iata", "arr_icao", "arr_pos"),
        }),
    )?;
    let mut codes: BTreeMap<&str, u64> = BTreeMap::new();
    for end in ["departures", "arrivals"] {
        let Some(bucket) = results.get(end) else {
            continue;
        };
        let others = bucket.get("others").into_iter();
        let others = others.flat_map(|others| buckets(others, "icao"));
        for (code, bucket) in buckets(bucket, "iata").chain(others) {
            *codes.entry(code).or_default() += count(bucket);
        }
    }
    let mut codes: Vec<(&str, u64)> = codes.into_iter().collect();
    codes.sort_by_key(|(code, count)| (std::cmp::Reverse(*count), *code));
    let codes = codes.into_iter().take(CODES);
    let codes = codes.map(|(code, count)| json!({ "key": code, "count": count }));
    Ok(json!({
        "departures": results.get("departures").map_or(0, count),
        "arrivals": results.get("arrivals").map_or(0, count),
        "codes": codes.collect::<Vec<Value>>(),
    }))
}

/// Entries of the statistics' stores, as far as they are windows.
fn windows_open(pulse: &Pulse) -> u64 {
    let statistics = pulse.stages.iter();
    let statistics = statistics.filter(|stage| stage.topology.app.starts_with("statistics-"));
    let entries = statistics.flat_map(|stage| {
        let windows = stage.topology.stores.iter().filter(|store| {
            store.holds.starts_with("window store") || store.holds.starts_with("session store")
        });
        windows.filter_map(|store| stage.status.entries.get(store.name))
    });
    entries.sum()
}

fn stage(stage: &StageReport) -> Value {
    let status = &stage.status;
    let partition = |lag: &PartitionLag| {
        json!({
            "topic": lag.partition.topic(),
            "partition": lag.partition.partition(),
            "position": lag.position,
            "end": lag.end,
            "lag": lag.messages(),
        })
    };
    let state = status.entries.iter().map(|(store, entries)| {
        let bytes = status.state_bytes.get(store).copied().unwrap_or(0);
        json!({ "store": store, "entries": entries, "bytes": bytes })
    });
    let mut json = Map::new();
    let mut put = |name: &str, value: Value| drop(json.insert(name.to_owned(), value));
    put("name", stage.topology.app.as_str().into());
    put("topic", stage.topology.source.as_str().into());
    put("health", json!(status.health));
    put("read", status.read.into());
    put("emitted", status.emitted.into());
    put("rejected", json!(status.rejected));
    put("counts", json!(status.counts));
    put("per_second", stage.per_second.into());
    put("lag", stage.lag().into());
    put(
        "partitions",
        stage
            .partitions
            .iter()
            .map(partition)
            .collect::<Vec<_>>()
            .into(),
    );
    put("state", state.collect::<Vec<Value>>().into());
    put("commits", status.commits.into());
    put("restarts", status.restarts.into());
    put("last_failure", json!(status.last_failure));
    put("topology", json!(stage.topology));
    json.into()
}
