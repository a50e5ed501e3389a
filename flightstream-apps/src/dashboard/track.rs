use axum::extract::{Path, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use flightstream_core::flight::history::{TrailPoint, phases};
use flightstream_core::flight::{Icao24, Position};
use flightstream_core::search::SearchStore;
use serde_json::{Value, json};

use super::error::ApiError;
use super::movements::round;
use super::parameters::{LARGEST, Parameters};
use super::shared::Shared;
use crate::pipeline::INDEX;

/// An aircraft's trail, and its phases.
pub(super) async fn track(
    State(shared): State<Shared>,
    Path(hex): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let answer = |shared: &Shared| {
        let mut parameters = Parameters::of(&uri)?;
        let since = parameters.number("since", 0..=LARGEST)?.unwrap_or(0);
        let until = parameters.number("until", 0..=LARGEST)?.unwrap_or(LARGEST);
        parameters.finish()?;
        let unknown = || ApiError::not_found(format!("there is no history of [{hex}]"));
        let address: Icao24 = hex.parse().map_err(|_| unknown())?;
        let arrival = arrival(shared, address)?;
        let history = shared.sources.recent.history();
        let trail = history.trail(address).ok_or_else(unknown)?;
        let within = |point: &TrailPoint| (since..=until).contains(&point.time.as_millis());
        let points: Vec<TrailPoint> = trail.points().filter(within).collect();
        drop(history);
        Ok(json(address, &points, arrival))
    };
    shared.answer_json(&uri, &headers, answer).await
}

/// Where it flies to now.
fn arrival(shared: &Shared, hex: Icao24) -> Result<Option<Position>, ApiError> {
    let hex = hex.to_string();
    let found = futures::executor::block_on(shared.sources.store.get(INDEX, &hex))?;
    let flight = found
        .and_then(|json| flightstream_core::flight::document::decode(json.get().as_bytes()).ok());
    Ok(flight.and_then(|flight| flight.arr_pos))
}

fn json(hex: Icao24, points: &[TrailPoint], arrival: Option<Position>) -> Value {
    fn column<T: Into<Value>>(
        points: &[TrailPoint],
        value: impl Fn(&TrailPoint) -> Option<T>,
    ) -> Vec<Value> {
        let values = points.iter().map(value);
        values
            .map(|value| value.map_or(Value::Null, Into::into))
            .collect()
    }
    let time = |point: Option<&TrailPoint>| point.map(|point| point.time.as_millis());
    let spans = phases(points, arrival).into_iter().map(|span| {
        json!({
            "phase": span.phase.as_str(),
            "from": span.from.as_millis(),
            "until": span.until.as_millis(),
        })
    });
    json!({
        "hex": hex.to_string(),
        "from": time(points.first()),
        "until": time(points.last()),
        "points": {
            "time": column(points, |point| Some(point.time.as_millis())),
            "lat": column(points, |point| Some(round(point.position.lat(), 6))),
            "lon": column(points, |point| Some(round(point.position.lon(), 6))),
            "alt": column(points, |point| point.altitude.map(f64::from)),
            "speed": column(points, |point| point.ground_speed.map(|speed| (speed * 3.6).round() as i64)),
            "dir": column(points, |point| point.track.map(|track| round(f64::from(track), 2))),
            "on_ground": column(points, |point| point.on_ground),
        },
        "phases": spans.collect::<Vec<Value>>(),
    })
}
