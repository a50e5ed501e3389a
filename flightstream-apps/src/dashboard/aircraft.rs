use axum::extract::{Path, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use flightstream_core::flight::Icao24;
use flightstream_core::flight::history::{Leg, Trail};
use flightstream_core::search::SearchStore;
use serde_json::{Map, Value, json};

use super::error::ApiError;
use super::movements::kilometres;
use super::parameters::Parameters;
use super::shared::Shared;
use crate::pipeline::INDEX;

/// An aircraft's identity and its legs.
pub(super) async fn aircraft(
    State(shared): State<Shared>,
    Path(hex): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let answer = |shared: &Shared| {
        Parameters::of(&uri)?.finish()?;
        let unknown = || ApiError::not_found(format!("there is no history of [{hex}]"));
        let address: Icao24 = hex.parse().map_err(|_| unknown())?;
        let name = address.to_string();
        let live = futures::executor::block_on(shared.sources.store.get(INDEX, &name))?;
        let history = shared.sources.recent.history();
        let trail = history.trail(address).ok_or_else(unknown)?;
        Ok(json(address, trail, live.is_some()))
    };
    shared.answer_json(&uri, &headers, answer).await
}

fn json(hex: Icao24, trail: &Trail, is_live: bool) -> Value {
    let identity = trail.identity();
    let legs = trail.legs();
    let last = legs.len().saturating_sub(1);
    let legs = legs.iter().enumerate();
    let legs = legs.map(|(at, leg)| leg_json(leg, is_live && at == last));
    let mut aircraft = Map::new();
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            aircraft.insert(name.to_owned(), value);
        }
    };
    put("hex", Some(hex.to_string().into()));
    put(
        "reg_number",
        identity.registration.map(|text| text.as_str().into()),
    );
    put(
        "aircraft_icao",
        identity.aircraft_type.map(|text| text.as_str().into()),
    );
    put(
        "airline_icao",
        identity.airline_icao.map(|text| text.as_str().into()),
    );
    put(
        "airline_iata",
        identity.airline_iata.map(|text| text.as_str().into()),
    );
    put("flag", identity.flag.map(|text| text.as_str().into()));
    put("first_seen", Some(trail.first_seen().as_millis().into()));
    put("last_seen", Some(trail.last_seen().as_millis().into()));
    put("is_live", Some(is_live.into()));
    put("legs", Some(legs.collect::<Vec<Value>>().into()));
    aircraft.into()
}

fn leg_json(leg: &Leg, is_open: bool) -> Value {
    let mut json = json!({
        "from": leg.from.as_millis(),
        "until": leg.until.as_millis(),
        "is_open": is_open,
        "reports": leg.reports,
        "distance_km": kilometres(leg.distance),
    });
    if let Some(fields) = json.as_object_mut() {
        let mut put = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                fields.insert(name.to_owned(), value);
            }
        };
        put("flight", leg.flight().map(|code| code.as_str().into()));
        put(
            "departure",
            leg.departure().map(|code| code.to_string().into()),
        );
        put("arrival", leg.arrival().map(|code| code.to_string().into()));
        put(
            "max_alt",
            leg.max_altitude
                .map(|metres| f64::from(metres).round().into()),
        );
    }
    json
}
