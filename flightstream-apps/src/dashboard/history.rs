use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use flightstream_core::flight::history::TrailPoint;
use flightstream_core::flight::{FlightStatus, FlightType, Icao24};
use flightstream_core::search::GeoPoint;
use flightstream_core::search::embedded::{Position, Positions};
use flightstream_core::time::Timestamp;
use serde_json::json;

use super::cache::Answer;
use super::error::ApiError;
use super::filters::bounding_box;
use super::parameters::{LARGEST, Parameters};
use super::shared::Shared;

/// An aircraft that was not heard of for longer is not shown.
const OLDEST: Duration = Duration::from_secs(600);
/// Bit 31 marks an address that is not ICAO's.
const NOT_ICAO: u32 = 1 << 31;

/// What history is kept.
pub(super) async fn info(
    State(shared): State<Shared>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let answer = |shared: &Shared| {
        Parameters::of(&uri)?.finish()?;
        let history = shared.sources.recent.history();
        let range = history.range();
        let limits = history.limits();
        Ok(json!({
            "from": range.map(|(from, _)| from.as_millis()),
            "until": range.map(|(_, until)| until.as_millis()),
            "aircraft": history.aircraft(),
            "points": history.points(),
            "bytes": history.bytes(),
            "budget_bytes": limits.bytes,
            "keep_ms": limits.keep.as_millis() as u64,
        }))
    };
    shared.answer_json(&uri, &headers, answer).await
}

/// Where aircraft were at a time, in the binary form of `Positions::encode`.
pub(super) async fn positions(
    State(shared): State<Shared>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let answer = |shared: &Shared| {
        let mut parameters = Parameters::of(&uri)?;
        let at = parameters.number("at", 0..=LARGEST)?;
        let at =
            at.ok_or_else(|| ApiError::argument("[at] is missing: milliseconds since 1970"))?;
        let bounds = parameters.text("bbox")?;
        let bounds = bounds.as_deref().map(bounding_box).transpose()?;
        parameters.finish()?;
        let inside = |point: &TrailPoint| {
            bounds.is_none_or(|bounds| {
                bounds.contains(GeoPoint {
                    lat: point.position.lat(),
                    lon: point.position.lon(),
                })
            })
        };
        let history = shared.sources.recent.history();
        let points = history.at(Timestamp::from_millis(at), OLDEST);
        let rows: Vec<Position> = points
            .filter(|(_, point)| inside(point))
            .map(|(hex, point)| row(hex, &point))
            .collect();
        drop(history);
        let positions = Positions {
            newest: at,
            matching: u32::try_from(rows.len()).unwrap_or(u32::MAX),
            full: true,
            rows,
            ..Positions::default()
        };
        Answer::of("application/octet-stream", positions.encode())
    };
    shared.answer(&uri, &headers, answer).await
}

fn row(hex: Icao24, point: &TrailPoint) -> Position {
    let kind = match point.flight_type {
        FlightType::Unknown => 0,
        FlightType::Domestic => 1,
        FlightType::International => 2,
    };
    let status = match point.status {
        FlightStatus::Scheduled => 1,
        FlightStatus::EnRoute => 2,
        FlightStatus::Landed => 3,
        _ => 0,
    };
    let ground = u8::from(point.on_ground == Some(true));
    let foreign = if hex.is_icao() { 0 } else { NOT_ICAO };
    Position {
        address: hex.address() | foreign,
        lat: point.position.lat() as f32,
        lon: point.position.lon() as f32,
        altitude: point
            .altitude
            .map_or(i16::MIN, |metres| metres.round() as i16),
        track: point.track.map_or(u16::MAX, |degrees| {
            (degrees * 100.0).round() as u16 % 36_000
        }),
        speed: point
            .ground_speed
            .map_or(u16::MAX, |speed| (speed * 3.6).round() as u16),
        flags: kind | ground << 2 | status << 3,
        // Trails do not keep the type of aircraft.
        airframe: 0,
        time: u32::try_from(point.time.as_seconds()).unwrap_or(0),
    }
}
