use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use flightstream_core::table::Airport;
use serde_json::{Value, json};

use crate::dashboard::error::ApiError;
use crate::dashboard::filters;
use crate::dashboard::movements::round;
use crate::dashboard::parameters::Parameters;
use crate::dashboard::shared::{Inner, Shared};
use crate::dashboard::windows::{Figures, QUARTER};

pub(super) const WINDOWS: usize = 24;
/// The newest complete window is compared with so many before it.
const BEFORE: usize = 4;
/// The app that keeps the windows.
const STATISTICS: &str = "statistics-airport";
/// Less is no trend.
const STEADY: f64 = 0.05;

/// Aircraft that arrive and depart per 15 minutes, from the windows that the statistics keep.
pub(in crate::dashboard) async fn panel(
    State(shared): State<Shared>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let answer = |shared: &Shared| {
        let mut parameters = Parameters::of(&uri)?;
        let airport = parameters.text("airport")?;
        let windows = parameters.number("windows", 1..=96)?.unwrap_or(WINDOWS);
        parameters.finish()?;
        match airport {
            Some(code) => of_airport(shared, &code.to_uppercase(), windows),
            None => of_all(shared, windows),
        }
    };
    shared.answer_json(&uri, &headers, answer).await
}

/// Of all airports together.
pub(super) fn of_all(shared: &Inner, windows: usize) -> Result<Value, ApiError> {
    figures(shared, shared.sources.windows.all(windows))
}

/// Of one airport, under all the codes that it has.
pub(in crate::dashboard) fn of_airport(
    shared: &Inner,
    code: &str,
    windows: usize,
) -> Result<Value, ApiError> {
    let airports = shared.airports();
    let codes = match filters::airport(code, &airports) {
        Some(airport) => codes(airport, code),
        None => vec![code.to_owned()],
    };
    let mut json = figures(shared, shared.sources.windows.of(&codes, windows))?;
    if let Some(fields) = json.as_object_mut() {
        fields.insert("airport".to_owned(), code.into());
    }
    Ok(json)
}

fn codes(airport: &Airport, asked: &str) -> Vec<String> {
    let iata = airport.iata.map(|code| code.to_string());
    let icao = airport.icao.map(|code| code.to_string());
    let mut codes: Vec<String> = iata.into_iter().chain(icao).collect();
    if !codes.iter().any(|code| code == asked) {
        codes.push(asked.to_owned());
    }
    codes
}

fn figures(shared: &Inner, windows: Vec<(i64, Figures)>) -> Result<Value, ApiError> {
    let as_of = shared.as_of()?.unwrap_or(i64::MIN);
    let is_complete = |start: i64| start + QUARTER <= as_of;
    let complete: Vec<&(i64, Figures)> = windows
        .iter()
        .filter(|(start, _)| is_complete(*start))
        .collect();
    let trend = |figure: fn(&Figures) -> u64| {
        let values: Vec<f64> = complete
            .iter()
            .map(|(_, window)| figure(window) as f64)
            .collect();
        trend(&values)
    };
    let listed = windows.iter().map(|(start, window)| {
        json!({
            "from": start,
            "until": start + QUARTER,
            "arrivals": window.arrivals,
            "departures": window.departures,
            "airborne": window.airborne,
            "complete": is_complete(*start),
        })
    });
    Ok(json!({
        "available": are_kept(shared),
        "window_ms": QUARTER,
        "windows": listed.collect::<Vec<Value>>(),
        "arrivals_trend": trend(|window| window.arrivals),
        "departures_trend": trend(|window| window.departures),
    }))
}

/// Whether there are windows, or will be.
fn are_kept(shared: &Inner) -> bool {
    let pulse = shared.pulse.borrow();
    let mut stages = pulse.stages.iter();
    shared.sources.windows.is_kept() || stages.any(|stage| stage.topology.app == STATISTICS)
}

/// The last value against the mean of those before it.
fn trend(values: &[f64]) -> Value {
    let Some((last, before)) = values.split_last() else {
        return json!({ "direction": "unknown" });
    };
    let before = before.iter().rev().take(BEFORE);
    let (count, sum) = before.fold((0.0, 0.0), |(count, sum), value| (count + 1.0, sum + value));
    if sum <= 0.0 {
        return json!({ "direction": "unknown" });
    }
    let change = last / (sum / count) - 1.0;
    let direction = match change {
        change if change > STEADY => "rising",
        change if change < -STEADY => "falling",
        _ => "steady",
    };
    json!({ "direction": direction, "change": round(change, 4) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trend_compares_the_last_window_with_those_before() {
        for (values, direction) in [
            (&[][..], "unknown"),
            (&[5.0], "unknown"),
            (&[0.0, 5.0], "unknown"),
            (&[10.0, 10.0, 10.4], "steady"),
            (&[10.0, 12.0], "rising"),
            (&[100.0, 10.0, 10.0, 10.0, 10.0, 9.0], "falling"),
        ] {
            assert_eq!(trend(values)["direction"], direction, "{values:?}");
        }
        assert_eq!(trend(&[10.0, 20.0, 18.0])["change"], 0.2);
    }
}
