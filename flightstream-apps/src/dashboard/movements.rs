//! What is computed of a flight's document: where it is between its airports, what it does, when it arrives.

use flightstream_core::flight::document::Document;
use flightstream_core::flight::{Movement, Phase, Progress};
use serde::Serialize;

/// Kilometres, times in milliseconds since 1970; what is not known is absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(super) struct Route {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) distance_km: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) flown_km: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) remaining_km: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) progress: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) eta: Option<i64>,
}

pub(super) fn progress(document: &Document) -> Progress {
    Progress::of(document.position, document.dep_pos, document.arr_pos)
}

pub(super) fn phase(document: &Document) -> Phase {
    Phase::of(Movement {
        on_ground: document.on_ground,
        altitude: document.alt,
        vertical_rate: document.v_speed.map(|speed| speed as f32),
        to_arrival: progress(document).remaining,
    })
}

pub(super) fn route(document: &Document) -> Route {
    let progress = progress(document);
    Route {
        distance_km: progress.distance.map(kilometres),
        flown_km: progress.flown.map(kilometres),
        remaining_km: progress.remaining.map(kilometres),
        progress: progress.fraction().map(|part| round(part, 4)),
        eta: eta(document, &progress),
    }
}

/// Counted from the report, at its speed over ground; of what flies.
fn eta(document: &Document, progress: &Progress) -> Option<i64> {
    if document.on_ground != Some(false) {
        return None;
    }
    let speed = document.speed? as f64 / 3.6;
    let seconds = progress.seconds_to_go(speed)?;
    Some(document.updated.as_millis() + (seconds * 1_000.0).round() as i64)
}

/// To a tenth.
pub(super) fn kilometres(metres: f64) -> f64 {
    round(metres / 1_000.0, 1)
}

/// To some decimals.
pub(super) fn round(value: f64, decimals: i32) -> f64 {
    let factor = 10_f64.powi(decimals);
    (value * factor).round() / factor
}
