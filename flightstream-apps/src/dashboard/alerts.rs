use std::cmp::Reverse;

use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use flightstream_core::flight::Squawk;
use flightstream_core::flight::alerts::{Alert, AlertKind, MOST_RECENT, Severity};
use serde_json::{Map, Value, json};

use super::error::ApiError;
use super::movements::kilometres;
use super::parameters::Parameters;
use super::shared::Shared;

/// Emergencies, lost signals, implausible jumps.
pub(super) async fn alerts(
    State(shared): State<Shared>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let answer = |shared: &Shared| {
        Parameters::of(&uri)?.finish()?;
        let recent = &shared.sources.recent;
        let (_, version) = recent.alerts_state();
        let (mut active, mut ended) = recent.alerts();
        active.sort_by_key(|alert| (Reverse((alert.kind.severity(), alert.since)), alert.hex));
        ended.sort_by_key(|alert| (Reverse(alert.until), alert.hex));
        ended.truncate(MOST_RECENT);
        let json = |alerts: &[Alert]| alerts.iter().map(alert_json).collect::<Vec<Value>>();
        Ok(json!({
            "as_of": shared.as_of()?,
            "version": version,
            "active": json(&active),
            "recent": json(&ended),
        }))
    };
    shared.answer_json(&uri, &headers, answer).await
}

fn alert_json(alert: &Alert) -> Value {
    let name = alert.flight.map(|flight| flight.to_string());
    let name = name.unwrap_or_else(|| alert.hex.to_string());
    let mut json = Map::new();
    let mut put = |name: &str, value: Value| drop(json.insert(name.to_owned(), value));
    let (kind, message) = match alert.kind {
        AlertKind::Emergency { squawk } => {
            put("squawk", squawk.to_string().into());
            put("meaning", meaning(squawk).into());
            (
                "emergency",
                format!("{name} sends {squawk}: {}", meaning(squawk)),
            )
        }
        AlertKind::LostSignal { silent } => {
            put("silent_ms", (silent.as_millis() as u64).into());
            let minutes = silent.as_secs() / 60;
            (
                "lost_signal",
                format!("{name} was not heard of for {minutes} minutes"),
            )
        }
        AlertKind::ImplausibleJump { distance, speed } => {
            let (distance, speed) = (kilometres(distance), (speed * 3.6).round());
            put("distance_km", distance.into());
            put("implied_speed", speed.into());
            let message =
                format!("{name} was at two places {distance} km apart, as if at {speed} km/h");
            ("implausible_jump", message)
        }
        _ => ("other", name),
    };
    put(
        "id",
        format!("{kind}-{}-{}", alert.hex, alert.since.as_millis()).into(),
    );
    put("kind", kind.into());
    put("severity", severity(alert.kind.severity()).into());
    put("message", message.into());
    put("hex", alert.hex.to_string().into());
    put("since", alert.since.as_millis().into());
    put("last", alert.last.as_millis().into());
    put("count", alert.count.into());
    if let Some(flight) = alert.flight {
        put("flight", flight.as_str().into());
    }
    if let Some(registration) = alert.registration {
        put("reg_number", registration.as_str().into());
    }
    if let Some(until) = alert.until {
        put("until", until.as_millis().into());
    }
    if let Some(position) = alert.position {
        put("position", json!(position));
    }
    json.into()
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "critical",
        Severity::Warning => "warning",
        Severity::Info => "info",
    }
}

fn meaning(squawk: Squawk) -> &'static str {
    match squawk {
        Squawk::UNLAWFUL_INTERFERENCE => "unlawful interference",
        Squawk::RADIO_FAILURE => "radio failure",
        _ => "general emergency",
    }
}
